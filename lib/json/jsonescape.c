/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsonescape.h"

#include "ascii.h"

#include <string.h>

/* Reads the \u escape at `s`, or two that make a surrogate pair (RFC 8259,
 * section 7), and gives its code point. Returns the bytes read; 0: half a
 * pair, which stands for no character. */
static size_t
read_unicode(const char *s, size_t len, uint32_t *code)
{
	*code = fp_ascii_hex4(s + 2);
	if (*code < 0xd800 || *code > 0xdfff)
		return FP_JSONESCAPE_LEN;
	if (*code > 0xdbff || len < 2 * FP_JSONESCAPE_LEN || s[6] != '\\' ||
		s[7] != 'u')
		return 0;
	uint32_t low = fp_ascii_hex4(s + 8);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
	return 2 * FP_JSONESCAPE_LEN;
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

size_t
fp_jsonescape_read(const char *s, size_t len, char utf8[4], size_t *utf8_len)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	uint32_t code;

	if (s[1] == 'u') {
		size_t n = read_unicode(s, len, &code);
		if (n)
			*utf8_len = encode_utf8(code, utf8);
		return n;
	}
	const char *letter = strchr(letters, s[1]);
	utf8[0] = letter ? meanings[letter - letters] : s[1];
	*utf8_len = 1;
	return 2;
}

const char *
fp_jsonescape_undo(struct fp_text inside, struct fp_buf *out)
{
	const char *p = inside.data;
	const char *end = p + inside.len;

	FP_ASSERT(inside.len == 0 || out->cap - out->len > inside.len);
	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		size_t plain = (size_t)((slash ? slash : end) - p);
		char utf8[4];
		size_t utf8_len;

		fp_buf_add(out, p, plain);
		p += plain;
		if (p == end)
			break;
		size_t n = fp_jsonescape_read(
			p, (size_t)(end - p), utf8, &utf8_len);
		if (n == 0)
			return "contains half a surrogate pair";
		if (utf8[0] == '\0')
			return "contains \\u0000";
		fp_buf_add(out, utf8, utf8_len);
		p += n;
	}
	return NULL;
}
