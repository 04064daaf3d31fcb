/* SPDX-License-Identifier: MIT */
/*
 * A part of schedule.c: items that may not start, neither now nor later, and
 * what they are told. One that was tried before has a reason of its own, which
 * is told too.
 */
#include "base.h"

#include "schedule.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Room for one reason, and for two. */
#define REASON_MAX 160
#define REASONS_MAX (3 * REASON_MAX)

void
fp_schedule_end_waiting(struct fp_ticket *ticket, int64_t now_ns)
{
	if (ticket->started_ns > 0)
		ticket->result.fetch_time_ns = now_ns - ticket->started_ns;
}

/* Takes it out for good; it has failed. */
static void
take_out(struct fp_schedule *schedule, struct fp_ticket_list *refused,
	struct fp_ticket *ticket, int64_t now_ns)
{
	fp_ticket_append(refused, ticket);
	fp_schedule_end_waiting(ticket, now_ns);
	fp_schedule_leave(schedule, ticket, now_ns);
	schedule->n_items--;
}

static void
refuse_refuse(struct fp_schedule *schedule, struct fp_ticket_list *refused,
	struct fp_ticket *ticket, enum fp_kind kind, const char *reason,
	int64_t now_ns)
{
	char both[REASONS_MAX];

	if (fp_ticket_has_failed(ticket)) {
		snprintf(both, sizeof(both), "%s; last attempt: %s", reason,
			fp_buf_text(&ticket->message));
		reason = both;
	}
	fp_ticket_fail(ticket, kind, reason);
	take_out(schedule, refused, ticket, now_ns);
}

void
fp_schedule_refuse_for_ever(struct fp_schedule *schedule,
	struct fp_ticket_list *refused, struct fp_ticket *ticket,
	int64_t now_ns)
{
	const struct fp_origin *origin = ticket->origin;
	char text[REASON_MAX];
	enum fp_kind kind;

	fp_origin_explain(origin, now_ns, &kind, text, sizeof(text));
	if (kind == FP_KIND_HTTP)
		ticket->result.retry_after_ns =
			FP_MAX(origin->not_before_ns, origin->asked_until_ns) -
			now_ns;
	refuse_refuse(schedule, refused, ticket, kind, text, now_ns);
}

void
fp_schedule_refuse_uncounted(struct fp_schedule *schedule,
	struct fp_ticket_list *refused, struct fp_ticket *ticket,
	int64_t now_ns)
{
	if (errno == ENOMEM) {
		refuse_refuse(schedule, refused, ticket, FP_KIND_LOCAL,
			FP_OUT_OF_MEMORY, now_ns);
		return;
	}
	schedule->fault = errno;
	fp_ticket_drop(ticket);
	take_out(schedule, refused, ticket, now_ns);
}

void
fp_schedule_refuse_again(struct fp_schedule *schedule,
	struct fp_ticket_list *refused, struct fp_ticket *ticket,
	int64_t now_ns)
{
	char text[REASONS_MAX];

	snprintf(text, sizeof(text), "%s", fp_buf_text(&ticket->message));
	fp_ticket_fail_again(ticket, text);
	take_out(schedule, refused, ticket, now_ns);
}

void
fp_schedule_refuse_late(struct fp_schedule *schedule,
	struct fp_ticket_list *refused, struct fp_ticket *ticket,
	int64_t now_ns)
{
	char text[REASONS_MAX];

	snprintf(text, sizeof(text),
		"%s; another attempt would exceed the time limit for all attempts",
		fp_buf_text(&ticket->message));
	fp_ticket_fail_again(ticket, text);
	take_out(schedule, refused, ticket, now_ns);
}
