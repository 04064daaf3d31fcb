/* SPDX-License-Identifier: MIT */
/*
 * schedule: which item may start next, and when. It knows the limits of the
 * run and of each origin, the pauses that servers asked for, the items that
 * wait for another attempt, and gives out what may start now.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: a ticket that was added, or goes on after fp_schedule_end(),
 * belongs to it until it is given out, refused or cleared.
 * Failure: said at each function.
 */
#ifndef FP_SCHEDULE_H
#define FP_SCHEDULE_H

#include "base.h"

#include "origin.h"
#include "ratecount.h"
#include "starts.h"
#include "ticket.h"
#include "timeheap.h"

struct fp_schedule_rules {
	size_t capacity; /* items that may ever be there at once */
	struct fp_origin_rules origin;
	struct fp_rates rates; /* of the run; n 0: no limit */
	bool is_paced;
	struct fp_ratecount *count; /* of starts; NULL: memory counts */
	struct fp_memory *memory; /* of all bodies; NULL: there is enough */
	unsigned retry_max; /* attempts after the first */
	int64_t retry_max_ns; /* an item's attempts begin within; 0: ever */
	bool rests_first; /* items pause in their slot before anything else */
};

struct fp_schedule {
	struct fp_schedule_rules rules;
	struct fp_origins origins;
	struct fp_starts starts;
	size_t n_items;
	struct fp_ticket_list fresh; /* as they were added */
	struct fp_ticket_list due; /* another attempt, and its time has come */
	struct fp_origin_list able; /* have items, and may be able to start */
	struct fp_origin_list strange; /* the same, but for a look-up */
	struct fp_timeheap attempts; /* items, by when they are due */
	struct fp_timeheap wakes; /* origins, by when to look at them again */
	bool hurries; /* whoever asks wants the oldest item, and no other */
	int fault; /* errno: starts cannot be counted any more; or 0 */
	bool is_tight; /* memory kept items from starting, when last asked */
	bool due_was_last; /* the last one given out was a due one */
	int64_t dry_ns; /* when the run's limit last held an item back */
	struct fp_origin *news; /* origins that have some */
};

int fp_schedule_init(
	struct fp_schedule *schedule, const struct fp_schedule_rules *rules);

/* Must be empty. */
void fp_schedule_destroy(struct fp_schedule *schedule);

/* A new item, whose URL is of this origin. -1: no memory, not added. */
int fp_schedule_add(struct fp_schedule *schedule, struct fp_ticket *ticket,
	const struct fp_origin_name *name);

/* Gives out one item that may start now; NULL: there is none. Of those whose
 * host's name is not known yet, no more than *n_strangers, which is counted
 * down. Items that may never start are put at the end of `refused`, failed. */
struct fp_ticket *fp_schedule_next(struct fp_schedule *schedule,
	unsigned *n_strangers, struct fp_ticket_list *refused, int64_t now_ns);

/* Time goes on: fp_schedule_next() without taking anything. */
void fp_schedule_tick(struct fp_schedule *schedule, int64_t now_ns);

/* After fp_schedule_next() had nothing to give: when there may be something
 * without anything being heard. Never in the past of the last one of these
 * two. */
int64_t fp_schedule_due_ns(const struct fp_schedule *schedule);

/* Whether something is there that was not looked at yet, or that waits for a
 * start only. */
bool fp_schedule_has_more(const struct fp_schedule *schedule);

/* An item that was given out has ended an attempt (ticket->again and
 * ticket->report say how). true: it goes on, and is in here again. false: it
 * is finished, and the caller's. */
bool fp_schedule_end(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns);

/* A page of an item was given back by the consumer, which the item may have
 * waited for. true: it goes on now. */
bool fp_schedule_let_go(struct fp_schedule *schedule, struct fp_ticket *ticket);

/* The name of its host was resolved. */
void fp_schedule_known(struct fp_schedule *schedule, struct fp_ticket *ticket);

/* Whether the request of an item that is under way may go out now: its origin
 * has not asked for a pause meanwhile, and a start is reserved for it, or is to
 * be had. */
bool fp_schedule_pass(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns);

/* One more request of an item that is under way. false: not now. */
bool fp_schedule_reserve(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns);

/* Gives back the start that is reserved for it. */
void fp_schedule_give_back(
	struct fp_schedule *schedule, struct fp_ticket *ticket);

/* Its request is on the wire, since a time that is not later than this. */
void fp_schedule_fire(
	struct fp_schedule *schedule, struct fp_ticket *ticket, int64_t now_ns);

/* Takes all items out, as a list. */
struct fp_ticket *fp_schedule_clear(
	struct fp_schedule *schedule, int64_t now_ns);

/* Something that the user should know of an origin, whose name goes into
 * `name`; false: nothing. */
bool fp_schedule_news(struct fp_schedule *schedule, struct fp_notice *notice,
	char name[FP_ORIGIN_MAX], int64_t now_ns);

/* The server that counts has starts for some origins again. */
void fp_schedule_came(struct fp_schedule *schedule);

/* Something has changed for this origin: has it looked at again. */
void fp_schedule_stir(struct fp_schedule *schedule, struct fp_origin *origin);

#endif
