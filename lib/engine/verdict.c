/* SPDX-License-Identifier: MIT */
/*
 * How a transfer ended.
 *
 * The verdict does not stand on libcurl's return code alone. In this order:
 * what we stopped ourselves; what libcurl says went wrong; framing that
 * contradicts itself; the status; the body.
 */
#include "base.h"

#include "chapters.h"

#include "condition.h"
#include "freelist.h"
#include "nextpage.h"
#include "redirect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FRAMING_CLOSE "close"
#define FRAMING_UNCLEAN "unclean-close"
#define FRAMING_STREAM "h2-unverified"

#define TWO_PLACES "conflicting Location headers"
#define FLOOD "the server sends too many records without data"
#define HEAD_CUT "the connection closed within the response headers"

/* In a row, on the connection of a response that is not heard any more. Full
 * records may hold so many frames that few are read before it has stalled. */
#define STARVING_RECORDS 50
#define STARVING_BYTES (8 << 10)

/* What libcurl's failures mean for the item. */
static enum fp_kind
verdict_kind_of(const struct fp_transfer *transfer, CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return FP_KIND_OK;
	case CURLE_URL_MALFORMAT:
		return FP_KIND_INPUT;
	case CURLE_UNSUPPORTED_PROTOCOL:
		/* Once connected, this is what libcurl calls an answer that
		 * is not HTTP ("HTTP/0.9 when not allowed"). */
		return transfer->n_on_wire ? FP_KIND_NETWORK : FP_KIND_REFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return FP_KIND_DNS;
	case CURLE_COULDNT_CONNECT:
		/* It was sent once, on a connection that died: this was to be
		 * the other one. */
		return transfer->n_on_wire ? FP_KIND_NETWORK : FP_KIND_CONNECT;
	case CURLE_INTERFACE_FAILED:
	case CURLE_PROXY: /* one for SOCKS */
		return FP_KIND_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return FP_KIND_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_ENGINE_SETFAILED:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_SHUTDOWN_FAILED:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_CLIENTCERT:
		return FP_KIND_TLS;
	case CURLE_PARTIAL_FILE:
		return FP_KIND_INCOMPLETE;
	case CURLE_FILESIZE_EXCEEDED:
		return FP_KIND_TOO_LARGE;
	case CURLE_TOO_MANY_REDIRECTS:
		return FP_KIND_REDIRECT;
	case CURLE_OUT_OF_MEMORY:
#if LIBCURL_VERSION_NUM >= 0x080600
	case CURLE_TOO_LARGE:
#endif
		/* Also what libcurl calls a header line without end. */
		return transfer->n_on_wire &&
				       !fp_phase_has_body(transfer->phase) &&
				       !fp_freelist_was_refused()
			       ? FP_KIND_TOO_LARGE
			       : FP_KIND_LOCAL;
	case CURLE_FAILED_INIT:
	case CURLE_NOT_BUILT_IN:
	case CURLE_UNKNOWN_OPTION:
	case CURLE_READ_ERROR:
	case CURLE_ABORTED_BY_CALLBACK:
		return FP_KIND_LOCAL;
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_WRITE_ERROR:
		/* Also what libcurl calls some broken framing. */
		return transfer->n_on_wire ? FP_KIND_NETWORK : FP_KIND_LOCAL;
	default:
		return FP_KIND_NETWORK;
	}
}

/* Fields that decide where a body ends, or where a redirect leads, and do not
 * say it in one way only. */
static void
fail_doubtful(struct fp_transfer *transfer)
{
	const char *doubt = fp_response_doubt(&transfer->response);

	if (transfer->response.moved_twice)
		fp_ticket_fail(transfer->ticket, FP_KIND_REDIRECT, TWO_PLACES);
	else
		fp_ticket_fail(transfer->ticket, FP_KIND_NETWORK,
			doubt ? doubt : "ambiguous response");
}

