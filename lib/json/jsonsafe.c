/* SPDX-License-Identifier: MIT */
/*
 * Names that are there twice are found when their object ends: the hashes of
 * its names stand at the end of a list, and are sorted then. So the list is a
 * stack, and nothing has to be taken out of its middle.
 */
#include "base.h"

#include "jsonsafe.h"

#include "ascii.h"
#include "hash.h"
#include "jsonstring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_NAMES ((size_t)4096)
#define NAMES_LEAST ((size_t)64)

/* The least bytes of JSON for each name: "":{ */
#define NAME_BYTES 4

/* More than a piece can grow by, beyond twice its size. */
#define ROOM (2 * FP_JSONSAFE_HELD + 64)

/* Of a number: what it may have and still be a double's, in any writing. */
#define DIGITS_MAX 17
#define SAFE_MOST "9007199254740992" /* 2^53 */
#define DOUBLE_MOST "17976931348623157" /* e292 */
#define DOUBLE_MOST_POINT 309 /* where its point is, after so many digits */
#define DOUBLE_LEAST_POINT (-306)

static const char replacement[] = "\\ufffd";

void
fp_jsonsafe_init(struct fp_jsonsafe *safe)
{
	*safe = (struct fp_jsonsafe){0};
}

void
fp_jsonsafe_destroy(struct fp_jsonsafe *safe)
{
	free(safe->names);
}

void
fp_jsonsafe_reset(struct fp_jsonsafe *safe)
{
	uint64_t *names = safe->names;
	size_t n_room = safe->n_room;

	if (n_room > KEEP_NAMES) {
		free(names);
		names = NULL;
		n_room = 0;
	}
	fp_jsonsafe_init(safe);
	safe->names = names;
	safe->n_room = n_room;
}

static int
jsonsafe_refuse(struct fp_jsonsafe *safe, const char *fault)
{
	safe->fault = fault;
	errno = EILSEQ;
	return -1;
}

static char *
jsonsafe_put(char *out, const char *text, size_t len)
{
	memcpy(out, text, len);
	return out + len;
}

/* ---- names ---- */

static void
hash_byte(struct fp_jsonsafe *safe, unsigned char byte)
{
	safe->hash = fp_hash_byte(safe->hash, byte);
}

/* A character of a name, as UTF-8. */
static void
hash_character(struct fp_jsonsafe *safe, unsigned c)
{
	if (c < 0x80) {
		hash_byte(safe, (unsigned char)c);
		return;
	}
	static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
	unsigned n = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	hash_byte(safe, (unsigned char)(first[n] | c >> (6 * n)));
	while (n-- > 0)
		hash_byte(safe, (unsigned char)(0x80 | (c >> (6 * n) & 0x3f)));
}

static int
jsonsafe_add_name(struct fp_jsonsafe *safe)
{
	if (safe->n_names == FP_JSONSAFE_NAMES_MAX)
		return jsonsafe_refuse(safe,
			"more names in one object than are "
			"compared to find two that are alike");
	if (safe->n_names == safe->n_room) {
		size_t n = safe->n_room ? 2 * safe->n_room : NAMES_LEAST;
		uint64_t *names =
			realloc(safe->names, n * sizeof(safe->names[0]));
		if (!names)
			return -1;
		safe->names = names;
		safe->n_room = n;
	}
	safe->names[safe->n_names++] = safe->hash;
	return 0;
}

size_t
fp_jsonsafe_memory(const struct fp_jsonsafe *safe, size_t len)
{
	size_t most = safe->n_names + len / NAME_BYTES;
	size_t n = safe->n_room;

	while (n < most && n < FP_JSONSAFE_NAMES_MAX)
		n = n > 0 ? 2 * n : NAMES_LEAST;
	return n * sizeof(safe->names[0]);
}

/* Moves a name down until none below it is greater: a heap (Knuth, section
 * 5.2.3). */
static void
sift_name(uint64_t *names, size_t at, size_t n)
{
	uint64_t name = names[at];

	for (size_t below; (below = 2 * at + 1) < n; at = below) {
		below += below + 1 < n && names[below + 1] > names[below];
		if (names[below] <= name)
			break;
		names[at] = names[below];
	}
	names[at] = name;
}

