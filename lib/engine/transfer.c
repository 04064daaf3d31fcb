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

#include "bearer.h"
#include "clock.h"
#include "condition.h"
#include "cookies.h"
#include "kept.h"
#include "redirect.h"
#include "url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* libcurl's own default. What may be idle for so long may be forgotten by
 * whatever is between; when a server closes it, idletime.c learns. */
#define IDLE_CONNECTION_S 118L
#define CONNECTION_LIFE_S 900L

/* How long a name's addresses are kept; libcurl's own default, and little. */
#define NAME_S 60L
#define CROWD_NAME_S 1L

/* The least that libcurl takes. */
#define UPLOAD_BUFFER_BYTES 16384L

/* Each try that finds a connection unclean closes it, so that there is an end;
 * this is for servers that never stop. */
#define STALE_MAX 1000

/* Heads of interim responses and of the final one together. libcurl's own
 * limits came late and differ. A line counts for some bytes more than it has,
 * so that there are not too many of them either: a record puts together the
 * fields of each name, which takes the square of their number. */
#define HEADER_BYTES_MAX ((size_t)256 << 10)
#define HEADER_LINE_BYTES 100

/* libcurl below 8.0.0 never sees the end of a stream of HTTP/2 that comes with
 * more than its buffer holds. The most that can come at once is a head, up to
 * 128 KiB of it, and what a TLS record holds. */
#define WHOLE_HEAD_BYTES (160L << 10)

/* How much longer than twice its content a packed body may be. */
#define PACKING_BYTES_MAX 65536

/* The body of a redirect is read for the sake of its connection, which can be
 * used again when it has ended: so much of it, and so long. */
#define LEAVE_BYTES_MAX 65536
#define LEAVE_NS (250 * FP_NS_PER_MS)

/* ---- what libcurl calls ---- */

void
fp_transfer_resolved(struct fp_transfer *transfer)
{
	if (transfer->is_resolving) {
		transfer->is_resolving = false;
		transfer->context->n_resolving--;
	}
	if (FP_UNLIKELY(transfer->is_strange)) {
		transfer->is_strange = false;
		transfer->context->n_strange--;
	}
}

/* The head was a redirect's. Whether the rest may be waited for: a body that
 * will end soon, as far as can be told. */
static bool
is_worth_reading(const struct fp_transfer *transfer)
{
	const struct fp_response *response = &transfer->response;

	if (fp_response_ends_with_head(response))
		return true;
	if (fp_response_doubt(response))
		return false;
	if (response->has_length)
		return response->length <= LEAVE_BYTES_MAX;
	return response->is_chunked || response->version[0] != '1';
}

/* The most bytes of a body that are received. What is packed is longer than its
 * content only where it cannot be packed well; but bytes that unpack to nothing
 * may go on for ever. */
static uint64_t
most_received(const struct fp_transfer *transfer)
{
	uint64_t most = transfer->setup->options.max_body;

	if (!transfer->response.is_gzip ||
		transfer->setup->options.no_compressed)
		return most;
	return most > UINT64_MAX / 4 ? most : 2 * most + PACKING_BYTES_MAX;
}

/* Whether the head says all that is to be known. What may say when to come back
 * is read all the same. */
static bool
is_head_enough(const struct fp_transfer *transfer)
{
	return transfer->setup->options.check == FP_CHECK_HEAD &&
	       fp_request_is_check(&transfer->request) &&
	       !fp_refusal_wants_text(transfer->response.status);
}

/* Whether the answer says that the token is not good, and there will be another
 * one for this request. */
static bool
is_token_refused(struct fp_transfer *transfer)
{
	struct fp_bearer *bearer = transfer->setup->bearer;

	return bearer && fp_bearer_hears(bearer, &transfer->request,
				 transfer->response.status);
}

/* The rest of the response is of no use, but for its connection. */
static void
begin_leaving(struct fp_transfer *transfer)
{
	transfer->is_leaving = true;
	transfer->leave_ns = *transfer->context->now_ns + LEAVE_NS;
	transfer->context->has_leaving = true;
	if (!is_worth_reading(transfer))
		transfer->stop = FP_STOP_LEFT;
}

