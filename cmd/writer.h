/* SPDX-License-Identifier: MIT */
/*
 * writer: the pool's results become lines on standard output and standard
 * error, and the lines of what failed go to files. A result goes back to the
 * pool only when all that is to be written of it is written.
 *
 * Threads: fp_writer_main() is the thread, which is started by whoever finds
 * that it is needed; fp_writer_drain() by those of the pool, which says whose
 * turn it is; the counters may be read by any, and fp_output_stop() called on
 * the outputs.
 * Ownership: embedded by the run; it borrows the settings and the pool.
 * Failure: said through msg; then the pool is cancelled.
 */
#ifndef FP_WRITER_H
#define FP_WRITER_H

#include "base.h"

#include "buf.h"
#include "etags.h"
#include "journal.h"
#include "ledger.h"
#include "output.h"
#include "settings.h"
#include "tally.h"
#include "thread.h"

#include <stdatomic.h>

/* What the writer says to the main thread. */
enum fp_writer_word {
	FP_WRITER_DONE, /* it has had the last result: the end of the pipe */
	FP_WRITER_ERRORS, /* more have failed than --max-errors; once */
	FP_WRITER_ALONE, /* it is needed, and there can be no thread for it */
};

/* Results that are written together. */
#define FP_WRITER_BATCH 128

struct fp_writer_batch {
	const struct fp_result *results[FP_WRITER_BATCH];
	struct fp_journal_marks ends[FP_WRITER_BATCH]; /* by item */
	bool is_done[FP_WRITER_BATCH]; /* as far as order goes */
	size_t n;
	bool is_rendered; /* and not written yet */
};

struct fp_writer {
	const struct fp_settings *settings;
	struct fp_pool *pool;
	struct fp_output output;
	struct fp_output failed;
	struct fp_output unknown; /* of what was sent, with no answer */
	struct fp_journal *journal; /* NULL: none is kept */
	struct fp_etags *etags; /* NULL: none are */
	struct fp_ledger *ledger; /* NULL: none is kept */
	atomic_int is_writing; /* an enum fp_writing */
	struct fp_buf undone; /* with one: lines that come last in `failed` or
			       * `unknown`, each after a struct undone */
	uint64_t n_unknown; /* lines of these that have no place in a file */
	bool is_shared; /* output and standard error are one file */
	bool has_messages; /* then: that records must not come before */
	bool has_prompt_errors; /* who must not wait may write messages, too */
	void (*stop)(void *arg); /* called once, when an output failed */
	void *stop_arg;
	bool has_stopped;
	bool has_gap; /* an item was not done */
	int done_fd; /* a pipe: enum fp_writer_word; closed at the end */
	bool has_warned; /* of too many errors */
	unsigned n_presses; /* the main thread's */
	struct fp_mutex thread_lock; /* over its thread */
	struct fp_thread thread;
	bool has_thread;
	int thread_error; /* why it has none */
	struct fp_writer_batch batch; /* at hand */

	/* Every result is counted in one of these. */
	atomic_uint_fast64_t n_succeeded;
	atomic_uint_fast64_t n_failed;
	atomic_uint_fast64_t n_not_done;
	struct fp_mutex tally_lock; /* with a ledger: over the tally */
	struct fp_tally tally;
};

/* Opens the outputs, and leaves in them what is there. It was zeroed before.
 * -1: said why. */
int fp_writer_init(
	struct fp_writer *writer, const struct fp_settings *settings);

/* Without a journal, and when all that could be refused has been judged:
 * empties those that are files of ours. -1: said why. */
int fp_writer_begin(struct fp_writer *writer);

/* From the main thread, again and again until the writer is done: it is to end
 * though nobody may read what it writes. At first it may end the line that is
 * begun; then it writes nothing any more but to `failed` and `unknown`. */
void fp_writer_press(struct fp_writer *writer);

/* Starts the thread. 0, or -1 with errno. */
int fp_writer_start(struct fp_writer *writer);

/* An fp_summon: starts the thread; or it is done without one. If there can be
 * no thread, the main thread hears FP_WRITER_ALONE, and is to be it. */
void fp_writer_summon(void *writer, bool is_over);

/* By the main thread, when it has heard that the writer is done: waits for its
 * thread, if it has one. */
void fp_writer_join(struct fp_writer *writer);

/* After that: lines that were held back go to their files. */
void fp_writer_set_aside(struct fp_writer *writer);

/* Whether so many failures of so many items are more than --max-errors. */
bool fp_writer_is_over(
	const struct fp_settings *settings, uint64_t n_failed, uint64_t n_done);

/* Whether files are to tell what was not done: then a run whose reader went
 * away writes them before it dies of that. */
bool fp_writer_is_told(const struct fp_settings *settings);

/* Whether the reader of the output went away, and the run is to die of it. */
bool fp_writer_ends_by_pipe(const struct fp_writer *writer);

/* Flushes and closes. -1: something was not written; said so. */
int fp_writer_close(struct fp_writer *writer);

void fp_writer_main(void *writer);

/* With a ledger: the tally so far. */
void fp_writer_copy_tally(struct fp_writer *writer, struct fp_tally *tally);

/* Whether a thread of the pool's may write, where that takes no waiting: then
 * fp_writer_drain() is an fp_drain. */
bool fp_writer_may_drain(const struct fp_writer *writer);
bool fp_writer_drain(
	void *writer, const struct fp_result *const *results, size_t n);

#endif
