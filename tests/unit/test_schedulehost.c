/* SPDX-License-Identifier: MIT */
/*
 * Items whose host has no address yet or does not answer, and items that wait
 * for a start.
 */
#include "base.h"

#include "scheduletest.h"

#define X "http://x.test/"
#define Y "http://y.test/"
#define Z "http://z.test/"

/* ---- names ---- */

static void
one_looks_a_name_up_for_all(void)
{
	set_rules(100, NULL, NULL);
	set_up();
	n_strangers = 2;
	struct fp_ticket *x = add_item(X), *x2 = add_item(X);
	struct fp_ticket *y = add_item(Y), *z = add_item(Z);
	struct fp_ticket *a = add_item(A);
	CHECK(gives(x, T0));
	CHECK(gives(y, T0) && n_strangers == 0);
	CHECK(gives(a, T0));
	CHECK(!next_item(T0) && !fp_schedule_has_more(&schedule));
	CHECK(fp_schedule_due_ns(&schedule) == INT64_MAX);
	fp_schedule_known(&schedule, x);
	CHECK(gives(x2, T0));
	CHECK(!next_item(T0));

	/* A place is free for another name; y hangs for ever. */
	n_strangers = 1;
	CHECK(gives(z, T0) && n_strangers == 0);
	finish(x, T0);
	finish(x2, T0);
	x = add_item(X);
	struct fp_ticket *y2 = add_item(Y);
	CHECK(gives(x, T0));
	n_strangers = 1;
	CHECK(!next_item(T0) && n_strangers == 1);

	/* Its look-up ends in nothing: the next one tries. */
	meet_silence(y, FP_AGAIN_NO, 0, T0);
	CHECK(gives(y2, T0) && n_strangers == 0);
	finish(x, T0);
	finish(y2, T0);
	finish(z, T0);
	finish(a, T0);
	tear_down();
}

/* An answer over a connection that was there: nobody looked the name up, and
 * nobody has to. */
static void
who_answers_is_known(void)
{
	set_rules(100, NULL, NULL);
	set_up();
	struct fp_ticket *items[3];
	for (int i = 0; i < 3; i++)
		items[i] = add_item(X);
	CHECK(gives(items[0], T0));
	CHECK(!next_item(T0));
	finish(items[0], T0);
	n_strangers = 0;
	CHECK(gives(items[1], T0));
	CHECK(gives(items[2], T0));

	/* A name that cannot be resolved any more is a stranger again. */
	CHECK(end_item(items[1], FP_AGAIN_FREE, 1,
		(struct fp_report){
			.heard = FP_HEARD_SILENCE, .kind = FP_KIND_DNS},
		T0));
	CHECK(!next_item(T0 + 1));
	n_strangers = 1;
	CHECK(gives(items[1], T0 + 1) && n_strangers == 0);
	finish(items[1], T0 + 1);
	finish(items[2], T0 + 1);
	tear_down();
}

/* Items wait for a place among the look-ups, and another item of their origin
 * takes one first: then they need none any more. */
static void
who_waits_for_a_place_hears_of_others(void)
{
	set_rules(100, NULL, NULL);
	set_up();
	struct fp_ticket *one = add_item(X), *two;
	CHECK(gives(one, T0));
	meet_silence(one, FP_AGAIN_FREE, 10, T0);
	two = add_item(X);
	n_strangers = 0;
	CHECK(!next_item(T0) && !TAILQ_EMPTY(&schedule.strange));
	n_strangers = 1;
	schedule.due_was_last = false;
	CHECK(gives(one, T0 + 10)); /* it is due, and goes before */
	fp_schedule_known(&schedule, one);
	CHECK(n_strangers == 0 && fp_schedule_has_more(&schedule));
	CHECK(gives(two, T0 + 10));
	finish(one, T0);
	finish(two, T0);
	tear_down();
}

/* ---- hosts that do not answer ---- */