/* In place: qsort() would take as much memory once more. */
static void
sort_names(uint64_t *names, size_t n)
{
	for (size_t at = n / 2; at-- > 0;)
		sift_name(names, at, n);
	while (n-- > 1) {
		uint64_t last = names[n];
		names[n] = names[0];
		names[0] = last;
		sift_name(names, 0, n);
	}
}

/* The object that was opened last ends. */
static int
compare_names(struct fp_jsonsafe *safe)
{
	size_t start = safe->starts[safe->depth];
	uint64_t *names = safe->names + start;
	size_t n = safe->n_names - start;

	safe->n_names = start;
	if (n < 2)
		return 0;
	sort_names(names, n);
	for (size_t i = 1; i < n; i++) {
		if (names[i] == names[i - 1])
			return jsonsafe_refuse(safe,
				"an object in the JSON has two "
				"members of the same name");
	}
	return 0;
}

/* ---- strings ---- */

/* Half a pair that was held back stays alone. */
static char *
drop_high(struct fp_jsonsafe *safe, char *out)
{
	if (!safe->high)
		return out;
	safe->high = 0;
	safe->changes.surrogates++;
	if (safe->in_name)
		hash_character(safe, 0xfffd);
	return jsonsafe_put(out, replacement, 6);
}

static char *
put_escape(char *out, const char hex[4])
{
	out = jsonsafe_put(out, "\\u", 2);
	return jsonsafe_put(out, hex, 4);
}

/* \uXXXX is whole. */
static char *
end_hex(struct fp_jsonsafe *safe, char *out)
{
	unsigned c = fp_ascii_hex4(safe->hex);
	bool is_low = c >= 0xdc00 && c < 0xe000;

	safe->state = FP_JSONSAFE_STRING;
	if (safe->high && is_low) {
		if (safe->in_name)
			hash_character(
				safe, 0x10000 + ((safe->high - 0xd800) << 10) +
					      (c - 0xdc00));
		safe->high = 0;
		out = put_escape(out, safe->high_hex);
		return put_escape(out, safe->hex);
	}
	out = drop_high(safe, out);
	if (c >= 0xd800 && c < 0xdc00) {
		safe->high = c;
		memcpy(safe->high_hex, safe->hex, 4);
		return out;
	}
	safe->changes.surrogates += is_low;
	safe->changes.nuls += c == 0;
	if (safe->in_name)
		hash_character(safe, is_low || c == 0 ? 0xfffd : c);
	return is_low || c == 0 ? jsonsafe_put(out, replacement, 6)
				: put_escape(out, safe->hex);
}

static char *
end_escape(struct fp_jsonsafe *safe, char c, char *out)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";

	if (c == 'u') {
		safe->state = FP_JSONSAFE_HEX;
		safe->n_hex = 0;
		return out;
	}
	out = drop_high(safe, out);
	const char *at = strchr(letters, c);
	if (safe->in_name)
		hash_byte(safe, (unsigned char)(at ? meant[at - letters] : c));
	*out++ = '\\';
	*out++ = c;
	safe->state = FP_JSONSAFE_STRING;
	return out;
}

/* From `p` on in a string. Returns where it stopped. */
static const char *
pass_string(struct fp_jsonsafe *safe, const char *p, const char *end, char **to)
{
	const char *start = p;
	char *out = drop_high(safe, *to);

	while (p < end && *p != '"' && *p != '\\') {
		const char *next = fp_jsonstring_skip_plain(p, end);
		p = next > p ? next : p + 1;
	}
	if (safe->in_name) {
		for (const char *at = start; at < p; at++)
			hash_byte(safe, (unsigned char)*at);
	}
	*to = jsonsafe_put(out, start, (size_t)(p - start));
	return p;
}

/* ---- numbers ---- */

/* Significant digits, and how many stand before the point if they are all that
 * is written: 0.0012e5 is 12, with 3. */
struct number {
	char digits[FP_JSONSAFE_HELD + 1];
	int n; /* 0: it is zero */
	int64_t point;
	bool is_integer; /* as written */
};

