/* SPDX-License-Identifier: MIT */
/*
 * expand: texts that are filled in for each item, in the form of curl's
 * --expand-...: {{}} is the line, {{1}} a field and {{name}} a member, each
 * with functions that are applied from left to right, as in {{name:trim:json}}.
 * \{{ stands for {{ itself.
 *
 *	trim	without white space at its ends
 *	json	as the inside of a JSON string (RFC 8259, section 7)
 *	url	percent-encoded, but for unreserved characters (RFC 3986)
 *	b64	in Base64 (RFC 4648, section 4)
 *	tojson	as a JSON value: a string in quotes; but a number, true or false
 *		of a JSON item as it is, and null for what may be missing
 *
 * Threads: any number may fill in one text at a time; nothing in it is written.
 * Ownership: a text is freed by fp_expand_free(), which takes NULL.
 * Failure: NULL or -1 with EINVAL and a reason, or ENOMEM.
 */
#ifndef FP_EXPAND_H
#define FP_EXPAND_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

struct fp_expand;

/* `why`, of `why_size` bytes, says what is wrong with the text. */
struct fp_expand *fp_expand_parse(
	const char *text, size_t len, char *why, size_t why_size);
/* The same of a text in which {{ stands for itself. */
struct fp_expand *fp_expand_literal(const char *text, size_t len);
void fp_expand_free(struct fp_expand *expand);

/* Calls each(arg, name) for each {{name}}, until it returns other than 0, and
 * returns that. An empty name is that of {{}}. */
int fp_expand_names(const struct fp_expand *expand,
	int (*each)(void *arg, struct fp_text name), void *arg);

/* Appends the text, filled in from the item. The value `optional` may be
 * missing: then it is empty (len 0: none may). -1: EINVAL, and `why` says which
 * value is missing or is none that can be put there. */
int fp_expand_fill(const struct fp_expand *expand, const struct fp_item *item,
	struct fp_text optional, struct fp_buf *out, char *why,
	size_t why_size);

/* Whether nothing is filled in. */
bool fp_expand_is_literal(const struct fp_expand *expand);

/* The text of a literal that was made by fp_expand_literal(), or of one without
 * \{{; a NUL stands behind it. It lives as long as `expand`. */
struct fp_text fp_expand_constant(const struct fp_expand *expand);

/* Whether a plain text looks as if it was to be filled in: "{}", "{1}",
 * "{{name}}" or, if items have names, "{name}". */
bool fp_expand_is_meant(const char *text, bool has_names);

#endif
