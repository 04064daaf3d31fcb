/* SPDX-License-Identifier: MIT */
/*
 * What follows from how an attempt ended: for the item, whether there is
 * another one and when; for its origin, what it is to know. What may be tried
 * again is said in retry.h; here libcurl's results become its causes.
 */
#include "base.h"

#include "chapters.h"

#include "ahead.h"
#include "clock.h"
#include "lookup.h"
#include "random.h"

#include <errno.h>
#include <string.h>

/* An item for which there is no descriptor waits until another one closes its
 * own: so long, and so often. Threads are seldom short for a moment only. */
#define SHORT_WAIT_NS (100 * FP_NS_PER_MS)
#define SHORT_MAX 300
#define SHORT_OF_THREADS_MAX 5

/* Failures that say that the connection or the answer broke, and not that the
 * server or the request is wrong. */
static enum fp_cause
cause_of_network(const struct fp_transfer *transfer, CURLcode code)
{
	switch (transfer->stop) {
	case FP_STOP_AMBIGUOUS:
		return FP_CAUSE_FINAL;
	case FP_STOP_RESENT:
	case FP_STOP_STALE:
		return FP_CAUSE_RESET;
	default:
		break;
	}
	switch (code) {
	case CURLE_OK: /* the head was cut */
	case CURLE_COULDNT_CONNECT: /* to send it again */
	case CURLE_HTTP2:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2_STREAM:
	case CURLE_HTTP3:
	case CURLE_QUIC_CONNECT_ERROR:
		return FP_CAUSE_RESET;
	default:
		return FP_CAUSE_FINAL;
	}
}

/* A proxy for SOCKS that found no way (RFC 1928, section 6), or went away, may
 * do so the next time. What it will not have, it never will. */
static enum fp_cause
cause_of_proxy(const struct fp_transfer *transfer)
{
	long why = CURLPX_OK;

	curl_easy_getinfo(transfer->handle.easy, CURLINFO_PROXY_ERROR, &why);
	switch (why) {
	case CURLPX_CLOSED:
	case CURLPX_RECV_ADDRESS:
	case CURLPX_RECV_AUTH:
	case CURLPX_RECV_CONNECT:
	case CURLPX_RECV_REQACK:
	case CURLPX_REPLY_CONNECTION_REFUSED:
	case CURLPX_REPLY_GENERAL_SERVER_FAILURE:
	case CURLPX_REPLY_HOST_UNREACHABLE:
	case CURLPX_REPLY_NETWORK_UNREACHABLE:
	case CURLPX_REPLY_TTL_EXPIRED:
	case CURLPX_REQUEST_FAILED:
	case CURLPX_SEND_AUTH:
	case CURLPX_SEND_CONNECT:
	case CURLPX_SEND_REQUEST:
		return FP_CAUSE_CONNECT;
	default:
		return FP_CAUSE_FINAL;
	}
}

/* Whether the answer says no by its status, and the body that was to explain it
 * broke. If such a status is tried again, that is why, and not the break: it
 * may say that nothing was done. */
static bool
is_status_enough(const struct fp_transfer *transfer)
{
	const struct fp_result *result = &transfer->ticket->result;
	int status = transfer->response.status;

	return transfer->response.in_trailers && status >= 400 &&
	       !fp_transfer_is_ok(transfer) &&
	       transfer->setup->retry.on_status[status] &&
	       (result->kind == FP_KIND_INCOMPLETE ||
		       result->kind == FP_KIND_TOO_LARGE ||
		       result->kind == FP_KIND_NETWORK) &&
	       transfer->stop != FP_STOP_AMBIGUOUS;
}

