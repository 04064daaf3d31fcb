/* SPDX-License-Identifier: MIT */
/*
 * HOW A NUMBER IS FOUND
 *
 * What counts is how many answers come in a second, at one number of requests
 * at once and at another; how long they take is used to find a queue, and the
 * way out of it. By Little's law the one follows from the other, so that no
 * rate has to be counted. What was seen at each number is kept, and fades
 * (curve.h), so that tries add up: a single one is seldom sure where the times
 * of requests differ by as much as they are.
 *
 *	start	8; the number doubles while an answer's time goes by, as long as
 *		answers do not take a third longer; then up to half of it is
 *		taken back. What is added is spread over that time, so that a
 *		server that refuses the ninth refuses few
 *	hold	what was found, for half a second, and up to 3 s if more was not
 *		better. Then what the curve shows to be best, if that differs
 *	up	two fifths more; if more get through, more again, in larger
 *		steps. After a refusal one more, then two, four and so on
 *	down	fewer: so many that nothing should wait; far fewer as long as
 *		it is not known whether fewer are worse; when answers take
 *		longer than they did at the least, or may do so. If it was
 *		worse, not again before eight times as long
 *
 * Each number is looked at from two answers' times after it was reached, until
 * the difference is larger than its error, or for some time. Both are longer
 * where the times of requests differ much, as the quick ones come back first.
 * A number that is not used, as too few items come or others have the slots,
 * says nothing.
 *
 * A server that stands still for a moment has not changed: that takes three
 * windows in a row that are unlike what was known. Then all is forgotten. If it
 * does so often, or this machine is busy, all windows are longer.
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
 *	BBR		the knee; trying more in turns; doubling at first
 *	Gradient2	(Netflix) averages in place of a minimum; nothing is
 *			raised that is not used. Not its drifting base, with
 *			which a queue is forgotten, nor its gradient: to that a
 *			server that gets slower by and by looks like a queue
 *	Envoy		the least time measured again, with fewer requests; here
 *			only when there is doubt, as it costs throughput
 *	AIMD		refusals lower the number; but not to a part of it, as
 *			these tell at once, and exactly
 */
#include "base.h"

#include "concurrency.h"

#define FIRST 8.0 /* at once, of a server of which nothing is known */

/* A window: answers, time. */
#define WINDOW_MIN 16
#define LOWS_MIN 3 /* eights whose least times tell how much these differ */
#define WINDOW_LEAST 8 /* of one that is long */
#define WINDOW_MIN_NS (20 * FP_NS_PER_MS)
#define SETTLE 2 /* what an answer takes */
#define WINDOW_TIMES 6 /* what an answer takes, at most, */
#define WINDOW_MAX_NS (800 * FP_NS_PER_MS) /* or this */
#define ERROR 0.04 /* that is small */
#define ERROR_CLIMB 0.1 /* that is small while more is better and better */
#define ERROR_LEAST 0.05 /* that is small, of the least time */
#define ERROR_IGNORED 0.02 /* of that, when a queue is looked for */
#define SURE 2.0 /* errors */
#define DOUBT 0.25 /* errors that have to be made good by the gain */
#define SLOWER 1.33 /* a round of the start */
#define KNEE_TIMES 1.8 /* what is left then, times what seems not to wait */
#define KNEE_MIN 0.5 /* at least */

/* Steps, as parts of the number. */
#define STEP 0.4
#define STEP_MAX 1.0
#define DOWN_MOST 0.4 /* what is left by one down, at least */
#define DOWN_LEAST 0.8 /* at most */

#define GAIN 0.35 /* of throughput that is due, for all that could be added */
#define GAIN_FULL 0.6 /* of what is added: that leads to larger steps */
#define SHARE 0.975 /* of the most that gets through, that is enough */
#define QUEUED 1.06 /* times the least time: there may be a queue */
#define CALM_TIMES 1.25 /* the least time: hardly anything waits */
#define FULL 0.8 /* of what is allowed is under way */
#define MOVED 0.08 /* a part of the number that is worth a move */
#define CHANGED_WINDOWS 3 /* in a row */

#define WAIT_MIN_NS (FP_NS_PER_S / 2)
#define UP_WAIT_MAX_NS (3 * FP_NS_PER_S)
#define DOWN_WAIT_MIN_NS FP_NS_PER_S
#define DOWN_WAIT_MAX_NS (8 * FP_NS_PER_S)
#define DOWN_TIMES 8 /* the time that was lost by it */
#define CALM 200 /* answers between two refusals that are risked */

