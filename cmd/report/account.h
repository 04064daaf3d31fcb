/* SPDX-License-Identifier: MIT */
/*
 * account: what a run leaves behind besides its output, if that was asked for:
 * the summary, the statistics, the report and the trace. Files that could not
 * be written are found at the start.
 *
 * Threads: the main thread's, but for the trace.
 * Ownership: embedded by the run; it borrows the settings.
 * Failure: said through msg.
 */
#ifndef FP_ACCOUNT_H
#define FP_ACCOUNT_H

#include "base.h"

#include "ledger.h"
#include "notice.h"
#include "settings.h"
#include "tally.h"
#include "trace.h"
#include "wholefile.h"

struct fp_account {
	const struct fp_settings *settings;
	struct fp_wholefile stats, report, metrics;
	int64_t metrics_due_ns; /* INT64_MAX: never */
	struct fp_trace trace;
	struct fp_notices notices;
	struct fp_ledger ledger;
	bool is_refused; /* --resume */
};

/* Nothing, until it is opened. */
void fp_account_none(struct fp_account *account);

/* Opens the files, and a ledger if one is needed, or `explains` is true. -1:
 * said why. */
int fp_account_open(struct fp_account *account,
	const struct fp_settings *settings, bool explains);

/* Whether what the pool tells of its items is for anyone: then it is to be
 * told. */
bool fp_account_wants(const struct fp_account *account);

/* An fp_trace and an fp_tell; `account` is one. */
void fp_account_span(void *account, const struct fp_span *span);
void fp_account_notice(void *account, const struct fp_notice *notice);

/* The sentence of the run so far, or of all of it, in `text`. FP_CAUSE_COUNT:
 * it is not known. */
enum fp_cause fp_account_explain(struct fp_account *account, uint64_t n_bytes,
	char text[FP_CAUSE_MAX], double *part);

/* "50 of 150 items failed: 48 http, 2 timeout" */
void fp_account_tell_failed(
	const struct fp_tally *tally, const struct fp_totals *totals);

/* The run is not the one of its journal: the files of that one stay as they
 * are; but the metrics tell how this one ended. */
void fp_account_refuse(struct fp_account *account);

/* The run is over: writes what was asked for. The exit status in the totals is
 * filled here. */
void fp_account_render(struct fp_account *account, const struct fp_tally *tally,
	struct fp_totals *totals);

/* Writes the metrics of a run that goes on, and says when to do so again. */
void fp_account_measure(struct fp_account *account,
	const struct fp_tally *tally, const struct fp_totals *totals,
	const struct fp_look *look, int64_t now_ns);

/* The program is about to be ended by a signal. */
void fp_account_save(struct fp_account *account);

void fp_account_close(struct fp_account *account);

#endif
