/* SPDX-License-Identifier: MIT */
/*
 * ascii: what a byte is in ASCII, whatever the locale.
 *
 * Threads: any.
 * Ownership: none; what is trimmed points into what was given.
 * Failure: none.
 */
#ifndef FP_ASCII_H
#define FP_ASCII_H

#include "base.h"

#include "fetchpool.h"

/* HEXDIG of RFC 5234, appendix B.1, in either case. */
#define FP_ASCII_HEX "0123456789abcdefABCDEF"

/* DIGIT of RFC 5234, appendix B.1. */
static inline bool
fp_ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
fp_ascii_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool
fp_ascii_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* ALPHA of the same. */
static inline bool
fp_ascii_is_alpha(char c)
{
	return fp_ascii_is_lower(c) || fp_ascii_is_upper(c);
}

static inline bool
fp_ascii_is_alnum(char c)
{
	return fp_ascii_is_alpha(c) || fp_ascii_is_digit(c);
}

/* WSP of the same: a space or a tab. */
static inline bool
fp_ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* White space as isspace() has it in the C locale. */
static inline bool
fp_ascii_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A letter in lower case; any other byte as it is. */
static inline char
fp_ascii_lower(char c)
{
	return fp_ascii_is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

/* What a hexadecimal digit stands for, in either case; -1: it is none. */
static inline int
fp_ascii_hex_value(char c)
{
	if (fp_ascii_is_digit(c))
		return c - '0';
	c = fp_ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that is percent-encoded at the start of the text (RFC 3986, section
 * 2.1), in three characters; -1: none is. */
static inline int
fp_ascii_decode_percent(const char *text, size_t len)
{
	int high =
		len >= 3 && text[0] == '%' ? fp_ascii_hex_value(text[1]) : -1;
	int low = high >= 0 ? fp_ascii_hex_value(text[2]) : -1;

	return low >= 0 ? high * 16 + low : -1;
}

/* Whether a name is this text once what it has percent-encoded is decoded. */
static inline bool
fp_ascii_is_encoded(
	const char *name, size_t name_len, const char *text, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < name_len; i++, at++) {
		int byte = fp_ascii_decode_percent(name + i, name_len - i);
		if (at >= len || text[at] != (byte >= 0 ? (char)byte : name[i]))
			return false;
		i += byte >= 0 ? 2 : 0;
	}
	return at == len;
}

/* Four hexadecimal digits, known to be such, as in a JSON escape. */
static inline uint32_t
fp_ascii_hex4(const char digits[4])
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 |
			((uint32_t)fp_ascii_hex_value(digits[i]) & 15);
	return value;
}

/* Whether it is digits, one at least, and nothing else. */
static inline bool
fp_ascii_are_digits(struct fp_text text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!fp_ascii_is_digit(text.data[i]))
			return false;
	}
	return text.len > 0;
}

/* The text without the blanks at its ends (OWS of RFC 9110, section 5.6.3). */
static inline struct fp_text
fp_ascii_trim(struct fp_text text)
{
	while (text.len > 0 && fp_ascii_is_blank(text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && fp_ascii_is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

#endif
