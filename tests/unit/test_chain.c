/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "chain.h"
#include "tap.h"

static void
pages_are_seen_once(void)
{
	struct fp_chain *chain = fp_chain_new(NULL);

	for (uint64_t i = 0; i < 5000; i++)
		CHECK(fp_chain_see(chain, fp_chain_hash(&i, sizeof(i))) == 1);
	for (uint64_t i = 0; i < 5000; i++)
		CHECK(fp_chain_see(chain, fp_chain_hash(&i, sizeof(i))) == 0);
	CHECK(chain->n_seen == 5000);
	/* That differ in nothing that chooses their place. */
	for (uint64_t i = 1; i < 100; i++)
		CHECK(fp_chain_see(chain, i << 40) == 1);
	for (uint64_t i = 1; i < 100; i++)
		CHECK(fp_chain_see(chain, i << 40) == 0);
	fp_chain_free(chain);
	fp_chain_free(NULL);
}

static void
hashes(void)
{
	CHECK(fp_chain_hash("", 0) != 0);
	CHECK(fp_chain_hash("a", 1) != fp_chain_hash("b", 1));
	CHECK(fp_chain_hash("a\0", 2) != fp_chain_hash("a", 1));
	CHECK(fp_chain_hash("ab", 2) == fp_chain_hash("abc", 2));
}

static void
on_to_the_next_page(void)
{
	struct fp_chain *chain = fp_chain_new(NULL);

	CHECK(chain->page == 1 && chain->start.len == 0);
	for (uint64_t page = 2; page < 5; page++) {
		char url[20];
		snprintf(url, sizeof(url), "http://a/%d", (int)page);
		fp_buf_set(&chain->next_url, url, strlen(url));
		chain->is_next_foreign = page == 3;
		chain->turns = true;
		fp_chain_turn(chain);
		CHECK(chain->page == page && !chain->turns);
		CHECK_TEXT(chain->start.data, url);
		CHECK(chain->is_foreign == (page == 3));
		CHECK(chain->next_url.len == 0);
	}
	fp_chain_free(chain);
}

/* In whatever order results are wanted; and where memory is scarce. */
static void
pages_that_wait_hold_their_item(void)
{
	struct fp_memory memory;
	struct fp_chain *chain = fp_chain_new(&memory);

	for (int in_order = 0; in_order < 2; in_order++) {
		fp_memory_init(&memory, 1000, in_order);
		atomic_store(&chain->n_waiting, 15);
		CHECK(!fp_chain_is_held(chain, 1));
		atomic_store(&chain->n_waiting, 16);
		CHECK(fp_chain_is_held(chain, 1));
		/* Of an elder item it is not known when it comes out. */
		CHECK(fp_chain_is_held(chain, 2) == !in_order);
		fp_memory_take(&memory, 600);
		atomic_store(&chain->n_waiting, 1);
		CHECK(fp_chain_is_held(chain, 1));
		CHECK(fp_chain_is_held(chain, 2) == !in_order);
		atomic_store(&chain->n_waiting, 0);
		CHECK(!fp_chain_is_held(chain, 1));
	}
	fp_chain_free(chain);
}

int
main(void)
{
	run("a page is new once", pages_are_seen_once);
	run("hashes of what names a page", hashes);
	run("on to the next page", on_to_the_next_page);
	run("pages that wait hold their item", pages_that_wait_hold_their_item);
	return done();
}
