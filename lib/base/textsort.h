/* SPDX-License-Identifier: MIT */
/*
 * textsort: finds out whether a name is there twice. The names are sorted in
 * place by qsort(), whose worst case in glibc and musl is n log n comparisons:
 * whoever chose the names cannot make it slow.
 *
 * Threads: any.
 * Ownership: the names are the caller's.
 * Failure: none.
 */
#ifndef FP_TEXTSORT_H
#define FP_TEXTSORT_H

#include "base.h"

#include "fetchpool.h"

/* One of the names that are there twice, ASCII letters in any case being the
 * same if asked for; NULL: there is none. Sorts them by length and bytes. */
const struct fp_text *fp_textsort_twice(
	struct fp_text *names, size_t n, bool any_case);

#endif
