/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsontake.h"
#include "tap.h"

static struct fp_buf elements = FP_BUF_INIT;

static int
add_element(void *arg, const char *data, size_t len, bool ends)
{
	(void)arg;
	return fp_buf_add(&elements, data, len) ||
	       (ends && fp_buf_add_char(&elements, '\n'));
}

/* In blocks of just their size. */
static void
feed(struct fp_jsontake *take, const char *data, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, data, len);
	CHECK(fp_jsontake_feed(take, copy, len) == 0);
	free(copy);
}

static const char *
show(const struct fp_jsontaken *taken)
{
	static char text[200];

	snprintf(text, sizeof(text), "%s%s %s%s",
		taken->is_empty ? "empty " : "",
		fp_jsontake_type_words(taken->type), fp_buf_text(&taken->text),
		taken->is_too_long ? "..." : "");
	return text;
}

/* What is at the pointer, wherever the document is cut in two; and in bytes. */
static const char *
taken(const char *pointer, const char *document)
{
	static char first[200];
	size_t len = strlen(document);
	struct fp_jsontake *take = fp_jsontake_new(&pointer, 1);

	feed(take, document, len);
	snprintf(first, sizeof(first), "%s", show(fp_jsontake_get(take, 0)));
	for (size_t cut = 0; cut <= len; cut++) {
		fp_jsontake_reset(take);
		feed(take, document, cut);
		feed(take, document + cut, len - cut);
		CHECK_TEXT(show(fp_jsontake_get(take, 0)), first);
	}
	fp_jsontake_reset(take);
	for (size_t i = 0; i < len; i++)
		feed(take, document + i, 1);
	CHECK_TEXT(show(fp_jsontake_get(take, 0)), first);
	fp_jsontake_free(take);
	return first;
}

static void
values(void)
{
	CHECK_TEXT(taken("/a", "{\"a\":\"b\"}"), "a string b");
	CHECK_TEXT(taken("/a", "{\"a\" : \"b\\\"\\u0061\" }"),
		"a string b\\\"\\u0061");
	CHECK_TEXT(taken("/a", "{\"b\":1,\"a\":-12.5e3}"), "a number -12.5e3");
	CHECK_TEXT(taken("/a", "{\"a\":12 ,\"b\":3}"), "a number 12");
	CHECK_TEXT(taken("/a", "{\"a\":null}"), "null ");
	CHECK_TEXT(taken("/a", "{\"a\":false}"), "false ");
	CHECK_TEXT(taken("/a", "{\"a\":true}"), "true ");
	CHECK_TEXT(taken("/a", "{\"a\":\"\"}"), "empty a string ");
	CHECK_TEXT(taken("/a", "{\"a\":[ ]}"), "empty an array ");
	CHECK_TEXT(taken("/a", "{\"a\":[[]]}"), "an array ");
	CHECK_TEXT(taken("/a", "{\"a\":{}}"), "empty an object ");
	CHECK_TEXT(taken("/a", "{\"a\":{\"b\":1}}"), "an object ");
	CHECK_TEXT(taken("/a", "{\"b\":{\"a\":1}}"), "nothing ");
	CHECK_TEXT(taken("/a", "[1]"), "nothing ");
	CHECK_TEXT(taken("/a", ""), "nothing ");
	CHECK_TEXT(taken("/a", "{\"a\":1,\"a\":\"x\"}"), "a string x");
}

static void
places(void)
{
	CHECK_TEXT(taken("", " 17 "), "a number 17");
	CHECK_TEXT(taken("", "[]"), "empty an array ");
	CHECK_TEXT(taken("", "[1]"), "an array ");
	CHECK_TEXT(taken("", "{\"a\":1}"), "an object ");
	CHECK_TEXT(taken("/data/page/end",
			   "{\"data\":{\"x\":[1,{\"end\":2}],\"page\":"
			   "{\"end\":\"Y3\"}},\"end\":9}"),
		"a string Y3");
	CHECK_TEXT(
		taken("/1/a", "[{\"a\":1},{\"a\":2},{\"a\":3}]"), "a number 2");
	CHECK_TEXT(taken("/a~1b", "{\"a\\u002fb\":5}"), "a number 5");
	CHECK_TEXT(taken("/", "{\"\":6}"), "a number 6");
}

