/* SPDX-License-Identifier: MIT */
#include "recordtest.h"

static void
passwords(void)
{
	struct fp_result result = success();

	result.input = TEXT("http://u:p@h/1");
	CHECK_TEXT(field(&result, FP_FIELD_INPUT), "\"http://u:***@h/1\"");
	result.input = TEXT("http://u:\x01\xff\"@h/\x02\"");
	CHECK_TEXT(field(&result, FP_FIELD_INPUT),
		"\"http://u:***@h/\\u0002\\\"\"");
	result.input = TEXT("u:p@h");
	CHECK_TEXT(field(&result, FP_FIELD_INPUT), "\"u:p@h\"");
	result.input = TEXT("http://a:p@h/?u=http://b:q@i/\n");
	CHECK_TEXT(field(&result, FP_FIELD_INPUT),
		"\"http://a:***@h/?u=http://b:***@i/\\n\"");
}

static void
passwords_in_json(void)
{
	struct fp_result result = success();

	result.context = TEXT("\"http://h/?u=http://b:p@i/\"");
	CHECK_TEXT(field(&result, FP_FIELD_CONTEXT),
		"\"http://h/?u=http://b:***@i/\"");
	result.context = TEXT("[\"x://a:p@h/y://b:q@i\",{\"x://t@h\":1}]");
	CHECK_TEXT(field(&result, FP_FIELD_CONTEXT),
		"[\"x://a:***@h/y://b:***@i\",{\"x://***@h\":1}]");
	result.input_json = TEXT("[\"x://a:p\\\"q@h\",\"x://a:\",\"b@h\",2]");
	CHECK_TEXT(field(&result, FP_FIELD_INPUT),
		"[\"x://a:***@h\",\"x://a:\",\"b@h\",2]");
}

static void
escaped_passwords(void)
{
	static const char in[] =
		"{\"a\":\"http:\\/\\/u:pw@h\\/\",\"b\":[\"http://u:p2@h/?http:"
		"\\u002f/v:p3\\u0040h\"],\"c\":\"x@y\",\"d\":\"a://b:p\\u0122@c\"}";
	struct fp_result result = success();

	result.context = (struct fp_text){in, sizeof(in) - 1};
	CHECK_TEXT(field(&result, FP_FIELD_CONTEXT),
		"{\"a\":\"http:\\/\\/u:***@h\\/\",\"b\":[\"http://u:***@h/?http:"
		"\\u002f/v:***\\u0040h\"],\"c\":\"x@y\",\"d\":\"a://b:***@c\"}");
}

static void
escaped_passwords_further_on(void)
{
	struct fp_result result = success();
	char in[6000];

	for (int before = 1990; before < 4200; before++) {
		int len = snprintf(in, sizeof(in), "\"\\n%0*d http://u:p@q@h\"",
			before, 0);
		result.context = (struct fp_text){in, (size_t)len};
		const char *out = record(&result, &usual);
		CHECK(strstr(out, " http://u:***@h\"") && !strstr(out, "p@"));
	}
}

int
main(void)
{
	run("passwords are masked", passwords);
	run("passwords in JSON are masked", passwords_in_json);
	run("20 passwords in JSON, behind escapes too", escaped_passwords);
	run("20 and far behind them", escaped_passwords_further_on);
	fp_buf_destroy(&paper);
	return done();
}
