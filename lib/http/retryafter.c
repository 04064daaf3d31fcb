/* SPDX-License-Identifier: MIT */
/*
 * A date says how long only together with a clock, and it should be the clock
 * of who wrote it. That is the response's Date, as long as it is sane: within
 * a day of ours, which leaves room for a clock that is an hour wrong or set to
 * local time. One that is further off is a server, or are we, without a clock
 * at all, or a Date that is no one's clock: made up, or kept from long ago.
 * Then it counts if it is closer than our clock to the date in question, since
 * both were written by the same hand.
 */
#include "base.h"

#include "retryafter.h"

#include "ascii.h"
#include "units.h"

#include <string.h>
#include <strings.h>

#define SANE_NS (86400 * FP_NS_PER_S)

/* Clocks that differ by no more are one: a Date is cut down to seconds, and on
 * its way for a while. */
#define SAME_NS (2 * FP_NS_PER_S)

#define AT_2050_S INT64_C(2524608000)

void
fp_retryafter_reset(struct fp_retryafter *hints)
{
	*hints = (struct fp_retryafter){.after_s = -1};
	fp_quota_reset(&hints->quota);
}

/* ---- fields ---- */

/* Years of two digits are compared as if it was 2050, all within a century:
 * which one it is depends on the time, which is not known here. */
static void
keep_latest(struct fp_httpdate *latest, const struct fp_httpdate *date)
{
	if (latest->month == 0 || fp_httpdate_unix_s(date, AT_2050_S) >
					  fp_httpdate_unix_s(latest, AT_2050_S))
		*latest = *date;
}

static void
retryafter_take_after(struct fp_retryafter *hints, struct fp_text value)
{
	struct fp_httpdate date;
	uint64_t n;

	if (fp_ascii_are_digits(value)) {
		/* More digits than fit are a large number all the same. */
		if (fp_units_digits(value.data, value.len, &n) ||
			n > FP_RETRYAFTER_MAX_S)
			n = FP_RETRYAFTER_MAX_S;
		hints->after_s = FP_MAX(hints->after_s, (int64_t)n);
	} else if (fp_httpdate_parse(value.data, value.len, &date) == 0) {
		keep_latest(date.is_short ? &hints->after_short
					  : &hints->after_date,
			&date);
	} else {
		hints->is_malformed = true;
	}
}

/* The response's own Date; month 0: there is none. */
static struct fp_httpdate
own_date(const struct fp_retryafter *hints)
{
	struct fp_httpdate date = hints->date;

	fp_httpdate_parse(hints->date_text, hints->date_len, &date);
	return date;
}

/* Every response has one, and hardly any needs it. */
static void
retryafter_take_date(struct fp_retryafter *hints, struct fp_text value)
{
	if (value.len > sizeof(hints->date_text))
		return;
	if (hints->date_len > 0)
		hints->date = own_date(hints);
	memcpy(hints->date_text, value.data, value.len);
	hints->date_len = value.len;
}

static bool
retryafter_is_named(struct fp_text name, const char *as)
{
	return strncasecmp(name.data, as, name.len) == 0;
}

void
fp_retryafter_field(
	struct fp_retryafter *hints, struct fp_text name, struct fp_text value)
{
	/* Their lengths tell them apart; most names have none of these. */
	switch (name.len) {
	case 4:
		if (retryafter_is_named(name, "Date"))
			retryafter_take_date(hints, fp_ascii_trim(value));
		break;
	case 9:
		if (retryafter_is_named(name, "RateLimit"))
			fp_quota_take_ratelimit(
				&hints->quota, fp_ascii_trim(value));
		break;
	case 11:
		if (retryafter_is_named(name, "Retry-After"))
			retryafter_take_after(hints, fp_ascii_trim(value));
		break;
	default:
		break;
	}
}

/* ---- how long ---- */

static int64_t
retryafter_distance(int64_t a, int64_t b)
{
	return a < b ? b - a : a - b;
}

/* From 1970 to as late as can be said. */
static int64_t
unix_ns(const struct fp_httpdate *date, int64_t wall_ns)
{
	int64_t s = fp_httpdate_unix_s(date, wall_ns / FP_NS_PER_S);

	return FP_MIN(FP_MAX(s, 0), FP_RETRYAFTER_MAX_S) * FP_NS_PER_S;
}

/* Dates and clocks are far from the ends of their type. */
int64_t
fp_retryafter_until_ns(
	const struct fp_retryafter *hints, int64_t date_ns, int64_t wall_ns)
{
	int64_t now_ns = FP_MAX(wall_ns, 0);
	struct fp_httpdate own = own_date(hints);

	date_ns = FP_MAX(date_ns, 0);
	if (own.month != 0) {
		int64_t sent_ns = unix_ns(&own, now_ns);
		int64_t off_ns = retryafter_distance(sent_ns, now_ns);
		if (off_ns > SAME_NS &&
			(off_ns <= SANE_NS ||
				retryafter_distance(sent_ns, date_ns) <
					retryafter_distance(now_ns, date_ns)))
			now_ns = sent_ns;
	}
	return FP_MAX(date_ns - now_ns, 0);
}

static int64_t
until(const struct fp_retryafter *hints, const struct fp_httpdate *date,
	int64_t wall_ns)
{
	if (date->month == 0)
		return -1;
	return fp_retryafter_until_ns(hints, unix_ns(date, wall_ns), wall_ns);
}

static int64_t
retryafter_in_ns(int64_t s)
{
	return s < 0 ? -1 : FP_MIN(s, FP_RETRYAFTER_MAX_S) * FP_NS_PER_S;
}

int64_t
fp_retryafter_wait_ns(const struct fp_retryafter *hints, int64_t wall_ns)
{
	int64_t date_ns = FP_MAX(until(hints, &hints->after_date, wall_ns),
		until(hints, &hints->after_short, wall_ns));

	return FP_MAX(date_ns, retryafter_in_ns(hints->after_s));
}

int64_t
fp_retryafter_quota_ns(const struct fp_retryafter *hints)
{
	return retryafter_in_ns(hints->quota.reset_s);
}
