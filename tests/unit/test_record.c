/* SPDX-License-Identifier: MIT */
#include "recordtest.h"

static void
successes(void)
{
	struct fp_result result = success();

	CHECK_TEXT(record(&result, &usual),
		"{\"seq\":7,\"input\":\"1\",\"url\":\"http://h/posts/1\","
		"\"status\":200,\"fetch_time\":0.104213,\"attempts\":1,"
		"\"type\":\"application/json; charset=utf-8\",\"size\":12,"
		"\"encoding\":\"json\",\"body\":{\"id\":1.50}}\n");
}

static void
failures(void)
{
	struct fp_result result = failure();

	CHECK_TEXT(record(&result, &usual),
		"{\"seq\":1,\"input\":\"x y\",\"url\":null,\"status\":null,"
		"\"fetch_time\":null,\"attempts\":0,\"type\":null,"
		"\"size\":null,\"encoding\":null,\"body\":null,\"error\":"
		"{\"kind\":\"input\",\"message\":\"not a \\\"URL\\\"\"}}\n");

	/* The status and all else may be known, and the body is not shown. */
	result = success();
	result.kind = FP_KIND_HTTP;
	result.message = "404 Not Found";
	result.status = 404;
	result.encoding = FP_BODY_NONE;
	result.body = (struct fp_text){NULL, 0};
	result.fetch_time_ns = 0;
	result.size = 0;
	result.attempts = 4;
	CHECK_TEXT(record(&result, &usual),
		"{\"seq\":7,\"input\":\"1\",\"url\":\"http://h/posts/1\","
		"\"status\":404,\"fetch_time\":0.0,\"attempts\":4,"
		"\"type\":\"application/json; charset=utf-8\",\"size\":0,"
		"\"encoding\":null,\"body\":null,\"error\":{\"kind\":\"http\","
		"\"message\":\"404 Not Found\"}}\n");
}

/* A failure is a record, whatever the format. */

static void
failures_in_other_formats(void)
{
	struct fp_result result = failure();
	char *expected = strdup(record(&result, &usual));

	CHECK_TEXT(record(&result, &as_body), expected);
	CHECK_TEXT(record(&result, &as_merged), expected);
	free(expected);
}

/* ---- bodies ---- */

static void
bodies(void)
{
	static const enum fp_field body_only[] = {
		FP_FIELD_ENCODING, FP_FIELD_BODY};
	const struct fp_record_format format = {
		.format = FP_FORMAT_RECORD, .fields = body_only, .n_fields = 2};
	struct fp_result result = success();

	CHECK_TEXT(record(&result, &format),
		"{\"encoding\":\"json\",\"body\":{\"id\":1.50}}\n");
	CHECK_TEXT(record(&result, &as_body), "{\"id\":1.50}\n");
	result.body = TEXT("a\"\n\x1b\xff\xc3\xa9");
	result.encoding = FP_BODY_TEXT;
	CHECK_TEXT(record(&result, &format),
		"{\"encoding\":\"text\",\"body\":"
		"\"a\\\"\\n\\u001b\\ufffd\xc3\xa9\"}\n");
	CHECK_TEXT(record(&result, &as_body),
		"\"a\\\"\\n\\u001b\\ufffd\xc3\xa9\"\n");
	result.encoding = FP_BODY_BASE64;
	CHECK_TEXT(record(&result, &format),
		"{\"encoding\":\"base64\",\"body\":\"YSIKG//DqQ==\"}\n");
	CHECK_TEXT(record(&result, &as_body), "\"YSIKG//DqQ==\"\n");
	result.body = (struct fp_text){NULL, 0};
	CHECK_TEXT(record(&result, &format),
		"{\"encoding\":\"base64\",\"body\":\"\"}\n");
	result.encoding = FP_BODY_NONE;
	CHECK_TEXT(record(&result, &format),
		"{\"encoding\":null,\"body\":null}\n");
	CHECK_TEXT(record(&result, &as_body), "null\n");
}

