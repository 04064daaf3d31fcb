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

#include "units.h"

#include <string.h>
#include <strings.h>

#define SANE_S INT64_C(86400)

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

static bool
is_all_digits(struct fp_text text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	return text.len > 0;
}

static void
take_after(struct fp_retryafter *hints, struct fp_text value)
{
	struct fp_httpdate date;
	uint64_t n;

	if (is_all_digits(value)) {
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

static bool
is_named(struct fp_text name, const char *as)
{
	return strncasecmp(name.data, as, name.len) == 0;
}

static struct fp_text
trim(struct fp_text text)
{
	while (text.len > 0 && (*text.data == ' ' || *text.data == '\t'))
		text.data++, text.len--;
	while (text.len > 0 && (text.data[text.len - 1] == ' ' ||
				       text.data[text.len - 1] == '\t'))
		text.len--;
	return text;
}

void
fp_retryafter_field(
	struct fp_retryafter *hints, struct fp_text name, struct fp_text value)
{
	/* Their lengths tell them apart; most names have none of these. */
	switch (name.len) {
	case 4:
		if (is_named(name, "Date")) {
			value = trim(value);
			fp_httpdate_parse(value.data, value.len, &hints->date);
		}
		break;
	case 9:
		if (is_named(name, "RateLimit"))
			fp_quota_take_ratelimit(&hints->quota, trim(value));
		break;
	case 11:
		if (is_named(name, "Retry-After"))
			take_after(hints, trim(value));
		break;
	case 17:
		if (is_named(name, "X-RateLimit-Reset"))
			fp_quota_take_reset(&hints->quota, trim(value));
		break;
	case 21:
		if (is_named(name, "X-RateLimit-Remaining"))
			fp_quota_take_remaining(&hints->quota, trim(value));
		break;
	default:
		break;
	}
}

/* ---- how long ---- */

static int64_t
distance(int64_t a, int64_t b)
{
	return a < b ? b - a : a - b;
}

/* What time it is for who wrote `date_s`. Dates and clocks are far from the
 * ends of their type. */
static int64_t
now_for(const struct fp_retryafter *hints, int64_t date_s, int64_t wall_s)
{
	if (hints->date.month == 0)
		return wall_s;
	int64_t sent_s = fp_httpdate_unix_s(&hints->date, wall_s);
	if (distance(sent_s, wall_s) <= SANE_S ||
		distance(sent_s, date_s) < distance(wall_s, date_s))
		return sent_s;
	return wall_s;
}

static int64_t
until(const struct fp_retryafter *hints, const struct fp_httpdate *date,
	int64_t wall_s)
{
	if (date->month == 0)
		return -1;
	int64_t date_s = fp_httpdate_unix_s(date, wall_s);
	int64_t now_s = now_for(hints, date_s, wall_s);
	return FP_MAX(date_s - now_s, 0);
}

static int64_t
in_ns(int64_t s)
{
	return s < 0 ? -1 : FP_MIN(s, FP_RETRYAFTER_MAX_S) * FP_NS_PER_S;
}

int64_t
fp_retryafter_wait_ns(const struct fp_retryafter *hints, int64_t wall_ns)
{
	int64_t wall_s = wall_ns / FP_NS_PER_S;
	int64_t date_s = until(hints, &hints->after_date, wall_s);
	int64_t short_s = until(hints, &hints->after_short, wall_s);

	date_s = FP_MAX(date_s, short_s);
	return in_ns(FP_MAX(date_s, hints->after_s));
}

int64_t
fp_retryafter_quota_ns(const struct fp_retryafter *hints, int64_t wall_ns)
{
	/* Of use only if the reset is a date. */
	int64_t now_s =
		now_for(hints, hints->quota.reset, wall_ns / FP_NS_PER_S);

	return in_ns(fp_quota_wait_s(&hints->quota, now_s));
}
