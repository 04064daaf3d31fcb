/* SPDX-License-Identifier: MIT */
/*
 * The writer of records. Whatever bytes a result is made of, out comes one line
 * of valid JSON that a terminal can show, from which input and body can be read
 * back, and in which no password of a URL stands; and when the sink says no,
 * nothing more is written to it.
 *
 *	six bytes: the format, the fields, how it ended, the body's encoding,
 *	whether input and context are JSON, when the sink says no
 *	lines: input, url, message, type, method, ip, file, context;
 *	header fields up to an empty line; the body
 */
#include "fuzzjson.h"

#include "response.h"

#include <yajl/yajl_tree.h>

static const enum fp_field all_fields[] = {FP_FIELD_REDIRECTS,
	FP_FIELD_FINAL_URL, FP_FIELD_FILE, FP_FIELD_TIME_FIRST_BYTE,
	FP_FIELD_TIME_CONNECT, FP_FIELD_STARTED, FP_FIELD_HTTP_VERSION,
	FP_FIELD_IP, FP_FIELD_HEADERS, FP_FIELD_METHOD, FP_FIELD_BODY,
	FP_FIELD_ENCODING, FP_FIELD_SIZE, FP_FIELD_TYPE, FP_FIELD_ATTEMPTS,
	FP_FIELD_FETCH_TIME, FP_FIELD_STATUS, FP_FIELD_URL, FP_FIELD_INPUT,
	FP_FIELD_SEQ, FP_FIELD_CONTEXT};

/* What a result points into. */
struct made {
	struct fp_result result;
	struct fp_record_format format;
	char *texts[6];
	struct fp_buf headers, type, input, context, body;
	unsigned no_at; /* the sink's call that fails; 0: none */
};

/* What is JSON by its name is so: it has gone through the judge. */
static struct fp_text
as_json(struct fp_text text, struct fp_buf *out)
{
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fuzz_cut none = {0};

	HOLDS(json);
	bool fine = fuzz_judge(json, text, none, out);
	fp_json_free(json);
	if (!fine)
		return (struct fp_text){NULL, 0};
	return (struct fp_text){out->data, out->len};
}

static const char *
next_text(struct made *made, struct fuzz *fuzz, unsigned i)
{
	struct fp_text line = fuzz_until(fuzz, '\n');

	made->texts[i] = fuzz_string(line);
	return line.len ? made->texts[i] : NULL;
}

static struct fp_text
read_headers(struct made *made, struct fuzz *fuzz)
{
	struct fp_response response;
	struct fp_text line = {"HTTP/1.1 200 ", 13};

	response = (struct fp_response){0};
	fp_response_reset(&response, &made->type, &made->headers);
	do {
		HOLDS(fp_response_line(&response, line.data, line.len) == 0);
		line = fuzz_until(fuzz, '\n');
	} while (line.len > 0);
	return (struct fp_text){made->headers.data, made->headers.len};
}

static void
read_choices(struct made *made, struct fuzz *fuzz, bool *json_input,
	bool *json_context)
{
	struct fp_result *result = &made->result;

	made->format.format = (enum fp_format)fuzz_choose(fuzz, 3);
	unsigned fields = fuzz_choose(fuzz, 2 + FP_ARRAY_LEN(all_fields));
	made->format.fields = fields ? all_fields : NULL;
	made->format.n_fields = fields ? fields - 1 : 0;
	result->kind = (enum fp_kind)fuzz_choose(fuzz, FP_KIND_STOPPED + 1);
	result->encoding = FP_BODY_JSON + fuzz_choose(fuzz, 4);
	unsigned json = fuzz_choose(fuzz, 4);
	*json_input = json & 1;
	*json_context = json & 2;
	made->no_at = fuzz_choose(fuzz, 8);
}

static void
make(struct made *made, struct fuzz *fuzz)
{
	struct fp_result *result = &made->result;
	bool json_input, json_context;

	read_choices(made, fuzz, &json_input, &json_context);
	result->seq = fuzz->left;
	result->input = fuzz_until(fuzz, '\n');
	result->url = next_text(made, fuzz, 0);
	result->message = next_text(made, fuzz, 1);
	if (result->kind == FP_KIND_OK)
		result->message = NULL;
	else if (!result->message)
		result->message = "";
	result->type = next_text(made, fuzz, 2);
	result->method = next_text(made, fuzz, 3);
	result->ip = next_text(made, fuzz, 4);
	result->file = next_text(made, fuzz, 5);
	if (json_input)
		result->input_json = as_json(result->input, &made->input);
	struct fp_text context = fuzz_until(fuzz, '\n');
	if (json_context)
		result->context = as_json(context, &made->context);
	result->headers = read_headers(made, fuzz);
	result->status = (int)(fuzz->left % 1000);
	result->fetch_time_ns = (int64_t)fuzz->left * 1234567891 - 1;
	result->started_wall_ns = (int64_t)fuzz->left * 951827696500001;
	result->body = fuzz_rest(fuzz);
	result->size = (int64_t)result->body.len - 1;
	if (result->encoding == FP_BODY_JSON)
		result->body = as_json(result->body, &made->body);
	if (!result->body.data)
		result->encoding = FP_BODY_NONE;
}

static void
drop(struct made *made)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(made->texts); i++)
		free(made->texts[i]);
	fp_buf_destroy(&made->headers);
	fp_buf_destroy(&made->type);
	fp_buf_destroy(&made->input);
	fp_buf_destroy(&made->context);
	fp_buf_destroy(&made->body);
}

/* ---- writing ---- */

