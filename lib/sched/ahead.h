/* SPDX-License-Identifier: MIT */
/*
 * ahead: what follows from an attempt that failed: for the item, whether there
 * is another one and when; for its origin, what it is to know.
 *
 * Threads: the holder's of the ticket.
 * Ownership: nothing is owned.
 * Failure: cannot fail.
 */
#ifndef FP_AHEAD_H
#define FP_AHEAD_H

#include "base.h"

#include "refusal.h"
#include "retry.h"
#include "ticket.h"

/* `attempt` says how it ended, but for what `refused` says, which is of an
 * answer, or FP_REFUSAL_NONE and -1. Sets ticket->again,
 * its result's retry_after_ns, and of its report all that is about pauses. */
void fp_ahead_decide(struct fp_ticket *ticket,
	const struct fp_retry_policy *policy, struct fp_attempt *attempt,
	const struct fp_refused *refused, uint64_t random);

/* What an answer with this status told of its origin. */
enum fp_heard fp_ahead_heard(
	const struct fp_refused *refused, int status, bool is_success);

#endif
