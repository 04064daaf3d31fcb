/* SPDX-License-Identifier: MIT */
/*
 * itemfill: headers and a body for one item, filled in from it as the
 * --expand-... options say. What the item says itself goes before them.
 *
 * Threads: one.
 * Ownership: embedded; borrows the settings. What it puts into an item lives
 * until the next call.
 * Failure: a value that is missing, or does not fit, is the item's fault; -1:
 * ENOMEM.
 */
#ifndef FP_ITEMFILL_H
#define FP_ITEMFILL_H

#include "base.h"

#include "settings.h"

struct fp_itemfill {
	const struct fp_settings *settings;
	struct fp_buf text; /* all that was filled in */
	size_t longest; /* the most that this ever was */
	struct fp_text *headers; /* the item's, and ours */
	size_t n_room; /* of them */
	struct fp_formpart *form; /* of its fields, if there are some */
	bool has_item; /* one was there before */
	char fault[200];
};

void fp_itemfill_init(
	struct fp_itemfill *fill, const struct fp_settings *settings);
void fp_itemfill_destroy(struct fp_itemfill *fill);

/* Puts them into the item, or the fault. */
int fp_itemfill_fill(struct fp_itemfill *fill, struct fp_item *item);

/* The same for one page of it, as options.fill wants it: `arg` is an
 * fp_itemfill that nobody else uses. */
int fp_itemfill_page(void *arg, struct fp_item *item);

#endif
