/* SPDX-License-Identifier: MIT */
/*
 * What goes over the wire for a URL is the same whether libcurl was given the
 * URL, or by way of a target: heads are compared, whole. A server in a thread
 * keeps them.
 */
#include "base.h"

#include "random.h"
#include "tap.h"
#include "target.h"
#include "thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* So many URLs at random. */
#define N_RANDOM 2000U

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* ---- the server ---- */

static struct {
	struct fp_thread thread;
	int fd;
	unsigned port;
	struct fp_buf heads; /* the client reads them when it has its answer */
	atomic_bool dies; /* closes instead of the next answer */
} server;

/* Answers on one connection to its end. */
static void
serve(int fd)
{
	char head[4096];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, head + len, sizeof(head) - 1 - len)) > 0) {
		len += (size_t)n;
		head[len] = '\0';
		if (!strstr(head, "\r\n\r\n"))
			continue;
		fp_buf_add(&server.heads, head, len);
		len = 0;
		if (atomic_exchange(&server.dies, false))
			break;
		if (write(fd, ANSWER, strlen(ANSWER)) < 0)
			break;
	}
	close(fd);
}

static void
listen_to_all(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(server.fd, NULL, NULL)) >= 0)
		serve(fd);
}

static void
start_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server.fd, (struct sockaddr *)&address, len) ||
		listen(server.fd, 8) ||
		getsockname(server.fd, (struct sockaddr *)&address, &len) ||
		fp_thread_start(&server.thread, 0, listen_to_all, NULL))
		abort();
	server.port = ntohs(address.sin_port);
}

static void
stop_server(void)
{
	shutdown(server.fd, SHUT_RDWR);
	fp_thread_join(&server.thread);
	close(server.fd);
	fp_buf_destroy(&server.heads);
}

/* ---- the client ---- */

static CURL *
make_easy(void)
{
	CURL *easy = curl_easy_init();

	if (!easy || curl_easy_setopt(easy, CURLOPT_PROXY, "") ||
		curl_easy_setopt(easy, CURLOPT_TIMEOUT, 20L))
		abort();
	return easy;
}

/* What went over the wire for the URL that the handle has; "" if nothing. */
static const char *
fetch(CURL *easy)
{
	fp_buf_clear(&server.heads, SIZE_MAX);
	if (curl_easy_perform(easy))
		fp_buf_clear(&server.heads, SIZE_MAX);
	return fp_buf_text(&server.heads);
}

/* PORT in it is the server's. */
static void
make_url(char *url, size_t size, const char *text)
{
	const char *port = strstr(text, "PORT");

	snprintf(url, size, "%.*s%u%s", (int)(port - text), text, server.port,
		port + 4);
}

/* Paths and queries of all kinds, one after the other on one handle. */
static const char *const urls[] = {
	"http://127.0.0.1:PORT/",
	"http://127.0.0.1:PORT/posts/1",
	"http://127.0.0.1:PORT/posts/2",
	"http://127.0.0.1:PORT/posts?a=1&b=2",
	"http://127.0.0.1:PORT/posts?a=1?b=/../c",
	"http://127.0.0.1:PORT/posts",
	"http://127.0.0.1:PORT/posts?",
	"http://127.0.0.1:PORT/posts/3",
	"http://127.0.0.1:PORT/a/../b",
	"http://127.0.0.1:PORT/a/./b",
	"http://127.0.0.1:PORT/.hidden",
	"http://127.0.0.1:PORT/a.b/c..d",
	"http://127.0.0.1:PORT/posts/4#there",
	"http://127.0.0.1:PORT/posts/5?q#there",
	"http://127.0.0.1:PORT/J%C3%B6rg?x=%c3%B6",
	"http://127.0.0.1:PORT//two//slashes/",
	"http://127.0.0.1:PORT/a;b=c,d/(e)!*'$&+@:~_-|[]{}^`\"<>",
	"http://127.0.0.1:PORT/back\\slash",
	"http://127.0.0.1:PORT?query",
	"http://127.0.0.1:PORT",
	"http://127.0.0.1:PORT#there",
	"http://localhost:PORT/posts/6",
	"http://LOCALHOST:PORT/posts/7",
	"HTTP://localhost:PORT/posts/8",
	"http://localhost:PORT/posts/9?q",
	"http://me:secret@127.0.0.1:PORT/posts/10",
	"http://127.0.0.1:PORT/posts/11",
	"http://127.1:PORT/posts/12",
	"http://127.0.0.1:PORT/posts/http://127.0.0.1/13",
	"http://127.0.0.1:PORT/x?u=http://a/b",
	"http://127.0.0.1:PORT/last",
};

