/* SPDX-License-Identifier: MIT */
#include "histogram.h"

#include "tap.h"

#define MEDIAN 500000

static struct fp_histogram histogram;

static void
clear(void)
{
	memset(&histogram, 0, sizeof(histogram));
}

/* A number without much of a pattern, the same in each run. */
static uint64_t
draw(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = *state;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void
buckets_follow_one_another(void)
{
	CHECK(fp_histogram_least(0) == 0);
	for (size_t i = 0; i < FP_HISTOGRAM_BUCKETS; i++) {
		int64_t least = fp_histogram_least(i);
		int64_t greatest = fp_histogram_greatest(i);
		CHECK(least <= greatest);
		CHECK(fp_histogram_bucket(least) == i);
		CHECK(fp_histogram_bucket(greatest) == i);
		if (i + 1 < FP_HISTOGRAM_BUCKETS) {
			CHECK(fp_histogram_least(i + 1) == greatest + 1);
			CHECK((greatest - least) * FP_HISTOGRAM_SUB <= least);
		}
	}
	CHECK(fp_histogram_bucket(INT64_MAX) == FP_HISTOGRAM_BUCKETS - 1);
	CHECK(fp_histogram_bucket(-5) == 0);
}

static void
nothing_is_in_it(void)
{
	clear();
	CHECK(fp_histogram_quantile(&histogram, 0) == 0);
	CHECK(fp_histogram_quantile(&histogram, 1000000) == 0);
	CHECK(fp_histogram_below(&histogram, INT64_MAX) == 0);
}

static void
one_value(void)
{
	clear();
	fp_histogram_add(&histogram, 123456789);
	CHECK(fp_histogram_quantile(&histogram, 0) == 123456789);
	CHECK(fp_histogram_quantile(&histogram, MEDIAN) == 123456789);
	CHECK(fp_histogram_quantile(&histogram, 1000000) == 123456789);
	CHECK(histogram.min_ns == 123456789 && histogram.max_ns == 123456789);
	CHECK(fp_histogram_below(&histogram, 123456789) == 0);
	CHECK(fp_histogram_below(&histogram, 130000000) == 1);
}

/* Small ones have a bucket each: no error at all. */
static void
small_values_are_exact(void)
{
	clear();
	for (int i = 100; i >= 1; i--)
		fp_histogram_add(&histogram, i);
	CHECK(fp_histogram_quantile(&histogram, MEDIAN) == 50);
	CHECK(fp_histogram_quantile(&histogram, 900000) == 90);
	CHECK(fp_histogram_quantile(&histogram, 990000) == 99);
	CHECK(fp_histogram_quantile(&histogram, 990001) == 100);
	CHECK(fp_histogram_quantile(&histogram, 10000) == 1);
	CHECK(fp_histogram_below(&histogram, 51) == 50);
	CHECK(histogram.sum_ns == 5050);
}

static int
compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Against the sorted values themselves, over nine powers of ten. */
static void
quantiles_are_close(void)
{
	static const unsigned asked[] = {1, 10000, 250000, MEDIAN, 900000,
		990000, 999000, 999999, 1000000};
	enum { N = 30011 };
	static int64_t values[N];
	uint64_t state = 7;

	clear();
	for (int i = 0; i < N; i++) {
		uint64_t bits = 10 + draw(&state) % 30;
		values[i] = (int64_t)(draw(&state) >> (64 - bits));
		fp_histogram_add(&histogram, values[i]);
	}
	qsort(values, N, sizeof(values[0]), compare);
	CHECK(histogram.min_ns == values[0]);
	CHECK(histogram.max_ns == values[N - 1]);
	for (size_t i = 0; i < FP_ARRAY_LEN(asked); i++) {
		int64_t rank = ((int64_t)N * asked[i] + 999999) / 1000000;
		int64_t exact = values[rank - 1];
		int64_t got = fp_histogram_quantile(&histogram, asked[i]);
		CHECK(got >= exact);
		CHECK((got - exact) * FP_HISTOGRAM_SUB <= exact);
	}
}

/* As many as a long run has, without overflow on the way. */
static void
very_many(void)
{
	clear();
	fp_histogram_add(&histogram, 5);
	fp_histogram_add(&histogram, 90);
	histogram.n_in[5] = UINT64_C(9) << 58;
	histogram.n_in[90] = UINT64_C(1) << 58;
	histogram.n = histogram.n_in[5] + histogram.n_in[90];
	CHECK(fp_histogram_quantile(&histogram, 899999) == 5);
	CHECK(fp_histogram_quantile(&histogram, 900001) == 90);
}

static void
beyond_the_last_bucket(void)
{
	clear();
	fp_histogram_add(&histogram, INT64_MAX);
	fp_histogram_add(&histogram, -1);
	CHECK(histogram.min_ns == 0 && histogram.max_ns == INT64_MAX);
	CHECK(fp_histogram_quantile(&histogram, MEDIAN) == 0);
	CHECK(fp_histogram_quantile(&histogram, 1000000) == INT64_MAX);
}

int
main(void)
{
	run("buckets follow one another, each narrow",
		buckets_follow_one_another);
	run("nothing is in it", nothing_is_in_it);
	run("one value is told exactly", one_value);
	run("small values are exact", small_values_are_exact);
	run("quantiles are within 1/128", quantiles_are_close);
	run("very many values", very_many);
	run("values beyond the last bucket", beyond_the_last_bucket);
	return done();
}
