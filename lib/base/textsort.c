/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "textsort.h"

#include "ascii.h"

static unsigned char
textsort_fold(char c, bool any_case)
{
	return (unsigned char)(any_case ? fp_ascii_lower(c) : c);
}

static int
textsort_compare(
	const struct fp_text *a, const struct fp_text *b, bool any_case)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	for (size_t i = 0; i < a->len; i++) {
		int difference = textsort_fold(a->data[i], any_case) -
				 textsort_fold(b->data[i], any_case);
		if (difference)
			return difference;
	}
	return 0;
}

static void
swap(struct fp_text *a, struct fp_text *b)
{
	struct fp_text other = *a;

	*a = *b;
	*b = other;
}

/* Lets the name at `at` sink to its place in the heap of the first `n`. */
static void
textsort_sink(struct fp_text *names, size_t at, size_t n, bool any_case)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		struct fp_text *low = &names[child];
		if (child + 1 < n &&
			textsort_compare(low, low + 1, any_case) < 0) {
			child++;
			low++;
		}
		if (textsort_compare(&names[at], low, any_case) >= 0)
			return;
		swap(&names[at], low);
	}
}

const struct fp_text *
fp_textsort_twice(struct fp_text *names, size_t n, bool any_case)
{
	for (size_t i = n / 2; i-- > 0;)
		textsort_sink(names, i, n, any_case);
	for (size_t i = n; i-- > 1;) {
		swap(&names[0], &names[i]);
		textsort_sink(names, 0, i, any_case);
	}
	for (size_t i = 1; i < n; i++) {
		if (textsort_compare(&names[i - 1], &names[i], any_case) == 0)
			return &names[i];
	}
	return NULL;
}
