/* SPDX-License-Identifier: MIT */
/*
 * HOW A NUMBER IS FOUND
 *
 * Two numbers are compared by what they gain: with a quarter more requests at
 * once, does a quarter more of them come back in a second? That is 1 if an
 * answer takes as long, and 0 if the server has a queue and they wait in it. By
 * Little's law it is known from the average time of an answer and the average
 * number under way, so that no rate has to be counted.
 *
 *	start	8; the number doubles while an answer's time goes by, as long as
 *		answers do not take a third longer. What is added is spread over
 *		that time, so that a server that refuses the ninth refuses few
 *	hold	what was found, for half a second, and up to 3 s if more was not
 *		better
 *	up	a quarter more; if that is better, more again, in larger steps.
 *		After a refusal one more, then two, four and so on
 *	down	fewer, once after the start, and when answers take longer than
 *		they did at the least; if nothing is lost by it, it stays
 *
 * A larger step that gains a part leads to the knee: as much as keeps the
 * server as busy as that, with answers as quick as before. What must be gained
 * is less if answers take longer anyway: a server that gets slower by and by
 * has more to give than one with a queue.
 *
 * Each number is looked at from two answers' times after it was reached, until
 * the difference is larger than its error, or for some time. A number that is
 * not used, as too few items come or others have the slots, says nothing.
 *
 * A refusal takes one place, so that what is left is what was let in; and the
 * next one more is tried after 200 answers. If fewer places do not help, as
 * with a server that refuses one in a hundred, that is how it is, and does not
 * count any more.
 *
 * WHERE IT COMES FROM
 *
 *	TCP Vegas	a queue shows in the time, before anything is lost; but
 *			a fixed number of requests in it fits no server
 *	BBR		the knee: throughput times the least time; trying a
 *			quarter more in turns; doubling at first
 *	Gradient2	(Netflix) averages in place of a minimum, as requests
 *			are not all alike; nothing is raised that is not used.
 *			Not its drifting base: with that a queue is forgotten
 *	Envoy		the least time has to be measured again, with fewer
 *			requests; here only when there is doubt, as each time
 *			costs throughput
 *	AIMD		refusals lower the number; but not to a part of it, as
 *			these tell at once, and exactly
 */
#include "base.h"

#include "concurrency.h"

#define FIRST 8.0 /* at once, of a server of which nothing is known */

/* A window: answers, time. */
#define WINDOW_MIN 32
#define WINDOW_LEAST 8 /* of one that is long */
#define WINDOW_MIN_NS (20 * FP_NS_PER_MS)
#define SETTLE 2 /* what an answer takes */
#define WINDOW_TIMES 6 /* what an answer takes, at most, */
#define WINDOW_MAX_NS (800 * FP_NS_PER_MS) /* or this */
#define ERROR 0.02 /* that is small */
#define ERROR2_MOST 0.01 /* of the least time; the next ones will tell */
#define SLOWER 1.33 /* a round of the start */
#define DOUBT 0.5 /* errors that have to be made good by the gain */
#define SURE 2.5 /* errors */

/* Steps, as parts of the number. */
#define STEP 0.25
#define STEP_MAX 1.0
#define DOWN_MOST 0.65 /* what is left by one down, at least */
#define STEP_LARGE 0.3

/* Gains: that are due at least, that lead to the knee, that are due with an
 * answer as quick as the quickest, and that lead to larger steps. */
#define GAIN_MIN 0.15
#define GAIN_SOME 0.1
#define GAIN_DUE 0.38
#define GAIN_FULL 0.6
#define QUEUED 1.08 /* times the least time: there may be a queue */
#define FULL 0.8 /* of what is allowed is under way */

#define WAIT_MIN_NS (FP_NS_PER_S / 2)
#define UP_WAIT_MAX_NS (3 * FP_NS_PER_S)
#define DOWN_WAIT_MIN_NS FP_NS_PER_S
#define DOWN_WAIT_MAX_NS (16 * FP_NS_PER_S)
#define CALM 200 /* answers between two refusals that are risked */

