/* SPDX-License-Identifier: MIT */
/*
 * pagefill: what the request of one page of an item has, as options.fill says:
 * its headers and its body, which may hold the variable of options.next.
 *
 * Threads: any, with the ticket's holder; options.fill is called under a lock.
 * Ownership: the ticket's chain.
 * Failure: said at each function.
 */
#ifndef FP_PAGEFILL_H
#define FP_PAGEFILL_H

#include "base.h"

#include "setup.h"
#include "ticket.h"

/* Makes that of the page that chain->cursor is for, into chain->next_item. 1:
 * there is none, and `why` says why; -1: no memory. */
int fp_pagefill_make(struct fp_setup *setup, struct fp_ticket *ticket,
	char *why, size_t why_size);

#endif
