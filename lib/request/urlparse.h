/* SPDX-License-Identifier: MIT */
/*
 * urlparse: libcurl's parser of URLs, with a want of memory told from a bad
 * URL. libcurl has several codes for a failed allocation in it: a bad login, a
 * bad hostname, a part that is not there. A caller that believed them would
 * call a right URL wrong, or take a part for missing.
 *
 * Threads: any; a handle in one at a time.
 * Ownership: as with curl_url_set() and curl_url_get().
 * Failure: CURLUE_OUT_OF_MEMORY; or the code of libcurl, and then it is the
 * text that is wrong.
 */
#ifndef FP_URLPARSE_H
#define FP_URLPARSE_H

#include "base.h"

#include <curl/curl.h>

/* As curl_url_set() and curl_url_get(). */
CURLUcode fp_urlparse_set(
	CURLU *url, CURLUPart part, const char *text, unsigned flags);
CURLUcode fp_urlparse_get(
	const CURLU *url, CURLUPart part, char **text, unsigned flags);

#endif
