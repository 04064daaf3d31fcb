/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "scheduletest.h"

#include <errno.h>

/* The linker puts this in the place of calloc() (--wrap in tests/local.mk). */
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static unsigned fail_nth; /* 0: none does */

void *
__wrap_calloc(size_t n, size_t size)
{
	if (fail_nth && --fail_nth == 0) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_calloc(n, size);
}

/* The server wants no requests for so long, and this one will come again. */
static void
meet_429(struct fp_ticket *ticket, int64_t pause_ns, int64_t now_ns)
{
	CHECK(end_item(ticket, FP_AGAIN_FREE, pause_ns,
		(struct fp_report){.heard = FP_HEARD_BUSY,
			.status = 429,
			.begun_ns = now_ns,
			.pause_ns = pause_ns},
		now_ns));
}

/* ---- order ---- */

static void
first_in_first_out(void)
{
	struct fp_ticket *items[6];

	set_rules(100, NULL, NULL);
	set_up();
	for (int i = 0; i < 6; i++)
		items[i] = add_item(i % 2 ? A : B);
	CHECK(schedule.n_items == 6);
	for (int i = 0; i < 6; i++)
		CHECK(gives(items[i], T0));
	CHECK(!next_item(T0) && schedule.n_items == 0);
	CHECK(fp_schedule_due_ns(&schedule) == INT64_MAX);
	for (int i = 0; i < 6; i++)
		finish(items[i], T0);
	tear_down();
}

static void
no_more_than_host_jobs(void)
{
	struct fp_ticket *items[5], *other;

	set_rules(2, NULL, NULL);
	set_up();
	for (int i = 0; i < 5; i++)
		items[i] = add_item(A);
	other = add_item(B);
	CHECK(gives(items[0], T0));
	CHECK(gives(items[1], T0));
	CHECK(gives(other, T0));
	CHECK(!next_item(T0));
	CHECK(fp_schedule_due_ns(&schedule) == INT64_MAX);
	CHECK(!fp_schedule_has_more(&schedule));
	finish(other, T0);
	CHECK(!next_item(T0));
	finish(items[0], T0);
	CHECK(fp_schedule_has_more(&schedule));
	CHECK(gives(items[2], T0));
	CHECK(!next_item(T0));
	finish(items[1], T0);
	finish(items[2], T0);
	CHECK(gives(items[3], T0));
	CHECK(gives(items[4], T0));
	finish(items[3], T0);
	finish(items[4], T0);
	tear_down();
}

static void
a_pause_holds_up_nobody_else(void)
{
	struct fp_ticket *first, *others[3];

	set_rules(1000, NULL, NULL);
	set_up();
	first = add_item(A);
	for (int i = 0; i < 996; i++)
		add_item(A);
	for (int i = 0; i < 3; i++)
		others[i] = add_item(B);
	CHECK(gives(first, T0));
	meet_429(first, 60 * S, T0);
	for (int i = 0; i < 3; i++)
		CHECK(gives(others[i], T0));
	CHECK(!next_item(T0));
	CHECK(fp_schedule_due_ns(&schedule) == T0 + 60 * S);
	CHECK(!next_item(T0 + 60 * S - 1));
	for (int i = 0; i < 3; i++)
		finish(others[i], T0 + 60 * S - 1);
	CHECK(!next_item(T0 + 60 * S - 1));

	/* The one that was asked to wait is the first again. */
	CHECK(gives(first, T0 + 60 * S));
	finish(first, T0 + 60 * S);
	for (int i = 0; i < 996; i++) {
		struct fp_ticket *ticket = next_item(T0 + 60 * S);
		CHECK(ticket && ticket != first);
		finish(ticket, T0 + 60 * S);
	}
	CHECK(!next_item(T0 + 60 * S));
	tear_down();
}

