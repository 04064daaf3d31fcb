/* SPDX-License-Identifier: MIT */
/*
 * What is looked for may begin at each colon and each "?" or "&", and end
 * anywhere behind it. Texts come from outside: so that none can be made in
 * which each of many beginnings is followed up to the end, the bytes that are
 * looked at are counted, and when they are too many for the length of the text,
 * the rest of it is hidden as it is.
 */
#include "base.h"

#include "secret.h"

#include "ascii.h"
#include "url.h"

#include <string.h>
#include <strings.h>

/* So often each byte may be looked at, and so many more. Texts that nobody made
 * for that need one to three. */
#define LOOKS 16
#define WORK_MIN 8192

/* false: this was too much. */
static bool
secret_spend(struct fp_secret *secret, size_t n_bytes)
{
	if (n_bytes >= secret->work_left) {
		secret->work_left = 0;
		return false;
	}
	secret->work_left -= n_bytes;
	return true;
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
 * *start is behind that colon; false: it is a host. */
static bool
find_cut_userinfo(struct fp_secret *secret, size_t at, size_t end,
	size_t *start, size_t *user)
{
	const char *text = secret->text;
	size_t len = secret->len, stop = end;
	const char *found = memchr(text + at, ':', end - at);

	if (!found || text[at] == '[')
		return false;
	*start = (size_t)(found - text) + 1;
	if (is_port(found + 1, end - *start))
		return false;
	/* Another URL begins there. */
	if (len - end >= 2 && text[end - 1] == ':' &&
		memcmp(text + end, "//", 2) == 0)
		return false;
	while (stop < len && (unsigned char)text[stop] > ' ' &&
		!strchr("\"<>", text[stop]) &&
		!(len - stop >= 3 && memcmp(text + stop, "://", 3) == 0))
		stop++;
	*user = fp_url_userinfo_end(text, end, stop);
	return secret_spend(secret, stop - end) && *user > end;
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
fp_secret_char_seen(uint32_t code)
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
		return fp_secret_char_seen((bytes[0] & 15) << 12 |
					   (bytes[1] & 63) << 6 |
					   (bytes[2] & 63));
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
find_seen_at(struct fp_secret *secret, size_t at, struct fp_secret_part *part)
{
	const char *text = secret->text;
	size_t len = secret->len, i, used = 1, colon = 0, name = 0, user = 0;
	bool is_port = true;

	while (at < len && ends_authority(char_seen(text, len, at, &used)))
		at += used;
	for (i = at; i < len; i += used) {
		char c = char_seen(text, len, i, &used);
		if (strchr("\"<>&", text[i]) || (unsigned char)c <= ' ')
			break;
		if (ends_authority(c) && (user > 0 || colon == 0 || is_port))
			break;
		if (c == '[' && i == at)
			return false;
		if (c == '@' && i > at)
			user = i;
		else if (c == ':' && colon == 0) {
			name = i;
			colon = i + used;
		} else if (colon > 0)
			is_port &= fp_ascii_is_digit(c);
	}
	part->start = colon > 0 && colon < user ? colon : at;
	part->end = colon > 0 && colon == user ? name : user;
	return secret_spend(secret, i - at) && part->end > part->start;
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
	size_t at = 0;

	if (memchr(text, '%', len))
		return true;
	for (; len - at >= sizeof(eight); at += sizeof(eight)) {
		memcpy(&eight, text + at, sizeof(eight));
		high |= eight;
	}
	/* The last eight again, with those that are left. */
	if (at > 0 && at < len) {
		memcpy(&eight, text + len - sizeof(eight), sizeof(eight));
		high |= eight;
		at = len;
	}
	for (; at < len; at++)
		high |= (unsigned char)text[at];
	return high & UINT64_C(0x8080808080808080);
}

/* The first secret behind a scheme whose colon is none, before `until`. */
static bool
find_seen(struct fp_secret *secret, size_t from, size_t until,
	struct fp_secret_part *part)
{
	const char *text = secret->text;
	size_t at;

	for (size_t i = from; i < until && secret->work_left > 0; i++) {
		unsigned char c = (unsigned char)text[i];
		if ((c == '%' || c == 0xef || c == 0xe2) &&
			is_scheme_seen(text, secret->len, i, &at) &&
			find_seen_at(secret, at, part))
			return true;
	}
	return false;
}

/* ---- passwords ---- */

/* The part that must not be shown of an authority that begins at `at`: the
 * password; or if there is none, or an empty one, the user name, as it may be a
 * token. */
static bool
find_secret_at(struct fp_secret *secret, size_t at, struct fp_secret_part *part)
{
	const char *text = secret->text;
	size_t len = secret->len;
	size_t stop = fp_url_authority_end(text, at, len);
	size_t user = fp_url_userinfo_end(text, at, stop), start, end;
	const char *colon = memchr(text + at, ':', user - at);

	if (!secret_spend(secret, stop - at))
		return false;
	part->start = colon ? (size_t)(colon - text) + 1 : at;
	part->end = user;
	if (colon && part->start == user) {
		part->start = at;
		part->end = (size_t)(colon - text);
	}
	if (user == at && (stop == at || text[at] != '@') &&
		find_cut_userinfo(secret, at, stop, &start, &end)) {
		part->start = start;
		part->end = end;
	}
	return part->end > part->start ||
	       (secret->is_disguised && has_disguise(text + at, len - at) &&
		       find_seen_at(secret, at, part) &&
		       text[part->end] != '@');
}

static bool
find_password(
	struct fp_secret *secret, size_t from, struct fp_secret_part *password)
{
	const char *text = secret->text, *found;
	size_t len = secret->len;
	struct fp_secret_part seen;

	for (size_t i = from; i < len && secret->work_left > 0; i++) {
		found = memchr(text + i, ':', len - i);
		if (!found)
			break;
		i = (size_t)(found - text);
		size_t at = authority_start(text, len, i);
		if (at == 0 || at >= len ||
			!find_secret_at(secret, at, password))
			continue;
		if (secret->is_disguised &&
			find_seen(secret, from, password->start, &seen) &&
			seen.start < password->start)
			*password = seen;
		return true;
	}
	return secret->is_disguised && find_seen(secret, from, len, password);
}

/* The same where no scheme has to be; but a text that has one is a URL like any
 * other. */
static bool
find_bare(struct fp_secret *secret, struct fp_secret_part *password)
{
	const char *text = secret->text;
	size_t len = secret->len, at = 0;

	while (at < len && strchr(" \t/\\", text[at]) && text[at])
		at++;
	size_t scheme = fp_url_scheme_len(text + at, len - at);
	if (scheme > 0 && (is_behind_scheme(text, at + scheme) ||
				  fp_is_url(text + at, len - at)))
		return false;
	if (at < len && find_secret_at(secret, at, password))
		return true;
	/* What should have been a scheme stands before them. */
	const char *slashes = memmem(text + at, len - at, "//", 2);
	return slashes && memchr(text + at, '/', len - at) == slashes &&
	       slashes + 2 < text + len &&
	       find_secret_at(secret, (size_t)(slashes - text) + 2, password);
}

/* ---- signatures ---- */

/* The length of `word` there, in any case and with any of its bytes encoded; 0:
 * it is another. */
static size_t
word_seen(const char *text, size_t len, size_t at, const char *word)
{
	size_t i = at, used;

	for (; *word; word++, i += used) {
		if (i >= len || fp_ascii_lower((char)byte_seen(text, len, i,
					&used)) != fp_ascii_lower(*word))
			return 0;
	}
	return i - at;
}

/* The length of the "?" or "&" there, as it may be encoded; 0: it is none. */
static size_t
separator_seen(const char *text, size_t len, size_t at)
{
	size_t used = 1;

	if (text[at] == '?' || text[at] == '&')
		return 1;
	if (text[at] != '%')
		return 0;
	unsigned c = byte_seen(text, len, at, &used);
	return c == '?' || c == '&' ? used : 0;
}

/* Short names of parameters have their meaning only in company of one of two
 * others, anywhere in the text. */
static const char *const companies[2][2] = {
	{"Expires=", "Key-Pair-Id="},
	{"se=", "si="},
};

static bool
has_company(struct fp_secret *secret, size_t which)
{
	const char *text = secret->text;
	size_t len = secret->len;

	for (size_t i = 0; i < len && !secret->is_company_known; i++) {
		size_t used = separator_seen(text, len, i);
		for (size_t j = 0; used > 0 && j < 4; j++) {
			if (word_seen(text, len, i + used,
				    companies[j / 2][j % 2]) > 0)
				secret->has_company[j / 2] = true;
		}
	}
	secret->is_company_known = true;
	return secret->has_company[which];
}

/* The length of a name there that makes its value a secret, with its "=".
 * Whoever has a URL with one of these may do what it was made for. */
static size_t
signature_name(struct fp_secret *secret, size_t at)
{
	static const struct {
		const char *name;
		int company; /* -1: it needs none */
	} names[] = {
		{"X-Amz-Signature=", -1},
		{"X-Amz-Security-Token=", -1},
		{"X-Goog-Signature=", -1},
		{"X-Oss-Signature=", -1},
		{"Signature=", 0},
		{"sig=", 1},
	};

	if (at >= secret->len || !strchr("xXsS%", secret->text[at]))
		return 0;
	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++) {
		size_t n =
			word_seen(secret->text, secret->len, at, names[i].name);
		if (n > 0 &&
			(names[i].company < 0 ||
				has_company(secret, (size_t)names[i].company)))
			return n;
	}
	return 0;
}

/* Where the value that begins at `at` ends. One in a query that is encoded
 * itself ends where that goes on, which is encoded as often. */
static size_t
signature_end(const char *text, size_t len, size_t at, size_t separator)
{
	static const char ends[] = "&#\"<>()";

	for (size_t used; at < len; at += used) {
		unsigned c = byte_seen(text, len, at, &used);
		if (used > separator)
			continue;
		if (c <= ' ' || strchr(ends, (int)c))
			break;
	}
	return FP_MIN(at, len);
}

static bool
find_signature(
	struct fp_secret *secret, size_t from, struct fp_secret_part *signature)
{
	const char *text = secret->text;
	size_t len = secret->len;
	const char *question = len > from ? memchr(text, '?', len) : NULL;
	size_t i = secret->is_disguised ? 0
		   : question		? (size_t)(question - text)
					: len;

	for (i = FP_MAX(i, from); i + 1 < len; i++) {
		size_t used = separator_seen(text, len, i);
		if (used == 0)
			continue;
		size_t at = i + used;
		at += word_seen(text, len, at, "amp;");
		size_t n = signature_name(secret, at);
		if (n == 0)
			continue;
		signature->start = at + n;
		signature->end = signature_end(text, len, at + n, used);
		if (signature->end > signature->start)
			return true;
	}
	return false;
}

/* ---- parts in their order ---- */

void
fp_secret_begin(
	struct fp_secret *secret, const char *text, size_t len, bool is_url)
{
	text = len > 0 ? text : ""; /* it may be NULL */
	*secret = (struct fp_secret){
		.text = text,
		.len = len,
		.work_left = LOOKS * len + WORK_MIN,
		.is_disguised = has_disguise(text, len),
	};
	/* Most URLs have neither an "@" nor a query. */
	if (!secret->is_disguised) {
		secret->password.is_known = !memchr(text, '@', len);
		secret->signature.is_known = !memchr(text, '?', len);
	}
	if (is_url && !secret->password.is_known)
		secret->password.is_known =
			find_bare(secret, &secret->password);
}

/* A part that is known, but begins before what was given, was in it. */
static bool
is_past(const struct fp_secret *secret, const struct fp_secret_part *part)
{
	return !part->is_known ||
	       (part->end > part->start && part->start < secret->done);
}

bool
fp_secret_next(struct fp_secret *secret, size_t *start, size_t *end)
{
	struct fp_secret_part *password = &secret->password;
	struct fp_secret_part *signature = &secret->signature, *first;

	if (is_past(secret, password)) {
		if (!find_password(secret, secret->done, password))
			password->end = password->start;
		password->is_known = true;
	}
	if (is_past(secret, signature)) {
		if (!find_signature(secret, secret->done, signature))
			signature->end = signature->start;
		signature->is_known = true;
	}
	*start = secret->done;
	*end = secret->len;
	if (FP_LIKELY(secret->work_left > 0)) {
		bool has = password->end > password->start;
		first = signature->end > signature->start &&
					(!has || signature->start <=
							 password->start)
				? signature
				: password;
		*start = first->start;
		*end = first->end;
	}
	secret->done = *end;
	return *end > *start;
}

/* Whether there can be none: no "@", no query, and nothing that could be seen
 * as one. Of what is shown that is nearly all. */
static bool
is_innocent(const char *text, size_t len)
{
	return len == 0 ||
	       (!memchr(text, '@', len) && !memchr(text, '?', len) &&
		       !has_disguise(text, len));
}

bool
fp_find_secret(
	const char *text, size_t len, size_t from, size_t *start, size_t *end)
{
	struct fp_secret secret;

	if (FP_LIKELY(is_innocent(text, len)))
		return false;
	fp_secret_begin(&secret, text, len, false);
	secret.done = from;
	return fp_secret_next(&secret, start, end);
}

bool
fp_find_secret_of_url(
	const char *text, size_t len, size_t from, size_t *start, size_t *end)
{
	struct fp_secret secret;

	if (FP_LIKELY(is_innocent(text, len)))
		return false;
	fp_secret_begin(&secret, text, len, from == 0);
	secret.done = from;
	return fp_secret_next(&secret, start, end);
}

int
fp_secret_add_shown(
	struct fp_buf *out, const char *text, size_t len, bool is_url)
{
	struct fp_secret secret;
	size_t done = 0, start, end;

	if (FP_LIKELY(is_innocent(text, len)))
		return fp_buf_add(out, text, len);
	fp_secret_begin(&secret, text, len, is_url);
	while (fp_secret_next(&secret, &start, &end)) {
		if (fp_buf_add(out, text + done, start - done) ||
			fp_buf_add_text(out, "***"))
			return -1;
		done = end;
	}
	return fp_buf_add(out, text + done, len - done);
}
