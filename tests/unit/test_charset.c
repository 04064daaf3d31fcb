/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "charset.h"
#include "tap.h"

#include <errno.h>

static struct fp_charset charset;
static struct fp_buf out;

/* What these bytes are in UTF-8, fed in pieces of `step` bytes; NULL: no text
 * of their charset. */
static const char *
decoded(const char *type, bool is_json, const char *data, size_t len,
	size_t step)
{
	bool ok = true;

	fp_buf_clear(&out, SIZE_MAX);
	fp_charset_begin(&charset, type, is_json);
	for (size_t at = 0; ok && at < len; at += step) {
		size_t n = FP_MIN(step, len - at);
		if (fp_charset_is_needed(&charset, data + at, n))
			ok = fp_charset_feed(&charset, data + at, n, &out) == 0;
		else
			ok = fp_buf_add(&out, data + at, n) == 0;
	}
	ok = ok && fp_charset_finish(&charset, &out) == 0;
	CHECK(ok || errno == EILSEQ);
	fp_charset_end(&charset);
	return ok ? fp_buf_text(&out) : NULL;
}

static void
check(const char *type, bool is_json, const char *data, size_t len,
	const char *expected, const char *name)
{
	for (size_t step = 1; step <= len; step++) {
		const char *got = decoded(type, is_json, data, len, step);
		CHECK(!got == !expected);
		if (got && expected)
			CHECK_TEXT(got, expected);
		if (expected)
			CHECK_TEXT(charset.name, name);
	}
}

#define TEXT(type, data, expected, name) \
	check(type, false, data, sizeof(data) - 1, expected, name)
#define JSON(type, data, expected, name) \
	check(type, true, data, sizeof(data) - 1, expected, name)

static void
by_type(void)
{
	TEXT("text/plain; charset=ISO-8859-1", "caf\xe9 ok", "café ok",
		"ISO-8859-1");
	TEXT("text/plain;charset=\"latin1\"", "\xa4 and so on", "¤ and so on",
		"latin1");
	TEXT("text/plain; format=flowed; CHARSET=iso-8859-15", "\xa4 50.00",
		"€ 50.00", "iso-8859-15");
	TEXT("text/csv; charset=windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2",
		"Привет", "windows-1251");
	TEXT("application/xml; charset=Shift_JIS", "<a>\x93\xfa\x96\x7b</a>",
		"<a>日本</a>", "Shift_JIS");
	TEXT("text/plain; charset=euc-kr", "\xc7\xd1\xb1\xb9", "한국",
		"euc-kr");
	TEXT("text/plain; charset=gb18030", "\x81\x30\x81\x30 \xd6\xd0",
		"\xc2\x80 中", "gb18030");
	TEXT("text/plain; charset=iso-2022-jp", "\x1b$B4A;z\x1b(B.", "漢字.",
		"iso-2022-jp");
	JSON("application/json; charset=iso-8859-1", "{\"a\":\"\xe9\"}",
		"{\"a\":\"é\"}", "iso-8859-1");
}

static void
left_alone(void)
{
	TEXT("text/plain; charset=utf-8", "caf\xc3\xa9", "café", "");
	TEXT("text/plain; charset=UTF8", "caf\xe9 ok", "caf\xe9 ok", "");
	TEXT("text/plain", "caf\xe9 ok", "caf\xe9 ok", "");
	TEXT("text/plain; charset=no-such-thing", "caf\xe9 ok", "caf\xe9 ok",
		"");
	TEXT("text/plain; charset=latin1//IGNORE", "caf\xe9 ok", "caf\xe9 ok",
		"");
	TEXT("text/plain; charset=", "caf\xe9 ok", "caf\xe9 ok", "");
	TEXT("image/png; charset=iso-8859-1", "\x89PNG\xe9", "\x89PNG\xe9", "");
	TEXT("text/plain",
		"\xff\xfe"
		"a\0",
		"\xff\xfe"
		"a",
		"");
	TEXT("",
		"\xff\xfe"
		"a\0",
		"\xff\xfe"
		"a",
		"");
	TEXT("audio/mpeg", "\xff\xfe\x12\x34", "\xff\xfe\x12\x34", "");
	JSON("application/json; charset=utf-8", "{\"a\":\"\xc3\xa9\"}",
		"{\"a\":\"é\"}", "");
	TEXT("text/html", "\xef\xbb\xbf<p>", "\xef\xbb\xbf<p>", "");
	/* The mark is the better witness. */
	TEXT("text/html; charset=iso-8859-1", "\xef\xbb\xbf<p>\xc3\xa9",
		"\xef\xbb\xbf<p>é", "");
	JSON("application/json", "1", "1", "");
	JSON("application/json", "[1]", "[1]", "");
}

