/* SPDX-License-Identifier: MIT */
/*
 * HOW A RATE IS FOUND
 *
 * Between two refusals a limit that is used up has let through what it lets
 * through in that time, whatever kind of limit it is: a bucket that was empty
 * is empty again, a window that was full is full again. At the first refusal
 * there is only one of them: then it is what has passed since the first start,
 * until the time at which the server says it will let more through, or did.
 *
 *	refused		what has passed since the last refusal, per second, is
 *			the rate, within bounds; the one before was too high
 *	4 pass		far below what was too high: a tenth more; if nothing
 *			is known to be too high, a quarter more
 *	24 pass		near it: a little more, to find out; twice as many each
 *			time that this was refused
 *
 * Once something was too high, it is raised once a period at most: a window
 * that is large says nothing before it is over.
 *
 * WINDOWS THAT ARE TAKEN WHOLE
 *
 * Spacing costs one window: that of the first refusals is used up at once, and
 * the last one is not over when it could be. In a list of three windows that is
 * half of the time. So if twenty or more had passed, and then the server was
 * silent for most of a period, as many go quickly in each period, and then
 * nothing. A limit that counts in windows, or keeps a log, refuses none of
 * these. For one that does, and after ten windows, requests are spaced. Where
 * nobody says how long a window is, it is between the last refusal and the
 * first that passed: halves are tried.
 *
 * WINDOWS THAT ONLY A SILENCE ENDS
 *
 * Some count on until nothing comes for a while, so that none of this helps: at
 * any rate as many pass as at first, or up to twice as many, and then one is
 * refused. If that happens twice, at no more than the rate that follows from
 * the first refusals, as many go quickly as had passed at first, and then none
 * for as long as was enough before. A little less is tried until it was too
 * short; when that which was enough is not, there is a little more. What
 * refuses in the middle of a window is of another kind, and is spaced again.
 *
 * A RATE THAT IS A GUESS
 *
 * If hardly anything passed before the first refusal, as with a limit that lets
 * through one by one, the first rate is that of the first pause. It is doubled
 * with each two that pass, until one is refused.
 *
 * A server that refuses one request in twenty, whatever the rate, refuses them
 * for another reason: a lower rate that does not help, a few times in a row, is
 * given up, for a while. So is one at which the server refuses what it let
 * through much faster a while ago: no limit does.
 */
#include "base.h"

#include "learner.h"

#include <stdio.h>

/* Just below. */
#define BELOW 0.97

/* What fp_ratelimit leaves between paced starts, over what it is given. */
#define PACED 1.02

#define RATE_MIN (1.0 / 3600)
#define SLACK_NS (5 * FP_NS_PER_MS)

#define FEW 4 /* passes that say little */
#define FEW_ROUGH 2 /* the same, of a rate that is a guess */
#define ROUGH_S 2 /* or the server said a longer time than this */
#define ROUNDED_S 0.25 /* what a second or two may be that were rounded up */
#define STEADY 24 /* passes that say that a rate holds */
#define STEADY_LOST 16 /* times what a refusal costs, at least */
#define STEADY_MAX 100000
#define SAID FEW /* the same, if only the server said that more is too high */
#define HELD                                                            \
	12 /* passes without a refusal, after which a rate may be right \
	    */
#define NEAR 0.85 /* of what is too high */
#define VAIN_MAX 8
#define FIRST_PART 8
#define PACED_MIN 12 /* passes after which their average says something */
#define BEST_PART 0.75 /* of it: a limit lets so much through */
#define REST 500 /* the first time; ten times as many the next */
#define REST_MAX 50000

/* By how much it grows in one step: where nothing is known to be too high,
 * where what the server said was not, and below what was refused. */
#define GROWTH 1.25
#define GROWTH_SAID 1.4
#define GROWTH_FOUND 1.1

#define BURST_PART 0.8
#define PATIENCE_MAX 3 /* doublings */

#define STEP 0.035
#define STEP_MAX 0.25

