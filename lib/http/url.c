/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "url.h"

#include "ascii.h"
#include "uritemplate.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* The length of a leading scheme without its colon, or 0. */
static size_t
scheme_len(const char *text, size_t len)
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
	size_t scheme = scheme_len(text, len);

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

/* The authority's place: between "//" and the next "/", "?" or "#". */
static size_t
authority_end(const char *url, size_t start, size_t len)
{
	size_t end = start;

	while (end < len && url[end] != '/' && url[end] != '?' &&
		url[end] != '#')
		end++;
	return end;
}

/* The end of the userinfo, its "@" not counted; `start` if there is none. */
static size_t
userinfo_end(const char *url, size_t start, size_t end)
{
	while (end > start && url[end - 1] != '@')
		end--;
	return end > start ? end - 1 : start;
}

enum fp_kind
fp_url_check(const char *url, size_t len, const char *protocols,
	const char **message)
{
	size_t scheme = scheme_len(url, len);

	if (len > FP_URL_MAX) {
		*message = "the URL is longer than 200 KiB";
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
	size_t end = authority_end(url, start, len);
	size_t user = userinfo_end(url, start, end);
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
	size_t at = scheme_len(url, len) + 3;
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
	size_t host = userinfo_end(url, start, end);
	size_t port = end;

	if (url[host] == '@')
		host++;
	while (port > host && fp_ascii_is_digit(url[port - 1]))
		port--;
	bool has_port = port > host && url[port - 1] == ':';
	size_t at = add_lower(origin, 0, url, start);
	at = add_host(
		origin, at, url + host, (has_port ? port - 1 : end) - host);
	const char *text = has_port && port < end	       ? url + port
			   : strncmp(origin, "https:", 6) == 0 ? "443"
							       : "80";
	while (text[0] == '0' && fp_ascii_is_digit(text[1]))
		text++;
	at = add_lower(origin, at, ":", 1);
	at = add_lower(origin, at, text, strspn(text, "0123456789"));
	origin[at] = '\0';
	return at;
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
		if (len - i < 3 || fp_ascii_hex_value(text[i + 1]) < 0 ||
			fp_ascii_hex_value(text[i + 2]) < 0)
			return i;
	}
	return len;
}

