/* SPDX-License-Identifier: MIT */
/*
 * seqset: a set of item numbers, made for runs of many millions: where all or
 * none of 65,536 numbers are in it, they take no memory between them but a
 * word; elsewhere a bit each.
 *
 * Threads: none; a set belongs to one thread at a time.
 * Ownership: the caller embeds it, zeroed at first.
 * Failure: -1 with ENOMEM, also for greater numbers than FP_SEQSET_MAX, and
 * the set is as it was.
 */
#ifndef FP_SEQSET_H
#define FP_SEQSET_H

#include "base.h"

#define FP_SEQSET_PAGE_BITS 16

/* The greatest number: the pages of a set of it fit into memory. */
#define FP_SEQSET_MAX (UINT64_C(1) << 40)

struct fp_seqset_page {
	uint64_t *words; /* NULL: all of its numbers are in, or none */
	uint32_t n;
};

struct fp_seqset {
	struct fp_seqset_page *pages;
	size_t n_pages;
	uint64_t n; /* members */
	uint64_t last; /* none that ever was a member is greater */
};

void fp_seqset_destroy(struct fp_seqset *set);

/* 1: now it is in; 0: it was. */
int fp_seqset_add(struct fp_seqset *set, uint64_t seq);

/* 1: now it is out; 0: it was. */
int fp_seqset_remove(struct fp_seqset *set, uint64_t seq);

bool fp_seqset_has(const struct fp_seqset *set, uint64_t seq);

/* The numbers 64 * i to 64 * i + 63 as bits, the lowest first. */
uint64_t fp_seqset_word(const struct fp_seqset *set, uint64_t i);

/* Adds, or takes out, those of the 64 numbers whose bits are set. */
int fp_seqset_add_word(struct fp_seqset *set, uint64_t i, uint64_t bits);
int fp_seqset_remove_word(struct fp_seqset *set, uint64_t i, uint64_t bits);

/* Makes an empty set that of 1 to `last`. */
int fp_seqset_fill(struct fp_seqset *set, uint64_t last);

/* Takes out of `set` what is in `other`. */
int fp_seqset_subtract(struct fp_seqset *set, const struct fp_seqset *other);

#endif
