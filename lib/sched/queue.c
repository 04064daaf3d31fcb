/* SPDX-License-Identifier: MIT */
/*
 * The waiters are a stack: with little to do, the same few loops are called
 * again and again, whose connections are warm, and the others sleep. A waiter
 * is taken off before it is called, so however many items are pushed before
 * it wakes, it is called once; it then takes as many as it has room for, and
 * calls the next if there is more.
 *
 * wake() is called without the lock: it writes to a descriptor.
 *
 * The watcher is the one loop that sleeps no longer than until something is
 * due. Whoever takes something when another time is the next becomes it, and
 * stays it until it comes back.
 */
#include "base.h"

#include "queue.h"

#include "holdup.h"

#include <errno.h>
#include <stdio.h>

int
fp_queue_init(struct fp_queue *queue, const struct fp_schedule_rules *rules)
{
	*queue = (struct fp_queue){.closed = false};
	atomic_init(&queue->is_held, false);
	LIST_INIT(&queue->waiters);
	if (fp_schedule_init(&queue->schedule, rules))
		return -1;
	fp_mutex_init(&queue->lock);
	return 0;
}

void
fp_queue_destroy(struct fp_queue *queue)
{
	fp_schedule_destroy(&queue->schedule);
	fp_mutex_destroy(&queue->lock);
}

static bool
queue_is_held(struct fp_queue *queue)
{
	return atomic_load_explicit(&queue->is_held, memory_order_relaxed);
}

/* ---- waiters; all of it under the lock, but for the calls ---- */

static void
wait_for_more(struct fp_queue *queue, struct fp_waiter *waiter)
{
	if (waiter->waits)
		return;
	waiter->waits = true;
	LIST_INSERT_HEAD(&queue->waiters, waiter, waiting);
}

static void
wait_no_more(struct fp_waiter *waiter)
{
	if (!waiter->waits)
		return;
	waiter->waits = false;
	LIST_REMOVE(waiter, waiting);
}

/* Takes one waiter off the stack; NULL if none waits. */
static struct fp_waiter *
pop_waiter(struct fp_queue *queue)
{
	struct fp_waiter *waiter = LIST_FIRST(&queue->waiters);

	if (waiter)
		wait_no_more(waiter);
	return waiter;
}

/* The same, if there is something to do for it. While no start can be had,
 * there is not. */
static struct fp_waiter *
pop_needed(struct fp_queue *queue)
{
	const struct fp_schedule *schedule = &queue->schedule;

	if (schedule->starts.dry_until_ns || !fp_schedule_has_more(schedule) ||
		queue_is_held(queue))
		return NULL;
	return pop_waiter(queue);
}

static void
call(struct fp_waiter *waiter)
{
	if (waiter)
		waiter->wake(waiter->arg);
}

static void
call_all(struct fp_queue *queue)
{
	struct fp_waiter *waiter;

	do {
		fp_mutex_lock(&queue->lock);
		waiter = pop_waiter(queue);
		fp_mutex_unlock(&queue->lock);
		call(waiter);
	} while (waiter);
}

/* ---- items in and out ---- */

int
fp_queue_push(struct fp_queue *queue, struct fp_ticket *ticket)
{
	struct fp_waiter *waiter = NULL;
	int ret = -1;

	const struct fp_origin_name *name =
		fp_origin_name_next(&queue->last, fp_ticket_url(ticket));
	fp_mutex_lock(&queue->lock);
	if (queue->closed) {
		errno = ECANCELED;
	} else {
		/* While something waits for a start, somebody watches. */
		bool was_idle = !fp_schedule_has_more(&queue->schedule);
		ret = fp_schedule_add(&queue->schedule, ticket, name);
		waiter = was_idle ? pop_waiter(queue) : pop_needed(queue);
	}
	fp_mutex_unlock(&queue->lock);
	call(waiter);
	return ret;
}

static bool
queue_is_over(const struct fp_queue *queue)
{
	return queue->closed && queue->schedule.n_items == 0;
}

/* When this loop has to come back. When it is over it may go away instead:
 * then nobody may rely on it. Under the lock. */
