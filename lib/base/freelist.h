/* SPDX-License-Identifier: MIT */
/*
 * freelist: a thread's own lists of blocks that were freed, by size, in front
 * of the C library's memory. What comes from malloc() may go here, and until
 * fp_freelist_expect_large() is called, what comes from here may go to free().
 *
 * Threads: a list is one thread's, from fp_freelist_use() on; blocks may be
 * freed by others. A thread without a list has what malloc() and free() do.
 * Ownership: the caller embeds the list, zeroed, and clears it in the end.
 * Failure: as malloc(): NULL with errno.
 */
#ifndef FP_FREELIST_H
#define FP_FREELIST_H

#include "base.h"

/* Blocks of up to 17 KiB: libcurl's usual buffers of 16 are among them. */
#define FP_FREELIST_BINS 1088

struct fp_freelist {
	void *first[FP_FREELIST_BINS];
	size_t n_bytes; /* of all that are in it, but for those of bays */
	struct fp_bay *bays; /* that are open, the newest first */
};

/* From now on this thread uses it, if the sizes of blocks can be known; NULL:
 * none any more. */
void fp_freelist_use(struct fp_freelist *list);

/* Whether this thread was refused memory here, with a list or without, since it
 * last said that it knows: libcurl has one code for that and for what is larger
 * than it takes. */
bool fp_freelist_was_refused(void);
void fp_freelist_forget_refusals(void);

/* One more block of 16 KiB will be wanted at the same time as others, of which
 * a few bytes are used. From then on, what comes from this thread's list has to
 * be freed here. */
void fp_freelist_expect_large(void);

/* The pages of all that was freed, and is not kept here, go, in all threads. */
void fp_freelist_trim(void);

/* Gives all blocks back to the C library, or to their bays. */
void fp_freelist_clear(struct fp_freelist *list);

/* These are what curl_global_init_mem() takes. */
void *fp_freelist_malloc(size_t n);
void fp_freelist_free(void *block);
void *fp_freelist_realloc(void *block, size_t n);
char *fp_freelist_strdup(const char *text);
void *fp_freelist_calloc(size_t n, size_t size);

#endif
