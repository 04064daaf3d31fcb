/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "tally.h"

void
fp_tally_add(
	struct fp_tally *tally, const struct fp_result *result, bool is_done)
{
	bool has_status =
		result->status > 0 && result->status < FP_STATUS_COUNT;

	tally->n_attempts += result->attempts;
	if (result->attempts > 1)
		tally->n_retries += result->attempts - 1;
	if (!is_done)
		return;
	if (result->kind != FP_KIND_OK)
		tally->n_kind[result->kind]++;
	tally->n_status[has_status ? result->status : 0]++;
	tally->changes.surrogates += result->changes.surrogates;
	tally->changes.nuls += result->changes.nuls;
	tally->changes.numbers += result->changes.numbers;
	tally->changes.deep += result->changes.deep;
	if (result->size > 0)
		tally->n_bytes += (uint64_t)result->size;
	if (result->attempts > 0)
		fp_histogram_add(&tally->times, result->fetch_time_ns);
}
