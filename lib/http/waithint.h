/* SPDX-License-Identifier: MIT */
/*
 * waithint: everything that an answer says about waiting, in all the dialects
 * that servers speak: Retry-After (retryafter.h) and what is sent in its place,
 * the RateLimit fields of all drafts and their X- forms (quota.h), names that
 * single products and APIs use, and hints in the text of an error. One table,
 * in waithint.c, has a row for each, with its source.
 *
 * Threads: one thread at a time.
 * Ownership: the caller embeds it, and resets it for each response.
 * Failure: cannot fail; what cannot be read is as if it were not there, and a
 * Retry-After like that is marked.
 */
#ifndef FP_WAITHINT_H
#define FP_WAITHINT_H

#include "base.h"

#include "retryafter.h"

/* Limits of one answer that are told apart: per second and per day, of
 * requests and of tokens. More are passed over. */
#define FP_WAITHINT_LIMITS 4

/* So much of the text of an error is of interest. */
#define FP_WAITHINT_BODY_MAX 2048

/* When something will be: from now, or since 1970. */
struct fp_when {
	int64_t ns;
	enum { FP_WHEN_NONE, FP_WHEN_WAIT, FP_WHEN_DATE } is;
	bool is_fine; /* it says more than whole seconds */
};

/* One limit, as "remaining" and "reset" fields describe it. */
struct fp_waithint_limit {
	char key[16]; /* "", "requests", ... */
	enum fp_left { FP_LEFT_UNKNOWN, FP_LEFT_SOME, FP_LEFT_NONE } left;
	struct fp_when reset;
	bool is_unclear; /* two fields that differ */
};

struct fp_waithint {
	struct fp_retryafter after; /* Retry-After as RFC 9110 has it */
	int64_t wait_ns; /* the longest from a dialect of it; -1: none */
	int64_t date_ns; /* the latest from a dialect of it; -1: none */
	int64_t number; /* too large for seconds, perhaps since 1970; -1 */
	int64_t text_ns; /* from the text of an error; -1: none */
	bool is_throttled; /* a type or a text that only limits have */
	struct fp_waithint_limit limits[FP_WAITHINT_LIMITS];
	unsigned n_limits;
};

void fp_waithint_reset(struct fp_waithint *hints);

/* One header field; the name in any letters, white space around the value is
 * no part of it. */
void fp_waithint_field(
	struct fp_waithint *hints, struct fp_text name, struct fp_text value);

/* The text of an error, or how it begins. */
void fp_waithint_body(struct fp_waithint *hints, struct fp_text text);

/* How long Retry-After, or a dialect of it, wants us away; -1: nothing is said.
 * What is past is 0. `wall_ns` is our clock, since 1970. */
int64_t fp_waithint_after_ns(const struct fp_waithint *hints, int64_t wall_ns);

/* The same from limits of which the answer says that nothing is left; -1: there
 * is none. */
int64_t fp_waithint_quota_ns(const struct fp_waithint *hints, int64_t wall_ns);

/* The same for a refusal, from all there is: after_ns, and where that is not
 * there or says 0, resets and the text. */
int64_t fp_waithint_refused_ns(
	const struct fp_waithint *hints, int64_t wall_ns);

/* Whether it says of a limit that nothing is left. */
bool fp_waithint_is_used_up(const struct fp_waithint *hints);

/* Whether there is a Retry-After that cannot be read. */
bool fp_waithint_is_malformed(const struct fp_waithint *hints);

#endif
