/* SPDX-License-Identifier: MIT */
/*
 * A worker goes round and round:
 *
 *	fill	take as many items as there are idle slots, and begin them
 *	run	let libcurl move whatever can be moved
 *	reap	end the transfers that libcurl is done with
 *	check	end the stalled, begin the delayed, obey a cancel
 *	put	hand over what is finished, all of it under one lock
 *	wait	for the network, for the next due time, or to be woken
 *
 * and does not wait when a round made room that the queue may fill. Nothing is
 * ever queued inside libcurl: a handle is added only when it can start, since
 * libcurl's timeouts count from then on.
 *
 * Names are looked up by a thread each in older libcurl, and each transfer
 * asks for itself until the first answer is in the multi handle's cache. So
 * only a few transfers at a time may be without an address: the first to a
 * host goes ahead, and the others find its answer.
 */
#include "base.h"

#include "worker.h"

#include "clock.h"
#include "random.h"

#include <errno.h>
#include <string.h>

#define STACK_BYTES ((size_t)1 << 20)

/* The longest sleep: nothing depends on it. */
#define IDLE_MS 60000

static void
wake(void *arg)
{
	fp_worker_wake(arg);
}

static CURLM *
make_multi(const struct fp_worker *worker)
{
	CURLM *multi = curl_multi_init();
	long most = (long)worker->share.connections;

	/* Without descriptors for it libcurl makes one that cannot be woken. */
	if (multi && (curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, most) ||
			     curl_multi_setopt(multi,
				     CURLMOPT_MAX_TOTAL_CONNECTIONS, most) ||
			     curl_multi_wakeup(multi))) {
		curl_multi_cleanup(multi);
		multi = NULL;
	}
	return multi;
}

int
fp_worker_init(struct fp_worker *worker, struct fp_setup *setup,
	struct fp_queue *queue, struct fp_window *window, atomic_int *cancel,
	struct fp_share share)
{
	FP_ASSERT(share.slots > 0 && share.slots <= FP_WORKER_SLOTS_MAX);
	FP_ASSERT(share.connections >= share.slots && share.resolving_max > 0);
	memset(worker, 0, sizeof(*worker));
	worker->setup = setup;
	worker->queue = queue;
	worker->window = window;
	worker->cancel = cancel;
	worker->share = share;
	worker->waiter = (struct fp_waiter){.wake = wake, .arg = worker};
	worker->last_finished = &worker->finished;
	worker->random =
		fp_random_seed((uint64_t)fp_clock_now_ns() ^ (uintptr_t)worker);
	worker->multi = make_multi(worker);
	worker->transfers = calloc(share.slots, sizeof(worker->transfers[0]));
	worker->context.setup = setup;
	if (!worker->multi || !worker->transfers ||
		fp_sockets_init(
			&worker->context.sockets, 2 * share.connections)) {
		fp_worker_destroy(worker);
		errno = ENOMEM;
		return -1;
	}
	for (unsigned i = share.slots; i-- > 0;) {
		struct fp_transfer *transfer = &worker->transfers[i];
		fp_transfer_init(transfer, &worker->context);
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
	free(worker->transfers);
	worker->transfers = NULL;
	curl_multi_cleanup(worker->multi);
	worker->multi = NULL;
	fp_sockets_destroy(&worker->context.sockets);
}

void
fp_worker_wake(struct fp_worker *worker)
{
	curl_multi_wakeup(worker->multi);
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

/* ---- slots ---- */

/* The transfer has let go of its ticket: the item is finished. */
static void
finish(struct fp_worker *worker, struct fp_transfer *transfer,
	struct fp_ticket *ticket)
{
	FP_ASSERT(!transfer->ticket);
	*worker->last_finished = ticket;
	worker->last_finished = &ticket->next;
	ticket->next = NULL;
	transfer->next = worker->idle;
	worker->idle = transfer;
	worker->n_active--;
}

/* Ends an item whose transfer has not begun. */
static void
finish_unbegun(struct fp_worker *worker, struct fp_transfer *transfer,
	struct fp_ticket *ticket)
{
	transfer->ticket = NULL;
	ticket->result.fetch_time_ns =
		worker->context.now_ns - ticket->started_ns;
	finish(worker, transfer, ticket);
}

/* Gives the transfer to libcurl. */
static void
add(struct fp_worker *worker, struct fp_transfer *transfer)
{
	if (curl_multi_add_handle(worker->multi, transfer->easy) != CURLM_OK)
		finish(worker, transfer,
			fp_transfer_end(transfer, CURLE_FAILED_INIT));
}

/* Gives it to libcurl, or ends its item at once. */
static void
begin(struct fp_worker *worker, struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;

	transfer->is_delayed = false;
	if (!fp_transfer_begin(transfer)) {
		finish_unbegun(worker, transfer, ticket);
		return;
	}
	add(worker, transfer);
}

/* Takes the transfer away from libcurl in the middle, for a reason of ours;
 * its connection is closed. */
static void
abandon(struct fp_worker *worker, struct fp_transfer *transfer,
	enum fp_stop why)
{
	transfer->stop = why;
	curl_multi_remove_handle(worker->multi, transfer->easy);
	finish(worker, transfer,
		fp_transfer_end(transfer, CURLE_ABORTED_BY_CALLBACK));
}

static int64_t
draw_delay_ns(struct fp_worker *worker)
{
	const struct fp_options *options = &worker->setup->options;
	uint64_t low = options->delay_min_ms * (uint64_t)FP_NS_PER_MS;
	uint64_t high = options->delay_max_ms * (uint64_t)FP_NS_PER_MS;

	return (int64_t)(low + fp_random_evenly(&worker->random, high - low));
}

/* Gives an item its slot. With --delay it has the slot, but waits in it. */
static void
occupy(struct fp_worker *worker, struct fp_ticket *ticket)
{
	struct fp_transfer *transfer = worker->idle;

	worker->idle = transfer->next;
	transfer->ticket = ticket;
	worker->n_active++;
	ticket->started_ns = worker->context.now_ns;
	ticket->result.started_wall_ns = fp_clock_wall_ns();
	if (worker->setup->options.delay_max_ms == 0) {
		begin(worker, transfer);
		return;
	}
	transfer->is_delayed = true;
	transfer->due_ns = worker->context.now_ns + draw_delay_ns(worker);
	worker->n_delayed++;
}

/* ---- one round ---- */

/* Returns whether more could be begun if only names were known sooner. */
static bool
fill(struct fp_worker *worker)
{
	unsigned room = worker->share.slots - worker->n_active;
	unsigned names = worker->share.resolving_max;
	bool is_short = false;
	size_t n = 0;

	names -= FP_MIN(names, worker->context.n_resolving);
	if (names < room) {
		room = names;
		is_short = true;
	}
	if (room == 0 || worker->is_over)
		return is_short;
	struct fp_ticket *list = fp_queue_take(
		worker->queue, room, &worker->waiter, &n, &worker->is_over);
	while (list) {
		struct fp_ticket *ticket = list;
		list = ticket->next;
		occupy(worker, ticket);
	}
	return is_short && n == room;
}

/* Ends everything; libcurl's state is not to be trusted any more. */
static void
give_up_multi(struct fp_worker *worker)
{
	for (unsigned i = 0; i < worker->share.slots; i++) {
		struct fp_transfer *transfer = &worker->transfers[i];
		if (!transfer->ticket || transfer->is_delayed)
			continue;
		curl_multi_remove_handle(worker->multi, transfer->easy);
		finish(worker, transfer,
			fp_transfer_end(transfer, CURLE_FAILED_INIT));
	}
}

static void
reap(struct fp_worker *worker)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(worker->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;
		char *transfer = NULL;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
		curl_multi_remove_handle(worker->multi, easy);
		struct fp_transfer *done =
			(struct fp_transfer *)(void *)transfer;
		if (fp_transfer_again(done, code))
			add(worker, done);
		else
			finish(worker, done, fp_transfer_end(done, code));
	}
}

/* Begins what has waited long enough; lets *due be the next such moment. */
static void
begin_delayed(struct fp_worker *worker, int64_t *due)
{
	unsigned left = worker->n_delayed;

	for (unsigned i = 0; left > 0 && i < worker->share.slots; i++) {
		struct fp_transfer *transfer = &worker->transfers[i];
		if (!transfer->ticket || !transfer->is_delayed)
			continue;
		left--;
		if (transfer->due_ns <= worker->context.now_ns) {
			worker->n_delayed--;
			begin(worker, transfer);
		} else {
			*due = FP_MIN(*due, transfer->due_ns);
		}
	}
}

/* Looks for transfers that heard nothing for too long, a few times in that
 * span and not in every round. */
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
				transfer->heard_ns <= limit)
				abandon(worker, transfer, FP_STOP_STALLED);
		}
		worker->next_check_ns =
			worker->context.now_ns + stall_ns / 16 + 1;
	}
	*due = FP_MIN(*due, worker->next_check_ns);
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
			transfer->is_delayed = false;
			fp_transfer_drop(ticket);
			finish_unbegun(worker, transfer, ticket);
		} else if (how == FP_CANCEL_ALL || transfer->n_on_wire == 0) {
			abandon(worker, transfer, FP_STOP_CANCELLED);
		}
	}
}