static int64_t
queue_watch(struct fp_queue *queue, struct fp_waiter *me)
{
	int64_t due_ns = fp_schedule_due_ns(&queue->schedule);

	if (queue->watcher == me)
		queue->watcher = NULL;
	if (queue_is_over(queue))
		return due_ns;
	if (queue_is_held(queue))
		return INT64_MAX;
	if (due_ns == INT64_MAX ||
		(queue->watcher && queue->watched_ns <= due_ns))
		return INT64_MAX;
	queue->watcher = me;
	queue->watched_ns = due_ns;
	return due_ns;
}

/* Of the waiters one that may look up names, if names wait for that. */
static struct fp_waiter *
pop_for_strangers(struct fp_queue *queue)
{
	const struct fp_schedule *schedule = &queue->schedule;
	struct fp_waiter *waiter = LIST_FIRST(&queue->waiters);

	if (schedule->starts.dry_until_ns || TAILQ_EMPTY(&schedule->strange))
		return NULL;
	while (waiter && waiter->n_strangers == 0)
		waiter = LIST_NEXT(waiter, waiting);
	if (waiter)
		wait_no_more(waiter);
	return waiter;
}

/* Who else is to be called after this take. */
static struct fp_waiter *
find_help(struct fp_queue *queue, const struct fp_take *take)
{
	struct fp_waiter *help =
		take->n == take->max ? pop_needed(queue) : NULL;

	return help ? help : pop_for_strangers(queue);
}

void
fp_queue_take(struct fp_queue *queue, struct fp_take *take)
{
	struct fp_schedule *schedule = &queue->schedule;
	struct fp_ticket_list refused = {NULL, &refused.first};
	struct fp_ticket **last = &take->items;

	*last = NULL;
	take->n = 0;
	fp_mutex_lock(&queue->lock);
	fp_schedule_tick(schedule, take->now_ns);
	schedule->hurries = take->hurries;
	while (take->n < take->max && !queue_is_held(queue)) {
		*last = fp_schedule_next(
			schedule, &take->n_strangers, &refused, take->now_ns);
		if (!*last)
			break;
		last = &(*last)->next;
		take->n++;
	}
	/* There may be no room but for that one. */
	if (take->hurries)
		take->max = take->n;
	schedule->hurries = false;
	take->is_over = queue_is_over(queue);
	take->fault = schedule->fault;
	take->due_ns = queue_watch(queue, take->waiter);
	wait_no_more(take->waiter);
	struct fp_waiter *help = find_help(queue, take);
	take->waiter->n_strangers = take->n_strangers;
	if (take->n < take->max && !take->is_over)
		wait_for_more(queue, take->waiter);
	fp_mutex_unlock(&queue->lock);
	take->refused = refused.first;
	call(help);
	if (take->is_over)
		call_all(queue);
}

struct fp_ticket *
fp_queue_end(struct fp_queue *queue, struct fp_ticket *list, int64_t now_ns,
	bool *has_news)
{
	struct fp_ticket *finished = NULL, **last = &finished;

	fp_mutex_lock(&queue->lock);
	while (list) {
		struct fp_ticket *ticket = list;
		list = ticket->next;
		ticket->next = NULL;
		if (queue->cancelled && ticket->again.how != FP_AGAIN_NO) {
			/* One that has no attempt left has failed. */
			if (ticket->again.how != FP_AGAIN_SPENT)
				fp_ticket_drop(ticket);
			ticket->again.how = FP_AGAIN_NO;
		}
		if (fp_schedule_end(&queue->schedule, ticket, now_ns))
			continue;
		*last = ticket;
		last = &ticket->next;
	}
	*has_news = queue->schedule.news != NULL;
	fp_mutex_unlock(&queue->lock);
	return finished;
}

void
fp_queue_fire(struct fp_queue *queue, struct fp_ticket *list, int64_t now_ns)
{
	fp_mutex_lock(&queue->lock);
	while (list) {
		struct fp_ticket *next = list->next;
		list->next = NULL;
		fp_schedule_fire(&queue->schedule, list, now_ns);
		list = next;
	}
	fp_mutex_unlock(&queue->lock);
}

bool
fp_queue_pass(struct fp_queue *queue, struct fp_ticket *ticket, int64_t now_ns)
{
	fp_mutex_lock(&queue->lock);
	bool may = fp_schedule_pass(&queue->schedule, ticket, now_ns);
	fp_mutex_unlock(&queue->lock);
	return may;
}

