/* SPDX-License-Identifier: MIT */
/*
 * chapters: what the chapters of the transfer need of each other: transfer.c
 * (its life, the heads of responses), handle.c (its easy handle), gate.c,
 * kept.c (which of a lane's kept connections may be used again, and what is
 * learned of their servers), body.c, verdict.c and aftermath.c.
 *
 * Threads: that of the loop alone.
 * Ownership: as in transfer.h.
 * Failure: an item's, as the ticket's kind, or a CURLcode; nothing else can
 * fail.
 */
#ifndef FP_CHAPTERS_H
#define FP_CHAPTERS_H

#include "base.h"

#include "transfer.h"

/* How long a name's addresses are kept: libcurl's own default, so that a new
 * handle has it. */
#define FP_TRANSFER_NAME_S 60L

/* ---- transfer.c, handle.c ---- */

/* An event in one of libcurl's calls. */
void fp_transfer_hear(struct fp_transfer *transfer, enum fp_event_what what);

/* Makes its easy handle, if it has none; sets it up for a request. */
CURLcode fp_transfer_make_easy(struct fp_transfer *transfer);
CURLcode fp_transfer_set_up(struct fp_transfer *transfer);

/* Of the body before. */
void fp_transfer_forget_bytes(struct fp_transfer *transfer);

/* A new handle in place of one that libcurl has sent again on. */
void fp_transfer_renew(struct fp_transfer *transfer);

/* There is an address: how long names are kept is as usual again. */
void fp_transfer_found_name(struct fp_transfer *transfer);

/* libcurl's callbacks about connections; `arg` is the transfer, but for
 * on_close the context. */
curl_socket_t fp_transfer_on_open(
	void *arg, curlsocktype purpose, struct curl_sockaddr *address);
int fp_transfer_on_close(void *arg, curl_socket_t fd);

/* The same about TLS: a connection that is about to begin it. */
CURLcode fp_transfer_on_tls(CURL *easy, void *context, void *arg);

/* Whether what libcurl blames on others is for want of descriptors or threads
 * here: then transfer->stop says so. */
void fp_transfer_look_for_shortage(struct fp_transfer *transfer, CURLcode code);

/* It is connected and about to send a request: the last moment to say no. */
int fp_transfer_on_gate(void *arg, char *remote_ip, char *local_ip,
	int remote_port, int local_port);

/* Counts bytes of the body as they came. false: no more of it is to come. */
bool fp_transfer_receive(struct fp_transfer *transfer, size_t len);

/* libcurl's callbacks for a line of a head, and for the body. */
size_t fp_transfer_on_header(char *line, size_t one, size_t len, void *arg);
size_t fp_transfer_on_body(char *data, size_t one, size_t len, void *arg);

/* One of libcurl's times (CURLINFO_..._TIME_T): since the request was begun, in
 * nanoseconds; 0: that was not reached. */
int64_t fp_transfer_time_ns(const struct fp_transfer *transfer, CURLINFO info);

/* The carry learns of the status and the type: with the first byte of the
 * body, or at the end if there was none (`is_empty`). */
void fp_transfer_begin_body(struct fp_transfer *transfer, bool is_empty);

/* A body's temporary file cannot be used: its item fails if only that one body
 * has to; else it is not done, and neither is any other. */
void fp_transfer_fail_spool(struct fp_transfer *transfer, int err);

/* What the body was judged with is the next one's. */
void fp_transfer_end_body(struct fp_transfer *transfer);

/* Whether unpack undoes its body's coding. */
static inline bool
fp_transfer_is_unpacked(const struct fp_transfer *transfer)
{
	return transfer->body.packing > FP_PACKING_GZIP;
}

/* Whether the answer's status is one of a success. */
static inline bool
fp_transfer_is_ok(const struct fp_transfer *transfer)
{
	int status = transfer->response.status;

	return transfer->body.is_joined ||
	       (status > 0 && status < FP_STATUS_MAX &&
		       transfer->setup->ok.has[status]);
}

/* Whether what came is a proxy's answer to CONNECT. */
static inline bool
fp_transfer_is_proxys(const struct fp_transfer *transfer)
{
	return transfer->phase == FP_TRANSFER_CONNECTING &&
	       transfer->response.status > 0;
}

/* There is no response any more. */
void fp_transfer_forget_head(struct fp_transfer *transfer);

/* Writes the outcome into the ticket. `code` is libcurl's result; what
 * fetchpool itself knows (stop, the framing, the body) comes before it. */
void fp_transfer_end(struct fp_transfer *transfer, CURLcode code);

/* Whether a HEAD of options.check was refused in a way that leaves open whether
 * the link works, or its answer broke: to be asked before fp_transfer_end(). */
bool fp_transfer_is_head_refused(
	const struct fp_transfer *transfer, CURLcode code);

/* What follows from the outcome, and `code`: for the item, whether there is
 * another attempt and when; for its origin, what it is to know. */
void fp_transfer_look_ahead(struct fp_transfer *transfer, CURLcode code);

/* A quota that is used up pauses the origin like a 429, but for that nothing
 * has failed. For its report, when the rest of that is there. */
void fp_transfer_respect_quota(struct fp_transfer *transfer);

/* ---- kept.c ---- */

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

/* One of its connections is about to be closed. */
void fp_context_closing(struct fp_context *context, int fd);

#endif
