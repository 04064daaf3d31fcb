/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "page.h"

#include "chart.h"
#include "moments.h"
#include "pagelists.h"
#include "pagestyle.h"
#include "timeline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHART_POINTS 200
#define TABLE_POINTS 60
#define ROWS_MAX 60
#define FOUND_CHARTS 5
#define TEXT_MAX 240

static const char *const page_words[FP_USE_COUNT] = {
	[FP_USE_LOOKUP] = "look-up",
	[FP_USE_CONNECT] = "connect",
	[FP_USE_TLS] = "TLS",
	[FP_USE_ANSWER] = "waiting for the first byte",
	[FP_USE_BODY] = "reading",
	[FP_USE_DELAY] = "--delay",
	[FP_USE_FULL] = "body waits for memory",
	[FP_USE_INPUT] = "idle: no input",
	[FP_USE_OUTPUT] = "idle: slow output",
	[FP_USE_JOURNAL] = "idle: slow journal",
	[FP_USE_ORDER] = "idle: --keep-order",
	[FP_USE_RATE] = "idle: --rate",
	[FP_USE_HOST_RATE] = "idle: --host-rate",
	[FP_USE_LEARNED] = "idle: rate learned from a server",
	[FP_USE_HOST_JOBS] = "idle: limit for one server",
	[FP_USE_PAUSE] = "idle: paused by a server",
	[FP_USE_RETRY] = "idle: until the next attempt",
	[FP_USE_SILENT] = "idle: server not reached",
	[FP_USE_NAME] = "idle: name looked up",
	[FP_USE_MEMORY] = "idle: --max-memory",
	[FP_USE_TOKEN] = "idle: --token-command",
	[FP_USE_END] = "idle: nothing left",
	[FP_USE_BETWEEN] = "between two items",
};

_Static_assert(FP_PAGE_USES == FP_USE_COUNT, "the uses of a job's time");

/* ---- what pages have in common ---- */

const char *
fp_page_use(size_t use)
{
	return page_words[use];
}

double
fp_page_uses(const struct fp_jsonnode *stats, double uses[FP_PAGE_USES])
{
	const struct fp_jsonnode *spent = fp_jsontree_get(stats, "time");
	const struct fp_jsonnode *busy = fp_jsontree_get(spent, "busy");
	const struct fp_jsonnode *idle = fp_jsontree_get(spent, "idle");
	double sum = 0;

	for (size_t i = 0; i < FP_PAGE_USES; i++) {
		uses[i] =
			fp_jsontree_number(i < FP_USE_BUSY_COUNT ? busy : idle,
				fp_timeline_name((enum fp_use)i));
		uses[i] = uses[i] > 0 && uses[i] < 1e15 ? uses[i] : 0;
		sum += uses[i];
	}
	return sum;
}

void
fp_page_begin(struct fp_html *html, const char *title)
{
	for (size_t i = 0; fp_pagestyle_head[i]; i++)
		fp_html_add(html, "%s", fp_pagestyle_head[i]);
	fp_html_add(html, "<title>%s</title></head>\n<body>\n<main>\n", title);
}

void
fp_page_end(struct fp_html *html)
{
	fp_html_add(html, "</main>\n</body></html>\n");
}

void
fp_page_legend(
	struct fp_html *html, const double uses[FP_PAGE_USES], double whole)
{
	fp_html_add(html, "<ul class=\"legend\">");
	for (size_t i = 0; i < FP_PAGE_USES; i++) {
		if (!(uses[i] > 0.0005 * whole))
			continue;
		fp_html_add(html,
			"<li><svg class=\"swatch\" aria-hidden=\"true\" "
			"viewBox=\"0 0 10 10\"><rect class=\"u%zu\" "
			"width=\"10\" height=\"10\"/></svg>%s %.1f&nbsp;%%"
			"</li>",
			i, page_words[i], uses[i] / whole * 100);
	}
	fp_html_add(html, "</ul>");
}

