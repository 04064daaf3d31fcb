/* SPDX-License-Identifier: MIT */
/* Silences of a server that refuses connections: a limit's, or restarts. */
#include "base.h"

#include "lapse.h"
#include "tap.h"

#define S FP_NS_PER_S

static struct fp_lapse lapse;

static void
two_that_are_alike(void)
{
	lapse = (struct fp_lapse){.n = 0};
	CHECK(!fp_lapse_ended(&lapse, 5, S) && !fp_lapse_is_limit(&lapse, S));
	CHECK(fp_lapse_ended(&lapse, 10, 2 * S));
	CHECK(fp_lapse_is_limit(&lapse, S));

	/* A bucket is full at first, and then never again. */
	lapse = (struct fp_lapse){.n = 0};
	CHECK(!fp_lapse_ended(&lapse, 100, S));
	CHECK(!fp_lapse_ended(&lapse, 103, S));
	CHECK(fp_lapse_ended(&lapse, 104, S));
}

static void
restarts(void)
{
	lapse = (struct fp_lapse){.n = 0};
	CHECK(!fp_lapse_ended(&lapse, 1000, S));
	CHECK(!fp_lapse_ended(&lapse, 1300, S));
	CHECK(!fp_lapse_ended(&lapse, 9000, S));

	/* What is closed meanwhile takes one more. */
	lapse = (struct fp_lapse){.n = 0};
	fp_lapse_broken(&lapse);
	CHECK(!fp_lapse_ended(&lapse, 100, S));
	CHECK(!fp_lapse_ended(&lapse, 200, S));
	CHECK(fp_lapse_ended(&lapse, 300, S));
}

static void
one_that_lasts(void)
{
	lapse = (struct fp_lapse){.n = 0};
	fp_lapse_ended(&lapse, 5, 2 * S);
	fp_lapse_ended(&lapse, 10, S);
	CHECK(fp_lapse_is_limit(&lapse, 18 * S));
	CHECK(!fp_lapse_is_limit(&lapse, 18 * S + 1));
	CHECK(!fp_lapse_is_limit(&lapse, 0));

	/* It takes two again. */
	CHECK(!fp_lapse_ended(&lapse, 15, S) && fp_lapse_ended(&lapse, 20, S));
}

int
main(void)
{
	run("two that are alike are a limit", two_that_are_alike);
	run("restarts are not", restarts);
	run("one that lasts is none any more", one_that_lasts);
	return done();
}
