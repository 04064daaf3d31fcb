/* SPDX-License-Identifier: MIT */
/*
 * Items start while less than half is held, so that those that are under way
 * have the other half to grow into, and pauses are rare.
 *
 * Why one may go on without room: transfers that wait hold what they have, so
 * that without it all could wait for each other. In order of the turns it has
 * to be the oldest, whose record is the next to be written, or else the others
 * that are finished would pile up behind it. Without an order whoever comes
 * first is chosen, and stays it until its record was written, so that it is
 * one body at a time that is over the limit, and not one after the other.
 */
#include "base.h"

#include "memory.h"

void
fp_memory_init(struct fp_memory *memory, uint64_t most, bool in_order)
{
	memory->most = most;
	memory->in_order = in_order;
	atomic_init(&memory->held, 0);
	atomic_init(&memory->chosen, in_order ? 1 : 0);
}

static bool
is_chosen(struct fp_memory *memory, uint64_t turn)
{
	uint_fast64_t chosen = 0;

	if (atomic_load(&memory->chosen) == turn)
		return true;
	return !memory->in_order &&
	       atomic_compare_exchange_strong(&memory->chosen, &chosen, turn);
}

bool
fp_memory_has_room(struct fp_memory *memory, uint64_t turn, uint64_t bytes)
{
	uint64_t held = atomic_load(&memory->held);

	if (bytes == 0 ||
		(held <= memory->most && bytes <= memory->most - held))
		return true;
	return is_chosen(memory, turn);
}

void
fp_memory_take(struct fp_memory *memory, uint64_t bytes)
{
	atomic_fetch_add(&memory->held, bytes);
}

void
fp_memory_give(struct fp_memory *memory, uint64_t turn, uint64_t bytes)
{
	uint_fast64_t chosen = turn;

	FP_ASSERT(atomic_fetch_sub(&memory->held, bytes) >= bytes);
	if (!memory->in_order)
		atomic_compare_exchange_strong(&memory->chosen, &chosen, 0);
}

void
fp_memory_advance(struct fp_memory *memory, uint64_t turn)
{
	if (memory->in_order)
		atomic_store(&memory->chosen, turn + 1);
}

bool
fp_memory_is_tight(struct fp_memory *memory)
{
	return atomic_load_explicit(&memory->held, memory_order_relaxed) >
	       memory->most / 2;
}

uint64_t
fp_memory_chosen(struct fp_memory *memory)
{
	return memory->in_order ? atomic_load(&memory->chosen) : 0;
}
