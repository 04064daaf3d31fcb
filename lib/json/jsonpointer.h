/* SPDX-License-Identifier: MIT */
/*
 * jsonpointer: JSON Pointers (RFC 6901) as rows of names, and whether what
 * stands in a document is the next of them. fp_is_json_pointer() is here.
 *
 * Threads: any.
 * Ownership: the caller gives the room for the names.
 * Failure: false: no such thing.
 */
#ifndef FP_JSONPOINTER_H
#define FP_JSONPOINTER_H

#include "base.h"

#include "fetchpool.h"

struct fp_jsonpath {
	struct fp_text *names;
	size_t n;
};

/* How many names a pointer has. */
size_t fp_jsonpointer_count(const char *text);

/* Cuts a pointer into names, with "~1" and "~0" undone (section 3). `names` has
 * room for them, and *bytes for as many bytes as the text has; it is left
 * behind what was used. */
bool fp_jsonpointer_parse(
	struct fp_jsonpath *path, const char *text, char **bytes);

/* Whether a member's name, as a document writes it between its quotes, means
 * this one. What is no JSON means nothing. */
bool fp_jsonpointer_is_key(struct fp_text name, const char *key, size_t len);

/* Whether the name is this index, which has no zeros before it (section 4). */
bool fp_jsonpointer_is_index(struct fp_text name, uint64_t index);

/* The next byte of a string, or what its escape stands for. Returns the bytes
 * read; 0: that is no character, or no JSON. */
size_t fp_jsonpointer_read(
	const char *p, const char *end, char utf8[4], size_t *len);

#endif
