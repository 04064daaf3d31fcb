/* SPDX-License-Identifier: MIT */
/*
 * HOW SURE IT IS
 *
 * By Little's law the answers of a second are the requests under way, divided
 * by the time that one takes. The error of that comes from how much the times
 * of single requests differ: by n answers it is known to that, divided by the
 * root of n. How much they differ is taken from where nothing waits: requests
 * that wait in one queue take about as long as each other, and would look more
 * alike than they are, although a queue empties as unevenly as ever.
 *
 * WHAT IS BEST
 *
 * Two neighbours seldom differ by more than their errors, but all numbers
 * together have a shape. Two are fitted:
 *
 *	queue	up to some number nothing waits, and no more get through with
 *		more: that number is the best, and a few more
 *	slower	an answer takes as much longer with each that there is more: the
 *		best is where nearly as many get through as at the most
 *
 * The one that is less off, in squared errors, is right; with more to choose,
 * a shape has to be better (as in Akaike's criterion), and it takes more to
 * believe in the second, which leads to higher numbers. If neither fits, as
 * where less gets through with more, or surely more gets through than at that
 * number, it is the least one at which nearly as many get through as anywhere.
 */
#include "base.h"

#include "curve.h"

#define EXACT_LEVELS 8
#define STEP 1.189207115002721 /* four for a doubling */
#define STEP_HALF 1.0905
#define LIFE_NS (20.0 * FP_NS_PER_S) /* what is old fades in that time */
#define KNOWN 6.0 /* answers */
#define SCATTER2_MIN 0.0025
#define SCATTER_MEMORY 1000.0 /* answers */
#define ERROR2_MOST 0.02 /* of a number to go to */

/* In squared errors. */
#define PARAMETER 2.0 /* for each that is fitted */
#define SLOWER_DOUBT 4.0
#define OFF2_MOST 3.0 /* for each point, and one more */

#define HEADROOM 1.04 /* times the number from which on nothing is gained */

void
fp_curve_init(struct fp_curve *curve)
{
	*curve = (struct fp_curve){.scatter2 = SCATTER2_MIN};
}

void
fp_curve_forget(struct fp_curve *curve)
{
	for (int i = 0; i < FP_CURVE_POINTS; i++)
		curve->points[i].n = 0;
}

/* The place of a number. */
static int
point_of(double level)
{
	int i = EXACT_LEVELS - 1;
	double next = EXACT_LEVELS * STEP_HALF;

	if (level < EXACT_LEVELS + 0.5)
		return level < 1.5 ? 0 : (int)(level + 0.5) - 1;
	for (; level >= next && i < FP_CURVE_POINTS - 1; i++)
		next *= STEP;
	return i;
}

static struct fp_curve_view
point_view(const struct fp_curve_point *point)
{
	if (point->n < (float)KNOWN)
		return (struct fp_curve_view){0};
	return (struct fp_curve_view){
		(double)point->n, (double)point->level, (double)point->took_ns};
}

static void
curve_age(struct fp_curve *curve, int64_t now_ns)
{
	double part = 1 - (double)(now_ns - curve->aged_ns) / LIFE_NS;

	for (int i = 0; i < FP_CURVE_POINTS; i++)
		curve->points[i].n *= (float)FP_MAX(part, 0.0);
	curve->aged_ns = now_ns;
}

void
fp_curve_add(struct fp_curve *curve, const struct fp_curve_view *seen,
	int64_t now_ns)
{
	struct fp_curve_point *point = &curve->points[point_of(seen->level)];

	curve_age(curve, now_ns);
	double n = (double)point->n + seen->n;
	double part = seen->n / n;
	point->n = (float)n;
	point->level += (float)(part * (seen->level - (double)point->level));
	point->took_ns +=
		(float)(part * (seen->took_ns - (double)point->took_ns));
}

void
fp_curve_scatter(struct fp_curve *curve, double variance, double n)
{
	double all = FP_MIN(curve->n_scatter + n, SCATTER_MEMORY);

	curve->scatter2 += (variance - curve->scatter2) * FP_MIN(n / all, 1.0);
	curve->scatter2 = FP_MAX(curve->scatter2, SCATTER2_MIN);
	curve->n_scatter = all;
}

struct fp_curve_view
fp_curve_at(const struct fp_curve *curve, double level)
{
	return point_view(&curve->points[point_of(level)]);
}

double
fp_curve_rate(const struct fp_curve_view *view)
{
	return view->level / view->took_ns;
}

double
fp_curve_error2(const struct fp_curve *curve, const struct fp_curve_view *view)
{
	return curve->scatter2 / view->n;
}

double
fp_curve_root(double square)
{
	double x = square > 1 ? square : 1;

	for (int i = 0; i < 12; i++)
		x = (x + square / x) / 2;
	return x;
}

double
fp_curve_error(const struct fp_curve *curve, const struct fp_curve_view *view)
{
	return fp_curve_root(fp_curve_error2(curve, view));
}

