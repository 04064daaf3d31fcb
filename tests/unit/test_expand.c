/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "expand.h"
#include "tap.h"

#include <errno.h>
#include <string.h>

static struct fp_buf out;
static char why[160];

static struct fp_expand *
parse(const char *text)
{
	return fp_expand_parse(text, strlen(text), why, sizeof(why));
}

static const struct fp_text optional = {"after", 5};
static const struct fp_text texts[] = {
	{"x y\"\n", 5}, {"", 0}, {"a&b", 3}, {"-1e2", 4}};
static const struct fp_value values[] = {
	{{"name", 4}, FP_VALUE_STRING, &texts[0], 1, false},
	{{"2", 1}, FP_VALUE_STRING, &texts[1], 1, false},
	{{"list", 4}, FP_VALUE_LIST, &texts[0], 2, false},
	{{"null", 4}, FP_VALUE_STRING, NULL, 0, false},
	{{"number", 6}, FP_VALUE_STRING, &texts[3], 1, .is_bare = true},
};
static const struct fp_item item = {.input = {" li\tne ", 7},
	.values = values,
	.n_values = FP_ARRAY_LEN(values)};

/* What becomes of the text; "! " and why, if nothing does. */
static const char *
fill(const char *text)
{
	struct fp_expand *expand = parse(text);

	fp_buf_clear(&out, SIZE_MAX);
	if (!expand || fp_expand_fill(expand, &item, optional, &out, why,
			       sizeof(why))) {
		CHECK(errno == EINVAL);
		fp_buf_clear(&out, SIZE_MAX);
		fp_buf_printf(&out, "! %s", why);
	}
	fp_expand_free(expand);
	return fp_buf_text(&out);
}

static void
texts_are_filled_in(void)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"plain {} {1} } {", "plain {} {1} } {"},
		{"{{}}", " li\tne "},
		{"<{{:trim}}>", "<li\tne>"},
		{"{{:trim:json}}", "li\\tne"},
		{"{{name:json}}", "x y\\\"\\n"},
		{"{{name:url}}", "x%20y%22%0A"},
		{"{{name:trim:url}}-{{2}}-", "x%20y%22--"},
		{"{{name:b64}}", "eCB5Igo="},
		{"{{:trim:b64}}", "bGkJbmU="},
		{"{{2:b64}}{{2:json}}{{2:url}}{{2:trim}}", ""},
		{"{{name:b64:url}}", "eCB5Igo%3D"},
		{"\\{{}} {{2}}", "{{}} "},
		{"\\\\{{2}}", "\\{{2}}"},
		{"}}{{2}}}}", "}}}}"},
		{"{{name:tojson}}", "\"x y\\\"\\n\""},
		{"{{2:tojson}} {{number:tojson}}", "\"\" -1e2"},
		{"{{number:trim:tojson}}{{number:url:tojson}}", "-1e2\"-1e2\""},
		{"{{number:tojson:json}}{{2:tojson:json}}", "-1e2\\\"\\\""},
		{"<{{after}}{{after:url}}{{after:b64}}{{after:trim}}>", "<>"},
		{"{{after:tojson}} {{after:json:tojson}}", "null \"\""},
		{"{{none}}", "! no value for {{none}}"},
		{"{{null}}", "! no value for {{null}}"},
		{"{{list}}",
			"! an array or object instead of text for {{list}}"},
		{"{{3}}", "! no value for {{3}}"},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++)
		CHECK_TEXT(fill(cases[i][0]), cases[i][1]);
}

static void
what_is_wrong(void)
{
	static const char *const cases[][2] = {
		{"{{", "{{ without }}"},
		{"{{a}", "{{ without }}"},
		{"{{a:upper}}",
			"'upper' is not one of trim, json, url, b64, tojson"},
		{"{{a:}}", ""},
		{"{{ a }}",
			"{{ a }}: in a name, a space is written %20, and there is none around it"},
		{"{{{a}}}", "{{{a}} names no value"},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		struct fp_expand *expand = parse(cases[i][0]);
		CHECK(cases[i][1][0] ? !expand && errno == EINVAL
				     : expand != NULL);
		if (cases[i][1][0])
			CHECK_TEXT(why, cases[i][1]);
		fp_expand_free(expand);
	}
	fp_expand_free(NULL);
}

static int
count(void *arg, struct fp_text name)
{
	size_t *n = arg;

	*n += 1 + 10 * name.len;
	return *n > 40 ? 7 : 0;
}

static void
names_are_told(void)
{
	size_t n = 0;
	struct fp_expand *expand = parse("{{}} {{1}}{{ab:json}} \\{{x}}");

	CHECK(expand && fp_expand_names(expand, count, &n) == 0 && n == 33);
	CHECK(fp_expand_names(expand, count, &n) == 7);
	fp_expand_free(expand);
}

static void
plain_texts_that_were_meant(void)
{
	static const char *const always[] = {"Key: {}", "K: a{12}", "{ {1}",
		"K: {{}}", "K: {{1}}", "K: {{id}}", "{{a:json}}", "{{{{x}}"};
	static const char *const named[] = {
		"K: {a}", "{full%20name}", "{a.b_c-d}", "x{{y}"};
	static const char *const never[] = {"K: { }", "K: {", "K: }{",
		"K: {\"a\":1}", "{\"a\":{\"b\":2}}", "{a b}", "{{ a }}", ""};

	for (size_t i = 0; i < FP_ARRAY_LEN(always); i++)
		CHECK(fp_expand_is_meant(always[i], false));
	for (size_t i = 0; i < FP_ARRAY_LEN(named); i++)
		CHECK(fp_expand_is_meant(named[i], true) &&
			!fp_expand_is_meant(named[i], false));
	for (size_t i = 0; i < FP_ARRAY_LEN(never); i++)
		CHECK(!fp_expand_is_meant(never[i], true));
}

int
main(void)
{
	run("texts are filled in", texts_are_filled_in);
	run("what is wrong is named", what_is_wrong);
	run("names are told", names_are_told);
	run("plain texts that were meant to be filled in",
		plain_texts_that_were_meant);
	fp_buf_destroy(&out);
	return done();
}
