/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ledgerjson.h"

#include "quote.h"
#include "shown.h"

#include <inttypes.h>
#include <string.h>

/* What a bin has besides the uses. */
enum column {
	COLUMN_DONE,
	COLUMN_FAILED,
	COLUMN_RETRIED,
	COLUMN_PAUSED,
	COLUMN_P50,
	COLUMN_P99,
	COLUMN_COUNT
};

static double
json_seconds(double ns)
{
	return ns / 1e9;
}

/* ---- what held it back, and where its time went ---- */

static int
add_held_back(struct fp_buf *text, const struct fp_figures *figures)
{
	char sentence[FP_CAUSE_MAX];
	double part;
	enum fp_cause cause = fp_cause_find(figures, sentence, &part);

	if (fp_buf_printf(text,
		    ",\"jobs\":%u,\"held_back\":{\"cause\":\"%s\",\"share\":"
		    "%.4f,\"sentence\":",
		    figures->n_jobs, fp_cause_name(cause), part) ||
		fp_quote_json(text, sentence))
		return -1;
	return fp_buf_add_char(text, '}');
}

static int
add_uses_of(
	struct fp_buf *text, const struct fp_figures *figures, int from, int to)
{
	for (int use = from; use < to; use++) {
		if (fp_buf_printf(text, "%s\"%s\":%.6f", use > from ? "," : "",
			    fp_timeline_name((enum fp_use)use),
			    figures->use_s[use]))
			return -1;
	}
	return fp_buf_add_char(text, '}');
}

static int
add_time_spent(struct fp_buf *text, const struct fp_figures *figures)
{
	if (fp_buf_printf(text, ",\"time\":{\"slots\":%.6f,\"busy\":{",
		    figures->seconds * figures->n_jobs) ||
		add_uses_of(text, figures, 0, FP_USE_BUSY_COUNT) ||
		fp_buf_add_text(text, ",\"idle\":{") ||
		add_uses_of(text, figures, FP_USE_BUSY_COUNT, FP_USE_COUNT))
		return -1;
	return fp_buf_printf(text,
		"},\"processor\":{\"user\":%.3f,\"system\":%.3f,\"count\":%u}",
		figures->user_s, figures->system_s, figures->n_cpus);
}

/* ---- moment by moment ---- */

static const char *
column_name(int column)
{
	static const char *const names[COLUMN_COUNT] = {
		[COLUMN_DONE] = "done",
		[COLUMN_FAILED] = "failed",
		[COLUMN_RETRIED] = "retried",
		[COLUMN_PAUSED] = "paused",
		[COLUMN_P50] = "p50",
		[COLUMN_P99] = "p99",
	};

	return column < COLUMN_COUNT
		       ? names[column]
		       : fp_timeline_name((enum fp_use)(column - COLUMN_COUNT));
}

static void
read_bin(const struct fp_ledger *ledger, size_t i, int64_t took_ns,
	double values[COLUMN_COUNT + FP_USE_COUNT])
{
	const struct fp_timeline *timeline = &ledger->books->timeline;
	const struct fp_timebin *bin = &timeline->bins[i];

	values[COLUMN_DONE] = (double)bin->n_done;
	values[COLUMN_FAILED] = (double)bin->n_failed;
	values[COLUMN_RETRIED] = (double)bin->n_retried;
	values[COLUMN_PAUSED] = (double)bin->n_paused;
	values[COLUMN_P50] =
		json_seconds(fp_spread_quantile_ns(&bin->times, 0.5));
	values[COLUMN_P99] =
		json_seconds(fp_spread_quantile_ns(&bin->times, 0.99));
	fp_timeline_account(timeline, i, ledger->n_jobs, took_ns,
		ledger->end_ns > 0, values + COLUMN_COUNT);
	for (int use = 0; use < FP_USE_COUNT; use++)
		values[COLUMN_COUNT + use] =
			json_seconds(values[COLUMN_COUNT + use]);
}

static int
add_bin(struct fp_buf *text, const double *values,
	const bool has[COLUMN_COUNT + FP_USE_COUNT])
{
	const char *before = "[";

	for (int i = 0; i < COLUMN_COUNT + FP_USE_COUNT; i++) {
		if (!has[i])
			continue;
		if (fp_buf_printf(text,
			    i < COLUMN_P50  ? "%s%.0f"
			    : values[i] > 0 ? "%s%.4g"
					    : "%s0",
			    before, values[i]))
			return -1;
		before = ",";
	}
	return fp_buf_add_char(text, ']');
}

/* Uses that there were not have no column. */
static int
add_timeline(
	struct fp_buf *text, const struct fp_ledger *ledger, int64_t took_ns)
{
	const struct fp_timeline *timeline = &ledger->books->timeline;
	size_t n_bins = fp_timeline_count(timeline, took_ns);
	double values[COLUMN_COUNT + FP_USE_COUNT];
	bool has[COLUMN_COUNT + FP_USE_COUNT] = {false};
	const char *before = "";

