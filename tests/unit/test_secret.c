/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "secret.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

/* The text with its secrets as "***". */
static void
mask(const char *text, size_t len, char *out, size_t out_size)
{
	size_t from = 0, start = 77, end = 78, n = 0;
	char *copy = tap_copy(text, len);

	while (fp_find_secret(copy, len, from, &start, &end)) {
		CHECK(from <= start && start < end && end <= len);
		n += (size_t)snprintf(out + n, out_size - n, "%.*s***",
			(int)(start - from), text + from);
		from = end;
	}
	snprintf(out + n, out_size - n, "%.*s", (int)(len - from), text + from);
	free(copy);
}

#define SHOWN(text, expected)                                       \
	do {                                                        \
		char shown[200];                                    \
		mask(text, sizeof(text) - 1, shown, sizeof(shown)); \
		CHECK_TEXT(shown, expected);                        \
	} while (0)
#define OPEN(text) SHOWN(text, text)

static void
secrets(void)
{
	SHOWN("http://u:p@h/", "http://u:***@h/");
	SHOWN("http://u:p@h", "http://u:***@h");
	SHOWN("http://u:p@", "http://u:***@");
	SHOWN("http://:p@h/", "http://:***@h/");
	SHOWN("http://token@h/", "http://***@h/");
	SHOWN("http://token:@h/", "http://***:@h/");
	SHOWN("http%3A%2F%2Ftoken%3A%40h", "http%3A%2F%2F***%3A%40h");
	SHOWN("http://u:p:q@h/", "http://u:***@h/");
	SHOWN("http://u:p@q@h/", "http://u:***@h/");
	SHOWN("http://u:p@q:r@h:80/", "http://u:***@h:80/");
	SHOWN("http://u@v:p@h/", "http://u@v:***@h/");
	SHOWN("http://u:@@h/", "http://u:***@h/");
	SHOWN("http://u:p@h/a@b:c@d", "http://u:***@h/a@b:c@d");
	SHOWN("http://u:p@h?a@b", "http://u:***@h?a@b");
	SHOWN("http://u:p@h#a@b", "http://u:***@h#a@b");
	SHOWN("http://u:p@[::1]:80/", "http://u:***@[::1]:80/");
	SHOWN("see http://u:p@h/ there", "see http://u:***@h/ there");
	SHOWN("x://u:\xff\n@h", "x://u:***@h");
	SHOWN("://u:p@h", "://u:***@h");
	SHOWN("http://:::@h", "http://:***@h");
	SHOWN("http:///u:p@h/", "http:///u:***@h/");
	SHOWN("http://////token@h/", "http://////***@h/");
}

