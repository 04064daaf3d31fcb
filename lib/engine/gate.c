/* SPDX-License-Identifier: MIT */
/*
 * Where a transfer's connections are opened and closed, what that takes, and
 * the gate that each of its requests passes on its way to the wire.
 */
#include "base.h"

#include "chapters.h"

#include "bearer.h"
#include "clock.h"
#include "freelist.h"
#include "glance.h"
#include "proxies.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Memory goes back so often while all jobs make their first connection over
 * TLS, and not again: it takes a look at all that is free, which is the more
 * the more jobs there are. */
#define PARTS_OF_JOBS 32

/* A connection was opened for it, or found. The name of its host is known for
 * all; and if it has been on the wire already, libcurl is sending it again. */
static void
note_connection(struct fp_transfer *transfer)
{
	transfer->handle.is_worn |= transfer->n_on_wire > 0;
	fp_transfer_found_name(transfer);
	if (FP_UNLIKELY(transfer->ticket->is_strange)) {
		fp_queue_known(transfer->context->queue, transfer->ticket);
		transfer->context->is_stirred = true;
	}
}

/* For a libcurl that does not tell of all its sockets: keeps this one in mind,
 * of two at most, one for each family of addresses, and watches it. */
static void
note_socket(struct fp_transfer *transfer, int fd)
{
	struct fp_context *context = transfer->context;
	struct stat status;

	if (fstat(fd, &status))
		return;
	bool is_second = transfer->nudge.sockets[0].inode != 0;
	transfer->nudge.sockets[is_second].fd = fd;
	transfer->nudge.sockets[is_second].inode = status.st_ino;
	transfer->nudge.is_doubtful = true;
	fp_poller_want(context->poller, fd, FP_POLLER_OUT, context->number);
}

/* libcurl 8.20.0 and later have -4 and -6 mean names only; an address of the
 * other family in a URL they connect to. */
static bool
is_of_another_family(const struct fp_setup *setup, int family)
{
	return setup->family != 0 && family != setup->family &&
	       (family == AF_INET || family == AF_INET6);
}

/* libcurl found no memory for the port of a proxy: nobody said this one. */
static bool
has_lost_port(const struct fp_setup *setup, const struct sockaddr *address)
{
	in_port_t port = 0;

	if (setup->proxy_port != FP_PROXIES_LOST)
		return false;
	if (address->sa_family == AF_INET)
		port = ((const struct sockaddr_in *)address)->sin_port;
	else if (address->sa_family == AF_INET6)
		port = ((const struct sockaddr_in6 *)address)->sin6_port;
	return ntohs(port) == FP_PROXIES_LOST;
}

curl_socket_t
fp_transfer_on_open(
	void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fp_transfer *transfer = arg;

	(void)purpose;
	note_connection(transfer);
	if (transfer->phase != FP_TRANSFER_CONNECTING)
		transfer->nudge.sockets[0].inode =
			transfer->nudge.sockets[1].inode = 0;
	fp_transfer_hear(transfer, FP_EVENT_OPENED);
	if (is_of_another_family(transfer->setup, address->family) ||
		has_lost_port(transfer->setup, &address->addr))
		return CURL_SOCKET_BAD;
	if (!fp_address_allowed(&transfer->setup->addresses, &address->addr,
		    &transfer->denied)) {
		transfer->stop = FP_STOP_DENIED;
		return CURL_SOCKET_BAD;
	}
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
		address->protocol);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			errno == ENOMEM)
			transfer->stop = FP_STOP_DESCRIPTORS;
		return CURL_SOCKET_BAD;
	}
	/* If this address does not answer, the one that there was no descriptor
	 * for might have. */
	if (transfer->stop == FP_STOP_DENIED)
		transfer->stop = FP_STOP_NONE;
	fp_crowd_count(&transfer->context->crowd);
	fp_poller_opened(transfer->context->poller, fd);
	if (transfer->setup->forgets_connecting)
		note_socket(transfer, fd);
	fp_sockets_add(&transfer->context->sockets, fd,
		(address->socktype & SOCK_DGRAM) == SOCK_DGRAM);
	return fd;
}

