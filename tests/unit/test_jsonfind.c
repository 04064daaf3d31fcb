/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsonfind.h"
#include "tap.h"

#include <errno.h>

static struct fp_buf text;

/* The pointer that finds something, "=" and the text that says more; the same
 * however the document is cut. "-": nothing. */
static void
finds(const char *const *pointers, size_t n, const char *document,
	const char *expected)
{
	struct fp_pointers *all = fp_jsonfind_pointers_new(pointers, n);
	struct fp_jsonfind *find = fp_jsonfind_new(all);
	size_t len = strlen(document);

	for (size_t step = 1; step <= len; step++) {
		fp_jsonfind_reset(find);
		for (size_t at = 0; at < len; at += step) {
			size_t part = FP_MIN(step, len - at);
			char *copy = malloc(part);
			memcpy(copy, document + at, part);
			fp_jsonfind_feed(find, copy, part);
			free(copy);
		}
		const char *found = fp_jsonfind_found(find);
		fp_buf_set(&text, "", 0);
		fp_buf_add_text(&text, found ? found : "-");
		size_t before = text.len;
		fp_buf_add_char(&text, '=');
		CHECK(fp_jsonfind_text(find, &text) == 0);
		if (text.len == before + 1)
			text.data[--text.len] = '\0';
		CHECK_TEXT(text.data, expected);
	}
	fp_jsonfind_free(find);
	fp_jsonfind_pointers_free(all);
}

static void
one(const char *pointer, const char *document, const char *expected)
{
	finds(&pointer, 1, document, expected);
}

/* The examples of RFC 6901, section 5, but for those that are empty. */
#define EXAMPLE                                                          \
	"{\"foo\":[\"bar\",\"baz\"],\"\":8,\"a/b\":1,\"c%d\":2,\"e^f\":" \
	"3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}"

static void
examples(void)
{
	one("", EXAMPLE, "");
	one("/foo", EXAMPLE, "/foo");
	one("/foo/0", EXAMPLE, "/foo/0=bar");
	one("/", EXAMPLE, "/");
	one("/a~1b", EXAMPLE, "/a~1b");
	one("/c%d", EXAMPLE, "/c%d");
	one("/e^f", EXAMPLE, "/e^f");
	one("/g|h", EXAMPLE, "/g|h");
	one("/i\\j", EXAMPLE, "/i\\j");
	one("/k\"l", EXAMPLE, "/k\"l");
	one("/ ", EXAMPLE, "/ ");
	one("/m~0n", EXAMPLE, "/m~0n");
}

static void
nothing(void)
{
	static const char *const values[] = {
		"null", "false", "\"\"", "[]", "{}", "[ ]", "{\n}", " null "};
	static const char *const others[] = {"true", "0", "-1", "[0]", "[[]]",
		"{\"a\":null}", "[ null ]", "0.0"};
	char document[100];

	for (size_t i = 0; i < FP_ARRAY_LEN(values); i++) {
		snprintf(document, sizeof(document), "{\"e\":%s,\"f\":1}",
			values[i]);
		one("/e", document, "-");
		one("", values[i], "-");
		snprintf(document, sizeof(document), "[1,%s,2]", values[i]);
		one("/1", document, "-");
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(others); i++) {
		snprintf(document, sizeof(document), "{ \"e\" : %s }",
			others[i]);
		one("/e", document, "/e");
		one("", others[i], "");
		snprintf(document, sizeof(document), "[1,2,3 , %s]", others[i]);
		one("/3", document, "/3");
	}
}

