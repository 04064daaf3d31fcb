/* SPDX-License-Identifier: MIT */
/*
 * hash: FNV-1a over bytes, and a table of things by their hash. The table grows
 * as things are added; if there is no memory for that, its chains get longer.
 *
 * Threads: none of its own; a table is used under the caller's lock.
 * Ownership: the table owns its chains, not the things: each embeds a struct
 * fp_hash_link, and is removed before it is freed.
 * Failure: fp_hash_init() -1 with ENOMEM, and the table is as if zeroed;
 * nothing else can fail.
 */
#ifndef FP_HASH_H
#define FP_HASH_H

#include "base.h"

/* The hash of no bytes, and what a byte makes of a hash. */
#define FP_HASH_EMPTY UINT64_C(0xcbf29ce484222325)

static inline uint64_t
fp_hash_byte(uint64_t hash, unsigned char byte)
{
	return (hash ^ byte) * UINT64_C(0x100000001b3);
}

/* The same for many. */
static inline uint64_t
fp_hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = fp_hash_byte(hash, bytes[i]);
	return hash;
}

struct fp_hash_link {
	struct fp_hash_link *next; /* in its chain */
	uint64_t hash;
};

struct fp_hash {
	struct fp_hash_link **chains;
	size_t n_chains; /* a power of two */
	size_t n;
};

int fp_hash_init(struct fp_hash *table);

/* Also of one that is zeroed, which can be walked too. What still is in it
 * stays as it is. */
void fp_hash_destroy(struct fp_hash *table);

void fp_hash_add(
	struct fp_hash *table, struct fp_hash_link *link, uint64_t hash);

/* Takes it out; it must be in. */
void fp_hash_remove(struct fp_hash *table, struct fp_hash_link *link);

/* One that was added with this hash, and the next one after it; NULL: there is
 * none. Different things may have one hash. */
struct fp_hash_link *fp_hash_find(const struct fp_hash *table, uint64_t hash);
struct fp_hash_link *fp_hash_find_next(const struct fp_hash_link *link);

/* One after the other, in no order; `link` NULL: the first. NULL: that was all.
 * A link may be removed after the next one was asked for. */
struct fp_hash_link *fp_hash_walk(
	const struct fp_hash *table, const struct fp_hash_link *link);

#endif
