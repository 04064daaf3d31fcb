/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "whenform.h"

#include "ascii.h"
#include "httpdate.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

/* Larger numbers have milliseconds: from 1973 on, and in seconds from 5138. */
#define EPOCH_MS_MIN INT64_C(100000000000)

/* More than this is as much. */
#define DIGITS_MAX INT64_C(1000000000000000)
#define SECONDS_MAX (INT64_MAX / 2 / FP_NS_PER_S)

struct number {
	int64_t whole; /* at most DIGITS_MAX */
	int64_t frac_ns; /* billionths */
	bool has_frac;
};

/* Returns how many bytes it has; 0: there is none. */
static size_t
whenform_take_number(const char *text, size_t len, struct number *number)
{
	size_t i = 0;
	int64_t unit = FP_NS_PER_S / 10;

	*number = (struct number){.whole = 0};
	for (; i < len && fp_ascii_is_digit(text[i]); i++)
		number->whole = FP_MIN(
			number->whole * 10 + (text[i] - '0'), DIGITS_MAX);
	if (i == 0 || i + 1 >= len || text[i] != '.' ||
		!fp_ascii_is_digit(text[i + 1]))
		return i;
	number->has_frac = true;
	for (i++; i < len && fp_ascii_is_digit(text[i]); i++, unit /= 10)
		number->frac_ns += (text[i] - '0') * unit;
	return i;
}

int64_t
fp_whenform_number(struct fp_text value)
{
	struct number number;
	size_t n = whenform_take_number(value.data, value.len, &number);

	return n > 0 && n == value.len ? number.whole : -1;
}

static struct fp_when
wait_of(int64_t ns, bool is_fine)
{
	return (struct fp_when){ns, FP_WHEN_WAIT, is_fine};
}

static struct fp_when
none(void)
{
	return (struct fp_when){.is = FP_WHEN_NONE};
}

/* ---- numbers ---- */

static struct fp_when
number_when(const struct number *number, bool is_ms)
{
	int64_t s = FP_MIN(number->whole, SECONDS_MAX);
	int64_t ms = FP_MIN(number->whole, SECONDS_MAX * 1000);
	int64_t ms_ns = ms * FP_NS_PER_MS + number->frac_ns / 1000;

	if (number->whole >= EPOCH_MS_MIN)
		return (struct fp_when){ms_ns, FP_WHEN_DATE,
			number->has_frac || number->whole % 1000 != 0};
	if (is_ms)
		return wait_of(ms_ns, true);
	return (struct fp_when){
		s * FP_NS_PER_S + number->frac_ns,
		number->whole >= FP_WHENFORM_EPOCH_S ? FP_WHEN_DATE
						     : FP_WHEN_WAIT,
		number->has_frac,
	};
}

/* ---- lengths of time ---- */

struct unit {
	const char *name;
	int64_t ns;
};

/* Longer names first. */
static const struct unit units[] = {
	{"milliseconds", FP_NS_PER_MS},
	{"millisecond", FP_NS_PER_MS},
	{"seconds", FP_NS_PER_S},
	{"second", FP_NS_PER_S},
	{"minutes", 60 * FP_NS_PER_S},
	{"minute", 60 * FP_NS_PER_S},
	{"hours", 3600 * FP_NS_PER_S},
	{"hour", 3600 * FP_NS_PER_S},
	{"mins", 60 * FP_NS_PER_S},
	{"min", 60 * FP_NS_PER_S},
	{"secs", FP_NS_PER_S},
	{"sec", FP_NS_PER_S},
	{"ms", FP_NS_PER_MS},
	{"us", 1000},
	{"\xc2\xb5s", 1000},
	{"ns", 1},
	{"d", 86400 * FP_NS_PER_S},
	{"h", 3600 * FP_NS_PER_S},
	{"m", 60 * FP_NS_PER_S},
	{"s", FP_NS_PER_S},
};

/* A unit is a whole word, but for the number that may follow it. */
static const struct unit *
take_unit(const char *text, size_t len)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(units); i++) {
		size_t n = strlen(units[i].name);
		if (n <= len && strncasecmp(text, units[i].name, n) == 0 &&
			(n == len || !fp_ascii_is_alpha(text[n])))
			return &units[i];
	}
	return NULL;
}

static int64_t
times(const struct number *number, int64_t unit_ns)
{
	int64_t whole = FP_MIN(number->whole, INT64_MAX / 4 / unit_ns);
	int64_t part_ns = number->frac_ns;

	/* Units up to an hour: without an overflow. */
	part_ns = unit_ns >= FP_NS_PER_S ? part_ns * (unit_ns / FP_NS_PER_S)
					 : part_ns / (FP_NS_PER_S / unit_ns);
	return whole * unit_ns + part_ns;
}

/* "1.5s", "6m0s", "1h2m3.5s", "2 seconds". */
static struct fp_when
whenform_take_length(const char *text, size_t len, size_t *used)
{
	int64_t sum_ns = 0;
	size_t at = 0;

	*used = 0;
	while (at < len) {
		struct number number;
		size_t n = whenform_take_number(text + at, len - at, &number);
		if (n == 0)
			break;
		size_t gap = at + n < len && text[at + n] == ' ';
		const struct unit *unit =
			take_unit(text + at + n + gap, len - at - n - gap);
		if (!unit)
			break;
		sum_ns = FP_MIN(
			sum_ns + times(&number, unit->ns), INT64_MAX / 4);
		at += n + gap + strlen(unit->name);
		*used = at;
	}
	return *used > 0 ? wait_of(sum_ns, true) : none();
}

