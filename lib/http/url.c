/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "url.h"

#include "ascii.h"
#include "uritemplate.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

size_t
fp_url_scheme_len(const char *text, size_t len)
{
	size_t i = 0;

	if (len == 0 || !fp_ascii_is_alpha(text[0]))
		return 0;
	while (i < len && (fp_ascii_is_alnum(text[i]) || text[i] == '+' ||
				  text[i] == '-' || text[i] == '.'))
		i++;
	return i < len && text[i] == ':' ? i : 0;
}

bool
fp_is_url(const char *text, size_t len)
{
	size_t scheme = fp_url_scheme_len(text, len);

	return scheme > 0 && len - scheme >= 3 &&
	       memcmp(text + scheme, "://", 3) == 0;
}

/* Whether the word is in the list "http,https"; schemes have no case. */
static bool
url_is_listed(const char *list, const char *word, size_t len)
{
	for (;;) {
		size_t n = strcspn(list, ",");
		if (n == len && strncasecmp(list, word, len) == 0)
			return true;
		if (list[n] == '\0')
			return false;
		list += n + 1;
	}
}

/* Whether what follows "name:" looks like a port: "localhost:8080/x". */
static bool
looks_like_port(const char *rest, size_t len)
{
	size_t i = 0;

	while (i < len && fp_ascii_is_digit(rest[i]))
		i++;
	return i > 0 && (i == len || strchr("/?#", rest[i]));
}

size_t
fp_url_authority_end(const char *url, size_t start, size_t len)
{
	size_t end = start;

	while (end < len && url[end] != '/' && url[end] != '?' &&
		url[end] != '#')
		end++;
	return end;
}

size_t
fp_url_userinfo_end(const char *url, size_t start, size_t end)
{
	while (end > start && url[end - 1] != '@')
		end--;
	return end > start ? end - 1 : start;
}

/* "https%3A%2F%2F...": a value that was a URL. */
static bool
is_encoded(const char *url, size_t len)
{
	return (len > 7 && strncasecmp(url, "http%3A", 7) == 0) ||
	       (len > 8 && strncasecmp(url, "https%3A", 8) == 0);
}

enum fp_kind
fp_url_check(const char *url, size_t len, const char *protocols,
	const char **message)
{
	size_t scheme = fp_url_scheme_len(url, len);

	if (len > FP_URL_MAX) {
		*message = "the URL is longer than 200 KiB";
		return FP_KIND_INPUT;
	}
	if (scheme == 0 && is_encoded(url, len)) {
		*message = "not a URL: its :// is percent-encoded (in a "
			   "template, {+...} keeps a value as it is)";
		return FP_KIND_INPUT;
	}
	if (scheme == 0 ||
		looks_like_port(url + scheme + 1, len - scheme - 1)) {
		*message = "not a URL: it does not begin with http:// or "
			   "https://";
		return FP_KIND_INPUT;
	}
	if (!url_is_listed(protocols, url, scheme)) {
		*message = "scheme not allowed";
		return FP_KIND_REFUSED;
	}
	if (len - scheme < 3 || memcmp(url + scheme, "://", 3) != 0) {
		*message = "not a URL: no // after the scheme";
		return FP_KIND_INPUT;
	}
	size_t start = scheme + 3;
	size_t end = fp_url_authority_end(url, start, len);
	size_t user = fp_url_userinfo_end(url, start, end);
	size_t host = user > start || (start < end && url[start] == '@')
			      ? user + 1
			      : start;
	if (host >= end || url[host] == ':') {
		*message = "not a URL: no host";
		return FP_KIND_INPUT;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)url[i];
		if (c == ' ') {
			*message = "not a URL: it contains a space (write %20)";
			return FP_KIND_INPUT;
		}
		if (c < 0x20 || c == 0x7f) {
			*message = "not a URL: it contains a control character";
			return FP_KIND_INPUT;
		}
	}
	return FP_KIND_OK;
}

bool
fp_url_is_plain(const char *url, size_t len)
{
	size_t at = fp_url_scheme_len(url, len) + 3;
	size_t host = at;
	unsigned port = 0;

	while (at < len && (fp_ascii_is_alnum(url[at]) || url[at] == '.' ||
				   url[at] == '-'))
		at++;
	if (at == host || at - host > 250)
		return false;
	if (at < len && url[at] == ':') {
		size_t digits = ++at;
		for (; at < len && fp_ascii_is_digit(url[at]) &&
			at - digits < 6;
			at++)
			port = 10 * port + (unsigned)(url[at] - '0');
		if (at == digits || port > 65535)
			return false;
	}
	if (at < len && url[at] != '/' && url[at] != '?' && url[at] != '#')
		return false;
	for (; at < len; at++) {
		if (url[at] <= 0x20 || url[at] >= 0x7f)
			return false;
	}
	return true;
}

/* Appends text in lower case, as much as there is room for. */
static size_t
add_lower(char *to, size_t at, const char *text, size_t len)
{
	for (size_t i = 0; i < len && at < FP_ORIGIN_MAX - 1; i++)
		to[at++] = fp_ascii_lower(text[i]);
	return at;
}