/* Gives out what it has, at most n, and lets them all meet silence. */
static unsigned
all_meet_silence(unsigned n, enum fp_again_how again, int64_t now_ns)
{
	struct fp_ticket *given[100];
	unsigned n_given = 0;

	while (n_given < n && (given[n_given] = next_item(now_ns)))
		n_given++;
	for (unsigned i = 0; i < n_given; i++)
		meet_silence(given[i], again, 1 * S, now_ns + 1);
	return n_given;
}

static void
add_items(const char *url, int n)
{
	for (int i = 0; i < n; i++)
		add_item(url);
}

static void
those_that_were_tried_decide(void)
{
	set_rules(10, NULL, NULL);
	set_up();
	add_items(A, 30);
	CHECK(all_meet_silence(5, FP_AGAIN_FREE, T0) == 5);
	CHECK(!next_item(T0 + 1));
	for (int i = 1; i < 4; i++)
		CHECK(all_meet_silence(9, FP_AGAIN_FREE, T0 + i * 2 * S) == 5);
	CHECK(all_meet_silence(1, FP_AGAIN_NO, T0 + 9 * S) == 1);
	CHECK(fp_schedule_has_more(&schedule));
	CHECK(!next_item(T0 + 10 * S));
	CHECK(take_refused() == 29 && schedule.n_items == 0);

	/* 30 s later one finds out, and the others fail at once. */
	add_items(A, 3);
	struct fp_ticket *probe = next_item(T0 + 40 * S);
	CHECK(probe && probe->is_probe && !next_item(T0 + 40 * S));
	CHECK(take_refused() == 2);
	finish(probe, T0 + 40 * S);
	add_items(A, 3);
	CHECK(all_meet_silence(9, FP_AGAIN_NO, T0 + 40 * S) == 3);
	tear_down();
}

/* However those end that were tried, somebody else does not wait for them. */
static void
nobody_waits_for_nobody(void)
{
	struct fp_ticket *given[5];

	set_rules(10, NULL, NULL);
	set_up();
	add_items(A, 9);
	for (int i = 0; i < 5; i++)
		given[i] = next_item(T0);
	for (int i = 0; i < 5; i++)
		meet_silence(given[i], FP_AGAIN_FREE, 1 * S, T0);
	CHECK(!next_item(T0));
	for (int i = 0; i < 5; i++) {
		struct fp_ticket *ticket = next_item(T0 + 2 * S);
		CHECK(ticket && ticket->result.n_tries == 1);
		CHECK(!end_item(ticket, FP_AGAIN_NO, 0,
			(struct fp_report){.kind = FP_KIND_TLS}, T0 + 2 * S));
		fp_ticket_free(ticket);
	}
	struct fp_ticket *another = next_item(T0 + 2 * S);
	CHECK(another && another->result.n_tries == 0);
	CHECK(!next_item(T0 + 2 * S));
	meet_silence(another, FP_AGAIN_NO, 0, T0 + 2 * S);
	CHECK(!next_item(T0 + 2 * S));

	/* After some seconds that decides. */
	CHECK(fp_schedule_due_ns(&schedule) == T0 + 3 * S);
	another = next_item(T0 + 3 * S);
	CHECK(another && !next_item(T0 + 3 * S) && take_refused() == 0);
	meet_silence(another, FP_AGAIN_NO, 0, T0 + 3 * S);
	CHECK(!next_item(T0 + 3 * S) && take_refused() == 2);
	tear_down();
}

static void
who_cannot_pay_has_no_attempt_left(void)
{
	set_rules(10, NULL, NULL);
	set_up();
	add_items(A, 30);
	struct fp_ticket *first = next_item(T0);
	while (fp_budget_take(&first->origin->budget, false))
		continue;
	for (int i = 0; i < 4; i++)
		first->origin->n_silent++;
	CHECK(!end_item(first, FP_AGAIN_PAID, 1,
		(struct fp_report){
			.heard = FP_HEARD_SILENCE, .kind = FP_KIND_CONNECT},
		T0));
	CHECK(first->result.is_over_budget);
	fp_ticket_free(first);
	CHECK(!next_item(T0) && take_refused() == 29);
	tear_down();
}