	for (size_t i = 0; i < n_bins; i++) {
		read_bin(ledger, i, took_ns, values);
		for (int k = 0; k < COLUMN_COUNT + FP_USE_COUNT; k++)
			has[k] |= k < COLUMN_COUNT || values[k] >= 5e-7;
	}
	if (fp_buf_printf(text, ",\"timeline\":{\"width\":%.9f,\"columns\":[",
		    json_seconds((double)((int64_t)1 << timeline->bits))))
		return -1;
	for (int k = 0; k < COLUMN_COUNT + FP_USE_COUNT; k++) {
		if (has[k] &&
			fp_buf_printf(text, "%s\"%s\"", before, column_name(k)))
			return -1;
		before = ",";
	}
	if (fp_buf_add_text(text, "],\"bins\":["))
		return -1;
	for (size_t i = 0; i < n_bins; i++) {
		read_bin(ledger, i, took_ns, values);
		if ((i > 0 && fp_buf_add_char(text, ',')) ||
			add_bin(text, values, has))
			return -1;
	}
	return fp_buf_add_text(text, "]}");
}

static int
add_status_or_null(struct fp_buf *text, int status)
{
	return status > 0 ? fp_buf_printf(text, ",\"status\":%d", status)
			  : fp_buf_add_text(text, ",\"status\":null");
}

static int
add_pauses(struct fp_buf *text, const struct fp_ledger_books *books,
	int64_t end_ns)
{
	double paused_ns = 0;
	size_t n = (size_t)FP_MIN(books->n_pauses, FP_LEDGER_PAUSES);

	for (unsigned i = 0; i < books->servers.n; i++)
		paused_ns += (double)fp_servers_paused_ns(
			&books->servers.all[i], end_ns);
	if (fp_buf_printf(text,
		    ",\"pauses\":{\"count\":%" PRIu64
		    ",\"seconds\":%.6f,\"first\":[",
		    books->n_pauses, json_seconds(paused_ns)))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (fp_buf_printf(text,
			    "%s{\"at\":%.6f,\"seconds\":%.6f,\"server\":",
			    i ? "," : "",
			    json_seconds((double)books->pauses[i].at_ns),
			    json_seconds((double)books->pauses[i].wait_ns)) ||
			fp_quote_json(text,
				books->servers.all[books->pauses[i].server]
					.name) ||
			add_status_or_null(text, books->pauses[i].status) ||
			fp_buf_add_char(text, '}'))
			return -1;
	}
	return fp_buf_add_text(text, "]}");
}

/* ---- servers ---- */

static int
add_server_statuses(struct fp_buf *text, const struct fp_server *server)
{
	const char *before = "";
	uint64_t n_none = 0;

	if (fp_buf_add_text(text, ",\"statuses\":{"))
		return -1;
	for (size_t i = 0; i < FP_ARRAY_LEN(server->statuses); i++) {
		int status = server->statuses[i].status;
		uint64_t n = server->statuses[i].n;
		if (n == 0)
			continue;
		if (status == 0) {
			n_none += n;
			continue;
		}
		if (status > 0 ? fp_buf_printf(text, "%s\"%d\":%" PRIu64,
					 before, status, n)
			       : fp_buf_printf(text, "%s\"other\":%" PRIu64,
					 before, n))
			return -1;
		before = ",";
	}
	return fp_buf_printf(text, "},\"no_response\":%" PRIu64, n_none);
}

/* How many requests at once were found for it, over time. */
static int
add_found_jobs(struct fp_buf *text, const struct fp_server *server)
{
	if (fp_buf_add_text(text, ",\"found_jobs\":["))
		return -1;
	for (unsigned i = 0; i < server->n_jobs; i++) {
		if (fp_buf_printf(text, "%s{\"at\":%.6f,\"jobs\":%u}",
			    i > 0 ? "," : "",
			    json_seconds((double)server->jobs[i].at_ns),
			    server->jobs[i].n))
			return -1;
	}
	return fp_buf_add_text(text, "]}");
}

static int
add_server(struct fp_buf *text, const struct fp_server *server, int64_t end_ns)
{
	if (fp_buf_add_text(text, "{\"server\":") ||
		fp_quote_json(text, server->name) ||
		fp_buf_printf(text,
			",\"requests\":%" PRIu64 ",\"reused\":%" PRIu64
			",\"succeeded\":%" PRIu64 ",\"errors\":%" PRIu64,
			server->n_requests, server->n_reused, server->n_fine,
			server->n_errors) ||
		add_server_statuses(text, server))
		return -1;
	if (fp_buf_printf(text,
		    ",\"busy\":%.6f,\"p50\":%.6f,\"p99\":%.6f,\"pauses\":%" PRIu64
		    ",\"paused\":%.6f,\"learned\":%s%s%s",
		    json_seconds(server->busy_ns),
		    json_seconds(fp_spread_quantile_ns(&server->times, 0.5)),
		    json_seconds(fp_spread_quantile_ns(&server->times, 0.99)),
		    server->n_pauses,
		    json_seconds((double)fp_servers_paused_ns(server, end_ns)),
		    server->learned[0] ? "\"" : "",
		    server->learned[0] ? server->learned : "null",
		    server->learned[0] ? "\"" : ""))
		return -1;
	return add_found_jobs(text, server);
}

