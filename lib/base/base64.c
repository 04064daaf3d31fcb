/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "base64.h"

#include <errno.h>
#include <string.h>

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";

void
fp_base64_encode_some(const char *bytes, size_t n, char four[4])
{
	uint32_t bits = (uint32_t)(unsigned char)bytes[0] << 16;

	if (n > 1)
		bits |= (uint32_t)(unsigned char)bytes[1] << 8;
	if (n > 2)
		bits |= (unsigned char)bytes[2];
	four[0] = base64_digits[bits >> 18];
	four[1] = base64_digits[bits >> 12 & 63];
	four[2] = n > 1 ? base64_digits[bits >> 6 & 63] : '=';
	four[3] = n > 2 ? base64_digits[bits & 63] : '=';
}

int
fp_base64_encode(const void *data, size_t len, struct fp_buf *out)
{
	const char *bytes = data;
	char four[4];

	for (size_t i = 0; i < len; i += 3) {
		fp_base64_encode_some(
			bytes + i, FP_MIN(len - i, (size_t)3), four);
		if (fp_buf_add(out, four, 4))
			return -1;
	}
	return 0;
}

/* What a digit stands for; -1: it is none. */
static int
base64_value(char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

/* Four characters as up to three bytes; how many, or 0: they are no base64. */
static size_t
decode_four(const char *text, bool is_last, char three[3])
{
	uint32_t bits = 0;
	size_t n = 4;

	while (is_last && n > 2 && text[n - 1] == '=')
		n--;
	for (size_t i = 0; i < 4; i++) {
		int value = i < n ? base64_value(text[i]) : 0;
		if (value < 0)
			return 0;
		bits = bits << 6 | (uint32_t)value;
	}
	for (size_t i = 0; i < 3; i++)
		three[i] = (char)(bits >> (16 - 8 * i));
	/* Bits that stand for nothing must be zero (section 3.5). */
	if ((n == 2 && bits & 0xffff) || (n == 3 && bits & 0xff))
		return 0;
	return n - 1;
}

int
fp_base64_decode(const char *text, size_t len, struct fp_buf *out)
{
	size_t start = out->len;

	if (len % 4 != 0) {
		errno = EINVAL;
		return -1;
	}
	if (fp_buf_reserve(out, len / 4 * 3))
		return -1;
	for (size_t i = 0; i < len; i += 4) {
		size_t n = decode_four(
			text + i, i + 4 == len, out->data + out->len);
		if (n == 0) {
			errno = EINVAL;
			out->len = start;
			return -1;
		}
		out->len += n;
	}
	return 0;
}
