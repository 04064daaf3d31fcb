/* SPDX-License-Identifier: MIT */
/*
 * Pages of bits. A run that goes on from its beginning leaves full pages
 * behind it, a few that are in part full where it works, and nothing before
 * it; and what failed is few or all. So most pages are one of the two kinds
 * that need no bits.
 */
#include "base.h"

#include "seqset.h"

#include <errno.h>
#include <string.h>

#define PAGE_NUMBERS (UINT32_C(1) << FP_SEQSET_PAGE_BITS)
#define PAGE_WORDS (PAGE_NUMBERS / 64)

void
fp_seqset_destroy(struct fp_seqset *set)
{
	for (size_t i = 0; i < set->n_pages; i++)
		free(set->pages[i].words);
	free(set->pages);
	*set = (struct fp_seqset){0};
}

/* Makes room for this page and all before it. */
static int
reach(struct fp_seqset *set, uint64_t i)
{
	if (i < set->n_pages)
		return 0;
	if (i > FP_SEQSET_MAX / PAGE_NUMBERS) {
		errno = ENOMEM;
		return -1;
	}
	size_t n = FP_MAX((size_t)i + 1, set->n_pages * 2);
	struct fp_seqset_page *pages = realloc(set->pages, n * sizeof(*pages));
	if (!pages)
		return -1;
	memset(pages + set->n_pages, 0, (n - set->n_pages) * sizeof(*pages));
	set->pages = pages;
	set->n_pages = n;
	return 0;
}

/* Gives the page bits of its own. */
static int
unfold(struct fp_seqset_page *page)
{
	if (page->words)
		return 0;
	page->words = malloc(PAGE_WORDS * sizeof(page->words[0]));
	if (!page->words)
		return -1;
	memset(page->words, page->n ? 0xff : 0,
		PAGE_WORDS * sizeof(page->words[0]));
	return 0;
}

static void
seqset_fold(struct fp_seqset_page *page)
{
	if (page->n == 0 || page->n == PAGE_NUMBERS) {
		free(page->words);
		page->words = NULL;
	}
}

uint64_t
fp_seqset_word(const struct fp_seqset *set, uint64_t i)
{
	if (i / PAGE_WORDS >= set->n_pages)
		return 0;
	const struct fp_seqset_page *page = &set->pages[i / PAGE_WORDS];
	if (!page->words)
		return page->n ? UINT64_MAX : 0;
	return page->words[i % PAGE_WORDS];
}

int
fp_seqset_add_word(struct fp_seqset *set, uint64_t i, uint64_t bits)
{
	bits &= ~fp_seqset_word(set, i);
	if (bits == 0)
		return 0;
	if (reach(set, i / PAGE_WORDS))
		return -1;
	struct fp_seqset_page *page = &set->pages[i / PAGE_WORDS];
	if (unfold(page))
		return -1;
	uint32_t n = (uint32_t)__builtin_popcountll(bits);
	uint64_t last = i * 64 + 63 - (uint64_t)__builtin_clzll(bits);
	page->words[i % PAGE_WORDS] |= bits;
	page->n += n;
	set->n += n;
	set->last = FP_MAX(set->last, last);
	seqset_fold(page);
	return 1;
}

int
fp_seqset_remove_word(struct fp_seqset *set, uint64_t i, uint64_t bits)
{
	bits &= fp_seqset_word(set, i);
	if (bits == 0)
		return 0;
	struct fp_seqset_page *page = &set->pages[i / PAGE_WORDS];
	if (unfold(page))
		return -1;
	uint32_t n = (uint32_t)__builtin_popcountll(bits);
	page->words[i % PAGE_WORDS] &= ~bits;
	page->n -= n;
	set->n -= n;
	seqset_fold(page);
	return 1;
}

int
fp_seqset_add(struct fp_seqset *set, uint64_t seq)
{
	return fp_seqset_add_word(set, seq / 64, UINT64_C(1) << seq % 64);
}

int
fp_seqset_remove(struct fp_seqset *set, uint64_t seq)
{
	return fp_seqset_remove_word(set, seq / 64, UINT64_C(1) << seq % 64);
}

bool
fp_seqset_has(const struct fp_seqset *set, uint64_t seq)
{
	return fp_seqset_word(set, seq / 64) >> seq % 64 & 1;
}

int
fp_seqset_subtract(struct fp_seqset *set, const struct fp_seqset *other)
{
	for (uint64_t i = 0; other->n > 0 && i <= other->last / 64; i++) {
		if (fp_seqset_remove_word(set, i, fp_seqset_word(other, i)) < 0)
			return -1;
	}
	return 0;
}

int
fp_seqset_fill(struct fp_seqset *set, uint64_t last)
{
	uint64_t n_full = (last + 1) / PAGE_NUMBERS;

	FP_ASSERT(set->n == 0);
	if (reach(set, last / PAGE_NUMBERS))
		return -1;
	for (uint64_t i = 0; i < n_full; i++)
		set->pages[i].n = PAGE_NUMBERS;
	set->n = n_full * PAGE_NUMBERS;
	set->last = set->n ? set->n - 1 : 0;
	for (uint64_t i = set->n; i <= last; i++) {
		if (fp_seqset_add(set, i) < 0)
			return -1;
	}
	return fp_seqset_remove(set, 0) < 0 ? -1 : 0;
}