/* A pause that grows while items wait for its end. */
static void
a_pause_that_grows_is_waited_for(void)
{
	set_rules(100, NULL, NULL);
	set_up();
	struct fp_ticket *one = add_item(A), *two = add_item(A);
	struct fp_ticket *three = add_item(A);
	CHECK(gives(one, T0));
	CHECK(gives(two, T0));
	meet_429(one, 10 * S, T0);
	CHECK(!next_item(T0));
	meet_429(two, 30 * S, T0 + 5 * S);
	CHECK(!next_item(T0 + 5 * S));
	CHECK(fp_schedule_due_ns(&schedule) == T0 + 10 * S);
	CHECK(!next_item(T0 + 10 * S));
	CHECK(fp_schedule_due_ns(&schedule) == T0 + 35 * S);
	CHECK(gives(two, T0 + 35 * S));
	CHECK(!next_item(T0 + 35 * S)); /* its limit was halved */
	finish(two, T0 + 35 * S);
	CHECK(gives(one, T0 + 35 * S));
	finish(one, T0 + 35 * S);
	CHECK(gives(three, T0 + 35 * S));
	finish(three, T0 + 35 * S);
	tear_down();
}

static void
retries_take_every_other_place(void)
{
	struct fp_ticket *retries[6], *fresh[6];

	set_rules(100, NULL, NULL);
	set_up();
	for (int i = 0; i < 6; i++) {
		retries[i] = add_item(A);
		CHECK(gives(retries[i], T0));
	}
	for (int i = 0; i < 6; i++)
		retry(retries[i], 1 + i, T0);
	for (int i = 0; i < 4; i++)
		fresh[i] = add_item(i % 2 ? A : B);
	CHECK(fp_schedule_due_ns(&schedule) == T0 + 1);
	for (int i = 0; i < 4; i++) {
		CHECK(gives(retries[i], T0 + 10));
		CHECK(gives(fresh[i], T0 + 10));
	}
	CHECK(gives(retries[4], T0 + 10));
	CHECK(gives(retries[5], T0 + 10));
	fresh[4] = add_item(A);
	CHECK(gives(fresh[4], T0 + 10));
	for (int i = 0; i < 6; i++)
		finish(retries[i], T0 + 10);
	for (int i = 0; i < 5; i++)
		finish(fresh[i], T0 + 10);
	tear_down();
}

/* Those that cannot start take no place of anybody. */
static void
retries_that_wait_take_no_place(void)
{
	struct fp_ticket *retries[3], *paused[3], *fresh[3];

	set_rules(100, NULL, NULL);
	set_up();
	for (int i = 0; i < 3; i++) {
		retries[i] = add_item(A);
		CHECK(gives(retries[i], T0));
		paused[i] = add_item(B);
		CHECK(gives(paused[i], T0));
	}
	for (int i = 0; i < 3; i++) {
		retry(retries[i], 2 + i, T0);
		CHECK(end_item(paused[i], FP_AGAIN_FREE, 1,
			(struct fp_report){.heard = FP_HEARD_BUSY,
				.status = 503,
				.pause_ns = 60 * S},
			T0));
		add_item(B);
		fresh[i] = add_item(A);
	}
	for (int i = 0; i < 3; i++) {
		CHECK(gives(retries[i], T0 + 9));
		CHECK(gives(fresh[i], T0 + 9));
	}
	CHECK(!next_item(T0 + 9));
	for (int i = 0; i < 3; i++) {
		finish(retries[i], T0 + 9);
		finish(fresh[i], T0 + 9);
	}
	tear_down();
}

