/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "html.h"

#include "ascii.h"
#include "quote.h"
#include "units.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
fp_html_add(struct fp_html *html, const char *format, ...)
{
	va_list args;

	if (html->has_failed)
		return;
	va_start(args, format);
	html->has_failed = fp_buf_vprintf(html->text, format, args) != 0;
	va_end(args);
}

static void
html_part(struct fp_html *html, const char *text, size_t len)
{
	char *part = html->has_failed ? NULL : strndup(text, len);

	if (!html->has_failed)
		html->has_failed =
			!part || fp_quote_html(html->text, part) != 0;
	free(part);
}

/* How much of a text is shown; not within a character. */
static size_t
html_shown(const struct fp_html *html, const char *text)
{
	size_t len = strlen(text), most = html->text_max;

	if (len <= most)
		return len;
	while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	return most;
}

static void
html_end_text(struct fp_html *html, const char *text, size_t shown)
{
	if (text[shown] != '\0')
		fp_html_add(html, "\xe2\x80\xa6");
}

void
fp_html_text(struct fp_html *html, const char *text)
{
	size_t shown = html_shown(html, text);

	html_part(html, text, shown);
	html_end_text(html, text, shown);
}

/* "-j 8" or "--host-jobs 8": how long it is. 0: no option is here. */
static size_t
html_option_len(const char *text)
{
	size_t len = strspn(text, "-");

	if (len == 0 || len > 2 || !fp_ascii_is_alnum(text[len]))
		return 0;
	len += strcspn(text + len, " ");
	return text[len] == ' ' && fp_ascii_is_digit(text[len + 1])
		       ? len + 1 + strcspn(text + len + 1, " ")
		       : len;
}

void
fp_html_sentence(struct fp_html *html, const char *text)
{
	size_t shown = html_shown(html, text);

	for (size_t at = 0; at < shown;) {
		bool is_first = at == 0 || text[at - 1] == ' ';
		size_t len = is_first ? html_option_len(text + at) : 0;
		const char *space = strchr(text + at, ' ');

		if (len > 0 && at + len <= shown) {
			fp_html_add(html, "<span class=\"whole\">");
			html_part(html, text + at, len);
			fp_html_add(html, "</span>");
		} else {
			len = space ? (size_t)(space + 1 - text) - at
				    : shown - at;
			len = FP_MIN(len, shown - at);
			html_part(html, text + at, len);
		}
		at += len;
	}
	html_end_text(html, text, shown);
}

void
fp_html_write_count(double n, char text[32])
{
	char digits[32];
	size_t len, at = 0;

	if (n < 0 || n >= 1e15 || n != n) {
		snprintf(text, 32, "%g", n);
		return;
	}
	len = (size_t)snprintf(digits, sizeof(digits), "%.0f", n);
	for (size_t i = 0; i < len; i++) {
		text[at++] = digits[i];
		if ((len - 1 - i) % 3 == 0 && i + 1 < len)
			text[at++] = ',';
	}
	text[at] = '\0';
}

void
fp_html_count(struct fp_html *html, double n)
{
	char text[32];

	fp_html_write_count(n, text);
	fp_html_add(html, "%s", text);
}

/* To three digits, or a little more. */
static void
write_in(double value, const char *unit, char text[32])
{
	int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	size_t len = (size_t)snprintf(text, 24, "%.*f", digits, value);

	if (digits > 0) {
		while (len > 0 && text[len - 1] == '0')
			len--;
		len -= len > 0 && text[len - 1] == '.';
	}
	snprintf(text + len, 32 - len, " %s", unit);
}

void
fp_html_write_time(double seconds, char text[32])
{
	if (!(seconds < 1e12))
		snprintf(text, 32, "?");
	else if (seconds >= 86400)
		write_in(seconds / 86400, "d", text);
	else if (seconds >= 7200)
		write_in(seconds / 3600, "h", text);
	else if (seconds >= 300)
		write_in(seconds / 60, "min", text);
	else if (seconds >= 0.9995 || seconds <= 0)
		write_in(FP_MAX(seconds, 0), "s", text);
	else if (seconds >= 0.0009995)
		write_in(seconds * 1e3, "ms", text);
	else
		write_in(seconds * 1e6, "\xc2\xb5s", text);
}

void
fp_html_time(struct fp_html *html, double seconds)
{
	char text[32];

	fp_html_write_time(seconds, text);
	fp_html_add(html, "%s", text);
}

void
fp_html_size(struct fp_html *html, double bytes)
{
	char text[32];

	if (!(bytes < 1e18)) {
		fp_html_add(html, "?");
		return;
	}
	fp_units_write_size(bytes, text);
	fp_html_add(html, "%s", text);
}
