/* SPDX-License-Identifier: MIT */
/*
 * page: the report of a run, made from its statistics: one file of HTML, with
 * SVG, that needs nothing else.
 *
 * Threads: any.
 * Ownership: the text goes into the caller's buffer.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_PAGE_H
#define FP_PAGE_H

#include "base.h"

#include "buf.h"
#include "html.h"
#include "jsontree.h"

/* No page is longer. */
#define FP_PAGE_MAX 300000

/* As --stats has written them; what is missing is not shown. */
int fp_page_write(struct fp_buf *text, const struct fp_jsonnode *stats);

/* ---- what pages of several runs have, too ---- */

/* The uses of jobs' time, in words. */
#define FP_PAGE_USES 23
const char *fp_page_use(size_t use);

/* What went into each, as these statistics have it; its sum. */
double fp_page_uses(const struct fp_jsonnode *stats, double uses[FP_PAGE_USES]);

/* Up to the beginning of the body, and from its end on. */
void fp_page_begin(struct fp_html *html, const char *title);
void fp_page_end(struct fp_html *html);

/* Which colour stands for what, of the uses that there were. */
void fp_page_legend(
	struct fp_html *html, const double uses[FP_PAGE_USES], double whole);

/* Begins to write a page again and again, with ever less in it, until it is
 * short enough: write(html, arg, n_rows), with so many rows in each table. */
int fp_page_fit(struct fp_buf *text,
	void (*write)(struct fp_html *html, const void *arg, size_t n_rows),
	const void *arg);

#endif
