/* SPDX-License-Identifier: MIT */
#include "timeline.h"

#include "tap.h"

#define S FP_NS_PER_S

static struct fp_timeline timeline;

/* What all bins come to, in seconds. */
static double
account_all(enum fp_use use, unsigned n_slots, int64_t took_ns, bool is_over,
	double *all)
{
	double use_ns[FP_USE_COUNT], sum = 0;
	size_t n = fp_timeline_count(&timeline, took_ns);

	*all = 0;
	for (size_t i = 0; i < n; i++) {
		fp_timeline_account(
			&timeline, i, n_slots, took_ns, is_over, use_ns);
		sum += use_ns[use];
		for (int k = 0; k < FP_USE_COUNT; k++)
			*all += use_ns[k];
	}
	*all /= 1e9;
	return sum / 1e9;
}

static bool
is_near(double got, double wanted)
{
	return got > wanted - 1e-6 && got < wanted + 1e-6;
}

static void
all_time_is_accounted_for(void)
{
	double n[FP_USE_COUNT] = {[FP_USE_INPUT] = 1.5}, all;

	fp_timeline_init(&timeline);
	fp_timeline_tell(&timeline, FP_USE_ANSWER, 1, 0, S);
	fp_timeline_see(&timeline, n, 0, S / 2);
	CHECK(is_near(account_all(FP_USE_ANSWER, 4, S, true, &all), 1));
	CHECK(is_near(all, 4));
	CHECK(is_near(account_all(FP_USE_INPUT, 4, S, true, &all), 0.75));
	CHECK(is_near(account_all(FP_USE_BETWEEN, 4, S, true, &all), 2.25));
}

/* More was told than there is room for, and what was seen finds none. */
static void
no_more_than_there_is(void)
{
	double n[FP_USE_COUNT] = {[FP_USE_RATE] = 4}, all;

	fp_timeline_init(&timeline);
	fp_timeline_see(&timeline, n, 0, S);
	fp_timeline_tell(&timeline, FP_USE_ANSWER, 3, 0, S);
	CHECK(is_near(account_all(FP_USE_RATE, 4, S, true, &all), 1));
	fp_timeline_tell(&timeline, FP_USE_BODY, 3, 0, S);
	CHECK(is_near(account_all(FP_USE_ANSWER, 4, S, true, &all), 2));
	CHECK(is_near(all, 4));
}

/* What is under way has not been told of yet. */
static void
what_is_under_way(void)
{
	double n[FP_USE_COUNT] = {[FP_USE_ANSWER] = 2}, all;

	fp_timeline_init(&timeline);
	fp_timeline_see(&timeline, n, 0, S);
	CHECK(is_near(account_all(FP_USE_ANSWER, 2, S, false, &all), 2));
	CHECK(is_near(account_all(FP_USE_ANSWER, 2, S, true, &all), 0));
}

static void
taken_back(void)
{
	double all;

	fp_timeline_init(&timeline);
	fp_timeline_tell(&timeline, FP_USE_BODY, -1, S / 4, S / 2);
	fp_timeline_tell(&timeline, FP_USE_FULL, 1, S / 4, S / 2);
	fp_timeline_tell(&timeline, FP_USE_BODY, 1, 0, S);
	CHECK(is_near(account_all(FP_USE_BODY, 1, S, true, &all), 0.75));
	CHECK(is_near(account_all(FP_USE_FULL, 1, S, true, &all), 0.25));
}

/* A year is as small as a moment, and nothing of it is lost. */
static void
bins_double_in_width(void)
{
	int64_t took_ns = INT64_C(365) * 86400 * S;
	double all;

	fp_timeline_init(&timeline);
	for (int64_t i = 0; i < 365; i++) {
		int64_t at_ns = i * 86400 * S;
		fp_timeline_tell(&timeline, FP_USE_BODY, 1, at_ns, at_ns + S);
		fp_timeline_at(&timeline, at_ns)->n_done++;
		fp_spread_add(&fp_timeline_at(&timeline, at_ns)->times, S);
	}
	CHECK(is_near(account_all(FP_USE_BODY, 1, took_ns, true, &all), 365));
	uint64_t n_done = 0, n_times = 0;
	size_t n = fp_timeline_count(&timeline, took_ns);
	CHECK(n > FP_TIMELINE_BINS / 2 && n <= FP_TIMELINE_BINS);
	for (size_t i = 0; i < n; i++) {
		n_done += timeline.bins[i].n_done;
		n_times += fp_spread_count(&timeline.bins[i].times);
	}
	CHECK(n_done == 365 && n_times == 365);
}

static void
names_differ(void)
{
	for (int i = 0; i < FP_USE_COUNT; i++) {
		for (int k = 0; k < i; k++)
			CHECK(strcmp(fp_timeline_name((enum fp_use)i),
				      fp_timeline_name((enum fp_use)k)) != 0);
	}
}

int
main(void)
{
	run("all time of all slots is accounted for",
		all_time_is_accounted_for);
	run("there is no more of it than there is", no_more_than_there_is);
	run("what is under way counts while it is", what_is_under_way);
	run("what was told can be taken back", taken_back);
	run("bins double in width, and lose nothing", bins_double_in_width);
	run("every use has a name of its own", names_differ);
	return done();
}