static void
retries_of_one_origin_keep_their_order(void)
{
	struct fp_ticket *items[6], *fresh[2];

	set_rules(100, NULL, NULL);
	set_up();
	for (int i = 0; i < 6; i++) {
		items[i] = add_item(A);
		CHECK(gives(items[i], T0));
	}
	fresh[0] = add_item(A);
	for (int i = 0; i < 3; i++)
		retry(items[i], 1 + i, T0);
	meet_429(items[3], 10 * S, T0);
	CHECK(!next_item(T0 + 5));
	for (int i = 4; i < 6; i++)
		retry(items[i], 10 + i, T0 + 5);
	fresh[1] = add_item(A);
	CHECK(!next_item(T0 + 100));
	schedule.origins.rules.host_jobs = 100;
	items[0]->origin->limit = 100;

	/* Those that were tried before those that were not. */
	static const int order[] = {0, 1, 2, 4, 5, 3};
	int64_t now = T0 + 11 * S;
	CHECK(gives(items[3], now));
	for (int i = 0; i < 5; i++)
		CHECK(gives(items[order[i]], now));
	CHECK(gives(fresh[0], now));
	CHECK(gives(fresh[1], now));
	for (int i = 0; i < 6; i++)
		finish(items[i], now);
	finish(fresh[0], now);
	finish(fresh[1], now);
	tear_down();
}

/* ---- items that never start ---- */

static void
all_are_refused_that_never_start(void)
{
	struct fp_ticket *first, *other;

	set_rules(1, NULL, NULL);
	set_up();
	first = add_item(A);
	for (int i = 0; i < 20; i++)
		add_item(A);
	other = add_item(B);
	CHECK(gives(first, T0));
	CHECK(gives(other, T0));
	CHECK(!next_item(T0)); /* they wait */
	CHECK(!end_item(first, FP_AGAIN_NO, 0,
		(struct fp_report){.heard = FP_HEARD_BUSY,
			.status = 429,
			.is_too_long = true,
			.pause_ns = 3600 * S},
		T0));
	fp_ticket_free(first);
	CHECK(!next_item(T0 + 1 * S));
	CHECK(refused.first->result.kind == FP_KIND_HTTP);
	CHECK(refused.first->result.retry_after_ns == 3599 * S);
	CHECK(take_refused() == 20);
	CHECK(schedule.n_items == 0);

	/* One that comes now, and one whose attempt ends now. */
	first = add_item(A);
	CHECK(!next_item(T0 + 2 * S) && take_refused() == 1);
	finish(other, T0);
	CHECK(schedule.origins.n_idle == 2);
	tear_down();
}

/* ---- what is wrong in itself ---- */

static void
too_little_memory_loses_no_item(void)
{
	struct fp_origin_name name;

	set_rules(10, "100/s", "50/s");
	set_up();
	struct fp_ticket *ticket = make_ticket(B);
	fp_origin_name(&name, B);
	fail_nth = 1;
	errno = 0;
	CHECK(fp_schedule_add(&schedule, ticket, &name) == -1);
	CHECK(errno == ENOMEM && !ticket->origin && schedule.n_items == 0);
	fp_ticket_free(ticket);

	/* The start cannot be counted: here for the run, and then for the
	 * origin. It is only this item that fails. */
	for (unsigned i = 1; i <= 2; i++) {
		ticket = add_item(A);
		add_item(A);
		fail_nth = i;
		ticket = next_item(T0);
		CHECK(ticket && list_len(refused.first) == 1);
		CHECK(refused.first->result.kind == FP_KIND_LOCAL);
		CHECK(take_refused() == 1);
		CHECK(schedule.starts.limit.n_reserved == 1);
		fire(ticket, T0);
		finish(ticket, T0);
		tear_down();
		set_up();
	}

	/* A redirect to an origin that cannot be made. */
	ticket = add_item(A);
	CHECK(gives(ticket, T0));
	fire(ticket, T0);
	CHECK(fp_buf_set(&ticket->trail.hop, B, strlen(B)) == 0);
	fail_nth = 1;
	CHECK(!end_item(ticket, FP_AGAIN_SAME, 0,
		(struct fp_report){.heard = FP_HEARD_ANSWER}, T0));
	CHECK(ticket->result.kind == FP_KIND_LOCAL);
	fp_ticket_free(ticket);
	tear_down();
}

