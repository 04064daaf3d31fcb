/* SPDX-License-Identifier: MIT */
/*
 * queue: items that wait for a worker, first in, first out, and the workers
 * that wait for items. It is as long as the window is wide, so that pushing
 * never blocks: the window is the only place that does.
 *
 * A worker cannot sleep on a condition variable, as it sleeps in the network;
 * so one that finds too little here leaves its name (struct fp_waiter), and
 * the next push calls it. A worker that is full leaves no name and is not
 * disturbed.
 *
 * Threads: one pushes, any number take; anyone closes or cancels.
 * Ownership: a ticket in the queue belongs to it until it is taken.
 * Failure: fp_queue_init() -1 with ENOMEM.
 */
#ifndef FP_QUEUE_H
#define FP_QUEUE_H

#include "base.h"

#include "thread.h"
#include "ticket.h"

/* Embedded in the worker; under the queue's lock once it has been there. */
struct fp_waiter {
	void (*wake)(void *arg); /* from any thread; must not block */
	void *arg;
	bool waits; /* is in the list of those to be called */
	struct fp_waiter *next;
};

struct fp_queue {
	struct fp_mutex lock; /* over all that follows */
	struct fp_ticket **ring;
	size_t capacity;
	size_t head; /* the oldest item's place */
	size_t len;
	bool closed; /* nothing more will be pushed */
	struct fp_waiter *waiters; /* the last that came is called first */
};

int fp_queue_init(struct fp_queue *queue, size_t capacity);

/* Must be empty. */
void fp_queue_destroy(struct fp_queue *queue);

/* Adds one item, and calls one worker that waits. false: the queue is closed,
 * and the ticket still the caller's. */
bool fp_queue_push(struct fp_queue *queue, struct fp_ticket *ticket);

/* Takes up to `max` items as a list. If there are fewer, the waiter is called
 * when there may be more, or when the queue is closed; *over says that
 * nothing will ever come. */
struct fp_ticket *fp_queue_take(struct fp_queue *queue, size_t max,
	struct fp_waiter *waiter, size_t *n, bool *over);

/* Nothing more will be pushed; calls all workers that wait. */
void fp_queue_close(struct fp_queue *queue);

/* Closes it and takes everything out, as a list. */
struct fp_ticket *fp_queue_cancel(struct fp_queue *queue);

size_t fp_queue_len(struct fp_queue *queue);

#endif
