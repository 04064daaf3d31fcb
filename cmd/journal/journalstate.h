/* SPDX-License-Identifier: MIT */
/*
 * journalstate: what a journal says: which run it is of, which of its items
 * are done, which of these have failed, which were sent and are not done, and
 * how far the outputs are filled. Lines go in and the state follows; the state
 * as a whole can be written as the beginning of a new, short journal.
 *
 * Threads: none; a state belongs to one thread at a time.
 * Ownership: the caller embeds it.
 * Failure: -1 with ENOMEM, or EILSEQ: no such journal, and `why` says why; of
 * no more use then.
 */
#ifndef FP_JOURNALSTATE_H
#define FP_JOURNALSTATE_H

#include "base.h"

#include "buf.h"
#include "journalchain.h"
#include "journalline.h"
#include "seqset.h"

/* A file of the run; device and inode 0: it is none, or no regular one. They
 * change at a reboot or in a copy, so that they alone refuse nothing. */
struct fp_journal_place {
	uint64_t device, inode;
	uint64_t begin; /* where our bytes begin */
};

struct fp_journal_option {
	char name[FP_JOURNAL_NAME_MAX + 1];
	uint64_t hash;
};

/* Of the hashes of a page's items that are done, by their fate. */
struct fp_journal_sums {
	uint64_t of[FP_FATES];
};

/* An item, and where its line is in --failed or --unknown: the last `len` bytes
 * up to `end`. */
struct fp_journal_seen {
	uint64_t seq, hash;
	uint64_t end, len;
	bool is_unknown; /* in --unknown */
};

/* How far --failed and --unknown were filled when a run ended last, with the
 * lines of what was not done; and the sums of all that. */
struct fp_journal_rest {
	uint64_t failed_end, unknown_end;
	uint32_t failed_sum, unknown_sum;
};

struct fp_journal_state {
	uint8_t key[FP_JOURNAL_KEY_BYTES];
	char version[FP_JOURNAL_NAME_MAX + 1];
	struct fp_journal_place output, failed_file, unknown_file;
	struct fp_journal_option *options;
	size_t n_options;

	struct fp_seqset done; /* the failed ones included */
	struct fp_seqset failed[FP_FATES]; /* that of FP_KIND_OK is empty */
	struct fp_seqset sent; /* and not done */
	struct fp_journalchains chains; /* those that have pages */
	struct fp_journal_sums *sums; /* one a page of `done` */
	size_t n_sums;
	uint64_t out_end, failed_end, unknown_end; /* bytes */
	uint32_t out_sum, failed_sum, unknown_sum; /* of ours up to there */
	bool is_listing; /* --failed and --unknown lack what is still failed */
	struct fp_journal_rest rest;

	/* The items of the lines that were read, in order of seq. */
	struct fp_journal_seen *seen;
	size_t n_seen, cap_seen;

	bool is_old; /* the form before this one: it has to be made anew */
	bool has_commit; /* a "c": zeros behind the last are no damage */
	uint32_t crc; /* of all lines so far */
	int stage; /* the last line's enum fp_journal_what; -1: none */
	uint64_t head_done, head_failed; /* what the counts must be */
	char why[120];
	uint64_t bad_line; /* from 1 */
};

void fp_journalstate_init(struct fp_journal_state *state);
void fp_journalstate_destroy(struct fp_journal_state *state);

/* Keeps an option's hash, for a new journal. */
int fp_journalstate_option(
	struct fp_journal_state *state, struct fp_text name, uint64_t hash);

/* Reads a whole journal into a new state. What was torn at its end, as when
 * the writer was killed, is left out: `good` bytes count. */
int fp_journalstate_read(struct fp_journal_state *state, const char *data,
	size_t len, size_t *good);

/* Appends a new line to the text, and follows it. */
int fp_journalstate_add(struct fp_journal_state *state, struct fp_buf *to,
	const struct fp_journal_line *line);

/* Appends a new journal that says just this. */
int fp_journalstate_write(struct fp_journal_state *state, struct fp_buf *to);

/* What became of an item that is done; FP_KIND_OK also of one that is not. */
unsigned fp_journalstate_fate(
	const struct fp_journal_state *state, uint64_t seq);

/* How many items have failed in one of these ways. */
uint64_t fp_journalstate_failed(
	const struct fp_journal_state *state, uint32_t fates);

/* The last item that the journal knows anything of. */
uint64_t fp_journalstate_last(const struct fp_journal_state *state);

#endif