/* The busiest first. */
static int
add_servers(
	struct fp_buf *text, const struct fp_servers *servers, int64_t end_ns)
{
	const struct fp_server *sorted[FP_SERVERS_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < servers->n; i++) {
		const struct fp_server *server = &servers->all[i];
		size_t at = n;
		if (server->n_requests == 0 && server->n_pauses == 0 &&
			server->n_errors == 0)
			continue;
		for (n++; at > 0 &&
			  sorted[at - 1]->n_requests < server->n_requests;
			at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = server;
	}
	if (fp_buf_add_text(text, ",\"servers\":["))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if ((i > 0 && fp_buf_add_char(text, ',')) ||
			add_server(text, sorted[i], end_ns))
			return -1;
	}
	return fp_buf_add_char(text, ']');
}

/* ---- items ---- */

static int
add_shown_url(struct fp_buf *text, const char *url)
{
	struct fp_buf shown = FP_BUF_INIT;
	int ret = fp_buf_add_text(text, ",\"url\":");

	if (ret == 0 && url[0])
		ret = fp_shown_url(&shown, url) ||
		      fp_quote_json(text, fp_buf_text(&shown));
	else if (ret == 0)
		ret = fp_buf_add_text(text, "null");
	fp_buf_destroy(&shown);
	return ret ? -1 : 0;
}

static int
add_slow_item(struct fp_buf *text, const struct fp_slow *slow)
{
	double left_ns = (double)slow->time_ns;

	if (fp_buf_printf(text, "{\"seq\":%" PRIu64, slow->seq) ||
		add_shown_url(text, slow->url) ||
		add_status_or_null(text, slow->status) ||
		fp_buf_printf(text,
			",\"kind\":\"%s\",\"attempts\":%u,\"fetch_time\":%.6f",
			fp_kind_name(slow->kind), slow->attempts,
			json_seconds((double)slow->time_ns)))
		return -1;
	for (int i = 0; i < FP_PHASE_COUNT; i++) {
		left_ns -= (double)slow->spent_ns[i];
		if (fp_buf_printf(text, ",\"%s\":%.6f",
			    fp_timeline_name((enum fp_use)i),
			    json_seconds((double)slow->spent_ns[i])))
			return -1;
	}
	return fp_buf_printf(
		text, ",\"other\":%.6f}", json_seconds(FP_MAX(left_ns, 0)));
}

static int
add_slowest_items(struct fp_buf *text, const struct fp_worst *worst)
{
	const struct fp_slow *sorted[FP_WORST_SLOW];

	fp_worst_sort(worst, sorted);
	if (fp_buf_add_text(text, ",\"slowest\":["))
		return -1;
	for (unsigned i = 0; i < worst->n_slow; i++) {
		if ((i > 0 && fp_buf_add_char(text, ',')) ||
			add_slow_item(text, sorted[i]))
			return -1;
	}
	return fp_buf_add_char(text, ']');
}

static int
add_example(struct fp_buf *text, const struct fp_example *example)
{
	if (fp_buf_printf(text, "{\"seq\":%" PRIu64, example->seq) ||
		add_shown_url(text, example->url) ||
		add_status_or_null(text, example->status) ||
		fp_buf_add_text(text, ",\"message\":") ||
		fp_quote_json(text, example->message))
		return -1;
	return fp_buf_add_char(text, '}');
}

static int
add_examples(struct fp_buf *text, const struct fp_worst *worst)
{
	const char *before = "";

	if (fp_buf_add_text(text, ",\"failures\":{"))
		return -1;
	for (int kind = FP_KIND_OK + 1; kind < FP_KIND_STOPPED; kind++) {
		if (worst->n_examples[kind] == 0)
			continue;
		if (fp_buf_printf(text, "%s\"%s\":[", before,
			    fp_kind_name((enum fp_kind)kind)))
			return -1;
		for (unsigned i = 0; i < worst->n_examples[kind]; i++) {
			if ((i > 0 && fp_buf_add_char(text, ',')) ||
				add_example(text, &worst->examples[kind][i]))
				return -1;
		}
		if (fp_buf_add_char(text, ']'))
			return -1;
		before = ",";
	}
	return fp_buf_add_char(text, '}');
}

int
fp_ledgerjson_write(struct fp_buf *text, struct fp_ledger *ledger,
	const struct fp_figures *figures)
{
	struct fp_ledger_books *books = ledger->books;
	int64_t took_ns = (int64_t)(figures->seconds * 1e9);
	int64_t end_ns = ledger->start_ns + took_ns;

	fp_mutex_lock(&ledger->lock);
	int ret = add_held_back(text, figures) ||
		  add_time_spent(text, figures) ||
		  add_pauses(text, books, end_ns) ||
		  add_servers(text, &books->servers, end_ns) ||
		  add_slowest_items(text, &books->worst) ||
		  add_examples(text, &books->worst) ||
		  add_timeline(text, ledger, took_ns);
	fp_mutex_unlock(&ledger->lock);
	return ret ? -1 : 0;
}
