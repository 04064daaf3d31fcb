/* SPDX-License-Identifier: MIT */
/*
 * Where an item may be:
 *
 *	fresh	added, and not looked at yet: nothing is known against it
 *	attempts	waits for its next attempt, until a time
 *	due	that time has come
 *	origin	its origin may not start it now; it waits there, in order
 *
 * An origin whose items wait is looked at again when something was heard of
 * it, or when the time has come that it said; until then it costs nothing,
 * however many items it has, and items of other origins go past it. What waits
 * for the run's own limit stays where it is.
 *
 * Attempts that are due go before fresh items, but take no more than every
 * other place, so that neither can hold up the other.
 */
#include "base.h"

#include "schedule.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- lists ---- */

static void
append(struct fp_ticket_list *list, struct fp_ticket *ticket)
{
	ticket->next = NULL;
	*list->last = ticket;
	list->last = &ticket->next;
}

static void
prepend(struct fp_ticket_list *list, struct fp_ticket *ticket)
{
	ticket->next = list->first;
	if (!list->first)
		list->last = &ticket->next;
	list->first = ticket;
}

static struct fp_ticket *
pop(struct fp_ticket_list *list)
{
	struct fp_ticket *ticket = list->first;

	if (ticket) {
		list->first = ticket->next;
		if (!list->first)
			list->last = &list->first;
		ticket->next = NULL;
	}
	return ticket;
}

static void
list_origin(struct fp_origin_list *list, struct fp_origin *origin)
{
	origin->next = NULL;
	origin->is_listed = true;
	if (list->last)
		list->last->next = origin;
	else
		list->first = origin;
	list->last = origin;
}

static struct fp_origin *
unlist_origin(struct fp_origin_list *list)
{
	struct fp_origin *origin = list->first;

	if (origin) {
		list->first = origin->next;
		if (!list->first)
			list->last = NULL;
		origin->next = NULL;
		origin->is_listed = false;
	}
	return origin;
}

/* Something has changed for this origin: have it looked at again. */
static void
stir(struct fp_schedule *schedule, struct fp_origin *origin)
{
	if (origin->waiting.first && !origin->is_listed)
		list_origin(&schedule->able, origin);
}

/* ---- the whole ---- */

