/* SPDX-License-Identifier: MIT */
/* Each allocation of libcurl's parser is made to fail once, and for good. */
#include "base.h"

#include "tap.h"
#include "urlparse.h"

#include <errno.h>
#include <string.h>

static struct {
	int left; /* allocations until one fails */
	bool for_good, has_failed;
} plan;

static bool
fails(void)
{
	if (plan.left > 0)
		plan.left--;
	else if (plan.left == 0) {
		if (!plan.for_good)
			plan.left = -1;
		plan.has_failed = true;
		errno = ENOMEM;
		return true;
	}
	return false;
}

static void *
on_malloc(size_t size)
{
	return fails() ? NULL : malloc(size);
}

static void *
on_calloc(size_t n, size_t size)
{
	return fails() ? NULL : calloc(n, size);
}

static void *
on_realloc(void *old, size_t size)
{
	return fails() ? NULL : realloc(old, size);
}

static char *
on_strdup(const char *text)
{
	return fails() ? NULL : strdup(text);
}

static const char *const good[] = {
	"http://host/",
	"http://user:password@host:8080/path/../a%20b?query#fragment",
	"http://[::1%25eth0]:80/",
	"http://127.1/",
	"https://user@h%6fst/",
};

static const char *const bad[] = {
	"http://ho st/",
	"http://host:99999/",
	"http://[::1/",
	"nothing",
	"http://",
};

/* The k-th allocation fails, from the first to the last. Returns how often. */
static unsigned
try_all(const char *text, const char *base, CURLUcode wanted, bool for_good)
{
	for (int k = 0;; k++) {
		CURLU *url = curl_url();
		FP_ASSERT(url);
		if (base)
			FP_ASSERT(!curl_url_set(url, CURLUPART_URL, base, 0));
		plan.left = k;
		plan.for_good = for_good;
		plan.has_failed = false;
		CURLUcode code = fp_urlparse_set(url, CURLUPART_URL, text, 0);
		plan.left = -1;
		curl_url_cleanup(url);
		if (!plan.has_failed) {
			CHECK_SAYING(code == wanted, "%s: %d, expected %d",
				text, (int)code, (int)wanted);
			return (unsigned)k;
		}
		/* Some fail for nothing, and the text is still judged. */
		CHECK_SAYING(code == CURLUE_OUT_OF_MEMORY || code == wanted,
			"%s, call %d: %d", text, k, (int)code);
	}
}

static void
test_good(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < FP_ARRAY_LEN(good); i++) {
		n += try_all(good[i], NULL, CURLUE_OK, false);
		n += try_all(good[i], NULL, CURLUE_OK, true);
	}
	CHECK_SAYING(n > 20, "%u calls failed", n);
}

static void
test_relative(void)
{
	static const char *const relative[] = {
		"/path", "?query", "//other/", "x y", "#fragment", ""};

	for (size_t i = 0; i < FP_ARRAY_LEN(relative); i++)
		try_all(relative[i], good[1], CURLUE_OK, i % 2);
}

/* Which word libcurl has for it is its own affair. */
static void
test_bad(void)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		CURLU *url = curl_url();
		FP_ASSERT(url);
		errno = ENOMEM;
		CURLUcode code = fp_urlparse_set(url, CURLUPART_URL, bad[i], 0);
		CHECK_SAYING(code != CURLUE_OK && code != CURLUE_OUT_OF_MEMORY,
			"%s: %d", bad[i], (int)code);
		try_all(bad[i], NULL, code, false);
		try_all(bad[i], NULL, code, true);
		curl_url_cleanup(url);
	}
}

static void
test_parts(void)
{
	static const CURLUPart parts[] = {CURLUPART_URL, CURLUPART_SCHEME,
		CURLUPART_HOST, CURLUPART_PORT, CURLUPART_USER, CURLUPART_PATH};

	for (size_t i = 0; i < FP_ARRAY_LEN(parts); i++) {
		CURLU *url = curl_url();
		char *text;
		FP_ASSERT(url && !curl_url_set(url, CURLUPART_URL, good[1], 0));
		plan.left = 0;
		plan.for_good = i % 2;
		CHECK_SAYING(fp_urlparse_get(url, parts[i], &text, 0) ==
				     CURLUE_OUT_OF_MEMORY,
			"part %zu", i);
		plan.left = -1;
		CHECK_SAYING(!text, "part %zu", i);
		CHECK_SAYING(
			fp_urlparse_get(url, parts[i], &text, 0) == CURLUE_OK,
			"part %zu", i);
		curl_free(text);
		errno = ENOMEM;
		CHECK_SAYING(fp_urlparse_get(url, CURLUPART_OPTIONS, &text,
				     0) == CURLUE_NO_OPTIONS,
			"what is not there");
		curl_url_cleanup(url);
	}
}

int
main(void)
{
	plan.left = -1;
	FP_ASSERT(!curl_global_init_mem(CURL_GLOBAL_DEFAULT, on_malloc, free,
		on_realloc, on_strdup, on_calloc));
	run("a URL without memory is no bad URL", test_good);
	run("nor is a relative one", test_relative);
	run("a bad URL is one", test_bad);
	run("a part without memory is not one that is not there", test_parts);
	curl_global_cleanup();
	return done();
}
