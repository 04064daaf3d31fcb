/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "units.h"

#include "ascii.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* A year of milliseconds fits many times; more is a slip of the hand. */
#define DURATION_MAX_MS (UINT64_C(366) * 24 * 3600 * 1000)

static const struct unit size_units[] = {
	{"", 1},
	{"B", 1},
	{"K", UINT64_C(1) << 10},
	{"M", UINT64_C(1) << 20},
	{"G", UINT64_C(1) << 30},
	{"T", UINT64_C(1) << 40},
};

static const struct unit duration_units[] = {
	{"", 1000},
	{"ms", 1},
	{"s", 1000},
	{"m", UINT64_C(60) * 1000},
	{"h", UINT64_C(3600) * 1000},
	{"d", UINT64_C(24) * 3600 * 1000},
};

int
fp_units_digits(const char *text, size_t len, uint64_t *number)
{
	uint64_t n = 0;

	if (len == 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (!fp_ascii_is_digit(text[i]))
			return -1;
		unsigned digit = (unsigned)(text[i] - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*number = n;
	return 0;
}

void
fp_units_print_size(uint64_t bytes, char *text, size_t text_size)
{
	const struct unit *unit = &size_units[FP_ARRAY_LEN(size_units) - 1];

	while (unit->factor > 1 && (bytes == 0 || bytes % unit->factor))
		unit--;
	snprintf(text, text_size, "%" PRIu64 "%s", bytes / unit->factor,
		unit->factor > 1 ? unit->name
		: bytes == 1	 ? " byte"
				 : " bytes");
}

const char *
fp_units_write_size(double bytes, char text[32])
{
	static const char *const names[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	size_t i = 0;

	while (i + 1 < FP_ARRAY_LEN(names) && bytes >= 1024) {
		bytes /= 1024;
		i++;
	}
	snprintf(text, 32, "%.*f %s", i > 0 && bytes < 100 ? 1 : 0, bytes,
		names[i]);
	return text;
}

int
fp_units_count(const char *text, uint64_t max, uint64_t *count)
{
	uint64_t n;

	if (fp_units_digits(text, strlen(text), &n) || n > max)
		return -1;
	*count = n;
	return 0;
}

/* Finds the unit that is the `len` bytes at `name`; sizes have no case. */
static const struct unit *
find_unit(const struct unit *units, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		const char *unit = units[i].name;
		if (strlen(unit) == len &&
			(memcmp(unit, name, len) == 0 ||
				(units == size_units &&
					strncasecmp(unit, name, len) == 0)))
			return &units[i];
	}
	return NULL;
}

/*
 * "DIGITS[.DIGITS]UNIT": the number times the unit's factor. A fraction has
 * at most six digits, so that nothing overflows on the way. What is finer
 * than the smallest unit is an error, but for parts of a power of 1024, where
 * "1.1M" has to be cut to whole bytes.
 */
static int
units_parse(const char *text, size_t len, const struct unit *units,
	size_t n_units, uint64_t *value)
{
	size_t whole = 0;

	while (whole < len && fp_ascii_is_digit(text[whole]))
		whole++;
	size_t end = whole;
	uint64_t fraction = 0, scale = 1;
	if (end < len && text[end] == '.') {
		for (end++; end < len && fp_ascii_is_digit(text[end]); end++)
			scale *= scale < 10000000 ? 10 : 1;
		if (scale == 1 || scale > 1000000 ||
			fp_units_digits(
				text + whole + 1, end - whole - 1, &fraction))
			return -1;
	}
	const struct unit *unit =
		find_unit(units, n_units, text + end, len - end);
	uint64_t n;
	if (!unit || fp_units_digits(text, whole, &n) ||
		n > UINT64_MAX / unit->factor - 1)
		return -1;

	uint64_t part = unit->factor % scale * fraction;
	bool binary = units == size_units && unit->factor > 1;
	if (part % scale != 0 && !binary)
		return -1;
	*value = n * unit->factor + unit->factor / scale * fraction +
		 part / scale;
	return 0;
}

static bool
is_power(char c)
{
	return c && strchr("KMGTkmgt", c);
}

int
fp_units_size(const char *text, uint64_t *bytes)
{
	size_t len = strlen(text);

	/* "KiB" and "KB" are K; curl's sizes are powers of 1024 too. */
	if (len >= 2 && text[len - 1] == 'B') {
		if (is_power(text[len - 2]))
			len--;
		else if (len >= 3 && text[len - 2] == 'i' &&
			 is_power(text[len - 3]))
			len -= 2;
	}
	uint64_t n = 0;
	if (units_parse(text, len, size_units, FP_ARRAY_LEN(size_units), &n))
		return -1;
	*bytes = n;
	return 0;
}

static int
parse_duration(const char *text, size_t len, uint64_t *duration_ms)
{
	uint64_t n;

	if (units_parse(text, len, duration_units, FP_ARRAY_LEN(duration_units),
		    &n))
		return -1;
	if (n > DURATION_MAX_MS)
		return -1;
	*duration_ms = n;
	return 0;
}

int
fp_units_duration(const char *text, uint64_t *duration_ms)
{
	return parse_duration(text, strlen(text), duration_ms);
}

int
fp_units_duration_range(const char *text, uint64_t *low_ms, uint64_t *high_ms)
{
	const char *dash = strchr(text, '-');
	uint64_t low, high;

	if (!dash) {
		if (fp_units_duration(text, &low))
			return -1;
		high = low;
	} else if (parse_duration(text, (size_t)(dash - text), &low) ||
		   fp_units_duration(dash + 1, &high) || low > high) {
		return -1;
	}
	*low_ms = low;
	*high_ms = high;
	return 0;
}

int
fp_units_range(const char *text, uint64_t *low, uint64_t *high)
{
	const char *dash = strchr(text, '-');
	uint64_t from, to;

	if (!dash || fp_units_digits(text, (size_t)(dash - text), &from) ||
		fp_units_digits(dash + 1, strlen(dash + 1), &to) || from > to)
		return -1;
	*low = from;
	*high = to;
	return 0;
}
