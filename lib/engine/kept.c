/* SPDX-License-Identifier: MIT */
/*
 * A part of the transfer: which of the connections that were kept may be used
 * again, and what is learned of servers meanwhile.
 *
 * Any request may find that its connection is being closed by the server. One
 * that can be repeated is sent again, by libcurl. One that cannot goes out on
 * a connection that was used a moment ago, or on a new one; what a moment is,
 * idletime.c says. Where that was wrong, TCP often proves that the server had
 * closed before it had the request, and then it is sent again all the same.
 *
 * HTTP/2 needs none of this: a server says which streams it has not had.
 */
#include "base.h"

#include "chapters.h"

#include "clock.h"

#include <string.h>

/* A server that closes each connection after its answer, and does not say so,
 * does it within this time. It is waited for once for each server; and after a
 * HEAD, to which some answer with a body. */
#define SETTLE_MS 10

/* Answers on connections idle for less teach nothing. */
#define TELLING_NS (50 * FP_NS_PER_MS)

static struct fp_idletimes *
times_of(const struct fp_context *context)
{
	return &context->setup->idletimes;
}

static uint64_t
server_of(const struct fp_transfer *transfer)
{
	return transfer->ticket->origin->hash;
}

static bool
is_repeatable(const struct fp_transfer *transfer)
{
	return fp_request_is_idempotent(&transfer->request);
}

static int64_t
idle_ns(const struct fp_socket *socket, int64_t now_ns)
{
	return FP_MAX(now_ns - socket->idle_since_ns, 0);
}

/* It was open until now, or was closed since: how long was it idle? */
static void
learn_of_idle(
	struct fp_context *context, struct fp_socket *socket, int64_t now_ns)
{
	if (socket->n_users > 0 || !socket->is_used || socket->is_ended ||
		socket->is_http2)
		return;
	int64_t idle = idle_ns(socket, now_ns);
	if (fp_socket_ends_within(socket, 0)) {
		socket->is_ended = true;
		fp_idletimes_closed(times_of(context), socket->server, idle);
	} else if (idle >= SETTLE_MS * FP_NS_PER_MS &&
		   fp_socket_is_clean(socket)) {
		/* Sooner, the server may only be about to close it. */
		fp_idletimes_survived(times_of(context), socket->server, idle);
	}
}

void
fp_context_stirred(struct fp_context *context, int fd, int64_t now_ns)
{
	struct fp_socket *socket = fp_sockets_of(&context->sockets, fd);

	if (socket)
		learn_of_idle(context, socket, now_ns);
}

void
fp_context_closing(struct fp_context *context, int fd)
{
	struct fp_socket *socket = fp_sockets_of(&context->sockets, fd);

	if (!socket)
		return;
	learn_of_idle(context, socket, fp_clock_now_ns());
	fp_sockets_remove(&context->sockets, socket);
}

/* ---- before a request ---- */

bool
fp_transfer_needs_new(struct fp_transfer *transfer)
{
	struct fp_context *context = transfer->context;
	struct fp_idletimes *times = times_of(context);
	uint64_t server = server_of(transfer);
	struct fp_socket *oldest;
	bool repeats = is_repeatable(transfer);

	if (FP_LIKELY(repeats && !fp_idletimes_has_closed(times)))
		return false;
	struct fp_socket *newest =
		fp_sockets_newest(&context->sockets, server, &oldest);
	if (!newest || newest->is_http2)
		return false;
	struct fp_idle_limit limit = fp_idletimes_limit(times, server);
	int64_t most_ns = repeats ? limit.likely_ns : limit.sure_ns;
	int64_t now_ns = fp_clock_now_ns();
	if (idle_ns(newest, now_ns) <= most_ns)
		return false;

	/* They stay as they are: they show how long they are kept. */
	learn_of_idle(context, oldest, now_ns);
	return true;
}

/* "HTTP/2 stream 3 refused by server, try again on a new connection", or with
 * "REFUSED_STREAM," in it. */
static bool
is_refusal(const char *text, size_t len)
{
	static const char end[] = ", try again on a new connection";
	size_t n = sizeof(end) - 1;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (len < n || memcmp(text + len - n, end, n) != 0)
		return false;
	len -= n;
	return memmem(text, len, " REFUSED_STREAM", 15) ||
	       memmem(text, len, " refused by server", 18);
}

/* No function of libcurl tells that it sends again because the server refused
 * the stream: with RST_STREAM, or with a GOAWAY that names an earlier one as
 * the last. Its messages do. One that is worded in another way is not seen,
 * and then the request counts as received. */
static int
on_debug(CURL *easy, curl_infotype type, char *text, size_t len, void *arg)
{
	struct fp_transfer *transfer = arg;

	(void)easy;
	if (type == CURLINFO_TEXT && is_refusal(text, len))
		transfer->hold.is_unread = true;
	return 0;
}

CURLcode
fp_transfer_ask_refusal(struct fp_transfer *transfer)
{
	bool asks = transfer->setup->tells_refusal &&
		    !is_repeatable(transfer) &&
		    fp_request_is_https(&transfer->request);
	CURLcode code = CURLE_OK;

	if (asks == transfer->handle.is_told)
		return CURLE_OK;
	transfer->handle.is_told = asks;
	if (asks)
		code = curl_easy_setopt(
			transfer->handle.easy, CURLOPT_DEBUGFUNCTION, on_debug);
	if (code == CURLE_OK && asks)
		code = curl_easy_setopt(
			transfer->handle.easy, CURLOPT_DEBUGDATA, transfer);
	if (code == CURLE_OK)
		code = curl_easy_setopt(
			transfer->handle.easy, CURLOPT_VERBOSE, asks ? 1L : 0L);
	return code;
}

