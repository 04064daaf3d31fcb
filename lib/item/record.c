/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "fetchpool.h"

#include "jsontake.h"
#include "outcome.h"
#include "pen.h"
#include "recordheaders.h"
#include "recordmask.h"
#include "spool.h"
#include "url.h"

#include <errno.h>
#include <string.h>

/* As they stand before a value, with all that is around them. */
#define FIELD(name)                                \
	{                                          \
		",\"" name "\":", sizeof(name) + 3 \
	}

static const struct fp_text field_names[] = {
	[FP_FIELD_SEQ] = FIELD("seq"),
	[FP_FIELD_INPUT] = FIELD("input"),
	[FP_FIELD_URL] = FIELD("url"),
	[FP_FIELD_STATUS] = FIELD("status"),
	[FP_FIELD_FETCH_TIME] = FIELD("fetch_time"),
	[FP_FIELD_ATTEMPTS] = FIELD("attempts"),
	[FP_FIELD_TYPE] = FIELD("type"),
	[FP_FIELD_SIZE] = FIELD("size"),
	[FP_FIELD_ENCODING] = FIELD("encoding"),
	[FP_FIELD_BODY] = FIELD("body"),
	[FP_FIELD_METHOD] = FIELD("method"),
	[FP_FIELD_HEADERS] = FIELD("headers"),
	[FP_FIELD_IP] = FIELD("ip"),
	[FP_FIELD_HTTP_VERSION] = FIELD("http_version"),
	[FP_FIELD_STARTED] = FIELD("started"),
	[FP_FIELD_TIME_CONNECT] = FIELD("time_connect"),
	[FP_FIELD_TIME_FIRST_BYTE] = FIELD("time_first_byte"),
	[FP_FIELD_FILE] = FIELD("file"),
	[FP_FIELD_FINAL_URL] = FIELD("final_url"),
	[FP_FIELD_REDIRECTS] = FIELD("redirects"),
	[FP_FIELD_CONTEXT] = FIELD("context"),
	[FP_FIELD_TRIES] = FIELD("tries"),
	[FP_FIELD_FRAMING] = FIELD("framing"),
	[FP_FIELD_CHARSET] = FIELD("charset"),
	[FP_FIELD_HOPS] = FIELD("hops"),
	[FP_FIELD_PAGE] = FIELD("page"),
	[FP_FIELD_PAGES] = FIELD("pages"),
	[FP_FIELD_UNCHANGED] = FIELD("unchanged"),
	[FP_FIELD_ERROR] = FIELD("error"),
};

static const char *const encoding_names[] = {
	[FP_BODY_JSON] = "json",
	[FP_BODY_TEXT] = "text",
	[FP_BODY_BASE64] = "base64",
	[FP_BODY_NONE] = NULL,
};

int
fp_field_from_name(const char *name, size_t len)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(field_names); i++) {
		if (field_names[i].len == len + 4 &&
			memcmp(field_names[i].data + 2, name, len) == 0)
			return (int)i;
	}
	return -1;
}

static void
write_null(struct fp_pen *pen)
{
	fp_pen_bytes(pen, "null", 4);
}

static void
write_string(struct fp_pen *pen, const char *text)
{
	if (text)
		fp_pen_string(pen, text, strlen(text));
	else
		write_null(pen);
}

/* A number where less than `from` means that it is not known. */
static void
write_number(struct fp_pen *pen, int64_t number, int64_t from)
{
	if (number >= from)
		fp_pen_number(pen, number);
	else
		write_null(pen);
}

static void
write_seconds(struct fp_pen *pen, int64_t ns)
{
	if (ns >= 0)
		fp_pen_seconds(pen, ns);
	else
		write_null(pen);
}

static void
write_json(struct fp_pen *pen, struct fp_text json)
{
	if (json.data)
		fp_recordmask_json(pen, json);
	else
		write_null(pen);
}

static void
write_input(struct fp_pen *pen, const struct fp_result *result)
{
	if (result->input_json.data)
		fp_recordmask_json(pen, result->input_json);
	else
		fp_recordmask_text(pen, result->input, result->is_url);
}

