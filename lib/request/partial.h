/* SPDX-License-Identifier: MIT */
/*
 * partial: a body that goes to a file and broke. What came of it is kept for
 * the next attempt, which asks for the rest (RFC 9110, section 14.2) if it is
 * still the same (If-Range, section 13.1.5); a response that is not just that
 * rest is not joined to it.
 *
 * Only a strong entity tag says that two responses are the same byte for byte
 * (section 8.8.1). So without one, and of a body that was compressed, nothing
 * is kept. And since there are servers that keep a tag when the file changes,
 * both must also name the same time of the last change, if they name one. Many
 * servers make the tag of that time and the length, in whole seconds: nothing
 * is kept of a file that was changed in the second of its response, and so may
 * have changed again within it.
 *
 * Threads: that which has the ticket.
 * Ownership: the ticket owns what is kept; a download what it knows of a head.
 * Failure: there is no rest to be asked for, and all is fetched; or what is
 * said at each function.
 */
#ifndef FP_PARTIAL_H
#define FP_PARTIAL_H

#include "base.h"

#include "outfile.h"
#include "request.h"
#include "response.h"

#include <curl/curl.h>

/* What the head of a response says about ranges. */
struct fp_partial_head {
	struct fp_buf etag; /* empty: none */
	struct fp_buf range; /* Content-Range; empty: none */
	struct fp_buf modified; /* Last-Modified; empty: none */
	struct fp_buf date; /* Date; empty: none */
	bool refuses; /* Accept-Ranges: none */
	bool is_twice; /* one of them is there twice */
};

void fp_partial_head_begin(struct fp_partial_head *head);
void fp_partial_head_destroy(struct fp_partial_head *head);

/* A line of it. -1: no memory. */
int fp_partial_head_line(
	struct fp_partial_head *head, const char *line, size_t len);

/* Has this hop ask for the rest, if some is kept of what is at its URL. The
 * list that is given is *headers or the request's own. */
CURLcode fp_partial_apply(
	struct fp_request *request, struct curl_slist **headers);

/* Before the first attempt of an item: looks for what another process has left
 * of its body. */
void fp_partial_recall(struct fp_request *request);

/* Before the first byte of a body: opens a file that another process can find,
 * if the body is worth it. Else there is none yet. */
void fp_partial_begin(struct fp_request *request, struct fp_outfile *file,
	const struct fp_partial_head *head, const struct fp_response *response);

/* The item has failed: leaves what another process may go on with. */
void fp_partial_leave(
	struct fp_ticket *ticket, struct fp_outfile *file, bool is_broken);

/* What a response is to a request that may have asked for the rest. */
enum fp_partial_answer {
	FP_PARTIAL_OTHER, /* something else; what is kept stays */
	FP_PARTIAL_REST, /* the rest, which is joined */
	FP_PARTIAL_WHOLE, /* all of it, perhaps another version */
	FP_PARTIAL_USELESS, /* ask again, for all of it */
};
enum fp_partial_answer fp_partial_judge(const struct fp_ticket *ticket,
	const struct fp_partial_head *head, const struct fp_response *response);

/* The file goes on with what is kept. */
void fp_partial_join(struct fp_ticket *ticket, struct fp_outfile *file);

/* Keeps a file whose body broke, if the rest can be asked for; `is_joined`: it
 * had begun with what was kept before. */
void fp_partial_keep(struct fp_request *request, struct fp_outfile *file,
	const struct fp_partial_head *head, const struct fp_response *response,
	bool is_joined);

#endif
