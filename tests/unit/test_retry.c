/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "random.h"
#include "retry.h"
#include "tap.h"

#include <limits.h>

#define S FP_NS_PER_S

static struct fp_retry_policy policy;

/* Who is asking. */
static const struct {
	const char *what;
	bool is_idempotent, is_asserted, was_sent;
} requests[] = {
	{"GET, sent", true, false, true},
	{"GET, not sent", true, false, false},
	{"POST, sent", false, false, true},
	{"POST, not sent", false, false, false},
	{"POST --idempotent, sent", true, true, true},
	{"POST --idempotent, not sent", true, true, false},
};

/* The answer for each of them: y yes, n no, 1 once, r with a Retry-After. */
struct row {
	enum fp_cause cause;
	int status;
	const char *answers;
	bool pauses;
};

static const struct row rows[] = {
	{FP_CAUSE_NONE, 0, "nnnnnn", false},
	{FP_CAUSE_FINAL, 0, "nnnnnn", false},
	{FP_CAUSE_DNS, 0, "11n111", false},
	{FP_CAUSE_DNS_AGAIN, 0, "yynyyy", false},
	{FP_CAUSE_CONNECT, 0, "yynyyy", false},
	{FP_CAUSE_TIMEOUT, 0, "yynyyy", false},
	{FP_CAUSE_RESET, 0, "yynyyy", false},
	{FP_CAUSE_TLS_RESET, 0, "11n111", false},
	{FP_CAUSE_STATUS, 408, "yynyyy", false},
	{FP_CAUSE_STATUS, 413, "rrnrrr", false},
	{FP_CAUSE_STATUS, 421, "111111", false},
	{FP_CAUSE_STATUS, 425, "yynyyy", false},
	{FP_CAUSE_STATUS, 429, "yyyyyy", true},
	{FP_CAUSE_STATUS, 500, "yynyyy", false},
	{FP_CAUSE_STATUS, 502, "yynyyy", false},
	{FP_CAUSE_STATUS, 503, "yynyrr", true},
	{FP_CAUSE_STATUS, 504, "yynyyy", false},
	{FP_CAUSE_STATUS, 509, "yynyyy", true},
	{FP_CAUSE_STATUS, 520, "yynyyy", false},
	{FP_CAUSE_STATUS, 521, "yynyyy", false},
	{FP_CAUSE_STATUS, 522, "yynyyy", false},
	{FP_CAUSE_STATUS, 523, "yynyyy", false},
	{FP_CAUSE_STATUS, 524, "yynyyy", false},
	{FP_CAUSE_STATUS, 529, "yynyyy", true},
	{FP_CAUSE_STATUS, 530, "yynyyy", false},
};

static struct fp_attempt
attempt_of(size_t request, enum fp_cause cause, int status)
{
	return (struct fp_attempt){
		.cause = cause,
		.status = status,
		.was_sent = requests[request].was_sent,
		.is_idempotent = requests[request].is_idempotent,
		.is_asserted = requests[request].is_asserted,
		.n_attempts = 1,
		.n_cause = 1,
		.retry_after_ns = -1,
	};
}

static bool
goes_on(struct fp_again again)
{
	return again.how == FP_AGAIN_PAID || again.how == FP_AGAIN_FREE;
}

static struct fp_again
decide(const struct fp_attempt *attempt)
{
	uint64_t random = fp_random_seed(1);

	return fp_retry_decide(&policy, attempt, &random);
}

static bool
is_expected(char answer, const struct fp_attempt *attempt)
{
	return answer == 'y' || (answer == '1' && attempt->n_cause == 1) ||
	       (answer == 'r' && attempt->retry_after_ns >= 0);
}

