/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "account.h"

#include "msg.h"
#include "patience.h"
#include "stats.h"
#include "summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void
fp_account_none(struct fp_account *account)
{
	account->settings = NULL;
	fp_wholefile_none(&account->stats);
	account->trace.fd = -1;
	fp_notices_init(&account->notices, false);
}

/* ---- before ---- */

int
fp_account_open(struct fp_account *account, const struct fp_settings *settings)
{
	const char *stats = settings->stats_path;
	const char *trace = settings->trace_path;

	account->settings = settings;
	account->notices.is_quiet = settings->quiet;
	if (stats && fp_wholefile_open(&account->stats, stats)) {
		fp_msg_local(
			"cannot write %s: %s", stats, fp_patience_why(errno));
		return -1;
	}
	if (trace && fp_trace_open(&account->trace, trace)) {
		fp_msg_local(
			"cannot write %s: %s", trace, fp_patience_why(errno));
		return -1;
	}
	return 0;
}

/* ---- after ---- */

void
fp_account_tell_failed(
	const struct fp_tally *tally, const struct fp_totals *totals)
{
	char text[400];
	size_t len = 0;

	for (int kind = 0; kind < FP_KIND_COUNT; kind++) {
		if (tally->n_kind[kind] == 0)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s%" PRIu64 " %s", len ? ", " : "",
			tally->n_kind[kind], fp_kind_name((enum fp_kind)kind));
	}
	fp_msg_note("%" PRIu64 " of %" PRIu64 " items failed: %s",
		totals->n_failed, totals->n_read, text);
}

static void
render_summary(const struct fp_tally *tally, const struct fp_totals *totals)
{
	struct fp_buf text = FP_BUF_INIT;

	if (fp_summary_write(&text, tally, totals))
		fp_msg_local("out of memory");
	else
		fp_msg_lines(fp_buf_text(&text));
	fp_buf_destroy(&text);
}

static void
render_stats(struct fp_account *account, const struct fp_tally *tally,
	const struct fp_totals *totals)
{
	struct fp_buf text = FP_BUF_INIT;

	if (fp_stats_write(&text, tally, totals, &account->notices) ||
		fp_wholefile_write(&account->stats, text.data, text.len))
		fp_msg_local("write error: %s: %s",
			account->settings->stats_path, fp_patience_why(errno));
	fp_buf_destroy(&text);
}

void
fp_account_render(struct fp_account *account, const struct fp_tally *tally,
	struct fp_totals *totals)
{
	fp_trace_close(&account->trace);
	totals->exit_status = (int)fp_msg_status();
	if (account->settings->stats_path)
		render_stats(account, tally, totals);
	if (account->settings->summary)
		render_summary(tally, totals);
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
	fp_wholefile_close(&account->stats);
	fp_trace_close(&account->trace);
}