/* Fails the item for a reason of our own. false: there is none. */
static bool
fail_stopped(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	char text[80];

	switch (transfer->stop) {
	case FP_STOP_NONE:
		return false;
	case FP_STOP_TOO_LARGE:
		fp_carry_explain_limit(
			transfer->setup->options.max_body, text, sizeof(text));
		fp_ticket_fail(ticket, FP_KIND_TOO_LARGE, text);
		return true;
	case FP_STOP_HEADERS:
		fp_ticket_fail(ticket, FP_KIND_TOO_LARGE,
			"the headers are too large or too many");
		return true;
	case FP_STOP_MEMORY:
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return true;
	case FP_STOP_AMBIGUOUS:
		fail_doubtful(transfer);
		return true;
	case FP_STOP_LEFT:
		return false;
	case FP_STOP_CANCELLED:
		fp_ticket_drop(ticket);
		return true;
	case FP_STOP_STALLED:
		snprintf(text, sizeof(text), "nothing received for %g s",
			(double)transfer->setup->options.stall_time_ms / 1e3);
		fp_ticket_fail(ticket, FP_KIND_TIMEOUT, text);
		return true;
	case FP_STOP_HOLLOW:
		fp_ticket_fail(ticket, FP_KIND_NETWORK, FLOOD);
		return true;
	case FP_STOP_FILE:
		return true;
	case FP_STOP_DENIED:
		snprintf(text, sizeof(text), "address not allowed: %s",
			transfer->denied);
		fp_ticket_fail(ticket, FP_KIND_REFUSED, text);
		return true;
	case FP_STOP_RESENT:
		fp_ticket_fail(ticket, FP_KIND_NETWORK,
			"the connection was lost after the request was sent; "
			"not sent again");
		return true;
	case FP_STOP_INTENT:
		fp_ticket_fail(ticket, FP_KIND_LOCAL,
			"not sent: the request could not be recorded first");
		return true;
	case FP_STOP_HELD: /* it is parked instead */
	case FP_STOP_STALE:
		fp_ticket_fail(ticket, FP_KIND_NETWORK,
			"unexpected data on an idle connection");
		return true;
	case FP_STOP_DESCRIPTORS:
		fp_ticket_fail(ticket, FP_KIND_LOCAL,
			"no file descriptor left for a socket");
		return true;
	case FP_STOP_THREAD:
		fp_ticket_fail(ticket, FP_KIND_LOCAL,
			"no thread left for a name lookup");
		return true;
	}
	abort();
}

/* Whether it is the user's own certificate that cannot be used, or its key.
 * libcurl 8.18.0 and later have a general code for some of that. */
static bool
is_certificate_bad(const struct fp_transfer *transfer, CURLcode code)
{
	const struct fp_curlopts *options = &transfer->setup->curlopts;

	return code == CURLE_SSL_CERTPROBLEM ||
	       (code == CURLE_BAD_FUNCTION_ARGUMENT &&
		       transfer->n_on_wire == 0 &&
		       fp_request_is_https(&transfer->request) &&
		       (fp_curlopts_has(options, CURLOPT_SSLCERT) ||
			       fp_curlopts_has(options, CURLOPT_SSLKEY)));
}

/* Whether its connection was ended because much came that carried nothing, and
 * the response may have been cut by that. */
static bool
is_flooded(const struct fp_transfer *transfer)
{
	const struct fp_response *response = &transfer->response;

	return transfer->hold.id > 0 &&
	       transfer->hold.id == transfer->context->flood.last_id &&
	       !(response->in_trailers &&
		       (response->has_length ||
			       fp_response_ends_with_head(response)));
}

