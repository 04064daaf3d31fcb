/* SPDX-License-Identifier: MIT */
/*
 * linecheck: whether a line can be an item, before the pool sees it: an ID in
 * the range, a URL where URLs are wanted, nothing that would go to a server it
 * is not meant for. And notes, one for each kind and run, about lines that look
 * as if the program that wrote them had changed them.
 *
 * Threads: one.
 * Ownership: embedded; borrows the settings. What it returns lives until the
 * next call.
 * Failure: memory that is out, as a fault of the line.
 */
#ifndef FP_LINECHECK_H
#define FP_LINECHECK_H

#include "base.h"

#include "settings.h"

struct fp_linecheck {
	const struct fp_settings *settings;
	bool has_seen_line;
	bool has_seen_values;
	bool is_url_list; /* the first line is a URL */
	bool has_told_template;
	unsigned told; /* kinds of doubt, as bits */
	char fault[80]; /* of a line that is no number in the range */
	char withheld[160]; /* of an ID, if the demonstration API gets none */
	struct fp_buf url; /* of a line that got a scheme */
};

void fp_linecheck_init(
	struct fp_linecheck *check, const struct fp_settings *settings);
void fp_linecheck_destroy(struct fp_linecheck *check);

/* NULL, or why the line is no item. `url` gets the URL that it stands for, if
 * it is one but for its scheme. */
const char *fp_linecheck_judge(
	struct fp_linecheck *check, struct fp_text line, struct fp_text *url);

/* An item that has fields of a line: may say what is odd about those, and that
 * the first line looks like a header line. */
void fp_linecheck_fields(
	struct fp_linecheck *check, const struct fp_item *item);

/* A line that was to be JSON and is none: may say why that is. */
void fp_linecheck_not_json(struct fp_linecheck *check, struct fp_text line);

#endif
