/* SPDX-License-Identifier: MIT */
/* What 500s are that say nothing, and connections that are closed: a limit's,
 * or failures; in virtual time. */
#include "base.h"

#include "limitersim.h"

#define ITEMS 1000
#define JOBS 16
#define SEEDS 40

static bool
one_item(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)server, (void)now_ns;
	return seq == 100;
}

/* Next to each other. */
static bool
a_block(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)server, (void)now_ns;
	return seq > 200 && seq <= 260;
}

static bool
a_block_at_the_end(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)server, (void)now_ns;
	return seq > 960;
}

static bool
five_blocks(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)server, (void)now_ns;
	return seq % 200 >= 160;
}

static bool
chance(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)seq, (void)now_ns;
	return fp_random_evenly(&server->random, 99) < (uint64_t)server->burst;
}

static bool
always(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)server, (void)seq, (void)now_ns;
	return true;
}

static bool
from_a_second_on(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)server, (void)seq;
	return now_ns > S;
}

static bool
for_twenty_seconds(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)server, (void)seq;
	return now_ns > S && now_ns < 21 * S;
}

/* Those that are under way. */
static bool
at_a_second(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)seq;
	return now_ns < S && now_ns + server->rtt_ns >= S;
}

/* A request more for each second that it lasts, and for each item that is
 * broken three. */
static void
failures_that_are_no_limit(void)
{
	static struct failing {
		struct server server;
		int n_ok; /* at least */
		int n_more; /* requests than items, at most */
		double most_s; /* 3.2 s is what it takes without */
	} cases[] = {
		{{.name = "one broken item", .breaks = one_item}, 999, 3, 6.5},
		{{.name = "60 next to each other", .breaks = a_block}, 940, 182,
			6},
		{{.name = "40 at the end", .breaks = a_block_at_the_end}, 960,
			125, 70},
		{{.name = "five times 40", .breaks = five_blocks}, 800, 605,
			75},
		{{.name = "2 % by chance", .breaks = chance, .burst = 2}, 1000,
			40, 6},
		{{.name = "20 % by chance", .breaks = chance, .burst = 20}, 960,
			310, 8},
		{{.name = "half by chance", .breaks = chance, .burst = 50}, 500,
			700, 12},
		{{.name = "all", .breaks = always}, 0, 105, 10},
		{{.name = "all after a second", .breaks = from_a_second_on},
			290, 130, 80},
		{{.name = "all for 20 s", .breaks = for_twenty_seconds}, 1000,
			60, 50},
		{{.name = "a process that ends",
			 .breaks = at_a_second,
			 .status = FP_STATUS_CLOSED},
			1000, JOBS, 4},
		{{.name = "all closed after a second",
			 .breaks = from_a_second_on,
			 .status = FP_STATUS_CLOSED},
			290, 130, 80},
	};
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		struct server *server = &cases[i].server;
		server->kind = FIXED;
		server->n = 1000000;
		server->period_ns = S;
		server->status = server->status ? server->status : 500;
		server->rtt_ns = 50 * MS;
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			simulate(&sim, server, ITEMS, JOBS, seed);
			bool ok =
				!(cases[i].server.breaks == at_a_second &&
					sim.out.rate[0]) &&
				sim.out.n_ok >= cases[i].n_ok &&
				sim.out.n_requests <= ITEMS + cases[i].n_more &&
				sim.out.took_s <= cases[i].most_s;
			CHECK(ok);
			if (seed == 1 || !ok)
				draw(&sim, ITEMS);
		}
	}
}

static struct fp_suspect suspect;

static enum fp_suspected
fail(bool is_first, bool is_test, bool has_other, int64_t now_ns,
	int64_t *pause_ns)
{
	struct fp_suspect_attempt attempt = {.begun_ns = now_ns,
		.is_first = is_first,
		.is_test = is_test,
		.has_other = has_other,
		.is_paced = suspect.is_limit};

	return fp_suspect_failed(&suspect, &attempt, S, now_ns, pause_ns);
}

