/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "random.h"

/* One step of splitmix64, which takes counters apart. It is a bijection, so
 * just one seed leads to 0, where the generator below would stay. */
uint64_t
fp_random_seed(uint64_t seed)
{
	uint64_t x = seed + UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return x ? x : 1;
}

uint64_t
fp_random_for(uint64_t seed, uint64_t item, uint64_t n)
{
	return fp_random_seed(fp_random_seed(fp_random_seed(seed) + item) + n);
}

/* xorshift64*: a period of 2^64 - 1, and the upper bits are the better ones. */
uint64_t
fp_random_next(uint64_t *state)
{
	uint64_t x = *state;

	FP_ASSERT(x != 0);
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * UINT64_C(2685821657736338717);
}

/* Takes as many upper bits as `most` has, until they are no more than it: a
 * remainder would favour the small ones. Less than two tries on average. */
uint64_t
fp_random_evenly(uint64_t *state, uint64_t most)
{
	unsigned shift = 0;
	uint64_t n;

	if (most == 0)
		return 0;
	while (UINT64_MAX >> shift >> 1 >= most)
		shift++;
	do
		n = fp_random_next(state) >> shift;
	while (n > most);
	return n;
}