static enum fp_cause
cause_of(const struct fp_transfer *transfer, CURLcode code)
{
	long os_errno = 0;

	if (FP_UNLIKELY(is_status_enough(transfer)))
		return FP_CAUSE_STATUS;
	switch (transfer->ticket->result.kind) {
	case FP_KIND_OK:
		return FP_CAUSE_NONE;
	case FP_KIND_HTTP:
		return FP_CAUSE_STATUS;
	case FP_KIND_DNS:
		return fp_lookup_may_pass(transfer->handle.error)
			       ? FP_CAUSE_DNS_AGAIN
			       : FP_CAUSE_DNS;
	case FP_KIND_CONNECT:
		if (code == CURLE_PROXY)
			return cause_of_proxy(transfer);
		return code == CURLE_COULDNT_CONNECT ? FP_CAUSE_CONNECT
						     : FP_CAUSE_FINAL;
	case FP_KIND_TIMEOUT:
		return FP_CAUSE_TIMEOUT;
	case FP_KIND_INCOMPLETE:
		return FP_CAUSE_RESET;
	case FP_KIND_NETWORK:
		return cause_of_network(transfer, code);
	case FP_KIND_TLS:
		curl_easy_getinfo(
			transfer->handle.easy, CURLINFO_OS_ERRNO, &os_errno);
		return code == CURLE_SSL_CONNECT_ERROR &&
				       (os_errno == ECONNRESET ||
					       os_errno == ETIMEDOUT)
			       ? FP_CAUSE_TLS_RESET
			       : FP_CAUSE_FINAL;
	default:
		return FP_CAUSE_FINAL;
	}
}

/* How many attempts have ended like this one, it included. */
static unsigned
count_alike(const struct fp_result *result)
{
	unsigned n = 1;

	for (size_t i = 0; i < result->n_tries; i++) {
		n += result->tries[i].kind == result->kind &&
		     result->tries[i].status == result->status;
	}
	return n;
}

/* What the attempt told of its origin, but for pauses. */
static enum fp_heard
what_was_heard(const struct fp_transfer *transfer, enum fp_cause cause,
	const struct fp_refused *refused)
{
	int status = transfer->response.status;

	if (status > 0)
		return fp_ahead_heard(refused, status, cause == FP_CAUSE_NONE);
	if (transfer->n_on_wire > 0)
		return FP_HEARD_NOTHING;
	if (cause == FP_CAUSE_DNS || cause == FP_CAUSE_DNS_AGAIN ||
		cause == FP_CAUSE_CONNECT || cause == FP_CAUSE_TIMEOUT)
		return FP_HEARD_SILENCE;
	return FP_HEARD_NOTHING;
}

/* Whether the server may have had the request, in this attempt. */
static bool
was_sent(const struct fp_transfer *transfer)
{
	return (transfer->n_on_wire > 0 && !transfer->hold.is_unread) ||
	       transfer->ticket->trail.n_hops > 0;
}

/* Whether there is a final answer, of which at least the status came. A head
 * that was cut, or that libcurl refused halfway, says what it said. */
static bool
has_spoken(const struct fp_transfer *transfer)
{
	return transfer->response.status >= 200;
}

/* What the answer says about waiting, if its item fails: the head says it, and
 * whatever became of the rest. */
static struct fp_refused
judge_refusal(struct fp_transfer *transfer, enum fp_cause cause)
{
	struct fp_refused none = {.is = FP_REFUSAL_NONE, .wait_ns = -1};

	if (cause == FP_CAUSE_NONE || !has_spoken(transfer))
		return none;
	fp_waithint_body(&transfer->hints,
		(struct fp_text){fp_buf_text(&transfer->refusal),
			transfer->refusal.len});
	return fp_refusal_judge(transfer->ticket->result.status,
		&transfer->hints, fp_clock_wall_ns());
}

static void
aftermath_decide(struct fp_transfer *transfer, enum fp_cause cause,
	const struct fp_refused *refused)
{
	struct fp_ticket *ticket = transfer->ticket;
	const struct fp_result *result = &ticket->result;
	struct fp_attempt attempt = {
		.cause = cause,
		.status = cause == FP_CAUSE_STATUS ? result->status : 0,
		.was_sent = was_sent(transfer),
		.is_closed = cause == FP_CAUSE_RESET &&
			     transfer->n_on_wire > 0 &&
			     transfer->response.status == 0,
		.was_followed = ticket->trail.becomes_get,
		.is_idempotent = fp_request_is_repeatable(&transfer->request),
		.is_asserted = fp_request_is_asserted(&transfer->request),
		.n_attempts = result->attempts,
		.n_cause = count_alike(result),
		.elapsed_ns = *transfer->context->now_ns - ticket->started_ns,
	};

	fp_ahead_decide(ticket, &transfer->setup->retry, &attempt, refused,
		fp_random_for(transfer->setup->options.seed, result->seq,
			result->attempts));
}

