/* SPDX-License-Identifier: MIT */
/*
 * An origin that does not answer: the circuit breaker of origin.c, state by
 * state.
 */
#include "base.h"

#include "origintest.h"

/* ---- an origin that has answered ---- */

#define HALF (S / 2)

static void
five_silences_in_a_row_open_it(void)
{
	set_up(NULL);
	answer_once(T0);
	be_silent(4, T0);
	CHECK(may(FP_LEAVE_GO, false, T0));
	answer_once(T0);
	be_silent(4, T0);
	CHECK(may(FP_LEAVE_GO, false, T0) && !origin->news);
	be_silent(1, T0);
	CHECK(origin->circuit == FP_CIRCUIT_OPEN && origins.n_open == 1);
	CHECK(waits_until(false, T0, T0 + HALF));
	CHECK(waits_until(true, T0, T0 + HALF));
	CHECK(!origin->news); /* it may be back before anybody minds */

	/* What ends for other reasons says nothing, either way. */
	origin->n_active++;
	end((struct fp_report){.heard = FP_HEARD_NOTHING}, T0 + 1);
	CHECK(waits_until(false, T0 + 1, T0 + HALF));
	tear_down();
}

/* What was under way when it went silent, and is silent too, is no news. */
static void
those_under_way_are_no_probes(void)
{
	set_up(NULL);
	answer_once(T0);
	for (int i = 0; i < 12; i++)
		CHECK(!start(T0));
	for (int i = 0; i < 12; i++)
		silence(false, i > 8, T0 + i * S);
	CHECK(origin->circuit == FP_CIRCUIT_OPEN && !origin->news);
	CHECK(may(FP_LEAVE_GO, false, T0 + 12 * S));
	tear_down();
}

/* Lets a probe go at its time, not before, and only one. */
static void
probe_at(int64_t now_ns)
{
	CHECK(may(origin->circuit == FP_CIRCUIT_DOWN ? FP_LEAVE_NEVER
						     : FP_LEAVE_WAIT,
		true, now_ns - 1));
	CHECK(may(FP_LEAVE_GO, false, now_ns));
	CHECK(may(FP_LEAVE_GO, true, now_ns));
	CHECK(start(now_ns));
	if (origin->circuit == FP_CIRCUIT_DOWN)
		CHECK(may(FP_LEAVE_NEVER, false, now_ns + 1000 * S));
	else
		CHECK(waits_until(false, now_ns + 1000 * S, INT64_MAX));
}

static void
open_up(void)
{
	set_up(NULL);
	answer_once(T0);
	be_silent(5, T0);
}

/* After 0.5, 1, 2 s and so on up to 30; the user is told after some seconds,
 * once. */
static void
three_minutes_of_probes_take_it_down(void)
{
	open_up();
	int64_t now = T0, wait_ns = HALF;
	while (now < T0 + 180 * S) {
		CHECK(origin->circuit == FP_CIRCUIT_OPEN);
		now += wait_ns;
		probe_at(now);
		silence(true, true, now);
		wait_ns = FP_MIN(2 * wait_ns, 30 * S);
		CHECK((origin->news != 0) == (now == T0 + 3 * S + HALF));
		if (origin->news) {
			struct fp_notice notice = fp_origin_tell(origin, now);
			CHECK(notice.why == FP_NOTICE_SILENT);
			CHECK(notice.wait_ns == 4 * S);
		}
	}
	CHECK(origin->circuit == FP_CIRCUIT_DOWN && now < T0 + 200 * S);
	CHECK(may(FP_LEAVE_NEVER, false, now) &&
		may(FP_LEAVE_NEVER, true, now));

	/* From then on after 30 s, 60, and up to 300. */
	for (int wait_s = 30, i = 0; i < 8; i++) {
		now += wait_s * S;
		probe_at(now);
		silence(true, true, now);
		CHECK(origin->circuit == FP_CIRCUIT_DOWN);
		wait_s = FP_MIN(2 * wait_s, 300);
	}
	CHECK(!origin->news && origins.n_open == 1);
	tear_down();
}

/* The wait is from the end of a probe, which may take long itself. */
static void
the_wait_begins_when_a_probe_ends(void)
{
	open_up();
	probe_at(T0 + HALF);
	silence(true, true, T0 + 10 * S);
	CHECK(waits_until(false, T0 + 10 * S + 1, T0 + 11 * S));
	tear_down();
}