/* The head is complete: what is to be done with the body? false: nothing, and
 * `stop` says why. */
static bool
end_head(struct fp_transfer *transfer)
{
	const struct fp_response *response = &transfer->response;

	if (FP_UNLIKELY(is_token_refused(transfer))) {
		transfer->is_unauthorized = true;
		begin_leaving(transfer);
	} else if (fp_redirect_is_followed(&transfer->request, response->status,
			   fp_buf_text(&transfer->location))) {
		if (response->moved_twice)
			transfer->stop = FP_STOP_AMBIGUOUS;
		else
			begin_leaving(transfer);
	} else if (FP_UNLIKELY(is_head_enough(transfer))) {
		transfer->is_enough = true;
		begin_leaving(transfer);
	} else if (fp_response_doubt(response)) {
		transfer->stop = FP_STOP_AMBIGUOUS;
	} else if (fp_response_ends_with_close(response)) {
		if (transfer->setup->cannot_see_close &&
			fp_request_is_https(&transfer->request))
			fp_tlsask_watch(&transfer->setup->tlsask,
				transfer->easy, &transfer->tls_end);
	} else if (response->has_length &&
		   !fp_response_ends_with_head(response) &&
		   response->length > most_received(transfer)) {
		transfer->stop = FP_STOP_TOO_LARGE;
	}
	return transfer->stop == FP_STOP_NONE;
}

/* Some bytes of a body came. false: that is enough of it. */
bool
fp_transfer_receive(struct fp_transfer *transfer, size_t len)
{
	transfer->n_received += len;
	if (transfer->is_leaving) {
		if (transfer->n_received <= LEAVE_BYTES_MAX)
			return true;
		transfer->stop = FP_STOP_LEFT;
		return false;
	}
	/* What is not packed is counted by the carry. */
	if (!transfer->is_gunzipped ||
		transfer->n_received <= most_received(transfer))
		return true;
	transfer->stop = FP_STOP_TOO_LARGE;
	return false;
}

/* Whether the response that begins with this line is one whose cookies are for
 * the next hop. */
static bool
sets_out(const struct fp_transfer *transfer)
{
	int status = transfer->response.status;

	return status >= 300 && status < 400 && status != 304 &&
	       transfer->setup->options.max_redirs > 0 &&
	       !fp_request_has_header(&transfer->request, "Cookie");
}

/* Cookies are kept from the first redirect on: what is not redirected costs
 * nothing. false: no memory. */
static bool
mind_cookies(struct fp_transfer *transfer, const char *line, size_t len)
{
	if (!transfer->takes_cookies && sets_out(transfer)) {
		if (fp_cookies_begin(transfer->easy) != CURLE_OK)
			return false;
		transfer->takes_cookies = true;
	} else if (transfer->takes_cookies) {
		transfer->has_cookies |= fp_cookies_are_set(line, len);
	}
	return true;
}

static size_t
on_header(char *line, size_t one, size_t len, void *arg)
{
	struct fp_transfer *transfer = arg;
	bool is_complete = transfer->response.in_trailers;

	(void)one;
	transfer->heard_ns = *transfer->context->now_ns;
	if (transfer->flow)
		transfer->flow->n = 0;
	transfer->n_header_bytes += len + HEADER_LINE_BYTES;
	if (transfer->n_header_bytes > HEADER_BYTES_MAX) {
		transfer->stop = FP_STOP_HEADERS;
		return CURL_WRITEFUNC_ERROR;
	}
	/* libcurl 8.22.0 and later bring what there is of a line when the
	 * connection ends within it: the end of a head is not that of one. */
	if (len == 0 || line[len - 1] != '\n')
		return len;
	if (fp_response_line(&transfer->response, line, len) ||
		(transfer->ticket->condition && !is_complete &&
			fp_condition_field(
				transfer->ticket->condition, line, len)) ||
		!mind_cookies(transfer, line, len)) {
		transfer->stop = FP_STOP_MEMORY;
		return CURL_WRITEFUNC_ERROR;
	}
	if (FP_UNLIKELY(transfer->has_opened)) {
		transfer->is_proxys = true;
		return len;
	}
	if (!is_complete && transfer->response.in_trailers &&
		!end_head(transfer))
		return CURL_WRITEFUNC_ERROR;
	if (!is_complete && transfer->response.in_trailers)
		fp_transfer_answered(transfer);
	return len;
}