static void
one_that_answered_is_waited_for(void)
{
	set_rules(10, NULL, NULL);
	set_up();
	struct fp_ticket *first = add_item(A);
	CHECK(gives(first, T0));
	finish(first, T0);
	add_items(A, 20);
	CHECK(all_meet_silence(10, FP_AGAIN_FREE, T0) == 10);
	int64_t now = T0 + 1;
	size_t n = 0;
	for (int64_t wait_ns = S / 2; now < T0 + 180 * S; n++) {
		CHECK(!next_item(now));
		now += wait_ns;
		wait_ns = FP_MIN(2 * wait_ns, 30 * S);
		CHECK(!next_item(now - 1) && take_refused() == 0);
		CHECK(fp_schedule_due_ns(&schedule) == now);
		struct fp_ticket *probe = next_item(now);
		CHECK(probe && probe->is_probe && !next_item(now));
		CHECK(n == 0 || fp_schedule_due_ns(&schedule) > now + 100 * S);

		/* One that lost no attempt, as long as there is one. */
		CHECK((probe->result.n_tries > 0) == (n >= 10));
		meet_silence(probe, FP_AGAIN_FREE, 1000 * S, now);
	}
	CHECK(n > 10 && !next_item(now + 1) && take_refused() == 20 - n);
	CHECK(clear(now) == n);
	tear_down();
}

/* They wait for a place to look its name up, and need not. */
static void
who_waits_for_a_place_is_refused_too(void)
{
	set_rules(10, NULL, NULL);
	set_up();
	struct fp_ticket *first = add_item(X);
	CHECK(gives(first, T0));
	first->origin->n_silent = 4;
	struct fp_origin *origin = first->origin;
	add_items(X, 3);
	origin->is_looking_up = false;
	n_strangers = 0;
	CHECK(!next_item(T0) && TAILQ_FIRST(&schedule.strange) == origin);
	meet_silence(first, FP_AGAIN_NO, 0, T0);
	CHECK(!next_item(T0) && take_refused() == 3);
	tear_down();
}

/* ---- starts ---- */

static void
a_start_that_comes_free_is_seen(void)
{
	set_rules(10, "1/s", NULL);
	set_up();
	struct fp_ticket *one = add_item(A), *two = add_item(A);
	struct fp_ticket *three = add_item(A);
	CHECK(gives(one, T0));
	CHECK(!next_item(T0));
	CHECK(fp_schedule_due_ns(&schedule) == INT64_MAX);

	/* Given back: at once. */
	meet_silence(one, FP_AGAIN_NO, 0, T0 + 5);
	CHECK(schedule.starts.dry_until_ns == 0);
	CHECK(gives(two, T0 + 5));
	CHECK(!next_item(T0 + 5));

	/* Fired: a second after that, and the guard. */
	fire(two, T0 + 9);
	CHECK(schedule.starts.dry_until_ns == 0);
	CHECK(!next_item(T0 + 9));
	int64_t due = fp_schedule_due_ns(&schedule);
	CHECK(due == T0 + 9 + S + S / 50);
	CHECK(!next_item(due - 1) && gives(three, due));
	finish(two, due);
	finish(three, due);
	tear_down();
}

static void
a_stranger_waits_for_a_start(void)
{
	set_rules(10, "1/s", NULL);
	set_up();
	n_strangers = 0;
	struct fp_ticket *one = add_item(A), *two = add_item(X);
	CHECK(gives(one, T0));
	fire(one, T0);
	CHECK(!next_item(T0) && !TAILQ_EMPTY(&schedule.strange));
	n_strangers = 1;
	CHECK(!next_item(T0 + 1));
	int64_t due = fp_schedule_due_ns(&schedule);
	CHECK(due == T0 + S + S / 50);
	CHECK(gives(two, due));
	finish(one, due);
	finish(two, due);
	tear_down();
}

