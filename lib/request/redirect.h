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