/* ---- the handle ---- */

/* Sets everything that stays the same from item to item. What libcurl refuses
 * is *refused. */
static CURLcode
set_constants(struct fp_transfer *transfer, CURL *easy, const char **refused)
{
	const struct fp_setup *setup = transfer->setup;
	const struct fp_options *options = &setup->options;
	CURLcode code = CURLE_OK;

#define SET(option, value)                                            \
	do {                                                          \
		if (code == CURLE_OK) {                               \
			*refused = #option;                           \
			code = curl_easy_setopt(easy, option, value); \
		}                                                     \
	} while (0)
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_PROTOCOLS_STR, setup->protocols);
	SET(CURLOPT_REDIR_PROTOCOLS_STR, setup->protocols);
	SET(CURLOPT_HTTP_VERSION, setup->http_version);
	if (!setup->is_direct || setup->signs)
		SET(CURLOPT_USERAGENT, options->user_agent);
	if (setup->signs) /* it asks for 100 then, and need not wait for it */
		SET(CURLOPT_EXPECT_100_TIMEOUT_MS, 1L);
	SET(CURLOPT_HTTPHEADER, setup->wire_headers);
	if (setup->has_tls) {
		SET(CURLOPT_SSL_VERIFYPEER, options->insecure ? 0L : 1L);
		SET(CURLOPT_SSL_VERIFYHOST, options->insecure ? 0L : 2L);
	}
	SET(CURLOPT_CONNECTTIMEOUT_MS, fp_setup_connect_ms(setup, 0));
	SET(CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_S);
	SET(CURLOPT_MAXLIFETIME_CONN, CONNECTION_LIFE_S);
	/* libcurl takes this much for each request over TLS. The default, four
	 * times as much, is for bodies. */
	if (!options->data.data && !options->data_line)
		SET(CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_BYTES);
	SET(CURLOPT_ERRORBUFFER, transfer->error);
	SET(CURLOPT_SHARE, transfer->context->sessions);
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_OPENSOCKETFUNCTION, fp_transfer_on_open);
	SET(CURLOPT_OPENSOCKETDATA, transfer);
	SET(CURLOPT_CLOSESOCKETFUNCTION, fp_transfer_on_close);
	SET(CURLOPT_CLOSESOCKETDATA, transfer->context);
	SET(CURLOPT_PREREQFUNCTION, fp_transfer_on_gate);
	SET(CURLOPT_PREREQDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, fp_transfer_on_body);
	SET(CURLOPT_WRITEDATA, transfer);
	if (setup->forgets_read)
		SET(CURLOPT_BUFFERSIZE, WHOLE_HEAD_BYTES);
	/* A filter that sees the proxy's address sees nothing. And libcurl does
	 * not look through the environment for each request. */
	if (setup->is_direct) {
		SET(CURLOPT_PROXY, "");
		SET(CURLOPT_NOPROXY, "*");
	}
#undef SET
	return code;
}

static CURLcode
set_all(struct fp_transfer *transfer, CURL *easy, const char **refused)
{
	const struct fp_setup *setup = transfer->setup;
	CURLcode code = set_constants(transfer, easy, refused);

	if (code == CURLE_OK) {
		*refused = "an option that was given";
		code = fp_curlopts_apply(&setup->curlopts, easy);
	}
	if (code == CURLE_OK && setup->proxy_port)
		code = curl_easy_setopt(
			easy, CURLOPT_PROXYPORT, setup->proxy_port);
	if (code == CURLE_OK && setup->noproxy)
		code = curl_easy_setopt(easy, CURLOPT_NOPROXY, setup->noproxy);
	if (code == CURLE_OK) {
		*refused = "an option for certificate authorities";
		code = fp_trust_apply(
			&setup->trust, easy, fp_transfer_on_tls, transfer);
	}
	return code;
}

static CURLcode
make_easy(struct fp_transfer *transfer, const char **refused)
{
	CURL *easy = curl_easy_init();
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (easy)
		code = set_all(transfer, easy, refused);
	if (code == CURLE_OK) {
		transfer->easy = easy;
	} else {
		curl_easy_cleanup(easy);
	}
	return code;
}

