/* SPDX-License-Identifier: MIT */
/*
 * outfile: a body that goes to a file in a folder, piece by piece. The file
 * has no name until it is whole: it gets its name at once with all that is in
 * it, or never. It never replaces what is there, unless that is wanted; then a
 * reader of that name sees the old file or the new one, and a link of that name
 * is replaced, not followed. No name leads out of the folder.
 *
 * A process that is killed leaves nothing behind; but just when it replaces a
 * file, or on a file system that has no files without a name (O_TMPFILE), it
 * leaves a hidden ".fetchpool-*.part", which is in nobody's way and can be
 * deleted. One that another process is to go on with has a name from the
 * beginning, and a note beside it: ".fetchpool-*.note".
 *
 * Threads: any number may write files to one folder; each file belongs to one
 * thread at a time.
 * Ownership: the caller embeds both; the folder must outlive its files.
 * Failure: -1 with errno (EEXIST, ENOSPC, EIO, ...), and nothing of the file
 * stays.
 */
#ifndef FP_OUTFILE_H
#define FP_OUTFILE_H

#include "base.h"

#include "buf.h"

/* How a file gets its name; the first way that works in the folder. */
enum fp_outdir_way {
	FP_OUTDIR_BY_FD, /* it has none before: linked by its descriptor */
	FP_OUTDIR_BY_PROC, /* the same, through /proc */
	FP_OUTDIR_BY_RENAME, /* it has a temporary one before */
};

struct fp_outdir {
	int fd;
	bool overwrite; /* a file replaces one of the same name */
	bool is_made; /* by fp_outdir_open() */
	bool has_folders; /* names may have folders, which are made */
	const char *const *reserved; /* paths that no file may be at */
	size_t n_reserved;
	enum fp_outdir_way way;
};

/* Opens a folder, making it if it is not there (but not those above it), and
 * tries a file in it, so that one which cannot be written to is known now. */
int fp_outdir_open(struct fp_outdir *dir, const char *path, bool overwrite);

/* The same, but that nothing is made or tried: fd is -1 if the folder is not
 * there. */
int fp_outdir_look(struct fp_outdir *dir, const char *path, bool overwrite);

/* Removes the folder again, if it was made here and nothing is in it. */
void fp_outdir_undo(const struct fp_outdir *dir, const char *path);
void fp_outdir_close(struct fp_outdir *dir);

/* Whether something of this name is there now. To be asked before a body is
 * fetched in vain; it is fp_outfile_commit() that decides. */
bool fp_outdir_has(const struct fp_outdir *dir, const char *name);

/* Whether that path still leads to the folder. false with errno; ESTALE: it
 * leads to another one. */
bool fp_outdir_is_at(const struct fp_outdir *dir, const char *path);

/* Whether no file may have this name, as it would be at a path of `reserved`,
 * by whatever names one gets there: fp_outfile_commit() fails with EBUSY. */
bool fp_outdir_reserves(const struct fp_outdir *dir, const char *name);

struct fp_outfile {
	const struct fp_outdir *dir;
	int fd; /* -1: there is none */
	int error; /* of a write: it cannot become whole any more */
	uint64_t size; /* bytes in it */
	char temp[64]; /* its temporary name; "": it has none */
	bool has_note; /* beside it, which goes when it goes */
};

/* No file: what fp_outfile_abort() may be called with. */
void fp_outfile_init(struct fp_outfile *file);

int fp_outfile_begin(struct fp_outfile *file, const struct fp_outdir *dir);

/* The same with a temporary name that another process can find, and a note
 * about it. A name is ".fetchpool-" and at most 40 bytes. Whatever had it
 * before is removed; EBUSY: another process writes to it. */
int fp_outfile_begin_noted(struct fp_outfile *file, const struct fp_outdir *dir,
	const char *name, const char *note, size_t note_len);

/* Opens one that was left, to go on at its end; gives its note, of so many
 * bytes at most. -1: there is none, or another process writes to it. */
int fp_outfile_find(struct fp_outfile *file, const struct fp_outdir *dir,
	const char *name, struct fp_buf *note, size_t most);

/* Leaves one with a note where it is. */
void fp_outfile_leave(struct fp_outfile *file);

/* What differs from one start of this machine to the next, with a NUL behind
 * it; "": that cannot be known. */
#define FP_OUTFILE_BOOT_BYTES 40
void fp_outfile_boot(char boot[FP_OUTFILE_BOOT_BYTES]);

/* Appends all of the data. */
int fp_outfile_write(struct fp_outfile *file, const char *data, size_t len);

/* Its time, in nanoseconds since 1970, as far as the file system has such. */
void fp_outfile_set_time(struct fp_outfile *file, int64_t wall_ns);

/* Gives the file its name, which must be fp_filename_is_safe() (else EINVAL),
 * or with has_folders fp_filename_is_safe_path(): the folders are made that are
 * not there, and a link in place of one is not followed (ENOTDIR). Afterwards
 * there is no file to go on with, in either case. EEXIST: the name is taken,
 * and the folder's files do not overwrite. */
int fp_outfile_commit(struct fp_outfile *file, const char *name);

/* Gives it up. Cannot fail; of no file it does nothing. */
void fp_outfile_abort(struct fp_outfile *file);

#endif
