/* SPDX-License-Identifier: MIT */
/*
 * jsontree: a small JSON document (RFC 8259) as a tree, to be looked at here
 * and there. Such documents may come from anywhere: what is nested too deep or
 * not JSON is refused, and what is missing reads as nothing.
 *
 * Threads: none; a tree belongs to one thread at a time.
 * Ownership: the tree owns all nodes and texts.
 * Failure: fp_jsontree_parse() NULL with EINVAL or ENOMEM; the rest cannot
 * fail, and takes NULL for a node that is not there.
 */
#ifndef FP_JSONTREE_H
#define FP_JSONTREE_H

#include "base.h"

enum fp_jsontree_type {
	FP_JSONTREE_NULL,
	FP_JSONTREE_FALSE,
	FP_JSONTREE_TRUE,
	FP_JSONTREE_NUMBER,
	FP_JSONTREE_STRING,
	FP_JSONTREE_ARRAY,
	FP_JSONTREE_OBJECT,
};

struct fp_jsonnode {
	enum fp_jsontree_type type;
	const char *name; /* of a member; else NULL */
	const char *text; /* of a string, NUL became U+FFFD; else NULL */
	double number;
	const struct fp_jsonnode *first; /* of an array or object */
	const struct fp_jsonnode *next; /* in it */
	size_t n; /* how many are in it */
};

struct fp_jsontree;

struct fp_jsontree *fp_jsontree_parse(const char *text, size_t len);
void fp_jsontree_free(struct fp_jsontree *tree);
const struct fp_jsonnode *fp_jsontree_root(const struct fp_jsontree *tree);

/* A member of an object; NULL: it has none. */
const struct fp_jsonnode *fp_jsontree_get(
	const struct fp_jsonnode *node, const char *name);

/* The number or string there; 0 or "": there is none. */
double fp_jsontree_number(const struct fp_jsonnode *node, const char *name);
const char *fp_jsontree_text(const struct fp_jsonnode *node, const char *name);

#endif
