/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "pen.h"

#include "base64.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void
fp_pen_init(struct fp_pen *pen, fp_sink *sink, void *arg)
{
	pen->sink = sink;
	pen->arg = arg;
	pen->failed = false;
	pen->len = 0;
}

static void
pen_hand_over(struct fp_pen *pen, const char *data, size_t len)
{
	if (len > 0 && !pen->failed && pen->sink(pen->arg, data, len))
		pen->failed = true;
}

int
fp_pen_flush(struct fp_pen *pen)
{
	pen_hand_over(pen, pen->data, pen->len);
	pen->len = 0;
	return pen->failed ? -1 : 0;
}

void
fp_pen_bytes(struct fp_pen *pen, const char *data, size_t len)
{
	if (len == 0)
		return;
	if (len > sizeof(pen->data) - pen->len) {
		fp_pen_flush(pen);
		if (len >= sizeof(pen->data) / 2) {
			pen_hand_over(pen, data, len);
			return;
		}
	}
	memcpy(pen->data + pen->len, data, len);
	pen->len += len;
}

void
fp_pen_text(struct fp_pen *pen, const char *text)
{
	fp_pen_bytes(pen, text, strlen(text));
}

static void
escape(struct fp_pen *pen, uint32_t code)
{
	static const char hex[] = "0123456789abcdef";
	static const char short_names[] = "btn.fr"; /* from U+0008 on */
	char text[6] = {'\\', 'u', '0', '0'};

	if (code == '"' || code == '\\') {
		text[1] = (char)code;
		fp_pen_bytes(pen, text, 2);
	} else if (code >= '\b' && code <= '\r' && code != '\v') {
		text[1] = short_names[code - '\b'];
		fp_pen_bytes(pen, text, 2);
	} else {
		text[4] = hex[code >> 4];
		text[5] = hex[code & 15];
		fp_pen_bytes(pen, text, 6);
	}
}

/* Whether a byte stands for itself in a JSON string. */
static bool
pen_is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

#define EACH (UINT64_MAX / 0xff) /* 1 in each byte */

/* The same of eight at once. In bytes below 0x80 a borrow can only come from
 * one that is not plain itself; so whether there is any is exact. */
static bool
are_plain(const char *data)
{
	uint64_t word, quote, backslash, del;

	memcpy(&word, data, 8);
	quote = (word ^ EACH * '"') - EACH;
	backslash = (word ^ EACH * '\\') - EACH;
	del = word + EACH;
	return ((word | (word - EACH * 0x20) | quote | backslash | del) &
		       EACH * 0x80) == 0;
}

void
fp_pen_inside(struct fp_pen *pen, const char *data, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t start = i;
		while (len - i >= 8 && are_plain(data + i))
			i += 8;
		while (i < len && pen_is_plain((unsigned char)data[i]))
			i++;
		fp_pen_bytes(pen, data + start, i - start);
		if (i == len)
			break;

		uint32_t code;
		size_t n = fp_utf8_next(data + i, len - i, &code);
		if (n == 0) {
			fp_pen_bytes(pen, "\\ufffd", 6);
			n = 1;
		} else if (code < 0xa0) {
			escape(pen, code);
		} else {
			fp_pen_bytes(pen, data + i, n);
		}
		i += n;
	}
}

void
fp_pen_string(struct fp_pen *pen, const char *data, size_t len)
{
	fp_pen_bytes(pen, "\"", 1);
	fp_pen_inside(pen, data, len);
	fp_pen_bytes(pen, "\"", 1);
}

void
fp_pen_base64(struct fp_pen *pen, const char *data, size_t len)
{
	char four[4];

	fp_pen_bytes(pen, "\"", 1);
	for (size_t i = 0; i < len; i += 3) {
		fp_base64_encode_some(
			data + i, FP_MIN(len - i, (size_t)3), four);
		fp_pen_bytes(pen, four, 4);
	}
	fp_pen_bytes(pen, "\"", 1);
}

void
fp_pen_number(struct fp_pen *pen, int64_t number)
{
	char text[24];
	char *at = text + sizeof(text);
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0)
		*--at = '-';
	fp_pen_bytes(pen, at, (size_t)(text + sizeof(text) - at));
}

void
fp_pen_seconds(struct fp_pen *pen, int64_t ns)
{
	int64_t us = ns / 1000;
	int64_t part = us % 1000000;
	char digits[] = ".000000";
	size_t len = sizeof(digits) - 1;

	fp_pen_number(pen, us / 1000000);
	for (size_t i = len; i-- > 1; part /= 10)
		digits[i] = (char)('0' + part % 10);
	while (len > 2 && digits[len - 1] == '0')
		len--;
	fp_pen_bytes(pen, digits, len);
}

void
fp_pen_time(struct fp_pen *pen, int64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / FP_NS_PER_S);
	struct tm tm;
	char text[64];

	FP_ASSERT(gmtime_r(&seconds, &tm));
	size_t len = strftime(text, sizeof(text), "\"%Y-%m-%dT%H:%M:%S", &tm);
	fp_pen_bytes(pen, text, len);
	snprintf(text, sizeof(text), ".%06" PRId64 "Z\"",
		wall_ns % FP_NS_PER_S / 1000);
	fp_pen_text(pen, text);
}
