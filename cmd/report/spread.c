/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "spread.h"

static size_t
spread_bucket(int64_t value_ns)
{
	uint64_t value = (uint64_t)FP_MAX(value_ns, 0);

	if (value < (uint64_t)1 << FP_SPREAD_LEAST_BITS)
		return 0;
	if (value >> FP_SPREAD_MOST_BITS)
		return FP_SPREAD_BUCKETS - 1;
	unsigned bits = 63 - (unsigned)__builtin_clzll(value);
	return (bits - FP_SPREAD_LEAST_BITS) * 4 + ((value >> (bits - 2)) & 3);
}

/* Where a bucket begins; it ends where the next one does. */
static double
spread_begin(size_t bucket)
{
	uint64_t octave = (uint64_t)1 << (FP_SPREAD_LEAST_BITS + bucket / 4);

	return (double)octave * (1 + (double)(bucket % 4) / 4);
}

void
fp_spread_add(struct fp_spread *spread, int64_t value_ns)
{
	uint32_t *n = &spread->n_in[spread_bucket(value_ns)];

	*n += *n < UINT32_MAX;
}

void
fp_spread_join(struct fp_spread *spread, const struct fp_spread *other)
{
	for (size_t i = 0; i < FP_SPREAD_BUCKETS; i++)
		spread->n_in[i] +=
			FP_MIN(other->n_in[i], UINT32_MAX - spread->n_in[i]);
}

uint64_t
fp_spread_count(const struct fp_spread *spread)
{
	uint64_t n = 0;

	for (size_t i = 0; i < FP_SPREAD_BUCKETS; i++)
		n += spread->n_in[i];
	return n;
}

double
fp_spread_quantile_ns(const struct fp_spread *spread, double part)
{
	double wanted = part * (double)fp_spread_count(spread), seen = 0;

	for (size_t i = 0; i < FP_SPREAD_BUCKETS; i++) {
		double n = spread->n_in[i];
		if (n > 0 && seen + n >= wanted)
			return spread_begin(i) +
			       (spread_begin(i + 1) - spread_begin(i)) *
				       FP_MAX(wanted - seen, 0) / n;
		seen += n;
	}
	return 0;
}
