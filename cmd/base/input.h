/* SPDX-License-Identifier: MIT */
/*
 * input: items from a descriptor, one a line or one a NUL, in bounded memory
 * whatever comes: a line that is too long is passed over while it is read. A
 * line is given as soon as it is there; more input is never waited for. A
 * record of CSV is a line, too, though it may have newlines in its quotes; the
 * header line is none.
 *
 * Threads: one at a time, but for fp_input_stop().
 * Ownership: the caller embeds it; a line is lent until the next call.
 * Failure: -1 with errno.
 */
#ifndef FP_INPUT_H
#define FP_INPUT_H

#include "base.h"

#include "buf.h"
#include "csv.h"
#include "fetchpool.h"
#include "shard.h"

#include <stdatomic.h>

/* What a line that is too long shows of itself. */
#define FP_INPUT_CUT_BYTES 256

struct fp_input_options {
	const char *path; /* NULL or "-": standard input */
	char separator; /* '\n' or '\0' */
	size_t max_line; /* bytes */
	const char *allowed_controls; /* NULL: none may be in a line */
	bool has_urls; /* tabs at the end of one do no harm */
	char csv; /* what separates the fields of CSV; 0: lines are none */
	bool has_header; /* CSV, and the first record names the fields */
	struct fp_shard shard; /* the lines that are given */
};

struct fp_line {
	struct fp_text text;
	const char *fault; /* NULL, or why the line is no usable item */
	bool is_cut; /* text is only the beginning of it */
	uint64_t seq; /* its number in the whole input, from 1 */
};

struct fp_input {
	struct fp_input_options options;
	const char *name; /* for messages */
	int fd;
	int64_t start; /* where in the file we began; -1: it is none */
	int stop_fd; /* the end of a pipe: readable when it is time to stop */
	atomic_int stop_end; /* its other end, or -1: closed to say so */
	struct fp_buf buf;
	size_t next; /* where in buf the next line begins */
	int64_t until_ns; /* wait no longer: ETIMEDOUT; 0: no end */
	bool at_start; /* nothing was given yet: a mark may stand here */
	bool needs_header; /* it was not read yet */
	bool at_end; /* nothing more comes from fd */
	bool is_stopped; /* give what is there, wait for nothing */
	bool is_reading_off; /* the same for now: EAGAIN when that is not all */
	uint64_t hasty_end; /* read to about this byte of n_taken, and wait for
			     * nothing: EAGAIN in place of that; 0: not so */
	bool is_torn; /* stopped before the last line was whole */
	bool is_again; /* give `line` once more */
	bool is_skipping; /* in the middle of a line that is too long */
	struct fp_csv csv; /* the record at hand */
	struct fp_buf header; /* the header line, once it was read */
	uint64_t n_newlines; /* of CSV, before the next record */
	uint64_t line_number; /* of CSV: where the last record began, from 1 */
	struct fp_line line;
	void (*before_wait)(void *arg); /* for more to read; NULL: nothing */
	void *before_wait_arg;
	char cut[FP_INPUT_CUT_BYTES]; /* the beginning of such a line */
	size_t cut_len;
	char fault[96];
	uint64_t n_blank; /* lines passed over */
	uint64_t n_items; /* other lines, those of other shards included */
	uint64_t n_taken; /* bytes read from fd, since the start */
};

/* Opens the input. -1 with errno. */
int fp_input_init(
	struct fp_input *input, const struct fp_input_options *options);
void fp_input_destroy(struct fp_input *input);

/* The next line that is not blank, of our shard: 1; 0 at the end; -1 with
 * errno, which is ECANCELED after fp_input_stop(). */
int fp_input_next(struct fp_input *input, struct fp_line *line);

/* Reads the header line: 1; 0: the input is empty; -1 with errno, which is
 * EINVAL if it is no header line, as input->line.fault says. fp_input_next()
 * does it if nobody has. */
int fp_input_header(struct fp_input *input);

/* The line given last as people count: with those that were passed over. */
uint64_t fp_input_line_number(const struct fp_input *input);

/* Lets the next call give the same line again. */
void fp_input_back(struct fp_input *input);

/* Begins again at the first line. -1: the input is no regular file. */
int fp_input_rewind(struct fp_input *input);

/* How many bytes were given so far, with all that was passed over. */
uint64_t fp_input_position(const struct fp_input *input);

/* Wakes whoever waits in fp_input_next(); from any thread. */
void fp_input_stop(struct fp_input *input);

/* After a stop: fp_input_next() gives the lines that were read already, and if
 * the input is a regular file, the rest of it; it never waits. What was read
 * of a line whose end is not known is not given: it might be another line. */
void fp_input_resume_stopped(struct fp_input *input);

/* Whether a person sits there who has not typed anything yet. */
bool fp_input_is_idle_terminal(const struct fp_input *input);

#endif
