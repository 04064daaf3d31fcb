/* SPDX-License-Identifier: MIT */
/*
 * The library as a program sees it, against a real server.
 */
#include "fetchpool.h"

#include "base.h"
#include "tap.h"
#include "thread.h"
#include "tinyserver.h"

#include <errno.h>
#include <sched.h>

static struct tinyserver *server;
static char template[64];

static struct fp_options
options_for(const char *path)
{
	struct fp_options options;

	snprintf(template, sizeof(template), "http://127.0.0.1:%d/%s",
		server->port, path);
	fp_options_init(&options, sizeof(options));
	options.retry = 0;
	options.url_template = template;
	options.max_time_ms = 20000;
	return options;
}

static struct fp_pool *
new_pool(const struct fp_options *options)
{
	char why[200] = "";
	struct fp_pool *pool = fp_pool_new(options, why, sizeof(why));

	if (!pool) {
		printf("Bail out! %s\n", why);
		exit(EXIT_FAILURE);
	}
	return pool;
}

static int
submit(struct fp_pool *pool, const char *text)
{
	struct fp_item item = {.input = {text, strlen(text)}};

	return fp_pool_submit(pool, &item);
}

/* Submits one item and gives its result. */
static const struct fp_result *
fetch_one(struct fp_pool *pool, const char *text)
{
	const struct fp_result *result = NULL;

	CHECK(submit(pool, text) == 0);
	CHECK(fp_pool_next(pool, &result, 1) == 1);
	return result;
}

static void
a_result_tells_all(void)
{
	struct fp_options options = options_for("ok/{}");
	struct fp_pool *pool = new_pool(&options);
	const struct fp_result *result = fetch_one(pool, "a b");
	char url[80];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/ok/a%%20b",
		server->port);
	CHECK(result->seq == 1 && result->kind == FP_KIND_OK);
	CHECK(!result->message && result->status == 200);
	CHECK_TEXT(result->url, url);
	CHECK_TEXT(result->type, "application/json");
	CHECK(result->encoding == FP_BODY_JSON && result->size == 14);
	CHECK_BYTES(result->body.data, result->body.len, "{\"id\":[1]}", 10);
	CHECK_BYTES(result->input.data, result->input.len, "a b", 3);
	CHECK_TEXT(result->ip, "127.0.0.1");
	CHECK_TEXT(result->http_version, "1.1");
	CHECK_TEXT(result->method, "GET");
	CHECK(result->attempts == 1 && result->fetch_time_ns > 0);
	CHECK(result->started_wall_ns > 0 && result->time_connect_ns >= 0);
	fp_pool_release(pool, &result, 1);
	fp_pool_close(pool);
	CHECK(fp_pool_next(pool, &result, 1) == 0);
	fp_pool_free(pool);
}

static void
failures_have_kinds(void)
{
	static const struct {
		const char *path;
		enum fp_kind kind;
	} cases[] = {
		{"no/1", FP_KIND_HTTP},
		{"cut/1", FP_KIND_INCOMPLETE},
		{"end/1", FP_KIND_NETWORK},
		{"ok/1", FP_KIND_OK},
	};
	struct fp_options options = options_for("{+}");
	struct fp_pool *pool = new_pool(&options);

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		const struct fp_result *result = fetch_one(pool, cases[i].path);
		CHECK(result->kind == cases[i].kind);
		CHECK(!result->message == (result->kind == FP_KIND_OK));
		fp_pool_release(pool, &result, 1);
	}
	fp_pool_free(pool);

	options = options_for("never/{}");
	options.stall_time_ms = 50;
	pool = new_pool(&options);
	const struct fp_result *result = fetch_one(pool, "1");
	CHECK(result->kind == FP_KIND_TIMEOUT);
	CHECK_TEXT(result->message, "nothing received for 0.05 s");
	fp_pool_release(pool, &result, 1);
	fp_pool_free(pool);
}

