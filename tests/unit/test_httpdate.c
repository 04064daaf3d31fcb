/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "httpdate.h"
#include "random.h"
#include "tap.h"

/* 2026-11-21 12:00:00 */
#define NOW_S INT64_C(1795262400)

#define DAY_S INT64_C(86400)
#define NO_DATE INT64_MIN

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* In a block of just its size, so that a sanitizer sees one byte too many. */
static int
parse(const char *text, size_t len, struct fp_httpdate *date)
{
	char *block = malloc(len ? len : 1);

	if (!block)
		abort();
	memcpy(block, text, len);
	int result = fp_httpdate_parse(block, len, date);
	free(block);
	return result;
}

static int64_t
unix_s_at(const char *text, int64_t now_s)
{
	struct fp_httpdate date;

	if (parse(text, strlen(text), &date))
		return NO_DATE;
	return fp_httpdate_unix_s(&date, now_s);
}

static int64_t
unix_s(const char *text)
{
	return unix_s_at(text, NOW_S);
}

static void
three_forms(void)
{
	CHECK(unix_s("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
	CHECK(unix_s("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
	CHECK(unix_s("Sun Nov  6 08:49:37 1994") == 784111777);
	CHECK(unix_s("Sun Nov 06 08:49:37 1994") == 784111777);
	CHECK(unix_s("Wed Nov 16 08:49:37 1994") == 784975777);
	CHECK(unix_s("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
	CHECK(unix_s("Wed, 31 Dec 1969 23:59:59 GMT") == -1);
	CHECK(unix_s("Tue, 19 Jan 2038 03:14:08 GMT") == INT64_C(1) << 31);
	CHECK(unix_s("Sat, 01 Jan 0000 00:00:00 GMT") == INT64_C(-62167219200));
	CHECK(unix_s("Fri, 31 Dec 9999 23:59:59 GMT") == INT64_C(253402300799));
	CHECK(unix_s("Sat, 21 Nov 2026 12:00:00 GMT") == NOW_S);
	/* The day of the week is not that of the date, but is one. */
	CHECK(unix_s("Mon, 21 Nov 2026 12:00:00 GMT") == NOW_S);
}

static void
other_forms(void)
{
	static const char *const texts[] = {"", " ", "0", "120", "-1", "GMT",
		"Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 gmt",
		"Sun, 06 Nov 1994 08:49:37 +0000",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		" Sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06  Nov 1994 08:49:37 GMT",
		"Sun,06 Nov 1994 08:49:37 GMT", "Sun 06 Nov 1994 08:49:37 GMT",
		"Sun, 6 Nov 1994 08:49:37 GMT", "Sun,  6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
		"Sun, 06 Nov 1994 08:49 GMT", "Sun, 06-Nov-1994 08:49:37 GMT",
		"Sunday, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sunday, 6-Nov-94 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
		"sun, 06 Nov 1994 08:49:37 GMT",
		"SUN, 06 NOV 1994 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Xyz, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Xyz 1994 08:49:37 GMT",
		"Son, 06 Nov 1994 08:49:37 GMT", "06 Nov 1994 08:49:37 GMT",
		"Nov 06 1994", "Sun Nov 6 08:49:37 1994",
		"Sun Nov   6 08:49:37 1994", "Sun Nov  6 08:49:37 94",
		"Sun Nov  6 08:49:37 1994 GMT", "Sun Nov  6 08:49:37 GMT 1994",
		"Sun Nov  6 08:49:37 1994\n", "1994-11-06T08:49:37Z",
		"1994-11-06 08:49:37", "2026-11-21T12:00:00+00:00", "784111777",
		"1.5", "3 minutes", "Sun, 06 Nov 1994 08.49.37 GMT",
		"Sun, 06 Nov 1994 08:49:-7 GMT",
		"Sun, 06 Nov +994 08:49:37 GMT",
		"Sun, 06 Nov  994 08:49:37 GMT"};

	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		struct fp_httpdate date = {.month = 77};
		CHECK(parse(texts[i], strlen(texts[i]), &date) == -1);
		CHECK(date.month == 77);
		if (unix_s(texts[i]) != NO_DATE)
			printf("# %s\n", texts[i]);
	}
}

static void
days_that_exist(void)
{
	CHECK(unix_s("Thu, 29 Feb 2024 00:00:00 GMT") == 1709164800);
	CHECK(unix_s("Fri, 01 Mar 2024 00:00:00 GMT") == 1709251200);
	CHECK(unix_s("Tue, 29 Feb 2000 00:00:00 GMT") == 951782400);
	CHECK(unix_s("Wed, 29 Feb 2023 00:00:00 GMT") == NO_DATE);
	CHECK(unix_s("Thu, 29 Feb 1900 00:00:00 GMT") == NO_DATE);
	CHECK(unix_s("Mon, 29 Feb 2100 00:00:00 GMT") == NO_DATE);
	CHECK(unix_s("Fri, 30 Feb 2024 00:00:00 GMT") == NO_DATE);
	CHECK(unix_s("Tuesday, 29-Feb-00 00:00:00 GMT") == 951782400);
	CHECK(unix_s("Monday, 29-Feb-27 00:00:00 GMT") == NO_DATE);
	CHECK(unix_s("Mon Feb 29 00:00:00 2027") == NO_DATE);
	CHECK(unix_s("Sat, 00 Jan 2022 00:00:00 GMT") == NO_DATE);
	CHECK(unix_s("Sun Nov  0 08:49:37 1994") == NO_DATE);
	CHECK(unix_s("Sat, 31 Apr 2022 00:00:00 GMT") == NO_DATE);
	CHECK(unix_s("Sat, 32 Jan 2022 00:00:00 GMT") == NO_DATE);
	CHECK(unix_s("Sat, 99 Jan 2022 00:00:00 GMT") == NO_DATE);
}

static void
times_that_exist(void)
{
	CHECK(unix_s("Sat, 01 Jan 2022 23:59:59 GMT") == 1641081599);
	CHECK(unix_s("Sat, 01 Jan 2022 24:00:00 GMT") == NO_DATE);
	CHECK(unix_s("Sat, 01 Jan 2022 00:60:00 GMT") == NO_DATE);
	CHECK(unix_s("Sat, 01 Jan 2022 00:00:61 GMT") == NO_DATE);
	CHECK(unix_s("Sat, 31 Dec 2016 23:59:60 GMT") == 1483228800);
	CHECK(unix_s("Sun, 01 Jan 2017 00:00:00 GMT") == 1483228800);
	CHECK(unix_s("Saturday, 31-Dec-16 23:59:60 GMT") == 1483228800);
	CHECK(unix_s("Sat Dec 31 23:59:60 2016") == 1483228800);
}

/* The latest such year that is not more than 50 years ahead. */
static void
two_digits_of_a_year(void)
{
	static const char text_76[] = "Sunday, 21-Nov-76 12:00:00 GMT";
	static const char text_77[] = "Sunday, 21-Nov-77 12:00:00 GMT";
	const int64_t at_2076 = NOW_S + 18263 * DAY_S;
	const int64_t at_1977 = 248961600;
	const int64_t at_1976 = 217425600;

	CHECK(unix_s("Sunday, 21-Nov-26 12:00:00 GMT") == NOW_S);
	CHECK(unix_s("Sunday, 21-Nov-27 12:00:00 GMT") == NOW_S + 365 * DAY_S);
	CHECK(unix_s(text_76) == at_2076);
	CHECK(unix_s(text_77) == at_1977);
	CHECK(unix_s_at(text_77, NOW_S + 365 * DAY_S) == at_2076 + 365 * DAY_S);
	CHECK(unix_s_at(text_76, NOW_S - 1) == at_1976);
	CHECK(unix_s_at(text_76, 0) == at_1976);
	CHECK(unix_s_at("Sunday, 06-Nov-94 08:49:37 GMT", 0) == 784111777);

	/* From 2090 the year 05 is 2105, of which it says more. */
	CHECK(unix_s_at("Monday, 01-Jan-05 00:00:00 GMT", 3786912000) ==
		INT64_C(4260211200));
	/* Never one that overflows, whatever the clock says. */
	CHECK(unix_s_at(text_76, INT64_MAX) > 0);
	CHECK(unix_s_at(text_76, INT64_MIN) < 0);
}

/* Writes a date as it was read; the weekday is the text's own. */
static int
write_date(char *out, size_t size, const struct fp_httpdate *date, int form)
{
	const char *month = months + 3 * (date->month - 1);
	int s = date->second, hour = s / 3600, minute = s / 60 % 60;

	s %= 60;
	if (form == 0)
		return snprintf(out, size,
			", %02d %.3s %04d %02d:%02d:%02d GMT", date->day, month,
			date->year, hour, minute, s);
	if (form == 1)
		return snprintf(out, size,
			", %02d-%.3s-%02d %02d:%02d:%02d GMT", date->day, month,
			date->year, hour, minute, s);
	return snprintf(out, size,
		form == 2 ? " %.3s %2d %02d:%02d:%02d %04d"
			  : " %.3s %02d %02d:%02d:%02d %04d",
		month, date->day, hour, minute, s, date->year);
}

/* Each day of 400 years, after which it all comes again, counted here. */
static void
each_day(void)
{
	static const int of_month[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t at_s = 0;
	uint64_t random = fp_random_seed(1);

	for (int year = 1970; year < 2370; year++) {
		bool is_leap =
			(year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
		for (int month = 1; month <= 12; month++) {
			int n = of_month[month - 1] + (month == 2 && is_leap);
			for (int day = 1; day <= n; day++, at_s += DAY_S) {
				struct fp_httpdate date = {year, month, day,
					(int)fp_random_evenly(&random, 86399),
					false};
				int form = day % 3 ? 0 : 2 + day % 2;
				char text[64] = "Sun";
				write_date(text + 3, 60, &date, form);
				CHECK(unix_s(text) == at_s + date.second);
			}
		}
	}
	CHECK(at_s == INT64_C(12622780800));
}

/* What is taken for a date is one, and says what it says: written again it is
 * the same text. */
static bool
is_sound(const char *text, size_t len)
{
	struct fp_httpdate date;
	char again[64];

	if (parse(text, len, &date))
		return true;
	const char *comma = memchr(text, ',', len);
	size_t at = comma ? (size_t)(comma - text) : 3;
	for (int form = 0; form < 4; form++) {
		int n = write_date(again, sizeof(again), &date, form);
		if ((size_t)n == len - at &&
			memcmp(again, text + at, len - at) == 0)
			return date.is_short == (form == 1);
	}
	/* A leap second was written as the second after it. */
	return memcmp(text + len - (comma ? 6 : 7), "60", 2) == 0;
}

/* Each byte of each form replaced by each other, left out, or doubled. */
static void
one_byte_off(void)
{
	static const char *const texts[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
		"Wed Nov 16 08:49:37 1994", "Wed, 29 Feb 2023 00:00:00 GMT"};
	unsigned n_dates = 0;

	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		size_t len = strlen(texts[i]);
		for (size_t at = 0; at < len; at++) {
			char text[64];
			struct fp_httpdate date;
			CHECK(parse(texts[i], at, &date) == -1);
			for (int c = 0; c < 256; c++) {
				memcpy(text, texts[i], len);
				text[at] = (char)c;
				CHECK(is_sound(text, len));
				n_dates += parse(text, len, &date) == 0;
			}
			memcpy(text, texts[i], at + 1);
			memcpy(text + at + 1, texts[i] + at, len - at);
			CHECK(parse(text, len + 1, &date) == -1);
		}
	}
	/* As many as other digits make, and once each its own. */
	CHECK(n_dates > 300 && n_dates < 600);
}

static void
random_bytes(void)
{
	static const char alphabet[] = " ,-:0123456789SunMoayNvFebGMTJ";
	uint64_t random = fp_random_seed(3);

	for (int i = 0; i < 200000; i++) {
		char text[40];
		size_t len = fp_random_evenly(&random, sizeof(text) - 1);
		for (size_t j = 0; j < len; j++) {
			uint64_t r = fp_random_next(&random) >> 8;
			text[j] = i % 2 ? (char)r
					: alphabet[r % (sizeof(alphabet) - 1)];
		}
		CHECK(is_sound(text, len));
	}
}

int
main(void)
{
	run("the three forms", three_forms);
	run("no other form", other_forms);
	run("no day that no month has", days_that_exist);
	run("no time that no day has, but leap seconds", times_that_exist);
	run("two digits of a year", two_digits_of_a_year);
	run("each day of 400 years", each_day);
	run("what is one byte off says so or is no date", one_byte_off);
	run("random bytes", random_bytes);
	return done();
}