static void
to_look_in_vain_costs_no_start(void)
{
	set_rules(1, "10/s", NULL);
	rules.is_paced = true;
	set_up();
	struct fp_ticket *one = add_item(A);
	add_item(A);
	CHECK(gives(one, T0));
	fire(one, T0);
	for (int i = 1; i < 10; i++) {
		fp_schedule_stir(&schedule, one->origin);
		CHECK(!next_item(T0 + i * 200 * MS));
	}
	struct fp_ticket *other = add_item(B);
	CHECK(gives(other, T0 + 1800 * MS + 1));
	finish(one, T0 + 2 * S);
	finish(other, T0 + 2 * S);
	tear_down();
}

static void
what_is_sent_again_is_counted(void)
{
	set_rules(10, "3/s", "2/s");
	set_up();
	const struct fp_ratelimit *limit = &schedule.starts.limit;
	struct fp_ticket *one = add_item(A), *two = add_item(B);
	CHECK(gives(one, T0));
	one->start.state = FP_START_FIRED; /* not counted yet */
	CHECK(fp_schedule_reserve(&schedule, one, T0 + 1));
	CHECK(one->start.state == FP_START_RESERVED);
	fire(one, T0 + 1);
	CHECK(limit->log_len == 2);

	/* Its origin has no more, and the run loses none for that. */
	CHECK(!fp_schedule_reserve(&schedule, one, T0 + 2));
	CHECK(limit->n_reserved == 0 && one->start.state == FP_START_NONE);
	CHECK(gives(two, T0 + 2));
	fire(two, T0 + 2);
	CHECK(!fp_schedule_reserve(&schedule, two, T0 + 3));
	CHECK(two->origin->rate.limit.n_reserved == 0);
	CHECK(fp_schedule_reserve(&schedule, two, T0 + 2 * S));
	finish(two, T0 + 2 * S); /* not sent after all */
	CHECK(limit->n_reserved == 0);
	finish(one, T0 + 2 * S);
	tear_down();
}

static void
items_rest_before_they_ask(void)
{
	set_rules(1, "1/s", NULL);
	rules.rests_first = true;
	set_up();
	struct fp_ticket *items[3];
	for (int i = 0; i < 3; i++)
		items[i] = add_item(X);
	n_strangers = 1;
	for (int i = 0; i < 2; i++) {
		CHECK(gives(items[i], T0));
		CHECK(items[i]->stage == FP_STAGE_RESTS &&
			items[i]->start.state == FP_START_NONE);
	}
	CHECK(n_strangers == 1 && schedule.starts.limit.n_reserved == 0);
	for (int i = 0; i < 2; i++) {
		items[i]->is_rested = true;
		items[i]->again.how = FP_AGAIN_SAME;
		items[i]->again.wait_ns = 0;
		items[i]->report = (struct fp_report){0};
		CHECK(fp_schedule_end(&schedule, items[i], T0 + S));
	}
	CHECK(gives(items[0], T0 + S) && items[0]->stage == FP_STAGE_STARTED);
	CHECK(gives(items[2], T0 + S) && items[2]->stage == FP_STAGE_RESTS);
	CHECK(!next_item(T0 + S));
	items[2]->stage = FP_STAGE_STARTED; /* ends as if it had been */
	items[2]->origin->n_active++;
	finish(items[2], T0 + S);
	fire(items[0], T0 + S);
	finish(items[0], T0 + S);
	CHECK(!next_item(T0 + S));
	CHECK(gives(items[1], fp_schedule_due_ns(&schedule)));
	finish(items[1], T0 + 3 * S);
	tear_down();
}

