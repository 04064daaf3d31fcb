/* SPDX-License-Identifier: MIT */
#include "jsontree.h"

#include "tap.h"

#include <errno.h>

static void
looked_at(void)
{
	const char *text = " {\"a\": [1, -2.5e1, true, null, {}], \"b\":{\"c\":"
			   "\"x\\u00e4\\ud83d\\ude00\\n\\u0000\\ud800\"}, "
			   "\"n\": 7 }\n";
	struct fp_jsontree *tree = fp_jsontree_parse(text, strlen(text));
	const struct fp_jsonnode *root = fp_jsontree_root(tree);
	const struct fp_jsonnode *a = fp_jsontree_get(root, "a");

	CHECK(a->type == FP_JSONTREE_ARRAY && a->n == 5);
	CHECK(a->first->number == 1 && a->first->next->number == -25);
	CHECK(a->first->next->next->type == FP_JSONTREE_TRUE);
	CHECK_TEXT(fp_jsontree_text(fp_jsontree_get(root, "b"), "c"),
		"x\xc3\xa4\xf0\x9f\x98\x80\n\xef\xbf\xbd\xef\xbf\xbd");
	CHECK(fp_jsontree_number(root, "n") == 7);
	CHECK(fp_jsontree_number(root, "b") == 0);
	CHECK_TEXT(fp_jsontree_text(NULL, "c"), "");
	CHECK_TEXT(fp_jsontree_text(a, "c"), "");
	CHECK(!fp_jsontree_get(root, "none"));
	fp_jsontree_free(tree);
}

static void
refused(void)
{
	static const char *const texts[] = {"", " ", "{", "[", "\"", "{\"a\"}",
		"{\"a\":}", "[1,]", "[1 2]", "{a:1}", "1 2", "tru", "\"\\x\"",
		"\"\\u12\"", "\"\\u12g4\"", "\"\xff\"", "\"\n\"", "+1", ".5",
		"1e", "--1", "1e999", "-1e999", "[}", "{\"a\":1]", "\\"};
	char deep[200];

	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		errno = 0;
		CHECK(!fp_jsontree_parse(texts[i], strlen(texts[i])));
		CHECK(errno == EINVAL);
	}
	CHECK(!fp_jsontree_parse("1\0", 2));
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	CHECK(!fp_jsontree_parse(deep, 200));
}

int
main(void)
{
	run("what is in it can be looked at", looked_at);
	run("what is no JSON is refused", refused);
	return done();
}
