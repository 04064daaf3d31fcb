/* SPDX-License-Identifier: MIT */
/*
 * etags: the validators of responses, kept in a file from one run to the next.
 * One is written only when the body that it is of was: what ends a run never
 * hides a change from the next.
 *
 * Threads: fp_etags_recall() by the reader, fp_etags_add() and
 * fp_etags_commit() by the writer; the others while there are no others.
 * Ownership: embedded by the run.
 * Failure: said through msg. What cannot be written any more is fetched again
 * the next time.
 */
#ifndef FP_ETAGS_H
#define FP_ETAGS_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"
#include "journalfile.h"
#include "settings.h"
#include "thread.h"

/* Where the last line about a request is; at 0: no request. */
struct fp_etags_slot {
	uint64_t hash; /* of the request */
	uint64_t at; /* in the file */
	uint32_t len; /* of the line */
};

struct fp_etags {
	struct fp_mutex lock; /* over all that follows */
	bool is_on;
	bool waits; /* for the end: the disk has to have the output first */
	struct fp_journalfile file;
	struct fp_etags_slot *slots;
	size_t n_slots; /* a power of two, of which at most 3/4 are used */
	size_t n; /* used */
	uint64_t end; /* of the file, and what is to be appended */
	uint64_t live; /* bytes of lines that count */
	struct fp_buf text; /* to be appended */
	struct fp_buf line; /* that was read last */
	bool has_failed;
	bool is_made; /* the file was not there before */
};

/* Nothing, until it is opened. */
void fp_etags_none(struct fp_etags *etags);

/* Whether what is there, if anything, is such a file. -1: said why. */
int fp_etags_judge(const struct fp_settings *settings);

/* Opens the file that the settings name, or makes it. -1: said why. */
int fp_etags_open(struct fp_etags *etags, const struct fp_settings *settings);

/* An fp_recall. */
bool fp_etags_recall(void *etags, const char *url, uint64_t variant,
	struct fp_validators *known);

/* This one is written; it is a success that has changed. */
void fp_etags_add(struct fp_etags *etags, const struct fp_result *result);

/* So are all that were added. */
void fp_etags_commit(struct fp_etags *etags);

void fp_etags_close(struct fp_etags *etags);

/* The run does not begin: a file that was made is removed and closed, if
 * nothing is in it yet. */
void fp_etags_undo(struct fp_etags *etags);

#endif
