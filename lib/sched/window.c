/* SPDX-License-Identifier: MIT */
/*
 * Why tickets, and not just a bounded queue: a queue bounds what waits to be
 * started, but not what is finished and waits to be written, behind one slow
 * item (in order) or behind a slow reader of our output. Here both count, and
 * the only one that ever blocks for room is the submitter, so a transfer never
 * waits for the consumer, and the consumer always makes progress: whoever
 * holds the oldest ticket needs no other to finish.
 *
 * A waiting thread is signalled only if it waits, once for as long as it does,
 * and when the lock is free again: it would only be woken to wait for that. So
 * in the busy state a hand-over costs an uncontended lock and no system call.
 *
 * A taker that waits is not woken for each place that becomes free, which would
 * be a wake-up for every few items where the network is what all wait for. It
 * is woken when a quarter of all are free; but for any, when that may never be:
 * when a loop could do more than it has to do, since all others may wait for
 * something, and when the consumer has all there are and asks for more.
 *
 * A consumer that is to be summoned counts as one that waits, from the start.
 * Who would wake it summons it instead, if there is anything for it; else it
 * goes on waiting, as one that was woken for nothing would. If loops release
 * every result, a short run never has a thread for it.
 *
 * Where loops hand in items themselves they never have too little for want of a
 * line that was not read, so what is read ahead only gets cold, and takes
 * memory. Then `enough` places are all there are, until a loop finds too little
 * to do though as many are taken: their items wait for other attempts, for
 * their host, or to be written. Then a few more places count each time, up to
 * all of them, until fewer than enough are taken: mostly it is a moment's want,
 * and what was made for it stays.
 */
#include "base.h"

#include "window.h"

#include <errno.h>
#include <string.h>

/* What may be put quietly before the consumer is woken; and half of all. */
#define QUIET_MAX 128

/* So many places more count when a loop found too little; or an eighth of what
 * was to be enough. */
#define WIDEN_MIN 32

int
fp_window_init(struct fp_window *window, size_t capacity, bool in_order)
{
	FP_ASSERT(capacity > 0);
	*window = (struct fp_window){
		.capacity = capacity,
		.enough = capacity,
		.room = capacity,
		.in_order = in_order,
	};
	window->last = &window->first;
	if (in_order) {
		window->ring = calloc(capacity, sizeof(window->ring[0]));
		window->tails = calloc(capacity, sizeof(window->tails[0]));
		if (!window->ring || !window->tails) {
			free(window->ring);
			free(window->tails);
			return -1;
		}
	}
	fp_mutex_init(&window->lock);
	fp_cond_init(&window->has_room);
	fp_cond_init(&window->ready);
	window->is_summoned = true;
	return 0;
}

void
fp_window_summon_by(struct fp_window *window, fp_summon *summon, void *arg)
{
	window->summon = summon;
	window->summon_arg = arg;
	window->is_summoned = false;
	window->consumer_waits = true;
}

void
fp_window_dismiss(struct fp_window *window)
{
	fp_mutex_lock(&window->lock);
	window->is_summoned = true;
	fp_mutex_unlock(&window->lock);
}

void
fp_window_destroy(struct fp_window *window)
{
	while (window->all) {
		struct fp_ticket *ticket = window->all;
		window->all = ticket->older;
		fp_ticket_free(ticket);
	}
	free(window->ring);
	free(window->tails);
	fp_cond_destroy(&window->ready);
	fp_cond_destroy(&window->has_room);
	fp_mutex_destroy(&window->lock);
}

/* Takes a ticket from home, or makes one: only as many are ever made as were
 * out at once. NULL: no memory. */
static struct fp_ticket *
fetch_ticket(struct fp_window *window)
{
	struct fp_ticket *ticket = window->home;

	if (ticket) {
		window->home = ticket->next;
	} else {
		ticket = calloc(1, sizeof(*ticket));
		if (!ticket)
			return NULL;
		fp_ticket_clear(ticket);
		ticket->older = window->all;
		window->all = ticket;
	}
	ticket->next = NULL;
	fp_ticket_move(ticket, FP_STAGE_TAKEN);
	return ticket;
}

/* The place of a turn in the ring. No two live ones share one: what is out is
 * at most `capacity` in a row, as the consumer takes them in order. */
static struct fp_ticket **
window_place(struct fp_window *window, uint64_t turn)
{
	return &window->ring[turn % window->capacity];
}