/* Appends a host. An address has one spelling: of IPv6 that of RFC 5952, and of
 * IPv4 four decimal numbers, as libcurl has it. What is no address after all
 * is a name like any other. */
static size_t
add_host(char *to, size_t at, const char *host, size_t len)
{
	bool is_six = len > 2 && host[0] == '[' && host[len - 1] == ']';
	const char *start = is_six ? host + 1 : host;
	size_t n = is_six ? strcspn(start, "%]")
			  : strspn(start, FP_ASCII_HEX "xX.");
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;

	if (n >= sizeof(text) ||
		(!is_six && (n < len || !fp_ascii_is_digit(*start))))
		return add_lower(to, at, host, len);
	memcpy(text, start, n);
	text[n] = '\0';
	if (is_six ? inet_pton(AF_INET6, text, &six) != 1
		   : inet_aton(text, &four) == 0)
		return add_lower(to, at, host, len);
	inet_ntop(is_six ? AF_INET6 : AF_INET,
		is_six ? (void *)&six : (void *)&four, text, sizeof(text));
	size_t before = (size_t)(start - host);
	at = add_lower(to, at, host, before);
	at = add_lower(to, at, text, strlen(text));
	return add_lower(to, at, start + n, len - before - n);
}

size_t
fp_url_origin(const char *url, char origin[FP_ORIGIN_MAX])
{
	size_t start = strcspn(url, ":") + 3;
	size_t end = start + strcspn(url + start, "/?#");
	size_t host = fp_url_userinfo_end(url, start, end);
	size_t port = end;

	if (url[host] == '@')
		host++;
	while (port > host && fp_ascii_is_digit(url[port - 1]))
		port--;
	bool has_port = port > host && url[port - 1] == ':';
	size_t at = add_lower(origin, 0, url, start);
	at = add_host(
		origin, at, url + host, (has_port ? port - 1 : end) - host);
	const char *text = has_port && port < end    ? url + port
			   : fp_url_is_https(origin) ? "443"
						     : "80";
	while (text[0] == '0' && fp_ascii_is_digit(text[1]))
		text++;
	at = add_lower(origin, at, ":", 1);
	at = add_lower(origin, at, text, strspn(text, "0123456789"));
	origin[at] = '\0';
	return at;
}

bool
fp_url_is_https(const char *origin)
{
	return strncmp(origin, "https:", 6) == 0;
}

bool
fp_url_is_known(const char *origin)
{
	static const char local[] = "localhost";
	const char *host = origin + strcspn(origin, ":") + 3;
	size_t len = strcspn(host, ":");

	if (host[0] == '[' || strspn(host, "0123456789.") == len)
		return true;
	return len >= sizeof(local) - 1 &&
	       memcmp(host + len - (sizeof(local) - 1), local,
		       sizeof(local) - 1) == 0 &&
	       (len == sizeof(local) - 1 || host[len - sizeof(local)] == '.');
}

/* Where the next "%" is that begins no escape; `len`: nowhere. */
static size_t
next_stray(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '%')
			continue;
		if (fp_ascii_decode_percent(text + i, len - i) < 0)
			return i;
	}
	return len;
}

int
fp_url_encode(const char *url, size_t len, struct fp_buf *out)
{
	while (len > 0 && fp_ascii_is_blank(url[len - 1]))
		len--;
	size_t scheme = fp_url_scheme_len(url, len);
	size_t at = scheme > 0 ? scheme + 1 : 0;
	if (len - at >= 2 && memcmp(url + at, "//", 2) == 0)
		at = fp_url_authority_end(url, at + 2, len);
	if (fp_buf_add(out, url, at))
		return -1;
	while (at < len) {
		size_t n = next_stray(url + at, len - at);
		if (fp_uritemplate_encode_reserved(url + at, n, out))
			return -1;
		at += n;
		if (at < len && fp_buf_add_char(out, url[at++]))
			return -1;
	}
	return 0;
}

int
fp_url_sign_path(struct fp_buf *url)
{
	struct fp_buf signed_url = FP_BUF_INIT;
	const char *text = fp_buf_text(url);
	const char *authority = strstr(text, "://");
	const char *path = authority ? strchr(authority + 3, '/') : NULL;
	size_t end = path ? strcspn(path, "?#") : 0;
	int ret = 0;

	if (!path)
		return 0;
	ret = fp_buf_add(&signed_url, text, (size_t)(path - text));
	for (size_t i = 0; i < end && ret == 0; i++) {
		int byte = fp_ascii_decode_percent(path + i, end - i);
		char c = byte >= 0 ? (char)byte : path[i];
		i += byte >= 0 ? 2 : 0;
		if (fp_ascii_is_alnum(c) || (c && strchr("-._~/", c)))
			ret = fp_buf_add_char(&signed_url, c);
		else
			ret = fp_buf_printf(
				&signed_url, "%%%02X", (unsigned char)c);
	}
	if (ret == 0)
		ret = fp_buf_add_text(&signed_url, path + end);
	if (ret == 0)
		ret = fp_buf_set(url, signed_url.data, signed_url.len);
	fp_buf_destroy(&signed_url);
	return ret;
}
