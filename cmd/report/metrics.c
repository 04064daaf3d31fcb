/* SPDX-License-Identifier: MIT */
/*
 * Every sample has the label `run', which is the file's name less ".prom": the
 * collector puts all files of a folder together, and two runs must not have a
 * sample in common.
 */
#include "base.h"

#include "metrics.h"

#include "quote.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct pen_of_metrics {
	struct fp_buf *text;
	char run[256]; /* the label's value, quoted */
	bool has_failed;
};

static void FP_PRINTF(2, 3)
	metrics_add(struct pen_of_metrics *pen, const char *format, ...)
{
	va_list args;

	if (pen->has_failed)
		return;
	va_start(args, format);
	pen->has_failed = fp_buf_vprintf(pen->text, format, args) != 0;
	va_end(args);
}

/* What follows is of this family. */
static void
metrics_family(struct pen_of_metrics *pen, const char *name, const char *type,
	const char *help)
{
	metrics_add(pen, "# HELP fetchpool_%s %s\n# TYPE fetchpool_%s %s\n",
		name, help, name, type);
}

/* One sample; `label` is NULL or the name of another label, whose value may be
 * any text. */
static void
metrics_sample(struct pen_of_metrics *pen, const char *name, const char *label,
	const char *value, double number)
{
	metrics_add(pen, "fetchpool_%s{run=\"%s\"", name, pen->run);
	if (label) {
		metrics_add(pen, ",%s=\"", label);
		if (!pen->has_failed)
			pen->has_failed = fp_quote_label(pen->text, value) != 0;
		metrics_add(pen, "\"");
	}
	metrics_add(pen, "} %.15g\n", number);
}

static void
metrics_one(struct pen_of_metrics *pen, const char *name, const char *type,
	const char *help, double number)
{
	metrics_family(pen, name, type, help);
	metrics_sample(pen, name, NULL, NULL, number);
}

static int
name_run(struct pen_of_metrics *pen, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name);
	struct fp_buf quoted = FP_BUF_INIT;
	char cut[100];

	if (len > 5 && strcmp(name + len - 5, ".prom") == 0)
		len -= 5;
	snprintf(cut, sizeof(cut), "%.*s", (int)FP_MIN(len, 90), name);
	int ret = fp_quote_label(&quoted, cut);
	/* One that would not fit would end within an escape. */
	if (ret == 0 && quoted.len < sizeof(pen->run))
		memcpy(pen->run, fp_buf_text(&quoted), quoted.len + 1);
	fp_buf_destroy(&quoted);
	return ret;
}

/* ---- items ---- */

static void
add_items(struct pen_of_metrics *pen, const struct fp_metrics *metrics)
{
	const struct fp_totals *totals = metrics->totals;
	const struct fp_tally *tally = metrics->tally;
	char status[16];

	metrics_one(pen, "items_read_total", "counter", "Items read.",
		(double)totals->n_read);
	metrics_family(pen, "items_total", "counter", "Items by outcome.");
	metrics_sample(pen, "items_total", "outcome", "succeeded",
		(double)totals->n_succeeded);
	metrics_sample(pen, "items_total", "outcome", "failed",
		(double)totals->n_failed);
	metrics_sample(pen, "items_total", "outcome", "not_done",
		(double)totals->n_not_done);
	metrics_family(pen, "failures_total", "counter",
		"Items that failed, by kind of failure.");
	for (int kind = FP_KIND_OK + 1; kind < FP_KIND_STOPPED; kind++)
		metrics_sample(pen, "failures_total", "kind",
			fp_kind_name((enum fp_kind)kind),
			(double)tally->n_kind[kind]);
	metrics_family(pen, "responses_total", "counter",
		"Items by the status of their last response.");
	for (int i = 0; i < FP_STATUS_COUNT; i++) {
		snprintf(status, sizeof(status), "%d", i);
		if (tally->n_status[i] > 0)
			metrics_sample(pen, "responses_total", "status",
				i ? status : "none",
				(double)tally->n_status[i]);
	}
	metrics_one(pen, "attempts_total", "counter",
		"Attempts of items that ended.", (double)tally->n_attempts);
	metrics_one(pen, "retries_total", "counter",
		"Attempts that were not an item's first.",
		(double)tally->n_retries);
	metrics_one(pen, "body_bytes_total", "counter",
		"Bytes of bodies, decoded.", (double)tally->n_bytes);
}

static void
add_fetch_time(struct pen_of_metrics *pen, const struct fp_histogram *times)
{
	static const char *const ends[] = {"0.001", "0.0025", "0.005", "0.01",
		"0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10",
		"30", "60", "300"};

	metrics_family(pen, "fetch_time_seconds", "histogram",
		"Time of items from their first attempt to their end.");
	for (size_t i = 0; i < FP_ARRAY_LEN(ends); i++) {
		int64_t end_ns = (int64_t)(strtod(ends[i], NULL) * 1e9);
		metrics_sample(pen, "fetch_time_seconds_bucket", "le", ends[i],
			(double)fp_histogram_below(times, end_ns + 1));
	}
	metrics_sample(pen, "fetch_time_seconds_bucket", "le", "+Inf",
		(double)times->n);
	metrics_sample(
		pen, "fetch_time_seconds_sum", NULL, NULL, times->sum_ns / 1e9);
	metrics_sample(
		pen, "fetch_time_seconds_count", NULL, NULL, (double)times->n);
}

