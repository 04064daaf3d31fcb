/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "random.h"
#include "tap.h"

/* As the generator's authors have it, reckoned here once more in steps. */
static void
same_everywhere(void)
{
	uint64_t state = 1, x = 1;

	for (int i = 0; i < 1000; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		CHECK(fp_random_next(&state) ==
			x * UINT64_C(0x2545f4914f6cdd1d));
		CHECK(state == x && state != 0);
	}
	CHECK(fp_random_seed(0) == UINT64_C(0xe220a8397b1dcdaf));
	CHECK(fp_random_seed(UINT64_C(0x9e3779b97f4a7c15)) ==
		UINT64_C(0x6e789e6aa1b965f4));
}

/* The seed that would lead to 0 is the one that is 0 after the addition. */
static void
every_seed_works(void)
{
	uint64_t state = fp_random_seed(-UINT64_C(0x9e3779b97f4a7c15));

	CHECK(state != 0);
	for (uint64_t seed = 0; seed < 1000; seed++) {
		uint64_t one = fp_random_seed(seed);
		uint64_t other = fp_random_seed(seed + 1);
		CHECK(one != 0 && one != other);
		CHECK(fp_random_next(&one) >> 32 !=
			fp_random_next(&other) >> 32);
	}
}

/* Near each other in any way, and yet nothing alike. */
static void
items_have_their_own(void)
{
	uint64_t seen[7 * 20 * 5];
	size_t n = 0;

	for (uint64_t seed = 0; seed < 7; seed++)
		for (uint64_t item = 1; item <= 20; item++)
			for (uint64_t i = 0; i < 5; i++)
				seen[n++] = fp_random_for(seed, item, i);
	for (size_t i = 0; i < n; i++) {
		CHECK(seen[i] != 0);
		for (size_t j = 0; j < i; j++)
			CHECK(seen[i] >> 32 != seen[j] >> 32);
	}
	CHECK(fp_random_for(3, 4, 5) == fp_random_for(3, 4, 5));
}

static void
within_bounds(void)
{
	static const uint64_t bounds[] = {0, 1, 2, 3, 6, 7, 8, 9, 1000,
		UINT64_C(1) << 32, UINT64_MAX / 2, UINT64_MAX / 2 + 1,
		UINT64_MAX - 1, UINT64_MAX};
	uint64_t state = fp_random_seed(42);

	for (size_t i = 0; i < FP_ARRAY_LEN(bounds); i++) {
		uint64_t most = 0;
		for (int j = 0; j < 2000; j++) {
			uint64_t n = fp_random_evenly(&state, bounds[i]);
			CHECK(n <= bounds[i]);
			most = FP_MAX(most, n);
		}
		CHECK(most >= bounds[i] - bounds[i] / 100);
	}
}

/* Bounds that are no powers of two: a remainder would favour the small ones,
 * and a bound just above a power of two the ones below it. */
static void
each_as_likely(void)
{
	static const unsigned bounds[] = {1, 2, 4, 5, 6, 9, 16, 19};
	uint64_t state = fp_random_seed(7);

	for (size_t i = 0; i < FP_ARRAY_LEN(bounds); i++) {
		unsigned n[20] = {0}, each = 10000;
		for (unsigned j = 0; j < each * (bounds[i] + 1); j++)
			n[fp_random_evenly(&state, bounds[i])]++;
		for (unsigned j = 0; j <= bounds[i]; j++)
			CHECK(n[j] > each * 95 / 100 &&
				n[j] < each * 105 / 100);
	}

	/* Two thirds of all numbers: a remainder shows at once. */
	unsigned low = 0;
	for (int i = 0; i < 60000; i++)
		low += fp_random_evenly(&state, UINT64_MAX / 3 * 2) <
		       UINT64_MAX / 3;
	CHECK(low > 29000 && low < 31000);
}

int
main(void)
{
	run("the same numbers from the same seed", same_everywhere);
	run("every seed works, each in its own way", every_seed_works);
	run("each item draws for itself", items_have_their_own);
	run("no number is out of bounds", within_bounds);
	run("each number is as likely as the others", each_as_likely);
	return done();
}
