/* SPDX-License-Identifier: MIT */
/*
 * ledger: where the time of a run went, put together from what the pool tells
 * of its items and their servers, and from looks at what everyone waits for;
 * in the same memory for any number of items.
 *
 * Threads: any, but fp_ledger_init() and fp_ledger_destroy(), which are for
 * one thread before and after; and fp_ledger_look(), for one at a time.
 * Ownership: the caller embeds it.
 * Failure: fp_ledger_init() -1 with ENOMEM.
 */
#ifndef FP_LEDGER_H
#define FP_LEDGER_H

#include "base.h"

#include "cause.h"
#include "fetchpool.h"
#include "servers.h"
#include "thread.h"
#include "timeline.h"
#include "worst.h"

#define FP_LEDGER_PAUSES 100 /* that are kept one by one */

/* What the ends of the pool are doing. */
enum fp_reading {
	FP_READING_LINES, /* a line is read, or waited for */
	FP_READING_HANDS_IN, /* the pool takes one, when it has room */
	FP_READING_DONE,
};

enum fp_writing {
	FP_WRITING_NOTHING, /* waits for results */
	FP_WRITING_OUTPUT,
	FP_WRITING_JOURNAL,
};

struct fp_ends {
	enum fp_reading reading;
	enum fp_writing writing;
	bool keeps_order;
};

struct fp_ledger_books {
	struct fp_timeline timeline;
	struct fp_servers servers;
	struct fp_worst worst;
	struct {
		int64_t at_ns; /* since the run began */
		int64_t wait_ns;
		int status;
		unsigned server;
	} pauses[FP_LEDGER_PAUSES];
	uint64_t n_pauses; /* of all; the first ones are kept */
};

struct fp_ledger {
	struct fp_mutex lock; /* over the books */
	struct fp_ledger_books *books; /* NULL: nothing is kept */
	int64_t start_ns;
	int64_t end_ns; /* of the run, once it is over; or 0 */
	unsigned n_jobs;
	int64_t seen_ns; /* when was last looked */
	int64_t due_ns; /* and when to look again; INT64_MAX: never */
};

/* Nothing is kept. */
void fp_ledger_none(struct fp_ledger *ledger);

int fp_ledger_init(struct fp_ledger *ledger);
void fp_ledger_destroy(struct fp_ledger *ledger);

void fp_ledger_begin(
	struct fp_ledger *ledger, int64_t start_ns, unsigned n_jobs);

/* An fp_trace and an fp_tell; `ledger` is one that keeps something. */
void fp_ledger_span(void *ledger, const struct fp_span *span);
void fp_ledger_notice(void *ledger, const struct fp_notice *notice);

void fp_ledger_results(struct fp_ledger *ledger,
	const struct fp_result *const *results, size_t n);

/* Takes down what everyone is doing. */
void fp_ledger_look(struct fp_ledger *ledger, struct fp_pool *pool,
	const struct fp_ends *ends, int64_t now_ns);

/* What idle slots are idle for, as this look has it: in `n`. */
void fp_ledger_uses(const struct fp_look *look, const struct fp_ends *ends,
	unsigned n_jobs, double n[FP_USE_COUNT]);

/* The run has ended. */
void fp_ledger_end(struct fp_ledger *ledger, int64_t now_ns);

/* What is known so far, for the sentence. */
void fp_ledger_figures(
	struct fp_ledger *ledger, struct fp_figures *figures, int64_t now_ns);

#endif
