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

/* What is left of a name that is too long: the beginning of its stem, the hash
 * of all of it, and its ending. */
static void
cut_name(struct made *made, struct fp_text stem, uint64_t hash,
	struct fp_text ending)
{
	char digits[20];
	int n = snprintf(digits, sizeof(digits), "~%016" PRIx64, hash);
	size_t after = (size_t)n + ending.len;

	made->len = 0;
	encode_some(made, stem.data, stem.len, FP_FILENAME_MAX - after);
	memcpy(made->bytes + made->len, digits, (size_t)n);
	memcpy(made->bytes + made->len + n, ending.data, ending.len);
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
	if (made.len > FP_FILENAME_MAX) {
		size_t stem = find_ending(name, len);
		cut_name(&made, (struct fp_text){name, stem},
			fp_hash_bytes(FP_HASH_EMPTY, name, len),
			(struct fp_text){name + stem, len - stem});
	}
	return fp_buf_add(out, made.bytes, made.len);
}

/* ---- names in pieces ---- */

static void
begin_component(struct fp_filename *name)
{
	name->len = 0;
	name->hash = FP_HASH_EMPTY;
}

void
fp_filename_begin(
	struct fp_filename *name, bool has_folders, struct fp_buf *out)
{
	*name = (struct fp_filename){
		.has_folders = has_folders, .out = out, .start = out->len};
	begin_component(name);
}

/* One of which not all is at hand. */
static int
add_long(struct fp_filename *name)
{
	struct made made;
	char tail[FP_FILENAME_TAIL];

	for (size_t i = 0; i < sizeof(tail); i++)
		tail[i] = name->tail[(name->len + i) % sizeof(tail)];
	size_t at = find_ending(tail, sizeof(tail));
	size_t ending = sizeof(tail) - at;
	size_t stem = FP_MIN(name->len - ending, sizeof(name->head));
	cut_name(&made, (struct fp_text){name->head, stem}, name->hash,
		(struct fp_text){tail + at, ending});
	return fp_buf_add(name->out, made.bytes, made.len);
}

static void
end_component(struct fp_filename *name)
{
	if (name->len > sizeof(name->head)
			? add_long(name)
			: fp_filename_encode(name->head, name->len, name->out))
		name->error = errno;
	else if (name->has_folders &&
		 name->out->len - name->start > FP_FILENAME_PATH_MAX)
		name->error = ENAMETOOLONG;
	begin_component(name);
}

static void
filename_take(struct fp_filename *name, char c)
{
	if (c == '/' && name->has_folders) {
		if (!name->has_begun)
			return;
		end_component(name);
		if (!name->error && fp_buf_add_char(name->out, '/'))
			name->error = errno;
		return;
	}
	name->has_begun = true;
	if (name->len < sizeof(name->head))
		name->head[name->len] = c;
	name->tail[name->len % sizeof(name->tail)] = c;
	name->hash = fp_hash_byte(name->hash, (unsigned char)c);
	name->len++;
}

bool
fp_filename_add(struct fp_filename *name, const char *text, size_t len)
{
	for (size_t i = 0; i < len && !name->error; i++) {
		int byte = fp_ascii_decode_percent(text + i, len - i);
		filename_take(name, byte >= 0 ? (char)byte : text[i]);
		i += byte >= 0 ? 2 : 0;
	}
	return !name->error;
}

int
fp_filename_end(struct fp_filename *name)
{
	struct fp_buf *out = name->out;

	if (!name->error)
		end_component(name);
	if (!name->error)
		return 0;
	if (out->data) {
		out->len = name->start;
		out->data[out->len] = '\0';
	}
	errno = name->error;
	return -1;
}

int
fp_filename_from_uri(const char *text, size_t len, struct fp_buf *out)
{
	struct fp_filename name;

	fp_filename_begin(&name, false, out);
	fp_filename_add(&name, text, len);
	return fp_filename_end(&name);
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
