/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "clock.h"
#include "etag.h"
#include "tap.h"

#include <string.h>

static struct fp_text
text_of(const char *text)
{
	return (struct fp_text){text, strlen(text)};
}

static void
tags(void)
{
	static const char *const good[] = {"\"\"", "\"a\"", "W/\"a\"",
		"\"a,b;c=d\\\"", "\"\xc3\xa4\"", "W/\"\""};
	static const char *const bad[] = {"", "\"", "a", "a\"", "\"a", "W/",
		"W/a", "w/\"a\"", "\"a b\"", "\"a\"b\"", "\"\t\"", "\"\x7f\"",
		"*", "W/W/\"a\""};
	char long_one[FP_ETAG_MAX + 2];

	for (size_t i = 0; i < FP_ARRAY_LEN(good); i++)
		CHECK(fp_etag_is(text_of(good[i])));
	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++)
		CHECK(!fp_etag_is(text_of(bad[i])));
	memset(long_one, '"', sizeof(long_one));
	memset(long_one + 1, 'x', FP_ETAG_MAX - 2);
	CHECK(fp_etag_is((struct fp_text){long_one, FP_ETAG_MAX}));
	long_one[FP_ETAG_MAX - 1] = 'x';
	CHECK(!fp_etag_is((struct fp_text){long_one, FP_ETAG_MAX + 1}));
}

static void
field_is(const char *etag, const char *expected)
{
	struct fp_buf line = FP_BUF_INIT;

	CHECK(fp_etag_add_field(text_of(etag), &line) == 0);
	CHECK_TEXT(fp_buf_text(&line), expected);
	fp_buf_destroy(&line);
}

static void
fields(void)
{
	field_is("\"a\"", "If-None-Match: \"a\"");
	field_is("W/\"a\"", "If-None-Match: W/\"a\"");
	field_is("\"\"", "If-None-Match: \"\"");
	field_is("\"a-gzip\"", "If-None-Match: \"a-gzip\", \"a\"");
	field_is("W/\"a-gzip\"", "If-None-Match: W/\"a-gzip\", W/\"a\"");
	field_is("\"a;gzip\"", "If-None-Match: \"a;gzip\", \"a\"");
	field_is("\"a--gzip\"", "If-None-Match: \"a--gzip\", \"a\"");
	field_is("\"-gzip\"", "If-None-Match: \"-gzip\"");
	field_is("\"gzip\"", "If-None-Match: \"gzip\"");
}

static void
dates(void)
{
	struct fp_text at = text_of("Sun, 06 Nov 1994 08:49:37 GMT");
	struct fp_text next = text_of("Sun, 06 Nov 1994 08:49:38 GMT");

	CHECK(fp_etag_is_old(at, next));
	CHECK(!fp_etag_is_old(at, at));
	CHECK(!fp_etag_is_old(next, at));
	CHECK(!fp_etag_is_old(at, text_of("")));
	CHECK(!fp_etag_is_old(text_of("yesterday"), next));
	CHECK(fp_etag_time_ns(at) == INT64_C(784111777) * FP_NS_PER_S);
	CHECK(fp_etag_time_ns(text_of("x")) == -1);
}

static void
times(void)
{
	/* 1994-11-06 is 2ebc98a1 and cyu8ip; nginx adds the length after "-".
	 */
	struct fp_text at = text_of("Sun, 06 Nov 1994 08:49:37 GMT");
	static const char *const of_it[] = {"\"2ebc98a1-1e8480\"",
		"W/\"2ebc98a1-5\"", "\"2ebc98a1\"", "\"cyu8ip16v7k\""};
	static const char *const others[] = {"\"2ebc98a2-1e8480\"",
		"\"12ebc98a1-5\"", "\"2ebc98a", "\"2ebc98a\"", "\"\"", "",
		"2ebc98a1", "\"2EBC98A1-5\"", "W/\"\""};

	for (size_t i = 0; i < FP_ARRAY_LEN(of_it); i++)
		CHECK(fp_etag_is_of_time(text_of(of_it[i]), at));
	for (size_t i = 0; i < FP_ARRAY_LEN(others); i++)
		CHECK(!fp_etag_is_of_time(text_of(others[i]), at));
	CHECK(!fp_etag_is_of_time(text_of("\"0-5\""), text_of("x")));
	CHECK(!fp_etag_is_of_time(
		text_of("\"0-5\""), text_of("Thu, 01 Jan 1970 00:00:00 GMT")));
}

int
main(void)
{
	run("what is an entity tag", tags);
	run("the field, with what compression has altered", fields);
	run("dates that tell", dates);
	run("a tag that is made of a time", times);
	return done();
}
