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

#include <sys/types.h>

/* Opens a file for writing. One that is not regular does not block, so that it
 * can be waited for here; a pipe that has a name waits for its reader. */
int fp_patience_open(const char *path, int flags);

/* The same, and makes a file if there is none: then *is_made is true. As long
 * as it is open it has a shared lock, if it can be locked. */
int fp_patience_make(const char *path, int flags, bool *is_made);

/* From this time of fp_clock_now_ns() on patience ends; the earliest counts. */
void fp_patience_limit(int64_t end_ns);

/* Nobody waits any more. */
void fp_patience_end(void);

bool fp_patience_is_limited(void);

/* Files of options are waited for until then, if they are pipes; at first they
 * are for ever. */
void fp_patience_read_until(int64_t end_ns);

/* As read(), but with that limit: ETIMEDOUT. */
ssize_t fp_patience_read(int fd, void *data, size_t len);

/* Waits until the descriptor can be written to, or a signal comes: 0. The
 * caller sets *since_ns to 0 whenever something was written. */
int fp_patience_wait(int fd, int64_t *since_ns);

/* Writes some of it: how much; 0: nothing yet, because a signal came or it had
 * to be waited for. Waits as above, and sets *since_ns by itself; at first it
 * is 0. */
ssize_t fp_patience_write_some(
	int fd, const char *data, size_t len, int64_t *since_ns);

/* Writes all of it. */
int fp_patience_write(int fd, const char *data, size_t len);

/* What an errno of these says. */
const char *fp_patience_why(int err);

#endif
