/* SPDX-License-Identifier: MIT */
/*
 * What is tried again. A list changes what its last word says of each status;
 * and however an attempt ended, the next one is allowed, is as late as the
 * server asked, and is within all limits.
 *
 *	a list for --retry-on, up to a newline; numbers of the policy; and then
 *	attempts, each of some bytes
 */
#include "fuzz.h"

#include "random.h"
#include "retry.h"

#define WAIT_MAX_NS (INT64_MAX / 2)
#define LEAST_NS (50 * FP_NS_PER_MS)

/* ---- the list ---- */

static int
digits(struct fp_text text)
{
	int n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || n > 100000)
			return -1;
		n = n * 10 + text.data[i] - '0';
	}
	return text.len > 0 ? n : -1;
}

/* From a code, a class or a range; false: it is none of them. */
static bool
read_codes(struct fp_text word, int *low, int *high)
{
	struct fuzz fuzz = {word.data, word.len};
	struct fp_text first = fuzz_until(&fuzz, '-');

	if (first.len < word.len) {
		*low = digits(first);
		*high = digits(fuzz_rest(&fuzz));
	} else if (word.len == 3 && memcmp(word.data + 1, "xx", 2) == 0) {
		*low = (word.data[0] - '0') * 100;
		*high = *low + 99;
	} else {
		*low = *high = digits(word);
	}
	return *low >= 100 && *high <= 999 && *low <= *high;
}

static bool
is_cause(struct fp_text word)
{
	return fuzz_same_text(word, fuzz_text("timeout")) ||
	       fuzz_same_text(word, fuzz_text("connect")) ||
	       fuzz_same_text(word, fuzz_text("dns")) ||
	       fuzz_same_text(word, fuzz_text("reset"));
}

/* What the last word that is about it says: 1, 0, or -1: none is. For a status,
 * or else for a cause. *fine: all of its words are words. */
static int
look_up(const char *list, int status, const char *cause, bool *fine)
{
	struct fuzz fuzz = {list, strlen(list)};
	bool is_more = true;
	int said = -1;

	for (*fine = true; is_more;) {
		is_more = memchr(fuzz.at, ',', fuzz.left) != NULL;
		struct fp_text word = fuzz_until(&fuzz, ',');
		bool is_on = word.len == 0 || word.data[0] != '!';
		int low = 1, high = 0;
		if (!is_on)
			word.data++, word.len--;
		if (!is_cause(word) && !read_codes(word, &low, &high))
			*fine = false;
		if (cause ? fuzz_same_text(word, fuzz_text(cause))
			  : status >= low && status <= high)
			said = is_on;
	}
	return said;
}

static void
check_list(struct fp_retry_policy *policy, const char *list)
{
	static const char *const causes[] = {
		"timeout", "connect", "dns", "reset"};
	struct fp_retry_policy before = *policy;
	bool fine;
	int ret = fp_retry_policy_parse(policy, list);

	for (int status = 0; status < FP_STATUS_MAX; status++) {
		int said = look_up(list, status, NULL, &fine);
		bool is_on =
			fine && said >= 0 ? said : before.on_status[status];
		HOLDS(policy->on_status[status] == is_on);
		HOLDS((ret == 0) == fine);
		if (!fine)
			break;
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(causes); i++) {
		const bool now[] = {policy->on_timeout, policy->on_connect,
			policy->on_dns, policy->on_reset};
		int said = look_up(list, -1, causes[i], &fine);
		HOLDS(now[i] == (fine && said >= 0 ? said : true));
	}
	if (!fine)
		HOLDS(memcmp(&before, policy, sizeof(before)) == 0);
}

/* ---- attempts ---- */

/* From 0 on, as all times of an attempt are. */
static int64_t
take_time_ns(struct fuzz *fuzz)
{
	return (int64_t)(fuzz_number(fuzz) & INT64_MAX);
}

static struct fp_attempt
take_attempt(struct fuzz *fuzz)
{
	static const int statuses[] = {
		0, 200, 404, 408, 413, 421, 425, 429, 500, 503, 504, 999};
	struct fp_attempt attempt = {
		.cause = (enum fp_cause)fuzz_choose(fuzz, FP_CAUSE_FINAL + 1),
	};
	int status = statuses[fuzz_choose(fuzz, FP_ARRAY_LEN(statuses))];
	unsigned bits = fuzz_choose(fuzz, 16);

	if (attempt.cause == FP_CAUSE_STATUS)
		attempt.status = status;
	attempt.was_sent = bits & 1;
	attempt.is_idempotent = bits & 6;
	attempt.is_asserted = bits & 4;
	attempt.n_attempts = (uint32_t)fuzz_number(fuzz);
	attempt.n_attempts += attempt.n_attempts == 0;
	attempt.n_cause = 1 + fuzz_choose(fuzz, 3);
	attempt.n_cause = FP_MIN(attempt.n_cause, attempt.n_attempts);
	attempt.elapsed_ns = take_time_ns(fuzz);
	attempt.retry_after_ns = bits & 8 ? take_time_ns(fuzz) : -1;
	return attempt;
}

