/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "etag.h"

#include "clock.h"
#include "httpdate.h"

#include <string.h>

bool
fp_etag_is(struct fp_text text)
{
	size_t at = text.len > 2 && text.data[0] == 'W' && text.data[1] == '/'
			    ? 2
			    : 0;

	if (text.len < at + 2 || text.len > FP_ETAG_MAX ||
		text.data[at] != '"' || text.data[text.len - 1] != '"')
		return false;
	for (size_t i = at + 1; i < text.len - 1; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c < 0x21 || c == '"' || c == 0x7f)
			return false;
	}
	return true;
}

/* How much longer compression has made it; 0: it has not. */
static size_t
etag_suffix_len(struct fp_text etag)
{
	static const char *const suffixes[] = {
		"--gzip\"", "-gzip\"", ";gzip\""};

	for (size_t i = 0; i < FP_ARRAY_LEN(suffixes); i++) {
		size_t len = strlen(suffixes[i]);
		if (etag.len > len + 1 && memcmp(etag.data + etag.len - len,
						  suffixes[i], len) == 0)
			return len - 1;
	}
	return 0;
}

int
fp_etag_add_field(struct fp_text etag, struct fp_buf *line)
{
	size_t suffix = etag_suffix_len(etag);

	if (fp_buf_add_text(line, "If-None-Match: ") ||
		fp_buf_add(line, etag.data, etag.len))
		return -1;
	if (suffix == 0)
		return 0;
	return fp_buf_add_text(line, ", ") ||
			       fp_buf_add(line, etag.data,
				       etag.len - suffix - 1) ||
			       fp_buf_add_char(line, '"')
		       ? -1
		       : 0;
}

static int64_t
etag_date_s(struct fp_text text)
{
	struct fp_httpdate date;

	if (text.len == 0 || fp_httpdate_parse(text.data, text.len, &date))
		return -1;
	return fp_httpdate_unix_s(&date, fp_clock_wall_ns() / FP_NS_PER_S);
}

bool
fp_etag_is_old(struct fp_text modified, struct fp_text date)
{
	int64_t modified_s = etag_date_s(modified), date_s = etag_date_s(date);

	return modified_s >= 0 && date_s > modified_s;
}

/* Whether the tag begins with a number, written with this base. */
static bool
etag_begins_with(struct fp_text etag, int64_t number, int base)
{
	char digits[64];
	size_t len = 0, at = etag.data[0] == 'W' ? 3 : 1;

	for (; number > 0; number /= base)
		digits[len++] =
			"0123456789abcdefghijklmnopqrstuvwxyz"[number % base];
	if (len == 0 || etag.len <= at + len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (etag.data[at + i] != digits[len - 1 - i])
			return false;
	}
	return true;
}

bool
fp_etag_is_of_time(struct fp_text etag, struct fp_text modified)
{
	int64_t s = etag_date_s(modified);

	return fp_etag_is(etag) &&
	       (etag_begins_with(etag, s, 16) || etag_begins_with(etag, s, 36));
}

int64_t
fp_etag_time_ns(struct fp_text modified)
{
	int64_t s = etag_date_s(modified);

	return s < 0 || s > INT64_MAX / FP_NS_PER_S ? -1 : s * FP_NS_PER_S;
}
