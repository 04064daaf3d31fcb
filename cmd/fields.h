/* SPDX-License-Identifier: MIT */
/*
 * fields: the values of a line that is split: of its fields, those that the
 * template and other texts ask for, by number, and in CSV by the names that the
 * header line gives.
 *
 * Threads: one.
 * Ownership: embedded; borrows the settings. What it puts into an item lives
 * until the next call.
 * Failure: -1: said why, as wrong usage; or ENOMEM.
 */
#ifndef FP_FIELDS_H
#define FP_FIELDS_H

#include "base.h"

#include "buf.h"
#include "settings.h"

struct fp_fields {
	const struct fp_settings *settings;
	struct fp_value *values; /* those asked for; NULL: none */
	struct fp_text *texts; /* of them, in the line at hand */
	size_t *columns; /* of them, from 1 */
	size_t n;
	size_t n_split; /* the last column that is asked for */
	char *numbers; /* as names */
	size_t n_header; /* fields of the header line; 0: there is none */
	struct fp_text *fields; /* of the line at hand, up to n_split */
	struct fp_buf unquoted;
	char fault[80];
};

/* -1: ENOMEM. */
int fp_fields_init(
	struct fp_fields *fields, const struct fp_settings *settings);
void fp_fields_destroy(struct fp_fields *fields);

/* Before the first line, if CSV has a header line: where the names are. -1:
 * one is not there, or memory is out; said so. */
int fp_fields_header(struct fp_fields *fields, struct fp_text header);

/* Puts the values of the line into the item, or its fault. -1: ENOMEM. */
int fp_fields_fill(struct fp_fields *fields, struct fp_item *item);

#endif
