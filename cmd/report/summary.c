/* SPDX-License-Identifier: MIT */
/*
 * The histogram has rows that people can read: if the longest time is many
 * times the shortest, each goes from one of 1, 2, 5, 10, 20, ... to the next;
 * if not, all are as wide as each other, by such a number.
 */
#include "base.h"

#include "summary.h"

#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 78
#define BAR_COLUMNS 40
#define LABEL_COLUMNS 13
#define MANY_TIMES 8
#define ROWS_MAX 10 /* of equal width; there may be one more */

/* To three digits, in the unit that fits. */
static const char *
summary_write_time(int64_t ns, char text[32])
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
	size_t i = 0;

	while (i + 1 < FP_ARRAY_LEN(units) && (double)ns < units[i].ns)
		i++;
	double value = (double)ns / units[i].ns;
	int digits = value < 10 ? 2 : value < 100 ? 1 : 0;
	int len = snprintf(text, 24, "%.*f", digits, value);
	if (digits > 0) {
		while (text[len - 1] == '0')
			len--;
		len -= text[len - 1] == '.';
	}
	snprintf(text + len, 32 - (size_t)len, " %s", units[i].name);
	return text;
}

static double
summary_each_second(double n, const struct fp_totals *totals)
{
	return totals->took_ns > 0 ? n * 1e9 / (double)totals->took_ns : 0;
}

/* "http 48", ", timeout 2": further ones on further lines, under the first. */
static int
add_count(struct fp_buf *text, size_t *line, const char *name, uint64_t n)
{
	char word[64];
	int len = snprintf(word, sizeof(word), "%s %" PRIu64, name, n);
	bool is_first = *line == text->len;

	if (is_first) {
		*line = text->len - LABEL_COLUMNS;
	} else if (text->len - *line + 2 + (size_t)len > COLUMNS_MAX) {
		if (fp_buf_add_text(text, ",\n"))
			return -1;
		*line = text->len;
		return fp_buf_printf(text, "%*s%s", LABEL_COLUMNS, "", word);
	} else if (fp_buf_add_text(text, ", ")) {
		return -1;
	}
	return fp_buf_add_text(text, word);
}

static int
summary_add_kinds(struct fp_buf *text, const struct fp_tally *tally)
{
	if (fp_buf_printf(text, "%-*s", LABEL_COLUMNS, "  failed"))
		return -1;
	size_t line = text->len;
	for (int kind = 0; kind < FP_KIND_COUNT; kind++) {
		if (tally->n_kind[kind] &&
			add_count(text, &line, fp_kind_name((enum fp_kind)kind),
				tally->n_kind[kind]))
			return -1;
	}
	return fp_buf_add_char(text, '\n');
}

/* Those without a response come last. */
static int
summary_add_statuses(struct fp_buf *text, const struct fp_tally *tally)
{
	char name[16];

	if (fp_buf_printf(text, "%-*s", LABEL_COLUMNS, "  status"))
		return -1;
	size_t line = text->len;
	for (int status = 1; status < FP_STATUS_COUNT; status++) {
		snprintf(name, sizeof(name), "%d:", status);
		if (tally->n_status[status] &&
			add_count(text, &line, name, tally->n_status[status]))
			return -1;
	}
	if (tally->n_status[0] &&
		add_count(text, &line, "none:", tally->n_status[0]))
		return -1;
	return fp_buf_add_char(text, '\n');
}

/* 1, 2, 5, 10, ...: the greatest that is not over the value, if `is_down`, or
 * the least that is over it. Not beyond what is counted. */
static int64_t
round_number(int64_t value, bool is_down)
{
	static const uint64_t steps[] = {1, 2, 5, 10};
	uint64_t wanted = (uint64_t)FP_MAX(value, 0);

	for (uint64_t power = 1;; power *= 10) {
		for (size_t i = 0; i < 3; i++) {
			uint64_t after = steps[i + 1] * power;
			if (after > wanted)
				return is_down ? (int64_t)(steps[i] * power)
					       : (int64_t)FP_MIN(
							 after, INT64_MAX);
		}
	}
}

static int
add_row(struct fp_buf *text, int64_t from_ns, int64_t to_ns, uint64_t n,
	uint64_t n_most)
{
	char from[32], to[32];
	size_t len = (size_t)((double)n * BAR_COLUMNS / (double)n_most + 0.5);
	char bar[BAR_COLUMNS + 1];

	if (n > 0)
		len = FP_MIN(FP_MAX(len, 1), BAR_COLUMNS);
	memset(bar, '#', len);
	bar[len] = '\0';
	return fp_buf_printf(text, "  %8s - %-8s %10" PRIu64 "%s%s\n",
		summary_write_time(from_ns, from),
		summary_write_time(to_ns, to), n, len ? " " : "", bar);
}

