/* SPDX-License-Identifier: MIT */
/*
 * ratecount: where a rate is counted that processes share: in a file, or at a
 * Redis server. What both promise says ratefile.h; what differs, rateredis.h.
 *
 * Threads: reserve and what follows: one at a time; stop may not be called
 * meanwhile.
 * Ownership: the caller embeds it; open gives what is in it, close takes it. A
 * struct of zeros has nothing in it.
 * Failure: as said in those two.
 */
#ifndef FP_RATECOUNT_H
#define FP_RATECOUNT_H

#include "base.h"

#include "ratefile.h"
#include "rateredis.h"

struct fp_ratecount {
	struct fp_ratefile *file; /* either of these, or none */
	struct fp_rateredis *redis;
};

/* A file counts the run's rate alone. */
int fp_ratecount_open(struct fp_ratecount *count, const char *where,
	const struct fp_rateredis_rules *rules, char *why, size_t size);
int fp_ratecount_check(const char *where,
	const struct fp_rateredis_rules *rules, char *why, size_t size);
/* Removes a file that was made here, and that nobody has used. */
void fp_ratecount_undo(struct fp_ratecount *count);
void fp_ratecount_close(struct fp_ratecount *count);

/* Whether anything is in it. */
static inline bool
fp_ratecount_is_open(const struct fp_ratecount *count)
{
	return count->file || count->redis;
}

int fp_ratecount_reserve(
	struct fp_ratecount *count, uint32_t *token, int64_t *due_ns);
int fp_ratecount_commit(struct fp_ratecount *count, uint32_t token);
int fp_ratecount_give_back(struct fp_ratecount *count, uint32_t token);
int fp_ratecount_fire(struct fp_ratecount *count, uint32_t token);
int fp_ratecount_settle(struct fp_ratecount *count, int64_t *due_ns);

#endif
