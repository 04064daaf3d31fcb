/* SPDX-License-Identifier: MIT */
/*
 * The file is {"traceEvents":[ ... ]}, an event a line. Behind the last one
 * stands what closes it, and the next write begins there: so with every write
 * a regular file is whole again.
 *
 * Two "processes": slots, with a thread for each of them, where spans are
 * complete events (ph X) that lie within one another; and waiting, where each
 * item has a track of its own (ph b and e, by id). Times are in microseconds
 * with three digits behind the point. Where an inner span begins with the
 * outer one, it is shown a nanosecond later, as readers sort by time and would
 * not know which of the two comes first.
 */
#include "base.h"

#include "trace.h"

#include "msg.h"
#include "output.h"
#include "patience.h"
#include "quote.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PENDING_MAX 65536
#define FLUSH_NS (FP_NS_PER_S / 4)

#define HEAD "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
#define TAIL "\n]}\n"
#define TAIL_LEN (sizeof(TAIL) - 1)

#define PID_SLOTS 1
#define PID_WAITING 2

#define NAMED_PROCESS                                                         \
	"{\"ph\":\"M\",\"pid\":%d,\"tid\":0,\"ts\":0,\"name\":\"process_"     \
	"name\",\"args\":{\"name\":\"%s\"}},\n"                               \
	"{\"ph\":\"M\",\"pid\":%d,\"tid\":0,\"ts\":0,\"name\":\"process_sort" \
	"_index\",\"args\":{\"sort_index\":%d}}"
#define NAMED_THREAD                                                         \
	",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,\"ts\":0,\"name\":\"thread_" \
	"name\",\"args\":{\"name\":\"slot %u\"}}"                            \
	",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,\"ts\":0,\"name\":\"thread_" \
	"sort_index\",\"args\":{\"sort_index\":%u}}"

/* ---- the file ---- */

void
fp_trace_undo(struct fp_trace *trace)
{
	if (trace->is_made && trace->fd >= 0)
		fp_output_unmake(trace->fd, trace->path);
	trace->has_name = false;
}

int
fp_trace_open(struct fp_trace *trace, const char *path)
{
	struct stat st;

	memset(trace, 0, sizeof(*trace));
	trace->path = path;
	trace->fd = fp_patience_make(
		path, O_WRONLY | O_NOCTTY | O_CLOEXEC, &trace->is_made);
	if (trace->fd < 0)
		return -1;
	if (fstat(trace->fd, &st) ||
		fp_buf_reserve(&trace->pending, 2 * PENDING_MAX)) {
		int err = errno;
		fp_trace_undo(trace);
		close(trace->fd);
		trace->fd = -1;
		errno = err;
		return -1;
	}
	trace->is_file = S_ISREG(st.st_mode);
	trace->has_name = trace->is_file && st.st_nlink > 0;
	fp_mutex_init(&trace->lock);
	return 0;
}

/* What is in the file stays whole, if that can be. */
static void
fail_locked(struct fp_trace *trace, int err)
{
	trace->error = err;
	if (trace->is_file && trace->end > 0 &&
		ftruncate(trace->fd, (off_t)trace->end) == 0)
		(void)!pwrite(trace->fd, TAIL, TAIL_LEN, (off_t)trace->end);
	fp_buf_destroy(&trace->pending);
	fp_msg_local("write error: %s: %s", trace->path, fp_output_why(err));
}

static int
write_locked(struct fp_trace *trace, const char *data, size_t len)
{
	if (trace->is_file && lseek(trace->fd, (off_t)trace->end, SEEK_SET) < 0)
		return -1;
	return fp_patience_write(trace->fd, data, len);
}

static void
trace_flush_locked(struct fp_trace *trace, bool is_last)
{
	struct fp_buf *pending = &trace->pending;
	size_t len = pending->len;

	if (!trace->is_begun || trace->error || (len == 0 && !is_last))
		return;
	if ((trace->is_file || is_last) &&
		fp_buf_add(pending, TAIL, TAIL_LEN)) {
		fail_locked(trace, ENOMEM);
		return;
	}
	if (write_locked(trace, pending->data, pending->len)) {
		fail_locked(trace, errno);
		return;
	}
	trace->end += len;
	fp_buf_clear(pending, 4 * PENDING_MAX);
}

static void
begin_locked(struct fp_trace *trace)
{
	if (trace->is_begun || trace->start_ns == 0)
		return;
	trace->is_begun = true;
	if (trace->is_file && ftruncate(trace->fd, 0)) {
		fail_locked(trace, errno);
	} else if (fp_buf_printf(&trace->pending,
			   HEAD NAMED_PROCESS ",\n" NAMED_PROCESS, PID_SLOTS,
			   "fetchpool: slots", PID_SLOTS, PID_SLOTS,
			   PID_WAITING, "fetchpool: waiting", PID_WAITING,
			   PID_WAITING)) {
		fail_locked(trace, ENOMEM);
	} else {
		trace_flush_locked(trace, false);
	}
}

