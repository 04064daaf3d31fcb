/* SPDX-License-Identifier: MIT */
/*
 * learner: finds out how many requests a server lets through in which time,
 * from what it let through and what it refused, and says when the next one may
 * start: just below that. Now and then it tries for a little more.
 *
 * Times are those of one clock, in nanoseconds, from 1 on.
 *
 * Threads: none; time is an argument.
 * Ownership: the caller embeds it, zeroed.
 * Failure: cannot fail.
 */
#ifndef FP_LEARNER_H
#define FP_LEARNER_H

#include "base.h"

/* Windows that are taken whole. */
struct fp_learner_window {
	uint64_t size; /* requests; 0: starts are paced instead */
	uint64_t n_started; /* in this one */
	unsigned n; /* which it is, from 0 */
	unsigned n_held; /* the last of which the first request passed */
	bool is_said; /* the server says when one ends */
	bool is_kept; /* only a silence ends one: they are not spaced later */
	unsigned n_missed; /* one that was enough once was not, in a row */
	int64_t silence_ns; /* before this one, as it is tried */
	int64_t begun_ns;
	int64_t length_ns; /* of this one, as it is tried */
	int64_t short_ns; /* too short; what is long enough is period_ns */
};

struct fp_learner {
	bool is_on; /* starts are spaced */
	unsigned n_asked; /* refusals, not spaced yet, since something passed */
	bool binds; /* the last start waited for its time */
	bool has_told; /* what it has learned, once */
	double rate; /* starts in a second */
	double high; /* one at which it was refused; 0: not known */
	double first; /* the one that it began with */
	unsigned n_lowered; /* how often it was lowered since */
	double low; /* one that held for a while; 0: not known */
	uint64_t n_burst; /* passed before the first refusal */
	double burst; /* the rate that follows from it */
	bool is_trying; /* more than what has held, near `high` */
	unsigned n_failed; /* times that this was refused, in a row */
	double step; /* by how much it grows next, near `high` */
	int64_t spacing_ns; /* the same as `rate` */
	int64_t next_ns; /* no start before */
	int64_t since_ns; /* what passed is counted from here; 0: not yet */
	uint64_t n_passed; /* since then */
	int64_t paced_ns; /* since when starts are spaced */
	uint64_t n_paced; /* passed since then */
	double best; /* the best average of that; 0: not known */
	struct fp_learner_window window;
	int64_t period_ns; /* in which the limit was seen when it began */
	int64_t raised_ns; /* when the rate last changed */
	bool is_supposed; /* it was told so by fp_learner_suppose() */
	bool is_rough; /* hardly anything had passed when it began */
	int64_t dark_ns; /* the first refusal, before starts are spaced */
	int64_t refused_ns; /* when it was last refused */
	unsigned n_alike; /* times that about as many had passed as at first */
	uint64_t alike; /* and the least of these numbers */
	bool is_no_gap; /* silences do not end its refusals */
	int64_t silence_ns; /* the shortest that ended refusals; 0: none did */
	int64_t until_ns; /* until when, as the server said; 0: it did not */
	unsigned n_good; /* passed since the rate last changed, as spaced */
	bool is_dark; /* since it was last refused, it was again at once */
	struct fp_learner_was {
		double rate, high, low; /* rate 0: there is none */
	} was; /* before it was last lowered */
	unsigned n_vain; /* times that a lower rate did not help */
	unsigned n_rest; /* passes until it learns again */
	unsigned rest; /* so many the next time; 0: it never rested */
};

/* A request starts. */
void fp_learner_started(struct fp_learner *learner, int64_t now_ns);

/* One that began then was let through. */
void fp_learner_passed(
	struct fp_learner *learner, int64_t begun_ns, int64_t now_ns);

/* One that began then was refused, the first of those that were under way
 * together; until a time, or 0. */
void fp_learner_refused(struct fp_learner *learner, int64_t begun_ns,
	int64_t until_ns, int64_t now_ns);

/* The first refusals, from then on, are known as such only now, before it is
 * told of what passed first after them. */
void fp_learner_suppose(struct fp_learner *learner, int64_t dark_ns);

/* The last refusal was none: the rate is what it was before. */
void fp_learner_take_back(struct fp_learner *learner, int64_t now_ns);

/* What was refused was not for there were too many: it forgets, and learns
 * nothing for a while. */
void fp_learner_rest(struct fp_learner *learner);

/* Whether what it knows has held for a while, told once. */
bool fp_learner_tells(struct fp_learner *learner);

/* "5/s", "2.4/s" as 144/m: the rate in the words of --rate. */
#define FP_LEARNER_WORDS 32
void fp_learner_words(const struct fp_learner *learner, char *text);

#endif
