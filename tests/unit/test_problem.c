/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "problem.h"
#include "tap.h"

static struct fp_buf text;

static void
finds(const char *document, const char *expected)
{
	fp_buf_clear(&text, 0);
	fp_problem_find((struct fp_text){document, strlen(document)}, &text);
	CHECK_TEXT(fp_buf_text(&text), expected);
}

static void
members(void)
{
	finds("", "");
	finds("[]", "");
	finds("{}", "");
	finds("\"detail\"", "");
	finds("{\"detail\":\"a\"}", "a");
	finds("{\"title\":\"b\"}", "b");
	finds("{\"title\":\"b\",\"detail\":\"a\"}", "a");
	finds("{\"detail\":\"a\",\"title\":\"b\"}", "a");
	finds("{\"detail\":\"\",\"title\":\"b\"}", "b");
	finds("{\"detail\":null,\"title\":7}", "");
	finds("{\"x\":{\"detail\":\"a\"},\"titles\":\"b\"}", "");
}

static void
lists(void)
{
	finds("{\"detail\":[{\"msg\":\"a\"}]}", "[{\"msg\":\"a\"}]");
	finds("{\"detail\":{\"msg\":\"a\"},\"title\":\"b\"}", "b");
	finds("{\"detail\":[]}", "");
	finds("{\"detail\":{}}", "");
}

static void
escapes(void)
{
	finds("{\"detail\":\"a\\n\\u00e9\\\"\"}", "a\n\xc3\xa9\"");
	finds("{\"detail\":\"a\\ud800b\"}", "a");
	finds("{\"detail\":\"a\\u0000b\"}", "a");
}

static void
lengths(void)
{
	char document[600];
	char expected[FP_PROBLEM_MAX + 1];

	for (size_t n = 1; n < 300; n++) {
		memset(document, 0, sizeof(document));
		strcpy(document, "{\"title\":\"");
		memset(document + 10, 'x', n);
		strcat(document, "\"}");
		memset(expected, 'x', FP_MIN(n, FP_PROBLEM_MAX));
		expected[FP_MIN(n, FP_PROBLEM_MAX)] = '\0';
		if (n > FP_PROBLEM_MAX)
			strcpy(expected + FP_PROBLEM_MAX - 3, "...");
		finds(document, expected);
	}
	/* No character is cut. */
	strcpy(document, "{\"title\":\"");
	for (int i = 0; i < 101; i++)
		strcat(document, "\xc3\xa9");
	strcat(document, "\"}");
	fp_buf_clear(&text, 0);
	fp_problem_find((struct fp_text){document, strlen(document)}, &text);
	CHECK(text.len == 199);
	CHECK_TEXT(text.data + 194, "\xc3\xa9...");
}

int
main(void)
{
	run("the detail, else the title", members);
	run("a detail that is a list is shown as it stands", lists);
	run("escapes are undone", escapes);
	run("200 bytes at most, whole characters", lengths);
	fp_buf_destroy(&text);
	return done();
}
