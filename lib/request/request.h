/* SPDX-License-Identifier: MIT */
/*
 * request: what goes out for one item: the URL, the method, the headers and
 * the body, at each hop of a redirect. Where redirects have led is kept in the
 * ticket, so that an item can go on in another slot.
 *
 * Threads: the transfer's.
 * Ownership: the transfer embeds it; it borrows the setup, and the ticket from
 * fp_request_make() on. What an easy handle was given lives until the next
 * fp_request_make() or fp_request_destroy().
 * Failure: an item's, written into the ticket.
 */
#ifndef FP_REQUEST_H
#define FP_REQUEST_H

#include "base.h"

#include "filename.h"
#include "form.h"
#include "setup.h"
#include "target.h"
#include "ticket.h"
#include "upload.h"

struct fp_request {
	struct fp_setup *setup;
	struct fp_ticket *ticket;
	struct fp_value line; /* the whole input: the template's {} */
	struct fp_value page; /* what options.next sets ... */
	struct fp_text cursor; /* ... to this */
	struct fp_filename *filename; /* that is made from what is expanded */
	const char *method; /* of this hop */
	const char *first_method; /* of the item's first */
	struct fp_text body; /* data NULL: none */
	struct fp_upload upload; /* files in place of it; then body is "" */
	const struct fp_formpart *form; /* what that is made of; NULL: a file */
	size_t n_form;
	char boundary[FP_FORM_BOUNDARY_BYTES]; /* between the form's parts */
	struct curl_slist *headers; /* the item's; NULL: those for all */
	struct curl_slist *travelling; /* those of them for other origins */
	struct curl_slist *conditional; /* those of a hop with a condition */
	struct curl_slist *ranged; /* those of a hop that asks for a rest */
	bool can_keep; /* what an earlier run has fetched is there */
	struct fp_target target; /* the handle's URL */

	/* How the handle stands, so that a plain GET after another sets
	 * nothing but the URL. */
	bool has_method; /* other than a plain GET */
	bool has_upload;
	bool has_headers; /* other than those for all items */
	bool has_login; /* from the netrc */
	uint64_t token; /* the number of that which it has; 0: none */
	bool wants_token; /* this hop is sent with one */
	bool is_hidden; /* what is meant for the user's origin is taken out */
};

/* What is wrong, in words. */
struct fp_request_why {
	char text[160];
};

void fp_request_init(struct fp_request *request, struct fp_setup *setup);
void fp_request_destroy(struct fp_request *request);

/* Gives the item its URL, which is known from then on. false: the item is over:
 * its line is no URL, or memory is out. */
bool fp_request_locate(struct fp_request *request, struct fp_ticket *ticket);

/* Appends the URL of the page that the ticket's item is at, which is judged. */
enum fp_kind fp_request_url(struct fp_request *request, struct fp_buf *out,
	struct fp_request_why *why);

/* Makes the request for the hop that the item is at. false: the item is over:
 * it cannot be made, or memory is out. */
bool fp_request_make(struct fp_request *request, struct fp_ticket *ticket);

/* Adds a template's expansion with the item's values to a name that was begun.
 * false: it has failed, and the ticket says why. */
bool fp_request_expand_name(struct fp_request *request,
	const struct fp_uritemplate *template, struct fp_filename *name);

/* Copies a URL, its passwords masked, to where it may be shown. NULL: no
 * memory. */
const char *fp_request_show(const struct fp_buf *url, struct fp_buf *shown);

/* Whether sending this hop twice does what sending it once does: by its method
 * (RFC 9110, section 9.2.2), or because the user says so. */
bool fp_request_is_idempotent(const struct fp_request *request);

/* The same of the whole item, which another attempt begins at its first hop. */
bool fp_request_is_repeatable(const struct fp_request *request);

/* Whether of the item only the user says so: for all, or with an
 * Idempotency-Key. */
bool fp_request_is_asserted(const struct fp_request *request);

/* Whether this hop's method is safe: it asks for something, and changes nothing
 * (RFC 9110, section 9.2.1). */
bool fp_request_only_reads(const struct fp_request *request);

/* Whether the user gave a header of this name, for all or for this item. */
bool fp_request_has_header(const struct fp_request *request, const char *name);

/* Whether this hop is over TLS. */
bool fp_request_is_https(const struct fp_request *request);

/* Whether its method is the one that options.check chose. */
bool fp_request_is_check(const struct fp_request *request);

/* HEAD was refused to such a one: now it is a GET, from its first hop on.
 * false: no memory, and the item is over. */
bool fp_request_ask_with_get(struct fp_request *request);

/* Bytes of the body. */
uint64_t fp_request_body_size(const struct fp_request *request);

/* Sets up the handle for this request. */
CURLcode fp_request_apply(struct fp_request *request, CURL *easy);

/* The next hop has no body any more, and no header that tells of one. false:
 * no memory. */
bool fp_request_drop_body(struct fp_request *request);

#endif