void
fp_trace_begin(struct fp_trace *trace, int64_t start_ns, bool is_later)
{
	fp_mutex_lock(&trace->lock);
	trace->start_ns = trace->flushed_ns = start_ns;
	if (!is_later)
		begin_locked(trace);
	fp_mutex_unlock(&trace->lock);
}

void
fp_trace_leave(struct fp_trace *trace)
{
	if (trace->fd < 0)
		return;
	fp_mutex_lock(&trace->lock);
	trace->start_ns = 0;
	fp_mutex_unlock(&trace->lock);
}

void
fp_trace_flush(struct fp_trace *trace)
{
	fp_mutex_lock(&trace->lock);
	trace_flush_locked(trace, false);
	fp_mutex_unlock(&trace->lock);
}

/* What close() has given back may be another's by now. */
int
fp_trace_close(struct fp_trace *trace)
{
	int fd = trace->fd;

	if (fd < 0)
		return 0;
	fp_mutex_lock(&trace->lock);
	begin_locked(trace);
	trace_flush_locked(trace, true);
	if (!trace->error && trace->has_name && fp_output_is_removed(fd))
		fail_locked(trace, ENOENT);
	trace->fd = -1;
	if (close(fd) && !trace->error)
		fail_locked(trace, errno);
	fp_buf_destroy(&trace->pending);
	fp_mutex_unlock(&trace->lock);
	fp_mutex_destroy(&trace->lock);
	return trace->error ? -1 : 0;
}

/* ---- events ---- */

/* Microseconds since the run began. */
static int
add_time(struct fp_buf *text, const char *name, int64_t ns)
{
	int64_t time = FP_MAX(ns, 0);

	return fp_buf_printf(text, ",\"%s\":%" PRId64 ".%03d", name,
		time / 1000, (int)(time % 1000));
}

/* Up to its args: {"ph":"X", ... ,"dur":5.000 */
static int
add_complete(struct fp_trace *trace, const struct fp_span *span,
	const char *category, const char *name, int64_t start_ns,
	int64_t end_ns)
{
	struct fp_buf *text = &trace->pending;
	int64_t start = FP_MIN(start_ns, end_ns);

	if (fp_buf_printf(text,
		    ",\n{\"ph\":\"X\",\"pid\":%d,\"tid\":%u,\"cat\":\"%s\","
		    "\"name\":\"%s\"",
		    PID_SLOTS, span->slot + 1, category, name))
		return -1;
	return add_time(text, "ts", start - trace->start_ns) ||
			       add_time(text, "dur", end_ns - start)
		       ? -1
		       : 0;
}

static int
add_status(struct fp_buf *text, const struct fp_span *span)
{
	if (span->status > 0)
		return fp_buf_printf(text, ",\"status\":%d", span->status);
	return fp_buf_add_text(text, ",\"status\":null");
}

static int
add_attempt(struct fp_trace *trace, const struct fp_span *span)
{
	struct fp_buf *text = &trace->pending;
	char name[64];

	snprintf(name, sizeof(name), "item %" PRIu64, span->seq);
	if (span->attempt > 1)
		snprintf(name, sizeof(name), "item %" PRIu64 ", attempt %u",
			span->seq, span->attempt);
	if (add_complete(trace, span, "attempt", name, span->start_ns,
		    span->end_ns) ||
		fp_buf_printf(text,
			",\"args\":{\"seq\":%" PRIu64
			",\"attempt\":%u,\"continued\":%s,\"parted\":%s,"
			"\"retried\":%s,\"url\":",
			span->seq, span->attempt,
			span->is_continued ? "true" : "false",
			span->is_parted ? "true" : "false",
			span->is_again ? "true" : "false") ||
		fp_quote_json(text, span->url) || add_status(text, span))
		return -1;
	if (!span->is_parted &&
		(fp_buf_printf(text, ",\"kind\":\"%s\",\"message\":",
			 fp_kind_name(span->kind)) ||
			fp_quote_json(text, span->message)))
		return -1;
	return fp_buf_add_text(text, "}}");
}

