/* SPDX-License-Identifier: MIT */
/*
 * ratefiletest: what the tests of rate files share.
 */
#ifndef FP_RATEFILETEST_H
#define FP_RATEFILETEST_H

#include "base.h"

#include "clock.h"
#include "ratefile.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>

static char why[300];

static inline struct fp_rates
rates_of(const char *text)
{
	struct fp_rates rates;

	MUST(fp_rates_parse(text, &rates) == 0);
	return rates;
}

static inline struct fp_ratefile *
open_rates(const char *path, const char *text)
{
	struct fp_rates rates = rates_of(text);

	return fp_ratefile_open(path, &rates, false, why, sizeof(why));
}

/* One that must open. */
static inline struct fp_ratefile *
opened(const char *path, const char *text)
{
	struct fp_ratefile *file = open_rates(path, text);

	if (!file)
		printf("# %s\n", why);
	MUST(file);
	return file;
}

/* Reserves as many as it gets, `max` at most. */
static inline unsigned
reserve_many(struct fp_ratefile *file, uint32_t *slots, unsigned max)
{
	unsigned n = 0;
	int64_t due_ns;

	while (n < max && fp_ratefile_reserve(file, &slots[n], &due_ns) == 1)
		n++;
	return n;
}

/* Commits it, sends it, and says so. */
static inline int
start_one(struct fp_ratefile *file, uint32_t token)
{
	if (fp_ratefile_commit(file, token) != 1)
		return -1;
	return fp_ratefile_fire(file, token);
}

/* Starts as many as it may, `max` at most. */
static inline unsigned
start_many(struct fp_ratefile *file, unsigned max)
{
	uint32_t own[64];
	unsigned n = reserve_many(file, own, FP_MIN(max, 64));

	for (unsigned i = 0; i < n; i++)
		CHECK(start_one(file, own[i]) == 0);
	return n;
}

/* How many more could start now, so far as the file says; 64 at most. */
static inline unsigned
count_free(const char *path, const char *text)
{
	struct fp_ratefile *file = opened(path, text);
	uint32_t own[64];
	unsigned n = reserve_many(file, own, 64);

	fp_ratefile_close(file);
	return n;
}

#endif