static void
begins_or_not(void)
{
	int n_failed = 0;

	set_rules(10, "5/s", "5/s");
	for (unsigned nth = 1;; nth++) {
		fail_nth = nth;
		int ret = fp_schedule_init(&schedule, &rules);
		bool is_past = fail_nth > 0;
		fail_nth = 0;
		CHECK((ret == 0) == is_past);
		if (is_past)
			break;
		CHECK(errno == ENOMEM);
		n_failed++;
	}
	CHECK(n_failed == 3);
	fp_schedule_destroy(&schedule);
}

/* ---- the end ---- */

/* Items in every place that there is. */
static void
clear_empties_every_place(void)
{
	set_rules(2, "100/s", "50/s");
	set_up();
	n_strangers = 0;
	struct fp_ticket *active = add_item(A), *retried = add_item(A);
	struct fp_ticket *due = add_item(B), *paused = add_item(C);
	CHECK(gives(active, T0));
	CHECK(gives(retried, T0));
	CHECK(gives(due, T0));
	CHECK(gives(paused, T0));
	add_item("http://strange.test/");
	add_item(A);
	CHECK(!next_item(T0));
	CHECK(!TAILQ_EMPTY(&schedule.strange));
	meet_429(paused, 10 * S, T0);
	retry(retried, 50 * S, T0);
	retry(due, 1, T0);
	add_item(B);
	add_item(C);
	finish(next_item(T0), T0);
	CHECK(fp_schedule_has_more(&schedule));
	CHECK(clear(T0 + 1) == schedule.origins.table.n + 2);
	CHECK(!fp_schedule_has_more(&schedule) && !next_item(T0 + 100 * S));
	CHECK(fp_schedule_due_ns(&schedule) == INT64_MAX);

	/* What is under way may end, or go on. */
	retry(active, 0, T0);
	CHECK(clear(T0) == 1 && clear(T0) == 0);
	tear_down();
}

static void
news_are_told_once(void)
{
	char name[FP_ORIGIN_MAX];
	struct fp_notice notice;
	unsigned heard = 0;

	set_rules(100, NULL, NULL);
	set_up();
	CHECK(!fp_schedule_news(&schedule, &notice, name, T0));
	struct fp_ticket *one = add_item(A), *two = add_item(B);
	CHECK(gives(one, T0));
	CHECK(gives(two, T0));
	meet_429(one, 5 * S, T0);
	CHECK(end_item(two, FP_AGAIN_FREE, 5 * S,
		(struct fp_report){.heard = FP_HEARD_BUSY,
			.status = 503,
			.pause_ns = 7 * S,
			.is_malformed = true},
		T0));
	while (fp_schedule_news(&schedule, &notice, name, T0 + 1 * S)) {
		bool is_one = strcmp(name, "http://127.0.0.1:80") == 0;
		CHECK(notice.origin == name);
		CHECK(is_one || strcmp(name, "http://127.0.0.2:80") == 0);
		heard |= 1U << (notice.why + (is_one ? 0 : 8));
		if (notice.why == FP_NOTICE_PAUSED)
			CHECK(notice.wait_ns == (is_one ? 4 * S : 6 * S));
	}
	CHECK(heard == (1U << FP_NOTICE_PAUSED | 1U << (8 + FP_NOTICE_PAUSED) |
			       1U << (8 + FP_NOTICE_MALFORMED)));
	tear_down();
}

int
main(void)
{
	run("first in, first out", first_in_first_out);
	run("no more than host_jobs", no_more_than_host_jobs);
	run("a pause holds up nobody else", a_pause_holds_up_nobody_else);
	run("a pause that grows is waited for",
		a_pause_that_grows_is_waited_for);
	run("retries take every other place", retries_take_every_other_place);
	run("retries that wait take no place", retries_that_wait_take_no_place);
	run("retries of one origin keep their order",
		retries_of_one_origin_keep_their_order);
	run("all are refused that never start",
		all_are_refused_that_never_start);
	run("too little memory loses no item", too_little_memory_loses_no_item);
	run("it begins or does not", begins_or_not);
	run("clear empties every place", clear_empties_every_place);
	run("news are told once", news_are_told_once);
	return done();
}
