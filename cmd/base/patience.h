/* SPDX-License-Identifier: MIT */
/*
 * patience: how long the program waits for whoever reads what it writes. While
 * a run goes on, for ever: so a slow reader slows the run down. Once the run
 * is to end, a reader has until the end of that time, and afterwards as long
 * as it takes something at least every second.
 *
 * Threads: any.
 * Ownership: the state is the process's.
 * Failure: -1 with errno; ETIMEDOUT: nobody reads.
 */
#ifndef FP_PATIENCE_H
#define FP_PATIENCE_H

#include "base.h"

/* Opens a file for writing. One that is not regular does not block, so that it
 * can be waited for here; a pipe that has a name waits for its reader. */
int fp_patience_open(const char *path, int flags);

/* From this time of fp_clock_now_ns() on patience ends; the earliest counts. */
void fp_patience_limit(int64_t end_ns);

/* Nobody waits any more. */
void fp_patience_end(void);

bool fp_patience_is_limited(void);

/* Waits until the descriptor can be written to, or a signal comes: 0. The
 * caller sets *since_ns to 0 whenever something was written. */
int fp_patience_wait(int fd, int64_t *since_ns);

#endif
