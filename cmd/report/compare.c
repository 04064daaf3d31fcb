/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "compare.h"

#include "chart.h"
#include "page.h"
#include "pagelists.h"

#include <stdio.h>
#include <string.h>

/* So many are labelled on an axis of runs. */
#define RUN_LABELS 8

struct compared {
	const struct fp_jsonnode *const *runs;
	const char *const *names;
	size_t n;
};

/* A figure of a run: a member, or one of an object there. */
static double
run_figure(const struct fp_jsonnode *run, const char *object, const char *name)
{
	return fp_jsontree_number(
		object ? fp_jsontree_get(run, object) : run, name);
}

/* ---- all of them together ---- */

static void
sum_tile(struct fp_html *html, const struct compared *all, const char *name,
	const char *object, const char *member)
{
	double sum = 0;

	for (size_t i = 0; i < all->n; i++)
		sum += run_figure(all->runs[i], object, member);
	fp_html_add(html, "<div><dt>%s</dt><dd id=\"%s\">", name, member);
	if (strcmp(member, "bytes") == 0)
		fp_html_size(html, sum);
	else
		fp_html_count(html, sum);
	fp_html_add(html, "</dd></div>");
}

static void
compare_add_head(struct fp_html *html, const struct compared *all)
{
	const char *first = "", *last = "";

	for (size_t i = 0; i < all->n; i++) {
		const char *at = fp_jsontree_text(all->runs[i], "started");
		if (!first[0] || strcmp(at, first) < 0)
			first = at;
		if (strcmp(at, last) > 0)
			last = at;
	}
	fp_html_add(html,
		"<header><h1>fetchpool report: %zu runs</h1><p class=\"soft\">"
		"Begun from ",
		all->n);
	fp_html_text(html, first);
	fp_html_add(html, " to ");
	fp_html_text(html, last);
	fp_html_add(html, "</p></header>\n<dl class=\"tiles\">");
	sum_tile(html, all, "items read", NULL, "read");
	sum_tile(html, all, "succeeded", NULL, "succeeded");
	sum_tile(html, all, "failed", NULL, "failed");
	sum_tile(html, all, "not done", NULL, "not_done");
	sum_tile(html, all, "attempts", NULL, "attempts");
	sum_tile(html, all, "of these, retries", NULL, "retries");
	sum_tile(html, all, "bytes of bodies", NULL, "bytes");
	sum_tile(html, all, "pauses", "pauses", "count");
	fp_html_add(html, "</dl>\n");
}

/* ---- charts with a place for each run ---- */

static void
end_run_chart(struct fp_chart *chart, size_t n)
{
	char texts[RUN_LABELS][32];
	const char *labels[RUN_LABELS];
	double places[RUN_LABELS];
	size_t step = (n + RUN_LABELS - 1) / RUN_LABELS, n_labels = 0;

	for (size_t i = 0; i < n && n_labels < RUN_LABELS; i += step) {
		snprintf(texts[n_labels], sizeof(texts[0]), "%zu", i + 1);
		labels[n_labels] = texts[n_labels];
		places[n_labels++] = ((double)i + 0.5) / (double)n;
	}
	fp_chart_end_with(chart, labels, places, n_labels);
}

static void
run_xs(double xs[FP_CHART_POINTS], size_t n)
{
	for (size_t i = 0; i < n; i++)
		xs[i] = (double)i;
}

static void
figure_chart(struct fp_html *html, const struct compared *all,
	const char *title, const char *member, bool is_time)
{
	double xs[FP_CHART_POINTS], ys[FP_CHART_POINTS],
		zeros[FP_CHART_POINTS] = {0};
	struct fp_chart chart = {.html = html,
		.title = title,
		.x_max = (double)all->n,
		.y_is_time = is_time,
		.is_low = true};

	run_xs(xs, all->n);
	for (size_t i = 0; i < all->n; i++) {
		ys[i] = run_figure(all->runs[i], NULL, member);
		chart.y_max = FP_MAX(chart.y_max, ys[i]);
	}
	snprintf(chart.what, sizeof(chart.what),
		"One value for each of %zu runs; they are in the table.",
		all->n);
	fp_html_add(html, "<figure><figcaption>%s</figcaption>", title);
	fp_chart_begin(&chart);
	fp_chart_area(&chart, xs, zeros, ys, all->n, "fill");
	fp_chart_line(&chart, xs, ys, all->n, "main");
	end_run_chart(&chart, all->n);
	fp_html_add(html, "</figure>\n");
}

static void
times_chart(struct fp_html *html, const struct compared *all)
{
	double xs[FP_CHART_POINTS], p50[FP_CHART_POINTS], p99[FP_CHART_POINTS];
	struct fp_chart chart = {.html = html,
		.title = "Time of an item, by run",
		.x_max = (double)all->n,
		.y_is_time = true,
		.is_low = true};

	run_xs(xs, all->n);
	for (size_t i = 0; i < all->n; i++) {
		p50[i] = run_figure(all->runs[i], "fetch_time", "p50");
		p99[i] = run_figure(all->runs[i], "fetch_time", "p99");
		chart.y_max = FP_MAX(chart.y_max, FP_MAX(p50[i], p99[i]));
	}
	snprintf(chart.what, sizeof(chart.what),
		"The median and the 99th percentile of each of %zu runs; they "
		"are in the table.",
		all->n);
	fp_html_add(html, "<figure><figcaption>Time of an item (solid: median, "
			  "dashed: 99th percentile)</figcaption>");
	fp_chart_begin(&chart);
	fp_chart_line(&chart, xs, p99, all->n, "second");
	fp_chart_line(&chart, xs, p50, all->n, "main");
	end_run_chart(&chart, all->n);
	fp_html_add(html, "</figure>\n");
}