#define WINDOW_MIN 20 /* requests in one that is taken whole */
#define WINDOWS_MAX 10 /* of them; then it is paced */
#define WINDOW_FASTER 10 /* than their average */
#define GAP_PART 1.001 /* of the first rate */
#define ALIKE 2
#define ALIKE_PART 4
#define MISSED_MAX 3
#define DAWN_NS (5 * FP_NS_PER_S) /* nothing passed for so long at first */
#define QUIET 2 /* of these parts of a period, one at most was used */

static double
learner_seconds(int64_t ns)
{
	return (double)FP_MAX(ns, FP_NS_PER_MS) / (double)FP_NS_PER_S;
}

static void
set_rate(struct fp_learner *learner, double rate, int64_t now_ns)
{
	rate = FP_MAX(rate, RATE_MIN);
	learner->rate = rate;
	learner->spacing_ns = (int64_t)((double)FP_NS_PER_S / rate);
	learner->next_ns = FP_MAX(learner->next_ns, now_ns);
	learner->n_good = 0;
	learner->raised_ns = now_ns;
}

/* ---- windows that are taken whole ---- */

/* How long the next one is: if nobody said it, a shorter one is tried. */
static int64_t
window_length_ns(const struct fp_learner *learner)
{
	const struct fp_learner_window *window = &learner->window;
	int64_t longest_ns = (int64_t)((double)learner->period_ns * PACED);

	if (window->is_said ||
		learner->period_ns - window->short_ns < learner->period_ns / 8)
		return longest_ns;
	return (learner->period_ns + window->short_ns) / 2;
}

/* After so many that had passed, the server was silent for most of a period;
 * the first one of the next has passed now. */
static void
window_open(struct fp_learner *learner, bool is_said, int64_t begun_ns)
{
	int64_t used_ns = learner->dark_ns - learner->since_ns;

	learner->window.size = 0;
	if (learner->n_passed < WINDOW_MIN ||
		used_ns > learner->period_ns / QUIET)
		return;
	learner->window = (struct fp_learner_window){.size = learner->n_passed,
		.n_started = 1,
		.is_said = is_said,
		.begun_ns = begun_ns,
		.short_ns = learner->refused_ns - learner->since_ns};
	learner->window.length_ns = window_length_ns(learner);
}

static void
window_close(struct fp_learner *learner, int64_t now_ns)
{
	learner->window.size = 0;
	learner->window.is_kept = false;
	learner->paced_ns = now_ns;
	learner->n_paced = 0;
}

/* One that is a little shorter, until that was too short once. */
static int64_t
shorter_silence_ns(const struct fp_learner *learner)
{
	int64_t enough_ns = learner->silence_ns;

	return learner->window.short_ns > 0 ? enough_ns
					    : enough_ns - enough_ns / 8;
}

static void
window_fall_silent(
	struct fp_learner *learner, int64_t silence_ns, int64_t now_ns)
{
	learner->window.silence_ns = silence_ns;
	learner->next_ns = now_ns + silence_ns;
}

/* One starts. */
static void
window_count(struct fp_learner *learner, int64_t now_ns)
{
	struct fp_learner_window *window = &learner->window;

	if (now_ns >= window->begun_ns + window->length_ns) {
		window->begun_ns = now_ns;
		window->n_started = 0;
		window->n++;
	}
	learner->next_ns = now_ns + learner->spacing_ns / WINDOW_FASTER;
	if (++window->n_started < window->size)
		return;
	learner->next_ns = window->begun_ns + window->length_ns;
	if (window->is_kept)
		window_fall_silent(
			learner, shorter_silence_ns(learner), now_ns);
	window->length_ns = learner->next_ns - window->begun_ns;
	if (window->n >= WINDOWS_MAX && !window->is_kept)
		window_close(learner, now_ns);
}

/* As many have passed as at first, up to twice as many, at less than the rate
 * that follows from it, and then one is refused: it counts on until nothing
 * comes for a while. */
