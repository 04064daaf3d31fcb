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
 * for the run's own limit stays where it is: that limit is asked last, for an
 * item that nothing else holds back, so that no start is reserved in vain.
 *
 * Attempts that are due go before fresh items, but take no more than every
 * other place, so that neither can hold up the other.
 *
 * What is heard of items under way is in feedback.c, and why an item may never
 * start in refuse.c.
 */
#include "base.h"

#include "schedule.h"

#include <errno.h>

/* ---- lists of origins ---- */

static void
list_origin(
	struct fp_origin_list *list, struct fp_origin *origin, bool goes_first)
{
	origin->list = list;
	origin->next = goes_first ? list->first : NULL;
	origin->previous = goes_first ? NULL : list->last;
	*(origin->next ? &origin->next->previous : &list->last) = origin;
	*(origin->previous ? &origin->previous->next : &list->first) = origin;
}

static void
unlist_origin(struct fp_origin *origin)
{
	struct fp_origin_list *list = origin->list;

	*(origin->next ? &origin->next->previous : &list->last) =
		origin->previous;
	*(origin->previous ? &origin->previous->next : &list->first) =
		origin->next;
	origin->next = origin->previous = NULL;
	origin->list = NULL;
}

void
fp_schedule_stir(struct fp_schedule *schedule, struct fp_origin *origin)
{
	if (origin->n_waiting == 0 || origin->list == &schedule->able)
		return;
	if (origin->list)
		unlist_origin(origin);
	list_origin(&schedule->able, origin, false);
}

/* ---- the whole ---- */