/* Every request, the first time and the second, with and without a time. */
static void
check_row(const struct row *row)
{
	static const int64_t afters_ns[] = {-1, 0, 2 * S};

	for (unsigned i = 0; i < 6 * FP_ARRAY_LEN(requests); i++) {
		size_t request = i % FP_ARRAY_LEN(requests);
		struct fp_attempt attempt =
			attempt_of(request, row->cause, row->status);
		attempt.n_cause = 1 + i / 18;
		attempt.n_attempts = attempt.n_cause;
		attempt.retry_after_ns = afters_ns[i / 6 % 3];
		struct fp_again again = decide(&attempt);
		bool is_again = is_expected(row->answers[request], &attempt);
		bool is_said = attempt.retry_after_ns >= 0;
		bool pauses = row->pauses || is_said;

		CHECK(goes_on(again) == is_again);
		CHECK(again.pauses_origin == pauses);
		CHECK((again.pause_ns > 0) == is_said);
		CHECK(again.wait_ns >= again.pause_ns);
		CHECK(again.is_fresh == (is_again && row->status == 421));
		CHECK(!again.is_too_long);
		CHECK((again.wait_ns > 0) == (is_again || pauses));
		CHECK((again.how == FP_AGAIN_FREE) == (is_again && is_said));
		if (goes_on(again) != is_again)
			printf("# cause %d, status %d, %s, time %d\n",
				(int)row->cause, row->status,
				requests[request].what, (int)attempt.n_cause);
	}
}

