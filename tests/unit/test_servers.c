/* SPDX-License-Identifier: MIT */
#include "servers.h"

#include "tap.h"

#include <stdio.h>

#define MS FP_NS_PER_MS

static struct fp_servers servers;

static const char *
name_of(const char *url)
{
	return fp_servers_find(&servers, url)->name;
}

static void
names(void)
{
	memset(&servers, 0, sizeof(servers));
	CHECK_TEXT(name_of("http://h/x"), "http://h:80");
	CHECK_TEXT(name_of("HTTP://H:80/y"), "http://h:80");
	CHECK_TEXT(name_of("https://h/x"), "https://h:443");
	CHECK_TEXT(name_of("https://u:***@h?x"), "https://h:443");
	CHECK_TEXT(name_of("https://[::1]:8443#x"), "https://[::1]:8443");
	CHECK_TEXT(name_of("https://[::1]/"), "https://[::1]:443");
	CHECK_TEXT(name_of("http://h"), "http://h:80");
	CHECK_TEXT(name_of("http://h:81"), "http://h:81");
	CHECK(fp_servers_find(&servers, "http://h:80") ==
		fp_servers_find(&servers, "http://h/other"));
}

static void
short_names(void)
{
	char text[FP_SERVERS_NAME_MAX];

	fp_servers_short("https://h1:443", text, false);
	CHECK_TEXT(text, "h1");
	fp_servers_short("https://h1:80", text, false);
	CHECK_TEXT(text, "h1:80");
	fp_servers_short("http://h1:80", text, true);
	CHECK_TEXT(text, "http://h1");
	fp_servers_short("others", text, true);
	CHECK_TEXT(text, "others");
}

static void
too_many(void)
{
	char url[64];

	memset(&servers, 0, sizeof(servers));
	for (int i = 0; i < 5000; i++) {
		snprintf(url, sizeof(url), "http://h%d.example/", i);
		fp_servers_find(&servers, url)->n_requests++;
	}
	uint64_t n = 0;
	for (unsigned i = 0; i < servers.n; i++)
		n += servers.all[i].n_requests;
	CHECK(n == 5000);
	CHECK(servers.n == FP_SERVERS_MAX);
	CHECK_TEXT(servers.all[0].name, "others");
	CHECK(servers.all[0].n_requests == 5000 - (FP_SERVERS_MAX - 1));
	CHECK_TEXT(name_of("http://h7.example/"), "http://h7.example:80");
}

/* A request that waited so long for its answer, and ended at that time. */
static void
note(struct fp_server *server, int status, int64_t answer_ns, int64_t end_ns)
{
	struct fp_span span = {
		.what = FP_SPAN_REQUEST,
		.status = status,
		.start_ns = end_ns - answer_ns,
		.end_ns = end_ns,
	};

	for (int i = 0; i < FP_PHASE_COUNT; i++)
		span.phase_end_ns[i] =
			i < FP_PHASE_ANSWER ? span.start_ns : end_ns;
	fp_servers_note(server, &span, 2);
}

static void
answers(void)
{
	memset(&servers, 0, sizeof(servers));
	struct fp_server *server = fp_servers_find(&servers, "http://h/");
	note(server, 200, 20 * MS, 100 * MS);
	note(server, 429, MS, 101 * MS);
	note(server, 200, 10 * MS, 110 * MS);
	note(server, 200, 40 * MS, 150 * MS);
	note(server, 0, 40 * MS, 160 * MS);
	CHECK(server->n_requests == 5 && server->n_first == 2);
	CHECK(server->least_first_ns == 10 * MS);
	CHECK(fp_spread_count(&server->later) == 1);
	CHECK(server->statuses[0].status == 200 && server->statuses[0].n == 3);
	CHECK(server->statuses[1].status == 429 && server->statuses[1].n == 1);
	CHECK(server->statuses[2].status == 0 && server->statuses[2].n == 1);
	for (int i = 0; i < 100; i++)
		note(server, 300 + i, MS, 200 * MS);
	uint64_t n = 0;
	for (size_t i = 0; i < FP_ARRAY_LEN(server->statuses); i++)
		n += server->statuses[i].n;
	CHECK(n == 105);
	CHECK(server->statuses[FP_SERVERS_STATUSES].status == -1);
}

static void
pauses(void)
{
	memset(&servers, 0, sizeof(servers));
	struct fp_server *server = fp_servers_find(&servers, "http://h/");
	CHECK(fp_servers_pause(server, 429, 1000 * MS, 500 * MS));
	CHECK(!fp_servers_pause(server, 429, 1200 * MS, 500 * MS));
	CHECK(!fp_servers_pause(server, 429, 1300 * MS, 100 * MS));
	CHECK(fp_servers_paused_ns(server, 2000 * MS) == 700 * MS);
	CHECK(fp_servers_paused_ns(server, 1500 * MS) == 500 * MS);
	CHECK(fp_servers_pause(server, 503, 2000 * MS, INT64_MAX));
	CHECK(server->n_pauses == 2 && server->pause_status == 503);
	CHECK(fp_servers_paused_ns(server, 2100 * MS) == 800 * MS);
}

/* All of a few; of many some, in order, and always the last. */
static void
found_jobs(void)
{
	memset(&servers, 0, sizeof(servers));
	struct fp_server *server = fp_servers_find(&servers, "http://h/");
	for (unsigned i = 1; i <= 5000; i++) {
		fp_servers_jobs(&servers, server, i, i * MS);
		CHECK(server->n_jobs <= FP_SERVERS_JOBS);
		CHECK(i > FP_SERVERS_JOBS || server->n_jobs == i);
		CHECK(server->jobs[server->n_jobs - 1].n == i);
		CHECK(server->jobs[server->n_jobs - 1].at_ns == i * MS);
		CHECK(server->jobs[0].n == 1);
	}
	CHECK(server->n_jobs >= FP_SERVERS_JOBS / 4);
	for (unsigned i = 1; i < server->n_jobs; i++)
		CHECK(server->jobs[i].n > server->jobs[i - 1].n);
}

/* Those of several servers are no number of one. */
static void
found_jobs_of_others(void)
{
	char url[40];

	memset(&servers, 0, sizeof(servers));
	for (int i = 0; i < 2 * FP_SERVERS_MAX; i++) {
		snprintf(url, sizeof(url), "http://h%d/", i);
		struct fp_server *server = fp_servers_find(&servers, url);
		fp_servers_jobs(&servers, server, 8, MS);
		CHECK(server->n_jobs == (server != &servers.all[0]));
	}
	CHECK(servers.n == FP_SERVERS_MAX && servers.all[0].n_jobs == 0);
}

int
main(void)
{
	run("names", names);
	run("short names", short_names);
	run("more than there is room for", too_many);
	run("first answers, later ones, and statuses", answers);
	run("pauses that overlap are one", pauses);
	run("numbers of jobs that were found", found_jobs);
	run("and of servers that there is no room for", found_jobs_of_others);
	return done();
}
