/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include "tap.h"

static int n_calls;
static void *last_called;

static void
count_call(void *arg)
{
	n_calls++;
	last_called = arg;
}

static size_t
list_len(const struct fp_ticket *list)
{
	size_t n = 0;

	for (; list; list = list->next)
		n++;
	return n;
}

static void
first_in_first_out(void)
{
	struct fp_queue queue;
	struct fp_ticket tickets[3];
	struct fp_waiter waiter = {.wake = count_call};
	size_t n;
	bool over;

	CHECK(fp_queue_init(&queue, 3) == 0);

	/* Round the ring more than once. */
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++)
			CHECK(fp_queue_push(&queue, &tickets[i]));
		CHECK(fp_queue_len(&queue) == 3);
		struct fp_ticket *list =
			fp_queue_take(&queue, 2, &waiter, &n, &over);
		CHECK(n == 2 && !over && list_len(list) == 2);
		CHECK(list == &tickets[0] && list->next == &tickets[1]);
		list = fp_queue_take(&queue, 1, &waiter, &n, &over);
		CHECK(n == 1 && list == &tickets[2] && !list->next);
	}
	CHECK(!waiter.waits);
	fp_queue_destroy(&queue);
}

static void
only_those_with_room_are_called(void)
{
	struct fp_queue queue;
	struct fp_ticket tickets[4];
	struct fp_waiter waiter = {.wake = count_call};
	size_t n;
	bool over;

	n_calls = 0;
	CHECK(fp_queue_init(&queue, 4) == 0);
	CHECK(fp_queue_push(&queue, &tickets[0]));
	CHECK(n_calls == 0);

	/* It gets all that it wanted: it is full, and not to be disturbed. */
	CHECK(fp_queue_take(&queue, 1, &waiter, &n, &over) && n == 1);
	CHECK(fp_queue_push(&queue, &tickets[1]));
	CHECK(n_calls == 0);

	/* It gets less: it is called once, however much comes. */
	CHECK(fp_queue_take(&queue, 2, &waiter, &n, &over) && n == 1);
	CHECK(fp_queue_push(&queue, &tickets[2]));
	CHECK(fp_queue_push(&queue, &tickets[3]));
	CHECK(n_calls == 1);
	CHECK(fp_queue_take(&queue, 9, &waiter, &n, &over) && n == 2);

	/* Asking again does not put it on the list twice. */
	CHECK(!fp_queue_take(&queue, 9, &waiter, &n, &over) && n == 0);
	CHECK(fp_queue_push(&queue, &tickets[0]));
	CHECK(fp_queue_push(&queue, &tickets[1]));
	CHECK(n_calls == 2);
	CHECK(fp_queue_take(&queue, 2, &waiter, &n, &over) && n == 2);
	fp_queue_destroy(&queue);
}

static void
the_last_that_came_is_called_first(void)
{
	struct fp_queue queue;
	struct fp_ticket tickets[2];
	int a, b;
	struct fp_waiter first = {.wake = count_call, .arg = &a};
	struct fp_waiter second = {.wake = count_call, .arg = &b};
	size_t n;
	bool over;

	CHECK(fp_queue_init(&queue, 2) == 0);
	fp_queue_take(&queue, 1, &first, &n, &over);
	fp_queue_take(&queue, 1, &second, &n, &over);
	CHECK(fp_queue_push(&queue, &tickets[0]));
	CHECK(last_called == &b);
	CHECK(fp_queue_push(&queue, &tickets[1]));
	CHECK(last_called == &a);
	fp_queue_take(&queue, 2, &first, &n, &over);
	fp_queue_destroy(&queue);
}

static void
close_calls_all(void)
{
	struct fp_queue queue;
	struct fp_ticket ticket;
	struct fp_waiter waiters[3];
	size_t n;
	bool over = true;

	n_calls = 0;
	CHECK(fp_queue_init(&queue, 1) == 0);
	for (int i = 0; i < 3; i++) {
		waiters[i] = (struct fp_waiter){.wake = count_call};
		fp_queue_take(&queue, 1, &waiters[i], &n, &over);
		CHECK(!over);
	}
	CHECK(fp_queue_push(&queue, &ticket));
	n_calls = 0;
	fp_queue_close(&queue);
	CHECK(n_calls == 2);
	CHECK(!fp_queue_push(&queue, &ticket));

	/* What is there is still given; only then it is over. */
	CHECK(fp_queue_take(&queue, 1, &waiters[0], &n, &over) == &ticket);
	CHECK(over);
	CHECK(!fp_queue_take(&queue, 1, &waiters[0], &n, &over) && over);
	CHECK(!waiters[0].waits);
	fp_queue_destroy(&queue);
}

static void
cancel_gives_everything_back(void)
{
	struct fp_queue queue;
	struct fp_ticket tickets[3];
	struct fp_waiter waiter = {.wake = count_call};
	size_t n;
	bool over;

	CHECK(fp_queue_init(&queue, 3) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(fp_queue_push(&queue, &tickets[i]));
	struct fp_ticket *list = fp_queue_cancel(&queue);
	CHECK(list_len(list) == 3 && list == &tickets[0]);
	CHECK(!fp_queue_push(&queue, &tickets[0]));
	CHECK(!fp_queue_take(&queue, 1, &waiter, &n, &over) && over);
	CHECK(!fp_queue_cancel(&queue));
	fp_queue_destroy(&queue);
}

int
main(void)
{
	run("first in, first out, round the ring", first_in_first_out);
	run("only those with room are called, and once",
		only_those_with_room_are_called);
	run("the last that came is called first",
		the_last_that_came_is_called_first);
	run("closing calls all that wait", close_calls_all);
	run("cancelling gives everything back", cancel_gives_everything_back);
	return done();
}
