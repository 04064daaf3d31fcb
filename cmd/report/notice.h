/* SPDX-License-Identifier: MIT */
/*
 * notice: what the pool has to tell of a server, as a line for people.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: cannot fail.
 */
#ifndef FP_NOTICE_H
#define FP_NOTICE_H

#include "base.h"

#include "fetchpool.h"

/* An fp_tell. */
void fp_notice_tell(void *arg, const struct fp_notice *notice);

#endif