static bool
has_next(struct fp_window *window)
{
	if (window->in_order)
		return *window_place(window, window->n_next + 1) != NULL;
	return window->first != NULL;
}

/* Whether the taker is to be woken: it waits, and there is room, of at least
 * so many places. It is told only once. */
static bool
calls_taker(struct fp_window *window, size_t least)
{
	size_t n_free = window->room - FP_MIN(window->n_out, window->room);

	if (!window->taker_waits || n_free == 0 || n_free < least)
		return false;
	window->taker_waits = false;
	return true;
}

static bool
calls_consumer(struct fp_window *window)
{
	bool calls = window->consumer_waits;

	window->consumer_waits = false;
	window->n_quiet = 0;
	return calls;
}

static bool
at_end(const struct fp_window *window)
{
	return (window->closed || window->cancelled) &&
	       window->n_next == window->n_taken;
}

/* Frees the lock, and summons the consumer if there is anything for it. A loop
 * that has results comes here when it is done with them. */
static void
unlock_and_summon(struct fp_window *window)
{
	bool has_more = window->n_left > 0 || has_next(window);
	bool summons = !window->is_drained && (has_more || at_end(window));

	window->is_summoned = summons;
	window->consumer_waits = !summons;
	fp_mutex_unlock(&window->lock);
	if (summons)
		window->summon(window->summon_arg, !has_more);
}

/* Frees the lock, and then wakes those who were found to wait. */
static void
unlock_and_call(struct fp_window *window, bool taker, bool consumer)
{
	bool summons = consumer && !window->is_summoned;

	if (FP_UNLIKELY(summons))
		unlock_and_summon(window);
	else
		fp_mutex_unlock(&window->lock);
	if (taker)
		fp_cond_signal(&window->has_room);
	if (consumer && !summons)
		fp_cond_signal(&window->ready);
}

/* So many are out now. */
static void
set_out(struct fp_window *window, size_t n_out)
{
	window->n_out = n_out;
	window->n_out_max = FP_MAX(window->n_out_max, n_out);
	if (n_out < window->enough)
		window->room = window->enough;
	atomic_store_explicit(&window->is_full,
		n_out >= window->room && !window->cancelled,
		memory_order_relaxed);
}

/* More is wanted than there is: more places count, if all that do are taken.
 * Whether they do now, and did not. */
static bool
window_widen(struct fp_window *window)
{
	size_t more = FP_MAX(window->enough / 8, WIDEN_MIN);

	if (window->n_out < window->room || window->room == window->capacity)
		return false;
	window->room = FP_MIN(window->room + more, window->capacity);
	set_out(window, window->n_out);
	return true;
}

void
fp_window_be_fed(struct fp_window *window, size_t enough)
{
	window->is_fed = true;
	window->enough = FP_MIN(enough, window->capacity);
	window->room = window->enough;
}

bool
fp_window_hunger(struct fp_window *window)
{
	bool is_fed = window->is_fed;

	if (atomic_load_explicit(&window->is_hungry, memory_order_relaxed) &&
		!fp_window_is_full(window))
		return is_fed;
	fp_mutex_lock(&window->lock);
	atomic_store_explicit(&window->is_hungry, true, memory_order_relaxed);
	bool is_wider = window_widen(window);
	bool has_room = is_fed && window->n_out < window->room;
	bool taker = (is_wider || !is_fed) && calls_taker(window, 1);
	unlock_and_call(window, taker, false);
	return has_room;
}

bool
fp_window_sate(struct fp_window *window)
{
	return atomic_load_explicit(&window->is_hungry, memory_order_relaxed) &&
	       atomic_exchange_explicit(
		       &window->is_hungry, false, memory_order_relaxed);
}

bool
fp_window_is_full(struct fp_window *window)
{
	return atomic_load_explicit(&window->is_full, memory_order_relaxed);
}

/* The taker sleeps; before it does, nobody else may have to. */
static void
window_wait_for_room(struct fp_window *window)
{
	if (window->n_quiet > 0 && has_next(window) && calls_consumer(window)) {
		unlock_and_call(window, false, true);
		fp_mutex_lock(&window->lock);
		if (window->n_out < window->capacity || window->cancelled)
			return;
	}
	window->taker_waits = true;
	fp_cond_wait(&window->has_room, &window->lock);
	window->taker_waits = false;
	atomic_store_explicit(&window->is_hungry, false, memory_order_relaxed);
}

