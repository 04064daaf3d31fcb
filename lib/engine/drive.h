/* SPDX-License-Identifier: MIT */
/*
 * drive: how a worker drives libcurl: it is told of the sockets that are ready
 * and of the time when that has come, and asked at once for what has ended.
 *
 * Threads: that of the worker's crew alone.
 * Ownership: the multi handle is the worker's, and its own.
 * Failure: fp_drive_init() -1. When libcurl fails, so do all transfers.
 */
#ifndef FP_DRIVE_H
#define FP_DRIVE_H

#include "base.h"

#include "worker.h"

/* Makes worker->multi; before anything else of the worker runs. */
int fp_drive_init(struct fp_worker *worker);

/* One of its sockets is ready, as the poller has told. */
void fp_drive_act(
	struct fp_worker *worker, int fd, unsigned ready, int64_t now_ns);

/* Moves what is to be moved at this time. Then all requests that went out, also
 * in fp_drive_act(), are counted. Reads the clock. */
void fp_drive_run(struct fp_worker *worker);

/* Whether there is something to move without waiting. */
bool fp_drive_is_due(const struct fp_worker *worker);

#endif
