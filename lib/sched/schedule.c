/* SPDX-License-Identifier: MIT */
/*
 * Where an item may be (its ticket's stage):
 *
 *	fresh	added, and not looked at yet: nothing is known against it
 *	waits	for its next attempt, until a time
 *	due	that time has come
 *	origin	its origin may not start it now; it waits there, in order
 *
 * An origin whose items wait is looked at again when something was heard of
 * it, or when the time has come that it said; until then it costs nothing,
 * however many items it has, and items of other origins go past it. What waits
 * for the run's own limit stays where it is: that limit is asked last, for an
 * item that nothing else holds back, so that no start is reserved in vain.
 *
 * Attempts that are due go before fresh items, but take no more than every
 * other place, so that neither can hold up the other.
 */
#include "base.h"

#include "schedule.h"

#include "doubts.h"
#include "itemstart.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Attempts of an item that need not count. */
#define EXCUSED_MAX 6

/* Room for one reason, and for two. */
#define REASON_MAX 160
#define REASONS_MAX (3 * REASON_MAX)

void
fp_schedule_stir(struct fp_schedule *schedule, struct fp_origin *origin)
{
	if (origin->n_waiting == 0 || origin->list == &schedule->able)
		return;
	fp_origin_unlist(origin);
	fp_origin_enlist(&schedule->able, origin, false);
}

/* ---- the whole ---- */

