/* SPDX-License-Identifier: MIT */
/*
 * timing: a part of a worker: starts that are not used in time.
 *
 * An item has a start reserved while it looks up, connects and shakes hands.
 * One that gets no connection must not hold back others for as long as that may
 * take; so its start goes back soon, and it has to ask for another at the gate.
 *
 * Threads: the worker's alone.
 * Ownership: nothing is owned.
 * Failure: cannot fail.
 */
#ifndef FP_TIMING_H
#define FP_TIMING_H

#include "base.h"

#include "worker.h"

/* A transfer was begun: its start, if it has one, is looked after. */
void fp_timing_begun(struct fp_worker *worker, struct fp_transfer *transfer);

/* Gives back starts that were reserved for long and not used; lets *due be the
 * next such moment. */
void fp_timing_return_unused(struct fp_worker *worker, int64_t *due);

#endif
