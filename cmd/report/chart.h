/* SPDX-License-Identifier: MIT */
/*
 * chart: SVG that is drawn as wide as there is room, with its words beside it
 * as HTML, so that they can be read at any width.
 *
 * Threads: none.
 * Ownership: the page is the caller's.
 * Failure: the page remembers it.
 */
#ifndef FP_CHART_H
#define FP_CHART_H

#include "base.h"

#include "html.h"

#define FP_CHART_POINTS 512

struct fp_chart {
	struct fp_html *html;
	const char *title; /* ours */
	char what[200]; /* what it shows, for whoever cannot see it; ours */
	double x_max, y_max; /* where its axes end; they begin at 0 */
	bool y_is_time; /* or a count */
	bool is_low; /* half as high */
};

/* Up to the first shape. y_max becomes a round number. */
void fp_chart_begin(struct fp_chart *chart);

/* Shapes. A band goes from top to bottom, a mark is on its lower or upper edge,
 * an area lies between two lines of n values; each value begins at its x, and
 * the last ends where the axis does; where a line has less than 0 it has a gap.
 * `class` is how CSS knows it. */
void fp_chart_band(
	struct fp_chart *chart, double x, double x_end, const char *class);
void fp_chart_mark(struct fp_chart *chart, double x, double x_end,
	bool is_lower, const char *class);
void fp_chart_area(struct fp_chart *chart, const double *xs, const double *from,
	const double *to, size_t n, const char *class);
void fp_chart_line(struct fp_chart *chart, const double *xs, const double *ys,
	size_t n, const char *class);

/* The rest, with a time axis; or with labels at these places (0 .. 1). */
void fp_chart_end(struct fp_chart *chart);
void fp_chart_end_with(struct fp_chart *chart, const char *const *labels,
	const double *places, size_t n);

/* A bar of parts of a whole, each with its class, "u0", "u1", ... by its place;
 * hidden from screen readers, as there are words beside it. */
void fp_chart_bar(struct fp_html *html, const double *parts, size_t n,
	double whole, const char *prefix);

#endif
