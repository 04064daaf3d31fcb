/* SPDX-License-Identifier: MIT */
/*
 * The life of a transfer:
 *
 *	begin	expand the template, judge the URL, set what changes for
 *		this item (the URL; everything else is set once)
 *	open	libcurl asks for a socket: the name is resolved
 *	gate	libcurl is connected and about to send: the last moment to
 *		say no, and the only place where every request on the wire
 *		passes, hidden re-sends on a dead connection included
 *	header	each line of each response's head
 *	body	bytes, as they come, into the carry
 *	end	the verdict, in verdict.c
 */
#include "base.h"

#include "transfer.h"

#include "clock.h"
#include "url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Servers commonly close idle connections after a minute or so; one that we
 * never reuse when older is one that never dies under a request. */
#define IDLE_CONNECTION_S 20L
#define CONNECTION_LIFE_S 900L

/* Each try that finds a connection unclean closes it, so that there is an end;
 * this is for servers that never stop. */
#define STALE_MAX 1000

/* Heads of interim responses and of the final one together. libcurl's own
 * limits came late and differ. A line counts for some bytes more than it has,
 * so that there are not too many of them either: a record puts together the
 * fields of each name, which takes the square of their number. */
#define HEADER_BYTES_MAX ((size_t)256 << 10)
#define HEADER_LINE_BYTES 100

/* ---- what libcurl calls ---- */

void
fp_transfer_resolved(struct fp_transfer *transfer)
{
	if (transfer->is_resolving) {
		transfer->is_resolving = false;
		transfer->context->n_resolving--;
	}
}

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fp_transfer *transfer = arg;

	(void)purpose;
	fp_transfer_resolved(transfer);
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
		address->protocol);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			errno == ENOMEM)
			transfer->stop = FP_STOP_DESCRIPTORS;
		return CURL_SOCKET_BAD;
	}
	if (transfer->stop == FP_STOP_DESCRIPTORS)
		transfer->stop = FP_STOP_NONE;
	if (transfer->setup->looks_at_sockets)
		fp_sockets_add(&transfer->context->sockets, fd);
	return fd;
}

/* The connection may be closed for another transfer than it was opened for:
 * only what they share may be touched. */
static int
on_close(void *arg, curl_socket_t fd)
{
	struct fp_context *context = arg;

	if (context->setup->looks_at_sockets)
		fp_sockets_remove(&context->sockets, fd);
	return close(fd);
}

static int
on_gate(void *arg, char *remote_ip, char *local_ip, int remote_port,
	int local_port)
{
	struct fp_transfer *transfer = arg;
	struct fp_ends ends = {local_ip, remote_ip, local_port, remote_port};

	fp_transfer_resolved(transfer);
	if (atomic_load_explicit(
		    &transfer->setup->no_new, memory_order_relaxed)) {
		transfer->stop = FP_STOP_CANCELLED;
		return CURL_PREREQFUNC_ABORT;
	}
	if (transfer->setup->looks_at_sockets &&
		!fp_sockets_is_clean(&transfer->context->sockets, &ends)) {
		transfer->stop = FP_STOP_STALE;
		return CURL_PREREQFUNC_ABORT;
	}
	transfer->n_on_wire++;
	return CURL_PREREQFUNC_OK;
}

static size_t
on_header(char *line, size_t one, size_t len, void *arg)
{
	struct fp_transfer *transfer = arg;

	(void)one;
	transfer->heard_ns = transfer->context->now_ns;
	transfer->n_header_bytes += len + HEADER_LINE_BYTES;
	if (transfer->n_header_bytes > HEADER_BYTES_MAX) {
		transfer->stop = FP_STOP_HEADERS;
		return CURL_WRITEFUNC_ERROR;
	}
	if (fp_response_line(&transfer->response, line, len)) {
		transfer->stop = FP_STOP_MEMORY;
		return CURL_WRITEFUNC_ERROR;
	}
	if (fp_response_is_ambiguous(&transfer->response)) {
		transfer->stop = FP_STOP_AMBIGUOUS;
		return CURL_WRITEFUNC_ERROR;
	}
	return len;
}