static void
pass(bool is_first, bool is_test, int64_t now_ns)
{
	struct fp_suspect_attempt attempt = {
		.begun_ns = now_ns, .is_first = is_first, .is_test = is_test};

	fp_suspect_passed(&suspect, &attempt);
}

/* Something passes, and then eight fail. */
static void
become_suspicious(int64_t now_ns)
{
	int64_t pause_ns;

	suspect = (struct fp_suspect){.is_limit = false};
	pass(true, false, now_ns - 1);
	for (int i = 0; i < 7; i++) {
		CHECK(fail(true, false, true, now_ns, &pause_ns) ==
			FP_SUSPECTED_NO);
		CHECK(!fp_suspect_tests(&suspect) && pause_ns == 0);

		/* What was tried before is no news. */
		CHECK(fail(false, false, true, now_ns, &pause_ns) ==
			FP_SUSPECTED_NO);
	}
	CHECK(fail(true, false, true, now_ns, &pause_ns) == FP_SUSPECTED_MAYBE);
	CHECK(fp_suspect_tests(&suspect) && pause_ns == S + S / 50);
}

/* How often one goes alone where connections are closed, of which there are
 * enough; none of the first n_passed was. */
static int
count_tests(int n_passed, int64_t *took_ns)
{
	struct fp_suspect_attempt attempt = {.begun_ns = T0,
		.is_first = true,
		.has_other = true,
		.is_closed = true};
	int64_t pause_ns = 0, now_ns = T0 + S;
	int n = 0;

	for (int i = 0; i < n_passed; i++)
		pass(true, false, T0);
	/* Those that were closed together are not enough. */
	for (int i = 0; i < 16; i++)
		CHECK(fp_suspect_failed(&suspect, &attempt, S, now_ns,
			      &pause_ns) == FP_SUSPECTED_NO);
	attempt.begun_ns = now_ns;
	for (int i = 0; i < 2; i++) {
		CHECK(!fp_suspect_tests(&suspect));
		fp_suspect_failed(&suspect, &attempt, S, now_ns, &pause_ns);
	}
	CHECK(fp_suspect_tests(&suspect) == (pause_ns > 0));
	attempt.is_test = true;
	while (n < 100 && fp_suspect_tests(&suspect)) {
		fp_suspect_failed(&suspect, &attempt, S, now_ns, &pause_ns);
		fp_suspect_failed(&suspect, &attempt, S, now_ns, &pause_ns);
		now_ns += pause_ns;
		n++;
	}
	CHECK(suspect.closed_ns == 0 && suspect.n_later == 0);
	*took_ns = now_ns - T0;
	return n;
}

/* Not for as long as other failures, and once. */
static void
closed_connections(void)
{
	int64_t took_ns;

	suspect = (struct fp_suspect){.is_limit = false};
	CHECK(count_tests(50, &took_ns) == 6 && took_ns < 70 * S);
	CHECK(count_tests(200, &took_ns) == 0);
	suspect = (struct fp_suspect){.is_limit = false};
	CHECK(count_tests(51, &took_ns) == 5 && took_ns < 35 * S);
	/* Other failures are suspected all the same. */
	for (int i = 0; i < 200; i++)
		pass(true, false, T0 + 100 * S);
	for (int i = 0; i < 8; i++)
		fail(true, false, true, T0 + 101 * S, &took_ns);
	CHECK(fp_suspect_tests(&suspect));
}

