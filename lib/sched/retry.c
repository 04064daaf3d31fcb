/* SPDX-License-Identifier: MIT */
/*
 * Two questions are kept apart. May it be tried again: that depends on what
 * went wrong and on whether the request may have had an effect (RFC 9110,
 * section 9.2.2). When: full jitter, a time drawn evenly from nothing up to a
 * bound that doubles with each attempt, so that clients which failed at the
 * same moment do not come back at the same moment. A Retry-After is a promise
 * to be kept, so its jitter comes on top of it; and it never makes the wait
 * shorter than it would be without: servers cut seconds down, to 0 at last.
 */
#include "base.h"

#include "retry.h"

#include "random.h"

#include <string.h>

/* No retry comes sooner than this. */
#define LEAST_NS (50 * FP_NS_PER_MS)

/* Behind a Retry-After: a tenth of it, up to this. */
#define AFTER_JITTER_NS (5 * FP_NS_PER_S)

#define WAIT_MAX_NS (INT64_MAX / 2)

/* The AWS SDK's figures. */
#define BUDGET 500
#define BUDGET_PER_JOB 16
#define COST 5
#define COST_TIMEOUT 10

/* ---- the policy ---- */

void
fp_retry_policy_init(struct fp_retry_policy *policy)
{
	static const int statuses[] = {408, 413, 421, 425, 429, 500, 502, 503,
		504, 509, 520, 521, 522, 523, 524, 529, 530};

	*policy = (struct fp_retry_policy){
		.max = 3,
		.on_timeout = true,
		.on_connect = true,
		.on_dns = true,
		.on_reset = true,
		.delay_ms = 500,
		.max_delay_ms = 30000,
		.max_time_ms = 900000,
		.after_max_ms = 600000,
	};
	for (size_t i = 0; i < FP_ARRAY_LEN(statuses); i++)
		policy->on_status[statuses[i]] = true;
}

static bool *
find_cause(struct fp_retry_policy *policy, const char *word, size_t len)
{
	const struct {
		const char *name;
		bool *is_on;
	} causes[] = {
		{"timeout", &policy->on_timeout},
		{"connect", &policy->on_connect},
		{"dns", &policy->on_dns},
		{"reset", &policy->on_reset},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(causes); i++) {
		if (strlen(causes[i].name) == len &&
			memcmp(causes[i].name, word, len) == 0)
			return causes[i].is_on;
	}
	return NULL;
}

static int
set_word(struct fp_retry_policy *policy, const char *word, size_t len)
{
	bool is_on = *word != '!';
	int low, high;

	if (!is_on)
		word++, len--;
	bool *cause = find_cause(policy, word, len);
	if (cause) {
		*cause = is_on;
		if (cause == &policy->on_dns)
			policy->on_every_dns = is_on;
		return 0;
	}
	if (fp_outcome_parse_status_word(word, len, &low, &high))
		return -1;
	for (int status = low; status <= high; status++)
		policy->on_status[status] = is_on;
	return 0;
}

