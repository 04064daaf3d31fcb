/* SPDX-License-Identifier: MIT */
/*
 * RateLimit is a list of structured fields (RFC 9651, section 3.1): strings,
 * the names of limits, each with parameters, of which r, what remains, and t,
 * the seconds until more, are read here:
 *
 *	RateLimit: "burst";r=12;t=1, "daily";r=0;t=3600
 *
 * A malformed field must be ignored, all of it. So the whole grammar of
 * parameters is walked through, also those of a later draft or of a vendor.
 */
#include "base.h"

#include "quota.h"

#include "ascii.h"
#include "units.h"

#include <string.h>

#define NONE INT64_C(-1)

/* A parameter that is there, but is not a whole number from 0 on. */
#define WRONG INT64_C(-2)

struct scan {
	const char *at;
	const char *end;
};

void
fp_quota_reset(struct fp_quota *quota)
{
	quota->reset_s = NONE;
}

/* ---- structured fields ---- */

static bool
quota_is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool
is_printable(char c)
{
	return c >= 0x20 && c <= 0x7e;
}

static bool
take_char(struct scan *scan, char c)
{
	if (scan->at == scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

static void
pass_over(struct scan *scan, const char *set)
{
	while (scan->at < scan->end && quota_is_in(*scan->at, set))
		scan->at++;
}

static size_t
quota_take_digits(struct scan *scan)
{
	const char *start = scan->at;

	while (scan->at < scan->end && fp_ascii_is_digit(*scan->at))
		scan->at++;
	return (size_t)(scan->at - start);
}

/* Sections 3.3.1 and 3.3.2: 15 digits, or 12 and up to three behind a point. */
static bool
quota_take_number(struct scan *scan, int64_t *number)
{
	bool is_negative = take_char(scan, '-');
	const char *start = scan->at;
	size_t n = quota_take_digits(scan);
	uint64_t value = 0;

	if (n == 0 || n > 15)
		return false;
	if (take_char(scan, '.')) {
		size_t n_behind = quota_take_digits(scan);
		return n <= 12 && n_behind >= 1 && n_behind <= 3;
	}
	FP_ASSERT(fp_units_digits(start, n, &value) == 0);
	if (!is_negative || value == 0)
		*number = (int64_t)value;
	return true;
}

/* Section 3.3.7, behind the @. */
static bool
take_date(struct scan *scan)
{
	take_char(scan, '-');
	size_t n = quota_take_digits(scan);
	return n >= 1 && n <= 15;
}

/* Section 3.3.3: what may follow a backslash. */
static bool
take_escaped(struct scan *scan)
{
	return take_char(scan, '"') || take_char(scan, '\\');
}

/* Section 3.3.8: what follows a "%", a byte in hexadecimal. */
static bool
take_hex_byte(struct scan *scan)
{
	for (int i = 0; i < 2; i++, scan->at++) {
		if (scan->at == scan->end ||
			!quota_is_in(*scan->at, "0123456789abcdef"))
			return false;
	}
	return true;
}

/* The rest of a string up to its quote, in which one mark begins an escape.
 * What it says is of no interest. */
static bool
quota_take_string(struct scan *scan, char mark, bool (*escape)(struct scan *))
{
	while (scan->at < scan->end) {
		char c = *scan->at++;
		if (c == '"')
			return true;
		if (!is_printable(c) || (c == mark && !escape(scan)))
			return false;
	}
	return false;
}

/* Section 3.3.5, behind the first colon: base64. */
static bool
take_bytes(struct scan *scan)
{
	while (scan->at < scan->end) {
		char c = *scan->at++;
		if (c == ':')
			return true;
		if (!fp_ascii_is_alnum(c) && !quota_is_in(c, "+/="))
			return false;
	}
	return false;
}

/* Section 3.3.4, behind its first character. */
static void
pass_token(struct scan *scan)
{
	while (scan->at < scan->end &&
		(fp_ascii_is_alnum(*scan->at) ||
			quota_is_in(*scan->at, "!#$%&'*+-.^_`|~:/")))
		scan->at++;
}

/* Section 3.3, any of them. *number is what it is, if it is one. */
static bool
take_bare_item(struct scan *scan, int64_t *number)
{
	if (scan->at == scan->end)
		return false;
	char c = *scan->at;
	if (fp_ascii_is_digit(c) || c == '-')
		return quota_take_number(scan, number);
	scan->at++;
	switch (c) {
	case '"':
		return quota_take_string(scan, '\\', take_escaped);
	case ':':
		return take_bytes(scan);
	case '?':
		return take_char(scan, '0') || take_char(scan, '1');
	case '@':
		return take_date(scan);
	case '%':
		return take_char(scan, '"') &&
		       quota_take_string(scan, '%', take_hex_byte);
	default:
		pass_token(scan);
		return c == '*' ||
		       (fp_ascii_is_alnum(c) && !fp_ascii_is_digit(c));
	}
}

/* Section 3.1.2. Of two with one name the last one counts. */
static bool
take_parameters(struct scan *scan, int64_t *remaining, int64_t *reset_s)
{
	while (take_char(scan, ';')) {
		int64_t number = WRONG;
		pass_over(scan, " ");
		const char *key = scan->at;
		if (key == scan->end ||
			(!fp_ascii_is_lower(*key) && *key != '*'))
			return false;
		while (scan->at < scan->end &&
			(fp_ascii_is_lower(*scan->at) ||
				fp_ascii_is_digit(*scan->at) ||
				quota_is_in(*scan->at, "_-.*")))
			scan->at++;
		size_t len = (size_t)(scan->at - key);
		if (take_char(scan, '=') && !take_bare_item(scan, &number))
			return false;
		if (len == 1 && *key == 'r')
			*remaining = number;
		if (len == 1 && *key == 't')
			*reset_s = number;
	}
	return true;
}

/* ---- the field ---- */

/* Each name must have its r, but need not have a t. */
void
fp_quota_take_ratelimit(struct fp_quota *quota, struct fp_text value)
{
	struct scan scan = {value.data, value.data + value.len};
	int64_t longest_s = NONE;

	do {
		int64_t remaining = NONE, reset_s = NONE;
		pass_over(&scan, " \t");
		if (!take_char(&scan, '"') ||
			!quota_take_string(&scan, '\\', take_escaped) ||
			!take_parameters(&scan, &remaining, &reset_s) ||
			remaining < 0 || reset_s == WRONG)
			return;
		if (remaining == 0)
			longest_s = FP_MAX(longest_s, reset_s);
		pass_over(&scan, " \t");
	} while (take_char(&scan, ','));
	if (scan.at == scan.end)
		quota->reset_s = FP_MAX(quota->reset_s, longest_s);
}