static void
a_probe_that_is_answered_closes_it(void)
{
	open_up();
	for (int i = 0; i < 3; i++) {
		int64_t now = T0 + i * 1000 * S;
		probe_at(now + HALF);
		silence(true, false, now + HALF);
		probe_at(now + HALF + S);
		end((struct fp_report){.heard = i == 1 ? FP_HEARD_BUSY
						       : FP_HEARD_ANSWER,
			    .status = 503,
			    .is_probe = true,
			    .begun_ns = now + 90 * S},
			now + 90 * S);
		CHECK(origin->circuit == FP_CIRCUIT_CLOSED);
		CHECK(may(FP_LEAVE_GO, false, now + 90 * S));
		CHECK(origins.n_open == 0);

		/* All begins again. */
		be_silent(5, now + 1000 * S);
		CHECK(waits_until(
			false, now + 1000 * S, now + 1000 * S + HALF));
	}
	tear_down();
}

static void
an_answer_under_way_closes_it_too(void)
{
	open_up();
	origin->n_active++;
	probe_at(T0 + HALF);
	answer(T0, T0 + 1 * S);
	CHECK(origin->circuit == FP_CIRCUIT_CLOSED);
	CHECK(may(FP_LEAVE_GO, false, T0 + 1 * S));

	/* The probe that is still under way is no probe any more: its silence
	 * is one of five. */
	silence(true, false, T0 + 40 * S);
	CHECK(origin->circuit == FP_CIRCUIT_CLOSED && !origin->is_probing);
	be_silent(4, T0 + 41 * S);
	CHECK(origin->circuit == FP_CIRCUIT_OPEN);
	CHECK(waits_until(false, T0 + 41 * S, T0 + 41 * S + HALF));
	tear_down();
}

static void
a_probe_without_news_lets_another_go(void)
{
	open_up();
	probe_at(T0 + HALF);
	end((struct fp_report){.heard = FP_HEARD_NOTHING, .is_probe = true},
		T0 + 1 * S);
	CHECK(origin->circuit == FP_CIRCUIT_OPEN);
	CHECK(may(FP_LEAVE_GO, false, T0 + 1 * S));
	CHECK(start(T0 + 1 * S));
	CHECK(waits_until(false, T0 + 1 * S, INT64_MAX));
	silence(true, false, T0 + 1 * S);
	CHECK(waits_until(false, T0 + 1 * S, T0 + 2 * S));
	tear_down();
}

static void
a_probe_waits_for_the_end_of_a_pause(void)
{
	open_up();
	origin->not_before_ns = T0 + 40 * S;
	CHECK(waits_until(false, T0, T0 + HALF));
	CHECK(waits_until(false, T0 + 30 * S, T0 + 40 * S));
	CHECK(may(FP_LEAVE_GO, false, T0 + 40 * S));
	tear_down();
}

/* ---- one that never has ---- */

static void
those_that_were_tried_go_on(void)
{
	set_up(NULL);
	origin->n_tried = 5;
	be_silent(5, T0);
	CHECK(origin->circuit == FP_CIRCUIT_OPEN && !origin->news);
	for (int i = 0; i < 20; i++) {
		int64_t now = T0 + i * 10 * S;
		CHECK(may(FP_LEAVE_GO, true, now));
		CHECK(waits_until(false, now, INT64_MAX));
		be_silent(1, now);
	}
	CHECK(origin->circuit == FP_CIRCUIT_OPEN && !origin->is_probing);
	answer_once(T0 + 300 * S);
	CHECK(may(FP_LEAVE_GO, false, T0 + 300 * S));

	/* Now it has answered. */
	be_silent(5, T0 + 300 * S);
	CHECK(waits_until(true, T0 + 300 * S, T0 + 300 * S + HALF));
	tear_down();
}

/* If none is left of those that were tried, another one must be. */
static void
somebody_is_always_trying(void)
{
	set_up(NULL);
	origin->n_tried = 1;
	be_silent(5, T0);
	CHECK(may(FP_LEAVE_WAIT, false, T0));
	origin->n_tried = 0;
	CHECK(waits_until(false, T0, T0 + HALF));
	CHECK(may(FP_LEAVE_GO, false, T0 + HALF));
	CHECK(!start(T0 + HALF));
	origin->n_tried = 1;
	CHECK(waits_until(false, T0 + HALF, INT64_MAX));
	tear_down();
}

