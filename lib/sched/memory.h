/* SPDX-License-Identifier: MIT */
/*
 * memory: how much all bodies may take together, those that are coming in and
 * those that wait to be written. Whoever finds no room waits; one item at a
 * time may go on without, so that it never ends in everybody waiting.
 *
 * Threads: any; all of it is atomic.
 * Ownership: nothing is owned: it only counts.
 * Failure: cannot fail.
 */
#ifndef FP_MEMORY_H
#define FP_MEMORY_H

#include "base.h"

#include <stdatomic.h>

/* Smaller bodies are not counted: the window bounds them. */
#define FP_MEMORY_SMALL 4096

struct fp_memory {
	uint64_t most; /* bytes */
	bool in_order; /* results are wanted in the order of their turns */
	atomic_uint_fast64_t held;

	/* The turn of the item that goes on without room: the oldest one that
	 * was not given back, in order; else any, until it is. 0: none. */
	atomic_uint_fast64_t chosen;
};

void fp_memory_init(struct fp_memory *memory, uint64_t most, bool in_order);

/* Whether an item may take so much more. It is not taken yet. */
bool fp_memory_has_room(
	struct fp_memory *memory, uint64_t turn, uint64_t bytes);

void fp_memory_take(struct fp_memory *memory, uint64_t bytes);

/* An item gives back what it took; with 0 as its turn a part of it, and goes
 * on without room as before. */
void fp_memory_give(struct fp_memory *memory, uint64_t turn, uint64_t bytes);

/* In order: all items up to this turn have been given back. */
void fp_memory_advance(struct fp_memory *memory, uint64_t turn);

/* So much is held that no item ought to start any more, but the one that goes
 * on without room. */
bool fp_memory_is_tight(struct fp_memory *memory);

/* That one's turn, in order; else 0: there is none that has not started. */
uint64_t fp_memory_chosen(struct fp_memory *memory);

#endif