/* Refusals that are by chance: judged when so much of the number is left; the
 * most of all that they are; what is allowed besides; answers that tell it. */
#define SHED_LEVEL 0.75
#define SHED_MAX 0.1
#define SHED_MIN 3
#define SHED_ANSWERS 20
#define MEMORY 1000 /* answers */

/* ---- what is allowed ---- */

/* Not rounded. */
static double
concurrency_at(const struct fp_concurrency *concurrency, int64_t now_ns)
{
	if (FP_LIKELY(now_ns >= concurrency->ramp_end_ns))
		return concurrency->to;
	double left = (double)(concurrency->ramp_end_ns - now_ns) /
		      (double)concurrency->ramp_ns;
	return concurrency->to - (concurrency->to - concurrency->from) * left;
}

unsigned
fp_concurrency_limit(const struct fp_concurrency *concurrency, int64_t now_ns,
	int64_t *until_ns)
{
	unsigned n = (unsigned)concurrency_at(concurrency, now_ns);
	double more = n + 1.0 - concurrency->from;

	*until_ns = INT64_MAX;
	if (now_ns < concurrency->ramp_end_ns && n + 1.0 <= concurrency->to)
		*until_ns = concurrency->ramp_end_ns - concurrency->ramp_ns +
			    1 +
			    (int64_t)(more * (double)concurrency->ramp_ns /
				      (concurrency->to - concurrency->from));
	return n;
}

unsigned
fp_concurrency_found(const struct fp_concurrency *concurrency)
{
	return (unsigned)(concurrency->level + 0.5);
}

bool
fp_concurrency_tells(struct fp_concurrency *concurrency)
{
	unsigned before = concurrency->told;

	concurrency->told = fp_concurrency_found(concurrency);
	return concurrency->told != before;
}

static void
window_begin(struct fp_concurrency *concurrency, int64_t settled_ns)
{
	concurrency->settled_ns = settled_ns;
	concurrency->area = 0;
	concurrency->n = 0;
	concurrency->sum_ns = concurrency->sum2 = 0;
}

/* A whole number of places, one at least. */
static double
concurrency_whole(const struct fp_concurrency *concurrency, double n)
{
	double most = concurrency->most;

	return n >= most ? most : FP_MAX((double)(unsigned)(n + 0.5), 1.0);
}

/* Moves to another number, more of it in a while and less at once. */
static void
concurrency_go(struct fp_concurrency *concurrency, double to, double times,
	int64_t now_ns)
{
	double from = concurrency_at(concurrency, now_ns);

	to = concurrency_whole(concurrency, to);
	concurrency->from = to > from ? from : to;
	concurrency->to = to;
	concurrency->ramp_ns =
		to > from ? (int64_t)(concurrency->took_ns * times) + 1 : 0;
	concurrency->ramp_end_ns = now_ns + concurrency->ramp_ns;
	window_begin(
		concurrency, concurrency->ramp_end_ns +
				     (int64_t)(SETTLE * concurrency->took_ns));
}

void
fp_concurrency_init(struct fp_concurrency *concurrency, unsigned most)
{
	*concurrency = (struct fp_concurrency){.most = most, .step = STEP};
	concurrency->level = FP_MIN(FIRST, (double)most);
	concurrency->to = concurrency->from = concurrency->level;
	concurrency->up_wait_ns = WAIT_MIN_NS;
	concurrency->down_wait_ns = DOWN_WAIT_MIN_NS;
}

/* ---- what is seen ---- */

static struct fp_concurrency_view
window_view(const struct fp_concurrency *concurrency, int64_t now_ns)
{
	double n = concurrency->n;
	double mean = concurrency->sum_ns / n;
	double variance = concurrency->sum2 / n - mean * mean;

	return (struct fp_concurrency_view){
		.level = concurrency->area /
			 (double)(now_ns - concurrency->settled_ns),
		.took_ns = mean,
		.error2 = FP_MAX(variance, 0) / (mean * mean) / n,
	};
}

