/* SPDX-License-Identifier: MIT */
/*
 * target: hands URLs to an easy handle, one after the other. libcurl takes
 * every URL apart and puts it together again, which is a sixth of what a small
 * request costs. Of a URL for the same server as the one before, it is given
 * the new path and query alone; what goes out is the same, byte for byte.
 *
 * Threads: its owner's alone.
 * Ownership: the caller embeds it, and keeps it as long as the handle may be
 * used; it borrows the URL only for the call.
 * Failure: libcurl's code.
 */
#ifndef FP_TARGET_H
#define FP_TARGET_H

#include "base.h"

#include "buf.h"

#include <curl/curl.h>

struct fp_target {
	CURLU *parsed; /* what libcurl made of the last plain URL */
	struct fp_buf base; /* of it: up to the path; empty: there was none */
	struct fp_buf path; /* a place for one */
	bool has_query;
	bool is_spelled; /* the handle has a request target, too */
	bool is_given; /* the handle goes by `parsed` */
};

void fp_target_init(struct fp_target *target);
void fp_target_destroy(struct fp_target *target);

/* Makes it the handle's URL: always the same handle, or a copy of it. */
CURLcode fp_target_give(
	struct fp_target *target, CURL *easy, const char *url, size_t len);

/* libcurl 8.20.0 and later write escapes in a path in upper case. With
 * `is_wanted` the request has them as the URL has (RFC 3986, section 6.2.2.1:
 * they mean the same, but a signature of the path may not hold); not for a
 * request that a proxy gets whole. */
CURLcode fp_target_keep(
	struct fp_target *target, CURL *easy, const char *url, bool is_wanted);

#endif
