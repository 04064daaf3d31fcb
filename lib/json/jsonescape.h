/* SPDX-License-Identifier: MIT */
/*
 * jsonescape: undoes the escapes in a JSON string (RFC 8259, section 7) that
 * is already known to be a valid one.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: what stands for no character is an answer.
 */
#ifndef FP_JSONESCAPE_H
#define FP_JSONESCAPE_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

#define FP_JSONESCAPE_LEN 6 /* \u0061, the longest way to write one byte */

/* Undoes the escape that `s`, up to the closing quote, begins with. Returns its
 * length, both halves of a surrogate pair counted, and gives the character as
 * UTF-8, which is never longer; 0: half a pair, and `utf8` is untouched. */
size_t fp_jsonescape_read(
	const char *s, size_t len, char utf8[4], size_t *utf8_len);

/* Appends what the inside of a string means to `out`, which must have room for
 * as many bytes as are inside: it does not grow, so that nothing in it moves.
 * NULL; or, in some words, what is in the string that no text can hold: half a
 * surrogate pair or \u0000. */
const char *fp_jsonescape_undo(struct fp_text inside, struct fp_buf *out);

#endif