static void
window_keep(struct fp_learner *learner, uint64_t n, double rate, int64_t now_ns)
{
	uint64_t first = learner->n_burst;

	if (n < first - first / ALIKE_PART || n > 2 * first) {
		learner->n_alike = 0;
		learner->alike = first;
	} else {
		learner->n_alike++;
		learner->alike = FP_MIN(learner->alike, n);
	}
	if (learner->n_alike < ALIKE || first < FEW || learner->is_no_gap ||
		rate > GAP_PART * learner->burst || learner->silence_ns == 0)
		return;
	uint64_t size = learner->alike;
	learner->window = (struct fp_learner_window){.size = size,
		.n_started = size,
		.n = 1,
		.n_held = 1,
		.is_kept = true,
		.begun_ns = now_ns,
		.length_ns = learner->silence_ns};
	window_fall_silent(learner, learner->silence_ns, now_ns);
	learner->has_told = true;
}

/* It does not count on: the rate is what it was. */
static void
forget_gaps(struct fp_learner *learner, int64_t now_ns)
{
	learner->is_no_gap = true;
	learner->has_told = false;
	learner->best = 0;
	learner->n_paced = 0;
	learner->paced_ns = now_ns;
	learner->next_ns = now_ns + learner->spacing_ns;
}

/* The first of such a window was refused: the silence was too short. */
static bool
window_lengthen(struct fp_learner *learner, int64_t now_ns)
{
	struct fp_learner_window *window = &learner->window;

	if (window->n_held == window->n)
		return false;
	if (window->silence_ns < learner->silence_ns) {
		window->short_ns = FP_MAX(window->short_ns, window->silence_ns);
	} else {
		if (++window->n_missed > MISSED_MAX)
			return false;
		learner->silence_ns += learner->silence_ns / 8;
	}
	window->n--;
	window->n_started = window->size;
	window->begun_ns = now_ns;
	window->length_ns = learner->silence_ns;
	window_fall_silent(learner, learner->silence_ns, now_ns);
	return true;
}

/* One has passed: if it is the first of its window, that was not begun too
 * early. */
static void
window_hold(struct fp_learner *learner, int64_t begun_ns, int64_t now_ns)
{
	struct fp_learner_window *window = &learner->window;
	int64_t next_ns = learner->next_ns;

	if (window->n_held == window->n || begun_ns < window->begun_ns)
		return;
	window->n_held = window->n;
	window->n_missed = 0;
	if (window->is_kept) {
		learner->silence_ns = window->silence_ns;
		return;
	}
	learner->period_ns = FP_MIN(learner->period_ns, window->length_ns);
	window->length_ns = window_length_ns(learner);
	set_rate(learner,
		BELOW * (double)window->size /
			learner_seconds(learner->period_ns),
		now_ns);
	learner->next_ns = next_ns;
}

/* One was refused. true: it was the first of a window that was begun too
 * early, and goes on when it has the length that was long enough before. */
static bool
window_miss(struct fp_learner *learner, int64_t now_ns)
{
	struct fp_learner_window *window = &learner->window;

	if (window->is_kept)
		return window_lengthen(learner, now_ns);
	if (window->n_held == window->n ||
		window->length_ns >= learner->period_ns)
		return false;
	window->short_ns = FP_MAX(window->short_ns, window->length_ns);
	window->begun_ns -= window->length_ns;
	window->n--;
	window->n_started = window->size;
	window->length_ns = (int64_t)((double)learner->period_ns * PACED);
	learner->next_ns = FP_MAX(window->begun_ns + window->length_ns, now_ns);
	return true;
}

/* ---- starts that are paced ---- */

void
fp_learner_started(struct fp_learner *learner, int64_t now_ns)
{
	if (learner->since_ns == 0)
		learner->since_ns = now_ns;
	if (!learner->is_on)
		return;
	if (learner->window.size > 0) {
		learner->binds = true;
		window_count(learner, now_ns);
		return;
	}
	int64_t late_ns = now_ns - learner->next_ns;
	learner->binds = late_ns < learner->spacing_ns / 2;
	/* A timer that is a little late keeps to the beat. */
	late_ns =
		late_ns < 0 || !learner->binds ? 0 : FP_MIN(late_ns, SLACK_NS);
	learner->next_ns = now_ns - late_ns + learner->spacing_ns;
}

static bool
says_whole_seconds(const struct fp_learner *learner)
{
	return learner->until_ns > learner->refused_ns &&
	       (learner->until_ns - learner->refused_ns) % FP_NS_PER_S == 0;
}