/* ---- the run ---- */

static void
add_state(struct pen_of_metrics *pen, const struct fp_metrics *metrics)
{
	const struct fp_figures *figures = metrics->figures;
	const struct fp_totals *totals = metrics->totals;
	const struct fp_look *look = metrics->look;
	double started_s = (double)totals->started_wall_ns / 1e9;
	double took_s = (double)totals->took_ns / 1e9;
	size_t n_waiting = 0;

	for (int i = 0; look && i < FP_HELD_COUNT; i++)
		n_waiting += look->n_held[i];
	metrics_family(pen, "info", "gauge", "The version.");
	metrics_sample(pen, "info", "version", PACKAGE_VERSION, 1);
	metrics_one(pen, "running", "gauge",
		"Whether the run goes on: 1, or 0 when it is over.",
		look ? 1 : 0);
	metrics_one(pen, "start_time_seconds", "gauge",
		"When the run began, since 1970.", started_s);
	metrics_one(pen, "update_time_seconds", "gauge",
		"When this was written, since 1970.", started_s + took_s);
	metrics_one(pen, "duration_seconds", "gauge",
		"How long the run has taken so far.", took_s);
	if (!look)
		metrics_one(pen, "exit_status", "gauge",
			"The exit status of the run.", totals->exit_status);
	metrics_one(pen, "jobs", "gauge", "Places in which items are fetched.",
		figures->n_jobs);
	metrics_one(pen, "items_running", "gauge", "Items being fetched.",
		look ? (double)look->n_running : 0);
	metrics_one(pen, "items_waiting", "gauge", "Items waiting for a place.",
		(double)n_waiting);
	metrics_family(pen, "job_seconds_total", "counter",
		"Where the time of all jobs went.");
	for (int use = 0; use < FP_USE_COUNT; use++)
		metrics_sample(pen, "job_seconds_total", "use",
			fp_timeline_name((enum fp_use)use),
			figures->use_s[use]);
	metrics_family(pen, "processor_seconds_total", "counter",
		"Processor time used.");
	metrics_sample(pen, "processor_seconds_total", "mode", "user",
		figures->user_s);
	metrics_sample(pen, "processor_seconds_total", "mode", "system",
		figures->system_s);
}

/* What held it back is the value of a label: 1. */
static void
add_cause(struct pen_of_metrics *pen, const struct fp_figures *figures)
{
	char sentence[FP_CAUSE_MAX];
	double part;
	enum fp_cause cause = fp_cause_find(figures, sentence, &part);

	metrics_family(pen, "held_back", "gauge",
		"What has held the run back, and how much of its jobs' time.");
	metrics_sample(pen, "held_back", "cause", fp_cause_name(cause), part);
}

/* ---- servers ---- */

static void
add_server_family(struct pen_of_metrics *pen, const struct fp_servers *servers,
	const char *name, const char *help,
	double (*number)(const struct fp_server *server, int64_t now_ns),
	int64_t now_ns)
{
	metrics_family(pen, name, "counter", help);
	for (unsigned i = 0; i < servers->n; i++) {
		if (i > 0 || servers->all[i].n_requests > 0)
			metrics_sample(pen, name, "server",
				servers->all[i].name,
				number(&servers->all[i], now_ns));
	}
}

static double
requests_of(const struct fp_server *server, int64_t now_ns)
{
	(void)now_ns;
	return (double)server->n_requests;
}

static double
errors_of(const struct fp_server *server, int64_t now_ns)
{
	(void)now_ns;
	return (double)server->n_errors;
}

static double
pauses_of(const struct fp_server *server, int64_t now_ns)
{
	(void)now_ns;
	return (double)server->n_pauses;
}

static double
paused_of(const struct fp_server *server, int64_t now_ns)
{
	return (double)fp_servers_paused_ns(server, now_ns) / 1e9;
}

static void
metrics_add_servers(
	struct pen_of_metrics *pen, const struct fp_metrics *metrics)
{
	struct fp_ledger *ledger = metrics->ledger;
	const struct fp_servers *servers = &ledger->books->servers;
	int64_t now_ns =
		ledger->start_ns + (int64_t)(metrics->figures->seconds * 1e9);

	fp_mutex_lock(&ledger->lock);
	add_server_family(pen, servers, "server_requests_total",
		"Requests, with every hop of every attempt.", requests_of,
		now_ns);
	add_server_family(pen, servers, "server_errors_total",
		"Attempts that failed.", errors_of, now_ns);
	add_server_family(pen, servers, "server_pauses_total",
		"Pauses that the server was given.", pauses_of, now_ns);
	add_server_family(pen, servers, "server_paused_seconds_total",
		"How long it was given pauses.", paused_of, now_ns);
	fp_mutex_unlock(&ledger->lock);
}

int
fp_metrics_write(struct fp_buf *text, const struct fp_metrics *metrics)
{
	struct pen_of_metrics pen = {.text = text};

	if (name_run(&pen, metrics->path))
		return -1;
	add_items(&pen, metrics);
	add_fetch_time(&pen, &metrics->tally->times);
	add_state(&pen, metrics);
	add_cause(&pen, metrics->figures);
	metrics_add_servers(&pen, metrics);
	return pen.has_failed ? -1 : 0;
}
