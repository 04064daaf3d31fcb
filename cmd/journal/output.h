/* SPDX-License-Identifier: MIT */
/*
 * output: lines to a descriptor, in large writes when much is ready and at
 * once when not. Short writes, EINTR, and a descriptor that someone else made
 * non-blocking are dealt with here. When a write fails for good, what stands
 * in a file is cut back to the last whole line.
 *
 * Threads: one at a time, but for fp_output_stop() and fp_output_break().
 * Ownership: the caller embeds it; it closes only what it opened.
 * Failure: -1 with errno, the first one for ever after.
 */
#ifndef FP_OUTPUT_H
#define FP_OUTPUT_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

#include <stdatomic.h>

struct fp_output {
	int fd; /* -1: there is no such output */
	const char *name;
	bool is_ours; /* opened here */
	bool is_made; /* the file was not there before */
	bool is_file; /* a regular file: can be cut */
	bool has_name; /* such a one, and it was in a folder when opened */
	bool is_watchable; /* a pipe or socket, whose reader may go away */
	int quick_fd; /* the same, for writing without waiting, or -1 */
	bool is_held; /* all that is given is gathered, and nothing written */
	int error; /* errno of what failed, or 0 */
	bool is_told; /* the user knows of it */
	struct fp_buf pending;
	char separator; /* ends a line; never inside one, but in records */
	struct fp_text heading; /* the first line of a file, if it has any */
	bool has_records; /* lines, of which each ends where it was given */
	struct fp_buf ends; /* of those in `pending`: uint64_t, by n_given */
	bool is_summed; /* `sum` is kept */
	uint32_t sum; /* CRC-32 of all that was given, and of what is before */
	uint64_t n_given; /* bytes */
	uint64_t n_written; /* of them */
	uint64_t n_whole; /* of those, up to the last whole line */
	atomic_bool stop; /* write no further line */
	atomic_int broken; /* an errno: write nothing any more */
};

/* Nothing, for ever. */
void fp_output_none(struct fp_output *output);

/* Takes a descriptor that is open, named in messages. -1: not for writing. */
int fp_output_take(struct fp_output *output, int fd, const char *name);

/* Opens a file, or makes it, and leaves in it what is there. */
int fp_output_open(struct fp_output *output, const char *path, char separator);

/* Before anything is given to it: a file ends here, and goes on from here. */
int fp_output_cut(struct fp_output *output, uint64_t end);

/* Some bytes of a line; it may write them at once. An fp_sink. */
int fp_output_add(void *output, const char *data, size_t len);

/* A whole line, without its separator; before the first one in a file, or of
 * ours in anything else, the heading. */
int fp_output_line(struct fp_output *output, const char *data, size_t len);

/* The checksum of more bytes after those that gave `sum`; 0 at first. */
uint32_t fp_output_sum(uint32_t sum, const char *data, size_t len);

/* Everything given so far is written when this returns 0. */
int fp_output_flush(struct fp_output *output);

/* From now on what is given is gathered, and nothing is written; `most` bytes
 * find memory. false: not with this output, or not now. */
bool fp_output_hold(struct fp_output *output, size_t most);

/* Writes as much of that as can be without waiting: true: all of it; false: the
 * rest, and whatever is wrong, is for fp_output_flush(). */
bool fp_output_let_go(struct fp_output *output);

/* From any thread: write no more than the line that is begun. */
void fp_output_stop(struct fp_output *output);

/* The descriptor is known to be dead: every further use fails with `error`,
 * and so does the one that goes on, when a signal breaks its wait. From any
 * thread. */
void fp_output_break(struct fp_output *output, int error);

/* Nothing is to be written after all: a file that was made here, and is empty,
 * is removed again, unless another run has it open. */
void fp_output_undo(struct fp_output *output);

/* The same for one that fp_patience_make() opened there. */
void fp_output_unmake(int fd, const char *path);

/* Whether an open file has no name any more, so that all that was written goes
 * with the descriptor. */
bool fp_output_is_removed(int fd);

/* What a failed output is said to have; ENOENT: it was removed. */
const char *fp_output_why(int error);

/* Flushes, and closes what was opened here. ENOENT: that was removed. */
int fp_output_close(struct fp_output *output);

/* Whether both stand for one open file or terminal. */
bool fp_output_is_same(int fd, int other_fd);

/* Whether the path leads to what is open there. */
bool fp_output_is_at(int fd, const char *path);

#endif
