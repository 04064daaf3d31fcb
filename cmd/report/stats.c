/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "stats.h"

#include "quote.h"
#include "shown.h"

#include <inttypes.h>
#include <time.h>

static double
stats_seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

static double
stats_each_second(uint64_t n, const struct fp_totals *totals)
{
	return totals->took_ns > 0 ? (double)n / stats_seconds(totals->took_ns)
				   : 0;
}

/* RFC 3339, in UTC, to the millisecond. */
static int
add_started(struct fp_buf *text, int64_t wall_ns)
{
	time_t at = (time_t)(wall_ns / FP_NS_PER_S);
	char date[32] = "1970-01-01T00:00:00";
	struct tm utc;

	if (gmtime_r(&at, &utc))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	return fp_buf_printf(text, "\"started\":\"%s.%03dZ\"", date,
		(int)(wall_ns % FP_NS_PER_S / FP_NS_PER_MS));
}

/* Every kind is there, so that what reads it need not ask. */
static int
stats_add_kinds(struct fp_buf *text, const struct fp_tally *tally)
{
	if (fp_buf_add_text(text, ",\"kinds\":{"))
		return -1;
	for (int kind = FP_KIND_OK + 1; kind < FP_KIND_STOPPED; kind++) {
		if (fp_buf_printf(text, "%s\"%s\":%" PRIu64,
			    kind == FP_KIND_OK + 1 ? "" : ",",
			    fp_kind_name((enum fp_kind)kind),
			    tally->n_kind[kind]))
			return -1;
	}
	return fp_buf_add_char(text, '}');
}

static int
stats_add_statuses(struct fp_buf *text, const struct fp_tally *tally)
{
	bool has_one = false;

	if (fp_buf_add_text(text, ",\"statuses\":{"))
		return -1;
	for (int status = 1; status < FP_STATUS_COUNT; status++) {
		if (tally->n_status[status] == 0)
			continue;
		if (fp_buf_printf(text, "%s\"%d\":%" PRIu64, has_one ? "," : "",
			    status, tally->n_status[status]))
			return -1;
		has_one = true;
	}
	return fp_buf_printf(
		text, "},\"no_response\":%" PRIu64, tally->n_status[0]);
}

/* The buckets that hold something: [greatest value, how many]. */
static int
add_buckets(struct fp_buf *text, const struct fp_histogram *times)
{
	bool has_one = false;

	if (fp_buf_add_text(text, ",\"buckets\":["))
		return -1;
	for (size_t i = 0; i < FP_HISTOGRAM_BUCKETS; i++) {
		if (times->n_in[i] == 0)
			continue;
		int64_t most = FP_MIN(fp_histogram_greatest(i), times->max_ns);
		if (fp_buf_printf(text, "%s[%.9f,%" PRIu64 "]",
			    has_one ? "," : "", stats_seconds(most),
			    times->n_in[i]))
			return -1;
		has_one = true;
	}
	return fp_buf_add_char(text, ']');
}

/* Nothing is said of the times of nothing. */
static int
stats_add_times(struct fp_buf *text, const struct fp_histogram *times)
{
	if (times->n == 0)
		return fp_buf_add_text(text, ",\"fetch_time\":null");
	if (fp_buf_printf(text,
		    ",\"fetch_time\":{\"count\":%" PRIu64
		    ",\"min\":%.6f,\"mean\":%.6f,\"p50\":%.6f,\"p90\":%.6f,"
		    "\"p99\":%.6f,\"max\":%.6f",
		    times->n, stats_seconds(times->min_ns),
		    times->sum_ns / (double)times->n / 1e9,
		    stats_seconds(fp_histogram_quantile(times, 500000)),
		    stats_seconds(fp_histogram_quantile(times, 900000)),
		    stats_seconds(fp_histogram_quantile(times, 990000)),
		    stats_seconds(times->max_ns)) ||
		add_buckets(text, times))
		return -1;
	return fp_buf_add_char(text, '}');
}

static int
add_changes(struct fp_buf *text, const struct fp_json_changes *changes)
{
	return fp_buf_printf(text,
		",\"json_safe\":{\"surrogates\":%" PRIu64 ",\"nuls\":%" PRIu64
		",\"numbers\":%" PRIu64 ",\"deep\":%" PRIu64 "}",
		changes->surrogates, changes->nuls, changes->numbers,
		changes->deep);
}

static int
stats_add_versions(struct fp_buf *text)
{
	char versions[400];

	fp_version(versions, sizeof(versions));
	return fp_buf_add_text(text, ",\"libraries\":") ||
			       fp_quote_json(text, versions)
		       ? -1
		       : 0;
}

int
fp_stats_write(struct fp_buf *text, const struct fp_tally *tally,
	const struct fp_totals *totals, struct fp_notices *notices,
	const struct fp_settings *settings)
{
	uint64_t done = totals->n_succeeded + totals->n_failed;
	const char *by = totals->stopped_by;

	if (fp_buf_printf(text,
		    "{\"fetchpool\":\"" PACKAGE_VERSION "\",\"schema\":%d,",
		    FP_STATS_SCHEMA) ||
		add_started(text, totals->started_wall_ns) ||
		fp_buf_printf(text,
			",\"seconds\":%.6f,\"exit_status\":%d,\"stopped_by\":"
			"%s%s%s",
			stats_seconds(totals->took_ns), totals->exit_status,
			by ? "\"" : "", by ? by : "null", by ? "\"" : "") ||
		fp_buf_printf(text,
			",\"read\":%" PRIu64 ",\"succeeded\":%" PRIu64
			",\"failed\":%" PRIu64 ",\"not_done\":%" PRIu64,
			totals->n_read, totals->n_succeeded, totals->n_failed,
			totals->n_not_done) ||
		stats_add_kinds(text, tally) ||
		stats_add_statuses(text, tally) ||
		fp_buf_printf(text,
			",\"attempts\":%" PRIu64 ",\"retries\":%" PRIu64
			",\"bytes\":%" PRIu64
			",\"items_per_second\":%.3f,\"bytes_per_second\":%.3f",
			tally->n_attempts, tally->n_retries, tally->n_bytes,
			stats_each_second(done, totals),
			stats_each_second(tally->n_bytes, totals)) ||
		add_changes(text, &tally->changes) ||
		stats_add_times(text, &tally->times) ||
		fp_buf_add_char(text, ',') ||
		fp_notices_add_learned(notices, text) ||
		fp_buf_add_text(text, ",\"command\":") ||
		fp_shown_command(text, settings) || stats_add_versions(text))
		return -1;
	return 0;
}