static void
jsonsafe_read_number(const char *text, size_t len, struct number *number)
{
	bool is_after_point = false;
	size_t i = text[0] == '-';

	*number = (struct number){.is_integer = true};
	for (; i < len && text[i] != 'e' && text[i] != 'E'; i++) {
		if (text[i] == '.') {
			is_after_point = true;
			number->is_integer = false;
			continue;
		}
		bool is_leading = number->n == 0 && text[i] == '0';
		if (!is_leading)
			number->digits[number->n++] = text[i];
		if (!is_after_point)
			number->point += !is_leading;
		else if (is_leading)
			number->point--;
	}
	if (i < len) {
		bool is_negative = text[i + 1] == '-';
		int64_t exponent = 0;
		number->is_integer = false;
		for (i++; i < len; i++) {
			if (text[i] >= '0' && exponent < 100000)
				exponent = exponent * 10 + (text[i] - '0');
		}
		number->point += is_negative ? -exponent : exponent;
	}
	while (number->n > 0 && number->digits[number->n - 1] == '0')
		number->n--;
	number->digits[number->n] = '\0';
}

/* Whether it is more than `most`, which has its point after `point` digits. */
static bool
is_beyond(const struct number *number, const char *most, int64_t point)
{
	if (number->n == 0 || number->point != point)
		return number->n > 0 && number->point > point;
	return strcmp(number->digits, most) > 0;
}

static bool
is_double(const char *text, size_t len)
{
	struct number number;

	jsonsafe_read_number(text, len, &number);
	if (number.n == 0)
		return true;
	if (number.is_integer)
		return !is_beyond(&number, SAFE_MOST, sizeof(SAFE_MOST) - 1);
	return number.n <= DIGITS_MAX && number.point >= DOUBLE_LEAST_POINT &&
	       !is_beyond(&number, DOUBLE_MOST, DOUBLE_MOST_POINT);
}

static bool
is_in_number(char c)
{
	return fp_ascii_is_digit(c) || c == '-' || c == '+' || c == '.' ||
	       c == 'e' || c == 'E';
}

static char *
begin_quoted(struct fp_jsonsafe *safe, char *out)
{
	safe->is_quoted = true;
	safe->changes.numbers++;
	*out++ = '"';
	return jsonsafe_put(out, safe->held, safe->n_held);
}

static const char *
pass_number(struct fp_jsonsafe *safe, const char *p, const char *end, char **to)
{
	char *out = *to;

	for (; p < end && is_in_number(*p); p++) {
		if (!safe->is_quoted && safe->n_held == FP_JSONSAFE_HELD)
			out = begin_quoted(safe, out);
		if (safe->is_quoted)
			*out++ = *p;
		else
			safe->held[safe->n_held++] = *p;
	}
	*to = out;
	return p;
}

static char *
end_number(struct fp_jsonsafe *safe, char *out)
{
	safe->state = FP_JSONSAFE_BETWEEN;
	if (!safe->is_quoted && is_double(safe->held, safe->n_held))
		return jsonsafe_put(out, safe->held, safe->n_held);
	if (!safe->is_quoted)
		out = begin_quoted(safe, out);
	*out++ = '"';
	return out;
}

/* ---- what is nested too deep ---- */

static const char *
pass_deep(struct fp_jsonsafe *safe, const char *p, const char *end, char **to)
{
	char *out = *to;

	while (p < end && safe->state == FP_JSONSAFE_DEEP) {
		char c = *p++;
		if (c == '"' || c == '\\')
			*out++ = '\\';
		*out++ = c;
		if (safe->in_deep_escape)
			safe->in_deep_escape = false;
		else if (safe->in_deep_string && c == '\\')
			safe->in_deep_escape = true;
		else if (c == '"')
			safe->in_deep_string = !safe->in_deep_string;
		else if (safe->in_deep_string)
			continue;
		else if (c == '[' || c == '{')
			safe->n_deep++;
		else if ((c == ']' || c == '}') && --safe->n_deep == 0) {
			*out++ = '"';
			safe->state = FP_JSONSAFE_BETWEEN;
		}
	}
	*to = out;
	return p;
}

/* ---- the whole ---- */

static void
open_bracket(struct fp_jsonsafe *safe, char c)
{
	safe->depth++;
	safe->starts[safe->depth] = safe->n_names;
	safe->is_object[safe->depth] = c == '{';
	safe->awaits_name = c == '{';
}

