/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "fetchpool.h"

#include "outcome.h"
#include "pen.h"
#include "url.h"

#include <errno.h>
#include <string.h>

static const char *const field_names[] = {
	[FP_FIELD_SEQ] = "seq",
	[FP_FIELD_INPUT] = "input",
	[FP_FIELD_URL] = "url",
	[FP_FIELD_STATUS] = "status",
	[FP_FIELD_FETCH_TIME] = "fetch_time",
	[FP_FIELD_ATTEMPTS] = "attempts",
	[FP_FIELD_TYPE] = "type",
	[FP_FIELD_SIZE] = "size",
	[FP_FIELD_ENCODING] = "encoding",
	[FP_FIELD_BODY] = "body",
	[FP_FIELD_METHOD] = "method",
	[FP_FIELD_HEADERS] = "headers",
	[FP_FIELD_IP] = "ip",
	[FP_FIELD_HTTP_VERSION] = "http_version",
	[FP_FIELD_STARTED] = "started",
	[FP_FIELD_TIME_CONNECT] = "time_connect",
	[FP_FIELD_TIME_FIRST_BYTE] = "time_first_byte",
	[FP_FIELD_FILE] = "file",
	[FP_FIELD_FINAL_URL] = "final_url",
	[FP_FIELD_REDIRECTS] = "redirects",
	[FP_FIELD_CONTEXT] = "context",
};

static const char *const encoding_names[] = {
	[FP_BODY_JSON] = "json",
	[FP_BODY_TEXT] = "text",
	[FP_BODY_BASE64] = "base64",
};

