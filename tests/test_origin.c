/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "origintest.h"

#include <errno.h>

#define IDLE_MAX 1024 /* as in origin.c */

/* ---- memory ---- */

/* The linker puts this in the place of calloc() (--wrap in Makefile.am). */
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool has_no_memory, has_no_room; /* for anything; for arrays */

void *
__wrap_calloc(size_t n, size_t size)
{
	if (has_no_memory || (has_no_room && n > 1)) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_calloc(n, size);
}

/* ---- names and memory ---- */

static void
one_origin_has_many_spellings(void)
{
	static const char *const same[] = {
		"http://a.test",
		"http://a.test?query",
		"http://a.test#part",
		"http://a.test:80/x",
		"http://a.test:/x",
		"HTTP://A.Test/y?z=http://b.test/",
		"http://user:secret@a.test/",
		"http://user@a.test:80?x",
	};
	static const char *const other[] = {
		"https://a.test/",
		"http://a.test:443/",
		"http://b.test/",
		"http://a.test.test/",
		"http://[::1]/",
	};

	set_up(NULL);
	CHECK_TEXT(origin->name, "http://a.test:80");
	for (size_t i = 0; i < FP_ARRAY_LEN(same); i++)
		CHECK(hold(same[i]) == origin);
	CHECK(origin->n_holds == 1 + FP_ARRAY_LEN(same));
	for (size_t i = 0; i < FP_ARRAY_LEN(other); i++)
		CHECK(hold(other[i]) != origin);
	CHECK(origins.n == 1 + FP_ARRAY_LEN(other));
	CHECK(hold("https://a.test:443") == hold("https://a.test"));
	tear_down();
}

static void
what_is_held_stays(void)
{
	set_up(NULL);
	CHECK(hold("http://a.test/2") == origin);
	let_go(origin, T0);
	CHECK(origins.n_idle == 0);
	let_go(origin, T0);
	CHECK(origins.n_idle == 1 && origins.oldest == origin);
	CHECK(hold("http://a.test/") == origin && origins.n_idle == 0);
	CHECK(!origins.oldest && !origins.newest);
	tear_down();
}

static void
visit(int i, int64_t now_ns)
{
	char url[64];

	snprintf(url, sizeof(url), "http://host%d.test/", i);
	struct fp_origin *one = hold(url);
	CHECK(one && strncmp(one->name, url, strlen(url) - 1) == 0);
	let_go(one, now_ns);
}

static void
most_are_forgotten(void)
{
	set_up("1/s");
	size_t most = 0;
	for (int i = 0; i < 100000; i++) {
		visit(i, T0);
		most = FP_MAX(most, origins.n);
	}
	CHECK(most <= IDLE_MAX + 2);
	CHECK(origins.n_idle == IDLE_MAX);
	CHECK(hold("http://a.test/") == origin); /* which was held */

	/* The last ones are there; the first is made again. */
	size_t n = origins.n;
	visit(99999, T0);
	CHECK(origins.n == n);
	visit(0, T0);
	CHECK(origins.n == n && origins.n_idle == IDLE_MAX);
	tear_down();
}

/* Lets go of it and meets so many others, and comes back. */
static bool
is_remembered(int64_t now_ns)
{
	let_go(origin, now_ns);
	for (int i = 0; i < 4 * IDLE_MAX; i++)
		visit(i, now_ns);
	CHECK(origins.n_idle <= IDLE_MAX + 4);
	struct fp_origin *after = hold("http://a.test/");
	bool is_same = after == origin;
	origin = after;
	return is_same;
}

static void
what_still_matters_is_not_forgotten(void)
{
	set_up("1/10s");
	start(T0);
	busy(T0, 60 * S, T0);
	fp_ratelimit_give_back(&origin->rate);
	CHECK(is_remembered(T0 + 59 * S));
	CHECK(may(FP_LEAVE_WAIT, false, T0 + 59 * S));
	origin->is_news = true;
	CHECK(is_remembered(T0 + 60 * S));
	origin->is_news = false;
	int64_t now = T0 + 100 * S;

	start(now);
	answer(now, now);
	fp_ratelimit_fire(&origin->rate, now);
	CHECK(is_remembered(now + 9 * S));
	CHECK(may(FP_LEAVE_WAIT, false, now + 9 * S));

	now += 20 * S;
	for (int i = 0; i < 5; i++) {
		silence(false, false, now);
		origin->n_active++;
	}
	CHECK(origin->circuit == FP_CIRCUIT_OPEN);
	CHECK(is_remembered(now + 29 * S));

	/* And afterwards it is. */
	origin->n_good = 1; /* a mark */
	is_remembered(now + 31 * S);
	CHECK(origin->n_good == 0 && origin->circuit == FP_CIRCUIT_CLOSED);
	tear_down();
}