static void
merged(void)
{
	struct fp_result result = success();

	CHECK_TEXT(record(&result, &as_merged),
		"{\"id\":1.50,\"fetch_time\":0.104213}\n");
	result.body = TEXT("{}");
	CHECK_TEXT(record(&result, &as_merged), "{\"fetch_time\":0.104213}\n");
	result.body = TEXT("{\"a\":{}}");
	result.fetch_time_ns = 2000000000;
	CHECK_TEXT(
		record(&result, &as_merged), "{\"a\":{},\"fetch_time\":2.0}\n");
}

/* Not aborted, not written: what cannot be merged is the caller's to see. */

static void
merged_with_no_object(void)
{
	static const struct {
		enum fp_body encoding;
		struct fp_text body;
	} cases[] = {
		{FP_BODY_JSON, {"[1]", 3}},
		{FP_BODY_JSON, {"\"{}\"", 4}},
		{FP_BODY_JSON, {"7", 1}},
		{FP_BODY_JSON, {"12", 2}},
		{FP_BODY_TEXT, {"{}", 2}},
		{FP_BODY_BASE64, {"{}", 2}},
		{FP_BODY_NONE, {NULL, 0}},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		struct fp_result result = success();
		result.encoding = cases[i].encoding;
		result.body = cases[i].body;
		fp_buf_clear(&paper, SIZE_MAX);
		errno = 0;
		CHECK(fp_record_write(&result, &as_merged, keep, &paper) == -1);
		CHECK(errno == EINVAL && paper.len == 0);
	}
}

static void
field_names(void)
{
	CHECK(FP_ARRAY_LEN(names) == FP_FIELD_COUNT);
	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i]);
		CHECK(fp_field_from_name(names[i], len) == (int)i);
		CHECK(fp_field_from_name(names[i], len - 1) ==
			(i == FP_FIELD_PAGES ? FP_FIELD_PAGE : -1));
	}
	CHECK(fp_field_from_name("seq,input", 3) == FP_FIELD_SEQ);
	CHECK(fp_field_from_name("seq,input", 4) == -1);
	CHECK(fp_field_from_name("", 0) == -1);
	CHECK(fp_field_from_name("SEQ", 3) == -1);
}

/* One field of the result, as the record writes it. */

static void
all_fields(void)
{
	struct fp_result result = success();

	CHECK_TEXT(field(&result, FP_FIELD_METHOD), "\"GET\"");
	CHECK_TEXT(field(&result, FP_FIELD_HEADERS), "{\"date\":[\"now\"]}");
	CHECK_TEXT(field(&result, FP_FIELD_IP), "\"127.0.0.1\"");
	CHECK_TEXT(field(&result, FP_FIELD_HTTP_VERSION), "\"1.1\"");
	CHECK_TEXT(field(&result, FP_FIELD_STARTED),
		"\"2000-02-29T12:34:56.500000Z\"");
	CHECK_TEXT(field(&result, FP_FIELD_TIME_CONNECT), "0.001");
	CHECK_TEXT(field(&result, FP_FIELD_TIME_FIRST_BYTE), "0.002");
	result.time_connect_ns = 0;
	CHECK_TEXT(field(&result, FP_FIELD_TIME_CONNECT), "0.0");
	result.seq = (uint64_t)INT64_MAX;
	CHECK_TEXT(field(&result, FP_FIELD_SEQ), "9223372036854775807");
	result.attempts = UINT32_MAX;
	CHECK_TEXT(field(&result, FP_FIELD_ATTEMPTS), "4294967295");
}

