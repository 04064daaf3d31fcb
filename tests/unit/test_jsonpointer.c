/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsonpointer.h"
#include "tap.h"

/* The names of a pointer, each in brackets; NULL: it is none. */
static const char *
names_of(const char *text)
{
	static char all[100];
	struct fp_text names[8];
	struct fp_jsonpath path = {.names = names};
	char bytes[100], *at = bytes;

	CHECK(fp_jsonpointer_count(text) <= FP_ARRAY_LEN(names));
	if (!fp_jsonpointer_parse(&path, text, &at))
		return NULL;
	all[0] = '\0';
	for (size_t i = 0; i < path.n; i++) {
		strcat(all, "[");
		strncat(all, path.names[i].data, path.names[i].len);
		strcat(all, "]");
	}
	return all;
}

/* RFC 6901, section 5. */
static void
pointers(void)
{
	CHECK_TEXT(names_of(""), "");
	CHECK_TEXT(names_of("/foo"), "[foo]");
	CHECK_TEXT(names_of("/foo/0"), "[foo][0]");
	CHECK_TEXT(names_of("/"), "[]");
	CHECK_TEXT(names_of("/a~1b"), "[a/b]");
	CHECK_TEXT(names_of("/m~0n"), "[m~n]");
	CHECK_TEXT(names_of("/~01"), "[~1]");
	CHECK_TEXT(names_of("/ //"), "[ ][][]");
	CHECK(!names_of("foo"));
	CHECK(!names_of("/a~2"));
	CHECK(!names_of("/a~"));
	CHECK(fp_is_json_pointer("") && fp_is_json_pointer("/a~0~1"));
	CHECK(!fp_is_json_pointer("a") && !fp_is_json_pointer("/~"));
}

static bool
is_key(const char *name, const char *key)
{
	return fp_jsonpointer_is_key(
		(struct fp_text){name, strlen(name)}, key, strlen(key));
}

static void
keys(void)
{
	CHECK(is_key("a", "a") && is_key("a", "\\u0061"));
	CHECK(is_key("a\"b", "a\\\"b") && is_key("", ""));
	CHECK(is_key("\xc3\xa4", "\\u00E4") && is_key("\xc3\xa4", "\xc3\xa4"));
	CHECK(!is_key("a", "ab") && !is_key("ab", "a") && !is_key("a", ""));
	CHECK(!is_key("a", "\\u00") && !is_key("a", "\\") && !is_key("a", "b"));
}

static bool
is_index(const char *name, uint64_t index)
{
	return fp_jsonpointer_is_index(
		(struct fp_text){name, strlen(name)}, index);
}

static void
indices(void)
{
	CHECK(is_index("0", 0) && is_index("12", 12));
	CHECK(!is_index("00", 0) && !is_index("01", 1) && !is_index("", 0));
	CHECK(!is_index("-", 0) && !is_index("1a", 1) && !is_index("2", 1));
	CHECK(!is_index("18446744073709551616", 0));
}

int
main(void)
{
	run("pointers, and what is none", pointers);
	run("names of members", keys);
	run("indices of elements", indices);
	return done();
}
