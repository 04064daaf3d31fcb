/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "hash.h"
#include "tap.h"

#include <string.h>

#define N 1000

struct thing {
	int number;
	bool is_seen;
	struct fp_hash_link link;
};

static struct thing *
thing_of(struct fp_hash_link *link)
{
	return link ? FP_CONTAINER(link, struct thing, link) : NULL;
}

/* From the authors' own test suite of FNV-1a, 64 bits. */
static void
known_hashes(void)
{
	CHECK(fp_hash_bytes(FP_HASH_EMPTY, "", 0) ==
		UINT64_C(0xcbf29ce484222325));
	CHECK(fp_hash_bytes(FP_HASH_EMPTY, "a", 1) ==
		UINT64_C(0xaf63dc4c8601ec8c));
	CHECK(fp_hash_bytes(FP_HASH_EMPTY, "foobar", 6) ==
		UINT64_C(0x85944171f73967e8));
	CHECK(fp_hash_bytes(fp_hash_byte(FP_HASH_EMPTY, 'f'), "oobar", 5) ==
		UINT64_C(0x85944171f73967e8));
}

static uint64_t
hash_of_number(int number)
{
	return fp_hash_bytes(FP_HASH_EMPTY, &number, sizeof(number));
}

static size_t
count(const struct fp_hash *table)
{
	size_t n = 0;

	for (struct fp_hash_link *link = fp_hash_walk(table, NULL); link;
		link = fp_hash_walk(table, link))
		n++;
	return n;
}

static void
found_until_removed(void)
{
	static struct thing things[N];
	struct fp_hash table;

	CHECK(fp_hash_init(&table) == 0);
	CHECK(!fp_hash_walk(&table, NULL));
	for (int i = 0; i < N; i++) {
		things[i].number = i;
		CHECK(!fp_hash_find(&table, hash_of_number(i)));
		fp_hash_add(&table, &things[i].link, hash_of_number(i));
	}
	CHECK(table.n == N);
	CHECK(table.n_chains >= N / 2);
	for (int i = 0; i < N; i++)
		CHECK(thing_of(fp_hash_find(&table, hash_of_number(i))) ==
			&things[i]);
	for (int i = 0; i < N; i += 2)
		fp_hash_remove(&table, &things[i].link);
	for (int i = 0; i < N; i++)
		CHECK(thing_of(fp_hash_find(&table, hash_of_number(i))) ==
			(i % 2 ? &things[i] : NULL));
	CHECK(count(&table) == N / 2);
	fp_hash_destroy(&table);
	fp_hash_destroy(&table);
}

/* The upper bits differ, or nothing does. */
static void
hashes_that_meet(void)
{
	struct thing things[4] = {{.number = 0}};
	static const uint64_t hashes[] = {
		7, 7, UINT64_C(7) << 32 | 7, UINT64_C(1) << 40 | 7};
	struct fp_hash table;
	struct fp_hash_link *link;

	CHECK(fp_hash_init(&table) == 0);
	for (int i = 0; i < 4; i++)
		fp_hash_add(&table, &things[i].link, hashes[i]);
	for (link = fp_hash_find(&table, 7); link;
		link = fp_hash_find_next(link))
		thing_of(link)->is_seen = true;
	CHECK(things[0].is_seen && things[1].is_seen);
	CHECK(!things[2].is_seen && !things[3].is_seen);
	for (int i = 2; i < 4; i++) {
		link = fp_hash_find(&table, hashes[i]);
		CHECK(thing_of(link) == &things[i]);
		CHECK(!fp_hash_find_next(link));
	}
	fp_hash_remove(&table, &things[0].link);
	link = fp_hash_find(&table, 7);
	CHECK(thing_of(link) == &things[1] && !fp_hash_find_next(link));
	fp_hash_destroy(&table);
}

static void
removed_on_the_walk(void)
{
	static struct thing things[N];
	struct fp_hash table;
	int n = 0;

	CHECK(fp_hash_init(&table) == 0);
	for (int i = 0; i < N; i++)
		fp_hash_add(&table, &things[i].link, hash_of_number(i));
	for (struct fp_hash_link *link = fp_hash_walk(&table, NULL); link;) {
		struct thing *thing = thing_of(link);
		link = fp_hash_walk(&table, link);
		CHECK(!thing->is_seen);
		thing->is_seen = true;
		fp_hash_remove(&table, &thing->link);
		n++;
	}
	CHECK(n == N && table.n == 0 && count(&table) == 0);
	fp_hash_destroy(&table);
}

int
main(void)
{
	run("FNV-1a as its authors have it", known_hashes);
	run("a thing is found until it is removed", found_until_removed);
	run("things whose hashes meet", hashes_that_meet);
	run("things may be removed on the walk", removed_on_the_walk);
	return done();
}
