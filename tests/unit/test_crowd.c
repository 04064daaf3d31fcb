/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include "tap.h"

static void
few_are_no_crowd(void)
{
	static struct fp_crowd crowd;

	for (int i = 1; i < FP_CROWD_SIZE; i++)
		fp_crowd_count(&crowd);
	CHECK(!fp_crowd_is_stranger(&crowd, 1));
	fp_crowd_count(&crowd);
	CHECK(fp_crowd_is_stranger(&crowd, 1));
}

static void
who_comes_again_is_known(void)
{
	static struct fp_crowd crowd = {.n_opened = FP_CROWD_SIZE};

	CHECK(fp_crowd_is_stranger(&crowd, 1));
	CHECK(!fp_crowd_is_stranger(&crowd, 1));
	CHECK(fp_crowd_is_stranger(&crowd, 2));
	CHECK(!fp_crowd_is_stranger(&crowd, 1));
}

static void
who_was_long_ago_is_not(void)
{
	static struct fp_crowd crowd = {.n_opened = FP_CROWD_SIZE};
	int n_known = 0;

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100 * FP_CROWD_PLACES; i++) {
			n_known +=
				!fp_crowd_is_stranger(&crowd, (uint64_t)i + 1);
		}
	}
	CHECK(n_known < FP_CROWD_PLACES / 10);
}

int
main(void)
{
	run("a few connections are no crowd", few_are_no_crowd);
	run("who comes again is known", who_comes_again_is_known);
	run("who was there long ago is not", who_was_long_ago_is_not);
	return done();
}
