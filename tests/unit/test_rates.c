/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "rates.h"
#include "tap.h"

#define HOUR_NS (3600 * FP_NS_PER_S)

static void
one(const char *text, uint64_t n, int64_t period_ns)
{
	struct fp_rates rates;
	bool is_it = fp_rates_parse(text, &rates) == 0 && rates.n == 1 &&
		     rates.all[0].n == n && rates.all[0].period_ns == period_ns;

	if (!is_it)
		printf("# %s\n", text);
	CHECK(is_it);
}

static void
single_rates(void)
{
	one("20/s", 20, FP_NS_PER_S);
	one("1/m", 1, 60 * FP_NS_PER_S);
	one("3/h", 3, HOUR_NS);
	one("5000/d", 5000, 24 * HOUR_NS);
	one("7/ms", 7, FP_NS_PER_MS);
	one("5/200ms", 5, 200 * FP_NS_PER_MS);
	one("5/15s", 5, 15 * FP_NS_PER_S);
	one("1/1.5h", 1, HOUR_NS * 3 / 2);
	one("1/366d", 1, 366 * 24 * HOUR_NS);
	one("18446744073709551615/s", UINT64_MAX, FP_NS_PER_S);
	one("0010/01s", 10, FP_NS_PER_S);
}

static void
several(void)
{
	struct fp_rates rates;

	CHECK(fp_rates_parse("2/s,100/m", &rates) == 0 && rates.n == 2);
	CHECK(rates.all[0].n == 2 && rates.all[0].period_ns == FP_NS_PER_S);
	CHECK(rates.all[1].n == 100);
	CHECK(rates.all[1].period_ns == 60 * FP_NS_PER_S);
	CHECK(fp_rates_parse("1/s,2/s,3/s,4/s,5/s,6/s,7/s,8/s", &rates) == 0);
	CHECK(rates.n == 8 && rates.all[7].n == 8);
}

static const struct {
	const char *text, *why;
} bad[] = {
	{"", "no rate given: write it like 20/s or 5/15s"},
	{"5/s,", "no rate given: write it like 20/s or 5/15s"},
	{",5/s", "no rate given: write it like 20/s or 5/15s"},
	{"1/s,,5/s", "no rate given: write it like 20/s or 5/15s"},
	{"5", "5 has no period: did you mean 5/s?"},
	{"5/", "5/ has no period: did you mean 5/s?"},
	{"1/s,5", "5 has no period: did you mean 5/s?"},
	{"5/15", "the period of 5/15 has no unit: did you mean 5/15s?"},
	{"0/s", "0/s would never allow a request"},
	{"fast", "fast is not like 20/s or 5/15s: a whole number, / and a "
		 "period"},
	{"/s", "/s is not like 20/s or 5/15s: a whole number, / and a period"},
	{"1/s,2/s,3/s,4/s,5/s,6/s,7/s,8/s,9/s", "more than 8 rates"},
	{"100/min", "the period of 100/min has an unknown unit: did you mean "
		    "100/m?"},
	{"1/s,9/2days", "the period of 9/2days has an unknown unit: did you "
			"mean 9/2d?"},
	{"5/15 secs", "the period of 5/15 secs has an unknown unit: did you "
		      "mean 5/15s?"},
	{"5/week", "the period of 5/week must be like s, m, h, d, 15s or "
		   "1.5h, from 1ms to 366d"},
	{"5/0s", "the period of 5/0s must be like s, m, h, d, 15s or 1.5h, "
		 "from 1ms to 366d"},
	{"a\tb\x1b[m\xc3\xa4", "a?b?[m?? is not like 20/s or 5/15s: a whole "
			       "number, / and a period"},
	{"a23456789012345678901234567890/s",
		"a23456789012345678901234 is not like 20/s or 5/15s: a whole "
		"number, / and a period"},
};

static void
what_is_none(void)
{
	static const char *const more[] = {"-1/s", "+1/s", " 1/s", "1 /s",
		"1/ s", "1/s ", "1.5/s", "1e3/s", "0x1/s", "5/s/s", "5//s",
		"18446744073709551616/s", "99999999999999999999999/s", "5/.5s",
		"5/-5s", "5/0.5ms", "5/367d", "5/1w", "5/S", "5/sec", "5/1.s",
		"5/99999999999999999999s", "5/1000000000000000000000000000001s",
		"5/1.0000000000000000000000000000001s", "5/s;1/m", "5/s, 1/m",
		"5/0ms", "5s", "s/5", "5/m5", "5/ms5s"};
	char why[200];
	struct fp_rates rates = {.n = 77};

	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		CHECK(fp_rates_parse(bad[i].text, &rates) == -1);
		fp_rates_why(bad[i].text, why, sizeof(why));
		CHECK_TEXT(why, bad[i].why);
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(more); i++) {
		bool is_refused = fp_rates_parse(more[i], &rates) == -1;
		if (!is_refused)
			printf("# %s\n", more[i]);
		CHECK(is_refused);
	}
	CHECK(rates.n == 77);
}

