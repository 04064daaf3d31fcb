/* SPDX-License-Identifier: MIT */
/*
 * quota: what a response's head says about how many more requests a server
 * will take, and when it counts afresh: the RateLimit field (the IETF draft
 * draft-ietf-httpapi-ratelimit-headers) and the older X-RateLimit-Remaining
 * and X-RateLimit-Reset. Only that nothing is left is of interest: no answer
 * makes anything faster.
 *
 * Threads: one thread at a time.
 * Ownership: the caller embeds it.
 * Failure: cannot fail; a malformed field is as if it were not there.
 */
#ifndef FP_QUOTA_H
#define FP_QUOTA_H

#include "base.h"

#include "fetchpool.h"

struct fp_quota {
	int64_t reset_s; /* RateLimit: the longest until more; -1: none */
	int64_t remaining; /* X-RateLimit-Remaining; -1: none */
	int64_t reset; /* X-RateLimit-Reset in seconds; -1: none */
	bool is_unclear; /* one of these came twice, with two values */
};

void fp_quota_reset(struct fp_quota *quota);

/* The value of one field each, without white space around it. */
void fp_quota_take_ratelimit(struct fp_quota *quota, struct fp_text value);
void fp_quota_take_remaining(struct fp_quota *quota, struct fp_text value);
void fp_quota_take_reset(struct fp_quota *quota, struct fp_text value);

/* Seconds until the server takes requests again; -1: it does not say that it
 * takes none. `now_s` is the server's time since 1970, for a reset that is
 * not a number of seconds from now but one since 1970, which is what it is if
 * it is as large as that; or one of milliseconds, if larger still. */
int64_t fp_quota_wait_s(const struct fp_quota *quota, int64_t now_s);

#endif