CURLcode
fp_transfer_on_tls(CURL *easy, void *context, void *arg)
{
	struct fp_transfer *transfer = arg;

	(void)easy;
	return fp_trust_meet(
		&transfer->setup->trust, context, &transfer->unread);
}

/* As many as a look-up may need at once. */
static bool
lacks_descriptors(void)
{
	int pipes[2][2], n = 0;

	while (n < 2 && pipe2(pipes[n], O_CLOEXEC) == 0)
		n++;
	bool is_lacking = n < 2 && (errno == EMFILE || errno == ENFILE);
	while (n-- > 0) {
		close(pipes[n][0]);
		close(pipes[n][1]);
	}
	return is_lacking;
}

/* A look-up takes a thread and descriptors, and certificates have to be read.
 * When it is over, there may be some again: then it is tried again in vain, or
 * was the fault of others all along. */
void
fp_transfer_look_for_shortage(struct fp_transfer *transfer, CURLcode code)
{
	if (transfer->stop != FP_STOP_NONE || transfer->n_on_wire > 0)
		return;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_PEER_FAILED_VERIFICATION: /* for want of an authority */
	case CURLE_BAD_FUNCTION_ARGUMENT: /* see is_certificate_bad() */
		break;
	default:
		return;
	}
	if (lacks_descriptors())
		transfer->stop = FP_STOP_DESCRIPTORS;
	else if (strstr(transfer->handle.error, "thread failed to start"))
		transfer->stop = FP_STOP_THREAD;
}

/* The connection may be closed for another transfer than it was opened for:
 * only what they share may be touched. */
int
fp_transfer_on_close(void *arg, curl_socket_t fd)
{
	struct fp_context *context = arg;

	fp_glance_closing(fd);
	fp_context_closing(context, fd);
	fp_poller_closing(context->poller, fd);
	return close(fd);
}

/* libcurl sends again by itself when a kept connection dies, on another one
 * that was kept, if there is one, and up to five times. Here it is once, and
 * on a new one. What must not be repeated is sent again only if the server has
 * not had it (RFC 9112, section 9.3.1). */
static bool
may_send_again(struct fp_transfer *transfer)
{
	if (!fp_request_is_idempotent(&transfer->request) &&
		!transfer->hold.is_unread) {
		transfer->stop = FP_STOP_RESENT;
		return false;
	}
	if (transfer->phase == FP_TRANSFER_CONNECTING)
		return true;
	transfer->stop = FP_STOP_STALE;
	transfer->ticket->again.is_fresh = true;
	return false;
}

/* What must not be sent twice is told of before it is sent once. */
static bool
declare_intent(struct fp_transfer *transfer)
{
	const struct fp_options *options = &transfer->setup->options;
	struct fp_ticket *ticket = transfer->ticket;

	if (!options->intent || ticket->is_intended ||
		fp_request_is_idempotent(&transfer->request))
		return true;
	ticket->is_intended = true;
	if (options->intent(options->intent_arg, ticket->result.seq) == 0)
		return true;
	transfer->stop = FP_STOP_INTENT;
	return false;
}

/* Whether its origin and the rates still allow this request, now that it can go
 * out: the server may have asked for a pause since it was begun, its start may
 * have gone back because it was not used in time, and one that libcurl sends
 * again by itself never had any. */
static bool
may_start(struct fp_transfer *transfer, int64_t now_ns)
{
	struct fp_bearer *bearer = transfer->setup->bearer;

	if ((!bearer || fp_bearer_passes(bearer, &transfer->request, now_ns)) &&
		fp_queue_pass(
			transfer->context->queue, transfer->ticket, now_ns))
		return true;
	transfer->stop = FP_STOP_HELD;
	return false;
}