static void
signatures(void)
{
	SHOWN("https://b.example/k?X-Amz-Expires=60&X-Amz-Signature=0af1&x=1",
		"https://b.example/k?X-Amz-Expires=60&X-Amz-Signature=***&x=1");
	SHOWN("https://u:p@h/k?x-amz-signature=0a#f",
		"https://u:***@h/k?x-amz-signature=***#f");
	SHOWN("see https://h/?X-Amz-Security-Token=a%2B&X-Goog-Signature=b ok",
		"see https://h/?X-Amz-Security-Token=***&X-Goog-Signature=*** "
		"ok");
	SHOWN("https://h/?AWSAccessKeyId=A&Signature=b%3D&Expires=1",
		"https://h/?AWSAccessKeyId=A&Signature=***&Expires=1");
	SHOWN("https://h/?sv=1&se=2&sig=x", "https://h/?sv=1&se=2&sig=***");
	SHOWN("https://h/?Policy=e30_&Signature=b~-_&Key-Pair-Id=K",
		"https://h/?Policy=e30_&Signature=***&Key-Pair-Id=K");
	SHOWN("https://h/?sv=2022&si=readers&sr=b&sig=x%3D",
		"https://h/?sv=2022&si=readers&sr=b&sig=***");
	SHOWN("https://h/?u=https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%3D0a%26x%3D1&y",
		"https://h/?u=https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%3D***%26x%3D1&"
		"y");
	SHOWN("https%253A%252F%252Fb%253Fa%2526x-goog-signature%253D0a%253D&b",
		"https%253A%252F%252Fb%253Fa%2526x-goog-signature%253D***&b");
	SHOWN("/k%3Fse%3D1%26%73ig%3Dab%2523%26sr%3Db",
		"/k%3Fse%3D1%26%73ig%3D***%26sr%3Db");
	SHOWN("/?a=1%26X-Amz-Signature=0a%2Fb", "/?a=1%26X-Amz-Signature=***");
	SHOWN("/?u=%3FX-Amz-Signature%3Da&X-Amz-Signature=b",
		"/?u=%3FX-Amz-Signature%3D***&X-Amz-Signature=***");
	OPEN("https://h/?u=%3Fsig%3Dx%26v%3D1");
	OPEN("https://h/?u=%3FX-Amz-Signature%3D%26v%3D1");
	OPEN("https://h/?u=%3FX-Amz-Signature");
	OPEN("https://h/%3");
	OPEN("https://h/?sig=x&v=1");
	OPEN("https://h/?Signature=x");
	OPEN("https://h/?X-Amz-Signature=&a=b");
	OPEN("https://h/X-Amz-Signature=a");
	OPEN("https://h/?notX-Amz-Signature=a");
}

/* What fp_find_secret_of_url() finds first, and nothing is lost by it. */
static void
secrets_of_urls(void)
{
	static const char *const texts[][2] = {
		{"u:p@h/", "p"},
		{"//u:p@h/", "p"},
		{" \tu:p@h/", "p"},
		{"\\\\u:p@h", "p"},
		{"token@h", "token"},
		{"token:@h", "token"},
		{"u:p/q@h/", "p/q"},
		{"u:p@h/http://v:q@i/", "p"},
		{"http\xef\xbc\x9a//u:p@h/", "p"},
		{"http://u:p@h/", "p"},
		{"HTTPS:u:p@h/", "p"},
		{"ftp://u:p@h/", "p"},
		{"x:http://u:p@h/", "p"},
		{"h/a@b", NULL},
		{"h:80/a@b", NULL},
		{"h/", NULL},
		{"h:80", NULL},
		{"http://h/a:b@c", NULL},
		{"/", NULL},
		{"", NULL},
	};
	size_t start, end;

	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		const char *text = texts[i][0], *secret = texts[i][1];
		char *copy = tap_copy(text, strlen(text));
		bool found = fp_find_secret_of_url(
			copy, strlen(text), 0, &start, &end);
		CHECK(found == (secret != NULL));
		if (found && secret) {
			CHECK(end - start == strlen(secret));
			CHECK(memcmp(copy + start, secret, end - start) == 0);
		}
		free(copy);
	}
}

static void
no_secrets(void)
{
	OPEN("");
	OPEN("@");
	OPEN("://");
	OPEN("://@");
	OPEN("http://h/");
	OPEN("http://h:80/");
	OPEN("http://@h/");
	OPEN("http://:@h/");
	OPEN("http://h/u:p@x");
	OPEN("http://h?u:p@x");
	OPEN("http://h#u:p@x");
	OPEN("u:p@h");
	OPEN("mailto:u@h");
	OPEN("x:/u:p@h");
	OPEN("http://h:80/@u");
	OPEN("http://h:65535/a?b=c@d");
	OPEN("http://[::1]:80/@u");
	OPEN("http://[fe80::1%25x]/@u");
	OPEN("http://h/a:b/@u");
	OPEN("http://h:x/ u@h");
	OPEN("http://h:x/");
	OPEN("http://h:x");
}

/* Passwords with characters in them that ought to be encoded, and URLs with a
 * slash too few. */
