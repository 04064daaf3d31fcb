/* SPDX-License-Identifier: MIT */
/*
 * uritemplate: URI templates as RFC 6570 has them, all four levels, parsed
 * once and expanded as often as wanted.
 *
 * A value never leaves its place. But for {+x} and {#x}, every byte of it is
 * percent-encoded that is no letter, digit or one of "-._~". And as no encoding
 * helps against dots, it is an error if a value makes a path segment "." or
 * "..", which whoever reads the URL next would climb up by (RFC 3986, section
 * 5.2.4). {+x} and {#x} let through all that a URI may contain: that is what
 * they are asked for.
 *
 * One extension: the empty name stands for the whole line. {} {+} {#} {.} {/}
 * take it, with modifiers too ({:3}); {;} {?} {&} would have no name to write
 * and are errors.
 *
 * One leniency: what the grammar (section 2.1) does not want in a literal, such
 * as a space, a quote or a "%" by itself, is no error but is encoded, as all is
 * that no URI may contain (section 3.1).
 *
 * Threads: a parsed template is constant; any number may expand it at once.
 * Ownership: fp_uritemplate_parse() copies the text; the caller frees the
 * template. Names given out live as long as it does.
 * Failure: NULL or -1 with EINVAL, for a text that is no template and a value
 * that does not fit, or with ENOMEM.
 */
#ifndef FP_URITEMPLATE_H
#define FP_URITEMPLATE_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

struct fp_uritemplate;

/* The value of a variable, or NULL: undefined (RFC 6570, section 2.3). An
 * empty name asks for the whole line. Called in the order of the template, by
 * the thread that expands; what it gives must live until the next call. */
typedef const struct fp_value *fp_uritemplate_lookup(
	void *arg, struct fp_text name);

/* Takes what there is of an expansion; false: it needs no more. */
typedef bool fp_uritemplate_spill(void *arg, const char *text, size_t len);

/* As a value: undefined, but may be, so that no gap is told of. */
extern const struct fp_value fp_uritemplate_missing;

/* NULL with EINVAL (then `why`, of `why_size` bytes, says what is wrong and at
 * which byte, counted from 1: "unclosed { at byte 23") or ENOMEM. */
struct fp_uritemplate *fp_uritemplate_parse(
	const char *text, char *why, size_t why_size);

/* Takes NULL. */
void fp_uritemplate_free(struct fp_uritemplate *template);

/* The variables in the order of the text, repeats included. */
size_t fp_uritemplate_n_variables(const struct fp_uritemplate *template);
struct fp_text fp_uritemplate_variable(
	const struct fp_uritemplate *template, size_t i);

/* Names of variables; data NULL: there was none such. */
struct fp_uritemplate_gaps {
	struct fp_text undefined; /* the first without a value */

	/* The first that leaves a hole: without a value in any expression but
	 * {?...}, {&...} and {#...}, whose variables are optional; or of an
	 * expression in the path that comes to nothing, as "" and an empty
	 * list do. Without it, "/items/{id}" is another resource, "/items/". */
	struct fp_text hole;

	struct fp_text unfit; /* its value does not fit: see below */
};

/* Appends the expansion to `out`, and says in `gaps` what was not there. After
 * the value with which it has more than `most` bytes it ends; or what there is
 * goes to `spill`, if that is not NULL, and it goes on: then `out` has the
 * rest.
 *
 * -1 with ENOMEM; or with EINVAL if a value does not fit its place: a list or
 * map where the template takes a prefix (section 2.4.1), or a "." or ".." that
 * would be a path segment. Then `out` has the expansion for a message only,
 * what could not be expanded standing in it as written (section 3). */
int fp_uritemplate_expand(const struct fp_uritemplate *template,
	fp_uritemplate_lookup *lookup, void *arg, size_t most,
	fp_uritemplate_spill *spill, struct fp_buf *out,
	struct fp_uritemplate_gaps *gaps);

/* Appends `text` as {+x} would: what a URI may contain is kept, triplets such
 * as %2F included, and everything else percent-encoded. -1 with ENOMEM. */
int fp_uritemplate_encode_reserved(
	const char *text, size_t len, struct fp_buf *out);

#endif