static void
fail_curl(struct fp_transfer *transfer, CURLcode code)
{
	struct fp_ticket *ticket = transfer->ticket;
	enum fp_kind kind = verdict_kind_of(transfer, code);
	const char *message = transfer->handle.error;
	char text[128];

	if (fp_transfer_is_proxys(transfer) && kind != FP_KIND_TIMEOUT) {
		int status = transfer->response.status;
		kind = FP_KIND_HTTP;
		snprintf(text, sizeof(text), "the proxy answered %d %s", status,
			fp_outcome_status_phrase(status));
		message = text;
	} else if (kind == FP_KIND_INCOMPLETE &&
		   !transfer->response.in_trailers) {
		kind = FP_KIND_NETWORK;
		message = HEAD_CUT;
	} else if (code == CURLE_FILESIZE_EXCEEDED) {
		fp_carry_explain_limit(
			transfer->setup->options.max_body, text, sizeof(text));
		message = text;
	} else if (code == CURLE_COULDNT_RESOLVE_PROXY ||
		   strstr(message, "roxy s")) {
		/* libcurl's words hold the proxy's password. */
		message = "the proxy cannot be used";
	} else if (code == CURLE_COULDNT_CONNECT &&
		   fp_curlopts_has(&transfer->setup->curlopts,
			   CURLOPT_UNIX_SOCKET_PATH)) {
		/* libcurl names the host, which nobody was asked for. */
		message = "cannot connect to the Unix socket";
	} else if (strstr(message, "Couldn't bind to")) {
		/* They hold the value that was given, whatever it is. */
		message = "the interface or address to connect from cannot be "
			  "used";
	} else if (code == CURLE_SSL_CACERT_BADFILE && transfer->unread) {
		snprintf(text, sizeof(text),
			"cannot read CA certificates from %.80s",
			transfer->unread);
		message = text;
	} else if (is_certificate_bad(transfer, code)) {
		kind = FP_KIND_TLS;
		message = "the client certificate cannot be used";
	} else if (strstr(message, "Invalid Content-Length")) {
		/* What it was libcurl does not tell. */
		message = transfer->response.has_length
				  ? "conflicting Content-Length values"
				  : "Content-Length is not a number";
	} else if (code == CURLE_BAD_FUNCTION_ARGUMENT &&
		   transfer->response.status > 0) {
		message = "the header begins with a folded line";
	} else if (strstr(message, "Out of memory in chunked")) {
		/* libcurl says so of one of 4096 bytes and more, too. */
		bool is_refused = fp_freelist_was_refused();
		kind = is_refused ? FP_KIND_LOCAL : FP_KIND_TOO_LARGE;
		message = is_refused ? FP_OUT_OF_MEMORY
				     : "a trailer field is too large";
	} else if (strstr(message, "Multiple Location")) {
		kind = FP_KIND_REDIRECT;
		message = TWO_PLACES;
	} else if (code == CURLE_UNSUPPORTED_PROTOCOL &&
		   !transfer->setup->has_tls) {
		message = "libcurl is built without TLS";
	} else if (code == CURLE_UNSUPPORTED_PROTOCOL &&
		   kind == FP_KIND_NETWORK) {
		message = "the response is not HTTP";
	} else if (kind == FP_KIND_TOO_LARGE) {
		message = "a header is too large";
	} else if (message[0] == '\0') {
		message = curl_easy_strerror(code);
	} else if (kind == FP_KIND_INCOMPLETE &&
		   transfer->response.has_length) {
		snprintf(text, sizeof(text),
			"the body ended after %llu of %llu bytes",
			(unsigned long long)transfer->body.n_received,
			(unsigned long long)transfer->response.length);
		message = text;
	}
	fp_ticket_fail(ticket, kind, is_flooded(transfer) ? FLOOD : message);
}

/* What told the end of the body (RFC 9112, section 6.3). "close" and
 * "h2-unverified" are ends that a cut would look like: the connection's in
 * plain HTTP, or in TLS (where close_notify would tell, RFC 8446, section 6.1)
 * by a libcurl that does not; and a stream's, which a server may also reset
 * without an error (RFC 9113, section 8.1). */
static const char *
name_framing(const struct fp_transfer *transfer)
{
	const struct fp_response *response = &transfer->response;

	if (fp_response_ends_with_head(response))
		return "none";
	if (response->is_chunked)
		return "chunked";
	if (response->has_length)
		return "length";
	if (!fp_response_ends_with_close(response))
		return FRAMING_STREAM;
	if (!fp_request_is_https(&transfer->request))
		return FRAMING_CLOSE;
	return transfer->body.tls_end.is_clean ||
			       (!transfer->setup->cannot_see_close &&
				       !transfer->body.is_unclean)
		       ? "close-notify"
		       : FRAMING_UNCLEAN;
}

/* libcurl since 8.14.1 fails a body that ends with TCP, and not with TLS. What
 * it is worth is judged here, as with older versions, which do not tell. */
static bool
is_unclean_end(const struct fp_transfer *transfer, CURLcode code)
{
	return code == CURLE_RECV_ERROR && transfer->stop == FP_STOP_NONE &&
	       transfer->response.in_trailers &&
	       fp_response_ends_with_close(&transfer->response) &&
	       fp_request_is_https(&transfer->request) &&
	       (strstr(transfer->handle.error, "unexpected eof") ||
		       strstr(transfer->handle.error, "close_notify"));
}