int
fp_page_fit(struct fp_buf *text,
	void (*write)(struct fp_html *html, const void *arg, size_t n_rows),
	const void *arg)
{
	size_t before = text->len, n_rows = ROWS_MAX, text_max = TEXT_MAX;

	for (;;) {
		struct fp_html html = {.text = text, .text_max = text_max};
		write(&html, arg, n_rows);
		if (html.has_failed) {
			errno = ENOMEM;
			return -1;
		}
		if (text->len - before <= FP_PAGE_MAX || n_rows <= 1)
			return 0;
		n_rows /= 2;
		text_max = FP_MAX(text_max / 2, 16);
		text->len = before;
	}
}

/* ---- in figures ---- */

static void
begin_tile(struct fp_html *html, const char *name, const char *id)
{
	fp_html_add(html, "<div><dt>%s</dt><dd id=\"%s\">", name, id);
}

static void
end_tile(struct fp_html *html)
{
	fp_html_add(html, "</dd></div>");
}

static void
add_count_tile(struct fp_html *html, const struct fp_jsonnode *stats,
	const char *name, const char *member)
{
	begin_tile(html, name, member);
	fp_html_count(html, fp_jsontree_number(stats, member));
	end_tile(html);
}

static void
add_time_tile(struct fp_html *html, const struct fp_jsonnode *stats,
	const char *name, const char *member)
{
	begin_tile(html, name, member);
	fp_html_time(html, fp_jsontree_number(stats, member));
	end_tile(html);
}

static void
page_add_tiles(struct fp_html *html, const struct fp_jsonnode *stats)
{
	const struct fp_jsonnode *times = fp_jsontree_get(stats, "fetch_time");
	const struct fp_jsonnode *pauses = fp_jsontree_get(stats, "pauses");

	fp_html_add(html, "<dl class=\"tiles\">");
	add_count_tile(html, stats, "items read", "read");
	add_count_tile(html, stats, "succeeded", "succeeded");
	add_count_tile(html, stats, "failed", "failed");
	add_count_tile(html, stats, "not done", "not_done");
	add_time_tile(html, stats, "took", "seconds");
	begin_tile(html, "items a second", "items_per_second");
	fp_html_add(
		html, "%.1f", fp_jsontree_number(stats, "items_per_second"));
	end_tile(html);
	add_count_tile(html, stats, "attempts", "attempts");
	add_count_tile(html, stats, "of these, retries", "retries");
	begin_tile(html, "bytes of bodies", "bytes");
	fp_html_size(html, fp_jsontree_number(stats, "bytes"));
	end_tile(html);
	add_count_tile(html, stats, "jobs", "jobs");
	if (times && times->type == FP_JSONTREE_OBJECT) {
		add_time_tile(html, times, "median time", "p50");
		add_time_tile(html, times, "99 of 100 within", "p99");
	}
	begin_tile(html, "pauses", "pauses");
	fp_html_count(html, fp_jsontree_number(pauses, "count"));
	end_tile(html);
	fp_html_add(html, "</dl>\n");
}

/* "It was stopped by SIGINT." */
static void
page_add_head(struct fp_html *html, const struct fp_jsonnode *stats)
{
	const struct fp_jsonnode *held = fp_jsontree_get(stats, "held_back");
	const char *by = fp_jsontree_text(stats, "stopped_by");

	fp_html_add(html, "<header><h1>fetchpool report</h1>"
			  "<p class=\"soft\">Began <time id=\"started\">");
	fp_html_text(html, fp_jsontree_text(stats, "started"));
	fp_html_add(html, "</time>, took ");
	fp_html_time(html, fp_jsontree_number(stats, "seconds"));
	fp_html_add(html, ", exit status %.0f",
		fp_jsontree_number(stats, "exit_status"));
	if (by[0]) {
		fp_html_add(html, ", <strong id=\"stopped\">stopped by ");
		fp_html_text(html, by);
		fp_html_add(html, "</strong>");
	}
	fp_html_add(html, "</p></header>\n<section class=\"said\"><h2>What "
			  "held it back</h2><p id=\"sentence\">");
	fp_html_sentence(html, fp_jsontree_text(held, "sentence"));
	fp_html_add(html, "</p></section>\n");
}

/* ---- tables of moments ---- */

static void
begin_table(struct fp_html *html, const char *summary, const char *caption)
{
	fp_html_add(html,
		"<details><summary>%s</summary><div class=\"scroll\" "
		"role=\"region\" aria-label=\"%s\" tabindex=\"0\"><table>"
		"<caption>%s</caption>",
		summary, summary, caption);
}

