/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include "tap.h"
#include "ticketmaker.h"

#include <errno.h>

#define N 4

static int n_calls;
static void *last_called;

static void
count_call(void *arg)
{
	n_calls++;
	last_called = arg;
}

static struct fp_queue queue;
static struct fp_ticket *tickets[N];

static void
set_up(const char *rate)
{
	struct fp_schedule_rules rules = {
		.capacity = N,
		.origin = {.jobs = N, .host_jobs = N, .waiting_max = N},
	};

	n_calls = 0;
	CHECK(!rate || fp_rates_parse(rate, &rules.rates) == 0);
	CHECK(fp_queue_init(&queue, &rules) == 0);
	for (int i = 0; i < N; i++)
		tickets[i] = make_ticket("http://127.0.0.1/");
}

static bool
push(int i)
{
	tickets[i]->stage = FP_STAGE_TAKEN; /* by its next item */
	return fp_queue_push(&queue, tickets[i]) == 0;
}

/* What a loop with so much room gets at this time. */
static struct fp_take
take_at(struct fp_waiter *waiter, size_t max, int64_t now_ns)
{
	struct fp_take take = {
		.waiter = waiter,
		.max = max,
		.n_strangers = N,
		.now_ns = now_ns,
	};

	fp_queue_take(&queue, &take);
	CHECK(list_len(take.items) == take.n && !take.refused);
	return take;
}

static struct fp_take
take(struct fp_waiter *waiter, size_t max)
{
	return take_at(waiter, max, 1);
}

static void
end_all(struct fp_ticket *list)
{
	bool has_news;

	while (list) {
		struct fp_ticket *ticket = list;
		list = ticket->next;
		ticket->next = NULL;
		CHECK(fp_queue_end(&queue, ticket, 1, &has_news) == ticket);
	}
}

static void
tear_down(void)
{
	fp_queue_cancel(&queue, 1);
	for (int i = 0; i < N; i++) {
		if (tickets[i]->origin)
			end_all(tickets[i]);
	}
	fp_queue_destroy(&queue);
	free_tickets(tickets, N);
}

static void
first_in_first_out(void)
{
	struct fp_waiter waiter = {.wake = count_call};

	set_up(NULL);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++)
			CHECK(push(i));
		CHECK(fp_queue_len(&queue) == 3);
		struct fp_take first = take(&waiter, 2);
		CHECK(first.n == 2 && !first.is_over);
		CHECK(first.items == tickets[0] &&
			first.items->next == tickets[1]);
		struct fp_take second = take(&waiter, 1);
		CHECK(second.n == 1 && second.items == tickets[2]);
		end_all(first.items);
		end_all(second.items);
	}
	CHECK(!waiter.waits);
	tear_down();
}

static void
only_those_with_room_are_called(void)
{
	struct fp_waiter waiter = {.wake = count_call};

	set_up(NULL);
	CHECK(push(0));
	CHECK(n_calls == 0);

	/* It gets all that it wanted: it is full, and not to be disturbed. */
	CHECK(take(&waiter, 1).n == 1);
	CHECK(push(1));
	CHECK(n_calls == 0);

	/* It gets less: it is called once, however much comes. */
	CHECK(take(&waiter, 2).n == 1);
	CHECK(push(2));
	CHECK(push(3));
	CHECK(n_calls == 1);
	CHECK(take(&waiter, 9).n == 2);

	/* Asking again does not put it on the list twice. */
	CHECK(take(&waiter, 9).n == 0);
	end_all(tickets[0]);
	end_all(tickets[1]);
	CHECK(push(0));
	CHECK(push(1));
	CHECK(n_calls == 2);
	CHECK(take(&waiter, 2).n == 2);
	tear_down();
}

static void
who_became_full_is_not_called(void)
{
	int a, b;
	struct fp_waiter idle = {.wake = count_call, .arg = &a};
	struct fp_waiter full = {.wake = count_call, .arg = &b};

	set_up(NULL);
	CHECK(take(&idle, 1).n == 0);
	CHECK(take(&full, 1).n == 0);
	CHECK(push(0));
	CHECK(last_called == &b);
	CHECK(take(&full, 2).n == 1);
	CHECK(push(1));
	CHECK(take(&full, 1).n == 1);
	CHECK(push(2));
	CHECK(last_called == &a);
	tear_down();
}

static void
who_leaves_something_calls_another(void)
{
	int a, b;
	struct fp_waiter idle = {.wake = count_call, .arg = &a};
	struct fp_waiter busy = {.wake = count_call, .arg = &b};

	set_up(NULL);
	CHECK(take(&idle, 2).n == 0);
	CHECK(take(&busy, 1).n == 0);
	CHECK(push(0));
	CHECK(push(1));
	CHECK(take(&idle, 1).n == 1);
	n_calls = 0;
	CHECK(push(2));
	CHECK(take(&busy, 1).n == 1);
	CHECK(n_calls == 0);
	CHECK(take(&idle, 2).n == 1);
	CHECK(take(&busy, 0).n == 0);
	CHECK(push(3));
	CHECK(n_calls == 1 && last_called == &a);
	CHECK(take(&busy, 0).n == 0);
	CHECK(n_calls == 1);
	tear_down();
}