/* While no start can be had, items rest all the same. */
static void
items_rest_while_none_may_start(void)
{
	struct fp_ticket *items[4];

	set_rules(10, "1/s", NULL);
	rules.rests_first = true;
	set_up();
	for (int i = 0; i < 4; i++)
		items[i] = add_item(A);
	for (int i = 0; i < 2; i++)
		CHECK(gives(items[i], T0));
	for (int i = 0; i < 2; i++) {
		items[i]->is_rested = true;
		items[i]->again.how = FP_AGAIN_SAME;
		CHECK(fp_schedule_end(&schedule, items[i], T0 + S));
	}
	CHECK(gives(items[0], T0 + S));
	CHECK(gives(items[2], T0 + S)); /* every other place */
	CHECK(gives(items[3], T0 + S)); /* items[1] waits */
	CHECK(!next_item(T0 + S));
	finish(items[0], T0 + S);
	CHECK(gives(items[1], T0 + S));
	finish(items[1], T0 + S);
	for (int i = 2; i < 4; i++) {
		items[i]->again.how = FP_AGAIN_NO;
		CHECK(!fp_schedule_end(&schedule, items[i], T0 + S));
		fp_ticket_free(items[i]);
	}
	tear_down();
}

static void
who_waits_for_a_start_keeps_its_place(void)
{
	struct fp_ticket *items[4];

	set_rules(10, "1/s", NULL);
	set_up();
	int64_t now = T0;
	for (int i = 0; i < 4; i++) {
		items[i] = add_item(A);
		now += 2 * S;
		CHECK(gives(items[i], now));
		fire(items[i], now);
	}
	for (int i = 0; i < 4; i++)
		retry(items[i], 1 + i, now);
	for (int i = 0; i < 4; i++) {
		CHECK(!next_item(now + 10) && !next_item(now + 20));
		now = fp_schedule_due_ns(&schedule);
		CHECK(gives(items[i], now));
		fire(items[i], now);
		finish(items[i], now);
	}
	tear_down();
}

/* The rate of one origin: while its start is only reserved, nobody knows when
 * the next one is. */
static void
an_origin_s_start_comes_free_too(void)
{
	set_rules(10, NULL, "1/s");
	set_up();
	struct fp_ticket *one = add_item(A), *two = add_item(A);
	CHECK(gives(one, T0));
	CHECK(!next_item(T0));
	CHECK(fp_schedule_due_ns(&schedule) == INT64_MAX);
	fire(one, T0 + 5);
	CHECK(!next_item(T0 + 5));
	CHECK(fp_schedule_due_ns(&schedule) == T0 + 5 + S + S / 50);
	CHECK(gives(two, T0 + 5 + S + S / 50));
	finish(one, T0 + 2 * S);
	finish(two, T0 + 2 * S);
	tear_down();
}

int
main(void)
{
	run("one looks a name up for all", one_looks_a_name_up_for_all);
	run("who answers is known", who_answers_is_known);
	run("who waits for a place hears of others",
		who_waits_for_a_place_hears_of_others);
	run("those that were tried decide", those_that_were_tried_decide);
	run("nobody waits for nobody", nobody_waits_for_nobody);
	run("who cannot pay has no attempt left",
		who_cannot_pay_has_no_attempt_left);
	run("one that answered is waited for", one_that_answered_is_waited_for);
	run("who waits for a place is refused too",
		who_waits_for_a_place_is_refused_too);
	run("a start that comes free is seen", a_start_that_comes_free_is_seen);
	run("a stranger waits for a start", a_stranger_waits_for_a_start);
	run("to look in vain costs no start", to_look_in_vain_costs_no_start);
	run("what is sent again is counted", what_is_sent_again_is_counted);
	run("items rest before they ask", items_rest_before_they_ask);
	run("items rest while none may start", items_rest_while_none_may_start);
	run("who waits for a start keeps its place",
		who_waits_for_a_start_keeps_its_place);
	run("an origin's start comes free too",
		an_origin_s_start_comes_free_too);
	return done();
}
