/* SPDX-License-Identifier: MIT */
/*
 * spread: how long things took, counted coarsely: four buckets for each power
 * of two, so that there can be one for each server and each moment of a run.
 * See histogram.h for one that is exact.
 *
 * Threads: the caller's lock.
 * Ownership: the caller embeds it; zeroed, it is empty.
 * Failure: cannot fail; what is shorter than some microseconds, or longer than
 * an hour, counts as that.
 */
#ifndef FP_SPREAD_H
#define FP_SPREAD_H

#include "base.h"

#define FP_SPREAD_LEAST_BITS 13 /* 8 us */
#define FP_SPREAD_MOST_BITS 42 /* 73 min */
#define FP_SPREAD_BUCKETS ((FP_SPREAD_MOST_BITS - FP_SPREAD_LEAST_BITS) * 4)

struct fp_spread {
	uint32_t n_in[FP_SPREAD_BUCKETS];
};

void fp_spread_add(struct fp_spread *spread, int64_t value_ns);

/* Adds all of another one. */
void fp_spread_join(struct fp_spread *spread, const struct fp_spread *other);

uint64_t fp_spread_count(const struct fp_spread *spread);

/* The value that this part (0 .. 1) of all is not over, to within a bucket;
 * between its ends, as if its values were even. 0: empty. */
double fp_spread_quantile_ns(const struct fp_spread *spread, double part);

#endif