/* It goes out: its start is counted when it is on the wire. */
static void
use_start(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;

	if (fp_transfer_is_proxys(transfer))
		fp_transfer_forget_head(transfer);
	transfer->n_on_wire++;
	fp_transfer_hear(transfer, FP_EVENT_SENT);
	if (!transfer->setup->has_rates)
		return;
	ticket->start.state = FP_START_FIRED;
	transfer->context->has_fired = true;
}

/* Whether the run goes on, as far as requests are concerned. The clock is asked
 * here, too: who is to cancel at the deadline may not have run yet. */
static bool
gate_is_over(const struct fp_transfer *transfer, int64_t now_ns)
{
	const struct fp_setup *setup = transfer->setup;
	int64_t deadline_ns = setup->options.deadline_ns;

	return atomic_load_explicit(&setup->no_new, memory_order_relaxed) ||
	       (deadline_ns > 0 && now_ns >= deadline_ns);
}

/* The connection that the request is about to use. libcurl 8.22.0 and later
 * tell its descriptor, others its ends. NULL: it is not found by them. */
static struct fp_socket *
find_socket(struct fp_transfer *transfer, const struct fp_ends *ends)
{
	struct fp_sockets *sockets = &transfer->context->sockets;
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (transfer->setup->tells_socket &&
		curl_easy_getinfo(transfer->handle.easy, CURLINFO_ACTIVESOCKET,
			&fd) == CURLE_OK)
		return fp_sockets_of(sockets, fd);
	return fp_sockets_find(sockets, ends);
}

/* Whether one that many streams share has not ended. If it has, it may still
 * carry others' streams, so that libcurl would keep it. That the other end of
 * QUIC is gone often shows in that nothing comes, and in nothing else. */
static bool
is_still_open(struct fp_transfer *transfer, const struct fp_socket *at)
{
	if (!at->is_ended && fp_socket_is_open(at))
		return true;
	transfer->ticket->again.is_fresh = true;
	return false;
}

/* Whether nothing is to be read on it, so that what comes from now on can be
 * the answer. */
static bool
has_nothing(const struct fp_socket *at)
{
	if (!fp_glance_is_clean(at->fd) && !fp_socket_is_clean(at))
		return false;
	fp_glance_sends(at->fd);
	return true;
}

/* Whether nothing was left on the connection by the request before on it.
 * Bytes there would be taken for the answer to this request: on the socket,
 * where libcurl below 8.0.0 does not look, and from 8.22.0 on once a second;
 * and what TLS has taken off the socket with a record, but libcurl not from
 * TLS, where no libcurl looks. (One that is not found is to a Unix socket, and
 * libcurl looks at that itself.)
 *
 * On a connection of HTTP/2 frames may come at any time, and each says which
 * stream it is of: there only its end is looked for. So it is with HTTP/3,
 * whose TLS is a part of QUIC, and has no records (RFC 9001, section 4).
 *
 * libcurl 8.13.0 to 8.16.0 use a connection over TLS for a request to http as
 * well, where host and port are the same (RFC 9110, section 4.3.1: that is
 * another origin). TLS to a proxy is no such connection. */
static bool
is_clean(struct fp_transfer *transfer, struct fp_socket *at)
{
	bool was_used =
		at ? at->is_used : transfer->phase != FP_TRANSFER_CONNECTING;
	bool is_https = fp_request_is_https(&transfer->request);

	if (!was_used && !(transfer->handle.offer == FP_OFFER_1_1 && is_https))
		return true;
	if (at && at->is_quic && was_used && is_https)
		return is_still_open(transfer, at);
	struct fp_tlsask_answer tls = fp_tlsask(
		&transfer->setup->tlsask, transfer->handle.easy, is_https);
	if (!was_used) {
		/* What is not agreed on may be HTTP/2 all the same: then that
		 * has to be offered. */
		transfer->needs_2 = !tls.is_agreed;
		return tls.is_agreed;
	}
	/* It may have had no answer yet: what it was made for was refused, or
	 * kept from going out. */
	if (at && tls.is_http2)
		at->is_http2 = true;
	bool is_mixed = tls.has_tls && !is_https && (!at || at->is_https);
	if (!is_mixed && !tls.is_http2)
		return !tls.has_rest && (!at || has_nothing(at));
	if (!is_mixed)
		return !at || is_still_open(transfer, at);
	transfer->ticket->again.is_fresh = true;
	return false;
}