/* Thousands that may not be forgotten yet do not keep the others. */
static void
memory_is_bounded(void)
{
	char url[64];

	set_up(NULL);
	for (int i = 0; i < 3000; i++) {
		snprintf(url, sizeof(url), "http://paused%d.test/", i);
		origin = hold(url);
		origin->n_active++;
		busy(T0, 60 * S, T0);
		let_go(origin, T0);
	}
	CHECK(origins.n_idle == 3000);
	for (int i = 0; i < 20000; i++)
		visit(i, T0 + 1);
	CHECK(origins.n_idle < 2 * (3000 + IDLE_MAX));
	for (int i = 0; i < 8000; i++)
		visit(i, T0 + 61 * S);
	CHECK(origins.n_idle == IDLE_MAX);
	tear_down();
}

static void
without_memory_nothing_is_held(void)
{
	set_up("1/s");
	has_no_memory = true;
	errno = 0;
	CHECK(!hold("http://b.test/") && errno == ENOMEM);
	CHECK(hold("http://a.test/") == origin);
	CHECK(fp_origin_start(&origins, origin, T0) == -1);
	CHECK(origin->n_active == 0 && fp_ratelimit_is_idle(&origin->rate, T0));
	has_no_memory = false;
	CHECK(origins.n == 1 && hold("http://b.test/"));
	tear_down();

	has_no_memory = true;
	CHECK(fp_origins_init(&origins, &origins.rules) == -1);
	has_no_memory = false;
	fp_origins_destroy(&origins);

	/* A table that cannot grow is still one. */
	set_up(NULL);
	has_no_room = true;
	for (int i = 0; i < 1000; i++)
		visit(i, T0);
	has_no_room = false;
	CHECK(origins.n == 1001 && origins.n_chains == 64);
	visit(17, T0);
	CHECK(origins.n == 1001);
	visit(1000, T0);
	CHECK(origins.n_chains == 128);
	visit(17, T0);
	CHECK(origins.n == 1002);
	tear_down();
}

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

	/* The next one is another; it is told late. */
	busy(T0, 10 * S, T0 + 40 * S);
	CHECK(has_news(FP_NOTICE_PAUSED));
	CHECK(fp_origin_tell(origin, T0 + 60 * S).wait_ns == 0);

	/* A quota that is used up is not a refusal. */
	end((struct fp_report){.heard = FP_HEARD_ANSWER, .pause_ns = 3 * S},
		T0 + 60 * S);
	notice = fp_origin_tell(origin, T0 + 60 * S);
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
		.pause_ns = S,
		.is_drawn = true,
		.is_mild = true,
	};

	set_up(NULL);
	for (int i = 0; i < 10; i++) {
		start(T0);
		end(mild, T0);
		CHECK(may(FP_LEAVE_GO, false, T0));
		start(T0);
		end(mild, T0);
		CHECK(may(FP_LEAVE_GO, false, T0));
		CHECK(origin->limit == origins.rules.host_jobs);
		start(T0);
		answer(T0, T0);
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
		.pause_ns = S,
		.is_drawn = true,
		.is_last = true,
	};

	set_up(NULL);
	start(T0);
	end(report, T0);
	CHECK(may(FP_LEAVE_GO, false, T0));

	/* But what the server says holds for all. */
	report.is_drawn = false;
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

int
main(void)
{
	run("one origin has many spellings", one_origin_has_many_spellings);
	run("what is held stays", what_is_held_stays);
	run("of those that nobody holds most are forgotten",
		most_are_forgotten);
	run("what still matters is not forgotten",
		what_still_matters_is_not_forgotten);
	run("memory is bounded", memory_is_bounded);
	run("without memory nothing is held", without_memory_nothing_is_held);
	run("no more than the limit", no_more_than_the_limit);
	run("the limit is halved once for all that was under way",
		the_limit_is_halved_once_for_all_under_way);
	run("the limit grows with good answers",
		the_limit_grows_with_good_answers);
	run("a pause is the longest of all", a_pause_is_the_longest_of_all);
	run("each pause is told once", each_pause_is_told_once);
	run("too long a pause fails items", too_long_a_pause_fails_items);
	run("nonsense is told once", nonsense_is_told_once);
	run("a few 503 say nothing about the rest",
		a_few_503_say_nothing_about_the_rest);
	run("what has no attempt left pauses nobody",
		what_has_no_attempt_left_pauses_nobody);
	run("the budget is filled by first successes",
		the_budget_is_filled_by_first_successes);
	return done();
}
