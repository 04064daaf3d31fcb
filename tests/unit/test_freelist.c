/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "bay.h"
#include "freelist.h"
#include "tap.h"
#include "thread.h"

#include <sys/mman.h>
#include <unistd.h>

static struct fp_freelist list;

/* A sanitizer sees all blocks freed at once: then nothing is kept. */
static bool
keeps(void)
{
	void *block = fp_freelist_malloc(100);

	fp_freelist_free(block);
	bool does = list.n_bytes > 0;
	fp_freelist_clear(&list);
	return does;
}

static void
set_out(void)
{
	fp_freelist_clear(&list);
	fp_freelist_use(&list);
}

/* The last that was freed comes first, and a block is never given out for more
 * than it has room for. */
static void
blocks_come_back(void)
{
	set_out();
	if (!keeps())
		SKIP("a sanitizer looks on");
	char *one = fp_freelist_malloc(1000), *other = fp_freelist_malloc(1000);
	fp_freelist_free(one);
	fp_freelist_free(other);
	CHECK(list.n_bytes >= 2000);
	CHECK(fp_freelist_malloc(999) == other);
	CHECK(fp_freelist_malloc(1000) == one);
	CHECK(list.n_bytes == 0);
	fp_freelist_free(one);
	char *larger = fp_freelist_malloc(1100);
	CHECK(larger != one);
	fp_freelist_free(larger);
	fp_freelist_free(other);
}

/* Each size, with bytes that would be overwritten if two had the same. */
static void
sizes_hold_what_they_say(void)
{
	static char *blocks[2000];

	set_out();
	for (int round = 0; round < 3; round++) {
		for (size_t n = 0; n < FP_ARRAY_LEN(blocks); n++) {
			blocks[n] = fp_freelist_malloc(n);
			CHECK(blocks[n] || n == 0);
			if (n > 0)
				memset(blocks[n], (int)(n % 251), n);
		}
		for (size_t n = 0; n < FP_ARRAY_LEN(blocks); n++) {
			size_t i = 0;
			while (i < n && blocks[n][i] == (char)(n % 251))
				i++;
			CHECK(i == n);
			fp_freelist_free(blocks[n]);
		}
	}
}

static void
calloc_clears(void)
{
	set_out();
	for (int round = 0; round < 2; round++) {
		unsigned char *block = fp_freelist_calloc(10, 30);
		int sum = 0;
		for (int i = 0; i < 300; i++)
			sum += block[i];
		CHECK(sum == 0);
		memset(block, 0xff, 300);
		fp_freelist_free(block);
	}
}

static void
calloc_refuses_what_overflows(void)
{
	const char *sanitizers = getenv("FP_SANITIZERS");
	volatile size_t huge = SIZE_MAX / 2;

	set_out();
	if (sanitizers && *sanitizers)
		SKIP("a sanitizer ends the process there");
	/* (valgrind's says nothing in errno.) */
	CHECK(!fp_freelist_calloc(huge, 3));
}

static void
realloc_keeps_the_bytes(void)
{
	static const size_t sizes[] = {
		1, 24, 25, 1000, 17400, 17500, 200000, 100000, 17000, 300, 10};
	char *block = NULL;
	size_t had = 0;

	set_out();
	for (size_t i = 0; i < FP_ARRAY_LEN(sizes); i++) {
		block = fp_freelist_realloc(block, sizes[i]);
		size_t kept = 0;
		while (kept < FP_MIN(had, sizes[i]) &&
			block[kept] == (char)('a' + kept % 26))
			kept++;
		CHECK(kept == FP_MIN(had, sizes[i]));
		had = sizes[i];
		for (size_t at = 0; at < had; at++)
			block[at] = (char)('a' + at % 26);
	}
	fp_freelist_free(block);
}

static void
texts_are_copied(void)
{
	set_out();
	char *copy = fp_freelist_strdup("a text");
	CHECK_TEXT(copy, "a text");
	fp_freelist_free(copy);
	fp_freelist_free(NULL);
}

static void
what_is_kept_is_bounded(void)
{
	static void *blocks[1000];

	set_out();
	for (size_t i = 0; i < FP_ARRAY_LEN(blocks); i++)
		blocks[i] = fp_freelist_malloc(4000);
	for (size_t i = 0; i < FP_ARRAY_LEN(blocks); i++)
		fp_freelist_free(blocks[i]);
	CHECK(list.n_bytes < 1100000);
	fp_freelist_clear(&list);
	CHECK(list.n_bytes == 0);
}