static void
tests_one_by_one(void)
{
	static const int marks_s[] = {2, 5, 10, 30, 60};
	int64_t pause_ns, now_ns = T0 + S;

	become_suspicious(T0);
	for (size_t i = 0; i < FP_ARRAY_LEN(marks_s); i++) {
		CHECK(fail(false, true, true, now_ns, &pause_ns) ==
			FP_SUSPECTED_MAYBE);
		CHECK(pause_ns == 0 && suspect.wants_other);
		CHECK(fail(true, true, true, now_ns, &pause_ns) ==
			FP_SUSPECTED_MAYBE);
		CHECK(!suspect.wants_other);
		now_ns += pause_ns;
		CHECK(now_ns - T0 == marks_s[i] * (S + S / 50));
	}
	fail(false, true, true, now_ns, &pause_ns);
	CHECK(fail(true, true, true, now_ns, &pause_ns) == FP_SUSPECTED_NO);
	CHECK(!fp_suspect_tests(&suspect) && suspect.n_clean_min == 20);

	/* None may be sent again: of those that were never sent, the next one
	 * and one from far behind. */
	become_suspicious(T0);
	CHECK(fail(true, true, true, T0 + S, &pause_ns) == FP_SUSPECTED_MAYBE);
	CHECK(pause_ns == 0 && suspect.wants_other);
	CHECK(fail(true, true, true, T0 + S, &pause_ns) == FP_SUSPECTED_MAYBE);
	CHECK(pause_ns > 0 && !suspect.wants_other);
	fail(true, true, true, T0 + 2 * S, &pause_ns);
	for (int i = 0; i < 3; i++) {
		CHECK(fp_suspect_tests(&suspect));
		pass(true, true, T0 + 2 * S);
	}
	CHECK(!suspect.is_limit && !fp_suspect_tests(&suspect));

	/* Nothing is left that was never sent. */
	become_suspicious(T0);
	for (int i = 0; i < 2; i++)
		CHECK(fail(false, true, false, T0, &pause_ns) ==
			FP_SUSPECTED_MAYBE);
	CHECK(fail(false, true, false, T0, &pause_ns) == FP_SUSPECTED_NO);
}

static void
finds_out(void)
{
	int64_t pause_ns;

	become_suspicious(T0);
	pass(false, true, T0 + S);
	CHECK(suspect.is_limit && !fp_suspect_tests(&suspect));
	CHECK(fail(true, false, true, T0 + S, &pause_ns) == FP_SUSPECTED_LIMIT);

	/* It is refused no less when it is slower. */
	for (int i = 0; suspect.is_limit && i < 4; i++) {
		pass(true, false, T0 + S);
		fail(true, false, true, T0 + S, &pause_ns);
	}
	CHECK(!suspect.is_limit && suspect.n_clean_min == 20);

	/* The same item fails, another passes. */
	become_suspicious(T0);
	fail(false, true, true, T0 + S, &pause_ns);
	pass(true, true, T0 + S);
	CHECK(!suspect.is_limit && fp_suspect_tests(&suspect));
	CHECK(fail(false, true, true, T0 + S, &pause_ns) == FP_SUSPECTED_NO);
	CHECK(!suspect.is_limit && !fp_suspect_tests(&suspect));
	CHECK(suspect.n_clean_min == 20);

	/* The window has ended in between: then that one passes, too. */
	become_suspicious(T0);
	fail(false, true, true, T0 + S, &pause_ns);
	pass(true, true, T0 + S);
	pass(false, true, T0 + S);
	CHECK(!suspect.is_limit && fp_suspect_tests(&suspect));
	pass(false, true, T0 + S);
	CHECK(suspect.is_limit && !fp_suspect_tests(&suspect));

	/* One that was under way passes. */
	become_suspicious(T0);
	pass(true, false, T0 + 1);
	CHECK(!suspect.is_limit && !fp_suspect_tests(&suspect));
	CHECK(suspect.n_clean_min == 0);
}

static void
suspects_nothing(void)
{
	int64_t pause_ns;

	/* Nothing has ever passed. */
	suspect = (struct fp_suspect){.is_limit = false};
	for (int i = 0; i < 100; i++)
		CHECK(fail(true, false, true, T0, &pause_ns) ==
			FP_SUSPECTED_NO);

	/* Most have failed before. */
	suspect = (struct fp_suspect){.is_limit = false};
	for (int i = 0; i < 300; i++) {
		if (i % 3 == 0)
			pass(true, false, T0 + i);
		else
			fail(true, false, true, T0 + i, &pause_ns);
	}
	for (int i = 0; i < 100; i++)
		CHECK(fail(true, false, true, T0 + 300, &pause_ns) ==
			FP_SUSPECTED_NO);
}