/* The most that surely gets through. */
static double
curve_top(const struct fp_curve *curve)
{
	double top = 0;

	for (int i = 0; i < FP_CURVE_POINTS; i++) {
		struct fp_curve_view view = point_view(&curve->points[i]);
		if (view.level == 0)
			continue;
		double error = FP_MIN(fp_curve_error(curve, &view), 1.0);
		top = FP_MAX(top, fp_curve_rate(&view) * (1 - error));
	}
	return top;
}

/* Where so much gets through, between two numbers: if the server is busy from
 * some number on, and nothing waits below, that is by as much more as gets
 * through; if it gets slower by and by, it is later. In the middle. */
static double
curve_between(const struct fp_curve_view *low, const struct fp_curve_view *high,
	double rate)
{
	double low_rate = fp_curve_rate(low), high_rate = fp_curve_rate(high);
	double knee = low->level * rate / low_rate;
	double chord = low->level + (high->level - low->level) *
					    (rate - low_rate) /
					    (high_rate - low_rate);

	return FP_MIN((knee + chord) / 2, high->level);
}

/* The least number that may get so much through; what is worse is surely so. */
static double
curve_plain(const struct fp_curve *curve, double share)
{
	double due = share * curve_top(curve);
	struct fp_curve_view low = {0};

	for (int i = 0; i < FP_CURVE_POINTS; i++) {
		struct fp_curve_view view = point_view(&curve->points[i]);
		if (view.level == 0)
			continue;
		double error = FP_MIN(fp_curve_error(curve, &view), 1.0);
		double rate = fp_curve_rate(&view);
		if (rate * (1 + error) < due)
			low = view;
		else if (fp_curve_error2(curve, &view) <= ERROR2_MOST)
			return low.level > 0 && rate > due
				       ? curve_between(&low, &view, due)
				       : view.level;
	}
	return low.level;
}

/* ---- models ---- */

struct points {
	unsigned n;
	struct fp_curve_view views[FP_CURVE_POINTS];
};

struct model {
	double off2; /* how far off it is, in squared errors */
	double best;
};

static double
model_off2(const struct fp_curve *curve, const struct fp_curve_view *view,
	double took_ns)
{
	double off = view->took_ns / took_ns - 1;

	return off * off / fp_curve_error2(curve, view);
}

/* Nothing waits at the first k, and no more get through from there on. */
static struct model
model_queue(
	const struct fp_curve *curve, const struct points *points, unsigned k)
{
	double n_low = 0, n_high = 0, took_ns = 0, rate = 0;
	struct model model = {0};

	for (unsigned i = 0; i < points->n; i++) {
		const struct fp_curve_view *view = &points->views[i];
		if (i < k) {
			n_low += view->n;
			took_ns += view->n * view->took_ns;
		} else {
			n_high += view->n;
			rate += view->n * fp_curve_rate(view);
		}
	}
	took_ns = k > 0 ? took_ns / n_low : 0;
	rate = k < points->n ? rate / n_high : 1;
	for (unsigned i = 0; i < points->n; i++)
		model.off2 += model_off2(curve, &points->views[i],
			FP_MAX(took_ns, points->views[i].level / rate));
	model.off2 += PARAMETER * (k > 0 && k < points->n ? 2 : 1);
	if (k > 0 && k < points->n)
		model.best = HEADROOM * took_ns * rate;
	else
		model.best = points->views[k > 0 ? k - 1 : 0].level;
	return model;
}

/* An answer takes as much longer with each that there is more. */
static struct model
model_slower(const struct fp_curve *curve, const struct points *points,
	double most, double share)
{
	double w = 0, x = 0, y = 0, xx = 0, xy = 0;
	struct model model = {.off2 = 1e30};

	for (unsigned i = 0; i < points->n; i++) {
		const struct fp_curve_view *view = &points->views[i];
		double weight = view->n / view->took_ns / view->took_ns;
		w += weight;
		x += weight * view->level;
		y += weight * view->took_ns;
		xx += weight * view->level * view->level;
		xy += weight * view->level * view->took_ns;
	}
	double b = (w * xy - x * y) / (w * xx - x * x);
	double a = (y - b * x) / w;
	if (points->n < 2 || !(a > 0) || !(b > 0))
		return model;
	model.off2 = 2 * PARAMETER;
	for (unsigned i = 0; i < points->n; i++)
		model.off2 += model_off2(curve, &points->views[i],
			a + b * points->views[i].level);
	double rate = share * most / (a + b * most);
	model.best = rate * a / (1 - rate * b);
	return model;
}

double
fp_curve_best(const struct fp_curve *curve, double most, double share)
{
	struct points points = {0};
	struct model best;

	for (int i = 0; i < FP_CURVE_POINTS; i++) {
		struct fp_curve_view view = point_view(&curve->points[i]);
		if (view.level > 0)
			points.views[points.n++] = view;
	}
	if (points.n == 0)
		return 0;
	best = model_slower(curve, &points, most, share);
	best.off2 += SLOWER_DOUBT;
	for (unsigned k = 0; k <= points.n; k++) {
		struct model model = model_queue(curve, &points, k);
		if (model.off2 < best.off2)
			best = model;
	}
	if (best.off2 > OFF2_MOST * (points.n + 1))
		return curve_plain(curve, share);
	return FP_MIN(FP_MAX(best.best, curve_plain(curve, share)), most);
}
