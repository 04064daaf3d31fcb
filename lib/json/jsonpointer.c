/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsonpointer.h"

#include "jsonescape.h"

#include <string.h>

#define HEX "0123456789abcdefABCDEF"

bool
fp_is_json_pointer(const char *text)
{
	for (const char *at = text; *at; at++) {
		if (*at == '~' && at[1] != '0' && at[1] != '1')
			return false;
	}
	return text[0] == '\0' || text[0] == '/';
}

size_t
fp_jsonpointer_count(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '/';
	return n;
}

bool
fp_jsonpointer_parse(struct fp_jsonpath *path, const char *text, char **bytes)
{
	for (path->n = 0; *text == '/';) {
		struct fp_text *name = &path->names[path->n++];
		name->data = *bytes;
		for (text++; *text && *text != '/'; text++) {
			char c = *text;
			if (c == '~' && text[1] != '0' && text[1] != '1')
				return false;
			if (c == '~')
				c = *++text == '0' ? '~' : '/';
			*(*bytes)++ = c;
		}
		name->len = (size_t)(*bytes - name->data);
	}
	return *text == '\0';
}

size_t
fp_jsonpointer_read(const char *p, const char *end, char utf8[4], size_t *len)
{
	size_t left = (size_t)(end - p);

	utf8[0] = *p;
	*len = 1;
	if (*p != '\\')
		return 1;
	if (left < 2)
		return 0;
	if (p[1] == 'u' && left < FP_JSONESCAPE_LEN)
		return 0;
	for (size_t i = 2; p[1] == 'u' && i < FP_JSONESCAPE_LEN; i++) {
		if (p[i] == '\0' || !strchr(HEX, p[i]))
			return 0;
	}
	return fp_jsonescape_read(p, left, utf8, len);
}

bool
fp_jsonpointer_is_key(struct fp_text name, const char *key, size_t key_len)
{
	const char *p = key, *end = p + key_len;
	size_t at = 0;

	while (p < end) {
		char utf8[4];
		size_t len, n = fp_jsonpointer_read(p, end, utf8, &len);
		if (n == 0 || len > name.len - at ||
			memcmp(name.data + at, utf8, len) != 0)
			return false;
		p += n;
		at += len;
	}
	return at == name.len;
}

bool
fp_jsonpointer_is_index(struct fp_text name, uint64_t index)
{
	uint64_t n = 0;

	if (name.len == 0 || name.len > 18 ||
		(name.len > 1 && name.data[0] == '0'))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] < '0' || name.data[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(name.data[i] - '0');
	}
	return n == index;
}
