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
	unsigned found; /* and that was `most` then */
	bool is_trying; /* one more than what has held */
	unsigned n_tries; /* so often */
	int64_t tried_ns; /* when it began; 0: it has not yet */
	unsigned n_late; /* times that it was let in, and the next was not */
	unsigned n_held; /* passes since `most` was changed */
	unsigned n_more; /* so many, and one more is tried */
	unsigned n_passed, n_failed; /* since it was supposed */
	unsigned n_alone; /* of one that was alone */
	unsigned n_rest, rest; /* passes until it may be supposed again; so many
				  the next time; 0: it never was in vain */
	int64_t supposed_ns, changed_ns;
	int64_t room_ns; /* no more than was held before that */

	/* While those are under way that were so when it was supposed: one more
	 * goes out then, to find out whether a moment ago was too soon. */
	int64_t probe_ns, gap_ns;
	int64_t first_ns; /* the first of those has passed; 0: none has */
};

/* So many others were under way when it seemed that no more are let in, which
 * took so long to be heard; 0: nothing is sent to find out whether it is so. */
void fp_company_suppose(struct fp_company *company, unsigned n_others,
	int64_t gap_ns, int64_t now_ns);

/* One starts, with so many others under way. */
void fp_company_started(
	struct fp_company *company, unsigned n_others, int64_t now_ns);

/* One that began then has failed, with so many others still under way. true:
 * they may be the reason. */
bool fp_company_failed(struct fp_company *company, unsigned n_others,
	int64_t begun_ns, int64_t now_ns);

/* One that began then has passed. */
void fp_company_passed(
	struct fp_company *company, int64_t begun_ns, int64_t now_ns);

/* Whether with so many under way another one may start. Sets *until_ns, if one
 * may after a while. */
static inline bool
fp_company_has_room(const struct fp_company *company, unsigned n_active,
	int64_t now_ns, int64_t *until_ns)
{
	if (FP_LIKELY(company->most == 0) || n_active + 1 < company->most)
		return true;
	int64_t then_ns = company->room_ns;
	if (n_active == company->most && company->first_ns == 0)
		then_ns = company->probe_ns;
	else if (n_active >= company->most)
		return false;
	if (now_ns < then_ns)
		*until_ns = then_ns;
	return now_ns >= then_ns;
}

#endif
