/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "secret.h"
#include "tap.h"
#include "url.h"

#include <curl/curl.h>

static void
urls_and_ids(void)
{
	static const char *const urls[] = {"http://x", "https://", "a://",
		"HTTP://x", "x-y.z+1://h", "file:///etc"};
	static const char *const ids[] = {"", "1", ":", "://", "://x", "http",
		"http:", "http:/", "http:/x", "http//x", " http://x",
		"1http://x", "+a://x", "h ttp://x", "h_ttp://x", "/http://x",
		"\xc3\xa9://x"};

	for (size_t i = 0; i < FP_ARRAY_LEN(urls); i++)
		CHECK(fp_is_url(urls[i], strlen(urls[i])));
	for (size_t i = 0; i < FP_ARRAY_LEN(ids); i++)
		CHECK(!fp_is_url(ids[i], strlen(ids[i])));
	for (size_t len = 0; len < 7; len++)
		CHECK(!fp_is_url("http://x", len));
	CHECK(fp_is_url("http://x", 7));
}

/* ---- judging ---- */

static const char no_url[] =
	"not a URL: it does not begin with http:// or https://";
static const char is_encoded[] = "not a URL: its :// is percent-encoded (in a "
				 "template, {+...} keeps a value as it is)";
static const char no_slashes[] = "not a URL: no // after the scheme";
static const char no_host[] = "not a URL: no host";
static const char space[] = "not a URL: it contains a space (write %20)";
static const char control[] = "not a URL: it contains a control character";

static enum fp_kind
check(const char *url, size_t len, const char *protocols, const char **message)
{
	char *copy = tap_copy(url, len);

	*message = NULL;
	enum fp_kind kind = fp_url_check(copy, len, protocols, message);
	free(copy);
	return kind;
}

#define IS(url, expected_kind, expected_message)                             \
	do {                                                                 \
		const char *message;                                         \
		CHECK(check(url, sizeof(url) - 1, "http,https", &message) == \
			(expected_kind));                                    \
		CHECK_TEXT(message ? message : "fine", expected_message);    \
	} while (0)
#define FINE(url) IS(url, FP_KIND_OK, "fine")
#define WRONG(url, message) IS(url, FP_KIND_INPUT, message)
#define REFUSED(url) IS(url, FP_KIND_REFUSED, "scheme not allowed")

static void
what_can_be_fetched(void)
{
	FINE("http://h");
	FINE("http://h/");
	FINE("HTTPS://h?q");
	FINE("http://h#f");
	FINE("http://h:80/x");
	FINE("http://127.0.0.1:8080");
	FINE("http://[::1]/");
	FINE("http://[::1]:80/");
	FINE("http://u@h/");
	FINE("http://u:p@h/");
	FINE("http://:p@h/");
	FINE("http://@h/");
	FINE("http://a@b:c@h/");
	FINE("http://h/@x:y@z");
	FINE("http://b\xc3\xbc"
	     "cher.example/");
	FINE("http://h/://");
}

static void
what_has_no_host(void)
{
	WRONG("http://", no_host);
	WRONG("http:///ok", no_host);
	WRONG("http:////ok", no_host);
	WRONG("http://:80", no_host);
	WRONG("http://:80/x", no_host);
	WRONG("http://?q", no_host);
	WRONG("http://#f", no_host);
	WRONG("http://@", no_host);
	WRONG("http://@/x", no_host);
	WRONG("http://user@", no_host);
	WRONG("http://user:pass@/x", no_host);
	WRONG("http://user@:80/x", no_host);
	WRONG("http://@:80/x", no_host);
	WRONG("http://a@b@", no_host);
	WRONG("http://@@", no_host);
}

static void
what_is_no_url(void)
{
	WRONG("http%3A%2F%2Fh%2F", is_encoded);
	WRONG("HTTPS%3a%2f%2fh%2f", is_encoded);
	WRONG("http%3", no_url);
	WRONG("", no_url);
	WRONG("foo", no_url);
	WRONG("/relative", no_url);
	WRONG("//host", no_url);
	WRONG("?q", no_url);
	WRONG(":", no_url);
	WRONG("://x", no_url);
	WRONG("127.0.0.1/x", no_url);
	WRONG("host:99999", no_url);
	WRONG("host:80/x", no_url);
	WRONG("host:80?x", no_url);
	WRONG("host:80#x", no_url);
	WRONG("localhost:8080/x", no_url);
	WRONG("http:80", no_url);
	WRONG(" http://h", no_url);
	WRONG("my_host:x", no_url);
	WRONG("http", no_url);
	WRONG("http:", no_slashes);
	WRONG("http:/", no_slashes);
	WRONG("http:/x", no_slashes);
	WRONG("http:x", no_slashes);
	WRONG("http:80x", no_slashes);
	WRONG("http:\\\\x", no_slashes);
}

