/* SPDX-License-Identifier: MIT */
/*
 * jsonfind: whether there is something at one of some places in a JSON
 * document, each named by a JSON Pointer (RFC 6901): anything but null, false,
 * and an empty string, array or object. The document comes in pieces cut
 * anywhere, and none of it is kept, but for a text that may say more: a string
 * at the place itself, or the string "message" in the object there, or in the
 * first element of the array there, as GraphQL has it.
 *
 * Whether the document is JSON is for another to judge: what is none gives any
 * answer.
 *
 * Threads: a struct fp_pointers may be read by any; a struct fp_jsonfind
 * belongs to one at a time.
 * Ownership: the caller frees both; the pointers' texts are borrowed, and the
 * pointers are read until the last fp_jsonfind_free().
 * Failure: NULL with ENOMEM, or EINVAL for what is no JSON Pointer.
 */
#ifndef FP_JSONFIND_H
#define FP_JSONFIND_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

/* No more than this of a text that says more is kept, as it is written in the
 * document. */
#define FP_JSONFIND_TEXT_MAX 200

struct fp_pointers;
struct fp_jsonfind;

struct fp_pointers *fp_jsonfind_pointers_new(
	const char *const *texts, size_t n);
void fp_jsonfind_pointers_free(struct fp_pointers *pointers);

struct fp_jsonfind *fp_jsonfind_new(const struct fp_pointers *pointers);
void fp_jsonfind_free(struct fp_jsonfind *find);

/* Ready for the next document; cheap. */
void fp_jsonfind_reset(struct fp_jsonfind *find);

void fp_jsonfind_feed(struct fp_jsonfind *find, const char *data, size_t len);

/* The pointer to the first place where something was found; NULL: nothing
 * was. */
const char *fp_jsonfind_found(const struct fp_jsonfind *find);

/* Appends what the string that says more means, up to what no text can hold;
 * nothing if there is none, or it is too long. -1: ENOMEM. */
int fp_jsonfind_text(const struct fp_jsonfind *find, struct fp_buf *to);

#endif
