/* SPDX-License-Identifier: MIT */
/*
 * A worker goes round and round:
 *
 *	drive	let libcurl move whatever can be moved, count the requests that
 *		went out on the wire, end the transfers that libcurl is done
 *		with
 *	check	end the stalled, begin the delayed, obey a cancel
 *	hand	what has ended to the queue, which says what goes on, and
 *		the rest of it to the window
 *	fill	take as many items as there are idle slots, and begin them
 *
 * and then waits for the network, for the next due time, or to be woken; but
 * not when there is more to be done at once. Nothing is
 * ever queued inside libcurl: a handle is added only when it can start, since
 * libcurl's timeouts count from then on.
 *
 * A request is counted after it went out and not when libcurl asks to send it,
 * so that no pause of this thread can make it look earlier than it was.
 *
 * Names are looked up by a thread each in older libcurl, and each transfer
 * asks for itself until the multi handle's cache has the first answer. So only
 * a few transfers at a time may be without an address. Names that nobody has
 * resolved yet get a part of these places and of the slots only, so that those
 * that never are leave some to the others.
 */
#include "base.h"

#include "worker.h"

#include "clock.h"
#include "drive.h"
#include "random.h"
#include "slot.h"
#include "span.h"
#include "timing.h"

#include <errno.h>
#include <string.h>

/* So often it starts anew without waiting: then others are looked at. */
#define ROUNDS_MAX 4

/* Of the names that may be looked up at once, those that are new. */
#define STRANGE_PART(names) FP_MAX(3 * (names) / 4, 1)

/* How soon what waits for memory is looked at again. */
#define LOOK_AGAIN_NS (10 * FP_NS_PER_MS)

/* How long a look-up may go on that nobody waits for, and how often to see
 * whether there are fewer of them. */
#define LOOKUP_NS (60 * FP_NS_PER_S)
#define CROWDED_NS (100 * FP_NS_PER_MS)

/* How long a look-up may take before a thread for it is in doubt. */
#define THREADLESS_NS (200 * FP_NS_PER_MS)

static void
wake(void *arg)
{
	fp_worker_wake(arg);
}

int
fp_worker_init(struct fp_worker *worker, const struct fp_worker_place *place,
	struct fp_share share)
{
	struct fp_setup *setup = place->setup;

	FP_ASSERT(share.slots > 0 && share.slots <= FP_WORKER_SLOTS_MAX);
	FP_ASSERT(share.connections >= share.slots && share.resolving_max > 0);
	memset(worker, 0, sizeof(*worker));
	worker->setup = setup;
	worker->queue = place->queue;
	worker->window = place->window;
	worker->cancel = place->cancel;
	worker->number = place->number;
	worker->awake_ns = place->awake_ns;
	worker->context.setup = setup;
	worker->context.queue = place->queue;
	worker->context.poller = place->poller;
	worker->context.sessions = place->sessions;
	worker->context.greetings = place->greetings;
	worker->context.number = place->number;
	if (setup->options.keep_order) {
		share.slots++; /* see room_for_items() */
		share.connections++;
	}
	worker->share = share;
	worker->waiter = (struct fp_waiter){.wake = wake, .arg = worker};
	worker->last_ended = &worker->ended;
	worker->unused_due_ns = worker->late_due_ns = INT64_MAX;
	worker->transfers = calloc(share.slots, sizeof(worker->transfers[0]));
	if (!worker->transfers || fp_drive_init(worker) ||
		fp_sockets_init(
			&worker->context.sockets, 2 * share.connections)) {
		fp_worker_destroy(worker);
		errno = ENOMEM;
		return -1;
	}
	for (unsigned i = share.slots; i-- > 0;) {
		struct fp_transfer *transfer = &worker->transfers[i];
		fp_transfer_init(transfer, &worker->context);
		transfer->slot = share.first_slot + i;
		transfer->next = worker->idle;
		worker->idle = transfer;
	}
	return 0;
}

void
fp_worker_destroy(struct fp_worker *worker)
{
	for (unsigned i = 0; worker->transfers && i < worker->share.slots; i++)
		fp_transfer_destroy(&worker->transfers[i]);
	/* Connections that end now may still have something to say to them. */
	curl_multi_cleanup(worker->multi);
	worker->multi = NULL;
	free(worker->transfers);
	worker->transfers = NULL;
	fp_sockets_destroy(&worker->context.sockets);
	fp_context_clear(&worker->context);
}

void
fp_worker_wake(struct fp_worker *worker)
{
	atomic_store(&worker->is_called, true);
	fp_poller_wake(worker->context.poller);
}

