/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "html.h"

#include "quote.h"

#include <stdarg.h>
#include <stdio.h>
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

void
fp_html_text(struct fp_html *html, const char *text)
{
	size_t len = strlen(text), most = html->text_max;
	char *cut = NULL;

	if (html->has_failed)
		return;
	if (len > most) {
		/* Not within a character. */
		while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
			most--;
		cut = strndup(text, most);
		html->has_failed = !cut;
		text = cut ? cut : "";
	}
	if (!html->has_failed)
		html->has_failed = fp_quote_html(html->text, text) != 0;
	if (cut)
		fp_html_add(html, "\xe2\x80\xa6");
	free(cut);
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
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	size_t i = 0;
	char text[32];

	if (!(bytes < 1e18)) {
		fp_html_add(html, "?");
		return;
	}
	while (i + 1 < FP_ARRAY_LEN(units) && bytes >= 999.5) {
		bytes /= 1000;
		i++;
	}
	write_in(bytes, units[i], text);
	fp_html_add(html, "%s", text);
}
