/* SPDX-License-Identifier: MIT */
/*
 * libcurl counts times from the moment at which it began, which is a little
 * after it was given the transfer: the phases are put at the latter, and cut
 * so that they end within the request.
 */
#include "base.h"

#include "span.h"

#include "chapters.h"

#include "clock.h"

static void
span_tell(const struct fp_transfer *transfer, const struct fp_span *span)
{
	const struct fp_options *options = &transfer->setup->options;

	options->trace(options->trace_arg, span);
}

static struct fp_span
span_make(const struct fp_transfer *transfer, const struct fp_ticket *ticket,
	enum fp_span_what what, int64_t start_ns)
{
	return (struct fp_span){
		.what = what,
		.slot = transfer->slot,
		.seq = ticket->result.seq,
		.attempt = ticket->result.attempts,
		.start_ns = start_ns,
		.end_ns = *transfer->context->now_ns,
		.url = ticket->result.url,
		.ip = "",
	};
}

void
fp_span_submitted(struct fp_ticket *ticket)
{
	ticket->since_ns = fp_clock_now_ns();
	ticket->waits_for = FP_WAIT_SLOT;
}

void
fp_span_occupied(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	struct fp_span span =
		span_make(transfer, ticket, FP_SPAN_WAIT, ticket->since_ns);

	transfer->occupied_ns = *transfer->context->now_ns;
	transfer->is_continued = ticket->has_begun;

	/* The loop reads its clock once a round, perhaps before that. */
	span.start_ns = FP_MIN(span.start_ns, span.end_ns);
	span.slot = 0;
	span.wait = ticket->waits_for;
	span_tell(transfer, &span);
}

static void
find_phases(struct fp_transfer *transfer, struct fp_span *span)
{
	CURL *easy = transfer->handle.easy;
	int64_t sent_ns =
		fp_transfer_time_ns(transfer, CURLINFO_PRETRANSFER_TIME_T);
	int64_t took_ns[FP_PHASE_COUNT] = {
		[FP_PHASE_LOOKUP] = fp_transfer_time_ns(
			transfer, CURLINFO_NAMELOOKUP_TIME_T),
		[FP_PHASE_CONNECT] =
			fp_transfer_time_ns(transfer, CURLINFO_CONNECT_TIME_T),
		[FP_PHASE_TLS] = fp_transfer_time_ns(
			transfer, CURLINFO_APPCONNECT_TIME_T),
		[FP_PHASE_ANSWER] = fp_transfer_time_ns(
			transfer, CURLINFO_STARTTRANSFER_TIME_T),
	};
	enum fp_phase last = FP_PHASE_LOOKUP; /* that was begun */
	long n_connects = 0;

	/* libcurl 8.22.0 and later also have times for what never began. */
	if (transfer->n_on_wire == 0)
		sent_ns = took_ns[FP_PHASE_ANSWER] = 0;

	for (int i = FP_PHASE_LOOKUP; i <= FP_PHASE_ANSWER; i++) {
		if (took_ns[i] > 0)
			last = (enum fp_phase)(i + 1);
	}
	if (sent_ns > 0)
		last = FP_MAX(last, FP_PHASE_ANSWER);
	if (last == FP_PHASE_TLS && !fp_request_is_https(&transfer->request))
		last = FP_PHASE_ANSWER;
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &n_connects);
	span->is_reused = last >= FP_PHASE_ANSWER && n_connects == 0;

	int64_t end_ns = span->start_ns;
	for (int i = 0; i < FP_PHASE_COUNT; i++) {
		if (i >= (int)last)
			end_ns = span->end_ns;
		else if (!span->is_reused || i >= FP_PHASE_ANSWER)
			end_ns = FP_MAX(end_ns, span->start_ns + took_ns[i]);
		end_ns = FP_MIN(end_ns, span->end_ns);
		span->phase_end_ns[i] = end_ns;
	}
}

void
fp_span_request(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	struct fp_span span = span_make(
		transfer, ticket, FP_SPAN_REQUEST, transfer->tried_ns);
	struct fp_buf shown = FP_BUF_INIT;
	int64_t since_ns = span.start_ns;
	char *ip = NULL;

	if (ticket->trail.hop.len > 0)
		span.url = fp_request_show(&ticket->trail.hop, &shown);
	if (!fp_phase_is_resolving(transfer->phase) &&
		curl_easy_getinfo(transfer->handle.easy, CURLINFO_PRIMARY_IP,
			&ip) == CURLE_OK &&
		ip)
		span.ip = ip;
	span.status = transfer->response.status;
	find_phases(transfer, &span);
	for (int i = 0; i < FP_PHASE_COUNT; i++) {
		ticket->result.spent_ns[i] += span.phase_end_ns[i] - since_ns;
		since_ns = span.phase_end_ns[i];
	}
	span_tell(transfer, &span);
	fp_buf_destroy(&shown);
}

void
fp_span_resumed(struct fp_transfer *transfer)
{
	struct fp_span span = span_make(transfer, transfer->ticket,
		FP_SPAN_MEMORY, transfer->body.paused_ns);

	span_tell(transfer, &span);
}

void
fp_span_left(struct fp_transfer *transfer, struct fp_ticket *ticket)
{
	enum fp_again_how again = ticket->again.how;
	bool is_begun = fp_phase_is_begun(transfer->phase);
	struct fp_span span = span_make(transfer, ticket,
		is_begun ? FP_SPAN_ATTEMPT : FP_SPAN_DELAY,
		transfer->occupied_ns);

	span.is_continued = transfer->is_continued;
	span.is_parted = again == FP_AGAIN_SAME;
	span.is_again = again == FP_AGAIN_PAID || again == FP_AGAIN_FREE;
	if (!span.is_parted) {
		span.kind = ticket->result.kind;
		span.message = ticket->result.message;
		span.status = ticket->result.status;
		span.ip = ticket->ip;
	}
	if (is_begun || span.end_ns > span.start_ns)
		span_tell(transfer, &span);

	ticket->since_ns = *transfer->context->now_ns;
	ticket->waits_for = span.is_again	     ? FP_WAIT_RETRY
			    : again == FP_AGAIN_PAGE ? FP_WAIT_SLOT
			    : is_begun		     ? FP_WAIT_REDIRECT
						     : FP_WAIT_SLOT;
}