static void
one_of_them_comes_back_in_time(void)
{
	struct fp_waiter first = {.wake = count_call};
	struct fp_waiter second = {.wake = count_call};

	set_up("1/s");
	CHECK(push(0));
	CHECK(push(1));
	CHECK(take_at(&first, 1, 5).items == tickets[0]);
	CHECK(take_at(&first, 1, 5).n == 0);
	tickets[0]->start.state = FP_START_FIRED;
	fp_queue_fire(&queue, tickets[0], 6);
	struct fp_take take = take_at(&first, 1, 7);
	CHECK(take.n == 0 && take.due_ns > FP_NS_PER_S &&
		take.due_ns < 2 * FP_NS_PER_S);
	CHECK(take_at(&second, 1, 7).due_ns == INT64_MAX);

	/* It comes back, and finds no room: the other is called. */
	n_calls = 0;
	struct fp_take full = take_at(&first, 0, take.due_ns);
	CHECK(full.n == 0 && full.due_ns == INT64_MAX);
	CHECK(n_calls == 1);
	CHECK(take_at(&second, 1, take.due_ns).n == 1);
	tear_down();
}

/* A loop that is full does not go round and round for what is due. */
static void
who_is_full_calls_another_in_time(void)
{
	struct fp_waiter full = {.wake = count_call};
	struct fp_waiter idle = {.wake = count_call};
	bool has_news;

	set_up(NULL);
	CHECK(push(0));
	CHECK(take(&full, 1).n == 1);
	CHECK(take(&idle, 1).n == 0);
	tickets[0]->again.how = FP_AGAIN_FREE;
	tickets[0]->again.wait_ns = 100;
	CHECK(!fp_queue_end(&queue, tickets[0], 1, &has_news));
	CHECK(take_at(&full, 0, 1).due_ns == 101);
	n_calls = 0;
	CHECK(take_at(&full, 0, 101).due_ns == INT64_MAX);
	CHECK(n_calls == 1 && !idle.waits);
	CHECK(take_at(&idle, 1, 101).n == 1);
	tickets[0]->again.how = FP_AGAIN_NO;
	end_all(tickets[0]);
	tear_down();
}

/* One that has no place for a look-up calls one that has. */
static void
who_knows_no_name_calls_who_can_ask(void)
{
	int a, b;
	struct fp_waiter able = {.wake = count_call, .arg = &a};
	struct fp_waiter third = {.wake = count_call};
	struct fp_waiter other = {.wake = count_call, .arg = &b};
	struct fp_take take = {.waiter = &third, .max = 2, .now_ns = 1};

	set_up(NULL);
	CHECK(fp_buf_set(&tickets[0]->url, "http://x.test/", 14) == 0);
	CHECK(take_at(&able, 2, 1).n == 0);
	fp_queue_take(&queue, &take);
	take.waiter = &other;
	fp_queue_take(&queue, &take);
	CHECK(take.n == 0 && able.waits && third.waits && other.waits);
	CHECK(push(0));
	CHECK(n_calls == 1 && last_called == &b);
	fp_queue_take(&queue, &take);
	CHECK(take.n == 0 && n_calls == 2 && last_called == &a);
	fp_queue_take(&queue, &take);
	CHECK(take.n == 0 && n_calls == 2);
	CHECK(take_at(&able, 2, 1).n == 1);
	CHECK(n_calls == 2);
	tear_down();
}

/* Who can ask for no name any more stays the watcher, for those who can. */
static void
a_name_that_waits_for_a_start_is_watched(void)
{
	struct fp_waiter able = {.wake = count_call};
	struct fp_waiter watcher = {.wake = count_call};
	struct fp_take take = {.waiter = &watcher, .max = 1, .now_ns = 7};

	set_up("1/s");
	CHECK(fp_buf_set(&tickets[1]->url, "http://x.test/", 14) == 0);
	CHECK(push(0));
	CHECK(take_at(&able, 1, 5).items == tickets[0]);
	tickets[0]->start.state = FP_START_FIRED;
	fp_queue_fire(&queue, tickets[0], 6);
	CHECK(push(1));
	int64_t due_ns = take_at(&watcher, 1, 7).due_ns;
	CHECK(due_ns > FP_NS_PER_S && due_ns < 2 * FP_NS_PER_S);
	CHECK(take_at(&able, 1, 7).n == 0 && able.waits);

	fp_queue_take(&queue, &take);
	CHECK(take.n == 0 && take.due_ns == due_ns);
	n_calls = 0;
	take.now_ns = due_ns;
	fp_queue_take(&queue, &take);
	CHECK(n_calls == 1 && !able.waits);
	CHECK(take_at(&able, 1, due_ns).n == 1);
	tear_down();
}