static void
put_finished(struct fp_worker *worker)
{
	if (!worker->finished)
		return;
	fp_window_put(worker->window, worker->finished);
	worker->finished = NULL;
	worker->last_finished = &worker->finished;
}

static void
wait_for_work(struct fp_worker *worker, int64_t due)
{
	int64_t ms = IDLE_MS;

	/* Rounded up: to wake too early is to go round for nothing. */
	if (due - worker->context.now_ns < ms * FP_NS_PER_MS)
		ms = (due - worker->context.now_ns + FP_NS_PER_MS - 1) /
		     FP_NS_PER_MS;
	curl_multi_poll(worker->multi, NULL, 0, (int)FP_MAX(ms, 0), NULL);
	worker->context.now_ns = fp_clock_now_ns();
}

static void
work(void *arg)
{
	struct fp_worker *worker = arg;
	int running;

	worker->context.now_ns = fp_clock_now_ns();
	for (;;) {
		int64_t due = INT64_MAX;
		bool is_short = fill(worker);
		unsigned n_resolving = worker->context.n_resolving;

		if (curl_multi_perform(worker->multi, &running) != CURLM_OK)
			give_up_multi(worker);
		worker->context.now_ns = fp_clock_now_ns();
		reap(worker);
		begin_delayed(worker, &due);
		end_stalled(worker, &due);
		obey_cancel(worker);

		/* Room was made, or names became known: the queue may have
		 * more, and we may not be on its list of waiters. */
		bool has_room =
			worker->finished ||
			(is_short && worker->context.n_resolving < n_resolving);
		show_active(worker);
		put_finished(worker);
		if (worker->is_over && worker->n_active == 0)
			return;
		if (!has_room || worker->is_over)
			wait_for_work(worker, due);
	}
}

int
fp_worker_start(struct fp_worker *worker)
{
	return fp_thread_start(&worker->thread, STACK_BYTES, work, worker);
}
