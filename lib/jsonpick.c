/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsonpick.h"

#include <string.h>

#define ESCAPE_LEN 6 /* \u0061, the longest way to write one byte */

/* Four hex digits, known to be such. */
static uint32_t
hex4(const char *s)
{
	uint32_t unit = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t c = (unsigned char)s[i];
		unit = unit * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return unit;
}

/* Reads the \u escape at `s`, or two that make a surrogate pair (RFC 8259,
 * section 7), and gives its code point. Returns the bytes read; 0: half a
 * pair, which stands for no character. */
static size_t
read_unicode(const char *s, size_t len, uint32_t *code)
{
	*code = hex4(s + 2);
	if (*code < 0xd800 || *code > 0xdfff)
		return ESCAPE_LEN;
	if (*code > 0xdbff || len < 2 * ESCAPE_LEN || s[6] != '\\' ||
		s[7] != 'u')
		return 0;
	uint32_t low = hex4(s + 8);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
	return 2 * ESCAPE_LEN;
}

static size_t
encode_utf8(uint32_t code, char utf8[4])
{
	if (code < 0x80) {
		utf8[0] = (char)code;
		return 1;
	}

	size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--) {
		utf8[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	utf8[0] = (char)((0xf00u >> len & 0xf0u) | code);
	return len;
}

/* Undoes the escape at `s`; returns the bytes read, 0 if it is no character. */
static size_t
read_escape(const char *s, size_t len, char utf8[4], size_t *utf8_len)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	uint32_t code;

	if (s[1] == 'u') {
		size_t n = read_unicode(s, len, &code);
		*utf8_len = n ? encode_utf8(code, utf8) : 0;
		return n;
	}
	const char *letter = strchr(letters, s[1]);
	utf8[0] = letter ? meanings[letter - letters] : s[1];
	*utf8_len = 1;
	return 2;
}

/* `s` is a name without its quotes. */
static bool
is_name(const char *s, size_t len, const char *name)
{
	const char *end = s + len;

	while (s < end) {
		char utf8[4] = {*s};
		size_t utf8_len = 1;
		size_t n = 1;
		if (*s == '\\')
			n = read_escape(s, (size_t)(end - s), utf8, &utf8_len);
		if (n == 0 || utf8[0] == '\0' ||
			strncmp(name, utf8, utf8_len) != 0)
			return false;
		s += n;
		name += utf8_len;
	}
	return *name == '\0';
}

static bool
is_listed(const char *s, size_t len, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_name(s, len, list[i]))
			return true;
	}
	return false;
}

bool
fp_jsonpick_wants(const struct fp_jsonpick *names, const char *key, size_t len)
{
	FP_ASSERT(len >= 2);
	key++;
	len -= 2;
	if (names->n_pick && !is_listed(key, len, names->pick, names->n_pick))
		return false;
	return !is_listed(key, len, names->omit, names->n_omit);
}

bool
fp_jsonpick_wants_others(const struct fp_jsonpick *names)
{
	return names->n_pick == 0;
}

static size_t
longest(const char *const *list, size_t n)
{
	size_t most = 0;

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i]);
		most = FP_MAX(most, len);
	}
	return most;
}

size_t
fp_jsonpick_longest(const struct fp_jsonpick *names)
{
	size_t pick = longest(names->pick, names->n_pick);
	size_t omit = longest(names->omit, names->n_omit);
	size_t most = FP_MAX(pick, omit);

	if (most > (SIZE_MAX - 2) / ESCAPE_LEN)
		return SIZE_MAX;
	return most * ESCAPE_LEN + 2;
}
