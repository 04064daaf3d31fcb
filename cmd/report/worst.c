/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "worst.h"

#include <stdio.h>
#include <string.h>

static void
find_least(struct fp_worst *worst)
{
	worst->least = 0;
	for (unsigned i = 1; i < worst->n_slow; i++) {
		if (worst->slow[i].time_ns < worst->slow[worst->least].time_ns)
			worst->least = i;
	}
}

static void
keep_slow(
	struct fp_worst *worst, const struct fp_result *result, int64_t now_ns)
{
	bool is_full = worst->n_slow == FP_WORST_SLOW;
	struct fp_slow *slow =
		&worst->slow[is_full ? worst->least : worst->n_slow];

	worst->n_slow += !is_full;
	*slow = (struct fp_slow){
		.seq = result->seq,
		.time_ns = result->fetch_time_ns,
		.attempts = result->attempts,
		.status = result->status,
		.kind = result->kind,
		.ended_ns = now_ns,
	};
	memcpy(slow->spent_ns, result->spent_ns, sizeof(slow->spent_ns));
	snprintf(slow->url, sizeof(slow->url), "%s",
		result->url ? result->url : "");
	find_least(worst);
}

static void
keep_example(struct fp_worst *worst, const struct fp_result *result)
{
	unsigned *n = &worst->n_examples[result->kind];

	if (*n == FP_WORST_EXAMPLES)
		return;
	struct fp_example *example = &worst->examples[result->kind][(*n)++];
	example->seq = result->seq;
	example->status = result->status;
	snprintf(example->url, sizeof(example->url), "%s",
		result->url ? result->url : "");
	snprintf(example->message, sizeof(example->message), "%s",
		result->message ? result->message : "");
}

void
fp_worst_note(
	struct fp_worst *worst, const struct fp_result *result, int64_t now_ns)
{
	if (result->kind != FP_KIND_OK && result->kind < FP_KIND_STOPPED)
		keep_example(worst, result);
	if (result->attempts > 0 && result->kind != FP_KIND_STOPPED &&
		(worst->n_slow < FP_WORST_SLOW ||
			result->fetch_time_ns >
				worst->slow[worst->least].time_ns))
		keep_slow(worst, result, now_ns);
}

void
fp_worst_sort(const struct fp_worst *worst,
	const struct fp_slow *sorted[FP_WORST_SLOW])
{
	for (unsigned i = 0; i < worst->n_slow; i++) {
		const struct fp_slow *slow = &worst->slow[i];
		unsigned at = i;
		for (; at > 0 && sorted[at - 1]->time_ns < slow->time_ns; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = slow;
	}
}
