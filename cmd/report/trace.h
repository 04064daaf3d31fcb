/* SPDX-License-Identifier: MIT */
/*
 * trace: what the pool tells of its items' ways, as a file in the Trace Event
 * Format, which Perfetto and Chrome's about:tracing show: a lane for each slot
 * with the attempts in it, and what items waited for. It goes to the file as
 * it comes; a regular file is whole JSON whenever it is looked at, so also if
 * the program is killed.
 *
 * Threads: fp_trace_tell() by any; the others by one thread before and after.
 * fp_trace_flush() by any too.
 * Ownership: the caller embeds it.
 * Failure: fp_trace_open() -1 with errno. A failed write is said through msg
 * once, and nothing is written any more.
 */
#ifndef FP_TRACE_H
#define FP_TRACE_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"
#include "thread.h"

/* Each lane may have one more than its share of the jobs. */
#define FP_TRACE_SLOTS_MAX (2 * FP_JOBS_MAX)

struct fp_trace {
	struct fp_mutex lock; /* over all below */
	int fd; /* -1: there is no such file */
	const char *path;
	bool is_file; /* a regular one */
	bool has_name; /* such a one, and it was in a folder when opened */
	bool is_made; /* it was not there before */
	bool is_begun; /* it was emptied, and is ours to write */
	int error; /* errno of what failed, or 0 */
	int64_t start_ns; /* of the run: times count from here; 0: not known */
	int64_t flushed_ns;
	uint64_t end; /* of what is in the file, but for its closing */
	struct fp_buf pending; /* events not in the file yet */
	unsigned char has_lane[FP_TRACE_SLOTS_MAX / 8]; /* bits, by slot */
};

/* Opens the file; it is emptied by fp_trace_begin() only, or later, with the
 * first event or the end: a run that goes on may turn out to be another one,
 * and is to leave it as it is. */
int fp_trace_open(struct fp_trace *trace, const char *path);
void fp_trace_begin(struct fp_trace *trace, int64_t start_ns, bool is_later);

/* The run does not begin: a file that was made is removed, if it is empty. */
void fp_trace_undo(struct fp_trace *trace);

/* Of a run that was refused: if it was not emptied yet, it will not be. */
void fp_trace_leave(struct fp_trace *trace);

/* An fp_trace of the pool's options. */
void fp_trace_tell(void *trace, const struct fp_span *span);

/* Everything told so far is in the file. */
void fp_trace_flush(struct fp_trace *trace);

/* The end of it. -1: not all of it was written; said so. */
int fp_trace_close(struct fp_trace *trace);

#endif
