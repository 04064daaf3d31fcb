/* SPDX-License-Identifier: MIT */
/*
 * timeheap: things that wait for a moment, the earliest first.
 *
 * Threads: the caller's lock.
 * Ownership: the heap owns its array, not the things: each embeds a struct
 * fp_timed and is taken out before it is freed.
 * Failure: fp_timeheap_init() -1 with ENOMEM. One that is full aborts.
 */
#ifndef FP_TIMEHEAP_H
#define FP_TIMEHEAP_H

#include "base.h"

/* Embedded in what waits, zeroed at first. */
struct fp_timed {
	int64_t due_ns;
	size_t place; /* 1 ..: where in the heap; 0: not in it */
};

struct fp_timeheap {
	struct fp_timed **all; /* a binary heap */
	size_t len;
	size_t capacity;
};

int fp_timeheap_init(struct fp_timeheap *heap, size_t capacity);
void fp_timeheap_destroy(struct fp_timeheap *heap);

/* Has room for so many at least. -1: ENOMEM, and it is as it was. */
int fp_timeheap_reserve(struct fp_timeheap *heap, size_t capacity);

/* Adds it, or moves it if it is there already. */
void fp_timeheap_set(
	struct fp_timeheap *heap, struct fp_timed *timed, int64_t due_ns);

/* Takes it out, if it is there. */
void fp_timeheap_remove(struct fp_timeheap *heap, struct fp_timed *timed);

/* Takes out the earliest if it is due by now; else NULL. */
struct fp_timed *fp_timeheap_take(struct fp_timeheap *heap, int64_t now_ns);

/* When the earliest is due; INT64_MAX: it is empty. */
int64_t fp_timeheap_due_ns(const struct fp_timeheap *heap);

#endif
