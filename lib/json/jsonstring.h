/* SPDX-License-Identifier: MIT */
/*
 * jsonstring: checks the inside of a JSON string (RFC 8259, section 7), which
 * may come cut anywhere: no control characters, only the escapes there are,
 * four hex digits after \u, strict UTF-8. Half a surrogate pair in escapes
 * is accepted, as the grammar allows it.
 *
 * Threads: none.
 * Ownership: the caller embeds the struct; it holds no memory.
 * Failure: none; a bad string is an answer.
 */
#ifndef FP_JSONSTRING_H
#define FP_JSONSTRING_H

#include "base.h"

#include "utf8.h"

#include <string.h>

enum fp_jsonstring_state {
	FP_JSONSTRING_INSIDE,
	FP_JSONSTRING_ESCAPE, /* behind a backslash */
	FP_JSONSTRING_HEX, /* `hex_left` digits are to come */
	FP_JSONSTRING_UTF8, /* in the middle of a character */
	FP_JSONSTRING_ENDED,
	FP_JSONSTRING_BAD_CONTROL,
	FP_JSONSTRING_BAD_ESCAPE,
	FP_JSONSTRING_BAD_HEX,
	FP_JSONSTRING_BAD_UTF8,
};

struct fp_jsonstring {
	enum fp_jsonstring_state state; /* INSIDE behind the opening quote */
	unsigned char hex_left;
	struct fp_utf8 utf8;
};

/* Goes on with the bytes from `p` to `end` and sets the state. Returns where
 * it stopped: behind the closing quote if the string ENDED, at the bad byte if
 * it is BAD, else at `end`. If the UTF-8 is bad, the character that went wrong
 * began utf8.have bytes before that place. */
const char *fp_jsonstring_scan(
	struct fp_jsonstring *string, const char *p, const char *end);

#if defined(__GNUC__) && defined(__BYTE_ORDER__) && \
	__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FP_EIGHT_AT_ONCE 1
#define FP_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t
fp_jsonstring_eight(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* The place of the first byte in which any bit is set. */
static inline size_t
fp_jsonstring_eight_first(uint64_t word)
{
	return (size_t)__builtin_ctzll(word) / 8;
}
#endif

/* Skips what needs no look inside a string: printable ASCII but for quote and
 * backslash. A subtraction borrows only from bytes above one that is marked
 * already, so the first mark is always right. */
static inline const char *
fp_jsonstring_skip_plain(const char *p, const char *end)
{
#ifdef FP_EIGHT_AT_ONCE
	for (; end - p >= 8; p += 8) {
		uint64_t word = fp_jsonstring_eight(p);
		uint64_t marks = (word - FP_EACH(' ')) |
				 ((word ^ FP_EACH('"')) - FP_EACH(1)) |
				 ((word ^ FP_EACH('\\')) - FP_EACH(1)) | word;
		marks &= FP_EACH(0x80);
		if (marks)
			return p + fp_jsonstring_eight_first(marks);
	}
#endif
	while (p < end && (unsigned char)*p >= ' ' &&
		(unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

#endif
