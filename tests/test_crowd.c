/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include "tap.h"

static void
few_are_no_crowd(void)
{
	static struct fp_crowd crowd;

	for (int i = 1; i < FP_CROWD_SIZE; i++)
		fp_crowd_count(&crowd);
	CHECK(!fp_crowd_is_stranger(&crowd, "http://a/"));
	fp_crowd_count(&crowd);
	CHECK(fp_crowd_is_stranger(&crowd, "http://a/"));
}

static void
who_comes_again_is_known(void)
{
	static struct fp_crowd crowd = {.n_opened = FP_CROWD_SIZE};

	CHECK(fp_crowd_is_stranger(&crowd, "http://a/1"));
	CHECK(!fp_crowd_is_stranger(&crowd, "http://a/2"));
	CHECK(!fp_crowd_is_stranger(&crowd, "http://a?3"));
	CHECK(fp_crowd_is_stranger(&crowd, "http://a:81/1"));
	CHECK(fp_crowd_is_stranger(&crowd, "https://a/1"));
	CHECK(fp_crowd_is_stranger(&crowd, "http://b/1"));
}

static void
who_was_long_ago_is_not(void)
{
	static struct fp_crowd crowd = {.n_opened = FP_CROWD_SIZE};
	char url[40];
	int n_known = 0;

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100 * FP_CROWD_PLACES; i++) {
			snprintf(url, sizeof(url), "http://h%d/", i);
			n_known += !fp_crowd_is_stranger(&crowd, url);
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
