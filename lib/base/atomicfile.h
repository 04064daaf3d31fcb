/* SPDX-License-Identifier: MIT */
/*
 * atomicfile: a file that is written under a temporary name beside its own, and
 * gets its own name when it is whole. A reader sees the old file or the new
 * one, never a part. The pieces that this takes are here too, for files that
 * need them in another way.
 *
 * Threads: any; a struct fp_atomicfile belongs to one thread at a time.
 * Ownership: the caller embeds it; fp_atomicfile_create(), _replace() and
 * _abort() free what it holds and leave no file under the temporary name. A
 * process that is killed leaves one: PATH.<16 hex digits>.part.
 * Failure: -1 with errno.
 */
#ifndef FP_ATOMICFILE_H
#define FP_ATOMICFILE_H

#include "base.h"

#include <sys/types.h>

struct fp_atomicfile {
	int fd; /* for reading and writing; -1: there is no file */
	char *temp; /* its name for now */
};

/* No file: what fp_atomicfile_abort() may be called with. */
void fp_atomicfile_none(struct fp_atomicfile *file);

/* Makes an empty file beside `path`. */
int fp_atomicfile_begin(
	struct fp_atomicfile *file, const char *path, mode_t mode);

/* Closes it and gives it its name: in the place of a file that has it, or with
 * EEXIST if one has. Afterwards there is no file to go on with. */
int fp_atomicfile_replace(struct fp_atomicfile *file, const char *path);
int fp_atomicfile_create(struct fp_atomicfile *file, const char *path);

/* Removes it; errno stays as it is. */
void fp_atomicfile_abort(struct fp_atomicfile *file);

/* ---- the pieces ---- */

/* Bytes that a temporary name is longer than its prefix, with the NUL. */
#define FP_ATOMICFILE_MORE 22

/* Calls make() with names that most likely are free, PREFIX<16 hex
 * digits>.part, until it does not fail with EEXIST. -1: it failed, and the name
 * is "". */
int fp_atomicfile_find_name(const char *prefix, char *name,
	int (*make)(void *arg, const char *name), void *arg);

/* Writes all of it to a descriptor that does not block. */
int fp_atomicfile_write(int fd, const void *data, size_t len);

/* Renames a file, which never replaces another: -1 with EEXIST. The folders may
 * be AT_FDCWD. */
int fp_atomicfile_rename_new(
	int from_dir, const char *from, int to_dir, const char *to);

/* Closes *fd, which is -1 then. -1: what was written may be lost. */
int fp_atomicfile_close(int *fd);

#endif