int
fp_retry_policy_parse(struct fp_retry_policy *policy, const char *text)
{
	struct fp_retry_policy changed = *policy;

	for (;;) {
		size_t len = strcspn(text, ",");
		if (set_word(&changed, text, len))
			return -1;
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	*policy = changed;
	return 0;
}

/* ---- whether ---- */

/* A status that the policy has. These are the ones that are not all alike; a
 * status that the user added is. */
static bool
may_repeat_status(const struct fp_attempt *attempt, bool is_safe)
{
	bool is_said = attempt->retry_after_ns >= 0;

	switch (attempt->status) {
	case 413: /* too large for now, if there is a time (section 15.5.14) */
		return is_safe && is_said;
	case 421: /* another connection may do (section 15.5.20) */
		return attempt->n_cause < 2;
	case 429: /* rejected, so there was no effect (RFC 6585, section 4) */
		return true;
	case 503: /* an asserted one is not sent again without being asked */
		return is_safe && (is_said || !attempt->is_asserted);
	default:
		return is_safe;
	}
}

static bool
may_repeat(
	const struct fp_retry_policy *policy, const struct fp_attempt *attempt)
{
	bool is_safe = attempt->is_idempotent || !attempt->was_sent;
	bool is_first = attempt->n_cause < 2;
	int status = attempt->status;

	/* Whatever became of the GET: it would begin with what was done. */
	if (attempt->was_followed && !attempt->is_idempotent)
		return false;
	switch (attempt->cause) {
	case FP_CAUSE_STATUS:
		if (status < 0 || status >= FP_STATUS_MAX)
			return false;
		/* Like a 429, whatever its number. */
		if (attempt->refusal == FP_REFUSAL_SAID && status < 500)
			return policy->on_status[429];
		return policy->on_status[status] &&
		       may_repeat_status(attempt, is_safe);
	case FP_CAUSE_DNS:
		return policy->on_dns && is_safe &&
		       (is_first || policy->on_every_dns);
	case FP_CAUSE_DNS_AGAIN:
		return policy->on_dns && is_safe;
	case FP_CAUSE_CONNECT:
		return policy->on_connect && is_safe;
	case FP_CAUSE_TIMEOUT:
		return policy->on_timeout && is_safe;
	case FP_CAUSE_RESET:
		return policy->on_reset && is_safe;
	case FP_CAUSE_TLS_RESET:
		return policy->on_reset && is_safe && is_first;
	case FP_CAUSE_NONE:
	case FP_CAUSE_FINAL:
		break;
	}
	return false;
}

/* ---- when ---- */

static int64_t
retry_in_ns(uint64_t ms)
{
	return (int64_t)FP_MIN(ms, (uint64_t)(WAIT_MAX_NS / FP_NS_PER_MS)) *
	       FP_NS_PER_MS;
}

/* One of 0 to `most_ns`. */
static int64_t
draw(uint64_t *random, int64_t most_ns)
{
	return (int64_t)fp_random_evenly(random, (uint64_t)most_ns);
}

/* For the retry after the k-th attempt. */
static int64_t
backoff_ns(const struct fp_retry_policy *policy, unsigned k, bool is_busy,
	uint64_t *random)
{
	int64_t most_ns = retry_in_ns(policy->max_delay_ms);
	int64_t bound_ns =
		retry_in_ns(is_busy ? FP_MAX(policy->delay_ms, FP_RETRY_BUSY_MS)
				    : policy->delay_ms);

	while (--k > 0 && bound_ns > 0 && bound_ns < most_ns)
		bound_ns *= 2;
	int64_t wait_ns = draw(random, FP_MIN(bound_ns, most_ns));
	return FP_MAX(wait_ns, LEAST_NS);
}

/* What could not be reached is mostly on its way back: a server takes a second
 * or two to start. So that an item's attempts are not all made before that, no
 * wait is less than half of what it is drawn from. */
static int64_t
reach_ns(const struct fp_retry_policy *policy, unsigned k, uint64_t *random)
{
	int64_t most_ns = retry_in_ns(policy->max_delay_ms);
	int64_t half_ns = retry_in_ns(policy->delay_ms) / 2;

	while (--k > 0 && half_ns > 0 && half_ns < most_ns)
		half_ns *= 2;
	half_ns = FP_MIN(half_ns, most_ns / 2);
	return FP_MAX(half_ns + draw(random, half_ns), LEAST_NS);
}

/* Never earlier than asked for. Jitter does not use up the item's time. */
static int64_t
after_ns(int64_t asked_ns, int64_t left_ns, uint64_t *random)
{
	int64_t jitter_ns =
		draw(random, FP_MIN(asked_ns / 10, AFTER_JITTER_NS));

	if (asked_ns <= left_ns)
		jitter_ns = FP_MIN(jitter_ns, left_ns - asked_ns);
	if (asked_ns >= WAIT_MAX_NS - jitter_ns)
		return WAIT_MAX_NS;
	return FP_MAX(asked_ns + jitter_ns, LEAST_NS);
}

/* Of the time for all of the item's attempts. */
static int64_t
left_ns_of(
	const struct fp_retry_policy *policy, const struct fp_attempt *attempt)
{
	int64_t most_ns = retry_in_ns(policy->max_time_ms);

	if (most_ns == 0)
		return INT64_MAX;
	return most_ns - FP_MIN(attempt->elapsed_ns, most_ns);
}

static bool
is_refused(const struct fp_attempt *attempt)
{
	return attempt->cause == FP_CAUSE_STATUS &&
	       (attempt->status == 429 || attempt->status == 503 ||
		       attempt->status == 509 || attempt->status == 529 ||
		       attempt->refusal == FP_REFUSAL_SAID);
}

/* A no that a limit may have said: only other answers tell. */
static bool
retry_is_doubtful(
	const struct fp_retry_policy *policy, const struct fp_attempt *attempt)
{
	return attempt->refusal == FP_REFUSAL_DOUBT && attempt->status == 403 &&
	       policy->max > 0 && policy->on_status[429];
}

struct fp_again
fp_retry_decide(const struct fp_retry_policy *policy,
	const struct fp_attempt *attempt, uint64_t *random)
{
	struct fp_again again = {
		.how = retry_is_doubtful(policy, attempt) ? FP_AGAIN_DOUBT
							  : FP_AGAIN_NO,
		.why = attempt->cause,
	};
	int64_t asked_ns = attempt->retry_after_ns;
	int64_t left_ns = left_ns_of(policy, attempt);
	bool is_said = asked_ns >= 0;
	bool is_busy = is_refused(attempt);

	FP_ASSERT(attempt->n_attempts > 0);
	bool may = may_repeat(policy, attempt);
	if (!may && !is_busy && !is_said)
		return again;
	again.pauses_origin = is_busy || is_said;
	again.is_too_long =
		is_said &&
		asked_ns > FP_MIN(left_ns, retry_in_ns(policy->after_max_ms));
	again.wait_ns =
		backoff_ns(policy, attempt->n_attempts, is_busy, random);
	if (attempt->cause == FP_CAUSE_CONNECT ||
		attempt->cause == FP_CAUSE_DNS ||
		attempt->cause == FP_CAUSE_DNS_AGAIN)
		again.wait_ns = reach_ns(policy, attempt->n_attempts, random);
	if (is_said) {
		again.pause_ns = after_ns(asked_ns, left_ns, random);
		again.wait_ns =
			FP_MIN(again.wait_ns, FP_MAX(left_ns, again.pause_ns));
		again.wait_ns = FP_MAX(again.wait_ns, again.pause_ns);
	}
	if (may && !again.is_too_long && again.wait_ns <= left_ns) {
		if (attempt->n_attempts <= policy->max)
			again.how = is_said ? FP_AGAIN_FREE : FP_AGAIN_PAID;
		else if (is_busy || attempt->is_closed ||
			 attempt->refusal == FP_REFUSAL_DOUBT)
			again.how = FP_AGAIN_SPENT;
	}
	bool is_again =
		again.how == FP_AGAIN_PAID || again.how == FP_AGAIN_FREE;
	again.is_fresh = is_again && attempt->status == 421;
	if (!is_again && !again.pauses_origin)
		again.wait_ns = 0;
	return again;
}

/* ---- the budget ---- */

void
fp_budget_init(struct fp_budget *budget, unsigned jobs)
{
	budget->most = FP_MAX(BUDGET, (int64_t)jobs * BUDGET_PER_JOB);
	budget->left = budget->most;
}

bool
fp_budget_take(struct fp_budget *budget, bool is_timeout)
{
	int64_t cost = is_timeout ? COST_TIMEOUT : COST;

	if (budget->left < cost)
		return false;
	budget->left -= cost;
	return true;
}

void
fp_budget_success(struct fp_budget *budget)
{
	budget->left = FP_MIN(budget->left + 1, budget->most);
}