static void
wrong_options_are_refused(void)
{
	struct fp_options options = options_for("{}");
	char why[200];

	options.jobs = 0;
	errno = 0;
	CHECK(!fp_pool_new(&options, why, sizeof(why)) && errno == EINVAL);
	CHECK_TEXT(why, "jobs must be 1 to 20000");
	options.jobs = 1;
	options.url_template = "http://x/{";
	CHECK(!fp_pool_new(&options, why, sizeof(why)) && errno == EINVAL);
	CHECK(strstr(why, "unclosed"));
	options.url_template = NULL;
	options.ok_status = "2yy";
	CHECK(!fp_pool_new(&options, why, sizeof(why)) && errno == EINVAL);
	CHECK(strstr(why, "2yy"));
	options.ok_status = NULL;
	options.struct_size = 1;
	CHECK(!fp_pool_new(&options, why, sizeof(why)) && errno == EINVAL);
}

/* ---- a submitter on its own thread ---- */

struct feed {
	struct fp_pool *pool;
	unsigned n;
	const char *const *paths; /* one of them, at random */
	size_t n_paths;
	unsigned seed;
	unsigned n_taken;
};

static unsigned
draw(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void
feed(void *arg)
{
	struct feed *feed = arg;
	char text[64];

	for (unsigned i = 0; i < feed->n; i++) {
		snprintf(text, sizeof(text), "%s%u",
			feed->paths[draw(&feed->seed) % feed->n_paths], i);
		if (submit(feed->pool, text))
			break;
		feed->n_taken++;
	}
	fp_pool_close(feed->pool);
}

static const char *const all_paths[] = {
	"ok/", "ok/", "ok/", "no/", "end/", "cut/", "late/1/", "late/7/"};

struct tally {
	unsigned n, n_ok, n_stopped;
	bool is_in_order;
};

/* Takes all there is; cancels after `cancel_at` results. */
static struct tally
take_all(struct fp_pool *pool, unsigned cancel_at, unsigned *seed)
{
	const struct fp_result *results[8];
	struct tally tally = {0, 0, 0, true};
	size_t n;

	while ((n = fp_pool_next(pool, results, 1 + draw(seed) % 8)) > 0) {
		for (size_t i = 0; i < n; i++) {
			tally.n++;
			tally.is_in_order &= results[i]->seq == tally.n;
			tally.n_ok += results[i]->kind == FP_KIND_OK;
			tally.n_stopped += results[i]->kind == FP_KIND_STOPPED;
		}
		if (tally.n >= cancel_at) {
			cancel_at = UINT32_MAX;
			fp_pool_cancel(pool, draw(seed) % 2 ? FP_CANCEL_WAITING
							    : FP_CANCEL_ALL);
		}
		fp_pool_release(pool, results, n);
	}
	return tally;
}

static void
stress_once(unsigned jobs, size_t window, bool in_order, bool cancels)
{
	struct fp_options options = options_for("{+}");
	struct fp_thread thread;
	unsigned seed = jobs * 7 + (unsigned)window;

	options.jobs = jobs;
	options.window = window;
	options.keep_order = in_order;
	options.delay_max_ms = draw(&seed) % 3;
	options.retry = window >= 64;
	options.retry_delay_ms = 0;
	struct feed feeder = {
		.pool = new_pool(&options),
		.n = 100,
		.paths = all_paths,
		.n_paths = FP_ARRAY_LEN(all_paths),
		.seed = seed,
	};

	/* What an earlier pool gave up, the server still has to notice. */
	tiny_settle(server);
	atomic_store(&server->n_open_max, 0);
	CHECK(fp_thread_start(&thread, 0, feed, &feeder) == 0);
	struct tally tally = take_all(
		feeder.pool, cancels ? feeder.n / 3 : UINT32_MAX, &seed);
	fp_thread_join(&thread);
	CHECK(tally.n == feeder.n_taken);
	CHECK(cancels || tally.n == feeder.n);
	CHECK(cancels || tally.n_stopped == 0);
	CHECK(!in_order || tally.is_in_order);
	CHECK(tally.n_ok > 0);
	CHECK(cancels ||
		atomic_load(&server->n_open_max) <= FP_MIN(jobs, window));
	fp_pool_free(feeder.pool);
}

static void
stress(void)
{
	static const unsigned jobs[] = {1, 3, 16, 130};
	static const size_t windows[] = {1, 2, 5, 64, 300};

	for (size_t i = 0; i < FP_ARRAY_LEN(jobs); i++) {
		for (size_t k = 0; k < FP_ARRAY_LEN(windows); k++) {
			for (unsigned how = 0; how < 4; how++) {
				stress_once(
					jobs[i], windows[k], how & 1, how & 2);
				if (tap_bad)
					return;
			}
		}
	}
}

static void
the_window_bounds_the_submitter(void)
{
	struct fp_options options = options_for("{+}");
	static const char *const paths[] = {"ok/"};
	const struct fp_result *results[20];
	struct fp_thread thread;
	size_t n = 0;

	options.window = 5;
	struct feed feeder = {
		.pool = new_pool(&options),
		.n = 20,
		.paths = paths,
		.n_paths = 1,
	};
	unsigned before = atomic_load(&server->n_requests);
	CHECK(fp_thread_start(&thread, 0, feed, &feeder) == 0);

	/* All five that may be under way come, and no sixth before one is
	 * given back. */
	while (n < 5)
		n += fp_pool_next(feeder.pool, results + n, 20 - n);
	CHECK(n == 5);
	CHECK(atomic_load(&server->n_requests) - before == 5);
	fp_pool_release(feeder.pool, results, 5);
	while ((n = fp_pool_next(feeder.pool, results, 20)) > 0)
		fp_pool_release(feeder.pool, results, n);
	CHECK(atomic_load(&server->n_requests) - before == 20);
	fp_thread_join(&thread);
	fp_pool_free(feeder.pool);
}

static void
items_without_a_request_keep_no_loop(void)
{
	struct fp_options options = options_for("");
	static const char *const paths[] = {"not a URL "};
	const struct fp_result *results[20];
	struct fp_thread thread;
	size_t n, n_seen = 0;

	/* More than fit the slots at once, and nothing on the wire that
	 * would wake a loop. */
	options.jobs = 2;
	options.window = 100;
	options.url_template = NULL;
	struct feed feeder = {
		.pool = new_pool(&options),
		.n = 100,
		.paths = paths,
		.n_paths = 1,
	};
	unsigned before = atomic_load(&server->n_requests);
	CHECK(fp_thread_start(&thread, 0, feed, &feeder) == 0);
	fp_thread_join(&thread);
	while ((n = fp_pool_next(feeder.pool, results, 20)) > 0) {
		for (size_t i = 0; i < n; i++)
			CHECK(results[i]->kind == FP_KIND_INPUT);
		n_seen += n;
		fp_pool_release(feeder.pool, results, n);
	}
	CHECK(n_seen == 100);
	CHECK(atomic_load(&server->n_requests) == before);
	fp_pool_free(feeder.pool);
}

static void
count_done(void *arg, const struct fp_result *result)
{
	unsigned *n = arg;

	*n += result->kind == FP_KIND_OK && result->body.len == 10;
}

static void
the_callback_is_called_for_each(void)
{
	struct fp_options options = options_for("ok/{}");
	unsigned n = 0;
	char text[16];

	options.window = 4;
	options.done = count_done;
	options.done_arg = &n;
	struct fp_pool *pool = new_pool(&options);
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "%d", i);
		CHECK(submit(pool, text) == 0);
	}
	fp_pool_close(pool);
	fp_pool_wait(pool);
	CHECK(n == 50);
	fp_pool_free(pool);
}

