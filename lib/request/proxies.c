/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "proxies.h"

#include "ascii.h"
#include "urlparse.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* libcurl's defaults. */
#define PORT_DEFAULT 1080
#define PORT_HTTPS 443

static bool
is_known(const char *scheme)
{
	static const char *const schemes[] = {"http", "https", "socks",
		"socks4", "socks4a", "socks5", "socks5h"};

	for (size_t i = 0; i < FP_ARRAY_LEN(schemes); i++) {
		if (strcasecmp(scheme, schemes[i]) == 0)
			return true;
	}
	return false;
}

int
fp_proxies_check(const char *text)
{
	CURLU *url = curl_url();
	CURLUcode code = CURLUE_OUT_OF_MEMORY;
	char *scheme = NULL;

	if (text[0] == '\0')
		code = CURLUE_OK;
	else if (url)
		code = fp_urlparse_set(url, CURLUPART_URL, text,
			CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
	if (code == CURLUE_OK && url && strstr(text, "://"))
		code = fp_urlparse_get(url, CURLUPART_SCHEME, &scheme, 0);
	if (code == CURLUE_OK && scheme && !is_known(scheme))
		code = CURLUE_UNSUPPORTED_SCHEME;
	curl_free(scheme);
	curl_url_cleanup(url);
	if (code == CURLUE_OK)
		return 0;
	errno = code == CURLUE_OUT_OF_MEMORY ? ENOMEM : EINVAL;
	return -1;
}

/* The port that a proxy's text names; 0: it names none. It needs no memory, as
 * what is asked for here is what is lost without. */
static long
port_of(const char *text)
{
	const char *host = strstr(text, "://");
	long port = 0;

	host = host ? host + 3 : text;
	const char *end = host + strcspn(host, "/?#");
	for (const char *at = host; at < end; at++) {
		if (*at == '@')
			host = at + 1;
	}
	if (*host == '[')
		host += strcspn(host, "]");
	host += strcspn(host, ":");
	if (host >= end)
		return 0;
	for (host++; host < end && fp_ascii_is_digit(*host); host++)
		port = FP_MIN(port * 10 + (*host - '0'), 65536);
	return port;
}

/* All that was seen so far. */
struct seen {
	long port; /* of all; 0: of none yet */
	bool is_one; /* all have it */
	bool has_named, has_default;
};

static void
proxies_see(struct seen *seen, const char *text, long fallback)
{
	if (!text || text[0] == '\0')
		return;
	long port = port_of(text);
	if (port)
		seen->has_named = true;
	else
		seen->has_default = true;
	if (port == 0)
		port = fallback				       ? fallback
		       : strncasecmp(text, "https://", 8) == 0 ? PORT_HTTPS
							       : PORT_DEFAULT;
	seen->is_one = seen->port == 0 || (seen->is_one && seen->port == port);
	seen->port = port;
}

long
fp_proxies_port(const struct fp_curlopts *given, bool has_env)
{
	static const char *const names[] = {"http_proxy", "https_proxy",
		"HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	long fallback = (long)fp_curlopts_number(given, CURLOPT_PROXYPORT);
	struct seen seen = {0};

	proxies_see(&seen, fp_curlopts_text(given, CURLOPT_PROXY), fallback);
	proxies_see(
		&seen, fp_curlopts_text(given, CURLOPT_PRE_PROXY), fallback);
	if (has_env && !fp_curlopts_has(given, CURLOPT_PROXY) &&
		!fp_curlopts_has(given, CURLOPT_PRE_PROXY)) {
		for (size_t i = 0; i < FP_ARRAY_LEN(names); i++)
			proxies_see(&seen, getenv(names[i]), fallback);
	}
	if (!seen.has_named)
		return 0;
	if (seen.is_one)
		return seen.port;
	return seen.has_default ? 0 : FP_PROXIES_LOST;
}
