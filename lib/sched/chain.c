/* SPDX-License-Identifier: MIT */
/*
 * Of each page that was seen a hash is kept, of 64 bits: for a thousand pages,
 * 16 KiB, and a chance of 1 in 10^13 that one is taken for another.
 */
#include "base.h"

#include "chain.h"

#include "hash.h"

#define ROOM_FIRST 16

/* Pages of one item that may wait for the consumer while another is fetched. */
#define WAITING_MAX 16

struct fp_chain *
fp_chain_new(struct fp_memory *memory)
{
	struct fp_chain *chain = calloc(1, sizeof(*chain));

	if (!chain)
		return NULL;
	chain->page = 1;
	chain->memory = memory;
	atomic_init(&chain->n_waiting, 0);
	return chain;
}

void
fp_chain_free(struct fp_chain *chain)
{
	if (!chain)
		return;
	fp_buf_destroy(&chain->start);
	fp_buf_destroy(&chain->cursor);
	fp_buf_destroy(&chain->next_url);
	fp_buf_destroy(&chain->next_shown);
	fp_buf_destroy(&chain->name);
	free(chain->block);
	free(chain->next_block);
	free(chain->seen);
	free(chain);
}

/* FNV-1a, with its high bits mixed into the low ones, which choose a place. */
uint64_t
fp_chain_hash(const void *data, size_t len)
{
	uint64_t hash = fp_hash_bytes(FP_HASH_EMPTY, data, len);

	hash = (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	hash ^= hash >> 29;
	return hash ? hash : 1;
}

/* Where it is in the table, or would be. */
static uint64_t *
chain_place(const struct fp_chain *chain, uint64_t hash)
{
	size_t i = (size_t)hash & (chain->n_room - 1);

	while (chain->seen[i] && chain->seen[i] != hash)
		i = (i + 1) & (chain->n_room - 1);
	return &chain->seen[i];
}

static int
chain_grow(struct fp_chain *chain)
{
	size_t n = chain->n_room, room = n ? 2 * n : ROOM_FIRST;
	uint64_t *old = chain->seen, *seen = calloc(room, sizeof(*seen));

	if (!seen)
		return -1;
	chain->seen = seen;
	chain->n_room = room;
	for (size_t i = 0; i < n; i++) {
		if (old[i])
			*chain_place(chain, old[i]) = old[i];
	}
	free(old);
	return 0;
}

int
fp_chain_see(struct fp_chain *chain, uint64_t hash)
{
	if (2 * (chain->n_seen + 1) > chain->n_room && chain_grow(chain))
		return -1;
	uint64_t *place = chain_place(chain, hash);
	if (*place)
		return 0;
	*place = hash;
	chain->n_seen++;
	return 1;
}

bool
fp_chain_is_held(const struct fp_chain *chain, uint64_t turn)
{
	struct fp_memory *memory = chain->memory;
	unsigned n = atomic_load(&chain->n_waiting);

	if (memory && memory->in_order && fp_memory_chosen(memory) != turn)
		return false;
	return n >= WAITING_MAX ||
	       (n > 0 && memory && fp_memory_is_tight(memory));
}

void
fp_chain_turn(struct fp_chain *chain)
{
	struct fp_buf start = chain->start;

	chain->page++;
	chain->start = chain->next_url;
	chain->next_url = start;
	chain->is_foreign = chain->is_next_foreign;
	fp_buf_clear(&chain->next_url, 1024);
	chain->turns = false;
}

void
fp_chain_fill(struct fp_chain *chain, struct fp_item *item)
{
	const struct fp_item *next = &chain->next_item;

	if (!chain->next_block)
		return;
	free(chain->block);
	chain->block = chain->next_block;
	chain->next_block = NULL;
	item->headers = next->headers;
	item->n_headers = next->n_headers;
	item->body = next->body;
	item->body_is_json = next->body_is_json;
	item->body_file = next->body_file;
	item->form = next->form;
	item->n_form = next->n_form;
}
