/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "response.h"

#include "ascii.h"
#include "units.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void
fp_response_reset(struct fp_response *response, struct fp_buf *type,
	struct fp_buf *headers)
{
	*response = (struct fp_response){
		.version = "",
		.type = type,
		.headers = headers,
	};
	fp_buf_clear(type, SIZE_MAX);
	if (headers)
		fp_buf_clear(headers, SIZE_MAX);
}

/* "HTTP/1.1 200 OK", "HTTP/2 200": RFC 9112, section 4. */
static bool
parse_status_line(struct fp_response *response, const char *line, size_t len)
{
	static const char *const versions[] = {"1.0", "1.1", "2", "3"};
	const char *space = memchr(line, ' ', len);
	uint64_t status;

	if (len < 9 || memcmp(line, "HTTP/", 5) != 0 || !space ||
		len - (size_t)(space - line) < 4 ||
		fp_units_digits(space + 1, 3, &status))
		return false;
	struct fp_response before = *response;
	fp_response_reset(response, before.type, before.headers);
	response->location = before.location;
	response->disposition = before.disposition;
	response->links = before.links;
	response->hints = before.hints;
	response->answers_head = before.answers_head;
	response->wants_quota = before.wants_quota;
	if (response->location)
		fp_buf_clear(response->location, SIZE_MAX);
	if (response->disposition)
		fp_buf_clear(response->disposition, SIZE_MAX);
	if (response->links)
		fp_buf_clear(response->links, SIZE_MAX);
	if (response->hints)
		fp_waithint_reset(response->hints);
	response->status = (int)status;
	size_t n = (size_t)(space - line) - 5;
	for (size_t i = 0; i < FP_ARRAY_LEN(versions); i++) {
		if (strlen(versions[i]) == n &&
			memcmp(line + 5, versions[i], n) == 0)
			response->version = versions[i];
	}
	return true;
}

static bool
response_is_named(const char *line, size_t name_len, const char *name)
{
	return strlen(name) == name_len &&
	       strncasecmp(line, name, name_len) == 0;
}

/* The next word of a list separated by commas (RFC 9110, section 5.6.1), and
 * the rest behind it; false: there is no more. */
static bool
next_word(struct fp_text *list, struct fp_text *word)
{
	if (!list->data)
		return false;
	const char *comma = memchr(list->data, ',', list->len);
	*word = (struct fp_text){
		list->data, comma ? (size_t)(comma - list->data) : list->len};
	list->len -= word->len;
	list->data = comma ? comma + 1 : NULL;
	list->len -= comma ? 1 : 0;
	while (word->len > 0 && fp_ascii_is_blank(*word->data))
		word->data++, word->len--;
	while (word->len > 0 && fp_ascii_is_blank(word->data[word->len - 1]))
		word->len--;
	return true;
}

static void response_doubt(
	struct fp_response *response, const char *format, ...) FP_PRINTF(2, 3);

/* The first reason for doubt is the one that is told. */
static void
response_doubt(struct fp_response *response, const char *format, ...)
{
	va_list args;

	if (response->doubt[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(response->doubt, sizeof(response->doubt), format, args);
	va_end(args);
}

/* So much of a value stands in a message: no part of a character. */
static int
shown(struct fp_text word)
{
	return (int)fp_utf8_valid_prefix(word.data, FP_MIN(word.len, 24));
}

/* A number of any size: what is too large for us is the largest we know. */
static int
response_read_number(struct fp_text word, uint64_t *number)
{
	if (fp_units_digits(word.data, word.len, number) == 0)
		return 0;
	*number = UINT64_MAX;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return -1;
	}
	return word.len > 0 ? 0 : -1;
}

/* Several fields, or one with a list, are one if they say the same (RFC 9112,
 * section 6.3, rule 5). */
static void
response_take_length(struct fp_response *response, struct fp_text list)
{
	struct fp_text word;
	uint64_t length;

	while (next_word(&list, &word)) {
		if (response_read_number(word, &length))
			response_doubt(response,
				"Content-Length is not a number: \"%.*s\"",
				shown(word), word.data);
		else if (response->has_length && length != response->length)
			response_doubt(response,
				"conflicting Content-Length values: %" PRIu64
				" and %" PRIu64,
				response->length, length);
		else
			response->length = length;
		response->has_length = true;
	}
}

/* Codings that make other bytes of a body: the registry of RFC 9110, section
 * 16.6.1, and some that are in use. Gzip is undone. */
static const char *
find_coding(struct fp_text word)
{
	static const char *const names[] = {"gzip", "x-gzip", "br", "zstd",
		"deflate", "x-deflate", "compress", "x-compress", "dcb", "dcz",
		"aes128gcm", "exi", "pack200-gzip", "bzip2", "x-bzip2", "xz",
		"x-xz", "lzma", "lz4", "snappy", "sdch"};

	const char *end = memchr(word.data, ';', word.len);
	size_t len = end ? (size_t)(end - word.data) : word.len;

	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++) {
		if (response_is_named(word.data, len, names[i]))
			return names[i];
	}
	return NULL;
}

