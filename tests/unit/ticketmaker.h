/* SPDX-License-Identifier: MIT */
/*
 * ticketmaker: tickets for tests of what they go through, without a window.
 */
#ifndef FP_TICKETMAKER_H
#define FP_TICKETMAKER_H

#include "base.h"

#include "ticket.h"

#include <string.h>

/* A clean one with this URL, as the submitter has it. */
static inline struct fp_ticket *
make_ticket(const char *url)
{
	struct fp_ticket *ticket = calloc(1, sizeof(*ticket));

	FP_ASSERT(ticket);
	fp_ticket_clear(ticket);
	fp_ticket_move(ticket, FP_STAGE_TAKEN);
	FP_ASSERT(fp_buf_set(&ticket->url, url, strlen(url)) == 0);
	return ticket;
}

static inline void
free_tickets(struct fp_ticket **tickets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fp_ticket_free(tickets[i]);
}

static inline size_t
list_len(const struct fp_ticket *list)
{
	size_t n = 0;

	for (; list; list = list->next)
		n++;
	return n;
}

#endif
