/* SPDX-License-Identifier: MIT */
/*
 * A log of the last starts, not a bucket of tokens: a bucket of N lets 2N
 * through in one period, when it has filled in a quiet time and refills while
 * it is emptied. With the log the question is only when the start that is N
 * before the next one leaves the period. What is reserved may start at any
 * moment, so it counts as if it started now: with r reservations rate i looks
 * at the (N - r)-th latest start. One log serves all rates.
 *
 * Why the promise holds: fire turns one of the reserved into one of the fired,
 * time only takes away from the fired, and reserve adds one when there is room
 * for it. So the sum never grows over N. A stamp that is later than the true
 * start only makes it stay longer in the sum; therefore stamps are never put
 * before the latest one, and the log is in order by itself.
 *
 * For large N the log would be long. There, starts are counted in slices of
 * 1/4096 of the period, each start as if it came at the end of its slice: late
 * again, by 1/4096 of the period at most.
 *
 * To fire must not fail, so reserving makes the room: the log always has place
 * for all that is in it and all that is reserved.
 */
#include "base.h"

#include "ratelimit.h"

#include <errno.h>
#include <string.h>

#define SLICES 4096 /* in a period */
#define GUARD_MAX_NS (50 * FP_NS_PER_MS)
#define GUARD_PART 50
#define LATE_MAX_NS (100 * FP_NS_PER_MS)
#define LOG_MIN 16

struct fp_ratelimit_slices {
	int64_t width_ns;
	int64_t first, last; /* numbers of slices; slice 0 begins at time 0 */
	uint64_t total; /* in all of them */
	size_t cap;
	uint64_t counts[]; /* of slice i in counts[i % cap] */
};

/* ---- slices ---- */

static int64_t
divide_up(int64_t a, int64_t b)
{
	return a / b + (a % b > 0);
}

static struct fp_ratelimit_slices *
slices_new(int64_t period_ns, int64_t span_ns)
{
	int64_t width_ns = divide_up(period_ns, SLICES);
	/* The one that begins and the one that ends are there only in part. */
	size_t cap = (size_t)divide_up(span_ns, width_ns) + 2;
	struct fp_ratelimit_slices *slices =
		calloc(1, sizeof(*slices) + cap * sizeof(slices->counts[0]));

	if (!slices)
		return NULL;
	slices->width_ns = width_ns;
	slices->cap = cap;
	slices->last = -1;
	return slices;
}

static uint64_t *
slices_at(struct fp_ratelimit_slices *slices, int64_t i)
{
	return &slices->counts[(uint64_t)i % slices->cap];
}

static int64_t
slices_end_ns(const struct fp_ratelimit_slices *slices, int64_t i)
{
	return (i + 1) * slices->width_ns;
}

static void
slices_drop_first(struct fp_ratelimit_slices *slices)
{
	uint64_t *count = slices_at(slices, slices->first++);

	slices->total -= *count;
	*count = 0;
}

static void
slices_expire(
	struct fp_ratelimit_slices *slices, int64_t span_ns, int64_t now_ns)
{
	while (slices->first <= slices->last &&
		slices_end_ns(slices, slices->first) + span_ns <= now_ns)
		slices_drop_first(slices);
}

static void
slices_add(struct fp_ratelimit_slices *slices, int64_t now_ns)
{
	int64_t i = now_ns / slices->width_ns;

	while (slices->first <= slices->last &&
		i - slices->first >= (int64_t)slices->cap)
		slices_drop_first(slices);
	if (slices->first > slices->last)
		slices->first = i;
	slices->last = i;
	++*slices_at(slices, i);
	slices->total++;
}

/* When there is room for one more of `n`, of which the reserved are already
 * taken off; n > 0. */
static int64_t
slices_due_ns(
	const struct fp_ratelimit_slices *slices, uint64_t n, int64_t span_ns)
{
	uint64_t total = slices->total;
	int64_t i = slices->first;

	if (total < n)
		return INT64_MIN;
	while ((total -= slices->counts[(uint64_t)i % slices->cap]) >= n)
		i++;
	return slices_end_ns(slices, i) + span_ns;
}

/* ---- the log ---- */

/* The start that is `back` before the next one; 1: the latest. */
static int64_t
log_at(const struct fp_ratelimit *limit, size_t back)
{
	size_t i = limit->log_first + limit->log_len - back;

	return limit->log[i < limit->log_cap ? i : i - limit->log_cap];
}

static void
log_drop_first(struct fp_ratelimit *limit)
{
	limit->log_len--;
	if (++limit->log_first == limit->log_cap)
		limit->log_first = 0;
}

