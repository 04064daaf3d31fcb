/* SPDX-License-Identifier: MIT */
/*
 * THE STORY OF ONE ITEM
 *
 *  1. fp_pool_submit() asks the window for a ticket. All `window` tickets may
 *     be out: then it waits, and with it whoever reads the input. With a feed
 *     the submitter waits before it has an item, in fp_pool_await_room(), and
 *     also when there are enough items for all jobs; and a loop that finds too
 *     little in 4 has items handed in itself: see ferry.
 *     Nothing else in the library waits for room. (The command has one more:
 *     with a journal, its writer waits in 9 for a commit, when too many items
 *     are not committed yet.)
 *  2. The ticket gets the next seq and a copy of the item. The template is
 *     expanded and the URL judged. An item that is known to be unusable goes
 *     straight to 8.
 *  3. The ticket goes into the queue, to the others for the same origin. If a
 *     loop waits for work, it is called. A loop is one thread, and the lanes
 *     that it lets run in turn: a lane is a multi handle, and its slots. With
 *     few jobs there is one loop, and others come when it cannot keep up.
 *  4. A loop with an idle slot asks for what may start now. The schedule says
 *     which: rates, pauses, limits of the origin and memory may keep an item
 *     there, without a slot, a handle or a connection. A start is reserved.
 *  5. A transfer is set up on the slot's easy handle and given to the lane's
 *     multi handle. With a delay, the slot pauses before 4 is asked again; and
 *     when many begin with one origin over TLS, most of them pause until a
 *     first handshake is done.
 *  6. libcurl calls back: a socket is opened, and the gate asks, when the
 *     request can go out: does the run go on, is the deadline still to come,
 *     may the kept connection be used again, do pauses and rates still allow
 *     it? If not the last, the ticket is parked: it goes back to 4, and that
 *     is no attempt. If not the connection, it is 5 again on a new one.
 *     Otherwise the reserved start is committed and the request goes out.
 *     Headers and body come in and are judged while they do. A body that
 *     finds no memory waits. Where libcurl may miss an event, it is nudged.
 *     What a transfer is doing is one word at any time, its phase: phase.c
 *     draws which may follow which.
 *  7. At the end comes the verdict: a success or a kind of failure, never both;
 *     and what follows. Its origin hears of it. The next hop of a redirect
 *     begins at 5, in the same slot, unless the schedule has to be asked:
 *     then, and for another attempt, the ticket goes back to 4, perhaps after
 *     a while.
 *  8. The window gets the ticket back as finished, and keeps it: in a list, or
 *     in a ring that restores the order in which items came.
 *  9. fp_pool_next() lends the result to the consumer, who writes it. He is
 *     not called for each: when the network has nothing more for it to do, the
 *     loop calls him, or with a drain has the result written itself. With a
 *     summon he does not even exist until a result has to wait for him.
 * 10. fp_pool_release(), or the end of the drain: the ticket is cleaned and is
 *     home. Whoever waits in 1 may go on.
 *
 * In a dry run there are no loops: 2 says what the request would be, and 8
 * follows at once.
 *
 * So a slow server holds back its own item, a slow consumer holds back the
 * reader, and neither holds back a transfer that is under way; but when both
 * are slow at once and bodies are large, max_memory makes transfers wait.
 *
 * WHO MAY TOUCH WHAT
 *
 *	ticket			the one thread that holds it
 *	struct fp_window	any thread, under window.lock
 *	struct fp_queue		any thread, under queue.lock; and with it the
 *				schedule, the origins and the run's rate
 *	struct fp_memory	any thread: it is atomic
 *	struct fp_setup		all read; `no_new` is atomic, has_fault and
 *				what options.fill lends are under their locks
 *	struct fp_loop		its thread, and with it its lanes: what they
 *				share needs no lock; see there for the
 *				exceptions
 *	struct fp_crew		any thread reads its loops, of which `n_loops`,
 *				which is atomic, are there; the first loop's
 *				thread adds to them
 *	struct fp_freelist	the thread of the loop that it is in; memory
 *				from it may be freed by any thread
 *	struct fp_idletimes	any thread, under its lock
 *	struct fp_trust		all read; what is loaded late under its lock
 *	struct fp_bearer	any thread, under its lock
 *	struct fp_rateredis	any thread, under its lock, which is also
 *				taken under that of the queue
 *	pool->locator, preview	the submitter, which may be a loop
 *	pool->cancel		atomic: set by anyone, read by the loops
 *
 * A thread that holds the lock of the queue or of the window takes no other in
 * this process, but that of the server that counts, which is the last of all; a
 * rate file is locked under the queue's, among processes. Of the others,
 * these may be held while another is taken, and none of them is ever taken
 * under that other: setup.fault_lock, while the pool cancels itself;
 * setup.fill_lock, while options.fill does what it does; that of the
 * authorities, while OpenSSL takes its own; and of the command, the reader's,
 * under which lines are submitted and the pool is closed (with the locks of
 * the window, the queue and --etags), and the journal's and the trace's,
 * while a message is written. A cancel sets `no_new` and `cancel` first and
 * then wakes everyone, so that nobody who wakes can miss it.
 */
