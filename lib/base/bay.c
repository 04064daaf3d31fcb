/* SPDX-License-Identifier: MIT */
/*
 * libcurl before 8.7.0 copies the head of each request over TLS into a block of
 * 16 KiB, and keeps that until the answer is there. The copy is some 300 bytes.
 * Wherever malloc() puts such a block, its first and its last page are there,
 * since smaller blocks are on them, and they are there for the most part in
 * vain: 4 KiB for each transfer under way.
 *
 * So here the page on which it begins is full of other blocks up to the bytes
 * that are for the head, and nothing else is on the pages behind these:
 *
 *	page 0           1                2        3        4        5
 *	[bay | usual blocks ... | large : ........ | ...... | ...... | ...  ]
 *	                          the head
 *
 * All bays are in one range of addresses, which is reserved when the first is
 * taken, so that a comparison tells their blocks from others. What a bay takes
 * of it becomes memory then.
 *
 * Each block has its size before it. A bay counts those that are out, and its
 * pages go when the last of them is back.
 */
#include "base.h"

#include "bay.h"
#include "thread.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define ROW_BYTES 16

/* Where the pages for usual blocks end, and the large one begins: room for the
 * head of a usual request is what the second page has after that. */
#define LARGE_AT (2 * PAGE_BYTES - 512)

/* What comes before the first block: the bay, and the size. */
#define BLOCKS_AT 32

#define NO_BAYS (UINTPTR_MAX - FP_BAY_BYTES * FP_BAYS_MAX)

_Static_assert(
	sizeof(struct fp_bay) + FP_BAY_LOST_BYTES <= BLOCKS_AT, "it fits");
_Static_assert(LARGE_AT + FP_BAY_LARGE_BYTES <= FP_BAY_BYTES, "it fits");

atomic_uintptr_t fp_bay_first = NO_BAYS;

static struct fp_mutex lock = FP_MUTEX_INIT; /* over all below */
static bool is_tried; /* to reserve the range */
static unsigned n_new; /* bays that were ever taken */
static unsigned short empties[FP_BAYS_MAX]; /* of those, the ones that are free
					     */
static unsigned n_empties;

/* Whether addresses may be taken that are not needed yet. */
static bool
addresses_abound(void)
{
	struct rlimit limit;

	return sizeof(void *) >= 8 && sysconf(_SC_PAGESIZE) == PAGE_BYTES &&
	       getrlimit(RLIMIT_AS, &limit) == 0 &&
	       limit.rlim_cur == RLIM_INFINITY;
}

static void
reserve(void)
{
	size_t n = FP_BAY_BYTES * FP_BAYS_MAX;

	is_tried = true;
	if (!addresses_abound())
		return;
	void *range = mmap(NULL, n, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (range == MAP_FAILED)
		return;
	/* A huge page would be there as a whole. */
	(void)madvise(range, n, MADV_NOHUGEPAGE);
	atomic_store(&fp_bay_first, (uintptr_t)range);
}

static struct fp_bay *
bay_at(unsigned number)
{
	return (struct fp_bay *)(atomic_load(&fp_bay_first) +
				 number * FP_BAY_BYTES);
}

static struct fp_bay *
bay_of(const void *block)
{
	return bay_at(
		(unsigned)(((uintptr_t)block - atomic_load(&fp_bay_first)) /
			   FP_BAY_BYTES));
}

/* The next one that was never taken. */
static struct fp_bay *
bay_new(void)
{
	if (!is_tried)
		reserve();
	if (atomic_load(&fp_bay_first) == NO_BAYS || n_new == FP_BAYS_MAX)
		return NULL;
	struct fp_bay *bay = bay_at(n_new);
	if (mprotect(bay, FP_BAY_BYTES, PROT_READ | PROT_WRITE) != 0)
		return NULL;
	n_new++;
	return bay;
}

struct fp_bay *
fp_bay_take(void)
{
	fp_mutex_lock(&lock);
	struct fp_bay *bay =
		n_empties > 0 ? bay_at(empties[--n_empties]) : bay_new();
	fp_mutex_unlock(&lock);
	if (bay) {
		bay->next = NULL;
		atomic_store(&bay->n_out, 1);
		bay->n_used = BLOCKS_AT;
	}
	return bay;
}

/* Each has its size before it. */
static void *
bay_give(struct fp_bay *bay, size_t at, size_t n)
{
	char *block = (char *)bay + at;

	atomic_fetch_add(&bay->n_out, 1);
	((size_t *)(void *)block)[-1] = n;
	return block;
}

size_t
fp_bay_room(const struct fp_bay *bay)
{
	size_t n = LARGE_AT - bay->n_used;

	return n > FP_BAY_LOST_BYTES ? n - FP_BAY_LOST_BYTES : 0;
}

void *
fp_bay_carve(struct fp_bay *bay, size_t n)
{
	FP_ASSERT((n + FP_BAY_LOST_BYTES) % ROW_BYTES == 0);
	if (n > fp_bay_room(bay))
		return NULL;
	void *block = bay_give(bay, bay->n_used, n);
	bay->n_used += (unsigned)(n + FP_BAY_LOST_BYTES);
	return block;
}

void *
fp_bay_large(struct fp_bay *bay)
{
	return bay_give(bay, LARGE_AT, FP_BAY_LARGE_BYTES);
}

size_t
fp_bay_bytes(const void *block)
{
	return ((const size_t *)block)[-1];
}

/* One less is out. */
static void
bay_forget(struct fp_bay *bay)
{
	if (atomic_fetch_sub(&bay->n_out, 1) > 1)
		return;
	(void)madvise(bay, FP_BAY_BYTES, MADV_DONTNEED);
	fp_mutex_lock(&lock);
	empties[n_empties++] =
		(unsigned short)(((uintptr_t)bay - atomic_load(&fp_bay_first)) /
				 FP_BAY_BYTES);
	fp_mutex_unlock(&lock);
}

void
fp_bay_close(struct fp_bay *bay)
{
	bay_forget(bay);
}

void
fp_bay_put(void *block)
{
	bay_forget(bay_of(block));
}
