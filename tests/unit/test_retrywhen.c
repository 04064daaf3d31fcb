/* SPDX-License-Identifier: MIT */
/* The second half of test_retry: when, and for how long. */
#include "base.h"

#include "random.h"
#include "retry.h"
#include "tap.h"

#include <limits.h>

#define MS FP_NS_PER_MS
#define S FP_NS_PER_S
#define N_DRAWS 20000
#define N_PARTS 10

static struct fp_retry_policy policy;
static uint64_t state;

static void
begin(void)
{
	fp_retry_policy_init(&policy);
	policy.max = UINT_MAX;
	policy.max_time_ms = 0;
	state = fp_random_seed(2026);
}

static struct fp_attempt
attempt_of(int status, unsigned n, int64_t after_ns)
{
	return (struct fp_attempt){
		.cause = FP_CAUSE_STATUS,
		.status = status,
		.was_sent = true,
		.is_idempotent = true,
		.n_attempts = n,
		.n_cause = 1,
		.retry_after_ns = after_ns,
	};
}

static bool
goes_on(struct fp_again again)
{
	return again.how == FP_AGAIN_PAID || again.how == FP_AGAIN_FREE;
}

static struct fp_again
decide(int status, unsigned n, int64_t after_ns)
{
	struct fp_attempt attempt = attempt_of(status, n, after_ns);

	if (status < 0) /* no answer: this cause */
		attempt.cause = (enum fp_cause) - status, attempt.status = 0;
	return fp_retry_decide(&policy, &attempt, &state);
}

/* Whether all waits are from low to high, and as many in each tenth of that;
 * the part below the floor is drawn as the floor. */
static bool
is_even(int status, unsigned n, int64_t after_ns, int64_t low, int64_t high)
{
	unsigned parts[N_PARTS + 1] = {0};
	int64_t floor_ns = 50 * MS;
	bool is_right = true;

	for (int i = 0; i < N_DRAWS; i++) {
		struct fp_again again = decide(status, n, after_ns);
		int64_t wait_ns = again.wait_ns;
		if (!goes_on(again) || wait_ns > high ||
			wait_ns < FP_MAX(low, floor_ns))
			return false;
		parts[(wait_ns - low) / ((high - low) / N_PARTS + 1)]++;
	}
	for (int i = 0; i < N_PARTS; i++) {
		int64_t end = low + (high - low) / N_PARTS * (i + 1);
		if (end <= floor_ns || end - (high - low) / N_PARTS < floor_ns)
			continue;
		is_right = is_right && parts[i] > N_DRAWS / N_PARTS * 9 / 10 &&
			   parts[i] < N_DRAWS / N_PARTS * 11 / 10;
	}
	return is_right;
}

static void
backoff(void)
{
	begin();
	CHECK(is_even(500, 1, -1, 0, 500 * MS));
	CHECK(is_even(500, 2, -1, 0, 1 * S));
	CHECK(is_even(500, 3, -1, 0, 2 * S));
	CHECK(is_even(500, 6, -1, 0, 16 * S));
	CHECK(is_even(500, 7, -1, 0, 30 * S));
	CHECK(is_even(500, 8, -1, 0, 30 * S));
	CHECK(is_even(500, 64, -1, 0, 30 * S));
	CHECK(is_even(500, 65, -1, 0, 30 * S));
	CHECK(is_even(500, UINT_MAX, -1, 0, 30 * S));
	policy.delay_ms = 3000;
	policy.max_delay_ms = 5000;
	CHECK(is_even(500, 1, -1, 0, 3 * S));
	CHECK(is_even(500, 2, -1, 0, 5 * S));
	policy.max_delay_ms = 1000;
	CHECK(is_even(500, 1, -1, 0, 1 * S));
}

