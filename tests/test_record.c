/* SPDX-License-Identifier: MIT */
#include "../lib/base.h"

#include "../lib/buf.h"
#include "../lib/fetchpool.h"
#include "../lib/json.h"
#include "tap.h"

#include <errno.h>

#define TEXT(text)                       \
	(struct fp_text)                 \
	{                                \
		(text), sizeof(text) - 1 \
	}

static struct fp_buf paper;

static int
keep(void *arg, const char *data, size_t len)
{
	return fp_buf_add(arg, data, len);
}

/* Whether these bytes are one line that is strict JSON, all of it. */
static bool
is_json_line(const struct fp_buf *line)
{
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fp_buf out = FP_BUF_INIT;
	bool is = line->len > 1 && line->data[line->len - 1] == '\n' &&
		  memchr(line->data, '\n', line->len - 1) == NULL &&
		  fp_json_feed(json, line->data, line->len, &out) == 0 &&
		  fp_json_finish(json, &out) == 0 && out.len == line->len - 1;

	fp_buf_destroy(&out);
	fp_json_free(json);
	return is;
}

static const char *
record(const struct fp_result *result, const struct fp_record_format *format)
{
	fp_buf_clear(&paper, SIZE_MAX);
	CHECK(fp_record_write(result, format, keep, &paper) == 0);
	CHECK(is_json_line(&paper));
	return fp_buf_text(&paper);
}

static const struct fp_record_format usual = {.format = FP_FORMAT_RECORD};
static const struct fp_record_format as_body = {.format = FP_FORMAT_BODY};
static const struct fp_record_format as_merged = {.format = FP_FORMAT_MERGED};

/* A success with everything known. */
static struct fp_result
success(void)
{
	return (struct fp_result){
		.seq = 7,
		.input = TEXT("1"),
		.url = "http://h/posts/1",
		.status = 200,
		.attempts = 1,
		.fetch_time_ns = 104213000,
		.type = "application/json; charset=utf-8",
		.size = 12,
		.encoding = FP_BODY_JSON,
		.body = TEXT("{\"id\":1.50}"),
		.method = "GET",
		.headers = TEXT("date: now\n"),
		.ip = "127.0.0.1",
		.http_version = "1.1",
		.started_wall_ns = INT64_C(951827696500000000),
		.time_connect_ns = 1000000,
		.time_first_byte_ns = 2000000,
	};
}

/* Nothing is known but that it is over. */
static struct fp_result
failure(void)
{
	return (struct fp_result){
		.seq = 1,
		.input = TEXT("x y"),
		.kind = FP_KIND_INPUT,
		.message = "not a \"URL\"",
		.fetch_time_ns = -1,
		.size = -1,
		.encoding = FP_BODY_NONE,
		.ip = "",
		.http_version = "",
		.time_connect_ns = -1,
		.time_first_byte_ns = -1,
	};
}

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
	const struct fp_record_format format = {FP_FORMAT_RECORD, body_only, 2};
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

/* ---- fields ---- */

static const char *const names[] = {"seq", "input", "url", "status",
	"fetch_time", "attempts", "type", "size", "encoding", "body", "method",
	"headers", "ip", "http_version", "started", "time_connect",
	"time_first_byte", "file", "final_url", "redirects", "context"};

static void
field_names(void)
{
	CHECK(FP_ARRAY_LEN(names) == FP_FIELD_COUNT);
	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i]);
		CHECK(fp_field_from_name(names[i], len) == (int)i);
		CHECK(fp_field_from_name(names[i], len - 1) == -1);
	}
	CHECK(fp_field_from_name("seq,input", 3) == FP_FIELD_SEQ);
	CHECK(fp_field_from_name("seq,input", 4) == -1);
	CHECK(fp_field_from_name("", 0) == -1);
	CHECK(fp_field_from_name("SEQ", 3) == -1);
	CHECK(fp_field_from_name("error", 5) == -1);
}

/* One field of the result, as the record writes it. */
static const char *
field(const struct fp_result *result, enum fp_field which)
{
	static char text[1000];
	const struct fp_record_format format = {FP_FORMAT_RECORD, &which, 1};
	size_t skip = strlen(names[which]) + 4;

	record(result, &format);
	CHECK(paper.len > skip + 2 &&
		strncmp(paper.data + 2, names[which], skip - 4) == 0);
	snprintf(text, sizeof(text), "%.*s", (int)(paper.len - skip - 2),
		paper.data + skip);
	return text;
}

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
unknown_fields(void)
{
	struct fp_result result = failure();

	result.kind = FP_KIND_OK;
	for (int i = FP_FIELD_URL; i < FP_FIELD_COUNT; i++)
		CHECK_TEXT(field(&result, (enum fp_field)i),
			i == FP_FIELD_ATTEMPTS || i == FP_FIELD_REDIRECTS
				? "0"
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
	struct fp_record_format format = {FP_FORMAT_RECORD, fields, 3};
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

/* In any string of a JSON value, more than one in a string, and none that
 * begins in one and ends in another. */
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

/* In a long string, wherever the part of it ends that is looked at at once. */
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
	run("passwords are masked", passwords);
	run("passwords in JSON are masked", passwords_in_json);
	run("headers are put together by name", headers);
	run("any bytes make one line of JSON", any_bytes);
	run("a failing sink is told of", the_sink_fails);
	run("20 passwords in JSON, behind escapes too", escaped_passwords);
	run("20 and far behind them", escaped_passwords_further_on);
	fp_buf_destroy(&paper);
	return done();
}
