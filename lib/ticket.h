/* SPDX-License-Identifier: MIT */
/*
 * ticket: the place that one item holds, from the line read to the record
 * written, and all that is known about the item meanwhile. There are as many
 * as the window is wide; each goes round and round:
 *
 *	window -> submitter -> queue -> worker -> window -> consumer -> window
 *
 * Threads: exactly one thread holds a ticket at a time, and it alone touches
 * it. Every hand-over goes through the mutex of the window or of the queue,
 * which orders what was written before it.
 * Ownership: the window makes and frees tickets; the holder of one owns what
 * its buffers hold.
 * Failure: cannot fail; a message that finds no memory becomes "out of memory".
 */
#ifndef FP_TICKET_H
#define FP_TICKET_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

#define FP_IP_MAX 48

struct fp_ticket {
	struct fp_result result; /* first: the consumer holds its address */
	struct fp_ticket *next; /* in a list of its holder */
	struct fp_ticket *older; /* in the window's list of all there are */
	uint64_t turn; /* its place in the order; the window's */
	bool is_lent; /* to the consumer; the window's */

	/* What the item is: filled by the submitter. */
	struct fp_buf input;
	struct fp_item item; /* its texts are in one block */
	void *block;

	/* What became of it: filled by the worker. result points into it. */
	struct fp_buf url; /* as requested */
	struct fp_buf final_url; /* where redirects led, fit to be shown */
	struct fp_buf shown_url; /* with its password masked, if it has one */
	struct fp_buf type;
	struct fp_buf headers;
	struct fp_buf body;
	struct fp_buf message;
	char ip[FP_IP_MAX];
	int64_t started_ns; /* when it got its slot; monotonic */
	bool is_intended; /* options.intent was called for it */
};

/* Takes a copy of the item. -1: no memory; then its input may be missing. */
int fp_ticket_set(struct fp_ticket *ticket, const struct fp_item *item);

/* Ends the item with this kind and message, and drops what it has of a body. */
void fp_ticket_fail(
	struct fp_ticket *ticket, enum fp_kind kind, const char *message);

/* Ready for the next item; keeps buffers of an ordinary size. */
void fp_ticket_clear(struct fp_ticket *ticket);

void fp_ticket_free(struct fp_ticket *ticket);

#endif
