/* SPDX-License-Identifier: MIT */
/*
 * hostrate: the limit on how often requests to one host start, counted in
 * memory, or by a server for all machines.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: the caller embeds it, and keeps the server open.
 * Failure: fp_hostrate_init() -1 with ENOMEM; the others say their own.
 */
#ifndef FP_HOSTRATE_H
#define FP_HOSTRATE_H

#include "base.h"

#include "ratelimit.h"
#include "rateredis.h"

struct fp_hostrate {
	struct fp_ratelimit limit; /* if memory counts */
	struct fp_rateredis *redis; /* or a server; NULL */
	struct fp_ratehost *host; /* there */
	int64_t dry_until_ns; /* the server had none to be had before */
};

/* `redis` NULL: memory counts. `owner` is told of by fp_rateredis_host_came().
 */
int fp_hostrate_init(struct fp_hostrate *rate, const struct fp_rates *rates,
	bool is_paced, struct fp_rateredis *redis, const char *name,
	void *owner);
void fp_hostrate_destroy(struct fp_hostrate *rate);

/* When one more may be reserved: not after now_ns: now. INT64_MAX: not before
 * something is heard. */
int64_t fp_hostrate_due_ns(struct fp_hostrate *rate, int64_t now_ns);

/* Whether that is later, as far as is known. */
bool fp_hostrate_is_dry(const struct fp_hostrate *rate, int64_t now_ns);

/* 1: reserved. 0: not now. -1: ENOMEM. */
int fp_hostrate_reserve(
	struct fp_hostrate *rate, uint32_t *token, int64_t now_ns);

/* false: it was lost, and is still to be given back. */
bool fp_hostrate_commit(struct fp_hostrate *rate, uint32_t token);
void fp_hostrate_give_back(struct fp_hostrate *rate, uint32_t token);
void fp_hostrate_fire(struct fp_hostrate *rate, uint32_t token, int64_t now_ns);

#endif
