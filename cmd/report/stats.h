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
#include "settings.h"
#include "tally.h"

/* What the members are like. A change that makes readers of the one before
 * fail makes another one. */
#define FP_STATS_SCHEMA 1

/* All members but the closing brace: others may follow. */
int fp_stats_write(struct fp_buf *text, const struct fp_tally *tally,
	const struct fp_totals *totals, struct fp_notices *notices,
	const struct fp_settings *settings);

#endif