unsigned
fp_worker_n_active(struct fp_worker *worker)
{
	return atomic_load_explicit(
		&worker->n_active_shown, memory_order_relaxed);
}

static void
show_active(struct fp_worker *worker)
{
	atomic_store_explicit(&worker->n_active_shown, worker->n_active,
		memory_order_relaxed);
}

/* ---- one round ---- */

/* Whether so many look-ups go on that nobody waits for that no new name may be
 * added to them. */
static bool
is_crowded(const struct fp_worker *worker)
{
	const struct fp_context *context = &worker->context;

	return FP_UNLIKELY(context->left_ns > 0) &&
	       context->now_ns - context->left_ns < LOOKUP_NS &&
	       fp_share_threads_running() >=
		       worker->share.threads_max *
			       worker->setup->lookup_threads;
}

/* How many names this worker may look up now, and how many new ones of them. */
static unsigned
room_for_names(const struct fp_worker *worker, unsigned *n_strangers)
{
	unsigned most = worker->share.resolving_max;
	unsigned strange = STRANGE_PART(FP_MIN(most, worker->share.slots));
	unsigned names = most - FP_MIN(most, worker->context.n_resolving);

	*n_strangers = strange - FP_MIN(strange, worker->context.n_strange);
	return names;
}

/* How many items this worker may start. While transfers of it wait for memory,
 * it is only the one that they wait for, if there is an order: that has a slot
 * of its own, since they may have all others. */
static unsigned
room_for_items(const struct fp_worker *worker, bool *hurries)
{
	unsigned slots = worker->share.slots;

	*hurries =
		worker->setup->options.keep_order && worker->context.has_paused;
	if (worker->setup->options.keep_order && !*hurries)
		slots--;
	return slots - FP_MIN(slots, worker->n_active);
}

/* Begins items; false: none. */
static bool
worker_fill(struct fp_worker *worker)
{
	struct fp_context *context = &worker->context;
	struct fp_take take = {
		.waiter = &worker->waiter,
		.now_ns = context->now_ns,
	};
	unsigned room = room_for_items(worker, &take.hurries);
	unsigned names = room_for_names(worker, &take.n_strangers);
	bool crowded = is_crowded(worker);

	if (crowded)
		take.n_strangers = 0;
	take.max = FP_MIN(room, names);
	if (take.max == 0 && !context->is_stirred &&
		worker->queue_due_ns > context->now_ns)
		return false;
	context->is_stirred = false;
	fp_queue_take(worker->queue, &take);
	worker->queue_due_ns = take.due_ns;
	if (crowded)
		worker->queue_due_ns =
			FP_MIN(take.due_ns, context->now_ns + CROWDED_NS);
	worker->is_over = take.is_over;
	if (take.n < take.max && !take.is_over)
		fp_window_hunger(worker->window);
	/* Before anyone sees that it has cost an item. */
	if (take.fault)
		fp_setup_fault(worker->setup, "rate file", take.fault);
	if (take.refused)
		fp_window_put(worker->window, take.refused);
	while (take.items) {
		struct fp_ticket *ticket = take.items;
		take.items = ticket->next;
		fp_slot_occupy(worker, ticket);
	}
	worker->n_resolving_seen = context->n_resolving;
	return take.n > 0;
}

void
fp_worker_fire(struct fp_worker *worker)
{
	struct fp_ticket *fired = NULL;

	if (!worker->context.has_fired)
		return;
	worker->context.has_fired = false;
	worker->context.is_stirred = true;
	for (unsigned i = 0; i < worker->share.slots; i++) {
		struct fp_ticket *ticket = worker->transfers[i].ticket;
		if (!ticket || ticket->start != FP_START_FIRED)
			continue;
		ticket->next = fired;
		fired = ticket;
	}
	fp_queue_fire(worker->queue, fired, worker->context.now_ns);
}

/* One that waits for the handshakes of others begins when it may, as far as
 * names may be looked up. */
static void
begin_held(struct fp_worker *worker, struct fp_transfer *transfer, int64_t *due)
{
	unsigned n_strangers;

	if (room_for_names(worker, &n_strangers) == 0)
		return;
	if (fp_slot_is_held(transfer)) {
		*due = FP_MIN(*due, transfer->due_ns);
		return;
	}
	transfer->is_held = transfer->is_delayed = false;
	worker->n_delayed--;
	fp_slot_begin(worker, transfer);
	worker->n_resolving_seen = worker->context.n_resolving;
}

