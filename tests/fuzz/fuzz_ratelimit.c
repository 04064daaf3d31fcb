/* SPDX-License-Identifier: MIT */
/*
 * Rate limits, used in any order at any time. At every moment a reader of all
 * starts since the beginning finds the same next one, and in the end no
 * interval of a period with too many.
 *
 *	paced; part of the rates; when it begins; whether some are taken without
 *	asking: a byte each. A line of rates. And then what is done, a byte
 *	each, some with more behind it
 */
#include "fuzz.h"

#include "fuzzstarts.h"

#include "ratelimit.h"

#define OPS_MAX 500

static struct fp_ratelimit limit;
static struct fuzz_starts starts; /* as they are counted */
static struct fuzz_starts true_starts;
static int64_t reserved[STARTS_MAX]; /* when, oldest first */
static size_t n_reserved;
static int64_t asked[STARTS_MAX]; /* when all were reserved, but for bursts */
static size_t n_asked;
static int64_t now_ns, last_ns;
static bool is_paced, has_burst;

static void
advance(int64_t wait_ns)
{
	now_ns += FP_MIN(wait_ns, FP_RATELIMIT_TIME_MAX_NS - now_ns);
}

/* Where starts are counted in slices they may stay for one slice more. */
static int64_t
most_late_ns(void)
{
	int64_t late_ns = 0;

	for (size_t i = 0; i < limit.rates.n; i++) {
		const struct fp_rate *rate = &limit.rates.all[i];
		if (rate->n > FP_RATELIMIT_LOG_MAX)
			late_ns = FP_MAX(late_ns, rate->period_ns / 4096 + 1);
	}
	return late_ns;
}

static void
check_due(void)
{
	int64_t due_ns = fp_ratelimit_due_ns(&limit, now_ns);
	int64_t right_ns = fuzz_starts_all_due_ns(
		&starts, &limit.rates, n_reserved, now_ns);

	HOLDS(due_ns >= right_ns);
	if (is_paced || right_ns == INT64_MAX)
		return;
	HOLDS(due_ns - right_ns <= most_late_ns());
}

/* Starts are spaced, but for the little that who comes late may make up. */
static void
check_pace(void)
{
	for (size_t r = 0; is_paced && r < limit.rates.n; r++) {
		const struct fp_rate *rate = &limit.rates.all[r];
		if (rate->n > INT32_MAX)
			continue;
		int64_t spacing_ns = fuzz_span_ns(rate) / (int64_t)rate->n;
		for (size_t i = 1; i < n_asked; i++)
			HOLDS(asked[i] - asked[i - 1] >=
				spacing_ns - FP_RATELIMIT_SLACK_NS);
		for (size_t i = 1; i < n_asked; i++)
			HOLDS((asked[i] - asked[0] + FP_RATELIMIT_SLACK_NS) /
						FP_MAX(spacing_ns, 1) >=
					(int64_t)i ||
				spacing_ns == 0);
	}
}

static void
note_reserved(void)
{
	HOLDS(n_reserved < STARTS_MAX && n_asked < STARTS_MAX);
	reserved[n_reserved++] = now_ns;
	asked[n_asked++] = now_ns;
}

static void
reserve(void)
{
	int64_t due_ns = fp_ratelimit_due_ns(&limit, now_ns);
	int ret = fp_ratelimit_reserve(&limit, now_ns);

	HOLDS(ret == (due_ns <= now_ns));
	if (ret == 1)
		note_reserved();
}

/* Waits just as long as it says. */
static void
reserve_when_due(void)
{
	int64_t due_ns = fp_ratelimit_due_ns(&limit, now_ns);

	if (due_ns > FP_RATELIMIT_TIME_MAX_NS)
		return;
	if (due_ns > now_ns) {
		now_ns = due_ns - 1;
		HOLDS(fp_ratelimit_reserve(&limit, now_ns) == 0);
		now_ns = due_ns;
	}
	HOLDS(fp_ratelimit_reserve(&limit, now_ns) == 1);
	note_reserved();
}

