/* SPDX-License-Identifier: MIT */
/*
 * What is said of connections that have no TLS, and of libraries that cannot be
 * asked. What is said of real ones, tests/cli/test_leftovers.py and
 * tests/cli/test_http2.py show.
 */
#include "tlsask.h"

#include "tap.h"

#include <string.h>

static void
no_tls_is_clean(void)
{
	struct fp_tlsask ask;
	CURL *easy = curl_easy_init();

	fp_tlsask_init(&ask);
	CHECK(!fp_tlsask(&ask, easy, false).has_rest);
	CHECK(!fp_tlsask(&ask, easy, false).is_http2);
	CHECK(fp_tlsask(&ask, easy, true).has_rest);
	CHECK(!fp_tlsask(&ask, easy, true).is_http2);
	curl_easy_cleanup(easy);
}

/* Functions come in pairs, and the library that libcurl names has one. */
static void
its_library_is_found(void)
{
	const char *name = curl_version_info(CURLVERSION_NOW)->ssl_version;
	struct fp_tlsask ask;

	fp_tlsask_init(&ask);
	if (!name)
		SKIP("this libcurl has no TLS");
	if (strstr(name, "OpenSSL"))
		CHECK(ask.openssl_pending && ask.openssl_alpn);
	else if (strstr(name, "GnuTLS"))
		CHECK(ask.gnutls_pending && ask.gnutls_alpn);
	else
		SKIP("a TLS library that cannot be asked");
}

int
main(void)
{
	run("a connection without TLS", no_tls_is_clean);
	run("the functions of libcurl's TLS library", its_library_is_found);
	return done();
}
