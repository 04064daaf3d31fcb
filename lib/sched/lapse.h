/* SPDX-License-Identifier: MIT */
/*
 * lapse: whether a server that refuses connections, and is back after a while,
 * again and again, does so for there were too many.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: the caller embeds it, zeroed.
 * Failure: cannot fail.
 */
#ifndef FP_LAPSE_H
#define FP_LAPSE_H

#include "base.h"

struct fp_lapse {
	bool is_limit;
	unsigned n; /* of these in a row, that are alike */
	bool has_broken; /* connections were closed meanwhile */
	uint64_t n_passed; /* requests before the last one */
	uint64_t n_total; /* and in all, when it ended */
	int64_t longest_ns;
};

/* Something passes again, after nothing did for so long. `n_total` requests
 * have passed before that. true: it turned out to be a limit. */
bool fp_lapse_ended(
	struct fp_lapse *lapse, uint64_t n_total, int64_t lasted_ns);

/* A connection that was there has been closed in place of an answer. */
void fp_lapse_broken(struct fp_lapse *lapse);

/* Connections have been refused for so long now. Whether that is for a limit.
 */
bool fp_lapse_is_limit(struct fp_lapse *lapse, int64_t lasts_ns);

#endif