int
fp_field_from_name(const char *name, size_t len)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(field_names); i++) {
		if (strlen(field_names[i]) == len &&
			memcmp(field_names[i], name, len) == 0)
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

/* Where the JSON string ends that `at` is in the middle of. */
static size_t
string_end(struct fp_text json, size_t at)
{
	while (at < json.len && json.data[at] != '"')
		at += json.data[at] == '\\' ? 2 : 1;
	return FP_MIN(at, json.len);
}

/* A part of a JSON string, without its escapes, and where in the JSON each byte
 * came from. What is looked for is ASCII. */
struct plain {
	size_t len;
	char text[2048];
	size_t from[2048 + 1];
};

/* What an escape stands for, if that is ASCII, or else a letter, for it ends no
 * part of a URL; and how long it is. */
static char
unescape(const char *at, size_t len, size_t *used)
{
	uint32_t code = 0;

	*used = FP_MIN(len, 2);
	if (len < 2 || at[1] != 'u')
		return len < 2 ? '\\' : at[1];
	*used = FP_MIN(len, 6);
	for (size_t i = 2; i < *used; i++) {
		char c = at[i];
		uint32_t digit = c <= '9' ? (uint32_t)(c - '0')
					  : (uint32_t)((c | 32) - 'a' + 10);
		code = code << 4 | (digit & 15);
	}
	return code < 0x80 ? (char)code : 'x';
}

static void
make_plain(struct plain *plain, struct fp_text json, size_t at, size_t close)
{
	size_t used;

	for (plain->len = 0; at < close && plain->len < sizeof(plain->text);
		at += used) {
		char c = json.data[at];
		used = 1;
		if (c == '\\')
			c = unescape(json.data + at, close - at, &used);
		plain->from[plain->len] = at;
		plain->text[plain->len++] = c;
	}
	plain->from[plain->len] = at;
}

/* Where the part behind this one begins: what stands at the end may be cut. */
static size_t
next_part(const struct plain *plain)
{
	size_t i = plain->len - 2;

	while (--i > 0) {
		if (memcmp(plain->text + i, "://", 3) == 0)
			return plain->from[i];
	}
	return plain->from[plain->len - 2];
}

/* Writes a JSON string from `done` on, up to `close`, but for the passwords in
 * what is behind `at`; returns how far it got. */
static size_t
write_masked(struct fp_pen *pen, struct fp_text json, size_t done, size_t at,
	size_t close)
{
	struct plain plain;

	for (;; at = next_part(&plain)) {
		size_t end = 0, start;
		make_plain(&plain, json, at, close);
		while (fp_find_secret(
			plain.text, plain.len, end, &start, &end)) {
			size_t from = plain.from[start];
			if (from >= done) {
				fp_pen_bytes(
					pen, json.data + done, from - done);
				fp_pen_bytes(pen, "***", 3);
			}
			done = FP_MAX(done, plain.from[end]);
		}
		if (plain.from[plain.len] == close)
			return done;
	}
}

/* The same for a string without escapes, however long. */
static size_t
write_unescaped(struct fp_pen *pen, struct fp_text json, size_t done, size_t at,
	size_t close)
{
	size_t start, end;

	while (fp_find_secret(json.data, close, at, &start, &end)) {
		fp_pen_bytes(pen, json.data + done, start - done);
		fp_pen_bytes(pen, "***", 3);
		done = at = end;
	}
	return done;
}

/* A JSON value as it was given, but for the passwords of URLs in its
 * strings. */
static void
write_json(struct fp_pen *pen, struct fp_text json)
{
	size_t done = 0;

	if (!json.data) {
		write_null(pen);
		return;
	}
	for (size_t at = 0; at < json.len; at++) {
		if (json.data[at] != '"')
			continue;
		size_t close = string_end(json, at + 1);
		if (memchr(json.data + at, '\\', close - at))
			done = write_masked(pen, json, done, at + 1, close);
		else
			done = write_unescaped(pen, json, done, at, close);
		at = close;
	}
	fp_pen_bytes(pen, json.data + done, json.len - done);
}

/* The item as read, but for the passwords of URLs. */
static void
write_input(struct fp_pen *pen, struct fp_text input)
{
	size_t done = 0, start, end;

	fp_pen_bytes(pen, "\"", 1);
	while (fp_find_secret(input.data, input.len, done, &start, &end)) {
		fp_pen_inside(pen, input.data + done, start - done);
		fp_pen_bytes(pen, "***", 3);
		done = end;
	}
	if (done < input.len)
		fp_pen_inside(pen, input.data + done, input.len - done);
	fp_pen_bytes(pen, "\"", 1);
}

static void
write_body(struct fp_pen *pen, const struct fp_result *result)
{
	struct fp_text body = result->body;

	switch (result->encoding) {
	case FP_BODY_JSON:
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

/* One field of "name: value\n"; returns what follows it. */
static const char *
split_field(const char *line, const char *end, struct fp_text *name,
	struct fp_text *value)
{
	const char *newline = memchr(line, '\n', (size_t)(end - line));
	const char *stop = newline ? newline : end;
	const char *colon = memchr(line, ':', (size_t)(stop - line));

	FP_ASSERT(colon && colon + 2 <= stop);
	*name = (struct fp_text){line, (size_t)(colon - line)};
	*value = (struct fp_text){colon + 2, (size_t)(stop - colon - 2)};
	return newline ? newline + 1 : end;
}

static bool
same_text(struct fp_text a, struct fp_text b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Whether a field of this name stands before `line`. */
static bool
seen_before(struct fp_text headers, const char *line, struct fp_text name)
{
	struct fp_text other, value;

	for (const char *at = headers.data; at < line;) {
		at = split_field(
			at, headers.data + headers.len, &other, &value);
		if (same_text(other, name))
			return true;
	}
	return false;
}

/* {"name":["value",...],...}: names as first met, their values together. */
static void
write_headers(struct fp_pen *pen, const struct fp_result *result)
{
	struct fp_text headers = result->headers, name, value, other;
	const char *separator = "";

	if (!result->status || !headers.data) {
		write_null(pen);
		return;
	}
	const char *end = headers.data + headers.len;
	fp_pen_bytes(pen, "{", 1);
	for (const char *line = headers.data, *next; line < end; line = next) {
		next = split_field(line, end, &name, &value);
		if (seen_before(headers, line, name))
			continue;
		fp_pen_text(pen, separator);
		separator = ",";
		fp_pen_string(pen, name.data, name.len);
		fp_pen_bytes(pen, ":[", 2);
		fp_pen_string(pen, value.data, value.len);
		for (const char *at = next; at < end;) {
			at = split_field(at, end, &other, &value);
			if (!same_text(other, name))
				continue;
			fp_pen_bytes(pen, ",", 1);
			fp_pen_string(pen, value.data, value.len);
		}
		fp_pen_bytes(pen, "]", 1);
	}
	fp_pen_bytes(pen, "}", 1);
}

static const char *
or_null(const char *text)
{
	return text && text[0] ? text : NULL;
}

static void
write_value(
	struct fp_pen *pen, const struct fp_result *result, enum fp_field field)
{
	switch (field) {
	case FP_FIELD_SEQ:
		fp_pen_number(pen, (int64_t)result->seq);
		break;
	case FP_FIELD_INPUT:
		if (result->input_json.data)
			write_json(pen, result->input_json);
		else
			write_input(pen, result->input);
		break;
	case FP_FIELD_URL:
		write_string(pen, result->url);
		break;
	case FP_FIELD_STATUS:
		write_number(pen, result->status, 1);
		break;
	case FP_FIELD_FETCH_TIME:
		write_seconds(pen, result->fetch_time_ns);
		break;
	case FP_FIELD_ATTEMPTS:
		fp_pen_number(pen, result->attempts);
		break;
	case FP_FIELD_TYPE:
		write_string(pen, result->type);
		break;
	case FP_FIELD_SIZE:
		write_number(pen, result->size, 0);
		break;
	case FP_FIELD_ENCODING:
		write_string(pen, result->encoding == FP_BODY_NONE
					  ? NULL
					  : encoding_names[result->encoding]);
		break;
	case FP_FIELD_BODY:
		write_body(pen, result);
		break;
	case FP_FIELD_METHOD:
		write_string(pen, result->method);
		break;
	case FP_FIELD_HEADERS:
		write_headers(pen, result);
		break;
	case FP_FIELD_IP:
		write_string(pen, or_null(result->ip));
		break;
	case FP_FIELD_HTTP_VERSION:
		write_string(pen, or_null(result->http_version));
		break;
	case FP_FIELD_STARTED:
		if (result->started_wall_ns > 0)
			fp_pen_time(pen, result->started_wall_ns);
		else
			write_null(pen);
		break;
	case FP_FIELD_TIME_CONNECT:
		write_seconds(pen, result->time_connect_ns);
		break;
	case FP_FIELD_TIME_FIRST_BYTE:
		write_seconds(pen, result->time_first_byte_ns);
		break;
	case FP_FIELD_FILE:
		write_string(pen, result->file);
		break;
	case FP_FIELD_FINAL_URL:
		write_string(pen,
			result->final_url ? result->final_url : result->url);
		break;
	case FP_FIELD_REDIRECTS:
		fp_pen_number(pen, result->redirects);
		break;
	case FP_FIELD_CONTEXT:
		write_json(pen, result->context);
		break;
	case FP_FIELD_COUNT:
		abort();
	}
}

static void
write_member(struct fp_pen *pen, const char *separator,
	const struct fp_result *result, enum fp_field field)
{
	fp_pen_text(pen, separator);
	fp_pen_bytes(pen, "\"", 1);
	fp_pen_text(pen, field_names[field]);
	fp_pen_bytes(pen, "\":", 2);
	write_value(pen, result, field);
}

static void
write_record(struct fp_pen *pen, const struct fp_result *result,
	const struct fp_record_format *format)
{
	size_t n = format->fields ? format->n_fields : FP_FIELD_DEFAULTS;
	const char *separator = "";

	fp_pen_bytes(pen, "{", 1);
	for (size_t i = 0; i < n; i++) {
		write_member(pen, separator, result,
			format->fields ? format->fields[i] : (enum fp_field)i);
		separator = ",";
	}
	if (!format->fields && result->context.data) {
		write_member(pen, separator, result, FP_FIELD_CONTEXT);
		separator = ",";
	}
	if (result->kind != FP_KIND_OK) {
		fp_pen_text(pen, separator);
		fp_pen_text(pen, "\"error\":{\"kind\":\"");
		fp_pen_text(pen, fp_kind_name(result->kind));
		fp_pen_text(pen, "\",\"message\":");
		write_string(pen, result->message);
		fp_pen_bytes(pen, "}", 1);
	}
	fp_pen_bytes(pen, "}", 1);
}

/* Bodies that are JSON have no white space around them. */
static bool
is_object(const struct fp_result *result)
{
	struct fp_text body = result->body;

	return result->encoding == FP_BODY_JSON && body.len >= 2 &&
	       body.data[0] == '{' && body.data[body.len - 1] == '}';
}

/* The document, which ends in "}", with one member more. */
static void
write_merged(struct fp_pen *pen, const struct fp_result *result)
{
	struct fp_text body = result->body;

	fp_pen_bytes(pen, body.data, body.len - 1);
	write_member(pen, body.len > 2 ? "," : "", result, FP_FIELD_FETCH_TIME);
	fp_pen_bytes(pen, "}", 1);
}

int
fp_record_write(const struct fp_result *result,
	const struct fp_record_format *format, fp_sink *sink, void *arg)
{
	struct fp_pen pen;

	if (result->kind == FP_KIND_OK && format->format == FP_FORMAT_MERGED &&
		!is_object(result)) {
		errno = EINVAL;
		return -1;
	}
	fp_pen_init(&pen, sink, arg);
	if (result->kind != FP_KIND_OK || format->format == FP_FORMAT_RECORD)
		write_record(&pen, result, format);
	else if (format->format == FP_FORMAT_BODY)
		write_body(&pen, result);
	else
		write_merged(&pen, result);
	fp_pen_bytes(&pen, "\n", 1);
	return fp_pen_flush(&pen);
}
