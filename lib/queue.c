/* SPDX-License-Identifier: MIT */
/*
 * The waiters are a stack: with little to do, the same few workers are called
 * again and again, whose connections are warm, and the others sleep. A waiter
 * is taken off before it is called, so however many items are pushed before
 * it wakes, it is called once; it then takes as many as it has room for.
 *
 * wake() is called without the lock: it writes to a descriptor.
 */
#include "base.h"

#include "queue.h"

int
fp_queue_init(struct fp_queue *queue, size_t capacity)
{
	*queue = (struct fp_queue){.capacity = capacity};
	queue->ring = calloc(capacity, sizeof(queue->ring[0]));
	if (!queue->ring)
		return -1;
	fp_mutex_init(&queue->lock);
	return 0;
}

void
fp_queue_destroy(struct fp_queue *queue)
{
	FP_ASSERT(queue->len == 0);
	free(queue->ring);
	fp_mutex_destroy(&queue->lock);
}

/* Takes one waiter off the stack; NULL if none waits. Under the lock. */
static struct fp_waiter *
pop_waiter(struct fp_queue *queue)
{
	struct fp_waiter *waiter = queue->waiters;

	if (waiter) {
		queue->waiters = waiter->next;
		waiter->waits = false;
	}
	return waiter;
}

bool
fp_queue_push(struct fp_queue *queue, struct fp_ticket *ticket)
{
	fp_mutex_lock(&queue->lock);
	if (queue->closed) {
		fp_mutex_unlock(&queue->lock);
		return false;
	}
	FP_ASSERT(queue->len < queue->capacity);
	queue->ring[(queue->head + queue->len) % queue->capacity] = ticket;
	queue->len++;
	struct fp_waiter *waiter = pop_waiter(queue);
	fp_mutex_unlock(&queue->lock);
	if (waiter)
		waiter->wake(waiter->arg);
	return true;
}

/* Takes the oldest item out. Under the lock. */
static struct fp_ticket *
pop(struct fp_queue *queue)
{
	struct fp_ticket *ticket = queue->ring[queue->head];

	queue->head = (queue->head + 1) % queue->capacity;
	queue->len--;
	ticket->next = NULL;
	return ticket;
}

struct fp_ticket *
fp_queue_take(struct fp_queue *queue, size_t max, struct fp_waiter *waiter,
	size_t *n, bool *over)
{
	struct fp_ticket *first = NULL, **last = &first;

	fp_mutex_lock(&queue->lock);
	for (*n = 0; *n < max && queue->len > 0; ++*n) {
		*last = pop(queue);
		last = &(*last)->next;
	}
	if (*n < max && !queue->closed && !waiter->waits) {
		waiter->waits = true;
		waiter->next = queue->waiters;
		queue->waiters = waiter;
	}
	*over = queue->closed && queue->len == 0;
	fp_mutex_unlock(&queue->lock);
	return first;
}

static void
call_all(struct fp_waiter *waiter)
{
	while (waiter) {
		struct fp_waiter *next = waiter->next;
		waiter->wake(waiter->arg);
		waiter = next;
	}
}

/* Marks the end, and returns the list of those to be called. A closed queue
 * takes no waiters, so the list stays as it is without the lock. */
static struct fp_waiter *
close_locked(struct fp_queue *queue)
{
	struct fp_waiter *all = queue->waiters;

	queue->closed = true;
	for (struct fp_waiter *w = all; w; w = w->next)
		w->waits = false;
	queue->waiters = NULL;
	return all;
}

void
fp_queue_close(struct fp_queue *queue)
{
	fp_mutex_lock(&queue->lock);
	struct fp_waiter *waiters = close_locked(queue);
	fp_mutex_unlock(&queue->lock);
	call_all(waiters);
}

struct fp_ticket *
fp_queue_cancel(struct fp_queue *queue)
{
	struct fp_ticket *first = NULL, **last = &first;

	fp_mutex_lock(&queue->lock);
	while (queue->len > 0) {
		*last = pop(queue);
		last = &(*last)->next;
	}
	struct fp_waiter *waiters = close_locked(queue);
	fp_mutex_unlock(&queue->lock);
	call_all(waiters);
	return first;
}

size_t
fp_queue_len(struct fp_queue *queue)
{
	fp_mutex_lock(&queue->lock);
	size_t len = queue->len;
	fp_mutex_unlock(&queue->lock);
	return len;
}
