/* SPDX-License-Identifier: MIT */
#include "share.h"

#include "tap.h"

static const unsigned jobs_of[] = {1, 2, 5, 64, 65, 1000, 4097, 10000, 20000};

static void
parts_make_the_whole(void)
{
	for (unsigned n = 1; n < 20; n++) {
		unsigned sum = 0;
		for (unsigned i = 0; i < n; i++) {
			unsigned part = fp_share_part(97, n, i);
			CHECK(part == 97 / n || part == 97 / n + 1);
			sum += part;
		}
		CHECK(sum == 97);
	}
}

static void
all_jobs_have_a_slot(void)
{
	for (size_t k = 0; k < FP_ARRAY_LEN(jobs_of); k++) {
		struct fp_shares all = fp_share_all(jobs_of[k]);
		unsigned slots = 0;
		for (unsigned i = 0; i < all.n_lanes; i++) {
			struct fp_share share = fp_share_of(&all, i);
			CHECK(share.slots > 0);
			CHECK(share.slots <= FP_LANE_SLOTS_MAX);
			CHECK(share.connections >= share.slots);
			CHECK(share.resolving_max > 0);
			slots += share.slots;
		}
		CHECK(slots == jobs_of[k]);
	}
}

/* Threads do not grow with the jobs; no loop is without a lane, and none has
 * more of them than another but one. */
static void
loops_are_few_and_even(void)
{
	unsigned online = fp_share_online();

	for (size_t k = 0; k < FP_ARRAY_LEN(jobs_of); k++) {
		struct fp_shares all = fp_share_all(jobs_of[k]);
		unsigned n = all.n_lanes, sum = 0;
		CHECK(all.n_loops > 0 && all.n_loops <= 2 * online);
		CHECK(all.n_loops <= n);
		CHECK(all.n_first == (jobs_of[k] <= 64 ? 1 : all.n_loops));
		CHECK(all.n_loops >= online || all.n_loops == n);
		for (unsigned i = 0; i < all.n_loops; i++) {
			unsigned part = fp_share_part(n, all.n_loops, i);
			CHECK(part > 0);
			sum += part;
		}
		CHECK(sum == n);
	}
}

/* A look-up has a thread of its own: besides the loops there is room for all
 * that are waited for. */
static void
lookups_have_threads(void)
{
	for (size_t k = 0; k < FP_ARRAY_LEN(jobs_of); k++) {
		struct fp_shares all = fp_share_all(jobs_of[k]);
		struct fp_share share = fp_share_of(&all, 0);
		CHECK(share.threads_max >=
			all.n_loops + all.n_lanes * share.resolving_max);
	}
}

int
main(void)
{
	run("the parts make the whole", parts_make_the_whole);
	run("all jobs have a slot", all_jobs_have_a_slot);
	run("loops are few, and have as many lanes each",
		loops_are_few_and_even);
	run("look-ups have threads", lookups_have_threads);
	return done();
}
