/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ascii.h"
#include "filename.h"
#include "utf8.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* ---- names ---- */

/* Whether a character may stand in a name: nothing that ends a path or a line,
 * that steers a terminal, or that turns the direction in which text is shown
 * (so that "gpj.exe" reads "exe.jpg"): Unicode's Cc, U+2028 to U+202E, and
 * U+2066 to U+2069. */
static bool
filename_is_plain(uint32_t code)
{
	if (code < 0x80)
		return code >= ' ' && code != 0x7f && code != '/' &&
		       code != '%';
	return code >= 0xa0 && (code < 0x2028 || code > 0x202e) &&
	       (code < 0x2066 || code > 0x2069);
}

/* A name in the making. */
struct made {
	size_t len; /* stops growing when it is over the maximum */
	char bytes[FP_FILENAME_MAX + 1];
};

static void
filename_put(struct made *made, char c)
{
	if (made->len < sizeof(made->bytes))
		made->bytes[made->len++] = c;
}

static void
put_encoded(struct made *made, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char byte = (unsigned char)c;

	filename_put(made, '%');
	filename_put(made, digits[byte >> 4]);
	filename_put(made, digits[byte & 15]);
}

int
fp_filename_encode(const char *name, size_t len, struct fp_buf *out)
{
	struct made made = {0};

	for (size_t at = 0; at < len && made.len <= FP_FILENAME_MAX;) {
		uint32_t code;
		size_t n = fp_utf8_next(name + at, len - at, &code);
		bool plain = n > 0 && filename_is_plain(code);
		if (at == 0 && name[0] == '.')
			plain = false;
		for (n += n == 0; n > 0; n--, at++)
			(plain ? filename_put : put_encoded)(&made, name[at]);
	}
	if (made.len == 0 || made.len > FP_FILENAME_MAX) {
		errno = made.len ? ENAMETOOLONG : EINVAL;
		return -1;
	}
	return fp_buf_add(out, made.bytes, made.len);
}

/* The byte that `text` begins with, and how long it is written. */
static char
decode_one(const char *text, size_t len, size_t *n)
{
	int high = len >= 3 ? fp_ascii_hex_value(text[1]) : -1;
	int low = len >= 3 ? fp_ascii_hex_value(text[2]) : -1;

	*n = 1;
	if (text[0] != '%' || high < 0 || low < 0)
		return text[0];
	*n = 3;
	return (char)(high * 16 + low);
}

int
fp_filename_from_uri(const char *text, size_t len, struct fp_buf *out)
{
	struct made decoded = {0};
	size_t n;

	/* What is too long for a name is so when it is encoded again, too. */
	for (size_t at = 0; at < len; at += n)
		filename_put(&decoded, decode_one(text + at, len - at, &n));
	return fp_filename_encode(decoded.bytes, decoded.len, out);
}

bool
fp_filename_is_safe(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= FP_FILENAME_MAX && name[0] != '.' &&
	       !memchr(name, '/', len);
}

/* ---- endings ---- */

/* The first that fits counts. A type that begins with "+" stands for all that
 * end so (RFC 6838, section 4.2.8), one that ends in "/" for all beneath. */
static const struct ending {
	const char *type;
	const char *ending;
} endings[] = {
	{"application/json", ".json"},
	{"text/html", ".html"},
	{"text/plain", ".txt"},
	{"text/json", ".json"},
	{"application/x-ndjson", ".ndjson"},
	{"application/jsonl", ".jsonl"},
	{"application/xml", ".xml"},
	{"text/xml", ".xml"},
	{"application/xhtml+xml", ".xhtml"},
	{"text/csv", ".csv"},
	{"text/tab-separated-values", ".tsv"},
	{"text/markdown", ".md"},
	{"text/css", ".css"},
	{"text/javascript", ".js"},
	{"application/javascript", ".js"},
	{"text/calendar", ".ics"},
	{"text/vcard", ".vcf"},
	{"text/yaml", ".yaml"},
	{"application/yaml", ".yaml"},
	{"application/x-yaml", ".yaml"},
	{"application/rtf", ".rtf"},
	{"application/sql", ".sql"},
	{"image/jpeg", ".jpg"},
	{"image/png", ".png"},
	{"image/gif", ".gif"},
	{"image/webp", ".webp"},
	{"image/avif", ".avif"},
	{"image/svg+xml", ".svg"},
	{"image/tiff", ".tif"},
	{"image/bmp", ".bmp"},
	{"image/x-icon", ".ico"},
	{"image/vnd.microsoft.icon", ".ico"},
	{"audio/mpeg", ".mp3"},
	{"audio/ogg", ".ogg"},
	{"audio/wav", ".wav"},
	{"audio/mp4", ".m4a"},
	{"video/mp4", ".mp4"},
	{"video/webm", ".webm"},
	{"video/mpeg", ".mpeg"},
	{"video/quicktime", ".mov"},
	{"font/woff", ".woff"},
	{"font/woff2", ".woff2"},
	{"application/pdf", ".pdf"},
	{"application/zip", ".zip"},
	{"application/gzip", ".gz"},
	{"application/x-gzip", ".gz"},
	{"application/x-tar", ".tar"},
	{"application/x-bzip2", ".bz2"},
	{"application/x-xz", ".xz"},
	{"application/zstd", ".zst"},
	{"application/x-7z-compressed", ".7z"},
	{"application/epub+zip", ".epub"},
	{"application/wasm", ".wasm"},
	{"application/msword", ".doc"},
	{"application/vnd.ms-excel", ".xls"},
	{"application/vnd.openxmlformats-officedocument.wordprocessingml"
	 ".document",
		".docx"},
	{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		".xlsx"},
	{"+json", ".json"},
	{"+xml", ".xml"},
	{"+zip", ".zip"},
	{"+gzip", ".gz"},
	{"+yaml", ".yaml"},
	{"text/", ".txt"},
};

static bool
fits(const char *pattern, const char *type, size_t len)
{
	size_t n = strlen(pattern);

	if (pattern[0] == '+')
		return len > n && strncasecmp(pattern, type + len - n, n) == 0;
	if (pattern[n - 1] == '/')
		return len > n && strncasecmp(pattern, type, n) == 0;
	return len == n && strncasecmp(pattern, type, n) == 0;
}

const char *
fp_filename_extension(const char *content_type)
{
	const char *type = content_type ? content_type : "";

	type += strspn(type, " \t");
	size_t len = strcspn(type, "; \t");
	for (size_t i = 0; i < FP_ARRAY_LEN(endings); i++) {
		if (fits(endings[i].type, type, len))
			return endings[i].ending;
	}
	return ".bin";
}
