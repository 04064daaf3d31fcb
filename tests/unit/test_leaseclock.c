/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "leaseclock.h"

#include "tap.h"

#define MS FP_NS_PER_MS

/* The server's clock, when ours is at 0. */
#define AHEAD_US INT64_C(1700000000000000)

/* Whether the true time is within the bounds, and how far apart these are. */
static int64_t
width_us(const struct fp_leaseclock *clock, int64_t now_ns, int64_t true_us)
{
	int64_t low_us = fp_leaseclock_earliest_us(clock, now_ns);
	int64_t high_us = fp_leaseclock_latest_us(clock, now_ns);

	CHECK(low_us <= true_us && true_us <= high_us);
	return high_us - low_us;
}

static void
the_best_bounds_are_kept(void)
{
	struct fp_leaseclock clock = {.is_known = false};
	int64_t ns = 1000 * MS;

	/* The server looked at its clock at some time between. */
	fp_leaseclock_hear(&clock, AHEAD_US + 1010000, ns, ns + 40 * MS);
	CHECK(width_us(&clock, ns + 40 * MS, AHEAD_US + 1040000) >= 40000);
	fp_leaseclock_hear(
		&clock, AHEAD_US + 1101000, ns + 100 * MS, ns + 102 * MS);
	CHECK(width_us(&clock, ns + 102 * MS, AHEAD_US + 1102000) < 2100);
	fp_leaseclock_hear(
		&clock, AHEAD_US + 1290000, ns + 200 * MS, ns + 300 * MS);
	CHECK(width_us(&clock, ns + 300 * MS, AHEAD_US + 1300000) < 2400);
	CHECK(!clock.has_jumped);
}

static void
they_are_let_go_of_as_clocks_drift(void)
{
	struct fp_leaseclock clock = {.is_known = false};

	fp_leaseclock_hear(&clock, AHEAD_US, 0, MS);
	int64_t hour_ns = 3600 * FP_NS_PER_S;
	CHECK(width_us(&clock, hour_ns, AHEAD_US + hour_ns / 1000) > 3000000);
	/* One that is 1 s behind after an hour has not been set. */
	fp_leaseclock_hear(&clock, AHEAD_US + hour_ns / 1000 - 1000000, hour_ns,
		hour_ns + MS);
	CHECK(!clock.has_jumped);
	CHECK(width_us(&clock, hour_ns + MS,
		      AHEAD_US + hour_ns / 1000 - 999000) < 1100);
}

static void
a_clock_that_is_set(void)
{
	struct fp_leaseclock clock = {.is_known = false};

	fp_leaseclock_hear(&clock, AHEAD_US, 0, MS);
	fp_leaseclock_hear(&clock, AHEAD_US + 5000000, 1000 * MS, 1001 * MS);
	CHECK(clock.has_jumped);
	CHECK(width_us(&clock, 1001 * MS, AHEAD_US + 5000500) < 1100);
	clock.has_jumped = false;
	/* Back: the server finds out by itself. */
	fp_leaseclock_hear(&clock, AHEAD_US, 2000 * MS, 2001 * MS);
	CHECK(!clock.has_jumped);
	CHECK(width_us(&clock, 2001 * MS, AHEAD_US + 500) < 1100);
}

static void
how_long_a_call_takes(void)
{
	struct fp_leaseclock clock = {.is_known = false};

	CHECK(fp_leaseclock_trip_ns(&clock) == 0);
	for (int64_t ns = 0; ns < 100 * FP_NS_PER_S; ns += 10 * FP_NS_PER_S)
		fp_leaseclock_hear(
			&clock, AHEAD_US + ns / 1000, ns, ns + 20 * MS);
	CHECK(fp_leaseclock_trip_ns(&clock) == 20 * MS);
	int64_t ns = 100 * FP_NS_PER_S;
	for (int i = 0; i < 30; i++, ns += 10 * FP_NS_PER_S)
		fp_leaseclock_hear(
			&clock, AHEAD_US + ns / 1000, ns, ns + 5 * FP_NS_PER_S);
	CHECK(fp_leaseclock_trip_ns(&clock) == FP_NS_PER_S);
}

int
main(void)
{
	run("the best bounds are kept", the_best_bounds_are_kept);
	run("they are let go of as clocks drift",
		they_are_let_go_of_as_clocks_drift);
	run("a clock that is set", a_clock_that_is_set);
	run("how long a call takes", how_long_a_call_takes);
	return done();
}
