/* SPDX-License-Identifier: MIT */
/*
 * timing: a part of a lane: how long things may take.
 *
 * An attempt ends when its time is over (max_time_ms). libcurl is not told of
 * that: it looks at the clock in the middle of its work, and would end whatever
 * is under way when the process was stopped just there.
 *
 * Time in which the process did not run, as it was stopped (SIGSTOP, Ctrl-Z),
 * counts for no limit: a clock that has jumped from one look to the next tells.
 * While the machine is suspended, CLOCK_MONOTONIC stands still by itself.
 *
 * An item has a start reserved while it looks up, connects and shakes hands.
 * One that gets no connection must not hold back others for as long as that may
 * take; so its start goes back soon, and it has to ask for another at the gate.
 *
 * Threads: that of the loop alone.
 * Ownership: nothing is owned.
 * Failure: cannot fail.
 */
#ifndef FP_TIMING_H
#define FP_TIMING_H

#include "base.h"

#include "lane.h"

/* A transfer was begun, or goes on: its limits are looked after. */
void fp_timing_begun(struct fp_lane *lane, struct fp_transfer *transfer);

/* Ends those whose time is over; lets *due be the next such moment. */
void fp_timing_end_late(struct fp_lane *lane, int64_t *due);

/* Gives back starts that were reserved for long and not used; lets *due be the
 * next such moment. */
void fp_timing_return_unused(struct fp_lane *lane, int64_t *due);

/* Whether the clock has jumped since the loop last began to do something. */
bool fp_timing_has_jumped(const struct fp_lane *lane);

/* Between these two moments nothing was done: all limits of transfers that are
 * under way are put off by as much, unless they were already. */
void fp_timing_skip(struct fp_lane *lane, int64_t since_ns, int64_t until_ns);

#endif
