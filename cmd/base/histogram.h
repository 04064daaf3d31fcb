/* SPDX-License-Identifier: MIT */
/*
 * histogram: how long things took, counted so finely that every quantile can
 * be told to within 1/128 of its value, in the same memory for any number of
 * values, from nanoseconds to two years.
 *
 * Threads: the caller's lock.
 * Ownership: the caller embeds it; zeroed, it is empty.
 * Failure: cannot fail; what is negative counts as 0, and what is beyond the
 * last bucket counts there.
 */
#ifndef FP_HISTOGRAM_H
#define FP_HISTOGRAM_H

#include "base.h"

/* Values up to 2^FP_HISTOGRAM_BITS are told apart. */
#define FP_HISTOGRAM_BITS 56
#define FP_HISTOGRAM_SUB_BITS 7
#define FP_HISTOGRAM_SUB (1 << FP_HISTOGRAM_SUB_BITS)
#define FP_HISTOGRAM_BUCKETS \
	((FP_HISTOGRAM_BITS - FP_HISTOGRAM_SUB_BITS + 1) * FP_HISTOGRAM_SUB)

struct fp_histogram {
	uint64_t n;
	int64_t min_ns, max_ns; /* exact; 0: there are no values */
	double sum_ns;
	uint64_t n_in[FP_HISTOGRAM_BUCKETS];
};

void fp_histogram_add(struct fp_histogram *histogram, int64_t value_ns);

/* The least value that so many of a million values are not over: 500000 is the
 * median. Never under the true one, and at most 1/128 over it. 0: empty. */
int64_t fp_histogram_quantile(
	const struct fp_histogram *histogram, unsigned millionth);

/* How many are less than this; those in its own bucket are not. */
uint64_t fp_histogram_below(
	const struct fp_histogram *histogram, int64_t value_ns);

/* The bucket that a value is in, and the least and greatest value there. */
size_t fp_histogram_bucket(int64_t value_ns);
int64_t fp_histogram_least(size_t bucket);
int64_t fp_histogram_greatest(size_t bucket);

#endif
