/* SPDX-License-Identifier: MIT */
/*
 * fuzzstarts: what the fuzz targets ask of rate limits. It remembers all
 * starts and goes through them again for each question.
 */
#ifndef FP_FUZZSTARTS_H
#define FP_FUZZSTARTS_H

#include "fuzz.h"

#include "rates.h"

#define STARTS_MAX 1024

/* So many starts at that time. */
struct fuzz_start {
	int64_t at_ns;
	uint64_t n;
};

struct fuzz_starts {
	struct fuzz_start all[STARTS_MAX];
	size_t n;
};

static inline void
fuzz_starts_add(struct fuzz_starts *starts, int64_t at_ns, uint64_t n)
{
	HOLDS(starts->n < STARTS_MAX);
	starts->all[starts->n++] = (struct fuzz_start){at_ns, n};
}

/* A period, and the guard of 1/50 of it, 50 ms at most. */
static inline int64_t
fuzz_span_ns(const struct fp_rate *rate)
{
	int64_t guard_ns = rate->period_ns / 50;

	return rate->period_ns + FP_MIN(guard_ns, 50 * FP_NS_PER_MS);
}

/* How many are remembered at that time. */
static inline uint64_t
fuzz_starts_within(
	const struct fuzz_starts *starts, int64_t span_ns, int64_t now_ns)
{
	uint64_t n = 0;

	for (size_t i = 0; i < starts->n; i++) {
		if (starts->all[i].at_ns > now_ns - span_ns)
			n += starts->all[i].n;
	}
	return n;
}

/* From when on one more may be reserved; INT64_MAX: all are reserved. */
static inline int64_t
fuzz_starts_due_ns(const struct fuzz_starts *starts, const struct fp_rate *rate,
	uint64_t n_reserved, int64_t now_ns)
{
	int64_t span_ns = fuzz_span_ns(rate), due_ns = INT64_MAX;

	if (n_reserved >= rate->n)
		return INT64_MAX;
	uint64_t most = rate->n - n_reserved - 1;
	if (fuzz_starts_within(starts, span_ns, now_ns) <= most)
		return now_ns;
	for (size_t i = 0; i < starts->n; i++) {
		int64_t at_ns = starts->all[i].at_ns + span_ns;
		if (at_ns > now_ns && at_ns < due_ns &&
			fuzz_starts_within(starts, span_ns, at_ns) <= most)
			due_ns = at_ns;
	}
	HOLDS(due_ns < INT64_MAX);
	return due_ns;
}

/* The same of all rates. */
static inline int64_t
fuzz_starts_all_due_ns(const struct fuzz_starts *starts,
	const struct fp_rates *rates, uint64_t n_reserved, int64_t now_ns)
{
	int64_t all_ns = now_ns;

	for (size_t i = 0; i < rates->n; i++) {
		int64_t due_ns = fuzz_starts_due_ns(
			starts, &rates->all[i], n_reserved, now_ns);
		all_ns = FP_MAX(all_ns, due_ns);
	}
	return all_ns;
}

/* No interval of a period and its guard holds more starts than the rate. */
static inline void
fuzz_starts_check(
	const struct fuzz_starts *starts, const struct fp_rates *rates)
{
	for (size_t r = 0; r < rates->n; r++) {
		int64_t span_ns = fuzz_span_ns(&rates->all[r]);
		for (size_t i = 0; i < starts->n; i++) {
			int64_t from_ns = starts->all[i].at_ns;
			uint64_t n = 0;
			for (size_t k = 0; k < starts->n; k++) {
				int64_t at_ns = starts->all[k].at_ns;
				if (at_ns >= from_ns &&
					at_ns - from_ns < span_ns)
					n += starts->all[k].n;
			}
			HOLDS(n <= rates->all[r].n);
		}
	}
}

/* How long is waited next: two bytes. */
static inline int64_t
fuzz_wait_ns(struct fuzz *fuzz)
{
	static const int64_t units[] = {1, 1000, FP_NS_PER_MS,
		100 * FP_NS_PER_MS, FP_NS_PER_S, 60 * FP_NS_PER_S,
		3600 * FP_NS_PER_S, 864000 * FP_NS_PER_S};
	int64_t unit_ns = units[fuzz_choose(fuzz, FP_ARRAY_LEN(units))];

	return unit_ns * (int64_t)fuzz_choose(fuzz, 256);
}

/* A list of rates, up to the end of its line; false: it is none. */
static inline bool
fuzz_take_rates(struct fuzz *fuzz, struct fp_rates *rates)
{
	char *text = fuzz_string(fuzz_until(fuzz, '\n'));
	bool fine = fp_rates_parse(text, rates) == 0;

	free(text);
	return fine;
}

#endif
