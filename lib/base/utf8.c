/* SPDX-License-Identifier: MIT */
/*
 * All that is special in UTF-8 shows in the first two bytes of a character:
 * the first says how many follow and, for four of its values, narrows the
 * second (RFC 3629, section 4, the table UTF8-octets). What comes after is
 * 80 .. BF. So a character under way is a count and the range of its next
 * byte. ASCII is skipped eight bytes at a time.
 */
#include "base.h"

#include "utf8.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* What a first byte promises: the bytes that follow, and the range of the
 * first of them. false: no character begins with this byte. */
static inline bool
utf8_begin(struct fp_utf8 *utf8, unsigned char c)
{
	if (c < 0xc2 || c > 0xf4)
		return false;
	utf8->have = 1;
	utf8->need = (unsigned char)(1 + (c >= 0xe0) + (c >= 0xf0));
	utf8->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	utf8->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return true;
}

/* Bytes of ASCII at the beginning of `s`. */
static inline size_t
skip_ascii(const char *s, size_t len)
{
	size_t at = 0;

	for (; len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, s + at, sizeof(word));
		if (word & HIGH_BITS)
			break;
	}
	while (at < len && (unsigned char)s[at] < 0x80)
		at++;
	return at;
}

static inline bool
is_tail(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The length of the valid character, not ASCII, that `s` begins with; or 0. */
static inline size_t
wide_len(const char *s, size_t len)
{
	struct fp_utf8 utf8;
	unsigned char c = (unsigned char)s[0];

	/* Most text: three bytes, none of them special. */
	if (len >= 3 && (c & 0xf0) == 0xe0 && c != 0xe0 && c != 0xed &&
		is_tail(s[1]) && is_tail(s[2]))
		return 3;
	if (!utf8_begin(&utf8, c) || len <= utf8.need)
		return 0;
	unsigned char second = (unsigned char)s[1];
	if (second < utf8.low || second > utf8.high)
		return 0;
	for (size_t i = 2; i <= utf8.need; i++) {
		if (!is_tail(s[i]))
			return 0;
	}
	return 1u + utf8.need;
}

size_t
fp_utf8_next(const char *s, size_t len, uint32_t *code)
{
	if (len == 0)
		return 0;
	uint32_t first = (unsigned char)s[0];
	if (first < 0x80) {
		*code = first;
		return 1;
	}
	size_t n = wide_len(s, len);
	if (n == 0)
		return 0;
	*code = first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		*code = *code << 6 | ((unsigned char)s[i] & 0x3fu);
	return n;
}

size_t
fp_utf8_wide_prefix(const char *s, size_t len)
{
	size_t at = 0;

	while (at < len && (unsigned char)s[at] >= 0x80) {
		size_t n = wide_len(s + at, len - at);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

size_t
fp_utf8_valid_prefix(const char *s, size_t len)
{
	size_t at = 0;

	while (at < len) {
		at += skip_ascii(s + at, len - at);
		size_t n = fp_utf8_wide_prefix(s + at, len - at);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

bool
fp_utf8_valid(const char *s, size_t len)
{
	return fp_utf8_valid_prefix(s, len) == len;
}

void
fp_utf8_init(struct fp_utf8 *utf8)
{
	*utf8 = (struct fp_utf8){0, 0, 0, 0};
}

/* From now on no byte is right: low is above high. */
static bool
utf8_fail(struct fp_utf8 *utf8)
{
	utf8->need = 1;
	utf8->low = 0xff;
	utf8->high = 0;
	return false;
}

bool
fp_utf8_feed(struct fp_utf8 *utf8, const char *s, size_t len)
{
	size_t at = 0;

	while (at < len) {
		if (utf8->need == 0) {
			at += fp_utf8_valid_prefix(s + at, len - at);
			if (at < len &&
				!utf8_begin(utf8, (unsigned char)s[at++]))
				return utf8_fail(utf8);
			continue;
		}
		unsigned char c = (unsigned char)s[at++];
		if (c < utf8->low || c > utf8->high)
			return utf8_fail(utf8);
		utf8->low = 0x80;
		utf8->high = 0xbf;
		utf8->have++;
		utf8->need--;
	}
	return utf8->low <= utf8->high;
}

bool
fp_utf8_done(const struct fp_utf8 *utf8)
{
	return utf8->need == 0;
}
