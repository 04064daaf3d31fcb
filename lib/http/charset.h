/* SPDX-License-Identifier: MIT */
/*
 * charset: text of any encoding, made UTF-8. How a body is encoded says the
 * charset of its Content-Type (RFC 9110, section 8.3.2), unless a byte order
 * mark at its beginning says something else; JSON without either shows it by
 * its zero bytes (RFC 4627, section 3). What is UTF-8 costs nothing.
 *
 * Threads: one thread at a time.
 * Ownership: the caller embeds it.
 * Failure: -1 with EILSEQ: the bytes are no text of that charset; -1 with
 * ENOMEM.
 */
#ifndef FP_CHARSET_H
#define FP_CHARSET_H

#include "base.h"

#include "buf.h"

#define FP_CHARSET_NAME_MAX 32

/* Bytes of UTF-8 that may come of one byte, at most. */
#define FP_CHARSET_GROWTH 4

struct fp_charset {
	char name[FP_CHARSET_NAME_MAX]; /* what it is decoded from; "": UTF-8 */
	void *converter; /* iconv's; NULL: nothing is to be decoded */
	bool is_undecided; /* the first bytes are still to come */
	bool is_web; /* ISO-8859-1 means windows-1252, as browsers have it */
	bool shows_zeros; /* it is JSON */
	unsigned n_held;
	char held[16]; /* a character that has not come whole */
};

/* A body of this Content-Type begins. A charset that is not known is as good as
 * none. */
void fp_charset_begin(
	struct fp_charset *charset, const char *type, bool is_json);

/* The same as below, while the first bytes are still to come. */
bool fp_charset_look(struct fp_charset *charset, const char *data, size_t len);

/* Whether the next bytes have to go through fp_charset_feed(): not if all is
 * UTF-8, or no text. */
static inline bool
fp_charset_is_needed(struct fp_charset *charset, const char *data, size_t len)
{
	if (FP_UNLIKELY(charset->is_undecided))
		return fp_charset_look(charset, data, len);
	return charset->converter != NULL;
}

/* Adds to `out` what the next bytes mean. A mark does not get there, but that
 * of UTF-8 does. */
int fp_charset_feed(struct fp_charset *charset, const char *data, size_t len,
	struct fp_buf *out);

/* The text has ended. */
int fp_charset_finish(struct fp_charset *charset, struct fp_buf *out);

/* Frees what it holds; its name stays. */
void fp_charset_end(struct fp_charset *charset);

#endif
