/* SPDX-License-Identifier: MIT */
/*
 * outlook: what a list of requests would come to: how many there are, for
 * which hosts, and how long the rates alone would keep the last one waiting.
 * Memory does not depend on how many requests there are: no more than
 * FP_OUTLOOK_HOSTS_MAX hosts are told apart.
 *
 * Threads: none; time is an argument, and none passes.
 * Ownership: the caller embeds it; fp_outlook_destroy() frees its memory.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_OUTLOOK_H
#define FP_OUTLOOK_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"
#include "hash.h"
#include "ratelimit.h"

#define FP_OUTLOOK_HOSTS_MAX 8192

struct fp_outlook_rules {
	struct fp_rates rates; /* of the run; n 0: no limit */
	struct fp_rates host_rates; /* of each host */
	bool is_paced;
	unsigned jobs;
	uint64_t delay_ms; /* the least pause before each request */
};

/* A limit, and when it would let the latest of the starts go. */
struct fp_outlook_clock {
	struct fp_ratelimit limit;
	int64_t now_ns;
};

struct fp_outlook_host {
	struct fp_hash_link link;
	size_t name_at; /* in `names` */
	uint64_t n;
};

struct fp_outlook {
	struct fp_outlook_rules rules;
	struct fp_outlook_clock run, host;
	uint64_t n_requests;
	uint64_t n_most; /* of them, to one host */
	struct fp_outlook_host *hosts; /* in the order in which they came */
	size_t n_hosts;
	struct fp_hash by_name;
	bool has_more; /* hosts that are not told apart */
	struct fp_buf names;
};

int fp_outlook_init(
	struct fp_outlook *outlook, const struct fp_outlook_rules *rules);
void fp_outlook_destroy(struct fp_outlook *outlook);

/* One more request, to this origin. After a failure it is not counted. */
int fp_outlook_add(struct fp_outlook *outlook, const char *origin, size_t len);

/* What it comes to so far; names are lent until the next call. */
void fp_outlook_tell(
	const struct fp_outlook *outlook, struct fp_forecast *forecast);

#endif
