/* SPDX-License-Identifier: MIT */
/*
 * queue: items that wait for a loop, and the loops that wait for items.
 * Which item is next is the schedule's to say; here it gets its lock, and
 * those who can do something about it are called. It has room for as many
 * items as the window is wide, so that pushing never blocks: the window is the
 * only place in the library that does.
 *
 * A loop cannot sleep on a condition variable, as it sleeps in the network;
 * so one that finds too little here leaves its name (struct fp_waiter), and
 * the next push calls it. A loop that is full leaves no name and is not
 * disturbed. When something is due at a time, one of the loops is asked to
 * come back by then.
 *
 * Threads: one pushes, any number of loops do the rest; anyone closes,
 * cancels or counts.
 * Ownership: a ticket in the queue belongs to it until it is taken.
 * Failure: said at each function.
 */
#ifndef FP_QUEUE_H
#define FP_QUEUE_H

#include "base.h"

#include "schedule.h"
#include "thread.h"
#include "ticket.h"

#include <stdatomic.h>
#include <sys/queue.h>

/* Embedded in the loop; under the queue's lock once it has been there. */
struct fp_waiter {
	void (*wake)(void *arg); /* from any thread; must not block */
	void *arg;
	unsigned n_strangers; /* names that it could still look up */
	bool waits; /* is in the list of those to be called */
	LIST_ENTRY(fp_waiter) waiting;
};

struct fp_queue {
	struct fp_origin_last last; /* the pusher's alone */
	atomic_bool is_held; /* nothing is lent, whatever is there */
	struct fp_mutex lock; /* over all that follows */
	struct fp_schedule schedule;
	bool closed; /* nothing more will be pushed */
	bool cancelled; /* and nothing that was taken comes back */
	LIST_HEAD(, fp_waiter) waiters; /* the last that came is called first */
	struct fp_waiter *watcher; /* comes back ... */
	int64_t watched_ns; /* ... by then; it is not NULL */
};

/* What a loop asks for, and gets. */
struct fp_take {
	struct fp_waiter *waiter;
	int64_t now_ns;
	size_t max; /* items that it has room for; may be 0 */
	unsigned n_strangers; /* of them, with names to be looked up */
	bool hurries; /* only the one that all others wait for, over limits */

	struct fp_ticket *items; /* those that start now */
	size_t n;
	struct fp_ticket *refused; /* those that never will: failed */
	int64_t due_ns; /* come back by then, even without being called */
	bool is_over; /* nothing will ever come */
	int fault; /* errno: starts cannot be counted any more; or 0 */
};

/* -1 with ENOMEM. */
int fp_queue_init(
	struct fp_queue *queue, const struct fp_schedule_rules *rules);

/* Must be empty. */
void fp_queue_destroy(struct fp_queue *queue);

/* Adds one item that has its URL, and calls one loop that waits. -1, and the
 * ticket is still the caller's: ECANCELED when the queue is closed, ENOMEM. */
int fp_queue_push(struct fp_queue *queue, struct fp_ticket *ticket);

/* Takes up to take->max items. If there are fewer, the waiter is called when
 * there may be more, or when nothing will ever come. */
void fp_queue_take(struct fp_queue *queue, struct fp_take *take);

/* Items of this list have ended an attempt. Those that go on are in the queue
 * again; the others come back as a list, finished. *has_news: fp_queue_news()
 * has something. */
struct fp_ticket *fp_queue_end(struct fp_queue *queue, struct fp_ticket *list,
	int64_t now_ns, bool *has_news);

/* Requests of these items are on the wire. */
void fp_queue_fire(
	struct fp_queue *queue, struct fp_ticket *list, int64_t now_ns);

/* Whether the request of an item that is under way may go out now. */
bool fp_queue_pass(
	struct fp_queue *queue, struct fp_ticket *ticket, int64_t now_ns);

/* Its start goes back, as it was not used in time. It asks for another one when
 * its request can go out. */
void fp_queue_give_back(struct fp_queue *queue, struct fp_ticket *ticket);

/* Nothing is lent from now on; or it is again, after fp_queue_call(). */
void fp_queue_hold(struct fp_queue *queue, bool is_held);

/* Starts have come that may be reserved. */
void fp_queue_came(struct fp_queue *queue);

/* The same, of origins: fp_rateredis_host_came() has some. */
void fp_queue_came_hosts(struct fp_queue *queue);

/* Calls all that wait. */
void fp_queue_call(struct fp_queue *queue);
/* A page of this item was given back by the consumer. */
void fp_queue_let_go(struct fp_queue *queue, struct fp_ticket *ticket);

/* Memory was given back. */
void fp_queue_ease(struct fp_queue *queue);

/* The name of its host was resolved. */
void fp_queue_known(struct fp_queue *queue, struct fp_ticket *ticket);

/* Something that the user should know; false: nothing. notice->origin is in
 * `origin`. */
bool fp_queue_news(struct fp_queue *queue, struct fp_notice *notice,
	char origin[FP_ORIGIN_MAX], int64_t now_ns);

/* Nothing more will be pushed. */
void fp_queue_close(struct fp_queue *queue);

/* Closes it and takes everything out, as a list. What is ended from now on
 * does not go on. */
struct fp_ticket *fp_queue_cancel(struct fp_queue *queue, int64_t now_ns);

void fp_queue_look(
	struct fp_queue *queue, struct fp_look *look, int64_t now_ns);
size_t fp_queue_len(struct fp_queue *queue);

#endif
