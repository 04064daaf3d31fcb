/* SPDX-License-Identifier: MIT */
/*
 * Numbers that people write. They are what long arithmetic makes of them, and
 * what does not fit or is no such number leaves the target as it was.
 *
 *	a number, a size, a length of time or a range
 */
#include "fuzz.h"

#include "units.h"

#include <inttypes.h>
#include <strings.h>

#define UNTOUCHED UINT64_C(0x0123456789abcdef)

enum found { NONE, FITS, TOO_MUCH };

/* Digits from the front. */
static enum found
take_digits(const char **at, uint64_t *number, unsigned *n)
{
	enum found found = NONE;

	for (*number = *n = 0; **at >= '0' && **at <= '9'; ++*at, ++*n) {
		uint64_t digit = (uint64_t)(**at - '0');
		if (found == NONE)
			found = FITS;
		if (__builtin_mul_overflow(*number, 10, number) ||
			__builtin_add_overflow(*number, digit, number))
			found = TOO_MUCH;
	}
	return found;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = {{"", 1}, {"b", 1}, {"k", 1u << 10},
	{"kb", 1u << 10}, {"kib", 1u << 10}, {"m", 1u << 20}, {"mb", 1u << 20},
	{"mib", 1u << 20}, {"g", 1u << 30}, {"gb", 1u << 30}, {"gib", 1u << 30},
	{"t", UINT64_C(1) << 40}, {"tb", UINT64_C(1) << 40},
	{"tib", UINT64_C(1) << 40}, {NULL, 0}};

static const struct unit times[] = {{"", 1000}, {"ms", 1}, {"s", 1000},
	{"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

/* The number with its unit, cut to a whole one: parts only of a power of 1024
 * may be cut. */
static enum found
work_out(const char *text, const struct unit *units, uint64_t *value)
{
	uint64_t number, fraction = 0, scale = 1;
	unsigned n, n_fraction = 0;
	enum found found = take_digits(&text, &number, &n);

	if (found == NONE)
		return NONE;
	if (*text == '.') {
		text++;
		if (take_digits(&text, &fraction, &n_fraction) != FITS ||
			n_fraction > 6)
			return NONE;
	}
	while (n_fraction-- > 0)
		scale *= 10;
	while (units->name && strcasecmp(units->name, text) != 0)
		units++;
	if (!units->name)
		return NONE;
	uint64_t parts = fraction * units->factor;
	bool is_power =
		units->factor > 1 && (units->factor & (units->factor - 1)) == 0;
	if (parts % scale && !is_power)
		return NONE;
	if (found == TOO_MUCH ||
		__builtin_mul_overflow(number, units->factor, value) ||
		__builtin_add_overflow(*value, parts / scale, value))
		return TOO_MUCH;
	return FITS;
}

/* "Kib" and "10kB" are written otherwise; and at the very end of the range the
 * library is strict. */
static void
check_size(const char *text)
{
	uint64_t bytes = UNTOUCHED, value = 0;
	enum found found = work_out(text, sizes, &value);

	if (fp_units_size(text, &bytes) == 0) {
		HOLDS(found == FITS && value == bytes);
		return;
	}
	HOLDS(bytes == UNTOUCHED);
	HOLDS(found != FITS || value > UINT64_MAX - (UINT64_C(1) << 41) ||
		strpbrk(text, "bBiI"));
}

static void
check_duration(const char *text)
{
	static const uint64_t year_ms = UINT64_C(366) * 86400000;
	uint64_t duration_ms = UNTOUCHED, value = 0;
	enum found found = work_out(text, times, &value);
	bool is_lower = !strpbrk(text, "MSHD");

	if (fp_units_duration(text, &duration_ms) == 0) {
		HOLDS(found == FITS && value == duration_ms && is_lower);
		HOLDS(value <= year_ms);
		return;
	}
	HOLDS(duration_ms == UNTOUCHED);
	HOLDS(found != FITS || !is_lower || value > year_ms);
}

static void
check_duration_range(const char *text)
{
	uint64_t low = UNTOUCHED, high = UNTOUCHED, one = 0, other = 0;
	struct fp_text whole = fuzz_text(text);
	struct fuzz fuzz = {whole.data, whole.len};
	char *first = fuzz_string(fuzz_until(&fuzz, '-'));
	char *second = fuzz_string(fuzz_rest(&fuzz));
	const char *last = strchr(text, '-') ? second : first;
	bool fine = fp_units_duration(first, &one) == 0 &&
		    fp_units_duration(last, &other) == 0 && one <= other;

	HOLDS((fp_units_duration_range(text, &low, &high) == 0) == fine);
	HOLDS(fine ? low == one && high == other
		   : low == UNTOUCHED && high == UNTOUCHED);
	free(first);
	free(second);
}

static void
check_count(const char *text)
{
	uint64_t count = UNTOUCHED;
	char written[24];
	bool fine = fp_units_count(text, 1000000, &count) == 0;
	const char *bare = text;

	HOLDS(fine ? count <= 1000000 : count == UNTOUCHED);
	if (!fine)
		return;
	while (bare[0] == '0' && bare[1])
		bare++;
	snprintf(written, sizeof(written), "%" PRIu64, count);
	HOLDS(strcmp(written, bare) == 0);
}

static void
check_range(const char *text)
{
	uint64_t low = UNTOUCHED, high = UNTOUCHED;
	bool fine = fp_units_range(text, &low, &high) == 0;
	uint64_t from, to;
	unsigned n;
	const char *at = text;
	bool is_one = take_digits(&at, &from, &n) == FITS && *at++ == '-' &&
		      take_digits(&at, &to, &n) == FITS && !*at && from <= to;

	HOLDS(fine == is_one);
	HOLDS(fine ? low == from && high == to
		   : low == UNTOUCHED && high == UNTOUCHED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	char *text = fuzz_string(fuzz_rest(&fuzz));

	check_count(text);
	check_size(text);
	check_duration(text);
	check_duration_range(text);
	check_range(text);
	free(text);
	return 0;
}