#include "base.h"

#include "fetchpool.h"

#include "bearer.h"
#include "clock.h"
#include "condition.h"
#include "crew.h"
#include "ferry.h"
#include "freelist.h"
#include "json.h"
#include "nextpage.h"
#include "poolopt.h"
#include "preview.h"
#include "queue.h"
#include "redislink.h"
#include "span.h"
#include "thread.h"
#include "url.h"
#include "window.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Descriptors that an item may need at once: a socket, a look-up's, a file. */
#define DESCRIPTORS_LEAST 6

/* Results that the pool's own consumer takes at once. */
#define BATCH 64

/* The least that is read ahead of the items under way. */
#define AHEAD_MIN 64U

struct fp_pool {
	struct fp_setup setup;
	struct fp_window window;
	struct fp_queue queue;
	struct fp_crew crew;
	atomic_int cancel; /* enum fp_cancel, or 0 */
	struct fp_bearer bearer; /* with options.token */
	struct fp_request locator; /* finds items' URLs: the submitter's */
	bool has_quiet; /* put quietly by the submitter, not called for yet */
	struct fp_preview *preview; /* in place of loops; NULL: they are */
	bool has_window, has_queue, has_consumer;
	struct fp_thread consumer; /* with options.done */
};

void
fp_version(char *text, size_t size)
{
	const char *hiredis = fp_redislink_version();
	char yajl[32], unpack[64];

	fp_json_version(yajl, sizeof(yajl));
	fp_unpack_versions(unpack, sizeof(unpack));
	snprintf(text, size, "%s%s %s%s%s", yajl, unpack, curl_version(),
		hiredis[0] ? " " : "", hiredis);
}

bool
fp_has_tls(void)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	return info->features & CURL_VERSION_SSL;
}

/* ---- making ---- */

/* Requests that are on the wire may end; nothing else is begun. */
static void
halt(void *arg, const char *why)
{
	struct fp_pool *pool = arg;

	if (pool->setup.options.fault)
		pool->setup.options.fault(pool->setup.options.fault_arg, why);
	fp_pool_cancel(pool, FP_CANCEL_WAITING);
}

/* The look of libraries that are too old, or do not do what they must. */
static int
check_libraries(char *why, size_t why_size)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	if (info->version_num < 0x075700) {
		snprintf(why, why_size,
			"libcurl is %s; 7.87.0 or later is required",
			info->version);
		errno = ENOTSUP;
		return -1;
	}
	if (!fp_json_is_supported()) {
		char yajl[32];
		fp_json_version(yajl, sizeof(yajl));
		snprintf(why, why_size, "%s; 2.1.0 or later is required", yajl);
		errno = ENOTSUP;
		return -1;
	}
	return 0;
}