static void
cancel_ends_what_never_would(void)
{
	struct fp_options options = options_for("never/{}");
	const struct fp_result *results[8];
	size_t n, n_stopped = 0;

	options.jobs = 2;
	options.window = 8;
	options.max_time_ms = 0;
	options.stall_time_ms = 0;
	struct fp_pool *pool = new_pool(&options);
	unsigned before = atomic_load(&server->n_requests);
	for (int i = 0; i < 8; i++)
		CHECK(submit(pool, "x") == 0);
	while (atomic_load(&server->n_requests) - before < 2)
		sched_yield();

	/* Those that wait are given up at once; those on the wire are not. */
	fp_pool_cancel(pool, FP_CANCEL_WAITING);
	errno = 0;
	CHECK(submit(pool, "x") == -1 && errno == ECANCELED);
	while (n_stopped < 6) {
		n = fp_pool_next(pool, results, 8);
		for (size_t i = 0; i < n; i++)
			CHECK(results[i]->kind == FP_KIND_STOPPED);
		n_stopped += n;
		fp_pool_release(pool, results, n);
	}
	CHECK(n_stopped == 6);
	fp_pool_cancel(pool, FP_CANCEL_ALL);
	while ((n = fp_pool_next(pool, results, 8)) > 0) {
		CHECK(results[0]->kind == FP_KIND_STOPPED);
		CHECK(results[0]->attempts == 1);
		n_stopped += n;
		fp_pool_release(pool, results, n);
	}
	CHECK(n_stopped == 8);
	CHECK(atomic_load(&server->n_requests) - before == 2);
	fp_pool_free(pool);
}

