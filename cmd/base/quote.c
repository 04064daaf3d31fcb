/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "quote.h"

#include "utf8.h"

#include <string.h>

/* U+FFFD, in place of what cannot be shown. */
#define NOT_SHOWN "\xef\xbf\xbd"

/* Whether a character is one that nobody sees, or that turns what follows
 * around: controls, and the marks of bidirectional text. */
static bool
is_unseen(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	       (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code & 0xfffe) == 0xfffe;
}

int
fp_quote_json(struct fp_buf *text, const char *string)
{
	size_t len = string ? strlen(string) : 0;
	uint32_t code;

	if (!string)
		return fp_buf_add_text(text, "null");
	int ret = fp_buf_add_char(text, '"');
	for (size_t i = 0, n; ret == 0 && i < len; i += n) {
		unsigned char c = (unsigned char)string[i];
		n = fp_utf8_next(string + i, len - i, &code);
		if (n == 0) {
			n = 1;
			ret = fp_buf_add_text(text, "\\ufffd");
		} else if (c < 0x20 || c == 0x7f) {
			ret = fp_buf_printf(text, "\\u%04x", c);
		} else {
			if (c == '"' || c == '\\')
				ret = fp_buf_add_char(text, '\\');
			if (ret == 0)
				ret = fp_buf_add(text, string + i, n);
		}
	}
	return ret ? ret : fp_buf_add_char(text, '"');
}

static int
add_html(struct fp_buf *text, const char *at, size_t n, uint32_t code)
{
	switch (code) {
	case '&':
		return fp_buf_add_text(text, "&amp;");
	case '<':
		return fp_buf_add_text(text, "&lt;");
	case '>':
		return fp_buf_add_text(text, "&gt;");
	case '"':
		return fp_buf_add_text(text, "&quot;");
	case '\'':
		return fp_buf_add_text(text, "&#39;");
	case '`':
		return fp_buf_add_text(text, "&#96;");
	default:
		return is_unseen(code) ? fp_buf_add_text(text, NOT_SHOWN)
				       : fp_buf_add(text, at, n);
	}
}

int
fp_quote_html(struct fp_buf *text, const char *string)
{
	size_t len = strlen(string);
	uint32_t code;
	int ret = 0;

	for (size_t i = 0, n; ret == 0 && i < len; i += n) {
		n = fp_utf8_next(string + i, len - i, &code);
		if (n == 0) {
			n = 1;
			ret = fp_buf_add_text(text, NOT_SHOWN);
		} else {
			ret = add_html(text, string + i, n, code);
		}
	}
	return ret;
}

int
fp_quote_label(struct fp_buf *text, const char *string)
{
	size_t len = strlen(string);
	uint32_t code;
	int ret = 0;

	for (size_t i = 0, n; ret == 0 && i < len; i += n) {
		n = fp_utf8_next(string + i, len - i, &code);
		if (n == 0 || is_unseen(code)) {
			n = n ? n : 1;
			ret = fp_buf_add_text(text, NOT_SHOWN);
			continue;
		}
		if (code == '"' || code == '\\')
			ret = fp_buf_add_char(text, '\\');
		if (ret == 0)
			ret = fp_buf_add(text, string + i, n);
	}
	return ret;
}