static void
several(void)
{
	const char *const pointers[] = {"/next", "/items", "/items"};
	static const char document[] =
		"{\"items\":[1,2],\"next\":\"n\",\"other\":[3]}";
	struct fp_jsontake *take = fp_jsontake_new(pointers, 3);

	fp_jsontake_set_element(take, add_element, NULL);
	for (size_t cut = 0; cut < sizeof(document); cut++) {
		fp_jsontake_reset(take);
		fp_buf_clear(&elements, 0);
		feed(take, document, cut);
		feed(take, document + cut, sizeof(document) - 1 - cut);
		CHECK_TEXT(show(fp_jsontake_get(take, 0)), "a string n");
		CHECK_TEXT(show(fp_jsontake_get(take, 1)), "an array ");
		CHECK_TEXT(elements.data, "1\n2\n");
	}
	fp_jsontake_free(take);
}

/* The elements, a line each, however the document is cut. */
static const char *
each(const char *pointer, const char *document)
{
	static char first[200];
	size_t len = strlen(document);
	struct fp_jsontake *take = fp_jsontake_new(&pointer, 1);

	fp_jsontake_set_element(take, add_element, NULL);
	for (size_t cut = 0; cut <= len; cut++) {
		fp_jsontake_reset(take);
		fp_buf_clear(&elements, 0);
		feed(take, document, cut);
		feed(take, document + cut, len - cut);
		if (cut == 0)
			snprintf(first, sizeof(first), "%s",
				fp_buf_text(&elements));
		CHECK_TEXT(fp_buf_text(&elements), first);
	}
	fp_jsontake_reset(take);
	fp_buf_clear(&elements, 0);
	for (size_t i = 0; i < len; i++)
		feed(take, document + i, 1);
	CHECK_TEXT(fp_buf_text(&elements), first);
	fp_jsontake_free(take);
	return first;
}

static void
all_elements(void)
{
	CHECK_TEXT(each("", "[1,2,3]"), "1\n2\n3\n");
	CHECK_TEXT(each("", "[]"), "");
	CHECK_TEXT(each("", "[[]]"), "[]\n");
	CHECK_TEXT(each("", "[\"\"]"), "\"\"\n");
	CHECK_TEXT(each("", "[[1,2],{\"a\":[3,4],\"b\":\"],[\\\"\"}]"),
		"[1,2]\n{\"a\":[3,4],\"b\":\"],[\\\"\"}\n");
	CHECK_TEXT(
		each("/a/b", "{\"a\":{\"c\":[0],\"b\":[1.50,null]},\"b\":[9]}"),
		"1.50\nnull\n");
	CHECK_TEXT(each("/a", "{\"a\":{\"a\":[1]}}"), "");
	CHECK_TEXT(each("/0", "[[1,2],[3]]"), "1\n2\n");
}

static void
what_is_too_long(void)
{
	const char *pointer = "/a";
	struct fp_jsontake *take = fp_jsontake_new(&pointer, 1);
	char piece[1000];
	size_t n = 0;

	memset(piece, 'x', sizeof(piece));
	feed(take, "{\"a\":\"", 6);
	for (; n + sizeof(piece) <= FP_JSONTAKE_BYTES_MAX; n += sizeof(piece))
		feed(take, piece, sizeof(piece));
	feed(take, piece, FP_JSONTAKE_BYTES_MAX - n);
	CHECK(!fp_jsontake_get(take, 0)->is_too_long);
	CHECK(fp_jsontake_get(take, 0)->text.len == FP_JSONTAKE_BYTES_MAX);
	feed(take, "x\"}", 3);
	CHECK(fp_jsontake_get(take, 0)->is_too_long);
	CHECK(fp_jsontake_get(take, 0)->text.cap == 0);
	fp_jsontake_free(take);
}

static int
refuse_element(void *arg, const char *data, size_t len, bool ends)
{
	(void)arg;
	(void)data;
	(void)len;
	(void)ends;
	return -1;
}

static void
what_fails(void)
{
	const char *pointers[] = {"/a", "b"};
	struct fp_jsontake *take = fp_jsontake_new(pointers, 1);

	fp_jsontake_set_element(take, refuse_element, NULL);
	CHECK(fp_jsontake_feed(take, "{\"a\":[1]}", 9) == -1);
	fp_jsontake_free(take);
	CHECK(!fp_jsontake_new(pointers, 2));
	fp_jsontake_free(NULL);
}

int
main(void)
{
	run("values of all types", values);
	run("at all places", places);
	run("several places at once, some of them the same", several);
	run("the elements of an array", all_elements);
	run("a string is kept up to a limit", what_is_too_long);
	run("what fails", what_fails);
	fp_buf_destroy(&elements);
	return done();
}
