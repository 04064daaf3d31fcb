/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "buf.h"
#include "json.h"
#include "pen.h"
#include "tap.h"

#include <time.h>

/* ---- a sink that keeps everything, or fails ---- */

static struct fp_buf paper;
static unsigned n_calls, fail_at;

static int
keep(void *arg, const char *data, size_t len)
{
	CHECK(arg == &paper && len > 0);
	if (++n_calls == fail_at)
		return -1;
	return fp_buf_add(&paper, data, len);
}

static void
start(struct fp_pen *pen)
{
	fp_buf_clear(&paper, SIZE_MAX);
	n_calls = 0;
	fp_pen_init(pen, keep, &paper);
}

static const char *
finish(struct fp_pen *pen)
{
	CHECK(fp_pen_flush(pen) == 0);
	return fp_buf_text(&paper);
}

/* The string from a block of just its size. */
static const char *
string(const char *data, size_t len)
{
	struct fp_pen pen;
	char *copy = calloc(1, len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, data, len);
	start(&pen);
	fp_pen_string(&pen, copy, len);
	free(copy);
	return finish(&pen);
}

#define STRING(text, expected) \
	CHECK_TEXT(string(text, sizeof(text) - 1), expected)

/* ---- strings ---- */

/* What a character below U+00A0 must become. */
static void
spell(uint32_t code, char *out)
{
	static const char shorts[] = "\b\t\n\f\r\"\\", names[] = "btnfr\"\\";
	const char *at = code ? strchr(shorts, (int)code) : NULL;

	if (code < 0x80 && at)
		sprintf(out, "\\%c", names[at - shorts]);
	else if (code < 0x20 || code >= 0x7f)
		sprintf(out, "\\u%04x", code);
	else
		sprintf(out, "%c", (int)code);
}

static void
every_byte(void)
{
	for (unsigned i = 0; i < 256; i++) {
		char c = (char)i, expected[16], inside[8];
		if (i < 0x80)
			spell(i, inside);
		else
			strcpy(inside, "\\ufffd");
		snprintf(expected, sizeof(expected), "\"%s\"", inside);
		CHECK_TEXT(string(&c, 1), expected);
	}
}

static size_t
encode(uint32_t code, char *out)
{
	static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(marks[n] | code);
	return n;
}

/* Controls of both kinds are escaped, everything else is left as it is. */
static void
every_character(void)
{
	struct fp_buf text = FP_BUF_INIT, expected = FP_BUF_INIT;
	char spelled[8];

	fp_buf_add_char(&expected, '"');
	for (uint32_t code = 0; code < 0x110000;
		code += code < 0x3000 || code > 0x10fff0 ? 1 : 61) {
		if (code >= 0xd800 && code < 0xe000)
			continue;
		size_t n = encode(code, spelled);
		fp_buf_add(&text, spelled, n);
		if (code < 0xa0) {
			spell(code, spelled);
			n = strlen(spelled);
		}
		fp_buf_add(&expected, spelled, n);
	}
	fp_buf_add_char(&expected, '"');
	string(text.data, text.len);
	CHECK_BYTES(paper.data, paper.len, expected.data, expected.len);
	fp_buf_destroy(&text);
	fp_buf_destroy(&expected);
}

/* One U+FFFD for each byte that is part of no character. */
static void
invalid_bytes(void)
{
#define BAD "\\ufffd"
	STRING("a\xff"
	       "b",
		"\"a" BAD "b\"");
	STRING("\xc0\x80", "\"" BAD BAD "\""); /* overlong NUL */
	STRING("\xc1\xbf", "\"" BAD BAD "\"");
	STRING("\xe0\x9f\xbf", "\"" BAD BAD BAD "\"");
	STRING("\xf0\x8f\xbf\xbf", "\"" BAD BAD BAD BAD "\"");
	STRING("\xed\xa0\x80", "\"" BAD BAD BAD "\""); /* U+D800 */
	STRING("\xf4\x90\x80\x80", "\"" BAD BAD BAD BAD "\"");
	STRING("\xf8\x88\x80\x80\x80", "\"" BAD BAD BAD BAD BAD "\"");
	STRING("\x80\xbf", "\"" BAD BAD "\"");
	STRING("\xc3", "\"" BAD "\""); /* cut */
	STRING("\xe2\x82", "\"" BAD BAD "\"");
	STRING("\xf0\x9f\x98", "\"" BAD BAD BAD "\"");
	STRING("\xe2\x82\"", "\"" BAD BAD "\\\"\"");
	STRING("\xc3\xa9\xc3\xc3\xa9", "\"\xc3\xa9" BAD "\xc3\xa9\"");
	STRING("", "\"\"");
	STRING("\"\\/", "\"\\\"\\\\/\"");
}

/* Whatever the bytes and wherever the pen's own buffer ends: a JSON string on
 * one line, the same as if it were made of its parts. */
