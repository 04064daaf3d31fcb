/* SPDX-License-Identifier: MIT */
/*
 * utf8: says whether bytes are UTF-8, strictly as RFC 3629, section 4 has it:
 * no overlong forms, no surrogates, nothing above U+10FFFF. Text may come in
 * one piece or cut anywhere; NUL is a character like any other.
 *
 * Threads: none; no state but the caller's struct fp_utf8.
 * Ownership: the caller embeds struct fp_utf8; it holds no memory.
 * Failure: none; what is not UTF-8 is an answer.
 */
#ifndef FP_UTF8_H
#define FP_UTF8_H

#include "base.h"

bool fp_utf8_valid(const char *s, size_t len);

/* Bytes in the longest valid beginning of `s`, whole characters only. */
size_t fp_utf8_valid_prefix(const char *s, size_t len);

/* The same, but it ends before the first ASCII character too. */
size_t fp_utf8_wide_prefix(const char *s, size_t len);

/* Decodes the first character of `s`. Returns its length in bytes, 1 to 4, and
 * gives its code point; 0: `s` does not begin with a whole valid character,
 * and `code` is untouched. */
size_t fp_utf8_next(const char *s, size_t len, uint32_t *code);

/* A check of text that comes in pieces. */
struct fp_utf8 {
	unsigned char have; /* bytes seen of a character that is not whole */
	unsigned char need; /* bytes it still lacks; 0: between characters */
	unsigned char low; /* its next byte is to be in low .. high */
	unsigned char high;
};

void fp_utf8_init(struct fp_utf8 *utf8);

/* Goes on with the next piece. false: the text is not UTF-8, and stays that
 * until fp_utf8_init(). */
bool fp_utf8_feed(struct fp_utf8 *utf8, const char *s, size_t len);

/* Whether the text may end here: valid, and not in the middle of a
 * character. */
bool fp_utf8_done(const struct fp_utf8 *utf8);

#endif
