/* SPDX-License-Identifier: MIT */
#include "window.h"

#include "clock.h"
#include "queue.h"
#include "tap.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

static const struct fp_result *
one(struct fp_window *window)
{
	const struct fp_result *result = NULL;

	return fp_window_next(window, &result, 1) == 1 ? result : NULL;
}

static void
unordered_gives_as_finished(void)
{
	struct fp_window window;
	struct fp_ticket *tickets[3];
	const struct fp_result *results[3];
	struct fp_look look = {.n_ended = 9};

	CHECK(fp_window_init(&window, 3, false) == 0);
	for (int i = 0; i < 3; i++) {
		tickets[i] = fp_window_take(&window);
		CHECK(tickets[i]->result.seq == (uint64_t)i + 1);
	}
	tickets[0]->result.kind = FP_KIND_STOPPED;
	tickets[1]->result.kind = FP_KIND_HTTP;
	fp_window_put(&window, tickets[2]);
	fp_window_put(&window, tickets[0]);
	CHECK(fp_window_next(&window, results, 3) == 2);
	CHECK(results[0]->seq == 3 && results[1]->seq == 1);
	fp_window_give(&window, results, 2);
	CHECK(window.n_out == 1);
	fp_window_put(&window, tickets[1]);
	fp_window_close(&window);
	CHECK(fp_window_next(&window, results, 3) == 1);
	fp_window_give(&window, results, 1);
	CHECK(fp_window_next(&window, results, 3) == 0);
	CHECK(window.n_out == 0 && window.n_out_max == 3);
	fp_window_look(&window, &look);
	CHECK(look.n_ended == 2 && look.n_failed == 1);
	fp_window_destroy(&window);
}

static void
ordered_gives_in_order(void)
{
	struct fp_window window;
	struct fp_ticket *tickets[4];
	const struct fp_result *results[4];

	CHECK(fp_window_init(&window, 4, true) == 0);
	for (int i = 0; i < 4; i++)
		tickets[i] = fp_window_take(&window);
	tickets[3]->next = tickets[1];
	fp_window_put(&window, tickets[3]);
	fp_window_put(&window, tickets[0]);
	CHECK(fp_window_next(&window, results, 4) == 2);
	CHECK(results[0]->seq == 1 && results[1]->seq == 2);
	fp_window_put(&window, tickets[2]);
	CHECK(fp_window_next(&window, results + 2, 4) == 2);
	CHECK(results[2]->seq == 3 && results[3]->seq == 4);
	fp_window_give(&window, results, 4);
	CHECK(window.n_out == 0);
	fp_window_destroy(&window);
}

static void
tickets_come_back_clean(void)
{
	struct fp_window window;
	const struct fp_result *result;

	CHECK(fp_window_init(&window, 1, true) == 0);
	struct fp_ticket *ticket = fp_window_take(&window);
	fp_buf_add_text(&ticket->body, "something");
	fp_ticket_fail(ticket, FP_KIND_HTTP, "404 Not Found");
	fp_window_put(&window, ticket);
	result = one(&window);
	CHECK(result && result->kind == FP_KIND_HTTP);
	CHECK_TEXT(result->message, "404 Not Found");
	fp_window_give(&window, &result, 1);
	CHECK(fp_window_take(&window) == ticket);
	CHECK(ticket->result.kind == FP_KIND_OK && !ticket->result.message);
	CHECK(ticket->body.len == 0 && ticket->result.seq == 2);
	fp_window_destroy(&window);
}

static void
take_in_thread(void *arg)
{
	errno = 0;
	CHECK(fp_window_take(arg) == NULL && errno == ECANCELED);
}

static void
cancel_wakes_the_taker(void)
{
	struct fp_window window;
	struct fp_thread thread;
	const struct fp_result *result;

	CHECK(fp_window_init(&window, 1, false) == 0);
	struct fp_ticket *ticket = fp_window_take(&window);
	CHECK(fp_thread_start(&thread, 0, take_in_thread, &window) == 0);
	fp_window_cancel(&window);
	fp_thread_join(&thread);
	fp_window_put(&window, ticket);
	CHECK(one(&window) == &ticket->result);
	CHECK(fp_window_next(&window, &result, 1) == 0);
	fp_window_destroy(&window);
}