int
fp_schedule_init(
	struct fp_schedule *schedule, const struct fp_schedule_rules *rules)
{
	*schedule = (struct fp_schedule){
		.rules = *rules,
		.is_limited = rules->rates.n > 0,
	};
	schedule->fresh.last = &schedule->fresh.first;
	schedule->due.last = &schedule->due.first;
	if (fp_origins_init(&schedule->origins, &rules->origin) ||
		fp_timeheap_init(&schedule->attempts, rules->capacity) ||
		fp_timeheap_init(&schedule->wakes, rules->capacity) ||
		(schedule->is_limited &&
			fp_ratelimit_init(&schedule->limit, &rules->rates,
				rules->is_paced))) {
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
	fp_schedule_rest(schedule);
	fp_origins_destroy(&schedule->origins);
	fp_timeheap_destroy(&schedule->attempts);
	fp_timeheap_destroy(&schedule->wakes);
	if (schedule->is_limited)
		fp_ratelimit_destroy(&schedule->limit);
}

int
fp_schedule_add(struct fp_schedule *schedule, struct fp_ticket *ticket,
	const struct fp_origin_name *name)
{
	ticket->origin = fp_origins_hold(&schedule->origins, name);
	if (!ticket->origin)
		return -1;
	append(&schedule->fresh, ticket);
	schedule->n_items++;
	return 0;
}

/* ---- the run's own limit ---- */

/* A start is there for whoever comes next. */
static bool
get_token(struct fp_schedule *schedule, int64_t now_ns)
{
	int got;

	schedule->dry_until_ns = 0;
	if (!schedule->is_limited || schedule->has_token)
		return true;
	if (schedule->rules.file) {
		int64_t due_ns = INT64_MAX;
		got = fp_ratefile_reserve(
			schedule->rules.file, &schedule->token, &due_ns);
		if (got < 0)
			schedule->error = errno;
		else if (got == 0)
			schedule->dry_until_ns = due_ns;
	} else {
		got = fp_ratelimit_reserve(&schedule->limit, now_ns);
		if (got < 0)
			schedule->error = ENOMEM;
		else if (got == 0)
			schedule->dry_until_ns =
				fp_ratelimit_due_ns(&schedule->limit, now_ns);
	}
	/* With an error, items still go on: to fail. */
	schedule->has_token = got > 0;
	return got != 0;
}

static void
give_back(struct fp_schedule *schedule, uint32_t token)
{
	if (!schedule->is_limited)
		return;
	if (!schedule->rules.file)
		fp_ratelimit_give_back(&schedule->limit);
	else if (fp_ratefile_give_back(schedule->rules.file, token))
		schedule->error = errno;
}

void
fp_schedule_rest(struct fp_schedule *schedule)
{
	if (schedule->has_token)
		give_back(schedule, schedule->token);
	schedule->has_token = false;
}

/* ---- one item ---- */

/* Lets it wait at its origin. */
static void
park(struct fp_schedule *schedule, struct fp_ticket *ticket, bool goes_first,
	int64_t until_ns)
{
	struct fp_origin *origin = ticket->origin;

	(goes_first ? prepend : append)(&origin->waiting, ticket);
	origin->n_waiting++;
	if (until_ns < INT64_MAX)
		fp_timeheap_set(&schedule->wakes, &origin->timed, until_ns);
}

static void
refuse(struct fp_ticket_list *refused, struct fp_ticket *ticket,
	enum fp_kind kind, const char *message)
{
	fp_ticket_fail(ticket, kind, message);
	append(refused, ticket);
}

/* Takes it out for good, failed. */
static void
refuse_for_ever(struct fp_schedule *schedule, struct fp_ticket_list *refused,
	struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	char text[160];
	enum fp_kind kind;

	fp_origin_explain(origin, now_ns, &kind, text, sizeof(text));
	if (kind == FP_KIND_HTTP)
		ticket->result.retry_after_ns = origin->not_before_ns - now_ns;
	refuse(refused, ticket, kind, text);
	ticket->origin = NULL;
	fp_origins_let_go(&schedule->origins, origin, now_ns);
	schedule->n_items--;
}

static bool
start(struct fp_schedule *schedule, struct fp_ticket *ticket,
	struct fp_ticket_list *refused, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	int started = -1;

	if (!schedule->error)
		started = fp_origin_start(&schedule->origins, origin, now_ns);
	if (started < 0) {
		char text[120];
		snprintf(text, sizeof(text), "the rate cannot be counted: %s",
			strerror(schedule->error ? schedule->error : ENOMEM));
		refuse(refused, ticket, FP_KIND_LOCAL, text);
		ticket->origin = NULL;
		fp_origins_let_go(&schedule->origins, origin, now_ns);
		schedule->n_items--;
		return false;
	}
	ticket->is_probe = started > 0;
	ticket->is_active = true;
	ticket->is_reserved =
		schedule->is_limited || schedule->rules.origin.rates.n > 0;
	ticket->token = schedule->token;
	schedule->has_token = false;
	if (!origin->is_known) {
		origin->is_looking_up = true;
		ticket->is_strange = true;
	}
	return true;
}

/* Whether this item starts; else it was put where it has to wait, or refused.
 */
static bool
admit(struct fp_schedule *schedule, struct fp_ticket *ticket, bool goes_first,
	unsigned *n_strangers, struct fp_ticket_list *refused, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	int64_t until_ns;

	if (schedule->rules.rests_first && !ticket->is_rested)
		return true;
	switch (fp_origin_may_start(&schedule->origins, origin,
		ticket->result.attempts > 0, now_ns, &until_ns)) {
	case FP_LEAVE_NEVER:
		refuse_for_ever(schedule, refused, ticket, now_ns);
		return false;
	case FP_LEAVE_WAIT:
		park(schedule, ticket, goes_first, until_ns);
		return false;
	case FP_LEAVE_GO:
		break;
	}
	if (!origin->is_known) {
		if (origin->is_looking_up || *n_strangers == 0) {
			park(schedule, ticket, goes_first, INT64_MAX);
			if (!origin->is_looking_up && !origin->is_listed)
				list_origin(&schedule->strange, origin);
			return false;
		}
		--*n_strangers;
	}
	return start(schedule, ticket, refused, now_ns);
}

/* ---- who is next ---- */

/* What has waited long enough. */
static void
collect_due(struct fp_schedule *schedule, int64_t now_ns)
{
	struct fp_timed *timed;

	while ((timed = fp_timeheap_take(&schedule->attempts, now_ns)))
		append(&schedule->due,
			FP_CONTAINER(timed, struct fp_ticket, timed));
	while ((timed = fp_timeheap_take(&schedule->wakes, now_ns)))
		stir(schedule, FP_CONTAINER(timed, struct fp_origin, timed));
}

/* The first item that waits at the first origin of a list. */
static struct fp_ticket *
pop_waiting(struct fp_schedule *schedule, struct fp_origin_list *list)
{
	struct fp_origin *origin = unlist_origin(list);
	struct fp_ticket *ticket = pop(&origin->waiting);

	origin->n_waiting--;
	if (!origin->waiting.first)
		fp_timeheap_remove(&schedule->wakes, &origin->timed);
	return ticket;
}

/* Takes out the next one to be looked at. *goes_first: it is older than those
 * that wait at its origin. */
static struct fp_ticket *
choose(struct fp_schedule *schedule, unsigned n_strangers, bool *goes_first)
{
	bool has_other = schedule->able.first || schedule->fresh.first;

	*goes_first = true;
	if (schedule->due.first && !(schedule->due_was_last && has_other)) {
		schedule->due_was_last = true;
		return pop(&schedule->due);
	}
	schedule->due_was_last = false;
	if (n_strangers > 0 && schedule->strange.first)
		return pop_waiting(schedule, &schedule->strange);
	if (schedule->able.first)
		return pop_waiting(schedule, &schedule->able);
	*goes_first = false;
	return pop(&schedule->fresh);
}

struct fp_ticket *
fp_schedule_next(struct fp_schedule *schedule, unsigned *n_strangers,
	struct fp_ticket_list *refused, int64_t now_ns)
{
	struct fp_ticket *ticket = NULL;
	bool goes_first = false;

