/* SPDX-License-Identifier: MIT */
/*
 * A chapter of the transfer: its easy handle. What is the same for all requests
 * is set once; what is not, only when it differs from the request before.
 */
#include "base.h"

#include "chapters.h"

#include "cookies.h"
#include "freelist.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* libcurl's own default. What may be idle for so long may be forgotten by
 * whatever is between; when a server closes it, idletime.c learns. */
#define IDLE_CONNECTION_S 118L
#define CONNECTION_LIFE_S 900L

/* How long the addresses of one of very many hosts are kept, and those that no
 * connection could be made to. */
#define CROWD_NAME_S 1L
#define DEAD_NAME_S 1L

/* The least that libcurl takes. */
#define UPLOAD_BUFFER_BYTES 16384L

/* With files as bodies, that of curl itself: a system call costs more than what
 * it copies. */
#define FILE_BUFFER_BYTES 65536L

/* libcurl below 8.0.0 never sees the end of a stream of HTTP/2 that comes with
 * more than its buffer holds. The most that can come at once is a head, up to
 * 128 KiB of it, and what a TLS record holds. */
#define WHOLE_HEAD_BYTES (160L << 10)

/* libcurl has a buffer for each transfer that is under way, for as much as can
 * come at once. Where there are many, it is small: most answers are. After a
 * body that was tiny the next on its handle gets libcurl's smallest, which is
 * read in one go with its head; after a large one, libcurl's usual. */
#define TINY_BUFFER_BYTES 1024L
#define SMALL_BUFFER_BYTES 2048L
#define USUAL_BUFFER_BYTES 16384L
#define TINY_BODY_BYTES 512
#define LARGE_BODY_BYTES 65536

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
	SET(CURLOPT_ERRORBUFFER, transfer->handle.error);
	SET(CURLOPT_SHARE, transfer->context->sessions);
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_OPENSOCKETFUNCTION, fp_transfer_on_open);
	SET(CURLOPT_OPENSOCKETDATA, transfer);
	SET(CURLOPT_CLOSESOCKETFUNCTION, fp_transfer_on_close);
	SET(CURLOPT_CLOSESOCKETDATA, transfer->context);
	SET(CURLOPT_PREREQFUNCTION, fp_transfer_on_gate);
	SET(CURLOPT_PREREQDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, fp_transfer_on_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, fp_transfer_on_body);
	SET(CURLOPT_WRITEDATA, transfer);
	if (setup->forgets_read)
		SET(CURLOPT_BUFFERSIZE, WHOLE_HEAD_BYTES);
	else if (options->output_dir)
		SET(CURLOPT_BUFFERSIZE, FILE_BUFFER_BYTES);
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
		transfer->handle.easy = easy;
	} else {
		curl_easy_cleanup(easy);
	}
	return code;
}

/* libcurl is about to have a block for what it sends over TLS. */
static void
expect_copy(struct fp_transfer *transfer)
{
	if (transfer->handle.expects_copy || !transfer->setup->copies_heads ||
		!fp_url_is_https(transfer->ticket->origin->name))
		return;
	transfer->handle.expects_copy = true;
	fp_freelist_expect_large();
}

CURLcode
fp_transfer_make_easy(struct fp_transfer *transfer)
{
	const char *refused;

	expect_copy(transfer);
	return transfer->handle.easy ? CURLE_OK : make_easy(transfer, &refused);
}

int
fp_transfer_try(struct fp_setup *setup, char *why, size_t why_size)
{
	struct fp_context context = {.setup = setup};
	struct fp_transfer transfer = {.setup = setup, .context = &context};
	const char *refused = NULL;
	CURLcode code = make_easy(&transfer, &refused);

	curl_easy_cleanup(transfer.handle.easy);
	errno = code == CURLE_OUT_OF_MEMORY ? ENOMEM : ENOTSUP;
	if (code != CURLE_OK && code != CURLE_OUT_OF_MEMORY)
		snprintf(why, why_size, "libcurl %s refuses %s: %s",
			curl_version_info(CURLVERSION_NOW)->version, refused,
			curl_easy_strerror(code));
	return code == CURLE_OK ? 0 : -1;
}

/* ---- for one request ---- */

/* An item that found no descriptor sees to it that its lane's idle
 * connections are closed first, as libcurl looks at their age before it makes
 * another one; and its own is not kept. */
