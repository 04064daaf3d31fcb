/* SPDX-License-Identifier: MIT */
/*
 * buf: a growing run of bytes. It may hold NULs; there is always room for,
 * and after every successful call a, terminating NUL behind the last byte, so
 * text in it can be read as a C string.
 *
 * Threads: none; a buffer belongs to one thread at a time.
 * Ownership: the caller embeds it; fp_buf_destroy() frees what it points to.
 * Failure: -1 with ENOMEM, and the contents are as they were.
 */
#ifndef FP_BUF_H
#define FP_BUF_H

#include "base.h"

#include <stdarg.h>

struct fp_buf {
	char *data; /* NULL until the first byte */
	size_t len; /* bytes in use, the final NUL not counted */
	size_t cap; /* bytes allocated */
};

#define FP_BUF_INIT        \
	{                  \
		NULL, 0, 0 \
	}

/* Frees the memory and leaves an empty, usable buffer. */
void fp_buf_destroy(struct fp_buf *buf);

/* Makes room for `more` bytes behind the ones in use, and their NUL. */
int fp_buf_reserve(struct fp_buf *buf, size_t more);

/* How much more memory that would take. */
size_t fp_buf_growth(const struct fp_buf *buf, size_t more);

int fp_buf_add(struct fp_buf *buf, const void *data, size_t len);
int fp_buf_add_char(struct fp_buf *buf, char c);
int fp_buf_add_text(struct fp_buf *buf, const char *text);

/* The text with what is percent-encoded in it decoded (RFC 3986, section 2.1);
 * a "%" that begins no escape stays. */
int fp_buf_add_decoded(struct fp_buf *buf, const char *text, size_t len);

int fp_buf_add_number(struct fp_buf *buf, uint64_t number);
int fp_buf_printf(struct fp_buf *buf, const char *format, ...) FP_PRINTF(2, 3);
int fp_buf_vprintf(struct fp_buf *buf, const char *format, va_list args)
	FP_PRINTF(2, 0);

/* Replaces the contents. */
int fp_buf_set(struct fp_buf *buf, const void *data, size_t len);

/* Empties it; keeps the memory for the next use unless it is over `keep`. */
void fp_buf_clear(struct fp_buf *buf, size_t keep_bytes);

/* The contents as a C string: "" while nothing was ever added. */
static inline const char *
fp_buf_text(const struct fp_buf *buf)
{
	return buf->data ? buf->data : "";
}

#endif
