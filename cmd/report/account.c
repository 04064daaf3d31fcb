/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "account.h"

#include "clock.h"
#include "jsontree.h"
#include "ledgerjson.h"
#include "metrics.h"
#include "msg.h"
#include "page.h"
#include "patience.h"
#include "stats.h"
#include "summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void
fp_account_none(struct fp_account *account)
{
	account->settings = NULL;
	account->is_refused = false;
	fp_wholefile_none(&account->stats);
	fp_wholefile_none(&account->report);
	fp_wholefile_none(&account->metrics);
	account->metrics_due_ns = INT64_MAX;
	account->trace.fd = -1;
	fp_notices_init(&account->notices, false);
	fp_ledger_none(&account->ledger);
}

/* ---- before ---- */

static int
open_whole(struct fp_wholefile *file, const char *path)
{
	if (!path || fp_wholefile_open(file, path) == 0)
		return 0;
	fp_msg_local("cannot write %s: %s", path, fp_patience_why(errno));
	return -1;
}

/* It is written again and again: a pipe would block us, even if it were only
 * opened. */
static int
open_metrics(struct fp_account *account, const char *path)
{
	struct stat st;

	if (!path)
		return 0;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		fp_msg_local("cannot write %s: it is not a regular file", path);
		return -1;
	}
	if (open_whole(&account->metrics, path))
		return -1;
	account->metrics_due_ns = fp_clock_now_ns();
	return 0;
}

int
fp_account_open(struct fp_account *account, const struct fp_settings *settings,
	bool explains)
{
	const char *stats = settings->stats_path;
	const char *report = settings->report_path;
	const char *trace = settings->trace_path;

	account->settings = settings;
	account->notices.is_quiet = settings->quiet;
	if ((stats || report || settings->metrics_path || settings->summary ||
		    explains) &&
		!settings->pool.dry_run && fp_ledger_init(&account->ledger)) {
		fp_msg_local("out of memory");
		return -1;
	}
	if (open_whole(&account->stats, stats) ||
		open_whole(&account->report, report) ||
		open_metrics(account, settings->metrics_path))
		return -1;
	if (trace && fp_trace_open(&account->trace, trace)) {
		fp_msg_local(
			"cannot write %s: %s", trace, fp_patience_why(errno));
		return -1;
	}
	return 0;
}

/* ---- meanwhile ---- */

bool
fp_account_wants(const struct fp_account *account)
{
	return account->trace.fd >= 0 || account->ledger.books;
}

void
fp_account_span(void *arg, const struct fp_span *span)
{
	struct fp_account *account = arg;

	if (account->ledger.books)
		fp_ledger_span(&account->ledger, span);
	if (account->trace.fd >= 0)
		fp_trace_tell(&account->trace, span);
}

void
fp_account_notice(void *arg, const struct fp_notice *notice)
{
	struct fp_account *account = arg;

	if (account->ledger.books)
		fp_ledger_notice(&account->ledger, notice);
	fp_notice_tell(&account->notices, notice);
}

/* What the option was given last; NULL: nothing. */
static const char *
account_given(const struct fp_settings *settings, const char *option)
{
	for (size_t i = settings->given.n; i > 0; i -= 2) {
		if (strcmp(settings->given.texts[i - 2], option) == 0)
			return settings->given.texts[i - 1];
	}
	return NULL;
}

static void
fill_figures(struct fp_account *account, struct fp_figures *figures)
{
	const struct fp_settings *settings = account->settings;

	fp_ledger_figures(&account->ledger, figures, fp_clock_now_ns());
	figures->output = account_given(settings, "output");
	figures->rate = settings->pool.rate;
	figures->host_rate = settings->pool.host_rate;
	figures->host_jobs = settings->pool.host_jobs;
	figures->finds_jobs = settings->pool.finds_jobs;
	figures->syncs = settings->syncs;
}

enum fp_cause
fp_account_explain(struct fp_account *account, uint64_t n_bytes,
	char text[FP_CAUSE_MAX], double *part)
{
	struct fp_figures figures;

	if (!account->ledger.books)
		return FP_CAUSE_COUNT;
	fill_figures(account, &figures);
	figures.n_bytes = n_bytes;
	return fp_cause_find(&figures, text, part);
}

/* ---- after ---- */

void
fp_account_tell_failed(
	const struct fp_tally *tally, const struct fp_totals *totals)
{
	char text[600];
	size_t len = 0;

	for (int kind = 0; kind < FP_KIND_COUNT; kind++) {
		if (tally->n_kind[kind] == 0)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s%" PRIu64 " %s", len ? ", " : "",
			tally->n_kind[kind], fp_kind_name((enum fp_kind)kind));
		if (kind == FP_KIND_LOCAL)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
				" (%s%s)",
				tally->n_kind[kind] > 1 ? "first: " : "",
				tally->local);
	}
	fp_msg_note("%" PRIu64 " of %" PRIu64 " items failed: %s",
		totals->n_failed, totals->n_read, text);
}

