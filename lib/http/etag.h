/* SPDX-License-Identifier: MIT */
/*
 * etag: validators of a response (RFC 9110, section 8.8), and the header fields
 * that ask whether it is still the present one (section 13.1).
 *
 * Threads: any.
 * Ownership: the caller's.
 * Failure: said at each function.
 */
#ifndef FP_ETAG_H
#define FP_ETAG_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

/* Longer ones are not kept. */
#define FP_ETAG_MAX 1024

/* Whether it is an entity tag, weak or strong: W/"..." or "...". */
bool fp_etag_is(struct fp_text text);

/* Appends the field If-None-Match for it. A tag that a server has altered for
 * the sake of compression, and then does not know again, goes with what it was
 * before: Apache's mod_deflate makes "x-gzip" of "x", and Jetty "x--gzip". A
 * comparison there is weak in any case (section 13.1.2), so that W/ stays as it
 * is. -1: ENOMEM. */
int fp_etag_add_field(struct fp_text etag, struct fp_buf *line);

/* Whether a Last-Modified is a date that tells by itself that nothing has
 * changed since: it must be a second at least before the response's Date, as
 * within one second there may be two changes (section 8.8.2.2). */
bool fp_etag_is_old(struct fp_text modified, struct fp_text date);

/* Whether a tag is made of that date in seconds, as nginx's and Caddy 2.6's
 * are: in hexadecimal or with the base 36, before other digits. It then tells
 * no more than the date. */
bool fp_etag_is_of_time(struct fp_text etag, struct fp_text modified);

/* The same as nanoseconds since 1970; -1: it is none. */
int64_t fp_etag_time_ns(struct fp_text modified);

#endif