	collect_due(schedule, now_ns);
	while (!ticket && schedule->n_items > 0) {
		if (!fp_schedule_has_more(schedule) &&
			(*n_strangers == 0 || !schedule->strange.first))
			return NULL;
		if (get_token(schedule, now_ns))
			ticket = choose(schedule, *n_strangers, &goes_first);
		else if (schedule->rules.rests_first)
			ticket = pop(&schedule->fresh);
		if (!ticket)
			return NULL;

		struct fp_origin *origin = ticket->origin;
		if (!admit(schedule, ticket, goes_first, n_strangers, refused,
			    now_ns))
			ticket = NULL;
		else if (!ticket->is_strange)
			stir(schedule, origin);
	}
	if (ticket)
		schedule->n_items--;
	return ticket;
}

int64_t
fp_schedule_due_ns(const struct fp_schedule *schedule)
{
	int64_t due_ns = FP_MIN(fp_timeheap_due_ns(&schedule->attempts),
		fp_timeheap_due_ns(&schedule->wakes));

	if (schedule->dry_until_ns &&
		(schedule->due.first || schedule->able.first ||
			schedule->fresh.first))
		due_ns = FP_MIN(due_ns, schedule->dry_until_ns);
	return due_ns;
}

bool
fp_schedule_has_more(const struct fp_schedule *schedule)
{
	return schedule->due.first || schedule->able.first ||
	       schedule->fresh.first;
}

/* ---- what is heard ---- */

void
fp_schedule_known(struct fp_schedule *schedule, struct fp_ticket *ticket)
{
	struct fp_origin *origin = ticket->origin;

	ticket->is_strange = false;
	origin->is_looking_up = false;
	origin->is_known = true;
	stir(schedule, origin);
}

bool
fp_schedule_reserve(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	bool has_rate = schedule->rules.origin.rates.n > 0;

	if (ticket->is_fired)
		fp_schedule_fire(schedule, ticket, now_ns);
	if (schedule->error || !get_token(schedule, now_ns))
		return false;
	if (has_rate && fp_ratelimit_reserve(&origin->rate, now_ns) <= 0)
		return false;
	ticket->is_reserved = true;
	ticket->token = schedule->token;
	schedule->has_token = false;
	return true;
}

void
fp_schedule_fire(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;

	ticket->is_fired = false;
	if (schedule->rules.origin.rates.n) {
		fp_ratelimit_fire(&origin->rate, now_ns);
		stir(schedule, origin);
	}
	if (!schedule->is_limited)
		return;
	if (!schedule->rules.file)
		fp_ratelimit_fire(&schedule->limit, now_ns);
	else if (fp_ratefile_fire(schedule->rules.file, ticket->token))
		schedule->error = errno;
}

/* The attempt is over: what it held of its origin is given back, and what it
 * heard is told. */
static void
end_attempt(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	struct fp_report *report = &ticket->report;

	if (ticket->is_strange)
		origin->is_looking_up = false;
	if (ticket->is_fired)
		fp_schedule_fire(schedule, ticket, now_ns);
	if (ticket->is_reserved) {
		give_back(schedule, ticket->token);
		if (schedule->rules.origin.rates.n)
			fp_ratelimit_give_back(&origin->rate);
	}
	report->is_probe = ticket->is_probe;
	fp_origin_hear(&schedule->origins, origin, report, now_ns);
	if (report->heard == FP_HEARD_SILENCE && report->kind == FP_KIND_DNS)
		origin->is_known = fp_url_is_known(origin->name);
	if (ticket->is_active)
		origin->n_active--;
	ticket->is_strange = ticket->is_reserved = ticket->is_probe =
		ticket->is_active = false;
	if (origin->news && !origin->is_news) {
		origin->is_news = true;
		origin->next_news = schedule->news;
		schedule->news = origin;
	}
	stir(schedule, origin);
}

/* The next hop of a redirect may be of another origin. */
static bool
move(struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_origin_name name;
	struct fp_origin *from = ticket->origin;

	fp_origin_name(&name, fp_ticket_url(ticket));
	struct fp_origin *to = fp_origins_hold(&schedule->origins, &name);
	if (!to) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return false;
	}
	ticket->origin = to;
	fp_origins_let_go(&schedule->origins, from, now_ns);
	return true;
}

