/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "buf.h"
#include "json.h"
#include "jsonsafe.h"
#include "tap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct fp_json *json;
static struct fp_buf out = FP_BUF_INIT;

static bool
feed(const char *text, size_t step)
{
	size_t len = strlen(text);
	int ret = 0;

	fp_json_reset(json);
	fp_buf_clear(&out, SIZE_MAX);
	for (size_t at = 0; ret == 0 && at < len; at += step)
		ret = fp_json_feed(
			json, text + at, FP_MIN(step, len - at), &out);
	return ret == 0 && fp_json_finish(json, &out) == 0;
}

/* However it is cut; `changes` is surrogates, nuls, numbers and deep. */
static void
check(const char *text, const char *expected, const char *changes)
{
	char got[100];

	for (size_t step = 1; step <= FP_MIN(strlen(text), (size_t)70);
		step++) {
		CHECK(feed(text, step));
		CHECK_TEXT(fp_buf_text(&out), expected);
		struct fp_json_changes n = fp_json_changes(json);
		snprintf(got, sizeof(got),
			"%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
			n.surrogates, n.nuls, n.numbers, n.deep);
		CHECK_TEXT(got, changes);
	}
}

#define SAME(text) check(text, text, "0 0 0 0")

static void
strings(void)
{
	SAME("\"a\\n\\\"\\u00e9\\/\xc3\xa9\\\\u0000\"");
	SAME("[\"\\ud83d\\uDE00\",\"\\uD83D\\ude00x\"]");
	check("\"\\ud800\"", "\"\\ufffd\"", "1 0 0 0");
	check("\"\\udc00\\ud800\"", "\"\\ufffd\\ufffd\"", "2 0 0 0");
	check("\"\\ud800\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\"",
		"1 0 0 0");
	check("\"\\ud800x\\uD800\\n\\ud800\\u0041\"",
		"\"\\ufffdx\\ufffd\\n\\ufffd\\u0041\"", "3 0 0 0");
	check("[\"\\u0000\", {\"a\\u0000b\": \"\\ud800\\u0000\"}]",
		"[\"\\ufffd\",{\"a\\ufffdb\":\"\\ufffd\\ufffd\"}]", "1 3 0 0");
}

static void
numbers(void)
{
	SAME("[0,-0,1,-1,9007199254740992,-9007199254740992,1e2,1.10]");
	SAME("[0.30000000000000004,1.7976931348623157e308,2.5e-307,1E+22]");
	SAME("[true,false,null,0e999999999,0.000,1e15,5e-1]");
	SAME("123");
	check("9007199254740993", "\"9007199254740993\"", "0 0 1 0");
	check("[-9007199254740993,18446744073709551616]",
		"[\"-9007199254740993\",\"18446744073709551616\"]", "0 0 2 0");
	check("[10000000000000000000000]", "[\"10000000000000000000000\"]",
		"0 0 1 0");
	check("{\"a\":1E400,\"b\":-1e-400}",
		"{\"a\":\"1E400\",\"b\":\"-1e-400\"}", "0 0 2 0");
	check("[1.7976931348623158e308,17976931348623157000e289]",
		"[\"1.7976931348623158e308\",17976931348623157000e289]",
		"0 0 1 0");
	SAME("[1.2345678901234567e+30,9007199254740993.0]");
	check("[0.1000000000000000055]", "[\"0.1000000000000000055\"]",
		"0 0 1 0");
	char text[2100] = "[", expected[2100] = "[\"";
	memset(text + 1, '7', 2000);
	memset(expected + 2, '7', 2000);
	strcpy(text + 2001, ",5]");
	strcpy(expected + 2002, "\",5]");
	check(text, expected, "0 0 1 0");
}

static void
depths(void)
{
	char text[500], expected[700];

	for (int i = 0; i < 100; i++)
		text[i] = '[';
	strcpy(text + 100, "1");
	memset(text + 101, ']', 100);
	text[201] = '\0';
	SAME(text);
	memcpy(expected, text, 100);
	strcpy(text + 100, "{\"a\":\"\\\"]\\\\\",\"a\":[9007199254740993]},2");
	strcpy(expected + 100, "\"{\\\"a\\\":\\\"\\\\\\\"]\\\\\\\\\\\","
			       "\\\"a\\\":[9007199254740993]}\",2");
	size_t n = strlen(text), m = strlen(expected);
	memset(text + n, ']', 100);
	memset(expected + m, ']', 100);
	text[n + 100] = expected[m + 100] = '\0';
	check(text, expected, "0 0 0 1");
}

