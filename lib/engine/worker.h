/* SPDX-License-Identifier: MIT */
/*
 * worker: one curl multi handle and at most 64 transfers. It takes items from
 * the queue when it has room, and puts them into the window when they are
 * finished. Its crew's thread lets it go round.
 *
 * Threads: fp_worker_wake(), fp_worker_n_active() by any; fp_worker_init()
 * before the thread starts and fp_worker_destroy() after it was joined, by the
 * pool's owner; the rest by the thread.
 * Ownership: the pool embeds workers; a worker owns its transfers and, while
 * they are under way, their tickets.
 * Failure: fp_worker_init() -1 with errno.
 */
#ifndef FP_WORKER_H
#define FP_WORKER_H

#include "base.h"

#include "queue.h"
#include "share.h"
#include "transfer.h"
#include "window.h"

struct fp_worker {
	struct fp_setup *setup;
	struct fp_queue *queue;
	struct fp_window *window;
	struct fp_share share;
	struct fp_waiter waiter;
	atomic_int *cancel; /* the pool's enum fp_cancel, or 0 */
	atomic_uint n_active_shown; /* what others may read */

	atomic_bool is_called; /* was woken, and has not gone round since */

	/* From here on its crew's thread's own. */
	int64_t due_ns; /* when it has to go round again */
	unsigned number; /* in the crew */
	bool is_done; /* it never has to */
	CURLM *multi;
	struct fp_context context;
	struct fp_transfer *transfers; /* share.slots of them */
	struct fp_transfer *idle; /* the last used is used next */
	unsigned n_active; /* transfers that have a ticket */
	unsigned n_delayed; /* of them, not begun yet */
	struct fp_ticket *ended; /* not handed over yet */
	struct fp_ticket **last_ended;
	int64_t next_check_ns; /* when stalled ones are looked for again */
	int64_t looked_ns; /* when all that connect were last looked at */
	int64_t look_ns; /* and when they are to be the next time */
	int64_t next_thread_ns; /* when one for look-ups is in doubt again */
	int64_t timer_ns; /* when libcurl wants to be called */
	int64_t queue_due_ns; /* when the queue wants us back */
	int64_t late_due_ns; /* when a transfer has taken too long */
	const int64_t *awake_ns; /* when its crew last looked at the clock */
	int64_t skipped_ns; /* up to then, what was lost was put off */
	int64_t unused_due_ns; /* when starts that are not used go back */
	unsigned n_resolving_seen; /* after it was last filled */
	bool is_over; /* nothing will come from the queue any more */
};

/* What it needs of others, and its share. */
struct fp_worker_place {
	struct fp_setup *setup;
	struct fp_queue *queue;
	struct fp_window *window;
	atomic_int *cancel;
	struct fp_poller *poller; /* its crew's */
	CURLSH *sessions; /* the same */
	struct fp_greetings *greetings; /* the same */
	const int64_t *awake_ns; /* the same */
	unsigned number; /* in the crew */
};

int fp_worker_init(struct fp_worker *worker,
	const struct fp_worker_place *place, struct fp_share share);

/* Does all that can be done without waiting; due_ns, is_done say when again. */
void fp_worker_round(struct fp_worker *worker);

/* Makes it look at the queue and at *cancel. */
void fp_worker_wake(struct fp_worker *worker);

/* Counts the requests that went out since the last time: its own thread. */
void fp_worker_fire(struct fp_worker *worker);

unsigned fp_worker_n_active(struct fp_worker *worker);

/* Frees what it holds, tickets of transfers that never ended included. */
void fp_worker_destroy(struct fp_worker *worker);

#endif
