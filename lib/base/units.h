/* SPDX-License-Identifier: MIT */
/*
 * units: the numbers that people write: counts, sizes, lengths of time and
 * ranges of them. The whole text must be such a number; nothing is guessed.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: -1, and the target is untouched: not a number, or out of range.
 */
#ifndef FP_UNITS_H
#define FP_UNITS_H

#include "base.h"

/* "150": decimal digits, at most `max`. */
int fp_units_count(const char *text, uint64_t max, uint64_t *count);

/* "64K": bytes; K, M, G, T for powers of 1024, as curl reads them, in either
 * case, with or without B or iB behind. */
int fp_units_size(const char *text, uint64_t *bytes);

/* The other way: "16M", or "1000 bytes" where no larger unit divides it. */
void fp_units_print_size(uint64_t bytes, char *text, size_t text_size);

/* A size that was measured, to two or three digits: "1.5 MiB", "213 B". */
const char *fp_units_write_size(double bytes, char text[32]);

/* "1.5s", "500ms", "10m", "2h", "1d"; without a unit seconds, as curl. */
int fp_units_duration(const char *text, uint64_t *duration_ms);

/* "1s-10s", or "1s" for both ends. */
int fp_units_duration_range(
	const char *text, uint64_t *low_ms, uint64_t *high_ms);

/* "1-100", both ends included, low <= high. */
int fp_units_range(const char *text, uint64_t *low, uint64_t *high);

/* A run of digits with nothing else, as above, but not ended by a NUL. */
int fp_units_digits(const char *text, size_t len, uint64_t *number);

#endif
