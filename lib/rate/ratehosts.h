/* SPDX-License-Identifier: MIT */
/*
 * ratehosts: the starts of many hosts that a server lends to one process: a
 * fp_ratelease for each, which of them the server is to be asked of next, and
 * for whom starts have come. A host takes memory here while somebody holds it,
 * and until the server has heard the last of it.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: fp_ratehost_new() gives, fp_ratehost_free() takes, perhaps later.
 * Failure: -1 or NULL: no memory.
 */
#ifndef FP_RATEHOSTS_H
#define FP_RATEHOSTS_H

#include "base.h"

#include "hostscript.h"
#include "ratelease.h"
#include "timeheap.h"

/* As many hosts are in one call. */
#define FP_RATEHOSTS_ASK_MAX 64

struct fp_ratehost {
	struct fp_timed timed; /* when it is to be asked of */
	struct fp_ratelease lease;
	void *owner; /* NULL: there is none any more */
	uint64_t number; /* of all that this process ever had */
	char epoch[FP_HOSTSCRIPT_EPOCH]; /* of the server's count, as known */
	bool is_asked; /* by the call that is under way */
	bool has_come;
	struct fp_ratehost *next_came;
	char name[]; /* its origin */
};

struct fp_ratehosts {
	struct fp_rates rates;
	struct fp_leaseclock clock;
	struct fp_timeheap due; /* all, but those that are asked */
	size_t n;
	uint64_t n_ever;
	struct fp_ratehost *asked[FP_RATEHOSTS_ASK_MAX];
	size_t n_asked;
	struct fp_ratehost *came; /* starts came for them */
	int64_t called_ns;
	int64_t from_us[FP_RATELEASE_ASK_MAX];
};

int fp_ratehosts_init(struct fp_ratehosts *hosts, const struct fp_rates *rates);

/* Nobody holds one any more. */
void fp_ratehosts_destroy(struct fp_ratehosts *hosts);

/* When the server is to be asked. */
int64_t fp_ratehosts_due_ns(const struct fp_ratehosts *hosts);

/* What the next call says, of hosts that are due; of all, as many as there is
 * room for, if it `ends`. `call` has room as for one. */
int fp_ratehosts_ask(struct fp_ratehosts *hosts, struct fp_ratescript *script,
	struct fp_ratelease_call *call, bool ends, uint64_t seed,
	int64_t now_ns);

/* Whether another last call would have something to say. */
bool fp_ratehosts_has_more(const struct fp_ratehosts *hosts);

/* What came of a call. false: of a host it is not to be understood; and
 * `full_us`: how long nothing is lent after a loss; 0: there was none. */
bool fp_ratehosts_hear(struct fp_ratehosts *hosts,
	struct fp_hostscript_head *head, int64_t begun_ns, int64_t ended_ns,
	int64_t *full_us);
void fp_ratehosts_miss(struct fp_ratehosts *hosts, int64_t now_ns);

/* The owner of one for which starts came; NULL: there is none any more. */
void *fp_ratehosts_next_came(struct fp_ratehosts *hosts);

struct fp_ratehost *fp_ratehost_new(
	struct fp_ratehosts *hosts, const char *name, void *owner);
void fp_ratehost_free(
	struct fp_ratehosts *hosts, struct fp_ratehost *host, int64_t now_ns);

/* As in ratelease.h. */
int fp_ratehost_reserve(struct fp_ratehosts *hosts, struct fp_ratehost *host,
	uint32_t *token, int64_t *due_ns, int64_t now_ns);
int fp_ratehost_commit(
	struct fp_ratehost *host, uint32_t token, int64_t now_ns);
void fp_ratehost_fire(struct fp_ratehosts *hosts, struct fp_ratehost *host,
	uint32_t token, int64_t now_ns);
void fp_ratehost_give_back(struct fp_ratehosts *hosts, struct fp_ratehost *host,
	uint32_t token, int64_t now_ns);

/* Whether one may be reserved; if not, when, as there. */
bool fp_ratehost_has_one(struct fp_ratehosts *hosts, struct fp_ratehost *host,
	int64_t *due_ns, int64_t now_ns);

#endif