/* No less than half of what it is drawn from. */
static void
reach(void)
{
	begin();
	for (int i = 0; i < 3; i++) {
		int cause = -(int)(i == 0   ? FP_CAUSE_DNS
				   : i == 1 ? FP_CAUSE_DNS_AGAIN
					    : FP_CAUSE_CONNECT);
		CHECK(is_even(cause, 1, -1, 250 * MS, 500 * MS));
		CHECK(is_even(cause, 2, -1, 500 * MS, 1 * S));
		CHECK(is_even(cause, 3, -1, 1 * S, 2 * S));
		CHECK(is_even(cause, 7, -1, 15 * S, 30 * S));
		CHECK(is_even(cause, UINT_MAX, -1, 15 * S, 30 * S));
	}
	CHECK(is_even(-(int)FP_CAUSE_RESET, 1, -1, 0, 500 * MS));
	policy.delay_ms = 0;
	CHECK(decide(-(int)FP_CAUSE_CONNECT, 9, -1).wait_ns == 50 * MS);
	policy.delay_ms = 3000;
	policy.max_delay_ms = 2000;
	CHECK(is_even(-(int)FP_CAUSE_CONNECT, 1, -1, 1 * S, 2 * S));
}

static void
busy(void)
{
	begin();
	CHECK(is_even(429, 1, -1, 0, 1 * S));
	CHECK(is_even(503, 1, -1, 0, 1 * S));
	CHECK(is_even(503, 2, -1, 0, 2 * S));
	CHECK(is_even(429, 5, -1, 0, 16 * S));
	CHECK(is_even(429, 6, -1, 0, 30 * S));
	policy.delay_ms = 3000;
	CHECK(is_even(429, 1, -1, 0, 3 * S));
	policy.delay_ms = 10;
	CHECK(is_even(503, 1, -1, 0, 1 * S));
	policy.max_delay_ms = 400;
	CHECK(is_even(503, 1, -1, 0, 400 * MS));
}

/* A tenth of what is drawn from half a second is below the floor. */
static void
never_at_once(void)
{
	unsigned n_floor = 0;

	begin();
	for (int i = 0; i < N_DRAWS; i++)
		n_floor += decide(500, 1, -1).wait_ns == 50 * MS;
	CHECK(n_floor > N_DRAWS / 10 * 9 / 10);
	CHECK(n_floor < N_DRAWS / 10 * 11 / 10);
	CHECK(decide(503, 1, 0).pause_ns == 50 * MS);
	CHECK(decide(503, 1, 1).pause_ns == 50 * MS);

	/* A time of 0 is no reason to wait for less. */
	CHECK(is_even(503, 1, 0, 0, 1 * S));
	CHECK(is_even(429, 3, 0, 0, 4 * S));
	policy.delay_ms = 0;
	CHECK(decide(500, 1, -1).wait_ns == 50 * MS);
	CHECK(decide(500, UINT_MAX, -1).wait_ns == 50 * MS);
	policy.delay_ms = 500;
	policy.max_delay_ms = 0;
	CHECK(decide(500, 9, -1).wait_ns == 50 * MS);
}

/* Never earlier than asked for, and a little later. */
static void
after(void)
{
	begin();
	CHECK(is_even(503, 1, 1 * S, 1 * S, 1100 * MS));
	CHECK(is_even(429, 1, 10 * S, 10 * S, 11 * S));
	CHECK(is_even(429, 4, 10 * S, 10 * S, 11 * S));
	CHECK(is_even(429, 1, 50 * S, 50 * S, 55 * S));
	CHECK(is_even(429, 1, 60 * S, 60 * S, 65 * S));
	CHECK(is_even(429, 1, 600 * S, 600 * S, 605 * S));
	CHECK(is_even(500, 1, 10 * S, 10 * S, 11 * S));
	CHECK(is_even(413, 1, 10 * S, 10 * S, 11 * S));
	policy.max_delay_ms = 1000; /* is of no Retry-After */
	CHECK(is_even(503, 1, 10 * S, 10 * S, 11 * S));
}