static int
make_loops(struct fp_pool *pool)
{
	struct fp_loop_place place = {
		.setup = &pool->setup,
		.queue = &pool->queue,
		.window = &pool->window,
		.cancel = &pool->cancel,
	};

	return fp_crew_init(&pool->crew, &place, pool->setup.options.jobs);
}

static void consume(void *arg);

static int
start_threads(struct fp_pool *pool)
{
	if (!pool->preview && fp_crew_start(&pool->crew))
		return -1;
	if (pool->setup.options.done) {
		if (fp_thread_start(&pool->consumer, 0, consume, pool))
			return -1;
		pool->has_consumer = true;
	}
	return 0;
}

static int64_t
pool_in_ns(uint64_t ms)
{
	return (int64_t)FP_MIN(ms, (uint64_t)INT64_MAX / 4 / FP_NS_PER_MS) *
	       FP_NS_PER_MS;
}

static struct fp_busy_rules
busy_rules(const struct fp_setup *setup)
{
	const struct fp_options *options = &setup->options;

	return (struct fp_busy_rules){
		.mode = options->busy,
		.learns =
			!options->no_learning && options->busy != FP_BUSY_ITEM,
		.delay_ns = pool_in_ns(
			FP_MAX(options->retry_delay_ms, FP_RETRY_BUSY_MS)),
		.max_delay_ns = pool_in_ns(options->retry_max_delay_ms),
	};
}

/* ---- the server that counts starts ---- */

static void
on_starts(void *arg)
{
	struct fp_pool *pool = arg;

	fp_queue_came(&pool->queue);
}

static void
on_host_starts(void *arg)
{
	struct fp_pool *pool = arg;

	fp_queue_came_hosts(&pool->queue);
}

static void
on_rate_news(void *arg, enum fp_rateredis_news news, const char *why,
	int64_t wait_ns)
{
	static const enum fp_notice_why whys[] = {
		[FP_RATEREDIS_GONE] = FP_NOTICE_COUNT_GONE,
		[FP_RATEREDIS_BACK] = FP_NOTICE_COUNT_BACK,
		[FP_RATEREDIS_LOST] = FP_NOTICE_COUNT_LOST,
	};
	const struct fp_pool *pool = arg;
	const struct fp_options *options = &pool->setup.options;
	struct fp_notice notice = {
		.why = whys[news],
		.origin = fp_rateredis_shown(pool->setup.rate_count.redis),
		.wait_ns = wait_ns,
		.detail = why,
	};

	if (options->tell)
		options->tell(options->tell_arg, &notice);
}

static void
on_rate_fault(void *arg, const char *why)
{
	struct fp_pool *pool = arg;
	char text[500];

	snprintf(text, sizeof(text), "rate file %.150s: %s",
		fp_rateredis_shown(pool->setup.rate_count.redis), why);
	fp_setup_halt(&pool->setup, text);
}

static int
run_rate_server(struct fp_pool *pool)
{
	const struct fp_rateredis_calls calls = {
		.arg = pool,
		.came = on_starts,
		.came_hosts = on_host_starts,
		.tell = on_rate_news,
		.fail = on_rate_fault,
	};

	return fp_rateredis_run(pool->setup.rate_count.redis, &calls);
}

/* Items that are enough to have, as long as all of them can be started: those
 * that are under way, and some that follow or are to be written. */
static size_t
pool_enough(unsigned jobs)
{
	return (size_t)jobs + FP_MAX(jobs / 8, AHEAD_MIN);
}

