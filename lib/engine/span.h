/* SPDX-License-Identifier: MIT */
/*
 * span: tells options.trace what items go through. Each function is for one
 * place in the lane or the transfer, and is called only if there is a
 * trace.
 *
 * Threads: that of the loop; fp_span_submitted() the submitter's.
 * Ownership: nothing is owned; times are kept in the transfer and the ticket.
 * Failure: cannot fail; a URL that finds no memory is missing.
 */
#ifndef FP_SPAN_H
#define FP_SPAN_H

#include "base.h"

#include "transfer.h"

/* The item begins to wait, on its way in. */
void fp_span_submitted(struct fp_ticket *ticket);

/* It has got this slot, and its wait is over. */
void fp_span_occupied(struct fp_transfer *transfer);

/* libcurl is done with its request, or it was taken away from libcurl; nothing
 * else was done about that yet. */
void fp_span_request(struct fp_transfer *transfer);

/* It goes on, after it was paused for want of memory. */
void fp_span_resumed(struct fp_transfer *transfer);

/* It leaves the slot, in which it was last, and may begin to wait again. */
void fp_span_left(struct fp_transfer *transfer, struct fp_ticket *ticket);

#endif