int
fp_url_encode(const char *url, size_t len, struct fp_buf *out)
{
	while (len > 0 && fp_ascii_is_blank(url[len - 1]))
		len--;
	size_t scheme = scheme_len(url, len);
	size_t at = scheme > 0 ? scheme + 1 : 0;
	if (len - at >= 2 && memcmp(url + at, "//", 2) == 0)
		at = authority_end(url, at + 2, len);
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

/* Whether "http" or "https" stands before `at`. */
static bool
is_behind_scheme(const char *text, size_t at)
{
	return (at >= 4 && strncasecmp(text + at - 4, "http", 4) == 0) ||
	       (at >= 5 && strncasecmp(text + at - 5, "https", 5) == 0);
}

/* Where an authority may begin behind the colon at `at`, or 0. Too few slashes
 * or too many make no URL, and are still no reason to tell. */
static size_t
authority_start(const char *text, size_t len, size_t at)
{
	size_t start = at + 1;

	while (start < len && text[start] == '/')
		start++;
	if (start - at >= 3)
		return start;
	while (start < len && (text[start] == '/' || text[start] == '\\'))
		start++;
	return is_behind_scheme(text, at) ? start : 0;
}

/* Whether the text, up to what ends an authority, is a port. */
static bool
is_port(const char *text, size_t len)
{
	unsigned port = 0;

	for (size_t i = 0; i < len; i++) {
		if (!fp_ascii_is_digit(text[i]) || i > 4)
			return false;
		port = 10 * port + (unsigned)(text[i] - '0');
	}
	return len > 0 && port <= 65535;
}

/* A password may hold what ends an authority, if whoever wrote the URL did not
 * encode it. Then "user:" is followed by no port, and an "@" comes later.
 * *colon is where that is; false: it is a host. */
static bool
find_cut_userinfo(const char *text, size_t len, size_t at, size_t end,
	size_t *colon, size_t *user)
{
	size_t stop = end;
	const char *found = memchr(text + at, ':', end - at);

	if (!found || text[at] == '[')
		return false;
	*colon = (size_t)(found - text);
	if (is_port(found + 1, end - *colon - 1))
		return false;
	/* Another URL begins there. */
	if (len - end >= 2 && text[end - 1] == ':' &&
		memcmp(text + end, "//", 2) == 0)
		return false;
	while (stop < len && (unsigned char)text[stop] > ' ' &&
		!strchr("\"<>", text[stop]) &&
		!(len - stop >= 3 && memcmp(text + stop, "://", 3) == 0))
		stop++;
	*user = userinfo_end(text, end, stop);
	return *user > end;
}

/* ---- the same where characters stand for others ---- */

/* Percent-encoded, as in the query of another URL, or of full width, as a
 * keyboard for Chinese or Japanese may type them, no character ends an
 * authority, and libcurl finds no password; a reader does. */

/* A byte that may be percent-encoded, several times over. */
static unsigned
byte_seen(const char *text, size_t len, size_t at, size_t *used)
{
	unsigned byte = (unsigned char)text[at];

	*used = 1;
	while (byte == '%' && len - at - *used >= 2) {
		int high = fp_ascii_hex_value(text[at + *used]);
		int low = fp_ascii_hex_value(text[at + *used + 1]);
		if (high < 0 || low < 0)
			break;
		byte = (unsigned)(16 * high + low);
		*used += 2;
	}
	return byte;
}

char
fp_url_char_seen(uint32_t code)
{
	if (code < 0x80)
		return (char)code;
	if (code > 0xff00 && code < 0xff5f) /* of full width */
		return (char)(code - 0xff00 + ' ');
	if (code == 0xfe55 || code == 0x2236)
		return ':';
	if (code == 0xfe6b)
		return '@';
	return code == 0x2044 || code == 0x2215 ? '/' : 'x';
}

/* Which character of ASCII a reader sees at `at`, and how long it is there; one
 * that has no meaning in a URL: 'x'. */
static char
char_seen(const char *text, size_t len, size_t at, size_t *used)
{
	unsigned bytes[3] = {0, 0, 0};
	size_t n = 0, more;

	*used = 0;
	for (; n < 3 && at + *used < len; n++) {
		bytes[n] = byte_seen(text, len, at + *used, &more);
		if (n == 0 && bytes[0] < 0x80) {
			*used = more;
			return (char)bytes[0];
		}
		*used += more;
	}
	if (n == 3 && bytes[0] >> 4 == 0xe)
		return fp_url_char_seen((bytes[0] & 15) << 12 |
					(bytes[1] & 63) << 6 | (bytes[2] & 63));
	byte_seen(text, len, at, used);
	return 'x';
}

static bool
ends_authority(char c)
{
	return c == '/' || c == '?' || c == '#' || c == '\\';
}

/* As find_secret_at(), of what a reader sees. */
static bool
find_seen_at(
	const char *text, size_t len, size_t at, size_t *start, size_t *end)
{
	size_t used = 1, colon = 0, user = 0;
	bool is_port = true;

	while (at < len && ends_authority(char_seen(text, len, at, &used)))
		at += used;
	for (size_t i = at; i < len; i += used) {
		char c = char_seen(text, len, i, &used);
		if (strchr("\"<>&", text[i]) || (unsigned char)c <= ' ')
			break;
		if (ends_authority(c) && (user > 0 || colon == 0 || is_port))
			break;
		if (c == '[' && i == at)
			return false;
		if (c == '@' && i > at)
			user = i;
		else if (c == ':' && colon == 0)
			colon = i + used;
		else if (colon > 0)
			is_port &= fp_ascii_is_digit(c);
	}
	*start = colon > 0 && colon <= user ? colon : at;
	*end = user;
	return *end > *start;
}

/* Whether a colon that a reader sees at `at` is that of a scheme; *start:
 * behind it. A true colon is looked for elsewhere. */
static bool
is_scheme_seen(const char *text, size_t len, size_t at, size_t *start)
{
	size_t used = 1, n_slashes = 0;

	if (text[at] == ':' || char_seen(text, len, at, &used) != ':')
		return false;
	*start = at + used;
	for (size_t i = *start; i < len; i += used, n_slashes++) {
		char c = char_seen(text, len, i, &used);
		if (c != '/' && c != '\\')
			break;
	}
	return n_slashes >= 2 || (n_slashes > 0 && is_behind_scheme(text, at));
}

/* Whether any character may be seen as another one: in most URLs, none. */
static bool
has_disguise(const char *text, size_t len)
{
	uint64_t eight, high = 0;

	if (memchr(text, '%', len))
		return true;
	for (; len >= sizeof(eight); len -= sizeof(eight)) {
		memcpy(&eight, text, sizeof(eight));
		high |= eight;
		text += sizeof(eight);
	}
	for (size_t i = 0; i < len; i++)
		high |= (unsigned char)text[i];
	return high & UINT64_C(0x8080808080808080);
}

/* The first secret behind a scheme whose colon is none, before `until`. */
static bool
find_seen(const char *text, size_t len, size_t from, size_t until,
	size_t *start, size_t *end)
{
	size_t at;

	if (FP_LIKELY(
		    until <= from || !has_disguise(text + from, until - from)))
		return false;
	for (size_t i = from; i < until; i++) {
		unsigned char c = (unsigned char)text[i];
		if ((c == '%' || c == 0xef || c == 0xe2) &&
			is_scheme_seen(text, len, i, &at) &&
			find_seen_at(text, len, at, start, end))
			return true;
	}
	return false;
}

/* ---- where secrets are ---- */

/* The part that must not be shown of an authority that begins at `at`. */
static bool
find_secret_at(
	const char *text, size_t len, size_t at, size_t *start, size_t *end)
{
	size_t stop = authority_end(text, at, len), cut, last;
	size_t user = userinfo_end(text, at, stop);
	const char *colon = memchr(text + at, ':', user - at);

	*start = colon ? (size_t)(colon - text) + 1 : at;
	*end = user;
	if (user == at && (stop == at || text[at] != '@') &&
		find_cut_userinfo(text, len, at, stop, &cut, &last)) {
		*start = cut + 1;
		*end = last;
	}
	return *end > *start ||
	       (has_disguise(text + at, len - at) &&
		       find_seen_at(text, len, at, start, end) &&
		       text[*end] != '@');
}

/* ---- signatures ---- */

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
		int high = -1, low = -1;
		if (path[i] == '%' && end - i > 2) {
			high = fp_ascii_hex_value(path[i + 1]);
			low = fp_ascii_hex_value(path[i + 2]);
		}
		bool is_escape = high >= 0 && low >= 0;
		char c = is_escape ? (char)(high * 16 + low) : path[i];
		i += is_escape ? 2 : 0;
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

/* Whether a parameter's name begins there, behind a "?" or "&". */
static bool
has_parameter(const char *text, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 1; i + n <= len; i++) {
		if ((text[i - 1] == '?' || text[i - 1] == '&') &&
			strncasecmp(text + i, name, n) == 0)
			return true;
	}
	return false;
}