/* Whether one that others used before is surely open for this request. */
static bool
is_sure(struct fp_transfer *transfer, struct fp_socket *socket, int64_t now_ns)
{
	struct fp_idletimes *times = times_of(transfer->context);
	int64_t idle = idle_ns(socket, now_ns);

	if (socket->n_users > 0 || socket->is_http2)
		return true;
	struct fp_idle_limit limit =
		fp_idletimes_limit(times, server_of(transfer));
	if (limit.keeps && !socket->was_head)
		return idle <= limit.sure_ns;
	int64_t settled_ms = FP_MIN(idle / FP_NS_PER_MS, SETTLE_MS);
	if (fp_socket_ends_within(socket, (int)(SETTLE_MS - settled_ms))) {
		learn_of_idle(transfer->context, socket, now_ns);
		return false;
	}
	fp_idletimes_survived(times, server_of(transfer), idle);
	return idle <= limit.sure_ns && fp_socket_is_clean(socket);
}

bool
fp_transfer_take(struct fp_transfer *transfer, struct fp_socket *socket)
{
	bool repeats = is_repeatable(transfer);
	int64_t now_ns = fp_clock_now_ns();

	transfer->hold.idle_ns = -1;
	if (socket->is_used) {
		if (!repeats && !is_sure(transfer, socket, now_ns))
			return false;
		transfer->hold.idle_ns =
			socket->n_users > 0 ? 0 : idle_ns(socket, now_ns);
		transfer->hold.is_http2 = socket->is_http2;
	} else {
		socket->is_https = fp_request_is_https(&transfer->request);
	}
	socket->server = server_of(transfer);
	socket->was_head = strcmp(transfer->request.method, "HEAD") == 0;
	fp_socket_take(socket, &transfer->hold, !repeats);
	return true;
}

/* ---- after it ---- */

/* A server that refuses a request often has read no more of it than came with
 * the head, but its system may have taken the rest. */
#define READ_WITH_HEAD 16384

/* What is no longer goes out with the head, and arrives with it. */
#define SENT_WITH_HEAD 1024

void
fp_transfer_answered(struct fp_transfer *transfer)
{
	const struct fp_response *response = &transfer->response;
	const struct fp_socket *socket = transfer->hold.socket;
	uint64_t len = fp_request_body_size(&transfer->request);

	if (len == 0 || transfer->handle.is_alone ||
		response->version[0] != '1')
		return;
	bool is_early = response->status == 413 ||
			(response->status >= 300 && len > READ_WITH_HEAD) ||
			(socket && len > SENT_WITH_HEAD &&
				fp_socket_is_sending(socket));
	if (is_early && curl_easy_setopt(transfer->handle.easy,
				CURLOPT_FORBID_REUSE, 1L) == CURLE_OK)
		transfer->handle.is_alone = true;
}

/* What its answer tells of its server. */
static void
learn_of_answer(struct fp_transfer *transfer, struct fp_socket *socket)
{
	struct fp_idletimes *times = times_of(transfer->context);
	int64_t idle = transfer->hold.idle_ns;

	socket->is_http2 = transfer->response.version[0] != '1';
	if (socket->is_http2 ||
		(idle >= 0 && idle < TELLING_NS && socket->is_proven))
		return;
	if (idle < 0) {
		int64_t sent = fp_transfer_time_ns(
			transfer, CURLINFO_PRETRANSFER_TIME_T);
		int64_t came = fp_transfer_time_ns(
			transfer, CURLINFO_STARTTRANSFER_TIME_T);
		fp_idletimes_answered(times, socket->server, came - sent);
	} else {
		fp_idletimes_survived(times, socket->server, idle);
		socket->is_proven = true;
	}
	if (transfer->response.is_kept)
		fp_idletimes_survived(times, socket->server, 0);
	if (transfer->response.keeps_s > 0)
		fp_idletimes_said(times, socket->server,
			(int64_t)transfer->response.keeps_s * FP_NS_PER_S);
}

void
fp_transfer_let_go(struct fp_transfer *transfer, bool has_died)
{
	struct fp_context *context = transfer->context;
	struct fp_hold *hold = &transfer->hold;

	if (!hold->socket)
		return;
	if (has_died)
		fp_hold_is_unread(hold);
	struct fp_socket *socket = fp_hold_drop(hold, *context->now_ns);
	/* One that was in use just before did not die of being idle. */
	bool was_idle = hold->is_unread || hold->idle_ns > TELLING_NS;
	bool was_kept = hold->idle_ns >= 0 && !hold->is_http2;
	if (has_died && was_kept)
		fp_idletimes_lost(times_of(context), server_of(transfer));
	if (has_died && was_kept && was_idle) {
		fp_idletimes_closed(
			times_of(context), server_of(transfer), hold->idle_ns);
	} else if (!has_died && socket && transfer->response.in_trailers) {
		learn_of_answer(transfer, socket);
	}
}