static int
make_pool(struct fp_pool *pool)
{
	const struct fp_options *options = &pool->setup.options;
	size_t window = options->window;

	if (window == 0)
		window = FP_MAX(4 * (size_t)options->jobs, 256);
	if (fp_window_init(&pool->window, window, options->keep_order))
		return -1;
	pool->has_window = true;
	if (options->feed && !options->dry_run)
		fp_window_be_fed(&pool->window, pool_enough(options->jobs));
	if (options->summon && options->drain && !options->done)
		fp_window_summon_by(
			&pool->window, options->summon, options->summon_arg);
	const struct fp_setup *setup = &pool->setup;
	struct fp_ratecount *count = fp_ratecount_is_open(&setup->rate_count)
					     ? &pool->setup.rate_count
					     : NULL;
	unsigned host_jobs = options->host_jobs;
	struct fp_schedule_rules rules = {
		.capacity = window,
		.rates = setup->rates,
		.is_paced = options->pace,
		.count = count,
		.memory = &pool->setup.memory,
		.retry_max = options->retry,
		.retry_max_ns =
			(int64_t)options->retry_max_time_ms * FP_NS_PER_MS,
		.rests_first = options->delay_max_ms > 0,
		.origin =
			{
				.jobs = options->jobs,
				.host_jobs =
					host_jobs ? host_jobs : options->jobs,
				.finds_jobs = options->finds_jobs,
				.waiting_max = FP_MAX(window / 2, 1),
				.rates = setup->host_rates,
				.is_paced = options->pace,
				.redis = setup->host_rates.n
						 ? setup->rate_count.redis
						 : NULL,
				.busy = busy_rules(setup),
				.pause_max_ns =
					pool_in_ns(options->retry_after_max_ms),
				.tells_pauses = options->tells_pauses,
				.tells_jobs = options->tells_jobs,
			},
	};
	if (fp_queue_init(&pool->queue, &rules))
		return -1;
	pool->has_queue = true;
	if (setup->rate_count.redis && run_rate_server(pool))
		return -1;
	if (options->token && !options->dry_run) {
		fp_bearer_init(&pool->bearer, &pool->setup, &pool->queue);
		pool->setup.bearer = &pool->bearer;
		if (fp_bearer_start(&pool->bearer))
			return -1;
	}
	if (options->dry_run)
		pool->preview = fp_preview_new(&pool->setup);
	if (options->dry_run ? !pool->preview : make_loops(pool))
		return -1;
	return start_threads(pool);
}

/* Whether one item at least can be fetched with the descriptors that are left:
 * a connection, a look-up, the authorities' certificates, a file. */
static bool
has_descriptors(const struct fp_options *options, char *why, size_t why_size)
{
	unsigned least = DESCRIPTORS_LEAST + (options->output_dir ? 1 : 0);

	if (options->dry_run)
		return true;
	uint64_t left = fp_descriptors_left();
	if (left >= least)
		return true;
	snprintf(why, why_size,
		"too few open files are allowed: raise the limit (ulimit -n) "
		"by at least %u",
		least - (unsigned)left);
	errno = EMFILE;
	return false;
}

struct fp_pool *
fp_pool_new(const struct fp_options *options, char *why, size_t why_size)
{
	struct fp_options copy;

	snprintf(why, why_size, "out of memory, threads or descriptors");
	if (fp_poolopt_take(&copy, options, why, why_size))
		return NULL;
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, fp_freelist_malloc,
		    fp_freelist_free, fp_freelist_realloc, fp_freelist_strdup,
		    fp_freelist_calloc) != CURLE_OK) {
		errno = ENOMEM;
		return NULL;
	}
	struct fp_pool *pool = NULL;
	int err;
	if (check_libraries(why, why_size))
		goto fail;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		goto fail;
	if (fp_setup_init(&pool->setup, &copy, why, why_size)) {
		free(pool);
		pool = NULL;
		goto fail;
	}
	pool->setup.halt = halt;
	pool->setup.halt_arg = pool;
	if (fp_transfer_try(&pool->setup, why, why_size)) {
		err = errno;
		pool->setup.is_withdrawn = true;
		fp_setup_destroy(&pool->setup);
		free(pool);
		pool = NULL;
		errno = err;
		goto fail;
	}
	fp_request_init(&pool->locator, &pool->setup);
	bool is_made = make_pool(pool) == 0;
	err = errno;
	if (!has_descriptors(&copy, why, why_size))
		err = errno;
	else if (is_made)
		return pool;
	fp_pool_withdraw(pool);
	fp_pool_free(pool);
	errno = err;
	return NULL;