/* Has the connection ended when much comes on it that carries nothing. */
static void
mind_floods(struct fp_transfer *transfer, struct fp_socket *at)
{
	const struct fp_setup *setup = transfer->setup;

	if (at->flow.flood || at->is_quic ||
		setup->http_version == CURL_HTTP_VERSION_1_1 ||
		!fp_request_is_https(&transfer->request))
		return;
	at->flow.fd = at->fd;
	at->flow.id = at->id;
	fp_tlsask_count(&setup->tlsask, transfer->handle.easy, &at->flow,
		&transfer->context->flood);
}

/* Takes the connection for the request. false: it is not fit for that. */
static bool
gate_take_connection(struct fp_transfer *transfer, const struct fp_ends *ends)
{
	struct fp_socket *at = find_socket(transfer, ends);

	if (!is_clean(transfer, at) || (at && !fp_transfer_take(transfer, at)))
		return false;
	if (at)
		mind_floods(transfer, at);
	return true;
}

/* A handshake has 21 KiB of its own until it is over, all of which are there,
 * and often more. Where many connections are made at once, and then kept, so
 * much would be left of them for nothing. */
static void
mind_handshakes(struct fp_transfer *transfer)
{
	struct fp_setup *setup = transfer->setup;

	if (!setup->has_small_buffers ||
		!fp_request_is_https(&transfer->request))
		return;
	unsigned n = atomic_fetch_add_explicit(
		&setup->n_handshakes, 1, memory_order_relaxed);
	if (n < setup->options.jobs &&
		n % (setup->options.jobs / PARTS_OF_JOBS) == 0)
		fp_freelist_trim();
}

int
fp_transfer_on_gate(void *arg, char *remote_ip, char *local_ip, int remote_port,
	int local_port)
{
	struct fp_transfer *transfer = arg;
	struct fp_ends ends = {local_ip, remote_ip, local_port, remote_port};
	int64_t now_ns = fp_clock_now_ns();

	note_connection(transfer);
	fp_transfer_hear(transfer, FP_EVENT_FOUND);
	transfer->heard_ns = *transfer->context->now_ns;

	/* One was found all the same. */
	if (transfer->stop == FP_STOP_DESCRIPTORS)
		transfer->stop = FP_STOP_NONE;
	if (gate_is_over(transfer, now_ns)) {
		transfer->stop = FP_STOP_CANCELLED;
		return CURL_PREREQFUNC_ABORT;
	}
	if (transfer->setup->addresses.is_on &&
		!fp_address_text_allowed(&transfer->setup->addresses, remote_ip,
			&transfer->denied)) {
		transfer->stop = FP_STOP_DENIED;
		return CURL_PREREQFUNC_ABORT;
	}
	if (transfer->n_on_wire > 0) {
		fp_transfer_let_go(transfer, true);
		if (!may_send_again(transfer))
			return CURL_PREREQFUNC_ABORT;
	}
	if (!gate_take_connection(transfer, &ends)) {
		transfer->stop = FP_STOP_STALE;
		return CURL_PREREQFUNC_ABORT;
	}
	if (FP_UNLIKELY(transfer->hold.idle_ns < 0))
		mind_handshakes(transfer);
	if (!may_start(transfer, now_ns) || !declare_intent(transfer))
		return CURL_PREREQFUNC_ABORT;
	use_start(transfer);
	return CURL_PREREQFUNC_OK;
}
