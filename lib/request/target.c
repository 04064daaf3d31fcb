/* SPDX-License-Identifier: MIT */
/*
 * A handle that has a parsed URL (CURLOPT_CURLU) is set to a URL as text
 * (CURLOPT_URL) all the same: the text is what libcurl may go back to when it
 * sends again by itself. The text comes second, since libcurl 8.12.0 and later
 * forget it when the parsed one is set, or is taken back.
 *
 * What libcurl does to a path when it parses, and does not do, or does
 * differently, when it is given a path alone: it resolves dot segments, passes
 * over a fragment, and keeps the case of hex digits. A URL with anything of
 * that in it is given as text alone.
 */
#include "base.h"

#include "target.h"

#include "ascii.h"
#include "url.h"

#include <string.h>

void
fp_target_init(struct fp_target *target)
{
	*target = (struct fp_target){
		.base = FP_BUF_INIT,
		.path = FP_BUF_INIT,
	};
}

void
fp_target_destroy(struct fp_target *target)
{
	curl_url_cleanup(target->parsed);
	fp_buf_destroy(&target->base);
	fp_buf_destroy(&target->path);
	fp_target_init(target);
}

/* Whether a path and query mean the same alone and in a URL. *query is where
 * the query begins, behind its mark; NULL: there is none. */
static bool
is_simple(const char *path, const char *end, const char **query)
{
	*query = NULL;
	for (const char *at = path; at < end; at++) {
		unsigned char c = (unsigned char)*at;
		if (c <= ' ' || c >= 0x7f || c == '%' || c == '#' ||
			c == '\\' || (c == '.' && at[-1] == '/'))
			return false;
		if (c == '?' && !*query)
			*query = at + 1;
	}
	return *query != end;
}

/* The URL of another server than the last. false: libcurl is better given the
 * text, or memory is out. */
static bool
target_parse(
	struct fp_target *target, const char *url, size_t len, size_t base_len)
{
	target->base.len = 0;
	if (!fp_url_is_plain(url, len))
		return false;
	if (!target->parsed)
		target->parsed = curl_url();
	return target->parsed &&
	       curl_url_set(target->parsed, CURLUPART_URL, url,
		       CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
	       fp_buf_set(&target->base, url, base_len) == 0;
}

/* Puts the path and the query in the place of those before. */
static bool
target_replace(struct fp_target *target, const char *path, const char *query)
{
	const char *alone = path;

	if (query) {
		size_t len = (size_t)(query - path) - 1;
		if (fp_buf_set(&target->path, path, len))
			return false;
		alone = fp_buf_text(&target->path);
	}
	if (curl_url_set(target->parsed, CURLUPART_PATH, alone, 0))
		return false;
	return (!query && !target->has_query) ||
	       curl_url_set(target->parsed, CURLUPART_QUERY, query, 0) ==
		       CURLUE_OK;
}

/* Whether target->parsed is this URL now. */
static bool
target_take(struct fp_target *target, const char *url, size_t len)
{
	size_t base_len = target->base.len;
	const char *query;
	bool is_known = base_len > 0 && len > base_len &&
			url[base_len] == '/' &&
			memcmp(url, target->base.data, base_len) == 0;

	if (!is_known) {
		const char *host = strstr(url, "://");
		if (!host)
			return false;
		base_len = (size_t)(host - url) + 3;
		base_len += strcspn(url + base_len, "/?#");
	}
	if (url[base_len] != '/' ||
		!is_simple(url + base_len, url + len, &query))
		return false;
	if (!(is_known ? target_replace(target, url + base_len, query)
		       : target_parse(target, url, len, base_len))) {
		target->base.len = 0;
		return false;
	}
	target->has_query = query != NULL;
	return true;
}

CURLcode
fp_target_give(
	struct fp_target *target, CURL *easy, const char *url, size_t len)
{
	bool is_taken = target_take(target, url, len);
	CURLcode code = CURLE_OK;

	if (is_taken != target->is_given) {
		code = curl_easy_setopt(
			easy, CURLOPT_CURLU, is_taken ? target->parsed : NULL);
		if (code != CURLE_OK)
			return code;
		target->is_given = is_taken;
	}
	return curl_easy_setopt(easy, CURLOPT_URL, url);
}

/* Whether the path has an escape with a hex digit in lower case. */
static bool
has_lower_escape(const char *path)
{
	for (; *path != '\0' && *path != '?' && *path != '#'; path++) {
		if (*path == '%' && strspn(path + 1, FP_ASCII_HEX) >= 2 &&
			(path[1] >= 'a' || path[2] >= 'a'))
			return true;
	}
	return false;
}

/* The request target of a URL, as it is written there, but for dot segments.
 * false: no memory. */
static bool
spell(struct fp_buf *out, const char *url)
{
	const char *query = strpbrk(url, "?#");
	CURLU *parsed = curl_url();
	char *path = NULL;
	bool ok = parsed &&
		  curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(parsed, CURLUPART_PATH, &path, 0) == CURLUE_OK &&
		  fp_buf_set(out, path, strlen(path)) == 0;

	if (ok && query && *query == '?')
		ok = fp_buf_add(out, query, strcspn(query, "#")) == 0;
	curl_free(path);
	curl_url_cleanup(parsed);
	return ok;
}

CURLcode
fp_target_keep(
	struct fp_target *target, CURL *easy, const char *url, bool is_wanted)
{
	const char *host = strstr(url, "://");
	bool is_needed = is_wanted && host && has_lower_escape(host + 3);

	if (!is_needed && !target->is_spelled)
		return CURLE_OK;
	target->is_spelled = is_needed;
	if (is_needed && !spell(&target->path, url))
		return CURLE_OUT_OF_MEMORY;
	return curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET,
		is_needed ? fp_buf_text(&target->path) : NULL);
}