/* Whether the body's compression was undone to its end. */
static enum fp_kind
judge_encoding(struct fp_transfer *transfer, char *text, size_t size)
{
	const struct fp_response *response = &transfer->response;

	if (!response->is_encoded || transfer->setup->options.no_compressed)
		return FP_KIND_OK;
	const char *coding = response->packing != FP_PACKING_NONE
				     ? fp_unpack_name(response->packing)
				     : response->coding;
	const char *lack = NULL;

	if (transfer->body.n_received == 0) {
		/* A coding has an end of its own: without it, this may be a
		 * cut, unless TLS says that it is none. */
		if (!fp_response_ends_with_close(response) ||
			strcmp(name_framing(transfer), "close-notify") == 0)
			return FP_KIND_OK;
		snprintf(text, size, "empty body instead of %s data", coding);
		return FP_KIND_INCOMPLETE;
	}
	if (transfer->body.packing == FP_PACKING_NONE) {
		fp_unpack_can(fp_unpack_find(coding, strlen(coding)), &lack);
		snprintf(text, size, "unsupported Content-Encoding: %s%s%s",
			coding, lack ? "; fetchpool is built without " : "",
			lack ? lack : "");
		return FP_KIND_BODY;
	}
	enum fp_gunzip_result result =
		transfer->body.packing == FP_PACKING_GZIP
			? fp_gunzip_finish(&transfer->body.gunzip)
			: fp_unpack_finish(&transfer->body.unpack);
	snprintf(text, size, "%s",
		transfer->body.packing == FP_PACKING_GZIP
			? fp_gunzip_message(&transfer->body.gunzip)
			: transfer->body.unpack.message);
	switch (result) {
	case FP_GUNZIP_OK:
		return FP_KIND_OK;
	case FP_GUNZIP_ENDS_EARLY:
		return FP_KIND_INCOMPLETE;
	case FP_GUNZIP_NO_MEMORY:
		return FP_KIND_LOCAL;
	default:
		return FP_KIND_BODY;
	}
}

/* Whether nothing came of what ends with the connection, so that it may have
 * been cut before its first byte. A 205 may say in this way that there is none
 * (RFC 7231, section 6.3.6). */
static bool
is_nothing_at_all(const struct fp_transfer *transfer)
{
	return transfer->body.carry.size == 0 &&
	       !transfer->setup->options.empty_ok &&
	       transfer->response.status != 205;
}

/* Whether a body with such an end is to be taken for one that was cut: always,
 * if the user says so; over TLS, which would have told its end, and for a
 * number in JSON, as `12` is the beginning of `123`, or nothing in place of
 * JSON, unless the user says otherwise. All other JSON has an end of its own;
 * of plain text there is no way to know. */
static bool
may_be_cut(const struct fp_transfer *transfer, const char *framing)
{
	const struct fp_options *options = &transfer->setup->options;
	const struct fp_carry *carry = &transfer->body.carry;
	bool is_close = strcmp(framing, FRAMING_CLOSE) == 0;
	bool is_unclean = strcmp(framing, FRAMING_UNCLEAN) == 0;

	if (!is_close && !is_unclean && strcmp(framing, FRAMING_STREAM) != 0)
		return false;
	if (options->strict_framing)
		return true;
	if (options->allow_unclean_close || !(is_close || is_unclean))
		return false;
	if (carry->is_streamed || (carry->proves_end && is_close))
		return fp_carry_is_number(carry) || is_nothing_at_all(transfer);
	return is_unclean;
}

/* Whether there has to be a body. What was asked for by a method that only
 * reads is there, or the answer is wrong; what was done may go without being
 * described (RFC 9110, sections 9.3 and 15.3). */
static enum fp_carry_due
due_of(const struct fp_transfer *transfer)
{
	int status = transfer->response.status;
	bool may_be_empty = status == 201 || status == 202 || status == 205 ||
			    transfer->setup->options.empty_ok ||
			    !fp_request_only_reads(&transfer->request);
	bool has_none = transfer->phase == FP_TRANSFER_ENOUGH ||
			fp_response_ends_with_head(&transfer->response) ||
			(status == 205 && transfer->body.n_received == 0);

	if (has_none && (!may_be_empty ||
				transfer->setup->options.body != FP_BODY_JSON))
		return FP_CARRY_NOTHING;
	if (may_be_empty)
		return FP_CARRY_ANYTHING;
	return FP_CARRY_BODY;
}

