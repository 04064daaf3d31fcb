/* SPDX-License-Identifier: MIT */
/*
 * The other half of schedule.c: what is heard of items that are under way, and
 * what follows from it.
 */
#include "base.h"

#include "schedule.h"

#include <stdio.h>

#define EXCUSED_MAX 2

void
fp_schedule_known(struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	struct fp_origin *origin = ticket->origin;

	ticket->is_strange = false;
	origin->is_looking_up = false;
	origin->is_known = true;
	fp_schedule_stir(schedule, origin);
}

bool
fp_schedule_reserve(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	bool has_rate = schedule->rules.origin.rates.n > 0;
	uint32_t token;

	FP_ASSERT(!ticket->is_reserved);
	if (ticket->is_fired)
		fp_schedule_fire(schedule, ticket, now_ns);
	if (has_rate && fp_ratelimit_due_ns(&origin->rate, now_ns) > now_ns)
		return false;
	if (fp_starts_reserve(&schedule->starts, &token, now_ns) <= 0)
		return false;
	if (has_rate && fp_ratelimit_reserve(&origin->rate, now_ns) <= 0) {
		fp_starts_give_back(&schedule->starts, token);
		return false;
	}
	ticket->is_reserved = true;
	ticket->token = token;
	return true;
}

bool
fp_schedule_pass(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	bool is_limited = schedule->starts.is_limited ||
			  schedule->rules.origin.rates.n > 0;

	if (ticket->origin->not_before_ns > now_ns)
		return false;
	return !is_limited || ticket->is_reserved ||
	       fp_schedule_reserve(schedule, ticket, now_ns);
}

void
fp_schedule_give_back(struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	struct fp_origin *origin = ticket->origin;

	ticket->is_reserved = false;
	fp_starts_give_back(&schedule->starts, ticket->token);
	if (schedule->rules.origin.rates.n) {
		fp_ratelimit_give_back(&origin->rate);
		fp_schedule_stir(schedule, origin);
	}
}

void
fp_schedule_fire(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;

	ticket->is_fired = false;
	if (schedule->rules.origin.rates.n) {
		fp_ratelimit_fire(&origin->rate, now_ns);
		fp_schedule_stir(schedule, origin);
	}
	fp_starts_fire(&schedule->starts, ticket->token, now_ns);
}

/* The attempt is over: what it held of its origin is given back, and what it
 * heard is told. */
static void
end_attempt(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	struct fp_report *report = &ticket->report;

	if (ticket->is_strange) {
		/* On a connection that was there already, nobody asks. */
		origin->is_looking_up = false;
		origin->is_known = report->heard == FP_HEARD_ANSWER ||
				   report->heard == FP_HEARD_TROUBLE ||
				   report->heard == FP_HEARD_BUSY;
	}
	if (ticket->is_fired)
		fp_schedule_fire(schedule, ticket, now_ns);
	if (ticket->is_reserved)
		fp_schedule_give_back(schedule, ticket);
	if (ticket->is_sole)
		fp_busy_sole_ended(&origin->busy);
	report->is_probe = ticket->is_probe;
	report->is_last = ticket->again == FP_AGAIN_NO;
	report->refused_ns = ticket->refused_ns;
	report->n_refused = ticket->n_refused;
	report->is_test = ticket->is_test && !ticket->is_doubted;
	fp_origin_hear(&schedule->origins, origin, report, now_ns);
	if (report->heard == FP_HEARD_BUSY) {
		ticket->n_refused +=
			ticket->refused_ns == 0 ||
			origin->busy.passed_ns > ticket->refused_ns;
		ticket->refused_ns = now_ns;
	}
	if (report->heard == FP_HEARD_SILENCE && report->kind == FP_KIND_DNS)
		origin->is_known = fp_url_is_known(origin->name);
	if (ticket->is_active)
		origin->n_active--;
	ticket->is_strange = ticket->is_reserved = ticket->is_probe =
		ticket->is_active = ticket->is_sole = false;
	if (origin->news && !origin->is_news) {
		origin->is_news = true;
		origin->next_news = schedule->news;
		schedule->news = origin;
	}
	fp_schedule_stir(schedule, origin);
}

/* The next hop of a redirect may be of another origin. */
static bool
move(struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin_name name;

	fp_origin_name(&name, fp_ticket_url(ticket));
	struct fp_origin *to = fp_origins_hold(&schedule->origins, &name);
	if (!to) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return false;
	}
	bool is_tried = ticket->is_tried;
	fp_schedule_leave(schedule, ticket, now_ns);
	ticket->origin = to;
	ticket->is_tried = is_tried;
	to->n_tried += is_tried;
	ticket->refused_ns = 0;
	ticket->n_refused = 0;
	return true;
}

/* An attempt that was refused after one, while its origin has let others
 * through in between, was in bad luck: it need not count. Not for ever: the
 * origin may mean this item. */