static void
attempts(void)
{
	static const struct fp_try before[] = {
		{FP_KIND_HTTP, 503, 2000000, 250000000},
		{FP_KIND_TIMEOUT, 0, 3000000000, 50000000},
	};
	struct fp_result result = success();

	result.try_ns = 4000000;
	CHECK_TEXT(field(&result, FP_FIELD_TRIES),
		"[{\"status\":200,\"kind\":null,\"time\":0.004,"
		"\"wait\":null}]");
	result.tries = before;
	result.n_tries = 2;
	CHECK_TEXT(field(&result, FP_FIELD_TRIES),
		"[{\"status\":503,\"kind\":\"http\",\"time\":0.002,"
		"\"wait\":0.25},{\"status\":null,\"kind\":\"timeout\","
		"\"time\":3.0,\"wait\":0.05},{\"status\":200,"
		"\"kind\":null,\"time\":0.004,\"wait\":null}]");
}

static void
hops(void)
{
	const char *text = "301 http://a/\n307 \n0 http://b/?x#y\n";
	struct fp_result result = success();

	CHECK_TEXT(field(&result, FP_FIELD_HOPS), "[]");
	result.hops = (struct fp_text){text, strlen(text)};
	CHECK_TEXT(field(&result, FP_FIELD_HOPS),
		"[{\"status\":301,\"url\":\"http://a/\"},"
		"{\"status\":307,\"url\":null},"
		"{\"status\":null,\"url\":\"http://b/?x#y\"}]");
}

static void
errors_say_more(void)
{
	static const enum fp_field seq = FP_FIELD_SEQ;
	const struct fp_record_format format = {
		.format = FP_FORMAT_RECORD, .fields = &seq, .n_fields = 1};
	struct fp_result result = failure();

	result.retry_after_ns = INT64_C(86400) * FP_NS_PER_S;
	result.is_over_budget = true;
	result.is_outcome_unknown = true;
	CHECK_TEXT(record(&result, &format),
		"{\"seq\":1,\"error\":{\"kind\":\"input\",\"message\":"
		"\"not a \\\"URL\\\"\",\"retry_after\":86400.0,"
		"\"retry\":\"budget\",\"outcome_unknown\":true}}\n");
}

static void
unknown_fields(void)
{
	struct fp_result result = failure();

	result.kind = FP_KIND_OK;
	for (int i = FP_FIELD_URL; i < FP_FIELD_COUNT; i++)
		CHECK_TEXT(field(&result, (enum fp_field)i),
			i == FP_FIELD_ATTEMPTS || i == FP_FIELD_REDIRECTS ? "0"
			: i == FP_FIELD_TRIES || i == FP_FIELD_HOPS	  ? "[]"
			: i == FP_FIELD_UNCHANGED ? "false"
						  : "null");
	result.ip = result.http_version = NULL;
	CHECK_TEXT(field(&result, FP_FIELD_IP), "null");
	CHECK_TEXT(field(&result, FP_FIELD_HTTP_VERSION), "null");
	result.input = (struct fp_text){NULL, 0};
	CHECK_TEXT(field(&result, FP_FIELD_INPUT), "\"\"");
}

static void
in_the_order_wanted(void)
{
	static const enum fp_field fields[] = {
		FP_FIELD_IP, FP_FIELD_STATUS, FP_FIELD_SEQ};
	struct fp_record_format format = {
		.format = FP_FORMAT_RECORD, .fields = fields, .n_fields = 3};
	struct fp_result result = success();

	CHECK_TEXT(record(&result, &format),
		"{\"ip\":\"127.0.0.1\",\"status\":200,\"seq\":7}\n");
	result.kind = FP_KIND_BODY;
	result.message = "m";
	CHECK_TEXT(record(&result, &format),
		"{\"ip\":\"127.0.0.1\",\"status\":200,\"seq\":7,"
		"\"error\":{\"kind\":\"body\",\"message\":\"m\"}}\n");
	format.n_fields = 0;
	CHECK_TEXT(record(&result, &format),
		"{\"error\":{\"kind\":\"body\",\"message\":\"m\"}}\n");
	result.kind = FP_KIND_OK;
	CHECK_TEXT(record(&result, &format), "{}\n");
}