static int
log_grow(struct fp_ratelimit *limit, size_t cap)
{
	int64_t *log = calloc(cap, sizeof(*log));

	if (!log)
		return -1;
	for (size_t i = 0; i < limit->log_len; i++)
		log[i] = log_at(limit, limit->log_len - i);
	free(limit->log);
	limit->log = log;
	limit->log_first = 0;
	limit->log_cap = cap;
	return 0;
}

/* Makes room for what is in it, what is reserved, and one more. */
static int
log_reserve(struct fp_ratelimit *limit)
{
	uint64_t most = limit->log_len + limit->n_reserved + 1;
	size_t need = (size_t)FP_MIN(most, limit->log_max);

	if (need <= limit->log_cap)
		return 0;
	size_t cap = FP_MAX(2 * limit->log_cap, FP_MAX(need, LOG_MIN));
	return log_grow(limit, FP_MIN(cap, limit->log_max));
}

static void
log_add(struct fp_ratelimit *limit, int64_t now_ns)
{
	if (limit->log_len == limit->log_max)
		log_drop_first(limit);
	FP_ASSERT(limit->log_len < limit->log_cap);
	size_t i = limit->log_first + limit->log_len++;
	limit->log[i < limit->log_cap ? i : i - limit->log_cap] = now_ns;
}

/* ---- the limit ---- */

static bool
is_logged(const struct fp_rate *rate)
{
	return rate->n <= FP_RATELIMIT_LOG_MAX;
}

static bool
are_sound(const struct fp_rates *rates)
{
	if (rates->n > FP_RATES_MAX)
		return false;
	for (size_t i = 0; i < rates->n; i++) {
		const struct fp_rate *rate = &rates->all[i];
		if (rate->n < 1 || rate->period_ns < 1 ||
			rate->period_ns > FP_RATES_PERIOD_MAX_NS)
			return false;
	}
	return true;
}

/* How far apart starts are that are spread evenly. */
static int64_t
spacing_ns(uint64_t n, int64_t span_ns)
{
	return n < (uint64_t)span_ns ? divide_up(span_ns, (int64_t)n) : 1;
}

int
fp_ratelimit_init(
	struct fp_ratelimit *limit, const struct fp_rates *rates, bool is_paced)
{
	memset(limit, 0, sizeof(*limit));
	if (!are_sound(rates)) {
		errno = EINVAL;
		return -1;
	}
	limit->rates = *rates;
	limit->last_ns = INT64_MIN;
	for (size_t i = 0; i < rates->n; i++) {
		const struct fp_rate *rate = &rates->all[i];
		int64_t guard_ns =
			FP_MIN(rate->period_ns / GUARD_PART, GUARD_MAX_NS);
		int64_t span_ns = rate->period_ns + guard_ns;

		limit->spans_ns[i] = span_ns;
		if (is_logged(rate))
			limit->log_max =
				FP_MAX(limit->log_max, (size_t)rate->n);
		if (is_paced)
			limit->spacing_ns = FP_MAX(limit->spacing_ns,
				spacing_ns(rate->n, span_ns));
	}
	return 0;
}

void
fp_ratelimit_destroy(struct fp_ratelimit *limit)
{
	free(limit->log);
	for (size_t i = 0; i < limit->rates.n; i++)
		free(limit->slices[i]);
	memset(limit, 0, sizeof(*limit));
}

/* When rate i has room for one more. */
static int64_t
rate_due_ns(const struct fp_ratelimit *limit, size_t i)
{
	uint64_t n = limit->rates.all[i].n;

	if (limit->n_reserved >= n)
		return INT64_MAX;
	n -= limit->n_reserved;
	if (!is_logged(&limit->rates.all[i]))
		return limit->slices[i] ? slices_due_ns(limit->slices[i], n,
						  limit->spans_ns[i])
					: INT64_MIN;
	if (limit->log_len < n)
		return INT64_MIN;
	return log_at(limit, (size_t)n) + limit->spans_ns[i];
}

int64_t
fp_ratelimit_due_ns(const struct fp_ratelimit *limit, int64_t now_ns)
{
	int64_t due_ns = now_ns;

	if (limit->spacing_ns > 0)
		due_ns = FP_MAX(due_ns, limit->next_ns);
	for (size_t i = 0; i < limit->rates.n; i++) {
		int64_t rate_ns = rate_due_ns(limit, i);
		due_ns = FP_MAX(due_ns, rate_ns);
	}
	return due_ns;
}

