/* SPDX-License-Identifier: MIT */
/*
 * The three forms are patterns, and one function walks along them. A letter
 * that is no field stands for itself, so nothing is skipped and nothing is
 * guessed: a form is as strict as it looks.
 */
#include "base.h"

#include "httpdate.h"

#include <string.h>

/* D Sunday, d Sun, b Nov, n 06, e the same or with a space for the zero,
 * Y 1994, y 94, h hour, m minute, s second. */
static const char *const forms[] = {
	"d, n b Y h:m:s GMT",
	"D, n-b-y h:m:s GMT",
	"d b e h:m:s Y",
};

static const char days[][10] = {"Monday", "Tuesday", "Wednesday", "Thursday",
	"Friday", "Saturday", "Sunday"};

static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* What is left of the text, and what was read of it. */
struct reading {
	const char *at;
	size_t left;
	struct fp_httpdate date;
	int hour, minute, second;
};

static bool
take_text(struct reading *r, const char *text, size_t len)
{
	if (r->left < len || memcmp(r->at, text, len) != 0)
		return false;
	r->at += len;
	r->left -= len;
	return true;
}

static bool
httpdate_take_number(struct reading *r, size_t n_digits, int *number)
{
	int n = 0;

	if (r->left < n_digits)
		return false;
	for (size_t i = 0; i < n_digits; i++) {
		if (r->at[i] < '0' || r->at[i] > '9')
			return false;
		n = n * 10 + (r->at[i] - '0');
	}
	r->at += n_digits;
	r->left -= n_digits;
	*number = n;
	return true;
}

/* A name of a day: all of it, or its first three letters. */
static bool
take_weekday(struct reading *r, bool is_whole)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(days); i++) {
		if (take_text(r, days[i], is_whole ? strlen(days[i]) : 3))
			return true;
	}
	return false;
}

static bool
take_month(struct reading *r)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(months); i++) {
		if (take_text(r, months[i], 3)) {
			r->date.month = (int)i + 1;
			return true;
		}
	}
	return false;
}

static bool
httpdate_take_field(struct reading *r, char field)
{
	switch (field) {
	case 'D':
		return take_weekday(r, true);
	case 'd':
		return take_weekday(r, false);
	case 'b':
		return take_month(r);
	case 'e':
		if (take_text(r, " ", 1))
			return httpdate_take_number(r, 1, &r->date.day);
		return httpdate_take_number(r, 2, &r->date.day);
	case 'n':
		return httpdate_take_number(r, 2, &r->date.day);
	case 'y':
		r->date.is_short = true;
		return httpdate_take_number(r, 2, &r->date.year);
	case 'Y':
		return httpdate_take_number(r, 4, &r->date.year);
	case 'h':
		return httpdate_take_number(r, 2, &r->hour);
	case 'm':
		return httpdate_take_number(r, 2, &r->minute);
	case 's':
		return httpdate_take_number(r, 2, &r->second);
	default:
		return take_text(r, &field, 1);
	}
}

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* A year of two digits may be of a century in which it is a leap year. */
static int
days_of_month(const struct fp_httpdate *date)
{
	static const int of_month[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = date->is_short ? 2000 + date->year : date->year;

	return of_month[date->month - 1] + (date->month == 2 && is_leap(year));
}

static bool
is_possible(const struct reading *r)
{
	return r->date.day >= 1 && r->date.day <= days_of_month(&r->date) &&
	       r->hour < 24 && r->minute < 60 && r->second <= 60;
}

static bool
reads_as(const char *form, struct reading *r)
{
	for (; *form; form++) {
		if (!httpdate_take_field(r, *form))
			return false;
	}
	return r->left == 0 && is_possible(r);
}

int
fp_httpdate_parse(const char *text, size_t len, struct fp_httpdate *date)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(forms); i++) {
		struct reading r = {.at = text, .left = len};
		if (reads_as(forms[i], &r)) {
			r.date.second =
				(r.hour * 60 + r.minute) * 60 + r.second;
			*date = r.date;
			return 0;
		}
	}
	return -1;
}

/* From the first day of the year 0 to that of `year`, which is not before. */
static int64_t
days_before(int64_t year)
{
	return year * 365 + (year + 3) / 4 - (year + 99) / 100 +
	       (year + 399) / 400;
}

static int64_t
unix_s_in(const struct fp_httpdate *date, int year)
{
	static const int before_month[] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t day = days_before(year) - days_before(1970) +
		      before_month[date->month - 1] + date->day - 1;

	if (date->month > 2 && is_leap(year))
		day++;
	return day * 86400 + date->second;
}

int64_t
fp_httpdate_unix_s(const struct fp_httpdate *date, int64_t now_s)
{
	/* 50 years have that many days, or one less. */
	const int64_t ahead_s = INT64_C(18263) * 86400;
	int year = date->year;

	FP_ASSERT(date->month != 0);
	if (!date->is_short)
		return unix_s_in(date, year);
	while (year < 9900 && unix_s_in(date, year + 100) - ahead_s <= now_s)
		year += 100;
	return unix_s_in(date, year);
}