/* It is one of the handle's options that failed, and not always for want of
 * memory. */
static void
fail_setting(struct fp_transfer *transfer, CURLcode code)
{
	fp_ticket_fail(transfer->ticket, FP_KIND_LOCAL,
		code == CURLE_OUT_OF_MEMORY ? FP_OUT_OF_MEMORY
					    : curl_easy_strerror(code));
}

int
fp_transfer_try(struct fp_setup *setup, char *why, size_t why_size)
{
	struct fp_context context = {.setup = setup};
	struct fp_transfer transfer = {.setup = setup, .context = &context};
	const char *refused = NULL;
	CURLcode code = make_easy(&transfer, &refused);

	curl_easy_cleanup(transfer.easy);
	errno = code == CURLE_OUT_OF_MEMORY ? ENOMEM : ENOTSUP;
	if (code != CURLE_OK && code != CURLE_OUT_OF_MEMORY)
		snprintf(why, why_size, "libcurl %s refuses %s: %s",
			curl_version_info(CURLVERSION_NOW)->version, refused,
			curl_easy_strerror(code));
	return code == CURLE_OK ? 0 : -1;
}

void
fp_transfer_init(struct fp_transfer *transfer, struct fp_context *context)
{
	memset(transfer, 0, sizeof(*transfer));
	transfer->names_s = NAME_S; /* as libcurl has it, too */
	transfer->context = context;
	transfer->setup = context->setup;
	fp_carry_init(&transfer->carry, &context->setup->options);
	transfer->carry.fail_if = context->setup->fail_if;
	transfer->carry.places = context->setup->take.pointers;
	transfer->carry.n_places = context->setup->take.n;
	fp_gunzip_init(&transfer->gunzip);
	fp_request_init(&transfer->request, context->setup);
	fp_download_init(&transfer->download, context->setup);
}

void
fp_transfer_destroy(struct fp_transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	transfer->easy = NULL;
	fp_hold_drop(&transfer->hold, 0);
	fp_carry_destroy(&transfer->carry);
	fp_gunzip_free(&transfer->gunzip);
	fp_request_destroy(&transfer->request);
	fp_download_destroy(&transfer->download);
	fp_buf_destroy(&transfer->location);
	fp_buf_destroy(&transfer->links);
	fp_buf_destroy(&transfer->refusal);
}

/* An item that found no descriptor sees to it that its lane's idle
 * connections are closed first, as libcurl looks at their age before it makes
 * another one; and its own is not kept. */
static CURLcode
transfer_make_room(struct fp_transfer *transfer)
{
	bool is_short = transfer->ticket->n_short > 0;

	if (is_short == transfer->is_short)
		return CURLE_OK;
	transfer->is_short = is_short;
	return curl_easy_setopt(transfer->easy, CURLOPT_MAXAGE_CONN,
		is_short ? 0L : IDLE_CONNECTION_S);
}

/* libcurl says of a connection that its host is an address of IPv6, and puts
 * brackets around the Host field: of the first host that it was for, also when
 * a proxy leads it to another. So such a host has a connection of its own. */
static bool
would_mislead_proxy(const struct fp_transfer *transfer)
{
	return !transfer->setup->is_direct &&
	       strncmp(transfer->ticket->origin->name, "http://[", 8) == 0;
}

/* Whether its name was not there at the last attempt. libcurl 8.16.0 and later
 * keep that, too; this attempt is to ask again. */
static bool
is_unresolved(const struct fp_ticket *ticket)
{
	const struct fp_result *result = &ticket->result;

	return result->n_tries > 0 &&
	       result->tries[result->n_tries - 1].kind == FP_KIND_DNS;
}

/* For how long addresses that are known count for this transfer. */
static CURLcode
keep_names(struct fp_transfer *transfer, long names_s)
{
	if (names_s == transfer->names_s)
		return CURLE_OK;
	transfer->names_s = names_s;
	return curl_easy_setopt(
		transfer->easy, CURLOPT_DNS_CACHE_TIMEOUT, names_s);
}