static void
give_ends(void *arg)
{
	const struct fp_result *result;

	CHECK(fp_window_next(arg, &result, 1) == 0);
}

static void
untaken_leaves_no_gap(void)
{
	struct fp_window window;
	struct fp_thread thread;

	for (int in_order = 0; in_order < 2; in_order++) {
		CHECK(fp_window_init(&window, 2, in_order) == 0);
		struct fp_ticket *first = fp_window_take(&window);
		struct fp_ticket *lost = fp_window_take(&window);
		fp_buf_add_text(&lost->input, "half of it");
		fp_window_untake(&window, lost);
		CHECK(window.n_out == 1 && lost->input.len == 0);
		struct fp_ticket *second = fp_window_take(&window);
		CHECK(second == lost && second->result.seq == 2);
		fp_window_put(&window, first);
		fp_window_put(&window, second);
		const struct fp_result *results[2];
		CHECK(fp_window_next(&window, results, 2) == 2);
		fp_window_give(&window, results, 2);

		/* The last one, when the end is waited for. */
		lost = fp_window_take(&window);
		fp_window_close(&window);
		CHECK(fp_thread_start(&thread, 0, give_ends, &window) == 0);
		fp_window_untake(&window, lost);
		fp_thread_join(&thread);
		fp_window_destroy(&window);
	}
}

static void
loops_drain_when_nobody_else_has_any(void)
{
	struct fp_window window;
	struct fp_ticket *tickets[6];
	const struct fp_result *results[FP_WINDOW_BATCH], *more[2];

	CHECK(fp_window_init(&window, 6, true) == 0);
	for (int i = 0; i < 6; i++)
		tickets[i] = fp_window_take(&window);
	CHECK(fp_window_is_full(&window));
	CHECK(fp_window_drain(&window, results) == 0);
	fp_window_leave(&window, tickets[0]);
	fp_window_leave(&window, tickets[1]);

	/* Neither another loop nor the consumer comes in between. */
	CHECK(fp_window_drain(&window, results) == 2);
	fp_window_leave(&window, tickets[2]);
	CHECK(fp_window_drain(&window, more) == 0);
	fp_window_drained(&window, results, 2);
	CHECK(!fp_window_is_full(&window) && window.n_out == 4);

	/* What is left comes first, and alone. */
	CHECK(fp_window_drain(&window, results) == 1);
	fp_window_leave(&window, tickets[3]);
	fp_window_leave_lent(&window, results, 1);
	CHECK(fp_window_drain(&window, results) == 0);
	CHECK(fp_window_next(&window, more, 2) == 1 && more[0]->seq == 3);
	CHECK(fp_window_drain(&window, results) == 0);
	fp_window_give(&window, more, 1);
	CHECK(fp_window_drain(&window, results) == 1);
	CHECK(results[0]->seq == 4);
	fp_window_drained(&window, results, 1);

	fp_window_cancel(&window);
	CHECK(!fp_window_is_full(&window));
	fp_window_leave(&window, tickets[4]);
	fp_window_leave(&window, tickets[5]);
	CHECK(fp_window_drain(&window, results) == 2);
	fp_window_drained(&window, results, 2);
	CHECK(fp_window_next(&window, more, 2) == 0);
	fp_window_destroy(&window);
}

static void
hunger_is_told_once(void)
{
	struct fp_window window;
	const struct fp_result *result;

	CHECK(fp_window_init(&window, 1, false) == 0);
	window.is_fed = true;
	CHECK(fp_window_hunger(&window) && fp_window_sate(&window));
	CHECK(!fp_window_sate(&window));
	struct fp_ticket *ticket = fp_window_take(&window);
	CHECK(!fp_window_hunger(&window) && !fp_window_hunger(&window));
	fp_window_leave(&window, ticket);
	CHECK(fp_window_drain(&window, &result) == 1);
	fp_window_drained(&window, &result, 1);
	CHECK(fp_window_sate(&window) && fp_window_hunger(&window));
	fp_window_destroy(&window);
}

