/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "leaseclock.h"

#define TRIP_MAX_NS FP_NS_PER_S
#define JUMP_US 100000

static int64_t
leaseclock_drift_ns(const struct fp_leaseclock *clock, int64_t now_ns)
{
	return (now_ns - clock->found_ns) / FP_LEASECLOCK_DRIFT_PART;
}

int64_t
fp_leaseclock_earliest_us(const struct fp_leaseclock *clock, int64_t now_ns)
{
	return (now_ns - leaseclock_drift_ns(clock, now_ns)) / 1000 +
	       clock->low_us;
}

int64_t
fp_leaseclock_latest_us(const struct fp_leaseclock *clock, int64_t now_ns)
{
	return (now_ns + leaseclock_drift_ns(clock, now_ns)) / 1000 +
	       clock->high_us + 1;
}

int64_t
fp_leaseclock_trip_ns(const struct fp_leaseclock *clock)
{
	return FP_MIN(clock->trip_ns, TRIP_MAX_NS);
}

void
fp_leaseclock_hear(struct fp_leaseclock *clock, int64_t now_us,
	int64_t begun_ns, int64_t ended_ns)
{
	int64_t low_us = now_us - ended_ns / 1000 - 1;
	int64_t high_us = now_us - begun_ns / 1000 + 1;
	int64_t trip_ns = ended_ns - begun_ns;

	if (clock->is_known) {
		int64_t drift_us =
			leaseclock_drift_ns(clock, ended_ns) / 1000 + 1;
		int64_t old_low_us = clock->low_us - drift_us;
		int64_t old_high_us = clock->high_us + drift_us;
		trip_ns = (3 * clock->trip_ns + trip_ns) / 4;
		if (low_us > old_high_us + JUMP_US)
			clock->has_jumped = true;
		if (low_us <= old_high_us && high_us >= old_low_us) {
			low_us = FP_MAX(low_us, old_low_us);
			high_us = FP_MIN(high_us, old_high_us);
		}
	}
	clock->is_known = true;
	clock->trip_ns = trip_ns;
	clock->low_us = low_us;
	clock->high_us = high_us;
	clock->found_ns = ended_ns;
}