void
fp_transfer_begin_body(struct fp_transfer *transfer)
{
	int status = transfer->response.status;

	transfer->has_body = true;
	fp_carry_begin(&transfer->carry,
		status > 0 && status < FP_STATUS_MAX &&
			transfer->setup->ok.has[status] &&
			!transfer->response.is_encoded,
		fp_buf_text(&transfer->ticket->type), &transfer->ticket->body);
}

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
	struct fp_transfer *transfer = arg;

	(void)one;
	transfer->heard_ns = transfer->context->now_ns;
	if (!transfer->has_body)
		fp_transfer_begin_body(transfer);
	if (!fp_carry_write(&transfer->carry, data, len)) {
		transfer->stop = FP_STOP_TOO_LARGE;
		return CURL_WRITEFUNC_ERROR;
	}
	return len;
}

/* ---- the handle ---- */

/* Everything that stays the same from item to item. */
static CURL *
make_easy(struct fp_transfer *transfer)
{
	const struct fp_setup *setup = transfer->setup;
	const struct fp_options *options = &setup->options;
	CURL *easy = curl_easy_init();
	bool ok = easy != NULL;

#define SET(option, value) \
	(ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK)
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_PROTOCOLS_STR, options->protocols);
	SET(CURLOPT_REDIR_PROTOCOLS_STR, options->protocols);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_HTTP_VERSION, setup->http_version);
	SET(CURLOPT_USERAGENT, options->user_agent);
	SET(CURLOPT_HTTPHEADER, setup->headers);
	SET(CURLOPT_TIMEOUT_MS, (long)options->max_time_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
	SET(CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_S);
	SET(CURLOPT_MAXLIFETIME_CONN, CONNECTION_LIFE_S);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)options->max_body);
	SET(CURLOPT_ERRORBUFFER, transfer->error);
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, transfer);
	SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
	SET(CURLOPT_CLOSESOCKETDATA, transfer->context);
	SET(CURLOPT_PREREQFUNCTION, on_gate);
	SET(CURLOPT_PREREQDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, transfer);
#undef SET
	if (!ok) {
		curl_easy_cleanup(easy);
		return NULL;
	}
	return easy;
}

void
fp_transfer_init(struct fp_transfer *transfer, struct fp_context *context)
{
	memset(transfer, 0, sizeof(*transfer));
	transfer->context = context;
	transfer->setup = context->setup;
	fp_carry_init(&transfer->carry, &context->setup->options);
}

void
fp_transfer_destroy(struct fp_transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	transfer->easy = NULL;
	fp_carry_destroy(&transfer->carry);
}

/* ---- from the item to the request ---- */

static const struct fp_value *
look_up(void *arg, struct fp_text name)
{
	const struct fp_transfer *transfer = arg;
	const struct fp_ticket *ticket = transfer->ticket;

	if (name.len == 0)
		return &transfer->line;
	for (size_t i = 0; i < ticket->n_values; i++) {
		const struct fp_value *value = &ticket->values[i];
		if (value->name.len == name.len &&
			memcmp(value->name.data, name.data, name.len) == 0)
			return value;
	}
	return NULL;
}

/* Fails the item with a message that holds a variable's name. */
static void
fail_variable(struct fp_ticket *ticket, const char *what, struct fp_text name)
{
	char message[160];

	snprintf(message, sizeof(message), "%s {%.*s}", what,
		(int)FP_MIN(name.len, 80), name.len ? name.data : "");
	fp_ticket_fail(ticket, FP_KIND_INPUT, message);
}

/* The URL of the item, from its line or the template. false: it has none, and
 * the ticket says why. */