int64_t
fp_ratelimit_memory_ns(const struct fp_ratelimit *limit)
{
	int64_t longest_ns = 0;

	for (size_t i = 0; i < limit->rates.n; i++)
		longest_ns = FP_MAX(longest_ns, limit->spans_ns[i]);
	return longest_ns;
}

/* Forgets what no rate asks for any more. */
static void
expire(struct fp_ratelimit *limit, int64_t now_ns)
{
	int64_t memory_ns = fp_ratelimit_memory_ns(limit);

	while (limit->log_len > 0 &&
		log_at(limit, limit->log_len) + memory_ns <= now_ns)
		log_drop_first(limit);
	for (size_t i = 0; i < limit->rates.n; i++) {
		if (limit->slices[i])
			slices_expire(
				limit->slices[i], limit->spans_ns[i], now_ns);
	}
}

/* The beat of a reservation that is not used is free again if no other one is
 * under way: then the last start is known, and the next may follow it in the
 * usual distance. If there are others, each may have been sent on a beat since,
 * and what came between would be too close to it.
 *
 * Who is a little late keeps to the beat, or else timers that tick in
 * milliseconds would lose most of 1000/s. Who had nothing to do begins a new
 * one. */
static void
set_next(struct fp_ratelimit *limit, int64_t now_ns)
{
	int64_t late_ns = now_ns - limit->next_ns;

	if (late_ns > LATE_MAX_NS)
		late_ns = 0;
	late_ns = FP_MIN(late_ns, FP_RATELIMIT_SLACK_NS);
	limit->next_ns = now_ns - late_ns + limit->spacing_ns;
}

int
fp_ratelimit_take(struct fp_ratelimit *limit, int64_t now_ns)
{
	expire(limit, now_ns);
	if (limit->log_max > 0 && log_reserve(limit))
		return -1;
	for (size_t i = 0; i < limit->rates.n; i++) {
		const struct fp_rate *rate = &limit->rates.all[i];
		if (is_logged(rate) || limit->slices[i])
			continue;
		limit->slices[i] =
			slices_new(rate->period_ns, limit->spans_ns[i]);
		if (!limit->slices[i])
			return -1;
	}
	limit->n_reserved++;
	set_next(limit, now_ns);
	return 0;
}

int
fp_ratelimit_reserve(struct fp_ratelimit *limit, int64_t now_ns)
{
	if (fp_ratelimit_due_ns(limit, now_ns) > now_ns)
		return 0;
	return fp_ratelimit_take(limit, now_ns) ? -1 : 1;
}

void
fp_ratelimit_give_back(struct fp_ratelimit *limit)
{
	FP_ASSERT(limit->n_reserved > 0);
	limit->n_reserved--;
	if (limit->spacing_ns > 0 && limit->n_reserved == 0)
		limit->next_ns = FP_MIN(limit->next_ns,
			limit->last_ns < 0
				? 0
				: limit->last_ns + limit->spacing_ns);
}

void
fp_ratelimit_fire(struct fp_ratelimit *limit, int64_t now_ns)
{
	FP_ASSERT(limit->n_reserved > 0 && now_ns >= 0);
	limit->n_reserved--;
	limit->last_ns = FP_MAX(limit->last_ns, now_ns);
	if (limit->log_max > 0)
		log_add(limit, limit->last_ns);
	for (size_t i = 0; i < limit->rates.n; i++) {
		if (limit->slices[i])
			slices_add(limit->slices[i], limit->last_ns);
	}
}

uint64_t
fp_ratelimit_n_fired(const struct fp_ratelimit *limit)
{
	uint64_t n = limit->log_len;

	for (size_t i = 0; i < limit->rates.n; i++) {
		if (limit->slices[i])
			n = FP_MAX(n, limit->slices[i]->total);
	}
	return n;
}

int
fp_ratelimit_refill(
	struct fp_ratelimit *limit, uint64_t n_fired, int64_t last_ns)
{
	for (uint64_t i = 0; i < n_fired; i++) {
		if (fp_ratelimit_take(limit, last_ns))
			return -1;
		fp_ratelimit_fire(limit, last_ns);
	}
	return 0;
}

bool
fp_ratelimit_is_idle(const struct fp_ratelimit *limit, int64_t now_ns)
{
	int64_t memory_ns = fp_ratelimit_memory_ns(limit);

	for (size_t i = 0; i < limit->rates.n; i++) {
		if (limit->slices[i])
			memory_ns = FP_MAX(
				memory_ns, limit->spans_ns[i] +
						   limit->slices[i]->width_ns);
	}
	return limit->n_reserved == 0 && limit->last_ns <= now_ns - memory_ns &&
	       (limit->spacing_ns == 0 || limit->next_ns <= now_ns);
}
