/* SPDX-License-Identifier: MIT */
/*
 * tlsask: what libcurl does not tell of a TLS connection and the TLS library
 * does: whether bytes wait in it, whether HTTP/2 was agreed on, and whether the
 * peer closed the session in good order.
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
	void (*openssl_set_callback)(void *tls,
		void (*callback)(int is_sent, int version, int type,
			const void *data, size_t len, void *tls, void *arg));
	long (*openssl_ctrl)(void *tls, int what, long number, void *arg);
	int (*openssl_version)(const void *tls);
	void *(*openssl_get_session)(const void *tls);
	int (*openssl_is_resumable)(const void *session);
	size_t (*gnutls_pending)(void *tls);
	int (*gnutls_alpn)(void *tls, struct fp_tlsask_name *name);
};

struct fp_tlsask_answer {
	bool has_tls; /* it goes over TLS */
	bool is_agreed; /* on a protocol, with ALPN (RFC 7301) */
	bool is_http2; /* that is it */
	bool has_rest; /* bytes came that libcurl has not asked for */
};

/* How a session ends that is watched. */
struct fp_tlsask_end {
	const void *tls; /* the session; NULL: none is watched */
	bool is_clean; /* the peer sent close_notify (RFC 8446, section 6.1) */
};

/* What comes on connections, and whether it carries anything. */
struct fp_tlsask_flood {
	int64_t now_ns; /* the owner's clock */
	uint64_t last_id; /* of the connection that was ended; 0: none */
};

/* One connection whose records are counted. */
struct fp_tlsask_flow {
	struct fp_tlsask_flood *flood; /* NULL: it is not counted */
	int64_t since_ns;
	unsigned n; /* records since then; the owner clears it when one was of
		       use */
	unsigned n_bytes; /* since one was of use, if n > 0 */
	uint64_t id;
	int fd;
};

void fp_tlsask_init(struct fp_tlsask *ask);

/* Of the connection that `easy` is about to use. None is true if it has no
 * TLS, which for a request to https is taken as not to be found out. */
struct fp_tlsask_answer fp_tlsask(
	const struct fp_tlsask *ask, CURL *easy, bool is_https);

/* Whether the server has handed out what others resume the session with, or is
 * not going to: the request of `easy` is on its way, so that the handshake is
 * done. So it is taken for if it cannot be found out. */
bool fp_tlsask_is_settled(const struct fp_tlsask *ask, CURL *easy);

/* From now on, the connection that `easy` uses is ended, by a shutdown of
 * flow->fd, when it brings 1000 records within five seconds and none is of use.
 * libcurl 7.88.1 does not return as long as such come (with HTTP/2: empty DATA,
 * WINDOW_UPDATE, PRIORITY, acknowledgements). *flow has to live as long as the
 * connection. */
void fp_tlsask_count(const struct fp_tlsask *ask, CURL *easy,
	struct fp_tlsask_flow *flow, struct fp_tlsask_flood *flood);

/* Ends it, if it is still the connection with this id. */
void fp_tlsask_cut(struct fp_tlsask_flow *flow, uint64_t id);

/* From now on, *end says how the session ends that `easy` uses, within one of
 * its callbacks; *end has to live as long as the connection may. It stays
 * unclean where the library cannot be asked. */
void fp_tlsask_watch(
	const struct fp_tlsask *ask, CURL *easy, struct fp_tlsask_end *end);

#endif