static void
excuse(struct fp_ticket *ticket)
{
	const struct fp_busy *busy = &ticket->origin->busy;
	bool is_refused = ticket->report.heard == FP_HEARD_BUSY;

	if (is_refused && ticket->again != FP_AGAIN_NO &&
		ticket->n_excused < EXCUSED_MAX &&
		ticket->report.refused.is == FP_REFUSAL_SAID &&
		ticket->refused_ns > 0 &&
		busy->passed_ns > ticket->refused_ns &&
		fp_busy_is_limiting(busy)) {
		ticket->n_excused++;
		ticket->again = FP_AGAIN_FREE;
	}
	if (ticket->again == FP_AGAIN_SPENT)
		ticket->again = FP_AGAIN_NO;
}

/* A no that may be a limit's: it is one, or its item waits until that is known,
 * or it is final. */
static void
feedback_doubt(struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	const struct fp_busy_rules *rules = &schedule->rules.origin.busy;
	struct fp_busy *busy = &ticket->origin->busy;
	struct fp_report *report = &ticket->report;
	bool is_test = ticket->is_test;
	struct fp_busy_attempt attempt = {
		.begun_ns = report->begun_ns, .is_test = is_test};

	if (ticket->again != FP_AGAIN_DOUBT)
		return;
	ticket->is_test = false;
	ticket->again = FP_AGAIN_NO;
	if (rules->mode == FP_BUSY_ITEM || rules->delay_ns == 0)
		return;
	switch (fp_busy_doubt(busy, &attempt)) {
	case FP_DOUBT_LIMIT:
		report->heard = FP_HEARD_BUSY;
		report->refused.is = FP_REFUSAL_SAID;
		report->refused.wait_ns = -1;
		report->wait_ns = ticket->wait_ns = rules->delay_ns;
		if (ticket->result.attempts - ticket->n_excused <=
			schedule->rules.retry_max)
			ticket->again = FP_AGAIN_FREE;
		break;
	case FP_DOUBT_HELD:
		ticket->again = FP_AGAIN_FREE;
		ticket->is_doubted = true;
		ticket->is_test = is_test;
		report->heard = FP_HEARD_TROUBLE;
		report->status = ticket->result.status;
		report->pause_ns = fp_busy_doubt_pause_ns(busy, rules);
		ticket->wait_ns = FP_MAX(rules->delay_ns, report->pause_ns);
		break;
	default:
		report->heard = FP_HEARD_TROUBLE;
		break;
	}
}

/* Another attempt is paid for, or there is none. */
static void
pay(struct fp_ticket *ticket)
{
	excuse(ticket);
	if (ticket->again != FP_AGAIN_PAID ||
		fp_budget_take(&ticket->origin->budget,
			ticket->result.kind == FP_KIND_TIMEOUT))
		return;
	ticket->again = FP_AGAIN_NO;
	ticket->result.is_over_budget = true;
}

/* Whether it goes on; if not, the ticket says why. */
static bool
goes_on(struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	switch (ticket->again) {
	case FP_AGAIN_NO:
	case FP_AGAIN_SPENT:
	case FP_AGAIN_DOUBT:
		return false;
	case FP_AGAIN_PAID:
	case FP_AGAIN_FREE:
		return fp_ticket_retry(ticket) == 0;
	case FP_AGAIN_SAME:
		return move(schedule, ticket, now_ns);
	}
	abort();
}

/* Whether what it waits for is its origin: it paused for this very answer, and
 * then decides who goes first. */
static bool
waits_at_origin(const struct fp_ticket *ticket, int64_t now_ns)
{
	return ticket->report.heard == FP_HEARD_BUSY &&
	       ticket->origin->busy.is_careful &&
	       ticket->origin->not_before_ns > now_ns;
}

bool
fp_schedule_end(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	feedback_doubt(schedule, ticket);
	pay(ticket);
	end_attempt(schedule, ticket, now_ns);
	if (!goes_on(schedule, ticket, now_ns)) {
		fp_schedule_leave(schedule, ticket, now_ns);
		return false;
	}
	schedule->n_items++;
	if (ticket->wait_ns > 0 && !waits_at_origin(ticket, now_ns))
		fp_timeheap_set(&schedule->attempts, &ticket->timed,
			now_ns + ticket->wait_ns);
	else
		fp_ticket_append(&schedule->due, ticket);
	return true;
}

bool
fp_schedule_news(struct fp_schedule *schedule, struct fp_notice *notice,
	char name[FP_ORIGIN_MAX], int64_t now_ns)
{
	struct fp_origin *origin = schedule->news;

	if (!origin)
		return false;
	*notice = fp_origin_tell(origin, now_ns);
	snprintf(name, FP_ORIGIN_MAX, "%s", origin->name);
	notice->origin = name;
	if (!origin->news) {
		schedule->news = origin->next_news;
		origin->is_news = false;
	}
	return true;
}
