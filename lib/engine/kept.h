/* SPDX-License-Identifier: MIT */
/*
 * kept: which of a lane's kept connections may be used again for a request,
 * and what is learned of their servers.
 *
 * Threads: that of the loop alone.
 * Ownership: nothing is owned.
 * Failure: cannot fail.
 */
#ifndef FP_KEPT_H
#define FP_KEPT_H

#include "transfer.h"

/* Whether it should have a new connection: what it could use was idle for so
 * long that its server may be closing it. */
bool fp_transfer_needs_new(struct fp_transfer *transfer);

/* Takes a connection for its request. false: its server may be closing it, and
 * the request cannot be repeated. */
bool fp_transfer_take(struct fp_transfer *transfer, struct fp_socket *socket);

/* The head of its answer is complete. If the body may not have been read, the
 * server closes the connection or takes the rest for a request: then it is not
 * used again. */
void fp_transfer_answered(struct fp_transfer *transfer);

/* Has libcurl say whether the server refuses the request's stream, if that
 * matters. */
CURLcode fp_transfer_ask_refusal(struct fp_transfer *transfer);

/* It is done with its connection, which may have died under its request. */
void fp_transfer_let_go(struct fp_transfer *transfer, bool has_died);

/* Something happened on a connection that no transfer wants anything of; one
 * is about to be closed. */
void fp_context_stirred(struct fp_context *context, int fd, int64_t now_ns);
void fp_context_closing(struct fp_context *context, int fd);

#endif