/* Whether more would not make it surer. */
static bool
window_is_long(const struct fp_concurrency *concurrency, int64_t now_ns)
{
	return now_ns - concurrency->settled_ns >=
	       FP_MAX(WINDOW_TIMES * (int64_t)concurrency->took_ns,
		       WINDOW_MAX_NS);
}

/* Whether so much was seen that it says something. */
static bool
window_is_fit(const struct fp_concurrency *concurrency, int64_t now_ns)
{
	if (concurrency->n < WINDOW_MIN)
		return concurrency->n >= WINDOW_LEAST &&
		       window_is_long(concurrency, now_ns);
	return now_ns - concurrency->settled_ns >=
	       FP_MAX((int64_t)concurrency->took_ns, WINDOW_MIN_NS);
}

/* What the higher of two levels gains, as a part of what it has more: 1, if an
 * answer takes as long, and 0, if no more of them come in a second. */
struct gain {
	double is, error;
};

static double
root(double square)
{
	double x = square > 1 ? square : 1;

	for (int i = 0; i < 12; i++)
		x = (x + square / x) / 2;
	return x;
}

static struct gain
gain_of(const struct fp_concurrency_view *low,
	const struct fp_concurrency_view *high)
{
	double more = FP_MAX(high->level / low->level - 1, 0.005);
	double rates = (1 + more) * low->took_ns / high->took_ns;

	return (struct gain){
		.is = (rates - 1) / more,
		.error = rates * root(low->error2 + high->error2) / more,
	};
}

/* What it must be, if an answer takes so long. That of a server that gets
 * slower by and by is the least time by that time; that of one that has a queue
 * is 0. This is in between. */
static double
gain_due(const struct fp_concurrency *concurrency, double took_ns)
{
	return FP_MAX(GAIN_DUE * FP_MIN(concurrency->least_ns / took_ns, 1.0),
		GAIN_MIN);
}

static bool
gain_is_sure(const struct gain *gain, double due)
{
	return gain->is - due > SURE * gain->error ||
	       due - gain->is > SURE * gain->error;
}

/* What it takes to keep the server as busy as it is at the higher level, with
 * answers as quick as at the lower one. */
static double
knee_of(const struct fp_concurrency_view *low,
	const struct fp_concurrency_view *high)
{
	double knee = high->level * low->took_ns / high->took_ns;

	return FP_MIN(FP_MAX(knee, low->level), high->level);
}

/* ---- what is done ---- */

static void
concurrency_hold(
	struct fp_concurrency *concurrency, double level, int64_t now_ns)
{
	concurrency->phase = FP_CONCURRENCY_HOLD;
	concurrency->level = concurrency_whole(concurrency, level);
	concurrency_go(concurrency, concurrency->level, 0.5, now_ns);
}

static void
try_more(struct fp_concurrency *concurrency, int64_t now_ns)
{
	double more = concurrency->level * concurrency->step;

	if (concurrency->places)
		more = concurrency->places;
	concurrency->phase = FP_CONCURRENCY_UP;
	concurrency_go(concurrency, concurrency->level + FP_MAX(more, 1.0), 0.5,
		now_ns);
}

static void
try_less(struct fp_concurrency *concurrency, int64_t now_ns)
{
	double level = concurrency->level;
	double knee = level * concurrency->least_ns / concurrency->base.took_ns;
	double less = FP_MIN(level / (1 + STEP), level - 1);

	concurrency->phase = FP_CONCURRENCY_DOWN;
	concurrency_go(concurrency,
		FP_MIN(FP_MAX(knee, level * DOWN_MOST), less), 0, now_ns);
}

static void
wait_longer(int64_t *wait_ns, int64_t *at_ns, int64_t most_ns, int64_t now_ns)
{
	*at_ns = now_ns + *wait_ns;
	*wait_ns = FP_MIN(2 * *wait_ns, most_ns);
}

static void
go_up_later(struct fp_concurrency *concurrency, int64_t now_ns)
{
	wait_longer(&concurrency->up_wait_ns, &concurrency->up_ns,
		UP_WAIT_MAX_NS, now_ns);
}

