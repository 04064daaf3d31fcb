/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "journalchain.h"
#include "tap.h"

static void
items_come_and_go(void)
{
	struct fp_journalchains chains = {.last = 0};
	struct fp_journal_chain *at;
	size_t n = 0;

	CHECK(!fp_journalchain_find(&chains, 1));
	CHECK(!fp_journalchain_walk(&chains, NULL));
	fp_journalchain_remove(&chains, 1);
	for (uint64_t seq = 1; seq <= 500; seq++)
		CHECK(fp_journalchain_get(&chains, seq)->seq == seq);
	CHECK(fp_journalchain_get(&chains, 7) ==
		fp_journalchain_find(&chains, 7));
	for (uint64_t seq = 2; seq <= 500; seq += 2)
		fp_journalchain_remove(&chains, seq);
	CHECK(!fp_journalchain_find(&chains, 2));
	for (at = fp_journalchain_walk(&chains, NULL); at;
		at = fp_journalchain_walk(&chains, at))
		n += at->seq % 2;
	CHECK(n == 250 && chains.last == 500);
	fp_journalchain_destroy(&chains);
	CHECK(!fp_journalchain_find(&chains, 1));
}

static void
pages(void)
{
	struct fp_journalchains chains = {.last = 0};
	struct fp_journal_chain *chain = fp_journalchain_get(&chains, 3);

	CHECK(chain->page == 0);
	CHECK(fp_journalchain_turn(chain, 11, "uhttp://a/2", 11) == 0);
	CHECK(fp_journalchain_turn(chain, 22, "c\0x", 3) == 0);
	CHECK(chain->page == 2);
	CHECK_BYTES(chain->name.data, chain->name.len, "c\0x", 3);
	CHECK(chain->seen.len == 2 * sizeof(uint64_t));
	fp_journalchain_destroy(&chains);
}

int
main(void)
{
	run("items come and go", items_come_and_go);
	run("pages, one after the other", pages);
	return done();
}
