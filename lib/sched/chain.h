/* SPDX-License-Identifier: MIT */
/*
 * chain: where an item is that has several pages: which page is being fetched,
 * where its attempts begin, what names the page after it, and which pages were
 * seen.
 *
 * Threads: the holder of its ticket; but n_waiting is any's.
 * Ownership: the ticket owns it; fp_chain_free() takes NULL.
 * Failure: said at each function.
 */
#ifndef FP_CHAIN_H
#define FP_CHAIN_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"
#include "memory.h"

#include <stdatomic.h>

struct fp_chain {
	uint64_t page; /* that is being fetched, from 1 */
	struct fp_buf start; /* its URL; empty: the item's own */
	bool is_foreign; /* that is at another origin than the item's */

	/* That number, for the name of its file. */
	char number[24];
	struct fp_text number_text;
	struct fp_value number_value;

	struct fp_buf cursor; /* the value of the variable that is its */
	bool has_cursor; /* there is one: not of a first page */
	bool is_number; /* it was one in its JSON, or is counted */

	/* With options.fill: what each page's request has of its own. */
	struct fp_item own; /* headers and body as they were submitted */
	struct fp_item next_item; /* the same of the next page ... */
	void *block, *next_block; /* ... and where they are; of this page */

	/* After a page was fetched: what comes of the next one. */
	bool turns; /* there is one: what was fetched is a result by itself */
	struct fp_buf next_url; /* its URL ... */
	struct fp_buf next_shown; /* ... without passwords */
	bool is_next_foreign;
	struct fp_buf name; /* what names it, in a result */
	uint64_t next_hash; /* of that */
	enum fp_kind kind; /* OK; or it fails without a request ... */
	char why[240]; /* ... with this message */

	struct fp_memory *memory; /* that pages take while they wait */

	/* Hashes of the pages seen: a table with open addressing, at most half
	 * full. 0 is none. */
	uint64_t *seen;
	size_t n_seen, n_room;

	/* Pages that were fetched and not given back by the consumer: put by
	 * the loop, taken back by the consumer. */
	atomic_uint n_waiting;
	bool is_given; /* the item's last result was, before them */
};

/* At its first page. NULL: no memory. */
struct fp_chain *fp_chain_new(struct fp_memory *memory);
void fp_chain_free(struct fp_chain *chain);

/* The hash of what names a page; never 0. */
uint64_t fp_chain_hash(const void *data, size_t len);

/* Notes that a page is seen. 1: it was not before; 0: it was; -1: no memory. */
int fp_chain_see(struct fp_chain *chain, uint64_t hash);

/* Whether the item of this turn waits with its next page until the consumer has
 * given back some of those before it: when there are many; or, where memory is
 * tight, any. But pages that wait for elder items to come out are bounded by
 * memory alone, or else their item would have to wait, too. */
bool fp_chain_is_held(const struct fp_chain *chain, uint64_t turn);

/* On to the next page. */
void fp_chain_turn(struct fp_chain *chain);

/* The item's request has from now on what was filled in for its page. */
void fp_chain_fill(struct fp_chain *chain, struct fp_item *item);

#endif
