/* SPDX-License-Identifier: MIT */
/*
 * Items that a pool's threads take in and give out themselves, against a real
 * server.
 */
#include "fetchpool.h"

#include "base.h"
#include "tap.h"
#include "thread.h"
#include "tinyserver.h"

#include <errno.h>
#include <stdatomic.h>

#define N_ITEMS 300

static struct tinyserver *server;
static char template[64];

/* Both ends of a pool. */
struct ends {
	struct fp_pool *pool;
	bool in_order;
	unsigned refuses; /* every so many calls, nothing is taken; 0: never */
	unsigned n_calls;
	atomic_bool is_busy; /* somebody has results */
	uint64_t n_drained, n_next; /* results, by way */
	bool has_come[N_ITEMS + 1];
	uint64_t last; /* seq */
	uint64_t n_wrong;

	struct fp_mutex lock; /* over what is to be handed in */
	unsigned n_in;
	unsigned n_fed; /* of them, by threads of the pool */
	bool is_open;
};

static void
see(struct ends *ends, const struct fp_result *const *results, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t seq = results[i]->seq;
		bool is_wrong = seq > N_ITEMS || ends->has_come[seq] ||
				(ends->in_order && seq != ends->last + 1);
		ends->n_wrong += is_wrong;
		if (!is_wrong)
			ends->has_come[seq] = true;
		ends->last = seq;
	}
}

static bool
drain(void *arg, const struct fp_result *const *results, size_t n)
{
	struct ends *ends = arg;

	ends->n_wrong += atomic_exchange(&ends->is_busy, true);
	bool takes = ends->refuses == 0 || ends->n_calls++ % ends->refuses != 0;
	if (takes) {
		see(ends, results, n);
		ends->n_drained += n;
	}
	atomic_store(&ends->is_busy, false);
	return takes;
}

static int
hand_in(struct ends *ends)
{
	char text[20];
	int len = snprintf(text, sizeof(text), "%u", ends->n_in + 1);
	struct fp_item item = {.input = {text, (size_t)len}, .more = true};

	/* Some are finished at once. */
	if (ends->n_in % 10 == 9)
		item.fault = "one that cannot be";
	if (fp_pool_submit(ends->pool, &item))
		return -1;
	ends->n_in++;
	return 0;
}

static bool
feed(void *arg, size_t max)
{
	struct ends *ends = arg;

	if (!fp_mutex_trylock(&ends->lock))
		return true;
	for (size_t i = 0; i < max && ends->is_open && ends->n_in < N_ITEMS &&
			   fp_pool_has_room(ends->pool);
		i++) {
		CHECK(hand_in(ends) == 0);
		ends->n_fed++;
	}
	bool has_more = ends->n_in < N_ITEMS;
	fp_mutex_unlock(&ends->lock);
	return has_more;
}

static void
submit_all(void *arg)
{
	struct ends *ends = arg;

	fp_mutex_lock(&ends->lock);
	ends->is_open = true;
	while (ends->n_in < N_ITEMS) {
		if (fp_pool_has_room(ends->pool)) {
			CHECK(hand_in(ends) == 0);
			continue;
		}
		fp_mutex_unlock(&ends->lock);
		fp_pool_await_room(ends->pool);
		fp_mutex_lock(&ends->lock);
	}
	ends->is_open = false;
	fp_mutex_unlock(&ends->lock);
	fp_pool_close(ends->pool);
}

/* All items go through a pool with this window. */
static void
let_all_pass(struct ends *ends, size_t window, bool is_drained, bool is_fed)
{
	struct fp_options options;
	struct fp_thread submitter;
	const struct fp_result *results[8];
	char why[200];
	size_t n;

	fp_options_init(&options, sizeof(options));
	options.url_template = template;
	options.jobs = 4;
	options.window = window;
	options.keep_order = ends->in_order;
	options.drain = is_drained ? drain : NULL;
	options.feed = is_fed ? feed : NULL;
	options.drain_arg = options.feed_arg = ends;
	fp_mutex_init(&ends->lock);
	ends->pool = fp_pool_new(&options, why, sizeof(why));
	if (!ends->pool) {
		printf("Bail out! %s\n", why);
		exit(EXIT_FAILURE);
	}
	CHECK(fp_thread_start(&submitter, 0, submit_all, ends) == 0);
	while ((n = fp_pool_next(ends->pool, results, 8)) > 0) {
		ends->n_wrong += atomic_exchange(&ends->is_busy, true);
		see(ends, (const struct fp_result *const *)results, n);
		ends->n_next += n;
		atomic_store(&ends->is_busy, false);
		fp_pool_release(ends->pool, results, n);
	}
	fp_thread_join(&submitter);
	fp_pool_free(ends->pool);
	fp_mutex_destroy(&ends->lock);
	CHECK(ends->n_wrong == 0);
	CHECK(ends->n_in == N_ITEMS);
	CHECK(ends->n_drained + ends->n_next == N_ITEMS);
}