static void
paths(void)
{
	one("/e", "{\"a\":{\"e\":1},\"b\":[{\"e\":1}]}", "-");
	one("/a/e", "{\"a\":{\"e\":1}}", "/a/e");
	one("/a/e", "{\"a\":1,\"e\":1}", "-");
	one("/a/e", "{\"a\":{\"x\":{}},\"e\":1}", "-");
	one("/a/e", "{\"a\":{\"x\":[1,{\"e\":2}],\"e\":1}}", "/a/e");
	one("/a/e", "{\"a\":{},\"a\":{\"e\":1}}", "/a/e");
	one("/0/x", "[{\"x\":1}]", "/0/x");
	one("/0/x", "[[],{\"x\":1}]", "-");
	one("/1/x", "[[1,[2]],{\"x\":1}]", "/1/x");
	one("/00", "[1]", "-");
	one("/-", "[1]", "-");
	one("/1", "{\"1\":true}", "/1");
	one("/10", "[0,0,0,0,0,0,0,0,0,0,true]", "/10");
	one("/e", "[\"e\",1]", "-");
	one("/e", "{\"x\":\"e\",\"y\":1}", "-");
	one("/e", "{\"ee\":1,\"\":1,\"eeeeeeeeeeeeeeeeeeee\":1}", "-");
	one("/caf\xc3\xa9", "{\"caf\\u00E9\":1}", "/caf\xc3\xa9");
	one("/\xf0\x9f\x98\x80", "{\"\\ud83d\\ude00\":1}", "/\xf0\x9f\x98\x80");
	one("/e", "{\"\\u0065\":1}", "/e");
	one("/e", "{\"s\":\"\\\"}],{\",\"e\":1}", "/e");
}

static void
texts(void)
{
	char document[300] = "[\"";

	one("/e", "{\"e\":[{\"message\":\"no \\\"x\\\"\"}]}", "/e=no \"x\"");
	one("/e", "{\"e\":[{\"x\":1},{\"message\":\"b\"}]}", "/e");
	one("/e", "{\"e\":[{\"message\":[\"b\"]}]}", "/e");
	one("/e", "{\"e\":[{\"m\":{\"message\":\"b\"},\"message\":\"a\"}]}",
		"/e=a");
	one("/e", "{\"e\":{\"message\":\"a\"}}", "/e=a");
	one("/e", "{\"e\":\"a\"}", "/e=a");
	one("/e", "{\"e\":\"a\\ud800\"}", "/e=a");
	one("/e", "{\"message\":\"x\",\"e\":1}", "/e");
	memset(document + 2, 'x', FP_JSONFIND_TEXT_MAX + 1);
	strcat(document, "\"]");
	one("/0", document, "/0");
}

static void
several(void)
{
	static const char *const pointers[] = {"/errors", "/error", "/0/e"};

	finds(pointers, 3, "{\"errors\":[],\"error\":\"a\"}", "/error=a");
	finds(pointers, 3, "{\"error\":\"a\",\"errors\":[{\"message\":\"b\"}]}",
		"/error=a");
	finds(pointers, 3, "[{\"e\":1}]", "/0/e");
	finds(pointers, 3, "{\"x\":1}", "-");
}

/* What is no JSON gives any answer, and does not crash. */
static void
anything(void)
{
	static const char bytes[] = "{}[],:\"\\eu0 x";
	static const char *const pointers[] = {"/e", "/0/e", ""};
	struct fp_pointers *all = fp_jsonfind_pointers_new(pointers, 3);
	struct fp_jsonfind *find = fp_jsonfind_new(all);
	uint32_t random = 1;

	for (int i = 0; i < 20000; i++) {
		fp_jsonfind_reset(find);
		for (int k = 0; k < 40; k++) {
			random = random * 1664525 + 1013904223;
			fp_jsonfind_feed(find,
				&bytes[(random >> 16) % (sizeof(bytes) - 1)],
				1);
		}
		fp_buf_set(&text, "", 0);
		CHECK(fp_jsonfind_text(find, &text) == 0);
	}
	fp_jsonfind_free(find);
	fp_jsonfind_pointers_free(all);
}

static void
pointers(void)
{
	static const char *const right[] = {
		"", "/", "/a", "/a~0", "/~1", "//", "/0"};
	static const char *const wrong[] = {
		"a", "a/b", "#/a", "/~", "/a~2", "~0", "/~~0"};

	for (size_t i = 0; i < FP_ARRAY_LEN(right); i++)
		CHECK(fp_is_json_pointer(right[i]));
	for (size_t i = 0; i < FP_ARRAY_LEN(wrong); i++) {
		CHECK(!fp_is_json_pointer(wrong[i]));
		errno = 0;
		CHECK(!fp_jsonfind_pointers_new(&wrong[i], 1));
		CHECK(errno == EINVAL);
	}
}

int
main(void)
{
	run("the examples of RFC 6901", examples);
	run("what is nothing, and what is not", nothing);
	run("paths", paths);
	run("the text that says more", texts);
	run("several pointers", several);
	run("of other text it makes anything, and ends", anything);
	run("what is a pointer", pointers);
	fp_buf_destroy(&text);
	return done();
}
