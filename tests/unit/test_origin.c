/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "origintest.h"
#include "random.h"

/* ---- how many at once ---- */

static void
no_more_than_the_limit(void)
{
	set_up(NULL);
	for (int i = 0; i < 16; i++) {
		CHECK(may(FP_LEAVE_GO, false, T0));
		CHECK(!start(T0));
	}
	CHECK(waits_until(false, T0, INT64_MAX));
	CHECK(waits_until(true, T0, INT64_MAX));
	answer(T0, T0);
	CHECK(may(FP_LEAVE_GO, false, T0));
	tear_down();
}

static void
start_all(int64_t now_ns)
{
	while (may(FP_LEAVE_GO, false, now_ns))
		start(now_ns);
}

static void
the_limit_is_halved_once_for_all_under_way(void)
{
	set_up(NULL);
	start_all(T0);
	CHECK(origin->n_active == 16);
	for (int i = 0; i < 3; i++)
		busy(T0, 0, T0 + 1 + i);
	CHECK(origin->limit == 8);
	while (origin->n_active)
		answer(T0, T0 + 9);
	CHECK(origin->limit == 8);

	/* Halved is what was under way, if that was less than allowed. */
	for (int i = 0; i < 6; i++)
		start(T0 + 10);
	busy(T0 + 10, 0, T0 + 11);
	CHECK(origin->limit == 3);
	while (origin->n_active)
		answer(T0 + 10, T0 + 12);

	/* One that began at the moment of the last halving was under way. */
	start(T0 + 12);
	busy(T0 + 11, 0, T0 + 20);
	CHECK(origin->limit == 3);
	for (int64_t now = T0 + 21; now < T0 + 30; now++) {
		start(now);
		busy(now, 0, now);
		CHECK(origin->limit == 1);
	}
	tear_down();
}

static void
hear_good(int n, int64_t now_ns)
{
	for (int i = 0; i < n; i++)
		answer_once(now_ns);
}

static void
the_limit_grows_with_good_answers(void)
{
	set_up(NULL);
	start(T0);
	busy(T0, 0, T0);
	CHECK(origin->limit == 1);
	hear_good(19, T0 + 1);
	CHECK(origin->limit == 1);
	hear_good(1, T0 + 1);
	CHECK(origin->limit == 2);

	/* In a row: another 429 begins the count again, and is none of them,
	 * even when it does not halve. */
	hear_good(19, T0 + 1);
	origin->n_active++;
	busy(T0, 0, T0 + 2);
	CHECK(origin->limit == 2);
	hear_good(19, T0 + 3);
	CHECK(origin->limit == 2);
	hear_good(1, T0 + 3);
	CHECK(origin->limit == 3);

	hear_good(20 * 13, T0 + 3);
	CHECK(origin->limit == 16);
	hear_good(1000, T0 + 3);
	CHECK(origin->limit == 16);
	tear_down();
}

/* ---- pauses ---- */

static bool
has_news(enum fp_notice_why why)
{
	return origin->news & (1U << why);
}

static void
a_pause_is_the_longest_of_all(void)
{
	set_up(NULL);
	start_all(T0);
	busy(T0, 10 * S, T0);
	CHECK(waits_until(false, T0 + 1, T0 + 10 * S));
	busy(T0, 5 * S, T0 + 1 * S);
	CHECK(waits_until(true, T0 + 1, T0 + 10 * S));
	busy(T0, 10 * S, T0 + 5 * S);
	CHECK(waits_until(false, T0 + 10 * S, T0 + 15 * S));
	while (origin->n_active)
		answer(T0, T0 + 6 * S);
	CHECK(may(FP_LEAVE_WAIT, false, T0 + 15 * S - 1));
	CHECK(may(FP_LEAVE_GO, false, T0 + 15 * S));

	/* As long as time itself. */
	origin->n_active++;
	busy(T0, INT64_MAX, T0 + 20 * S);
	CHECK(waits_until(false, T0 + 21 * S, INT64_MAX));
	tear_down();
}

