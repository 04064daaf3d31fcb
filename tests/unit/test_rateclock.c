/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "rateclock.h"
#include "tap.h"

#define S FP_NS_PER_S
#define NOON (INT64_C(1790000000) * S)

static struct fp_rateclock clock_;

/* This boot's clock, and the wall clock. */
static struct fp_rateclock_reading
at(uint64_t boot, int64_t boot_ns, int64_t wall_ns)
{
	struct fp_rateclock_reading reading = {
		{boot, ~boot}, wall_ns, boot_ns, wall_ns};

	return reading;
}

static void
start(uint64_t boot, int64_t boot_ns, int64_t wall_ns)
{
	struct fp_rateclock_reading reading = at(boot, boot_ns, wall_ns);

	fp_rateclock_start(&clock_, &reading);
}

/* The time; *changed: the clock has to be written. */
static int64_t
read_at(uint64_t boot, int64_t boot_ns, int64_t wall_ns, int64_t latest_ns,
	bool *changed)
{
	struct fp_rateclock_reading reading = at(boot, boot_ns, wall_ns);
	int64_t now_ns;

	*changed = fp_rateclock_read(&clock_, &reading, latest_ns, &now_ns);
	return now_ns;
}

static void
steps_of_the_wall_clock(void)
{
	bool changed;

	start(1, 100 * S, NOON);
	CHECK(read_at(1, 100 * S, NOON, 0, &changed) == NOON && !changed);
	CHECK(read_at(1, 110 * S, NOON + 10 * S, 0, &changed) == NOON + 10 * S);
	CHECK(!changed);
	/* A year back, a year forward: only noted, once. */
	for (int64_t step = -1; step <= 1; step += 2) {
		int64_t wall_ns = NOON + step * 31536000 * S;
		CHECK(read_at(1, 120 * S, wall_ns, 0, &changed) ==
			NOON + 20 * S);
		CHECK(changed);
		CHECK(read_at(1, 120 * S + 5, wall_ns, 0, &changed) ==
			NOON + 20 * S + 5);
		CHECK(!changed);
	}
}

static void
reboots(void)
{
	bool changed;

	/* It took 50 s. */
	start(1, 100 * S, NOON);
	CHECK(read_at(2, 3 * S, NOON + 50 * S, NOON, &changed) ==
		NOON + 50 * S);
	CHECK(changed);
	CHECK(read_at(2, 4 * S, NOON + 51 * S, NOON, &changed) ==
		NOON + 51 * S);
	CHECK(!changed);

	/* The wall clock was wrong by a year, was set, and then comes the
	 * reboot: it took 50 s again. */
	start(1, 100 * S, NOON - 31536000 * S);
	CHECK(read_at(1, 200 * S, NOON, 0, &changed) ==
		NOON - 31536000 * S + 100 * S);
	CHECK(changed);
	CHECK(read_at(2, 3 * S, NOON + 50 * S, 0, &changed) ==
		NOON - 31536000 * S + 150 * S);

	/* The wall clock begins in 1970 after it, and is set later. */
	start(1, 100 * S, NOON);
	CHECK(read_at(2, 3 * S, 5 * S, NOON + 7 * S, &changed) == NOON + 7 * S);
	CHECK(changed);
	CHECK(read_at(2, 13 * S, NOON + 900 * S, NOON, &changed) ==
		NOON + 17 * S);
	CHECK(changed);
	CHECK(read_at(3, 1 * S, NOON + 950 * S, NOON, &changed) ==
		NOON + 67 * S);
}

static void
never_before_the_latest(void)
{
	bool changed;

	start(1, 100 * S, NOON);
	CHECK(read_at(1, 101 * S, NOON + S, NOON + 9 * S, &changed) ==
		NOON + 9 * S);
	CHECK(read_at(2, 0, NOON + S, NOON + 9 * S, &changed) == NOON + 9 * S);
}

static void
ahead_once(void)
{
	bool changed;

	/* A stamp is a day ahead, as the clock was: time goes on from there. */
	start(1, 100 * S, NOON);
	int64_t latest_ns = NOON + 86400 * S;
	CHECK(read_at(1, 101 * S, NOON + S, latest_ns, &changed) == latest_ns);
	CHECK(changed);
	CHECK(read_at(1, 102 * S, NOON + 2 * S, latest_ns, &changed) ==
		latest_ns + S);
	CHECK(!changed);
	/* And over a reboot that takes 10 s. */
	CHECK(read_at(2, 2 * S, NOON + 12 * S, latest_ns, &changed) ==
		latest_ns + 11 * S);

	/* The clocks of two processors may differ by a little: it stands. */
	start(1, 100 * S, NOON);
	CHECK(read_at(1, 101 * S, NOON + S, NOON + S + 5, &changed) ==
		NOON + S + 5);
	CHECK(!changed);
}

