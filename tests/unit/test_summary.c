/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include "tap.h"

#define MS FP_NS_PER_MS

static struct fp_tally tally;
static struct fp_totals totals;
static struct fp_buf text;

static void
begin(void)
{
	memset(&tally, 0, sizeof(tally));
	memset(&totals, 0, sizeof(totals));
	fp_buf_clear(&text, 0);
}

static void
add(enum fp_kind kind, int status, int64_t took_ns, unsigned attempts)
{
	struct fp_result result = {
		.kind = kind,
		.status = status,
		.attempts = attempts,
		.fetch_time_ns = took_ns,
		.size = status ? 1000 : -1,
		.message = kind == FP_KIND_OK ? NULL : "it failed",
	};

	fp_tally_add(&tally, &result, true);
	totals.n_read++;
	totals.n_succeeded += kind == FP_KIND_OK;
	totals.n_failed += kind != FP_KIND_OK;
}

static const char *
write_it(void)
{
	CHECK(fp_summary_write(&text, &tally, &totals, NULL) == 0);
	return fp_buf_text(&text);
}

static void
nothing_at_all(void)
{
	begin();
	CHECK_TEXT(write_it(),
		"fetchpool: 0 items in 0 ns: 0 succeeded, 0 failed, 0 not "
		"done\n"
		"  pace       0.0 items/s, 0 attempts, 0 retries\n"
		"             0 B of bodies, 0 B/s\n");
}

static void
the_whole(void)
{
	begin();
	for (int i = 0; i < 90; i++)
		add(FP_KIND_OK, 200, 30 * MS, 1);
	for (int i = 0; i < 9; i++)
		add(FP_KIND_OK, 200, 300 * MS, 2);
	add(FP_KIND_TIMEOUT, 0, 3000 * MS, 4);
	totals.n_read++;
	totals.n_not_done++;
	totals.took_ns = 4 * FP_NS_PER_S;
	CHECK_TEXT(write_it(),
		"fetchpool: 101 items in 4 s: 99 succeeded, 1 failed, 1 not "
		"done\n"
		"  pace       25.0 items/s, 112 attempts, 12 retries\n"
		"             96.7 KiB of bodies, 24.2 KiB/s\n"
		"  failed     timeout 1\n"
		"  status     200: 99, none: 1\n"
		"  fetch_time p50 30 ms, p90 30 ms, p99 302 ms, max 3 s\n"
		"     20 ms - 50 ms            90 "
		"########################################\n"
		"     50 ms - 100 ms            0\n"
		"    100 ms - 200 ms            0\n"
		"    200 ms - 500 ms            9 ####\n"
		"    500 ms - 1 s               0\n"
		"       1 s - 2 s               0\n"
		"       2 s - 5 s               1 #\n");
}

static void
one_item(void)
{
	begin();
	add(FP_KIND_OK, 200, 100 * MS, 1);
	totals.took_ns = 200 * MS;
	const char *all = write_it();
	CHECK(strstr(all, "fetchpool: 1 item in 200 ms: 1 succeeded, "));
	CHECK(strstr(all, "5.0 items/s, 1 attempt, 0 retries\n"));
	CHECK(strstr(all, "p50 100 ms, p90 100 ms, p99 100 ms, max 100 ms\n"));
	CHECK(strstr(all, "  1 ########################################\n"));
}

/* Rows of equal width, whose numbers add up. */
static void
times_that_are_close(void)
{
	begin();
	for (int i = 0; i < 1000; i++)
		add(FP_KIND_OK, 200, 100 * MS + i * MS / 10, 1);
	char *all = strdup(write_it());
	unsigned long n_all = 0, n;
	int n_rows = 0;
	FP_ASSERT(all);
	for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n")) {
		CHECK(strlen(line) < 80);
		char *dash = strstr(line, " ms - ");
		if (!dash)
			continue;
		CHECK(sscanf(dash, " ms - %*f ms %lu", &n) == 1);
		n_all += n;
		n_rows++;
	}
	CHECK(n_all == 1000);
	CHECK(n_rows >= 5 && n_rows <= 11);
	free(all);
}

static void
no_line_is_too_long(void)
{
	begin();
	for (int status = 100; status < 600; status++)
		add(FP_KIND_HTTP, status, (int64_t)1 << (status % 58), 1);
	for (int kind = FP_KIND_INPUT; kind < FP_KIND_STOPPED; kind++)
		add((enum fp_kind)kind, 0, 0, 1);
	totals.took_ns = 1;
	char *all = strdup(write_it());
	FP_ASSERT(all);
	int n_lines = 0;
	for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n")) {
		CHECK(strlen(line) < 80);
		n_lines++;
	}
	CHECK(n_lines > 50 && n_lines < 200);
	CHECK(strstr(fp_buf_text(&text), "\n             "));
	free(all);
}

int
main(void)
{
	run("nothing at all", nothing_at_all);
	run("the whole", the_whole);
	run("one item", one_item);
	run("times that are close have rows of equal width",
		times_that_are_close);
	run("no line is too long", no_line_is_too_long);
	fp_buf_destroy(&text);
	return done();
}
