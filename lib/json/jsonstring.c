/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsonstring.h"

enum { ESCAPED = 1, DIGIT = 2 };

/* What a byte can be in an escape. */
/* clang-format off */
static const unsigned char classes[256] = {
	['"'] = ESCAPED, ['\\'] = ESCAPED, ['/'] = ESCAPED, ['n'] = ESCAPED,
	['r'] = ESCAPED, ['t'] = ESCAPED,
	['b'] = ESCAPED | DIGIT, ['f'] = ESCAPED | DIGIT,
	['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT,
	['4'] = DIGIT, ['5'] = DIGIT, ['6'] = DIGIT, ['7'] = DIGIT,
	['8'] = DIGIT, ['9'] = DIGIT, ['A'] = DIGIT, ['B'] = DIGIT,
	['C'] = DIGIT, ['D'] = DIGIT, ['E'] = DIGIT, ['F'] = DIGIT,
	['a'] = DIGIT, ['c'] = DIGIT, ['d'] = DIGIT, ['e'] = DIGIT,
};
/* clang-format on */

static inline bool
is_hex(char c)
{
	return classes[(unsigned char)c] & DIGIT;
}

/* Whether a backslash and this byte are an escape, \u aside. */
static inline bool
is_escaped(char c)
{
	return classes[(unsigned char)c] & ESCAPED;
}

/* Goes on behind a backslash that may have come in the piece before. */
static const char *
finish_escape(struct fp_jsonstring *string, const char *p, const char *end)
{
	if (p < end && string->state == FP_JSONSTRING_ESCAPE) {
		if (*p == 'u') {
			string->state = FP_JSONSTRING_HEX;
			string->hex_left = 4;
		} else if (is_escaped(*p)) {
			string->state = FP_JSONSTRING_INSIDE;
		} else {
			string->state = FP_JSONSTRING_BAD_ESCAPE;
			return p;
		}
		p++;
	}
	while (p < end && string->state == FP_JSONSTRING_HEX) {
		if (!is_hex(*p)) {
			string->state = FP_JSONSTRING_BAD_HEX;
			return p;
		}
		p++;
		if (--string->hex_left == 0)
			string->state = FP_JSONSTRING_INSIDE;
	}
	return p;
}

static inline const char *
skip_escapes(struct fp_jsonstring *string, const char *p, const char *end)
{
	do {
		if (end - p >= 2 && is_escaped(p[1])) {
			p += 2;
		} else if (end - p >= 6 && p[1] == 'u' && is_hex(p[2]) &&
			   is_hex(p[3]) && is_hex(p[4]) && is_hex(p[5])) {
			p += 6;
		} else {
			string->state = FP_JSONSTRING_ESCAPE;
			return finish_escape(string, p + 1, end);
		}
	} while (p < end && *p == '\\');
	return p;
}

/* Goes on with a character that began in the piece before. */
static const char *
finish_utf8(struct fp_jsonstring *string, const char *p, const char *end)
{
	while (p < end && string->state == FP_JSONSTRING_UTF8) {
		if (!fp_utf8_feed(&string->utf8, p, 1)) {
			string->state = FP_JSONSTRING_BAD_UTF8;
			return p;
		}
		p++;
		if (fp_utf8_done(&string->utf8))
			string->state = FP_JSONSTRING_INSIDE;
	}
	return p;
}

static inline const char *
skip_utf8(struct fp_jsonstring *string, const char *p, const char *end)
{
	p += fp_utf8_wide_prefix(p, (size_t)(end - p));
	if (p == end || (unsigned char)*p < 0x80)
		return p;

	/* No whole character is at `p`: cut by the piece's end, or wrong. */
	fp_utf8_init(&string->utf8);
	if (fp_utf8_feed(&string->utf8, p, (size_t)(end - p))) {
		string->state = FP_JSONSTRING_UTF8;
		return end;
	}
	fp_utf8_init(&string->utf8);
	string->state = FP_JSONSTRING_BAD_UTF8;
	return p;
}

const char *
fp_jsonstring_scan(struct fp_jsonstring *string, const char *p, const char *end)
{
	p = finish_escape(string, p, end);
	p = finish_utf8(string, p, end);
	while (string->state == FP_JSONSTRING_INSIDE) {
		p = fp_jsonstring_skip_plain(p, end);
		if (p == end)
			break;
		if (*p == '"') {
			string->state = FP_JSONSTRING_ENDED;
			p++;
		} else if (*p == '\\') {
			p = skip_escapes(string, p, end);
		} else if ((unsigned char)*p >= 0x80) {
			p = skip_utf8(string, p, end);
		} else {
			string->state = FP_JSONSTRING_BAD_CONTROL;
		}
	}
	return p;
}
