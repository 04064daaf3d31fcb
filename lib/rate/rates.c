/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "rates.h"

#include "ascii.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PERIOD_MAX_LEN 31 /* characters that a period can be written with */
#define QUOTED_MAX_LEN 24 /* characters of a text in a message */

static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {
	{"d", 24 * 3600 * FP_NS_PER_S},
	{"h", 3600 * FP_NS_PER_S},
	{"m", 60 * FP_NS_PER_S},
	{"s", FP_NS_PER_S},
	{"ms", FP_NS_PER_MS},
};

/* What can be wrong with a list. */
enum fault {
	FAULT_NONE,
	FAULT_EMPTY,
	FAULT_TOO_MANY,
	FAULT_NUMBER, /* it does not begin with one */
	FAULT_ZERO,
	FAULT_NO_PERIOD,
	FAULT_NO_UNIT,
	FAULT_PERIOD,
};

/* "s" or "1.5s". */
static enum fault
parse_period(const char *text, size_t len, int64_t *period_ns)
{
	char number[PERIOD_MAX_LEN + 2];
	uint64_t period_ms;

	if (len == 0)
		return FAULT_NO_PERIOD;
	if (len > PERIOD_MAX_LEN)
		return FAULT_PERIOD;
	if (fp_ascii_is_digit(text[len - 1]))
		return FAULT_NO_UNIT;
	bool is_unit = fp_ascii_is_lower(text[0]);
	snprintf(number, sizeof(number), "%s%.*s", is_unit ? "1" : "", (int)len,
		text);
	if (fp_units_duration(number, &period_ms) || period_ms < 1)
		return FAULT_PERIOD;
	*period_ns = (int64_t)period_ms * FP_NS_PER_MS;
	return FAULT_NONE;
}

static enum fault
parse_rate(const char *text, size_t len, struct fp_rate *rate)
{
	const char *slash = memchr(text, '/', len);
	size_t number_len = slash ? (size_t)(slash - text) : len;

	if (len == 0)
		return FAULT_EMPTY;
	if (fp_units_digits(text, number_len, &rate->n))
		return FAULT_NUMBER;
	if (!slash)
		return FAULT_NO_PERIOD;
	if (rate->n == 0)
		return FAULT_ZERO;
	return parse_period(slash + 1, len - number_len - 1, &rate->period_ns);
}

/* "100/min", "5/15 secs", "1000/day": the unit begins like one of ours. */
static bool
rates_guess_unit(const char *rate, char *why, size_t why_size)
{
	static const char *const written[][2] = {{"ms", "ms"}, {"mil", "ms"},
		{"s", "s"}, {"m", "m"}, {"h", "h"}, {"d", "d"}};
	size_t at = strcspn(rate, "/");

	at += rate[at] == '/';
	at += strspn(rate + at, "0123456789.");
	const char *unit = rate + at + strspn(rate + at, " ");
	if (unit[strspn(unit, "abcdefghijklmnopqrstuvwxyz")] != '\0')
		return false;
	for (size_t i = 0; i < FP_ARRAY_LEN(written); i++) {
		size_t len = strlen(written[i][0]);
		if (strncmp(unit, written[i][0], len) != 0 || unit[len] == '\0')
			continue;
		snprintf(why, why_size,
			"the period of %s has an unknown unit: did you mean "
			"%.*s%s?",
			rate, (int)at, rate, written[i][1]);
		return true;
	}
	return false;
}

/* *bad, *bad_len: the rate that has the fault. */
static enum fault
rates_parse(const char *text, struct fp_rates *rates, const char **bad,
	size_t *bad_len)
{
	rates->n = 0;
	for (;; text++) {
		struct fp_rate rate;
		size_t len = strcspn(text, ",");
		enum fault fault = parse_rate(text, len, &rate);

		*bad = text;
		*bad_len = len;
		if (fault)
			return fault;
		if (rates->n == FP_RATES_MAX)
			return FAULT_TOO_MANY;
		rates->all[rates->n++] = rate;
		text += len;
		if (!*text)
			return FAULT_NONE;
	}
}

int
fp_rates_parse(const char *text, struct fp_rates *rates)
{
	struct fp_rates parsed;
	const char *bad;
	size_t bad_len;

	if (rates_parse(text, &parsed, &bad, &bad_len))
		return -1;
	*rates = parsed;
	return 0;
}

