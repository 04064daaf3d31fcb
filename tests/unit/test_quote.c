/* SPDX-License-Identifier: MIT */
#include "quote.h"

#include "tap.h"

static struct fp_buf text;

static const char *
quoted(int (*quote)(struct fp_buf *text, const char *string),
	const char *string)
{
	fp_buf_clear(&text, 1000);
	CHECK(quote(&text, string) == 0);
	return fp_buf_text(&text);
}

#define BAD "\xef\xbf\xbd"

static void
as_json(void)
{
	CHECK_TEXT(quoted(fp_quote_json, "a\"b\\c\n\x7f"),
		"\"a\\\"b\\\\c\\u000a\\u007f\"");
	CHECK_TEXT(
		quoted(fp_quote_json, "\xff\xc3\xa4"), "\"\\ufffd\xc3\xa4\"");
	CHECK_TEXT(quoted(fp_quote_json, NULL), "null");
}

static void
as_html(void)
{
	CHECK_TEXT(quoted(fp_quote_html, "<script>\"'`&"),
		"&lt;script&gt;&quot;&#39;&#96;&amp;");
	CHECK_TEXT(
		quoted(fp_quote_html, "a\x01\xff\xe2\x80\xae\xc2\x85z\xc3\xa4"),
		"a" BAD BAD BAD BAD "z\xc3\xa4");
}

static void
as_label(void)
{
	CHECK_TEXT(quoted(fp_quote_label, "a\"b\\c\nd\xff"),
		"a\\\"b\\\\c" BAD "d" BAD);
}

int
main(void)
{
	run("as JSON", as_json);
	run("as HTML", as_html);
	run("as a label", as_label);
	fp_buf_destroy(&text);
	return done();
}
