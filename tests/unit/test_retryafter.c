/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "random.h"
#include "retryafter.h"
#include "tap.h"

/* 2026-11-21 12:00:00 */
#define NOW_S INT64_C(1795262400)
#define NOW_NS (NOW_S * FP_NS_PER_S)

#define DATE "Date: Sat, 21 Nov 2026 12:00:00 GMT\n"
#define AFTER "Retry-After: "
#define S FP_NS_PER_S

static struct fp_retryafter hints;

/* Gives a field whose parts are in blocks of just their sizes. */
static void
give(const char *name, size_t name_len, const char *value, size_t len)
{
	char *its_name = tap_copy(name, name_len);
	char *its_value = tap_copy(value, len);

	fp_retryafter_field(&hints, (struct fp_text){its_name, name_len},
		(struct fp_text){its_value, len});
	free(its_name);
	free(its_value);
}

/* "Name:value\n" each. */
static void
head(const char *fields)
{
	fp_retryafter_reset(&hints);
	while (*fields) {
		size_t name_len = strcspn(fields, ":");
		size_t len = strcspn(fields, "\n");
		give(fields, name_len, fields + name_len + 1,
			len - name_len - 1);
		fields += len + 1;
	}
}

static int64_t
wait_at(const char *fields, int64_t wall_ns)
{
	head(fields);
	return fp_retryafter_wait_ns(&hints, wall_ns);
}

static int64_t
wait_of(const char *fields)
{
	return wait_at(fields, NOW_NS);
}

static void
seconds(void)
{
	static const struct {
		const char *fields;
		int64_t wait_ns;
		bool is_malformed;
	} cases[] = {
		{"", -1, false},
		{DATE, -1, false},
		{AFTER "0\n", 0, false},
		{AFTER "2\n", 2 * S, false},
		{AFTER "120\n", 120 * S, false},
		{AFTER "00120\n", 120 * S, false},
		{AFTER "\t 120 \t\n", 120 * S, false},
		{"Retry-After:120\n", 120 * S, false},
		{"retry-after: 120\n", 120 * S, false},
		{"RETRY-AFTER: 120\n", 120 * S, false},
		{AFTER "86400\n", 86400 * S, false},
		{AFTER "9223372035\n", 9223372035 * S, false},
		{AFTER "9223372036\n", 9223372036 * S, false},
		{AFTER "9223372037\n", 9223372036 * S, false},
		{AFTER "18446744073709551616\n", 9223372036 * S, false},
		{AFTER "100000000000000000000\n", 9223372036 * S, false},
		{AFTER "1.5\n", -1, true},
		{AFTER "3 minutes\n", -1, true},
		{AFTER "120, 30\n", -1, true},
		{AFTER "120,30\n", -1, true},
		{AFTER "2026-11-21T12:02:00Z\n", -1, true},
		{AFTER "\n", -1, true},
		{AFTER "  \t\n", -1, true},
		{AFTER "-5\n", -1, true},
		{AFTER "+5\n", -1, true},
		{AFTER "abc\n", -1, true},
		{AFTER "120s\n", -1, true},
		{AFTER "0x10\n", -1, true},
		{AFTER "1e3\n", -1, true},
		{AFTER "\"120\"\n", -1, true},
		{AFTER "12 0\n", -1, true},
		{AFTER "120;a=b\n", -1, true},
		{AFTER "\v120\n", -1, true},
		{AFTER "120\r\n", -1, true},
		{AFTER "\xd9\xa1\n", -1, true},
		{"Retry-Afte: 120\n", -1, false},
		{"Retry-After2: 120\n", -1, false},
		{"XRetry-Afte: 120\n", -1, false},
		{"Retry_After: 120\n", -1, false},
		{": 120\n", -1, false},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		CHECK(wait_of(cases[i].fields) == cases[i].wait_ns);
		CHECK(hints.is_malformed == cases[i].is_malformed);
		if (wait_of(cases[i].fields) != cases[i].wait_ns)
			printf("# %s\n", cases[i].fields);
	}
	fp_retryafter_reset(&hints);
	give("Retry-After", 11, "12\0", 3);
	CHECK(hints.is_malformed && hints.after_s == -1);
	give("Retry-\0fter", 11, "12", 2);
	CHECK(hints.after_s == -1);
	give("Retry-After", 11, "12", 2);
	CHECK(hints.after_s == 12);
}

