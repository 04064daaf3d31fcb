/* SPDX-License-Identifier: MIT */
/*
 * jsontake: takes values out of a JSON document that comes in pieces cut
 * anywhere, at places named by JSON Pointers (RFC 6901): of each its type,
 * whether it is empty, and of strings and numbers what they are. Of the last
 * place, if it is an array, the elements can be had as they come, byte for
 * byte, in no more memory than the pieces themselves.
 *
 * Whether the document is JSON is for another to judge: what is none gives any
 * values. Of a name that is there twice the last value counts.
 *
 * Threads: none; it belongs to one thread at a time.
 * Ownership: the caller frees it; the pointers are read until then.
 * Failure: NULL or -1 with ENOMEM; NULL with EINVAL for what is no pointer.
 */
#ifndef FP_JSONTAKE_H
#define FP_JSONTAKE_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

#define FP_JSONTAKE_MAX 3

/* Of a string or a number no more bytes are kept, as they are written. */
#define FP_JSONTAKE_BYTES_MAX 49152

enum fp_jsontake_type {
	FP_JSONTAKE_ABSENT,
	FP_JSONTAKE_NULL,
	FP_JSONTAKE_FALSE,
	FP_JSONTAKE_TRUE,
	FP_JSONTAKE_NUMBER,
	FP_JSONTAKE_STRING,
	FP_JSONTAKE_ARRAY,
	FP_JSONTAKE_OBJECT,
};

struct fp_jsontaken {
	enum fp_jsontake_type type;
	bool is_empty; /* "", [] or {} */
	bool is_too_long; /* it is not kept as a whole */
	struct fp_buf text; /* a string between its quotes, or a number */
};

/* A piece of an element; or with `ends` the last one of it, which may be
 * empty. -1: it fails, and fp_jsontake_feed() with it. */
typedef int fp_jsontake_element(
	void *arg, const char *data, size_t len, bool ends);

struct fp_jsontake;

struct fp_jsontake *fp_jsontake_new(const char *const *pointers, size_t n);
void fp_jsontake_free(struct fp_jsontake *take);

/* Gives elements of the array at the last pointer: then the document must have
 * no white space between its tokens. */
void fp_jsontake_set_element(
	struct fp_jsontake *take, fp_jsontake_element *element, void *arg);

/* Ready for the next document. */
void fp_jsontake_reset(struct fp_jsontake *take);

int fp_jsontake_feed(struct fp_jsontake *take, const char *data, size_t len);

/* What was found at this pointer; at its end, of the document that came. */
const struct fp_jsontaken *fp_jsontake_get(
	const struct fp_jsontake *take, size_t i);

/* The type in words, with an article: "an array". */
const char *fp_jsontake_type_words(enum fp_jsontake_type type);

#endif