void
fp_window_await_room(struct fp_window *window)
{
	fp_mutex_lock(&window->lock);
	if (window->n_out >= window->room && !window->cancelled)
		window_wait_for_room(window);
	fp_mutex_unlock(&window->lock);
}

void
fp_window_call_taker(struct fp_window *window)
{
	fp_mutex_lock(&window->lock);
	window_widen(window);
	unlock_and_call(window, calls_taker(window, 1), false);
}

struct fp_ticket *
fp_window_take(struct fp_window *window)
{
	struct fp_ticket *ticket = NULL;

	fp_mutex_lock(&window->lock);
	while (window->n_out == window->capacity && !window->cancelled)
		window_wait_for_room(window);
	if (window->cancelled) {
		errno = ECANCELED;
	} else {
		ticket = fetch_ticket(window);
		if (ticket) {
			ticket->turn = ++window->n_taken;
			ticket->result.seq = ticket->turn;
			set_out(window, window->n_out + 1);
		}
	}
	fp_mutex_unlock(&window->lock);
	return ticket;
}

void
fp_window_untake(struct fp_window *window, struct fp_ticket *ticket)
{
	fp_ticket_clear(ticket);
	fp_ticket_move(ticket, FP_STAGE_HOME);
	fp_mutex_lock(&window->lock);
	FP_ASSERT(ticket->turn == window->n_taken);
	window->n_taken--;
	set_out(window, window->n_out - 1);
	ticket->next = window->home;
	window->home = ticket;

	/* A cancel may have come: then this may be the end. */
	unlock_and_call(window, false, calls_consumer(window));
}

/* It was finished, and is no page of an item. */
static void
count_end(struct fp_window *window, enum fp_kind kind)
{
	window->n_ended += kind != FP_KIND_STOPPED;
	window->n_failed += kind != FP_KIND_STOPPED && kind != FP_KIND_OK;
}

static void
finish(struct fp_window *window, struct fp_ticket *ticket)
{
	ticket->next = NULL;
	fp_ticket_move(ticket, FP_STAGE_FINISHED);
	if (FP_LIKELY(!ticket->of))
		count_end(window, ticket->result.kind);
	if (ticket->chain)
		ticket->result.pages = ticket->result.page;
	if (window->in_order) {
		struct fp_ticket **slot = window_place(window, ticket->turn);
		struct fp_ticket **tail =
			&window->tails[ticket->turn % window->capacity];
		FP_ASSERT(!*slot ||
			  ((*tail)->of && (*tail)->turn == ticket->turn));
		if (*slot)
			(*tail)->next = ticket;
		else
			*slot = ticket;
		*tail = ticket;
	} else {
		*window->last = ticket;
		window->last = &ticket->next;
	}
}

/* A clean ticket that is no item's. NULL: no memory. */
static struct fp_ticket *
take_page(struct fp_window *window)
{
	fp_mutex_lock(&window->lock);
	struct fp_ticket *page = fetch_ticket(window);
	fp_mutex_unlock(&window->lock);
	return page;
}

static void
drop_page(struct fp_window *window, struct fp_ticket *page)
{
	fp_ticket_move(page, FP_STAGE_HOME);
	fp_mutex_lock(&window->lock);
	page->next = window->home;
	window->home = page;
	fp_mutex_unlock(&window->lock);
}

