/* SPDX-License-Identifier: MIT */
/*
 * html: a page that grows: HTML as it is, and texts from elsewhere, which never
 * become anything but text.
 *
 * Threads: none; a page belongs to one thread at a time.
 * Ownership: the text goes into the caller's buffer.
 * Failure: remembered: once memory was out, nothing is added any more, and
 * has_failed is true.
 */
#ifndef FP_HTML_H
#define FP_HTML_H

#include "base.h"

#include "buf.h"
#include "jsontree.h"

struct fp_html {
	struct fp_buf *text;
	bool has_failed;
	unsigned n_ids; /* given out */
	size_t text_max; /* bytes of a text from elsewhere that are shown */
};

/* HTML of ours: no text from elsewhere is among the arguments. */
void fp_html_add(struct fp_html *html, const char *format, ...) FP_PRINTF(2, 3);

/* Text, of which what is too long is left out. */
void fp_html_text(struct fp_html *html, const char *text);

/* The same of a sentence of ours, in which an option and its value, as in "-j
 * 8", stay in one line. */
void fp_html_sentence(struct fp_html *html, const char *text);

/* Numbers: "1,234,567", "12.3 ms", "1.5 MiB", "12.5 %". */
void fp_html_count(struct fp_html *html, double n);
void fp_html_time(struct fp_html *html, double seconds);
void fp_html_size(struct fp_html *html, double bytes);

/* The same, as texts. */
void fp_html_write_time(double seconds, char text[32]);
void fp_html_write_count(double n, char text[32]);

#endif
