/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "headerline.h"

#include "ascii.h"

#include <string.h>
#include <strings.h>

size_t
fp_headerline_token_len(struct fp_text text)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	size_t i = 0;

	for (; i < text.len; i++) {
		char c = text.data[i];
		if (!fp_ascii_is_alnum(c) &&
			!memchr(others, c, sizeof(others) - 1))
			break;
	}
	return i;
}

bool
fp_headerline_is_token(struct fp_text text)
{
	return text.len > 0 && fp_headerline_token_len(text) == text.len;
}

bool
fp_headerline_is_value(struct fp_text text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

int
fp_headerline_add(struct fp_buf *out, struct fp_text name, struct fp_text value)
{
	value = fp_ascii_trim(value);
	if (fp_buf_reserve(out, name.len + 2 + value.len))
		return -1;
	fp_buf_add(out, name.data, name.len);
	fp_buf_add_text(out, value.len ? ": " : ";");
	fp_buf_add(out, value.data, value.len);
	return 0;
}

static bool
is_one_of(struct fp_text text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(words[i]) == text.len &&
			strncasecmp(words[i], text.data, text.len) == 0)
			return true;
	}
	return false;
}

bool
fp_headerline_is_method(struct fp_text text)
{
	static const char *const special[] = {"CONNECT", "HEAD"};

	if (text.len == 4 && memcmp(text.data, "HEAD", 4) == 0)
		return true;
	return fp_headerline_is_token(text) &&
	       !is_one_of(text, special, FP_ARRAY_LEN(special));
}

bool
fp_headerline_travels(struct fp_text name)
{
	static const char *const names[] = {
		/* what is wanted */
		"Accept",
		"Accept-Charset",
		"Accept-Datetime",
		"Accept-Encoding",
		"Accept-Language",
		"Cache-Control",
		"If-Match",
		"If-Modified-Since",
		"If-None-Match",
		"If-Range",
		"If-Unmodified-Since",
		"Max-Forwards",
		"Pragma",
		"Prefer",
		"Priority",
		"Range",
		"Want-Content-Digest",
		"Want-Repr-Digest",
		/* by whom */
		"User-Agent",
		/* what is sent */
		"Content-Digest",
		"Content-Disposition",
		"Content-Encoding",
		"Content-Language",
		"Content-MD5",
		"Content-Type",
		"Digest",
		"Expect",
		"Repr-Digest",
	};

	return is_one_of(name, names, FP_ARRAY_LEN(names));
}

bool
fp_headerline_is_framing(struct fp_text name)
{
	static const char *const names[] = {"Content-Length",
		"Transfer-Encoding", "TE", "Trailer", "Connection", "Upgrade",
		"Keep-Alive"};

	return is_one_of(name, names, FP_ARRAY_LEN(names));
}

bool
fp_headerline_is_persistence(struct fp_text value)
{
	static const char *const words[] = {"close", "keep-alive"};

	return is_one_of(fp_ascii_trim(value), words, FP_ARRAY_LEN(words));
}