void
fp_queue_give_back(struct fp_queue *queue, struct fp_ticket *ticket)
{
	fp_mutex_lock(&queue->lock);
	fp_schedule_give_back(&queue->schedule, ticket);
	struct fp_waiter *waiter = pop_needed(queue);
	fp_mutex_unlock(&queue->lock);
	call(waiter);
}

void
fp_queue_came(struct fp_queue *queue)
{
	fp_mutex_lock(&queue->lock);
	fp_starts_came(&queue->schedule.starts);
	struct fp_waiter *waiter = pop_needed(queue);
	if (!waiter)
		waiter = pop_for_strangers(queue);
	fp_mutex_unlock(&queue->lock);
	call(waiter);
}

void
fp_queue_came_hosts(struct fp_queue *queue)
{
	fp_mutex_lock(&queue->lock);
	fp_schedule_came(&queue->schedule);
	struct fp_waiter *waiter = pop_needed(queue);
	fp_mutex_unlock(&queue->lock);
	call(waiter);
}

/* Who finds it held, under the lock, leaves its name before the call that
 * follows gets the lock. */
void
fp_queue_hold(struct fp_queue *queue, bool is_held)
{
	atomic_store(&queue->is_held, is_held);
}

void
fp_queue_call(struct fp_queue *queue)
{
	call_all(queue);
}

void
fp_queue_let_go(struct fp_queue *queue, struct fp_ticket *ticket)
{
	struct fp_waiter *waiter = NULL;

	fp_mutex_lock(&queue->lock);
	if (fp_schedule_let_go(&queue->schedule, ticket))
		waiter = pop_waiter(queue);
	fp_mutex_unlock(&queue->lock);
	call(waiter);
}

void
fp_queue_ease(struct fp_queue *queue)
{
	struct fp_waiter *waiter = NULL;

	fp_mutex_lock(&queue->lock);
	if (queue->schedule.is_tight) {
		queue->schedule.is_tight = false;
		waiter = pop_waiter(queue);
	}
	fp_mutex_unlock(&queue->lock);
	call(waiter);
}

void
fp_queue_known(struct fp_queue *queue, struct fp_ticket *ticket)
{
	fp_mutex_lock(&queue->lock);
	fp_schedule_known(&queue->schedule, ticket);
	struct fp_waiter *waiter = pop_needed(queue);
	fp_mutex_unlock(&queue->lock);
	call(waiter);
}

bool
fp_queue_news(struct fp_queue *queue, struct fp_notice *notice,
	char origin[FP_ORIGIN_MAX], int64_t now_ns)
{
	fp_mutex_lock(&queue->lock);
	bool has_news =
		fp_schedule_news(&queue->schedule, notice, origin, now_ns);
	fp_mutex_unlock(&queue->lock);
	return has_news;
}

void
fp_queue_look(struct fp_queue *queue, struct fp_look *look, int64_t now_ns)
{
	fp_mutex_lock(&queue->lock);
	fp_holdup_look(&queue->schedule, look, now_ns);
	fp_mutex_unlock(&queue->lock);
	if (queue_is_held(queue)) {
		look->n_held[FP_HELD_TOKEN] = look->n_held[FP_HELD_SLOT];
		look->n_held[FP_HELD_SLOT] = 0;
	}
}

/* ---- the end ---- */

void
fp_queue_close(struct fp_queue *queue)
{
	fp_mutex_lock(&queue->lock);
	queue->closed = true;
	fp_mutex_unlock(&queue->lock);
	call_all(queue);
}

struct fp_ticket *
fp_queue_cancel(struct fp_queue *queue, int64_t now_ns)
{
	fp_mutex_lock(&queue->lock);
	queue->closed = true;
	queue->cancelled = true;
	struct fp_ticket *list = fp_schedule_clear(&queue->schedule, now_ns);
	fp_mutex_unlock(&queue->lock);
	call_all(queue);
	return list;
}

size_t
fp_queue_len(struct fp_queue *queue)
{
	fp_mutex_lock(&queue->lock);
	size_t len = queue->schedule.n_items;
	fp_mutex_unlock(&queue->lock);
	return len;
}
