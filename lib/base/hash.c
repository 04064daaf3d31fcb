/* SPDX-License-Identifier: MIT */
/*
 * Chains of what has the same lower bits, about one for each thing. They are
 * embedded in the things, so that adding one needs no memory and cannot fail.
 */
#include "base.h"

#include "hash.h"

#define CHAINS_MIN 64

int
fp_hash_init(struct fp_hash *table)
{
	*table = (struct fp_hash){0};
	table->chains = calloc(CHAINS_MIN, sizeof(table->chains[0]));
	if (!table->chains)
		return -1;
	table->n_chains = CHAINS_MIN;
	return 0;
}

void
fp_hash_destroy(struct fp_hash *table)
{
	free(table->chains);
	*table = (struct fp_hash){0};
}

/* The upper half has a say too: FNV-1a mixes upwards. */
static size_t
hash_chain_of(const struct fp_hash *table, uint64_t hash)
{
	return (size_t)(hash ^ (hash >> 32)) & (table->n_chains - 1);
}

static void
hash_put(struct fp_hash *table, struct fp_hash_link *link)
{
	struct fp_hash_link **chain =
		&table->chains[hash_chain_of(table, link->hash)];

	link->next = *chain;
	*chain = link;
}

static void
hash_grow(struct fp_hash *table)
{
	struct fp_hash old = *table;

	table->chains = calloc(2 * old.n_chains, sizeof(table->chains[0]));
	if (!table->chains) {
		*table = old;
		return;
	}
	table->n_chains = 2 * old.n_chains;
	for (struct fp_hash_link *link = fp_hash_walk(&old, NULL); link;) {
		struct fp_hash_link *next = fp_hash_walk(&old, link);
		hash_put(table, link);
		link = next;
	}
	free(old.chains);
}

void
fp_hash_add(struct fp_hash *table, struct fp_hash_link *link, uint64_t hash)
{
	if (table->n >= table->n_chains)
		hash_grow(table);
	link->hash = hash;
	hash_put(table, link);
	table->n++;
}

void
fp_hash_remove(struct fp_hash *table, struct fp_hash_link *link)
{
	struct fp_hash_link **at =
		&table->chains[hash_chain_of(table, link->hash)];

	while (*at != link) {
		FP_ASSERT(*at);
		at = &(*at)->next;
	}
	*at = link->next;
	link->next = NULL;
	table->n--;
}

static struct fp_hash_link *
hash_first_of(struct fp_hash_link *link, uint64_t hash)
{
	while (link && link->hash != hash)
		link = link->next;
	return link;
}

struct fp_hash_link *
fp_hash_find(const struct fp_hash *table, uint64_t hash)
{
	return hash_first_of(table->chains[hash_chain_of(table, hash)], hash);
}

struct fp_hash_link *
fp_hash_find_next(const struct fp_hash_link *link)
{
	return hash_first_of(link->next, link->hash);
}

struct fp_hash_link *
fp_hash_walk(const struct fp_hash *table, const struct fp_hash_link *link)
{
	size_t i = 0;

	if (link && link->next)
		return link->next;
	if (link)
		i = hash_chain_of(table, link->hash) + 1;
	while (i < table->n_chains && !table->chains[i])
		i++;
	return i < table->n_chains ? table->chains[i] : NULL;
}