/* The pages that lie in it whole, if they are there, are counted. */
static size_t
n_resident(char *block, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), there = 0;
	size_t at = (page - (uintptr_t)block % page) % page;
	unsigned char is;

	for (; at + page <= n; at += page) {
		CHECK(mincore(block + at, page, &is) == 0);
		there += is & 1;
	}
	return there;
}

/* What a large block is made of was used before, or will be when it is. */
static void
large_blocks_begin_empty(void)
{
	static char *blocks[8];
	size_t n = 16387;

	set_out();
	if (!keeps())
		SKIP("a sanitizer looks on");
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < FP_ARRAY_LEN(blocks); i++) {
			blocks[i] = fp_freelist_malloc(n);
			CHECK(n_resident(blocks[i], n) == 0);
			memset(blocks[i], 'x', n);
		}
		for (size_t i = 0; i < FP_ARRAY_LEN(blocks); i++)
			free(blocks[i]);
	}
}

/* With blocks of the size that a transfer has beside it, for as many as are
 * expected; and whether there are any bays. */
static bool
expect(char *(*large)[8], char *(*beside)[8])
{
	for (int i = 0; i < 8; i++) {
		fp_freelist_expect_large();
		(*beside)[i] = fp_freelist_calloc(1, 5360);
	}
	for (int i = 0; i < 8; i++)
		(*large)[i] = fp_freelist_malloc(16384);
	return fp_bay_has((*large)[0]);
}

/* The same in an empty list; false: the test is skipped. */
static bool
set_out_beside(char *(*large)[8], char *(*beside)[8])
{
	set_out();
	if (!keeps())
		tap_skipped = "a sanitizer looks on";
	else if (!expect(large, beside))
		tap_skipped = "there are no bays here";
	return !tap_skipped;
}

static void
all_free(char *(*blocks)[8])
{
	for (int i = 0; i < 8; i++)
		fp_freelist_free((*blocks)[i]);
}

/* So it begins on a page that is there anyway, and each comes again. */
static void
large_blocks_begin_beside_others(void)
{
	char *large[8], *beside[8];

	if (!set_out_beside(&large, &beside))
		return;
	for (int i = 0; i < 8; i++) {
		CHECK(fp_bay_has(beside[i]) && fp_bay_has(large[i]));
		memset(large[i], 'x', 300);
		CHECK(n_resident(large[i], 16384) == 0);
		memset(large[i], 'y', 16384);
	}
	char *more = fp_freelist_malloc(16384);
	CHECK(!fp_bay_has(more));
	fp_freelist_free(more);
	all_free(&large);
	CHECK(fp_bay_has(fp_freelist_malloc(16700)));
	fp_freelist_free(large[7]);
	all_free(&beside);
	CHECK(fp_freelist_calloc(1, 5360) == beside[7]);
	fp_freelist_free(beside[7]);
}

/* They are more than what is kept of the C library's, and do not count there.
 */
static void
expected_blocks_are_all_kept(void)
{
	static char *blocks[200];
	size_t n = 0;

	set_out();
	if (!keeps())
		SKIP("a sanitizer looks on");
	for (; n < FP_ARRAY_LEN(blocks); n++) {
		fp_freelist_expect_large();
		blocks[n] = fp_freelist_malloc(16384);
	}
	if (!fp_bay_has(blocks[0]))
		SKIP("there are no bays here");
	while (n > 0)
		fp_freelist_free(blocks[--n]);
	CHECK(list.n_bytes == 0);
	for (; n < FP_ARRAY_LEN(blocks); n++)
		CHECK(fp_bay_has(blocks[n] = fp_freelist_malloc(16384)));
	CHECK(list.n_bytes == 0);
	while (n > 0)
		fp_freelist_free(blocks[--n]);
}

static void
larger_blocks_leave_their_bay(void)
{
	char *large[8], *beside[8];

	if (!set_out_beside(&large, &beside))
		return;
	memset(large[0], 'x', 16384);
	char *larger = fp_freelist_realloc(large[0], 100000);
	CHECK(!fp_bay_has(larger));
	for (int i = 0; i < 16384; i++)
		CHECK(larger[i] == 'x');
	large[0] = larger;
	CHECK(fp_freelist_realloc(beside[0], 100) == beside[0]);
	fp_freelist_use(NULL);
	beside[1] = fp_freelist_realloc(beside[1], 6000);
	CHECK(!fp_bay_has(beside[1]));
	all_free(&large);
	all_free(&beside);
}