static void
end_table(struct fp_html *html)
{
	fp_html_add(html, "</tbody></table></div></details>");
}

static void
begin_row(struct fp_html *html, const struct fp_moments *moments, size_t i)
{
	fp_html_add(html, "<tr><td class=\"n\">");
	fp_html_time(html, (double)i * moments->width);
	fp_html_add(html, "</td>");
}

static double
busy_at(const struct fp_moments *moments, size_t i)
{
	double busy = 0;

	for (int use = 0; use < FP_USE_BUSY_COUNT; use++)
		busy += fp_moments_at(
			moments, i, fp_timeline_name((enum fp_use)use));
	return busy / fp_moments_length(moments, i);
}

/* ---- charts of moments ---- */

static void
xs_of(const struct fp_moments *moments, double xs[FP_CHART_POINTS])
{
	for (size_t i = 0; i < moments->n; i++)
		xs[i] = (double)i * moments->width;
}

static void
add_pause_bands(struct fp_chart *chart, const struct fp_jsonnode *stats)
{
	const struct fp_jsonnode *pauses =
		fp_jsontree_get(fp_jsontree_get(stats, "pauses"), "first");
	const struct fp_jsonnode *at = pauses ? pauses->first : NULL;

	for (int i = 0; at && i < 100; i++, at = at->next) {
		double from = fp_jsontree_number(at, "at");
		fp_chart_band(chart, from,
			from + fp_jsontree_number(at, "seconds"), "pause");
	}
}

static void
add_marks(struct fp_chart *chart, const struct fp_moments *moments,
	const char *column, bool is_lower, const char *class)
{
	for (size_t i = 0; i < moments->n; i++) {
		double x = (double)i * moments->width;
		if (fp_moments_at(moments, i, column) > 0)
			fp_chart_mark(
				chart, x, x + moments->width, is_lower, class);
	}
}

static void
throughput_chart(struct fp_html *html, const struct fp_jsonnode *stats,
	const struct fp_moments *moments)
{
	double xs[FP_CHART_POINTS], ys[FP_CHART_POINTS],
		zeros[FP_CHART_POINTS] = {0};
	struct fp_chart chart = {.html = html,
		.title = "Throughput: items a second over time",
		.x_max = moments->seconds};

	xs_of(moments, xs);
	for (size_t i = 0; i < moments->n; i++) {
		ys[i] = fp_moments_at(moments, i, "done") /
			fp_moments_length(moments, i);
		chart.y_max = FP_MAX(chart.y_max, ys[i]);
	}
	snprintf(chart.what, sizeof(chart.what),
		"On average %.1f items a second, at most %.1f; %.0f failed, "
		"%.0f attempts were retried, %.0f pauses.",
		fp_jsontree_number(stats, "items_per_second"), chart.y_max,
		fp_jsontree_number(stats, "failed"),
		fp_jsontree_number(stats, "retries"),
		fp_jsontree_number(fp_jsontree_get(stats, "pauses"), "count"));
	fp_chart_begin(&chart);
	add_pause_bands(&chart, stats);
	fp_chart_area(&chart, xs, zeros, ys, moments->n, "fill");
	fp_chart_line(&chart, xs, ys, moments->n, "main");
	add_marks(&chart, moments, "failed", true, "bad");
	add_marks(&chart, moments, "retried", false, "again");
	fp_chart_end(&chart);
}

static void
jobs_chart(struct fp_html *html, const struct fp_jsonnode *stats,
	const struct fp_moments *moments)
{
	double xs[FP_CHART_POINTS], ys[FP_CHART_POINTS],
		zeros[FP_CHART_POINTS] = {0};
	struct fp_chart chart = {.html = html,
		.title = "Jobs in flight over time",
		.x_max = moments->seconds,
		.y_max = fp_jsontree_number(stats, "jobs"),
		.is_low = true};
	double sum = 0;

	xs_of(moments, xs);
	for (size_t i = 0; i < moments->n; i++) {
		ys[i] = busy_at(moments, i);
		sum += ys[i] * fp_moments_length(moments, i);
	}
	snprintf(chart.what, sizeof(chart.what),
		"On average %.1f of %.0f jobs were busy.",
		sum / FP_MAX(moments->seconds, 1e-9),
		fp_jsontree_number(stats, "jobs"));
	fp_chart_begin(&chart);
	add_pause_bands(&chart, stats);
	fp_chart_area(&chart, xs, zeros, ys, moments->n, "fill");
	fp_chart_line(&chart, xs, ys, moments->n, "main");
	fp_chart_end(&chart);
}

