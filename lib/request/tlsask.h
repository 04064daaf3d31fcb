/* SPDX-License-Identifier: MIT */
/*
 * tlsask: what libcurl does not tell of a TLS connection and the TLS library
 * does: whether bytes wait in it, and whether HTTP/2 was agreed on.
 *
 * Threads: any, after fp_tlsask_init().
 * Ownership: the setup embeds it; the connection is libcurl's.
 * Failure: a library that cannot be asked is said to have bytes waiting.
 */
#ifndef FP_TLSASK_H
#define FP_TLSASK_H

#include "base.h"

#include <curl/curl.h>

struct fp_tlsask_name; /* as GnuTLS tells a protocol's name */

/* Functions of the TLS libraries; NULL: not in this process. */
struct fp_tlsask {
	int (*openssl_pending)(const void *tls);
	void (*openssl_alpn)(
		const void *tls, const unsigned char **name, unsigned *len);
	size_t (*gnutls_pending)(void *tls);
	int (*gnutls_alpn)(void *tls, struct fp_tlsask_name *name);
};

struct fp_tlsask_answer {
	bool is_agreed; /* on a protocol, with ALPN (RFC 7301) */
	bool is_http2; /* that is it */
	bool has_rest; /* bytes came that libcurl has not asked for */
};

void fp_tlsask_init(struct fp_tlsask *ask);

/* Of the connection that `easy` is about to use. Neither is true if it has no
 * TLS, which for a request to https is taken as not to be found out. */
struct fp_tlsask_answer fp_tlsask(
	const struct fp_tlsask *ask, CURL *easy, bool is_https);

#endif