static void
end_start(struct fp_concurrency *concurrency, double level, int64_t now_ns)
{
	concurrency->up_ns = concurrency->down_ns = now_ns;
	concurrency_hold(concurrency, level, now_ns);
}

static void
note_least(struct fp_concurrency *concurrency,
	const struct fp_concurrency_view *view)
{
	if (concurrency->least_ns > 0 && view->took_ns >= concurrency->least_ns)
		return;
	concurrency->least_ns = view->took_ns;
	concurrency->least_error2 = view->error2;
}

/* Whether an answer takes more than so many times the least, surely. */
static bool
is_slower(const struct fp_concurrency *concurrency,
	const struct fp_concurrency_view *view, double times)
{
	double ratio = view->took_ns / concurrency->least_ns;
	double error2 =
		view->error2 + FP_MIN(concurrency->least_error2, ERROR2_MOST);

	return ratio > times && (ratio - times) * (ratio - times) >
					SURE * SURE * ratio * ratio * error2;
}

/* A round of the start is over: what ended in it began in the one before. */
static void
end_round(struct fp_concurrency *concurrency, int64_t now_ns)
{
	struct fp_concurrency_view view = window_view(concurrency, now_ns);
	struct fp_concurrency_view before = concurrency->base;
	bool is_full = view.level >= FULL * concurrency->from;

	concurrency->took_ns = view.took_ns;
	note_least(concurrency, &view);
	concurrency->base = view;
	if (before.level > 0 && is_slower(concurrency, &view, SLOWER)) {
		end_start(concurrency,
			before.level * concurrency->least_ns / view.took_ns,
			now_ns);
		return;
	}
	concurrency->level = concurrency->to;
	if (concurrency->to >= concurrency->most) {
		end_start(concurrency, concurrency->to, now_ns);
		return;
	}
	concurrency_go(
		concurrency, concurrency->to * (is_full ? 2 : 1), 1, now_ns);
	concurrency->settled_ns = now_ns;
}

/* Nothing is to be seen before the next try: it goes on looking, but does not
 * keep what is old. */
static void
end_hold(struct fp_concurrency *concurrency, int64_t now_ns)
{
	struct fp_concurrency_view view = window_view(concurrency, now_ns);

	concurrency->took_ns = view.took_ns;
	if (view.level < FULL * concurrency->level) {
		if (window_is_long(concurrency, now_ns))
			window_begin(concurrency, now_ns);
		return;
	}
	bool is_long = window_is_long(concurrency, now_ns);
	if (!is_long && view.error2 > ERROR * ERROR)
		return;
	note_least(concurrency, &view);
	concurrency->base = view;
	if (concurrency->down_ns <= now_ns && concurrency->level > 1 &&
		(!concurrency->is_low_known ||
			is_slower(concurrency, &view, QUEUED)))
		try_less(concurrency, now_ns);
	else if (concurrency->up_ns <= now_ns &&
		 concurrency->level < concurrency->most &&
		 (!concurrency->places || concurrency->n_since >= CALM))
		try_more(concurrency, now_ns);
	else if (is_long)
		window_begin(concurrency, now_ns);
}

/* More is better: and still more? */
static void
accept(struct fp_concurrency *concurrency,
	const struct fp_concurrency_view *view, const struct gain *gain,
	int64_t now_ns)
{
	bool is_full = gain->is >= GAIN_FULL;
	bool is_large = concurrency->step >= STEP_LARGE && !concurrency->places;
	double level = is_large && !is_full ? knee_of(&concurrency->base, view)
					    : concurrency->to;

	concurrency->up_wait_ns = WAIT_MIN_NS;
	concurrency->up_ns = now_ns;
	if (concurrency->places) {
		concurrency->places *= 2;
		if (concurrency->places > level * STEP)
			concurrency->places = 0;
	} else if (is_full) {
		concurrency->step = FP_MIN(2 * concurrency->step, STEP_MAX);
	} else {
		concurrency->step = STEP;
	}
	if (is_large && !is_full) {
		concurrency_hold(concurrency, level, now_ns);
		return;
	}
	concurrency->took_ns = view->took_ns;
	concurrency->level = level;
	concurrency->base = *view;
	if (concurrency->level < concurrency->most)
		try_more(concurrency, now_ns);
	else
		concurrency_hold(concurrency, level, now_ns);
}