static void
throughput_table(struct fp_html *html, const struct fp_moments *moments)
{
	begin_table(html, "Throughput and jobs as a table",
		"Items that ended, attempts that were retried, pauses that "
		"began, and jobs in flight on average, from each moment on.");
	fp_html_add(html,
		"<thead><tr><th class=\"n\">from</th><th class=\"n\">done</th>"
		"<th class=\"n\">a second</th><th class=\"n\">failed</th><th "
		"class=\"n\">retried</th><th class=\"n\">pauses</th><th "
		"class=\"n\">jobs</th></tr></thead><tbody>");
	for (size_t i = 0; i < moments->n; i++) {
		double done = fp_moments_at(moments, i, "done");
		begin_row(html, moments, i);
		fp_pagelists_count_cell(html, done);
		fp_html_add(html, "<td class=\"n\">%.1f</td>",
			done / fp_moments_length(moments, i));
		fp_pagelists_count_cell(
			html, fp_moments_at(moments, i, "failed"));
		fp_pagelists_count_cell(
			html, fp_moments_at(moments, i, "retried"));
		fp_pagelists_count_cell(
			html, fp_moments_at(moments, i, "paused"));
		fp_html_add(html, "<td class=\"n\">%.1f</td></tr>",
			busy_at(moments, i));
	}
	end_table(html);
}

/* A shape that stands for something. */
static void
add_key(struct fp_html *html, const char *class, const char *what)
{
	fp_html_add(html,
		"<li><svg class=\"swatch\" aria-hidden=\"true\" viewBox=\"0 0 "
		"10 10\"><rect class=\"%s\" width=\"10\" height=\"10\"/></svg>"
		"%s</li>",
		class, what);
}

/* How many at once were found for a server. */
static void
found_chart(struct fp_html *html, const struct fp_jsonnode *server,
	const struct fp_jsonnode *found, double seconds)
{
	double xs[FP_CHART_POINTS], ys[FP_CHART_POINTS];
	struct fp_chart chart = {.html = html,
		.title = "Jobs found for a server over time",
		.x_max = seconds,
		.is_low = true};
	size_t n = 0;

	for (const struct fp_jsonnode *at = found->first;
		at && n < FP_CHART_POINTS; at = at->next, n++) {
		xs[n] = FP_MIN(fp_jsontree_number(at, "at"), seconds);
		ys[n] = fp_jsontree_number(at, "jobs");
		chart.y_max = FP_MAX(chart.y_max, ys[n]);
	}
	snprintf(chart.what, sizeof(chart.what),
		"From %.0f jobs at the beginning to %.0f at the end.", ys[0],
		ys[n - 1]);
	fp_html_add(html, "<p><strong>Jobs found for ");
	fp_html_text(html, fp_jsontree_text(server, "server"));
	fp_html_add(html, "</strong></p>");
	fp_chart_begin(&chart);
	fp_chart_line(&chart, xs, ys, n, "main");
	fp_chart_end(&chart);
}

/* Of the busiest servers. */
static void
found_charts(
	struct fp_html *html, const struct fp_jsonnode *stats, double seconds)
{
	const struct fp_jsonnode *servers = fp_jsontree_get(stats, "servers");
	const struct fp_jsonnode *at = servers ? servers->first : NULL;

	for (int n = 0; at && n < FOUND_CHARTS; at = at->next) {
		const struct fp_jsonnode *found =
			fp_jsontree_get(at, "found_jobs");
		if (!found || !found->first)
			continue;
		found_chart(html, at, found, seconds);
		n++;
	}
}

