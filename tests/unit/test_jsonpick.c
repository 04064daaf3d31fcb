/* SPDX-License-Identifier: MIT */
#include "jsontest.h"

/* One list is "a,b,c"; NULL: none. Names hold no comma here. */
static size_t
split(const char *list, char text[200], const char *names[10])
{
	size_t n = 0;

	if (!list)
		return 0;
	snprintf(text, 200, "%s", list);
	names[n++] = text;
	for (char *p = text; *p; p++) {
		if (*p == ',') {
			*p = '\0';
			names[n++] = p + 1;
		}
	}
	return n;
}

static const char *
members(const char *pick, const char *omit, const char *document)
{
	char pick_text[200], omit_text[200];
	const char *pick_names[10], *omit_names[10];
	size_t n_pick = split(pick, pick_text, pick_names);
	size_t n_omit = split(omit, omit_text, omit_names);

	return picked(pick_names, n_pick, omit_names, n_omit, document,
		strlen(document));
}

#define PICK(names, document, expected) \
	CHECK_TEXT(members(names, NULL, document), expected)
#define OMIT(names, document, expected) \
	CHECK_TEXT(members(NULL, names, document), expected)

static const char abc[] = "{\"a\":1,\"b\":[2],\"c\":{\"a\":3}}";

static void
some_members_are_kept(void)
{
	PICK("a", abc, "{\"a\":1}");
	PICK("b", abc, "{\"b\":[2]}");
	PICK("c", abc, "{\"c\":{\"a\":3}}");
	PICK("c,a", abc, "{\"a\":1,\"c\":{\"a\":3}}");
	PICK("b,c", abc, "{\"b\":[2],\"c\":{\"a\":3}}");
	PICK("a,b,c", abc, abc);
	PICK("d", abc, "{}");
	PICK("A", abc, "{}");
	PICK("ab", abc, "{}");
	PICK("", abc, "{}");
	PICK("", "{\"\":1,\"a\":2}", "{\"\":1}");
	PICK("a", "{}", "{}");
	PICK("a", " { } ", "{}");
}

static void
some_members_are_left_out(void)
{
	OMIT("a", abc, "{\"b\":[2],\"c\":{\"a\":3}}");
	OMIT("b", abc, "{\"a\":1,\"c\":{\"a\":3}}");
	OMIT("c", abc, "{\"a\":1,\"b\":[2]}");
	OMIT("a,b", abc, "{\"c\":{\"a\":3}}");
	OMIT("a,b,c", abc, "{}");
	OMIT("d", abc, abc);
	OMIT("a", "{\"a\":1}", "{}");
	OMIT("a", "{}", "{}");
	OMIT("", "{\"\":1,\"a\":2}", "{\"a\":2}");
}

static void
both_lists(void)
{
	CHECK_TEXT(members("a,b", "a,c", abc), "{\"b\":[2]}");
	CHECK_TEXT(members("a", "a", abc), "{}");
	CHECK_TEXT(members("b", "a", abc), "{\"b\":[2]}");
}

static void
names_twice_and_deeper(void)
{
	static const char twice[] =
		"{\"a\":1,\"b\":2,\"a\":{\"b\":{\"a\":[{\"b\":3}]}},\"b\":4}";

	PICK("a", twice, "{\"a\":1,\"a\":{\"b\":{\"a\":[{\"b\":3}]}}}");
	PICK("b", twice, "{\"b\":2,\"b\":4}");
	OMIT("b", twice, "{\"a\":1,\"a\":{\"b\":{\"a\":[{\"b\":3}]}}}");
	PICK("x", "{\"y\":\"x\",\"z\":[\"x\",{\"x\":1}],\"x\":\"y\"}",
		"{\"x\":\"y\"}");
}

static void
white_space_in_between(void)
{
	static const char wide[] = " {\n \"a\" : [ 1 , 2 ] ,\n \"b\" : { \"c\" "
				   ": 3 } \n, \"d\" : \" , \" } \n";

	PICK("a", wide, "{\"a\":[1,2]}");
	PICK("b", wide, "{\"b\":{\"c\":3}}");
	PICK("d", wide, "{\"d\":\" , \"}");
	OMIT("a", wide, "{\"b\":{\"c\":3},\"d\":\" , \"}");
	OMIT("b", wide, "{\"a\":[1,2],\"d\":\" , \"}");
	OMIT("d", wide, "{\"a\":[1,2],\"b\":{\"c\":3}}");
	PICK("a", "\xef\xbb\xbf{\"b\":1,\"a\":2}", "{\"a\":2}");
}

