/* SPDX-License-Identifier: MIT */
/*
 * problem: what an answer that is no success says of the problem, for people:
 * the members "detail" and "title" of a problem details object (RFC 9457,
 * sections 3.1.4 and 3.1.3), which many APIs have in objects of any other type
 * too.
 *
 * Threads: any.
 * Ownership: the caller's buffer gets a copy.
 * Failure: what is not there, or finds no memory, is not said.
 */
#ifndef FP_PROBLEM_H
#define FP_PROBLEM_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

#define FP_PROBLEM_MAX 200

/* Appends to `text` what the document says, at most FP_PROBLEM_MAX bytes of
 * UTF-8, cut at a whole character and then ending in "...". The document is as
 * struct fp_json leaves it. */
void fp_problem_find(struct fp_text document, struct fp_buf *text);

#endif
