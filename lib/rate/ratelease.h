/* SPDX-License-Identifier: MIT */
/*
 * ratelease: starts that a server counts for several machines, as one process
 * holds them. The server lends starts, each not to be used before one time and
 * only until another; what it has lent counts as started at that other time
 * until it hears better. So a process that is gone, stopped or cut off uses
 * none of them late, and gives none back early.
 *
 *	fp_ratelease_reserve() ... _commit() ... _fire() or _give_back()
 *	when fp_ratelease_due_ns() has come:
 *		fp_ratelease_ask(&lease, &call, now)	what to ask and report
 *		...the server is asked...
 *		fp_leaseclock_hear(clock, answer.now_us, sent, heard)
 *		fp_ratelease_hear(&lease, &answer, heard)
 *		or fp_ratelease_miss(&lease), as it did not answer
 *
 * Times of the server are microseconds of its own clock, of which bounds are
 * kept: what may start is asked with the lower one, and what has started is
 * reported with the upper one. Times of here are nanoseconds.
 *
 * Threads: none; time is an argument.
 * Ownership: the caller embeds it; fp_ratelease_destroy() frees its memory.
 * Failure: -1: no memory, and nothing has changed.
 */
#ifndef FP_RATELEASE_H
#define FP_RATELEASE_H

#include "base.h"

#include "leaseclock.h"
#include "rates.h"

/* How long a start is lent, unless that is renewed. */
#define FP_RATELEASE_NS (2 * FP_NS_PER_S)

#define FP_RATELEASE_LOOK_NS (250 * FP_NS_PER_MS)

/* A call asks for no more, and reports and renews no more. */
#define FP_RATELEASE_ASK_MAX 500
#define FP_RATELEASE_TELL_MAX 2000

enum fp_ratelease_is {
	FP_RATELEASE_FREE,
	FP_RATELEASE_STOCK, /* to be had */
	FP_RATELEASE_RESERVED,
	FP_RATELEASE_COMMITTED,
	FP_RATELEASE_LOST, /* it was reserved, and counts no more */
	FP_RATELEASE_FIRED, /* to be reported */
	FP_RATELEASE_BACK, /* to be given back */
};

struct fp_ratelease_start {
	enum fp_ratelease_is is;
	uint64_t seq; /* its name at the server; 0: it has forgotten it */
	int64_t from_us, until_us; /* the server's times of its use */
	int64_t fired_us; /* by the server's clock, or later */
	uint64_t told; /* the call that tells of it; 0: none */
	enum fp_ratelease_is told_as; /* in it */
	uint32_t next; /* in the stock, or of those that are free */
};

struct fp_ratelease {
	/* Of the rates. */
	double per_s; /* how many a second, in the long run */
	uint64_t n_least; /* in one period, of all rates */
	int64_t shortest_ns;

	struct fp_leaseclock *clock; /* the server's; borrowed */

	struct fp_ratelease_start *starts; /* by token */
	uint32_t n_starts, cap_starts;
	uint32_t free; /* the first of those; FP_RATELEASE_NONE: none */
	uint32_t stock, stock_last;
	unsigned n_stock, n_live, n_told; /* STOCK to COMMITTED; FIRED, BACK */
	uint64_t next_seq, asked_seq;

	/* What is wanted. */
	bool is_hungry; /* asked in vain */
	unsigned ask; /* how many were asked for last */
	unsigned n_used; /* reserved since use_ns */
	double use_per_s; /* of late */
	int64_t use_ns, last_use_ns;

	/* When. */
	uint64_t call; /* number of the last */
	bool is_calling;
	int64_t called_ns, renewed_ns, tell_ns; /* tell_ns: of the oldest */
	int64_t wait_ns; /* nothing is to be had before */
};

#define FP_RATELEASE_NONE UINT32_MAX

/* What a call says. The arrays have room for FP_RATELEASE_TELL_MAX. */
struct fp_ratelease_call {
	unsigned n_want;
	uint64_t first_seq; /* names of those, in a row */
	int64_t ahead_us; /* they may be of so much later */
	bool has_jumped;
	unsigned n_fired, n_renewed, n_back;
	uint64_t *fired, *renewed, *back; /* names */
	int64_t *fired_us;
};

struct fp_ratelease_answer {
	int64_t now_us; /* the server's clock */
	bool is_lost; /* it counts anew: nothing that was lent counts */
	int64_t wait_us; /* before more can be had */
	unsigned n;
	const int64_t *from_us; /* of each start that is lent */
};

/* Several leases of one server may have one clock. */
void fp_ratelease_init(struct fp_ratelease *lease, const struct fp_rates *rates,
	struct fp_leaseclock *clock);
void fp_ratelease_destroy(struct fp_ratelease *lease);

/* 1: reserved. 0: not now: at *due_ns, or when something was heard. */
int fp_ratelease_reserve(struct fp_ratelease *lease, uint32_t *token,
	int64_t *due_ns, int64_t now_ns);

/* Whether one can be reserved; if not, when, as there. Either way what is
 * missing will be asked for. */
bool fp_ratelease_has_one(
	struct fp_ratelease *lease, int64_t *due_ns, int64_t now_ns);

/* 1: it may be sent now. 0: not any more. */
int fp_ratelease_commit(
	struct fp_ratelease *lease, uint32_t token, int64_t now_ns);
void fp_ratelease_fire(
	struct fp_ratelease *lease, uint32_t token, int64_t now_ns);
void fp_ratelease_give_back(
	struct fp_ratelease *lease, uint32_t token, int64_t now_ns);

/* No more will be reserved: what is in stock goes back. */
void fp_ratelease_end(struct fp_ratelease *lease, int64_t now_ns);

/* When the server is to be asked next; INT64_MAX: there is nothing to ask. Who
 * has something to lose looks every FP_RATELEASE_LOOK_NS whether it is still
 * counted. */
int64_t fp_ratelease_due_ns(const struct fp_ratelease *lease);

/* What the next call says. `ends`: it is the last, and all goes back. */
void fp_ratelease_ask(struct fp_ratelease *lease,
	struct fp_ratelease_call *call, bool ends, int64_t now_ns);

/* The answer of a call that ended at this time; the clock has heard it. */
int fp_ratelease_hear(struct fp_ratelease *lease,
	const struct fp_ratelease_answer *answer, int64_t ended_ns);

/* There was none; what was told is to be told again. */
void fp_ratelease_miss(struct fp_ratelease *lease, int64_t now_ns);

/* Nothing that was lent counts any more. */
void fp_ratelease_lose(struct fp_ratelease *lease, int64_t now_ns);

#endif
