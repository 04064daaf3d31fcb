/* SPDX-License-Identifier: MIT */
/*
 * journalchain: of a journal's items that have pages, how far each is: the
 * pages that are done, what names the next one, and how many requests were sent
 * that must not be sent again. An item is known from its first page on, until
 * it has succeeded.
 *
 * Threads: those of the state that it is a part of.
 * Ownership: the state embeds the table, which owns what is in it.
 * Failure: -1 or NULL with ENOMEM.
 */
#ifndef FP_JOURNALCHAIN_H
#define FP_JOURNALCHAIN_H

#include "base.h"

#include "buf.h"
#include "hash.h"

struct fp_journal_chain {
	struct fp_hash_link link; /* its hash is seq */
	uint64_t seq;
	uint64_t item_hash; /* of its line */
	uint64_t page; /* that was done last; 0: none */
	uint64_t n_ahead; /* pages that were sent after the first such */
	struct fp_buf name; /* of the page after it */
	struct fp_buf seen; /* hashes of pages, uint64_t each */
};

struct fp_journalchains {
	struct fp_hash table; /* without chains: nothing was added yet */
	uint64_t last; /* the highest seq there ever was */
};

void fp_journalchain_destroy(struct fp_journalchains *chains);

/* NULL: the item is not there. */
struct fp_journal_chain *fp_journalchain_find(
	const struct fp_journalchains *chains, uint64_t seq);

/* The same, and it is made if it is not there. */
struct fp_journal_chain *fp_journalchain_get(
	struct fp_journalchains *chains, uint64_t seq);

/* Takes it out, if it is there. */
void fp_journalchain_remove(struct fp_journalchains *chains, uint64_t seq);

/* The next page that is done is this one. */
int fp_journalchain_turn(struct fp_journal_chain *chain, uint64_t page_hash,
	const char *name, size_t len);

/* One after the other, as fp_hash_walk() gives them. */
struct fp_journal_chain *fp_journalchain_walk(
	const struct fp_journalchains *chains, struct fp_journal_chain *chain);

#endif
