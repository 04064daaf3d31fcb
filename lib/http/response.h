/* SPDX-License-Identifier: MIT */
/*
 * response: the head of an HTTP response, line by line as libcurl hands it
 * over, and what its framing promises. Interim responses (1xx) and trailers
 * come the same way; each status line starts afresh.
 *
 * Threads: one thread at a time.
 * Ownership: the caller embeds it and gives the buffers.
 * Failure: fp_response_line() -1 with ENOMEM.
 */
#ifndef FP_RESPONSE_H
#define FP_RESPONSE_H

#include "base.h"

#include "buf.h"
#include "waithint.h"

struct fp_response {
	int status; /* 0: no status line yet */
	const char *version; /* "1.1", "2", ...; "" unknown */
	bool in_head; /* behind a status line */
	bool in_trailers; /* behind the final response's head */
	bool has_length; /* Content-Length ... */
	bool bad_length; /* ... that is no number, or two that differ */
	uint64_t length;
	bool has_transfer_encoding;
	bool bad_transfer_encoding; /* not chunked alone, or in HTTP/1.0 */
	bool is_odd; /* a field that another reader would read otherwise */
	bool may_not_fold; /* the line before was about the body */
	bool is_encoded; /* a Content-Encoding other than identity ... */
	bool is_gzip; /* ... and it is gzip, once */
	struct fp_buf *type; /* the Content-Type's value */
	struct fp_buf *headers; /* "name: value\n" each; NULL: not wanted */
	struct fp_buf *location; /* the Location's value; NULL: not wanted */
	struct fp_waithint *hints; /* when to come back; NULL: not wanted */
	bool wants_quota; /* hints of successes too */
};

/* Forgets everything; the two buffers are emptied and kept. */
void fp_response_reset(struct fp_response *response, struct fp_buf *type,
	struct fp_buf *headers);

/* One line, with or without its CRLF. */
int fp_response_line(
	struct fp_response *response, const char *line, size_t len);

/* Whether the framing contradicts itself: such a response is an error, as a
 * peer may see its end elsewhere (RFC 9112, section 6.3). */
bool fp_response_is_ambiguous(const struct fp_response *response);

/* Whether it cannot have a body (RFC 9112, section 6.3, points 1 and 2). */
bool fp_response_is_bodiless(const struct fp_response *response);

#endif