static void
any_bytes(void)
{
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fp_buf out = FP_BUF_INIT;
	uint32_t random = 99;
	char text[4200];

	for (size_t len = 0; len < sizeof(text); len += len < 60 ? 1 : 37) {
		for (size_t i = 0; i < len; i++) {
			random = random * 1103515245 + 12345;
			unsigned bits = random >> 16;
			text[i] = (char)(bits & 0x700 ? 'a' + bits % 26 : bits);
		}
		string(text, len);
		fp_json_reset(json);
		fp_buf_clear(&out, SIZE_MAX);
		CHECK(fp_json_feed(json, paper.data, paper.len, &out) == 0);
		CHECK(fp_json_finish(json, &out) == 0);
		CHECK(out.len == paper.len);
		CHECK(strlen(paper.data) == paper.len);
		CHECK(paper.data[strcspn(paper.data, "\r\n\x1b\x7f")] == 0);
	}
	fp_buf_destroy(&out);
	fp_json_free(json);
}

static void
pieces(void)
{
	struct fp_pen pen;

	start(&pen);
	fp_pen_inside(&pen, "\"\n", 2);
	fp_pen_inside(&pen, "", 0);
	fp_pen_bytes(&pen, "***", 3);
	fp_pen_inside(&pen, "\\\xff", 2);
	CHECK_TEXT(finish(&pen), "\\\"\\n***\\\\" BAD);
}

/* ---- base64 ---- */

static const char *
base64(const char *data, size_t len)
{
	struct fp_pen pen;

	start(&pen);
	fp_pen_base64(&pen, data, len);
	return finish(&pen);
}

/* RFC 4648, section 10, and the two last digits. */
static void
base64_vectors(void)
{
	CHECK_TEXT(base64("", 0), "\"\"");
	CHECK_TEXT(base64(NULL, 0), "\"\"");
	CHECK_TEXT(base64("f", 1), "\"Zg==\"");
	CHECK_TEXT(base64("fo", 2), "\"Zm8=\"");
	CHECK_TEXT(base64("foo", 3), "\"Zm9v\"");
	CHECK_TEXT(base64("foob", 4), "\"Zm9vYg==\"");
	CHECK_TEXT(base64("fooba", 5), "\"Zm9vYmE=\"");
	CHECK_TEXT(base64("foobar", 6), "\"Zm9vYmFy\"");
	CHECK_TEXT(base64("\xff\xef\xbe\xfb", 4), "\"/++++w==\"");
	CHECK_TEXT(base64("\0\0\0\0", 4), "\"AAAAAA==\"");
	CHECK_TEXT(base64("\xff", 1), "\"/w==\"");
}

/* Undoes it bit by bit. */
static size_t
undo_base64(const char *text, size_t len, unsigned char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
				     "pqrstuvwxyz0123456789+/";
	uint32_t bits = 0, n_bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < len && text[i] != '='; i++) {
		const char *at = strchr(digits, text[i]);
		CHECK(at != NULL);
		bits = bits << 6 | (uint32_t)(at - digits);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (unsigned char)(bits >> n_bits);
		}
	}
	return n;
}

static void
base64_of_any_length(void)
{
	static unsigned char data[9000], back[9003];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * i >> 3 ^ i);
	for (size_t len = 0; len < sizeof(data); len += len < 20 ? 1 : 499) {
		base64((const char *)data, len);
		CHECK(paper.len == (len + 2) / 3 * 4 + 2);
		CHECK(undo_base64(paper.data + 1, paper.len - 2, back) == len);
		CHECK(memcmp(data, back, len) == 0);
	}
}

/* ---- numbers ---- */

#define WRITES(function, value, expected)           \
	do {                                        \
		struct fp_pen pen;                  \
		start(&pen);                        \
		function(&pen, value);              \
		CHECK_TEXT(finish(&pen), expected); \
	} while (0)

static void
numbers(void)
{
	WRITES(fp_pen_number, 0, "0");
	WRITES(fp_pen_number, 7, "7");
	WRITES(fp_pen_number, -1, "-1");
	WRITES(fp_pen_number, 10, "10");
	WRITES(fp_pen_number, 1234567890, "1234567890");
	WRITES(fp_pen_number, INT64_MAX, "9223372036854775807");
	WRITES(fp_pen_number, INT64_MIN, "-9223372036854775808");
}