/* Among very many hosts, libcurl's memory of each costs all others: it keeps
 * an entry for every name for a minute, and for every host that it ever kept a
 * connection to, and goes through them for every request. So then connections
 * to hosts that are not known to come again are not kept, and names only for a
 * moment. Nor is a connection kept that would have to be looked at, and cannot
 * be. */
static CURLcode
choose_connection(struct fp_transfer *transfer)
{
	bool misleads = would_mislead_proxy(transfer);
	bool stranger = fp_crowd_is_stranger(
		&transfer->context->crowd, transfer->ticket->origin->hash);
	bool fresh = transfer->ticket->again.is_fresh || misleads ||
		     transfer->setup->is_fresh ||
		     fp_transfer_needs_new(transfer);
	bool alone = transfer->setup->cannot_look || misleads || stranger ||
		     transfer->setup->is_alone || transfer->ticket->n_short > 0;

	if (fresh != transfer->is_fresh) {
		transfer->is_fresh = fresh;
		CURLcode code = curl_easy_setopt(transfer->easy,
			CURLOPT_FRESH_CONNECT, transfer->is_fresh ? 1L : 0L);
		if (code != CURLE_OK)
			return code;
	}
	if (alone != transfer->is_alone) {
		transfer->is_alone = alone;
		CURLcode code = curl_easy_setopt(
			transfer->easy, CURLOPT_FORBID_REUSE, alone ? 1L : 0L);
		if (code != CURLE_OK)
			return code;
	}
	return keep_names(transfer, is_unresolved(transfer->ticket) ? 0
				    : stranger ? CROWD_NAME_S
					       : NAME_S);
}

/* libcurl before 8.0.0 loses the answer of HTTP/2 that comes before the body
 * was sent, as a stream that was reset (RFC 9113, section 8.1). So what has a
 * body is sent over HTTP/1.1 there, but to a server that may not speak it. */
static CURLcode
choose_version(struct fp_transfer *transfer)
{
	bool has_body = transfer->request.body.data ||
			strcmp(transfer->request.method, "POST") == 0;
	bool is_1_1 =
		transfer->setup->loses_early && has_body && !transfer->needs_2;

	if (is_1_1 == transfer->is_1_1)
		return CURLE_OK;
	transfer->is_1_1 = is_1_1;
	return curl_easy_setopt(transfer->easy, CURLOPT_HTTP_VERSION,
		is_1_1 ? CURL_HTTP_VERSION_1_1 : transfer->setup->http_version);
}

/* libcurl counts how often it sent again by itself, and never forgets: a handle
 * that is used for long would fail each sixth such request. A copy of it has
 * all options, and has counted nothing. */
static void
transfer_renew(struct fp_transfer *transfer)
{
	CURL *copy = curl_easy_duphandle(transfer->easy);

	if (!copy)
		return;
	curl_easy_setopt(copy, CURLOPT_SHARE, transfer->context->sessions);
	curl_easy_cleanup(transfer->easy);
	transfer->easy = copy;
	if (transfer->takes_cookies)
		fp_cookies_end(copy);
	transfer->takes_cookies = false;
	transfer->is_worn = false;
}

/* Before there is one, and when what there is was the proxy's. */
void
fp_transfer_forget_head(struct fp_transfer *transfer)
{
	const struct fp_options *options = &transfer->setup->options;
	struct fp_ticket *ticket = transfer->ticket;

	fp_response_reset(&transfer->response, &ticket->type,
		options->want_headers ? &ticket->headers : NULL);
	transfer->response.location = &transfer->location;
	if (ticket->condition)
		fp_condition_begin(ticket->condition);
	transfer->response.disposition =
		fp_download_wants_header(&transfer->download);
	if (transfer->setup->next.how == FP_NEXT_LINK)
		transfer->response.links = &transfer->links;
	transfer->response.hints = &transfer->hints;
	transfer->refusal.len = 0;
	transfer->response.wants_quota = options->respect_ratelimit;
	transfer->response.answers_head =
		strcmp(transfer->request.method, "HEAD") == 0;
	transfer->is_proxys = false;
}