static void
end_up(struct fp_concurrency *concurrency, int64_t now_ns)
{
	struct fp_concurrency_view view = window_view(concurrency, now_ns);
	struct gain gain = gain_of(&concurrency->base, &view);
	bool is_long = window_is_long(concurrency, now_ns);
	double level = concurrency->level;

	if (view.level < FULL * concurrency->to) {
		if (!is_long)
			return;
		go_up_later(concurrency, now_ns);
		concurrency_hold(concurrency, level, now_ns);
		return;
	}
	double due = gain_due(concurrency, view.took_ns);
	if (concurrency->places) {
		/* What is so little more is hardly to be seen. */
		gain.is += SURE * gain.error;
	} else if (!is_long && !gain_is_sure(&gain, due)) {
		return;
	}
	if (gain.is >= due + DOUBT * gain.error) {
		accept(concurrency, &view, &gain, now_ns);
		return;
	}
	if (gain.is >= GAIN_SOME && !concurrency->places)
		level = knee_of(&concurrency->base, &view);
	concurrency->step = STEP;
	go_up_later(concurrency, now_ns);
	concurrency_hold(concurrency, level, now_ns);
}

static void
end_down(struct fp_concurrency *concurrency, int64_t now_ns)
{
	struct fp_concurrency_view view = window_view(concurrency, now_ns);
	struct gain gain = gain_of(&view, &concurrency->base);
	double level = concurrency->level;

	double due = gain_due(concurrency, concurrency->base.took_ns);
	if (!window_is_long(concurrency, now_ns) && !gain_is_sure(&gain, due))
		return;
	if (gain.is < due) {
		level = knee_of(&view, &concurrency->base);
		note_least(concurrency, &view);
		concurrency->down_wait_ns = DOWN_WAIT_MIN_NS;
		concurrency->down_ns = now_ns;
	} else {
		concurrency->is_low_known = true;
		concurrency->least_ns = view.took_ns;
		concurrency->least_error2 = view.error2;
		wait_longer(&concurrency->down_wait_ns, &concurrency->down_ns,
			DOWN_WAIT_MAX_NS, now_ns);
	}
	concurrency_hold(concurrency, level, now_ns);
}

static bool
round_is_over(const struct fp_concurrency *concurrency, int64_t now_ns)
{
	double most = concurrency->most;
	double n = FP_MAX(concurrency->from / 2, FP_MIN(FIRST, most));

	return concurrency->n >= n && now_ns >= concurrency->ramp_end_ns;
}

static void
concurrency_step(struct fp_concurrency *concurrency, int64_t now_ns)
{
	if (concurrency->phase == FP_CONCURRENCY_START) {
		if (round_is_over(concurrency, now_ns))
			end_round(concurrency, now_ns);
		return;
	}
	if (!window_is_fit(concurrency, now_ns))
		return;
	switch (concurrency->phase) {
	case FP_CONCURRENCY_HOLD:
		end_hold(concurrency, now_ns);
		break;
	case FP_CONCURRENCY_UP:
		end_up(concurrency, now_ns);
		break;
	case FP_CONCURRENCY_DOWN:
		end_down(concurrency, now_ns);
		break;
	case FP_CONCURRENCY_START:
		break;
	}
}

/* ---- refusals ---- */

/* Whether as much is refused as at any level. */
static bool
is_shed(const struct fp_concurrency *concurrency)
{
	return concurrency->shed > 0 &&
	       concurrency->n_refused <=
		       SHED_MIN + concurrency->shed * concurrency->n_answered;
}