static void
render_summary(struct fp_account *account, const struct fp_tally *tally,
	const struct fp_totals *totals)
{
	struct fp_buf text = FP_BUF_INIT;
	char sentence[FP_CAUSE_MAX];
	double part;
	enum fp_cause cause =
		fp_account_explain(account, tally->n_bytes, sentence, &part);

	if (fp_summary_write(&text, tally, totals,
		    cause < FP_CAUSE_COUNT ? sentence : NULL))
		fp_msg_local("out of memory");
	else
		fp_msg_lines(fp_buf_text(&text));
	fp_buf_destroy(&text);
}

/* One line, with its newline. */
static int
write_stats(struct fp_account *account, struct fp_buf *text,
	const struct fp_tally *tally, const struct fp_totals *totals)
{
	struct fp_figures figures;

	if (fp_stats_write(
		    text, tally, totals, &account->notices, account->settings))
		return -1;
	if (account->ledger.books) {
		fill_figures(account, &figures);
		figures.n_bytes = tally->n_bytes;
		if (fp_ledgerjson_write(text, &account->ledger, &figures))
			return -1;
	}
	return fp_buf_add_text(text, "}\n");
}

/* -1: said why. */
static int
put_whole(
	struct fp_wholefile *file, const char *path, const struct fp_buf *text)
{
	if (fp_wholefile_write(file, text->data, text->len) == 0)
		return 0;
	fp_msg_local("write error: %s: %s", path, fp_patience_why(errno));
	return -1;
}

/* The page is made of the statistics as they are written: what it says is what
 * they say. */
static int
render_page(struct fp_buf *page, const struct fp_buf *stats)
{
	struct fp_jsontree *tree = fp_jsontree_parse(stats->data, stats->len);
	int ret = tree ? fp_page_write(page, fp_jsontree_root(tree)) : -1;

	fp_jsontree_free(tree);
	return ret;
}

static void
render_files(struct fp_account *account, const struct fp_tally *tally,
	const struct fp_totals *totals)
{
	const struct fp_settings *settings = account->settings;
	struct fp_buf stats = FP_BUF_INIT, page = FP_BUF_INIT;

	if (write_stats(account, &stats, tally, totals) ||
		(settings->report_path && render_page(&page, &stats))) {
		fp_msg_local("out of memory");
	} else {
		if (settings->stats_path)
			put_whole(
				&account->stats, settings->stats_path, &stats);
		if (settings->report_path)
			put_whole(
				&account->report, settings->report_path, &page);
	}
	fp_buf_destroy(&stats);
	fp_buf_destroy(&page);
}

static void
write_metrics(struct fp_account *account, const struct fp_tally *tally,
	const struct fp_totals *totals, const struct fp_look *look)
{
	struct fp_buf text = FP_BUF_INIT;
	struct fp_figures figures;
	struct fp_metrics metrics = {
		.path = account->settings->metrics_path,
		.tally = tally,
		.totals = totals,
		.figures = &figures,
		.ledger = &account->ledger,
		.look = look,
	};

	fill_figures(account, &figures);
	figures.n_bytes = tally->n_bytes;
	if (fp_metrics_write(&text, &metrics)) {
		fp_msg_local("out of memory");
		account->metrics_due_ns = INT64_MAX;
	} else if (put_whole(&account->metrics, metrics.path, &text)) {
		account->metrics_due_ns = INT64_MAX;
	}
	fp_buf_destroy(&text);
}

void
fp_account_measure(struct fp_account *account, const struct fp_tally *tally,
	const struct fp_totals *totals, const struct fp_look *look,
	int64_t now_ns)
{
	account->metrics_due_ns = now_ns + FP_METRICS_NS;
	write_metrics(account, tally, totals, look);
}

void
fp_account_refuse(struct fp_account *account)
{
	account->is_refused = true;
	fp_trace_leave(&account->trace);
}

void
fp_account_render(struct fp_account *account, const struct fp_tally *tally,
	struct fp_totals *totals)
{
	fp_trace_close(&account->trace);
	totals->exit_status = (int)fp_msg_status();
	if ((account->settings->stats_path || account->settings->report_path) &&
		!account->is_refused)
		render_files(account, tally, totals);
	if (account->metrics_due_ns < INT64_MAX)
		write_metrics(account, tally, totals, NULL);
	if (account->settings->summary)
		render_summary(account, tally, totals);
}

void
fp_account_save(struct fp_account *account)
{
	if (account->trace.fd >= 0)
		fp_trace_flush(&account->trace);
}

void
fp_account_close(struct fp_account *account)
{
	fp_notices_destroy(&account->notices);
	fp_ledger_destroy(&account->ledger);
	fp_wholefile_close(&account->stats);
	fp_wholefile_close(&account->report);
	fp_wholefile_close(&account->metrics);
	fp_trace_close(&account->trace);
}
