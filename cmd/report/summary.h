/* SPDX-License-Identifier: MIT */
/*
 * summary: a run's results in words and figures, for people: --summary.
 *
 * Threads: any.
 * Ownership: the text goes into the caller's buffer.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_SUMMARY_H
#define FP_SUMMARY_H

#include "base.h"

#include "buf.h"
#include "tally.h"

/* Some lines, each of fewer than 80 columns of ASCII; with this sentence of
 * what held the run back, if it is not NULL. */
int fp_summary_write(struct fp_buf *text, const struct fp_tally *tally,
	const struct fp_totals *totals, const char *sentence);

#endif