static void
twice(void)
{
	static const char *const wrong[] = {"{\"a\":1,\"a\":2}",
		"{\"a\":1,\"b\":{\"c\":1},\"a\":2}",
		"[{\"x\":{\"a\":1,\"a\":1}}]", "{\"a\":1,\"\\u0061\":2}",
		"{\"\":1,\"\":2}", "{\"\\u00e9\":1,\"\xc3\xa9\":2}",
		"{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}",
		"{\"\\n\":1,\"\\u000a\":2}", "{\"\\u0000\":1,\"\\ud800\":2}",
		"{\"\xe2\x82\xac\":1,\"\\u20AC\":2}"};

	for (size_t i = 0; i < FP_ARRAY_LEN(wrong); i++) {
		for (size_t step = 1; step < 9; step++) {
			CHECK(!feed(wrong[i], step));
			CHECK(fp_json_error(json) == FP_JSON_REFUSED);
			CHECK_TEXT(fp_json_message(json),
				"an object in the JSON has two members of the "
				"same name");
		}
	}
	SAME("{\"a\":{\"a\":{\"a\":1},\"b\":2},\"A\":[\"a\",\"a\",{\"a\":1}]}");
	SAME("[{\"a\":1},{\"a\":1}]");
}

/* One of `n` names, or none (twin < 0), is there once more at the end; and what
 * the names take is known before they come. */
static bool
feed_names(int n, int twin)
{
	struct fp_buf text = FP_BUF_INIT;
	size_t most = 0;

	fp_json_reset(json);
	fp_buf_clear(&out, SIZE_MAX);
	int ret = fp_json_feed(json, "{", 1, &out);
	for (int i = 0; ret == 0 && i <= n; i++) {
		fp_buf_clear(&text, SIZE_MAX);
		if (i < n || twin >= 0)
			fp_buf_printf(&text, "%s\"%x\":0", i ? "," : "",
				i < n ? i : twin);
		if (i == n)
			fp_buf_add_text(&text, "}");
		most = fp_json_memory(json, text.len);
		ret = fp_json_feed(json, text.data, text.len, &out);
		CHECK(fp_json_memory(json, 0) <= most);
		CHECK(ret || fp_json_memory(json, 0) >= 8 * (size_t)i);
	}
	fp_buf_destroy(&text);
	return ret == 0 && fp_json_finish(json, &out) == 0;
}

static void
any_of_many_twice(void)
{
	CHECK(fp_json_memory(NULL, 100) == 0);
	for (int n = 1; n < 300; n += n < 20 ? 1 : 37) {
		CHECK(feed_names(n, -1));
		for (int twin = 0; twin < n; twin++)
			CHECK(!feed_names(n, twin));
	}
	CHECK(feed_names(20000, -1));
	CHECK(!feed_names(20000, 777));
	fp_json_reset(json);
	CHECK(fp_json_memory(json, 0) <= 8 * 4096);
}

/* Memory for names is bounded, and a large object is compared quickly. */
static void
many(void)
{
	struct fp_buf text = FP_BUF_INIT;

	for (int n = 100000; n <= 1100000; n += 1000000) {
		fp_buf_clear(&text, SIZE_MAX);
		fp_buf_add_text(&text, "{");
		for (int i = 0; i < n; i++)
			fp_buf_printf(&text, "%s\"%d\":0", i ? "," : "", i);
		fp_buf_add_text(&text, "}");
		bool is_right = feed(fp_buf_text(&text), 65536);
		CHECK(is_right == (n == 100000));
	}
	CHECK(fp_json_error(json) == FP_JSON_REFUSED);
	fp_buf_destroy(&text);
}

int
main(void)
{
	json = fp_json_new(NULL, 0, NULL, 0);
	FP_ASSERT(json && fp_json_make_safe(json) == 0);
	run("no half pairs, and no U+0000", strings);
	run("numbers that a double does not hold become strings", numbers);
	run("what is nested too deep becomes a string", depths);
	run("a name twice is refused, however it is written", twice);
	run("any of many names twice is found", any_of_many_twice);
	run("many names are compared, and too many refused", many);
	fp_json_free(json);
	fp_buf_destroy(&out);
	return done();
}