/* More than what passed until the time that the server named. Most servers cut
 * or round it to whole seconds; 0: it says nothing then. */
static double
learner_most(const struct fp_learner *learner, double n)
{
	bool is_whole = says_whole_seconds(learner);
	int64_t least_ns =
		learner->until_ns - learner->since_ns - is_whole * FP_NS_PER_S;

	return least_ns > FP_NS_PER_S / 2 || !is_whole
		       ? n / learner_seconds(least_ns)
		       : 0;
}

/* The first one has passed after refusals. */
static void
learner_settle(struct fp_learner *learner, int64_t begun_ns, int64_t now_ns)
{
	int64_t end_ns = FP_MAX(learner->until_ns, learner->refused_ns);
	bool is_said = learner->until_ns > 0 && learner->n_asked == 1;

	if (!is_said)
		end_ns = now_ns;
	double span_s = learner_seconds(end_ns - learner->since_ns);
	double n = (double)FP_MAX(learner->n_passed, 1);
	learner->n_asked = 0;
	learner->step = STEP;
	learner->is_on = true;
	learner->high = is_said && n >= FEW ? learner_most(learner, n) : 0;
	learner->period_ns = end_ns - learner->since_ns;
	learner->is_rough = n < FEW && !(is_said && span_s > ROUGH_S);
	if (learner->is_supposed)
		learner->window.size = 0;
	else
		window_open(learner, is_said, begun_ns);
	learner->is_supposed = false;
	learner->next_ns = 0;
	if (learner->is_rough && is_said && says_whole_seconds(learner))
		span_s = FP_MIN(span_s, ROUNDED_S);
	set_rate(learner, BELOW * n / span_s, begun_ns);
	learner->first = learner->burst = learner->rate;
	learner->n_burst = learner->alike = learner->n_passed;
	learner->n_lowered = 0;
	learner->next_ns = FP_MAX(begun_ns + learner->spacing_ns, now_ns);
	learner->since_ns = begun_ns;
	learner->n_passed = 0;
	learner->paced_ns = now_ns;
}

/* It let only so many through at first that they have nothing to say of the
 * rate, and hide nothing of it. */
static bool
stores_few(const struct fp_learner *learner)
{
	return learner->n_burst < FEW;
}

/* So many passes without a refusal say that a rate may be right: more than what
 * may be in store. */
static unsigned
learner_held(const struct fp_learner *learner)
{
	return (unsigned)FP_MIN(
		FP_MAX(learner->n_burst + 2, FEW), (uint64_t)HELD);
}

/* So many pass near what was too high before more is tried: the more that a
 * refusal costs, the more. What was refused a few times in vain is the limit.
 */
static unsigned
learner_patience(const struct fp_learner *learner)
{
	if (learner->n_lowered == 0)
		return SAID;
	double lost = learner->rate * learner_seconds(learner->silence_ns);
	double least = FP_MIN(FP_MAX(STEADY, STEADY_LOST * lost), STEADY_MAX);
	return (unsigned)least << FP_MIN(learner->n_failed, PATIENCE_MAX);
}

static void
learner_grow(struct fp_learner *learner, int64_t now_ns)
{
	bool is_near =
		learner->high > 0 && learner->rate >= NEAR * learner->high;
	double rate = learner->rate;

	if (learner->is_rough && learner->n_good >= FEW_ROUGH) {
		set_rate(learner, 2 * rate, now_ns);
		return;
	}
	if (learner->n_good < (is_near ? learner_patience(learner) : FEW))
		return;
	if ((learner->n_lowered > 0 || learner->is_trying) &&
		!stores_few(learner) &&
		now_ns - learner->raised_ns < learner->period_ns)
		return;
	if (learner->n_good >= learner_held(learner))
		learner->low = rate;
	/* What was too high was so only by what the server said. */
	if (is_near && learner->is_trying && learner->n_lowered == 0) {
		learner->high = 0;
		is_near = false;
	}
	if (is_near) {
		if (learner->is_trying)
			learner->n_failed = 0;
		learner->is_trying = true;
		rate *= learner->n_lowered == 0 ? GROWTH_SAID
						: 1 + learner->step;
		learner->step = FP_MIN(2 * learner->step, STEP_MAX);
	} else if (learner->high > 0) {
		rate = FP_MIN(
			rate * (learner->n_lowered ? GROWTH_FOUND : GROWTH),
			BELOW * learner->high);
	} else {
		rate *= learner->is_trying ? GROWTH_SAID : GROWTH;
	}
	set_rate(learner, rate, now_ns);
}