static void
what_no_url_may_hold(void)
{
	WRONG("http://h/a b", space);
	WRONG("http://a b/", space);
	WRONG("http://h ", space);
	WRONG("http://h/\t", control);
	WRONG("http://h/\r\nX: y", control);
	WRONG("http://h/\0", control);
	WRONG("http://\0h/", control);
	WRONG("http://h/\x7f", control);
	WRONG("http://h/\x1b[m", control);
	FINE("http://h/\xc2\x80");
}

static bool
allows(const char *protocols, const char *url)
{
	const char *message;

	return check(url, strlen(url), protocols, &message) == FP_KIND_OK;
}

static void
what_is_refused(void)
{
	REFUSED("file:///etc/passwd");
	REFUSED("FILE://localhost/x");
	REFUSED("ftp://h/");
	REFUSED("javascript:alert(1)");
	REFUSED("mailto:a@b");
	REFUSED("https+x://h/");
	REFUSED("httpx://h/");
	REFUSED("htt://h/");
	REFUSED("localhost:");
	CHECK(!allows("https", "http://h"));
	CHECK(!allows("http", "https://h"));
	CHECK(allows("https", "https://h"));
	CHECK(allows("https,http", "HTTP://h"));
}

/* ---- encoding ---- */

static const char *
encoded(const char *url, size_t len)
{
	static struct fp_buf out;

	fp_buf_destroy(&out);
	return fp_url_encode(url, len, &out) ? NULL : fp_buf_text(&out);
}

#define BECOMES(url, expected) \
	CHECK_TEXT(encoded(url, sizeof(url) - 1), expected)
#define STAYS(url) BECOMES(url, url)

static void
encoding(void)
{
	STAYS("http://h");
	STAYS("http://h/a/b;c=d?e=f&g=h#i");
	STAYS("http://h/%2F%41%ff");
	STAYS("http://h/!$&'()*+,;=:@-._~[]");
	STAYS("http://u:p%40@b\xc3\xbc"
	      "cher:80");
	BECOMES("http://h/\xc3\xa9?\xe2\x82\xac#\xf0\x9f\x98\x80",
		"http://h/%C3%A9?%E2%82%AC#%F0%9F%98%80");
	BECOMES("http://h/\xff\xc2\x80", "http://h/%FF%C2%80");
	BECOMES("http://h/a b", "http://h/a%20b");
	BECOMES("http://h/\"<>\\^`{|}", "http://h/%22%3C%3E%5C%5E%60%7B%7C%7D");
	/* What begins no escape is left alone. */
	STAYS("http://h/%");
	STAYS("http://h/%4");
	STAYS("http://h/%4g%zz");
	STAYS("http://h/100%/x?%&%#%");
	BECOMES("http://h/%\xc3\xa9% %", "http://h/%%C3%A9%%20%");
	BECOMES("http://h/a \t ", "http://h/a");
	BECOMES("http://h \t", "http://h");
	BECOMES(" ", "");
	BECOMES("http://h/a\0b\n", "http://h/a%00b%0A");
	BECOMES("http://h?\xc3\xa9", "http://h?%C3%A9");
	BECOMES("http://h#\xc3\xa9", "http://h#%C3%A9");

	/* It is what comes behind a host, whatever stands in front. */
	STAYS("");
	STAYS("x");
	STAYS("http:");
	STAYS("http:/");
	BECOMES("http:///\xc3\xa9", "http:///%C3%A9");
	BECOMES("http://a b/c d", "http://a b/c%20d");

	/* Relative references, as a Location has them. */
	BECOMES("//a\xc3\xa9/b c", "//a\xc3\xa9/b%20c");
	BECOMES("/b c", "/b%20c");
	BECOMES("?b c#d e", "?b%20c#d%20e");
	BECOMES("../b{c}", "../b%7Bc%7D");
	STAYS("#");
	STAYS("//");
	STAYS("/");
}