/* By TLS 1.3 a session is there some time after the handshake. */
static void
look_at_greeters(struct fp_worker *worker)
{
	if (FP_LIKELY(worker->context.n_greeting == 0))
		return;
	for (unsigned i = 0; i < worker->share.slots; i++) {
		struct fp_transfer *transfer = &worker->transfers[i];
		if (transfer->is_greeting && transfer->n_on_wire > 0 &&
			fp_tlsask_is_settled(
				&worker->setup->tlsask, transfer->easy))
			fp_slot_greeted(transfer);
	}
}

/* Lets those ask for a start that have waited long enough; lets *due be the
 * next such moment. */
static void
begin_delayed(struct fp_worker *worker, int64_t *due)
{
	unsigned left = worker->n_delayed;

	for (unsigned i = 0; left > 0 && i < worker->share.slots; i++) {
		struct fp_transfer *transfer = &worker->transfers[i];
		if (!transfer->ticket || !transfer->is_delayed)
			continue;
		left--;
		if (transfer->is_held) {
			begin_held(worker, transfer, due);
		} else if (transfer->due_ns <= worker->context.now_ns) {
			worker->n_delayed--;
			transfer->is_delayed = false;
			transfer->ticket->is_rested = true;
			fp_slot_end_unbegun(worker, transfer, FP_AGAIN_SAME);
		} else {
			*due = FP_MIN(*due, transfer->due_ns);
		}
	}
}

/* Looks for transfers that heard nothing for too long, a few times in that
 * span and not in every round. Until they are connected, another limit holds.
 */
static void
end_stalled(struct fp_worker *worker, int64_t *due)
{
	int64_t stall_ns =
		(int64_t)worker->setup->options.stall_time_ms * FP_NS_PER_MS;

	if (stall_ns == 0 || worker->n_active == worker->n_delayed)
		return;
	if (worker->context.now_ns >= worker->next_check_ns) {
		int64_t limit = worker->context.now_ns - stall_ns;
		for (unsigned i = 0; i < worker->share.slots; i++) {
			struct fp_transfer *transfer = &worker->transfers[i];
			if (transfer->ticket && !transfer->is_delayed &&
				!transfer->is_paused &&
				transfer->n_on_wire > 0 &&
				transfer->heard_ns <= limit)
				fp_slot_abandon(
					worker, transfer, FP_STOP_STALLED);
		}
		worker->next_check_ns =
			worker->context.now_ns + stall_ns / 16 + 1;
	}
	*due = FP_MIN(*due, worker->next_check_ns);
}

/* A libcurl with threads for look-ups tries to start one until it succeeds, and
 * does not say so. So when a look-up takes long, it is seen whether there could
 * be one. */
static void
end_threadless(struct fp_worker *worker, int64_t *due)
{
	struct fp_context *context = &worker->context;
	int64_t now_ns = context->now_ns, next_ns = INT64_MAX;

	if (worker->setup->lookup_threads == 1 || context->n_resolving == 0)
		return;
	for (unsigned i = 0; i < worker->share.slots; i++) {
		const struct fp_transfer *transfer = &worker->transfers[i];
		if (transfer->ticket && transfer->is_resolving)
			next_ns = FP_MIN(
				next_ns, transfer->tried_ns + THREADLESS_NS);
	}
	next_ns = FP_MAX(next_ns, worker->next_thread_ns);
	*due = FP_MIN(
		*due, next_ns > now_ns ? next_ns : now_ns + THREADLESS_NS);
	if (next_ns > now_ns)
		return;
	worker->next_thread_ns = now_ns + THREADLESS_NS;
	if (fp_thread_is_to_be_had())
		return;
	for (unsigned i = 0; i < worker->share.slots; i++) {
		struct fp_transfer *transfer = &worker->transfers[i];
		if (transfer->ticket && transfer->is_resolving &&
			transfer->tried_ns + THREADLESS_NS <= now_ns)
			fp_slot_abandon(worker, transfer, FP_STOP_THREAD);
	}
}

/* Follows the redirects whose bodies have not ended soon enough. */
static void
leave_redirects(struct fp_worker *worker, int64_t *due)
{
	if (!worker->context.has_leaving)
		return;
	worker->context.has_leaving = false;
	for (unsigned i = 0; i < worker->share.slots; i++) {
		struct fp_transfer *transfer = &worker->transfers[i];
		if (!transfer->ticket || transfer->is_delayed ||
			!transfer->is_leaving)
			continue;
		if (transfer->leave_ns <= worker->context.now_ns) {
			fp_slot_leave(worker, transfer);
		} else {
			worker->context.has_leaving = true;
			*due = FP_MIN(*due, transfer->leave_ns);
		}
	}
}

/* The pause is no time that the server took: the limit is put off by as much.
 */
