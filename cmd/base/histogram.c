/* SPDX-License-Identifier: MIT */
/*
 * Buckets are linear within each power of two: values below 128 have one each;
 * from 2^k to 2^(k+1) there are 128 of equal width, so that each is no wider
 * than 1/128 of the least value in it.
 */
#include "base.h"

#include "histogram.h"

#define MILLION 1000000u

/* The place of the highest bit that is set. */
static unsigned
high_bit(uint64_t value)
{
	unsigned bit = 0;

	while (value >>= 1)
		bit++;
	return bit;
}

size_t
fp_histogram_bucket(int64_t value_ns)
{
	uint64_t value = (uint64_t)FP_MAX(value_ns, 0);

	if (value < FP_HISTOGRAM_SUB)
		return (size_t)value;
	if (value >> FP_HISTOGRAM_BITS)
		return FP_HISTOGRAM_BUCKETS - 1;
	unsigned shift = high_bit(value) - FP_HISTOGRAM_SUB_BITS;
	return (shift + 1) * FP_HISTOGRAM_SUB +
	       (size_t)((value >> shift) - FP_HISTOGRAM_SUB);
}

int64_t
fp_histogram_least(size_t bucket)
{
	size_t octave = bucket / FP_HISTOGRAM_SUB;
	int64_t place = (int64_t)(bucket % FP_HISTOGRAM_SUB);

	if (octave == 0)
		return place;
	return (FP_HISTOGRAM_SUB + place) << (octave - 1);
}

int64_t
fp_histogram_greatest(size_t bucket)
{
	if (bucket + 1 >= FP_HISTOGRAM_BUCKETS)
		return INT64_MAX;
	return fp_histogram_least(bucket + 1) - 1;
}

void
fp_histogram_add(struct fp_histogram *histogram, int64_t value_ns)
{
	int64_t value = FP_MAX(value_ns, 0);

	if (histogram->n == 0 || value < histogram->min_ns)
		histogram->min_ns = value;
	histogram->max_ns = FP_MAX(histogram->max_ns, value);
	histogram->sum_ns += (double)value;
	histogram->n++;
	histogram->n_in[fp_histogram_bucket(value)]++;
}

int64_t
fp_histogram_quantile(const struct fp_histogram *histogram, unsigned millionth)
{
	uint64_t n = histogram->n, seen = 0;

	if (n == 0)
		return 0;

	/* How many are not over it: rounded up, at least one; the two parts
	 * keep the product small. */
	uint64_t wanted = n / MILLION * millionth +
			  (n % MILLION * millionth + MILLION - 1) / MILLION;
	wanted = FP_MIN(FP_MAX(wanted, 1), n);
	size_t i = 0;
	while ((seen += histogram->n_in[i]) < wanted)
		i++;
	return FP_MIN(fp_histogram_greatest(i), histogram->max_ns);
}

uint64_t
fp_histogram_below(const struct fp_histogram *histogram, int64_t value_ns)
{
	size_t end = fp_histogram_bucket(value_ns);
	uint64_t n = 0;

	for (size_t i = 0; i < end; i++)
		n += histogram->n_in[i];
	return n;
}
