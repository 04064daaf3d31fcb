/* SPDX-License-Identifier: MIT */
/*
 * floor: the least that GETs through libcurl can cost, to compare with.
 *
 *	floor [-2] [-H HEADER]... [-c CACERT] [-j JOBS] [-n REQUESTS] PREFIX
 *
 * fetches PREFIX1, PREFIX2, ... PREFIXn, or for the PREFIX - the URLs that
 * stand on standard input, and throws the bodies away. -2: by HTTP/2. One
 * thread, one multi handle, JOBS easy handles that are used again and again; of
 * each request only the URL is set. Nothing is parsed, kept, ordered or
 * written, and no more is asked of a response than that libcurl calls it
 * complete. With fetchpool's own header lines as -H the request on the wire is,
 * byte for byte, that of fetchpool.
 *
 * Exit status: 0, all were 200; 1, some were not; 2, usage or a local error.
 */
#include <curl/curl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define URL_BYTES 4096

struct floor {
	const char *prefix;
	struct curl_slist *headers; /* of every request */
	const char *cacert; /* NULL: that of the system */
	int http2;
	CURLM *multi;
	long n_jobs;
	long n_requests;
	long n_begun;
	long n_failed;
};

static void
die(const char *what)
{
	fprintf(stderr, "floor: %s\n", what);
	exit(2);
}

static size_t
discard(char *data, size_t one, size_t len, void *arg)
{
	(void)data;
	(void)one;
	(void)arg;
	return len;
}

static CURL *
make_easy(const struct floor *floor)
{
	CURL *easy = curl_easy_init();
	long version =
		floor->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;

	if (!easy || curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) ||
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version) ||
		curl_easy_setopt(easy, CURLOPT_PIPEWAIT, (long)floor->http2) ||
		/* A file alone is read once by libcurl, not a folder too. */
		(floor->cacert &&
			(curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) ||
				curl_easy_setopt(easy, CURLOPT_CAINFO,
					floor->cacert))) ||
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, floor->headers) ||
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard))
		die("no easy handle");
	return easy;
}

static void
next_url(const struct floor *floor, char url[URL_BYTES])
{
	if (strcmp(floor->prefix, "-") != 0)
		snprintf(
			url, URL_BYTES, "%s%ld", floor->prefix, floor->n_begun);
	else if (fgets(url, URL_BYTES, stdin))
		url[strcspn(url, "\n")] = '\0';
	else
		die("too few lines");
}

/* Begins the next request, if there is one. */
static void
begin(struct floor *floor, CURL *easy)
{
	char url[URL_BYTES];

	if (floor->n_begun == floor->n_requests)
		return;
	floor->n_begun++;
	next_url(floor, url);
	if (curl_easy_setopt(easy, CURLOPT_URL, url) ||
		curl_multi_add_handle(floor->multi, easy))
		die("a request cannot begin");
}

/* Ends what is done, and begins as much. Returns how many those were. */
static long
turn_over(struct floor *floor)
{
	CURLMsg *message;
	int left;
	long n = 0;

	while ((message = curl_multi_info_read(floor->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURL *easy = message->easy_handle;
		long status = 0;
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		floor->n_failed += message->data.result || status != 200;
		curl_multi_remove_handle(floor->multi, easy);
		begin(floor, easy);
		n++;
	}
	return n;
}

static void
run(struct floor *floor)
{
	long n_done = 0;

	while (n_done < floor->n_requests) {
		int running;
		if (curl_multi_perform(floor->multi, &running))
			die("curl_multi_perform failed");
		long n = turn_over(floor);
		n_done += n;
		if (n == 0 &&
			curl_multi_poll(floor->multi, NULL, 0, 60000, NULL))
			die("curl_multi_poll failed");
	}
}

static void
add_header(struct floor *floor, const char *line)
{
	floor->headers = curl_slist_append(floor->headers, line);
	if (!floor->headers)
		die("out of memory");
}

static long
number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (n < 1 || *end)
		die("not a number from 1 on");
	return n;
}

int
main(int argc, char *argv[])
{
	struct floor floor = {.n_jobs = 16, .n_requests = 1};
	int c;

	while ((c = getopt(argc, argv, "2H:c:j:n:")) != -1) {
		if (c == '2')
			floor.http2 = 1;
		else if (c == 'H')
			add_header(&floor, optarg);
		else if (c == 'c')
			floor.cacert = optarg;
		else if (c == 'j')
			floor.n_jobs = number(optarg);
		else if (c == 'n')
			floor.n_requests = number(optarg);
		else
			return 2;
	}
	if (optind + 1 != argc)
		die("usage: floor [-2] [-H HEADER]... [-c CACERT] [-j JOBS] "
		    "[-n REQUESTS] PREFIX");
	floor.prefix = argv[optind];

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		die("curl_global_init failed");
	floor.multi = curl_multi_init();
	CURL **easies = calloc((size_t)floor.n_jobs, sizeof(CURL *));
	if (!floor.multi || !easies ||
		curl_multi_setopt(
			floor.multi, CURLMOPT_MAXCONNECTS, floor.n_jobs))
		die("no multi handle");
	for (long i = 0; i < floor.n_jobs; i++) {
		easies[i] = make_easy(&floor);
		begin(&floor, easies[i]);
	}
	run(&floor);
	for (long i = 0; i < floor.n_jobs; i++)
		curl_easy_cleanup(easies[i]);
	free(easies);
	curl_multi_cleanup(floor.multi);
	curl_slist_free_all(floor.headers);
	curl_global_cleanup();
	if (floor.n_failed)
		fprintf(stderr, "floor: %ld of %ld requests failed\n",
			floor.n_failed, floor.n_requests);
	return floor.n_failed > 0;
}
