/* SPDX-License-Identifier: MIT */
/*
 * journal: what of the input is done, kept in a file while it is being done,
 * so that another run can go on from there: every item is then in the output
 * exactly once, whatever ended the first run. A journal that is not of this
 * run is refused, and then nothing is fetched or overwritten.
 *
 * Threads: fp_journal_open() and fp_journal_close() while there are no others;
 * fp_journal_begin() by the reader before its first item; fp_journal_add() and
 * fp_journal_commit() by the writer; fp_journal_intent() by any.
 * Ownership: embedded by the run; it borrows settings and outputs.
 * Failure: said through msg; nothing is written to the journal any more.
 */
#ifndef FP_JOURNAL_H
#define FP_JOURNAL_H

#include "base.h"

#include "journalfile.h"
#include "journalstate.h"
#include "output.h"
#include "settings.h"
#include "thread.h"

/* So many items may be done and not in the file. */
#define FP_JOURNAL_AHEAD 6400

struct fp_journal {
	const struct fp_settings *settings;
	struct fp_output *output, *failed, *unknown;
	bool is_on; /* a journal is kept */
	bool is_resumed; /* another run has begun it */
	bool has_begun; /* the outputs are ours to add to */
	bool is_dry; /* only read: for a dry run */
	size_t good; /* how many of its bytes count */
	uint64_t out_start, failed_start, unknown_start; /* of our bytes */
	uint64_t n_failed_before; /* by earlier runs, and not to be retried */
	int folder_fd; /* --output-dir, to be synced; -1: none */
	void (*stop)(void *arg); /* called when the disk fails us */
	void *stop_arg;

	struct fp_mutex lock; /* over all that follows */
	struct fp_cond room; /* n_items < FP_JOURNAL_AHEAD, or error */
	struct fp_cond synced; /* is_syncing was cleared */
	struct fp_cond work; /* n_items > 0, a whole group, or is_closing */
	struct fp_journalfile file;
	struct fp_journal_state state;
	struct fp_buf text; /* what is being appended */
	struct fp_journal_line *items; /* done, and not in the file yet */
	size_t n_items; /* at most FP_JOURNAL_AHEAD */
	size_t n_told; /* how many there were when `work` was signalled */
	uint64_t n_lines; /* in the file, since it was made */
	uint64_t n_written; /* lines, by us */
	uint64_t n_synced; /* of them */
	bool is_syncing; /* a thread is in fdatasync(), without the lock */
	bool is_closing;
	int error; /* errno of what failed, or 0 */

	struct fp_thread thread; /* with --sync: the one that commits */
	bool has_thread;
};

/* Makes the file anew from the state; under the lock, or while there are no
 * other threads. -1 with errno. */
int fp_journal_make(struct fp_journal *journal);

/* Opens the journal that the settings name, if they do and it is there; the
 * outputs are open, and hold what they held. For a dry run it is only read.
 * Nothing is made or changed. -1: said why. */
int fp_journal_open(struct fp_journal *journal,
	const struct fp_settings *settings, struct fp_output *output,
	struct fp_output *failed, struct fp_output *unknown);

/* Makes the journal, unless another run has begun it, and empties the outputs.
 * -1: said why. */
int fp_journal_begin_new(struct fp_journal *journal);

/* The input was found to be the right one: what the outputs hold beyond what
 * the journal knows of is cut off. -1: said why. */
int fp_journal_begin(struct fp_journal *journal);

/* Whether --failed and --unknown lack the lines of what is still failed, so
 * that each is to be given to fp_journal_list(), which is an fp_resume_list()'s
 * each(), and then fp_journal_listed() called. -1: said why. */
bool fp_journal_is_listing(const struct fp_journal *journal);
int fp_journal_list(void *journal, struct fp_text line, unsigned fate);
int fp_journal_listed(struct fp_journal *journal);

/* Which failures are fetched again. */
uint32_t fp_journal_fates(const struct fp_journal *journal);

/* Where the line of an item goes that has not succeeded; its fd may be -1. */
struct fp_output *fp_journal_aside(const struct fp_settings *settings,
	struct fp_output *failed, struct fp_output *unknown, bool is_unknown);

/* How far an output was filled: the bytes given to it, and its sum. */
struct fp_journal_mark {
	uint64_t n_given;
	uint32_t sum;
};

struct fp_journal_mark fp_journal_mark(const struct fp_output *output);

/* Those of all outputs, up to and with an item. */
struct fp_journal_marks {
	struct fp_journal_mark out, failed, unknown;
};

/* Whether it is on record that the item was sent, and must not be again. */
bool fp_journal_has_sent(struct fp_journal *journal, uint64_t seq);

/* Whether nothing can be written to it any more. */
bool fp_journal_has_failed(struct fp_journal *journal);

/* An item is done; with what was given to the outputs up to and with it. */
void fp_journal_add(struct fp_journal *journal, const struct fp_result *result,
	const struct fp_journal_marks *marks);

/* Where an item that has pages is to go on. */
struct fp_journal_page {
	uint64_t page; /* that is done; 0: none, it is at its first one */
	struct fp_buf name; /* of the next one */
	struct fp_buf seen; /* hashes of those that are done, uint64_t each */
};

/* That of this item; its buffers are the caller's. -1 with ENOMEM. */
int fp_journal_find_page(
	struct fp_journal *journal, uint64_t seq, struct fp_journal_page *page);

/* All that was added is in the outputs. -1: stop. */
int fp_journal_commit(struct fp_journal *journal);

/* An fp_intent. */
int fp_journal_intent(void *journal, uint64_t seq);

/* Once the pool runs, which makes --output-dir; -1: said why. */
int fp_journal_start(struct fp_journal *journal);

/* When nobody adds any more: all is written, and the state is at rest. */
void fp_journal_finish(struct fp_journal *journal);

/* After that: the lines of what was not done are in --failed and --unknown, as
 * a whole, so that copies of these can be told from other files. */
void fp_journal_rest(struct fp_journal *journal);

void fp_journal_close(struct fp_journal *journal);

/* A name for the files of this journal's run, in whatever run goes on with it.
 */
#define FP_JOURNAL_PART_KEY_BYTES 17
void fp_journal_part_key(
	const struct fp_journal *journal, char key[FP_JOURNAL_PART_KEY_BYTES]);

#endif
