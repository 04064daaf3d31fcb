/* SPDX-License-Identifier: MIT */
/*
 * url: what must be true of a URL before anything is done with it, so that a
 * line that is no URL never becomes a look-up. (libcurl would take
 * "http:///ok" for the host "ok".) The full parse is libcurl's own, later.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: said at each function.
 */
#ifndef FP_URL_H
#define FP_URL_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

/* Whether the URL can be fetched, judged by its form: FP_KIND_OK; or
 * FP_KIND_INPUT or FP_KIND_REFUSED, and *message says why. `protocols` are
 * the allowed schemes: "http,https". */
enum fp_kind fp_url_check(const char *url, size_t len, const char *protocols,
	const char **message);

/* Whether a URL that passed fp_url_check() is one that libcurl is sure to
 * parse: an ordinary host, a port that is one, and nothing but visible ASCII.
 * Most are, and need no second parse to know it. */
bool fp_url_is_plain(const char *url, size_t len);

/* The longest origin that is told from others. */
#define FP_ORIGIN_MAX 320

/* The bytes of a URL; servers take some kilobytes. */
#define FP_URL_MAX 204800

/* Writes the origin of a URL that passed fp_url_check(), "http://host:80": in
 * lower case, with its port, without userinfo (RFC 6454, section 6.2, but
 * always with the port). A port and an address are the same however they are
 * written. Returns its length; what is longer is cut. */
size_t fp_url_origin(const char *url, char origin[FP_ORIGIN_MAX]);

/* Whether requests to an origin go over TLS. */
bool fp_url_is_https(const char *origin);

/* Whether the host of an origin needs no look-up: it is an address, or the
 * name of this machine itself (RFC 6761, section 6.3). */
bool fp_url_is_known(const char *origin);

/* Appends a URL, or a relative reference, with what is behind the authority
 * percent-encoded where RFC 3986 wants that. A "%" that begins no escape is
 * left alone, as curl and browsers do; blanks and tabs at the end are no part
 * of it. -1: no memory. */
int fp_url_encode(const char *url, size_t len, struct fp_buf *out);

/* Writes the path anew as a signature wants it (Signature Version 4): all but
 * letters, digits, "-._~" and "/" percent-encoded, once, and "%2F" as "/". -1:
 * no memory. */
int fp_url_sign_path(struct fp_buf *url);

/* The length of a scheme that the text begins with, without its colon, or 0. */
size_t fp_url_scheme_len(const char *text, size_t len);

/* Where an authority that begins at `start` ends: at the next "/", "?" or "#",
 * or at `len`. */
size_t fp_url_authority_end(const char *url, size_t start, size_t len);

/* The end of the userinfo of the authority between the two, its "@" not
 * counted; `start` if there is none. */
size_t fp_url_userinfo_end(const char *url, size_t start, size_t end);

#endif