struct fp_when
fp_whenform_length(const char *text, size_t *len)
{
	size_t left = *len;
	struct number number;
	struct fp_when when = whenform_take_length(text, left, len);

	if (when.is != FP_WHEN_NONE)
		return when;
	*len = whenform_take_number(text, left, &number);
	return *len > 0 ? number_when(&number, false) : none();
}

/* ---- dates ---- */

static bool
whenform_take_digits(const char *text, size_t n, int *number)
{
	*number = 0;
	for (size_t i = 0; i < n; i++) {
		if (!fp_ascii_is_digit(text[i]))
			return false;
		*number = *number * 10 + (text[i] - '0');
	}
	return true;
}

/* "Z", "+01:00", "-0530"; false: none of these. */
static bool
take_zone(const char *text, size_t len, int64_t *offset_s)
{
	int hour, minute;

	*offset_s = 0;
	if (len == 1 && (*text == 'Z' || *text == 'z'))
		return true;
	if ((len != 6 && len != 5) || (*text != '+' && *text != '-') ||
		(len == 6 && text[3] != ':') ||
		!whenform_take_digits(text + 1, 2, &hour) ||
		!whenform_take_digits(text + len - 2, 2, &minute))
		return false;
	*offset_s = (*text == '-' ? -1 : 1) * (hour * 60 + minute) * 60;
	return true;
}

/* "2026-11-21T12:02:00Z", with a fraction or another zone (RFC 3339). */
static struct fp_when
iso_date(struct fp_text value)
{
	const char *text = value.data;
	struct fp_httpdate date = {.month = 0};
	struct number second;
	int hour, minute;
	int64_t offset_s;

	if (value.len < 20 || !whenform_take_digits(text, 4, &date.year) ||
		text[4] != '-' ||
		!whenform_take_digits(text + 5, 2, &date.month) ||
		text[7] != '-' ||
		!whenform_take_digits(text + 8, 2, &date.day) ||
		!strchr("Tt ", text[10]) ||
		!whenform_take_digits(text + 11, 2, &hour) || text[13] != ':' ||
		!whenform_take_digits(text + 14, 2, &minute) ||
		text[16] != ':' || date.month < 1 || date.month > 12 ||
		date.day < 1 || date.day > 31)
		return none();
	size_t n =
		17 + whenform_take_number(text + 17, value.len - 17, &second);
	if (n < 19 || second.whole > 60 ||
		!take_zone(text + n, value.len - n, &offset_s))
		return none();
	date.second = (hour * 60 + minute) * 60 + (int)second.whole;
	int64_t s = fp_httpdate_unix_s(&date, 0) - offset_s;
	if (s < 0 || s > SECONDS_MAX)
		return none();
	return (struct fp_when){s * FP_NS_PER_S + second.frac_ns, FP_WHEN_DATE,
		second.has_frac};
}

/* "00:00:05", hours, minutes and seconds. */
static struct fp_when
clock_length(struct fp_text value)
{
	int hour, minute, second;

	if (value.len != 8 || value.data[2] != ':' || value.data[5] != ':' ||
		!whenform_take_digits(value.data, 2, &hour) ||
		!whenform_take_digits(value.data + 3, 2, &minute) ||
		!whenform_take_digits(value.data + 6, 2, &second))
		return none();
	return wait_of(
		((hour * 60 + minute) * 60 + second) * FP_NS_PER_S, false);
}

/* A date as HTTP has it, or else as mail and cookies do: with a zone, a day of
 * one digit, without its weekday (curl_getdate(3)). */
static struct fp_when
http_date(struct fp_text value)
{
	struct fp_httpdate date;
	char text[64];
	int64_t s;

	if (value.len >= sizeof(text))
		return none();
	if (fp_httpdate_parse(value.data, value.len, &date) == 0) {
		s = fp_httpdate_unix_s(&date, INT64_C(2524608000));
		s = FP_MAX(s, 0);
	} else {
		memcpy(text, value.data, value.len);
		text[value.len] = '\0';
		s = curl_getdate(text, NULL);
	}
	if (s < 0)
		return none();
	return (struct fp_when){
		FP_MIN(s, SECONDS_MAX) * FP_NS_PER_S, FP_WHEN_DATE, false};
}

struct fp_when
fp_whenform_read(struct fp_text value, bool is_ms)
{
	struct number number;
	size_t n = whenform_take_number(value.data, value.len, &number);
	size_t used;

	if (n > 0 && n == value.len)
		return number_when(&number, is_ms);
	struct fp_when when =
		whenform_take_length(value.data, value.len, &used);
	if (when.is != FP_WHEN_NONE && used == value.len)
		return when;
	when = clock_length(value);
	if (when.is != FP_WHEN_NONE)
		return when;
	when = iso_date(value);
	return when.is != FP_WHEN_NONE ? when : http_date(value);
}
