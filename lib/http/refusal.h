/* SPDX-License-Identifier: MIT */
/*
 * refusal: whether an answer refuses a request because there were too many, as
 * far as one answer can tell. Limiters do not all say 429: a 503 may be a limit
 * or an illness, a 403 or a 400 a limit or a plain no.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: cannot fail.
 */
#ifndef FP_REFUSAL_H
#define FP_REFUSAL_H

#include "base.h"

#include "waithint.h"

enum fp_refusal {
	FP_REFUSAL_NONE,
	FP_REFUSAL_SAID, /* too many requests */
	FP_REFUSAL_MILD, /* too much to do, perhaps for this request only */
	FP_REFUSAL_DOUBT, /* a no, or too many: other answers have to tell */
};

struct fp_refused {
	enum fp_refusal is;
	int64_t wait_ns; /* that the answer asks for; -1: it does not say */
	bool is_used_up; /* it says that nothing is left */
	bool is_supposed; /* it says nothing: other answers told */
};

/* Of an answer with this status that is no success. `wall_ns` is our clock. */
struct fp_refused fp_refusal_judge(
	int status, const struct fp_waithint *hints, int64_t wall_ns);

/* Whether the text of such an answer may have a say in it. */
bool fp_refusal_wants_text(int status);

#endif
