/* SPDX-License-Identifier: MIT */
/*
 * quota: what the RateLimit field says about how many more requests a server
 * will take, and when it counts afresh (the IETF draft
 * draft-ietf-httpapi-ratelimit-headers, from its eighth on). Only that nothing
 * is left is of interest: no answer makes anything faster.
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
	int64_t reset_s; /* the longest until more; -1: none is used up */
};

void fp_quota_reset(struct fp_quota *quota);

/* The value of one field, without white space around it. */
void fp_quota_take_ratelimit(struct fp_quota *quota, struct fp_text value);

#endif
