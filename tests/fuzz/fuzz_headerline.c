/* SPDX-License-Identifier: MIT */
/*
 * Header fields of requests. With a name and a value that pass, a field is one
 * line from which both can be read back.
 *
 *	a name, a colon, a value
 */
#include "fuzz.h"

#include "headerline.h"

#include <strings.h>

/* RFC 9110, section 5.6.2. */
static bool
is_token(struct fp_text text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return text.len > 0;
}

static bool
is_value(struct fp_text text)
{
	for (unsigned c = 0; c < 0x80; c++) {
		bool is_control = (c < 0x20 && c != '\t') || c == 0x7f;
		if (is_control && text.len > 0 &&
			memchr(text.data, (int)c, text.len))
			return false;
	}
	return true;
}

static void
check_line(struct fp_text name, struct fp_text value)
{
	struct fp_buf line = FP_BUF_INIT;

	HOLDS(fp_headerline_add(&line, name, value) == 0);
	HOLDS(fp_headerline_is_value((struct fp_text){line.data, line.len}));
	HOLDS(line.len > name.len);
	HOLDS(memcmp(line.data, name.data, name.len) == 0);
	struct fp_text rest = {line.data + name.len, line.len - name.len};
	if (rest.data[0] == ';') {
		HOLDS(rest.len == 1);
		for (size_t i = 0; i < value.len; i++)
			HOLDS(value.data[i] == ' ' || value.data[i] == '\t');
	} else {
		HOLDS(rest.len > 2 && memcmp(rest.data, ": ", 2) == 0);
		rest.data += 2;
		rest.len -= 2;
		const char *found =
			memmem(value.data, value.len, rest.data, rest.len);
		HOLDS(found);
		HOLDS(!strchr(" \t", rest.data[0]));
		HOLDS(!strchr(" \t", rest.data[rest.len - 1]));
		for (const char *at = value.data; at < found; at++)
			HOLDS(*at == ' ' || *at == '\t');
		for (const char *at = found + rest.len;
			at < value.data + value.len; at++)
			HOLDS(*at == ' ' || *at == '\t');
	}
	fp_buf_destroy(&line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fp_text name = fuzz_until(&fuzz, ':');
	struct fp_text value = fuzz_rest(&fuzz);
	bool token = fp_headerline_is_token(name);
	bool method = fp_headerline_is_method(name);

	HOLDS(token == is_token(name));
	HOLDS(fp_headerline_is_value(value) == is_value(value));
	HOLDS(token || !method);
	if (token && !method)
		HOLDS(strncasecmp(name.data, "CONNECT", name.len) == 0 ||
			strncasecmp(name.data, "HEAD", name.len) == 0);
	HOLDS(token || !fp_headerline_is_framing(name));
	if (token && is_value(value))
		check_line(name, value);
	return 0;
}
