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
#include "unpack.h"
#include "waithint.h"

/* Of a longer Content-Type, the first bytes are kept. A longer Location leads
 * nowhere: RFC 9110, section 4.1, has all support 8000 bytes. */
#define FP_RESPONSE_TYPE_MAX 1024
#define FP_RESPONSE_LOCATION_MAX 8000

/* Of a longer Content-Disposition, too, the first bytes are kept. */
#define FP_RESPONSE_DISPOSITION_MAX 8000

struct fp_response {
	int status; /* 0: no status line yet */
	const char *version; /* "1.1", "2", ...; "" unknown */
	bool in_head; /* behind a status line */
	bool in_trailers; /* behind the final response's head */
	bool answers_head; /* the request was HEAD: set after a reset */
	bool has_length; /* Content-Length */
	uint64_t length;
	bool is_chunked; /* Transfer-Encoding: chunked */
	bool has_identity; /* Transfer-Encoding: identity, which is none */
	bool may_not_fold; /* the line before was about the body */
	bool is_encoded; /* a Content-Encoding that changes the body ... */
	enum fp_packing packing; /* ... and can be undone, once; or NONE */
	char coding[16]; /* one that is not undone; "": none */
	char doubt[96]; /* what is wrong with the framing; "": nothing */
	bool has_location;
	bool moved_twice; /* two Locations that differ */
	bool is_kept; /* the connection, it says */
	unsigned keeps_s; /* for this long when idle; 0: it does not say */
	struct fp_buf *type; /* the Content-Type's value */
	struct fp_buf *headers; /* "name: value\n" each; NULL: not wanted */
	struct fp_buf *location; /* the Location's value; NULL: not wanted */
	struct fp_buf *disposition; /* Content-Disposition's; NULL likewise */
	struct fp_buf *links; /* the Links' values, a line each; NULL: the same
			       */
	bool may_fold_link; /* the line before was one */
	struct fp_waithint *hints; /* when to come back; NULL: not wanted */
	bool wants_quota; /* hints of successes too */
};

/* Forgets everything; the two buffers are emptied and kept. The other settings
 * (answers_head, location, disposition, hints, wants_quota) are the caller's to
 * make. */
void fp_response_reset(struct fp_response *response, struct fp_buf *type,
	struct fp_buf *headers);

/* One line, with or without its CRLF. */
int fp_response_line(
	struct fp_response *response, const char *line, size_t len);

/* Whether it ends with its head, whatever its fields say: an answer to HEAD,
 * 204 and 304 (RFC 9112, section 6.3, rule 1). */
bool fp_response_ends_with_head(const struct fp_response *response);

/* Whether it ends with its connection (section 6.3, rule 8). */
bool fp_response_ends_with_close(const struct fp_response *response);

/* What leaves in doubt where the response ends, in words that hold what was
 * received; NULL: nothing. A field that says where a body ends, twice and not
 * the same, or a value that readers take in different ways (section 6.3, rules
 * 3 and 5). A response that ends with its head is never in doubt. After a 101,
 * which nobody asks for, what follows is not HTTP any more (RFC 9110, section
 * 15.2.2). */
const char *fp_response_doubt(const struct fp_response *response);

#endif