fail:
	err = errno;
	curl_global_cleanup();
	errno = err;
	return NULL;
}

/* ---- items in ---- */

/* false: it could not be queued, and has failed. */
static bool
queue_item(struct fp_pool *pool, struct fp_ticket *ticket)
{
	if (FP_UNLIKELY(pool->setup.bearer))
		fp_bearer_need(pool->setup.bearer);
	if (fp_queue_push(&pool->queue, ticket) == 0)
		return true;
	if (errno == ENOMEM)
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	else
		fp_ticket_drop(ticket);
	return false;
}

/* What an earlier run has met there. false: no memory, and the item has failed.
 */
static bool
recall(struct fp_pool *pool, struct fp_ticket *ticket)
{
	const struct fp_options *options = &pool->setup.options;

	if (!options->recall || options->dry_run ||
		fp_condition_recall(&pool->locator, ticket) == 0)
		return true;
	fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return false;
}

static void
fail_unknown(struct fp_ticket *ticket)
{
	fp_ticket_fail(ticket, FP_KIND_NETWORK,
		"sent by an earlier run with unknown outcome; not sent again");
	ticket->result.is_outcome_unknown = true;
}

static bool
locate_item(struct fp_pool *pool, struct fp_ticket *ticket)
{
	return fp_request_locate(&pool->locator, ticket) &&
	       (FP_LIKELY(!ticket->chain) ||
		       fp_nextpage_locate(&pool->locator));
}

/* It is finished already, and others follow: then they are drained together, or
 * the consumer is called for many of them. */
static void
put_quietly(struct fp_pool *pool, struct fp_ticket *ticket)
{
	pool->has_quiet = true;
	if (!pool->setup.options.drain)
		fp_window_put_quietly(&pool->window, ticket);
	else if (fp_window_put_here(&pool->window, ticket))
		fp_pool_flush(pool);
}

int
fp_pool_submit(struct fp_pool *pool, const struct fp_item *item)
{
	struct fp_ticket *ticket = fp_window_take(&pool->window);

	if (!ticket)
		return -1;
	if (pool->setup.options.trace)
		fp_span_submitted(ticket);
	bool is_done = true;
	if (item->seq > 0)
		ticket->result.seq = item->seq;
	if (fp_ticket_set(ticket, item) ||
		(FP_UNLIKELY(pool->setup.next.how != FP_NEXT_NONE) &&
			fp_nextpage_begin(&pool->setup, ticket, item))) {
		/* A result could not say of what. */
		fp_window_untake(&pool->window, ticket);
		errno = ENOMEM;
		return -1;
	}
	if (item->outcome_unknown && !pool->setup.is_idempotent)
		fail_unknown(ticket);
	else if (item->fault)
		fp_ticket_fail(ticket, FP_KIND_INPUT, item->fault);
	else if (FP_UNLIKELY(ticket->result.kind != FP_KIND_OK))
		is_done = true;
	else if (!locate_item(pool, ticket) || !recall(pool, ticket))
		is_done = true;
	else if (pool->preview)
		fp_preview_make(pool->preview, &pool->locator, ticket);
	else
		is_done = !queue_item(pool, ticket);

	/* A loop that wanted something got nothing by it. */
	if (is_done)
		fp_window_hunger(&pool->window);
	if (is_done && item->more) {
		put_quietly(pool, ticket);
	} else if (is_done) {
		fp_window_put(&pool->window, ticket);
		pool->has_quiet = false;
	} else if (!item->more) {
		fp_pool_flush(pool);
	}
	return 0;
}

bool
fp_pool_has_room(struct fp_pool *pool)
{
	return !fp_window_is_full(&pool->window);
}

void
fp_pool_await_room(struct fp_pool *pool)
{
	fp_window_await_room(&pool->window);
}

void
fp_pool_flush(struct fp_pool *pool)
{
	struct fp_ferry ferry = {&pool->setup, &pool->queue, &pool->window};

	if (pool->has_quiet)
		fp_ferry_flush(&ferry);
	pool->has_quiet = false;
}

