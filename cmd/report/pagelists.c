/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "pagelists.h"

#include "chart.h"
#include "timeline.h"

#include <string.h>

void
fp_pagelists_count_cell(struct fp_html *html, double n)
{
	fp_html_add(html, "<td class=\"n\">");
	fp_html_count(html, n);
	fp_html_add(html, "</td>");
}

void
fp_pagelists_time_cell(struct fp_html *html, double seconds)
{
	fp_html_add(html, "<td class=\"n\">");
	fp_html_time(html, seconds);
	fp_html_add(html, "</td>");
}

static void
begin_open_table(struct fp_html *html, const char *id, const char *label)
{
	fp_html_add(html,
		"<div class=\"scroll\" role=\"region\" aria-label=\"%s\" "
		"tabindex=\"0\"><table id=\"%s\">",
		label, id);
}

/* "200: 98, 404: 2, none: 1" */
static void
add_statuses(struct fp_html *html, const struct fp_jsonnode *of)
{
	const struct fp_jsonnode *statuses = fp_jsontree_get(of, "statuses");
	double n_none = fp_jsontree_number(of, "no_response");
	const char *before = "";
	int n = 0;

	for (const struct fp_jsonnode *at = statuses ? statuses->first : NULL;
		at && n < 20; at = at->next, n++) {
		fp_html_add(html, "%s", before);
		fp_html_text(html, at->name ? at->name : "");
		fp_html_add(html, ":&nbsp;");
		fp_html_count(html, at->number);
		before = ", ";
	}
	if (n_none > 0) {
		fp_html_add(html, "%snone:&nbsp;", before);
		fp_html_count(html, n_none);
	}
}

void
fp_pagelists_servers(
	struct fp_html *html, const struct fp_jsonnode *stats, size_t n_rows)
{
	const struct fp_jsonnode *servers = fp_jsontree_get(stats, "servers");
	const struct fp_jsonnode *at = servers ? servers->first : NULL;
	size_t n = 0;

	if (!at)
		return;
	fp_html_add(html, "<section><h2>Servers</h2>");
	begin_open_table(html, "servers", "Servers");
	fp_html_add(html,
		"<thead><tr><th>server</th><th class=\"n\">requests</th><th>"
		"statuses</th><th class=\"n\">errors</th><th class=\"n\">median"
		"</th><th class=\"n\">99&nbsp;%%</th><th class=\"n\">kept "
		"connections</th><th class=\"n\">pauses</th><th class=\"n\">"
		"paused</th><th>learned rate</th></tr></thead><tbody>");
	for (; at && n < n_rows; at = at->next, n++) {
		double requests = fp_jsontree_number(at, "requests");
		fp_html_add(html, "<tr><td class=\"long\">");
		fp_html_text(html, fp_jsontree_text(at, "server"));
		fp_html_add(html, "</td>");
		fp_pagelists_count_cell(html, requests);
		fp_html_add(html, "<td>");
		add_statuses(html, at);
		fp_html_add(html, "</td>");
		fp_pagelists_count_cell(html, fp_jsontree_number(at, "errors"));
		fp_pagelists_time_cell(html, fp_jsontree_number(at, "p50"));
		fp_pagelists_time_cell(html, fp_jsontree_number(at, "p99"));
		fp_html_add(html, "<td class=\"n\">%.0f&nbsp;%%</td>",
			requests > 0 ? fp_jsontree_number(at, "reused") /
					       requests * 100
				     : 0);
		fp_pagelists_count_cell(html, fp_jsontree_number(at, "pauses"));
		fp_pagelists_time_cell(html, fp_jsontree_number(at, "paused"));
		fp_html_add(html, "<td>");
		fp_html_text(html, fp_jsontree_text(at, "learned"));
		fp_html_add(html, "</td></tr>");
	}
	fp_html_add(html, "</tbody></table></div>");
	if (at)
		fp_html_add(html,
			"<p class=\"soft\">And %zu more, in the statistics."
			"</p>",
			servers->n - n);
	fp_html_add(html, "</section>\n");
}

static void
add_status_cell(struct fp_html *html, const struct fp_jsonnode *of)
{
	double status = fp_jsontree_number(of, "status");

	if (status > 0)
		fp_html_add(html, "<td class=\"n\">%.0f</td>", status);
	else
		fp_html_add(html, "<td class=\"n\">none</td>");
}

void
fp_pagelists_slowest(
	struct fp_html *html, const struct fp_jsonnode *stats, size_t n_rows)
{
	static const char *const phases[] = {
		"look_up", "connect", "tls", "wait", "read", "other"};
	const struct fp_jsonnode *slowest = fp_jsontree_get(stats, "slowest");
	const struct fp_jsonnode *at = slowest ? slowest->first : NULL;