/* Whether it goes on; if not, the ticket says why. */
static bool
goes_on(struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	switch (ticket->again) {
	case FP_AGAIN_NO:
		return false;
	case FP_AGAIN_PAID:
		if (fp_budget_take(&ticket->origin->budget,
			    ticket->result.kind == FP_KIND_TIMEOUT))
			return fp_ticket_retry(ticket) == 0;
		ticket->result.is_over_budget = true;
		return false;
	case FP_AGAIN_FREE:
		return fp_ticket_retry(ticket) == 0;
	case FP_AGAIN_SAME:
		return move(schedule, ticket, now_ns);
	}
	abort();
}

bool
fp_schedule_end(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns)
{
	end_attempt(schedule, ticket, now_ns);
	if (!goes_on(schedule, ticket, now_ns)) {
		fp_origins_let_go(&schedule->origins, ticket->origin, now_ns);
		ticket->origin = NULL;
		return false;
	}
	schedule->n_items++;
	if (ticket->wait_ns > 0)
		fp_timeheap_set(&schedule->attempts, &ticket->timed,
			now_ns + ticket->wait_ns);
	else
		append(&schedule->due, ticket);
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

	while ((ticket = pop(&origin->waiting)))
		append(list, ticket);
	origin->n_waiting = 0;
	origin->is_listed = false;
	fp_timeheap_remove(&schedule->wakes, &origin->timed);
}

struct fp_ticket *
fp_schedule_clear(struct fp_schedule *schedule, int64_t now_ns)
{
	struct fp_ticket_list all = {NULL, &all.first};
	struct fp_origins *origins = &schedule->origins;

	collect_due(schedule, INT64_MAX);
	for (size_t i = 0; i < origins->n_chains; i++) {
		struct fp_origin *origin = origins->chains[i];
		for (; origin; origin = origin->chain)
			clear_origin(schedule, origin, &all);
	}
	schedule->able = schedule->strange = (struct fp_origin_list){0};
	for (struct fp_ticket *ticket; (ticket = pop(&schedule->due));)
		append(&all, ticket);
	for (struct fp_ticket *ticket; (ticket = pop(&schedule->fresh));)
		append(&all, ticket);
	for (struct fp_ticket *ticket = all.first; ticket;
		ticket = ticket->next) {
		fp_origins_let_go(origins, ticket->origin, now_ns);
		ticket->origin = NULL;
	}
	schedule->n_items = 0;
	return all.first;
}
