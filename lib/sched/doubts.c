/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "doubts.h"

#define CROWDED_MAX 4

/* Whether anything is sent to find that out. */
static bool
may_doubt(const struct fp_busy_rules *rules)
{
	return rules->learns && rules->mode != FP_BUSY_ITEM &&
	       rules->delay_ns > 0;
}

/* A no that may be a limit's: it is one, or its item waits until that is known,
 * or it is final. */
static void
settle_no(struct fp_ticket *ticket, const struct fp_busy_rules *rules,
	unsigned retry_max, int64_t now_ns)
{
	struct fp_busy *busy = &ticket->origin->busy;
	struct fp_report *report = &ticket->report;
	bool is_test = ticket->is_test;
	struct fp_busy_attempt attempt = {.begun_ns = report->begun_ns,
		.is_test = is_test,
		.is_first = ticket->result.attempts == 1,
		.is_sole = ticket->is_sole};
	bool has_other = ticket->origin->waiting.first != NULL;

	ticket->is_test = false;
	ticket->again.how = FP_AGAIN_NO;
	if (!may_doubt(rules))
		return;
	switch (fp_busy_doubt(busy, &attempt, now_ns)) {
	case FP_DOUBT_LIMIT:
		report->heard = FP_HEARD_BUSY;
		report->refused.is = FP_REFUSAL_SAID;
		report->refused.wait_ns = -1;
		report->refused.is_supposed = true;
		report->wait_ns = ticket->again.wait_ns = rules->delay_ns;
		if (ticket->result.attempts - ticket->n_excused <= retry_max)
			ticket->again.how = FP_AGAIN_FREE;
		break;
	case FP_DOUBT_HELD:
		ticket->again.how = FP_AGAIN_FREE;
		ticket->is_doubted = true;
		ticket->is_test = is_test;
		report->heard = FP_HEARD_TROUBLE;
		report->status = ticket->result.status;
		report->pause_ns =
			fp_busy_doubt_pause_ns(busy, rules, has_other, now_ns);
		ticket->again.wait_ns =
			FP_MAX(rules->delay_ns, report->pause_ns);
		break;
	default:
		report->heard = FP_HEARD_TROUBLE;
		break;
	}
}

/* Those that are under way at its origin beside it. */
static unsigned
others_of(const struct fp_ticket *ticket)
{
	return ticket->origin->n_active - (ticket->stage == FP_STAGE_STARTED);
}

/* There were too many at once: it need not count, a few times, and goes again
 * as soon as there is room. But where nothing is to be sent again, this is
 * not. */
static void
excuse_crowded(struct fp_ticket *ticket, unsigned retry_max)
{
	struct fp_again *again = &ticket->again;

	if (retry_max == 0 || ticket->n_excused >= CROWDED_MAX ||
		(again->how != FP_AGAIN_PAID && again->how != FP_AGAIN_FREE &&
			again->how != FP_AGAIN_SPENT))
		return;
	ticket->n_excused++;
	again->how = FP_AGAIN_FREE;
	again->wait_ns = ticket->report.wait_ns = 0;
}

/* A failure that says nothing may be a limit's. Then it is a refusal; while
 * that is not known, the attempt that finds out is not paid for. What may not
 * be sent again is not, in any case. */
static void
settle_failure(struct fp_ticket *ticket, const struct fp_busy_rules *rules,
	unsigned retry_max, int64_t now_ns)
{
	struct fp_report *report = &ticket->report;
	struct fp_busy_attempt attempt = {
		.begun_ns = report->begun_ns,
		.refused_ns = ticket->refused_ns,
		.n_refused = ticket->n_refused,
		.is_first = ticket->result.attempts == 1,
		.is_sole = ticket->is_sole,
		.is_closed = report->is_closed,
		.has_other = ticket->origin->waiting.first != NULL,
		.n_others = others_of(ticket),
	};
	int64_t pause_ns;

	if (!may_doubt(rules))
		return;
	enum fp_suspected is = fp_busy_failed(
		&ticket->origin->busy, rules, &attempt, now_ns, &pause_ns);
	if (is == FP_SUSPECTED_NO)
		return;
	if (is == FP_SUSPECTED_COMPANY) {
		excuse_crowded(ticket, retry_max);
		return;
	}
	if (ticket->again.how == FP_AGAIN_PAID)
		ticket->again.how = FP_AGAIN_FREE;
	report->refused = (struct fp_refused){.is = FP_REFUSAL_SAID,
		.wait_ns = report->pause_ns > 0 ? report->pause_ns : -1,
		.is_supposed = true};
	if (is == FP_SUSPECTED_LIMIT)
		report->heard = FP_HEARD_BUSY;
	report->status =
		report->is_closed ? FP_STATUS_CLOSED : ticket->result.status;
	report->pause_ns = FP_MAX(report->pause_ns, pause_ns);
	report->wait_ns = ticket->again.wait_ns =
		FP_MAX(ticket->again.wait_ns, rules->delay_ns);
}

/* A refusal may be for those that are under way; then no pause is of use.
 * Where a number is found from how long answers take, this is part of it. */
static void
settle_refusal(struct fp_ticket *ticket, const struct fp_busy_rules *rules,
	unsigned retry_max, int64_t now_ns)
{
	struct fp_report *report = &ticket->report;
	struct fp_busy *busy = &ticket->origin->busy;
	struct fp_busy_attempt attempt = {
		.begun_ns = report->begun_ns, .n_others = others_of(ticket)};
	bool is_mild = report->refused.is == FP_REFUSAL_MILD;

	if (!may_doubt(rules) || (is_mild && ticket->origin->concurrency) ||
		!fp_busy_refused_in_company(
			busy, rules, &report->refused, &attempt, now_ns))
		return;
	report->heard = FP_HEARD_TROUBLE;
	report->pause_ns = 0;
	int64_t wait_ns = ticket->again.wait_ns;
	if (busy->company.is_limit || busy->passed_ns > 0 || !is_mild ||
		ticket->again.how == FP_AGAIN_SPENT)
		excuse_crowded(ticket, retry_max);
	if (!busy->company.is_limit)
		ticket->again.wait_ns = report->wait_ns = wait_ns;
}

void
fp_doubts_settle_now(struct fp_ticket *ticket,
	const struct fp_busy_rules *rules, unsigned retry_max, int64_t now_ns)
{
	if (ticket->again.how == FP_AGAIN_DOUBT)
		settle_no(ticket, rules, retry_max, now_ns);
	else if (ticket->report.is_bare)
		settle_failure(ticket, rules, retry_max, now_ns);
	else if (ticket->report.heard == FP_HEARD_BUSY)
		settle_refusal(ticket, rules, retry_max, now_ns);
}
