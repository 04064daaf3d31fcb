/* SPDX-License-Identifier: MIT */
/*
 * URLs. One that passes has a host, and stays one that passes when it is
 * encoded; one that is called plain is a URL for libcurl too, with the same
 * host; and of what is shown, libcurl reads no password.
 *
 *	a URL
 */
#include "fuzz.h"

#include "url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <strings.h>

static const char protocols[] = "http,https";

/* A part of a URL as libcurl reads it, or NULL; the caller frees it. */
static char *
part_of(const char *url, CURLUPart part)
{
	CURLU *handle = curl_url();
	char *value = NULL;

	HOLDS(handle);
	if (curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK)
		curl_url_get(handle, part, &value, 0);
	curl_url_cleanup(handle);
	return value;
}

/* The same host, but for an IPv4 address that is written in an odd form. */
static void
check_plain(const char *url)
{
	char *host = part_of(url, CURLUPART_HOST);
	const char *at = strstr(url, "://") + 3;
	struct in_addr address;

	HOLDS(host);
	struct fp_text own = {at, strcspn(at, ":/?#")};
	char *name = fuzz_string(own);
	HOLDS(strcasecmp(host, name) == 0 || inet_aton(name, &address));
	free(name);
	curl_free(host);
}

static void
check_encoded(struct fp_text url)
{
	struct fp_buf once = FP_BUF_INIT, twice = FP_BUF_INIT;
	const char *message = NULL;

	HOLDS(fp_url_encode(url.data, url.len, &once) == 0);
	HOLDS(fp_url_check(once.data, once.len, protocols, &message) ==
		FP_KIND_OK);
	HOLDS(fp_url_encode(once.data, once.len, &twice) == 0);
	HOLDS(fuzz_same(&once, &twice));
	size_t start = (size_t)(strstr(once.data, "://") + 3 - once.data);
	for (size_t i = start + strcspn(once.data + start, "/?#"); i < once.len;
		i++)
		HOLDS(once.data[i] > ' ' && once.data[i] <= '~');
	fp_buf_destroy(&once);
	fp_buf_destroy(&twice);
}

/* What is shown in the place of the URL. */
static void
mask(struct fp_text text, struct fp_buf *out)
{
	size_t start, end = 0, done = 0;

	while (fp_find_secret(text.data, text.len, end, &start, &end)) {
		HOLDS(done <= start && start < end && end < text.len);
		HOLDS(text.data[end] == '@');
		fuzz_add(out, text.data + done, start - done);
		fuzz_add(out, "***", 3);
		done = end;
	}
	fuzz_add(out, text.data + done, text.len - done);
}

static void
check_secret(struct fp_text text)
{
	struct fp_buf shown = FP_BUF_INIT;

	mask(text, &shown);
	char *user = part_of(shown.data, CURLUPART_USER);
	char *password = part_of(shown.data, CURLUPART_PASSWORD);
	HOLDS(!password || !*password || strcmp(password, "***") == 0);
	HOLDS(!user || !*user || password || strcmp(user, "***") == 0);
	curl_free(user);
	curl_free(password);
	fp_buf_destroy(&shown);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	const char *message = NULL;
	char *url = fuzz_string(fuzz_rest(&fuzz));
	struct fp_text text = fuzz_text(url);

	enum fp_kind kind =
		fp_url_check(text.data, text.len, protocols, &message);
	HOLDS((kind == FP_KIND_OK) == !message);
	HOLDS(kind == FP_KIND_OK || kind == FP_KIND_INPUT ||
		kind == FP_KIND_REFUSED);
	if (kind == FP_KIND_OK) {
		HOLDS(fp_is_url(text.data, text.len));
		check_encoded(text);
		if (fp_url_is_plain(text.data, text.len))
			check_plain(url);
	}
	if (fp_is_url(text.data, text.len))
		check_secret(text);
	free(url);
	return 0;
}