/* One coding can be undone (RFC 9110, section 8.4), if there is what it takes.
 * Words that are no codings, such as "identity", "UTF-8" and "aws-chunked", are
 * passed over, as browsers do it. */
static void
take_encoding(struct fp_response *response, struct fp_text list)
{
	struct fp_text word;
	const char *lack;

	while (next_word(&list, &word)) {
		const char *name = find_coding(word);
		if (!name)
			continue;
		enum fp_packing packing = fp_unpack_find(word.data, word.len);
		bool is_second =
			response->is_encoded && response->coding[0] == '\0';
		if (!fp_unpack_can(packing, &lack))
			snprintf(response->coding, sizeof(response->coding),
				"%s", name);
		else if (is_second)
			snprintf(response->coding, sizeof(response->coding),
				response->packing == packing ? "%s twice"
							     : "%s",
				fp_unpack_name(packing));
		response->is_encoded = true;
		response->packing =
			response->coding[0] ? FP_PACKING_NONE : packing;
	}
}

/* Chunked is read, and no other coding: libcurl undoes some, but does not
 * notice when they end too early, and nobody asked for them (RFC 9112, sections
 * 6.1 and 7). Twice the same is once, as curl and browsers take it. "identity",
 * of RFC 2616, leaves the end to the connection (section 6.3, rule 4). */
static void
take_transfer_encoding(struct fp_response *response, struct fp_text list)
{
	struct fp_text all = list, word;

	while (next_word(&list, &word)) {
		bool is_chunked =
			response_is_named(word.data, word.len, "chunked");
		bool is_identity =
			response_is_named(word.data, word.len, "identity");
		response->is_chunked |= is_chunked;
		response->has_identity |= is_identity;
		if (!is_chunked && !is_identity)
			response_doubt(response,
				"unsupported Transfer-Encoding: \"%.*s\"",
				shown(all), all.data);
	}
	if (response->is_chunked && response->has_identity)
		response_doubt(response,
			"conflicting Transfer-Encoding values: chunked and "
			"identity");
	if (response->is_chunked && strcmp(response->version, "1.0") == 0)
		response_doubt(
			response, "Transfer-Encoding in an HTTP/1.0 response");
}

/* Of two Locations that differ neither is followed. */
static int
take_location(struct fp_response *response, struct fp_text value)
{
	struct fp_buf *location = response->location;

	/* One byte more shows that it is too long. */
	value.len = FP_MIN(value.len, FP_RESPONSE_LOCATION_MAX + 1);
	if (!response->has_location) {
		response->has_location = true;
		return fp_buf_set(location, value.data, value.len);
	}
	response->moved_twice |=
		location->len != value.len ||
		memcmp(location->data, value.data, value.len) != 0;
	return 0;
}

static int
take_link(struct fp_response *response, struct fp_text value)
{
	response->may_fold_link = true;
	return fp_buf_add(response->links, value.data, value.len) ||
			       fp_buf_add_char(response->links, '\n')
		       ? -1
		       : 0;
}

static void
response_take_connection(struct fp_response *response, struct fp_text list)
{
	struct fp_text word;

	while (next_word(&list, &word))
		response->is_kept |=
			response_is_named(word.data, word.len, "keep-alive");
}

/* "timeout=5, max=100": RFC 2068, section 19.7.1.1. */
static void
take_keep_alive(struct fp_response *response, struct fp_text list)
{
	static const char name[] = "timeout=";
	size_t n = sizeof(name) - 1;
	struct fp_text word;
	uint64_t seconds;

	while (next_word(&list, &word)) {
		if (word.len > n && response_is_named(word.data, n, name) &&
			fp_units_digits(
				word.data + n, word.len - n, &seconds) == 0)
			response->keeps_s = (unsigned)FP_MIN(seconds, 86400U);
	}
}

static int
response_take_field(struct fp_response *response, const char *line,
	size_t name_len, const char *value, size_t len)
{
	struct fp_text text = {value, len};

	response->may_not_fold =
		name_len == 14 || name_len == 16 || name_len == 17;

	response->may_fold_link = false;

	/* Of a success, which may still turn out to be none, Retry-After. */
	if (response->hints &&
		(response->status >= 300 || response->wants_quota ||
			name_len == 11 || name_len == 4))
		fp_waithint_field(response->hints,
			(struct fp_text){line, name_len},
			(struct fp_text){value, len});

	/* The names that matter differ in their length. */
	switch (name_len) {
	case 4:
		if (FP_UNLIKELY(response->links) &&
			response_is_named(line, name_len, "Link"))
			return take_link(response, text);
		break;
	case 8:
		if (response->location &&
			response_is_named(line, name_len, "Location"))
			return take_location(response, text);
		break;
	case 10:
		if (response_is_named(line, name_len, "Connection"))
			response_take_connection(
				response, (struct fp_text){value, len});
		else if (response_is_named(line, name_len, "Keep-Alive"))
			take_keep_alive(response, (struct fp_text){value, len});
		break;
	case 12:
		if (response_is_named(line, name_len, "Content-Type"))
			return fp_buf_set(response->type, value,
				FP_MIN(len, FP_RESPONSE_TYPE_MAX));
		break;
	case 14:
		if (response_is_named(line, name_len, "Content-Length"))
			response_take_length(response, text);
		break;
	case 16:
		if (response_is_named(line, name_len, "Content-Encoding"))
			take_encoding(response, text);
		break;
	case 17:
		if (response_is_named(line, name_len, "Transfer-Encoding"))
			take_transfer_encoding(response, text);
		break;
	case 19:
		if (response->disposition && response->disposition->len == 0 &&
			response_is_named(
				line, name_len, "Content-Disposition"))
			return fp_buf_set(response->disposition, value,
				FP_MIN(len, FP_RESPONSE_DISPOSITION_MAX));
		break;
	default:
		break;
	}
	return 0;
}