static void
too_long(void)
{
	struct fp_again again;

	begin();
	again = decide(503, 1, 600 * S);
	CHECK(again.how == FP_AGAIN_FREE && !again.is_too_long);
	again = decide(503, 1, 600 * S + 1);
	CHECK(!goes_on(again) && again.is_too_long);
	CHECK(again.pauses_origin && again.wait_ns > 600 * S);
	again = decide(503, 1, 86400 * S);
	CHECK(!goes_on(again) && again.is_too_long);
	CHECK(again.pauses_origin && again.wait_ns >= 86400 * S);
	again = decide(500, 1, 86400 * S);
	CHECK(!goes_on(again) && again.is_too_long);
	CHECK(again.pauses_origin && again.pause_ns >= 86400 * S);
	/* Nobody goes there, whatever it was that the time was told with. */
	again = decide(404, 1, 86400 * S);
	CHECK(!goes_on(again) && again.is_too_long);
	CHECK(again.pauses_origin && again.pause_ns >= 86400 * S);
	policy.after_max_ms = 0;
	CHECK(goes_on(decide(503, 1, 0)));
	CHECK(decide(503, 1, 1).is_too_long);
	/* Without any retries it is told all the same. */
	begin();
	policy.max = 0;
	again = decide(429, 1, 86400 * S);
	CHECK(!goes_on(again) && again.is_too_long && again.pauses_origin);
	CHECK(again.wait_ns >= 86400 * S);
	again = decide(429, 1, 2 * S);
	CHECK(!goes_on(again) && !again.is_too_long && again.pauses_origin);
	CHECK(again.wait_ns >= 2 * S);
}

static struct fp_again
decide_at(int status, int64_t after_ns, int64_t elapsed_ns)
{
	struct fp_attempt attempt = attempt_of(status, 1, after_ns);

	attempt.elapsed_ns = elapsed_ns;
	return fp_retry_decide(&policy, &attempt, &state);
}

static void
the_items_time(void)
{
	struct fp_again again;
	unsigned n_again = 0;

	begin();
	policy.max_time_ms = 100 * 1000;

	/* What is asked for decides; what is drawn on top fits in. */
	for (int i = 0; i < 1000; i++) {
		again = decide_at(503, 20 * S, 80 * S);
		CHECK(goes_on(again) && again.wait_ns == 20 * S);
		again = decide_at(503, 20 * S, 79 * S);
		CHECK(goes_on(again) && again.wait_ns <= 21 * S);
		again = decide_at(503, 20 * S, 80 * S + 1);
		CHECK(!goes_on(again) && again.is_too_long);
		CHECK(again.pauses_origin && again.wait_ns >= 20 * S);
	}
	CHECK(decide_at(500, 20 * S, 80 * S + 1).is_too_long);

	/* Without it, what is drawn decides: 100 ms of 500 are left. */
	for (int i = 0; i < N_DRAWS; i++) {
		again = decide_at(500, -1, 100 * S - 100 * MS);
		CHECK(!again.is_too_long && again.wait_ns <= 100 * MS);
		CHECK(goes_on(again) == (again.wait_ns > 0));
		n_again += goes_on(again);
	}
	CHECK(n_again > N_DRAWS / 5 * 9 / 10 &&
		n_again < N_DRAWS / 5 * 11 / 10);
	CHECK(!goes_on(decide_at(500, -1, 100 * S - 50 * MS + 1)));
	CHECK(!goes_on(decide_at(500, -1, 100 * S)));
	CHECK(!goes_on(decide_at(500, -1, INT64_MAX)));
	/* The time was over before anything was asked for. */
	again = decide_at(503, 0, 200 * S);
	CHECK(!goes_on(again) && !again.is_too_long && again.pauses_origin);
	CHECK(again.wait_ns == 50 * MS);
	policy.max_time_ms = 0;
	CHECK(goes_on(decide_at(500, -1, INT64_MAX)));
	CHECK(goes_on(decide_at(503, 20 * S, INT64_MAX)));
}

/* Nothing is obeyed for longer than an item has time, by default. */
static void
the_defaults_agree(void)
{
	struct fp_again again;

	begin();
	fp_retry_policy_init(&policy);
	again = decide_at(429, 400 * S, 1 * S);
	CHECK(goes_on(again) && again.pauses_origin);
	again = decide_at(503, (int64_t)policy.after_max_ms * MS, 60 * S);
	CHECK(goes_on(again));
}

