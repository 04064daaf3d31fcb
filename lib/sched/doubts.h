/* SPDX-License-Identifier: MIT */
/*
 * doubts: what follows for an item from an answer that does not say whether
 * there were too many requests, but for which that may be the reason.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: nothing is owned.
 * Failure: cannot fail.
 */
#ifndef FP_DOUBTS_H
#define FP_DOUBTS_H

#include "base.h"

#include "busy.h"
#include "ticket.h"

void fp_doubts_settle_now(struct fp_ticket *ticket,
	const struct fp_busy_rules *rules, unsigned retry_max, int64_t now_ns);

/* Of an attempt that has ended: changes its decision, and its report, if there
 * is a doubt. An item may have `retry_max` retries. */
static inline void
fp_doubts_settle(struct fp_ticket *ticket, const struct fp_busy_rules *rules,
	unsigned retry_max, int64_t now_ns)
{
	if (FP_UNLIKELY(ticket->again.how == FP_AGAIN_DOUBT ||
			ticket->report.is_bare ||
			ticket->report.heard == FP_HEARD_BUSY))
		fp_doubts_settle_now(ticket, rules, retry_max, now_ns);
}

#endif