static void
page_add_throughput(struct fp_html *html, const struct fp_jsonnode *stats,
	const struct fp_moments *fine, const struct fp_moments *coarse)
{
	fp_html_add(html, "<figure class=\"wide\"><figcaption>Throughput, "
			  "items a second</figcaption>");
	throughput_chart(html, stats, fine);
	fp_html_add(html, "<p><strong>Jobs in flight</strong></p>");
	jobs_chart(html, stats, fine);
	found_charts(html, stats, fine->seconds);
	fp_html_add(html, "<ul class=\"legend\">");
	add_key(html, "pause", "a server wanted a pause");
	add_key(html, "again", "attempts retried (upper edge)");
	add_key(html, "bad", "items failed (lower edge)");
	fp_html_add(html, "</ul>");
	throughput_table(html, coarse);
	fp_html_add(html, "</figure>\n");
}

/* ---- where the time went ---- */

static void
uses_chart(struct fp_html *html, const struct fp_moments *moments, double jobs,
	const double uses[FP_PAGE_USES], double whole)
{
	double xs[FP_CHART_POINTS], from[FP_CHART_POINTS] = {0};
	double to[FP_CHART_POINTS];
	struct fp_chart chart = {.html = html,
		.title = "Where the time of all jobs went, over time",
		.x_max = moments->seconds,
		.y_max = jobs};
	size_t most = 0;

	for (size_t use = 0; use < FP_PAGE_USES; use++)
		most = uses[use] > uses[most] ? use : most;
	snprintf(chart.what, sizeof(chart.what), "Most of it: %s, %.0f %%.",
		page_words[most], uses[most] / FP_MAX(whole, 1e-9) * 100);
	fp_chart_begin(&chart);
	xs_of(moments, xs);
	for (size_t use = 0; use < FP_PAGE_USES; use++) {
		const char *name = fp_timeline_name((enum fp_use)use);
		char class[8];
		if (!(uses[use] > 0))
			continue;
		for (size_t i = 0; i < moments->n; i++)
			to[i] = from[i] + fp_moments_at(moments, i, name) /
						  fp_moments_length(moments, i);
		snprintf(class, sizeof(class), "u%zu", use);
		fp_chart_area(&chart, xs, from, to, moments->n, class);
		memcpy(from, to, moments->n * sizeof(to[0]));
	}
	fp_chart_end(&chart);
}

static void
uses_table(struct fp_html *html, const struct fp_moments *moments,
	const double uses[FP_PAGE_USES], double whole)
{
	begin_table(html, "Where the time went, as a table",
		"Seconds of all jobs, in all and from each moment on.");
	fp_html_add(html, "<thead><tr><th class=\"n\">from</th>");
	for (size_t use = 0; use < FP_PAGE_USES; use++) {
		if (uses[use] > 0.0005 * whole)
			fp_html_add(html, "<th class=\"n\">%s</th>",
				page_words[use]);
	}
	fp_html_add(html, "</tr></thead><tbody><tr id=\"uses\"><th>all</th>");
	for (size_t use = 0; use < FP_PAGE_USES; use++) {
		if (uses[use] > 0.0005 * whole)
			fp_pagelists_time_cell(html, uses[use]);
	}
	fp_html_add(html, "</tr>");
	for (size_t i = 0; i < moments->n; i++) {
		begin_row(html, moments, i);
		for (size_t use = 0; use < FP_PAGE_USES; use++) {
			const char *name = fp_timeline_name((enum fp_use)use);
			if (uses[use] > 0.0005 * whole)
				fp_html_add(html, "<td class=\"n\">%.3g</td>",
					fp_moments_at(moments, i, name));
		}
		fp_html_add(html, "</tr>");
	}
	end_table(html);
}

static void
page_add_uses(struct fp_html *html, const struct fp_jsonnode *stats,
	const struct fp_moments *fine, const struct fp_moments *coarse)
{
	double uses[FP_PAGE_USES];
	double whole = fp_page_uses(stats, uses);

	fp_html_add(html, "<figure class=\"wide\"><figcaption>Where the time "
			  "of all jobs went</figcaption>");
	fp_chart_bar(html, uses, FP_PAGE_USES, whole, "u");
	fp_page_legend(html, uses, whole);
	uses_chart(html, fine, fp_jsontree_number(stats, "jobs"), uses, whole);
	uses_table(html, coarse, uses, whole);
	fp_html_add(html, "</figure>\n");
}

