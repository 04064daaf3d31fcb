/* SPDX-License-Identifier: MIT */
/*
 * moments: the timeline of a run's statistics, in no more points than a chart
 * or a table is to have.
 *
 * Threads: none.
 * Ownership: the caller embeds it; names are the statistics', which have to
 * outlive it.
 * Failure: fp_moments_read() -1 with ENOMEM. Statistics without a timeline, or
 * whose points have no length, have no points.
 */
#ifndef FP_MOMENTS_H
#define FP_MOMENTS_H

#include "base.h"

#include "jsontree.h"

#define FP_MOMENTS_COLUMNS 48
#define FP_MOMENTS_MAX 512 /* points */

struct fp_moments {
	size_t n; /* points */
	double width; /* seconds from one to the next */
	double seconds; /* of the run; the last one may be shorter */
	unsigned n_columns;
	const char *names[FP_MOMENTS_COLUMNS];
	double (*rows)[FP_MOMENTS_COLUMNS];
};

int fp_moments_read(struct fp_moments *moments, const struct fp_jsonnode *stats,
	size_t most);
void fp_moments_destroy(struct fp_moments *moments);

/* The value of a column at a point; 0: there is no such column. */
double fp_moments_at(
	const struct fp_moments *moments, size_t i, const char *name);

/* How long this point is, in seconds. */
double fp_moments_length(const struct fp_moments *moments, size_t i);

#endif