static void
wide(void)
{
	TEXT("text/html", "\xff\xfe<\0p\0>\0\xe9\0", "<p>é", "UTF-16LE");
	TEXT("text/html", "\xfe\xff\0<\0p\0>\0\xe9", "<p>é", "UTF-16BE");
	TEXT("text/csv", "\xff\xfe\0\0a\0\0\0,\0\0\0", "a,", "UTF-32LE");
	TEXT("text/csv; charset=utf-8", "\0\0\xfe\xff\0\0\0a", "a", "UTF-32BE");
	TEXT("text/plain; charset=utf-16", "a\0b\0", "ab", "utf-16");
	TEXT("text/plain; charset=UTF-16", "\0a\0b", "ab", "UTF-16");
	TEXT("text/plain; charset=utf-16le", "=\xd8\0\xde", "😀", "utf-16le");
	TEXT("text/plain; charset=utf-16be", "\xd8=\xde\0", "😀", "utf-16be");
	TEXT("text/plain; charset=utf-32", "\0\0\0a\0\x01\xf6\0", "a😀",
		"utf-32");
	JSON("application/json", "{\0\"\0a\0\"\0:\0\x31\0}\0", "{\"a\":1}",
		"UTF-16LE");
	JSON("application/json", "\0[\0]", "[]", "UTF-16BE");
	JSON("application/json", "[\0\0\0]\0\0\0", "[]", "UTF-32LE");
	JSON("application/json", "\0\0\0[\0\0\0]", "[]", "UTF-32BE");
	JSON("application/json", "1\0", "1", "");
	JSON("application/json; charset=utf-8", "\xff\xfe[\0]\0", "[]",
		"UTF-16LE");
}

static void
no_text(void)
{
	TEXT("text/plain; charset=utf-16le", "a\0b", NULL, "");
	TEXT("text/plain; charset=utf-16le", "a\0\0\xd8", NULL, "");
	TEXT("text/plain; charset=utf-16le",
		"a\0\0\xdc"
		"b\0",
		NULL, "");
	TEXT("text/plain; charset=shift_jis", "ab\x93", NULL, "");
	TEXT("text/plain; charset=euc-jp", "ab\xff\xff", NULL, "");
	TEXT("text/plain; charset=utf-32le", "\0\0\x11\0", NULL, "");
}

/* Browsers take latin-1 for windows-1252, and pages are written for them. */
static void
web(void)
{
	TEXT("text/html; charset=iso-8859-1", "\x93quoted\x94 \x80",
		"“quoted” €", "iso-8859-1");
	TEXT("text/plain; charset=iso-8859-1", "\x93 ok", "\xc2\x93 ok",
		"iso-8859-1");
}

static void
large(void)
{
	size_t len = 100001;
	char *data = malloc(len);

	if (!data)
		abort();
	memset(data, 0xe9, len);
	CHECK(decoded("text/plain; charset=latin1", false, data, len, 16384));
	CHECK(out.len == 2 * len);
	free(data);
}

int
main(void)
{
	run("the type says how it is encoded", by_type);
	run("what is UTF-8, or no text, stays as it is", left_alone);
	run("UTF-16 and UTF-32, by a mark or by zeros", wide);
	run("what is no text of its charset", no_text);
	run("latin-1 in pages is windows-1252", web);
	run("more than a piece", large);
	fp_buf_destroy(&out);
	return done();
}
