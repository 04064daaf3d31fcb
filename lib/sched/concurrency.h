/* SPDX-License-Identifier: MIT */
/*
 * concurrency: finds out how many requests at once a server makes good use of,
 * from how long its answers take and from what it refuses, and says how many
 * may be under way now.
 *
 * Times are those of one clock, in nanoseconds, from 1 on.
 *
 * Threads: none; time is an argument.
 * Ownership: the caller embeds it, and sets it up with fp_concurrency_init().
 * Failure: cannot fail.
 */
#ifndef FP_CONCURRENCY_H
#define FP_CONCURRENCY_H

#include "base.h"
#include "curve.h"

/* How an attempt ended. */
enum fp_passage {
	FP_PASSAGE_ANSWERED, /* with anything but an error of the server's */
	FP_PASSAGE_REFUSED, /* there may have been too many at once */
	FP_PASSAGE_NEITHER,
};

struct fp_concurrency {
	unsigned most; /* 1 or more */
	unsigned n_active; /* under way */
	enum fp_concurrency_phase {
		FP_CONCURRENCY_START, /* doubles each round */
		FP_CONCURRENCY_HOLD, /* at `level` */
		FP_CONCURRENCY_UP, /* tries more than that */
		FP_CONCURRENCY_DOWN, /* tries less */
	} phase;
	double level; /* what was found */
	unsigned told; /* what was last told of it */

	/* What is allowed: from one number to another, evenly in this time. */
	double from, to;
	int64_t ramp_ns, ramp_end_ns;

	/* What is seen of it, in a window. */
	int64_t settled_ns; /* it begins then */
	int64_t last_ns; /* it was last brought up to date */
	double area; /* of n_active over time, since settled_ns */
	unsigned n; /* answers */
	double sum_ns, sum2; /* their times; their squares */
	double low_ns; /* the least of the last few, until there are eight */
	unsigned n_lows; /* such eights */
	double low_sum_ns, low_sum2; /* the least of each; squared */

	double took_ns; /* what an answer takes; 0: not known */
	double least_ns; /* the least that it was; 0: not known */
	double least_error; /* of that, as a part of it */
	struct fp_curve curve;

	/* The next try. */
	double step; /* what is added, as a part of the level */
	unsigned places; /* or as a number, near a refusal; 0: step holds */
	int64_t up_ns, up_wait_ns; /* when it is, how long after the last */
	int64_t down_ns, down_wait_ns;
	bool is_low_known; /* less was tried, and was worse */
	unsigned n_since; /* answers since something was refused */

	/* Refusals where nothing was tried. */
	double high; /* the level before the first of them; 0: there is none */
	unsigned n_refused; /* since then */
	unsigned n_answered;
	double shed; /* a part of all that is refused at any level */
};

/* At most `most` at once. */
void fp_concurrency_init(struct fp_concurrency *concurrency, unsigned most);

/* How many may be under way now. *until_ns: when it is more, if nothing is
 * heard before; INT64_MAX: not by itself. */
unsigned fp_concurrency_limit(const struct fp_concurrency *concurrency,
	int64_t now_ns, int64_t *until_ns);

/* What it has found, so far. */
unsigned fp_concurrency_found(const struct fp_concurrency *concurrency);

/* Whether that is news, since this was asked last. */
bool fp_concurrency_tells(struct fp_concurrency *concurrency);

/* A request starts. */
void fp_concurrency_started(struct fp_concurrency *concurrency, int64_t now_ns);

/* One that began then has ended. Of one that was refused: true, if that was
 * because of those that were under way with it, and fewer will be; or if so
 * many are refused whatever the number is. */
bool fp_concurrency_ended(struct fp_concurrency *concurrency,
	enum fp_passage passage, int64_t begun_ns, int64_t now_ns);

#endif