static void
write_body(struct fp_pen *pen, const struct fp_result *result,
	const struct fp_record_format *format)
{
	struct fp_text body = result->body;

	switch (result->encoding) {
	case FP_BODY_JSON:
		if (format->json_as_string)
			fp_pen_string(pen, body.data, body.len);
		else
			fp_pen_bytes(pen, body.data, body.len);
		break;
	case FP_BODY_TEXT:
		fp_pen_string(pen, body.data, body.len);
		break;
	case FP_BODY_BASE64:
		fp_pen_base64(pen, body.data, body.len);
		break;
	default:
		write_null(pen);
		break;
	}
}

/* One attempt: its status or what went wrong, how long it took, and how long
 * the next one was waited for. */
static void
write_try(struct fp_pen *pen, const struct fp_try *try)
{
	fp_pen_text(pen, "{\"status\":");
	write_number(pen, try->status, 1);
	fp_pen_text(pen, ",\"kind\":");
	write_string(
		pen, try->kind == FP_KIND_OK ? NULL : fp_kind_name(try->kind));
	fp_pen_text(pen, ",\"time\":");
	write_seconds(pen, try->time_ns);
	fp_pen_text(pen, ",\"wait\":");
	write_seconds(pen, try->wait_ns);
	fp_pen_bytes(pen, "}", 1);
}

/* All attempts, the last one included; none, if none was made. */
static void
write_tries(struct fp_pen *pen, const struct fp_result *result)
{
	struct fp_try last = {
		.kind = result->kind,
		.status = result->status,
		.time_ns = result->try_ns,
		.wait_ns = -1,
	};

	fp_pen_bytes(pen, "[", 1);
	for (size_t i = 0; i < result->n_tries; i++) {
		if (i > 0)
			fp_pen_bytes(pen, ",", 1);
		write_try(pen, &result->tries[i]);
	}
	if (result->try_ns >= 0) {
		if (result->n_tries > 0)
			fp_pen_bytes(pen, ",", 1);
		write_try(pen, &last);
	}
	fp_pen_bytes(pen, "]", 1);
}

/* One hop: "status url". Returns what is after its newline. */
static const char *
write_hop(struct fp_pen *pen, const char *at, const char *end)
{
	const char *line_end = memchr(at, '\n', (size_t)(end - at));
	const char *url = memchr(at, ' ', (size_t)(line_end - at));

	fp_pen_text(pen, "{\"status\":");
	if (at[0] == '0')
		write_null(pen);
	else
		fp_pen_bytes(pen, at, (size_t)(url - at));
	url++;
	fp_pen_text(pen, ",\"url\":");
	if (url == line_end)
		write_null(pen);
	else
		fp_pen_string(pen, url, (size_t)(line_end - url));
	fp_pen_bytes(pen, "}", 1);
	return line_end + 1;
}

static void
write_hops(struct fp_pen *pen, struct fp_text hops)
{
	const char *at = hops.data, *end = at + hops.len;

	fp_pen_bytes(pen, "[", 1);
	while (hops.len > 0 && at < end) {
		if (at > hops.data)
			fp_pen_bytes(pen, ",", 1);
		at = write_hop(pen, at, end);
	}
	fp_pen_bytes(pen, "]", 1);
}

static const char *
or_null(const char *text)
{
	return text && text[0] ? text : NULL;
}

static void
write_headers(struct fp_pen *pen, const struct fp_result *result)
{
	if (result->status && result->headers.data)
		fp_recordheaders_write(pen, result->headers);
	else
		write_null(pen);
}

static void
record_write_time(struct fp_pen *pen, int64_t wall_ns)
{
	if (wall_ns > 0)
		fp_pen_time(pen, wall_ns);
	else
		write_null(pen);
}

static const char *
last_url(const struct fp_result *result)
{
	return result->final_url ? result->final_url : result->url;
}