/* Each row and the next one's beginning; or with `text` NULL the most that is
 * in one of them. */
static int
go_through(struct fp_buf *text, const struct fp_histogram *times,
	int64_t step_ns, uint64_t *n_most)
{
	int64_t from = step_ns > 0 ? times->min_ns / step_ns * step_ns
				   : round_number(times->min_ns, true);
	uint64_t before = 0;

	while (before < times->n) {
		int64_t to = step_ns > 0 ? from + step_ns
					 : round_number(from, false);
		uint64_t below = to > times->max_ns
					 ? times->n
					 : fp_histogram_below(times, to);
		if (!text)
			*n_most = FP_MAX(*n_most, below - before);
		else if (add_row(text, from, to, below - before, *n_most))
			return -1;
		before = below;
		from = to;
	}
	return 0;
}

static int
add_histogram(struct fp_buf *text, const struct fp_histogram *times)
{
	int64_t least = FP_MAX(times->min_ns, 1);
	int64_t step = 0;
	uint64_t n_most = 1;

	if (times->max_ns / least < MANY_TIMES)
		step = round_number(FP_MAX((times->max_ns - least) / ROWS_MAX,
					    times->max_ns / FP_HISTOGRAM_SUB),
			false);
	(void)go_through(NULL, times, step, &n_most);
	return go_through(text, times, step, &n_most);
}

static int
summary_add_times(struct fp_buf *text, const struct fp_histogram *times)
{
	char p50[32], p90[32], p99[32], max[32];

	if (times->n == 0)
		return 0;
	if (fp_buf_printf(text, "%-*sp50 %s, p90 %s, p99 %s, max %s\n",
		    LABEL_COLUMNS, "  fetch_time",
		    summary_write_time(
			    fp_histogram_quantile(times, 500000), p50),
		    summary_write_time(
			    fp_histogram_quantile(times, 900000), p90),
		    summary_write_time(
			    fp_histogram_quantile(times, 990000), p99),
		    summary_write_time(times->max_ns, max)))
		return -1;
	return add_histogram(text, times);
}

/* The sentence, broken between words. */
static int
add_sentence(struct fp_buf *text, const char *sentence)
{
	size_t used = LABEL_COLUMNS;

	if (!sentence)
		return 0;
	if (fp_buf_printf(text, "%-*s", LABEL_COLUMNS, "  held by"))
		return -1;
	while (*sentence) {
		size_t len = strcspn(sentence, " ");
		bool is_first = used == LABEL_COLUMNS;
		if (!is_first && used + 1 + len > COLUMNS_MAX) {
			if (fp_buf_printf(text, "\n%*s", LABEL_COLUMNS, ""))
				return -1;
			used = LABEL_COLUMNS;
		} else if (!is_first) {
			if (fp_buf_add_char(text, ' '))
				return -1;
			used++;
		}
		if (fp_buf_add(text, sentence, len))
			return -1;
		used += len;
		sentence += len + (sentence[len] == ' ');
	}
	return fp_buf_add_char(text, '\n');
}

int
fp_summary_write(struct fp_buf *text, const struct fp_tally *tally,
	const struct fp_totals *totals, const char *sentence)
{
	uint64_t done = totals->n_succeeded + totals->n_failed;
	char took[32], size[32], speed[32];

	if (fp_buf_printf(text,
		    "fetchpool: %" PRIu64 " item%s in %s: %" PRIu64
		    " succeeded, %" PRIu64 " failed, %" PRIu64 " not done\n",
		    totals->n_read, totals->n_read == 1 ? "" : "s",
		    summary_write_time(totals->took_ns, took),
		    totals->n_succeeded, totals->n_failed, totals->n_not_done))
		return -1;
	if (fp_buf_printf(text,
		    "%-*s%.1f items/s, %" PRIu64 " attempt%s, %" PRIu64
		    " retr%s\n%*s%s of bodies, %s/s\n",
		    LABEL_COLUMNS, "  pace",
		    summary_each_second((double)done, totals),
		    tally->n_attempts, tally->n_attempts == 1 ? "" : "s",
		    tally->n_retries, tally->n_retries == 1 ? "y" : "ies",
		    LABEL_COLUMNS, "",
		    fp_units_write_size((double)tally->n_bytes, size),
		    fp_units_write_size(
			    summary_each_second((double)tally->n_bytes, totals),
			    speed)))
		return -1;
	if (add_sentence(text, sentence) ||
		(totals->n_failed > 0 && summary_add_kinds(text, tally)) ||
		(done > 0 && summary_add_statuses(text, tally)))
		return -1;
	return summary_add_times(text, &tally->times);
}
