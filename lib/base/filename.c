/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ascii.h"
#include "filename.h"
#include "hash.h"
#include "utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Of an ending that is kept of a long name, with its dot. */
#define ENDING_MAX 16

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

/* Encodes one character; gives its length before that. */
static size_t
encode_one(struct made *made, const char *at, size_t len, bool is_first)
{
	uint32_t code;
	size_t n = fp_utf8_next(at, len, &code);
	bool plain =
		n > 0 && filename_is_plain(code) && !(is_first && at[0] == '.');

	n += n == 0;
	for (size_t i = 0; i < n; i++)
		(plain ? filename_put : put_encoded)(made, at[i]);
	return n;
}

/* As much of a name as there is room for, in whole characters. */
static void
encode_some(struct made *made, const char *name, size_t len, size_t max)
{
	for (size_t at = 0, n; at < len; at += n) {
		size_t before = made->len;
		n = encode_one(made, name + at, len - at, at == 0);
		if (made->len > max) {
			made->len = before;
			return;
		}
	}
}

/* Where the ending of a name begins that is not too long for one; its length,
 * if it has none. */
static size_t
find_ending(const char *name, size_t len)
{
	for (size_t n = 2; n <= ENDING_MAX && n < len; n++) {
		char c = name[len - n + 1];
		if (!fp_ascii_is_alnum(c))
			break;
		if (name[len - n] == '.')
			return len - n;
	}
	return len;
}

static void
cut_name(struct made *made, const char *name, size_t len)
{
	size_t stem = find_ending(name, len);
	char hash[20];
	int n = snprintf(hash, sizeof(hash), "~%016" PRIx64,
		fp_hash_bytes(FP_HASH_EMPTY, name, len));
	size_t after = (size_t)n + (len - stem);

	made->len = 0;
	encode_some(made, name, stem, FP_FILENAME_MAX - after);
	memcpy(made->bytes + made->len, hash, (size_t)n);
	memcpy(made->bytes + made->len + n, name + stem, len - stem);
	made->len += after;
}

int
fp_filename_encode(const char *name, size_t len, struct fp_buf *out)
{
	struct made made = {0};

	for (size_t at = 0; at < len && made.len <= FP_FILENAME_MAX;)
		at += encode_one(&made, name + at, len - at, at == 0);
	if (made.len == 0) {
		errno = EINVAL;
		return -1;
	}
	if (made.len > FP_FILENAME_MAX)
		cut_name(&made, name, len);
	return fp_buf_add(out, made.bytes, made.len);
}

int
fp_filename_from_uri(const char *text, size_t len, struct fp_buf *out)
{
	struct fp_buf name = FP_BUF_INIT;
	int ret = fp_buf_add_decoded(&name, text, len);

	if (ret == 0)
		ret = fp_filename_encode(fp_buf_text(&name), name.len, out);
	fp_buf_destroy(&name);
	return ret;
}

/* Each component of a name for itself. */
static int
encode_path(const char *name, size_t len, struct fp_buf *out)
{
	const char *end = name + len;
	size_t start = out->len;

	while (name < end && *name == '/')
		name++;
	for (;;) {
		const char *slash = memchr(name, '/', (size_t)(end - name));
		size_t n = (size_t)((slash ? slash : end) - name);
		if (fp_filename_encode(name, n, out))
			return -1;
		if (out->len - start > FP_FILENAME_PATH_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (!slash)
			return 0;
		if (fp_buf_add_char(out, '/'))
			return -1;
		name = slash + 1;
	}
}

int
fp_filename_path_from_uri(const char *text, size_t len, struct fp_buf *out)
{
	struct fp_buf name = FP_BUF_INIT;
	size_t start = out->len;
	int ret = fp_buf_add_decoded(&name, text, len);

	if (ret == 0)
		ret = encode_path(fp_buf_text(&name), name.len, out);
	if (ret && out->data) {
		out->len = start;
		out->data[start] = '\0';
	}
	fp_buf_destroy(&name);
	return ret;
}

static bool
is_safe(const char *name, size_t len)
{
	return len > 0 && len <= FP_FILENAME_MAX && name[0] != '.';
}

bool
fp_filename_is_safe_path(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");
		if (!is_safe(path, len))
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
}

bool
fp_filename_is_safe(const char *name)
{
	size_t len = strlen(name);

	return is_safe(name, len) && !memchr(name, '/', len);
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