/* The servers that do not do HEAD, or not for everybody, answer like this. */
static bool
is_head_refusal(const struct fp_transfer *transfer)
{
	int status = transfer->response.status;

	return (status == 400 || status == 403 || status == 404 ||
		       status == 405 || status == 501) &&
	       !transfer->setup->ok.has[status];
}

bool
fp_transfer_is_head_refused(const struct fp_transfer *transfer, CURLcode code)
{
	bool is_of_head = transfer->stop == FP_STOP_NONE ||
			  transfer->stop == FP_STOP_LEFT;

	if (transfer->setup->options.check == FP_CHECK_NONE ||
		transfer->ticket->is_refused_head || transfer->n_on_wire == 0 ||
		fp_transfer_is_proxys(transfer) ||
		!fp_request_is_check(&transfer->request))
		return false;
	if (transfer->stop == FP_STOP_AMBIGUOUS)
		return true;
	if (!is_of_head || transfer->phase == FP_TRANSFER_LEAVING)
		return false;
	if (transfer->response.in_trailers)
		return is_head_refusal(transfer);
	return verdict_kind_of(transfer, code) == FP_KIND_NETWORK ||
	       code == CURLE_OK;
}

/* Whether there is no body, which ends pages that are counted: it need not be
 * JSON. */
static bool
is_empty_page(const struct fp_transfer *transfer)
{
	return FP_UNLIKELY(transfer->setup->next.how == FP_NEXT_COUNT) &&
	       transfer->body.carry.size == 0;
}

/* Whether there is an array where there has to be one; or null, or no body. */
static enum fp_kind
judge_elements(struct fp_transfer *transfer, char *text, size_t text_size)
{
	const struct fp_setup *setup = transfer->setup;

	if (!transfer->body.carry.takes || transfer->body.carry.size == 0)
		return FP_KIND_OK;
	const struct fp_jsontaken *taken = fp_jsontake_get(
		transfer->body.carry.take, (size_t)setup->take.each);
	if (taken->type == FP_JSONTAKE_ARRAY || taken->type == FP_JSONTAKE_NULL)
		return FP_KIND_OK;
	snprintf(text, text_size, "the value at %s is %s, not an array",
		setup->options.each, fp_jsontake_type_words(taken->type));
	return FP_KIND_BODY;
}

/* What comes after this page. Else the kind and the text say why that cannot be
 * known. */
static enum fp_kind
find_next_page(struct fp_transfer *transfer, char *text, size_t text_size)
{
	const struct fp_nextpage_answer answer = {
		.links = {fp_buf_text(&transfer->links), transfer->links.len},
		.take = transfer->body.carry.takes ? transfer->body.carry.take
						   : NULL,
	};

	return fp_nextpage_find(&transfer->request, &answer, text, text_size);
}

/* Whether what was joined is as long as it was said to be. */
static enum fp_kind
judge_joined(struct fp_transfer *transfer, char *text, size_t text_size,
	const char **message)
{
	uint64_t total = transfer->ticket->partial->total;
	uint64_t size = transfer->download.file.size;

	if (size == total)
		return FP_KIND_OK;
	snprintf(text, text_size,
		"the rest of the body ended after %" PRIu64 " of %" PRIu64
		" bytes",
		size, total);
	*message = text;
	return FP_KIND_INCOMPLETE;
}

/* Whether a failure of this kind leaves open what the rest would be. */
static bool
is_broken(enum fp_kind kind)
{
	switch (kind) {
	case FP_KIND_DNS:
	case FP_KIND_CONNECT:
	case FP_KIND_TLS:
	case FP_KIND_TIMEOUT:
	case FP_KIND_NETWORK:
	case FP_KIND_INCOMPLETE:
	case FP_KIND_STOPPED:
		return true;
	default:
		return false;
	}
}

/* Keeps what came of a body that broke, if there is another attempt; then
 * nothing stays open or behind. */
static void
end_download(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	bool goes_on = ticket->result.kind != FP_KIND_OK &&
		       ticket->again.how != FP_AGAIN_NO;

	if (goes_on && transfer->body.is_filed &&
		ticket->result.kind != FP_KIND_LOCAL)
		fp_partial_keep(&transfer->request, &transfer->download.file,
			&transfer->download.head, &transfer->response,
			transfer->body.is_joined);
	if (!goes_on)
		fp_partial_leave(ticket, &transfer->download.file,
			is_broken(ticket->result.kind));
	fp_download_end(&transfer->download);
}