static void
worker_resume(struct fp_worker *worker, struct fp_transfer *transfer)
{
	if (FP_UNLIKELY(worker->setup->options.trace))
		fp_span_resumed(transfer);
	transfer->begun_ns += worker->context.now_ns - transfer->paused_ns;
	transfer->is_paused = false;
	transfer->paused_ns = 0;
	transfer->heard_ns = worker->context.now_ns;
	fp_timing_begun(worker, transfer);
	curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
}

/* Lets those go on that waited for memory, as far as there is some. Others give
 * it back at any moment: they are looked at again soon. */
static void
resume_paused(struct fp_worker *worker, int64_t *due)
{
	if (!worker->context.has_paused)
		return;
	worker->context.has_paused = false;
	for (unsigned i = 0; i < worker->share.slots; i++) {
		struct fp_transfer *transfer = &worker->transfers[i];
		if (!transfer->ticket || !transfer->is_paused)
			continue;
		if (transfer->paused_ns == 0)
			transfer->paused_ns = worker->context.now_ns;
		if (fp_transfer_may_go_on(transfer))
			worker_resume(worker, transfer);
		worker->context.has_paused |= transfer->is_paused;
	}
	if (worker->context.has_paused)
		*due = FP_MIN(*due, worker->context.now_ns + LOOK_AGAIN_NS);
}

static void
obey_cancel(struct fp_worker *worker)
{
	int how = atomic_load_explicit(worker->cancel, memory_order_acquire);

	if (how == 0)
		return;
	for (unsigned i = 0; i < worker->share.slots; i++) {
		struct fp_transfer *transfer = &worker->transfers[i];
		struct fp_ticket *ticket = transfer->ticket;
		if (!ticket)
			continue;
		if (transfer->is_delayed) {
			worker->n_delayed--;
			transfer->is_delayed = transfer->is_held = false;
			fp_ticket_drop(ticket);
			fp_slot_end_unbegun(worker, transfer, FP_AGAIN_NO);
		} else if (how == FP_CANCEL_ALL || transfer->n_on_wire == 0) {
			fp_slot_abandon(worker, transfer, FP_STOP_CANCELLED);
		}
	}
}

/* Tells the user what the queue has heard. */
static void
tell_news(struct fp_worker *worker)
{
	const struct fp_options *options = &worker->setup->options;
	char origin[FP_ORIGIN_MAX];
	struct fp_notice notice;

	while (options->tell && fp_queue_news(worker->queue, &notice, origin,
					worker->context.now_ns))
		options->tell(options->tell_arg, &notice);
}

static void
worker_hand_over(struct fp_worker *worker)
{
	bool has_news = false;

	if (!worker->ended)
		return;
	worker->context.is_stirred = true;
	struct fp_ticket *finished = fp_queue_end(worker->queue, worker->ended,
		worker->context.now_ns, &has_news);
	worker->ended = NULL;
	worker->last_ended = &worker->ended;
	if (has_news)
		tell_news(worker);
	if (finished)
		fp_window_put(worker->window, finished);
}

/* Returns whether there is more to be done at once. */
static bool
worker_go_round(struct fp_worker *worker)
{
	struct fp_context *context = &worker->context;

	worker->due_ns = INT64_MAX;
	fp_drive_run(worker);
	if (FP_UNLIKELY(fp_timing_has_jumped(worker)))
		fp_timing_skip(
			worker, *worker->awake_ns, worker->context.now_ns);
	look_at_greeters(worker);
	begin_delayed(worker, &worker->due_ns);
	resume_paused(worker, &worker->due_ns);
	leave_redirects(worker, &worker->due_ns);
	fp_timing_end_late(worker, &worker->due_ns);
	fp_timing_return_unused(worker, &worker->due_ns);
	end_stalled(worker, &worker->due_ns);
	end_threadless(worker, &worker->due_ns);
	obey_cancel(worker);
	show_active(worker);
	worker_hand_over(worker);

	/* Names became known that others may have waited for. */
	context->is_stirred |= context->n_resolving < worker->n_resolving_seen;
	bool has_begun = worker_fill(worker);
	return has_begun || worker->ended || context->is_stirred ||
	       fp_drive_is_due(worker);
}

void
fp_worker_round(struct fp_worker *worker)
{
	bool has_more = true;

	for (int i = 0; has_more && i < ROUNDS_MAX; i++)
		has_more = worker_go_round(worker);
	if (has_more)
		worker->due_ns = worker->context.now_ns;
	else
		worker->due_ns = FP_MIN(worker->due_ns,
			FP_MIN(worker->queue_due_ns,
				FP_MIN(worker->timer_ns, worker->look_ns)));
	worker->is_done = !has_more && worker->is_over && worker->n_active == 0;
	if (worker->is_done)
		worker->due_ns = INT64_MAX;
}