/* Nothing had passed at all, for a while: others had used the limit up. */
static bool
learner_is_dawn(const struct fp_learner *learner, int64_t begun_ns)
{
	return learner->n_passed == 0 && !learner->is_on &&
	       !learner->is_supposed && learner->until_ns == 0 &&
	       begun_ns - learner->dark_ns >= DAWN_NS;
}

/* As if this were the first request. */
static void
learner_begin(struct fp_learner *learner, int64_t begun_ns)
{
	learner->n_asked = 0;
	learner->since_ns = begun_ns;
	learner->refused_ns = learner->silence_ns = 0;
}

void
fp_learner_passed(struct fp_learner *learner, int64_t begun_ns, int64_t now_ns)
{
	if (learner->n_rest > 0)
		learner->n_rest--;
	int64_t silence_ns = begun_ns - learner->refused_ns;
	if (learner->refused_ns > 0 && learner->n_passed == 0 &&
		silence_ns > 0 && learner->window.size == 0)
		learner->silence_ns =
			learner->silence_ns == 0
				? silence_ns
				: FP_MIN(learner->silence_ns, silence_ns);
	if (learner->n_asked > 0 && silence_ns > 0) {
		if (learner_is_dawn(learner, begun_ns))
			learner_begin(learner, begun_ns);
		else
			learner_settle(learner, begun_ns, now_ns);
	}
	learner->n_passed++;
	if (!learner->is_on)
		return;
	if (learner->window.size > 0) {
		window_hold(learner, begun_ns, now_ns);
		return;
	}
	if (begun_ns > learner->paced_ns && ++learner->n_paced >= PACED_MIN)
		learner->best = FP_MAX(learner->best,
			(double)learner->n_paced /
				learner_seconds(now_ns - learner->paced_ns));
	if (!learner->binds)
		return;
	if (learner->n_lowered > 0 && learner->n_passed >= STEADY)
		learner->best = FP_MAX(learner->best,
			(double)learner->n_passed /
				learner_seconds(now_ns - learner->since_ns));
	learner->n_good++;
	learner_grow(learner, now_ns);
}

/* A lower rate, from what was let through. */
static void
learner_lower(struct fp_learner *learner, int64_t begun_ns, int64_t now_ns)
{
	double span_s = learner_seconds(begun_ns - learner->since_ns);
	double n = (double)learner->n_passed;
	double rate = learner->rate;
	double found = n < FEW ? FP_MIN(0.7 * rate, (n + 1) / span_s)
			       : BELOW * n / span_s;
	double least = 0.4 * rate;

	learner->was = (struct fp_learner_was){
		learner->rate, learner->high, learner->low};

	/* What held a few times for a while, and then did not, was in store. */
	if (learner->n_vain < FEW)
		least = FP_MAX(least, BELOW * learner->low);

	/* What there was in store at first says nothing of the rate; nor does
	 * it say much how long it took to come near it. */
	if (learner->n_lowered++ < 2)
		least = learner->is_rough ? rate / 2 : learner->low;
	if (learner->n_lowered <= 1) {
		learner->n_paced = 0;
		learner->paced_ns = now_ns;
		learner->best = 0;
	}
	/* As many as before the first refusal: they may be a window. */
	if (learner->n_lowered <= 3 && learner->n_burst >= FEW &&
		n >= BURST_PART * (double)learner->n_burst)
		least = FP_MAX(least, learner->burst);
	learner->is_rough = false;
	if (learner->n_lowered == 3)
		learner->first = rate;

	/* A lower rate has not helped much; but chance does not refuse several
	 * that follow each other. */
	if (n < STEADY && !learner->is_dark)
		learner->n_vain++;
	else if (learner->n_vain > 0)
		learner->n_vain--;
	learner->is_dark = false;
	if (n < FEW)
		learner->low *= 0.7;
	found = FP_MAX(found, least);
	learner->low = FP_MIN(learner->low, 0.95 * rate);
	learner->n_failed += learner->is_trying;
	learner->is_trying = false;
	learner->high = rate;
	learner->step = STEP;
	set_rate(learner, FP_MIN(found, 0.95 * rate), now_ns);
	learner->next_ns = now_ns + learner->spacing_ns;
}