static void
drain_takes_what_it_can(void)
{
	for (int in_order = 0; in_order < 2; in_order++) {
		struct ends ends = {.in_order = in_order};
		let_all_pass(&ends, 16, true, false);
		CHECK(ends.n_drained > 0);
	}
}

static void
what_drain_leaves_comes_next(void)
{
	for (int in_order = 0; in_order < 2; in_order++) {
		struct ends ends = {.in_order = in_order, .refuses = 2};
		let_all_pass(&ends, 16, true, false);
		CHECK(ends.n_next > 0);
	}
	struct ends ends = {.in_order = true, .refuses = 1};
	let_all_pass(&ends, 5, true, true);
	CHECK(ends.n_drained == 0 && ends.n_next == N_ITEMS);
}

static void
without_drain_the_consumer_is_called(void)
{
	struct ends ends = {.in_order = true};

	let_all_pass(&ends, 1, false, false);
	CHECK(ends.n_drained == 0);
}

static void
feed_hands_in_where_there_is_room(void)
{
	for (size_t window = 1; window <= 64; window *= 4) {
		struct ends ends = {.in_order = window % 3 == 1};
		let_all_pass(&ends, window, true, true);
		CHECK(ends.n_fed > 0);
	}
}

static void
cancel_lets_go_of_the_submitter(void)
{
	struct ends ends = {.in_order = false};
	struct fp_options options;
	char why[200];

	fp_options_init(&options, sizeof(options));
	snprintf(template, sizeof(template), "http://127.0.0.1:%d/never/{}",
		server->port);
	options.url_template = template;
	options.window = 1;
	options.feed = feed;
	options.feed_arg = &ends;
	fp_mutex_init(&ends.lock);
	ends.pool = fp_pool_new(&options, why, sizeof(why));
	CHECK(ends.pool && fp_pool_has_room(ends.pool));
	CHECK(hand_in(&ends) == 0);
	CHECK(!fp_pool_has_room(ends.pool));
	fp_pool_cancel(ends.pool, FP_CANCEL_ALL);
	fp_pool_await_room(ends.pool);
	errno = 0;
	CHECK(hand_in(&ends) == -1 && errno == ECANCELED);
	fp_pool_free(ends.pool);
	fp_mutex_destroy(&ends.lock);
}

/* A pool's items, none of which can be fetched. */
struct vain {
	uintptr_t submitter;
	unsigned n_here, n_elsewhere; /* drained */
};

static bool
drain_here(void *arg, const struct fp_result *const *results, size_t n)
{
	struct vain *vain = arg;
	bool is_here = fp_thread_self() == vain->submitter;

	(void)results;
	*(is_here ? &vain->n_here : &vain->n_elsewhere) += (unsigned)n;
	return true;
}

static void
never_summoned(void *arg, bool is_over)
{
	(void)arg;
	CHECK(is_over);
}

/* No other thread takes part in it. */
static void
what_fails_at_once_is_drained_where_it_is_handed_in(void)
{
	struct vain vain = {.submitter = fp_thread_self()};
	struct fp_item item = {
		.input = {"x", 1}, .fault = "one that cannot be", .more = true};
	struct fp_options options;
	char why[200];

	fp_options_init(&options, sizeof(options));
	options.url_template = template;
	options.drain = drain_here;
	options.summon = never_summoned;
	options.drain_arg = &vain;
	struct fp_pool *pool = fp_pool_new(&options, why, sizeof(why));
	CHECK(pool);
	for (unsigned i = 0; i < 1000; i++)
		CHECK(fp_pool_submit(pool, &item) == 0);
	CHECK(vain.n_here > 900);
	fp_pool_flush(pool);
	CHECK(vain.n_here == 1000);
	CHECK(fp_pool_submit(pool, &item) == 0);
	fp_pool_close(pool);
	CHECK(vain.n_here == 1001);
	fp_pool_free(pool);
	CHECK(vain.n_elsewhere == 0);
}

int
main(void)
{
	server = tiny_start();
	snprintf(template, sizeof(template), "http://127.0.0.1:%d/ok/{}",
		server->port);
	run("what can be drained is, once each", drain_takes_what_it_can);
	run("what a drain leaves is next, in order",
		what_drain_leaves_comes_next);
	run("without a drain the consumer is called",
		without_drain_the_consumer_is_called);
	run("a feed hands in where there is room",
		feed_hands_in_where_there_is_room);
	run("what fails at once is drained where it is handed in",
		what_fails_at_once_is_drained_where_it_is_handed_in);
	run("a cancel lets go of who waits for room",
		cancel_lets_go_of_the_submitter);
	tiny_stop(server);
	return done();
}
