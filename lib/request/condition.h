/* SPDX-License-Identifier: MIT */
/*
 * condition: whether a response has changed since an earlier run. The caller
 * says which validators an item's response had then, and of which URL; the
 * request for that URL, be it the item's or a redirect's, asks with them, and a
 * 304 says that nothing has changed.
 *
 * Threads: that which has the ticket.
 * Ownership: the ticket owns it; NULL where options.recall is not given.
 * Failure: -1 with ENOMEM, or a want of memory of libcurl's.
 */
#ifndef FP_CONDITION_H
#define FP_CONDITION_H

#include "base.h"

#include "request.h"

#include <curl/curl.h>

/* Asks what is known of the item, whose request has its URL. */
int fp_condition_recall(struct fp_request *request, struct fp_ticket *ticket);

/* Adds the fields to those of this hop, if it is the one that they are for. The
 * list that is given is *headers or the request's own; `can_keep`: what is
 * there can be kept. */
CURLcode fp_condition_apply(
	struct fp_request *request, struct curl_slist **headers, bool can_keep);

/* The response has begun; it has this field; it is whole. */
void fp_condition_begin(struct fp_condition *condition);
int fp_condition_field(
	struct fp_condition *condition, const char *line, size_t len);
void fp_condition_end(struct fp_ticket *ticket);

#endif
