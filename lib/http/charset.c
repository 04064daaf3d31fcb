/* SPDX-License-Identifier: MIT */
/*
 * What decides, in this order: a byte order mark (the Encoding standard has it
 * before all else, and a file that was saved as UTF-16 has one whatever the
 * server says of it); the charset that was given; for JSON, which of its first
 * four bytes are zero; and else it is UTF-8, or no text. A mark and zeros are
 * looked for only in what is text by its type, but in text/plain only if that
 * gives a charset: servers give this type to what they do not know.
 *
 * UTF-16 and UTF-32 without a mark are little-endian unless the first character
 * shows otherwise: RFC 2781 would have it the other way round, but what is sent
 * is not.
 */
#include "base.h"

#include "charset.h"

#include "ascii.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What is decoded at once, in bytes of UTF-8. */
#define PIECE 4096

/* Bytes that are needed to tell a mark. */
#define MARK_BYTES 4

#define NAME_CHARS                                             \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789-_:.+"

#define NONE ((iconv_t)-1)

static bool
charset_is(const char *name, const char *const *names)
{
	for (; *names; names++) {
		if (strcasecmp(name, *names) == 0)
			return true;
	}
	return false;
}

static bool
is_utf8(const char *name)
{
	static const char *const names[] = {"utf-8", "utf8", "us-ascii",
		"ascii", "unicode-1-1-utf-8", "x-utf-8", NULL};

	return charset_is(name, names);
}

/* Decoded as the endianness shows that its first character has. */
static bool
is_wide(const char *name, const char *bits)
{
	return strncasecmp(name, "utf", 3) == 0 &&
	       strcasecmp(name + 3 + (name[3] == '-'), bits) == 0;
}

static void
charset_open(struct fp_charset *charset, const char *from)
{
	iconv_t converter = iconv_open("UTF-8", from);

	charset->converter = converter == NONE ? NULL : converter;
}

/* The charset parameter of a Content-Type, without its quotes. A name has
 * letters, digits and a few signs (RFC 2978, section 2.3), not all of them:
 * some mean something to iconv. */
static void
find_charset(const char *type, char *name, size_t size)
{
	const char *at = type;
	size_t n = 0;

	name[0] = '\0';
	while ((at = strchr(at, ';'))) {
		at += 1 + strspn(at + 1, " \t");
		if (strncasecmp(at, "charset=", 8) == 0)
			break;
	}
	if (!at)
		return;
	at += 8;
	at += strspn(at, "\"' \t");
	n = strspn(at, NAME_CHARS);
	if (n >= size || (at[n] && !strchr("\"' \t;,", at[n])))
		return;
	memcpy(name, at, n);
	name[n] = '\0';
}

static bool
type_has(const char *type, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++) {
		if (strncasecmp(type + i, word, n) == 0)
			return true;
	}
	return false;
}

/* Whether a type is text by its name. A charset that servers give to all alike
 * must not spoil a picture. */
static bool
is_text_type(const char *type, size_t len)
{
	static const char *const words[] = {"xml", "json", "javascript",
		"ecmascript", "yaml", "toml", "csv", "urlencoded", "graphql",
		"sql", NULL};

	if (strncasecmp(type, "text/", 5) == 0)
		return true;
	for (const char *const *word = words; *word; word++) {
		if (type_has(type, len, *word))
			return true;
	}
	return false;
}

void
fp_charset_begin(struct fp_charset *charset, const char *type, bool is_json)
{
	size_t len = strcspn(type, "; \t,");

	fp_charset_end(charset);
	charset->name[0] = '\0';
	charset->n_held = 0;
	charset->is_undecided = false;
	charset->shows_zeros = is_json;
	charset->is_web = !is_json && type_has(type, len, "html");
	if (!is_json && !is_text_type(type, len))
		return;
	if (type[len] != '\0')
		find_charset(type + len, charset->name, sizeof(charset->name));
	if (charset->name[0] && is_utf8(charset->name))
		charset->name[0] = '\0';
	bool is_plain = len == 10 && strncasecmp(type, "text/plain", 10) == 0;
	charset->is_undecided = charset->name[0] || !is_plain;
}

bool
fp_charset_look(struct fp_charset *charset, const char *data, size_t len)
{
	bool is_plain = charset->n_held == 0 && !charset->name[0] &&
			len >= MARK_BYTES && (signed char)data[0] > 0 &&
			data[1] != 0;

	charset->is_undecided = !is_plain;
	return !is_plain;
}

void
fp_charset_end(struct fp_charset *charset)
{
	if (charset->converter)
		iconv_close(charset->converter);
	charset->converter = NULL;
	charset->is_undecided = false;
}

struct mark {
	const char *bytes;
	size_t len;
	const char *name;
};

/* NULL: the bytes begin with none. */
static const struct mark *
find_mark(const char *data, size_t len)
{
	static const struct mark marks[] = {
		{"\xff\xfe\0\0", 4, "UTF-32LE"},
		{"\0\0\xfe\xff", 4, "UTF-32BE"},
		{"\xff\xfe", 2, "UTF-16LE"},
		{"\xfe\xff", 2, "UTF-16BE"},
		{"\xef\xbb\xbf", 3, ""},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(marks); i++) {
		if (len >= marks[i].len &&
			memcmp(data, marks[i].bytes, marks[i].len) == 0)
			return &marks[i];
	}
	return NULL;
}

/* By the zero bytes of the first two characters, which are ASCII; NULL: they
 * are not, or there are no two. */
