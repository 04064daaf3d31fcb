/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SAMPLE_NS (FP_NS_PER_S / 2)

#define USUAL_COLUMNS 80
#define NARROW_COLUMNS 40 /* no room for commas */
#define GAUGE_MIN 10 /* with its brackets */
#define GAUGE_MAX 42

/* ---- the pace ---- */

void
fp_progress_pace_note(struct fp_pace *pace, int64_t now_ns, uint64_t n_done)
{
	unsigned n = FP_ARRAY_LEN(pace->seen);
	unsigned last = (pace->n_seen + n - 1) % n;

	if (pace->n_seen > 0 && now_ns - pace->seen[last].at_ns < SAMPLE_NS)
		return;
	pace->seen[pace->n_seen % n].at_ns = now_ns;
	pace->seen[pace->n_seen % n].n_done = n_done;
	pace->n_seen++;

	/* Only its place matters once it is full; it must not overflow. */
	if (pace->n_seen == 2 * n)
		pace->n_seen = n;
}

double
fp_progress_pace_of(const struct fp_pace *pace, int64_t now_ns, uint64_t n_done)
{
	unsigned n = FP_ARRAY_LEN(pace->seen);
	unsigned oldest = pace->n_seen > n ? pace->n_seen % n : 0;

	if (pace->n_seen == 0 || now_ns <= pace->seen[oldest].at_ns)
		return 0;
	return (double)(n_done - pace->seen[oldest].n_done) * 1e9 /
	       (double)(now_ns - pace->seen[oldest].at_ns);
}

/* ---- what is left ---- */

uint64_t
fp_progress_left(uint64_t n_bytes, uint64_t n_bytes_read, uint64_t n_lines,
	uint64_t n_read, uint64_t n_done)
{
	if (n_bytes_read == 0 || n_lines == 0)
		return FP_LEFT_UNKNOWN;
	uint64_t more = n_bytes - FP_MIN(n_bytes, n_bytes_read);
	double lines = (double)more * (double)n_lines / (double)n_bytes_read;
	return n_read - FP_MIN(n_read, n_done) + (uint64_t)(lines + 0.5);
}

/* ---- in words ---- */

static uint64_t
done(const struct fp_progress *progress)
{
	return progress->n_succeeded + progress->n_failed;
}

void
fp_progress_words(const struct fp_progress *progress, char *text, size_t size)
{
	double seconds = (double)progress->took_ns / 1e9;

	snprintf(text, size,
		"%" PRIu64 " read, %" PRIu64 " succeeded, %" PRIu64
		" failed, %zu in flight, %zu waiting, %.1f/s%s%s",
		progress->n_read, progress->n_succeeded, progress->n_failed,
		progress->n_running, progress->n_waiting,
		seconds > 0 ? (double)done(progress) / seconds : 0,
		progress->held[0] ? "; " : "", progress->held);
}

/* ---- the bar ---- */

/* What it may consist of, in the order in which it is shown. */
enum part {
	PART_PERCENT,
	PART_GAUGE,
	PART_DONE,
	PART_FAILED,
	PART_STOPPING,
	PART_HELD,
	PART_RATE,
	PART_TIME,
	PART_RUNNING,
	PART_WAITING,
	PART_COUNT,
};

struct parts {
	char text[PART_COUNT][100]; /* "": it is not shown */
	double share; /* done of all; less than 0: not known */
};

/* "0:07", "1:02:03", "2d 03h" */
static void
write_clock(double seconds, const char *what, char *text, size_t size)
{
	uint64_t s = (uint64_t)FP_MIN(seconds, 8e15);

	if (s >= 86400)
		snprintf(text, size, "%" PRIu64 "d %02" PRIu64 "h%s", s / 86400,
			s / 3600 % 24, what);
	else if (s >= 3600)
		snprintf(text, size,
			"%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 "%s", s / 3600,
			s / 60 % 60, s % 60, what);
	else
		snprintf(text, size, "%" PRIu64 ":%02" PRIu64 "%s", s / 60,
			s % 60, what);
}

