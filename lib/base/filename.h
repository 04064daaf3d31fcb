/* SPDX-License-Identifier: MIT */
/*
 * filename: what a file is called that a body goes into.
 *
 * Whatever bytes a name is made of, what comes out is one component of a path:
 * never "." or "..", never hidden by a dot in front, without "/", NUL, control
 * characters or what is no UTF-8, and of 255 bytes at most. Ordinary names
 * stay as they are: "photo 1.jpg". What is not safe is percent-encoded, and so
 * is "%"; so no two names become one, and decoding gives the name back. One
 * that would be too long is cut, and a hash of all of it stands for the rest,
 * before its ending: "aaaa~0123456789abcdef.txt".
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: -1 with errno, and `out` is as it was.
 */
#ifndef FP_FILENAME_H
#define FP_FILENAME_H

#include "base.h"

#include "buf.h"

#define FP_FILENAME_MAX 255

/* All folders and the name, with the slashes between them. */
#define FP_FILENAME_PATH_MAX 4000

/* Appends the name for a file to `out`. -1 with EINVAL: the name is empty;
 * ENOMEM. */
int fp_filename_encode(const char *name, size_t len, struct fp_buf *out);

/* The same for an expanded URI template (RFC 6570), in which values already
 * are percent-encoded: "photo%201.jpg" becomes "photo 1.jpg", and what was
 * "../x" in the value becomes "%2E.%2Fx". */
int fp_filename_from_uri(const char *text, size_t len, struct fp_buf *out);

/* The same for a text that comes in pieces, of which none ends within an
 * encoded byte: so much is kept of it as the name needs, however long it is. */
#define FP_FILENAME_TAIL 17

struct fp_filename {
	struct fp_buf *out;
	size_t start; /* there */
	bool has_folders;
	bool has_begun; /* other bytes than "/" have come */
	int error; /* errno, or 0 */
	/* Of the component under way: */
	uint64_t hash; /* of all its bytes */
	size_t len;
	char head[FP_FILENAME_MAX]; /* its first bytes */
	char tail[FP_FILENAME_TAIL]; /* the last ones, in a ring */
};

/* With folders, each "/" parts one component from the next, also one that is
 * percent-encoded; those in front are left out. */
void fp_filename_begin(
	struct fp_filename *name, bool has_folders, struct fp_buf *out);

/* false: it has failed, and needs no more. */
bool fp_filename_add(struct fp_filename *name, const char *text, size_t len);

/* -1 with EINVAL: the name or one of its folders is empty; ENAMETOOLONG: with
 * folders, all would be over FP_FILENAME_PATH_MAX bytes; ENOMEM. Then `out` is
 * as it was. */
int fp_filename_end(struct fp_filename *name);

/* Whether each component of a relative path is fp_filename_is_safe(). */
bool fp_filename_is_safe_path(const char *path);

/* Whether a name is such that fp_filename_encode() could have made it, as far
 * as its way out of a folder goes: one component, not hidden, not too long. */
bool fp_filename_is_safe(const char *name);

/* The ending of a file for a Content-Type, with its dot: ".json"; ".bin" for a
 * type that is not known, and for NULL. */
const char *fp_filename_extension(const char *content_type);

#endif
