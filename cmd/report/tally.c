/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "tally.h"

#include "utf8.h"

#include <string.h>

/* Many failures of this machine are one: a disk that is full, a folder that is
 * not there. */
static void
keep_local(struct fp_tally *tally, const char *message)
{
	size_t len = strlen(message);

	if (tally->local[0] != '\0')
		return;
	len = fp_utf8_valid_prefix(
		message, FP_MIN(len, sizeof(tally->local) - 1));
	memcpy(tally->local, message, len);
}

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
	if (result->kind == FP_KIND_LOCAL)
		keep_local(tally, result->message);
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
