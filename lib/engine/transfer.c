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

#include "chapters.h"

#include "bearer.h"
#include "clock.h"
#include "condition.h"
#include "cookies.h"
#include "redirect.h"
#include "span.h"
#include "url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Each try that finds a connection unclean closes it, so that there is an end;
 * this is for servers that never stop. */
#define STALE_MAX 1000

/* Heads of interim responses and of the final one together. libcurl's own
 * limits came late and differ. A line counts for some bytes more than it has,
 * so that there are not too many of them either: a record puts together the
 * fields of each name, which takes the square of their number. */
#define HEADER_BYTES_MAX ((size_t)256 << 10)
#define HEADER_LINE_BYTES 100

/* What a job may take, as the manual reckons, has room for a head of that size.
 * One that is larger counts in max_memory: libcurl keeps its fields, and the
 * line that it reads; and here are those that are asked for. */
#define HEADER_BYTES_SMALL ((size_t)32 << 10)
#define HEADER_COST 4
#define HEADER_STEP ((size_t)64 << 10)

/* The cookies of an item's redirects. libcurl sends 8 KiB of them. */
#define COOKIE_BYTES_MAX ((size_t)64 << 10)

/* How much longer than twice its content a packed body may be. */
#define PACKING_BYTES_MAX 65536

/* The body of a redirect is read for the sake of its connection, which can be
 * used again when it has ended: so much of it, and so long. */
#define LEAVE_BYTES_MAX 65536
#define LEAVE_NS (250 * FP_NS_PER_MS)

static void
transfer_move(struct fp_transfer *transfer, enum fp_transfer_phase phase)
{
	fp_phase_move(&transfer->context->phases, &transfer->phase, phase);
}

