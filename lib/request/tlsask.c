/* SPDX-License-Identifier: MIT */
/*
 * The TLS library is libcurl's, and which one it is shows only when the program
 * runs: so its functions are looked up by name, once.
 */
#include "base.h"

#include "tlsask.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>

/* Records in a row that may carry nothing: 16 MiB at most, in this time. */
#define RECORDS_MAX 1000
#define RECORDS_NS 5000000000LL
#define BYTES_MAX (1U << 20)

/* The least that a record has of a body that is sent. */
#define SENT_BYTES_MIN 1024

struct fp_tlsask_name {
	unsigned char *data;
	unsigned len;
};

void
fp_tlsask_init(struct fp_tlsask *ask)
{
	/* A pointer to data is no pointer to a function but by POSIX. */
#define FIND(function, name) (*(void **)&(function) = dlsym(RTLD_DEFAULT, name))
	FIND(ask->openssl_pending, "SSL_has_pending");
	FIND(ask->openssl_alpn, "SSL_get0_alpn_selected");
	FIND(ask->openssl_set_callback, "SSL_set_msg_callback");
	FIND(ask->openssl_ctrl, "SSL_ctrl");
	FIND(ask->openssl_version, "SSL_version");
	FIND(ask->openssl_get_session, "SSL_get_session");
	FIND(ask->openssl_is_resumable, "SSL_SESSION_is_resumable");
	FIND(ask->gnutls_pending, "gnutls_record_check_pending");
	FIND(ask->gnutls_alpn, "gnutls_alpn_get_selected_protocol");
#undef FIND
}

static bool
is_h2(const unsigned char *name, unsigned len)
{
	return len == 2 && memcmp(name, "h2", 2) == 0;
}

/* OpenSSL's names. */
#define SET_CALLBACK_ARG 16 /* SSL_CTRL_SET_MSG_CALLBACK_ARG */
#define HEADER 256 /* SSL3_RT_HEADER */
#define ALERT 21 /* SSL3_RT_ALERT */
#define CLOSE_NOTIFY 0 /* SSL3_AD_CLOSE_NOTIFY */
#define TLS_1_3 0x304 /* TLS1_3_VERSION */

/* A message went over a session. An alert is its level and what it says. What
 * is watched may be another session by now. */
static void
on_message(int is_sent, int version, int type, const void *data, size_t len,
	void *tls, void *arg)
{
	struct fp_tlsask_end *end = arg;
	const unsigned char *bytes = data;

	(void)version;
	if (!is_sent && type == ALERT && len == 2 && bytes[1] == CLOSE_NOTIFY &&
		end->tls == tls)
		end->is_clean = true;
}

/* The OpenSSL session that `easy` uses; NULL: there is none, or it cannot be
 * asked. */
static void *
openssl_session(const struct fp_tlsask *ask, CURL *easy)
{
	struct curl_tlssessioninfo *tls = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK ||
		!tls || tls->backend != CURLSSLBACKEND_OPENSSL ||
		!ask->openssl_set_callback || !ask->openssl_ctrl)
		return NULL;
	return tls->internals;
}

/* A record began, among other things: its header has the type, the version and
 * the length (RFC 8446, section 5.1). A window for a body that is sent is of
 * use. */
static void
on_record(int is_sent, int version, int type, const void *data, size_t len,
	void *tls, void *arg)
{
	struct fp_tlsask_flow *flow = arg;
	const unsigned char *header = data;

	(void)version;
	(void)tls;
	if (type != HEADER || len < 5 || !flow->flood)
		return;
	unsigned n_bytes = header[3] * 256U + header[4];
	if (is_sent) {
		if (n_bytes >= SENT_BYTES_MIN)
			flow->n = 0;
		return;
	}
	if (flow->n == 0)
		flow->n_bytes = 0;
	if (flow->n == 0 || flow->flood->now_ns - flow->since_ns > RECORDS_NS) {
		flow->since_ns = flow->flood->now_ns;
		flow->n = 0;
	}
	flow->n_bytes = FP_MIN(flow->n_bytes + n_bytes, BYTES_MAX);
	if (++flow->n < RECORDS_MAX)
		return;
	flow->flood->last_id = flow->id;
	fp_tlsask_cut(flow, flow->id);
}

void
fp_tlsask_cut(struct fp_tlsask_flow *flow, uint64_t id)
{
	if (flow->flood && flow->id == id)
		shutdown(flow->fd, SHUT_RDWR);
}

void
fp_tlsask_count(const struct fp_tlsask *ask, CURL *easy,
	struct fp_tlsask_flow *flow, struct fp_tlsask_flood *flood)
{
	void *tls = openssl_session(ask, easy);

	if (!tls)
		return;
	flow->flood = flood;
	ask->openssl_set_callback(tls, on_record);
	ask->openssl_ctrl(tls, SET_CALLBACK_ARG, 0, flow);
}

void
fp_tlsask_watch(
	const struct fp_tlsask *ask, CURL *easy, struct fp_tlsask_end *end)
{
	void *tls = openssl_session(ask, easy);

	*end = (struct fp_tlsask_end){tls, false};
	if (!tls)
		return;
	ask->openssl_set_callback(tls, on_message);
	ask->openssl_ctrl(tls, SET_CALLBACK_ARG, 0, end);
}

/* By TLS 1.3 tickets come after the handshake (RFC 8446, section 4.6.1), by
 * those before within it. */
bool
fp_tlsask_is_settled(const struct fp_tlsask *ask, CURL *easy)
{
	void *tls = openssl_session(ask, easy);

	if (!tls || !ask->openssl_version || !ask->openssl_get_session ||
		!ask->openssl_is_resumable)
		return true;
	void *session = ask->openssl_get_session(tls);
	return ask->openssl_version(tls) < TLS_1_3 ||
	       (session && ask->openssl_is_resumable(session));
}

struct fp_tlsask_answer
fp_tlsask(const struct fp_tlsask *ask, CURL *easy, bool is_https)
{
	struct curl_tlssessioninfo *tls = NULL;
	struct fp_tlsask_answer answer = {.has_tls = true, .has_rest = true};
	struct fp_tlsask_name name = {NULL, 0};
	const unsigned char *alpn = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK ||
		!tls || !tls->internals) {
		answer.has_rest = is_https;
		answer.has_tls = false;
	} else if (tls->backend == CURLSSLBACKEND_OPENSSL &&
		   ask->openssl_pending && ask->openssl_alpn) {
		ask->openssl_alpn(tls->internals, &alpn, &name.len);
		answer.is_agreed = alpn != NULL;
		answer.is_http2 = is_h2(alpn, name.len);
		answer.has_rest = ask->openssl_pending(tls->internals) != 0;
	} else if (tls->backend == CURLSSLBACKEND_GNUTLS &&
		   ask->gnutls_pending && ask->gnutls_alpn) {
		answer.is_agreed = ask->gnutls_alpn(tls->internals, &name) == 0;
		answer.is_http2 =
			answer.is_agreed && is_h2(name.data, name.len);
		answer.has_rest = ask->gnutls_pending(tls->internals) != 0;
	}
	return answer;
}
