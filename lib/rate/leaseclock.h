/* SPDX-License-Identifier: MIT */
/*
 * leaseclock: what is known of a server's clock. A call that began at B and
 * ended at E (here) and found the server's clock at T says: that clock is ahead
 * of ours by T - E at least, and by T - B at most. The best of these bounds are
 * kept, and let go of as two clocks may drift. If no value fits the bounds, one
 * of the clocks has been set; if that was forward, the server has forgotten
 * starts too early, and is to be told so.
 *
 * Times of the server are microseconds, those of here nanoseconds.
 *
 * Threads: none; time is an argument.
 * Ownership: the caller embeds it; a struct of zeros knows nothing yet.
 * Failure: none.
 */
#ifndef FP_LEASECLOCK_H
#define FP_LEASECLOCK_H

#include "base.h"

/* Two clocks may drift apart by 1 / FP_LEASECLOCK_DRIFT_PART. */
#define FP_LEASECLOCK_DRIFT_PART 2000

struct fp_leaseclock {
	bool is_known;
	bool has_jumped; /* to be told, as times may have been lost */
	int64_t low_us, high_us; /* what it is ahead of ours */
	int64_t found_ns; /* when that was found */
	int64_t trip_ns; /* there and back, of late */
};

/* The server's time, as early and as late as it can be. */
int64_t fp_leaseclock_earliest_us(
	const struct fp_leaseclock *clock, int64_t now_ns);
int64_t fp_leaseclock_latest_us(
	const struct fp_leaseclock *clock, int64_t now_ns);

/* How long a call takes, of late; not more than a second. */
int64_t fp_leaseclock_trip_ns(const struct fp_leaseclock *clock);

/* A call that began and ended at these times found `now_us`. */
void fp_leaseclock_hear(struct fp_leaseclock *clock, int64_t now_us,
	int64_t begun_ns, int64_t ended_ns);

#endif