static void
check_share(const char *text, unsigned share, uint64_t n, int64_t period_ns)
{
	struct fp_rates rates;

	CHECK(fp_rates_parse(text, &rates) == 0);
	fp_rates_share(&rates, share);
	CHECK(rates.n == 1 && rates.all[0].n == n &&
		rates.all[0].period_ns == period_ns);
}

static void
shares(void)
{
	check_share("20/s", 1, 20, FP_NS_PER_S);
	check_share("20/s", 4, 5, FP_NS_PER_S);
	check_share("20/s", 3, 6, FP_NS_PER_S);
	check_share("20/s", 20, 1, FP_NS_PER_S);
	check_share("2/s", 3, 1, FP_NS_PER_S * 3 / 2);
	check_share("1/s", 7, 1, 7 * FP_NS_PER_S);
	check_share("3/s", 7, 1, 2333333334);
	check_share("6/s", 7, 1, 1166666667);
	check_share("1/366d", 4000000000, 1, FP_RATES_PERIOD_MAX_NS);
	check_share("3999999999/366d", 4000000000, 1, 31622400007905601);
}

static void
check_print(const char *text, const char *expected)
{
	struct fp_rates rates;
	char printed[FP_RATES_TEXT_SIZE];

	CHECK(fp_rates_parse(text, &rates) == 0);
	fp_rates_print(&rates, printed, sizeof(printed));
	CHECK_TEXT(printed, expected);
}

static void
prints(void)
{
	struct fp_rates rates = {.n = FP_RATES_MAX};
	char text[FP_RATES_TEXT_SIZE];

	check_print("20/s", "20/s");
	check_print("20/1000ms,5/15s", "20/s,5/15s");
	check_print("1/1.5h,3/24h,4/7ms", "1/90m,3/d,4/7ms");

	for (size_t i = 0; i < FP_RATES_MAX; i++) {
		rates.all[i].n = UINT64_MAX;
		rates.all[i].period_ns = FP_RATES_PERIOD_MAX_NS;
	}
	fp_rates_print(&rates, text, sizeof(text));
	CHECK(strlen(text) < sizeof(text) - 1);
	CHECK(strlen(text) % FP_RATES_MAX == FP_RATES_MAX - 1);
	fp_rates_print(&rates, text, 10);
	CHECK_TEXT(text, "184467440");
	rates.n = 0;
	fp_rates_print(&rates, text, sizeof(text));
	CHECK_TEXT(text, "");
}

static void
order(void)
{
	struct fp_rates a, b;

	CHECK(fp_rates_parse("9/m,2/s,8/m,1/h", &a) == 0);
	CHECK(fp_rates_parse("1/h,8/m,9/m,2/s", &b) == 0);
	fp_rates_sort(&a);
	fp_rates_sort(&b);
	CHECK(memcmp(a.all, b.all, 4 * sizeof(a.all[0])) == 0);
	CHECK(a.all[0].n == 2 && a.all[1].n == 8 && a.all[3].n == 1);
}

static unsigned
random_below(unsigned n)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(seed >> 33) % n;
}

/* Any bytes, or what lists are made of. */
static void
random_text(char *text, size_t size)
{
	static const char *const parts[] = {"1", "20", "0", "5000", "/", "/",
		"/", ",", ",", "s", "ms", "m", "h", "d", ".", "1.5", "/s",
		"/15s", "99999999999"};
	size_t len = 0;

	if (random_below(4) == 0) {
		for (len = random_below((unsigned)size); len > 0; len--)
			*text++ = (char)(1 + random_below(255));
		*text = '\0';
		return;
	}
	text[0] = '\0';
	for (unsigned n = random_below(6); n > 0 && len < size - 12; n--) {
		strcpy(text + len, parts[random_below(FP_ARRAY_LEN(parts))]);
		len += strlen(text + len);
	}
}

/* Whatever is taken is sound, and is the same when it is written out. */
static void
random_texts(void)
{
	unsigned n_taken = 0;

	for (unsigned round = 0; round < 300000; round++) {
		char text[64], printed[FP_RATES_TEXT_SIZE], why[200];
		struct fp_rates rates, again;

		random_text(text, sizeof(text));
		fp_rates_why(text, why, 1 + round % sizeof(why));
		if (fp_rates_parse(text, &rates))
			continue;
		n_taken++;
		fp_rates_print(&rates, printed, sizeof(printed));
		CHECK(fp_rates_parse(printed, &again) == 0);
		CHECK(again.n == rates.n);
		CHECK(memcmp(again.all, rates.all,
			      rates.n * sizeof(rates.all[0])) == 0);
	}
	CHECK(n_taken > 1000);
}

int
main(void)
{
	run("a rate is a number, a slash and a period", single_rates);
	run("several rates in one list", several);
	run("what is none, and why", what_is_none);
	run("a share of a rate", shares);
	run("rates as text", prints);
	run("one order of the same rates", order);
	run("any bytes at all", random_texts);
	return done();
}