void
fp_window_turn(struct fp_window *window, struct fp_ticket *list)
{
	struct fp_ticket *pages = NULL, **last = &pages;

	for (struct fp_ticket *at = list; at; at = at->next) {
		if (!at->chain || !at->chain->turns)
			continue;
		struct fp_ticket *page = take_page(window);
		if (page && fp_ticket_turn(at, page) == 0) {
			atomic_fetch_add(&at->chain->n_waiting, 1);
			*last = page;
			last = &page->next;
			continue;
		}
		if (page)
			drop_page(window, page);
		at->chain->turns = false;
		at->again.how = FP_AGAIN_NO;
		fp_ticket_fail(at, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	}
	if (pages)
		fp_window_leave(window, pages);
}

void
fp_window_put(struct fp_window *window, struct fp_ticket *list)
{
	fp_mutex_lock(&window->lock);
	while (list) {
		struct fp_ticket *ticket = list;
		list = ticket->next;
		finish(window, ticket);
	}
	bool calls = has_next(window) && calls_consumer(window);
	unlock_and_call(window, false, calls);
}

void
fp_window_put_quietly(struct fp_window *window, struct fp_ticket *ticket)
{
	fp_mutex_lock(&window->lock);
	finish(window, ticket);
	size_t most = FP_MIN(QUIET_MAX, (window->capacity + 1) / 2);
	bool is_due = ++window->n_quiet > most || window->cancelled;
	bool calls = is_due && has_next(window) && calls_consumer(window);
	unlock_and_call(window, false, calls);
}

bool
fp_window_put_here(struct fp_window *window, struct fp_ticket *ticket)
{
	fp_mutex_lock(&window->lock);
	finish(window, ticket);
	bool is_due = ++window->n_quiet >= FP_WINDOW_BATCH ||
		      window->n_out >= window->room;
	bool calls =
		window->cancelled && has_next(window) && calls_consumer(window);
	unlock_and_call(window, false, calls);
	return is_due;
}

void
fp_window_leave(struct fp_window *window, struct fp_ticket *list)
{
	fp_mutex_lock(&window->lock);
	while (list) {
		struct fp_ticket *ticket = list;
		list = ticket->next;
		finish(window, ticket);
		window->n_quiet++;
	}
	bool calls =
		window->cancelled && has_next(window) && calls_consumer(window);
	unlock_and_call(window, false, calls);
}

void
fp_window_call(struct fp_window *window)
{
	fp_mutex_lock(&window->lock);
	bool calls = window->n_quiet > 0 && has_next(window) &&
		     calls_consumer(window);
	unlock_and_call(window, false, calls);
}

/* Takes the next finished ticket out of the ring or the list. */
static struct fp_ticket *
lend(struct fp_window *window)
{
	struct fp_ticket *ticket;

	if (window->in_order) {
		struct fp_ticket **slot =
			window_place(window, window->n_next + 1);
		ticket = *slot;
		*slot = ticket->next;
	} else {
		ticket = window->first;
		window->first = ticket->next;
		if (!window->first)
			window->last = &window->first;
	}
	ticket->next = NULL;
	fp_ticket_move(ticket, FP_STAGE_LENT);
	if (FP_UNLIKELY(ticket->of))
		return ticket;
	window->n_next++;
	window->n_lent++;
	return ticket;
}

static size_t
lend_next(
	struct fp_window *window, const struct fp_result **results, size_t max)
{
	size_t n = 0;

	while (n < max && has_next(window))
		results[n++] = &lend(window)->result;
	return n;
}

static size_t
lend_left(
	struct fp_window *window, const struct fp_result **results, size_t max)
{
	size_t n = FP_MIN(window->n_left, max);

	memcpy(results, window->left, n * sizeof(results[0]));
	window->n_left -= n;
	memmove(window->left, window->left + n,
		window->n_left * sizeof(results[0]));
	return n;
}

size_t
fp_window_next(
	struct fp_window *window, const struct fp_result **results, size_t max)
{
	size_t n = 0;

	fp_mutex_lock(&window->lock);
	while (window->is_drained ||
		(window->n_left == 0 && !has_next(window) && !at_end(window))) {
		if (window->n_lent == window->n_out)
			window_widen(window);
		if (window->n_lent == window->n_out && calls_taker(window, 1))
			fp_cond_signal(&window->has_room);
		window->consumer_waits = true;
		fp_cond_wait(&window->ready, &window->lock);
		window->consumer_waits = false;
	}
	if (FP_UNLIKELY(window->n_left > 0))
		n = lend_left(window, results, max);
	else
		n = lend_next(window, results, max);
	window->n_held += n;
	fp_mutex_unlock(&window->lock);
	return n;
}

/* A page, or an item that had pages, is given back. Returns what is home by
 * that: an item is when none of its pages is out any more. */
static struct fp_ticket *
give_page(struct fp_ticket *ticket)
{
	struct fp_ticket *item = ticket->of ? ticket->of : ticket;
	struct fp_chain *chain = item->chain; /* NULL: it is home */
	bool has_pages = chain && atomic_load(&chain->n_waiting) > 0;

	ticket->next = NULL;
	if (item == ticket) {
		chain->is_given = true;
		return has_pages ? NULL : ticket;
	}
	if (chain && chain->is_given && !has_pages) {
		ticket->next = item;
		item->next = NULL;
	}
	return ticket;
}

/* Cleans a ticket, and adds it to those that go home. Returns whether it was an
 * item's. */
static bool
bring_home(struct fp_ticket **list, struct fp_ticket *ticket)
{
	bool is_item = !ticket->of;

	fp_ticket_move(ticket, FP_STAGE_HOME);
	fp_ticket_clear(ticket);
	ticket->next = *list;
	*list = ticket;
	return is_item;
}

/* What is given back. */
struct given {
	struct fp_ticket *list; /* those that are home by that */
	size_t n_items; /* of them, those that have a place in the window */
	size_t n_lent; /* items that were lent, home or not */
};

/* Cleaning may free memory: outside the lock. */
static struct given
clean_all(const struct fp_result **results, size_t n)
{
	struct given given = {NULL, 0, 0};

	for (size_t i = n; i-- > 0;) {
		struct fp_ticket *ticket = (struct fp_ticket *)results[i];
		given.n_lent += !ticket->of;
		if (FP_UNLIKELY(ticket->chain || ticket->of))
			ticket = give_page(ticket);
		else
			ticket->next = NULL;
		while (ticket) {
			struct fp_ticket *next = ticket->next;
			given.n_items += bring_home(&given.list, ticket);
			ticket = next;
		}
	}
	return given;
}

static void
take_home(struct fp_window *window, struct given given)
{
	FP_ASSERT(given.n_items <= window->n_out);
	set_out(window, window->n_out - given.n_items);
	window->n_lent -= given.n_lent;
	while (given.list) {
		struct fp_ticket *next = given.list->next;
		given.list->next = window->home;
		window->home = given.list;
		given.list = next;
	}
}

/* Whether a taker is to be woken, now that there is more room. */
static bool
has_enough_room(struct fp_window *window)
{
	bool is_hungry =
		atomic_load_explicit(&window->is_hungry, memory_order_relaxed);

	/* Who feeds loops as well may sleep for longer. */
	size_t part = window->is_fed ? 2 : 4;
	return calls_taker(window, is_hungry ? 1 : window->room / part);
}

void
fp_window_give(
	struct fp_window *window, const struct fp_result **results, size_t n)
{
	struct given given = clean_all(results, n);

	fp_mutex_lock(&window->lock);
	take_home(window, given);
	window->n_held -= n;
	unlock_and_call(window, has_enough_room(window), false);
}

/* ---- by a loop, in place of the consumer ---- */

size_t
fp_window_drain(struct fp_window *window, const struct fp_result **results)
{
	size_t n = 0;

	fp_mutex_lock(&window->lock);
	if (!window->is_drained && window->n_held == 0 && window->n_left == 0)
		n = lend_next(window, results, FP_WINDOW_BATCH);
	window->is_drained |= n > 0;
	if (n > 0)
		window->n_quiet = 0;
	fp_mutex_unlock(&window->lock);
	return n;
}

/* The consumer may have found that a loop had what it waited for. */
static void
end_drain(struct fp_window *window, bool calls)
{
	bool taker = !window->is_fed && has_enough_room(window);

	window->is_drained = false;
	unlock_and_call(window, taker, calls && calls_consumer(window));
}

void
fp_window_drained(
	struct fp_window *window, const struct fp_result **results, size_t n)
{
	struct given given = clean_all(results, n);

	fp_mutex_lock(&window->lock);
	take_home(window, given);
	end_drain(window, at_end(window));
}

void
fp_window_leave_lent(
	struct fp_window *window, const struct fp_result **results, size_t n)
{
	fp_mutex_lock(&window->lock);
	FP_ASSERT(n <= FP_WINDOW_BATCH && window->n_left == 0);
	memcpy(window->left, results, n * sizeof(results[0]));
	window->n_left = n;
	end_drain(window, true);
}

void
fp_window_look(struct fp_window *window, struct fp_look *look)
{
	fp_mutex_lock(&window->lock);
	look->n_ended = window->n_ended;
	look->n_failed = window->n_failed;
	fp_mutex_unlock(&window->lock);
}

void
fp_window_close(struct fp_window *window)
{
	fp_mutex_lock(&window->lock);
	window->closed = true;
	unlock_and_call(window, false, calls_consumer(window));
}

void
fp_window_cancel(struct fp_window *window)
{
	fp_mutex_lock(&window->lock);
	window->cancelled = true;
	set_out(window, window->n_out);
	bool taker = window->taker_waits;
	window->taker_waits = false;
	unlock_and_call(window, taker, calls_consumer(window));
}
