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
 * A server, or this machine, that stands still for some ten milliseconds again
 * and again makes all answers of that time late together. Averages then differ
 * by more than single requests tell, and a try that met such a moment looks
 * worse than it is. So it is learned by how much averages at the same number
 * differ from each other, and errors are larger by that (overdispersion, as
 * with quasi-likelihoods). Averages that are unlike what is known and go on so
 * come from a change, and tell nothing of that.
 *
 * What was seen before is forgotten if answers with as many or fewer at once
 * took surely longer than they do now, as then the server has become faster.
 *
 * WHAT IS BEST
 *
 * Two neighbours seldom differ by more than their errors, but all numbers
 * together have a shape. Three are fitted:
 *
 *	queue	up to some number nothing waits, and no more get through with
 *		more: that number is the best, and a few more
 *	slower	an answer takes as much longer with each that there is more: the
 *		best is where nearly as many get through as at the most
 *	congested   and with each two that wait for each other, so that less
 *		gets through with too many: the best is a little less than where
 *		the most does (Gunther, "A General Theory of Computational
 *		Scalability", 2008)
 *
 * They differ in the quickest answers as well, those that are the first of
 * eight. Where requests wait in a queue, each takes longer by the same time,
 * the quickest too; where they slow each other down or take turns, each takes
 * longer by the same part, and the quickest hardly. If times differ much, that
 * tells more than the average does, and it tells how long answers would take
 * without the queue, from those that were in it.
 *
 * The one that is less off, in squared errors, is right; with more to choose,
 * a shape has to be better (as in Akaike's criterion), and it takes more to
 * believe in one that leads to higher numbers. None of them is believed far
 * beyond what was tried. If none fits, it is the least number at which nearly
 * as many get through as anywhere.
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
#define SURE 2.0 /* errors */
#define LOW_ERROR \
	0.05 /* of what the least time is by a shape, of the average */
#define BEYOND 1.4 /* times the highest that was tried */
#define ERROR2_MOST 0.02 /* of a number to go to */

/* In squared errors. */
#define PARAMETER 2.0 /* for each that is fitted */
#define SLOWER_DOUBT 4.0
#define CONGESTED_DOUBT 4.0
#define TURNS_DOUBT 2.0 /* no queue, but requests that take turns */
#define OFF2_MOST 3.0 /* for the time and the least at each, and one more */

#define CHANGED 0.2 /* a part of the time that is not by chance */
#define CHANGED_SURE2 9.0 /* squared errors */
#define ODD_MOST 0.5 /* a part of it, of an average that is odd by chance */
#define UNEVEN_PART 0.0625 /* of how far off one is, that is learned */

#define HEADROOM 1.04 /* times the number from which on nothing is gained */

void
fp_curve_init(struct fp_curve *curve)
{
	*curve = (struct fp_curve){
		.scatter2 = SCATTER2_MIN, .low2 = SCATTER2_MIN, .uneven2 = 1};
}

void
fp_curve_forget(struct fp_curve *curve)
{
	for (int i = 0; i < FP_CURVE_POINTS; i++)
		curve->points[i].n = curve->points[i].low_ns = 0;
	curve->n_odd = 0;
	curve->odd2 = 0;
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
	return (struct fp_curve_view){(double)point->n, (double)point->level,
		(double)point->took_ns, (double)point->low_ns};
}

static void
curve_age(struct fp_curve *curve, int64_t now_ns)
{
	double part = 1 - (double)(now_ns - curve->aged_ns) / LIFE_NS;

	for (int i = 0; i < FP_CURVE_POINTS; i++)
		curve->points[i].n *= (float)FP_MAX(part, 0.0);
	curve->aged_ns = now_ns;
}

/* Whether one took surely longer than the other. */
static bool
is_longer(const struct fp_curve *curve, const struct fp_curve_view *one,
	const struct fp_curve_view *other)
{
	double ratio = one->took_ns / other->took_ns;
	double error2 =
		fp_curve_error2(curve, one) + fp_curve_error2(curve, other);

	return ratio - 1 > CHANGED &&
	       (ratio - 1) * (ratio - 1) >
		       CHANGED_SURE2 * ratio * ratio * error2;
}

/* Forgets what is true no more: as many or fewer at once do not take longer.
 * Not what was quicker, as a server that stands still for a moment is slow. */
static void
curve_drop(struct fp_curve *curve, const struct fp_curve_point *seen_at,
	const struct fp_curve_view *seen)
{
	struct fp_curve_point *point;

	for (point = curve->points; point <= seen_at; point++) {
		struct fp_curve_view view = point_view(point);
		if (view.level > 0 && is_longer(curve, &view, seen))
			point->n = point->low_ns = 0;
	}
}

void
fp_curve_add(struct fp_curve *curve, const struct fp_curve_view *seen,
	int64_t now_ns)
{
	struct fp_curve_point *point = &curve->points[point_of(seen->level)];

	curve_age(curve, now_ns);
	curve_drop(curve, point, seen);
	double n = (double)point->n + seen->n;
	double part = seen->n / n;
	point->n = (float)n;
	point->level += (float)(part * (seen->level - (double)point->level));
	if (seen->low_ns > 0)
		point->low_ns +=
			(float)((point->low_ns > 0 ? part : 1) *
				(seen->low_ns - (double)point->low_ns));
	point->took_ns +=
		(float)(part * (seen->took_ns - (double)point->took_ns));
}

/* Of what is known from so many answers. */
static void
curve_learn(double *value, double *n_known, double seen, double n)
{
	double all = FP_MIN(*n_known + n, SCATTER_MEMORY);

	*value += (seen - *value) * FP_MIN(n / all, 1.0);
	*value = FP_MAX(*value, SCATTER2_MIN);
	*n_known = all;
}

void
fp_curve_scatter(struct fp_curve *curve, double variance, double n)
{
	curve_learn(&curve->scatter2, &curve->n_scatter, variance, n);
}

void
fp_curve_low(struct fp_curve *curve, double variance, double n)
{
	curve_learn(&curve->low2, &curve->n_low, FP_CURVE_LOW_OF * variance, n);
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
	return curve->scatter2 * curve->uneven2 / view->n;
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

/* How uneven averages are. */
static void
curve_uneven(struct fp_curve *curve, double off2)
{
	curve->uneven2 += (off2 - curve->uneven2) * UNEVEN_PART;
	curve->uneven2 = FP_MAX(curve->uneven2, 1.0);
}

bool
fp_curve_is_odd(struct fp_curve *curve, const struct fp_curve_view *seen)
{
	struct fp_curve_view known = fp_curve_at(curve, seen->level);
	if (known.level == 0)
		return false;
	double ratio = fp_curve_rate(&known) / fp_curve_rate(seen);
	double error2 =
		ratio * ratio *
		(fp_curve_error2(curve, seen) + fp_curve_error2(curve, &known));
	double off = ratio > 1 ? ratio - 1 : 1 - ratio;
	double little = FP_MIN(off, ODD_MOST);
	double off2 = little * little / error2 * curve->uneven2;

	if (off >= CHANGED && off * off >= CHANGED_SURE2 * error2) {
		curve->odd2 = FP_MAX(off2, curve->odd2);
		curve->n_odd++;
		return true;
	}
	for (; curve->n_odd > 0; curve->n_odd--)
		curve_uneven(curve, curve->odd2);
	curve->odd2 = 0;
	curve_uneven(curve, off2);
	return false;
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
		double error = fp_curve_error(curve, &view);
		top = FP_MAX(top,
			fp_curve_rate(&view) * FP_MAX(1 - SURE * error, 0.0));
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
	double took_ns[FP_CURVE_POINTS]; /* at each point, by the model */
};

/* How far off the times are. */
static double
took_off2(const struct fp_curve *curve, const struct points *points,
	const struct model *model)
{
	double sum = 0;

	for (unsigned i = 0; i < points->n; i++) {
		const struct fp_curve_view *view = &points->views[i];
		double off = view->took_ns / model->took_ns[i] - 1;
		sum += off * off / fp_curve_error2(curve, view);
	}
	return sum;
}

/* How far off the least of eight are, if they are longer by what the others
 * are. */
static double
low_off2_waits(const struct fp_curve *curve, const struct points *points,
	const struct model *model, double alone_ns)
{
	double n = 0, less_ns = 0, sum = 0;

	for (unsigned i = 0; i < points->n; i++) {
		const struct fp_curve_view *view = &points->views[i];
		if (view->low_ns == 0)
			continue;
		n += view->n;
		less_ns += (model->took_ns[i] - view->low_ns - less_ns) *
			   view->n / n;
	}
	for (unsigned i = 0; i < points->n; i++) {
		const struct fp_curve_view *view = &points->views[i];
		double due_ns = model->took_ns[i] - less_ns;
		double off = (view->low_ns - due_ns) / alone_ns;
		double error = LOW_ERROR * model->took_ns[i] / alone_ns;
		if (view->low_ns > 0)
			sum += off * off /
			       (curve->low2 / view->n + error * error);
	}
	return sum;
}

/* The same, if they are the same part of the others everywhere. */
static double
low_off2_part(const struct fp_curve *curve, const struct points *points,
	const struct model *model)
{
	double n = 0, part = 0, sum = 0;

	for (unsigned i = 0; i < points->n; i++) {
		const struct fp_curve_view *view = &points->views[i];
		if (view->low_ns == 0)
			continue;
		n += view->n;
		part += (view->low_ns / model->took_ns[i] - part) * view->n / n;
	}
	for (unsigned i = 0; i < points->n; i++) {
		const struct fp_curve_view *view = &points->views[i];
		double off = view->low_ns / model->took_ns[i] - part;
		if (view->low_ns > 0)
			sum += off * off /
			       (curve->low2 / view->n + LOW_ERROR * LOW_ERROR);
	}
	return sum;
}

/* Averages over points from one to another. */
struct average {
	double n, took_ns, rate;
	double n_low, low_ns; /* where that is known; */
	double less_ns; /* of the time by the rate */
};

static struct average
average_of(const struct points *points, unsigned from, unsigned to)
{
	struct average all = {0};

	for (unsigned i = from; i < to; i++) {
		const struct fp_curve_view *view = &points->views[i];
		all.n += view->n;
		double part = view->n / all.n;
		all.took_ns += (view->took_ns - all.took_ns) * part;
		all.rate += (fp_curve_rate(view) - all.rate) * part;
	}
	for (unsigned i = from; i < to; i++) {
		const struct fp_curve_view *view = &points->views[i];
		if (view->low_ns == 0)
			continue;
		all.n_low += view->n;
		double part = view->n / all.n_low;
		double less_ns = view->level / all.rate - view->low_ns;
		all.low_ns += (view->low_ns - all.low_ns) * part;
		all.less_ns += (less_ns - all.less_ns) * part;
	}
	return all;
}

/* What an answer takes where nothing waits: as seen there, and as seen in the
 * queue, by the least times. */
static double
alone_of(const struct fp_curve *curve, const struct average *low,
	const struct average *high)
{
	if (low->n_low == 0 || high->n_low == 0)
		return low->took_ns;
	double error2 = curve->scatter2 / low->n;
	double by_low_error2 = curve->low2 / low->n_low +
			       (curve->low2 + curve->scatter2) / high->n_low +
			       LOW_ERROR * LOW_ERROR / 5;
	return (low->took_ns * by_low_error2 +
		       (low->low_ns + high->less_ns) * error2) /
	       (error2 + by_low_error2);
}

/* Nothing waits at the first k, and no more get through from there on, as the
 * others wait or all take turns. */
static struct model
model_queue(const struct fp_curve *curve, const struct points *points,
	unsigned k, bool waits)
{
	bool has_knee = k > 0 && k < points->n;
	struct average low = average_of(points, 0, k);
	struct average high = average_of(points, k, points->n);
	double alone_ns = waits ? alone_of(curve, &low, &high) : low.took_ns;
	struct model model;

	for (unsigned i = 0; i < points->n; i++) {
		model.took_ns[i] = alone_ns;
		if (k < points->n)
			model.took_ns[i] = FP_MAX(
				alone_ns, points->views[i].level / high.rate);
	}
	model.off2 = took_off2(curve, points, &model) +
		     PARAMETER * (has_knee ? 2 : 1);
	if (waits)
		model.off2 += low_off2_waits(curve, points, &model,
			k > 0 ? alone_ns : model.took_ns[0]);
	else
		model.off2 +=
			low_off2_part(curve, points, &model) + TURNS_DOUBT;
	model.best = has_knee ? HEADROOM * alone_ns * high.rate
			      : points->views[k > 0 ? k - 1 : 0].level;
	return model;
}

/* A time is a + b x + c x^2, with the number as a part of `unit`. */
struct growth {
	double a, b, c, unit;
	unsigned n_fitted;
};

/* Sums of a weighted fit. */
struct sums {
	double w[5]; /* of weight * x^i */
	double y[3]; /* of weight * time * x^i */
};

static struct sums
sums_of(const struct points *points, double unit)
{
	struct sums sums = {0};

	for (unsigned i = 0; i < points->n; i++) {
		const struct fp_curve_view *view = &points->views[i];
		double weight = view->n / view->took_ns / view->took_ns;
		for (int k = 0; k < 5; k++) {
			sums.w[k] += weight;
			if (k < 3)
				sums.y[k] += weight * view->took_ns;
			weight *= view->level / unit;
		}
	}
	return sums;
}

/* With two powers of x: 0 and `power`. */
static struct growth
growth_by_one(const struct sums *sums, int power, double unit)
{
	const double *w = sums->w, *y = sums->y;
	double d = w[0] * w[2 * power] - w[power] * w[power];
	double a = (y[0] * w[2 * power] - y[power] * w[power]) / d;
	double slope = (w[0] * y[power] - w[power] * y[0]) / d;

	return (struct growth){.a = a,
		.b = power == 1 ? slope : 0,
		.c = power == 2 ? slope : 0,
		.unit = unit,
		.n_fitted = 2};
}

/* With all three, by Cramer's rule. */
static struct growth
growth_by_both(const struct sums *sums, double unit)
{
	const double *w = sums->w, *y = sums->y;
	double m0 = w[2] * w[4] - w[3] * w[3], m1 = w[1] * w[4] - w[2] * w[3],
	       m2 = w[1] * w[3] - w[2] * w[2], m3 = w[0] * w[4] - w[2] * w[2],
	       m4 = w[0] * w[3] - w[1] * w[2], m5 = w[0] * w[2] - w[1] * w[1];
	double d = w[0] * m0 - w[1] * m1 + w[2] * m2;

	return (struct growth){.a = (y[0] * m0 - y[1] * m1 + y[2] * m2) / d,
		.b = (-y[0] * m1 + y[1] * m3 - y[2] * m4) / d,
		.c = (y[0] * m2 - y[1] * m4 + y[2] * m5) / d,
		.unit = unit,
		.n_fitted = 3};
}

static double
growth_at(const struct growth *growth, double x)
{
	return growth->a + growth->b * x + growth->c * x * x;
}

/* The least number that gets `share` of the most through: where
 * x / (a + b x + c x^2) is that, which is the lower one of two. */
static double
growth_best(const struct growth *growth, double most, double share)
{
	double a = growth->a, b = growth->b, c = growth->c;
	double top = most / growth->unit;

	if (a < c * top * top)
		top *= fp_curve_root(a / c / top / top);
	double rate = share * top / growth_at(growth, top);
	double half = (1 - b * rate) / 2;
	if (c == 0)
		return growth->unit * a * rate / (2 * half);
	double root = fp_curve_root(
		FP_MAX(1 - a * c * rate * rate / half / half, 0.0));
	return growth->unit * half / (c * rate) * (1 - root);
}

/* Answers take longer, the more there are. */
static struct model
model_growth(const struct fp_curve *curve, const struct points *points,
	const struct growth *growth, double most, double share)
{
	struct model model = {.off2 = 1e30};

	if (points->n < 2 || !(growth->a > 0) || !(growth->b >= 0) ||
		!(growth->c >= 0) || growth->b + growth->c == 0)
		return model;
	for (unsigned i = 0; i < points->n; i++)
		model.took_ns[i] = growth_at(
			growth, points->views[i].level / growth->unit);
	model.off2 = PARAMETER * growth->n_fitted +
		     took_off2(curve, points, &model) +
		     low_off2_part(curve, points, &model);
	model.best = growth_best(growth, most, share);
	return model;
}

static void
choose_growth(const struct fp_curve *curve, const struct points *points,
	double most, double share, struct model *best)
{
	double unit = points->views[points->n - 1].level;
	struct sums sums = sums_of(points, unit);
	struct growth slower = growth_by_one(&sums, 1, unit);
	struct growth congested = growth_by_both(&sums, unit);

	*best = model_growth(curve, points, &slower, most, share);
	best->off2 += SLOWER_DOUBT;
	if (points->n < 3 || !(congested.b > 0))
		congested = growth_by_one(&sums, 2, unit);
	struct model model =
		model_growth(curve, points, &congested, most, share);
	model.off2 += CONGESTED_DOUBT;
	if (model.off2 < best->off2)
		*best = model;
}

static void
choose_queue(const struct fp_curve *curve, const struct points *points,
	struct model *best)
{
	for (unsigned k = 0; k <= points->n; k++) {
		for (int waits = 0; waits < 2; waits++) {
			struct model model =
				model_queue(curve, points, k, waits == 1);
			if (model.off2 < best->off2)
				*best = model;
		}
	}
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
	choose_growth(curve, &points, most, share, &best);
	choose_queue(curve, &points, &best);
	if (best.off2 > OFF2_MOST * (2 * points.n + 1))
		return curve_plain(curve, share);
	double highest = BEYOND * points.views[points.n - 1].level;
	return FP_MIN(best.best, FP_MIN(highest, most));
}