static void
fail_status(struct fp_transfer *transfer)
{
	int status = transfer->response.status;
	const char *phrase = fp_outcome_status_phrase(status);
	char text[120];

	snprintf(text, sizeof(text), "%d%s%s%s", status, phrase[0] ? " " : "",
		phrase,
		status < 300 ? ", which does not count as success" : "");
	fp_ticket_fail(transfer->ticket, FP_KIND_HTTP, text);
}

/* It is a success, and its body goes where it is wanted. 304 says that the file
 * that is there is right, and HEAD asks for none: nothing came. */
static void
verdict_deliver(struct fp_transfer *transfer)
{
	const struct fp_response *response = &transfer->response;
	struct fp_ticket *ticket = transfer->ticket;

	fp_condition_end(ticket);
	if (transfer->body.is_filed && response->status != 304 &&
		!response->answers_head)
		fp_download_commit(&transfer->download, ticket);
	else if (ticket->result.encoding != FP_BODY_NONE &&
		 fp_ticket_take_body(ticket))
		fp_transfer_fail_spool(transfer, errno);
}

/* The response is whole: is it a success? */
static void
judge_response(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	const struct fp_response *response = &transfer->response;
	struct fp_result *result = &ticket->result;
	const char *message = NULL;
	bool is_enough = transfer->phase == FP_TRANSFER_ENOUGH;
	char text[200];

	if (!fp_phase_has_body(transfer->phase))
		fp_transfer_begin_body(transfer, true);
	result->size = (int64_t)transfer->body.carry.size;
	if (response->status == 304 && ticket->condition &&
		ticket->condition->is_sent) {
		result->is_unchanged = true;
		result->framing = "none";
		if (transfer->setup->outdir.fd >= 0)
			fp_download_keep(&transfer->download, ticket);
		return;
	}
	if (!fp_transfer_is_ok(transfer)) {
		fail_status(transfer);
		return;
	}
	enum fp_kind kind = FP_KIND_OK;
	if (!is_enough) {
		kind = judge_encoding(transfer, text, sizeof(text));
		message = text;
		result->framing = name_framing(transfer);
	}
	if (kind == FP_KIND_OK && !is_enough &&
		may_be_cut(transfer, result->framing)) {
		kind = FP_KIND_INCOMPLETE;
		message = "the body has no length, so it may have been cut "
			  "off";
	}
	if (kind == FP_KIND_OK && !is_empty_page(transfer)) {
		kind = fp_carry_end(&transfer->body.carry, due_of(transfer),
			&result->encoding);
		message = transfer->body.carry.message;
		ticket->keeps_body = transfer->body.carry.has_found;
	}
	if (FP_UNLIKELY(transfer->body.is_joined) && kind == FP_KIND_OK)
		kind = judge_joined(transfer, text, sizeof(text), &message);
	result->changes = transfer->body.carry.changes;
	fp_ticket_set_charset(ticket, fp_carry_charset(&transfer->body.carry));
	if (FP_UNLIKELY(transfer->setup->take.each >= 0) &&
		kind == FP_KIND_OK) {
		kind = judge_elements(transfer, text, sizeof(text));
		message = text;
	}
	if (FP_UNLIKELY(ticket->chain) && kind == FP_KIND_OK) {
		kind = find_next_page(transfer, text, sizeof(text));
		message = text;
	}
	if (kind == FP_KIND_OK)
		verdict_deliver(transfer);
	else
		fp_ticket_fail(ticket, kind, message);
}

int64_t
fp_transfer_time_ns(const struct fp_transfer *transfer, CURLINFO info)
{
	curl_off_t us = 0;

	if (curl_easy_getinfo(transfer->handle.easy, info, &us) != CURLE_OK ||
		us < 0)
		return 0;
	return (int64_t)us * 1000;
}

/* What is known of the attempt, however it ended. `is_found`: its server was,
 * by name or by a connection that was there. */
