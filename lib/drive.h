/* SPDX-License-Identifier: MIT */
/*
 * drive: how a worker drives libcurl: it is told of the sockets that are ready
 * and of the time when that has come, and asked at once for what has ended.
 *
 * Threads: the worker's alone.
 * Ownership: the multi handle is the worker's, and its own.
 * Failure: fp_drive_init() -1. When libcurl fails, so do all transfers.
 */
#ifndef FP_DRIVE_H
#define FP_DRIVE_H

#include "base.h"

#include "worker.h"

/* Makes worker->multi; before anything else of the worker runs. */
int fp_drive_init(struct fp_worker *worker);

/* Moves whatever can be moved, and ends what is done. Reads the clock. */
void fp_drive_run(struct fp_worker *worker);

/* Sleeps until there is something to move, or until `due_ns`, or until it is
 * woken. Reads the clock. */
void fp_drive_wait(struct fp_worker *worker, int64_t due_ns);

#endif