/* Whether few are refused, although there are fewer than before. */
static bool
is_by_chance(const struct fp_concurrency *concurrency)
{
	return concurrency->n_answered >= SHED_ANSWERS &&
	       concurrency->n_refused < SHED_MAX * concurrency->n_answered;
}

/* Fewer do not help: it begins again. */
static void
stop_yielding(struct fp_concurrency *concurrency, int64_t now_ns)
{
	double n = concurrency->n_answered;

	concurrency->shed = 2 * (concurrency->n_refused + 1) / n;
	concurrency->phase = FP_CONCURRENCY_START;
	concurrency->level =
		FP_MAX(concurrency->high, FP_MIN(FIRST, concurrency->most));
	concurrency->high = 0;
	concurrency->places = 0;
	concurrency->base.level = 0;
	concurrency_go(concurrency, concurrency->level, 0.5, now_ns);
	concurrency->settled_ns = now_ns;
}

/* One place less for each, down to those that were let in. What is heard late,
 * of the same try, takes none. */
static bool
concurrency_refused(struct fp_concurrency *concurrency, int64_t now_ns)
{
	double left = FP_MAX(concurrency->n_active, 1.0);

	concurrency->n_refused++;
	if (concurrency->level <= 1 && left <= 1) {
		if (concurrency->most > 1 && is_by_chance(concurrency))
			stop_yielding(concurrency, now_ns);
		return false;
	}
	if (is_shed(concurrency))
		return false;
	concurrency->n_since = 0;
	concurrency->places = 1;
	concurrency->step = STEP;
	if (left > concurrency->level &&
		concurrency->phase == FP_CONCURRENCY_HOLD)
		return true;
	if (concurrency->phase != FP_CONCURRENCY_HOLD) {
		concurrency->high = 0;
		concurrency->up_wait_ns = WAIT_MIN_NS;
		concurrency->down_ns = now_ns;
	} else if (concurrency->high == 0) {
		concurrency->high = concurrency->level;
		concurrency->n_refused = 1;
		concurrency->n_answered = 0;
	}
	go_up_later(concurrency, now_ns);
	concurrency_hold(concurrency, left, now_ns);
	if (left > SHED_LEVEL * concurrency->high)
		return true;
	if (is_by_chance(concurrency)) {
		stop_yielding(concurrency, now_ns);
		return false;
	}
	return left > concurrency->high / 2;
}

/* ---- what happens ---- */

/* Time has gone on, with n_active under way. */
static void
concurrency_age(struct fp_concurrency *concurrency, int64_t now_ns)
{
	int64_t since_ns =
		FP_MAX(concurrency->last_ns, concurrency->settled_ns);

	if (now_ns > since_ns && concurrency->last_ns > 0)
		concurrency->area += (double)concurrency->n_active *
				     (double)(now_ns - since_ns);
	concurrency->last_ns = FP_MAX(now_ns, concurrency->last_ns);
}

void
fp_concurrency_started(struct fp_concurrency *concurrency, int64_t now_ns)
{
	concurrency_age(concurrency, now_ns);
	if (concurrency->settled_ns == 0 && concurrency->n_active == 0)
		concurrency->settled_ns = now_ns;
	concurrency->n_active++;
}

bool
fp_concurrency_ended(struct fp_concurrency *concurrency,
	enum fp_passage passage, int64_t begun_ns, int64_t now_ns)
{
	double took_ns = (double)(now_ns - begun_ns);

	concurrency_age(concurrency, now_ns);
	concurrency->n_active--;
	if (passage == FP_PASSAGE_REFUSED)
		return concurrency_refused(concurrency, now_ns);
	if (passage == FP_PASSAGE_NEITHER)
		return false;
	concurrency->n_since++;
	if (++concurrency->n_answered >= MEMORY) {
		concurrency->n_answered /= 2;
		concurrency->n_refused /= 2;
	}
	if (now_ns >= concurrency->settled_ns) {
		concurrency->n++;
		concurrency->sum_ns += took_ns;
		concurrency->sum2 += took_ns * took_ns;
	}
	concurrency_step(concurrency, now_ns);
	return false;
}