struct summons {
	int n;
	bool is_over;
};

static void
count_summons(void *arg, bool is_over)
{
	struct summons *summons = arg;

	summons->n++;
	summons->is_over = is_over;
}

static void
consumer_is_summoned_for_what_is_left(void)
{
	struct summons summons = {0, false};
	struct fp_window window;
	struct fp_ticket *tickets[3];
	const struct fp_result *results[FP_WINDOW_BATCH];

	CHECK(fp_window_init(&window, 3, true) == 0);
	fp_window_summon_by(&window, count_summons, &summons);
	for (int i = 0; i < 3; i++)
		tickets[i] = fp_window_take(&window);
	fp_window_put(&window, tickets[1]); /* not the next */
	fp_window_call(&window);
	fp_window_leave(&window, tickets[0]);
	CHECK(fp_window_drain(&window, results) == 2 && summons.n == 0);

	/* A loop that has results sees to what comes meanwhile. */
	fp_window_put(&window, tickets[2]);
	fp_window_close(&window);
	CHECK(summons.n == 0);
	fp_window_drained(&window, results, 2);
	CHECK(summons.n == 0);
	CHECK(fp_window_drain(&window, results) == 1);
	fp_window_leave_lent(&window, results, 1);
	CHECK(summons.n == 1 && !summons.is_over);
	CHECK(fp_window_next(&window, results, 3) == 1);
	fp_window_give(&window, results, 1);
	CHECK(fp_window_next(&window, results, 3) == 0);
	fp_window_cancel(&window);
	CHECK(summons.n == 1);
	fp_window_destroy(&window);
}

static void
nobody_is_summoned_where_loops_write_all(void)
{
	for (int how = 0; how < 4; how++) {
		struct summons summons = {0, false};
		struct fp_window window;
		const struct fp_result *result;

		CHECK(fp_window_init(&window, 1, how & 1) == 0);
		fp_window_summon_by(&window, count_summons, &summons);
		if (how & 2)
			fp_window_dismiss(&window);
		struct fp_ticket *ticket = fp_window_take(&window);
		fp_window_close(&window);
		fp_window_leave(&window, ticket);
		CHECK(fp_window_drain(&window, &result) == 1);
		CHECK(summons.n == 0);
		fp_window_drained(&window, &result, 1);
		CHECK(summons.n == (how & 2 ? 0 : 1));
		CHECK(summons.is_over == !(how & 2));
		fp_window_cancel(&window);
		CHECK(summons.n == (how & 2 ? 0 : 1));
		fp_window_destroy(&window);
	}
}

static void
consume_one(void *arg, bool is_over)
{
	const struct fp_result *result = one(arg);

	CHECK(!is_over && result && result->seq == 1);
	fp_window_give(arg, &result, 1);
}

/* Quiet results are all that there is: who would wait for them to be written
 * has them written. */
static void
full_window_summons(void)
{
	struct fp_window window;

	CHECK(fp_window_init(&window, 1, false) == 0);
	fp_window_summon_by(&window, consume_one, &window);
	fp_window_put_quietly(&window, fp_window_take(&window));
	CHECK(fp_window_take(&window) != NULL && window.n_taken == 2);
	fp_window_destroy(&window);
}

/* Takes as long as there is room; how many it was. */
static size_t
take_all(struct fp_window *window, struct fp_ticket **tickets)
{
	size_t n = 0;

	while (!fp_window_is_full(window))
		tickets[n++] = fp_window_take(window);
	return n;
}

static void
give_some(struct fp_window *window, struct fp_ticket **tickets, size_t n)
{
	const struct fp_result *result;

	for (size_t i = 0; i < n; i++) {
		fp_window_leave(window, tickets[i]);
		CHECK(fp_window_drain(window, &result) == 1);
		fp_window_drained(window, &result, 1);
	}
}

