/* SPDX-License-Identifier: MIT */
/*
 * itemstart: the start of one item, which is two: one in the count of the run,
 * and one in that of its origin. Both are had, or neither; and what becomes of
 * one becomes of the other.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: the ticket says what is held for it.
 * Failure: false: not now.
 */
#ifndef FP_ITEMSTART_H
#define FP_ITEMSTART_H

#include "base.h"

#include "starts.h"
#include "ticket.h"

/* `has_host_rate`: origins have a limit; else there is one start only. */
bool fp_itemstart_reserve(struct fp_starts *starts, bool has_host_rate,
	struct fp_ticket *ticket, int64_t now_ns);

/* What is reserved is claimed. false: it was lost, and is still to be given
 * back. */
bool fp_itemstart_commit(struct fp_starts *starts, bool has_host_rate,
	const struct fp_ticket *ticket);
void fp_itemstart_give_back(
	struct fp_starts *starts, bool has_host_rate, struct fp_ticket *ticket);
void fp_itemstart_fire(struct fp_starts *starts, bool has_host_rate,
	struct fp_ticket *ticket, int64_t now_ns);

#endif
