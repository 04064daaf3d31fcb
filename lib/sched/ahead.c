/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ahead.h"

void
fp_ahead_decide(struct fp_ticket *ticket, const struct fp_retry_policy *policy,
	struct fp_attempt *attempt, const struct fp_refused *refused,
	uint64_t random)
{
	struct fp_report *report = &ticket->report;
	int64_t asked_ns = refused->wait_ns;

	attempt->refusal = refused->is;
	attempt->retry_after_ns = asked_ns;
	attempt->n_attempts -=
		FP_MIN(ticket->n_excused, attempt->n_attempts - 1);
	report->random = random;
	/* It takes a request that is sent again to find out why. */
	attempt->is_closed &= attempt->is_idempotent && policy->max > 0;
	report->is_closed = attempt->is_closed;
	report->is_bare =
		attempt->is_closed ||
		(refused->is == FP_REFUSAL_DOUBT && attempt->status >= 500 &&
			attempt->cause == FP_CAUSE_STATUS);
	ticket->again = fp_retry_decide(policy, attempt, &random);
	report->wait_ns = ticket->again.wait_ns;
	if (ticket->again.pauses_origin) {
		report->refused = *refused;
		report->pause_ns = ticket->again.pause_ns;
		report->status = ticket->result.status;
		report->is_too_long =
			asked_ns / FP_NS_PER_MS > (int64_t)policy->after_max_ms;
	}
	ticket->result.retry_after_ns = FP_MAX(asked_ns, 0);
}

enum fp_heard
fp_ahead_heard(const struct fp_refused *refused, int status, bool is_success)
{
	if (is_success)
		return FP_HEARD_ANSWER;
	if (refused->is == FP_REFUSAL_SAID || refused->is == FP_REFUSAL_MILD)
		return FP_HEARD_BUSY;
	return status < 500 ? FP_HEARD_ANSWER : FP_HEARD_TROUBLE;
}
