/* SPDX-License-Identifier: MIT */
/*
 * When those who wait at the window are woken, and when not yet.
 */
#include "window.h"

#include "tap.h"

#include <sched.h>

#define PLACES 8

struct room {
	struct fp_window window;
	struct fp_thread thread;
	const struct fp_result *results[PLACES];
	struct fp_ticket *ticket; /* what the one that waits got */
};

static void
take_one(void *arg)
{
	struct room *room = arg;

	room->ticket = fp_window_take(&room->window);
}

static bool
waits(struct room *room)
{
	fp_mutex_lock(&room->window.lock);
	bool waits = room->window.taker_waits;
	fp_mutex_unlock(&room->window.lock);
	return waits;
}

/* All places are taken, so many are lent, and a thread waits for one. */
static void
fill_up(struct room *room, size_t n_lent)
{
	struct fp_ticket *tickets[PLACES];

	CHECK(fp_window_init(&room->window, PLACES, false) == 0);
	for (int i = 0; i < PLACES; i++)
		tickets[i] = fp_window_take(&room->window);
	for (size_t i = 0; i < n_lent; i++)
		fp_window_put(&room->window, tickets[i]);
	CHECK(fp_window_next(&room->window, room->results, PLACES) == n_lent);
	CHECK(fp_thread_start(&room->thread, 0, take_one, room) == 0);
	while (!waits(room))
		sched_yield();
}

static void
end_room(struct room *room)
{
	fp_thread_join(&room->thread);
	CHECK(room->ticket != NULL);
	fp_window_destroy(&room->window);
}

static void
a_quarter_is_waited_for(void)
{
	struct room room;

	fill_up(&room, 2);
	fp_window_give(&room.window, room.results, 1);
	CHECK(waits(&room));
	fp_window_give(&room.window, room.results + 1, 1);
	end_room(&room);
}

static void
hunger_takes_any_room(void)
{
	struct room room;

	/* It comes before the place that is free, or after it. */
	fill_up(&room, 1);
	fp_window_hunger(&room.window);
	CHECK(waits(&room));
	fp_window_give(&room.window, room.results, 1);
	end_room(&room);

	fill_up(&room, 1);
	fp_window_give(&room.window, room.results, 1);
	CHECK(waits(&room));
	fp_window_hunger(&room.window);
	end_room(&room);
}

static void
next_in_thread(void *arg)
{
	struct room *room = arg;

	CHECK(fp_window_next(&room->window, room->results, 1) == 1);
}

/* Nobody else could ever make more room, or anything to be given. */
static void
a_consumer_that_has_all_waits_for_none(void)
{
	struct room room;
	struct fp_thread consumer;

	fill_up(&room, PLACES);
	fp_window_give(&room.window, room.results, 1);
	CHECK(waits(&room));
	CHECK(fp_thread_start(&consumer, 0, next_in_thread, &room) == 0);
	fp_thread_join(&room.thread);
	fp_window_put(&room.window, room.ticket);
	fp_thread_join(&consumer);
	fp_window_destroy(&room.window);
}

static bool
consumer_waits(struct fp_window *window)
{
	fp_mutex_lock(&window->lock);
	bool waits = window->consumer_waits;
	fp_mutex_unlock(&window->lock);
	return waits;
}

/* One that was put quietly wakes nobody, until something else does. */
static void
quiet_ones_wait_for_a_call(void)
{
	struct room room;
	struct fp_thread taker, *consumer = &room.thread;
	struct fp_ticket *ticket;

	for (int how = 0; how < 4; how++) {
		CHECK(fp_window_init(&room.window, 1, how & 1) == 0);
		ticket = fp_window_take(&room.window);
		CHECK(fp_thread_start(consumer, 0, next_in_thread, &room) == 0);
		while (!consumer_waits(&room.window))
			sched_yield();
		fp_window_put_quietly(&room.window, ticket);
		CHECK(consumer_waits(&room.window));
		if (how < 2)
			fp_window_call(&room.window);
		else
			CHECK(fp_thread_start(&taker, 0, take_one, &room) == 0);
		fp_thread_join(consumer);
		fp_window_give(&room.window, room.results, 1);
		if (how >= 2) {
			fp_thread_join(&taker);
			CHECK(room.ticket == ticket);
		}
		fp_window_destroy(&room.window);
	}
}

static void
next_until_end(void *arg)
{
	struct room *room = arg;
	size_t n;

	while ((n = fp_window_next(&room->window, room->results, 1)) > 0)
		fp_window_give(&room->window, room->results, n);
}

/* Whoever puts something quietly may hear only from the next take that there is
 * none; and the consumer was woken by the cancel, too early. */
static void
nothing_is_quiet_after_a_cancel(void)
{
	struct room room;

	for (int in_order = 0; in_order < 2; in_order++) {
		CHECK(fp_window_init(&room.window, 2, in_order) == 0);
		struct fp_ticket *ticket = fp_window_take(&room.window);
		CHECK(fp_thread_start(&room.thread, 0, next_until_end, &room) ==
			0);
		while (!consumer_waits(&room.window))
			sched_yield();
		fp_window_cancel(&room.window);
		while (!consumer_waits(&room.window))
			sched_yield();
		fp_window_put_quietly(&room.window, ticket);
		fp_thread_join(&room.thread);
		CHECK(fp_window_take(&room.window) == NULL);
		fp_window_destroy(&room.window);
	}
}

int
main(void)
{
	run("one that waits for room is woken for a quarter of it",
		a_quarter_is_waited_for);
	run("but for any, if a loop has nothing to do", hunger_takes_any_room);
	run("or if the consumer has all, and asks for more",
		a_consumer_that_has_all_waits_for_none);
	run("a result that was put quietly waits for a call",
		quiet_ones_wait_for_a_call);
	run("but not after a cancel", nothing_is_quiet_after_a_cancel);
	return done();
}
