/* SPDX-License-Identifier: MIT */
/*
 * headerline: what a request's method and header fields may be made of, so
 * that no value can begin a header, a request or a body of its own.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: said at each function.
 */
#ifndef FP_HEADERLINE_H
#define FP_HEADERLINE_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

/* Whether it is a token (RFC 9110, section 5.6.2), as a method and the name of
 * a field must be. */
bool fp_headerline_is_token(struct fp_text text);

/* How much of the text, from its start on, a token may hold. */
size_t fp_headerline_token_len(struct fp_text text);

/* Whether a request may have this method: a token, but not CONNECT, after which
 * a connection is no HTTP any more; nor HEAD in other letters, which one reads
 * as HEAD and another does not (section 9.3). */
bool fp_headerline_is_method(struct fp_text text);

/* Whether a field of this name says where the request ends, or what becomes of
 * the connection: libcurl sets that, or one item's body would be the
 * next one's request. */
bool fp_headerline_is_framing(struct fp_text name);

/* Whether a field of this name may go with a redirect to another origin: it
 * says what kind of answer is wanted, or what the body is, and holds no secret
 * (RFC 9110, section 15.4). Any field that is not known may be one. */
bool fp_headerline_travels(struct fp_text name);

/* "close" or "keep-alive", which are all that a client has to say in
 * Connection (RFC 9110, section 7.6.1). */
bool fp_headerline_is_persistence(struct fp_text value);

/* Whether a field may have this value (section 5.5): there is no control
 * character in it but tabs. Any byte above 7F may be. */
bool fp_headerline_is_value(struct fp_text text);

/* Appends the field as curl takes it: "Name: value", the white space around
 * the value being no part of it; or "Name;" if it has none, as "Name:" would
 * ask curl to leave out a header of its own. -1 with ENOMEM. */
int fp_headerline_add(
	struct fp_buf *out, struct fp_text name, struct fp_text value);

#endif
