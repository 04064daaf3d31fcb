/* SPDX-License-Identifier: MIT */
/*
 * Where a transfer's connections are opened and closed, and the gate that each
 * of its requests passes on its way to the wire.
 */
#include "base.h"

#include "transfer.h"

#include "clock.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* The name of its host is known for all. */
static void
make_known(struct fp_transfer *transfer)
{
	fp_transfer_resolved(transfer);
	if (FP_UNLIKELY(transfer->ticket->is_strange)) {
		fp_queue_known(transfer->context->queue, transfer->ticket);
		transfer->context->is_stirred = true;
	}
}

curl_socket_t
fp_transfer_on_open(
	void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fp_transfer *transfer = arg;

	(void)purpose;
	make_known(transfer);
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
	if (transfer->setup->looks_at_sockets)
		fp_sockets_add(&transfer->context->sockets, fd);
	return fd;
}

/* The connection may be closed for another transfer than it was opened for:
 * only what they share may be touched. */
int
fp_transfer_on_close(void *arg, curl_socket_t fd)
{
	struct fp_context *context = arg;

	if (context->setup->looks_at_sockets)
		fp_sockets_remove(&context->sockets, fd);
	return close(fd);
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

/* Whether the rates allow this request now. The first of an attempt has its
 * start reserved; one that libcurl sends again by itself has not. */
static bool
pass_rates(struct fp_transfer *transfer)
{
	struct fp_context *context = transfer->context;
	struct fp_ticket *ticket = transfer->ticket;

	if (!transfer->setup->has_rates)
		return true;
	if (!ticket->is_reserved &&
		!fp_queue_reserve(context->queue, ticket, fp_clock_now_ns())) {
		transfer->stop = FP_STOP_RATE;
		return false;
	}
	ticket->is_reserved = false;
	ticket->is_fired = true;
	context->has_fired = true;
	return true;
}

int
fp_transfer_on_gate(void *arg, char *remote_ip, char *local_ip, int remote_port,
	int local_port)
{
	struct fp_transfer *transfer = arg;
	struct fp_ends ends = {local_ip, remote_ip, local_port, remote_port};

	make_known(transfer);
	if (transfer->stop == FP_STOP_DESCRIPTORS)
		transfer->stop = FP_STOP_NONE;
	if (atomic_load_explicit(
		    &transfer->setup->no_new, memory_order_relaxed)) {
		transfer->stop = FP_STOP_CANCELLED;
		return CURL_PREREQFUNC_ABORT;
	}
	if (transfer->setup->addresses.is_on &&
		!fp_address_text_allowed(&transfer->setup->addresses, remote_ip,
			&transfer->denied)) {
		transfer->stop = FP_STOP_DENIED;
		return CURL_PREREQFUNC_ABORT;
	}
	if (transfer->setup->looks_at_sockets &&
		!fp_sockets_is_clean(&transfer->context->sockets, &ends)) {
		transfer->stop = FP_STOP_STALE;
		return CURL_PREREQFUNC_ABORT;
	}
	/* libcurl sends again by itself when a kept connection dies. */
	if (transfer->n_on_wire > 0 &&
		!fp_request_is_idempotent(&transfer->request)) {
		transfer->stop = FP_STOP_RESENT;
		return CURL_PREREQFUNC_ABORT;
	}
	if (!declare_intent(transfer) || !pass_rates(transfer))
		return CURL_PREREQFUNC_ABORT;
	transfer->n_on_wire++;
	return CURL_PREREQFUNC_OK;
}