static void
check_down(int64_t now)
{
	char text[160];
	enum fp_kind kind;

	CHECK(origin->circuit == FP_CIRCUIT_DOWN && !origin->news);
	CHECK(may(FP_LEAVE_NEVER, true, now) &&
		may(FP_LEAVE_NEVER, false, now));
	fp_origin_explain(origin, now, &kind, text, sizeof(text));
	CHECK(kind == FP_KIND_CONNECT);
	CHECK(strstr(text, "the host is down: the last "));
	for (int wait_s = 30; wait_s <= 240; wait_s *= 2) {
		now += wait_s * S;
		probe_at(now);
		silence(true, true, now);
	}
	for (int i = 0; i < 3; i++) {
		now += 300 * S;
		probe_at(now);
		silence(true, true, now);
	}
	now += 300 * S;
	probe_at(now);
	end((struct fp_report){.heard = FP_HEARD_ANSWER, .is_probe = true},
		now);
	CHECK(origin->circuit == FP_CIRCUIT_CLOSED);
	CHECK(may(FP_LEAVE_GO, false, now));
}

static void
the_first_without_attempts_takes_it_down(void)
{
	set_up(NULL);
	origin->n_tried = 5;
	be_silent(7, T0);
	start(T0 + 5 * S);
	silence(false, true, T0 + 5 * S);
	check_down(T0 + 5 * S);
	tear_down();
}

/* A server that is about to start may be so for some seconds, even if no item
 * is tried again. */
static void
not_before_some_seconds(void)
{
	set_up(NULL);
	for (int i = 0; i < 5; i++) {
		CHECK(may(FP_LEAVE_GO, false, T0));
		start(T0);
		silence(false, true, T0);
	}
	CHECK(waits_until(false, T0, T0 + HALF));
	for (int64_t now = T0 + HALF, wait = S; now <= T0 + 4 * S;
		now += wait, wait *= 2) {
		CHECK(origin->circuit == FP_CIRCUIT_OPEN);
		CHECK(may(FP_LEAVE_GO, false, now));
		start(now);
		silence(false, true, now);
		if (origin->circuit == FP_CIRCUIT_OPEN)
			CHECK(waits_until(false, now, now + wait));
	}
	check_down(T0 + 3 * S + HALF);
	tear_down();
}

static void
no_such_name_takes_it_down_at_once(void)
{
	set_up(NULL);
	for (int i = 0; i < 5; i++) {
		start(T0);
		end((struct fp_report){.heard = FP_HEARD_SILENCE,
			    .kind = FP_KIND_DNS,
			    .is_last = true},
			T0);
	}
	CHECK(origin->circuit == FP_CIRCUIT_DOWN);
	tear_down();
}

/* Whether one more item may wait, with so many there. */
static bool
has_room(size_t n, int64_t now_ns)
{
	origin->n_waiting = n;
	return may(FP_LEAVE_WAIT, false, now_ns) &&
	       may(FP_LEAVE_WAIT, true, now_ns);
}

static void
others_are_made_room_for(void)
{
	/* It is alone. */
	open_up();
	start(T0 + HALF); /* a probe that takes long */
	CHECK(has_room(100000, T0 + 100 * S));

	/* There is another: for half a minute it makes no difference. */
	struct fp_origin *other = hold("http://b.test/");
	CHECK(has_room(100000, T0 + 29 * S));
	CHECK(has_room(99, T0 + 30 * S));
	CHECK(!has_room(100, T0 + 30 * S));
	CHECK(may(FP_LEAVE_WAIT, true, T0 + 30 * S));

	/* If that is silent too, they share. */
	origins.n_open = 2;
	CHECK(has_room(49, T0 + 30 * S));
	CHECK(!has_room(50, T0 + 30 * S));
	origins.n_open = 1;
	let_go(other, T0);
	tear_down();
}

int
main(void)
{
	run("five silences in a row open it", five_silences_in_a_row_open_it);
	run("those under way are no probes", those_under_way_are_no_probes);
	run("three minutes of probes take it down",
		three_minutes_of_probes_take_it_down);
	run("the wait begins when a probe ends",
		the_wait_begins_when_a_probe_ends);
	run("a probe that is answered closes it",
		a_probe_that_is_answered_closes_it);
	run("an answer to what was under way closes it too",
		an_answer_under_way_closes_it_too);
	run("a probe without news lets another go",
		a_probe_without_news_lets_another_go);
	run("a probe waits for the end of a pause",
		a_probe_waits_for_the_end_of_a_pause);
	run("of one that never answered those that were tried go on",
		those_that_were_tried_go_on);
	run("somebody is always trying", somebody_is_always_trying);
	run("the first without attempts takes it down",
		the_first_without_attempts_takes_it_down);
	run("not before some seconds", not_before_some_seconds);
	run("no such name takes it down at once",
		no_such_name_takes_it_down_at_once);
	run("others are made room for", others_are_made_room_for);
	return done();
}
