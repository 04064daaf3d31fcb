/* SPDX-License-Identifier: MIT */
/*
 * rateclock: the time in a rate file. It goes on over reboots, never back,
 * and steps of the wall clock do not move it.
 *
 * Within one boot it is the time since then (CLOCK_BOOTTIME), shifted. Should
 * that have been ahead once, so that there are stamps of the future, they count
 * as of now, and the time goes on from them.
 *
 * How long a reboot took only the wall clock can tell: so the file remembers
 * how far the wall clock was ahead of its time when they were last compared.
 * A wall clock that was set back meanwhile makes the reboot take no time; one
 * that was set forward while the machine was down cannot be told from time
 * that has passed.
 *
 * Threads: none; the clocks' readings are arguments.
 * Ownership: the caller embeds it.
 * Failure: none.
 */
#ifndef FP_RATECLOCK_H
#define FP_RATECLOCK_H

#include "base.h"

/* As it stands in the file. */
struct fp_rateclock {
	uint64_t boot[2]; /* the boot that this is about */
	int64_t boot_ahead_ns; /* the time since then, less ours */
	int64_t wall_ahead_ns; /* the wall clock, less ours; as last seen */
};

/* What the system's clocks say. The process may be stopped between two looks at
 * them; so the wall clock is looked at twice, and that is believed which makes
 * a reboot take less time. */
struct fp_rateclock_reading {
	uint64_t boot[2]; /* names this boot of this machine */
	int64_t wall_ns; /* before boot_ns is read */
	int64_t boot_ns; /* since then */
	int64_t wall_after_ns;
};

/* Begins with the time of the wall clock. */
void fp_rateclock_start(
	struct fp_rateclock *clock, const struct fp_rateclock_reading *reading);

/* Gives the time, which is not before `latest_ns`. True: the clock has
 * changed, and has to be written to the file before the time is used. */
bool fp_rateclock_read(struct fp_rateclock *clock,
	const struct fp_rateclock_reading *reading, int64_t latest_ns,
	int64_t *now_ns);

/* The time without a look at the wall clock, as long as it is the same boot. */
int64_t fp_rateclock_now_ns(
	const struct fp_rateclock *clock, int64_t boot_ns, int64_t latest_ns);

#endif