static void
the_wire_is_the_same(void)
{
	struct fp_target target;
	char url[200], plain[4096];
	unsigned n_given = 0;

	fp_target_init(&target);
	CURL *ours = make_easy();
	curl_easy_setopt(ours, CURLOPT_FORBID_REUSE, 1L);
	for (size_t i = 0; i < FP_ARRAY_LEN(urls); i++) {
		CURL *its = make_easy();
		make_url(url, sizeof(url), urls[i]);
		curl_easy_setopt(its, CURLOPT_URL, url);
		snprintf(plain, sizeof(plain), "%s", fetch(its));
		curl_easy_cleanup(its);
		CHECK(plain[0] != '\0');
		CHECK(fp_target_give(&target, ours, url, strlen(url)) ==
			CURLE_OK);
		n_given += target.is_given;
		CHECK_TEXT(fetch(ours), plain);
	}
	/* It would prove nothing if all had been given as text. */
	CHECK(n_given > FP_ARRAY_LEN(urls) / 3);
	CHECK(n_given < FP_ARRAY_LEN(urls));
	curl_easy_cleanup(ours);
	fp_target_destroy(&target);
}

/* Each after each: nothing of one is left in the next. */
static void
nothing_is_left_behind(void)
{
	static const char *const base = "http://h.example:8080";
	static const char *const tails[] = {"/", "/a", "/a?b", "/?c",
		"/d/e?f=g", "/%41", "/x/../y", "/z#f", "/?"};
	char url[200], *parsed;
	struct fp_target target;
	CURL *easy = make_easy();
	size_t n = FP_ARRAY_LEN(tails);

	fp_target_init(&target);
	for (size_t i = 0; i < n * n; i++) {
		for (size_t k = 0; k < 2; k++) {
			const char *tail = k ? tails[i % n] : tails[i / n];
			snprintf(url, sizeof(url), "%s%s", base, tail);
			CHECK(fp_target_give(&target, easy, url, strlen(url)) ==
				CURLE_OK);
		}
		if (!target.is_given)
			continue;
		CHECK(curl_url_get(target.parsed, CURLUPART_URL, &parsed, 0) ==
			CURLUE_OK);
		CHECK_TEXT(parsed, url);
		curl_free(parsed);
	}
	curl_easy_cleanup(easy);
	fp_target_destroy(&target);
}

/* Of these a URL is put together: what parsers differ in, and what they do not,
 * so that it often is for the same server as the one before. */
static const char *const authorities[] = {"http://127.0.0.1:PORT",
	"http://127.0.0.1:PORT", "http://127.0.0.1:PORT",
	"http://localhost:PORT", "HTTP://LocalHost:PORT",
	"http://u:p@127.0.0.1:PORT", "http://u@localhost:PORT",
	"http://127.0.0.1:0PORT", "http://[::ffff:127.0.0.1]:PORT",
	"http://127.1:PORT", "http://0x7f000001:PORT"};
static const char *const parts[] = {"/", "/", "/", "/a", "/b/c", "?", "?q=1",
	"#", "#f", ".", "..", "/.", "/..", "/./", "/../", "/%2e%2E/", "%2f",
	"%C3%b6", "%", "%zz", "%00", "\\", "//", ":", "@", ":80", "http://",
	"&", "=", ";", "+", "~", "[", "]", "{", "|", "^", "\"", "'", "<", "!",
	"$", "*", "(", "\xc3\xb6", "\xff", "..;", "-", "_", ","};

