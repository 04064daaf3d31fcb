/* SPDX-License-Identifier: MIT */
/*
 * worst: the items that took longest, and some that failed in each way: what
 * people look at first.
 *
 * Threads: one at a time.
 * Ownership: the caller embeds it; zeroed, it is empty.
 * Failure: cannot fail; texts are cut.
 */
#ifndef FP_WORST_H
#define FP_WORST_H

#include "base.h"

#include "fetchpool.h"

#define FP_WORST_SLOW 20
#define FP_WORST_EXAMPLES 3
#define FP_WORST_URL_MAX 300
#define FP_WORST_MESSAGE_MAX 300

struct fp_slow {
	uint64_t seq;
	int64_t time_ns; /* fetch_time */
	int64_t spent_ns[FP_PHASE_COUNT];
	unsigned attempts;
	int status;
	enum fp_kind kind;
	int64_t ended_ns;
	char url[FP_WORST_URL_MAX]; /* passwords masked; or "" */
};

struct fp_example {
	uint64_t seq;
	int status;
	char url[FP_WORST_URL_MAX];
	char message[FP_WORST_MESSAGE_MAX];
};

struct fp_worst {
	unsigned n_slow;
	unsigned least; /* of these, the one that was fastest */
	struct fp_slow slow[FP_WORST_SLOW]; /* in no order */
	unsigned n_examples[FP_KIND_STOPPED];
	struct fp_example examples[FP_KIND_STOPPED][FP_WORST_EXAMPLES];
};

void fp_worst_note(
	struct fp_worst *worst, const struct fp_result *result, int64_t now_ns);

/* The slow ones, slowest first. */
void fp_worst_sort(const struct fp_worst *worst,
	const struct fp_slow *sorted[FP_WORST_SLOW]);

#endif