static void
signed_paths(void)
{
	static const char *const urls[][2] = {
		{"http://h/b/a%2Fb+c%20d@e:f",
			"http://h/b/a/b%2Bc%20d%40e%3Af"},
		{"http://h/%41%7e~%c3%a9?a=b%2F+#x",
			"http://h/A~~%C3%A9?a=b%2F+#x"},
		{"http://h/100%/%zz", "http://h/100%25/%25zz"},
		{"http://h?a/b", "http://h?a/b"},
		{"http://h", "http://h"},
	};
	struct fp_buf url = FP_BUF_INIT;

	for (size_t i = 0; i < FP_ARRAY_LEN(urls); i++) {
		CHECK(fp_buf_set(&url, urls[i][0], strlen(urls[i][0])) == 0);
		CHECK(fp_url_sign_path(&url) == 0);
		CHECK_TEXT(url.data, urls[i][1]);
	}
	fp_buf_destroy(&url);
}

/* ---- against libcurl ---- */

/* The text with its secrets as "***". */
static void
show(const char *text, char *out, size_t out_size)
{
	struct fp_buf shown = FP_BUF_INIT;

	CHECK(fp_secret_add_shown(&shown, text, strlen(text), false) == 0);
	snprintf(out, out_size, "%s", fp_buf_text(&shown));
	fp_buf_destroy(&shown);
}

static char *
part(CURLU *parsed, CURLUPart what)
{
	char *text = NULL;

	return curl_url_get(parsed, what, &text, 0) == CURLUE_OK ? text : NULL;
}

/* Whether what libcurl takes for the password, or for the user where there is
 * none, is hidden. */
static bool
is_hidden(const char *url, CURLU *parsed)
{
	char shown[200];
	char *user = part(parsed, CURLUPART_USER);
	char *password = part(parsed, CURLUPART_PASSWORD);
	bool hidden = true;

	show(url, shown, sizeof(shown));
	if ((password && password[0]) || (user && user[0] && !password)) {
		CURLU *masked = curl_url();
		char *left = NULL;
		if (curl_url_set(masked, CURLUPART_URL, shown, 0) == CURLUE_OK)
			left = part(masked,
				password ? CURLUPART_PASSWORD : CURLUPART_USER);
		hidden = left && strcmp(left, "***") == 0;
		curl_free(left);
		curl_url_cleanup(masked);
	}
	curl_free(user);
	curl_free(password);
	return hidden;
}

/* Texts that are nearly URLs: what passes our check and libcurl's has a host,
 * and libcurl finds no secret where we saw none. */
static void
like_libcurl(void)
{
	static const char *const pieces[] = {"http", "https", "://", ":", "/",
		"@", "[::1]", "80", "h", "u", "?", "#", "\\", "%40", ".", "-",
		"//", "1", "[", "]"};
	uint32_t random = 7;
	unsigned n_fine = 0, n_secret = 0;

	for (unsigned i = 0; i < 8000; i++) {
		char url[100] = "http://";
		for (unsigned n = i % 9; n > 0; n--) {
			random = random * 1103515245 + 12345;
			strcat(url,
				pieces[(random >> 16) % FP_ARRAY_LEN(pieces)]);
		}
		CURLU *parsed = curl_url();
		CURLUcode code = curl_url_set(parsed, CURLUPART_URL, url, 0);
		const char *message;
		enum fp_kind kind =
			check(url, strlen(url), "http,https", &message);
		if (code == CURLUE_OK) {
			char *host = part(parsed, CURLUPART_HOST);
			bool ok = kind != FP_KIND_OK || (host && host[0]);
			bool hidden = is_hidden(url, parsed);
			CHECK(ok && hidden);
			if (!ok || !hidden)
				printf("# %s\n", url);
			n_fine += kind == FP_KIND_OK;
			n_secret += strchr(url, '@') != NULL;
			curl_free(host);
		}
		curl_url_cleanup(parsed);
	}
	CHECK(n_fine > 500 && n_secret > 200);
}

static void
plain_ones(void)
{
	static const char *const plain[] = {"http://h", "http://h/",
		"http://h:1", "HTTPS://a-b.c1:65535/x?y#z",
		"http://127.0.0.1:80?q", "http://h#f", "http://h/%2f{}|"};
	static const char *const not_plain[] = {"http://u@h/", "http://[::1]/",
		"http://h:/", "http://h:65536/", "http://h:123456789012/",
		"http://h:1x/", "http://h_/", "http://\xc3\xa4/",
		"http://h/\xc3\xa4", "http://h/\x7f", "http://h/ ", "http:///",
		"http://h\\x/", "http://h%41/"};

	for (size_t i = 0; i < FP_ARRAY_LEN(plain); i++)
		CHECK(fp_url_is_plain(plain[i], strlen(plain[i])));
	for (size_t i = 0; i < FP_ARRAY_LEN(not_plain); i++)
		CHECK(!fp_url_is_plain(not_plain[i], strlen(not_plain[i])));
}

