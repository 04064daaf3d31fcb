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
	bool is_given; /* the handle goes by `parsed` */
};

void fp_target_init(struct fp_target *target);
void fp_target_destroy(struct fp_target *target);

/* Makes it the handle's URL: always the same handle, or a copy of it. */
CURLcode fp_target_give(
	struct fp_target *target, CURL *easy, const char *url, size_t len);

#endif
