/* SPDX-License-Identifier: MIT */
/*
 * trust: the certificate authorities that TLS believes, read once for all
 * connections of a pool. libcurl by itself reads them anew for each connection
 * when a folder of them is named, as Debian's does by default, and else once
 * for each multi handle.
 *
 * What is trusted is what libcurl would trust with the same options: the
 * certificates of the file (CURLOPT_CAINFO) and those of the folder
 * (CURLOPT_CAPATH), for servers; and by CURLOPT_PROXY_CAINFO and
 * CURLOPT_PROXY_CAPATH the same for HTTPS proxies. What is not named is
 * libcurl's default; but a folder named for servers is for proxies too, as for
 * curl.
 *
 * Threads: fp_trust_apply() and fp_trust_meet() by any, the rest by the owner.
 * Ownership: the pool's setup embeds it; it must outlive the easy handles.
 * Failure: fp_trust_init() -1 with errno. Where this cannot be done (another
 * TLS library than OpenSSL 3, or options that it has no part in), libcurl does
 * as it is told, at its own price.
 */
#ifndef FP_TRUST_H
#define FP_TRUST_H

#include "base.h"

#include "bundle.h"
#include "curlopt.h"
#include "thread.h"

#include <curl/curl.h>

/* Those of one kind of peer. */
struct fp_authorities {
	char *file, *dir; /* NULL: none */
	bool is_off; /* such peers are not verified */
	bool is_lazy; /* the file is read when the folder lacks one */
	bool is_read; /* and has been */
	struct fp_bundle bundle; /* its certificates, by their subjects' hash;
				    empty: all of them are in the store */
	void *store; /* X509_STORE, once it was needed */
	struct fp_trust *trust;
};

struct fp_trust {
	bool is_on; /* else libcurl reads them */
	struct fp_mutex lock; /* over what is read late */
	struct fp_openssl *openssl; /* its functions */
	void *method; /* X509_LOOKUP_METHOD */
	struct fp_authorities server, proxy;
};

/* From the options that were given. -1: ENOMEM. */
int fp_trust_init(struct fp_trust *trust, const struct fp_curlopts *options,
	bool insecure);
void fp_trust_destroy(struct fp_trust *trust);

/* Takes the authorities from libcurl, after all other options: `meet` is to
 * call fp_trust_meet() with the SSL_CTX that it gets. */
CURLcode fp_trust_apply(const struct fp_trust *trust, CURL *easy,
	curl_ssl_ctx_callback meet, void *arg);

/* Gives a connection's SSL_CTX what is trusted. CURLE_SSL_CACERT_BADFILE:
 * *unread is the file that cannot be read. */
CURLcode fp_trust_meet(
	struct fp_trust *trust, void *context, const char **unread);

#endif
