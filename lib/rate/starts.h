/* SPDX-License-Identifier: MIT */
/*
 * starts: the run's own limit on how often requests start, counted in memory,
 * or where other processes count as well. A start is reserved, and
 * later given back, or committed and fired.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: the caller embeds it, and keeps the count open.
 * Failure: fp_starts_init() -1 with ENOMEM; fp_starts_reserve() says its own. A
 * count that failed once is not used any more.
 */
#ifndef FP_STARTS_H
#define FP_STARTS_H

#include "base.h"

#include "ratecount.h"
#include "ratelimit.h"

struct fp_starts {
	bool is_limited; /* by either of these */
	struct fp_ratelimit limit; /* if there is no count */
	struct fp_ratecount *count; /* that processes share */
	int error; /* errno of it */

	/* No start can be reserved before; 0: nobody has asked in vain since
	 * something changed. */
	int64_t dry_until_ns;

	/* When to tick: what is reserved in the file has to be renewed, or it
	 * was just in use by others, who take for reserved until then what was
	 * fired or given back. 0: no need. */
	int64_t settle_ns;
};

/* rates->n 0: no limit. count NULL: memory counts. */
int fp_starts_init(struct fp_starts *starts, const struct fp_rates *rates,
	bool is_paced, struct fp_ratecount *count);
void fp_starts_destroy(struct fp_starts *starts);

/* Time goes on. */
void fp_starts_tick(struct fp_starts *starts, int64_t now_ns);

/* There are more to be had than the count said. */
void fp_starts_came(struct fp_starts *starts);

/* 1: reserved, under this number in the count. 0: not now. -1: it cannot be
 * counted, and errno says why. */
int fp_starts_reserve(
	struct fp_starts *starts, uint32_t *token, int64_t now_ns);

/* The request can go out. false: it may not, as its start was lost (to others,
 * while this process was stopped) or cannot be had now; it is still to be given
 * back. */
bool fp_starts_commit(struct fp_starts *starts, uint32_t token);

void fp_starts_give_back(struct fp_starts *starts, uint32_t token);
void fp_starts_fire(struct fp_starts *starts, uint32_t token, int64_t now_ns);

#endif
