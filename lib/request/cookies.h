/* SPDX-License-Identifier: MIT */
/*
 * cookies: those that the redirects of an item set (RFC 6265), for its next
 * hops. libcurl's engine keeps them, in the easy handle; here is what it takes
 * so that no other item on the handle ever sees them, and an item that goes on
 * on another handle has them there.
 *
 * Threads: the transfer's.
 * Ownership: the caller's; texts of cookies are secrets.
 * Failure: libcurl's, which is a want of memory; or -1 with ENOMEM.
 */
#ifndef FP_COOKIES_H
#define FP_COOKIES_H

#include "base.h"

#include "buf.h"

#include <curl/curl.h>

/* Whether a line of a response's head sets a cookie. */
bool fp_cookies_are_set(const char *line, size_t len);

/* From now on the handle keeps cookies; those of the response that is being
 * read, too, if its status line came last. */
CURLcode fp_cookies_begin(CURL *easy);

/* Appends the handle's cookies, one a line. */
int fp_cookies_keep(CURL *easy, struct fp_buf *kept);

/* Gives the handle those that were kept. */
CURLcode fp_cookies_give(CURL *easy, const struct fp_buf *kept);

/* The handle has none any more. */
void fp_cookies_forget(CURL *easy);

/* Nor does it keep any: for a handle that is the copy of one that does. */
void fp_cookies_end(CURL *easy);

#endif
