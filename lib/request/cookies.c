/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "cookies.h"

#include <string.h>
#include <strings.h>

bool
fp_cookies_are_set(const char *line, size_t len)
{
	static const char name[] = "Set-Cookie:";

	return len >= sizeof(name) - 1 &&
	       strncasecmp(line, name, sizeof(name) - 1) == 0;
}

/* Any cookie makes libcurl begin, at once; CURLOPT_COOKIEFILE would only do so
 * with the next request. This one is none. */
CURLcode
fp_cookies_begin(CURL *easy)
{
	return curl_easy_setopt(easy, CURLOPT_COOKIELIST, "Set-Cookie:");
}

int
fp_cookies_keep(CURL *easy, struct fp_buf *kept)
{
	struct curl_slist *list = NULL;
	int ret = 0;

	if (curl_easy_getinfo(easy, CURLINFO_COOKIELIST, &list) != CURLE_OK)
		return -1;
	for (struct curl_slist *at = list; at && ret == 0; at = at->next) {
		if (fp_buf_add_text(kept, at->data) ||
			fp_buf_add_char(kept, '\n'))
			ret = -1;
	}
	curl_slist_free_all(list);
	return ret;
}

CURLcode
fp_cookies_give(CURL *easy, const struct fp_buf *kept)
{
	const char *at = fp_buf_text(kept), *end;
	CURLcode code = CURLE_OK;

	for (; code == CURLE_OK && (end = strchr(at, '\n')); at = end + 1) {
		char *line = strndup(at, (size_t)(end - at));
		code = line ? curl_easy_setopt(easy, CURLOPT_COOKIELIST, line)
			    : CURLE_OUT_OF_MEMORY;
		free(line);
	}
	return code;
}

/* libcurl 7.88.1 gives the copy of a handle an engine, but does not turn it
 * on; nor does it afterwards, as there is one. */
void
fp_cookies_end(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_COOKIEFILE, NULL);
}

void
fp_cookies_forget(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_COOKIELIST, "ALL");
}
