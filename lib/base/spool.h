/* SPDX-License-Identifier: MIT */
/*
 * spool: bytes that are too many for memory, in a file without a name: they are
 * added piece by piece, and then read as if they were in memory, of which they
 * take none that could not be had back.
 *
 * Threads: one at a time.
 * Ownership: the caller frees it, and what was mapped with it.
 * Failure: -1 or NULL with errno (ENOSPC, EMFILE, ENOMEM, ...).
 */
#ifndef FP_SPOOL_H
#define FP_SPOOL_H

#include "base.h"

#include "buf.h"

struct fp_spool {
	int fd; /* -1: it is mapped */
	size_t len; /* bytes that were added */
	void *map; /* NULL: it is not yet */
};

/* An empty one, in `folder`, or, if that is NULL or cannot be written to, in
 * /var/tmp or /tmp: the first may be meant to hold much, the second may be
 * memory. */
struct fp_spool *fp_spool_new(const char *folder);
void fp_spool_free(struct fp_spool *spool);

int fp_spool_add(struct fp_spool *spool, const char *data, size_t len);

/* Sets the buffer to its first bytes, no more than `most`. */
int fp_spool_read(struct fp_spool *spool, size_t most, struct fp_buf *to);

/* All that was added, until it is freed; nothing may be added any more. */
int fp_spool_map(struct fp_spool *spool, const char **data);

/* Of what was mapped, these bytes will not be read soon: they leave memory. */
void fp_spool_pass(const char *data, size_t len);

#endif