static void
each_pause_is_told_once(void)
{
	set_up(NULL);
	start_all(T0);
	busy(T0, 10 * S, T0);
	busy(T0, 20 * S, T0);
	struct fp_notice notice = fp_origin_tell(origin, T0 + 1 * S);
	CHECK(notice.why == FP_NOTICE_PAUSED && notice.status == 429);
	CHECK(notice.wait_ns == 19 * S);
	CHECK_TEXT(notice.origin, "http://a.test:80");
	CHECK(!origin->news);
	busy(T0, 30 * S, T0 + 2 * S);
	CHECK(!origin->news);

	/* Others within a minute are counted; the next is told, late. */
	busy(T0, 10 * S, T0 + 40 * S);
	busy(T0, 5 * S, T0 + 52 * S);
	CHECK(!origin->news);
	busy(T0, 10 * S, T0 + 61 * S);
	CHECK(has_news(FP_NOTICE_PAUSED));
	notice = fp_origin_tell(origin, T0 + 80 * S);
	CHECK(notice.wait_ns == 0 && notice.count == 3);

	/* A quota that is used up is not a refusal. */
	end((struct fp_report){.heard = FP_HEARD_ANSWER, .pause_ns = 3 * S},
		T0 + 160 * S);
	notice = fp_origin_tell(origin, T0 + 160 * S);
	CHECK(notice.why == FP_NOTICE_QUOTA && notice.status == 0);
	CHECK(notice.wait_ns == 3 * S && origin->limit == 8);
	CHECK(!origin->news);
	tear_down();
}

static void
too_long_a_pause_fails_items(void)
{
	char text[160];
	enum fp_kind kind;

	set_up(NULL);
	start_all(T0);
	busy(T0, 60 * S, T0);
	end((struct fp_report){.heard = FP_HEARD_BUSY,
		    .status = 503,
		    .refused = {.is = FP_REFUSAL_SAID},
		    .begun_ns = T0,
		    .pause_ns = 3600 * S,
		    .is_too_long = true},
		T0);
	CHECK(may(FP_LEAVE_NEVER, false, T0 + 1));
	CHECK(may(FP_LEAVE_NEVER, true, T0 + 3600 * S - 1));
	fp_origin_explain(origin, T0 + 600 * S, &kind, text, sizeof(text));
	CHECK(kind == FP_KIND_HTTP && strstr(text, "another 3000 s"));
	fp_origin_explain(origin, T0 + 600 * S + 1, &kind, text, sizeof(text));
	CHECK(strstr(text, "another 3000 s"));

	/* A shorter pause that ends later does not make it bearable. */
	busy(T0, 600 * S, T0 + 3500 * S);
	CHECK(may(FP_LEAVE_NEVER, false, T0 + 4000 * S));

	/* Afterwards it is as it was; the next pause is of the usual kind. */
	while (origin->n_active)
		answer(T0, T0 + 5000 * S);
	CHECK(may(FP_LEAVE_GO, false, T0 + 5000 * S));
	origin->n_active++;
	busy(T0, 60 * S, T0 + 5000 * S);
	CHECK(may(FP_LEAVE_WAIT, false, T0 + 5000 * S));
	tear_down();
}

static void
nonsense_is_told_once(void)
{
	struct fp_report report = {
		.heard = FP_HEARD_ANSWER, .is_malformed = true};

	set_up(NULL);
	for (int i = 0; i < 3; i++) {
		start(T0);
		end(report, T0);
		CHECK(has_news(FP_NOTICE_MALFORMED) == (i == 0));
		if (origin->news)
			CHECK(fp_origin_tell(origin, T0).why ==
				FP_NOTICE_MALFORMED);
	}
	tear_down();
}

static void
a_few_503_say_nothing_about_the_rest(void)
{
	struct fp_report mild = {
		.heard = FP_HEARD_BUSY,
		.status = 503,
		.refused = {.is = FP_REFUSAL_MILD},
		.wait_ns = S,
	};

	set_up(NULL);
	for (int i = 0; i < 10; i++) {
		start(T0);
		end(mild, T0);
		CHECK(may(FP_LEAVE_GO, false, T0));
		CHECK(origin->limit == origins.rules.host_jobs);
		for (int j = 0; j < 7; j++)
			answer_once(T0);
	}
	for (int i = 0; i < 3; i++) {
		start(T0);
		end(mild, T0);
	}
	CHECK(may(FP_LEAVE_WAIT, false, T0));
	CHECK(origin->limit < origins.rules.host_jobs);
	tear_down();
}

static void
what_has_no_attempt_left_pauses_nobody(void)
{
	struct fp_report report = {
		.heard = FP_HEARD_BUSY,
		.status = 429,
		.refused = {.is = FP_REFUSAL_SAID},
		.wait_ns = S,
		.is_last = true,
	};

	set_up(NULL);
	start(T0);
	end(report, T0);
	CHECK(may(FP_LEAVE_GO, false, T0));

	/* But what the server says holds for all. */
	report.pause_ns = S;
	start(T0);
	end(report, T0);
	CHECK(may(FP_LEAVE_WAIT, false, T0));
	tear_down();
}