/* Forgets what an earlier try left behind, and sets up the handle. */
static CURLcode
start_over(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;

	fp_transfer_end_body(transfer);
	transfer->stop = FP_STOP_NONE;
	transfer->is_gunzipped = false;
	transfer->is_paused = false;
	transfer->n_fed = 0;
	transfer->n_received = transfer->n_before = 0;
	transfer->is_leaving = transfer->is_enough = false;
	transfer->is_unauthorized = false;
	transfer->socket_id = 0;
	transfer->flow = NULL;
	transfer->is_unclean = false;
	transfer->tls_end = (struct fp_tlsask_end){NULL, false};
	transfer->n_on_wire = 0;
	transfer->has_opened = false;
	transfer->n_nudges = 0;
	fp_transfer_connected(transfer);
	transfer->hold.is_unread = false;
	transfer->n_header_bytes = 0;
	transfer->error[0] = '\0';
	transfer->unread = NULL;
	transfer->heard_ns = transfer->tried_ns = *transfer->context->now_ns;
	fp_buf_clear(&transfer->location, SIZE_MAX);
	if (FP_UNLIKELY(transfer->links.len > 0))
		fp_buf_clear(&transfer->links, 1024);
	ticket->again.wait_ns = 0;
	if (FP_UNLIKELY(transfer->is_worn) && !transfer->has_cookies)
		transfer_renew(transfer);
	if (FP_UNLIKELY(transfer->skipped_ns > 0))
		curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS,
			fp_setup_connect_ms(transfer->setup, 0));
	transfer->skipped_ns = 0;
	fp_transfer_forget_head(transfer);
	CURLcode code = fp_request_apply(&transfer->request, transfer->easy);
	if (code == CURLE_OK)
		code = choose_connection(transfer);
	if (code == CURLE_OK)
		code = choose_version(transfer);
	if (code == CURLE_OK)
		code = fp_transfer_ask_refusal(transfer);
	if (code == CURLE_OK)
		code = transfer_make_room(transfer);
	if (code == CURLE_OK) {
		transfer->is_resolving = true;
		transfer->context->n_resolving++;
		transfer->is_strange = ticket->is_strange;
		transfer->context->n_strange += ticket->is_strange;
	}
	return code;
}

/* The handle has the cookies of this item's hops so far, and no others. */
static CURLcode
change_cookies(struct fp_transfer *transfer)
{
	const struct fp_buf *kept = &transfer->ticket->cookies;

	if (FP_UNLIKELY(transfer->has_cookies))
		fp_cookies_forget(transfer->easy);
	transfer->has_cookies = kept->len > 0;
	if (FP_LIKELY(!transfer->has_cookies))
		return CURLE_OK;
	transfer->takes_cookies = true;
	return fp_cookies_give(transfer->easy, kept);
}

/* On a handle that is there, or is made now. */
static CURLcode
transfer_begin(struct fp_transfer *transfer)
{
	const char *refused;
	CURLcode code = CURLE_OK;

	if (!transfer->easy)
		code = make_easy(transfer, &refused);
	return code == CURLE_OK ? start_over(transfer) : code;
}

bool
fp_transfer_begin(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;

	transfer->n_stale = 0;
	transfer->needs_2 = false;
	transfer->begun_ns = *transfer->context->now_ns - ticket->used_ns;
	if (!fp_request_make(&transfer->request, ticket) ||
		!fp_download_name(&transfer->download, &transfer->request)) {
		fp_download_end(&transfer->download);
		transfer->ticket = NULL;
		return false;
	}
	transfer->request.can_keep = fp_download_can_keep(&transfer->download);
	CURLcode code = transfer_begin(transfer);
	if (code == CURLE_OK)
		code = change_cookies(transfer);
	if (code != CURLE_OK) {
		fail_setting(transfer, code);
		fp_download_end(&transfer->download);
		transfer->ticket = NULL;
		return false;
	}
	if (!ticket->has_begun)
		ticket->result.attempts++;
	ticket->has_begun = true;
	ticket->result.method = transfer->request.first_method;
	return true;
}

/* Whether the next hop may not just begin: it is to another origin, or counts
 * against a rate or perhaps a server's quota, or is to wait; or the origin is
 * to hear that its Retry-After is none. */
