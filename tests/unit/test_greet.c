/* SPDX-License-Identifier: MIT */
/*
 * Who of those that would shake hands with an origin has to wait, and how long.
 * That sessions are resumed by it, test_tls.py shows.
 */
#include "greet.h"

#include "tap.h"

#define NOW (5 * FP_NS_PER_S)

static struct fp_greetings greetings;

/* As many as may go first, all at one time. */
static void
begin_first(uint64_t origin, int64_t now_ns)
{
	bool is_first = false;

	for (int i = 0; i < FP_GREET_FIRST; i++) {
		CHECK(fp_greet_ask(&greetings, origin, now_ns, &is_first) == 0);
		CHECK(is_first);
	}
}

static bool
waits(uint64_t origin, int64_t now_ns)
{
	bool is_first = true;
	int64_t until_ns = fp_greet_ask(&greetings, origin, now_ns, &is_first);

	CHECK(!is_first);
	return until_ns > 0;
}

static void
forget_all(void)
{
	greetings = (struct fp_greetings){.has_ended = false};
}

static void
the_rest_waits_for_one(void)
{
	forget_all();
	begin_first(7, NOW);
	CHECK(waits(7, NOW));
	CHECK(waits(7, NOW + FP_GREET_NS - 1));
	CHECK(!greetings.has_ended);
	fp_greet_end(&greetings, 7);
	CHECK(greetings.has_ended);
	CHECK(!waits(7, NOW));

	/* Nothing is news that has ended already. */
	greetings.has_ended = false;
	fp_greet_end(&greetings, 7);
	CHECK(!greetings.has_ended);
}

static void
nobody_waits_for_long(void)
{
	bool is_first;

	forget_all();
	begin_first(7, NOW);
	CHECK(fp_greet_ask(&greetings, 7, NOW + 1, &is_first) ==
		NOW + FP_GREET_NS);
	CHECK(!waits(7, NOW + FP_GREET_NS));
	CHECK(!waits(7, NOW + FP_GREET_NS + 1));
}

static void
one_origin_is_not_anothers(void)
{
	forget_all();
	begin_first(7, NOW);
	begin_first(8, NOW);
	fp_greet_end(&greetings, 8);
	CHECK(waits(7, NOW));
	CHECK(!waits(8, NOW));

	/* Nor does the end of one that has lost its place. */
	fp_greet_end(&greetings, 7 + FP_GREETINGS);
	CHECK(waits(7, NOW));
}

/* Who waits for one that is pushed out is told so, and asks again. */
static void
one_that_is_pushed_out_holds_nobody(void)
{
	forget_all();
	begin_first(7, NOW);
	CHECK(waits(7, NOW));
	begin_first(7 + FP_GREETINGS, NOW);
	CHECK(greetings.has_ended);
}

static void
a_hash_of_0_is_one_like_others(void)
{
	forget_all();
	begin_first(0, NOW);
	CHECK(waits(0, NOW));
	fp_greet_end(&greetings, 0);
	CHECK(!waits(0, NOW));
}

int
main(void)
{
	run("a few go first, the rest waits until one is done",
		the_rest_waits_for_one);
	run("nobody waits for long", nobody_waits_for_long);
	run("one origin is not another's", one_origin_is_not_anothers);
	run("one that is pushed out holds nobody",
		one_that_is_pushed_out_holds_nobody);
	run("a hash of 0", a_hash_of_0_is_one_like_others);
	return done();
}
