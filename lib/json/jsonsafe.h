/* SPDX-License-Identifier: MIT */
/*
 * jsonsafe: makes of valid JSON what every reader of JSON takes, and takes
 * alike, as it streams:
 *
 *	half a surrogate pair, \u0000	become \ufffd (U+FFFD)
 *	an integer beyond 2^53, a number	become strings with the same
 *	that a double does not hold		digits
 *	an array or object in 100 others	becomes a string with its JSON
 *	a name twice in one object	is refused
 *
 * A double is taken to hold a number with a fraction or an exponent, of up to
 * 17 significant digits, that is neither infinite nor nearer to 0 than 1e-307.
 * What is in a string that was nested too deep stays as it came.
 *
 * Memory: 8 bytes for each name in the objects that are open, of which there
 * may be FP_JSONSAFE_NAMES_MAX. Names are compared by 64 bits of a hash.
 *
 * Threads: none; it belongs to one thread at a time.
 * Ownership: the caller embeds it.
 * Failure: -1 with ENOMEM; with EILSEQ: refused, as `fault` says.
 */
#ifndef FP_JSONSAFE_H
#define FP_JSONSAFE_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

#define FP_JSONSAFE_DEPTH_MAX 100
#define FP_JSONSAFE_NAMES_MAX ((size_t)1 << 20)
#define FP_JSONSAFE_HELD 64

struct fp_jsonsafe {
	enum fp_jsonsafe_state {
		FP_JSONSAFE_BETWEEN,
		FP_JSONSAFE_STRING,
		FP_JSONSAFE_ESCAPE, /* behind a backslash */
		FP_JSONSAFE_HEX, /* behind \u */
		FP_JSONSAFE_NUMBER,
		FP_JSONSAFE_DEEP, /* in what is nested too deep */
	} state;
	bool in_name; /* the string is one */
	bool awaits_name; /* the next string is one */
	uint64_t hash; /* of the name so far */
	char hex[4];
	unsigned n_hex;
	unsigned high; /* half of a pair, held back; 0: none is */
	char high_hex[4]; /* as it was written */
	char held[FP_JSONSAFE_HELD]; /* the beginning of a number */
	size_t n_held;
	bool is_quoted; /* the number is a string, and was begun */
	unsigned depth; /* up to FP_JSONSAFE_DEPTH_MAX */
	size_t starts[FP_JSONSAFE_DEPTH_MAX + 1]; /* in `names` */
	bool is_object[FP_JSONSAFE_DEPTH_MAX + 1];
	unsigned n_deep; /* brackets open in what is too deep */
	bool in_deep_string, in_deep_escape;
	uint64_t *names; /* hashes, of objects that are open */
	size_t n_names, n_room;
	const char *fault;
	struct fp_json_changes changes; /* so far */
};

void fp_jsonsafe_init(struct fp_jsonsafe *safe);
void fp_jsonsafe_destroy(struct fp_jsonsafe *safe);

/* Ready for the next document. */
void fp_jsonsafe_reset(struct fp_jsonsafe *safe);

/* Bytes that the names take, at most, when `len` more bytes of JSON are fed. */
size_t fp_jsonsafe_memory(const struct fp_jsonsafe *safe, size_t len);

/* The next piece of a valid document without white space between tokens, cut
 * anywhere; and its end. */
int fp_jsonsafe_feed(struct fp_jsonsafe *safe, const char *data, size_t len,
	struct fp_buf *out);
int fp_jsonsafe_finish(struct fp_jsonsafe *safe, struct fp_buf *out);

#endif