/* ---- how long requests took ---- */

static void
latency_chart(struct fp_html *html, const struct fp_moments *moments)
{
	double xs[FP_CHART_POINTS], p50[FP_CHART_POINTS], p99[FP_CHART_POINTS];
	char most[32];
	struct fp_chart chart = {.html = html,
		.title = "How long requests took, over time",
		.x_max = moments->seconds,
		.y_is_time = true};

	xs_of(moments, xs);
	for (size_t i = 0; i < moments->n; i++) {
		p50[i] = fp_moments_at(moments, i, "p50");
		p99[i] = fp_moments_at(moments, i, "p99");
		chart.y_max = FP_MAX(chart.y_max, FP_MAX(p50[i], p99[i]));
		if (p99[i] <= 0)
			p50[i] = p99[i] = -1; /* none ended then */
	}
	fp_html_write_time(chart.y_max, most);
	snprintf(chart.what, sizeof(chart.what),
		"The median and the 99th percentile of the requests that ended "
		"at each moment; at most %s.",
		most);
	fp_chart_begin(&chart);
	fp_chart_line(&chart, xs, p99, moments->n, "second");
	fp_chart_line(&chart, xs, p50, moments->n, "main");
	fp_chart_end(&chart);
}

static void
page_add_latency(struct fp_html *html, const struct fp_moments *fine,
	const struct fp_moments *coarse)
{
	fp_html_add(html, "<figure><figcaption>Time of a request, over time"
			  "</figcaption>");
	latency_chart(html, fine);
	fp_html_add(html, "<p class=\"soft\">Solid: median. Dashed: 99th "
			  "percentile.</p>");
	begin_table(html, "Time of a request, as a table",
		"Of the requests that ended from each moment on.");
	fp_html_add(html, "<thead><tr><th class=\"n\">from</th><th "
			  "class=\"n\">median</th><th class=\"n\">99th "
			  "percentile</th></tr></thead><tbody>");
	for (size_t i = 0; i < coarse->n; i++) {
		begin_row(html, coarse, i);
		fp_pagelists_time_cell(html, fp_moments_at(coarse, i, "p50"));
		fp_pagelists_time_cell(html, fp_moments_at(coarse, i, "p99"));
		fp_html_add(html, "</tr>");
	}
	end_table(html);
	fp_html_add(html, "</figure>\n");
}

/* Percentiles are drawn so that each further nine is as far as the one before:
 * x is how many nines, from 0 on. */
struct curve {
	double nines_max;
	double xs[FP_CHART_POINTS], ys[FP_CHART_POINTS];
	size_t n;
};

/* How often 1 can be divided by 10 until it is no more than that. */
static double
nines_of(double part_over)
{
	double nines = 0;

	while (part_over < 0.1 && nines < 9) {
		part_over *= 10;
		nines++;
	}
	/* Between two powers a straight line is near enough: 1 .. 0.1. */
	return nines + (1 - part_over) / 0.9;
}

static void
read_curve(const struct fp_jsonnode *times, struct curve *curve)
{
	const struct fp_jsonnode *buckets = fp_jsontree_get(times, "buckets");
	double count = fp_jsontree_number(times, "count"), seen = 0;
	size_t n = buckets ? buckets->n : 0, i = 0;
	size_t each = (n + CHART_POINTS - 1) / CHART_POINTS;

	*curve = (struct curve){.nines_max = 1};
	if (!(count > 0) || n == 0)
		return;
	curve->nines_max = FP_MAX(nines_of(1 / FP_MAX(count, 10)), 1);
	for (const struct fp_jsonnode *at = buckets->first; at; at = at->next) {
		const struct fp_jsonnode *time = at->first;
		double n_here = time && time->next ? time->next->number : 0;
		bool is_shown = i++ % each == 0 || i == n;
		if (is_shown && time && curve->n < FP_CHART_POINTS) {
			double over = FP_MAX(1 - seen / count, 0);
			curve->xs[curve->n] =
				FP_MIN(nines_of(over), curve->nines_max);
			curve->ys[curve->n++] = time->number;
		}
		seen += n_here;
	}
}

