/* SPDX-License-Identifier: MIT */
/* Items that were tried, and that may not start again: what they are told. */
#include "base.h"

#include "scheduletest.h"

#include <string.h>

/* One that has failed with a 500, and waits for so long. */
static struct fp_ticket *
fail_once(int64_t wait_ns, int64_t now_ns)
{
	struct fp_ticket *ticket = next_item(now_ns);

	ticket->started_ns = now_ns;
	ticket->has_begun = true;
	ticket->result.attempts = 1;
	ticket->result.status = 500;
	fp_ticket_fail(ticket, FP_KIND_HTTP, "500 Internal Server Error");
	CHECK(end_item(ticket, FP_AGAIN_FREE, wait_ns,
		(struct fp_report){.heard = FP_HEARD_ANSWER,
			.kind = FP_KIND_HTTP,
			.begun_ns = now_ns},
		now_ns));
	return ticket;
}

/* Another item hears that its origin wants a pause. */
static void
pause_for(int64_t pause_ns, int64_t now_ns)
{
	struct fp_ticket *ticket = next_item(now_ns);

	CHECK(!end_item(ticket, FP_AGAIN_NO, 0,
		(struct fp_report){.heard = FP_HEARD_BUSY,
			.kind = FP_KIND_HTTP,
			.status = 429,
			.is_last = true,
			.pause_ns = pause_ns,
			.begun_ns = now_ns},
		now_ns));
	fp_ticket_free(ticket);
}

static void
begin(const char *host_rate)
{
	set_rules(100, NULL, host_rate);
	rules.retry_max_ns = 10 * S;
	set_up();
}

/* It fails as its last attempt did. */
static void
check_late(struct fp_ticket *ticket, int64_t waited_ns)
{
	const struct fp_result *result = &ticket->result;

	CHECK(refused.first == ticket);
	CHECK(result->kind == FP_KIND_HTTP && result->status == 500);
	CHECK(result->attempts == 1 && result->n_tries == 0);
	CHECK(result->fetch_time_ns == waited_ns);
	CHECK_TEXT(result->message,
		"500 Internal Server Error; another attempt would exceed "
		"the time limit for all attempts");
	CHECK(take_refused() == 1);
}

static void
a_pause_longer_than_its_time(void)
{
	begin(NULL);
	add_item(A);
	struct fp_ticket *other = add_item(A);
	struct fp_ticket *late = fail_once(1 * S, T0);
	pause_for(10 * S + 1, T0);
	CHECK(!next_item(T0) && !refused.first);

	/* It is known when it would have to start. */
	CHECK(!next_item(T0 + 1 * S));
	check_late(late, 1 * S);

	/* One that has not begun has all its time. */
	other = add_item(A);
	CHECK(!next_item(T0 + 2 * S));
	CHECK(gives(other, T0 + 10 * S + 1));
	finish(other, T0 + 11 * S);
	tear_down();
}

static void
a_pause_within_its_time(void)
{
	begin(NULL);
	add_item(A);
	add_item(A);
	struct fp_ticket *ticket = fail_once(1 * S, T0);
	pause_for(10 * S, T0);
	CHECK(!next_item(T0 + 1 * S));
	CHECK(gives(ticket, T0 + 10 * S) && !refused.first);
	finish(ticket, T0 + 10 * S);
	tear_down();
}

/* Its turn comes when another one ends, and nobody knew when. */
static void
its_turn_comes_too_late(void)
{
	begin(NULL);
	rules.origin.host_jobs = schedule.origins.rules.host_jobs = 1;
	add_item(A);
	struct fp_ticket *other = add_item(A);
	struct fp_ticket *late = fail_once(1 * S, T0);
	CHECK(gives(other, T0));
	CHECK(!next_item(T0 + 1 * S));
	CHECK(!next_item(T0 + 20 * S) && !refused.first);
	finish(other, T0 + 20 * S);
	CHECK(!next_item(T0 + 20 * S));
	check_late(late, 20 * S);
	tear_down();
}