/* Whoever has a URL with one of these may do what it was made for. The short
 * names mean that only in company of one of two others. */
static size_t
signature_name(const char *text, size_t len, size_t at)
{
	static const struct {
		const char *name, *company, *other;
	} names[] = {
		{"X-Amz-Signature=", NULL, NULL},
		{"X-Amz-Security-Token=", NULL, NULL},
		{"X-Goog-Signature=", NULL, NULL},
		{"X-Oss-Signature=", NULL, NULL},
		{"Signature=", "Expires=", "Key-Pair-Id="},
		{"sig=", "se=", "si="},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++) {
		size_t n = strlen(names[i].name);
		if (len - at > n &&
			strncasecmp(text + at, names[i].name, n) == 0 &&
			(!names[i].company ||
				has_parameter(text, len, names[i].company) ||
				has_parameter(text, len, names[i].other)))
			return n;
	}
	return 0;
}

static bool
find_signature(
	const char *text, size_t len, size_t from, size_t *start, size_t *end)
{
	const char *question = memchr(text, '?', len);
	size_t i = question ? (size_t)(question - text) : len;

	for (; i + 1 < len; i++) {
		size_t n = text[i] == '?' || text[i] == '&'
				   ? signature_name(text, len, i + 1)
				   : 0;
		if (n == 0 || i + 1 + n < from)
			continue;
		*start = *end = i + 1 + n;
		while (*end < len && (unsigned char)text[*end] > ' ' &&
			!strchr("&#\"<>()", text[*end]))
			++*end;
		if (*end > *start)
			return true;
	}
	return false;
}

static bool
find_password(
	const char *text, size_t len, size_t from, size_t *start, size_t *end)
{
	const char *found;

	for (size_t i = from; i < len; i++) {
		found = memchr(text + i, ':', len - i);
		if (!found)
			break;
		i = (size_t)(found - text);
		size_t at = authority_start(text, len, i);
		size_t seen_start, seen_end;
		if (at == 0 || at >= len ||
			!find_secret_at(text, len, at, start, end))
			continue;
		if (find_seen(
			    text, len, from, *start, &seen_start, &seen_end) &&
			seen_start < *start) {
			*start = seen_start;
			*end = seen_end;
		}
		return true;
	}
	return find_seen(text, len, from, len, start, end);
}

bool
fp_find_secret(
	const char *text, size_t len, size_t from, size_t *start, size_t *end)
{
	size_t other, stop;
	bool has = find_password(text, len, from, start, end);

	if (!find_signature(text, len, from, &other, &stop) ||
		(has && *start < other))
		return has;
	*start = other;
	*end = stop;
	return true;
}

bool
fp_find_secret_of_url(
	const char *text, size_t len, size_t from, size_t *start, size_t *end)
{
	size_t at = 0;

	while (at < len && strchr(" \t/\\", text[at]) && text[at])
		at++;
	size_t scheme = from > 0 ? 0 : scheme_len(text + at, len - at);
	bool is_bare = from == 0 &&
		       !(scheme > 0 && (is_behind_scheme(text, at + scheme) ||
					       fp_is_url(text + at, len - at)));
	const char *slashes =
		is_bare ? memmem(text + at, len - at, "//", 2) : NULL;

	if (is_bare && at < len && find_secret_at(text, len, at, start, end))
		return true;
	/* What should have been a scheme stands before them. */
	if (slashes && memchr(text + at, '/', len - at) == slashes &&
		slashes + 2 < text + len &&
		find_secret_at(
			text, len, (size_t)(slashes - text) + 2, start, end))
		return true;
	return fp_find_secret(text, len, from, start, end);
}