static void
free_all_elsewhere(void *blocks)
{
	all_free(blocks);
}

/* Also those that outlive their thread's list. */
static void
bays_are_free_in_the_end(void)
{
	char *large[8], *beside[8];
	struct fp_thread thread;

	for (int round = 0; round < 2 * FP_BAYS_MAX / 8; round++) {
		set_out();
		if (!expect(&large, &beside))
			SKIP("there are no bays here");
		all_free(&large);
		fp_freelist_clear(&list);
		fp_freelist_use(NULL);
		all_free(&beside);
	}
	set_out();
	CHECK(expect(&large, &beside));
	CHECK(fp_thread_start(&thread, (size_t)1 << 20, free_all_elsewhere,
		      &large) == 0);
	fp_thread_join(&thread);
	all_free(&beside);
}

static void
free_elsewhere(void *block)
{
	fp_freelist_free(block);
}

/* In both directions: with the C library, and with a thread without a list. */
static void
blocks_go_anywhere(void)
{
	struct fp_thread thread;

	set_out();
	free(fp_freelist_malloc(104));
	fp_freelist_free(malloc(104));
	void *block = fp_freelist_malloc(104);
	CHECK(fp_thread_start(
		      &thread, (size_t)1 << 20, free_elsewhere, block) == 0);
	fp_thread_join(&thread);
	CHECK(list.n_bytes == 0);
	fp_freelist_use(NULL);
	block = fp_freelist_realloc(fp_freelist_calloc(1, 100), 300);
	fp_freelist_free(block);
	CHECK(list.n_bytes == 0);
}

/* Whether `refuse` is one; and it is told of once. */
static bool
is_told(void (*refuse)(void))
{
	fp_freelist_forget_refusals();
	CHECK(!fp_freelist_was_refused());
	refuse();
	bool is = fp_freelist_was_refused();
	fp_freelist_forget_refusals();
	return is && !fp_freelist_was_refused();
}

/* More than any object may have, on 32 bits as well. */
static volatile size_t much = SIZE_MAX / 2 + 1;

static void
refuse_malloc(void)
{
	CHECK(!fp_freelist_malloc(much));
}

static void
refuse_calloc(void)
{
	CHECK(!fp_freelist_calloc(much, 1));
}

static void
refuse_realloc(void)
{
	void *block = fp_freelist_malloc(100);

	CHECK(!fp_freelist_realloc(block, much));
	fp_freelist_free(block);
}

static void
refuse_nothing(void)
{
	fp_freelist_free(fp_freelist_malloc(100000));
	fp_freelist_free(fp_freelist_calloc(10, 10));
}

static void
refuse_elsewhere(void *arg)
{
	(void)arg;
	refuse_malloc();
}

static void
refuse_another(void)
{
	struct fp_thread thread;

	CHECK(fp_thread_start(
		      &thread, (size_t)1 << 20, refuse_elsewhere, NULL) == 0);
	fp_thread_join(&thread);
}

static void
refusals_are_told(void)
{
	for (int has_list = 0; has_list < 2; has_list++) {
		set_out();
		if (!has_list)
			fp_freelist_use(NULL);
		CHECK(is_told(refuse_malloc));
		CHECK(is_told(refuse_calloc));
		CHECK(is_told(refuse_realloc));
		CHECK(!is_told(refuse_nothing));
		CHECK(!is_told(refuse_another));
	}
}

int
main(void)
{
	run("blocks come back, the last one first", blocks_come_back);
	run("a block has room for what it is given out for",
		sizes_hold_what_they_say);
	run("calloc() clears a block that was used", calloc_clears);
	run("calloc() refuses what no memory has",
		calloc_refuses_what_overflows);
	run("realloc() keeps the bytes", realloc_keeps_the_bytes);
	run("texts are copied", texts_are_copied);
	run("what is kept is bounded", what_is_kept_is_bounded);
	run("the pages of a large block are not there at first",
		large_blocks_begin_empty);
	run("large blocks that are expected begin beside others",
		large_blocks_begin_beside_others);
	run("blocks that are expected are all kept",
		expected_blocks_are_all_kept);
	run("a block that gets larger leaves its bay",
		larger_blocks_leave_their_bay);
	run("bays are free again in the end", bays_are_free_in_the_end);
	run("blocks may come from anywhere and go anywhere",
		blocks_go_anywhere);
	run("a thread knows that it was refused memory", refusals_are_told);
	fp_freelist_clear(&list);
	return done();
}