/* What may have had an effect is sent again only if it was turned away, or if
 * that does no harm. */
static bool
does_no_harm(const struct fp_attempt *attempt)
{
	return !attempt->was_sent || attempt->is_idempotent ||
	       attempt->status == 429 || attempt->status == 421;
}

static bool
goes_on(struct fp_again again)
{
	return again.how == FP_AGAIN_PAID || again.how == FP_AGAIN_FREE;
}

static void
check_attempt(const struct fp_retry_policy *policy,
	const struct fp_attempt *attempt, uint64_t *random)
{
	struct fp_again again = fp_retry_decide(policy, attempt, random);
	int64_t asked_ns = attempt->retry_after_ns;
	bool is_busy = attempt->status == 429 || attempt->status == 503;
	uint64_t most_ms = policy->max_time_ms;

	HOLDS(again.wait_ns >= 0 && again.wait_ns <= WAIT_MAX_NS);
	HOLDS(again.pauses_origin || !(goes_on(again) && asked_ns >= 0));
	HOLDS(again.pauses_origin == is_busy ||
		(again.pauses_origin && asked_ns >= 0));
	HOLDS((again.wait_ns > 0) == (goes_on(again) || again.pauses_origin));
	HOLDS(again.wait_ns == 0 || again.wait_ns >= LEAST_NS);
	if (again.wait_ns > 0 && asked_ns >= 0)
		HOLDS(again.wait_ns >= FP_MIN(asked_ns, WAIT_MAX_NS));
	HOLDS(!again.is_too_long || (asked_ns >= 0 && !goes_on(again)));
	HOLDS(again.pause_ns == 0 || asked_ns >= 0);
	HOLDS(!again.is_fresh || (goes_on(again) && attempt->status == 421));
	if (!goes_on(again))
		return;
	HOLDS(attempt->n_attempts <= policy->max);
	HOLDS(attempt->cause != FP_CAUSE_NONE);
	HOLDS(attempt->cause != FP_CAUSE_FINAL);
	HOLDS(attempt->cause != FP_CAUSE_STATUS ||
		policy->on_status[attempt->status]);
	HOLDS(attempt->cause != FP_CAUSE_DNS || policy->on_dns);
	HOLDS(attempt->cause != FP_CAUSE_CONNECT || policy->on_connect);
	HOLDS(attempt->cause != FP_CAUSE_TIMEOUT || policy->on_timeout);
	HOLDS(does_no_harm(attempt));
	if (most_ms > 0 && most_ms < INT64_MAX / 4 / FP_NS_PER_MS)
		HOLDS(attempt->elapsed_ns <=
			(int64_t)most_ms * FP_NS_PER_MS - again.wait_ns);
	/* Without a Retry-After: of the delay, and a second if it is busy. */
	uint64_t bound_ms = FP_MAX(policy->max_delay_ms, 50);
	if (asked_ns < 0 && bound_ms < INT64_MAX / 4 / FP_NS_PER_MS)
		HOLDS(again.wait_ns <= (int64_t)bound_ms * FP_NS_PER_MS);
}

static void
check_budget(struct fp_budget *budget, unsigned what)
{
	int64_t before = budget->left;

	if (what == 0) {
		fp_budget_success(budget);
		HOLDS(budget->left >= before);
	} else {
		bool fine = fp_budget_take(budget, what == 2);
		HOLDS(fine ? budget->left < before : budget->left == before);
	}
	HOLDS(budget->left >= 0 && budget->left <= budget->most);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fp_retry_policy policy;
	struct fp_budget budget;
	uint64_t random = fp_random_seed(size);

	/* Compared as bytes, so those between its members too. */
	memset(&policy, 0, sizeof(policy));
	fp_retry_policy_init(&policy);
	char *list = fuzz_string(fuzz_until(&fuzz, '\n'));
	check_list(&policy, list);
	free(list);
	if (fuzz_choose(&fuzz, 2)) {
		policy.max = (uint32_t)fuzz_number(&fuzz);
		policy.delay_ms = fuzz_number(&fuzz);
		policy.max_delay_ms = fuzz_number(&fuzz);
		policy.max_time_ms = fuzz_number(&fuzz);
		policy.after_max_ms = fuzz_number(&fuzz);
	}
	fp_budget_init(&budget, (uint32_t)fuzz_number(&fuzz));
	while (fuzz.left > 0) {
		struct fp_attempt attempt = take_attempt(&fuzz);
		check_attempt(&policy, &attempt, &random);
		check_budget(&budget, fuzz_choose(&fuzz, 3));
	}
	return 0;
}