/* A timer that is late is not the item's fault. */
static void
who_was_not_held_up_is_in_time(void)
{
	begin(NULL);
	add_item(A);
	struct fp_ticket *ticket = fail_once(10 * S, T0);
	CHECK(gives(ticket, T0 + 10 * S + 50 * MS));
	finish(ticket, T0 + 11 * S);
	tear_down();
}

static void
a_rate_makes_nothing_late(void)
{
	begin("1/m");
	add_item(A);
	struct fp_ticket *ticket = next_item(T0);
	fire(ticket, T0);
	ticket->started_ns = T0;
	fp_ticket_fail(ticket, FP_KIND_HTTP, "500 Internal Server Error");
	retry(ticket, 1 * S, T0);
	CHECK(!next_item(T0 + 1 * S));
	CHECK(gives(ticket, T0 + 62 * S) && !refused.first);
	finish(ticket, T0 + 62 * S);
	tear_down();
}

static void
no_limit(void)
{
	begin(NULL);
	schedule.rules.retry_max_ns = 0;
	add_item(A);
	add_item(A);
	struct fp_ticket *ticket = fail_once(1 * S, T0);
	pause_for(1000 * S, T0);
	CHECK(!next_item(T0 + 1 * S));
	CHECK(gives(ticket, T0 + 1000 * S));
	finish(ticket, T0 + 1000 * S);
	tear_down();
}

/* A redirect's next hop is no other attempt. */
static void
who_has_begun_goes_on(void)
{
	begin(NULL);
	add_item(A);
	add_item(A);
	fail_once(1, T0);
	struct fp_ticket *ticket = next_item(T0 + 1);
	CHECK(ticket->result.n_tries == 1);
	ticket->has_begun = true;
	CHECK(fp_buf_set(&ticket->url, A, strlen(A)) == 0);
	CHECK(end_item(ticket, FP_AGAIN_SAME, 1 * S,
		(struct fp_report){.heard = FP_HEARD_ANSWER}, T0));
	pause_for(100 * S, T0);
	CHECK(!next_item(T0 + 1 * S));
	CHECK(gives(ticket, T0 + 100 * S));
	finish(ticket, T0 + 100 * S);
	tear_down();
}

static void
both_reasons_are_told(void)
{
	begin(NULL);
	add_item(A);
	struct fp_ticket *tried = fail_once(40 * S, T0);
	schedule.rules.retry_max_ns = 0;
	struct fp_origin *origin = tried->origin;
	origin->circuit = FP_CIRCUIT_DOWN;
	origin->kind = FP_KIND_CONNECT;
	origin->n_silent = 8;
	origin->probe_ns = INT64_MAX;
	struct fp_ticket *fresh = add_item(A);
	CHECK(!next_item(T0 + 1));
	CHECK(refused.first == fresh);
	CHECK_TEXT(fresh->result.message,
		"the host is down: the last 8 attempts could not connect");
	CHECK(take_refused() == 1);
	CHECK(!next_item(T0 + 40 * S));
	CHECK(refused.first == tried);
	CHECK(tried->result.kind == FP_KIND_CONNECT);
	CHECK(tried->result.n_tries == 1 && tried->result.attempts == 1);
	CHECK_TEXT(tried->result.message,
		"the host is down: the last 8 attempts could not connect; "
		"last attempt: 500 Internal Server Error");
	CHECK(take_refused() == 1);
	origin->circuit = FP_CIRCUIT_CLOSED;
	tear_down();
}

int
main(void)
{
	run("a pause longer than an item's time", a_pause_longer_than_its_time);
	run("a pause within its time", a_pause_within_its_time);
	run("its turn comes too late", its_turn_comes_too_late);
	run("who was not held up is in time", who_was_not_held_up_is_in_time);
	run("a rate makes nothing late", a_rate_makes_nothing_late);
	run("no limit", no_limit);
	run("who has begun goes on", who_has_begun_goes_on);
	run("both reasons are told", both_reasons_are_told);
	return done();
}
