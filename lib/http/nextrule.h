/* SPDX-License-Identifier: MIT */
/*
 * nextrule: what options.next says of the page that comes after another, in one
 * of four forms:
 *
 *	link		the answer's Link field with rel="next" (RFC 8288)
 *	POINTER		a URL or reference there in its JSON body (RFC 6901)
 *	NAME=POINTER	a text or number there, as the value of the template's
 *			variable NAME
 *	NAME=+N		the variable's value is a number, and goes up by N; it
 *			begins with 1, or with F in NAME=F+N
 *
 * Threads: any; it is constant once it was parsed.
 * Ownership: it points into the text.
 * Failure: -1 with EINVAL, and `why` says what is wrong.
 */
#ifndef FP_NEXTRULE_H
#define FP_NEXTRULE_H

#include "base.h"

#include "fetchpool.h"

enum fp_next_how {
	FP_NEXT_NONE, /* there are no pages */
	FP_NEXT_LINK,
	FP_NEXT_URL,
	FP_NEXT_CURSOR,
	FP_NEXT_COUNT,
};

struct fp_nextrule {
	enum fp_next_how how;
	const char *pointer; /* URL, CURSOR */
	struct fp_text name; /* CURSOR, COUNT */
	uint64_t first, step; /* COUNT */
};

int fp_nextrule_parse(
	struct fp_nextrule *rule, const char *text, char *why, size_t why_size);

#endif
