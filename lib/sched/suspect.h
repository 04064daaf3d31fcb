/* SPDX-License-Identifier: MIT */
/*
 * suspect: whether answers that say only that the server failed (a bare 500),
 * or connections that are closed without one, are those of a limit. Some
 * limiters throw an exception that nobody handles; others hang up.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: the caller embeds it, zeroed.
 * Failure: cannot fail.
 */
#ifndef FP_SUSPECT_H
#define FP_SUSPECT_H

#include "base.h"

struct fp_suspect {
	bool is_limit; /* it turned out to be one */
	unsigned n_mixed; /* failures with hardly any passes in between */
	uint64_t n_clean; /* passes since the last failure */
	uint64_t n_clean_min; /* so many are needed to suspect it */
	double share; /* of first attempts, lately, that fail */
	double share_before; /* the same, before the row */
	unsigned n_row; /* items that failed at once, since one has passed */
	int64_t row_ns; /* when the first of them was halfway back */
	int64_t closed_ns; /* when one's connection was closed; 0: none was */
	unsigned n_later; /* of these, those that began after that */
	bool was_closed; /* why, was found out or is now */
	unsigned n_tests;
	bool wants_other; /* the next to be tested was never sent before */
	unsigned
		n_passed; /* such a one has, and those that were tested since */
};

/* An attempt: what the judgement depends on. */
struct fp_suspect_attempt {
	int64_t begun_ns;
	bool is_first; /* of its item */
	bool is_test; /* it was let out alone */
	bool has_other; /* an item waits that was never sent */
	bool is_paced; /* requests are spaced, as was learned */
	bool is_closed; /* its connection was, in place of an answer */
};

enum fp_suspected {
	FP_SUSPECTED_NO, /* its item failed, and goes on as for any failure */
	FP_SUSPECTED_MAYBE, /* the attempt need not be paid for */
	FP_SUSPECTED_LIMIT, /* there were too many requests */
	FP_SUSPECTED_COMPANY, /* the same, at once */
};

/* It failed. Sets `pause_ns`, for how long its origin is to be left alone; 0:
 * it need not be. Pauses are in proportion to `delay_ns`. */
enum fp_suspected fp_suspect_failed(struct fp_suspect *suspect,
	const struct fp_suspect_attempt *attempt, int64_t delay_ns,
	int64_t now_ns, int64_t *pause_ns);

/* It passed. */
void fp_suspect_passed(
	struct fp_suspect *suspect, const struct fp_suspect_attempt *attempt);

/* It is found out: one request at a time goes out. */
bool fp_suspect_tests(const struct fp_suspect *suspect);

/* How many marks there are at which one goes alone, to find out whether a limit
 * is over, when so many had passed: at 1, 2, 5, 10, 30 and 60 times the first
 * pause; and for a number that people choose at 120, 300 and 600, too. */
unsigned fp_suspect_marks(uint64_t n_passed);

/* Nanoseconds from now to the n-th mark, from 0, since then; at least 1. 0:
 * there are not so many. */
int64_t fp_suspect_mark_ns(
	size_t n, int64_t since_ns, int64_t delay_ns, int64_t now_ns);

/* Until the first such test, if it did not begin when it could have. */
int64_t fp_suspect_wait_ns(
	const struct fp_suspect *suspect, int64_t delay_ns, int64_t now_ns);

/* What was taken for a limit was none. */
void fp_suspect_clear(struct fp_suspect *suspect);

#endif