static void
drop_reserved(size_t i)
{
	n_reserved--;
	memmove(reserved + i, reserved + i + 1,
		(n_reserved - i) * sizeof(reserved[0]));
}

/* It may be told late, but not of a time before it was reserved. */
static void
fire(size_t i, int64_t ago_ns)
{
	int64_t at_ns = FP_MAX(now_ns - ago_ns, reserved[i]);

	fp_ratelimit_fire(&limit, at_ns);
	last_ns = FP_MAX(last_ns, at_ns);
	fuzz_starts_add(&starts, last_ns, 1);
	fuzz_starts_add(&true_starts, at_ns, 1);
	drop_reserved(i);
}

/* Many at once. */
static void
burst(size_t most)
{
	uint64_t n = 0;

	while (n < most && fp_ratelimit_reserve(&limit, now_ns) == 1) {
		fp_ratelimit_fire(&limit, now_ns);
		n++;
	}
	if (n == 0)
		return;
	has_burst = true;
	last_ns = FP_MAX(last_ns, now_ns);
	fuzz_starts_add(&starts, last_ns, n);
	fuzz_starts_add(&true_starts, now_ns, n);
}

static void
check_idle(void)
{
	if (!fp_ratelimit_is_idle(&limit, now_ns))
		return;
	HOLDS(n_reserved == 0);
	HOLDS(fp_ratelimit_due_ns(&limit, now_ns) == now_ns);
	HOLDS(fuzz_starts_within(
		      &starts, fp_ratelimit_memory_ns(&limit), now_ns) == 0);
}

static void
do_next(struct fuzz *fuzz, bool may_take)
{
	size_t which, most;

	switch (fuzz_choose(fuzz, 9)) {
	case 0:
		advance(fuzz_wait_ns(fuzz));
		break;
	case 1:
		reserve();
		break;
	case 2:
		if (n_reserved > 0)
			fire(0, 0);
		break;
	case 3:
		which = fuzz_choose(fuzz, 256);
		if (n_reserved > 0)
			fire(which % n_reserved, fuzz_wait_ns(fuzz));
		break;
	case 4:
		if (n_reserved > 0) {
			fp_ratelimit_give_back(&limit);
			drop_reserved(fuzz_choose(fuzz, 256) % n_reserved);
		}
		break;
	case 5:
		most = fuzz_choose(fuzz, 256);
		burst(most * most + 1);
		break;
	case 6:
		reserve_when_due();
		break;
	case 7:
		if (may_take) {
			HOLDS(fp_ratelimit_take(&limit, now_ns) == 0);
			note_reserved();
		}
		break;
	default:
		check_idle();
		break;
	}
	check_due();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned shares[] = {1, 2, 7, 1000, 1000000};
	static const int64_t begins_ns[] = {0,
		INT64_C(1800000000) * FP_NS_PER_S,
		FP_RATELIMIT_TIME_MAX_NS - 3600 * FP_NS_PER_S};
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fp_rates rates;

	is_paced = fuzz_choose(&fuzz, 2);
	unsigned share = shares[fuzz_choose(&fuzz, FP_ARRAY_LEN(shares))];
	now_ns = begins_ns[fuzz_choose(&fuzz, FP_ARRAY_LEN(begins_ns))];
	bool may_take = fuzz_choose(&fuzz, 2);
	if (!fuzz_take_rates(&fuzz, &rates))
		return 0;
	fp_rates_share(&rates, share);
	HOLDS(fp_ratelimit_init(&limit, &rates, is_paced) == 0);
	starts.n = true_starts.n = n_reserved = n_asked = 0;
	last_ns = 0;
	has_burst = false;
	for (size_t i = 0; i < OPS_MAX && fuzz.left > 0; i++)
		do_next(&fuzz, may_take);
	if (!may_take) {
		fuzz_starts_check(&starts, &rates);
		fuzz_starts_check(&true_starts, &rates);
		if (!has_burst)
			check_pace();
	}
	fp_ratelimit_destroy(&limit);
	return 0;
}
