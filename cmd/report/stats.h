/* SPDX-License-Identifier: MIT */
/*
 * stats: a run's results as one JSON object, for programs: --stats. Its members
 * are in fetchpool(1).
 *
 * Threads: any.
 * Ownership: the text goes into the caller's buffer.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_STATS_H
#define FP_STATS_H

#include "base.h"

#include "buf.h"
#include "notice.h"
#include "tally.h"

/* One line. */
int fp_stats_write(struct fp_buf *text, const struct fp_tally *tally,
	const struct fp_totals *totals, struct fp_notices *notices);

#endif