static void
enough_is_read_ahead(void)
{
	struct fp_window window;
	struct fp_ticket *tickets[20];

	CHECK(fp_window_init(&window, 20, false) == 0);
	fp_window_be_fed(&window, 8);
	CHECK(take_all(&window, tickets) == 8);

	/* A loop that has too little at that is told that there is room. */
	CHECK(fp_window_hunger(&window) && fp_window_sate(&window));
	CHECK(take_all(&window, tickets + 8) == 12 && window.n_out == 20);
	CHECK(!fp_window_hunger(&window) && !fp_window_hunger(&window));
	CHECK(fp_window_sate(&window));

	/* All places count until fewer than enough are taken. */
	give_some(&window, tickets, 12);
	CHECK(!fp_window_is_full(&window) && window.n_out == 8);
	CHECK(take_all(&window, tickets) == 12);
	give_some(&window, tickets, 13);
	CHECK(window.n_out == 7 && take_all(&window, tickets) == 1);
	CHECK(fp_window_is_full(&window) && window.n_out == 8);

	/* One that has too little while there is room is to fill that. */
	give_some(&window, tickets, 1);
	CHECK(fp_window_hunger(&window) && fp_window_sate(&window));
	CHECK(take_all(&window, tickets) == 1 && window.n_out == 8);

	/* What cannot be handed in without waiting is the taker's to read. */
	fp_window_call_taker(&window);
	CHECK(!fp_window_is_full(&window));
	fp_window_await_room(&window);
	fp_window_cancel(&window);
	fp_window_destroy(&window);
}

static void
places_grow_in_steps(void)
{
	struct fp_window window;
	struct fp_ticket *tickets[400];

	CHECK(fp_window_init(&window, 400, false) == 0);
	fp_window_be_fed(&window, 320);
	CHECK(take_all(&window, tickets) == 320);

	/* An eighth more, and again only when these are taken. */
	CHECK(fp_window_hunger(&window) && fp_window_sate(&window));
	CHECK(fp_window_hunger(&window) && fp_window_sate(&window));
	CHECK(take_all(&window, tickets + 320) == 40);
	CHECK(fp_window_hunger(&window) && fp_window_sate(&window));
	CHECK(take_all(&window, tickets + 360) == 40 && window.n_out == 400);
	CHECK(!fp_window_hunger(&window) && fp_window_sate(&window));
	fp_window_cancel(&window);
	fp_window_destroy(&window);
}

static void
await_room(void *arg)
{
	fp_window_await_room(arg);
}

/* What woke it is what it waits for: it would wait for ever. */
static void
hunger_wakes_the_taker(void)
{
	struct fp_window window;
	struct fp_ticket *tickets[20];
	struct fp_thread thread;
	bool waits = false;

	CHECK(fp_window_init(&window, 20, false) == 0);
	fp_window_be_fed(&window, 8);
	CHECK(take_all(&window, tickets) == 8);
	CHECK(fp_thread_start(&thread, 0, await_room, &window) == 0);
	while (!waits) {
		fp_mutex_lock(&window.lock);
		waits = window.taker_waits;
		fp_mutex_unlock(&window.lock);
	}
	CHECK(fp_window_hunger(&window));
	fp_thread_join(&thread);
	CHECK(take_all(&window, tickets + 8) == 12);
	fp_window_cancel(&window);
	fp_window_destroy(&window);
}

/* ---- stress: everything at once, at random ---- */

#define N_LOOPS 4

struct stress {
	struct fp_window window;
	struct fp_queue queue;
	size_t capacity;
	bool in_order;
	bool cancels;
	uint64_t n_items;
	uint64_t n_submitted;
	uint64_t n_seen, n_stopped;
	atomic_size_t n_held; /* taken and not given back, counted here too */
	atomic_size_t n_held_max;
	unsigned seed;
};

