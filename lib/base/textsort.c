/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "textsort.h"

#include "ascii.h"

#include <stdlib.h>
#include <string.h>

static int
textsort_compare(const void *left, const void *right)
{
	const struct fp_text *a = left, *b = right;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->data, b->data, a->len) : 0;
}

static int
textsort_compare_any_case(const void *left, const void *right)
{
	const struct fp_text *a = left, *b = right;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	for (size_t i = 0; i < a->len; i++) {
		int difference = (unsigned char)fp_ascii_lower(a->data[i]) -
				 (unsigned char)fp_ascii_lower(b->data[i]);
		if (difference)
			return difference;
	}
	return 0;
}

const struct fp_text *
fp_textsort_twice(struct fp_text *names, size_t n, bool any_case)
{
	int (*compare)(const void *, const void *) =
		any_case ? textsort_compare_any_case : textsort_compare;

	if (n > 1)
		qsort(names, n, sizeof(names[0]), compare);
	for (size_t i = 1; i < n; i++) {
		if (compare(&names[i - 1], &names[i]) == 0)
			return &names[i];
	}
	return NULL;
}