/* What went wrong, as an object; null: nothing did. */
static void
record_write_error(struct fp_pen *pen, const struct fp_result *result)
{
	if (result->kind == FP_KIND_OK) {
		write_null(pen);
		return;
	}
	fp_pen_text(pen, "{\"kind\":\"");
	fp_pen_text(pen, fp_kind_name(result->kind));
	fp_pen_text(pen, "\",\"message\":");
	write_string(pen, result->message);
	if (result->retry_after_ns > 0) {
		fp_pen_text(pen, ",\"retry_after\":");
		write_seconds(pen, result->retry_after_ns);
	}
	if (result->is_over_budget)
		fp_pen_text(pen, ",\"retry\":\"budget\"");
	if (result->is_outcome_unknown)
		fp_pen_text(pen, ",\"outcome_unknown\":true");
	if (result->detail) {
		fp_pen_text(pen, ",\"detail\":");
		write_string(pen, result->detail);
	}
	if (result->is_body_cut)
		fp_pen_text(pen, ",\"body_cut\":true");
	fp_pen_bytes(pen, "}", 1);
}

static void
write_moment(
	struct fp_pen *pen, const struct fp_result *result, enum fp_field field)
{
	if (field == FP_FIELD_STARTED)
		record_write_time(pen, result->started_wall_ns);
	else if (field == FP_FIELD_TIME_CONNECT)
		write_seconds(pen, result->time_connect_ns);
	else
		write_seconds(pen, result->time_first_byte_ns);
}

/* The members that are texts, or null. */
static const char *
text_of(const struct fp_result *result, enum fp_field field)
{
	switch (field) {
	case FP_FIELD_URL:
		return result->url;
	case FP_FIELD_TYPE:
		return result->type;
	case FP_FIELD_METHOD:
		return result->method;
	case FP_FIELD_IP:
		return or_null(result->ip);
	case FP_FIELD_HTTP_VERSION:
		return or_null(result->http_version);
	case FP_FIELD_FILE:
		return result->file;
	case FP_FIELD_FINAL_URL:
		return last_url(result);
	case FP_FIELD_FRAMING:
		return result->framing;
	default:
		return result->charset;
	}
}

static void
write_count(
	struct fp_pen *pen, const struct fp_result *result, enum fp_field field)
{
	if (field == FP_FIELD_ATTEMPTS)
		fp_pen_number(pen, result->attempts);
	else if (field == FP_FIELD_REDIRECTS)
		fp_pen_number(pen, result->redirects);
	else if (field == FP_FIELD_PAGE)
		write_number(pen, (int64_t)result->page, 1);
	else
		write_number(pen, (int64_t)result->pages, 1);
}

static void
write_value(struct fp_pen *pen, const struct fp_result *result,
	const struct fp_record_format *format, enum fp_field field)
{
	switch (field) {
	case FP_FIELD_SEQ:
		fp_pen_number(pen, (int64_t)result->seq);
		break;
	case FP_FIELD_INPUT:
		write_input(pen, result);
		break;
	case FP_FIELD_STATUS:
		write_number(pen, result->status, 1);
		break;
	case FP_FIELD_FETCH_TIME:
		write_seconds(pen, result->fetch_time_ns);
		break;
	case FP_FIELD_ATTEMPTS:
	case FP_FIELD_REDIRECTS:
	case FP_FIELD_PAGE:
	case FP_FIELD_PAGES:
		write_count(pen, result, field);
		break;
	case FP_FIELD_SIZE:
		write_number(pen, result->size, 0);
		break;
	case FP_FIELD_ENCODING:
		write_string(pen, encoding_names[result->encoding]);
		break;
	case FP_FIELD_BODY:
		write_body(pen, result, format);
		break;
	case FP_FIELD_HEADERS:
		write_headers(pen, result);
		break;
	case FP_FIELD_URL:
	case FP_FIELD_TYPE:
	case FP_FIELD_METHOD:
	case FP_FIELD_IP:
	case FP_FIELD_HTTP_VERSION:
	case FP_FIELD_FILE:
	case FP_FIELD_FINAL_URL:
	case FP_FIELD_FRAMING:
	case FP_FIELD_CHARSET:
		write_string(pen, text_of(result, field));
		break;
	case FP_FIELD_STARTED:
	case FP_FIELD_TIME_CONNECT:
	case FP_FIELD_TIME_FIRST_BYTE:
		write_moment(pen, result, field);
		break;
		break;
	case FP_FIELD_CONTEXT:
		write_json(pen, result->context);
		break;
	case FP_FIELD_TRIES:
		write_tries(pen, result);
		break;
	case FP_FIELD_HOPS:
		write_hops(pen, result->hops);
		break;
	case FP_FIELD_UNCHANGED:
		fp_pen_text(pen, result->is_unchanged ? "true" : "false");
		break;
	case FP_FIELD_ERROR:
		record_write_error(pen, result);
		break;
	case FP_FIELD_COUNT:
		abort();
	}
}