static unsigned
draw(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void
dawdle(unsigned *seed)
{
	unsigned what = draw(seed) % 64;

	if (what == 0) {
		struct timespec pause = {0, (long)(draw(seed) % 50) * 1000};
		nanosleep(&pause, NULL);
	} else if (what < 8) {
		sched_yield();
	}
}

struct stress_loop {
	struct stress *stress;
	struct fp_thread thread;
	struct fp_waiter waiter;
	struct fp_mutex lock;
	struct fp_cond cond;
	bool called;
	unsigned seed;
};

static void
call_loop(void *arg)
{
	struct stress_loop *loop = arg;

	fp_mutex_lock(&loop->lock);
	loop->called = true;
	fp_cond_signal(&loop->cond);
	fp_mutex_unlock(&loop->lock);
}

static void
work(void *arg)
{
	struct stress_loop *loop = arg;
	struct stress *stress = loop->stress;
	bool over = false, has_news;

	while (!over) {
		struct fp_take take = {
			.waiter = &loop->waiter,
			.max = 1 + draw(&loop->seed) % 5,
			.n_strangers = 1,
			.now_ns = 1,
		};
		fp_queue_take(&stress->queue, &take);
		CHECK(!take.refused);
		over = take.is_over;
		while (take.items) {
			struct fp_ticket *ticket = take.items;
			take.items = ticket->next;
			ticket->next = NULL;
			dawdle(&loop->seed);
			ticket->result.attempts++;
			ticket->again.how = FP_AGAIN_NO;
			if (draw(&loop->seed) % 4 == 0)
				ticket->again.how = FP_AGAIN_FREE;
			else if (draw(&loop->seed) % 3 == 0)
				fp_ticket_fail(ticket, FP_KIND_HTTP, "no");
			if (fp_queue_end(&stress->queue, ticket, 1, &has_news))
				fp_window_put(&stress->window, ticket);
			over = false;
		}
		size_t n = take.n;
		if (n < take.max && !take.is_over)
			fp_window_hunger(&stress->window);
		if (n > 0 || over)
			continue;
		fp_mutex_lock(&loop->lock);
		while (!loop->called)
			fp_cond_wait(&loop->cond, &loop->lock);
		loop->called = false;
		fp_mutex_unlock(&loop->lock);
	}
}

static void
submit(void *arg)
{
	struct stress *stress = arg;
	unsigned seed = stress->seed;

	for (uint64_t i = 0; i < stress->n_items; i++) {
		struct fp_ticket *ticket = fp_window_take(&stress->window);
		if (!ticket)
			break;
		size_t held = atomic_fetch_add(&stress->n_held, 1) + 1;
		size_t max = atomic_load(&stress->n_held_max);
		while (held > max && !atomic_compare_exchange_weak(
					     &stress->n_held_max, &max, held))
			;
		stress->n_submitted++;
		char url[40];
		snprintf(url, sizeof(url), "http://127.0.0.1:%u/",
			draw(&seed) % 8);
		CHECK(fp_buf_set(&ticket->url, url, strlen(url)) == 0);
		if (fp_queue_push(&stress->queue, ticket)) {
			fp_ticket_fail(ticket, FP_KIND_STOPPED, "stopped");
			fp_window_put(&stress->window, ticket);
		}
		dawdle(&seed);
	}
	fp_window_close(&stress->window);
	fp_queue_close(&stress->queue);
}

static void
cancel(struct stress *stress)
{
	struct fp_ticket *list = fp_queue_cancel(&stress->queue, 1);

	for (struct fp_ticket *at = list; at; at = at->next)
		fp_ticket_fail(at, FP_KIND_STOPPED, "stopped");
	fp_window_cancel(&stress->window);
	fp_window_put(&stress->window, list);
}

static void
consume(struct stress *stress)
{
	const struct fp_result *results[16];
	unsigned seed = stress->seed + 1;
	uint64_t last = 0;
	size_t n;

	for (;;) {
		n = fp_window_next(
			&stress->window, results, 1 + draw(&seed) % 16);
		if (n == 0)
			break;
		for (size_t i = 0; i < n; i++) {
			if (stress->in_order)
				CHECK(results[i]->seq == last + 1);
			last = results[i]->seq;
			stress->n_seen++;
			stress->n_stopped +=
				results[i]->kind == FP_KIND_STOPPED;
		}
		if (stress->cancels && stress->n_seen > stress->n_items / 2) {
			stress->cancels = false;
			cancel(stress);
		}
		dawdle(&seed);
		atomic_fetch_sub(&stress->n_held, n);
		fp_window_give(&stress->window, results, n);
	}
}

static void
stress_once(size_t capacity, bool in_order, bool cancels, unsigned seed)
{
	struct stress stress = {
		.capacity = capacity,
		.in_order = in_order,
		.cancels = cancels,
		.n_items = 2000,
		.seed = seed,
	};
	struct stress_loop loops[N_LOOPS];
	struct fp_thread submitter;

	CHECK(fp_window_init(&stress.window, capacity, in_order) == 0);
	struct fp_schedule_rules rules = {
		.capacity = capacity,
		.origin = {.jobs = 3, .host_jobs = 3, .waiting_max = capacity},
	};
	CHECK(fp_queue_init(&stress.queue, &rules) == 0);
	for (unsigned i = 0; i < N_LOOPS; i++) {
		loops[i] = (struct stress_loop){
			.stress = &stress,
			.seed = seed * 31 + i,
		};
		loops[i].waiter =
			(struct fp_waiter){.wake = call_loop, .arg = &loops[i]};
		fp_mutex_init(&loops[i].lock);
		fp_cond_init(&loops[i].cond);
		CHECK(fp_thread_start(&loops[i].thread, 0, work, &loops[i]) ==
			0);
	}
	CHECK(fp_thread_start(&submitter, 0, submit, &stress) == 0);
	consume(&stress);
	fp_thread_join(&submitter);
	for (unsigned i = 0; i < N_LOOPS; i++)
		fp_thread_join(&loops[i].thread);

	CHECK(stress.n_seen == stress.n_submitted);
	CHECK(cancels || stress.n_seen == stress.n_items);
	CHECK(cancels || stress.n_stopped == 0);
	CHECK(stress.window.n_out == 0);
	CHECK(stress.window.n_out_max <= capacity);
	CHECK(atomic_load(&stress.n_held_max) <= capacity);
	size_t n_home = 0, n_all = 0;
	for (struct fp_ticket *at = stress.window.home; at; at = at->next)
		n_home++;
	for (struct fp_ticket *at = stress.window.all; at; at = at->older)
		n_all++;
	CHECK(n_home == n_all && n_all <= capacity);
	fp_queue_destroy(&stress.queue);
	fp_window_destroy(&stress.window);
}

static void
stress(void)
{
	static const size_t capacities[] = {1, 2, 3, 7, 64, 1000};

	for (size_t i = 0; i < FP_ARRAY_LEN(capacities); i++) {
		for (unsigned how = 0; how < 4; how++)
			stress_once(capacities[i], how & 1, how & 2,
				(unsigned)i * 4 + how + 1);
	}
}

int
main(void)
{
	run("without order, results come as they finish",
		unordered_gives_as_finished);
	run("in order, a result waits for those before it",
		ordered_gives_in_order);
	run("a ticket that comes home is clean", tickets_come_back_clean);
	run("a cancel wakes the one that waits for room",
		cancel_wakes_the_taker);
	run("an item that never came leaves no gap", untaken_leaves_no_gap);
	run("loops drain when nobody else has any",
		loops_drain_when_nobody_else_has_any);
	run("hunger is told once", hunger_is_told_once);
	run("enough is read ahead, and more when that is not enough",
		enough_is_read_ahead);
	run("more comes in steps", places_grow_in_steps);
	run("hunger wakes a taker that found enough", hunger_wakes_the_taker);
	run("the consumer is summoned for what is left to it",
		consumer_is_summoned_for_what_is_left);
	run("nobody is summoned where loops write everything",
		nobody_is_summoned_where_loops_write_all);
	run("who waits for room has the consumer summoned",
		full_window_summons);
	run("stress: order holds, the bound holds, every ticket comes home",
		stress);
	return done();
}