static bool
must_ask(const struct fp_transfer *transfer)
{
	const struct fp_ticket *ticket = transfer->ticket;
	struct fp_origin_name name;

	if (transfer->setup->has_rates ||
		transfer->setup->options.respect_ratelimit ||
		fp_waithint_is_malformed(&transfer->hints) ||
		ticket->again.wait_ns > 0)
		return true;
	fp_origin_name(&name, fp_ticket_url(ticket));
	return strcmp(name.text, ticket->origin->name) != 0;
}

/* Begins the request that follows, or leaves that to the schedule. */
static enum fp_onward
go_on_with(struct fp_transfer *transfer)
{
	if (must_ask(transfer))
		return FP_ONWARD_PARK;
	CURLcode code = transfer_begin(transfer);
	if (code == CURLE_OK)
		return FP_ONWARD_ADD;
	fail_setting(transfer, code);
	return FP_ONWARD_END;
}

/* HEAD was refused: the same with GET, from the first hop on. */
static enum fp_onward
ask_with_get(struct fp_transfer *transfer)
{
	fp_transfer_end_body(transfer);
	fp_transfer_resolved(transfer);
	if (!fp_request_ask_with_get(&transfer->request))
		return FP_ONWARD_END;
	transfer->stop = FP_STOP_NONE;
	transfer->ticket->again.wait_ns = 0;
	transfer->ticket->result.method = transfer->request.method;
	CURLcode code = change_cookies(transfer);
	if (code == CURLE_OK)
		return go_on_with(transfer);
	fail_setting(transfer, code);
	return FP_ONWARD_END;
}

/* The next hop of a redirect. The time that an attempt may take is for all its
 * hops together. */
static enum fp_onward
follow(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	int64_t wait_ns;

	wait_ns = fp_waithint_after_ns(&transfer->hints, fp_clock_wall_ns());
	ticket->again.wait_ns = FP_MAX(wait_ns, 0);
	if (wait_ns / FP_NS_PER_MS >
		(int64_t)transfer->setup->options.retry_after_max_ms) {
		fp_ticket_fail(ticket, FP_KIND_REDIRECT,
			"redirect with a Retry-After over the limit");
		ticket->result.retry_after_ns = wait_ns;
		return FP_ONWARD_END;
	}
	if (!fp_redirect_follow(&transfer->request, transfer->response.status,
		    fp_buf_text(&transfer->location)))
		return FP_ONWARD_END;
	fp_transfer_resolved(transfer);
	return go_on_with(transfer);
}

/* It may not go out now, and asks again later: that costs it nothing. The next
 * time it may keep its start unused for longer, as its server does answer. */
static void
transfer_hold(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	int64_t took_ns = *transfer->context->now_ns - transfer->tried_ns;

	ticket->again.wait_ns = 0;
	ticket->unused_ns = 2 * FP_MAX(ticket->unused_ns, took_ns);
	/* libcurl was about to send it again. */
	if (transfer->n_on_wire > 0)
		ticket->again.is_fresh = true;
	else
		transfer->begun_ns += took_ns;
}

/* The server has done nothing: the same again with another token, and the
 * attempt has all its time. */
static void
wait_for_token(struct fp_transfer *transfer)
{
	transfer->ticket->again.wait_ns = 0;
	transfer->begun_ns = *transfer->context->now_ns;
	transfer->stop = FP_STOP_NONE;
}

/* Whether libcurl says that the connection broke before an answer came. */
static bool
has_died(const struct fp_transfer *transfer, CURLcode code)
{
	return transfer->response.status == 0 &&
	       (code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
		       code == CURLE_RECV_ERROR);
}

/* Whether the connection was at fault, and another one may do: it was closed
 * before the server had the request; or what came is no answer, but what the
 * one before left there, such as a body after HEAD. */
static bool
wants_another(const struct fp_transfer *transfer, CURLcode code)
{
	if (transfer->stop != FP_STOP_NONE || transfer->hold.idle_ns < 0 ||
		transfer->response.status > 0)
		return false;
	if (code == CURLE_UNSUPPORTED_PROTOCOL ||
		code == CURLE_WEIRD_SERVER_REPLY)
		return transfer->n_on_wire > 0 &&
		       fp_request_is_idempotent(&transfer->request);
	if (code == CURLE_SEND_ERROR)
		return transfer->hold.is_unread ||
		       fp_request_is_idempotent(&transfer->request);
	return code != CURLE_OK && transfer->hold.is_unread;
}

