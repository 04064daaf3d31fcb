/* SPDX-License-Identifier: MIT */
/*
 * redirect: where a redirect leads. It is followed here and not by libcurl, so
 * that each hop is judged like the first: its scheme, its address, its place
 * in the count; and so that nothing the user meant for one origin (scheme,
 * host, port) is told to another.
 *
 * Threads: the transfer's.
 * Ownership: the request's.
 * Failure: an item's, written into the ticket.
 */
#ifndef FP_REDIRECT_H
#define FP_REDIRECT_H

#include "base.h"

#include "request.h"

/* Something that leads from an answer to another URL. */
struct fp_lead {
	const char *what; /* "redirect": how messages begin */
	enum fp_kind kind; /* of what is wrong with it */
	struct fp_buf *url; /* where it leads, or would lead */
	bool is_foreign; /* to another origin than the item's */
	char why[200]; /* what is wrong */
};

/* Resolves a reference against the URL that was fetched, and judges what comes
 * out, as for all URLs that a server names: its scheme, its length, its origin.
 * FP_KIND_OK; or the kind and lead->why say why it is not to be fetched. */
enum fp_kind fp_redirect_resolve(const struct fp_request *request,
	struct fp_text reference, struct fp_lead *lead);

/* Whether a response with this status and this value of Location, or "", is a
 * redirect that the options have followed. */
bool fp_redirect_is_followed(
	const struct fp_request *request, int status, const char *location);

/* If hops are asked for: this one, with the status of its response, or 0, is
 * the last of them so far. -1: no memory. */
int fp_redirect_note(struct fp_request *request, int status);

/* Such a response is there: the request is now that of the next hop, and true.
 * false: it cannot be followed, and the ticket has failed. RFC 9110, sections
 * 10.2.2 and 15.4. */
bool fp_redirect_follow(
	struct fp_request *request, int status, const char *location);

#endif
