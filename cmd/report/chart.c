/* SPDX-License-Identifier: MIT */
/*
 * The picture is 1000 by 100 units, stretched over the room that there is;
 * lines keep their width. Values are drawn as steps, since each stands for a
 * stretch of time.
 */
#include "base.h"

#include "chart.h"

#include <stdio.h>

#define WIDTH 1000.0
#define HEIGHT 100.0
#define MARK_HEIGHT 4.0

/* On the axis of time. */
#define LABELS_MAX 6

/* The least of 1, 2, 5, 10, ... that is not less. */
static double
round_up(double value)
{
	static const double steps[] = {1, 1.5, 2, 3, 4, 5, 6, 8, 10};
	double power = 1e-6;

	if (!(value > 0) || value > 1e15)
		return value > 0 ? value : 1;
	while (power * 10 < value)
		power *= 10;
	for (size_t i = 0; i < FP_ARRAY_LEN(steps); i++) {
		if (steps[i] * power >= value * 0.9999)
			return steps[i] * power;
	}
	return power * 10;
}

static void
chart_label(struct fp_chart *chart, double value)
{
	char text[32];

	if (chart->y_is_time)
		fp_html_write_time(value, text);
	else if (value > 0 && value < 10 && value != (double)(int)value)
		snprintf(text, sizeof(text), "%.2g", value);
	else
		fp_html_write_count(value, text);
	fp_html_add(chart->html, "<span>%s</span>", text);
}

void
fp_chart_begin(struct fp_chart *chart)
{
	struct fp_html *html = chart->html;
	unsigned id = ++html->n_ids;

	chart->y_max = round_up(chart->y_max);
	fp_html_add(html,
		"<div class=\"plot%s\"><div class=\"y\" "
		"aria-hidden=\"true\">",
		chart->is_low ? " low" : "");
	chart_label(chart, chart->y_max);
	chart_label(chart, chart->y_max / 2);
	chart_label(chart, 0);
	fp_html_add(html,
		"</div><svg role=\"img\" aria-labelledby=\"c%u d%u\" viewBox="
		"\"0 0 1000 100\" preserveAspectRatio=\"none\"><title "
		"id=\"c%u\">%s</title><desc id=\"d%u\">%s</desc>"
		"<path class=\"grid\" d=\"M0 0H1000M0 50H1000M0 100H1000\"/>",
		id, id, id, chart->title, id, chart->what);
}

static double
chart_x(const struct fp_chart *chart, double x)
{
	double at = chart->x_max > 0 ? x / chart->x_max * WIDTH : 0;

	return FP_MIN(FP_MAX(at, 0), WIDTH);
}

static double
chart_y(const struct fp_chart *chart, double y)
{
	double at = HEIGHT - y / chart->y_max * HEIGHT;

	return FP_MIN(FP_MAX(at, 0), HEIGHT);
}

void
fp_chart_band(struct fp_chart *chart, double x, double x_end, const char *class)
{
	double left = chart_x(chart, x);
	double width = FP_MAX(chart_x(chart, x_end) - left, 1);

	fp_html_add(chart->html,
		"<rect class=\"%s\" x=\"%.1f\" y=\"0\" width=\"%.1f\" "
		"height=\"100\"/>",
		class, left, width);
}

void
fp_chart_mark(struct fp_chart *chart, double x, double x_end, bool is_lower,
	const char *class)
{
	double left = chart_x(chart, x);
	double width = FP_MAX(chart_x(chart, x_end) - left, 2);

	fp_html_add(chart->html,
		"<rect class=\"%s\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" "
		"height=\"%.0f\"/>",
		class, left, is_lower ? HEIGHT - MARK_HEIGHT : 0, width,
		MARK_HEIGHT);
}

/* Steps along the values, forwards, from a point that the path is at. */
static void
add_steps(struct fp_chart *chart, const double *xs, const double *ys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double end = i + 1 < n ? xs[i + 1] : chart->x_max;
		if (i > 0 && ys[i] == ys[i - 1]) {
			fp_html_add(chart->html, "H%.1f", chart_x(chart, end));
			continue;
		}
		fp_html_add(chart->html, "V%.1fH%.1f", chart_y(chart, ys[i]),
			chart_x(chart, end));
	}
}

