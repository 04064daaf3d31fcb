/* SPDX-License-Identifier: MIT */
/*
 * holdup: what the items of a schedule wait for at this moment.
 *
 * Threads: the caller's lock, the schedule's; time is an argument.
 * Ownership: nothing is owned; names are copied.
 * Failure: cannot fail.
 */
#ifndef FP_HOLDUP_H
#define FP_HOLDUP_H

#include "base.h"

#include "schedule.h"

/* Fills n_held, and the longest pause among what holds items. */
void fp_holdup_look(const struct fp_schedule *schedule, struct fp_look *look,
	int64_t now_ns);

#endif