void
fp_pool_close(struct fp_pool *pool)
{
	fp_pool_flush(pool);
	fp_window_close(&pool->window);
	fp_queue_close(&pool->queue);
}

void
fp_pool_cancel(struct fp_pool *pool, enum fp_cancel how)
{
	int before = atomic_load(&pool->cancel);

	while (before < (int)how &&
		!atomic_compare_exchange_weak(&pool->cancel, &before, (int)how))
		;
	atomic_store(&pool->setup.no_new, true);
	if (pool->setup.bearer)
		fp_bearer_stop(pool->setup.bearer);

	struct fp_ticket *list =
		fp_queue_cancel(&pool->queue, fp_clock_now_ns());
	for (struct fp_ticket *ticket = list; ticket; ticket = ticket->next)
		fp_ticket_drop(ticket);
	fp_window_cancel(&pool->window);
	fp_window_put(&pool->window, list);
	fp_crew_call(&pool->crew);
}

/* ---- results out ---- */

size_t
fp_pool_next(struct fp_pool *pool, const struct fp_result **results, size_t max)
{
	FP_ASSERT(max > 0);
	return fp_window_next(&pool->window, results, max);
}

void
fp_pool_release(
	struct fp_pool *pool, const struct fp_result **results, size_t n)
{
	struct fp_ferry ferry = {&pool->setup, &pool->queue, &pool->window};

	fp_ferry_give(&ferry, results, n);
}

static void
consume(void *arg)
{
	struct fp_pool *pool = arg;
	const struct fp_options *options = &pool->setup.options;
	const struct fp_result *results[BATCH];
	size_t n;

	while ((n = fp_pool_next(pool, results, BATCH)) > 0) {
		for (size_t i = 0; i < n; i++)
			options->done(options->done_arg, results[i]);
		fp_pool_release(pool, results, n);
	}
}

void
fp_pool_wait(struct fp_pool *pool)
{
	if (!pool->has_consumer)
		return;
	fp_thread_join(&pool->consumer);
	pool->has_consumer = false;
}

void
fp_pool_count(struct fp_pool *pool, size_t *n_running, size_t *n_waiting)
{
	*n_running = fp_crew_n_active(&pool->crew);
	*n_waiting = fp_queue_len(&pool->queue);
}

void
fp_pool_look(struct fp_pool *pool, struct fp_look *look)
{
	memset(look, 0, sizeof(*look));
	fp_queue_look(&pool->queue, look, fp_clock_now_ns());
	fp_crew_look(&pool->crew, look);
	fp_window_look(&pool->window, look);
}

void
fp_pool_forecast(struct fp_pool *pool, struct fp_forecast *forecast)
{
	FP_ASSERT(pool->preview);
	fp_outlook_tell(&pool->preview->outlook, forecast);
	forecast->longest_url = pool->preview->longest_url;
}

/* ---- the end ---- */

void
fp_pool_withdraw(struct fp_pool *pool)
{
	pool->setup.is_withdrawn = true;
}

void
fp_pool_free(struct fp_pool *pool)
{
	if (!pool)
		return;
	if (pool->has_window)
		fp_window_dismiss(&pool->window);
	if (pool->has_queue)
		fp_pool_cancel(pool, FP_CANCEL_ALL);
	fp_crew_join(&pool->crew);
	fp_pool_wait(pool);
	if (pool->setup.bearer)
		fp_bearer_destroy(pool->setup.bearer);
	fp_rateredis_stop(pool->setup.rate_count.redis);
	fp_crew_destroy(&pool->crew);
	if (pool->has_queue)
		fp_queue_destroy(&pool->queue);
	if (pool->has_window)
		fp_window_destroy(&pool->window);
	fp_preview_free(pool->preview);
	fp_request_destroy(&pool->locator);
	fp_setup_destroy(&pool->setup);
	free(pool);
	curl_global_cleanup();
}