/* Whether libcurl has refused the head of a redirect for how it says where its
 * body ends, which is of no use, and where it leads is known. */
static bool
is_redirect_refused(const struct fp_transfer *transfer, CURLcode code)
{
	const struct fp_response *response = &transfer->response;

	return code != CURLE_OK && transfer->stop == FP_STOP_NONE &&
	       !response->in_trailers && !response->moved_twice &&
	       (strstr(transfer->error, "Content-Length") ||
		       strstr(transfer->error, "Transfer-Encoding")) &&
	       fp_redirect_is_followed(&transfer->request, response->status,
		       fp_buf_text(&transfer->location));
}

enum fp_onward
fp_transfer_next(struct fp_transfer *transfer, CURLcode code)
{
	fp_transfer_let_go(transfer, has_died(transfer, code));
	if (transfer->is_1_1 && transfer->n_on_wire == 0 &&
		transfer->stop == FP_STOP_NONE &&
		code == CURLE_SSL_CONNECT_ERROR) {
		/* Perhaps it wants "h2" (RFC 7301, section 3.2). */
		transfer->needs_2 = true;
		transfer->stop = FP_STOP_STALE;
	} else if (wants_another(transfer, code)) {
		transfer->stop = FP_STOP_STALE;
		transfer->ticket->again.is_fresh = true;
	}
	if (FP_UNLIKELY(is_redirect_refused(transfer, code)))
		transfer->is_leaving = true;
	if (FP_UNLIKELY(fp_transfer_is_head_refused(transfer, code)))
		return ask_with_get(transfer);
	if (FP_UNLIKELY(transfer->is_unauthorized)) {
		wait_for_token(transfer);
		return FP_ONWARD_PARK;
	}
	/* However its body came out. */
	if (transfer->is_leaving && !transfer->is_enough &&
		(transfer->stop == FP_STOP_NONE ||
			transfer->stop == FP_STOP_LEFT))
		return follow(transfer);
	if (code == CURLE_OK && transfer->stop == FP_STOP_NONE)
		return FP_ONWARD_END;
	if (transfer->stop == FP_STOP_HELD) {
		transfer_hold(transfer);
		return FP_ONWARD_PARK;
	}
	if (transfer->stop != FP_STOP_STALE || ++transfer->n_stale > STALE_MAX)
		return FP_ONWARD_END;
	fp_transfer_resolved(transfer);
	return start_over(transfer) == CURLE_OK ? FP_ONWARD_ADD : FP_ONWARD_END;
}

struct fp_ticket *
fp_transfer_park(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;

	fp_transfer_resolved(transfer);
	fp_transfer_connected(transfer);
	if (transfer->setup->outdir.fd >= 0)
		fp_download_end(&transfer->download);
	ticket->used_ns = *transfer->context->now_ns - transfer->begun_ns;
	fp_buf_clear(&ticket->cookies, 0);
	if (FP_UNLIKELY(transfer->has_cookies) &&
		fp_cookies_keep(transfer->easy, &ticket->cookies))
		fp_buf_clear(&ticket->cookies, 0);
	ticket->again.how = FP_AGAIN_SAME;
	ticket->report = (struct fp_report){
		.heard = transfer->response.status ? FP_HEARD_ANSWER
						   : FP_HEARD_NOTHING,
		.is_malformed = transfer->response.status > 0 &&
				fp_waithint_is_malformed(&transfer->hints),
		.begun_ns = transfer->begun_ns,
	};
	if (ticket->again.wait_ns == 0) {
		fp_transfer_respect_quota(transfer);
	} else if (transfer->stop == FP_STOP_NONE ||
		   transfer->stop == FP_STOP_LEFT) {
		ticket->report.pause_ns = ticket->again.wait_ns;
		ticket->report.status = transfer->response.status;
	}
	fp_transfer_end_body(transfer);
	transfer->ticket = NULL;
	return ticket;
}