struct sink {
	struct fp_buf text;
	unsigned calls, no_at;
};

static int
take(void *arg, const char *data, size_t len)
{
	struct sink *sink = arg;

	HOLDS(len > 0);
	HOLDS(sink->no_at == 0 || sink->calls < sink->no_at);
	fuzz_add(&sink->text, data, len);
	return ++sink->calls == sink->no_at ? -1 : 0;
}

static int
write_it(const struct made *made, struct sink *sink, unsigned no_at)
{
	fp_buf_clear(&sink->text, SIZE_MAX);
	sink->calls = 0;
	sink->no_at = no_at;
	return fp_record_write(&made->result, &made->format, take, sink);
}

/* ---- reading it back ---- */

static const char *
string_at(yajl_val record, const char *name)
{
	const char *path[] = {name, NULL};
	yajl_val value = yajl_tree_get(record, path, yajl_t_string);

	return value ? YAJL_GET_STRING(value) : NULL;
}

static size_t
from_base64(const char *text, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	size_t n = 0, n_bits = 0;

	HOLDS(strlen(text) % 4 == 0);
	for (; *text && *text != '='; text++) {
		const char *digit = strchr(digits, *text);
		HOLDS(digit);
		bits = bits << 6 | (uint32_t)(digit - digits);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (char)(bits >> n_bits & 0xff);
		}
	}
	return n;
}

static void
check_body(const struct made *made, yajl_val record)
{
	struct fp_text body = made->result.body;
	const char *text = string_at(record, "body");

	if (made->result.encoding == FP_BODY_TEXT &&
		fp_utf8_valid(body.data, body.len) &&
		!memchr(body.data, '\0', body.len)) {
		HOLDS(text && fuzz_same_text(fuzz_text(text), body));
	} else if (made->result.encoding == FP_BODY_BASE64) {
		HOLDS(text && strlen(text) >= body.len);
		char *bytes = fuzz_copy(text, strlen(text));
		HOLDS(from_base64(text, bytes) == body.len);
		HOLDS(memcmp(bytes, body.data, body.len) == 0);
		free(bytes);
	}
}

/* What still looks like a password is what stands in the place of one. */
static void
holds_no_secret(const char *text)
{
	size_t start, end = 0, len = strlen(text);

	while (fp_find_secret(text, len, end, &start, &end))
		HOLDS(end - start == 3 && memcmp(text + start, "***", 3) == 0);
}

/* The same for every string in a value. */
static void
holds_no_secrets(yajl_val value)
{
	if (YAJL_IS_STRING(value)) {
		holds_no_secret(value->u.string);
	} else if (YAJL_IS_ARRAY(value)) {
		for (size_t i = 0; i < YAJL_GET_ARRAY(value)->len; i++)
			holds_no_secrets(YAJL_GET_ARRAY(value)->values[i]);
	} else if (YAJL_IS_OBJECT(value)) {
		for (size_t i = 0; i < YAJL_GET_OBJECT(value)->len; i++) {
			holds_no_secret(YAJL_GET_OBJECT(value)->keys[i]);
			holds_no_secrets(YAJL_GET_OBJECT(value)->values[i]);
		}
	}
}

static void
check_json(yajl_val record, const char *name)
{
	const char *path[] = {name, NULL};
	yajl_val value = yajl_tree_get(record, path, yajl_t_any);

	if (value)
		holds_no_secrets(value);
}

static void
check_input(const struct made *made, yajl_val record)
{
	struct fp_text input = made->result.input;
	const char *text = string_at(record, "input");
	size_t start, end;

	check_json(record, "context");
	if (made->result.input_json.data) {
		check_json(record, "input");
		return;
	}
	HOLDS(text);
	if (memchr(input.data, '\0', input.len) ||
		!fp_utf8_valid(input.data, input.len))
		return;
	holds_no_secret(text);
	if (!fp_find_secret(input.data, input.len, 0, &start, &end))
		HOLDS(fuzz_same_text(fuzz_text(text), input));
}

static void
check_record(const struct made *made, const char *line)
{
	yajl_val record = yajl_tree_parse(line, NULL, 0);
	bool has_all = !made->format.fields;

	HOLDS(record);
	if (has_all)
		check_input(made, record);
	if (has_all)
		check_body(made, record);
	yajl_tree_free(record);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sink sink;
	struct fuzz fuzz = fuzz_begin(data, size);
	struct made made = {0};

	make(&made, &fuzz);
	struct fp_result *result = &made.result;
	bool is_record = made.format.format == FP_FORMAT_RECORD ||
			 result->kind != FP_KIND_OK;
	if (write_it(&made, &sink, 0) == 0) {
		struct fp_text line = {sink.text.data, sink.text.len};
		HOLDS(line.len > 1 && line.data[--line.len] == '\n');
		fuzz_holds_minified(line);
		HOLDS(fuzz_is_tame(line.data, line.len) ||
			result->encoding == FP_BODY_JSON ||
			result->input_json.data || result->context.data);
		sink.text.data[line.len] = '\0';
		if (is_record)
			check_record(&made, sink.text.data);
		bool says_no = made.no_at > 0 && made.no_at <= sink.calls;
		HOLDS(write_it(&made, &sink, says_no ? made.no_at : 0) ==
			(says_no ? -1 : 0));
	} else {
		HOLDS(!is_record && made.format.format == FP_FORMAT_MERGED);
		HOLDS(sink.calls == 0);
		HOLDS(result->encoding != FP_BODY_JSON ||
			result->body.data[0] != '{');
	}
	drop(&made);
	return 0;
}
