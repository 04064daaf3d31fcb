/* SPDX-License-Identifier: MIT */
/*
 * To hand an item from thread to thread costs more than to fetch it: its memory
 * is cold wherever it goes, and to wake a thread is dear. So a loop that has
 * everything at hand does it all itself: it has lines that were read become
 * items, fetches them, and has their results written. The threads that read and
 * write are for what may block, and sleep meanwhile. And what is finished as
 * soon as it is handed in, whoever hands it in has written.
 *
 * Who drains, and who feeds, is one at a time: the window says so of the
 * former, and of the latter those who feed among themselves.
 */
#include "base.h"

#include "ferry.h"

/* A page of this item has been written: it may have waited for that. */
static void
release_page(const struct fp_ferry *ferry, struct fp_ticket *item)
{
	atomic_fetch_sub(&item->chain->n_waiting, 1);
	fp_queue_let_go(ferry->queue, item);
}

static void
ferry_release(const struct fp_ferry *ferry, const struct fp_result **results,
	size_t n,
	void (*give)(struct fp_window *, const struct fp_result **, size_t))
{
	struct fp_memory *memory = &ferry->setup->memory;
	const struct fp_ticket *ticket;
	bool eases = false;
	uint64_t turn = 0;

	for (size_t i = 0; i < n; i++) {
		ticket = (const struct fp_ticket *)results[i];
		eases |= ticket->charged > 0;
		if (FP_LIKELY(!ticket->of))
			turn = FP_MAX(turn, ticket->turn);
		else
			release_page(ferry, ticket->of);
	}
	give(ferry->window, results, n);
	if (turn > 0)
		fp_memory_advance(memory, turn);
	if (eases || fp_memory_is_tight(memory))
		fp_queue_ease(ferry->queue);
}

void
fp_ferry_give(const struct fp_ferry *ferry, const struct fp_result **results,
	size_t n)
{
	ferry_release(ferry, results, n, fp_window_give);
}

bool
fp_ferry_feed(const struct fp_ferry *ferry)
{
	const struct fp_options *options = &ferry->setup->options;

	if (!fp_window_hunger(ferry->window))
		return false;
	fp_window_sate(ferry->window);
	if (!options->feed(options->feed_arg, FP_FERRY_ITEMS))
		fp_window_call_taker(ferry->window);
	return true;
}

static void
drain_all(const struct fp_ferry *ferry)
{
	const struct fp_options *options = &ferry->setup->options;
	const struct fp_result *results[FP_WINDOW_BATCH];
	size_t n;

	if (!options->drain) {
		fp_window_call(ferry->window);
		return;
	}
	while ((n = fp_window_drain(ferry->window, results)) > 0) {
		if (!options->drain(options->drain_arg,
			    (const struct fp_result *const *)results, n)) {
			fp_window_leave_lent(ferry->window, results, n);
			return;
		}
		ferry_release(ferry, results, n, fp_window_drained);
	}
}

void
fp_ferry_flush(const struct fp_ferry *ferry)
{
	drain_all(ferry);
}

void
fp_ferry_drain(const struct fp_ferry *ferry)
{
	struct fp_window *window = ferry->window;

	drain_all(ferry);
	while (window->is_fed && !fp_window_is_full(window) &&
		fp_window_sate(window) && fp_ferry_feed(ferry))
		drain_all(ferry);
}
