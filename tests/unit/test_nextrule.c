/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "nextrule.h"
#include "tap.h"

/* A rule in words, or why it is none. */
static const char *
rule_of(const char *text)
{
	static const char *const forms[] = {
		"none", "link", "url", "cursor", "count"};
	static char words[200];
	struct fp_nextrule rule;

	if (fp_nextrule_parse(&rule, text, words, sizeof(words)))
		return "wrong";
	snprintf(words, sizeof(words), "%s %.*s %s %d+%d", forms[rule.how],
		(int)rule.name.len, rule.name.len ? rule.name.data : "",
		rule.pointer ? rule.pointer : "", (int)rule.first,
		(int)rule.step);
	return words;
}

static void
forms(void)
{
	CHECK_TEXT(rule_of("link"), "link   0+0");
	CHECK_TEXT(rule_of("/next"), "url  /next 0+0");
	CHECK_TEXT(rule_of("/a~1b/0"), "url  /a~1b/0 0+0");
	CHECK_TEXT(rule_of("/a=b"), "url  /a=b 0+0");
	CHECK_TEXT(rule_of("cursor=/data/end"), "cursor cursor /data/end 0+0");
	CHECK_TEXT(rule_of("a.b_2=/"), "cursor a.b_2 / 0+0");
	CHECK_TEXT(rule_of("page=+1"), "count page  1+1");
	CHECK_TEXT(rule_of("offset=0+100"), "count offset  0+100");
}

static void
what_is_none(void)
{
	static const char *const texts[] = {"", "links", "next", "Link", "/~2",
		"a=/~", "=/a", "1=/a", "a b=/c", "{a}=/b", "a=", "a=b", "a=1",
		"a=+", "a=+0", "a=-1", "a=+1x", "a=x+1", "a=+1+1", "a= +1",
		"a=+99999999999999999999", "a=9999999999999999999+1"};

	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		if (strcmp(rule_of(texts[i]), "wrong") != 0)
			CHECK_TEXT(texts[i], "wrong");
	}
}

int
main(void)
{
	run("the four forms", forms);
	run("what is none of them", what_is_none);
	return done();
}
