/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "response.h"

#include "units.h"

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
	response->hints = before.hints;
	response->wants_quota = before.wants_quota;
	if (response->location)
		response->location->len = 0;
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
is_named(const char *line, size_t name_len, const char *name)
{
	return strlen(name) == name_len &&
	       strncasecmp(line, name, name_len) == 0;
}

/* Several fields, or one with a list, are one if they say the same (RFC 9112,
 * section 6.3, point 5). */
static void
take_length(struct fp_response *response, const char *value, size_t len)
{
	for (;;) {
		const char *comma = memchr(value, ',', len);
		size_t n = comma ? (size_t)(comma - value) : len;
		const char *word = value;
		while (n > 0 && (*word == ' ' || *word == '\t'))
			word++, n--;
		while (n > 0 && (word[n - 1] == ' ' || word[n - 1] == '\t'))
			n--;
		uint64_t length = 0;
		if (fp_units_digits(word, n, &length) ||
			(response->has_length && length != response->length))
			response->bad_length = true;
		response->has_length = true;
		response->length = length;
		if (!comma)
			return;
		len -= (size_t)(comma - value) + 1;
		value = comma + 1;
	}
}

/* One coding, gzip, can be undone (RFC 9110, section 8.4); "x-gzip" is the
 * same. Any other, or a second one, cannot. */
static void
take_encoding(struct fp_response *response, const char *value, size_t len)
{
	if (len == 0 || is_named(value, len, "identity"))
		return;
	response->is_gzip = !response->is_encoded &&
			    (is_named(value, len, "gzip") ||
				    is_named(value, len, "x-gzip"));
	response->is_encoded = true;
}

/* libcurl undoes other codings than chunked as well, but does not notice when
 * they end too early; nobody asked for them (RFC 9112, sections 6.1, 7). */
static void
take_transfer_encoding(
	struct fp_response *response, const char *value, size_t len)
{
	response->bad_transfer_encoding |=
		response->has_transfer_encoding ||
		!is_named(value, len, "chunked") ||
		strcmp(response->version, "1.0") == 0;
	response->has_transfer_encoding = true;
}

static int
take_field(struct fp_response *response, const char *line, size_t name_len,
	const char *value, size_t len)
{
	response->may_not_fold =
		name_len == 14 || name_len == 16 || name_len == 17;

	if (response->hints &&
		(response->status >= 300 || response->wants_quota))
		fp_waithint_field(response->hints,
			(struct fp_text){line, name_len},
			(struct fp_text){value, len});

	/* The names that matter differ in their length. */
	switch (name_len) {
	case 8:
		if (response->location && is_named(line, name_len, "Location"))
			return fp_buf_set(response->location, value, len);
		break;
	case 12:
		if (is_named(line, name_len, "Content-Type"))
			return fp_buf_set(response->type, value, len);
		break;
	case 14:
		if (is_named(line, name_len, "Content-Length"))
			take_length(response, value, len);
		break;
	case 16:
		if (is_named(line, name_len, "Content-Encoding"))
			take_encoding(response, value, len);
		break;
	case 17:
		if (is_named(line, name_len, "Transfer-Encoding"))
			take_transfer_encoding(response, value, len);
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
	for (size_t i = 0; i < name_len; i++) {
		char c = line[i];
		fp_buf_add_char(to, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
	}
	fp_buf_add(to, ": ", 2);
	fp_buf_add(to, value, len);
	return fp_buf_add_char(to, '\n');
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The line goes on with the value before it, as if one space stood between
 * them (RFC 9112, section 5.2). */
static int
fold(struct fp_response *response, const char *line, size_t len)
{
	struct fp_buf *to = response->headers;

	while (len > 0 && is_blank(*line))
		line++, len--;
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	response->is_odd |= response->in_head && response->may_not_fold;
	if (!response->in_head || !to || to->len == 0 || len == 0)
		return 0;
	if (fp_buf_reserve(to, len + 1))
		return -1;
	to->data[to->len - 1] = ' ';
	fp_buf_add(to, line, len);
	return fp_buf_add_char(to, '\n');
}

/* Names have no white space behind them (RFC 9112, section 5.1), and no line
 * has a CR or a NUL inside: readers differ in what they make of that. */
static bool
is_odd(const char *line, size_t name_len, size_t len)
{
	return name_len == 0 || is_blank(line[name_len - 1]) ||
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
	if (is_blank(*line))
		return fold(response, line, len);
	const char *colon = memchr(line, ':', len);
	if (!colon || response->in_trailers)
		return 0;
	size_t name_len = (size_t)(colon - line);
	const char *value = colon + 1;
	response->is_odd |= is_odd(line, name_len, len);
	len -= name_len + 1;
	while (len > 0 && (*value == ' ' || *value == '\t'))
		value++, len--;
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	if (keep_field(response, line, name_len, value, len))
		return -1;
	return take_field(response, line, name_len, value, len);
}

bool
fp_response_is_ambiguous(const struct fp_response *response)
{
	return response->bad_length || response->bad_transfer_encoding ||
	       response->is_odd ||
	       (response->has_length && response->has_transfer_encoding);
}

bool
fp_response_is_bodiless(const struct fp_response *response)
{
	return response->status == 204 || response->status == 205 ||
	       response->status == 304;
}