/* Of each run all is as high: parts are what is compared. */
static void
compare_add_uses(struct fp_html *html, const struct compared *all)
{
	double xs[FP_CHART_POINTS], from[FP_CHART_POINTS] = {0},
				    to[FP_CHART_POINTS];
	double sums[FP_PAGE_USES] = {0}, uses[FP_PAGE_USES], whole = 0;
	struct fp_chart chart = {.html = html,
		.title = "Where the time of all jobs went, by run",
		.x_max = (double)all->n,
		.y_max = 100};

	run_xs(xs, all->n);
	for (size_t i = 0; i < all->n; i++) {
		whole += fp_page_uses(all->runs[i], uses);
		for (size_t k = 0; k < FP_PAGE_USES; k++)
			sums[k] += uses[k];
	}
	snprintf(chart.what, sizeof(chart.what),
		"Percent of the time of each of %zu runs.", all->n);
	fp_html_add(html, "<figure class=\"wide\"><figcaption>Where the time "
			  "of all jobs went, percent by run</figcaption>");
	fp_page_legend(html, sums, whole);
	fp_chart_begin(&chart);
	for (size_t k = 0; k < FP_PAGE_USES; k++) {
		char class[8];
		if (!(sums[k] > 0))
			continue;
		for (size_t i = 0; i < all->n; i++) {
			double sum = fp_page_uses(all->runs[i], uses);
			to[i] = from[i] + (sum > 0 ? uses[k] / sum * 100 : 0);
		}
		snprintf(class, sizeof(class), "u%zu", k);
		fp_chart_area(&chart, xs, from, to, all->n, class);
		memcpy(from, to, all->n * sizeof(to[0]));
	}
	end_run_chart(&chart, all->n);
	fp_html_add(html, "</figure>\n");
}

/* ---- the table ---- */

static void
add_run_row(struct fp_html *html, const struct compared *all, size_t i)
{
	const struct fp_jsonnode *run = all->runs[i];
	double uses[FP_PAGE_USES];
	double whole = fp_page_uses(run, uses);

	fp_html_add(
		html, "<tr><td class=\"n\">%zu</td><td class=\"long\">", i + 1);
	fp_html_text(html, all->names[i]);
	fp_html_add(html, "</td><td class=\"n\">");
	fp_html_text(html, fp_jsontree_text(run, "started"));
	fp_html_add(html, "</td>");
	fp_pagelists_time_cell(html, run_figure(run, NULL, "seconds"));
	fp_pagelists_count_cell(html, run_figure(run, NULL, "read"));
	fp_pagelists_count_cell(html, run_figure(run, NULL, "failed"));
	fp_pagelists_count_cell(html, run_figure(run, NULL, "not_done"));
	fp_html_add(html, "<td class=\"n\">%.1f</td>",
		run_figure(run, NULL, "items_per_second"));
	fp_pagelists_time_cell(html, run_figure(run, "fetch_time", "p50"));
	fp_pagelists_time_cell(html, run_figure(run, "fetch_time", "p99"));
	fp_pagelists_count_cell(html, run_figure(run, "pauses", "count"));
	fp_html_add(html, "<td class=\"phases\">");
	fp_chart_bar(html, uses, FP_PAGE_USES, whole, "u");
	fp_html_add(html, "</td><td class=\"long\">");
	fp_html_sentence(
		html, fp_jsontree_text(
			      fp_jsontree_get(run, "held_back"), "sentence"));
	fp_html_add(html, "</td></tr>");
}

static void
compare_add_table(
	struct fp_html *html, const struct compared *all, size_t n_rows)
{
	size_t n = FP_MIN(all->n, n_rows * 8);

	fp_html_add(html,
		"<section><h2>Runs</h2><div class=\"scroll\" role=\"region\" "
		"aria-label=\"Runs\" tabindex=\"0\"><table id=\"runs\"><thead>"
		"<tr><th class=\"n\">run</th><th>file</th><th class=\"n\">began</th><th "
		"class=\"n\">took</th><th class=\"n\">items</th><th "
		"class=\"n\">failed</th><th class=\"n\">not done</th><th "
		"class=\"n\">a second</th><th class=\"n\">median</th><th "
		"class=\"n\">99&nbsp;%%</th><th class=\"n\">pauses</th><th>"
		"time of its jobs</th><th>what held it back</th></tr></thead>"
		"<tbody>");
	for (size_t i = 0; i < n; i++)
		add_run_row(html, all, i);
	fp_html_add(html, "</tbody></table></div>");
	if (n < all->n)
		fp_html_add(html, "<p class=\"soft\">And %zu more.</p>",
			all->n - n);
	fp_html_add(html, "</section>\n");
}

static void
compare_write(struct fp_html *html, const void *arg, size_t n_rows)
{
	const struct compared *all = arg;

	fp_page_begin(html, "fetchpool report of several runs");
	compare_add_head(html, all);
	fp_html_add(html, "<section class=\"charts\">\n");
	figure_chart(
		html, all, "Items a second, by run", "items_per_second", false);
	figure_chart(html, all, "How long it took, by run", "seconds", true);
	times_chart(html, all);
	figure_chart(html, all, "Items that failed, by run", "failed", false);
	compare_add_uses(html, all);
	fp_html_add(html, "</section>\n");
	compare_add_table(html, all, n_rows);
	fp_page_end(html);
}

int
fp_compare_write(struct fp_buf *text, const struct fp_jsonnode *const *runs,
	const char *const *names, size_t n)
{
	struct compared all = {runs, names, n};

	return fp_page_fit(text, compare_write, &all);
}