/* `separator` is what stands before it; a comma, but for the first. */
static void
write_member(struct fp_pen *pen, const char *separator,
	const struct fp_result *result, const struct fp_record_format *format,
	enum fp_field field)
{
	struct fp_text name = field_names[field];

	if (separator[0] != ',') {
		fp_pen_text(pen, separator);
		name.data++;
		name.len--;
	}
	fp_pen_bytes(pen, name.data, name.len);
	write_value(pen, result, format, field);
}

static bool
record_names(const struct fp_record_format *format, enum fp_field field)
{
	for (size_t i = 0; format->fields && i < format->n_fields; i++) {
		if (format->fields[i] == field)
			return true;
	}
	return false;
}

/* What only some items have, unless other fields were chosen. */
static bool
write_rest(struct fp_pen *pen, const char *separator,
	const struct fp_result *result, const struct fp_record_format *format)
{
	const struct {
		enum fp_field field;
		bool is_there;
	} rest[] = {
		{FP_FIELD_CONTEXT, result->context.data != NULL},
		{FP_FIELD_PAGE, result->page > 0},
		{FP_FIELD_PAGES, result->pages > 0},
	};
	bool has_some = false;

	if (format->fields && !format->has_rest)
		return false;
	for (size_t i = 0; i < FP_ARRAY_LEN(rest); i++) {
		if (!rest[i].is_there || record_names(format, rest[i].field))
			continue;
		write_member(pen, separator, result, format, rest[i].field);
		separator = ",";
		has_some = true;
	}
	return has_some;
}

static void
record_write_record(struct fp_pen *pen, const struct fp_result *result,
	const struct fp_record_format *format)
{
	size_t n = format->fields ? format->n_fields : FP_FIELD_DEFAULTS;
	bool wants_error = result->kind != FP_KIND_OK || format->has_error;
	bool wants_unchanged = result->is_unchanged;
	const char *separator = "";

	fp_pen_bytes(pen, "{", 1);
	for (size_t i = 0; i < n; i++) {
		enum fp_field field =
			format->fields ? format->fields[i] : (enum fp_field)i;
		write_member(pen, separator, result, format, field);
		wants_error &= field != FP_FIELD_ERROR;
		wants_unchanged &= field != FP_FIELD_UNCHANGED;
		separator = ",";
	}
	if (FP_UNLIKELY(result->context.data || result->page > 0) &&
		write_rest(pen, separator, result, format))
		separator = ",";
	if (wants_unchanged) {
		write_member(
			pen, separator, result, format, FP_FIELD_UNCHANGED);
		separator = ",";
	}
	if (wants_error)
		write_member(pen, separator, result, format, FP_FIELD_ERROR);
	fp_pen_bytes(pen, "}", 1);
}

/* Names that come one a line, as an array. */
static void
write_names(struct fp_pen *pen, struct fp_text names)
{
	const char *separator = "[";

	while (names.len > 0) {
		const char *end = memchr(names.data, '\n', names.len);
		size_t len = end ? (size_t)(end - names.data) : names.len;
		fp_pen_text(pen, separator);
		fp_pen_string(pen, names.data, len);
		names.data += end ? len + 1 : len;
		names.len -= end ? len + 1 : len;
		separator = ",";
	}
	fp_pen_text(pen, separator[0] == '[' ? "[]" : "]");
}