void
fp_transfer_respect_quota(struct fp_transfer *transfer)
{
	const struct fp_options *options = &transfer->setup->options;
	struct fp_report *report = &transfer->ticket->report;

	if (!options->respect_ratelimit || transfer->response.status == 0)
		return;
	int64_t wait_ns =
		fp_waithint_quota_ns(&transfer->hints, fp_clock_wall_ns());
	if (wait_ns <= 0)
		return;

	/* What a refusal says comes before a quota. */
	if (report->pause_ns > 0)
		return;
	report->status = 0;
	report->pause_ns = wait_ns;
	report->is_too_long =
		wait_ns / FP_NS_PER_MS > (int64_t)options->retry_after_max_ms;
}

/* No descriptor or thread was to be had: that is no attempt. */
static bool
wait_for_shortage(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	unsigned most = transfer->stop == FP_STOP_DESCRIPTORS ? SHORT_MAX
			: transfer->stop == FP_STOP_THREAD
				? SHORT_OF_THREADS_MAX
				: 0;

	if (most == 0 || ++ticket->n_short > most)
		return false;
	ticket->again.how = FP_AGAIN_SAME;
	ticket->again.wait_ns = SHORT_WAIT_NS;
	ticket->used_ns = *transfer->context->now_ns - transfer->begun_ns;
	ticket->result.kind = FP_KIND_OK;
	ticket->result.message = NULL;
	return true;
}

/* Whether what came in place of an answer said nothing of the request: it was
 * no HTTP, or interim responses without an end; or, after a redirect, nothing.
 */
static bool
is_unanswered(const struct fp_transfer *transfer)
{
	enum fp_kind kind = transfer->ticket->result.kind;

	return !has_spoken(transfer) &&
	       (kind == FP_KIND_NETWORK || kind == FP_KIND_TOO_LARGE ||
		       (transfer->ticket->trail.becomes_get &&
			       (kind == FP_KIND_CONNECT ||
				       kind == FP_KIND_DNS ||
				       kind == FP_KIND_TLS)));
}

/* Only what was to be sent once leaves its outcome in the dark; after a
 * redirect that made a GET of it too, as it would be sent anew. */
static bool
is_outcome_unknown(const struct fp_transfer *transfer, enum fp_cause cause)
{
	return (transfer->ticket->trail.becomes_get ||
		       (transfer->n_on_wire > 0 &&
			       !transfer->hold.is_unread)) &&
	       (cause == FP_CAUSE_RESET || cause == FP_CAUSE_TIMEOUT ||
		       transfer->stop == FP_STOP_CANCELLED ||
		       transfer->ticket->result.kind == FP_KIND_STOPPED ||
		       is_unanswered(transfer)) &&
	       !fp_request_is_repeatable(&transfer->request);
}

static void
take_decision(struct fp_transfer *transfer, enum fp_cause cause,
	const struct fp_refused *refused)
{
	struct fp_ticket *ticket = transfer->ticket;

	if (has_spoken(transfer))
		ticket->report.is_malformed =
			fp_waithint_is_malformed(&transfer->hints);
	aftermath_decide(transfer, cause, refused);
	if (ticket->again.how == FP_AGAIN_NO)
		ticket->result.is_outcome_unknown =
			is_outcome_unknown(transfer, cause);
}

void
fp_transfer_look_ahead(struct fp_transfer *transfer, CURLcode code)
{
	struct fp_ticket *ticket = transfer->ticket;
	enum fp_cause cause = cause_of(transfer, code);
	struct fp_refused refused = judge_refusal(transfer, cause);

	ticket->result.is_sent_once =
		transfer->n_on_wire > 0 &&
		!fp_request_is_repeatable(&transfer->request);
	ticket->again = (struct fp_again){.how = FP_AGAIN_NO, .why = cause};
	ticket->report = (struct fp_report){
		.heard = what_was_heard(transfer, cause, &refused),
		.is_first_success =
			cause == FP_CAUSE_NONE && ticket->result.attempts == 1,
		.kind = ticket->result.kind,
		.begun_ns = transfer->begun_ns,
	};
	if (FP_LIKELY(cause == FP_CAUSE_NONE)) {
		if (FP_UNLIKELY(ticket->chain) && ticket->chain->turns)
			ticket->again.how = FP_AGAIN_PAGE;
		fp_transfer_respect_quota(transfer);
		return;
	}
	if (wait_for_shortage(transfer))
		return;
	take_decision(transfer, cause, &refused);
	fp_transfer_respect_quota(transfer);
}
