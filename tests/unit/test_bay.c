/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "bay.h"
#include "tap.h"
#include "thread.h"

#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

/* NULL: there are none on this machine, and the test is skipped. */
static struct fp_bay *
take(void)
{
	struct fp_bay *bay = fp_bay_take();

	if (!bay)
		tap_skipped = "there are no bays here";
	return bay;
}

static unsigned
n_resident(const void *bay)
{
	unsigned char is[FP_BAY_BYTES / PAGE];
	unsigned n = 0;

	CHECK(mincore((void *)(uintptr_t)bay, FP_BAY_BYTES, is) == 0);
	for (size_t i = 0; i < FP_ARRAY_LEN(is); i++)
		n += is[i] & 1;
	return n;
}

/* All of each can be written to, and they do not overlap; what is left over is
 * too small for any. */
static void
blocks_fill_it(void)
{
	struct fp_bay *bay = take();
	char *blocks[1000];
	size_t n = 0;

	if (!bay)
		return;
	char *large = fp_bay_large(bay);
	CHECK(fp_bay_bytes(large) == FP_BAY_LARGE_BYTES);
	memset(large, 'l', FP_BAY_LARGE_BYTES);
	while (n < FP_ARRAY_LEN(blocks) &&
		(blocks[n] = fp_bay_carve(bay, 24 + n % 3 * 16))) {
		CHECK(fp_bay_has(blocks[n]) && (uintptr_t)blocks[n] % 16 == 0);
		memset(blocks[n], (int)(n % 100), fp_bay_bytes(blocks[n]));
		n++;
	}
	CHECK(fp_bay_room(bay) < 24 + n % 3 * 16 && n > 100);
	for (size_t i = 0; i < n; i++) {
		size_t len = fp_bay_bytes(blocks[i]);
		CHECK(len == 24 + i % 3 * 16);
		for (size_t at = 0; at < len; at++)
			CHECK(blocks[i][at] == (char)(i % 100));
		fp_bay_put(blocks[i]);
	}
	for (size_t at = 0; at < FP_BAY_LARGE_BYTES; at++)
		CHECK(large[at] == 'l');
	fp_bay_put(large);
	fp_bay_close(bay);
}

/* To the last byte, after which it has room for nothing. */
static void
it_may_be_exactly_full(void)
{
	struct fp_bay *bay = take();

	if (!bay)
		return;
	void *block = fp_bay_carve(bay, fp_bay_room(bay));
	CHECK(block && fp_bay_room(bay) == 0 && !fp_bay_carve(bay, 8));
	fp_bay_put(block);
	fp_bay_close(bay);
}

/* Two pages, with all usual blocks and the beginning of the large one. */
static void
what_is_not_used_is_not_there(void)
{
	struct fp_bay *bay = take();

	if (!bay)
		return;
	void *block = fp_bay_carve(bay, fp_bay_room(bay));
	char *large = fp_bay_large(bay);
	memset(block, 'x', fp_bay_bytes(block));
	memset(large, 'x', 400);
	CHECK(n_resident(bay) == 2);
	fp_bay_put(block);
	fp_bay_put(large);
	CHECK(n_resident(bay) == 2);
	fp_bay_close(bay);
	CHECK(n_resident(bay) == 0);
}

static void
put(void *block)
{
	fp_bay_put(block);
}

/* By whatever thread the last block is put back. */
static void
it_is_taken_again_when_all_is_back(void)
{
	struct fp_bay *bay = take(), *other;
	struct fp_thread thread;

	if (!bay)
		return;
	char *block = fp_bay_carve(bay, 104);
	memset(block, 'x', 104);
	fp_bay_close(bay);
	other = fp_bay_take();
	CHECK(other && other != bay);
	fp_bay_close(other);
	CHECK(fp_thread_start(&thread, (size_t)1 << 20, put, block) == 0);
	fp_thread_join(&thread);
	CHECK(fp_bay_take() == bay);
	block = fp_bay_carve(bay, 104);
	for (int i = 0; i < 104; i++)
		CHECK(block[i] == 0);
	fp_bay_put(block);
	fp_bay_close(bay);
}

static void
others_are_none_of_its(void)
{
	struct fp_bay *bay = take();
	void *block = malloc(100);
	char here = 0;

	CHECK(!fp_bay_has(block) && !fp_bay_has(&here) && !fp_bay_has(NULL));
	CHECK(!fp_bay_has((void *)UINTPTR_MAX));
	free(block);
	if (bay)
		fp_bay_close(bay);
}

static void
there_is_an_end(void)
{
	static struct fp_bay *bays[FP_BAYS_MAX];
	size_t n = 0;

	while (n < FP_ARRAY_LEN(bays) && (bays[n] = fp_bay_take()))
		n++;
	CHECK(!fp_bay_take());
	while (n > 0)
		fp_bay_close(bays[--n]);
}

static const char *self;

/* (In a process of its own, since what one has reserved it keeps.) */
static void
few_addresses_are_left_alone(void)
{
	const char *sanitizers = getenv("FP_SANITIZERS");
	char command[4200];

	if (sanitizers && *sanitizers)
		SKIP("a sanitizer wants more of them");
	snprintf(command, sizeof(command), "ulimit -v 4000000; exec '%s' few",
		self);
	CHECK(system(command) == 0);
}

int
main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1)
		return fp_bay_take() ? 1 : 0;
	run("what is in no bay is known", others_are_none_of_its);
	run("blocks fill a bay, and do not overlap", blocks_fill_it);
	run("a bay may be full to the last byte", it_may_be_exactly_full);
	run("pages that are not used are not there",
		what_is_not_used_is_not_there);
	run("a bay is free when all of it was put back",
		it_is_taken_again_when_all_is_back);
	run("there are so many, and no more", there_is_an_end);
	run("there are none where addresses are limited",
		few_addresses_are_left_alone);
	return done();
}
