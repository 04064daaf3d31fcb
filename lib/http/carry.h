/* SPDX-License-Identifier: MIT */
/*
 * carry: how a body gets from the network into a result: judged, counted,
 * and made ready, while it streams. JSON loses the white space between its
 * tokens and the members that are not wanted; text becomes UTF-8, bytes are
 * kept as they came; what nobody asked for is counted and forgotten.
 *
 * Threads: one thread at a time.
 * Ownership: the caller embeds it; the body goes into the caller's buffer.
 * Failure: as an item's kind; `message` says more. A body that turns
 * out wrong is still read to its end, so that the connection can be used
 * again, and because a response that was cut is the better news.
 */
#ifndef FP_CARRY_H
#define FP_CARRY_H

#include "base.h"

#include "buf.h"
#include "charset.h"
#include "fetchpool.h"
#include "json.h"
#include "jsonfind.h"
#include "jsontake.h"

#define FP_CARRY_LIMIT_TEXT 80

struct fp_carry {
	const struct fp_options *options;
	struct fp_json *json; /* NULL until first needed */
	struct fp_buf *out; /* where the body goes */
	struct fp_buf spare; /* a piece of a document that was guessed */
	struct fp_charset charset; /* decoded into: */
	struct fp_buf decoded;
	const char *type; /* Content-Type: the caller's, until the end */

	const struct fp_pointers *fail_if; /* set after init; NULL: none */
	struct fp_jsonfind *find; /* NULL until first needed */
	const char *const *places; /* the same: where values are taken */
	size_t n_places; /* 0: nowhere */
	struct fp_jsontake *take; /* NULL until first needed */
	bool takes; /* values of this body */

	bool is_success; /* set before begin: its JSON is looked through */
	bool looks; /* it is */
	bool has_found; /* something that it must not have */

	bool keep; /* bytes are wanted */
	bool is_failed; /* of an answer that is no success: kept as they come */
	bool grows; /* decoding may make what is kept FP_CHARSET_GROWTH times
		       as long */
	bool is_cut; /* the same, and some were not kept */
	bool may_be_problem; /* the same: by its type it may be JSON */
	bool judges_only; /* set before begin: the bytes go elsewhere */
	bool proves_end; /* set before begin: it must be whole JSON, whatever is
			    made of it: nothing else tells its end */
	bool is_streamed; /* JSON is judged as it comes */
	char first; /* byte of streamed JSON but white space; 0: none yet */
	enum fp_body want; /* AUTO: no type was given, look at the end */
	enum fp_kind kind; /* what went wrong so far */
	const char *message;
	struct fp_json_changes changes; /* to the body */
	char why[160]; /* for it */
	uint64_t size; /* bytes that came */
};

/* The options are read until fp_carry_destroy(). */
void fp_carry_init(struct fp_carry *carry, const struct fp_options *options);
void fp_carry_destroy(struct fp_carry *carry);

/* A body begins. `wanted`: the status is a success. `type` is the value of
 * Content-Type, "" if there is none, and is read until the end. `out` must be
 * empty. */
void fp_carry_begin(struct fp_carry *carry, bool wanted, const char *type,
	struct fp_buf *out);

/* The same for an answer that is no success: its body is kept as it comes, up
 * to options.max_error_body, and nothing in it is a failure. */
void fp_carry_begin_failed(
	struct fp_carry *carry, const char *type, struct fp_buf *out);

/* How many more bytes of such a body would be kept of `len`. */
size_t fp_carry_wants(const struct fp_carry *carry, size_t len);

/* Some of its bytes. false: it is over options.max_body; do not go on. */
bool fp_carry_write(struct fp_carry *carry, const char *data, size_t len);

/* Whether a response has to have a body. */
enum fp_carry_due {
	FP_CARRY_BODY, /* it has; the empty one is no JSON */
	FP_CARRY_ANYTHING, /* it may: where JSON is due, nothing is null */
	FP_CARRY_NOTHING, /* it cannot (204): only a demand for JSON fails */
};

/* The body is complete: FP_KIND_OK and *encoding, or what is wrong. */
enum fp_kind fp_carry_end(
	struct fp_carry *carry, enum fp_carry_due due, enum fp_body *encoding);

/* The body of an answer that is no success, or that has what it must not have,
 * has ended, or been cut (`is_whole`: it was not): how it can be carried. What
 * is no JSON is text, or else base64; NONE: there is nothing, or no memory.
 * `detail` gets what a problem says of itself (problem.h), and is empty if it
 * does not. */
enum fp_body fp_carry_end_failed(
	struct fp_carry *carry, bool is_whole, struct fp_buf *detail);

/* Whether the body is streamed JSON that is a number, the only value whose
 * beginning may be another one. */
bool fp_carry_is_number(const struct fp_carry *carry);

/* The charset that the body was decoded from, once it has ended; NULL: it was
 * UTF-8, or no text. */
const char *fp_carry_charset(const struct fp_carry *carry);

/* What is known of the body is no other's: none has begun. What judged it stays
 * for the next one. */
void fp_carry_forget(struct fp_carry *carry);

/* What to say of a body that is over the limit. */
void fp_carry_explain_limit(uint64_t max_body, char *text, size_t text_size);

/* Whether a Content-Type says JSON: application/json, text/json, or any
 * with the suffix +json (RFC 6839, section 3.1). */
bool fp_carry_is_json_type(const char *type);

#endif
