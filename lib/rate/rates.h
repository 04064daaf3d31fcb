/* SPDX-License-Identifier: MIT */
/*
 * rates: how often something may be done, as people write it: "20/s", and
 * "2/s,100/m" for both at once.
 *
 *	RATES  = RATE *("," RATE)
 *	RATE   = N "/" PERIOD		at most N in any interval so long
 *	PERIOD = UNIT / NUMBER UNIT	"s", "15s", "1.5h"
 *	UNIT   = "ms" / "s" / "m" / "h" / "d"
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: -1, and the target is untouched.
 */
#ifndef FP_RATES_H
#define FP_RATES_H

#include "base.h"

#define FP_RATES_MAX 8

/* No period is longer, however it was made: some 70 years, so that a moment
 * and a period can be added. */
#define FP_RATES_PERIOD_MAX_NS (INT64_MAX / 4)

/* Enough for any list that fp_rates_print() writes. */
#define FP_RATES_TEXT_SIZE (FP_RATES_MAX * 64)

struct fp_rate {
	uint64_t n; /* at least 1 */
	int64_t period_ns;
};

struct fp_rates {
	struct fp_rate all[FP_RATES_MAX];
	size_t n; /* 0: as often as one likes */
};

/* -1: it is no such list, or one of more than FP_RATES_MAX rates, or a period
 * is under a millisecond or over 366 days. */
int fp_rates_parse(const char *text, struct fp_rates *rates);

/* Says why fp_rates_parse() did not take this text, and what may have been
 * meant: "5 has no period: did you mean 5/s?" What is quoted is cut to a few
 * characters, none of them a control character. */
void fp_rates_why(const char *text, char *why, size_t why_size);

/* Leaves one of `share` parts of each rate, rounded down. Where that is less
 * than 1, it leaves 1 in a period that is longer by as much; then all parts
 * together keep the rate over a long time, but each may use its one at the
 * same moment as the others. */
void fp_rates_share(struct fp_rates *rates, unsigned share);

/* Brings the list into the one order that all lists of these rates have. */
void fp_rates_sort(struct fp_rates *rates);

/* "20/s,5/15s": the list as text. Periods that no list can be written with,
 * as fp_rates_share() makes them, are rounded. */
void fp_rates_print(const struct fp_rates *rates, char *text, size_t size);

#endif