static void
a_pool_can_be_freed_at_any_time(void)
{
	struct fp_options options = options_for("late/50/{}");
	const struct fp_result *result;

	options.window = 8;
	struct fp_pool *pool = new_pool(&options);
	fp_pool_free(pool);
	pool = new_pool(&options);
	for (int i = 0; i < 8; i++)
		CHECK(submit(pool, "x") == 0);
	CHECK(fp_pool_next(pool, &result, 1) == 1);
	fp_pool_free(pool);
	fp_pool_free(NULL);
}

static void
items_are_copied(void)
{
	struct fp_options options = options_for("{a}/{b}");
	char a[] = "ok", b[] = "xy";
	struct fp_text texts[] = {{a, 2}, {b, 2}};
	struct fp_value values[] = {
		{{"a", 1}, FP_VALUE_STRING, &texts[0], 1, false},
		{{"b", 1}, FP_VALUE_STRING, &texts[1], 1, false},
	};
	struct fp_item item = {
		.input = {a, 2}, .values = values, .n_values = 2};
	struct fp_pool *pool = new_pool(&options);
	const struct fp_result *result = NULL;

	CHECK(fp_pool_submit(pool, &item) == 0);
	memset(a, '!', 2);
	memset(b, '!', 2);
	memset(texts, 0, sizeof(texts));
	memset(values, 0, sizeof(values));
	CHECK(fp_pool_next(pool, &result, 1) == 1);
	CHECK(result->kind == FP_KIND_OK && strstr(result->url, "/ok/xy"));
	CHECK_BYTES(result->input.data, result->input.len, "ok", 2);
	fp_pool_release(pool, &result, 1);

	item = (struct fp_item){.input = {"z", 1}, .fault = "no good"};
	CHECK(fp_pool_submit(pool, &item) == 0);
	CHECK(fp_pool_next(pool, &result, 1) == 1);
	CHECK(result->kind == FP_KIND_INPUT && !result->url);
	CHECK_TEXT(result->message, "no good");
	CHECK(result->attempts == 0 && result->fetch_time_ns == -1);
	fp_pool_release(pool, &result, 1);
	fp_pool_free(pool);
}

static void
jobs_fit_the_descriptors(void)
{
	CHECK(fp_jobs_within(16, 1024) == 16);
	CHECK(fp_jobs_within(10000, 20000) == 10000);
	unsigned jobs = fp_jobs_within(10000, 1024);
	CHECK(jobs > 500 && jobs < 1024);
	CHECK(fp_jobs_within(10000, 1) == 1);
}

int
main(void)
{
	server = tiny_start();
	run("a result tells all", a_result_tells_all);
	run("failures have kinds", failures_have_kinds);
	run("wrong options are refused, and why", wrong_options_are_refused);
	run("items are copied", items_are_copied);
	run("the window bounds the submitter", the_window_bounds_the_submitter);
	run("items without a request keep no loop asleep",
		items_without_a_request_keep_no_loop);
	run("the callback is called for each result",
		the_callback_is_called_for_each);
	run("a cancel ends what never would", cancel_ends_what_never_would);
	run("a pool can be freed at any time", a_pool_can_be_freed_at_any_time);
	run("jobs fit the descriptors", jobs_fit_the_descriptors);
	run("stress: one outcome each, in order, within jobs and window",
		stress);
	tiny_stop(server);
	return done();
}
