/* SPDX-License-Identifier: MIT */
/*
 * bay: memory for a large block of which a few bytes are used. A bay is six
 * pages: two for usual blocks, and the large one begins where they end, in the
 * last bytes of the second, so that the pages after these are there only if
 * they are written to. The blocks are none of malloc()'s.
 *
 * Threads: a bay that is open is its thread's; blocks may be put back by any.
 * Ownership: a bay is taken, then closed, and is free again when its blocks
 * were all put back. Its addresses are never anything else's.
 * Failure: fp_bay_take() NULL, where there are none: all are taken, or memory
 * or addresses are short.
 */
#ifndef FP_BAY_H
#define FP_BAY_H

#include "base.h"

#include <stdatomic.h>

#define FP_BAY_BYTES ((size_t)24 << 10)
#define FP_BAYS_MAX 16384

/* What a block has room for is so much less than a multiple of 16, like a block
 * of the C library's. */
#define FP_BAY_LOST_BYTES sizeof(size_t)

/* All of the large one can be used. */
#define FP_BAY_LARGE_BYTES 16888

struct fp_bay {
	struct fp_bay *next; /* in a list of its thread */
	atomic_uint n_out; /* blocks that were not put back, and 1: it is open
			    */
	unsigned n_used; /* bytes of the pages for usual blocks */
};

/* Where the first begins; where there are none, what no block is near to. */
extern atomic_uintptr_t fp_bay_first;

/* Whether the block is in one. Addresses of 32 bits are so few that there are
 * none, and no place that no block is near to. */
static inline bool
fp_bay_has(const void *block)
{
	return sizeof(void *) >= 8 &&
	       (uintptr_t)block - atomic_load_explicit(
					  &fp_bay_first, memory_order_relaxed) <
		       FP_BAY_BYTES * FP_BAYS_MAX;
}

struct fp_bay *fp_bay_take(void);

/* A block of `n` bytes, of those that a block can have (see above); NULL: there
 * is no room for it. */
void *fp_bay_carve(struct fp_bay *bay, size_t n);

/* The largest block that it still has room for. */
size_t fp_bay_room(const struct fp_bay *bay);

/* The large one, once for each time that it was taken. */
void *fp_bay_large(struct fp_bay *bay);

/* No more blocks come from it. */
void fp_bay_close(struct fp_bay *bay);

/* Of a block that fp_bay_has(): what it has room for. */
size_t fp_bay_bytes(const void *block);

/* The same, and nobody uses it any more. */
void fp_bay_put(void *block);

#endif
