/* SPDX-License-Identifier: MIT */
/*
 * dryrun: what a dry run has found out, in a few lines: how many requests, to
 * which hosts, how long their limits take, and how much memory a run may need.
 *
 * Threads: the main thread, after the others have ended.
 * Ownership: nothing is owned.
 * Failure: cannot fail.
 */
#ifndef FP_DRYRUN_H
#define FP_DRYRUN_H

#include "base.h"

#include "settings.h"

/* `filled`: the most bytes that --expand-... options made of an item;
 * `is_file`: the input is a regular one, which can be read again. */
void fp_dryrun_tell(const struct fp_settings *settings, struct fp_pool *pool,
	uint64_t n_items, size_t filled, bool is_file);

#endif
