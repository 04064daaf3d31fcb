/* SPDX-License-Identifier: MIT */
/*
 * nextpage: what comes after a page that was fetched, as options.next says: the
 * item's next page, with its URL and its variable; nothing; or a page that must
 * not be fetched, which fails in its place.
 *
 * Threads: the transfer's; but fp_nextpage_begin() is the submitter's.
 * Ownership: the ticket's.
 * Failure: an item's, written into the ticket.
 */
#ifndef FP_NEXTPAGE_H
#define FP_NEXTPAGE_H

#include "base.h"

#include "jsontake.h"
#include "request.h"

/* An item that may have pages is at its first one, or at the one that it is to
 * go on with; before fp_request_locate(), and it may have failed. -1: no
 * memory. */
int fp_nextpage_begin(struct fp_setup *setup, struct fp_ticket *ticket,
	const struct fp_item *item);

/* Behind it: where an item that goes on with a later page finds that. false: it
 * is over. */
bool fp_nextpage_locate(struct fp_request *request);

/* What the answer says; the page is a success so far. */
struct fp_nextpage_answer {
	struct fp_text links; /* its Link fields, a line each */
	const struct fp_jsontake *take; /* of its body; NULL: none came */
};

/* FP_KIND_OK: ticket->chain says what comes next. Else the page itself has
 * failed, of this kind, as what comes next cannot be known; `why` says why. */
enum fp_kind fp_nextpage_find(struct fp_request *request,
	const struct fp_nextpage_answer *answer, char *why, size_t why_size);

#endif