static void
other_values_are_kept_whole(void)
{
	static const char *const documents[] = {"[{\"a\":1},{\"b\":2}]",
		"\"a\"", "1", "null", "[]", "[[\"a\"],\"b\"]"};

	for (size_t i = 0; i < FP_ARRAY_LEN(documents); i++) {
		PICK("a", documents[i], documents[i]);
		OMIT("a,b", documents[i], documents[i]);
	}
}

/* Names are compared by what they mean, and kept as they were written. */
static void
escaped_names(void)
{
	PICK("a", "{\"\\u0061\":1,\"b\":2}", "{\"\\u0061\":1}");
	OMIT("a", "{\"\\u0061\":1,\"b\":2}", "{\"b\":2}");
	PICK("abc", "{\"a\\u0062c\":1,\"a\\u0062\":2}", "{\"a\\u0062c\":1}");
	PICK("abc", "{\"\\u0061\\u0062\\u0063\":1}",
		"{\"\\u0061\\u0062\\u0063\":1}");
	PICK("\"\\/\b\f\n\r\t", "{\"\\\"\\\\\\/\\b\\f\\n\\r\\t\":1}",
		"{\"\\\"\\\\\\/\\b\\f\\n\\r\\t\":1}");
	PICK("a/b", "{\"a\\/b\":1,\"a/b\":2,\"a\\\\/b\":3}",
		"{\"a\\/b\":1,\"a/b\":2}");
	PICK("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		"{\"\\u00e9\\u20AC\\uD83D\\uDE00\":1,"
		"\"\xc3\xa9\\u20ac\xf0\x9f\x98\x80\":2,\"\\u00e9\":3}",
		"{\"\\u00e9\\u20AC\\uD83D\\uDE00\":1,"
		"\"\xc3\xa9\\u20ac\xf0\x9f\x98\x80\":2}");
	/* \u0000 is no end of a name. */
	PICK("a,", "{\"a\\u0000\":1,\"\\u0000\":2}", "{}");
	PICK("a\\u0062", "{\"a\\u0062\":1,\"a\\\\u0062\":2}",
		"{\"a\\\\u0062\":2}");
}

static void
half_pairs_match_nothing(void)
{
	static const char halves[] =
		"{\"\\ud83d\":1,\"\\ude00\":2,\"\\ud83d\\u0041\":3,"
		"\"\\ud83d\\n\":4,\"\\ude00\\ud83d\":5,\"\\ud83dDE00\":6,"
		"\"\\ud83d\\ud83d\\ude00\":7,\"\\udc00\\udc00\":8,"
		"\"\\ud800\\ue000\":9}";
	/* What careless arithmetic would make of them. */
	static const char made[] =
		"\xf0\x9f\x98\x80,\xed\xa0\xbd,?,\xef\xbf\xbd,A,,"
		"\xf4\x90\x80\x80,\xf0\x90\x90\x80";

	PICK(made, halves, "{}");
	OMIT(made, halves, halves);
}

/* Names of every length around the longest that can match. */
static void
long_names(void)
{
	char document[500], expected[500], name[200];

	for (int n = 0; n < 90; n++) {
		memset(name, 'n', (size_t)n);
		name[n] = '\0';
		snprintf(document, sizeof(document),
			"{\"%s\":1,\"nnnnnnnnnn\":2,\"%s\":3}", name, name);
		snprintf(expected, sizeof(expected),
			n == 10 ? "{}" : "{\"%s\":1,\"%s\":3}", name, name);
		PICK("nnnnnnnnnn", document,
			n == 10 ? document : "{\"nnnnnnnnnn\":2}");
		OMIT("nnnnnnnnnn", document, expected);
	}
	PICK("aaa",
		"{\"\\u0061\\u0061\\u0061\":1,\"\\u0061\\u0061\\u0061a\":2}",
		"{\"\\u0061\\u0061\\u0061\":1}");
}

/* Bad documents are as bad when the bad part is left out. */
static void
all_of_it_is_judged(void)
{
	static const char *const documents[] = {"{\"b\":[1,}]}", "{\"b\":01}",
		"{\"b\":\"\\x\"}", "{\"b\":1,}", "{\"b\":1 \"a\":2}",
		"{\"a\":1}}", "{\"a\":1]", "{\"a\"}", "{\"a\" \"a\" \"a\"}",
		"{,\"a\":1}", "{\"a\":1}{\"a\":2}{\"a\":3}", "{a:1}",
		"{\"a\":1,\"b\":\f}", "{\"b\":tru}", "{\"a\":1,,\"a\":2}",
		"[{\"a\":1}", "{\"a\":1,\"a", "{[\"a\",\"a\",\"a\"]}"};

	for (size_t i = 0; i < FP_ARRAY_LEN(documents); i++) {
		char without[200];
		snprintf(without, sizeof(without), "%s",
			members(NULL, NULL, documents[i]));
		CHECK(strncmp(without, "invalid JSON", 12) == 0 ||
			strncmp(without, "JSON ends", 9) == 0);
		PICK("a", documents[i], without);
		PICK("c", documents[i], without);
		OMIT("a", documents[i], without);
	}
}

/* Names without commas would make more output than input, if that were let. */
static void
no_more_output_than_input(void)
{
	char document[4001] = "", without[200];

	for (size_t i = 0; i < 4000; i += 5)
		memcpy(document + i, "{\"a\"}", 5);
	snprintf(without, sizeof(without), "%s", members(NULL, NULL, document));
	PICK("a", document, without);
}

/* 8 MB are left out: a value, or a name. */
static void
what_is_left_out_takes_no_memory(void)
{
	static const char *const pick[] = {"small"};
	static const char *const omit[] = {"large"};
	struct fp_json *json = fp_json_new(pick, 1, omit, 1);
	struct fp_buf out = FP_BUF_INIT;
	char piece[8192];

	memset(piece, 'x', sizeof(piece));
	CHECK(fp_json_feed(json, "{\"large\":\"", 10, &out) == 0);
	for (int i = 0; i < 1000; i++)
		CHECK(fp_json_feed(json, piece, sizeof(piece), &out) == 0);
	CHECK(fp_json_feed(json, "\",\"small\":1,\"", 13, &out) == 0);
	for (int i = 0; i < 1000; i++)
		CHECK(fp_json_feed(json, piece, sizeof(piece), &out) == 0);
	CHECK(fp_json_feed(json, "\":2}", 4, &out) == 0);
	CHECK(fp_json_finish(json, &out) == 0);
	CHECK(fp_json_is_object(json));
	CHECK_TEXT(fp_buf_text(&out), "{\"small\":1}");
	CHECK(out.cap < 20000);
	fp_buf_destroy(&out);
	fp_json_free(json);
}

/* Objects made of few names, each left out or kept: a second opinion on the
 * commas. */
static void
all_choices(void)
{
	struct fp_buf text = FP_BUF_INIT, expected = FP_BUF_INIT;

	for (int i = 0; i < 3 * 3 * 3 * 3 * 3; i++) {
		fp_buf_set(&text, "{", 1);
		fp_buf_set(&expected, "{", 1);
		for (int k = i; k > 0; k /= 3) {
			static const char *const names[] = {
				"a", "b", "\\u0061"};
			fp_buf_printf(&text, "%s\"%s\": [%d]",
				k == i ? "" : " , ", names[k % 3], k);
			if (k % 3 != 1)
				fp_buf_printf(&expected, "%s\"%s\":[%d]",
					expected.len > 1 ? "," : "",
					names[k % 3], k);
		}
		fp_buf_add_text(&text, "}");
		fp_buf_add_text(&expected, "}");
		PICK("a", text.data, expected.data);
		OMIT("b", text.data, expected.data);
	}
	fp_buf_destroy(&text);
	fp_buf_destroy(&expected);
}

int
main(void)
{
	run("some members are kept", some_members_are_kept);
	run("some members are left out", some_members_are_left_out);
	run("both lists: pick first, then omit", both_lists);
	run("names that are there twice, and deeper", names_twice_and_deeper);
	run("white space in between", white_space_in_between);
	run("what is no object is kept whole", other_values_are_kept_whole);
	run("names are compared with escapes undone", escaped_names);
	run("half a surrogate pair matches nothing", half_pairs_match_nothing);
	run("long names", long_names);
	run("what is left out is judged too", all_of_it_is_judged);
	run("no more output than input", no_more_output_than_input);
	run("what is left out takes no memory",
		what_is_left_out_takes_no_memory);
	run("the commas are right for every choice", all_choices);
	return done();
}