static bool
make_url(struct fp_transfer *transfer)
{
	const struct fp_setup *setup = transfer->setup;
	struct fp_ticket *ticket = transfer->ticket;
	struct fp_text input = ticket->result.input, undefined;
	int ret;

	if (!setup->template || (setup->options.urls_pass &&
					fp_is_url(input.data, input.len))) {
		ret = fp_url_encode(input.data, input.len, &ticket->url);
	} else {
		ret = fp_uritemplate_expand(setup->template, look_up, transfer,
			&ticket->url, &undefined);
		if (ret && errno == EINVAL) {
			fail_variable(ticket,
				"the value does not fit its place in the URL:",
				undefined);
			return false;
		}
		if (ret == 0 && undefined.data &&
			setup->options.undefined_fails) {
			fail_variable(
				ticket, "the line has no value for", undefined);
			return false;
		}
	}
	if (ret)
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return ret == 0;
}

/* What the record shows: the URL without its password. */
static bool
show_url(struct fp_ticket *ticket)
{
	const char *url = fp_buf_text(&ticket->url);
	size_t start, end;

	ticket->result.url = url;
	if (!fp_find_secret(url, ticket->url.len, &start, &end))
		return true;
	struct fp_buf *shown = &ticket->shown_url;
	if (fp_buf_add(shown, url, start) || fp_buf_add(shown, "***", 3) ||
		fp_buf_add_text(shown, url + end)) {
		ticket->result.url = NULL;
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return false;
	}
	ticket->result.url = shown->data;
	return true;
}

/* Whether the URL can be fetched: first by our rules, then by libcurl's. */
static bool
check_url(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	const char *message;

	if (!show_url(ticket))
		return false;
	enum fp_kind kind = fp_url_check(fp_buf_text(&ticket->url),
		ticket->url.len, transfer->setup->options.protocols, &message);
	if (kind != FP_KIND_OK) {
		fp_ticket_fail(ticket, kind, message);
		return false;
	}
	CURLU *parsed = curl_url();
	CURLUcode code = parsed ? curl_url_set(parsed, CURLUPART_URL,
					  ticket->url.data, 0)
				: CURLUE_OUT_OF_MEMORY;
	curl_url_cleanup(parsed);
	if (code == CURLUE_OUT_OF_MEMORY) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	} else if (code != CURLUE_OK) {
		char text[160];
		snprintf(text, sizeof(text), "not a URL: %s",
			curl_url_strerror(code));
		fp_ticket_fail(ticket, FP_KIND_INPUT, text);
	}
	return code == CURLUE_OK;
}

/* Forgets what an earlier try left behind. */
static void
start_over(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;

	transfer->stop = FP_STOP_NONE;
	transfer->has_body = false;
	transfer->n_on_wire = 0;
	transfer->n_header_bytes = 0;
	transfer->error[0] = '\0';
	transfer->begun_ns = transfer->context->now_ns;
	transfer->heard_ns = transfer->begun_ns;
	fp_response_reset(&transfer->response, &ticket->type,
		transfer->setup->options.want_headers ? &ticket->headers
						      : NULL);
	transfer->is_resolving = true;
	transfer->context->n_resolving++;
}

bool
fp_transfer_begin(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;

	transfer->n_stale = 0;
	transfer->line = (struct fp_value){
		.type = FP_VALUE_STRING,
		.texts = &ticket->result.input,
		.n_texts = 1,
	};
	if (!make_url(transfer) || !check_url(transfer)) {
		transfer->ticket = NULL;
		return false;
	}
	if (!transfer->easy)
		transfer->easy = make_easy(transfer);
	if (!transfer->easy || curl_easy_setopt(transfer->easy, CURLOPT_URL,
				       ticket->url.data) != CURLE_OK) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		transfer->ticket = NULL;
		return false;
	}
	ticket->result.attempts++;
	ticket->result.method = "GET";
	start_over(transfer);
	return true;
}

bool
fp_transfer_again(struct fp_transfer *transfer)
{
	if (transfer->stop != FP_STOP_STALE || ++transfer->n_stale > STALE_MAX)
		return false;
	fp_transfer_resolved(transfer);
	start_over(transfer);
	return true;
}