int
fp_schedule_init(
	struct fp_schedule *schedule, const struct fp_schedule_rules *rules)
{
	*schedule = (struct fp_schedule){.rules = *rules};
	TAILQ_INIT(&schedule->able);
	TAILQ_INIT(&schedule->strange);
	schedule->fresh.last = &schedule->fresh.first;
	schedule->due.last = &schedule->due.first;
	if (fp_origins_init(&schedule->origins, &rules->origin) ||
		fp_timeheap_init(&schedule->attempts, rules->capacity) ||
		fp_timeheap_init(&schedule->wakes, rules->capacity) ||
		fp_starts_init(&schedule->starts, &rules->rates,
			rules->is_paced, rules->count)) {
		fp_schedule_destroy(schedule);
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

void
fp_schedule_destroy(struct fp_schedule *schedule)
{
	FP_ASSERT(schedule->n_items == 0);
	fp_origins_destroy(&schedule->origins);
	fp_timeheap_destroy(&schedule->attempts);
	fp_timeheap_destroy(&schedule->wakes);
	fp_starts_destroy(&schedule->starts);
}

int
fp_schedule_add(struct fp_schedule *schedule, struct fp_ticket *ticket,
	const struct fp_origin_name *name)
{
	ticket->origin = fp_origins_hold(&schedule->origins, name);
	if (!ticket->origin)
		return -1;
	ticket->is_tried = ticket->is_held = false;
	fp_ticket_move(ticket, FP_STAGE_FRESH);
	fp_ticket_append(&schedule->fresh, ticket);
	schedule->n_items++;
	return 0;
}

/* ---- one item ---- */

/* Lets it wait at its origin. */
static void
park(struct fp_schedule *schedule, struct fp_ticket *ticket, bool goes_first,
	int64_t until_ns)
{
	struct fp_origin *origin = ticket->origin;

	fp_ticket_move(ticket, FP_STAGE_ORIGIN);
	fp_origin_put(origin, ticket, goes_first);
	if (until_ns < INT64_MAX)
		fp_timeheap_set(&schedule->wakes, &origin->timed, until_ns);
}

static void
leave_origin(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;

	if (ticket->is_tried)
		origin->n_tried--;
	ticket->is_tried = false;
	ticket->origin = NULL;
	fp_schedule_stir(schedule, origin);
	fp_origins_let_go(&schedule->origins, origin, now_ns);
}

/* ---- items that may not start, neither now nor later ----
 *
 * They are put at the end of `refused`, failed. One that was tried before has a
 * reason of its own, which is told too. */

static void
end_waiting(struct fp_ticket *ticket, int64_t now_ns)
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
	end_waiting(ticket, now_ns);
	leave_origin(schedule, ticket, now_ns);
	schedule->n_items--;
}

static void
schedule_refuse(struct fp_schedule *schedule, struct fp_ticket_list *refused,
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

/* Because of what its origin is. */
static void
refuse_for_ever(struct fp_schedule *schedule, struct fp_ticket_list *refused,
	struct fp_ticket *ticket, int64_t now_ns)
{
	const struct fp_origin *origin = ticket->origin;
	char text[REASON_MAX];
	enum fp_kind kind;

	fp_origin_explain(origin, now_ns, &kind, text, sizeof(text));
	if (kind == FP_KIND_HTTP)
		ticket->result.retry_after_ns =
			FP_MAX(origin->not_before_ns, origin->asked_until_ns) -
			now_ns;
	schedule_refuse(schedule, refused, ticket, kind, text, now_ns);
}

/* Its start cannot be counted, as errno has it. */
static void
refuse_uncounted(struct fp_schedule *schedule, struct fp_ticket_list *refused,
	struct fp_ticket *ticket, int64_t now_ns)
{
	if (errno == ENOMEM) {
		schedule_refuse(schedule, refused, ticket, FP_KIND_LOCAL,
			FP_OUT_OF_MEMORY, now_ns);
		return;
	}
	schedule->fault = errno;
	fp_ticket_drop(ticket);
	take_out(schedule, refused, ticket, now_ns);
}

/* It fails as its last attempt did; `why` there is no other is added. */
static void
refuse_again(struct fp_schedule *schedule, struct fp_ticket_list *refused,
	struct fp_ticket *ticket, const char *why, int64_t now_ns)
{
	char text[REASONS_MAX];

	snprintf(
		text, sizeof(text), "%s%s", fp_buf_text(&ticket->message), why);
	fp_ticket_fail_again(ticket, text);
	take_out(schedule, refused, ticket, now_ns);
}

/* ---- may it start? ---- */

/* Lets it wait for its next attempt. */
static void
let_wait(struct fp_schedule *schedule, struct fp_ticket *ticket,
	int64_t until_ns)
{
	fp_ticket_move(ticket, FP_STAGE_WAITS);
	fp_timeheap_set(&schedule->attempts, &ticket->timed, until_ns);
}

/* Whether the item has no time left for an attempt that would begin then. */
static bool
is_late(const struct fp_schedule *schedule, const struct fp_ticket *ticket,
	int64_t then_ns)
{
	return schedule->rules.retry_max_ns > 0 && then_ns < INT64_MAX &&
	       fp_ticket_has_failed(ticket) &&
	       then_ns - ticket->started_ns > schedule->rules.retry_max_ns;
}

/* Its no may be a limit's. false: it is not, and it is refused; or that is not
 * known yet. */
static bool
schedule_settle_doubt(struct fp_schedule *schedule, struct fp_ticket *ticket,
	struct fp_ticket_list *refused, int64_t now_ns)
{
	bool has_other = ticket->origin->waiting.first != NULL;

	switch (fp_busy_doubt_due(
		&ticket->origin->busy, ticket->is_test, has_other)) {
	case FP_DOUBT_NO:
		refuse_again(schedule, refused, ticket, "", now_ns);
		return false;
	case FP_DOUBT_HELD:
		let_wait(schedule, ticket,
			now_ns + schedule->rules.origin.busy.delay_ns);
		return false;
	case FP_DOUBT_TEST:
		ticket->is_test = true;
		break;
	case FP_DOUBT_LIMIT:
		break;
	}
	ticket->is_doubted = false;
	return true;
}

/* Whether its origin lets it start; else it was put where it has to wait, or
 * refused. */
static bool
admit(struct fp_schedule *schedule, struct fp_ticket *ticket,
	unsigned n_strangers, struct fp_ticket_list *refused, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	bool goes_first = ticket->stage == FP_STAGE_ORIGIN;
	int64_t until_ns;

	if (FP_UNLIKELY(ticket->is_doubted) &&
		!schedule_settle_doubt(schedule, ticket, refused, now_ns))
		return false;
	origin->is_hurried = schedule->hurries;
	enum fp_leave leave = fp_origin_may_start(&schedule->origins, origin,
		ticket->is_tried, now_ns, &until_ns);
	if (leave == FP_LEAVE_NEVER) {
		refuse_for_ever(schedule, refused, ticket, now_ns);
		return false;
	}

	/* When it was decided on there was time for it, and what waits for a
	 * rate is not late: that is as the user wants it. */
	int64_t then_ns = leave == FP_LEAVE_WAIT ? until_ns
			  : ticket->is_held	 ? now_ns
						 : INT64_MAX;
	if (is_late(schedule, ticket, then_ns)) {
		refuse_again(schedule, refused, ticket,
			"; another attempt would exceed the time limit for all "
			"attempts",
			now_ns);
		return false;
	}
	ticket->is_held = leave == FP_LEAVE_WAIT;
	if (leave != FP_LEAVE_GO) {
		ticket->waits_for = fp_origin_wait(origin, now_ns);
		park(schedule, ticket, goes_first, until_ns);
		return false;
	}
	if (origin->is_known || (!origin->is_looking_up && n_strangers > 0))
		return true;
	park(schedule, ticket, goes_first, INT64_MAX);
	if (!origin->is_looking_up && !origin->list)
		fp_origin_enlist(&schedule->strange, origin, false);
	return false;
}

/* It was admitted, and a start is reserved for it under this number. 1: it
 * starts. 0: its origin has none for it any more, and it waits there. -1: it
 * cannot be counted at its origin. */
static int
schedule_start(struct fp_schedule *schedule, struct fp_ticket *ticket,
	uint32_t token, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	int started = fp_origin_start(&schedule->origins, origin,
		&ticket->is_probe, &ticket->start.host_token, now_ns);

	if (started <= 0) {
		fp_starts_give_back(&schedule->starts, token);
		if (started == 0)
			park(schedule, ticket, true,
				fp_hostrate_due_ns(&origin->rate, now_ns));
		errno = ENOMEM;
		return started;
	}
	fp_ticket_move(ticket, FP_STAGE_STARTED);
	ticket->is_sole =
		fp_busy_started(&origin->busy, origin->n_active - 1, now_ns);
	if (schedule->starts.is_limited || schedule->rules.origin.rates.n > 0)
		ticket->start.state = FP_START_RESERVED;
	ticket->start.token = token;
	if (ticket->waits_for == FP_WAIT_SLOT &&
		schedule->dry_ns > ticket->since_ns)
		ticket->waits_for = FP_WAIT_RATE;
	if (!ticket->is_tried)
		origin->n_tried++;
	ticket->is_tried = true;
	if (origin->is_known) {
		fp_schedule_stir(schedule, origin);
	} else {
		origin->is_looking_up = true;
		ticket->is_strange = true;
	}
	return 1;
}

/* ---- who is next ---- */

static void
make_due(struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	fp_ticket_move(ticket, FP_STAGE_DUE);
	fp_ticket_append(&schedule->due, ticket);
}

void
fp_schedule_tick(struct fp_schedule *schedule, int64_t now_ns)
{
	struct fp_timed *timed;

	while ((timed = fp_timeheap_take(&schedule->attempts, now_ns)))
		make_due(
			schedule, FP_CONTAINER(timed, struct fp_ticket, timed));
	while ((timed = fp_timeheap_take(&schedule->wakes, now_ns)))
		fp_schedule_stir(
			schedule, FP_CONTAINER(timed, struct fp_origin, timed));
	fp_starts_tick(&schedule->starts, now_ns);
}

/* The first item that waits at this origin, which is in a list. */
static struct fp_ticket *
pop_waiting(struct fp_schedule *schedule, struct fp_origin *origin)
{
	fp_origin_unlist(origin);
	struct fp_ticket *ticket = fp_origin_pop(origin);
	if (origin->n_waiting == 0)
		fp_timeheap_remove(&schedule->wakes, &origin->timed);
	return ticket;
}

/* Takes out the next one to be looked at. */
static struct fp_ticket *
schedule_choose(struct fp_schedule *schedule, unsigned n_strangers)
{
	struct fp_origin *origin =
		n_strangers > 0 ? TAILQ_FIRST(&schedule->strange) : NULL;

	if (!origin)
		origin = TAILQ_FIRST(&schedule->able);
	bool has_other = origin || schedule->fresh.first;

	if (schedule->due.first && !(schedule->due_was_last && has_other))
		return fp_ticket_pop(&schedule->due);
	if (origin)
		return pop_waiting(schedule, origin);
	return fp_ticket_pop(&schedule->fresh);
}

/* Takes the item of this turn out of those that wait at an origin, for whatever
 * it is; NULL: it is not there. */
static struct fp_ticket *
pick_waiting(struct fp_schedule *schedule, uint64_t turn)
{
	struct fp_origins *origins = &schedule->origins;
	struct fp_origin *origin = fp_origins_walk(origins, NULL);
	struct fp_ticket *ticket = NULL;

	while (origin && !(ticket = fp_origin_pick(origin, turn)))
		origin = fp_origins_walk(origins, origin);
	if (!ticket)
		return NULL;
	fp_origin_unlist(origin);
	if (origin->n_waiting == 0)
		fp_timeheap_remove(&schedule->wakes, &origin->timed);
	return ticket;
}

/* When memory is tight only one item may start: the one that all others wait
 * for, whose record is the next to be written. */
static struct fp_ticket *
choose_oldest(struct fp_schedule *schedule)
{
	uint64_t turn = fp_memory_chosen(schedule->rules.memory);
	struct fp_ticket *ticket = fp_ticket_pick(&schedule->due, turn);

	if (ticket)
		return ticket;
	if (schedule->fresh.first && schedule->fresh.first->turn == turn)
		return fp_ticket_pop(&schedule->fresh);
	return pick_waiting(schedule, turn);
}

/* Back to where it was, and it is the next one there. */
static void
put_back(struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	switch (ticket->stage) {
	case FP_STAGE_DUE:
		fp_ticket_prepend(&schedule->due, ticket);
		return;
	case FP_STAGE_ORIGIN:
		park(schedule, ticket, true, INT64_MAX);
		fp_origin_enlist(&schedule->able, ticket->origin, true);
		return;
	case FP_STAGE_FRESH:
		fp_ticket_prepend(&schedule->fresh, ticket);
		return;
	default:
		abort();
	}
}

static struct fp_ticket *
choose_now(struct fp_schedule *schedule, unsigned n_strangers)
{
	struct fp_memory *memory = schedule->rules.memory;

	schedule->is_tight = memory && fp_memory_is_tight(memory);
	return schedule->is_tight || schedule->hurries
		       ? choose_oldest(schedule)
		       : schedule_choose(schedule, n_strangers);
}

/* Gives it out without a start: it pauses in its slot before it asks to. */
static struct fp_ticket *
give_to_rest(struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	if (!ticket)
		return NULL;
	schedule->due_was_last = ticket->stage == FP_STAGE_DUE;
	fp_ticket_move(ticket, FP_STAGE_RESTS);
	return ticket;
}

/* The next one that starts, or that pauses before it asks to. */
static struct fp_ticket *
schedule_find(struct fp_schedule *schedule, unsigned *n_strangers,
	struct fp_ticket_list *refused, int64_t now_ns)
{
	struct fp_ticket *ticket;
	bool rests_first = schedule->rules.rests_first;
	uint32_t token;

	while ((ticket = choose_now(schedule, *n_strangers))) {
		bool was_due = ticket->stage == FP_STAGE_DUE;
		if (rests_first && !ticket->is_rested)
			return give_to_rest(schedule, ticket);
		if (!admit(schedule, ticket, *n_strangers, refused, now_ns)) {
			/* It would be found again where it was put. */
			if (schedule->is_tight || schedule->hurries)
				return NULL;
			continue;
		}
		int got = fp_starts_reserve(&schedule->starts, &token, now_ns);
		if (got == 0) {
			schedule->dry_ns = now_ns;
			put_back(schedule, ticket);
			return rests_first ? give_to_rest(schedule,
						     fp_ticket_pop(
							     &schedule->fresh))
					   : NULL;
		}
		if (got > 0)
			got = schedule_start(schedule, ticket, token, now_ns);
		if (got < 0)
			refuse_uncounted(schedule, refused, ticket, now_ns);
		if (got <= 0)
			continue;
		*n_strangers -= ticket->is_strange;
		schedule->due_was_last = was_due;
		return ticket;
	}
	return NULL;
}

struct fp_ticket *
fp_schedule_next(struct fp_schedule *schedule, unsigned *n_strangers,
	struct fp_ticket_list *refused, int64_t now_ns)
{
	fp_schedule_tick(schedule, now_ns);
	struct fp_ticket *ticket =
		schedule_find(schedule, n_strangers, refused, now_ns);
	if (ticket)
		schedule->n_items--;
	return ticket;
}

int64_t
fp_schedule_due_ns(const struct fp_schedule *schedule)
{
	int64_t due_ns = FP_MIN(fp_timeheap_due_ns(&schedule->attempts),
		fp_timeheap_due_ns(&schedule->wakes));

	if (schedule->starts.dry_until_ns &&
		(fp_schedule_has_more(schedule) ||
			!TAILQ_EMPTY(&schedule->strange)))
		due_ns = FP_MIN(due_ns, schedule->starts.dry_until_ns);
	if (schedule->starts.settle_ns)
		due_ns = FP_MIN(due_ns, schedule->starts.settle_ns);
	return due_ns;
}

bool
fp_schedule_has_more(const struct fp_schedule *schedule)
{
	return schedule->due.first || !TAILQ_EMPTY(&schedule->able) ||
	       schedule->fresh.first;
}

void
fp_schedule_came(struct fp_schedule *schedule)
{
	struct fp_rateredis *redis = schedule->rules.origin.redis;
	struct fp_origin *origin;

	while ((origin = fp_rateredis_host_came(redis)))
		fp_schedule_stir(schedule, origin);
}

/* ---- what is heard of items that are under way ---- */

void
fp_schedule_known(struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	struct fp_origin *origin = ticket->origin;

	ticket->is_strange = false;
	origin->is_looking_up = false;
	origin->is_known = true;
	fp_schedule_stir(schedule, origin);
}

static bool
has_host_rate(const struct fp_schedule *schedule)
{
	return schedule->rules.origin.rates.n > 0;
}

bool
fp_schedule_reserve(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	FP_ASSERT(ticket->start.state != FP_START_RESERVED);
	if (ticket->start.state == FP_START_FIRED)
		fp_schedule_fire(schedule, ticket, now_ns);
	return fp_itemstart_reserve(
		&schedule->starts, has_host_rate(schedule), ticket, now_ns);
}

bool
fp_schedule_pass(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_starts *starts = &schedule->starts;
	bool has_rate = has_host_rate(schedule);

	if (ticket->origin->not_before_ns > now_ns)
		return false;
	if (!starts->is_limited && !has_rate)
		return true;
	if (ticket->start.state == FP_START_RESERVED) {
		if (fp_itemstart_commit(starts, has_rate, ticket))
			return true;
		fp_schedule_give_back(schedule, ticket);
	}
	return fp_schedule_reserve(schedule, ticket, now_ns) &&
	       fp_itemstart_commit(starts, has_rate, ticket);
}

void
fp_schedule_give_back(struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	bool has_rate = has_host_rate(schedule);

	fp_itemstart_give_back(&schedule->starts, has_rate, ticket);
	if (has_rate)
		fp_schedule_stir(schedule, ticket->origin);
}

void
fp_schedule_fire(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	bool has_rate = has_host_rate(schedule);

	fp_itemstart_fire(&schedule->starts, has_rate, ticket, now_ns);
	if (has_rate)
		fp_schedule_stir(schedule, ticket->origin);
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
	if (ticket->start.state == FP_START_FIRED)
		fp_schedule_fire(schedule, ticket, now_ns);
	if (ticket->start.state == FP_START_RESERVED)
		fp_schedule_give_back(schedule, ticket);
	if (ticket->is_sole)
		fp_busy_sole_ended(&origin->busy);
	report->is_started = ticket->stage == FP_STAGE_STARTED;
	report->is_probe = ticket->is_probe;
	report->is_last = ticket->again.how == FP_AGAIN_NO;
	report->is_first = ticket->result.attempts == 1;
	report->is_sole = ticket->is_sole;
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
	if (ticket->stage == FP_STAGE_STARTED)
		origin->n_active--;
	ticket->start.state = FP_START_NONE;
	ticket->is_strange = ticket->is_probe = ticket->is_sole = false;
	if (origin->news && !origin->is_news) {
		origin->is_news = true;
		origin->next_news = schedule->news;
		schedule->news = origin;
	}
	fp_schedule_stir(schedule, origin);
}

/* The next hop of a redirect, or the next page, may be of another origin. */
static bool
move_to_hop(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin_name name;

	fp_origin_name(&name, fp_ticket_url(ticket));
	struct fp_origin *to = fp_origins_hold(&schedule->origins, &name);
	if (!to) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return false;
	}
	bool is_tried = ticket->is_tried;
	leave_origin(schedule, ticket, now_ns);
	ticket->origin = to;
	ticket->is_tried = is_tried;
	to->n_tried += is_tried;
	ticket->refused_ns = 0;
	ticket->n_refused = 0;
	return true;
}

/* Whether a refusal says nothing of the item: it was refused before, while its
 * origin has let others through in between; or it was let out alone to find
 * out, for others that were never sent, whether the origin lets anything
 * through again, as it did before. */
static bool
was_bad_luck(const struct fp_ticket *ticket)
{
	const struct fp_origin *origin = ticket->origin;
	const struct fp_busy *busy = &origin->busy;

	if (!fp_busy_is_limiting(busy))
		return false;
	if (ticket->is_sole && origin->n_holds > origin->n_tried &&
		busy->n_rounds > 0 && busy->passed_ns > 0)
		return true;
	return ticket->report.refused.is == FP_REFUSAL_SAID &&
	       ticket->refused_ns > 0 && busy->passed_ns > ticket->refused_ns;
}

/* An attempt that was in bad luck need not count, where items may be retried at
 * all. Not for ever: the origin may mean this item. */
static void
excuse(const struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	bool is_refused =
		ticket->report.heard == FP_HEARD_BUSY || ticket->report.is_bare;

	if (is_refused && schedule->rules.retry_max > 0 &&
		ticket->again.how != FP_AGAIN_NO &&
		ticket->n_excused < EXCUSED_MAX && was_bad_luck(ticket)) {
		ticket->n_excused++;
		ticket->again.how = FP_AGAIN_FREE;
	}
	if (ticket->again.how == FP_AGAIN_SPENT)
		ticket->again.how = FP_AGAIN_NO;
}

/* Another attempt is paid for, or there is none. */
static void
pay(const struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	excuse(schedule, ticket);
	if (ticket->again.how != FP_AGAIN_PAID ||
		fp_budget_take(&ticket->origin->budget,
			ticket->again.why == FP_CAUSE_TIMEOUT))
		return;
	ticket->again.how = FP_AGAIN_NO;
	ticket->result.is_over_budget = true;
}

/* Whether it goes on; if not, the ticket says why. */
static bool
goes_on(struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	switch (ticket->again.how) {
	case FP_AGAIN_NO:
	case FP_AGAIN_SPENT:
	case FP_AGAIN_DOUBT:
		return false;
	case FP_AGAIN_PAID:
	case FP_AGAIN_FREE:
		return fp_ticket_retry(ticket) == 0;
	case FP_AGAIN_SAME:
	case FP_AGAIN_PAGE:
		return move_to_hop(schedule, ticket, now_ns);
	}
	abort();
}

/* Whether what it waits for is its origin: it paused for this very answer, and
 * then decides who goes first. */
static bool
waits_at_origin(const struct fp_ticket *ticket, int64_t now_ns)
{
	return (ticket->report.heard == FP_HEARD_BUSY ||
		       ticket->report.is_bare) &&
	       ticket->origin->busy.is_careful &&
	       ticket->origin->not_before_ns > now_ns;
}

bool
fp_schedule_let_go(struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	if (!ticket->is_on_hold ||
		fp_chain_is_held(ticket->chain, ticket->turn))
		return false;
	ticket->is_on_hold = false;
	fp_timeheap_remove(&schedule->attempts, &ticket->timed);
	make_due(schedule, ticket);
	return true;
}

bool
fp_schedule_end(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	fp_doubts_settle(ticket, &schedule->rules.origin.busy,
		schedule->rules.retry_max, now_ns);
	pay(schedule, ticket);
	end_attempt(schedule, ticket, now_ns);
	if (!goes_on(schedule, ticket, now_ns)) {
		leave_origin(schedule, ticket, now_ns);
		return false;
	}
	schedule->n_items++;
	if (FP_UNLIKELY(ticket->again.how == FP_AGAIN_PAGE) &&
		fp_chain_is_held(ticket->chain, ticket->turn)) {
		ticket->is_on_hold = true;
		let_wait(schedule, ticket, INT64_MAX / 2);
	} else if (ticket->again.wait_ns > 0 &&
		   !waits_at_origin(ticket, now_ns))
		let_wait(schedule, ticket, now_ns + ticket->again.wait_ns);
	else
		make_due(schedule, ticket);
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

/* ---- the end ---- */

/* Moves all that wait at an origin to a list. */
static void
clear_origin(struct fp_schedule *schedule, struct fp_origin *origin,
	struct fp_ticket_list *list)
{
	struct fp_ticket *ticket;

	while ((ticket = fp_origin_pop(origin)))
		fp_ticket_append(list, ticket);
	fp_origin_unlist(origin);
	fp_timeheap_remove(&schedule->wakes, &origin->timed);
}

struct fp_ticket *
fp_schedule_clear(struct fp_schedule *schedule, int64_t now_ns)
{
	struct fp_ticket_list all = {NULL, &all.first};
	struct fp_origins *origins = &schedule->origins;
	struct fp_ticket *ticket;

	fp_schedule_tick(schedule, INT64_MAX);
	for (struct fp_origin *origin = fp_origins_walk(origins, NULL); origin;
		origin = fp_origins_walk(origins, origin))
		clear_origin(schedule, origin, &all);
	while ((ticket = fp_ticket_pop(&schedule->due)))
		fp_ticket_append(&all, ticket);
	while ((ticket = fp_ticket_pop(&schedule->fresh)))
		fp_ticket_append(&all, ticket);
	for (ticket = all.first; ticket; ticket = ticket->next) {
		ticket->is_on_hold = false;
		end_waiting(ticket, now_ns);
		leave_origin(schedule, ticket, now_ns);
	}
	schedule->n_items = 0;
	return all.first;
}