static void
percentile_chart(struct fp_html *html, const struct fp_jsonnode *times)
{
	static const char *const names[] = {
		"0", "50", "90", "99", "99.9", "99.99", "99.999"};
	static const double parts[] = {1, 0.5, 0.1, 0.01, 0.001, 1e-4, 1e-5};
	double places[FP_ARRAY_LEN(parts)];
	size_t n = 0;
	struct curve curve;
	struct fp_chart chart = {.html = html,
		.title = "Time of an item, by percentile",
		.y_is_time = true,
		.y_max = fp_jsontree_number(times, "max")};
	char p50[32], p99[32], max[32];

	read_curve(times, &curve);
	chart.x_max = curve.nines_max;
	fp_html_write_time(fp_jsontree_number(times, "p50"), p50);
	fp_html_write_time(fp_jsontree_number(times, "p99"), p99);
	fp_html_write_time(chart.y_max, max);
	snprintf(chart.what, sizeof(chart.what),
		"Half of the items took no more than %s, 99 of 100 no more "
		"than %s, and none more than %s.",
		p50, p99, max);
	fp_chart_begin(&chart);
	fp_chart_line(&chart, curve.xs, curve.ys, curve.n, "main");
	for (size_t i = 0; i < FP_ARRAY_LEN(parts); i++) {
		places[i] = nines_of(parts[i]) / curve.nines_max;
		if (places[i] <= 1)
			n = i + 1;
	}
	fp_chart_end_with(&chart, names, places, n);
}

static void
page_add_percentiles(struct fp_html *html, const struct fp_jsonnode *stats)
{
	static const char *const names[][2] = {{"min", "shortest"},
		{"p50", "50 (median)"}, {"p90", "90"}, {"p99", "99"},
		{"max", "100 (longest)"}, {"mean", "mean"}};
	const struct fp_jsonnode *times = fp_jsontree_get(stats, "fetch_time");

	if (!times || times->type != FP_JSONTREE_OBJECT)
		return;
	fp_html_add(html, "<figure><figcaption>Time of an item, by percentile"
			  "</figcaption>");
	percentile_chart(html, times);
	begin_table(html, "Percentiles as a table",
		"From the first attempt to the end of the last.");
	fp_html_add(html, "<thead><tr><th>percentile</th><th class=\"n\">time"
			  "</th></tr></thead><tbody>");
	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++) {
		fp_html_add(html, "<tr><td>%s</td>", names[i][1]);
		fp_pagelists_time_cell(
			html, fp_jsontree_number(times, names[i][0]));
		fp_html_add(html, "</tr>");
	}
	end_table(html);
	fp_html_add(html, "</figure>\n");
}

static void
write_page(struct fp_html *html, const void *arg, size_t n_rows)
{
	const struct fp_jsonnode *stats = arg;
	size_t n_points = FP_MIN(CHART_POINTS, n_rows * 8);
	struct fp_moments fine, coarse = {.n = 0};

	if (fp_moments_read(&fine, stats, n_points) ||
		fp_moments_read(&coarse, stats, FP_MIN(TABLE_POINTS, n_rows)))
		html->has_failed = true;
	fp_page_begin(html, "fetchpool report");
	page_add_head(html, stats);
	page_add_tiles(html, stats);
	fp_html_add(html, "<section class=\"charts\">\n");
	if (!html->has_failed && fine.n > 0) {
		page_add_throughput(html, stats, &fine, &coarse);
		page_add_uses(html, stats, &fine, &coarse);
		page_add_latency(html, &fine, &coarse);
	}
	page_add_percentiles(html, stats);
	fp_html_add(html, "</section>\n");
	fp_pagelists_servers(html, stats, n_rows);
	fp_pagelists_slowest(html, stats, n_rows);
	fp_pagelists_failures(html, stats);
	fp_pagelists_run(html, stats);
	fp_page_end(html);
	fp_moments_destroy(&fine);
	fp_moments_destroy(&coarse);
}

int
fp_page_write(struct fp_buf *text, const struct fp_jsonnode *stats)
{
	return fp_page_fit(text, write_page, stats);
}
