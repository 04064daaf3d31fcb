/* SPDX-License-Identifier: MIT */
/*
 * pagelists: what a report has besides its charts: servers, the slowest items,
 * failures with examples, and what the run was.
 *
 * Threads: none.
 * Ownership: the page is the caller's.
 * Failure: the page remembers it.
 */
#ifndef FP_PAGELISTS_H
#define FP_PAGELISTS_H

#include "base.h"

#include "html.h"
#include "jsontree.h"

/* At most so many rows each. */
void fp_pagelists_servers(
	struct fp_html *html, const struct fp_jsonnode *stats, size_t n_rows);
void fp_pagelists_slowest(
	struct fp_html *html, const struct fp_jsonnode *stats, size_t n_rows);

void fp_pagelists_failures(
	struct fp_html *html, const struct fp_jsonnode *stats);
void fp_pagelists_run(struct fp_html *html, const struct fp_jsonnode *stats);

/* Cells of a table. */
void fp_pagelists_count_cell(struct fp_html *html, double n);
void fp_pagelists_time_cell(struct fp_html *html, double seconds);

#endif
