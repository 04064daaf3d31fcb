/* SPDX-License-Identifier: MIT */
/*
 * jsonwalk: goes over the members of an object or the elements of an array, in
 * JSON text that was judged before and has no white space between its tokens:
 * what struct fp_json leaves of a document.
 *
 * Threads: any.
 * Ownership: nothing is owned; what is given is a part of the text.
 * Failure: none. Of text that is not such JSON it makes anything, but it never
 * leaves it.
 */
#ifndef FP_JSONWALK_H
#define FP_JSONWALK_H

#include "base.h"

#include "fetchpool.h"

struct fp_jsonwalk {
	const char *p;
	const char *end;
};

/* To the beginning of an object or array. */
void fp_jsonwalk_into(struct fp_jsonwalk *walk, struct fp_text value);

/* The next value; and in an object its name, quotes included (in an array
 * `name` is NULL). false: there is none. */
bool fp_jsonwalk_next(
	struct fp_jsonwalk *walk, struct fp_text *name, struct fp_text *value);

#endif
