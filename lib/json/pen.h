/* SPDX-License-Identifier: MIT */
/*
 * pen: writes JSON text (RFC 8259) to a sink, piece by piece.
 *
 * Whatever bytes a server or an input line held, what comes out is valid
 * UTF-8: bytes that are none become U+FFFD, controls are escaped, C1 controls
 * and DEL too, so that no terminal obeys them.
 *
 * Threads: any, each with its own pen.
 * Ownership: the caller embeds the pen.
 * Failure: remembered in the pen; fp_pen_flush() tells.
 */
#ifndef FP_PEN_H
#define FP_PEN_H

#include "base.h"

#include "fetchpool.h"

/* Collects small pieces before they go to the sink. */
struct fp_pen {
	fp_sink *sink;
	void *arg;
	bool failed; /* the sink said -1: nothing more is written */
	size_t len;
	char data[2048];
};

void fp_pen_init(struct fp_pen *pen, fp_sink *sink, void *arg);
void fp_pen_bytes(struct fp_pen *pen, const char *data, size_t len);
void fp_pen_text(struct fp_pen *pen, const char *text);

/* A JSON string with its quotes (RFC 8259, section 7). */
void fp_pen_string(struct fp_pen *pen, const char *data, size_t len);

/* The same without its quotes: a piece of one. */
void fp_pen_inside(struct fp_pen *pen, const char *data, size_t len);

/* The same, as base64 (RFC 4648, section 4). */
void fp_pen_base64(struct fp_pen *pen, const char *data, size_t len);

/* A whole number; seconds with up to six decimals; a time as RFC 3339. */
void fp_pen_number(struct fp_pen *pen, int64_t number);
void fp_pen_seconds(struct fp_pen *pen, int64_t ns);
void fp_pen_time(struct fp_pen *pen, int64_t wall_ns);

/* Hands the rest to the sink. -1: it failed now or before. */
int fp_pen_flush(struct fp_pen *pen);

#endif
