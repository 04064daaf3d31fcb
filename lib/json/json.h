/* SPDX-License-Identifier: MIT */
/*
 * json: judges one JSON document (RFC 8259) that comes in pieces, and gives it
 * back without the white space between its tokens; else byte for byte: numbers
 * keep all their digits, strings their escapes, and a name that is there twice
 * stays there twice. On the way it can leave out members of a top-level object.
 * The whole document is judged, what is left out too. A byte-order mark at the
 * very start is dropped. Arrays and objects nest FP_JSON_DEPTH_MAX deep.
 *
 * Memory: about 6 KiB, and six times the longest name in the lists, however
 * large the document is.
 *
 * Threads: none; a struct fp_json belongs to one thread at a time.
 * Ownership: the caller owns it and the output; the lists are borrowed.
 * Failure: -1, and fp_json_error() says why; then the output is worth nothing.
 */
#ifndef FP_JSON_H
#define FP_JSON_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

#define FP_JSON_DEPTH_MAX 1024

enum fp_json_error {
	FP_JSON_OK,
	FP_JSON_INVALID,
	FP_JSON_TOO_DEEP,
	FP_JSON_REFUSED, /* valid, and not safe */
	FP_JSON_NO_MEMORY,
};

/* `pick` and `omit` are lists of top-level members to keep (none: all) and, of
 * those, to leave out. They are compared with what the document's names mean
 * when escapes are undone, and read until fp_json_free(). A top-level value
 * that is no object is kept whole. NULL with ENOMEM. */
struct fp_json *fp_json_new(const char *const *pick, size_t n_pick,
	const char *const *omit, size_t n_omit);

/* The same; and fp_json_has_refused() tells whether a member that is kept has
 * the name `refused`, if that is not NULL. */
struct fp_json *fp_json_new_refusing(const char *const *pick, size_t n_pick,
	const char *const *omit, size_t n_omit, const char *refused);

bool fp_json_has_refused(const struct fp_json *json);

/* From the next document on, what is given back is as jsonsafe.h says, which
 * may be longer than what came. -1: ENOMEM. */
int fp_json_make_safe(struct fp_json *json);

/* Bytes that the names of a document that is made safe take, at most, when
 * `len` more bytes of it are fed. `json` may be NULL. */
size_t fp_json_memory(const struct fp_json *json, size_t len);

/* What that has changed in this document. */
struct fp_json_changes fp_json_changes(const struct fp_json *json);

void fp_json_free(struct fp_json *json);

/* Ready for the next document; cheap. */
void fp_json_reset(struct fp_json *json);

/* Judges the next piece, cut anywhere, and appends what stays of it to `out`.
 * 0, or -1: the document is wrong, or there was no memory. After that it
 * is -1 until fp_json_reset(). */
int fp_json_feed(
	struct fp_json *json, const char *data, size_t len, struct fp_buf *out);

/* The document ends here. 0, or -1 as above. */
int fp_json_finish(struct fp_json *json, struct fp_buf *out);

/* What was wrong. */
enum fp_json_error fp_json_error(const struct fp_json *json);

/* The same as a sentence that holds no byte of the document, with the offset
 * of the byte at fault, from 0, a byte-order mark counted; "" if nothing was.
 * Lives until fp_json_reset() or fp_json_free(). */
const char *fp_json_message(const struct fp_json *json);

/* Whether the finished document is an object. */
bool fp_json_is_object(const struct fp_json *json);

/* The yajl in use: "yajl/2.1.0". `text` has room for `size` bytes. */
void fp_json_version(char *text, size_t size);

/* Whether that is one that can be used. */
bool fp_json_is_supported(void);

/* For tests: the parsing library's n-th allocation from now on fails, once;
 * 0: none does. */
void fp_json_fail_allocation(struct fp_json *json, unsigned nth);

#endif