/* In any string of a JSON value, more than one in a string, and none that
 * begins in one and ends in another. */

static void
headers(void)
{
	struct fp_result result = success();

	result.headers = TEXT("a: 1\nb: x: y\na: 2\nab: \nb: z\na: \"\xff\n");
	CHECK_TEXT(field(&result, FP_FIELD_HEADERS),
		"{\"a\":[\"1\",\"2\",\"\\\"\\ufffd\"],\"b\":[\"x: y\",\"z\"],"
		"\"ab\":[\"\"]}");
	result.headers = TEXT(": nameless\n\x01: c\n: again\n");
	CHECK_TEXT(field(&result, FP_FIELD_HEADERS),
		"{\"\":[\"nameless\",\"again\"],\"\\u0001\":[\"c\"]}");
	result.headers = TEXT("last: without newline");
	CHECK_TEXT(field(&result, FP_FIELD_HEADERS),
		"{\"last\":[\"without newline\"]}");
	result.headers = TEXT("");
	CHECK_TEXT(field(&result, FP_FIELD_HEADERS), "{}");
	result.headers = (struct fp_text){NULL, 0};
	CHECK_TEXT(field(&result, FP_FIELD_HEADERS), "null");
	result.headers = TEXT("a: 1\n");
	result.status = 0;
	CHECK_TEXT(field(&result, FP_FIELD_HEADERS), "null");
}

/* ---- all together ---- */

/* Bytes from anywhere never break the line. */

static void
any_bytes(void)
{
	char first[700], second[700], third[700];
	char *const noise[] = {first, second, third};
	uint32_t random = 5;

	for (unsigned round = 0; round < 60; round++) {
		struct fp_result result = success();
		for (size_t i = 0; i < 3 * sizeof(first); i++) {
			random = random * 1103515245 + 12345;
			noise[i % 3][i / 3] = (char)(random >> 16);
		}
		second[699] = third[699] = '\0';
		result.input = (struct fp_text){first, round * 11};
		result.url = second;
		result.type = third;
		result.body = (struct fp_text){first, round * 7};
		result.encoding = round % 2 ? FP_BODY_TEXT : FP_BODY_BASE64;
		record(&result, &usual);
		record(&result, &as_body);
		result.kind = FP_KIND_NETWORK;
		result.message = second;
		record(&result, &usual);
	}
}

static int
refuse(void *arg, const char *data, size_t len)
{
	(void)data;
	(void)len;
	if (--*(int *)arg > 0)
		return 0;
	errno = ENOSPC;
	return -1;
}

static void
the_sink_fails(void)
{
	static char large[5000];
	struct fp_result result = success();

	result.body = (struct fp_text){large, sizeof(large)};
	result.encoding = FP_BODY_TEXT;
	for (int n = 1; n < 5; n++) {
		int left = n;
		errno = 0;
		CHECK(fp_record_write(&result, &usual, refuse, &left) == -1);
		CHECK(errno == ENOSPC && left == 0);
	}
}

/* In a long string, wherever the part of it ends that is looked at at once. */

int
main(void)
{
	run("the record of a success", successes);
	run("the record of a failure", failures);
	run("a failure is a record in every format", failures_in_other_formats);
	run("bodies as JSON, text, base64 and none", bodies);
	run("the time joins the body's members", merged);
	run("merged with no object: EINVAL", merged_with_no_object);
	run("fields have names", field_names);
	run("every field", all_fields);
	run("what is not known is null", unknown_fields);
	run("fields come in the order wanted", in_the_order_wanted);
	run("headers are put together by name", headers);
	run("any bytes make one line of JSON", any_bytes);
	run("a failing sink is told of", the_sink_fails);
	run("the hops of redirects", hops);
	run("attempts", attempts);
	run("errors say more", errors_say_more);
	fp_buf_destroy(&paper);
	return done();
}