/* ---- what libcurl calls ---- */

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

	if (transfer->response.packing == FP_PACKING_NONE ||
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
begin_leaving(struct fp_transfer *transfer, enum fp_event_what what)
{
	fp_transfer_hear(transfer, what);
	transfer->due_ns = *transfer->context->now_ns + LEAVE_NS;
	if (!is_worth_reading(transfer))
		transfer->stop = FP_STOP_LEFT;
}

/* Whether the rest of a body was asked for, and this answer is of no use for
 * it: then all of it is. */
static bool
is_rest_refused(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	enum fp_partial_answer answer = fp_partial_judge(
		ticket, &transfer->download.head, &transfer->response);

	transfer->body.is_joined = answer == FP_PARTIAL_REST;
	if (answer == FP_PARTIAL_WHOLE || answer == FP_PARTIAL_USELESS)
		fp_ticket_drop_partial(ticket);
	return answer == FP_PARTIAL_USELESS;
}

/* The head is complete: what is to be done with the body? false: nothing, and
 * `stop` says why. */
static bool
end_head(struct fp_transfer *transfer)
{
	const struct fp_response *response = &transfer->response;

	if (FP_UNLIKELY(is_token_refused(transfer)) ||
		(FP_UNLIKELY(transfer->ticket->partial) &&
			is_rest_refused(transfer))) {
		begin_leaving(transfer, FP_EVENT_REPEAT);
	} else if (fp_redirect_is_followed(&transfer->request, response->status,
			   fp_buf_text(&transfer->location))) {
		if (response->moved_twice)
			transfer->stop = FP_STOP_AMBIGUOUS;
		else
			begin_leaving(transfer, FP_EVENT_REDIRECTED);
	} else if (FP_UNLIKELY(is_head_enough(transfer))) {
		begin_leaving(transfer, FP_EVENT_TOLD);
	} else if (fp_response_doubt(response)) {
		transfer->stop = FP_STOP_AMBIGUOUS;
	} else if (fp_response_ends_with_close(response)) {
		if (transfer->setup->cannot_see_close &&
			fp_request_is_https(&transfer->request))
			fp_tlsask_watch(&transfer->setup->tlsask,
				transfer->handle.easy, &transfer->body.tls_end);
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
	transfer->body.n_received += len;
	if (fp_phase_is_leaving(transfer->phase)) {
		if (transfer->body.n_received <= LEAVE_BYTES_MAX)
			return true;
		transfer->stop = FP_STOP_LEFT;
		return false;
	}
	/* What is not packed is counted by the carry. */
	if (transfer->body.packing == FP_PACKING_NONE ||
		transfer->body.n_received <= most_received(transfer))
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
 * nothing. */
static enum fp_stop
mind_cookies(struct fp_transfer *transfer, const char *line, size_t len)
{
	if (!transfer->handle.takes_cookies && sets_out(transfer)) {
		if (fp_cookies_begin(transfer->handle.easy) != CURLE_OK)
			return FP_STOP_MEMORY;
		transfer->handle.takes_cookies = true;
	} else if (transfer->handle.takes_cookies &&
		   fp_cookies_are_set(line, len)) {
		transfer->handle.has_cookies = true;
		transfer->n_cookie_bytes += len + HEADER_LINE_BYTES;
	}
	return FP_LIKELY(transfer->n_cookie_bytes <= COOKIE_BYTES_MAX)
		       ? FP_STOP_NONE
		       : FP_STOP_HEADERS;
}

/* Whether there is room for the head so far. It cannot wait for some, as a body
 * does: most of it is libcurl's. */
static bool
head_has_room(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	struct fp_memory *memory = &transfer->setup->memory;
	size_t need = HEADER_COST * transfer->n_header_bytes;

	if (FP_LIKELY(transfer->n_header_bytes <= HEADER_BYTES_SMALL) ||
		need <= ticket->head_bytes)
		return true;
	need += HEADER_STEP;
	if (!fp_ticket_has_room(ticket, memory, need - ticket->head_bytes))
		return false;
	transfer->handle.is_swollen = true;
	fp_ticket_hold_head(ticket, memory, need);
	return true;
}

size_t
fp_transfer_on_header(char *line, size_t one, size_t len, void *arg)
{
	struct fp_transfer *transfer = arg;
	bool is_complete = transfer->response.in_trailers;

	(void)one;
	transfer->heard_ns = *transfer->context->now_ns;
	if (transfer->hold.flow)
		transfer->hold.flow->n = 0;
	transfer->n_header_bytes += len + HEADER_LINE_BYTES;
	if (transfer->n_header_bytes > HEADER_BYTES_MAX ||
		!head_has_room(transfer)) {
		transfer->stop = FP_STOP_HEADERS;
		return CURL_WRITEFUNC_ERROR;
	}
	/* libcurl 8.22.0 and later bring what there is of a line when the
	 * connection ends within it: the end of a head is not that of one. */
	if (len == 0 || line[len - 1] != '\n')
		return len;
	if (fp_response_line(&transfer->response, line, len) ||
		(FP_UNLIKELY(transfer->setup->outdir.fd >= 0) && !is_complete &&
			fp_partial_head_line(
				&transfer->download.head, line, len)) ||
		(transfer->ticket->condition && !is_complete &&
			fp_condition_field(
				transfer->ticket->condition, line, len))) {
		transfer->stop = FP_STOP_MEMORY;
		return CURL_WRITEFUNC_ERROR;
	}
	enum fp_stop why = mind_cookies(transfer, line, len);
	if (FP_UNLIKELY(why != FP_STOP_NONE)) {
		transfer->stop = why;
		return CURL_WRITEFUNC_ERROR;
	}
	/* It is the proxy's answer to CONNECT. */
	if (FP_UNLIKELY(transfer->phase == FP_TRANSFER_CONNECTING))
		return len;
	/* No other head follows this one. */
	if (FP_UNLIKELY(transfer->response.status == 101) &&
		!transfer->response.in_head) {
		transfer->stop = FP_STOP_AMBIGUOUS;
		return CURL_WRITEFUNC_ERROR;
	}
	if (!is_complete && transfer->response.in_trailers &&
		!end_head(transfer))
		return CURL_WRITEFUNC_ERROR;
	if (!is_complete && transfer->response.in_trailers)
		fp_transfer_answered(transfer);
	return len;
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

void
fp_transfer_init(struct fp_transfer *transfer, struct fp_context *context)
{
	memset(transfer, 0, sizeof(*transfer));
	transfer->handle.names_s = FP_TRANSFER_NAME_S;
	transfer->handle.usual_names_s = FP_TRANSFER_NAME_S;
	transfer->context = context;
	transfer->setup = context->setup;
	fp_carry_init(&transfer->body.carry, &context->setup->options);
	transfer->body.carry.fail_if = context->setup->fail_if;
	transfer->body.carry.places = context->setup->take.pointers;
	transfer->body.carry.n_places = context->setup->take.n;
	fp_gunzip_init(&transfer->body.gunzip);
	fp_unpack_init(&transfer->body.unpack);
	fp_request_init(&transfer->request, context->setup);
	fp_download_init(&transfer->download, context->setup);
}

void
fp_transfer_destroy(struct fp_transfer *transfer)
{
	curl_easy_cleanup(transfer->handle.easy);
	transfer->handle.easy = NULL;
	fp_hold_drop(&transfer->hold, 0);
	fp_carry_destroy(&transfer->body.carry);
	fp_gunzip_free(&transfer->body.gunzip);
	fp_unpack_end(&transfer->body.unpack);
	fp_request_destroy(&transfer->request);
	fp_download_destroy(&transfer->download);
	fp_buf_destroy(&transfer->location);
	fp_buf_destroy(&transfer->links);
	fp_buf_destroy(&transfer->refusal);
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
	if (FP_UNLIKELY(transfer->setup->outdir.fd >= 0))
		fp_partial_head_begin(&transfer->download.head);
	transfer->body.is_joined = false;
	transfer->response.disposition =
		fp_download_wants_header(&transfer->download);
	if (transfer->setup->next.how == FP_NEXT_LINK)
		transfer->response.links = &transfer->links;
	transfer->response.hints = &transfer->hints;
	transfer->refusal.len = 0;
	transfer->response.wants_quota = options->respect_ratelimit;
	transfer->response.answers_head =
		strcmp(transfer->request.method, "HEAD") == 0;
}

/* Forgets what an earlier try left behind, and sets up the handle. */
static CURLcode
start_over(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;

	fp_transfer_end_body(transfer);
	transfer->stop = FP_STOP_NONE;
	transfer->body.packing = FP_PACKING_NONE;
	transfer->body.n_fed = 0;
	fp_transfer_forget_bytes(transfer);
	transfer->hold.id = 0;
	transfer->hold.idle_ns = -1;
	transfer->hold.flow = NULL;
	transfer->body.is_unclean = false;
	transfer->body.tls_end = (struct fp_tlsask_end){NULL, false};
	transfer->n_on_wire = 0;
	transfer->nudge.n = 0;
	transfer->hold.is_unread = false;
	transfer->n_header_bytes = 0;
	transfer->handle.error[0] = '\0';
	transfer->unread = NULL;
	transfer->heard_ns = transfer->tried_ns = *transfer->context->now_ns;
	fp_buf_clear(&transfer->location, SIZE_MAX);
	if (FP_UNLIKELY(transfer->links.len > 0))
		fp_buf_clear(&transfer->links, 1024);
	ticket->again.wait_ns = 0;
	if (FP_UNLIKELY(transfer->handle.is_worn) &&
		!transfer->handle.has_cookies)
		fp_transfer_renew(transfer);
	if (FP_UNLIKELY(transfer->skipped_ns > 0))
		curl_easy_setopt(transfer->handle.easy,
			CURLOPT_CONNECTTIMEOUT_MS,
			fp_setup_connect_ms(transfer->setup, 0));
	transfer->skipped_ns = 0;
	fp_transfer_forget_head(transfer);
	CURLcode code = fp_transfer_set_up(transfer);
	if (code == CURLE_OK)
		transfer_move(transfer, FP_UNLIKELY(ticket->is_strange)
						? FP_TRANSFER_STRANGE
						: FP_TRANSFER_RESOLVING);
	return code;
}

/* The handle has the cookies of this item's hops so far, and no others. */
static CURLcode
change_cookies(struct fp_transfer *transfer)
{
	const struct fp_buf *kept = &transfer->ticket->trail.cookies;

	if (FP_UNLIKELY(transfer->handle.has_cookies))
		fp_cookies_forget(transfer->handle.easy);
	transfer->handle.has_cookies = kept->len > 0;
	transfer->n_cookie_bytes = kept->len;
	if (FP_LIKELY(!transfer->handle.has_cookies))
		return CURLE_OK;
	transfer->handle.takes_cookies = true;
	return fp_cookies_give(transfer->handle.easy, kept);
}

/* On a handle that is there, or is made now. */
static CURLcode
transfer_begin(struct fp_transfer *transfer)
{
	CURLcode code = fp_transfer_make_easy(transfer);

	return code == CURLE_OK ? start_over(transfer) : code;
}

/* An idle handle keeps the fields of its last head; a new one has none. */
static void
shrink(struct fp_transfer *transfer)
{
	if (transfer->handle.has_cookies)
		fp_cookies_forget(transfer->handle.easy);
	transfer->handle.has_cookies = transfer->handle.is_swollen = false;
	fp_buf_clear(&transfer->links, 0);
	fp_transfer_renew(transfer);
}

/* Its ticket leaves it, and it is idle. */
static enum fp_onward
let_out(struct fp_transfer *transfer, struct fp_event *event)
{
	if (FP_UNLIKELY(transfer->handle.is_swollen))
		shrink(transfer);
	event->ticket = transfer->ticket;
	transfer->ticket = NULL;
	if (FP_UNLIKELY(transfer->setup->options.trace))
		fp_span_left(transfer, event->ticket);
	if (FP_LIKELY(transfer->phase != FP_TRANSFER_IDLE))
		transfer_move(transfer, FP_TRANSFER_IDLE);
	return FP_ONWARD_OUT;
}

/* The same before anything was begun: for good, or so that its item goes on in
 * another slot. */
static enum fp_onward
let_out_unbegun(struct fp_transfer *transfer, struct fp_event *event,
	enum fp_again_how again)
{
	struct fp_ticket *ticket = transfer->ticket;

	ticket->again = (struct fp_again){.how = again};
	ticket->report = (struct fp_report){.heard = FP_HEARD_NOTHING};
	ticket->result.fetch_time_ns =
		*transfer->context->now_ns - ticket->started_ns;
	return let_out(transfer, event);
}

/* Makes the item's request ready; or it is over before it began (its line is no
 * URL, or memory is out). */
static enum fp_onward
begin_item(struct fp_transfer *transfer, struct fp_event *event)
{
	struct fp_ticket *ticket = transfer->ticket;

	transfer->n_stale = 0;
	transfer->needs_2 = false;
	transfer->begun_ns = *transfer->context->now_ns - ticket->used_ns;
	if (!fp_request_make(&transfer->request, ticket) ||
		!fp_download_name(&transfer->download, &transfer->request)) {
		fp_download_end(&transfer->download);
		return let_out_unbegun(transfer, event, FP_AGAIN_NO);
	}
	transfer->request.can_keep = fp_download_can_keep(&transfer->download);
	if (FP_UNLIKELY(transfer->setup->options.resumes_parts) &&
		ticket->result.attempts == 0)
		fp_partial_recall(&transfer->request);
	CURLcode code = transfer_begin(transfer);
	if (code == CURLE_OK)
		code = change_cookies(transfer);
	if (code != CURLE_OK) {
		fail_setting(transfer, code);
		fp_download_end(&transfer->download);
		return let_out_unbegun(transfer, event, FP_AGAIN_NO);
	}
	if (!ticket->has_begun)
		ticket->result.attempts++;
	ticket->has_begun = true;
	ticket->result.method = transfer->request.first_method;
	return FP_ONWARD_ADD;
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

/* What becomes of one that libcurl is done with. */
enum next {
	NEXT_END, /* it is over */
	NEXT_ADD, /* it goes on, or begins anew */
	NEXT_PARK, /* it has to wait for that */
};

/* Begins the request that follows, or leaves that to the schedule. */
static enum next
go_on_with(struct fp_transfer *transfer)
{
	if (must_ask(transfer))
		return NEXT_PARK;
	CURLcode code = transfer_begin(transfer);
	if (code == CURLE_OK)
		return NEXT_ADD;
	fail_setting(transfer, code);
	return NEXT_END;
}

/* HEAD was refused: the same with GET, from the first hop on. */
static enum next
ask_with_get(struct fp_transfer *transfer)
{
	fp_transfer_end_body(transfer);
	if (!fp_request_ask_with_get(&transfer->request))
		return NEXT_END;
	transfer->stop = FP_STOP_NONE;
	transfer->ticket->again.wait_ns = 0;
	transfer->ticket->result.method = transfer->request.method;
	CURLcode code = change_cookies(transfer);
	if (code == CURLE_OK)
		return go_on_with(transfer);
	fail_setting(transfer, code);
	return NEXT_END;
}

/* The next hop of a redirect. The time that an attempt may take is for all its
 * hops together. */
static enum next
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
		return NEXT_END;
	}
	if (!fp_redirect_follow(&transfer->request, transfer->response.status,
		    fp_buf_text(&transfer->location)))
		return NEXT_END;
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
	ticket->start.unused_ns = 2 * FP_MAX(ticket->start.unused_ns, took_ns);
	/* libcurl was about to send it again. */
	if (transfer->n_on_wire > 0)
		ticket->again.is_fresh = true;
	else
		transfer->begun_ns += took_ns;
}

/* The server has done nothing: the same again, with another token or for all
 * of the body, and the attempt has all its time. */
static void
transfer_repeat(struct fp_transfer *transfer)
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
	       (strstr(transfer->handle.error, "Content-Length") ||
		       strstr(transfer->handle.error, "Transfer-Encoding")) &&
	       fp_redirect_is_followed(&transfer->request, response->status,
		       fp_buf_text(&transfer->location));
}

static enum next
transfer_next(struct fp_transfer *transfer, CURLcode code)
{
	fp_transfer_let_go(transfer, has_died(transfer, code));
	if (transfer->handle.offer == FP_OFFER_1_1 &&
		transfer->n_on_wire == 0 && transfer->stop == FP_STOP_NONE &&
		code == CURLE_SSL_CONNECT_ERROR) {
		/* Perhaps it wants "h2" (RFC 7301, section 3.2). */
		transfer->needs_2 = true;
		transfer->stop = FP_STOP_STALE;
	} else if (wants_another(transfer, code)) {
		transfer->stop = FP_STOP_STALE;
		transfer->ticket->again.is_fresh = true;
	}
	if (FP_UNLIKELY(is_redirect_refused(transfer, code)))
		transfer_move(transfer, FP_TRANSFER_LEAVING);
	if (FP_UNLIKELY(fp_transfer_is_head_refused(transfer, code)))
		return ask_with_get(transfer);
	if (FP_UNLIKELY(transfer->phase == FP_TRANSFER_REPEATED)) {
		transfer_repeat(transfer);
		return NEXT_PARK;
	}
	/* However its body came out. */
	if (transfer->phase == FP_TRANSFER_LEAVING &&
		(transfer->stop == FP_STOP_NONE ||
			transfer->stop == FP_STOP_LEFT))
		return follow(transfer);
	if (code == CURLE_OK && transfer->stop == FP_STOP_NONE)
		return NEXT_END;
	if (transfer->stop == FP_STOP_HELD) {
		transfer_hold(transfer);
		return NEXT_PARK;
	}
	if (transfer->stop != FP_STOP_STALE || ++transfer->n_stale > STALE_MAX)
		return NEXT_END;
	return start_over(transfer) == CURLE_OK ? NEXT_ADD : NEXT_END;
}

/* Its attempt is not over: it goes on in another slot. */
static void
park_ticket(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;

	if (transfer->setup->outdir.fd >= 0)
		fp_download_end(&transfer->download);
	ticket->used_ns = *transfer->context->now_ns - transfer->begun_ns;
	fp_buf_clear(&ticket->trail.cookies, 0);
	if (FP_UNLIKELY(transfer->handle.has_cookies) &&
		fp_cookies_keep(transfer->handle.easy, &ticket->trail.cookies))
		fp_buf_clear(&ticket->trail.cookies, 0);
	fp_ticket_charge(ticket, &transfer->setup->memory);
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
}

/* ---- events ---- */

static enum fp_onward
end_item(struct fp_transfer *transfer, struct fp_event *event, CURLcode code)
{
	fp_transfer_end(transfer, code);
	return let_out(transfer, event);
}

static enum fp_onward
go_on(struct fp_transfer *transfer, struct fp_event *event, CURLcode code)
{
	switch (transfer_next(transfer, code)) {
	case NEXT_ADD:
		return FP_ONWARD_ADD;
	case NEXT_PARK:
		park_ticket(transfer);
		return let_out(transfer, event);
	case NEXT_END:
		break;
	}
	return end_item(transfer, event, code);
}

static enum fp_onward
stop_item(
	struct fp_transfer *transfer, struct fp_event *event, enum fp_stop why)
{
	if (fp_phase_is_begun(transfer->phase)) {
		transfer->stop = why;
		return end_item(transfer, event, CURLE_ABORTED_BY_CALLBACK);
	}
	FP_ASSERT(why == FP_STOP_CANCELLED);
	fp_ticket_drop(transfer->ticket);
	return let_out_unbegun(transfer, event, FP_AGAIN_NO);
}

static enum fp_onward
transfer_expire(struct fp_transfer *transfer, struct fp_event *event)
{
	int64_t took_ns = *transfer->context->now_ns - transfer->begun_ns;

	snprintf(transfer->handle.error, sizeof(transfer->handle.error),
		"%s timed out after %lld milliseconds",
		transfer->n_on_wire ? "Operation" : "Connection",
		(long long)(took_ns / FP_NS_PER_MS));
	return end_item(transfer, event, CURLE_OPERATION_TIMEDOUT);
}

static enum fp_onward
move_on(struct fp_transfer *transfer, enum fp_transfer_phase phase)
{
	transfer_move(transfer, phase);
	return FP_ONWARD_STAY;
}

/* libcurl sends again though an answer had begun: two do not make one. */
static void
forget_answer(struct fp_transfer *transfer)
{
	if (!fp_phase_is_answered(transfer->phase))
		return;
	fp_transfer_end_body(transfer);
	fp_ticket_drop_body(transfer->ticket);
	fp_download_forget(&transfer->download);
	fp_transfer_forget_head(transfer);
	transfer->body.n_fed = 0;
	transfer->body.n_received = transfer->body.n_before = 0;
}

enum fp_onward
fp_transfer_step(struct fp_transfer *transfer, struct fp_event *event)
{
	switch (event->what) {
	case FP_EVENT_DELAY:
		return move_on(transfer, FP_TRANSFER_DELAYED);
	case FP_EVENT_HOLD:
		return move_on(transfer, FP_TRANSFER_HELD);
	case FP_EVENT_BEGIN:
		return begin_item(transfer, event);
	case FP_EVENT_RESTED:
		transfer->ticket->is_rested = true;
		return let_out_unbegun(transfer, event, FP_AGAIN_SAME);
	case FP_EVENT_OPENED:
		if (FP_UNLIKELY(transfer->response.status > 0))
			forget_answer(transfer);
		return move_on(transfer, FP_TRANSFER_CONNECTING);
	case FP_EVENT_FOUND:
		return fp_phase_is_resolving(transfer->phase)
			       ? move_on(transfer, FP_TRANSFER_REUSING)
			       : FP_ONWARD_STAY;
	case FP_EVENT_SENT:
		return move_on(transfer, FP_TRANSFER_SENT);
	case FP_EVENT_REDIRECTED:
		return move_on(transfer, FP_TRANSFER_LEAVING);
	case FP_EVENT_REPEAT:
		return move_on(transfer, FP_TRANSFER_REPEATED);
	case FP_EVENT_TOLD:
		return move_on(transfer, FP_TRANSFER_ENOUGH);
	case FP_EVENT_BODY:
		return move_on(transfer, FP_TRANSFER_BODY);
	case FP_EVENT_FULL:
		transfer->body.paused_ns = 0;
		return move_on(transfer, FP_TRANSFER_PAUSED);
	case FP_EVENT_ROOM:
		return move_on(transfer, FP_TRANSFER_BODY);
	case FP_EVENT_DONE:
		return go_on(transfer, event, event->code);
	case FP_EVENT_LEAVE:
		transfer->stop = FP_STOP_LEFT;
		return go_on(transfer, event, CURLE_ABORTED_BY_CALLBACK);
	case FP_EVENT_STOP:
		return stop_item(transfer, event, event->stop);
	case FP_EVENT_LATE:
		return transfer_expire(transfer, event);
	case FP_EVENT_BREAK:
		return end_item(transfer, event, CURLE_FAILED_INIT);
	}
	abort();
}

void
fp_transfer_hear(struct fp_transfer *transfer, enum fp_event_what what)
{
	struct fp_event event = {.what = what};

	fp_transfer_step(transfer, &event);
}