static int
keep_field(struct fp_response *response, const char *line, size_t name_len,
	const char *value, size_t len)
{
	struct fp_buf *to = response->headers;

	if (!to)
		return 0;
	if (fp_buf_reserve(to, name_len + len + 3))
		return -1;
	for (size_t i = 0; i < name_len; i++)
		fp_buf_add_char(to, fp_ascii_lower(line[i]));
	fp_buf_add(to, ": ", 2);
	fp_buf_add(to, value, len);
	return fp_buf_add_char(to, '\n');
}

/* In place of the newline behind the last value: a space, and this. */
static int
add_folded(struct fp_buf *to, const char *line, size_t len)
{
	if (fp_buf_reserve(to, len + 1))
		return -1;
	to->data[to->len - 1] = ' ';
	fp_buf_add(to, line, len);
	return fp_buf_add_char(to, '\n');
}

/* The line goes on with the value before it, as if one space stood between
 * them (RFC 9112, section 5.2). */
static int
response_fold(struct fp_response *response, const char *line, size_t len)
{
	struct fp_buf *to = response->headers;

	while (len > 0 && fp_ascii_is_blank(*line))
		line++, len--;
	while (len > 0 && fp_ascii_is_blank(line[len - 1]))
		len--;
	if (response->in_head && response->may_not_fold)
		response_doubt(response,
			"a header that sets the body length is folded");
	if (!response->in_head || len == 0)
		return 0;
	if (response->may_fold_link && add_folded(response->links, line, len))
		return -1;
	return to && to->len > 0 ? add_folded(to, line, len) : 0;
}

/* Names have no white space behind them (RFC 9112, section 5.1), and no line
 * has a CR or a NUL inside: readers differ in what they make of that. */
static bool
is_odd(const char *line, size_t name_len, size_t len)
{
	return name_len == 0 || fp_ascii_is_blank(line[name_len - 1]) ||
	       memchr(line, '\r', len) || memchr(line, '\0', len);
}

int
fp_response_line(struct fp_response *response, const char *line, size_t len)
{
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (len == 0) {
		response->in_head = false;
		response->in_trailers = response->status >= 200;
		return 0;
	}
	/* Only where one belongs: a field that looks like it is not believed.
	 */
	if (!response->in_head && !response->in_trailers &&
		parse_status_line(response, line, len)) {
		response->in_head = true;
		return 0;
	}
	if (fp_ascii_is_blank(*line))
		return response_fold(response, line, len);
	const char *colon = memchr(line, ':', len);
	if (!colon || response->in_trailers)
		return 0;
	size_t name_len = (size_t)(colon - line);
	if (is_odd(line, name_len, len))
		response_doubt(response, "header field with %s",
			memchr(line, '\0', len)	  ? "a NUL byte"
			: memchr(line, '\r', len) ? "a carriage return"
			: name_len == 0		  ? "no name"
					: "white space before the colon");
	struct fp_text value =
		fp_ascii_trim((struct fp_text){colon + 1, len - name_len - 1});
	if (keep_field(response, line, name_len, value.data, value.len))
		return -1;
	return response_take_field(
		response, line, name_len, value.data, value.len);
}

bool
fp_response_ends_with_head(const struct fp_response *response)
{
	return response->answers_head || response->status == 204 ||
	       response->status == 304;
}

bool
fp_response_ends_with_close(const struct fp_response *response)
{
	return response->version[0] == '1' && !response->has_length &&
	       !response->is_chunked && !fp_response_ends_with_head(response);
}

const char *
fp_response_doubt(const struct fp_response *response)
{
	if (response->status == 101)
		return "the server switched to another protocol (101)";
	if (fp_response_ends_with_head(response))
		return NULL;
	if (response->doubt[0] != '\0')
		return response->doubt;
	if (!response->has_length)
		return NULL;
	if (response->is_chunked)
		return "both Content-Length and Transfer-Encoding";
	return response->has_identity
		       ? "both Content-Length and Transfer-Encoding: "
			 "identity"
		       : NULL;
}