static void
numbers_that_people_choose(void)
{
	static const uint64_t chosen[] = {20, 25, 30, 50, 60, 100, 120, 250,
		300, 1000, 1500, 2500, 5000, 100000};
	static const uint64_t others[] = {
		0, 5, 10, 11, 48, 49, 51, 70, 99, 101, 640, 998, 1001, 1234};

	for (size_t i = 0; i < FP_ARRAY_LEN(chosen); i++)
		CHECK(fp_suspect_marks(chosen[i]) == 9);
	for (size_t i = 0; i < FP_ARRAY_LEN(others); i++)
		CHECK(fp_suspect_marks(others[i]) == 6);
	CHECK(fp_suspect_mark_ns(8, T0, S, T0) == 612 * S);
	CHECK(fp_suspect_mark_ns(9, T0, S, T0) == 0);
	for (size_t i = 0; i < 9; i++)
		CHECK(fp_suspect_mark_ns(i, T0, 366 * 86400 * S, T0) >
			366 * 86400 * S);
}

/* The more fail anyhow, the more it takes. */
static void
many_fail_anyhow(void)
{
	static const struct {
		int n_good; /* between two that fail, before */
		int least;
	} cases[] = {{100, 8}, {7, 16}, {1, 32}};
	int64_t pause_ns;

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		suspect = (struct fp_suspect){.is_limit = false};
		for (int j = 0; j < 400; j++) {
			if (j % (cases[i].n_good + 1) < cases[i].n_good)
				pass(true, false, T0 + j);
			else
				fail(true, false, true, T0 + j, &pause_ns);
		}
		pass(true, false, T0 + 400);
		for (int j = 1; j <= cases[i].least; j++) {
			fail(true, false, true, T0 + 401, &pause_ns);
			CHECK(fp_suspect_tests(&suspect) ==
				(j == cases[i].least));
		}
	}
}

/* Those that are broken among those that a limit refuses: they are given up,
 * and do not slow the others down. */
static void
broken_items_at_a_limit(void)
{
	static struct server server = {.name = "5 in 2 s, 1 in 40 is broken",
		.kind = FIXED,
		.n = 5,
		.period_ns = 2 * S,
		.status = 500,
		.forbids = "40"};
	static struct sim sim;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		simulate(&sim, &server, 300, JOBS, seed);
		bool ok = sim.out.n_ok == 293 && sim.out.took_s <= 1.5 * 118;
		CHECK(ok);
		if (seed == 1 || !ok)
			draw(&sim, 300);
	}
}

/* Whenever in its window the run begins. Where that is as unlucky as can be, a
 * rate is found late. */
static void
a_limit_of_the_clock(void)
{
	static struct server server = {.name = "5 in 2 s of the clock",
		.kind = CLOCK,
		.n = 5,
		.period_ns = 2 * S,
		.status = 500};
	static struct sim sim;
	int n_slow = 0;

	for (int ms = 0; ms < 2000; ms += 10) {
		server.phase_ns = ms * MS;
		server.rtt_ns = (1 + ms / 10 % 30) * MS;
		simulate(&sim, &server, 300, JOBS, (uint64_t)ms + 1);
		bool ok = sim.out.n_ok >= 299 && sim.out.took_s <= 2 * 118 &&
			  sim.out.n_refused * 100 <= 25 * sim.out.n_requests;
		CHECK(ok);
		n_slow += sim.out.took_s > 1.5 * 118;
		if (ms == 0 || !ok)
			draw(&sim, 300);
	}
	CHECK(n_slow <= 1);
}

int
main(void)
{
	run("after eight, one at a time finds out", tests_one_by_one);
	run("what is found out", finds_out);
	run("what is not suspected", suspects_nothing);
	run("closed connections", closed_connections);
	run("many fail anyhow", many_fail_anyhow);
	run("numbers that people choose", numbers_that_people_choose);
	run("failures that are no limit", failures_that_are_no_limit);
	run("a limit of the clock", a_limit_of_the_clock);
	run("broken items at a limit", broken_items_at_a_limit);
	return done();
}
