/* SPDX-License-Identifier: MIT */
/*
 * link: where the Link fields of a response lead (RFC 8288, section 3), by the
 * relation that is asked for: "next" for the page that comes after this one.
 *
 * Threads: any.
 * Ownership: nothing is owned; the target is a part of the fields.
 * Failure: fields that cannot be understood are an answer.
 */
#ifndef FP_LINK_H
#define FP_LINK_H

#include "base.h"

#include "fetchpool.h"

enum fp_link_found {
	FP_LINK_NONE,
	FP_LINK_ONE,
	FP_LINK_TWO, /* they differ, and neither is meant more */
	FP_LINK_MALFORMED, /* and nothing was found in what can be read */
};

/* Looks for links with this relation, in any case of its letters, in the values
 * of all Link fields, each followed by a newline. Links with an anchor, which
 * lead from another resource than the one that was fetched, do not count, nor
 * does any rel parameter of a link after its first. *target is what stands
 * between < and >, a URI or a relative reference. */
enum fp_link_found fp_link_find(
	struct fp_text fields, const char *relation, struct fp_text *target);

#endif
