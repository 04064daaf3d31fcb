/* SPDX-License-Identifier: MIT */
/*
 * curve: what was seen of a server at each number of requests at once: how long
 * an answer takes there, how many come in a second, and how sure that is. What
 * is old counts less and less.
 *
 * Threads: none; time is an argument.
 * Ownership: the caller embeds it, and sets it up with fp_curve_init().
 * Failure: cannot fail.
 */
#ifndef FP_CURVE_H
#define FP_CURVE_H

#include "base.h"

/* Each number up to 8, and from there on four for each doubling, to 20000. */
#define FP_CURVE_POINTS 56

/* Of so many times one after the other the least is noted. */
#define FP_CURVE_LOW_OF 8

/* What was seen at one number. */
struct fp_curve_view {
	double n; /* answers */
	double level; /* requests under way, on average; 0: nothing was seen */
	double took_ns; /* an answer, on average */
	double low_ns; /* the least of eight, on average; 0: not seen */
};

struct fp_curve {
	struct fp_curve_point {
		float n, level, took_ns, low_ns;
	} points[FP_CURVE_POINTS];
	double scatter2; /* of a request's time, as a part of it; squared */
	double low2; /* the same of the least of eight, times eight */
	double uneven2; /* times that averages differ more; squared */
	unsigned n_odd; /* averages in a row that are unlike what is known */
	double odd2; /* how far off, in squared errors, the most of these */
	double n_scatter, n_low; /* answers that tell them */
	int64_t aged_ns;
};

void fp_curve_init(struct fp_curve *curve);

/* Adds what was seen until now. */
void fp_curve_add(struct fp_curve *curve, const struct fp_curve_view *seen,
	int64_t now_ns);

/* Notes how much times differ, where they do not depend on the number: their
 * variance, as a part of the squared average, from so many answers. */
void fp_curve_scatter(struct fp_curve *curve, double variance, double n);

/* The same of the least of each FP_CURVE_LOW_OF times: their variance, as a
 * part of the squared average of all. */
void fp_curve_low(struct fp_curve *curve, double variance, double n);

/* Whether answers take surely longer or shorter than they did with as many.
 * Notes how far off averages are, and how many in a row are so. */
bool fp_curve_is_odd(struct fp_curve *curve, const struct fp_curve_view *seen);

/* What is known of a number, or one next to it. */
struct fp_curve_view fp_curve_at(const struct fp_curve *curve, double level);

/* Forgets all numbers, but not how much times and averages differ. */
void fp_curve_forget(struct fp_curve *curve);

/* Answers in a nanosecond. */
double fp_curve_rate(const struct fp_curve_view *view);

/* The error of that, as a part of it; and squared. */
double fp_curve_error(
	const struct fp_curve *curve, const struct fp_curve_view *view);
double fp_curve_error2(
	const struct fp_curve *curve, const struct fp_curve_view *view);

/* The root of a number up to 1, as exactly as an error has to be. */
double fp_curve_root(double square);

/* The least number that gets nearly as much through as any up to `most`:
 * `share` of it; 0: nothing is known. */
double fp_curve_best(const struct fp_curve *curve, double most, double share);

#endif