static void
describe(struct fp_transfer *transfer, bool is_found)
{
	struct fp_ticket *ticket = transfer->ticket;
	struct fp_result *result = &ticket->result;
	const struct fp_response *response = &transfer->response;
	char *ip = NULL;

	/* Before that, libcurl may still have the transfer's before. */
	if (is_found &&
		curl_easy_getinfo(transfer->handle.easy, CURLINFO_PRIMARY_IP,
			&ip) == CURLE_OK &&
		ip)
		snprintf(ticket->ip, sizeof(ticket->ip), "%s", ip);
	if (transfer->n_on_wire) {
		int64_t tcp =
			fp_transfer_time_ns(transfer, CURLINFO_CONNECT_TIME_T);
		int64_t tls = fp_transfer_time_ns(
			transfer, CURLINFO_APPCONNECT_TIME_T);
		result->time_connect_ns = FP_MAX(tcp, tls);
	}
	if (fp_redirect_note(&transfer->request, response->status))
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	if (response->status == 0)
		return;
	result->status = response->status;
	result->redirects = ticket->trail.n_hops;
	if (ticket->trail.hop.len > 0)
		result->final_url =
			fp_request_show(&ticket->trail.hop, &ticket->final_url);
	result->http_version = response->version;
	result->size = fp_phase_has_body(transfer->phase)
			       ? (int64_t)transfer->body.carry.size
			       : 0;
	if (ticket->type.len > 0)
		result->type = ticket->type.data;
	/* A head that is too large is none that can wait to be written. */
	if (FP_UNLIKELY(transfer->stop == FP_STOP_HEADERS))
		fp_buf_clear(&ticket->headers, 0);
	else if (response->headers)
		result->headers = (struct fp_text){
			fp_buf_text(&ticket->headers), ticket->headers.len};
	result->time_first_byte_ns =
		fp_transfer_time_ns(transfer, CURLINFO_STARTTRANSFER_TIME_T);
}

/* Whether the proxy's answer to CONNECT is what the item ends with: anything
 * else that went wrong has nothing to do with it. */
static bool
is_refused_tunnel(const struct fp_transfer *transfer, CURLcode code)
{
	const struct fp_response *response = &transfer->response;

	return transfer->stop == FP_STOP_NONE &&
	       code != CURLE_OPERATION_TIMEDOUT && response->in_trailers &&
	       response->status >= 300 && response->status < FP_STATUS_MAX;
}

static bool
is_unpacked(struct fp_transfer *transfer)
{
	if (transfer->body.n_received == 0)
		return true;
	if (FP_UNLIKELY(fp_transfer_is_unpacked(transfer)))
		return fp_unpack_finish(&transfer->body.unpack) == FP_GUNZIP_OK;
	return transfer->body.packing != FP_PACKING_GZIP ||
	       fp_gunzip_finish(&transfer->body.gunzip) == FP_GUNZIP_OK;
}

/* The answer's body goes with the failure that it explains. */
static void
carry_failed(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	struct fp_carry *carry = &transfer->body.carry;
	enum fp_kind kind = ticket->result.kind;
	bool is_whole = true;

	/* It may have failed after the next page was found. */
	if (ticket->chain)
		ticket->chain->turns = false;
	if (kind == FP_KIND_STOPPED || !ticket->keeps_body) {
		fp_ticket_drop_body(ticket);
		return;
	}
	if (carry->has_found && ticket->spool)
		carry->is_cut =
			fp_ticket_unspool(ticket,
				transfer->setup->options.max_error_body) == 0;
	else if (carry->has_found)
		carry->is_cut = fp_ticket_trim_body(
			ticket, transfer->setup->options.max_error_body);
	else
		is_whole = kind == FP_KIND_HTTP && is_unpacked(transfer);
	enum fp_body encoding =
		fp_carry_end_failed(carry, is_whole, &ticket->detail);
	fp_ticket_set_charset(ticket, fp_carry_charset(carry));
	if (transfer->setup->outdir.fd >= 0) /* no record has a body */
		encoding = FP_BODY_NONE;
	fp_ticket_carry_failed(ticket, encoding, carry->is_cut);
}

/* Whether nothing was received but records that carry nothing: they would
 * starve others on the connection as well. One that nobody else uses is ended
 * without such proof, as it is in HTTP/1. */
static bool
is_starved(const struct fp_transfer *transfer, bool is_alone)
{
	const struct fp_tlsask_flow *flow = transfer->hold.flow;

	if (transfer->stop != FP_STOP_STALLED)
		return false;
	return is_alone ||
	       (flow->n > 0 && (flow->n >= STARVING_RECORDS ||
				       flow->n_bytes >= STARVING_BYTES));
}