/* Refusals that are by chance: judged when so much of the number is left; the
 * most of all that they are; what is allowed besides; answers that tell it. */
#define SHED_LEVEL 0.75
#define SHED_MAX 0.1
#define SHED_MIN 3
#define SHED_ANSWERS 20
#define MEMORY 1000 /* answers */
#define SHED_FEW 2 /* at once: where it is judged without a refusal */

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
	concurrency->n_lows = 0;
	concurrency->low_ns = 0;
	concurrency->low_sum_ns = concurrency->low_sum2 = 0;
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
	double settle_ns = SETTLE * concurrency->took_ns *
			   FP_MAX(concurrency->curve.scatter2, 1);
	window_begin(
		concurrency, concurrency->ramp_end_ns + (int64_t)settle_ns);
}

void
fp_concurrency_init(struct fp_concurrency *concurrency, unsigned most)
{
	*concurrency = (struct fp_concurrency){.most = most, .step = STEP};
	fp_curve_init(&concurrency->curve);
	concurrency->level = FP_MIN(FIRST, (double)most);
	concurrency->to = concurrency->from = concurrency->level;
	concurrency->up_wait_ns = WAIT_MIN_NS;
	concurrency->down_wait_ns = DOWN_WAIT_MIN_NS;
}

/* ---- what is seen ---- */

static struct fp_curve_view
window_view(const struct fp_concurrency *concurrency, int64_t now_ns)
{
	unsigned n_lows = concurrency->n_lows;

	return (struct fp_curve_view){
		.n = concurrency->n,
		.level = concurrency->area /
			 (double)(now_ns - concurrency->settled_ns),
		.took_ns = concurrency->sum_ns / concurrency->n,
		.low_ns = n_lows ? concurrency->low_sum_ns / n_lows : 0,
	};
}

/* How much its times differ. */
static double
window_scatter2(const struct fp_concurrency *concurrency)
{
	double n = concurrency->n;
	double mean = concurrency->sum_ns / n;

	return FP_MAX(concurrency->sum2 / n - mean * mean, 0) / (mean * mean);
}