static void
dates(void)
{
	CHECK(wait_of(DATE AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n") == 120 * S);
	CHECK(wait_of(AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n" DATE) == 120 * S);
	CHECK(wait_of(DATE AFTER "Saturday, 21-Nov-26 12:02:00 GMT\n") ==
		120 * S);
	CHECK(wait_of(DATE AFTER "Sat Nov 21 12:02:00 2026\n") == 120 * S);
	CHECK(wait_of(AFTER "\t Sat Nov 21 12:02:00 2026 \n") == 120 * S);
	CHECK(wait_of(DATE AFTER "Sat, 21 Nov 2026 12:00:00 GMT\n") == 0);
	CHECK(wait_of(DATE AFTER "Sat, 21 Nov 2026 11:59:59 GMT\n") == 0);
	CHECK(wait_of(DATE AFTER "Fri, 31 Dec 1999 23:59:59 GMT\n") == 0);
	CHECK(wait_of(DATE AFTER "Thu, 01 Jan 1970 00:00:00 GMT\n") == 0);
	CHECK(wait_of(DATE AFTER "Sunday, 06-Nov-94 08:49:37 GMT\n") == 0);
	CHECK(wait_of(AFTER "Fri, 31 Dec 9999 23:59:59 GMT\n") ==
		FP_RETRYAFTER_MAX_S * S - NOW_NS);
	CHECK(!hints.is_malformed);
	CHECK(wait_of(DATE AFTER "Sat, 21 Nov 2026 12:02:00\n") == -1);
	CHECK(hints.is_malformed);
	CHECK(wait_of(DATE AFTER "Mon, 30 Feb 2026 12:02:00 GMT\n") == -1);
	CHECK(hints.is_malformed);

	/* Our clock has fractions; it counts if theirs agrees, or is not told.
	 */
	CHECK(wait_at(AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n",
		      NOW_NS + S - 1) == 119 * S + 1);
	CHECK(wait_at(DATE AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n",
		      NOW_NS + S / 2) == 119 * S + S / 2);
	CHECK(wait_at(DATE AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n",
		      NOW_NS - 2 * S) == 122 * S);
	CHECK(wait_at(DATE AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n",
		      NOW_NS - 2 * S - 1) == 120 * S);
	CHECK(wait_at(AFTER "Saturday, 21-Nov-76 12:00:00 GMT\n", NOW_NS) ==
		18263 * 86400 * S);
	CHECK(wait_at(AFTER "Saturday, 21-Nov-76 12:00:00 GMT\n", NOW_NS - S) ==
		0);
}

/* Whose time it is: {the response's Date, Retry-After, the wait in s}. */
static void
clocks(void)
{
	static const struct {
		const char *date, *after;
		int64_t wait_s;
	} cases[] = {
		{"21 Nov 2026 12:00:00", "21 Nov 2026 12:02:00", 120},
		{"21 Nov 2026 13:00:00", "21 Nov 2026 13:02:00", 120},
		{"21 Nov 2026 11:00:00", "21 Nov 2026 11:02:00", 120},
		{"21 Nov 2026 11:00:00", "21 Nov 2026 11:58:00", 3480},
		{"20 Nov 2026 12:00:00", "20 Nov 2026 12:02:00", 120},
		{"22 Nov 2026 12:00:00", "22 Nov 2026 12:02:00", 120},
		{"20 Nov 2026 12:00:00", "21 Nov 2026 12:02:00", 86520},
		/* No clock has Date from; what we are told is by ours. */
		{"20 Nov 2026 11:59:59", "21 Nov 2026 12:02:00", 120},
		{"01 Jan 1970 00:00:00", "21 Nov 2026 12:02:00", 120},
		{"01 Jan 2000 00:00:00", "21 Nov 2026 12:02:00", 120},
		{"01 Jan 2040 00:00:00", "21 Nov 2026 12:02:00", 120},
		{"01 Jan 2040 00:00:00", "21 Nov 2026 11:58:00", 0},
		/* A clock that is wrong says how long all the same. */
		{"01 Jan 1970 00:10:00", "01 Jan 1970 00:12:00", 120},
		{"01 Jan 2040 00:00:00", "01 Jan 2040 00:02:00", 120},
		{"01 Jan 2040 00:00:00", "31 Dec 2039 23:59:00", 0},
	};
	char fields[200];

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		snprintf(fields, sizeof(fields),
			"Date: Sat, %s GMT\n" AFTER "Sat, %s GMT\n",
			cases[i].date, cases[i].after);
		CHECK(wait_of(fields) == cases[i].wait_s * S);
		if (wait_of(fields) != cases[i].wait_s * S)
			printf("# %s", fields);
	}
	/* Our own clock is wrong: the response has the right one. */
	CHECK(wait_at(DATE AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n", 0) ==
		120 * S);
	CHECK(wait_at(DATE AFTER "Saturday, 21-Nov-26 12:02:00 GMT\n",
		      NOW_NS - 3600 * S) == 120 * S);
	/* A Date in any form, and one that is none. */
	CHECK(wait_of("date: Saturday, 21-Nov-26 11:00:00 GMT\n" AFTER
		      "Sat, 21 Nov 2026 11:02:00 GMT\n") == 120 * S);
	CHECK(wait_of("Date: Sat Nov 21 11:00:00 2026 \n" AFTER
		      "Sat, 21 Nov 2026 11:02:00 GMT\n") == 120 * S);
	CHECK(wait_of("Date: 2026-11-21T11:00:00Z\n" AFTER
		      "Sat, 21 Nov 2026 12:02:00 GMT\n") == 120 * S);
	CHECK(!hints.is_malformed);
	/* No clock overflows. */
	CHECK(wait_at(DATE AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n",
		      INT64_MAX) == 120 * S);
	CHECK(wait_at(DATE AFTER "Saturday, 21-Nov-26 12:02:00 GMT\n",
		      INT64_MIN) >= 0);
}

static void
two_fields(void)
{
	CHECK(wait_of(AFTER "30\n" AFTER "120\n") == 120 * S);
	CHECK(wait_of(AFTER "120\n" AFTER "30\n") == 120 * S);
	CHECK(wait_of(AFTER "0\n" AFTER "0\n") == 0);
	CHECK(wait_of(AFTER "120\n" AFTER "abc\n") == 120 * S);
	CHECK(hints.is_malformed);
	CHECK(wait_of(AFTER "abc\n" AFTER "120\n") == 120 * S);
	CHECK(hints.is_malformed);
	CHECK(wait_of(AFTER "60\n" AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n") ==
		120 * S);
	CHECK(wait_of(AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n" AFTER "180\n") ==
		180 * S);
	CHECK(wait_of(AFTER "Sat, 21 Nov 2026 12:02:00 GMT\n" AFTER
			    "Sat, 21 Nov 2026 12:01:00 GMT\n") == 120 * S);
	CHECK(wait_of(AFTER "Saturday, 21-Nov-26 12:01:00 GMT\n" AFTER
			    "Sat, 21 Nov 2026 12:02:00 GMT\n") == 120 * S);
	CHECK(wait_of(AFTER "Saturday, 21-Nov-26 12:03:00 GMT\n" AFTER
			    "Saturday, 21-Nov-26 12:01:00 GMT\n" AFTER
			    "Sat, 21 Nov 2026 12:02:00 GMT\n") == 180 * S);
	CHECK(wait_of(AFTER "Saturday, 21-Nov-26 12:02:00 GMT\n" AFTER
			    "Thursday, 21-Nov-19 12:03:00 GMT\n") == 120 * S);
	CHECK(wait_of(AFTER "Thursday, 21-Nov-19 12:03:00 GMT\n" AFTER
			    "Saturday, 21-Nov-26 12:02:00 GMT\n") == 120 * S);
	CHECK(wait_of(AFTER "Sat, 21 Nov 2020 12:00:00 GMT\n" AFTER "1\n") ==
		1 * S);

	/* Of several Dates the last that is one, as a clock an hour fast says.
	 */
	CHECK(wait_of("Date: Sat, 21 Nov 2026 11:00:00 GMT\n"
		      "Date: Sat, 21 Nov 2026 13:00:00 GMT\nDate: now\n" AFTER
		      "Sat, 21 Nov 2026 13:02:00 GMT\n") == 120 * S);

	/* Each status line begins afresh. */
	head(DATE AFTER "abc\n" AFTER "120\n" AFTER "Sat Nov 21 12:02:00 2030\n"
			"RateLimit: \"a\";r=0;t=30\n");
	fp_retryafter_reset(&hints);
	CHECK(fp_retryafter_wait_ns(&hints, NOW_NS) == -1);
	CHECK(fp_retryafter_quota_ns(&hints) == -1);
	CHECK(!hints.is_malformed && hints.after_s == -1);
	CHECK(hints.date_len == 0 && hints.date.month == 0);
}

static int64_t
quota_of(const char *fields)
{
	head(fields);
	CHECK(fp_retryafter_wait_ns(&hints, NOW_NS) == -1);
	return fp_retryafter_quota_ns(&hints);
}

static void
quotas(void)
{
	CHECK(quota_of("") == -1);
	CHECK(quota_of("RateLimit: \"default\";r=0;t=30\n") == 30 * S);
	CHECK(quota_of("ratelimit:\t\"default\";r=0;t=30 \n") == 30 * S);
	CHECK(quota_of("RateLimit: \"default\";r=1;t=30\n") == -1);
	CHECK(quota_of("RateLimit: \"d\";r=0;t=999999999999999\n") ==
		FP_RETRYAFTER_MAX_S * S);
	/* Neither says anything about the other. */
	CHECK(wait_of(AFTER "5\nRateLimit: \"default\";r=0;t=30\n") == 5 * S);
	CHECK(fp_retryafter_quota_ns(&hints) == 30 * S);
}

static void
random_bytes(void)
{
	static const char *const names[] = {
		"Date", "RateLimit", "Retry-After", "Server"};
	static const char alphabet[] = "0123456789 :,-SatNovGMT\";rt=\t";
	uint64_t random = fp_random_seed(11);

	for (int i = 0; i < 100000; i++) {
		fp_retryafter_reset(&hints);
		for (int j = 0; j < 3; j++) {
			const char *name = names[fp_random_evenly(
				&random, FP_ARRAY_LEN(names) - 1)];
			char value[24];
			size_t len = fp_random_evenly(&random, sizeof(value));
			bool is_wild = fp_random_evenly(&random, 2) == 0;
			uint64_t most =
				fp_random_evenly(&random, sizeof(alphabet) - 2);
			for (size_t k = 0; k < len; k++)
				value[k] =
					is_wild ? (char)fp_random_next(&random)
						: alphabet[fp_random_evenly(
							  &random, most)];
			give(name, strlen(name), value, len);
		}
		int64_t wall_ns = (int64_t)fp_random_next(&random);
		int64_t wait_ns = fp_retryafter_wait_ns(&hints, wall_ns);
		int64_t quota_ns = fp_retryafter_quota_ns(&hints);
		CHECK(wait_ns >= -1 && quota_ns >= -1);
		CHECK(wait_ns <= FP_RETRYAFTER_MAX_S * S);
		CHECK(quota_ns <= FP_RETRYAFTER_MAX_S * S);
		/* None of these is long enough for a date. */
		CHECK(wait_ns == (hints.after_s < 0 ? -1 : hints.after_s * S));
	}
}

int
main(void)
{
	run("a number of seconds, and what is none", seconds);
	run("a date in any form", dates);
	run("whose clock a date is read by", clocks);
	run("of two fields the longer one", two_fields);
	run("a quota that is used up", quotas);
	run("random bytes", random_bytes);
	return done();
}
