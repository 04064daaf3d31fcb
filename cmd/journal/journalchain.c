/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "journalchain.h"

static struct fp_journal_chain *
chain_of_link(struct fp_hash_link *link)
{
	return link ? FP_CONTAINER(link, struct fp_journal_chain, link) : NULL;
}

static void
free_chain(struct fp_journal_chain *chain)
{
	fp_buf_destroy(&chain->name);
	fp_buf_destroy(&chain->seen);
	free(chain);
}

void
fp_journalchain_destroy(struct fp_journalchains *chains)
{
	struct fp_journal_chain *next, *at = fp_journalchain_walk(chains, NULL);

	for (; at; at = next) {
		next = fp_journalchain_walk(chains, at);
		fp_hash_remove(&chains->table, &at->link);
		free_chain(at);
	}
	fp_hash_destroy(&chains->table);
	chains->last = 0;
}

struct fp_journal_chain *
fp_journalchain_find(const struct fp_journalchains *chains, uint64_t seq)
{
	return chains->table.chains
		       ? chain_of_link(fp_hash_find(&chains->table, seq))
		       : NULL;
}

struct fp_journal_chain *
fp_journalchain_get(struct fp_journalchains *chains, uint64_t seq)
{
	struct fp_journal_chain *chain = fp_journalchain_find(chains, seq);

	if (chain)
		return chain;
	if (!chains->table.chains && fp_hash_init(&chains->table))
		return NULL;
	chain = calloc(1, sizeof(*chain));
	if (!chain)
		return NULL;
	chain->seq = seq;
	fp_hash_add(&chains->table, &chain->link, seq);
	chains->last = FP_MAX(chains->last, seq);
	return chain;
}

void
fp_journalchain_remove(struct fp_journalchains *chains, uint64_t seq)
{
	struct fp_journal_chain *chain = fp_journalchain_find(chains, seq);

	if (!chain)
		return;
	fp_hash_remove(&chains->table, &chain->link);
	free_chain(chain);
}

int
fp_journalchain_turn(struct fp_journal_chain *chain, uint64_t page_hash,
	const char *name, size_t len)
{
	if (fp_buf_add(&chain->seen, &page_hash, sizeof(page_hash)) ||
		fp_buf_set(&chain->name, name, len))
		return -1;
	chain->page++;
	return 0;
}

struct fp_journal_chain *
fp_journalchain_walk(
	const struct fp_journalchains *chains, struct fp_journal_chain *chain)
{
	return chains->table.chains ? chain_of_link(fp_hash_walk(&chains->table,
					      chain ? &chain->link : NULL))
				    : NULL;
}