void
fp_rates_why(const char *text, char *why, size_t why_size)
{
	struct fp_rates rates;
	char rate[QUOTED_MAX_LEN + 1];
	const char *bad;
	size_t len;
	enum fault fault = rates_parse(text, &rates, &bad, &len);

	snprintf(rate, sizeof(rate), "%.*s",
		(int)FP_MIN(len, (size_t)QUOTED_MAX_LEN), bad);
	if (memchr(bad, '@', len)) /* a login, which may have been cut */
		snprintf(rate, sizeof(rate), "this");
	for (char *c = rate; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	switch (fault) {
	case FAULT_NONE:
		snprintf(why, why_size, "nothing is wrong");
		break;
	case FAULT_EMPTY:
		snprintf(why, why_size,
			"no rate given: write it like 20/s or 5/15s");
		break;
	case FAULT_TOO_MANY:
		snprintf(why, why_size, "more than %d rates", FP_RATES_MAX);
		break;
	case FAULT_NUMBER:
		snprintf(why, why_size,
			"%s is not like 20/s or 5/15s: a whole number, / and a "
			"period",
			rate);
		break;
	case FAULT_ZERO:
		snprintf(why, why_size, "%s would never allow a request", rate);
		break;
	case FAULT_NO_PERIOD:
		snprintf(why, why_size,
			"%s has no period: did you mean %.*s/s?", rate,
			(int)strcspn(rate, "/"), rate);
		break;
	case FAULT_NO_UNIT:
		snprintf(why, why_size,
			"the period of %s has no unit: did you mean %ss?", rate,
			rate);
		break;
	case FAULT_PERIOD:
		if (rates_guess_unit(rate, why, why_size))
			break;
		snprintf(why, why_size,
			"the period of %s must be like s, m, h, d, 15s or 1.5h, "
			"from 1ms to 366d",
			rate);
		break;
	}
}

/* A period of n that becomes one of 1 for one of `share`, rounded up. */
static int64_t
stretch(int64_t period_ns, uint64_t n, unsigned share)
{
	uint64_t whole = (uint64_t)period_ns / n;
	uint64_t rest = (uint64_t)period_ns % n; /* < n < share */

	if (whole >= (uint64_t)FP_RATES_PERIOD_MAX_NS / share)
		return FP_RATES_PERIOD_MAX_NS;
	return (int64_t)(whole * share + (rest * share + n - 1) / n);
}

void
fp_rates_share(struct fp_rates *rates, unsigned share)
{
	FP_ASSERT(share > 0);
	for (size_t i = 0; i < rates->n; i++) {
		struct fp_rate *rate = &rates->all[i];
		if (rate->n >= share) {
			rate->n /= share;
			continue;
		}
		rate->period_ns = stretch(rate->period_ns, rate->n, share);
		rate->n = 1;
	}
}

static int
rates_compare(const void *a, const void *b)
{
	const struct fp_rate *x = a, *y = b;

	if (x->period_ns != y->period_ns)
		return x->period_ns < y->period_ns ? -1 : 1;
	return x->n < y->n ? -1 : x->n > y->n;
}

void
fp_rates_sort(struct fp_rates *rates)
{
	qsort(rates->all, rates->n, sizeof(rates->all[0]), rates_compare);
}

/* The period in the largest unit that it is a multiple of; else in ms. */
static void
print_period(int64_t period_ns, char *text, size_t size)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(units); i++) {
		const struct unit *unit = &units[i];
		int64_t n = period_ns / unit->ns;
		if (period_ns % unit->ns != 0 || n == 0)
			continue;
		if (n == 1)
			snprintf(text, size, "%s", unit->name);
		else
			snprintf(text, size, "%" PRId64 "%s", n, unit->name);
		return;
	}
	snprintf(
		text, size, "%.3fms", (double)period_ns / (double)FP_NS_PER_MS);
}

void
fp_rates_print(const struct fp_rates *rates, char *text, size_t size)
{
	size_t len = 0;

	if (size > 0)
		text[0] = '\0';
	for (size_t i = 0; i < rates->n && len < size; i++) {
		char period[32];
		print_period(rates->all[i].period_ns, period, sizeof(period));
		int n = snprintf(text + len, size - len, "%s%" PRIu64 "/%s",
			i > 0 ? "," : "", rates->all[i].n, period);
		FP_ASSERT(n > 0);
		len += (size_t)n;
	}
}
