/* SPDX-License-Identifier: MIT */
/*
 * window: the bound on everything. It owns the tickets; an item that has none
 * is not read, and a ticket comes home only when the item's record has been
 * written. It is also what puts finished items back into input order, when
 * that is asked for.
 *
 * Threads: one submitter takes; it and any number of loops put, and tell of
 * hunger; one consumer asks for the next and gives back, and in between loops
 * do, one at a time; anyone cancels.
 * Ownership: tickets belong to the window; take and next lend them.
 * Failure: fp_window_init() -1 with ENOMEM; fp_window_take() NULL with errno.
 * A ticket that is given back twice, or never taken, aborts.
 */
#ifndef FP_WINDOW_H
#define FP_WINDOW_H

#include "base.h"

#include "thread.h"
#include "ticket.h"

#include <stdatomic.h>

/* Results that a loop takes at once. */
#define FP_WINDOW_BATCH 32

struct fp_window {
	struct fp_mutex lock; /* over all that follows */
	struct fp_cond has_room; /* n_out < room (for a take: < capacity), or
				  * cancelled */
	struct fp_cond ready; /* next has something to give, or the end, and
			       * no loop has any */

	size_t capacity;
	size_t enough; /* places, as long as no loop is hungry at that */
	size_t room; /* places that count now: from that to all */
	bool in_order;
	bool closed; /* nothing more will be taken */
	bool cancelled; /* nothing more may be taken */
	bool taker_waits; /* and was not signalled yet */
	bool consumer_waits; /* the same */
	bool is_fed; /* loops hand in items, where they find room */
	bool is_drained; /* a loop has results */
	bool is_summoned; /* summon was called, or is not to be */
	atomic_bool is_hungry; /* a loop has too little to do */
	atomic_bool is_full; /* n_out >= room, and not cancelled */

	struct fp_ticket *all; /* every ticket, linked by `older` */
	struct fp_ticket *home; /* those that nobody holds */
	size_t n_out; /* tickets taken and not given back */
	size_t n_quiet; /* put quietly since the consumer was called */
	size_t n_lent; /* of them, those that the consumer or a loop has */
	size_t n_held; /* results that the consumer has, with pages */
	size_t n_out_max; /* the most there ever were */
	uint64_t n_taken; /* also the last turn given out */
	uint64_t n_next; /* results lent to the consumer so far */
	uint64_t n_ended; /* items that finished, less those cancelled */
	uint64_t n_failed; /* of them */

	/* Finished and waiting for the consumer: in order of their turns, a
	 * ring where each has the place turn % capacity, with its pages before
	 * it; or a list as they finished. */
	struct fp_ticket **ring;
	struct fp_ticket **tails; /* the last of each place in use */
	struct fp_ticket *first;
	struct fp_ticket **last;

	/* Set before anything is taken: the consumer is not there yet. */
	fp_summon *summon;
	void *summon_arg;

	/* What a loop had, and leaves to the consumer. */
	const struct fp_result *left[FP_WINDOW_BATCH];
	size_t n_left;
};

int fp_window_init(struct fp_window *window, size_t capacity, bool in_order);

/* Before anything is taken: nobody calls fp_window_next() until `summon` was
 * called, once: there is something to be had; or is_over, and there never will
 * be. It is called without the lock. */
void fp_window_summon_by(
	struct fp_window *window, fp_summon *summon, void *arg);

/* Nobody is to be summoned any more. */
void fp_window_dismiss(struct fp_window *window);

/* Loops hand in items, where they find room: as long as they find enough to do,
 * that is for so many. Before the first take. */
void fp_window_be_fed(struct fp_window *window, size_t enough);

/* Frees every ticket, wherever it is: nobody may hold one any more. */
void fp_window_destroy(struct fp_window *window);

/* Blocks until there is room, and lends a clean ticket with the next turn,
 * which is also its seq until the submitter gives it another.
 * NULL: ECANCELED after fp_window_cancel(), or ENOMEM. */
struct fp_ticket *fp_window_take(struct fp_window *window);

/* By the taker: while there is no room, blocks until there is room for more
 * than a few, or a loop is hungry; or until it is called, or a cancel. */
void fp_window_await_room(struct fp_window *window);

/* Whether there is no room, or none that is wanted. If not, a take by the only
 * one who takes does not block. */
bool fp_window_is_full(struct fp_window *window);

/* Calls a taker that waits, if there is any room. */
void fp_window_call_taker(struct fp_window *window);

/* A loop found too little to do, or what it may have waited for was none of
 * its business: whoever waits for room is to be woken for any. If loops hand in
 * items, this one is to do so if there is room (true), and the others as soon
 * as there is. */
bool fp_window_hunger(struct fp_window *window);

/* Whether a loop is hungry; then no more. By a loop that hands in items. */
bool fp_window_sate(struct fp_window *window);

/* Undoes the last take: its item never came. By the taker. */
void fp_window_untake(struct fp_window *window, struct fp_ticket *ticket);

/* Of the items in this list (linked by next), which have ended an attempt,
 * those that go on to another page (chain->turns) do so, and the pages that
 * they have fetched are finished: each a ticket that takes no place in the
 * window, and comes out before what comes of its item afterwards. One that
 * finds no memory for that has failed instead. */
void fp_window_turn(struct fp_window *window, struct fp_ticket *list);

/* The items of this list (linked by next) are finished. */
void fp_window_put(struct fp_window *window, struct fp_ticket *list);

/* The same by the taker, for one; but the consumer need not be woken for it:
 * that is made good by fp_window_call(), by a take that has to wait, and when
 * many have come like this. After a cancel it is woken. */
void fp_window_put_quietly(struct fp_window *window, struct fp_ticket *ticket);

/* The same by a taker that drains. true: it is time for that. */
bool fp_window_put_here(struct fp_window *window, struct fp_ticket *ticket);

/* The same by a loop, for a list: it calls, or drains, before it sleeps. */
void fp_window_leave(struct fp_window *window, struct fp_ticket *list);

/* Wakes the consumer, if something was put quietly. */
void fp_window_call(struct fp_window *window);

/* By a loop or the taker, in place of the consumer: lends up to FP_WINDOW_BATCH
 * of what is finished, as fp_window_next() does. 0: nothing is, or the consumer
 * or another of these has something, and comes back for what there is. */
size_t fp_window_drain(
	struct fp_window *window, const struct fp_result **results);

/* It is done with them, as with fp_window_give(); but if loops hand in items,
 * the taker is not woken: this one does so, if one is hungry. */
void fp_window_drained(
	struct fp_window *window, const struct fp_result **results, size_t n);

/* Or it is not: the next fp_window_next() lends them. */
void fp_window_leave_lent(
	struct fp_window *window, const struct fp_result **results, size_t n);

/* Blocks until something is finished (in order: the very next one) and lends
 * up to `max`. 0: closed or cancelled, and everything taken was lent. */
size_t fp_window_next(
	struct fp_window *window, const struct fp_result **results, size_t max);

/* The consumer is done with these: only now is there room for others. Pages
 * were taken from their item's n_waiting before. */
void fp_window_give(
	struct fp_window *window, const struct fp_result **results, size_t n);

/* How many have finished: `look` gets n_ended and n_failed. */
void fp_window_look(struct fp_window *window, struct fp_look *look);

/* Nothing more will be taken: after the last item, next returns 0. */
void fp_window_close(struct fp_window *window);

/* Like close, and wakes a taker that waits. */
void fp_window_cancel(struct fp_window *window);

#endif
