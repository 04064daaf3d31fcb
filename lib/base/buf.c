/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "buf.h"

#include "ascii.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST 32

void
fp_buf_destroy(struct fp_buf *buf)
{
	free(buf->data);
	*buf = (struct fp_buf)FP_BUF_INIT;
}

static bool
buf_has_room(const struct fp_buf *buf, size_t more)
{
	return buf->cap > buf->len && buf->cap - buf->len > more;
}

/* Half as much again, so that growing by bytes costs no square. */
static size_t
next_cap(const struct fp_buf *buf, size_t more)
{
	size_t cap = FP_MAX(buf->cap + buf->cap / 2, SMALLEST);

	return FP_MAX(cap, buf->len + more + 1);
}

size_t
fp_buf_growth(const struct fp_buf *buf, size_t more)
{
	return buf_has_room(buf, more) ? 0 : next_cap(buf, more) - buf->cap;
}

int
fp_buf_reserve(struct fp_buf *buf, size_t more)
{
	if (FP_LIKELY(buf_has_room(buf, more)))
		return 0;
	if (more >= SIZE_MAX / 2 - buf->len) {
		errno = ENOMEM;
		return -1;
	}

	size_t cap = next_cap(buf, more);
	char *data = realloc(buf->data, cap);
	if (!data) {
		errno = ENOMEM;
		return -1;
	}
	buf->data = data;
	buf->cap = cap;
	buf->data[buf->len] = '\0';
	return 0;
}

int
fp_buf_add(struct fp_buf *buf, const void *data, size_t len)
{
	if (fp_buf_reserve(buf, len))
		return -1;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

int
fp_buf_add_char(struct fp_buf *buf, char c)
{
	return fp_buf_add(buf, &c, 1);
}

int
fp_buf_add_text(struct fp_buf *buf, const char *text)
{
	return fp_buf_add(buf, text, strlen(text));
}

int
fp_buf_add_decoded(struct fp_buf *buf, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int byte = fp_ascii_decode_percent(text + i, len - i);
		if (fp_buf_add_char(buf, byte >= 0 ? (char)byte : text[i]))
			return -1;
		i += byte >= 0 ? 2 : 0;
	}
	return 0;
}

int
fp_buf_add_number(struct fp_buf *buf, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	return fp_buf_add(buf, digits + at, sizeof(digits) - at);
}

int
fp_buf_vprintf(struct fp_buf *buf, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	size_t room = buf->data ? buf->cap - buf->len : 0;
	char *end = room > 0 ? buf->data + buf->len : NULL;
	int len = vsnprintf(end, room, format, args);
	int ret = -1;
	if (len >= 0 && (size_t)len < room) {
		buf->len += (size_t)len;
		va_end(again);
		return 0;
	}
	if (room > 0)
		*end = '\0';
	if (len >= 0 && fp_buf_reserve(buf, (size_t)len) == 0) {
		vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
		ret = 0;
	}
	va_end(again);
	return ret;
}

int
fp_buf_printf(struct fp_buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int ret = fp_buf_vprintf(buf, format, args);
	va_end(args);
	return ret;
}

int
fp_buf_set(struct fp_buf *buf, const void *data, size_t len)
{
	size_t before = buf->len;

	buf->len = 0;
	if (fp_buf_reserve(buf, len)) {
		buf->len = before;
		return -1;
	}
	return fp_buf_add(buf, data, len);
}

void
fp_buf_clear(struct fp_buf *buf, size_t keep_bytes)
{
	if (buf->cap > keep_bytes)
		fp_buf_destroy(buf);
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}
