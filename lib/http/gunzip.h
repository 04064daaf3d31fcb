/* SPDX-License-Identifier: MIT */
/*
 * gunzip: undoes the content coding gzip, and x-gzip, which is the same
 * (RFC 9110, section 8.4.1.3; the format is RFC 1952), while it streams. Input
 * may be cut anywhere. Only what is whole is called whole: the end of the
 * stream is demanded, the CRC and the length of each member must be right,
 * and what follows a member must be another one.
 *
 *	fp_gunzip_init(&gunzip);
 *	for each body:
 *		fp_gunzip_start(&gunzip);
 *		fp_gunzip_feed(&gunzip, data, len, out, arg) ...
 *		if (fp_gunzip_finish(&gunzip) != FP_GUNZIP_OK)
 *			fp_gunzip_message(&gunzip) says what is wrong
 *	fp_gunzip_free(&gunzip);
 *
 * Nothing is inflated ahead: after at most FP_GUNZIP_CHUNK bytes the callback
 * is asked whether to go on, so that its owner can bound what comes out. What
 * goes in is not bounded by that: empty members, or a file name without end,
 * decode to nothing for ever.
 *
 * A stream that was cut between two of its members cannot be told from a
 * whole one; that is for the framing of the message to find.
 *
 * Threads: one thread at a time.
 * Ownership: the caller embeds it. Memory, about 40 KiB, is taken when the
 * first byte of gzip comes, and kept for the next body.
 * Failure: as a result, which stays until fp_gunzip_start().
 */
#ifndef FP_GUNZIP_H
#define FP_GUNZIP_H

#include "base.h"

/* The most that the callback is given at once. */
#define FP_GUNZIP_CHUNK 16384

enum fp_gunzip_result {
	FP_GUNZIP_OK,
	FP_GUNZIP_CORRUPT, /* it is not gzip, or not in all its parts */
	FP_GUNZIP_ENDS_EARLY, /* not at the end of a member */
	FP_GUNZIP_STOPPED, /* the callback said so */
	FP_GUNZIP_NO_MEMORY,
};

struct fp_gunzip {
	struct fp_gunzip_state *state; /* zlib's; NULL: no memory is taken */
	bool in_member;
	bool had_member; /* one has ended */
	enum fp_gunzip_result result;
	const char *message; /* of the result */
};

/* Gets decoded bytes; false: no more of them. It must not use the struct. */
typedef bool fp_gunzip_out(void *arg, const char *data, size_t len);

void fp_gunzip_init(struct fp_gunzip *gunzip);

/* Gives back the memory; a later body takes it anew. */
void fp_gunzip_free(struct fp_gunzip *gunzip);

/* Another body begins; whatever the last one came to is forgotten. */
void fp_gunzip_start(struct fp_gunzip *gunzip);

/* Some more of it. FP_GUNZIP_OK: right so far. When it is not, some of what
 * was decoded before the fault may not have been given out. */
enum fp_gunzip_result fp_gunzip_feed(struct fp_gunzip *gunzip, const void *data,
	size_t len, fp_gunzip_out *out, void *arg);

/* It ends here. FP_GUNZIP_OK: all of it came, and it is right. Nothing at all
 * is an empty body: servers announce gzip before they know of what, and curl,
 * Go and browsers take it so. */
enum fp_gunzip_result fp_gunzip_finish(struct fp_gunzip *gunzip);

/* What is wrong, as a constant that holds nothing of the input; "" if nothing
 * is, or if it was the callback's will. */
const char *fp_gunzip_message(const struct fp_gunzip *gunzip);

#endif