/* What would be sent, in place of what came. */
static void
write_request(struct fp_pen *pen, const struct fp_result *result,
	const struct fp_record_format *format)
{
	static const enum fp_field fields[] = {
		FP_FIELD_SEQ, FP_FIELD_INPUT, FP_FIELD_METHOD, FP_FIELD_URL};
	const char *separator = "{";

	for (size_t i = 0; i < FP_ARRAY_LEN(fields); i++) {
		write_member(pen, separator, result, format, fields[i]);
		separator = ",";
	}
	fp_pen_text(pen, ",\"headers\":");
	if (result->request_fields.data && result->is_request_full)
		fp_recordheaders_write(pen, result->request_fields);
	else if (result->request_fields.data)
		write_names(pen, result->request_fields);
	else
		write_null(pen);
	fp_pen_text(pen, ",\"body_size\":");
	write_number(pen, result->request_size, 0);
	if (result->is_request_full)
		write_member(pen, ",", result, format, FP_FIELD_BODY);
	if (result->context.data)
		write_member(pen, ",", result, format, FP_FIELD_CONTEXT);
	if (result->kind != FP_KIND_OK || format->has_error)
		write_member(pen, ",", result, format, FP_FIELD_ERROR);
	fp_pen_bytes(pen, "}", 1);
}

/* Bodies that are JSON have no white space around them. */
static bool
record_is_object(const struct fp_result *result)
{
	struct fp_text body = result->body;

	return result->encoding == FP_BODY_JSON && body.len >= 2 &&
	       body.data[0] == '{' && body.data[body.len - 1] == '}';
}

/* The document, which ends in "}", with one member more. */
static void
write_merged(struct fp_pen *pen, const struct fp_result *result,
	const struct fp_record_format *format)
{
	struct fp_text body = result->body;

	fp_pen_bytes(pen, body.data, body.len - 1);
	write_member(pen, body.len > 2 ? "," : "", result, format,
		FP_FIELD_FETCH_TIME);
	fp_pen_bytes(pen, "}", 1);
}

/* What is written for one element. */
struct element {
	struct fp_pen *pen;
	struct fp_result result;
	const struct fp_record_format *format;
	const char *passed; /* up to here, what was mapped has been let go */
};

/* So much that was written is let go at a time. */
#define PASS_BYTES ((size_t)4 << 20)

/* It comes in one piece, as the document does. */
static int
write_element(void *arg, const char *data, size_t len, bool ends)
{
	struct element *element = arg;

	FP_ASSERT(ends);
	element->result.body = (struct fp_text){data, len};
	if (element->format->format == FP_FORMAT_BODY)
		write_body(element->pen, &element->result, element->format);
	else
		record_write_record(
			element->pen, &element->result, element->format);
	fp_pen_bytes(element->pen, "\n", 1);
	if (element->result.is_body_mapped &&
		(size_t)(data + len - element->passed) >= PASS_BYTES) {
		fp_spool_pass(element->passed,
			(size_t)(data + len - element->passed));
		element->passed = data + len;
	}
	return 0;
}

static int
write_elements(const struct fp_result *result,
	const struct fp_record_format *format, struct fp_pen *pen)
{
	struct element element = {pen, *result, format, result->body.data};
	struct fp_jsontake *take = fp_jsontake_new(&format->each, 1);

	if (!take)
		return -1;
	fp_jsontake_set_element(take, write_element, &element);
	int ret = fp_jsontake_feed(take, result->body.data, result->body.len);
	fp_jsontake_free(take);
	return ret ? -1 : fp_pen_flush(pen);
}

int
fp_record_write(const struct fp_result *result,
	const struct fp_record_format *format, fp_sink *sink, void *arg)
{
	struct fp_pen pen;

	if (result->kind == FP_KIND_OK && format->format == FP_FORMAT_MERGED &&
		!record_is_object(result)) {
		errno = EINVAL;
		return -1;
	}
	fp_pen_init(&pen, sink, arg);
	if (FP_UNLIKELY(format->each) && result->kind == FP_KIND_OK &&
		result->encoding == FP_BODY_JSON &&
		format->format != FP_FORMAT_REQUEST)
		return write_elements(result, format, &pen);
	if (format->format == FP_FORMAT_REQUEST)
		write_request(&pen, result, format);
	else if (result->kind != FP_KIND_OK ||
		 format->format == FP_FORMAT_RECORD)
		record_write_record(&pen, result, format);
	else if (format->format == FP_FORMAT_BODY)
		write_body(&pen, result, format);
	else
		write_merged(&pen, result, format);
	fp_pen_bytes(&pen, "\n", 1);
	return fp_pen_flush(&pen);
}