int
fp_schedule_init(
	struct fp_schedule *schedule, const struct fp_schedule_rules *rules)
{
	*schedule = (struct fp_schedule){.rules = *rules};
	schedule->fresh.last = &schedule->fresh.first;
	schedule->due.last = &schedule->due.first;
	if (fp_origins_init(&schedule->origins, &rules->origin) ||
		fp_timeheap_init(&schedule->attempts, rules->capacity) ||
		fp_timeheap_init(&schedule->wakes, rules->capacity) ||
		fp_starts_init(&schedule->starts, &rules->rates,
			rules->is_paced, rules->file)) {
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
	fp_ticket_append(&schedule->fresh, ticket);
	schedule->n_items++;
	return 0;
}

/* ---- one item ---- */

/* Among those that were tried; the higher, the more attempts it has used. */
static size_t
schedule_rank(const struct fp_ticket *ticket)
{
	unsigned n = ticket->result.attempts;

	return FP_MIN(n > 0 ? n - 1 : 0, FP_ORIGIN_RANKS - 1);
}

/* Lets it wait at its origin. */
static void
park(struct fp_schedule *schedule, struct fp_ticket *ticket, bool goes_first,
	int64_t until_ns)
{
	struct fp_origin *origin = ticket->origin;
	struct fp_ticket_list *list =
		ticket->is_tried ? &origin->again[schedule_rank(ticket)]
				 : &origin->waiting;

	(goes_first ? fp_ticket_prepend : fp_ticket_append)(list, ticket);
	origin->n_waiting++;
	if (until_ns < INT64_MAX)
		fp_timeheap_set(&schedule->wakes, &origin->timed, until_ns);
}

void
fp_schedule_leave(
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
	switch (fp_busy_doubt_due(&ticket->origin->busy, ticket->is_test)) {
	case FP_DOUBT_NO:
		fp_schedule_refuse_again(schedule, refused, ticket, now_ns);
		return false;
	case FP_DOUBT_HELD:
		fp_timeheap_set(&schedule->attempts, &ticket->timed,
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
admit(struct fp_schedule *schedule, struct fp_ticket *ticket, bool goes_first,
	unsigned n_strangers, struct fp_ticket_list *refused, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	int64_t until_ns;

	if (FP_UNLIKELY(ticket->is_doubted) &&
		!schedule_settle_doubt(schedule, ticket, refused, now_ns))
		return false;
	origin->is_hurried = schedule->hurries;
	enum fp_leave leave = fp_origin_may_start(&schedule->origins, origin,
		ticket->is_tried, now_ns, &until_ns);
	if (leave == FP_LEAVE_NEVER) {
		fp_schedule_refuse_for_ever(schedule, refused, ticket, now_ns);
		return false;
	}

	/* When it was decided on there was time for it, and what waits for a
	 * rate is not late: that is as the user wants it. */
	int64_t then_ns = leave == FP_LEAVE_WAIT ? until_ns
			  : ticket->is_held	 ? now_ns
						 : INT64_MAX;
	if (is_late(schedule, ticket, then_ns)) {
		fp_schedule_refuse_late(schedule, refused, ticket, now_ns);
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
		list_origin(&schedule->strange, origin, false);
	return false;
}

/* It was admitted, and a start is reserved for it under this number. -1: it
 * cannot be counted at its origin. */
static int
schedule_start(struct fp_schedule *schedule, struct fp_ticket *ticket,
	uint32_t token, int64_t now_ns)
{
	struct fp_origin *origin = ticket->origin;
	int started = fp_origin_start(&schedule->origins, origin, now_ns);

	if (started < 0) {
		fp_starts_give_back(&schedule->starts, token);
		errno = ENOMEM;
		return -1;
	}
	ticket->is_probe = started > 0;
	ticket->is_active = true;
	ticket->is_sole = fp_busy_started(&origin->busy, now_ns);
	ticket->is_reserved = schedule->starts.is_limited ||
			      schedule->rules.origin.rates.n > 0;
	ticket->token = token;
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
	return 0;
}

/* ---- who is next ---- */

enum place { PLACE_NONE, PLACE_DUE, PLACE_ORIGIN, PLACE_FRESH };

void
fp_schedule_tick(struct fp_schedule *schedule, int64_t now_ns)
{
	struct fp_timed *timed;

	while ((timed = fp_timeheap_take(&schedule->attempts, now_ns)))
		fp_ticket_append(&schedule->due,
			FP_CONTAINER(timed, struct fp_ticket, timed));
	while ((timed = fp_timeheap_take(&schedule->wakes, now_ns)))
		fp_schedule_stir(
			schedule, FP_CONTAINER(timed, struct fp_origin, timed));
	fp_starts_tick(&schedule->starts, now_ns);
}

/* Those that were tried go before the others, and of them those with most
 * attempts: an attempt more that fails is worse for them. But while nothing
 * passes, or it does not answer, the one that finds out should have many left.
 */
static struct fp_ticket *
pop_first(struct fp_origin *origin)
{
	bool is_silent =
		origin->circuit == FP_CIRCUIT_OPEN && origin->has_answered;
	bool is_dark = is_silent || origin->busy.n_rounds > 1;

	if (is_dark && origin->waiting.first)
		return fp_ticket_pop(&origin->waiting);
	for (size_t i = 0; i < FP_ARRAY_LEN(origin->again); i++) {
		size_t at = FP_ARRAY_LEN(origin->again) - 1 - i;
		struct fp_ticket_list *list = &origin->again[is_dark ? i : at];
		if (list->first)
			return fp_ticket_pop(list);
	}
	return fp_ticket_pop(&origin->waiting);
}

/* The first item that waits at this origin, which is in a list. */
static struct fp_ticket *
pop_waiting(struct fp_schedule *schedule, struct fp_origin *origin)
{
	unlist_origin(origin);
	struct fp_ticket *ticket = pop_first(origin);
	if (--origin->n_waiting == 0)
		fp_timeheap_remove(&schedule->wakes, &origin->timed);
	return ticket;
}

/* Takes out the next one to be looked at. */
static struct fp_ticket *
schedule_choose(
	struct fp_schedule *schedule, unsigned n_strangers, enum place *place)
{
	struct fp_origin *origin = n_strangers > 0 && schedule->strange.first
					   ? schedule->strange.first
					   : schedule->able.first;
	bool has_other = origin || schedule->fresh.first;

	if (schedule->due.first && !(schedule->due_was_last && has_other)) {
		*place = PLACE_DUE;
		return fp_ticket_pop(&schedule->due);
	}
	if (origin) {
		*place = PLACE_ORIGIN;
		return pop_waiting(schedule, origin);
	}
	*place = PLACE_FRESH;
	return fp_ticket_pop(&schedule->fresh);
}

/* Takes the item of this turn out of those that wait at an origin, for whatever
 * it is; NULL: it is not there. */
static struct fp_ticket *
pick_waiting(struct fp_schedule *schedule, uint64_t turn)
{
	struct fp_origins *origins = &schedule->origins;
	struct fp_origin *origin = NULL;
	struct fp_ticket *ticket = NULL;

	for (size_t i = 0; !ticket && i < origins->n_chains; i++) {
		struct fp_origin *next = origins->chains[i];
		while (!ticket && (origin = next)) {
			next = origin->chain;
			ticket = fp_ticket_pick(&origin->waiting, turn);
			for (int j = 0; !ticket && j < FP_ORIGIN_RANKS; j++)
				ticket =
					fp_ticket_pick(&origin->again[j], turn);
		}
	}
	if (!ticket)
		return NULL;
	if (origin->list)
		unlist_origin(origin);
	if (--origin->n_waiting == 0)
		fp_timeheap_remove(&schedule->wakes, &origin->timed);
	return ticket;
}

/* When memory is tight only one item may start: the one that all others wait
 * for, whose record is the next to be written. */
static struct fp_ticket *
choose_oldest(struct fp_schedule *schedule, enum place *place)
{
	uint64_t turn = fp_memory_chosen(schedule->rules.memory);
	struct fp_ticket *ticket = fp_ticket_pick(&schedule->due, turn);

	*place = PLACE_DUE;
	if (ticket)
		return ticket;
	*place = PLACE_FRESH;
	if (schedule->fresh.first && schedule->fresh.first->turn == turn)
		return fp_ticket_pop(&schedule->fresh);
	*place = PLACE_ORIGIN;
	return pick_waiting(schedule, turn);
}

/* Back to where it was, and it is the next one there. */
static void
put_back(struct fp_schedule *schedule, struct fp_ticket *ticket,
	enum place place)
{
	struct fp_origin *origin = ticket->origin;

	switch (place) {
	case PLACE_DUE:
		fp_ticket_prepend(&schedule->due, ticket);
		break;
	case PLACE_ORIGIN:
		park(schedule, ticket, true, INT64_MAX);
		list_origin(&schedule->able, origin, true);
		break;
	case PLACE_FRESH:
		fp_ticket_prepend(&schedule->fresh, ticket);
		break;
	case PLACE_NONE:
		break;
	}
}

static struct fp_ticket *
choose_now(
	struct fp_schedule *schedule, unsigned n_strangers, enum place *place)
{
	struct fp_memory *memory = schedule->rules.memory;

	schedule->is_tight = memory && fp_memory_is_tight(memory);
	return schedule->is_tight || schedule->hurries
		       ? choose_oldest(schedule, place)
		       : schedule_choose(schedule, n_strangers, place);
}

/* The next one that starts, or that pauses in its slot before it asks to. */
static struct fp_ticket *
schedule_find(struct fp_schedule *schedule, unsigned *n_strangers,
	struct fp_ticket_list *refused, int64_t now_ns, enum place *place)
{
	struct fp_ticket *ticket;
	bool rests_first = schedule->rules.rests_first;
	uint32_t token;

	while ((ticket = choose_now(schedule, *n_strangers, place))) {
		if (rests_first && !ticket->is_rested)
			return ticket;
		if (!admit(schedule, ticket, *place == PLACE_ORIGIN,
			    *n_strangers, refused, now_ns)) {
			/* It would be found again where it was put. */
			if (schedule->is_tight || schedule->hurries)
				return NULL;
			continue;
		}
		int got = fp_starts_reserve(&schedule->starts, &token, now_ns);
		if (got == 0) {
			schedule->dry_ns = now_ns;
			put_back(schedule, ticket, *place);
			*place = PLACE_FRESH;
			return rests_first ? fp_ticket_pop(&schedule->fresh)
					   : NULL;
		}
		if (got < 0 ||
			schedule_start(schedule, ticket, token, now_ns)) {
			fp_schedule_refuse_uncounted(
				schedule, refused, ticket, now_ns);
			continue;
		}
		*n_strangers -= ticket->is_strange;
		return ticket;
	}
	return NULL;
}

struct fp_ticket *
fp_schedule_next(struct fp_schedule *schedule, unsigned *n_strangers,
	struct fp_ticket_list *refused, int64_t now_ns)
{
	enum place place = PLACE_NONE;

	fp_schedule_tick(schedule, now_ns);
	struct fp_ticket *ticket =
		schedule_find(schedule, n_strangers, refused, now_ns, &place);
	if (ticket) {
		schedule->due_was_last = place == PLACE_DUE;
		schedule->n_items--;
	}
	return ticket;
}

int64_t
fp_schedule_due_ns(const struct fp_schedule *schedule)
{
	int64_t due_ns = FP_MIN(fp_timeheap_due_ns(&schedule->attempts),
		fp_timeheap_due_ns(&schedule->wakes));

	if (schedule->starts.dry_until_ns &&
		(fp_schedule_has_more(schedule) || schedule->strange.first))
		due_ns = FP_MIN(due_ns, schedule->starts.dry_until_ns);
	if (schedule->starts.settle_ns)
		due_ns = FP_MIN(due_ns, schedule->starts.settle_ns);
	return due_ns;
}

bool
fp_schedule_has_more(const struct fp_schedule *schedule)
{
	return schedule->due.first || schedule->able.first ||
	       schedule->fresh.first;
}

/* ---- the end ---- */

/* Moves all that wait at an origin to a list. */
static void
clear_origin(struct fp_schedule *schedule, struct fp_origin *origin,
	struct fp_ticket_list *list)
{
	struct fp_ticket *ticket;

	for (int i = 0; i < FP_ORIGIN_RANKS; i++) {
		while ((ticket = fp_ticket_pop(&origin->again[i])))
			fp_ticket_append(list, ticket);
	}
	while ((ticket = fp_ticket_pop(&origin->waiting)))
		fp_ticket_append(list, ticket);
	origin->n_waiting = 0;
	if (origin->list)
		unlist_origin(origin);
	fp_timeheap_remove(&schedule->wakes, &origin->timed);
}

struct fp_ticket *
fp_schedule_clear(struct fp_schedule *schedule, int64_t now_ns)
{
	struct fp_ticket_list all = {NULL, &all.first};
	struct fp_origins *origins = &schedule->origins;
	struct fp_ticket *ticket;

	fp_schedule_tick(schedule, INT64_MAX);
	for (size_t i = 0; i < origins->n_chains; i++) {
		struct fp_origin *origin = origins->chains[i];
		for (; origin; origin = origin->chain)
			clear_origin(schedule, origin, &all);
	}
	while ((ticket = fp_ticket_pop(&schedule->due)))
		fp_ticket_append(&all, ticket);
	while ((ticket = fp_ticket_pop(&schedule->fresh)))
		fp_ticket_append(&all, ticket);
	for (ticket = all.first; ticket; ticket = ticket->next) {
		fp_schedule_end_waiting(ticket, now_ns);
		fp_schedule_leave(schedule, ticket, now_ns);
	}
	schedule->n_items = 0;
	return all.first;
}