static int
close_bracket(struct fp_jsonsafe *safe)
{
	int ret = safe->is_object[safe->depth] ? compare_names(safe) : 0;

	safe->depth--;
	return ret;
}

/* One byte between tokens that begins none with text in it. */
static int
jsonsafe_pass_mark(struct fp_jsonsafe *safe, char c)
{
	if (c == '[' || c == '{')
		open_bracket(safe, c);
	else if (c == ']' || c == '}')
		return close_bracket(safe);
	else if (c == ',')
		safe->awaits_name = safe->is_object[safe->depth];
	return 0;
}

static int
begin_token(struct fp_jsonsafe *safe, char c, char **to)
{
	char *out = *to;

	if (c == '"') {
		safe->state = FP_JSONSAFE_STRING;
		safe->in_name = safe->awaits_name;
		safe->awaits_name = false;
		safe->hash = FP_HASH_EMPTY ^ (uint64_t)(uintptr_t)safe;
		*out++ = c;
	} else if (c == '-' || fp_ascii_is_digit(c)) {
		safe->state = FP_JSONSAFE_NUMBER;
		safe->n_held = 1;
		safe->held[0] = c;
		safe->is_quoted = false;
	} else if ((c == '[' || c == '{') &&
		   safe->depth == FP_JSONSAFE_DEPTH_MAX) {
		safe->state = FP_JSONSAFE_DEEP;
		safe->n_deep = 1;
		safe->in_deep_string = safe->in_deep_escape = false;
		safe->changes.deep++;
		*out++ = '"';
		*out++ = c;
	} else {
		*out++ = c;
		*to = out;
		return jsonsafe_pass_mark(safe, c);
	}
	*to = out;
	return 0;
}

/* At a quote or a backslash in a string. */
static int
pass_string_mark(struct fp_jsonsafe *safe, char c, char **to)
{
	if (c == '\\') {
		safe->state = FP_JSONSAFE_ESCAPE;
		return 0;
	}
	*to = drop_high(safe, *to);
	*(*to)++ = '"';
	safe->state = FP_JSONSAFE_BETWEEN;
	return safe->in_name ? jsonsafe_add_name(safe) : 0;
}

static int
step(struct fp_jsonsafe *safe, const char **at, const char *end, char **out)
{
	const char *p = *at;
	int ret = 0;

	switch (safe->state) {
	case FP_JSONSAFE_BETWEEN:
		ret = begin_token(safe, *p++, out);
		break;
	case FP_JSONSAFE_STRING:
		if (*p == '"' || *p == '\\')
			ret = pass_string_mark(safe, *p++, out);
		else
			p = pass_string(safe, p, end, out);
		break;
	case FP_JSONSAFE_ESCAPE:
		*out = end_escape(safe, *p++, *out);
		break;
	case FP_JSONSAFE_HEX:
		safe->hex[safe->n_hex++] = *p++;
		if (safe->n_hex == 4)
			*out = end_hex(safe, *out);
		break;
	case FP_JSONSAFE_NUMBER:
		p = pass_number(safe, p, end, out);
		if (p < end)
			*out = end_number(safe, *out);
		break;
	case FP_JSONSAFE_DEEP:
		p = pass_deep(safe, p, end, out);
		break;
	}
	*at = p;
	return ret;
}

int
fp_jsonsafe_feed(struct fp_jsonsafe *safe, const char *data, size_t len,
	struct fp_buf *out)
{
	const char *p = data, *end = data + len;
	int ret = 0;

	if (fp_buf_reserve(out, 2 * len + ROOM))
		return -1;
	char *to = out->data + out->len;
	while (ret == 0 && p < end)
		ret = step(safe, &p, end, &to);
	out->len = (size_t)(to - out->data);
	out->data[out->len] = '\0';
	return ret;
}

int
fp_jsonsafe_finish(struct fp_jsonsafe *safe, struct fp_buf *out)
{
	if (safe->state != FP_JSONSAFE_NUMBER)
		return 0;
	if (fp_buf_reserve(out, ROOM))
		return -1;
	char *to = end_number(safe, out->data + out->len);
	out->len = (size_t)(to - out->data);
	out->data[out->len] = '\0';
	return 0;
}
