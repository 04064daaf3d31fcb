/* SPDX-License-Identifier: MIT */
/*
 * company: whether a server refuses requests for the number of those that it
 * has at once, which it seldom says; and how many it lets in.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: the caller embeds it, zeroed.
 * Failure: cannot fail.
 */
#ifndef FP_COMPANY_H
#define FP_COMPANY_H

#include "base.h"

struct fp_company {
	unsigned most; /* at once; 0: any number */
	bool is_limit; /* it turned out to be one */
	bool is_trying; /* one more than what has held */
	unsigned n_held; /* passes since `most` was changed */
	unsigned n_more; /* so many, and one more is tried */
	unsigned n_passed, n_failed; /* since it was supposed */
	unsigned n_alone; /* of one that was alone */
	int64_t changed_ns;
};

/* So many others were under way when it seemed that no more are let in. */
void fp_company_suppose(
	struct fp_company *company, unsigned n_others, int64_t now_ns);

/* One that began then has failed, with so many others still under way. true:
 * they may be the reason. */
bool fp_company_failed(struct fp_company *company, unsigned n_others,
	int64_t begun_ns, int64_t now_ns);

/* One that began then has passed. */
void fp_company_passed(
	struct fp_company *company, int64_t begun_ns, int64_t now_ns);

/* Whether with so many under way another one may start. */
static inline bool
fp_company_has_room(const struct fp_company *company, unsigned n_active)
{
	return FP_LIKELY(company->most == 0) || n_active < company->most;
}

#endif