static const char *
any(const char *const *texts, size_t n, uint64_t *random)
{
	return texts[fp_random_evenly(random, n - 1)];
}

static void
make_any_url(char *url, size_t size, uint64_t *random)
{
	char text[400];
	size_t len = 0;
	uint64_t n = fp_random_evenly(random, 7);

	len += (size_t)snprintf(text, sizeof(text), "%s",
		any(authorities, FP_ARRAY_LEN(authorities), random));
	if (n > 0 && fp_random_evenly(random, 8) > 0)
		text[len++] = '/';
	text[len] = '\0';
	for (; n > 0; n--)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
			any(parts, FP_ARRAY_LEN(parts), random));
	make_url(url, size, text);
}

/* What a handle of its own sends for it; "" if libcurl takes it for no URL. */
static void
fetch_alone(const char *url, char *head, size_t size)
{
	CURL *its = make_easy();

	curl_easy_setopt(its, CURLOPT_URL, url);
	snprintf(head, size, "%s", fetch(its));
	curl_easy_cleanup(its);
}

/* Thousands at random, of which one handle is used for all. */
static void
any_sequence_is_the_same(void)
{
	struct fp_target target;
	char url[500], plain[4096];
	uint64_t random = fp_random_seed(6);
	unsigned n_given = 0, n_none = 0;

	fp_target_init(&target);
	CURL *ours = make_easy();
	curl_easy_setopt(ours, CURLOPT_FORBID_REUSE, 1L);
	for (unsigned i = 0; i < N_RANDOM; i++) {
		make_any_url(url, sizeof(url), &random);
		fetch_alone(url, plain, sizeof(plain));
		if (fp_target_give(&target, ours, url, strlen(url)))
			abort();
		n_given += target.is_given;
		n_none += plain[0] == '\0';
		if (strcmp(fetch(ours), plain) == 0)
			continue;
		printf("# url %u: %s\n", i, url);
		CHECK_TEXT(fp_buf_text(&server.heads), plain);
	}
	CHECK(n_given > N_RANDOM / 10);
	CHECK(n_none < N_RANDOM / 2);
	curl_easy_cleanup(ours);
	fp_target_destroy(&target);
}

/* libcurl sends again what a kept connection lost: the same URL, and not the
 * one before, or the first. */
static void
what_is_sent_again_is_the_same(void)
{
	struct fp_target target;
	char url[200];
	const char *heads;

	fp_target_init(&target);
	CURL *easy = make_easy();
	for (unsigned i = 1; i <= 3; i++) {
		snprintf(url, sizeof(url), "http://127.0.0.1:%u/item/%u?q=%u",
			server.port, i, i);
		CHECK(fp_target_give(&target, easy, url, strlen(url)) ==
			CURLE_OK);
		CHECK(target.is_given);
		atomic_store(&server.dies, i == 3);
		heads = fetch(easy);
	}
	heads = strstr(heads, "GET /item/3?q=3 HTTP/1.1\r\n");
	CHECK(heads && strstr(heads + 1, "GET /item/3?q=3 HTTP/1.1\r\n"));

	/* And on a copy of the handle. */
	CURL *copy = curl_easy_duphandle(easy);
	curl_easy_cleanup(easy);
	CHECK(copy && strstr(fetch(copy), "GET /item/3?q=3 HTTP/1.1\r\n"));
	make_url(url, sizeof(url), "http://127.0.0.1:PORT/item/4");
	CHECK(fp_target_give(&target, copy, url, strlen(url)) == CURLE_OK);
	CHECK(strstr(fetch(copy), "GET /item/4 HTTP/1.1\r\n"));
	curl_easy_cleanup(copy);
	fp_target_destroy(&target);
}

int
main(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	start_server();
	run("the wire is the same, whatever the URL", the_wire_is_the_same);
	run("any sequence of URLs is the same", any_sequence_is_the_same);
	run("nothing of a URL is left in the next", nothing_is_left_behind);
	run("what libcurl sends again is the same",
		what_is_sent_again_is_the_same);
	stop_server();
	curl_global_cleanup();
	return done();
}