static void
secrets_of_bad_urls(void)
{
	SHOWN("http://u:p/q@h/", "http://u:***@h/");
	SHOWN("http://u:p?q@h/", "http://u:***@h/");
	SHOWN("http://u:p#q@h/", "http://u:***@h/");
	SHOWN("http://u:/p@h/", "http://u:***@h/");
	SHOWN("http://u:?p@h/", "http://u:***@h/");
	SHOWN("http://u:#@h/", "http://u:***@h/");
	SHOWN("http://u:99999/p@h/", "http://u:***@h/");
	SHOWN("http://u:123456/p@h/", "http://u:***@h/");
	SHOWN("http://u:1x/2/3#4?5@6@h/", "http://u:***@h/");
	SHOWN("http://u:p//q@h/", "http://u:***@h/");
	SHOWN("see http://u:p/q@h/ there@x", "see http://u:***@h/ there@x");
	SHOWN("http://u:p/q@h http://v:r?s@i", "http://u:***@h http://v:***@i");
	SHOWN("http:/u:p@h", "http:/u:***@h");
	SHOWN("HTTPS:/u:p/q@h", "HTTPS:/u:***@h");
	SHOWN("http:u:p@h", "http:u:***@h");
	SHOWN("https:token@h", "https:***@h");
	SHOWN("http:\\\\u:p@h", "http:\\\\u:***@h");
	SHOWN("http:\\u:p@h", "http:\\u:***@h");
	SHOWN("http:/\\u:p@h", "http:/\\u:***@h");
}

/* A URL within a URL. */
static void
secrets_further_on(void)
{
	SHOWN("http://h/http://u:p@i/", "http://h/http://u:***@i/");
	SHOWN("http://h/?next=https://token@i/",
		"http://h/?next=https://***@i/");
	SHOWN("http://@h/x://u:@i/y://u:p@j",
		"http://@h/x://***:@i/y://u:***@j");
	SHOWN("http://://u:p@h", "http://://u:***@h");
	SHOWN("http://a:p1@h/?u=http://b:p2@h2/",
		"http://a:***@h/?u=http://b:***@h2/");
	SHOWN("http://a:p@h,http://t@h2 http://h3/ x://c:q@h4",
		"http://a:***@h,http://***@h2 http://h3/ x://c:***@h4");
	SHOWN("http://a:p@http://b:q@h", "http://a:***@http://b:***@h");
	SHOWN("http://a:x://y:p@h", "http://a:x://y:***@h");
}

/* A text that would take long to be judged is hidden, and looked at for no
 * longer. */
static void
bounded(void)
{
	static const char *const parts[] = {"http:", "http:/",
		"?sig=", "&sig=x", "%3A%2F%2Fa%3Ab", "http://a:b",
		"://a:", "%3A%2F%2F", "@", "%"};
	static char text[1 << 20];
	size_t start, end;

	for (size_t i = 0; i < 2 * FP_ARRAY_LEN(parts); i++) {
		const char *part = parts[i / 2];
		struct fp_secret secret;
		size_t len = 0, done = 0;
		for (; len + 20 < sizeof(text); len += strlen(part))
			memcpy(text + len, part, strlen(part));
		if (i % 2)
			text[len++] = '@';
		fp_secret_begin(&secret, text, len, false);
		for (; fp_secret_next(&secret, &start, &end); done = end)
			CHECK(done <= start && start < end && end <= len);
		CHECK(secret.work_left > 0 || done == len);
	}
}

int
main(void)
{
	run("passwords in what is no URL", secrets_of_bad_urls);
	run("passwords are found", secrets);
	run("signatures of URLs are secrets", signatures);
	run("passwords without a scheme are found in URLs", secrets_of_urls);
	run("what is no password is shown", no_secrets);
	run("a password of a later URL is found", secrets_further_on);
	run("no text takes long", bounded);
	return done();
}
