/* SPDX-License-Identifier: MIT */
/*
 * rateredis: the promise of ratelimit.h, kept at a Redis server: by all
 * processes on all machines that name the same server and key. What ratefile.h
 * says of reserving, committing, firing and giving back is true here, too. But
 * here a start that a process leaves behind, however that ends, counts as
 * started, and comes back a period later; and nothing starts while the server
 * cannot be reached.
 *
 *	redis = fp_rateredis_open(text, &rules, why, size);
 *	fp_rateredis_run(redis, &calls)		from now on it has a thread
 *	...
 *	fp_rateredis_stop(redis)		calls nobody any more
 *	fp_rateredis_close(redis)
 *
 * Nobody waits for the server but its own thread, and who opens it, for a
 * moment.
 *
 * It counts a rate of the run, rates of each host, or both. What is of one host
 * has its fp_ratehost, which its owner gets by new, and gives up by free.
 *
 * Threads: reserve, commit, fire and give_back, and all of one host: any, at
 * any time; the others by the owner.
 * Ownership: open gives, close takes.
 * Failure: open and run say their own. Later, what cannot be mended is told to
 * `fail`, once, and nothing is reserved any more.
 */
#ifndef FP_RATEREDIS_H
#define FP_RATEREDIS_H

#include "base.h"

#include "rates.h"

struct fp_rateredis;
struct fp_ratehost;

struct fp_rateredis_rules {
	struct fp_rates rates; /* of the run; n 0: none */
	struct fp_rates host_rates; /* of each host; n 0: none */
	bool is_paced;
	const char *cafile; /* of authorities, for TLS; NULL: the system's */
};

enum fp_rateredis_news {
	FP_RATEREDIS_GONE, /* it cannot be reached */
	FP_RATEREDIS_BACK, /* after that, it can */
	FP_RATEREDIS_LOST, /* it has lost the count */
};

/* By its thread, which holds no lock of its own meanwhile. */
struct fp_rateredis_calls {
	void *arg;
	void (*came)(void *arg); /* starts may be reserved */
	void (*came_hosts)(void *arg); /* fp_rateredis_host_came() has some */
	void (*tell)(void *arg, enum fp_rateredis_news news, const char *why,
		int64_t wait_ns);
	void (*fail)(void *arg, const char *why);
};

/* NULL: `why` says what is wrong. EINVAL: the text or a rate; ENOTSUP: built
 * without hiredis; EBADMSG: the server does not let it be. A server that is not
 * there is waited for, later. */
struct fp_rateredis *fp_rateredis_open(const char *text,
	const struct fp_rateredis_rules *rules, char *why, size_t size);

/* Whether the text is right, and could be opened; nobody is asked. 0, or -1 as
 * there. */
int fp_rateredis_check(const char *text, const struct fp_rateredis_rules *rules,
	char *why, size_t size);

/* Where it is, without passwords. */
const char *fp_rateredis_shown(const struct fp_rateredis *redis);

/* -1 with errno: no thread. */
int fp_rateredis_run(
	struct fp_rateredis *redis, const struct fp_rateredis_calls *calls);

/* Gives back what is reserved, if the server takes it soon. */
void fp_rateredis_stop(struct fp_rateredis *redis);

/* NULL: nothing. */
void fp_rateredis_close(struct fp_rateredis *redis);

/* 1: reserved. 0: not now: at *due_ns, a time of fp_clock_now_ns(), or after
 * `came`. */
int fp_rateredis_reserve(
	struct fp_rateredis *redis, uint32_t *token, int64_t *due_ns);
int fp_rateredis_commit(struct fp_rateredis *redis, uint32_t token);
void fp_rateredis_fire(struct fp_rateredis *redis, uint32_t token);
void fp_rateredis_give_back(struct fp_rateredis *redis, uint32_t token);

/* What is of one host; `owner` is what fp_rateredis_host_came() gives: the next
 * one for whose host starts came; NULL: there is none. NULL of new: no memory;
 * NULL to free: nothing. */
struct fp_ratehost *fp_rateredis_host_new(
	struct fp_rateredis *redis, const char *name, void *owner);
void fp_rateredis_host_free(
	struct fp_rateredis *redis, struct fp_ratehost *host);
void *fp_rateredis_host_came(struct fp_rateredis *redis);

/* Whether one can be reserved; if not, it can at *due_ns, or after
 * `came_hosts`. */
bool fp_rateredis_host_has_one(
	struct fp_rateredis *redis, struct fp_ratehost *host, int64_t *due_ns);
int fp_rateredis_host_reserve(
	struct fp_rateredis *redis, struct fp_ratehost *host, uint32_t *token);
int fp_rateredis_host_commit(
	struct fp_rateredis *redis, struct fp_ratehost *host, uint32_t token);
void fp_rateredis_host_fire(
	struct fp_rateredis *redis, struct fp_ratehost *host, uint32_t token);
void fp_rateredis_host_give_back(
	struct fp_rateredis *redis, struct fp_ratehost *host, uint32_t token);

#endif
