/* SPDX-License-Identifier: MIT */
/*
 * The grammar of RFC 6266, section 4.1, read as loosely as browsers do: a
 * parameter may be unquoted though it is no token, a string may lack its last
 * quote, and what is no parameter is passed over. Bytes that are not UTF-8 are
 * ISO-8859-1, which is what header fields once were.
 */
#include "base.h"

#include "disposition.h"

#include "ascii.h"
#include "utf8.h"

#include <string.h>
#include <strings.h>

static bool
is_named_like(struct fp_text name, const char *expected)
{
	return name.len == strlen(expected) &&
	       strncasecmp(name.data, expected, name.len) == 0;
}

static void
disposition_skip(struct fp_text *text, size_t n)
{
	text->data += n;
	text->len -= n;
}

static size_t
span_until(struct fp_text text, const char *ends)
{
	size_t n = 0;

	while (n < text.len && !strchr(ends, text.data[n]))
		n++;
	return n;
}

/* The contents of a quoted string, with its backslashes. */
static struct fp_text
disposition_quoted(struct fp_text *rest)
{
	disposition_skip(rest, 1);
	struct fp_text inside = {rest->data, 0};

	while (inside.len < rest->len && inside.data[inside.len] != '"')
		inside.len += inside.data[inside.len] == '\\' &&
					      inside.len + 1 < rest->len
				      ? 2
				      : 1;
	inside.len = FP_MIN(inside.len, rest->len);
	disposition_skip(rest, FP_MIN(inside.len + 1, rest->len));
	return inside;
}

struct parameter {
	struct fp_text name, value;
	bool is_quoted;
};

/* The next ";name=value"; false: there is none. */
static bool
next_parameter(struct fp_text *rest, struct parameter *parameter)
{
	disposition_skip(rest, span_until(*rest, ";"));
	if (rest->len == 0)
		return false;
	disposition_skip(rest, 1);
	size_t n = span_until(*rest, "=;");
	parameter->name = fp_ascii_trim((struct fp_text){rest->data, n});
	parameter->value = (struct fp_text){rest->data + n, 0};
	parameter->is_quoted = false;
	disposition_skip(rest, n);
	if (rest->len == 0 || rest->data[0] != '=')
		return true;
	disposition_skip(rest, 1);
	while (rest->len > 0 && fp_ascii_is_blank(rest->data[0]))
		disposition_skip(rest, 1);
	parameter->is_quoted = rest->len > 0 && rest->data[0] == '"';
	if (parameter->is_quoted) {
		parameter->value = disposition_quoted(rest);
		return true;
	}
	n = span_until(*rest, ";");
	parameter->value = fp_ascii_trim((struct fp_text){rest->data, n});
	return true;
}

static int
add_latin(struct fp_buf *out, struct fp_text bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.data[i];
		char two[] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))};
		if (c < 0x80 ? fp_buf_add_char(out, (char)c)
			     : fp_buf_add(out, two, 2))
			return -1;
	}
	return 0;
}

static int
add_bytes(struct fp_buf *out, struct fp_text bytes)
{
	return fp_utf8_valid(bytes.data, bytes.len)
		       ? fp_buf_add(out, bytes.data, bytes.len)
		       : add_latin(out, bytes);
}

static int
add_plain(struct fp_buf *out, const struct parameter *parameter)
{
	struct fp_buf bytes = FP_BUF_INIT;
	struct fp_text value = parameter->value;
	int ret = 0;

	for (size_t i = 0; i < value.len && ret == 0; i++) {
		if (parameter->is_quoted && value.data[i] == '\\' &&
			i + 1 < value.len)
			i++;
		ret = fp_buf_add_char(&bytes, value.data[i]);
	}
	if (ret == 0)
		ret = add_bytes(
			out, (struct fp_text){fp_buf_text(&bytes), bytes.len});
	fp_buf_destroy(&bytes);
	return ret;
}

/* charset'language'value, percent-encoded (RFC 8187, section 3.2). A charset
 * other than the two that the older RFC 5987 had is not decoded. */
static int
add_extended(struct fp_buf *out, struct fp_text value)
{
	struct fp_text charset = {value.data, span_until(value, "'")};
	struct fp_buf bytes = FP_BUF_INIT;
	int ret = 0;

	disposition_skip(&value, FP_MIN(charset.len + 1, value.len));
	disposition_skip(&value, FP_MIN(span_until(value, "'") + 1, value.len));
	bool is_latin = is_named_like(charset, "ISO-8859-1");
	if (!is_latin && !is_named_like(charset, "UTF-8"))
		return 0;
	ret = fp_buf_add_decoded(&bytes, value.data, value.len);
	struct fp_text all = {fp_buf_text(&bytes), bytes.len};
	if (ret == 0)
		ret = is_latin ? add_latin(out, all) : add_bytes(out, all);
	fp_buf_destroy(&bytes);
	return ret;
}

static int
disposition_find(struct fp_text value, struct fp_buf *name)
{
	struct parameter parameter;
	bool is_extended = false;

	while (!is_extended && next_parameter(&value, &parameter)) {
		int ret = 0;
		if (is_named_like(parameter.name, "filename*")) {
			struct fp_buf extended = FP_BUF_INIT;
			ret = add_extended(&extended, parameter.value);
			is_extended = ret == 0 && extended.len > 0;
			if (is_extended)
				ret = fp_buf_set(
					name, extended.data, extended.len);
			fp_buf_destroy(&extended);
		} else if (name->len == 0 &&
			   is_named_like(parameter.name, "filename")) {
			ret = add_plain(name, &parameter);
		}
		if (ret)
			return -1;
	}
	return 0;
}

int
fp_disposition_filename(struct fp_text value, struct fp_buf *out)
{
	struct fp_buf name = FP_BUF_INIT;
	int ret = disposition_find(value, &name);
	size_t start = name.len;

	while (start > 0 && !strchr("/\\", name.data[start - 1]))
		start--;
	if (ret == 0 && name.len > start)
		ret = fp_buf_add(out, name.data + start, name.len - start);
	fp_buf_destroy(&name);
	return ret;
}
