/* SPDX-License-Identifier: MIT */
/*
 * metrics: how a run goes in Prometheus' text format, for the textfile
 * collector of node_exporter: --metrics.
 *
 * Threads: any.
 * Ownership: the text goes into the caller's buffer.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_METRICS_H
#define FP_METRICS_H

#include "base.h"

#include "buf.h"
#include "ledger.h"
#include "tally.h"

/* How often it is written. */
#define FP_METRICS_NS (15 * FP_NS_PER_S)

struct fp_metrics {
	const char *path; /* its file's name is the label `run' */
	const struct fp_tally *tally;
	const struct fp_totals *totals; /* as far as it is known */
	const struct fp_figures *figures;
	struct fp_ledger *ledger;
	const struct fp_look *look; /* NULL: the run is over */
};

int fp_metrics_write(struct fp_buf *text, const struct fp_metrics *metrics);

#endif
