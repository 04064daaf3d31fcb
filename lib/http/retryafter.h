/* SPDX-License-Identifier: MIT */
/*
 * retryafter: what a response's head says about when to come back: Retry-After
 * in its proper forms (RFC 9110, section 10.2.3), and what quota has to say. A
 * proxy or a second layer of a server may have added its own field: the one
 * that keeps us away longest counts, and what is no such value does not.
 *
 * Threads: one thread at a time.
 * Ownership: the caller embeds it, and resets it for each response.
 * Failure: cannot fail.
 */
#ifndef FP_RETRYAFTER_H
#define FP_RETRYAFTER_H

#include "base.h"

#include "fetchpool.h"
#include "httpdate.h"
#include "quota.h"

/* The longest that can be said in nanoseconds, 292 years: more is as much. */
#define FP_RETRYAFTER_MAX_S (INT64_MAX / FP_NS_PER_S)

/* The longest form is that of RFC 850, on a Wednesday: 33 bytes. */
#define FP_RETRYAFTER_DATE_MAX 40

struct fp_retryafter {
	int64_t after_s; /* the largest number of seconds; -1: none */
	struct fp_httpdate after_date; /* the latest with its whole year */
	struct fp_httpdate after_short; /* the latest with two digits of it */
	bool is_malformed; /* one was neither a number nor a date */
	/* The response's own Date, read only if a time is to be reckoned from
	 * it; `date` is an earlier field of that name. */
	char date_text[FP_RETRYAFTER_DATE_MAX];
	size_t date_len;
	struct fp_httpdate date;
	struct fp_quota quota;
};

void fp_retryafter_reset(struct fp_retryafter *hints);

/* One header field; the name in any letters, white space around the value is
 * no part of it. Names that say nothing about this cost next to nothing. */
void fp_retryafter_field(
	struct fp_retryafter *hints, struct fp_text name, struct fp_text value);

/* How long Retry-After wants us away; -1: it says nothing. A date that is past
 * is 0. `wall_ns` is our clock, since 1970. */
int64_t fp_retryafter_wait_ns(
	const struct fp_retryafter *hints, int64_t wall_ns);

/* From now to a date, from 0 on, by the clock of the one who wrote it; by ours,
 * which has fractions of seconds, if the two agree. */
int64_t fp_retryafter_until_ns(
	const struct fp_retryafter *hints, int64_t date_ns, int64_t wall_ns);

/* The same from a RateLimit that is used up; -1: there is none, or it is not.
 */
int64_t fp_retryafter_quota_ns(const struct fp_retryafter *hints);

#endif