void
fp_learner_take_back(struct fp_learner *learner, int64_t now_ns)
{
	struct fp_learner_was was = learner->was;

	if (was.rate <= learner->rate)
		return;
	learner->was.rate = 0;
	learner->high = was.high;
	learner->low = was.low;
	learner->n_vain -= learner->n_vain > 0;
	learner->n_lowered -= learner->n_lowered > 0;
	set_rate(learner, was.rate, now_ns);
}

void
fp_learner_rest(struct fp_learner *learner)
{
	unsigned rest = FP_MAX(learner->rest, REST);

	*learner = (struct fp_learner){
		.n_rest = rest, .rest = FP_MIN(10 * rest, REST_MAX)};
}

void
fp_learner_suppose(struct fp_learner *learner, int64_t dark_ns)
{
	if (learner->is_on || learner->n_asked > 0)
		return;
	learner->is_supposed = true;
	learner->n_asked = 1;
	learner->refused_ns = learner->dark_ns = dark_ns;
	learner->until_ns = 0;
}

void
fp_learner_refused(struct fp_learner *learner, int64_t begun_ns,
	int64_t until_ns, int64_t now_ns)
{
	if (learner->n_rest > 0)
		return;
	learner->refused_ns = now_ns;
	learner->until_ns = until_ns;
	if (!learner->is_on) {
		if (learner->n_asked++ == 0)
			learner->dark_ns = now_ns;
		return;
	}
	if (learner->window.is_kept && window_miss(learner, now_ns))
		return;

	/* Again, and nothing has passed: that is no news about the rate. */
	if (learner->n_passed == 0) {
		learner->is_dark = true;
		return;
	}
	bool was_kept = learner->window.size > 0 && learner->window.is_kept;
	if (learner->window.size > 0) {
		if (!was_kept && window_miss(learner, now_ns))
			return;
		window_close(learner, now_ns);
	}
	bool is_no_limit = learner->rate < BEST_PART * learner->best;
	double rate = learner->rate;
	uint64_t n = learner->n_passed;
	if (was_kept)
		forget_gaps(learner, now_ns);
	else
		learner_lower(learner, begun_ns, now_ns);
	if (!was_kept)
		window_keep(learner, n, rate, now_ns);
	learner->since_ns = begun_ns;
	learner->n_passed = 0;
	if (is_no_limit || learner->n_vain >= VAIN_MAX ||
		(learner->n_lowered > 2 &&
			learner->rate < learner->first / FIRST_PART))
		fp_learner_rest(learner);
}

bool
fp_learner_tells(struct fp_learner *learner)
{
	if (!learner->is_on || learner->has_told ||
		(learner->n_good < STEADY - 1 && learner->window.n_held == 0))
		return false;
	learner->has_told = true;
	return true;
}

void
fp_learner_words(const struct fp_learner *learner, char *text)
{
	static const struct {
		const char *name;
		double s;
	} units[] = {{"s", 1}, {"m", 60}, {"h", 3600}};

	/* --pace stays below what it is given by itself. */
	for (size_t i = 0; i < FP_ARRAY_LEN(units); i++) {
		double n = learner->rate * PACED * units[i].s;
		double whole = (double)(int64_t)(n + 0.5);
		bool is_close =
			whole >= 1 && whole <= n * 1.015 && whole >= n * 0.985;
		if (!is_close)
			whole = (double)(int64_t)n;
		if (!is_close && n < 20 && i + 1 < FP_ARRAY_LEN(units))
			continue;
		snprintf(text, FP_LEARNER_WORDS, "%lld/%s",
			(long long)FP_MAX(whole, 1), units[i].name);
		return;
	}
}
