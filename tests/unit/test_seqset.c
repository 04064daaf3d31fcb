/* SPDX-License-Identifier: MIT */
#include "seqset.h"

#include "tap.h"

#define N 200000

static void
numbers_go_in_and_out(void)
{
	struct fp_seqset set = {0};

	CHECK(!fp_seqset_has(&set, 7) && fp_seqset_remove(&set, 7) == 0);
	CHECK(fp_seqset_add(&set, 7) == 1 && fp_seqset_add(&set, 7) == 0);
	CHECK(fp_seqset_has(&set, 7) && !fp_seqset_has(&set, 6));
	CHECK(set.n == 1 && set.last == 7);
	CHECK(fp_seqset_word(&set, 0) == UINT64_C(1) << 7);
	CHECK(fp_seqset_remove(&set, 7) == 1 && set.n == 0);
	CHECK(fp_seqset_word(&set, 1) == 0);
	fp_seqset_destroy(&set);
}

static size_t
pages_with_bits(const struct fp_seqset *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n_pages; i++)
		n += set->pages[i].words != NULL;
	return n;
}

/* Against a plain array of flags, at random. */
static void
agrees_with_an_array(void)
{
	static bool flags[N];
	struct fp_seqset set = {0};
	unsigned seed = 1;
	size_t n = 0;

	memset(flags, 0, sizeof(flags));
	for (int i = 0; i < 3000000; i++) {
		seed = seed * 1103515245u + 12345u;
		unsigned at = (seed >> 8) % N;
		bool adds = i < 2000000 || (seed & 64);
		int ret = adds ? fp_seqset_add(&set, at)
			       : fp_seqset_remove(&set, at);
		CHECK(ret == (flags[at] != adds));
		n += (size_t)(adds && !flags[at]);
		n -= (size_t)(!adds && flags[at]);
		flags[at] = adds;
	}
	CHECK(set.n == n);
	for (unsigned i = 0; i < N; i++) {
		if (fp_seqset_has(&set, i) != flags[i]) {
			CHECK(fp_seqset_has(&set, i) == flags[i]);
			break;
		}
	}
	fp_seqset_destroy(&set);
}

static void
ten_million_in_a_row_take_little(void)
{
	struct fp_seqset set = {0};

	for (uint64_t seq = 1; seq <= 10000000; seq++) {
		bool is_added = fp_seqset_add(&set, seq) == 1;
		if (!is_added) {
			CHECK(is_added);
			break;
		}
	}
	CHECK(set.n == 10000000);
	/* The first, without 0, and the last. */
	CHECK(pages_with_bits(&set) == 2);
	CHECK(fp_seqset_remove(&set, 5000000) == 1);
	CHECK(pages_with_bits(&set) == 3);
	CHECK(fp_seqset_has(&set, 4999999) && !fp_seqset_has(&set, 5000000));
	fp_seqset_destroy(&set);
}

static void
filled_is_as_if_added(void)
{
	static const uint64_t lasts[] = {
		1, 62, 63, 64, 65534, 65535, 65536, 65537, 131071, 131072};

	for (size_t i = 0; i < FP_ARRAY_LEN(lasts); i++) {
		struct fp_seqset filled = {0}, added = {0};
		CHECK(fp_seqset_fill(&filled, lasts[i]) == 0);
		for (uint64_t seq = 1; seq <= lasts[i]; seq++)
			fp_seqset_add(&added, seq);
		CHECK(filled.n == added.n && filled.last == added.last);
		for (uint64_t w = 0; w <= lasts[i] / 64 + 1; w++)
			CHECK(fp_seqset_word(&filled, w) ==
				fp_seqset_word(&added, w));
		CHECK(fp_seqset_subtract(&filled, &added) == 0);
		CHECK(filled.n == 0);
		fp_seqset_destroy(&filled);
		fp_seqset_destroy(&added);
	}
}

static void
a_number_beyond_all_memory_is_refused(void)
{
	struct fp_seqset set = {0};

	CHECK(fp_seqset_add(&set, UINT64_MAX - 1) == -1);
	CHECK(set.n == 0 && fp_seqset_add(&set, 1) == 1);
	fp_seqset_destroy(&set);
}

int
main(void)
{
	run("numbers go in and out", numbers_go_in_and_out);
	run("it agrees with an array of flags", agrees_with_an_array);
	run("ten million in a row take next to nothing",
		ten_million_in_a_row_take_little);
	run("a set that is filled is as if all were added",
		filled_is_as_if_added);
	run("a number beyond all memory is refused",
		a_number_beyond_all_memory_is_refused);
	return done();
}
