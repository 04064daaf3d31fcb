/* SPDX-License-Identifier: MIT */
/*
 * busy: what an origin's refusals mean: whether it sheds single requests, or
 * limits them all; how long it is left alone; and at which rate it is asked
 * afterwards. An answer that says when to come back is obeyed in any case; this
 * is about the rest.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: the caller embeds it, zeroed.
 * Failure: cannot fail.
 */
#ifndef FP_BUSY_H
#define FP_BUSY_H

#include "base.h"

#include "company.h"
#include "fetchpool.h"
#include "learner.h"
#include "refusal.h"
#include "suspect.h"

struct fp_busy_rules {
	enum fp_busy_mode mode;
	bool learns;
	int64_t delay_ns; /* the first pause, and the longest, where nobody */
	int64_t max_delay_ns; /* says how long; 0: the item's own wait */
};

struct fp_busy {
	bool is_stirred; /* something was refused once; until then, */
	uint64_t n_quiet; /* so many have passed that are not counted yet */
	double score; /* of refusals: each is 1, and fades with what passes */
	double part; /* of first attempts of items, lately, that are refused */
	double stubborn; /* of items that were refused before: how many are
			    refused again, while others pass */
	unsigned
		n_row; /* first refusals of items, since something has passed */
	unsigned n_lone; /* refusals with a time, between many that passed */
	unsigned n_lone_min; /* so many are obeyed by all; 0: not set */
	unsigned n_rounds; /* of refusals, since something has passed */
	unsigned n_needed; /* rounds that it took the last time, when paced */
	bool is_careful; /* nothing has passed since; one at a time goes out */
	bool has_sole; /* and it is out */
	int64_t enough_ns; /* such a silence ended rounds; 0: none did */
	int64_t rounds_ns; /* when the first of these rounds began */
	int64_t round_ns; /* and the last */
	int64_t after_ns; /* what was sent from then on came after its refusal
			   */
	unsigned n_with; /* of these, in the same round: refused, */
	unsigned n_against; /* and passed */
	int64_t passed_ns; /* when the latest that has passed began; 0: none */
	uint64_t n_passed; /* in all, but for those of n_quiet */
	struct fp_learner learner;
	struct fp_suspect suspect;
	struct fp_company company;
	unsigned n_failed; /* first attempts that did, before anything passed */

	/* A no that may be a limit (FP_REFUSAL_DOUBT). */
	bool is_limit_no; /* it turned out to be one */
	unsigned n_clean; /* passes without one, before the first */
	unsigned n_clean_min; /* so many are needed to doubt it */
	unsigned n_doubts; /* in a row */
	int64_t doubt_ns; /* when the first of them was halfway back */
	int64_t doubted_ns; /* and when one was heard first */
	unsigned n_contrary; /* passes since, by what they say against a limit
			      */
	bool has_other_passed; /* one that was never sent has, meanwhile: */
	int64_t other_begun_ns, other_ended_ns;
	int64_t last_no_ns; /* before that */
	bool is_testing; /* one of them is tried again */
	unsigned n_tests; /* how often it was */
};

/* What a refusal does. */
struct fp_busy_verdict {
	bool is_limit; /* everyone waits, not only this item */
	bool is_its_own; /* a time that is named is for this item only */
	int64_t pause_ns; /* at least so long, from now */
};

/* An attempt that got an answer. */
struct fp_busy_attempt {
	int64_t begun_ns;
	int64_t refused_ns; /* when its item was refused before; 0: never */
	unsigned n_refused; /* how often, with others that passed in between */
	int64_t wait_ns; /* if it is refused: what the item waits by itself */
	uint64_t random; /* the same: from fp_random_for() */
	bool is_test; /* of a doubt */
	bool is_first; /* of its item */
	bool is_sole; /* it was let out alone */
	bool is_closed; /* its connection was, in place of an answer */
	bool has_other; /* there is an item that was never sent */
	unsigned n_items; /* in all, if there is no other origin */
	unsigned n_others; /* that are still under way */
};

/* An answer that refused it. */
struct fp_busy_verdict fp_busy_refused(struct fp_busy *busy,
	const struct fp_busy_rules *rules, const struct fp_refused *refused,
	const struct fp_busy_attempt *attempt, int64_t now_ns);

/* One that did not, at an origin that has never refused anything, which is to
 * cost next to nothing. false: it has, see below. */
static inline bool
fp_busy_passed_quietly(struct fp_busy *busy, int64_t begun_ns)
{
	if (FP_UNLIKELY(busy->is_stirred))
		return false;
	busy->n_quiet++;
	busy->passed_ns = FP_MAX(busy->passed_ns, begun_ns);
	return true;
}

/* One that did not, at any origin. */
void fp_busy_passed(struct fp_busy *busy, const struct fp_busy_attempt *attempt,
	int64_t now_ns);

/* When the next may start; INT64_MAX: when the one that is out has ended. */
static inline int64_t
fp_busy_due_ns(const struct fp_busy *busy)
{
	if (FP_UNLIKELY(busy->is_careful && busy->has_sole))
		return INT64_MAX;
	return busy->learner.next_ns;
}

/* One starts, with so many others under way. true: it is the only one, until
 * fp_busy_sole_ended(). */
bool fp_busy_start(struct fp_busy *busy, unsigned n_others, int64_t now_ns);
static inline bool
fp_busy_started(struct fp_busy *busy, unsigned n_others, int64_t now_ns)
{
	if (FP_LIKELY(!busy->is_stirred && busy->learner.since_ns > 0))
		return false;
	return fp_busy_start(busy, n_others, now_ns);
}
void fp_busy_sole_ended(struct fp_busy *busy);

/* What a doubtful no means, when it comes and when its time is over. */
enum fp_doubt {
	FP_DOUBT_NO, /* it is a no */
	FP_DOUBT_LIMIT, /* there are too many requests */
	FP_DOUBT_HELD, /* wait, and ask again */
	FP_DOUBT_TEST, /* try this one again, to find out */
};
enum fp_doubt fp_busy_doubt(struct fp_busy *busy,
	const struct fp_busy_attempt *attempt, int64_t now_ns);
enum fp_doubt fp_busy_doubt_due(
	struct fp_busy *busy, bool is_test, bool has_other);

/* One that failed without a word of a limit. Sets `pause_ns`: for so long the
 * origin is left alone. */
enum fp_suspected fp_busy_failed(struct fp_busy *busy,
	const struct fp_busy_rules *rules,
	const struct fp_busy_attempt *attempt, int64_t now_ns,
	int64_t *pause_ns);

/* One that was refused without a time. true: for those that are under way with
 * it, as far as that is known; then fp_busy_refused() is not told of it. */
bool fp_busy_refused_in_company(struct fp_busy *busy,
	const struct fp_busy_rules *rules, const struct fp_refused *refused,
	const struct fp_busy_attempt *attempt, int64_t now_ns);

/* How long the origin waits for that; 0: it need not. */
int64_t fp_busy_doubt_pause_ns(const struct fp_busy *busy,
	const struct fp_busy_rules *rules, bool has_other, int64_t now_ns);

/* Whether the next request may well be refused: nothing has passed since the
 * last refusal, or hardly anything. */
bool fp_busy_is_dark(const struct fp_busy *busy);

/* Whether refusals now say more of the origin than of their items. */
bool fp_busy_is_limiting(const struct fp_busy *busy);

#endif
