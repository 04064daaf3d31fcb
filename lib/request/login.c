/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "login.h"

#include "urlparse.h"

#include <string.h>

/* What a URL says of it. */
struct said {
	char *host, *user, *password; /* libcurl's; NULL: not said */
};

/* A part of a URL, if it is there. false: no memory. */
static bool
get(CURLU *url, CURLUPart part, char **text)
{
	CURLUcode code = fp_urlparse_get(url, part, text, 0);

	return code == CURLUE_OK || code == CURLUE_NO_USER ||
	       code == CURLUE_NO_PASSWORD;
}

/* The URL was judged before, so that only a want of memory can be wrong with
 * it. */
static bool
take_apart(const char *text, struct said *said)
{
	CURLU *url = curl_url();
	bool ok = url &&
		  fp_urlparse_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;

	ok = ok && get(url, CURLUPART_HOST, &said->host) &&
	     get(url, CURLUPART_USER, &said->user) &&
	     get(url, CURLUPART_PASSWORD, &said->password);
	curl_url_cleanup(url);
	if (!ok || !said->user)
		return ok;
	char *plain = curl_easy_unescape(NULL, said->user, 0, NULL);
	curl_free(said->user);
	said->user = plain;
	return plain != NULL;
}

/* The host as a netrc has it: an IPv6 address without its brackets. */
static struct fp_text
bare_host(const char *host)
{
	size_t len = strlen(host);

	if (len > 2 && host[0] == '[' && host[len - 1] == ']')
		return (struct fp_text){host + 1, len - 2};
	return (struct fp_text){host, len};
}

static CURLcode
login_set(CURL *easy, const char *user, const char *password)
{
	CURLcode code = curl_easy_setopt(easy, CURLOPT_USERNAME, user);

	if (code == CURLE_OK)
		code = curl_easy_setopt(easy, CURLOPT_PASSWORD, password);
	return code;
}

/* Without a name or a password in the file, the URL's name or none is sent. */
static CURLcode
log_in(struct fp_request *request, CURL *easy, const struct said *said)
{
	const struct fp_netrc_entry *entry = NULL;
	const char *user = said->user && said->user[0] ? said->user : NULL;

	if (said->host && !said->password)
		entry = fp_netrc_find(
			&request->setup->netrc, bare_host(said->host), user);
	if (!entry && !request->has_login)
		return CURLE_OK;
	request->has_login = entry != NULL;
	if (!entry)
		return login_set(easy, NULL, NULL);
	if (!user)
		user = entry->login ? entry->login : "";
	return login_set(easy, user, entry->password ? entry->password : "");
}

CURLcode
fp_login_apply(struct fp_request *request, CURL *easy, bool hide)
{
	struct said said = {NULL, NULL, NULL};
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (request->setup->netrc.n == 0)
		return CURLE_OK;
	if (hide || take_apart(fp_ticket_url(request->ticket), &said))
		code = log_in(request, easy, &said);
	curl_free(said.host);
	curl_free(said.user);
	curl_free(said.password);
	return code;
}