static void
add_steps_back(
	struct fp_chart *chart, const double *xs, const double *ys, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		if (i + 1 == n || ys[i] != ys[i + 1])
			fp_html_add(
				chart->html, "V%.1f", chart_y(chart, ys[i]));
		fp_html_add(chart->html, "H%.1f", chart_x(chart, xs[i]));
	}
}

void
fp_chart_area(struct fp_chart *chart, const double *xs, const double *from,
	const double *to, size_t n, const char *class)
{
	if (n == 0)
		return;
	fp_html_add(chart->html, "<path class=\"%s\" d=\"M%.1f %.1f", class,
		chart_x(chart, xs[0]), chart_y(chart, from[0]));
	add_steps(chart, xs, to, n);
	add_steps_back(chart, xs, from, n);
	fp_html_add(chart->html, "Z\"/>");
}

void
fp_chart_line(struct fp_chart *chart, const double *xs, const double *ys,
	size_t n, const char *class)
{
	if (n == 0)
		return;
	fp_html_add(chart->html, "<path class=\"line %s\" d=\"M0 100", class);
	for (size_t i = 0; i < n; i++) {
		double end = i + 1 < n ? xs[i + 1] : chart->x_max;
		if (ys[i] < 0)
			continue;
		if (i == 0 || ys[i - 1] < 0)
			fp_html_add(chart->html, "M%.1f %.1f",
				chart_x(chart, xs[i]), chart_y(chart, ys[i]));
		else if (ys[i] != ys[i - 1])
			fp_html_add(
				chart->html, "V%.1f", chart_y(chart, ys[i]));
		fp_html_add(chart->html, "H%.1f", chart_x(chart, end));
	}
	fp_html_add(chart->html, "\"/>");
}

void
fp_chart_end_with(struct fp_chart *chart, const char *const *labels,
	const double *places, size_t n)
{
	struct fp_html *html = chart->html;

	fp_html_add(html, "</svg><div class=\"x\" aria-hidden=\"true\">");
	for (size_t i = 0; i < n; i++)
		fp_html_add(html, "<span style=\"left:%.1f%%\"%s>%s</span>",
			places[i] * 100,
			places[i] < 0.01   ? " class=\"first\""
			: places[i] > 0.99 ? " class=\"last\""
					   : "",
			labels[i]);
	fp_html_add(html, "</div></div>");
}

void
fp_chart_end(struct fp_chart *chart)
{
	char texts[LABELS_MAX][32];
	const char *labels[LABELS_MAX];
	double places[LABELS_MAX];
	double step = round_up(chart->x_max / (LABELS_MAX - 1));
	size_t n = 0;

	for (; n < LABELS_MAX && (double)n * step <= chart->x_max; n++) {
		places[n] =
			chart->x_max > 0 ? (double)n * step / chart->x_max : 0;
		fp_html_write_time((double)n * step, texts[n]);
		labels[n] = texts[n];
	}
	fp_chart_end_with(chart, labels, places, n);
}

void
fp_chart_bar(struct fp_html *html, const double *parts, size_t n, double whole,
	const char *prefix)
{
	double at = 0;

	fp_html_add(html, "<svg class=\"bar\" aria-hidden=\"true\" viewBox=\"0 "
			  "0 1000 10\" preserveAspectRatio=\"none\">");
	for (size_t i = 0; i < n && whole > 0; i++) {
		double width = parts[i] / whole * WIDTH;
		if (width >= 0.5)
			fp_html_add(html,
				"<rect class=\"%s%zu\" x=\"%.1f\" y=\"0\" "
				"width=\"%.1f\" height=\"10\"/>",
				prefix, i, at, FP_MIN(width, WIDTH - at));
		at += FP_MAX(width, 0);
		if (at >= WIDTH)
			break;
	}
	fp_html_add(html, "</svg>");
}