static CURLcode
transfer_make_room(struct fp_transfer *transfer)
{
	bool is_short = transfer->ticket->n_short > 0;

	if (is_short == transfer->handle.is_short)
		return CURLE_OK;
	transfer->handle.is_short = is_short;
	return curl_easy_setopt(transfer->handle.easy, CURLOPT_MAXAGE_CONN,
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

/* For how long addresses that are known count for this attempt. If the last one
 * did not find the name, it asks again: libcurl 8.16.0 and later keep that,
 * too. If no connection could be made, the name may have another address by
 * now, as where a service has moved, or a name server gives one of several. Of
 * those that fail together, not each asks. */
static long
choose_names(const struct fp_transfer *transfer)
{
	const struct fp_result *result = &transfer->ticket->result;
	enum fp_kind last = result->n_tries > 0
				    ? result->tries[result->n_tries - 1].kind
				    : FP_KIND_OK;

	if (last == FP_KIND_DNS)
		return 0;
	if (last == FP_KIND_CONNECT || last == FP_KIND_TIMEOUT)
		return DEAD_NAME_S;
	return transfer->handle.usual_names_s;
}

static CURLcode
keep_names(struct fp_transfer *transfer, long names_s)
{
	if (names_s == transfer->handle.names_s)
		return CURLE_OK;
	transfer->handle.names_s = names_s;
	return curl_easy_setopt(
		transfer->handle.easy, CURLOPT_DNS_CACHE_TIMEOUT, names_s);
}

/* At a transfer's end, libcurl forgets all names that are older than it would
 * have taken: those of others are not to go for one that asked again. */
void
fp_transfer_found_name(struct fp_transfer *transfer)
{
	keep_names(transfer, transfer->handle.usual_names_s);
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

	if (fresh != transfer->handle.is_fresh) {
		transfer->handle.is_fresh = fresh;
		CURLcode code = curl_easy_setopt(transfer->handle.easy,
			CURLOPT_FRESH_CONNECT,
			transfer->handle.is_fresh ? 1L : 0L);
		if (code != CURLE_OK)
			return code;
	}
	if (alone != transfer->handle.is_alone) {
		transfer->handle.is_alone = alone;
		CURLcode code = curl_easy_setopt(transfer->handle.easy,
			CURLOPT_FORBID_REUSE, alone ? 1L : 0L);
		if (code != CURLE_OK)
			return code;
	}
	if (transfer->setup->has_name_time)
		return CURLE_OK;
	transfer->handle.usual_names_s =
		stranger ? CROWD_NAME_S : FP_TRANSFER_NAME_S;
	return keep_names(transfer, choose_names(transfer));
}

/* libcurl before 8.0.0 loses the answer of HTTP/2 that comes before the body
 * was sent, as a stream that was reset (RFC 9113, section 8.1). So what has a
 * body is sent over HTTP/1.1 there, but to a server that may not speak it. And
 * with the QUIC of OpenSSL it loses that of HTTP/3 (RFC 9114, section 4.1):
 * then what has a body is sent over HTTP/2. */
static CURLcode
choose_version(struct fp_transfer *transfer)
{
	bool has_body = transfer->request.body.data ||
			strcmp(transfer->request.method, "POST") == 0;
	enum fp_offer offer = FP_OFFER_USUAL;

	if (has_body && transfer->setup->loses_early && !transfer->needs_2)
		offer = FP_OFFER_1_1;
	else if (has_body && transfer->setup->loses_early_3)
		offer = FP_OFFER_BELOW_3;
	if (offer == transfer->handle.offer)
		return CURLE_OK;
	transfer->handle.offer = offer;
	const long versions[] = {
		[FP_OFFER_USUAL] = transfer->setup->http_version,
		[FP_OFFER_BELOW_3] = CURL_HTTP_VERSION_2TLS,
		[FP_OFFER_1_1] = CURL_HTTP_VERSION_1_1,
	};
	return curl_easy_setopt(
		transfer->handle.easy, CURLOPT_HTTP_VERSION, versions[offer]);
}

/* libcurl counts how often it sent again by itself, and never forgets: a handle
 * that is used for long would fail each sixth such request. A copy of it has
 * all options, and has counted nothing. */
void
fp_transfer_renew(struct fp_transfer *transfer)
{
	CURL *copy = curl_easy_duphandle(transfer->handle.easy);

	if (!copy)
		return;
	curl_easy_setopt(copy, CURLOPT_SHARE, transfer->context->sessions);
	curl_easy_cleanup(transfer->handle.easy);
	transfer->handle.easy = copy;
	if (transfer->handle.takes_cookies)
		fp_cookies_end(copy);
	transfer->handle.takes_cookies = false;
	transfer->handle.is_worn = false;
}

void
fp_transfer_forget_bytes(struct fp_transfer *transfer)
{
	transfer->handle.n_last = transfer->body.n_received;
	transfer->body.n_received = transfer->body.n_before = 0;
}

static long
buffer_for(const struct fp_transfer *transfer)
{
	if (transfer->handle.n_last <= TINY_BODY_BYTES)
		return TINY_BUFFER_BYTES;
	if (transfer->handle.n_last <= LARGE_BODY_BYTES)
		return SMALL_BUFFER_BYTES;
	return transfer->setup->outdir.fd >= 0 ? FILE_BUFFER_BYTES
					       : USUAL_BUFFER_BYTES;
}

static CURLcode
choose_buffer(struct fp_transfer *transfer)
{
	if (!transfer->setup->has_small_buffers)
		return CURLE_OK;
	long bytes = buffer_for(transfer);
	if (bytes == transfer->handle.buffer_bytes)
		return CURLE_OK;
	transfer->handle.buffer_bytes = bytes;
	return curl_easy_setopt(
		transfer->handle.easy, CURLOPT_BUFFERSIZE, bytes);
}

CURLcode
fp_transfer_set_up(struct fp_transfer *transfer)
{
	CURLcode code =
		fp_request_apply(&transfer->request, transfer->handle.easy);

	if (code == CURLE_OK)
		code = choose_buffer(transfer);
	if (code == CURLE_OK)
		code = choose_connection(transfer);
	if (code == CURLE_OK)
		code = choose_version(transfer);
	if (code == CURLE_OK)
		code = fp_transfer_ask_refusal(transfer);
	if (code == CURLE_OK)
		code = transfer_make_room(transfer);
	return code;
}
