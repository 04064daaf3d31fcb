/* SPDX-License-Identifier: MIT */
/*
 * ratelimit: at most N starts in any interval of a given length; several such
 * rates may hold at once. A start has two halves, as look-up, connect and TLS
 * lie between the permission and the request on the wire: it is reserved, and
 * later it is fired or given back.
 *
 *	if (fp_ratelimit_reserve(&limit, now_ns) == 1)
 *		...connect...
 *		sent:		fp_ratelimit_fire(&limit, now_ns)
 *		not sent:	fp_ratelimit_give_back(&limit)
 *	else
 *		again at fp_ratelimit_due_ns(&limit, now_ns)
 *
 * The promise, for each rate at every moment: what was fired within its period
 * (and a guard of 1/50 of it, 50 ms at most) and what is reserved are together
 * not more than N. So no interval of that length holds more than N starts,
 * provided that fire's time is read after the request was sent, and reserve's
 * not after it is called. Quiet time is not saved up. The guard is there
 * because the server counts arrivals, and the network shifts them.
 *
 * Paced, starts are spaced (period + guard) / N apart besides. A caller that
 * comes late may make up for it, by FP_RATELIMIT_SLACK_NS at most.
 *
 * Times are nanoseconds of one clock, from 0 to FP_RATELIMIT_TIME_MAX_NS.
 *
 * Threads: none; time is an argument.
 * Ownership: the caller embeds it. Memory is taken as starts happen: 8 bytes
 * each for the last N, and where N is over FP_RATELIMIT_LOG_MAX some 33 KiB,
 * for which starts are counted in slices of 1/4096 of the period.
 * Failure: said at each function; a bug (firing what is not reserved) aborts.
 */
#ifndef FP_RATELIMIT_H
#define FP_RATELIMIT_H

#include "base.h"

#include "rates.h"

/* A rate of more than so many is counted in slices, not start by start. */
#define FP_RATELIMIT_LOG_MAX 65536

#define FP_RATELIMIT_SLACK_NS (5 * FP_NS_PER_MS)

/* The latest moment, some 146 years after 1970, so that a period can be added
 * to any. */
#define FP_RATELIMIT_TIME_MAX_NS (INT64_MAX / 2)

struct fp_ratelimit_slices;

struct fp_ratelimit {
	struct fp_rates rates;
	int64_t spans_ns[FP_RATES_MAX]; /* period and guard */
	uint64_t n_reserved;
	int64_t last_ns; /* the latest start; INT64_MIN: none */

	/* The latest starts, oldest first, in a ring; they serve all rates up
	 * to FP_RATELIMIT_LOG_MAX. */
	int64_t *log;
	size_t log_first, log_len, log_cap;
	size_t log_max; /* never longer; 0: no rate needs it */

	struct fp_ratelimit_slices *slices[FP_RATES_MAX]; /* the others */

	int64_t spacing_ns; /* 0: not paced */
	int64_t next_ns; /* paced: nothing is reserved before */
};

/* 0, or -1 with EINVAL: these are no rates. Takes no memory yet. */
int fp_ratelimit_init(struct fp_ratelimit *limit, const struct fp_rates *rates,
	bool is_paced);
void fp_ratelimit_destroy(struct fp_ratelimit *limit);

/* The earliest moment at which one more may be reserved; not after now_ns: at
 * once; INT64_MAX: not before a reservation was fired or given back. */
int64_t fp_ratelimit_due_ns(const struct fp_ratelimit *limit, int64_t now_ns);

/* 1: reserved; 0: not now; -1: ENOMEM. */
int fp_ratelimit_reserve(struct fp_ratelimit *limit, int64_t now_ns);

/* Reserves without asking: someone else, who keeps to the same rates, has
 * allowed it. 0, or -1: ENOMEM. */
int fp_ratelimit_take(struct fp_ratelimit *limit, int64_t now_ns);

/* A reservation that became no start. */
void fp_ratelimit_give_back(struct fp_ratelimit *limit);

/* A reservation became a start. A time before that of an earlier call counts
 * as that one. */
void fp_ratelimit_fire(struct fp_ratelimit *limit, int64_t now_ns);

/* How many of the last starts are remembered, and having another, empty limit
 * of the same rates remember as many as if all had been at this time: that of
 * the last one, or later, is only stricter. -1: ENOMEM. */
uint64_t fp_ratelimit_n_fired(const struct fp_ratelimit *limit);
int fp_ratelimit_refill(
	struct fp_ratelimit *limit, uint64_t n_fired, int64_t last_ns);

/* How long a start is remembered: the longest period and its guard. */
int64_t fp_ratelimit_memory_ns(const struct fp_ratelimit *limit);

/* Nothing is reserved, and nothing is remembered that could still hold back a
 * start: a new one would do the same. */
bool fp_ratelimit_is_idle(const struct fp_ratelimit *limit, int64_t now_ns);

#endif
