/* SPDX-License-Identifier: MIT */
/*
 * The distance is that of optimal string alignment: Levenshtein's, with the
 * swap of two neighbours as one step. Three rows of the usual table are enough.
 */
#include "base.h"

#include "suggest.h"

#include "ascii.h"

#include <string.h>

#define LETTERS_MAX 40
#define SLIPS_MAX 3

static size_t
least(size_t a, size_t b, size_t c)
{
	return FP_MIN(FP_MIN(a, b), c);
}

/* Both are at most LETTERS_MAX long. */
static size_t
suggest_distance(const char *a, const char *b)
{
	size_t rows[3][LETTERS_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	for (size_t k = 0; k <= b_len; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= a_len; i++) {
		const size_t *before = rows[(i + 1) % 3];
		const size_t *above = rows[(i - 1) % 3];
		size_t *row = rows[i % 3];
		row[0] = i;
		for (size_t k = 1; k <= b_len; k++) {
			char x = fp_ascii_lower(a[i - 1]),
			     y = fp_ascii_lower(b[k - 1]);
			row[k] = least(above[k] + 1, row[k - 1] + 1,
				above[k - 1] + (x != y));
			if (i > 1 && k > 1 && x == fp_ascii_lower(b[k - 2]) &&
				y == fp_ascii_lower(a[i - 2]))
				row[k] = FP_MIN(row[k], before[k - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

const char *
fp_suggest(const char *const *words, size_t n, const char *text)
{
	size_t len = strlen(text);
	size_t nearest = FP_MIN((len + 1) / 3, SLIPS_MAX) + 1;
	const char *found = NULL;

	if (len < 2 || len > LETTERS_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (strlen(words[i]) > LETTERS_MAX)
			continue;
		size_t slips = suggest_distance(text, words[i]);
		if (slips < nearest) {
			nearest = slips;
			found = words[i];
		}
	}
	return found;
}