static void
the_budget_is_filled_by_first_successes(void)
{
	struct fp_report report = {.heard = FP_HEARD_ANSWER};

	set_up(NULL);
	while (fp_budget_take(&origin->budget, false))
		continue;
	int64_t left = origin->budget.left;
	start(T0);
	end(report, T0);
	CHECK(origin->budget.left == left);
	report.is_first_success = true;
	start(T0);
	end(report, T0);
	CHECK(origin->budget.left == left + 1);
	tear_down();
}

/* Begins with 8, and a 503 takes one place, without a pause; a 429 takes none.
 */
static void
the_number_is_found(void)
{
	struct fp_report report = {.is_started = true, .begun_ns = T0};

	set_up(NULL);
	origins.rules.finds_jobs = origins.rules.tells_jobs = true;
	fp_origins_let_go(&origins, origin, T0);
	origin = hold("http://b.test/");
	for (int i = 0; i < 8; i++) {
		CHECK(may(FP_LEAVE_GO, false, T0));
		start(T0);
	}
	CHECK(waits_until(false, T0, INT64_MAX));
	CHECK(fp_origin_holds(&origins, origin, T0) == FP_HELD_HOST_JOBS);

	report.heard = FP_HEARD_BUSY;
	report.refused.is = FP_REFUSAL_MILD;
	report.refused.wait_ns = -1;
	report.status = 503;
	fp_origin_hear(&origins, origin, &report, T0 + 1);
	origin->n_active--;
	CHECK(!origin->busy.is_stirred && origin->not_before_ns == 0);
	CHECK(waits_until(false, T0 + 1, INT64_MAX));
	CHECK(origin->news == 1U << FP_NOTICE_JOBS);
	CHECK(fp_origin_tell(origin, T0 + 1).count == 7);

	report.refused.is = FP_REFUSAL_SAID;
	report.status = 429;
	fp_origin_hear(&origins, origin, &report, T0 + 2);
	origin->n_active--;
	CHECK(origin->busy.is_stirred && !origin->news);
	tear_down();
}

/* How long refusals are heard until no pause follows. */
static int64_t
heard_for_ns(const char *other)
{
	struct fp_report report = {
		.heard = FP_HEARD_BUSY,
		.status = 429,
		.refused = {.is = FP_REFUSAL_SAID, .wait_ns = -1},
		.random = fp_random_seed(1),
	};
	int64_t now_ns = T0;

	set_up(NULL);
	origins.rules.busy = (struct fp_busy_rules){
		.learns = true, .delay_ns = S, .max_delay_ns = 30 * S};
	for (int i = 1; i < 300; i++)
		CHECK(hold("http://a.test/") == origin);
	CHECK(!other || hold(other));
	for (int i = 0; i < 100; i++) {
		start(now_ns);
		report.begun_ns = now_ns;
		end(report, now_ns);
		if (origin->not_before_ns <= now_ns && i > 3)
			break;
		now_ns = FP_MAX(origin->not_before_ns, now_ns + 1);
	}
	tear_down();
	return now_ns - T0;
}

/* Where others may stand behind its items, a limit is not waited for as long.
 */
static void
others_are_not_held_up_for_long(void)
{
	CHECK(heard_for_ns(NULL) >= 600 * S);
	CHECK(heard_for_ns("http://b.test/") < 250 * S);
}

int
main(void)
{
	run("no more than the limit", no_more_than_the_limit);
	run("the limit is halved once for all that was under way",
		the_limit_is_halved_once_for_all_under_way);
	run("the limit grows with good answers",
		the_limit_grows_with_good_answers);
	run("a pause is the longest of all", a_pause_is_the_longest_of_all);
	run("each pause is told once", each_pause_is_told_once);
	run("too long a pause fails items", too_long_a_pause_fails_items);
	run("nonsense is told once", nonsense_is_told_once);
	run("others are not held up for long", others_are_not_held_up_for_long);
	run("a few 503 say nothing about the rest",
		a_few_503_say_nothing_about_the_rest);
	run("what has no attempt left pauses nobody",
		what_has_no_attempt_left_pauses_nobody);
	run("the budget is filled by first successes",
		the_budget_is_filled_by_first_successes);
	run("how many at once is found", the_number_is_found);
	return done();
}