static int
add_phases(struct fp_trace *trace, const struct fp_span *span)
{
	static const char *const names[] = {
		[FP_PHASE_LOOKUP] = "look-up",
		[FP_PHASE_CONNECT] = "connect",
		[FP_PHASE_TLS] = "TLS",
		[FP_PHASE_ANSWER] = "first byte",
		[FP_PHASE_BODY] = "body",
	};
	int64_t start = span->start_ns;

	for (int i = 0; i < FP_PHASE_COUNT; i++) {
		int64_t end = span->phase_end_ns[i];
		int64_t shown = start == span->start_ns ? start + 2 : start;
		if (end > shown &&
			(add_complete(
				 trace, span, "phase", names[i], shown, end) ||
				fp_buf_printf(&trace->pending,
					",\"args\":{\"seq\":%" PRIu64 "}}",
					span->seq)))
			return -1;
		start = end;
	}
	return 0;
}

static int
add_request(struct fp_trace *trace, const struct fp_span *span)
{
	struct fp_buf *text = &trace->pending;

	if (add_complete(trace, span, "request", "request", span->start_ns + 1,
		    span->end_ns) ||
		fp_buf_printf(text,
			",\"args\":{\"seq\":%" PRIu64
			",\"attempt\":%u,\"url\":",
			span->seq, span->attempt) ||
		fp_quote_json(text, span->url) || add_status(text, span) ||
		fp_buf_add_text(text, ",\"ip\":") ||
		fp_quote_json(text, span->ip[0] ? span->ip : NULL) ||
		fp_buf_printf(text, ",\"reused\":%s}}",
			span->is_reused ? "true" : "false"))
		return -1;
	return add_phases(trace, span);
}

static int
add_other(struct fp_trace *trace, const struct fp_span *span, const char *name,
	int64_t start_ns)
{
	if (add_complete(trace, span, "pause", name, start_ns, span->end_ns))
		return -1;
	return fp_buf_printf(
		&trace->pending, ",\"args\":{\"seq\":%" PRIu64 "}}", span->seq);
}

static int
add_wait(struct fp_trace *trace, const struct fp_span *span)
{
	static const char *const names[] = {
		[FP_WAIT_SLOT] = "slot",
		[FP_WAIT_RETRY] = "retry",
		[FP_WAIT_REDIRECT] = "redirect",
		[FP_WAIT_RATE] = "rate",
		[FP_WAIT_HOST] = "host",
		[FP_WAIT_PAUSED] = "paused",
	};
	struct fp_buf *text = &trace->pending;

	for (int i = 0; i < 2; i++) {
		int64_t at = i == 0 ? span->start_ns : span->end_ns;
		if (fp_buf_printf(text,
			    ",\n{\"ph\":\"%c\",\"pid\":%d,\"tid\":1,\"cat\":"
			    "\"wait\",\"id\":\"%" PRIu64 "\",\"name\":\"%s\"",
			    i == 0 ? 'b' : 'e', PID_WAITING, span->seq,
			    names[span->wait]) ||
			add_time(text, "ts", at - trace->start_ns) ||
			fp_buf_printf(text,
				",\"args\":{\"seq\":%" PRIu64
				",\"attempt\":%u}}",
				span->seq, span->attempt))
			return -1;
	}
	return 0;
}

/* A slot is named when it is first used. */
static int
name_lane(struct fp_trace *trace, unsigned slot)
{
	unsigned char bit = (unsigned char)(1u << (slot % 8));

	FP_ASSERT(slot < FP_TRACE_SLOTS_MAX);
	if (trace->has_lane[slot / 8] & bit)
		return 0;
	trace->has_lane[slot / 8] |= bit;
	return fp_buf_printf(&trace->pending, NAMED_THREAD, PID_SLOTS, slot + 1,
		slot + 1, PID_SLOTS, slot + 1, slot + 1);
}

static int
add_span(struct fp_trace *trace, const struct fp_span *span)
{
	switch (span->what) {
	case FP_SPAN_WAIT:
		return add_wait(trace, span);
	case FP_SPAN_DELAY:
		return add_other(trace, span, "delay", span->start_ns);
	case FP_SPAN_ATTEMPT:
		return add_attempt(trace, span);
	case FP_SPAN_REQUEST:
		return add_request(trace, span);
	case FP_SPAN_MEMORY:
		return add_other(trace, span, "memory", span->start_ns + 3);
	}
	abort();
}

void
fp_trace_tell(void *arg, const struct fp_span *span)
{
	struct fp_trace *trace = arg;

	fp_mutex_lock(&trace->lock);
	begin_locked(trace);
	if (!trace->error &&
		((span->what != FP_SPAN_WAIT && name_lane(trace, span->slot)) ||
			add_span(trace, span)))
		fail_locked(trace, ENOMEM);
	if (trace->pending.len > PENDING_MAX ||
		span->end_ns - trace->flushed_ns > FLUSH_NS) {
		trace->flushed_ns = span->end_ns;
		trace_flush_locked(trace, false);
	}
	fp_mutex_unlock(&trace->lock);
}