static void
origins(void)
{
	static const struct {
		const char *url, *origin;
	} cases[] = {
		{"http://example.com/", "http://example.com:80"},
		{"http://example.com", "http://example.com:80"},
		{"HTTPS://Example.COM/A?b#c", "https://example.com:443"},
		{"https://u:p@example.com:8443/", "https://example.com:8443"},
		{"http://u@ex@example.com", "http://example.com:80"},
		{"http://example.com:?q", "http://example.com:80"},
		{"http://[::1]/", "http://[::1]:80"},
		{"http://[FE80::1]:8080#x", "http://[fe80::1]:8080"},
		{"http://127.0.0.1:8080?x=@y", "http://127.0.0.1:8080"},
		{"http://10.0.0.1", "http://10.0.0.1:80"},

		/* One port or address, however it is written. */
		{"http://example.com:0080", "http://example.com:80"},
		{"https://example.com:000000443/", "https://example.com:443"},
		{"http://example.com:00", "http://example.com:0"},
		{"http://[0:0::1]:0080/", "http://[::1]:80"},
		{"http://[0:0:0:0:0:0:0:1]", "http://[::1]:80"},
		{"http://u@[2001:DB8:0:0::0A]", "http://[2001:db8::a]:80"},
		{"http://[::ffff:7f00:1]", "http://[::ffff:127.0.0.1]:80"},
		{"http://[FE80:0::01%25eth0]", "http://[fe80::1%25eth0]:80"},
		{"http://[1:2:3]", "http://[1:2:3]:80"},
		{"http://[]", "http://[]:80"},
		{"http://127.1", "http://127.0.0.1:80"},
		{"http://2130706433:80", "http://127.0.0.1:80"},
		{"http://0X7f.0.0.1", "http://127.0.0.1:80"},
		{"http://1.2.3.4.example", "http://1.2.3.4.example:80"},
		{"http://256.1.1.1", "http://256.1.1.1:80"},
		{"http://1.2.3.4.5", "http://1.2.3.4.5:80"},
		{"http://[0000:0000:0000:0000:0000:0000:0000:0000:00000:0]",
			"http://[0000:0000:0000:0000:0000:0000:0000:0000:00000:"
			"0]:80"},
	};
	char origin[FP_ORIGIN_MAX];

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		size_t len = fp_url_origin(cases[i].url, origin);
		CHECK_TEXT(origin, cases[i].origin);
		CHECK(len == strlen(origin));
	}
	char long_url[1000] = "http://";
	memset(long_url + 7, 'a', sizeof(long_url) - 8);
	CHECK(fp_url_origin(long_url, origin) == FP_ORIGIN_MAX - 1);
}

static void
known_hosts(void)
{
	CHECK(fp_url_is_known("http://127.0.0.1:80"));
	CHECK(fp_url_is_known("http://[::1]:80"));
	CHECK(fp_url_is_known("http://localhost:80"));
	CHECK(fp_url_is_known("http://a.b.localhost:80"));
	CHECK(!fp_url_is_known("http://notlocalhost:80"));
	CHECK(!fp_url_is_known("http://localhost.com:80"));
	CHECK(!fp_url_is_known("http://1.example:80"));
	CHECK(!fp_url_is_known("http://a:80"));
}

int
main(void)
{
	run("URLs and IDs are told apart", urls_and_ids);
	run("what can be fetched", what_can_be_fetched);
	run("what has no host is no URL", what_has_no_host);
	run("what has no scheme is no URL", what_is_no_url);
	run("spaces and control characters are not in a URL",
		what_no_url_may_hold);
	run("other schemes are refused", what_is_refused);
	run("what is behind the host is encoded", encoding);
	run("a path as a signature wants it", signed_paths);
	run("libcurl sees no host or password that we do not", like_libcurl);
	encoded("", 0);
	run("plain URLs need no second parse", plain_ones);
	run("the origin of a URL", origins);
	run("hosts that need no look-up", known_hosts);
	return done();
}
