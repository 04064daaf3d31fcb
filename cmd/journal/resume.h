/* SPDX-License-Identifier: MIT */
/*
 * resume: the items of an input that a journal does not have as done, with
 * their numbers. First the input is read as far as the journal goes, and must
 * be the one that the journal is of; only then is anything given.
 *
 * Threads: the reader's; another one's after that has ended.
 * Ownership: embedded by the reader; it borrows the input, and the journal's
 * state until fp_resume_start().
 * Failure: said through msg, but for what fp_input_next() fails with.
 */
#ifndef FP_RESUME_H
#define FP_RESUME_H

#include "base.h"

#include "buf.h"
#include "input.h"
#include "journalstate.h"

struct fp_resume {
	struct fp_input *input;
	const struct fp_journal_state *state;
	uint32_t fates; /* failures that are to be fetched again */
	bool holds_failed; /* lines of the others will be asked for */
	struct fp_seqset again; /* items up to `last` that are to be fetched */
	struct fp_seqset unknown; /* of them, those that were sent */

	/* Items are counted as the journal counts them: those of our shard. */
	uint64_t last; /* the journal's */
	uint64_t seq; /* of the input's line that was read last */

	/* Lines of those items, and of the others that have failed, if the
	 * input cannot be read twice. */
	struct fp_buf held;
	size_t held_at;

	/* While it is checked. */
	size_t n_seen;
	struct fp_journal_sums sum;

	/* What was given last. */
	struct fp_line line;
	uint64_t line_seq;
	bool is_again; /* give it once more */
};

void fp_resume_init(struct fp_resume *resume, struct fp_input *input,
	const struct fp_journal_state *state, uint32_t fates,
	bool holds_failed);
void fp_resume_destroy(struct fp_resume *resume);

/* Reads the input as far as the journal goes. -1: it is another one, which was
 * said (errno is EILSEQ), or it could not be read. */
int fp_resume_check(struct fp_resume *resume);

/* After the check: gives the lines of the items that have failed, in their
 * order, and are not to be fetched again. -1: it could not be read, or
 * each() was not 0, which is returned. */
int fp_resume_list(struct fp_resume *resume,
	int (*each)(void *arg, struct fp_text line, unsigned fate), void *arg);

/* After that: the next line is the first of those that are to be fetched. */
int fp_resume_start(struct fp_resume *resume);

/* As fp_input_next(); `is_unknown` says that the line was sent, and its
 * outcome is not known. */
int fp_resume_next(
	struct fp_resume *resume, struct fp_line *line, bool *is_unknown);

/* Lets the next call give the same again. */
void fp_resume_back(struct fp_resume *resume);

#endif