static void
write_parts(const struct fp_progress *progress, struct parts *parts)
{
	uint64_t n = done(progress), left = progress->n_left;
	bool is_known = left != FP_LEFT_UNKNOWN;
	size_t size = sizeof(parts->text[0]);

	memset(parts, 0, sizeof(*parts));
	parts->share = is_known && n + left > 0
			       ? (double)n / ((double)n + (double)left)
			       : -1;
	if (parts->share >= 0)
		snprintf(parts->text[PART_PERCENT], size, "%d%%",
			(int)(100 * parts->share));
	if (is_known && progress->is_exact)
		snprintf(parts->text[PART_DONE], size, "%" PRIu64 "/%" PRIu64,
			n, n + left);
	else
		snprintf(parts->text[PART_DONE], size, "%" PRIu64 " done", n);
	if (progress->n_failed > 0)
		snprintf(parts->text[PART_FAILED], size, "%" PRIu64 " failed",
			progress->n_failed);
	if (progress->is_stopping)
		snprintf(parts->text[PART_STOPPING], size, "stopping");
	snprintf(parts->text[PART_HELD], size, "%s", progress->held);
	snprintf(parts->text[PART_RATE], size, "%.1f/s", progress->each_second);
	if (is_known && progress->each_second > 0)
		write_clock((double)left / progress->each_second + 0.5, " left",
			parts->text[PART_TIME], size);
	else
		write_clock((double)progress->took_ns / 1e9, "",
			parts->text[PART_TIME], size);
	snprintf(parts->text[PART_RUNNING], size, "%zu running",
		progress->n_running);
	if (progress->n_waiting > 0)
		snprintf(parts->text[PART_WAITING], size, "%zu waiting",
			progress->n_waiting);
}

void
fp_progress_last(const struct fp_progress *progress, char *text, size_t size)
{
	double seconds = (double)progress->took_ns / 1e9;
	double rate = seconds > 0 ? (double)done(progress) / seconds : 0;
	char took[64], failed[64] = "";

	if (seconds < 100)
		snprintf(took, sizeof(took), "%.1f s", seconds);
	else
		write_clock(seconds, "", took, sizeof(took));
	if (progress->n_failed > 0)
		snprintf(failed, sizeof(failed), ", %" PRIu64 " failed",
			progress->n_failed);
	snprintf(text, size, "%" PRIu64 " done%s, %s, %.*f/s", done(progress),
		failed, took, rate < 10 ? 1 : 0, rate);
}

/* "[====>    ]" */
static void
write_gauge(double share, size_t columns, char *text)
{
	size_t room = columns - 2;
	size_t full = (size_t)((double)room * share);

	memset(text, ' ', columns);
	memset(text + 1, '=', full);
	if (full < room)
		text[1 + full] = '>';
	text[0] = '[';
	text[columns - 1] = ']';
	text[columns] = '\0';
}

void
fp_progress_bar(const struct fp_progress *progress, unsigned columns,
	char text[FP_BAR_MAX])
{
	static const enum part wanted[] = {PART_DONE, PART_STOPPING, PART_HELD,
		PART_FAILED, PART_PERCENT, PART_TIME, PART_RATE, PART_RUNNING,
		PART_WAITING};
	bool is_shown[PART_COUNT] = {false};
	struct parts parts;
	size_t used = 0, len = 0;

	if (columns == 0)
		columns = USUAL_COLUMNS;
	const char *between = columns < NARROW_COLUMNS ? " " : ", ";
	size_t room = FP_MIN(columns - 1, FP_BAR_MAX - 1);
	write_parts(progress, &parts);
	for (size_t i = 0; i < FP_ARRAY_LEN(wanted); i++) {
		char *part = parts.text[wanted[i]];
		bool is_first = wanted[i] <= PART_DONE;
		size_t more =
			strlen(part) + (used == 0	  ? 0
					       : is_first ? 1
							  : strlen(between));
		/* Rather without whose answer it was than not at all. */
		if (wanted[i] == PART_HELD && used + more > room) {
			size_t cut = strcspn(part, "(");
			more -= strlen(part);
			if (cut > 0 && part[cut])
				part[cut - 1] = '\0';
			more += strlen(part);
		}
		if (part[0] == '\0' || used + more > room)
			continue;
		is_shown[wanted[i]] = true;
		used += more;
	}
	if (is_shown[PART_PERCENT] && room >= used + 1 + GAUGE_MIN) {
		write_gauge(parts.share, FP_MIN(room - used - 1, GAUGE_MAX),
			parts.text[PART_GAUGE]);
		is_shown[PART_GAUGE] = true;
	}
	text[0] = '\0';
	for (int i = 0; i < PART_COUNT; i++) {
		if (!is_shown[i])
			continue;
		bool is_first = i <= PART_DONE; /* a space is enough */
		len += (size_t)snprintf(text + len, FP_BAR_MAX - len, "%s%s",
			len == 0   ? ""
			: is_first ? " "
				   : between,
			parts.text[i]);
	}
}