/* Who hears that it is over goes away. */
static void
who_goes_away_is_no_watcher(void)
{
	struct fp_waiter stays = {.wake = count_call};
	struct fp_waiter goes = {.wake = count_call};
	bool has_news;

	set_up(NULL);
	CHECK(push(0));
	CHECK(take(&stays, 1).items == tickets[0]);
	fp_queue_close(&queue);
	queue.schedule.starts.settle_ns = 50;
	CHECK(take(&goes, 1).is_over);
	queue.schedule.starts.settle_ns = 0;

	/* But another one has an item that goes on. */
	tickets[0]->again.how = FP_AGAIN_FREE;
	tickets[0]->again.wait_ns = 100;
	CHECK(!fp_queue_end(&queue, tickets[0], 60, &has_news));
	CHECK(take_at(&stays, 1, 60).due_ns == 160);
	CHECK(take_at(&stays, 1, 160).n == 1);
	tear_down();
}

static void
the_last_that_came_is_called_first(void)
{
	int a, b;
	struct fp_waiter first = {.wake = count_call, .arg = &a};
	struct fp_waiter second = {.wake = count_call, .arg = &b};

	set_up(NULL);
	take(&first, 1);
	take(&second, 1);
	CHECK(push(0));
	CHECK(last_called == &b);
	CHECK(push(1));
	CHECK(last_called == &a);
	tear_down();
}

static void
close_calls_all(void)
{
	struct fp_waiter waiters[3];

	set_up(NULL);
	for (int i = 0; i < 3; i++) {
		waiters[i] = (struct fp_waiter){.wake = count_call};
		CHECK(!take(&waiters[i], 1).is_over);
	}
	CHECK(push(0));
	n_calls = 0;
	fp_queue_close(&queue);
	CHECK(n_calls == 2);
	errno = 0;
	CHECK(!push(1) && errno == ECANCELED);

	/* What is there is still given; only then it is over. */
	struct fp_take last = take(&waiters[0], 1);
	CHECK(last.items == tickets[0] && last.is_over);
	last = take(&waiters[0], 1);
	CHECK(!last.items && last.is_over);
	CHECK(!waiters[0].waits);
	tear_down();
}

static void
who_waits_for_the_last_item_is_called(void)
{
	int a, b;
	struct fp_waiter first = {.wake = count_call, .arg = &a};
	struct fp_waiter second = {.wake = count_call, .arg = &b};
	bool has_news;

	/* An item that has to wait keeps the queue open for all. */
	set_up(NULL);
	CHECK(push(0));
	CHECK(take(&first, 1).n == 1);
	fp_queue_close(&queue);
	tickets[0]->again.how = FP_AGAIN_FREE;
	tickets[0]->again.wait_ns = 100;
	CHECK(!fp_queue_end(&queue, tickets[0], 1, &has_news));
	CHECK(!take_at(&second, 1, 50).is_over);
	struct fp_take again = take_at(&first, 1, 50);
	CHECK(!again.is_over && again.n == 0);
	n_calls = 0;
	again = take_at(&first, 1, 101);
	CHECK(again.n == 1 && again.is_over);
	CHECK(n_calls == 1 && last_called == &b);
	tear_down();
}

static void
cancel_gives_everything_back(void)
{
	struct fp_waiter waiter = {.wake = count_call};
	bool has_news;

	set_up(NULL);
	for (int i = 0; i < N; i++)
		CHECK(push(i));
	struct fp_take before = take(&waiter, 1);
	struct fp_ticket *list = fp_queue_cancel(&queue, 1);
	CHECK(list_len(list) == N - 1 && list == tickets[1]);
	CHECK(!push(1));
	struct fp_take after = take(&waiter, 1);
	CHECK(!after.items && after.is_over);
	CHECK(!fp_queue_cancel(&queue, 1));

	/* What was taken before does not go on. */
	before.items->again.how = FP_AGAIN_FREE;
	CHECK(fp_queue_end(&queue, before.items, 1, &has_news) == before.items);
	CHECK(before.items->result.kind == FP_KIND_STOPPED);
	tear_down();
}

int
main(void)
{
	run("first in, first out", first_in_first_out);
	run("only those with room are called, and once",
		only_those_with_room_are_called);
	run("who became full is not called", who_became_full_is_not_called);
	run("who leaves something calls another",
		who_leaves_something_calls_another);
	run("one of them comes back in time", one_of_them_comes_back_in_time);
	run("who is full calls another in time",
		who_is_full_calls_another_in_time);
	run("who knows no name calls who can ask",
		who_knows_no_name_calls_who_can_ask);
	run("a name that waits for a start is watched",
		a_name_that_waits_for_a_start_is_watched);
	run("who goes away is no watcher", who_goes_away_is_no_watcher);
	run("the last that came is called first",
		the_last_that_came_is_called_first);
	run("closing calls all that wait", close_calls_all);
	run("who waits for the last item is called",
		who_waits_for_the_last_item_is_called);
	run("cancelling gives everything back", cancel_gives_everything_back);
	return done();
}
