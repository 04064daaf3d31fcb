/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsonescape.h"
#include "tap.h"
#include "utf8.h"

/* What the text means, in a block of just its size; or what is wrong. */
static const char *
meaning(const char *inside, size_t len, size_t *meaning_len)
{
	static struct fp_buf out;
	char *copy = malloc(FP_MAX(len, 1));

	if (!copy || fp_buf_set(&out, "", 0) || fp_buf_reserve(&out, len))
		abort();
	memcpy(copy, inside, len);
	const char *data = out.data;
	const char *fault =
		fp_jsonescape_undo((struct fp_text){copy, len}, &out);
	free(copy);
	CHECK(out.data == data && out.len <= len);
	*meaning_len = fault ? strlen(fault) : out.len;
	return fault ? fault : out.data;
}

#define MEANS(inside, expected)                                            \
	do {                                                               \
		size_t got_len;                                            \
		const char *got =                                          \
			meaning(inside, sizeof(inside) - 1, &got_len);     \
		CHECK_TEXT(got, expected);                                 \
		CHECK_BYTES(got, got_len, expected, sizeof(expected) - 1); \
	} while (0)

static void
letters(void)
{
	MEANS("", "");
	MEANS("plain", "plain");
	MEANS("\xc3\xa4\xf0\x9f\x98\x80", "\xc3\xa4\xf0\x9f\x98\x80");
	MEANS("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
	MEANS("a\\nb\\n", "a\nb\n");
	MEANS("\\\\n", "\\n");
	MEANS("\\\\\\n", "\\\n");
	MEANS("\\\\u0041", "\\u0041");
}

static void
code_points(void)
{
	MEANS("\\u0041\\u00e4\\u20AC", "A\xc3\xa4\xe2\x82\xac");
	MEANS("\\u0001\\u007f\\u0080", "\x01\x7f\xc2\x80");
	MEANS("\\u07ff\\u0800", "\xdf\xbf\xe0\xa0\x80");
	MEANS("\\uffff\\uFeFf", "\xef\xbf\xbf\xef\xbb\xbf");
	MEANS("\\ud7ff\\ue000", "\xed\x9f\xbf\xee\x80\x80");
	MEANS("\\ud83d\\ude00", "\xf0\x9f\x98\x80");
	MEANS("\\uD800\\uDC00", "\xf0\x90\x80\x80");
	MEANS("\\udbff\\udfff!", "\xf4\x8f\xbf\xbf!");
}

#define HALF "contains half a surrogate pair"

static void
no_characters(void)
{
	MEANS("\\ud800", HALF);
	MEANS("a\\udfff", HALF);
	MEANS("\\ud83d\\u0041", HALF);
	MEANS("\\ud83d\\ud83d\\ude00", HALF);
	MEANS("\\ud83d.\\ude00", HALF);
	MEANS("\\ude00\\ud83d", HALF);
	MEANS("\\ud83d\\\\ude00", HALF);
	MEANS("\\ud83dude00aaaa", HALF);
	MEANS("\\ud83d\\ndc00", HALF);
	MEANS("\\ud83dxudc00", HALF);
	MEANS("a\\u0000b", "contains \\u0000");
}

/* Every code point comes back, as one escape or as two. */
static void
every_code_point(void)
{
	unsigned wrong = 0;

	for (uint32_t code = 1; code <= 0x10ffff; code++) {
		char escape[16], utf8[4];
		size_t len = 0;
		bool is_half = code >= 0xd800 && code <= 0xdfff;

		if (code < 0x10000)
			snprintf(escape, sizeof(escape), "\\u%04x", code);
		else
			snprintf(escape, sizeof(escape), "\\u%04X\\u%04x",
				0xd800 + ((code - 0x10000) >> 10),
				0xdc00 + ((code - 0x10000) & 0x3ff));
		size_t n =
			fp_jsonescape_read(escape, strlen(escape), utf8, &len);
		if (n != (is_half ? 0 : strlen(escape))) {
			wrong++;
		} else if (!is_half) {
			uint32_t back = 0;
			wrong += fp_utf8_next(utf8, len, &back) != len;
			wrong += back != code;
		}
	}
	CHECK(wrong == 0);
}

int
main(void)
{
	run("escapes of one letter are undone", letters);
	run("escapes of code points are undone", code_points);
	run("what is no character is told", no_characters);
	run("every code point is read back", every_code_point);
	return done();
}
