/* SPDX-License-Identifier: MIT */
#include "spread.h"

#include "tap.h"

static struct fp_spread spread;

static void
nothing(void)
{
	memset(&spread, 0, sizeof(spread));
	CHECK(fp_spread_count(&spread) == 0);
	CHECK(fp_spread_quantile_ns(&spread, 0.5) == 0);
}

/* Whether a quantile is within a bucket of what is true. */
static bool
is_close(double part, double wanted_ns)
{
	double got = fp_spread_quantile_ns(&spread, part);

	return got >= wanted_ns / 1.26 && got <= wanted_ns * 1.26;
}

static void
many(void)
{
	memset(&spread, 0, sizeof(spread));
	for (int64_t i = 1; i <= 1000; i++)
		fp_spread_add(&spread, i * FP_NS_PER_MS);
	CHECK(fp_spread_count(&spread) == 1000);
	CHECK(is_close(0.1, 100e6));
	CHECK(is_close(0.5, 500e6));
	CHECK(is_close(0.99, 990e6));
	CHECK(is_close(1, 1000e6));
}

static void
beyond_its_ends(void)
{
	memset(&spread, 0, sizeof(spread));
	fp_spread_add(&spread, -1);
	fp_spread_add(&spread, INT64_MAX);
	CHECK(spread.n_in[0] == 1);
	CHECK(spread.n_in[FP_SPREAD_BUCKETS - 1] == 1);
	CHECK(fp_spread_quantile_ns(&spread, 0.5) <= 16384);
	CHECK(fp_spread_quantile_ns(&spread, 1) > 3600e9);
}

static void
joined(void)
{
	struct fp_spread other = {{0}};

	memset(&spread, 0, sizeof(spread));
	fp_spread_add(&spread, FP_NS_PER_MS);
	fp_spread_add(&other, FP_NS_PER_MS);
	other.n_in[3] = UINT32_MAX;
	spread.n_in[3] = 7;
	fp_spread_join(&spread, &other);
	CHECK(spread.n_in[3] == UINT32_MAX);
	CHECK(fp_spread_count(&spread) == (uint64_t)UINT32_MAX + 2);
}

int
main(void)
{
	run("nothing is in it", nothing);
	run("quantiles are within a bucket", many);
	run("values beyond its ends", beyond_its_ends);
	run("two become one, and counts do not overflow", joined);
	return done();
}