static void
the_table(void)
{
	fp_retry_policy_init(&policy);
	for (size_t i = 0; i < FP_ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

/* What is in no row is final; what the user adds is like most rows. */
static void
other_statuses(void)
{
	bool is_in_table[FP_STATUS_MAX] = {false};

	for (size_t i = 0; i < FP_ARRAY_LEN(rows); i++)
		is_in_table[rows[i].status] = true;
	for (int status = 100; status < FP_STATUS_MAX; status++) {
		struct row row = {FP_CAUSE_STATUS, status, "nnnnnn", false};
		if (is_in_table[status])
			continue;
		fp_retry_policy_init(&policy);
		check_row(&row);
		CHECK(fp_retry_policy_parse(&policy, "100-999") == 0);
		row.answers = "yynyyy";
		check_row(&row);
	}
	for (int status = -1; status <= FP_STATUS_MAX; status++) {
		struct row row = {FP_CAUSE_STATUS, status, "nnnnnn", false};
		if (status < 0 || status == FP_STATUS_MAX)
			check_row(&row);
	}
}

/* A row whose word the user took away is final, and pauses all the same. */
static void
taken_away(void)
{
	static const char *const words[] = {
		[FP_CAUSE_DNS] = "!dns",
		[FP_CAUSE_DNS_AGAIN] = "!dns",
		[FP_CAUSE_CONNECT] = "!connect",
		[FP_CAUSE_TIMEOUT] = "!timeout",
		[FP_CAUSE_RESET] = "!reset",
		[FP_CAUSE_TLS_RESET] = "!reset",
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(rows); i++) {
		struct row row = rows[i];
		char text[16] = "!100-999";
		fp_retry_policy_init(&policy);
		if (row.cause < FP_ARRAY_LEN(words) && words[row.cause])
			snprintf(text, sizeof(text), "%s", words[row.cause]);
		CHECK(fp_retry_policy_parse(&policy, text) == 0);
		row.answers = "nnnnnn";
		check_row(&row);

		/* It is that word which makes the difference. */
		memmove(text, text + 1, strlen(text));
		CHECK(fp_retry_policy_parse(&policy, text) == 0);
		row.answers =
			row.cause == FP_CAUSE_DNS ? "yynyyy" : rows[i].answers;
		check_row(&row);
	}
}

static void
how_many(void)
{
	struct fp_attempt attempt = attempt_of(0, FP_CAUSE_STATUS, 500);

	for (unsigned max = 0; max < 5; max++) {
		fp_retry_policy_init(&policy);
		policy.max = max;
		for (unsigned n = 1; n < 8; n++) {
			attempt.n_attempts = attempt.n_cause = n;
			attempt.status = 500;
			struct fp_again again = decide(&attempt);
			CHECK(goes_on(again) == (n <= max));
			CHECK((again.wait_ns > 0) == (n <= max));

			/* The origin does not care who is tried again. */
			attempt.status = 503;
			again = decide(&attempt);
			CHECK(goes_on(again) == (n <= max));
			CHECK(again.pauses_origin && again.wait_ns > 0);

			attempt.status = 421;
			attempt.n_cause = 1;
			again = decide(&attempt);
			CHECK(goes_on(again) == (n <= max));
			CHECK(again.is_fresh == (n <= max));
		}
	}
	fp_retry_policy_init(&policy);
	attempt.n_attempts = UINT_MAX;
	CHECK(!goes_on(decide(&attempt)));
	policy.max = UINT_MAX;
	CHECK(goes_on(decide(&attempt)));
}

/* What was refused for there were too many is like a 429, by any status. */
static void
refusals(void)
{
	static const int statuses[] = {400, 403, 404, 429};

	for (size_t i = 0; i < FP_ARRAY_LEN(statuses); i++) {
		for (size_t j = 0; j < FP_ARRAY_LEN(requests); j++) {
			struct fp_attempt attempt =
				attempt_of(j, FP_CAUSE_STATUS, statuses[i]);
			attempt.refusal = FP_REFUSAL_SAID;
			fp_retry_policy_init(&policy);
			struct fp_again again = decide(&attempt);
			CHECK(goes_on(again) && again.pauses_origin);
			attempt.n_attempts = 4;
			again = decide(&attempt);
			CHECK(again.how == FP_AGAIN_SPENT);
			CHECK(again.pauses_origin && again.wait_ns > 0);
			CHECK(fp_retry_policy_parse(&policy, "!429") == 0);
			again = decide(&attempt);
			CHECK(again.how == FP_AGAIN_NO);
		}
	}
}

/* "Once" is once for each cause, not for each item. */
static void
once_for_each(void)
{
	struct fp_attempt attempt = attempt_of(0, FP_CAUSE_DNS, 0);

	fp_retry_policy_init(&policy);
	attempt.n_attempts = 3;
	CHECK(goes_on(decide(&attempt)));
	attempt.n_cause = 2;
	CHECK(!goes_on(decide(&attempt)));
	CHECK(decide(&attempt).wait_ns == 0);

	/* But to name it means each time. */
	CHECK(fp_retry_policy_parse(&policy, "dns") == 0);
	CHECK(goes_on(decide(&attempt)));
	CHECK(fp_retry_policy_parse(&policy, "!dns") == 0);
	CHECK(!goes_on(decide(&attempt)));
	attempt.cause = FP_CAUSE_STATUS;
	attempt.status = 421;
	attempt.n_cause = 1;
	CHECK(goes_on(decide(&attempt)) && decide(&attempt).is_fresh);
	attempt.n_cause = 2;
	CHECK(!goes_on(decide(&attempt)) && !decide(&attempt).is_fresh);
}

static void
defaults(void)
{
	unsigned n = 0;

	fp_retry_policy_init(&policy);
	CHECK(policy.max == 3);
	CHECK(policy.delay_ms == 500 && policy.max_delay_ms == 30000);
	CHECK(policy.max_time_ms == 900000 && policy.after_max_ms == 600000);
	CHECK(policy.on_timeout && policy.on_connect);
	CHECK(policy.on_dns && policy.on_reset && !policy.is_idempotent);
	for (int status = 0; status < FP_STATUS_MAX; status++)
		n += policy.on_status[status];
	CHECK(n == 17);
}

/* Whether the list leads to these: T timeout, C connect, D dns, R reset, and
 * these statuses more or less than the default ones. */
static bool
leads_to(const char *text, const char *words, int low, int high, bool is_on)
{
	struct fp_retry_policy before;

	fp_retry_policy_init(&before);
	policy = before;
	if (fp_retry_policy_parse(&policy, text))
		return false;
	for (int status = 0; status < FP_STATUS_MAX; status++) {
		bool is_changed = status >= low && status <= high;
		if (policy.on_status[status] !=
			(is_changed ? is_on : before.on_status[status]))
			return false;
	}
	return policy.on_timeout == !!strchr(words, 'T') &&
	       policy.on_connect == !!strchr(words, 'C') &&
	       policy.on_dns == !!strchr(words, 'D') &&
	       policy.on_reset == !!strchr(words, 'R') && policy.max == 3 &&
	       policy.delay_ms == 500;
}

static void
lists(void)
{
	CHECK(leads_to("404", "TCDR", 404, 404, true));
	CHECK(leads_to("!503", "TCDR", 503, 503, false));
	CHECK(leads_to("5xx", "TCDR", 500, 599, true));
	CHECK(leads_to("!5xx", "TCDR", 500, 599, false));
	CHECK(leads_to("400-404", "TCDR", 400, 404, true));
	CHECK(leads_to("!400-430", "TCDR", 400, 430, false));
	CHECK(leads_to("!timeout", "CDR", 0, -1, true));
	CHECK(leads_to("!connect", "TDR", 0, -1, true));
	CHECK(leads_to("!dns", "TCR", 0, -1, true));
	CHECK(leads_to("!reset", "TCD", 0, -1, true));
	CHECK(leads_to("!timeout,!connect,!dns,!reset", "", 0, -1, true));
	CHECK(leads_to("!dns,404,!timeout", "CR", 404, 404, true));
	CHECK(leads_to("timeout,connect,dns,reset", "TCDR", 0, -1, true));
	CHECK(leads_to("100-999", "TCDR", 100, 999, true));
	CHECK(leads_to("!100-999", "TCDR", 100, 999, false));

	/* One after the other: the last one that names it counts. */
	CHECK(leads_to("!5xx,500-599", "TCDR", 500, 599, true));
	CHECK(leads_to("500-599,!5xx", "TCDR", 500, 599, false));
	CHECK(leads_to("!dns,dns", "TCDR", 0, -1, true));
	CHECK(leads_to("404,!404", "TCDR", 404, 404, false));
	CHECK(leads_to("5xx,!500-509,!51x", "", 0, -1, true) == false);
	CHECK(leads_to("!5xx", "TCDR", 500, 599, false) &&
		fp_retry_policy_parse(&policy, "503") == 0 &&
		policy.on_status[503] && !policy.on_status[500]);
}

static void
no_lists(void)
{
	static const char *const texts[] = {"", ",", "404,", ",404", "404,,405",
		"!", "!!404", "404!", "4", "40", "099", "1000", "4040", "-404",
		"404-", "404-400", "4x", "4xxx", "0xx", "xxx", "!xx", " 404",
		"404 ", "404, 405", "Timeout", "TIMEOUT", "timeouts", "time",
		"dn", "dnss", "reset ", "! dns", "all", "none", "404;405",
		"tls", "4xx,!dns,nonsense", "nonsense,4xx", "+404"};
	struct fp_retry_policy before;

	fp_retry_policy_init(&before);
	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		policy = before;
		CHECK(fp_retry_policy_parse(&policy, texts[i]) == -1);
		CHECK(memcmp(&policy, &before, sizeof(policy)) == 0);
	}
}

static void
random_lists(void)
{
	static const char *const words[] = {"404", "!", ",", "5xx", "-", "dns",
		"timeout", "connect", "reset", ",", "!", "\x80", "0", "x"};
	uint64_t random = fp_random_seed(9);
	unsigned n_lists = 0;

	fp_retry_policy_init(&policy);
	for (int i = 0; i < 50000; i++) {
		struct fp_retry_policy before = policy;
		char text[64] = "";
		for (uint64_t n = fp_random_evenly(&random, 6); n > 0; n--)
			strcat(text, words[fp_random_evenly(&random,
					     FP_ARRAY_LEN(words) - 1)]);
		char *copy = strdup(text);
		if (!copy)
			abort();
		if (fp_retry_policy_parse(&policy, copy) == 0)
			n_lists++;
		else
			CHECK(memcmp(&policy, &before, sizeof(policy)) == 0);
		free(copy);
	}
	CHECK(n_lists > 1000 && n_lists < 40000);
}

int
main(void)
{
	run("refusals by other statuses", refusals);
	run("what is tried again, and for whom", the_table);
	run("other statuses only if asked for", other_statuses);
	run("what was taken away is final", taken_away);
	run("how many times", how_many);
	run("once is once for each cause", once_for_each);
	run("the defaults", defaults);
	run("lists of what is tried again", lists);
	run("what is no such list changes nothing", no_lists);
	run("random lists", random_lists);
	return done();
}