static void
seconds(void)
{
	WRITES(fp_pen_seconds, 0, "0.0");
	WRITES(fp_pen_seconds, 1, "0.0");
	WRITES(fp_pen_seconds, 999, "0.0");
	WRITES(fp_pen_seconds, 1000, "0.000001");
	WRITES(fp_pen_seconds, 1999, "0.000001");
	WRITES(fp_pen_seconds, 10000, "0.00001");
	WRITES(fp_pen_seconds, 104213000, "0.104213");
	WRITES(fp_pen_seconds, 100000000, "0.1");
	WRITES(fp_pen_seconds, 999999999, "0.999999");
	WRITES(fp_pen_seconds, 1000000000, "1.0");
	WRITES(fp_pen_seconds, 1000000999, "1.0");
	WRITES(fp_pen_seconds, 1500000000, "1.5");
	WRITES(fp_pen_seconds, INT64_C(3600050000000), "3600.05");
	WRITES(fp_pen_seconds, INT64_MAX, "9223372036.854775");
}

/* RFC 3339, in UTC wherever we are. */
static void
times(void)
{
	setenv("TZ", "America/New_York", 1);
	tzset();
	WRITES(fp_pen_time, 0, "\"1970-01-01T00:00:00.000000Z\"");
	WRITES(fp_pen_time, 1999, "\"1970-01-01T00:00:00.000001Z\"");
	WRITES(fp_pen_time, 999999999, "\"1970-01-01T00:00:00.999999Z\"");
	WRITES(fp_pen_time, INT64_C(951827696500000000),
		"\"2000-02-29T12:34:56.500000Z\"");
	WRITES(fp_pen_time, INT64_C(1735689599999999999),
		"\"2024-12-31T23:59:59.999999Z\"");
	if (sizeof(time_t) < sizeof(int64_t))
		return;
	WRITES(fp_pen_time, INT64_MAX, "\"2262-04-11T23:47:16.854775Z\"");
}

/* ---- the sink ---- */

/* Small pieces come together, a large one is not copied, and the order is
 * kept. */
static void
gathers(void)
{
	static char large[5000];
	struct fp_buf expected = FP_BUF_INIT;
	struct fp_pen pen;

	memset(large, 'L', sizeof(large));
	start(&pen);
	CHECK(fp_pen_flush(&pen) == 0 && n_calls == 0);
	for (unsigned i = 0; i < 10000; i++) {
		size_t len = i % 1000 == 7 ? 2000 + i % 3000 : i % 7;
		fp_pen_bytes(&pen, large, len);
		fp_pen_text(&pen, ".");
		fp_buf_add(&expected, large, len);
		fp_buf_add_char(&expected, '.');
	}
	finish(&pen);
	CHECK_BYTES(paper.data, paper.len, expected.data, expected.len);
	CHECK(n_calls > 20 && n_calls < 60);
	fp_buf_destroy(&expected);
}

static void
fails(void)
{
	static char large[3000];
	struct fp_pen pen;

	for (fail_at = 1; fail_at < 5; fail_at++) {
		start(&pen);
		for (unsigned i = 0; i < 10; i++) {
			fp_pen_text(&pen, "small");
			fp_pen_bytes(&pen, large, sizeof(large));
			fp_pen_string(&pen, large, sizeof(large));
			fp_pen_base64(&pen, large, sizeof(large));
		}
		CHECK(n_calls == fail_at);
		CHECK(fp_pen_flush(&pen) == -1);
		CHECK(fp_pen_flush(&pen) == -1);
		CHECK(n_calls == fail_at);
	}
	fail_at = 0;
	start(&pen);
	fp_pen_text(&pen, "fine again");
	CHECK_TEXT(finish(&pen), "fine again");
}

/* Bytes are looked at eight at a time, where there are so many. */
static void
every_byte_in_every_place(void)
{
	char text[25], alone[16], expected[64];
	struct fp_pen pen;

	for (int byte = 0; byte < 256; byte++) {
		char c = (char)byte;
		start(&pen);
		fp_pen_inside(&pen, &c, 1);
		snprintf(alone, sizeof(alone), "%s", finish(&pen));
		for (size_t at = 0; at < sizeof(text); at++) {
			memset(text, at & 1 ? '!' : '~', sizeof(text));
			int after = (int)(sizeof(text) - at) - 1;
			snprintf(expected, sizeof(expected), "%.*s%s%.*s",
				(int)at, text, alone, after, text);
			text[at] = c;
			start(&pen);
			fp_pen_inside(&pen, text, sizeof(text));
			CHECK_TEXT(finish(&pen), expected);
		}
	}
}

int
main(void)
{
	run("every byte by itself", every_byte);
	run("every byte among others", every_byte_in_every_place);
	run("every character", every_character);
	run("bytes that are no UTF-8", invalid_bytes);
	run("any bytes become a JSON string", any_bytes);
	run("a string in pieces", pieces);
	run("base64 as in the RFC", base64_vectors);
	run("base64 of any length", base64_of_any_length);
	run("whole numbers", numbers);
	run("seconds", seconds);
	run("times", times);
	run("small pieces reach the sink together", gathers);
	run("a failed sink is not asked again", fails);
	fp_buf_destroy(&paper);
	return done();
}