/* The ends of all types: nothing overflows, and a wait can be added to now. */
static void
no_overflow(void)
{
	static const uint64_t times_ms[] = {0, 1, 500, INT64_MAX / 1000000,
		INT64_MAX / 1000000 + 1, INT64_MAX, UINT64_MAX};
	static const int64_t times_ns[] = {-1, 0, 1, S, INT64_MAX / 2 - 1,
		INT64_MAX / 2, INT64_MAX / S * S, INT64_MAX};
	static const unsigned counts[] = {1, 2, 63, 64, 65, UINT_MAX};

	begin();
	for (size_t i = 0; i < 7 * 7 * 7 * 7; i++) {
		policy.delay_ms = times_ms[i % 7];
		policy.max_delay_ms = times_ms[i / 7 % 7];
		policy.max_time_ms = times_ms[i / 49 % 7];
		policy.after_max_ms = times_ms[i / 343];
		for (size_t j = 0; j < 8 * 8 * 6; j++) {
			struct fp_attempt attempt = attempt_of(
				503, counts[j / 64], times_ns[j % 8]);
			attempt.elapsed_ns = FP_MAX(times_ns[j / 8 % 8], 0);
			struct fp_again again =
				fp_retry_decide(&policy, &attempt, &state);
			CHECK(again.wait_ns >= 50 * MS);
			CHECK(again.wait_ns <= INT64_MAX / 2);
			CHECK(again.wait_ns >=
				FP_MIN(attempt.retry_after_ns, INT64_MAX / 2));
			CHECK(!goes_on(again) || !again.is_too_long);
		}
	}
	/* A huge base is used as it is. */
	begin();
	policy.delay_ms = policy.max_delay_ms = UINT64_MAX;
	CHECK(is_even(500, 64, -1, 0, INT64_MAX / 2));
}

/* The same seed, the same waits; another, others. */
static void
same_seed(void)
{
	int64_t waits_ns[100];
	unsigned n_same = 0;

	begin();
	for (int i = 0; i < 100; i++)
		waits_ns[i] = decide(500, 7, -1).wait_ns;
	begin();
	for (int i = 0; i < 100; i++)
		CHECK(decide(500, 7, -1).wait_ns == waits_ns[i]);
	state = fp_random_seed(2027);
	for (int i = 0; i < 100; i++)
		n_same += decide(500, 7, -1).wait_ns == waits_ns[i];
	CHECK(n_same < 5);
}

static void
budgets(void)
{
	struct fp_budget budget;
	unsigned n = 0;

	fp_budget_init(&budget, 1);
	CHECK(budget.left == 500 && budget.most == 500);
	fp_budget_init(&budget, 31);
	CHECK(budget.most == 500);
	fp_budget_init(&budget, 32);
	CHECK(budget.most == 512);
	fp_budget_init(&budget, 20000);
	CHECK(budget.left == 320000 && budget.most == 320000);
	fp_budget_init(&budget, UINT_MAX);
	CHECK(budget.most == INT64_C(16) * UINT_MAX);

	fp_budget_init(&budget, 16);
	fp_budget_success(&budget);
	CHECK(budget.left == 500);
	while (fp_budget_take(&budget, false))
		n++;
	CHECK(n == 100 && budget.left == 0);
	for (int i = 0; i < 9; i++)
		fp_budget_success(&budget);
	CHECK(budget.left == 9);
	CHECK(!fp_budget_take(&budget, true) && budget.left == 9);
	CHECK(fp_budget_take(&budget, false) && budget.left == 4);
	CHECK(!fp_budget_take(&budget, false) && budget.left == 4);
	for (int i = 0; i < 1000; i++)
		fp_budget_success(&budget);
	CHECK(budget.left == 500);
	for (n = 0; fp_budget_take(&budget, true);)
		n++;
	CHECK(n == 50 && budget.left == 0);
}

int
main(void)
{
	run("waits double, and are drawn evenly", backoff);
	run("what cannot be reached is given half of it at least", reach);
	run("a busy server is given longer", busy);
	run("never at once", never_at_once);
	run("never before a Retry-After", after);
	run("a Retry-After that is too long", too_long);
	run("an item's time", the_items_time);
	run("the defaults agree", the_defaults_agree);
	run("nothing overflows", no_overflow);
	run("the same seed, the same waits", same_seed);
	run("a budget runs out, and fills again", budgets);
	return done();
}