static void
absurd_clocks(void)
{
	static const int64_t values[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1,
		NOON, INT64_MAX / 2, INT64_MAX - 1, INT64_MAX};
	size_t n = FP_ARRAY_LEN(values);
	bool changed;

	for (size_t i = 0; i < n * n * n; i++) {
		for (uint64_t boot = 1; boot <= 2; boot++) {
			start(1, values[i % n], values[i / n % n]);
			/* As it may stand in a file. */
			if (i % 2)
				clock_.boot_ahead_ns = values[i % n];
			int64_t now_ns = read_at(boot, values[i / n / n],
				values[i % n], NOON, &changed);
			CHECK(now_ns >= NOON && now_ns <= INT64_MAX / 2);
			/* And so without the wall clock. */
			int64_t bare_ns = fp_rateclock_now_ns(
				&clock_, values[i / n / n], NOON);
			CHECK(boot == 1 ? bare_ns == now_ns
					: bare_ns >= NOON &&
						  bare_ns <= INT64_MAX / 2);
		}
	}
}

/* ---- every order in which things can happen ---- */

#define HELD_UP (5 * S)

static struct machine {
	uint64_t boot;
	int64_t true_ns, boot_ns, wall_ns;
	int64_t latest_ns; /* what the last reading gave */
} machine;

static void
machine_runs(int64_t ns)
{
	machine.true_ns += ns;
	machine.boot_ns += ns;
	machine.wall_ns += ns;
}

/* Looks at the clocks, and is held up before and after the second look. */
static void
machine_looks(int64_t before_ns, int64_t after_ns)
{
	struct fp_rateclock_reading reading = {
		.boot = {machine.boot, machine.boot}};
	int64_t now_ns;

	reading.wall_ns = machine.wall_ns;
	machine_runs(before_ns);
	reading.boot_ns = machine.boot_ns;
	machine_runs(after_ns);
	reading.wall_after_ns = machine.wall_ns;
	fp_rateclock_read(&clock_, &reading, machine.latest_ns, &now_ns);
	if (now_ns > machine.true_ns)
		printf("# %g s ahead\n",
			(double)(now_ns - machine.true_ns) / (double)S);
	CHECK(now_ns <= machine.true_ns && now_ns >= machine.latest_ns);
	machine.latest_ns = now_ns;
}

static void
machine_does(unsigned what)
{
	switch (what) {
	case 0:
		machine_looks(0, 0);
		break;
	case 1:
		machine_looks(HELD_UP, 0);
		break;
	case 2:
		machine_looks(0, HELD_UP);
		break;
	case 3: /* the wall clock is set back */
		machine.wall_ns -= 7 * S;
		break;
	case 4: /* or forward, not while nobody looks over a reboot */
		machine_looks(0, 0);
		machine.wall_ns += 11 * S;
		machine_looks(0, 0);
		break;
	default: /* a reboot of 3 s */
		machine.boot++;
		machine_runs(3 * S);
		machine.boot_ns = S;
		break;
	}
}

/* The time in the file is never ahead of the true one: what was started a
 * period ago in it was started a period ago. */
static void
never_ahead(void)
{
	enum { WAYS = 6, STEPS = 6 };
	unsigned n = 1;

	for (unsigned i = 0; i < STEPS; i++)
		n *= WAYS;
	for (unsigned i = 0; i < n; i++) {
		machine = (struct machine){1, NOON, 100 * S, NOON, 0};
		struct fp_rateclock_reading first = {
			{1, 1}, NOON, 100 * S, NOON};
		fp_rateclock_start(&clock_, &first);
		for (unsigned k = 0, left = i; k < STEPS; k++, left /= WAYS) {
			machine_runs(S);
			machine_does(left % WAYS);
		}
		machine_looks(0, 0);
	}
}

int
main(void)
{
	run("steps of the wall clock move nothing", steps_of_the_wall_clock);
	run("reboots take as long as the wall clock says", reboots);
	run("never before the latest stamp", never_before_the_latest);
	run("a clock that was ahead once locks nothing", ahead_once);
	run("held up between two looks at clocks: never ahead", never_ahead);
	run("absurd clocks", absurd_clocks);
	return done();
}
