/* SPDX-License-Identifier: MIT */
/*
 * tally: what a run's results come to: how many of each kind and status, how
 * many attempts and bytes, and how long they took. It is the same size for any
 * number of them.
 *
 * Threads: one at a time.
 * Ownership: the caller embeds it; zeroed, it is empty.
 * Failure: cannot fail.
 */
#ifndef FP_TALLY_H
#define FP_TALLY_H

#include "base.h"

#include "fetchpool.h"
#include "histogram.h"

#define FP_KIND_COUNT (FP_KIND_STOPPED + 1)
#define FP_STATUS_COUNT 1000

struct fp_tally {
	uint64_t n_kind[FP_KIND_COUNT]; /* of the items that failed */
	uint64_t n_status[FP_STATUS_COUNT]; /* of those done; 0: no response */
	char local[160]; /* what the first failure of this machine said */
	uint64_t n_attempts; /* of all, also of those not done */
	uint64_t n_retries; /* of them, not an item's first */
	struct fp_json_changes changes; /* in bodies, of the items done */
	uint64_t n_bytes; /* of bodies, of the items done */
	struct fp_histogram times; /* fetch_time of the items done */
};

/* Done: it succeeded, and that was written, or it failed. */
void fp_tally_add(
	struct fp_tally *tally, const struct fp_result *result, bool is_done);

/* How a whole run ended. */
struct fp_totals {
	uint64_t n_read, n_succeeded, n_failed, n_not_done;
	const char *stopped_by; /* a signal or an option; NULL: it was not */
	int64_t took_ns;
	int64_t started_wall_ns; /* since 1970 */
	int exit_status; /* as far as it is known */
};

#endif