static const char *
find_zeros(const char *data, size_t len)
{
	static const struct {
		bool has_bits[4];
		const char *name;
	} forms[] = {
		{{false, false, false, true}, "UTF-32BE"},
		{{true, false, false, false}, "UTF-32LE"},
		{{false, true, false, true}, "UTF-16BE"},
		{{true, false, true, false}, "UTF-16LE"},
	};

	for (size_t i = 0; len >= 4 && i < FP_ARRAY_LEN(forms); i++) {
		bool fits = true;
		for (size_t k = 0; k < 4; k++)
			fits &= forms[i].has_bits[k] == (data[k] != 0);
		if (fits)
			return forms[i].name;
	}
	return NULL;
}

/* Under which name iconv decodes it. */
static const char *
name_for_iconv(struct fp_charset *charset, const char *data, size_t len)
{
	static const char *const latin[] = {"iso-8859-1", "iso8859-1",
		"iso_8859-1", "latin1", "latin-1", "l1", NULL};
	bool is_big = len >= 2 && !data[0];

	if (is_wide(charset->name, "16"))
		return is_big && data[1] ? "UTF-16BE" : "UTF-16LE";
	if (is_wide(charset->name, "32"))
		return is_big ? "UTF-32BE" : "UTF-32LE";
	if (charset->is_web && charset_is(charset->name, latin))
		return "WINDOWS-1252";
	return charset->name;
}

static void
charset_set_name(struct fp_charset *charset, const char *name)
{
	snprintf(charset->name, sizeof(charset->name), "%s", name);
}

/* By the first bytes: how many of them are a mark. */
static size_t
decide(struct fp_charset *charset, const char *data, size_t len)
{
	const struct mark *mark = find_mark(data, len);
	const char *zeros = NULL;

	charset->is_undecided = false;
	if (mark) {
		charset_set_name(charset, mark->name);
		if (!mark->name[0])
			return 0;
		charset_open(charset, mark->name);
		return mark->len;
	}
	if (charset->name[0] == '\0' && charset->shows_zeros)
		zeros = find_zeros(data, len);
	if (zeros)
		charset_set_name(charset, zeros);
	if (charset->name[0])
		charset_open(charset, name_for_iconv(charset, data, len));
	if (!charset->converter)
		charset->name[0] = '\0';
	return 0;
}

/* Decodes what it can; *len is then what is left. */
static int
decode(struct fp_charset *charset, const char **data, size_t *len,
	struct fp_buf *out)
{
	char piece[PIECE];
	char *in = (char *)*data; /* iconv does not write there */
	int result = 0;
	bool is_more = true;

	while (is_more && result == 0) {
		char *to = piece;
		size_t room = sizeof(piece);
		size_t n = iconv(charset->converter, &in, len, &to, &room);
		int error = errno;
		if (fp_buf_add(out, piece, sizeof(piece) - room)) {
			result = -1;
			break;
		}
		is_more = n == (size_t)-1 && error == E2BIG;
		if (n == (size_t)-1 && error != E2BIG && error != EINVAL) {
			errno = EILSEQ;
			result = -1;
		}
	}
	*data = in;
	return result;
}

/* A character that began in the piece before. */
static int
decode_held(struct fp_charset *charset, const char **data, size_t *len,
	struct fp_buf *out)
{
	while (charset->n_held > 0 && *len > 0) {
		const char *at = charset->held;
		size_t left = charset->n_held + 1;
		if (left > sizeof(charset->held)) {
			errno = EILSEQ;
			return -1;
		}
		charset->held[charset->n_held] = **data;
		++*data;
		--*len;
		if (decode(charset, &at, &left, out))
			return -1;
		memmove(charset->held, at, left);
		charset->n_held = (unsigned)left;
	}
	return 0;
}

static int
convert(struct fp_charset *charset, const char *data, size_t len,
	struct fp_buf *out)
{
	if (!charset->converter)
		return fp_buf_add(out, data, len);
	if (decode_held(charset, &data, &len, out))
		return -1;
	if (len > 0 && decode(charset, &data, &len, out))
		return -1;
	if (len > sizeof(charset->held)) {
		errno = EILSEQ;
		return -1;
	}
	memcpy(charset->held + charset->n_held, data, len);
	charset->n_held += (unsigned)len;
	return 0;
}

/* The first bytes have come, or will not. */
static int
decide_held(struct fp_charset *charset, struct fp_buf *out)
{
	char first[MARK_BYTES];
	size_t len = charset->n_held;

	memcpy(first, charset->held, len);
	charset->n_held = 0;
	size_t skip = decide(charset, first, len);
	return convert(charset, first + skip, len - skip, out);
}

int
fp_charset_feed(struct fp_charset *charset, const char *data, size_t len,
	struct fp_buf *out)
{
	while (charset->is_undecided && len > 0) {
		charset->held[charset->n_held++] = *data++;
		len--;
		if (charset->n_held == MARK_BYTES && decide_held(charset, out))
			return -1;
	}
	return len > 0 ? convert(charset, data, len, out) : 0;
}

int
fp_charset_finish(struct fp_charset *charset, struct fp_buf *out)
{
	char piece[PIECE];
	char *to = piece;
	size_t room = sizeof(piece);

	if (charset->is_undecided && decide_held(charset, out))
		return -1;
	if (charset->n_held > 0) {
		errno = EILSEQ;
		return -1;
	}
	if (!charset->converter)
		return 0;
	/* What a charset with states still holds back. */
	if (iconv(charset->converter, NULL, NULL, &to, &room) == (size_t)-1) {
		errno = EILSEQ;
		return -1;
	}
	return fp_buf_add(out, piece, sizeof(piece) - room);
}
