/* SPDX-License-Identifier: MIT */
/*
 * compare: one page of several runs, side by side: the shards of a job, or the
 * nights of a month.
 *
 * Threads: any.
 * Ownership: the text goes into the caller's buffer.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_COMPARE_H
#define FP_COMPARE_H

#include "base.h"

#include "buf.h"
#include "jsontree.h"

#define FP_COMPARE_MAX 400 /* runs */

/* In this order, by these names. */
int fp_compare_write(struct fp_buf *text, const struct fp_jsonnode *const *runs,
	const char *const *names, size_t n);

#endif
