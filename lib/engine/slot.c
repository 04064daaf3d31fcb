/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "slot.h"

#include "clock.h"
#include "random.h"
#include "span.h"
#include "timing.h"

#include <stdio.h>
#include <string.h>

bool
fp_slot_is_held(struct fp_transfer *transfer)
{
	struct fp_context *context = transfer->context;
	const struct fp_origin *origin = transfer->ticket->origin;

	if (strncmp(origin->name, "https:", 6) != 0 ||
		transfer->setup->resumes_nothing)
		return false;
	transfer->due_ns = fp_greet_ask(context->greetings, origin->hash,
		context->now_ns, &transfer->is_greeting);
	context->n_greeting += transfer->is_greeting;
	transfer->greets = origin->hash;
	return transfer->due_ns > 0;
}

void
fp_slot_greeted(struct fp_transfer *transfer)
{
	if (FP_LIKELY(!transfer->is_greeting))
		return;
	transfer->is_greeting = false;
	transfer->context->n_greeting--;
	fp_greet_end(transfer->context->greetings, transfer->greets);
}

/* The transfer has let go of its ticket: the slot is idle. */
void
fp_slot_end(struct fp_worker *worker, struct fp_transfer *transfer,
	struct fp_ticket *ticket)
{
	FP_ASSERT(!transfer->ticket);
	fp_slot_greeted(transfer);
	if (FP_UNLIKELY(worker->setup->options.trace))
		fp_span_left(transfer, ticket);
	transfer->is_begun = false;
	*worker->last_ended = ticket;
	worker->last_ended = &ticket->next;
	ticket->next = NULL;
	transfer->next = worker->idle;
	worker->idle = transfer;
	worker->n_active--;
}

/* Ends an item whose transfer has not begun: for good, or so that it goes on
 * in another slot. */
void
fp_slot_end_unbegun(struct fp_worker *worker, struct fp_transfer *transfer,
	enum fp_again_how again)
{
	struct fp_ticket *ticket = transfer->ticket;

	transfer->ticket = NULL;
	ticket->again = (struct fp_again){.how = again};
	ticket->report = (struct fp_report){.heard = FP_HEARD_NOTHING};
	ticket->result.fetch_time_ns =
		worker->context.now_ns - ticket->started_ns;
	fp_slot_end(worker, transfer, ticket);
}

/* Gives the transfer to libcurl. */
void
fp_slot_add(struct fp_worker *worker, struct fp_transfer *transfer)
{
	if (curl_multi_add_handle(worker->multi, transfer->easy) != CURLM_OK)
		fp_slot_end(worker, transfer,
			fp_transfer_end(transfer, CURLE_FAILED_INIT));
}

void
fp_slot_go_on(
	struct fp_worker *worker, struct fp_transfer *transfer, CURLcode code)
{
	switch (fp_transfer_next(transfer, code)) {
	case FP_ONWARD_ADD:
		fp_slot_add(worker, transfer);
		break;
	case FP_ONWARD_PARK:
		fp_slot_end(worker, transfer, fp_transfer_park(transfer));
		break;
	case FP_ONWARD_END:
		fp_slot_end(worker, transfer, fp_transfer_end(transfer, code));
		break;
	}
}

void
fp_slot_leave(struct fp_worker *worker, struct fp_transfer *transfer)
{
	transfer->stop = FP_STOP_LEFT;
	curl_multi_remove_handle(worker->multi, transfer->easy);
	if (FP_UNLIKELY(worker->setup->options.trace))
		fp_span_request(transfer);
	fp_slot_go_on(worker, transfer, CURLE_ABORTED_BY_CALLBACK);
}

void
fp_slot_begin(struct fp_worker *worker, struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;

	if (fp_transfer_begin(transfer)) {
		transfer->is_begun = true;
		fp_timing_begun(worker, transfer);
		fp_slot_add(worker, transfer);
		return;
	}
	transfer->ticket = ticket;
	fp_slot_end_unbegun(worker, transfer, FP_AGAIN_NO);
}

/* Takes the transfer away from libcurl in the middle, for a reason of ours;
 * its connection is closed. */
void
fp_slot_abandon(struct fp_worker *worker, struct fp_transfer *transfer,
	enum fp_stop why)
{
	transfer->stop = why;
	curl_multi_remove_handle(worker->multi, transfer->easy);
	if (FP_UNLIKELY(worker->setup->options.trace))
		fp_span_request(transfer);
	fp_slot_end(worker, transfer,
		fp_transfer_end(transfer, CURLE_ABORTED_BY_CALLBACK));
}

void
fp_slot_expire(struct fp_worker *worker, struct fp_transfer *transfer)
{
	int64_t took_ns = worker->context.now_ns - transfer->begun_ns;

	snprintf(transfer->error, sizeof(transfer->error),
		"%s timed out after %lld milliseconds",
		transfer->n_on_wire ? "Operation" : "Connection",
		(long long)(took_ns / FP_NS_PER_MS));
	curl_multi_remove_handle(worker->multi, transfer->easy);
	if (FP_UNLIKELY(worker->setup->options.trace))
		fp_span_request(transfer);
	fp_slot_end(worker, transfer,
		fp_transfer_end(transfer, CURLE_OPERATION_TIMEDOUT));
}

static int64_t
draw_delay_ns(const struct fp_worker *worker, const struct fp_ticket *ticket)
{
	const struct fp_options *options = &worker->setup->options;
	uint64_t low = options->delay_min_ms * (uint64_t)FP_NS_PER_MS;
	uint64_t high = options->delay_max_ms * (uint64_t)FP_NS_PER_MS;
	uint64_t random = fp_random_for(options->seed, ticket->result.seq, 0);

	return (int64_t)(low + fp_random_evenly(&random, high - low));
}

static void
slot_delay(struct fp_worker *worker, struct fp_transfer *transfer)
{
	transfer->is_delayed = true;
	worker->n_delayed++;
}

/* Gives an item its slot. With --delay it has the slot, but waits in it, and
 * then asks whether it may start. And it may have to wait there for a first
 * handshake. */
void
fp_slot_occupy(struct fp_worker *worker, struct fp_ticket *ticket)
{
	struct fp_transfer *transfer = worker->idle;

	worker->idle = transfer->next;
	transfer->ticket = ticket;
	ticket->next = NULL;
	worker->n_active++;
	if (FP_UNLIKELY(worker->setup->options.trace))
		fp_span_occupied(transfer);
	if (ticket->started_ns == 0) {
		ticket->started_ns = worker->context.now_ns;
		ticket->result.started_wall_ns = fp_clock_wall_ns();
	}
	if (worker->setup->options.delay_max_ms > 0 && !ticket->is_rested) {
		transfer->due_ns =
			worker->context.now_ns + draw_delay_ns(worker, ticket);
		slot_delay(worker, transfer);
	} else if (fp_slot_is_held(transfer)) {
		transfer->is_held = true;
		slot_delay(worker, transfer);
	} else {
		fp_slot_begin(worker, transfer);
	}
}