	if (!at)
		return;
	double longest = fp_jsontree_number(at, "fetch_time");
	fp_html_add(html, "<section><h2>The slowest items</h2>");
	begin_open_table(html, "slowest", "The slowest items");
	fp_html_add(html,
		"<thead><tr><th class=\"n\">item</th><th class=\"n\">time</th>"
		"<th>phases</th><th class=\"n\">look-up</th><th class=\"n\">"
		"connect</th><th class=\"n\">TLS</th><th class=\"n\">first "
		"byte</th><th class=\"n\">reading</th><th class=\"n\">waited"
		"</th><th class=\"n\">attempts</th><th class=\"n\">status</th>"
		"<th>URL</th></tr></thead><tbody>");
	for (size_t n = 0; at && n < n_rows; at = at->next, n++) {
		double parts[FP_USE_COUNT] = {0};
		fp_html_add(html, "<tr>");
		fp_html_add(html, "<td class=\"n\">%.0f</td>",
			fp_jsontree_number(at, "seq"));
		fp_pagelists_time_cell(
			html, fp_jsontree_number(at, "fetch_time"));
		for (size_t i = 0; i < FP_ARRAY_LEN(phases); i++)
			parts[i] = fp_jsontree_number(at, phases[i]);
		fp_html_add(html, "<td class=\"phases\">");
		parts[FP_USE_END] = parts[FP_ARRAY_LEN(phases) - 1];
		parts[FP_ARRAY_LEN(phases) - 1] = 0;
		fp_chart_bar(html, parts, FP_USE_COUNT, longest, "u");
		parts[FP_ARRAY_LEN(phases) - 1] = parts[FP_USE_END];
		fp_html_add(html, "</td>");
		for (size_t i = 0; i < FP_ARRAY_LEN(phases); i++)
			fp_pagelists_time_cell(html, parts[i]);
		fp_pagelists_count_cell(
			html, fp_jsontree_number(at, "attempts"));
		add_status_cell(html, at);
		fp_html_add(html, "<td class=\"long\">");
		fp_html_text(html, fp_jsontree_text(at, "url"));
		fp_html_add(html, "</td></tr>");
	}
	fp_html_add(html, "</tbody></table></div></section>\n");
}

/* One kind, with its examples. */
static void
add_kind(struct fp_html *html, const struct fp_jsonnode *stats,
	const struct fp_jsonnode *kind)
{
	const struct fp_jsonnode *examples =
		fp_jsontree_get(fp_jsontree_get(stats, "failures"), kind->name);
	const struct fp_jsonnode *at = examples ? examples->first : NULL;

	fp_html_add(html, "<h3>");
	fp_html_text(html, kind->name);
	fp_html_add(html, ": ");
	fp_html_count(html, kind->number);
	fp_html_add(html, "</h3><ul>");
	for (int i = 0; at && i < 3; at = at->next, i++) {
		fp_html_add(
			html, "<li>item %.0f: ", fp_jsontree_number(at, "seq"));
		fp_html_text(html, fp_jsontree_text(at, "message"));
		if (fp_jsontree_text(at, "url")[0]) {
			fp_html_add(html, " <span class=\"soft\">(");
			fp_html_text(html, fp_jsontree_text(at, "url"));
			fp_html_add(html, ")</span>");
		}
		fp_html_add(html, "</li>");
	}
	fp_html_add(html, "</ul>");
}

void
fp_pagelists_failures(struct fp_html *html, const struct fp_jsonnode *stats)
{
	const struct fp_jsonnode *kinds = fp_jsontree_get(stats, "kinds");
	const struct fp_jsonnode *at = kinds ? kinds->first : NULL;

	if (fp_jsontree_number(stats, "failed") <= 0)
		return;
	fp_html_add(html, "<section id=\"failures\"><h2>Failures</h2><p>"
			  "Statuses: ");
	add_statuses(html, stats);
	fp_html_add(html, "</p>");
	for (int i = 0; at && i < 30; at = at->next, i++) {
		if (at->number > 0 && at->name)
			add_kind(html, stats, at);
	}
	fp_html_add(html, "</section>\n");
}

/* ---- the run itself ---- */

static bool
needs_quotes(const char *word)
{
	return !word[0] || word[strcspn(word, " \t\n\"'\\$`&;|<>(){}*?[]#~!")];
}

void
fp_pagelists_run(struct fp_html *html, const struct fp_jsonnode *stats)
{
	const struct fp_jsonnode *command = fp_jsontree_get(stats, "command");
	const struct fp_jsonnode *used = fp_jsontree_get(stats, "processor");
	const struct fp_jsonnode *at = command ? command->first : NULL;

	fp_html_add(html, "<section><h2>The run</h2><pre id=\"command\">");
	for (int i = 0; at && i < 200; at = at->next, i++) {
		const char *word = at->text ? at->text : "";
		bool is_quoted = needs_quotes(word);
		fp_html_add(html, "%s%s", i ? " " : "", is_quoted ? "'" : "");
		fp_html_text(html, word);
		fp_html_add(html, "%s", is_quoted ? "'" : "");
	}
	fp_html_add(html, "</pre><p>Values that may be secrets are ***.</p><p>"
			  "fetchpool ");
	fp_html_text(html, fp_jsontree_text(stats, "fetchpool"));
	fp_html_add(html, ", ");
	fp_html_text(html, fp_jsontree_text(stats, "libraries"));
	fp_html_add(html, "</p><p>Processor time: ");
	fp_html_time(html, fp_jsontree_number(used, "user"));
	fp_html_add(html, " user, ");
	fp_html_time(html, fp_jsontree_number(used, "system"));
	fp_html_add(html, " system, on %.0f processors.</p></section>\n",
		fp_jsontree_number(used, "count"));
}
