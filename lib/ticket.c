/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ticket.h"

#include "outcome.h"

#include <string.h>

/* A ticket waits with empty buffers of at most this much each, so that the
 * window's memory stays near what its items really hold. */
#define KEEP_BYTES 1024

void
fp_ticket_fail(struct fp_ticket *ticket, enum fp_kind kind, const char *message)
{
	ticket->result.kind = kind;
	fp_buf_clear(&ticket->body, 0);
	ticket->result.body = (struct fp_text){NULL, 0};
	ticket->result.encoding = FP_BODY_NONE;

	/* A message that finds no memory is replaced by one that needs none. */
	if (fp_buf_set(&ticket->message, message, strlen(message)) == 0)
		ticket->result.message = ticket->message.data;
	else
		ticket->result.message = FP_OUT_OF_MEMORY;
}

void
fp_ticket_clear(struct fp_ticket *ticket)
{
	free(ticket->values);
	ticket->values = NULL;
	ticket->n_values = 0;
	ticket->next = NULL;
	ticket->ip[0] = '\0';
	ticket->started_ns = 0;
	fp_buf_clear(&ticket->input, KEEP_BYTES);
	fp_buf_clear(&ticket->url, KEEP_BYTES);
	fp_buf_clear(&ticket->shown_url, KEEP_BYTES);
	fp_buf_clear(&ticket->type, KEEP_BYTES);
	fp_buf_clear(&ticket->headers, KEEP_BYTES);
	fp_buf_clear(&ticket->body, KEEP_BYTES);
	fp_buf_clear(&ticket->message, KEEP_BYTES);
	ticket->result = (struct fp_result){
		.fetch_time_ns = -1,
		.size = -1,
		.encoding = FP_BODY_NONE,
		.ip = ticket->ip,
		.http_version = "",
		.time_connect_ns = -1,
		.time_first_byte_ns = -1,
	};
}

void
fp_ticket_free(struct fp_ticket *ticket)
{
	if (!ticket)
		return;
	free(ticket->values);
	fp_buf_destroy(&ticket->input);
	fp_buf_destroy(&ticket->url);
	fp_buf_destroy(&ticket->shown_url);
	fp_buf_destroy(&ticket->type);
	fp_buf_destroy(&ticket->headers);
	fp_buf_destroy(&ticket->body);
	fp_buf_destroy(&ticket->message);
	free(ticket);
}
