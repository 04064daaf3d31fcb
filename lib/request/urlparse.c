/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "urlparse.h"

#include <errno.h>

/* An allocation that fails says so in errno (POSIX), which nothing else in the
 * parser does, and freeing leaves alone (glibc 2.33, musl 1.2.3). */
static CURLUcode
urlparse_judge(CURLUcode code)
{
	return code != CURLUE_OK && errno == ENOMEM ? CURLUE_OUT_OF_MEMORY
						    : code;
}

CURLUcode
fp_urlparse_set(CURLU *url, CURLUPart part, const char *text, unsigned flags)
{
	errno = 0;
	return urlparse_judge(curl_url_set(url, part, text, flags));
}

CURLUcode
fp_urlparse_get(const CURLU *url, CURLUPart part, char **text, unsigned flags)
{
	*text = NULL;
	errno = 0;
	return urlparse_judge(
		curl_url_get((CURLU *)(uintptr_t)url, part, text, flags));
}
