/* SPDX-License-Identifier: MIT */
/*
 * journalfile: a journal as a file: locked, made whole or not at all, and
 * appended to.
 *
 * Threads: one at a time; fp_journalfile_sync() also beside an append.
 * Ownership: the caller embeds it; it owns the path and the descriptor.
 * Failure: -1 with errno. EWOULDBLOCK: another process has it. EINVAL: it is no
 * regular file. ENOLCK: its file system has no locks, or none left.
 * fp_journalfile_why() says more.
 */
#ifndef FP_JOURNALFILE_H
#define FP_JOURNALFILE_H

#include "base.h"

#include "buf.h"

struct fp_journalfile {
	char *path; /* where the file is, links resolved; NULL: not open */
	int fd; /* -1: there is none yet */
	uint64_t end; /* bytes that it has; else somebody else has changed it */
};

/* Nothing. */
void fp_journalfile_none(struct fp_journalfile *file);

/* Opens and locks what is at the path. 1; 0: nothing is there, or an empty
 * file. */
int fp_journalfile_open(struct fp_journalfile *file, const char *path);

/* Puts a new file with these contents in its place, locked and on the disk,
 * and goes on with that. If that fails, what was there is, or what says the
 * same. If nothing was there, nothing that came meanwhile is replaced (EEXIST).
 * ENOTEMPTY: what stands under the temporary name is no journal that was begun,
 * and stays as it is. */
int fp_journalfile_make(
	struct fp_journalfile *file, const char *data, size_t len);

/* Appends the whole file. */
int fp_journalfile_read(struct fp_journalfile *file, struct fp_buf *to);

/* The file ends here. */
int fp_journalfile_cut(struct fp_journalfile *file, size_t len);

/* Whether it still is what stands at its path, with what was written; if not,
 * -1: ENOENT or ESTALE. */
int fp_journalfile_check(const struct fp_journalfile *file);

/* -1 as well if it is not. */
int fp_journalfile_append(
	struct fp_journalfile *file, const char *data, size_t len);

/* What an errno of these says. */
const char *fp_journalfile_why(int err);

/* All that was appended is on the disk. */
int fp_journalfile_sync(struct fp_journalfile *file);

/* The name of a file is on the disk. */
int fp_journalfile_sync_name(const char *path);

void fp_journalfile_close(struct fp_journalfile *file);

#endif
