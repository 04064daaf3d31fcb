/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "rateclock.h"

/* No moment is later: some 146 years after 1970. */
#define TIME_MAX_NS (INT64_MAX / 2)

/* Stamps that are of the future by more show that the time since the boot was
 * wrong, or is now. */
#define BOOT_STEP_NS FP_NS_PER_MS

/* The wall clock's lead is noted again when it has changed by more. */
#define WALL_STEP_NS FP_NS_PER_S

static int64_t
clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : FP_MIN(value, high);
}

/* a - b, as far as it can be said. */
static int64_t
less(int64_t a, int64_t b)
{
	if (b >= 0)
		return a < INT64_MIN + b ? INT64_MIN : a - b;
	return a > INT64_MAX + b ? INT64_MAX : a - b;
}

static int64_t
earliest_wall_ns(const struct fp_rateclock_reading *reading)
{
	return FP_MIN(reading->wall_ns, reading->wall_after_ns);
}

static int64_t
latest_wall_ns(const struct fp_rateclock_reading *reading)
{
	return FP_MAX(reading->wall_ns, reading->wall_after_ns);
}

/* From this reading on, the time is now_ns. */
static void
rateclock_set(struct fp_rateclock *clock,
	const struct fp_rateclock_reading *reading, int64_t now_ns)
{
	clock->boot[0] = reading->boot[0];
	clock->boot[1] = reading->boot[1];
	clock->boot_ahead_ns = less(reading->boot_ns, now_ns);
	clock->wall_ahead_ns = less(latest_wall_ns(reading), now_ns);
}

void
fp_rateclock_start(
	struct fp_rateclock *clock, const struct fp_rateclock_reading *reading)
{
	rateclock_set(clock, reading,
		clamp(earliest_wall_ns(reading), 0, TIME_MAX_NS));
}

static bool
is_other_boot(const struct fp_rateclock *clock,
	const struct fp_rateclock_reading *reading)
{
	return clock->boot[0] != reading->boot[0] ||
	       clock->boot[1] != reading->boot[1];
}

int64_t
fp_rateclock_now_ns(
	const struct fp_rateclock *clock, int64_t boot_ns, int64_t latest_ns)
{
	return clamp(
		less(boot_ns, clock->boot_ahead_ns), latest_ns, TIME_MAX_NS);
}

bool
fp_rateclock_read(struct fp_rateclock *clock,
	const struct fp_rateclock_reading *reading, int64_t latest_ns,
	int64_t *now_ns)
{
	if (is_other_boot(clock, reading)) {
		*now_ns = clamp(
			less(earliest_wall_ns(reading), clock->wall_ahead_ns),
			latest_ns, TIME_MAX_NS);
		rateclock_set(clock, reading, *now_ns);
		return true;
	}
	*now_ns = fp_rateclock_now_ns(clock, reading->boot_ns, latest_ns);
	if (latest_ns > BOOT_STEP_NS &&
		less(reading->boot_ns, clock->boot_ahead_ns) <
			latest_ns - BOOT_STEP_NS) {
		rateclock_set(clock, reading, *now_ns);
		return true;
	}

	int64_t ahead_ns = less(latest_wall_ns(reading), *now_ns);
	int64_t change_ns = less(ahead_ns, clock->wall_ahead_ns);
	if (change_ns >= -WALL_STEP_NS && change_ns <= WALL_STEP_NS)
		return false;
	clock->wall_ahead_ns = ahead_ns;
	return true;
}
