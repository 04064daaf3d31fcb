/* SPDX-License-Identifier: MIT */
/*
 * Sets of item numbers. Whatever is done to two of them, in any order, they
 * hold what a plain row of bits holds; and no number is too great to be
 * refused.
 *
 *	what is done, a byte each, with a place: page, word and bit
 */
#include "fuzz.h"

#include "seqset.h"

#include <errno.h>

#define PAGES 3
#define PAGE_NUMBERS (UINT64_C(1) << FP_SEQSET_PAGE_BITS)
#define PAGE_WORDS (PAGE_NUMBERS / 64)
#define WORDS (PAGES * PAGE_WORDS)
#define OPS_MAX 60

struct pair {
	struct fp_seqset set;
	uint64_t words[WORDS];
	uint64_t last; /* that ever was a member */
};

static struct pair pairs[2];

static uint64_t
count(const struct pair *pair)
{
	uint64_t n = 0;

	for (size_t i = 0; i < WORDS; i++)
		n += (uint64_t)__builtin_popcountll(pair->words[i]);
	return n;
}

static void
check(const struct pair *pair)
{
	const struct fp_seqset *set = &pair->set;
	uint64_t n = count(pair);

	HOLDS(set->n == n);
	HOLDS(set->last == pair->last);
	for (uint64_t i = 0; i < WORDS; i++)
		HOLDS(fp_seqset_word(set, i) == pair->words[i]);
	HOLDS(fp_seqset_word(set, WORDS) == 0);
	HOLDS(fp_seqset_word(set, UINT64_MAX / 64) == 0);
	HOLDS(!fp_seqset_has(set, UINT64_MAX));
	/* What is whole takes no memory, what is not takes all of it. */
	for (size_t i = 0; i < set->n_pages; i++) {
		const struct fp_seqset_page *page = &set->pages[i];
		HOLDS(!page->words ==
			(page->n == 0 || page->n == PAGE_NUMBERS));
	}
}

/* ---- one thing done to both ---- */

static void
clear(struct pair *pair)
{
	fp_seqset_destroy(&pair->set);
	memset(pair->words, 0, sizeof(pair->words));
	pair->last = 0;
}

static void
add_word(struct pair *pair, uint64_t i, uint64_t bits)
{
	uint64_t more = bits & ~pair->words[i];

	HOLDS(fp_seqset_add_word(&pair->set, i, bits) == (more != 0));
	pair->words[i] |= bits;
	if (more) {
		uint64_t last = i * 64 + 63 - (uint64_t)__builtin_clzll(more);
		pair->last = FP_MAX(pair->last, last);
	}
}

static void
remove_word(struct pair *pair, uint64_t i, uint64_t bits)
{
	bool is_any = bits & pair->words[i];

	HOLDS(fp_seqset_remove_word(&pair->set, i, bits) == is_any);
	pair->words[i] &= ~bits;
}

static void
add_one(struct pair *pair, uint64_t seq)
{
	bool has = pair->words[seq / 64] >> seq % 64 & 1;

	HOLDS(fp_seqset_has(&pair->set, seq) == has);
	HOLDS(fp_seqset_add(&pair->set, seq) == !has);
	HOLDS(fp_seqset_has(&pair->set, seq));
	pair->words[seq / 64] |= UINT64_C(1) << seq % 64;
	pair->last = FP_MAX(pair->last, seq);
}

static void
remove_one(struct pair *pair, uint64_t seq)
{
	bool has = pair->words[seq / 64] >> seq % 64 & 1;

	HOLDS(fp_seqset_remove(&pair->set, seq) == has);
	HOLDS(!fp_seqset_has(&pair->set, seq));
	pair->words[seq / 64] &= ~(UINT64_C(1) << seq % 64);
}

static void
fill(struct pair *pair, uint64_t last)
{
	clear(pair);
	HOLDS(fp_seqset_fill(&pair->set, last) == 0);
	for (uint64_t seq = 1; seq <= last; seq++)
		pair->words[seq / 64] |= UINT64_C(1) << seq % 64;
	pair->last = last;
}

static void
subtract(struct pair *pair, const struct pair *other)
{
	HOLDS(fp_seqset_subtract(&pair->set, &other->set) == 0);
	for (size_t i = 0; i < WORDS; i++)
		pair->words[i] &= ~other->words[i];
}

/* Most of a page, so that it becomes whole, or none. */
static void
change_page(struct pair *pair, uint64_t seq, bool is_added)
{
	uint64_t first = seq / PAGE_NUMBERS * PAGE_WORDS;

	for (uint64_t i = first; i < first + PAGE_WORDS; i++) {
		if (i == seq / 64)
			continue;
		if (is_added)
			add_word(pair, i, UINT64_MAX);
		else
			remove_word(pair, i, UINT64_MAX);
	}
}

/* Numbers that no run has. */
static void
refuse(struct pair *pair, uint64_t seq)
{
	uint64_t far = FP_SEQSET_MAX + PAGE_NUMBERS + seq;

	HOLDS(fp_seqset_add(&pair->set, far) < 0 && errno == ENOMEM);
	HOLDS(fp_seqset_add(&pair->set, UINT64_MAX - seq) < 0);
	HOLDS(fp_seqset_remove(&pair->set, far) == 0);
	HOLDS(fp_seqset_add_word(&pair->set, far / 64, 0) == 0);
}

static void
do_next(struct fuzz *fuzz)
{
	unsigned what = fuzz_choose(fuzz, 9);
	struct pair *pair = &pairs[fuzz_choose(fuzz, 2)];
	uint64_t seq = fuzz_choose(fuzz, PAGES);

	seq = seq << 10 | (fuzz_choose(fuzz, 256) * 1023 / 255);
	seq = seq << 6 | fuzz_choose(fuzz, 64);
	uint64_t bits = UINT64_MAX >> seq % 64;
	switch (what) {
	case 0:
		add_one(pair, seq);
		break;
	case 1:
		remove_one(pair, seq);
		break;
	case 2:
		add_word(pair, seq / 64, bits);
		break;
	case 3:
		remove_word(pair, seq / 64, ~bits);
		break;
	case 4:
		fill(pair, seq);
		break;
	case 5:
		subtract(pair, &pairs[pair == &pairs[0]]);
		break;
	case 6:
		change_page(pair, seq, true);
		break;
	case 7:
		change_page(pair, seq, false);
		break;
	default:
		refuse(pair, seq);
		break;
	}
	/* All of it, where many may have changed; it takes its time. */
	if (what >= 4 && what < 8)
		check(pair);
	HOLDS(fp_seqset_word(&pair->set, seq / 64) == pair->words[seq / 64]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);

	for (int i = 0; i < OPS_MAX && fuzz.left > 0; i++)
		do_next(&fuzz);
	for (int i = 0; i < 2; i++) {
		check(&pairs[i]);
		clear(&pairs[i]);
	}
	return 0;
}