/* The same of the least of eight; below 0: not known. */
static double
window_low2(const struct fp_concurrency *concurrency)
{
	double n = concurrency->n_lows;
	double mean = concurrency->sum_ns / concurrency->n;
	double low = concurrency->low_sum_ns / n;

	if (n < LOWS_MIN)
		return -1;
	return FP_MAX(concurrency->low_sum2 - n * low * low, 0) / (n - 1) /
	       (mean * mean);
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
	double least_ns =
		concurrency->took_ns * (1 + concurrency->curve.scatter2);
	return now_ns - concurrency->settled_ns >=
	       FP_MAX((int64_t)least_ns, WINDOW_MIN_NS);
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

/* What is known to be the best. */
static double
best_level(const struct fp_concurrency *concurrency)
{
	return fp_curve_best(&concurrency->curve, concurrency->most, SHARE);
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
try_less(struct fp_concurrency *concurrency, double took_ns, int64_t now_ns)
{
	double level = concurrency->level;
	double knee = level * concurrency->least_ns / took_ns;
	double less = FP_MIN(level * DOWN_LEAST, level - 1);

	if (!concurrency->is_low_known)
		knee = 0;

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
	concurrency->step = STEP_MAX;
	concurrency->curve.n_scatter = 0;
	concurrency_hold(concurrency, level, now_ns);
}

/* The error of a ratio of two. */
static double
error_of(const struct fp_concurrency *concurrency,
	const struct fp_curve_view *one, const struct fp_curve_view *other)
{
	return fp_curve_root(fp_curve_error2(&concurrency->curve, one) +
			     fp_curve_error2(&concurrency->curve, other));
}

static void
note_least(struct fp_concurrency *concurrency, const struct fp_curve_view *view)
{
	double error = fp_curve_error(&concurrency->curve, view);
	double took_ns = view->took_ns * (1 + error);

	if (concurrency->least_ns > 0 && took_ns >= concurrency->least_ns)
		return;
	concurrency->least_ns = took_ns;
	concurrency->least_error = error;
}

/* Whether answers take surely longer than in the rounds before. */
static bool
is_slower(const struct fp_concurrency *concurrency,
	const struct fp_curve_view *view)
{
	double error = fp_curve_error(&concurrency->curve, view);

	return view->took_ns * (1 - error) > SLOWER * concurrency->least_ns;
}

/* Notes what an answer takes, and how much that differs, if it can be seen. */
static void
note_times(struct fp_concurrency *concurrency, const struct fp_curve_view *view)
{
	double scatter2 = window_scatter2(concurrency);
	double low2 = window_low2(concurrency);

	if (concurrency->least_ns == 0 ||
		view->took_ns < CALM_TIMES * concurrency->least_ns ||
		scatter2 > concurrency->curve.scatter2) {
		fp_curve_scatter(&concurrency->curve, scatter2, view->n);
		if (low2 >= 0)
			fp_curve_low(&concurrency->curve, low2, view->n);
	}
	note_least(concurrency, view);
}

/* Adds what was seen to what is known. */
static void
note_view(struct fp_concurrency *concurrency, const struct fp_curve_view *view,
	int64_t now_ns)
{
	fp_curve_add(&concurrency->curve, view, now_ns);
	note_times(concurrency, view);
}

/* A round of the start is over: what ended in it began in the one before. */
static void
end_round(struct fp_concurrency *concurrency, int64_t now_ns)
{
	struct fp_curve_view view = window_view(concurrency, now_ns);
	bool is_full = view.level >= FULL * concurrency->from;
	bool is_first = concurrency->least_ns == 0;

	concurrency->took_ns = view.took_ns;
	note_times(concurrency, &view);
	if (!is_first && is_slower(concurrency, &view)) {
		concurrency->is_low_known = false;
		/* Those under way will take longer still. */
		concurrency->took_ns = FP_MAX(view.took_ns,
			concurrency->n_active / view.n *
				(double)(now_ns - concurrency->settled_ns));
		double part = KNEE_TIMES * concurrency->least_ns / view.took_ns;
		part = FP_MIN(FP_MAX(part, KNEE_MIN), 1.0);
		end_start(concurrency, part * concurrency->from, now_ns);
		return;
	}
	concurrency->is_low_known |= concurrency->level < concurrency->to;
	concurrency->level = concurrency->to;
	if (concurrency->to >= concurrency->most) {
		end_start(concurrency, concurrency->to, now_ns);
		return;
	}
	concurrency_go(
		concurrency, concurrency->to * (is_full ? 2 : 1), 1, now_ns);
	concurrency->settled_ns = now_ns;
}

/* Nothing that is known of it holds any more. */
static void
begin_anew(struct fp_concurrency *concurrency, const struct fp_curve_view *view,
	int64_t now_ns)
{
	struct fp_curve_view before =
		fp_curve_at(&concurrency->curve, view->level);

	if (view->took_ns < before.took_ns)
		concurrency->step = STEP_MAX;
	fp_curve_forget(&concurrency->curve);
	concurrency->is_low_known = false;
	concurrency->up_wait_ns = WAIT_MIN_NS;
	concurrency->down_wait_ns = DOWN_WAIT_MIN_NS;
	concurrency->up_ns = concurrency->down_ns = now_ns;
	note_view(concurrency, view, now_ns);
}

/* The less is known of the least time, the sooner. */
static bool
may_try_less(const struct fp_concurrency *concurrency,
	const struct fp_curve_view *view, int64_t now_ns)
{
	double doubt = FP_MAX(concurrency->least_error - ERROR_IGNORED, 0);

	if (concurrency->down_ns > now_ns || concurrency->level <= 1)
		return false;
	return !concurrency->is_low_known ||
	       view->took_ns > (QUEUED - doubt) * concurrency->least_ns;
}

static bool
may_try_more(const struct fp_concurrency *concurrency, int64_t now_ns)
{
	return concurrency->up_ns <= now_ns &&
	       concurrency->level < concurrency->most &&
	       (!concurrency->places || concurrency->n_since >= CALM);
}

/* What to do next, with what is known of the number. */
static void
concurrency_choose(struct fp_concurrency *concurrency, int64_t now_ns)
{
	struct fp_curve_view view =
		fp_curve_at(&concurrency->curve, concurrency->level);
	double level = concurrency->level;
	double best = concurrency_whole(concurrency, best_level(concurrency));

	if (view.level == 0)
		return;
	bool may_less = may_try_less(concurrency, &view, now_ns);
	bool may_more = may_try_more(concurrency, now_ns);
	if (concurrency->step < STEP_MAX && !concurrency->places &&
		(best > level * (1 + MOVED) || best < level * (1 - MOVED)))
		concurrency_hold(concurrency, best, now_ns);
	else if (may_less &&
		 (!may_more || concurrency->down_ns <= concurrency->up_ns))
		try_less(concurrency, view.took_ns, now_ns);
	else if (may_more)
		try_more(concurrency, now_ns);
}

/* Nothing is to be seen before the next try: it goes on looking. */
static void
end_hold(struct fp_concurrency *concurrency, int64_t now_ns)
{
	struct fp_curve_view view = window_view(concurrency, now_ns);
	bool is_long = window_is_long(concurrency, now_ns);
	double error = concurrency->step == STEP_MAX ? ERROR_CLIMB : ERROR;

	concurrency->took_ns = view.took_ns;
	if (view.level < FULL * concurrency->level) {
		if (is_long)
			window_begin(concurrency, now_ns);
		return;
	}
	if (!is_long &&
		fp_curve_error2(&concurrency->curve, &view) > error * error)
		return;
	if (fp_curve_is_odd(&concurrency->curve, &view)) {
		if (concurrency->curve.n_odd >= CHANGED_WINDOWS)
			begin_anew(concurrency, &view, now_ns);
		window_begin(concurrency, now_ns);
		return;
	}
	note_view(concurrency, &view, now_ns);
	window_begin(concurrency, now_ns);
	concurrency_choose(concurrency, now_ns);
}

/* Both numbers are known: what the higher one gains. */
struct gain {
	double is, due, error; /* of throughput, as parts of it */
	double full; /* if answers take as long */
};

static struct gain
gain_of(const struct fp_concurrency *concurrency,
	const struct fp_curve_view *low, const struct fp_curve_view *high)
{
	double ratio = fp_curve_rate(high) / fp_curve_rate(low);
	double more = high->level / low->level - 1;

	return (struct gain){
		.is = ratio - 1,
		/* About as much for each doubling. */
		.due = GAIN * more / (2 + more),
		.error = ratio * error_of(concurrency, low, high),
		.full = more,
	};
}

static bool
gain_is_sure(const struct gain *gain)
{
	double off = gain->is - gain->due;

	return (off > 0 ? off : -off) > SURE * gain->error;
}

/* This, and what is known of it from before. */
static struct fp_curve_view
view_with_known(const struct fp_concurrency *concurrency,
	const struct fp_curve_view *view)
{
	struct fp_curve_view all =
		fp_curve_at(&concurrency->curve, view->level);
	double n = all.n + view->n;

	all.level += (view->level - all.level) * view->n / n;
	all.took_ns += (view->took_ns - all.took_ns) * view->n / n;
	all.n = n;
	return all;
}

/* More is better: and still more? */
static void
up_accept(struct fp_concurrency *concurrency, const struct gain *gain,
	int64_t now_ns)
{
	concurrency->up_wait_ns = WAIT_MIN_NS;
	concurrency->up_ns = now_ns;
	concurrency->level = concurrency->to;
	concurrency->is_low_known = true;
	if (concurrency->places) {
		concurrency->places *= 2;
		if (concurrency->places > concurrency->level * STEP)
			concurrency->places = 0;
	} else if (gain->is >= GAIN_FULL * gain->full) {
		concurrency->step = STEP_MAX;
	}
	if (concurrency->level < concurrency->most) {
		try_more(concurrency, now_ns);
		return;
	}
	concurrency->step = STEP;
	concurrency_hold(concurrency, concurrency->level, now_ns);
}

static void
up_reject(struct fp_concurrency *concurrency, int64_t now_ns)
{
	double level = concurrency->level;
	double best = best_level(concurrency);

	concurrency->step = STEP;
	go_up_later(concurrency, now_ns);
	if (!concurrency->places && best > level)
		level = FP_MIN(best, concurrency->to);
	concurrency_hold(concurrency, level, now_ns);
}

/* Whether it is not by chance that a try was better: that is sure, or fits all
 * that is known. */
static bool
up_is_likely(const struct fp_concurrency *concurrency, const struct gain *gain)
{
	return concurrency->places || gain_is_sure(gain) ||
	       best_level(concurrency) > concurrency->level * (1 + MOVED);
}

static void
end_up(struct fp_concurrency *concurrency, int64_t now_ns)
{
	struct fp_curve_view view = window_view(concurrency, now_ns);
	struct fp_curve_view low =
		fp_curve_at(&concurrency->curve, concurrency->level);
	bool is_long = window_is_long(concurrency, now_ns);

	if (view.level < FULL * concurrency->to || low.level == 0) {
		if (!is_long)
			return;
		go_up_later(concurrency, now_ns);
		concurrency_hold(concurrency, concurrency->level, now_ns);
		return;
	}
	struct fp_curve_view high = view_with_known(concurrency, &view);
	struct gain gain = gain_of(concurrency, &low, &high);
	if (concurrency->places)
		/* What is so little more is hardly to be seen. */
		gain.due = -SURE * gain.error;
	else if (!is_long && !gain_is_sure(&gain))
		return;
	concurrency->took_ns = view.took_ns;
	note_view(concurrency, &view, now_ns);
	if (gain.is >= gain.due + DOUBT * gain.error &&
		up_is_likely(concurrency, &gain))
		up_accept(concurrency, &gain, now_ns);
	else
		up_reject(concurrency, now_ns);
}

/* Goes to what is best of what was tried and what was found before. */
static void
down_judge(struct fp_concurrency *concurrency, const struct fp_curve_view *low,
	const struct gain *gain, int64_t now_ns)
{
	double best = FP_MAX(best_level(concurrency), concurrency->to);
	double level = FP_MIN(best, concurrency->level);
	bool is_worse = gain->is >= gain->due;

	concurrency->least_error = fp_curve_error(&concurrency->curve, low);
	if (!concurrency->is_low_known || is_worse ||
		low->took_ns < concurrency->least_ns)
		concurrency->least_ns = low->took_ns;
	concurrency->is_low_known = is_worse;
	if (!is_worse)
		concurrency->step = STEP;
	if (concurrency->least_error > ERROR_LEAST ||
		level < concurrency->level * (1 - MOVED))
		concurrency->down_wait_ns = DOWN_WAIT_MIN_NS;
	wait_longer(&concurrency->down_wait_ns, &concurrency->down_ns,
		DOWN_WAIT_MAX_NS, now_ns);
	if (is_worse)
		concurrency->down_ns = FP_MAX(concurrency->down_ns,
			now_ns + DOWN_TIMES *
					 (now_ns - concurrency->ramp_end_ns));
	concurrency_hold(concurrency, level, now_ns);
}

static void
end_down(struct fp_concurrency *concurrency, int64_t now_ns)
{
	struct fp_curve_view view = window_view(concurrency, now_ns);
	struct fp_curve_view high =
		fp_curve_at(&concurrency->curve, concurrency->level);
	bool is_long = window_is_long(concurrency, now_ns);

	if (high.level == 0) {
		concurrency_hold(concurrency, concurrency->level, now_ns);
		return;
	}
	struct fp_curve_view low = view_with_known(concurrency, &view);
	struct gain gain = gain_of(concurrency, &low, &high);
	if (!is_long && !gain_is_sure(&gain))
		return;
	concurrency->took_ns = view.took_ns;
	note_view(concurrency, &view, now_ns);
	down_judge(concurrency, &low, &gain, now_ns);
}

/* ---- what happens, when ---- */

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

/* Whether hardly any are left, and still few are refused. */
static bool
is_low_by_chance(const struct fp_concurrency *concurrency)
{
	return concurrency->level <= SHED_FEW && concurrency->most > SHED_FEW &&
	       concurrency->shed == 0 && concurrency->n_refused > 0 &&
	       concurrency->n_answered >= 2 * SHED_ANSWERS &&
	       is_by_chance(concurrency);
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
	fp_curve_forget(&concurrency->curve);
	concurrency->least_ns = 0;
	concurrency->is_low_known = false;
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
		return true;
	concurrency->n_since = 0;
	concurrency->places = 1;
	concurrency->step = STEP;
	if (left > concurrency->level &&
		concurrency->phase == FP_CONCURRENCY_HOLD)
		return true;
	if (concurrency->phase != FP_CONCURRENCY_HOLD) {
		concurrency->high = 0;
		concurrency->up_wait_ns = WAIT_MIN_NS;
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

/* Notes the least time of each eight. */
static void
note_low(struct fp_concurrency *concurrency, double took_ns)
{
	if (concurrency->low_ns == 0 || took_ns < concurrency->low_ns)
		concurrency->low_ns = took_ns;
	if (concurrency->n % FP_CURVE_LOW_OF != 0)
		return;
	concurrency->n_lows++;
	concurrency->low_sum_ns += concurrency->low_ns;
	concurrency->low_sum2 += concurrency->low_ns * concurrency->low_ns;
	concurrency->low_ns = 0;
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
	if (is_low_by_chance(concurrency))
		stop_yielding(concurrency, now_ns);
	if (++concurrency->n_answered >= MEMORY) {
		concurrency->n_answered /= 2;
		concurrency->n_refused /= 2;
	}
	if (now_ns >= concurrency->settled_ns) {
		concurrency->n++;
		concurrency->sum_ns += took_ns;
		concurrency->sum2 += took_ns * took_ns;
		note_low(concurrency, took_ns);
	}
	concurrency_step(concurrency, now_ns);
	return false;
}