/* It is done with its connection, which may be of no use to others either. */
static void
leave_connection(struct fp_transfer *transfer, CURLcode code)
{
	struct fp_socket *socket = transfer->hold.socket;
	bool is_alone = socket && socket->n_users == 1;

	if (socket && socket->is_quic &&
		(code == CURLE_OPERATION_TIMEDOUT ||
			transfer->stop == FP_STOP_STALLED))
		socket->is_ended = true;
	fp_transfer_let_go(transfer, false);
	/* libcurl 8 keeps a connection whose HTTP/2 is broken. */
	if (transfer->hold.flow &&
		(code == CURLE_HTTP2 || code == CURLE_RECV_ERROR ||
			code == CURLE_SEND_ERROR ||
			is_starved(transfer, is_alone)))
		fp_tlsask_cut(transfer->hold.flow, transfer->hold.id);
}

/* libcurl's result, as far as it counts; what it does not know is a reason of
 * our own. */
static CURLcode
settle_code(struct fp_transfer *transfer, CURLcode code)
{
	if (code == CURLE_OK && transfer->stop == FP_STOP_DESCRIPTORS)
		transfer->stop = FP_STOP_NONE;
	fp_transfer_look_for_shortage(transfer, code);
	/* Of a response whose head is enough, no end was waited for. */
	if (transfer->phase == FP_TRANSFER_ENOUGH &&
		(transfer->stop == FP_STOP_NONE ||
			transfer->stop == FP_STOP_LEFT))
		code = CURLE_OK;
	if (is_unclean_end(transfer, code)) {
		transfer->body.is_unclean = true;
		code = CURLE_OK;
	}
	/* libcurl sees some doubts before the head is complete. */
	if (code != CURLE_OK && transfer->stop == FP_STOP_NONE &&
		!transfer->response.in_trailers &&
		fp_response_doubt(&transfer->response))
		transfer->stop = FP_STOP_AMBIGUOUS;
	return code;
}

/* The first reason that there is to fail the item; if there is none, what the
 * response says. */
static void
judge_item(struct fp_transfer *transfer, CURLcode code)
{
	struct fp_ticket *ticket = transfer->ticket;

	if (FP_UNLIKELY(transfer->request.upload.fault))
		fp_upload_has_changed(&transfer->request.upload, ticket);
	else if (fail_stopped(transfer))
		return;
	else if (code != CURLE_OK)
		fail_curl(transfer, code);
	else if (is_flooded(transfer))
		fp_ticket_fail(ticket, FP_KIND_NETWORK, FLOOD);
	else if (!transfer->response.in_trailers ||
		 transfer->response.status >= FP_STATUS_MAX)
		fp_ticket_fail(ticket, FP_KIND_NETWORK, HEAD_CUT);
	else
		judge_response(transfer);
}

void
fp_transfer_end(struct fp_transfer *transfer, CURLcode code)
{
	struct fp_ticket *ticket = transfer->ticket;
	struct fp_upload *upload = &transfer->request.upload;
	bool is_found = !fp_phase_is_resolving(transfer->phase);
	int64_t now_ns = *transfer->context->now_ns;

	if (!is_found && code != CURLE_COULDNT_RESOLVE_HOST)
		transfer->context->left_ns = now_ns;
	leave_connection(transfer, code);
	if (transfer->phase == FP_TRANSFER_CONNECTING &&
		!is_refused_tunnel(transfer, code))
		fp_transfer_forget_head(transfer);
	describe(transfer, is_found);
	code = settle_code(transfer, code);
	bool is_over = ticket->result.kind != FP_KIND_OK;
	ticket->keeps_body = fp_phase_has_body(transfer->phase) &&
			     transfer->body.carry.is_failed && !is_over;
	if (!is_over)
		judge_item(transfer, code);
	if (ticket->result.kind == FP_KIND_OK)
		fp_upload_has_changed(upload, ticket);
	fp_upload_close(upload);
	if (FP_UNLIKELY(ticket->result.kind != FP_KIND_OK))
		carry_failed(transfer);
	ticket->result.fetch_time_ns = now_ns - ticket->started_ns;
	ticket->result.try_ns = now_ns - transfer->begun_ns;
	fp_transfer_look_ahead(transfer, code);
	if (transfer->setup->outdir.fd >= 0)
		end_download(transfer);
	fp_transfer_end_body(transfer);
}
