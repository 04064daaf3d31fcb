/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "filename.h"
#include "tap.h"
#include "utf8.h"

#include <errno.h>
#include <stdio.h>

typedef int encoder(const char *name, size_t len, struct fp_buf *out);

/* The name in a block of just its size becomes this; or errno as a text. */
static const char *
become(encoder *encode, const char *name, size_t len)
{
	static struct fp_buf out;
	char *copy = malloc(FP_MAX(len, 1));

	if (!copy || fp_buf_set(&out, "D/", 2))
		abort();
	memcpy(copy, name, len);
	errno = 0;
	int ret = encode(copy, len, &out);
	free(copy);
	if (ret == 0)
		return out.data + 2;
	CHECK(ret == -1 && out.len == 2 && strcmp(out.data, "D/") == 0);
	return strerror(errno);
}

#define NAME(literal) become(fp_filename_encode, literal, sizeof(literal) - 1)
#define URI(literal) become(fp_filename_from_uri, literal, sizeof(literal) - 1)

#define STAYS(literal) CHECK_TEXT(NAME(literal), literal)
#define BECOMES(literal, expected) CHECK_TEXT(NAME(literal), expected)

static void
ordinary_names(void)
{
	STAYS("1");
	STAYS("1.json");
	STAYS("photo 1.jpg");
	STAYS("\xc3\xa4.json");
	STAYS("\xe6\x97\xa5\xe6\x9c\xac.txt");
	STAYS("\xf0\x9f\x98\x80");
	STAYS("a..b.tar.gz");
	STAYS("-_.~!@#$^&*()+=[]{}|\\:;\"'<>,?`");
	STAYS(" a ");
	STAYS("a.");
	STAYS("con");
}

static void
ways_out(void)
{
	BECOMES(".", "%2E");
	BECOMES("..", "%2E.");
	BECOMES("...", "%2E..");
	BECOMES("../x", "%2E.%2Fx");
	BECOMES("/etc/passwd", "%2Fetc%2Fpasswd");
	BECOMES("a/../../b", "a%2F..%2F..%2Fb");
	BECOMES("/", "%2F");
	BECOMES(".hidden", "%2Ehidden");
	BECOMES("a/.hidden", "a%2F.hidden");
	BECOMES(".fetchpool-0123456789abcdef.part",
		"%2Efetchpool-0123456789abcdef.part");
	CHECK_TEXT(NAME(""), strerror(EINVAL));
}

static void
unsafe_bytes(void)
{
	BECOMES("a\0b", "a%00b");
	BECOMES("\n\t\x1b[31m\x7f", "%0A%09%1B[31m%7F");
	BECOMES("100%", "100%25");
	BECOMES("%2F", "%252F");
	BECOMES("\xff", "%FF");
	BECOMES("a\xc3", "a%C3");
	BECOMES("\xc3\x28", "%C3(");
	BECOMES("\xc0\xaf\xc0\xae", "%C0%AF%C0%AE"); /* overlong / and . */
	BECOMES("\xed\xa0\x80", "%ED%A0%80");
	BECOMES("\xe2\x82", "%E2%82");
	BECOMES("\xc2\x85\xc2\x9b", "%C2%85%C2%9B");
	STAYS("\xc2\xa0");
	BECOMES("\xe2\x80\xa8\xe2\x80\xa9", "%E2%80%A8%E2%80%A9");
	BECOMES("\xe2\x80\xaegpj.exe", "%E2%80%AEgpj.exe");
	BECOMES("\xe2\x81\xa6\xe2\x81\xa9", "%E2%81%A6%E2%81%A9");
	STAYS("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa");
}

/* What every name must be, whatever it was made of. */
static bool
is_safe(const char *name)
{
	size_t len = strlen(name);

	if (!fp_filename_is_safe(name) || !fp_utf8_valid(name, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	}
	return len > 0 && len <= 255 && name[0] != '.' && !strchr(name, '/');
}

/* All names of up to three of these bytes: safe, and no two the same, for
 * decoding gives each back. */
static void
no_two_alike(void)
{
	static const char bytes[] = "./%2E5eF\0\n a\xc3\xa4\xe2\x80\xae\xff";
	const size_t n_bytes = sizeof(bytes) - 1;
	unsigned wrong = 0;

	for (size_t number = 0; number < n_bytes * n_bytes * n_bytes * 3;
		number++) {
		char name[3];
		size_t rest = number / 3;
		size_t len = 1 + number % 3;
		struct fp_buf out = FP_BUF_INIT, back = FP_BUF_INIT;
		for (size_t i = 0; i < 3; i++) {
			name[i] = bytes[rest % n_bytes];
			rest /= n_bytes;
		}
		if (fp_filename_encode(name, len, &out))
			abort();
		wrong += !is_safe(out.data);
		for (size_t i = 0; i < out.len; i++) {
			unsigned byte = (unsigned char)out.data[i];
			if (byte == '%') {
				wrong += sscanf(out.data + i + 1, "%2X",
						 &byte) != 1;
				i += 2;
			}
			fp_buf_add_char(&back, (char)byte);
		}
		wrong += back.len != len || memcmp(back.data, name, len) != 0;
		fp_buf_destroy(&out);
		fp_buf_destroy(&back);
	}
	CHECK(wrong == 0);
}

/* One that is cut: so many bytes, a hash, and this ending. */
static bool
is_cut(const char *name, size_t stem, const char *ending)
{
	size_t len = strlen(name);
	size_t hashed = stem + 17;

	return len <= FP_FILENAME_MAX && len == hashed + strlen(ending) &&
	       name[stem] == '~' &&
	       strspn(name + stem + 1, "0123456789abcdef") >= 16 &&
	       strcmp(name + hashed, ending) == 0;
}

static void
long_names(void)
{
	char name[1000], expected[1000], first[300];

	memset(name, 'a', sizeof(name));
	memset(expected, 'a', sizeof(expected));
	expected[255] = '\0';
	CHECK_TEXT(become(fp_filename_encode, name, 255), expected);
	CHECK_TEXT(become(fp_filename_from_uri, name, 255), expected);
	for (size_t len = 256; len < sizeof(name); len++) {
		snprintf(first, sizeof(first), "%s",
			become(fp_filename_encode, name, len));
		CHECK(is_cut(first, 238, ""));
		CHECK_TEXT(become(fp_filename_from_uri, name, len), first);
		/* Another length is another name. */
		CHECK(strcmp(first, become(fp_filename_encode, name, len - 1)));
	}
	/* It is the length of what comes out that counts. */
	name[252] = '/';
	memcpy(expected + 252, "%2F", 3);
	CHECK_TEXT(become(fp_filename_encode, name, 253), expected);
	CHECK(is_cut(become(fp_filename_encode, name, 254), 238, ""));
	/* And no character is cut in the middle to make it fit. */
	memcpy(name + 236, "\xe2\x82\xac", 3);
	CHECK(is_cut(become(fp_filename_encode, name, 256), 236, ""));
	memcpy(name + 236, "%%%", 3);
	CHECK(is_cut(become(fp_filename_encode, name, 256), 236, ""));
	/* An ending stays, if it is one. */
	memset(name, 'a', sizeof(name));
	memcpy(name + 295, ".json", 5);
	CHECK(is_cut(become(fp_filename_encode, name, 300), 233, ".json"));
	memcpy(name + 295, ".js/n", 5);
	CHECK(is_cut(become(fp_filename_encode, name, 300), 238, ""));
	memset(name, 'a', sizeof(name));
	name[280] = '.';
	CHECK(is_cut(become(fp_filename_encode, name, 300), 238, ""));
	for (size_t i = 0; i < 255; i++)
		memcpy(name + 3 * i, "%61", 3);
	memset(expected, 'a', 255);
	CHECK_TEXT(become(fp_filename_from_uri, name, 3 * 255), expected);
}

static int
path_from_uri(const char *text, size_t len, struct fp_buf *out)
{
	struct fp_filename name;

	fp_filename_begin(&name, true, out);
	fp_filename_add(&name, text, len);
	return fp_filename_end(&name);
}

#define PATH(literal) become(path_from_uri, literal, sizeof(literal) - 1)

static void
paths(void)
{
	char name[5000];

	CHECK_TEXT(PATH("a"), "a");
	CHECK_TEXT(PATH("a/b/c.txt"), "a/b/c.txt");
	CHECK_TEXT(PATH("a%2Fb"), "a/b");
	CHECK_TEXT(PATH("//a/b"), "a/b");
	CHECK_TEXT(PATH("a%20b/%C3%A9"), "a b/é");
	CHECK_TEXT(PATH("../a/../.b/./c"), "%2E./a/%2E./%2Eb/%2E/c");
	CHECK_TEXT(PATH("%2e%2e/%2e%2e%2fx"), "%2E./%2E./x");
	CHECK_TEXT(PATH(""), strerror(EINVAL));
	CHECK_TEXT(PATH("/"), strerror(EINVAL));
	CHECK_TEXT(PATH("a/"), strerror(EINVAL));
	CHECK_TEXT(PATH("a//b"), strerror(EINVAL));
	for (size_t i = 0; i + 1 < sizeof(name); i += 2)
		memcpy(name + i, "a/", 2);
	CHECK(strlen(become(path_from_uri, name, 3999)) == 3999);
	CHECK_TEXT(become(path_from_uri, name, 4001), strerror(ENAMETOOLONG));
	CHECK(fp_filename_is_safe_path("a/b"));
	CHECK(!fp_filename_is_safe_path("/a") &&
		!fp_filename_is_safe_path("a/") &&
		!fp_filename_is_safe_path("a/../b") &&
		!fp_filename_is_safe_path("") &&
		!fp_filename_is_safe_path("a//b"));
}

static void
from_uris(void)
{
	CHECK_TEXT(URI("photo%201.jpg"), "photo 1.jpg");
	CHECK_TEXT(URI("%C3%A4.json"), "\xc3\xa4.json");
	CHECK_TEXT(URI("%c3%a4"), "\xc3\xa4");
	CHECK_TEXT(URI("%39%5A%4f%6F"), "9ZOo");
	CHECK_TEXT(URI("%2E%2E%2Fx"), "%2E.%2Fx");
	CHECK_TEXT(URI("..%2Fx"), "%2E.%2Fx");
	CHECK_TEXT(URI("a/b"), "a%2Fb");
	CHECK_TEXT(URI("100%25"), "100%25");
	CHECK_TEXT(URI("%252F"), "%252F");
	CHECK_TEXT(URI("%00%ff"), "%00%FF");
	CHECK_TEXT(URI("%"), "%25");
	CHECK_TEXT(URI("a%4"), "a%254");
	CHECK_TEXT(URI("%4g%g4%4"), "%254g%25g4%254");
	CHECK_TEXT(
		URI("%4:%:4%/4%4@%4G%4`"), "%254:%25:4%25%2F4%254@%254G%254`");
	CHECK_TEXT(URI("a+b"), "a+b");
	CHECK_TEXT(URI(""), strerror(EINVAL));
}

static void
safe_names(void)
{
	char name[300];

	CHECK(fp_filename_is_safe("a"));
	CHECK(fp_filename_is_safe("a.b"));
	CHECK(!fp_filename_is_safe(""));
	CHECK(!fp_filename_is_safe("."));
	CHECK(!fp_filename_is_safe(".."));
	CHECK(!fp_filename_is_safe(".a"));
	CHECK(!fp_filename_is_safe("/a"));
	CHECK(!fp_filename_is_safe("a/"));
	CHECK(!fp_filename_is_safe("a/b"));
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	CHECK(fp_filename_is_safe(name));
	name[255] = 'a';
	name[256] = '\0';
	CHECK(!fp_filename_is_safe(name));
}

#define ENDING(type, expected) \
	CHECK_TEXT(fp_filename_extension(type), (expected))

static void
extensions(void)
{
	ENDING("application/json", ".json");
	ENDING("application/json; charset=utf-8", ".json");
	ENDING("Application/JSON;charset=utf-8", ".json");
	ENDING(" text/html ", ".html");
	ENDING("text/html\t; a=b", ".html");
	ENDING("text/plain", ".txt");
	ENDING("text/csv; header=present", ".csv");
	ENDING("text/x-python", ".txt");
	ENDING("image/jpeg", ".jpg");
	ENDING("image/png", ".png");
	ENDING("image/svg+xml", ".svg");
	ENDING("application/pdf", ".pdf");
	ENDING("application/xml", ".xml");
	ENDING("application/gzip", ".gz");
	ENDING("application/problem+json", ".json");
	ENDING("application/atom+XML; type=feed", ".xml");
	ENDING("application/vnd.api+json;v=1", ".json");
	ENDING("application/octet-stream", ".bin");
	ENDING("application/jsonx", ".bin");
	ENDING("application/jso", ".bin");
	ENDING("video/x-unknown", ".bin");
	ENDING("+json", ".bin");
	ENDING("json", ".bin");
	ENDING("text/", ".bin");
	ENDING("text", ".bin");
	ENDING("", ".bin");
	ENDING(";", ".bin");
	ENDING("../../x", ".bin");
	ENDING(NULL, ".bin");
}

/* Cut anywhere, and long before and after that. */
static void
in_pieces(void)
{
	char text[3000];
	const size_t lens[] = {4, 200, 254, 255, 256, 257, 271, 272, 600, 1500};

	for (size_t i = 0; i < FP_ARRAY_LEN(lens) * 2; i++) {
		for (size_t k = 0; k < sizeof(text); k++)
			text[k] = "abc.\xc3\xa4/-"[k * (k < 700 ? 5 : 7) %
						   (k < 700 ? 6 : 8)];
		bool has_folders = i % 2;
		size_t len = lens[i / 2];
		struct fp_buf whole = FP_BUF_INIT, pieces = FP_BUF_INIT;
		struct fp_filename name;
		memcpy(text + len - 4, i % 4 < 2 ? "y.gz" : "yyyy", 4);
		CHECK((has_folders ? path_from_uri : fp_filename_from_uri)(
			      text, len, &whole) == 0);
		fp_filename_begin(&name, has_folders, &pieces);
		for (size_t at = 0, n; at < len; at += n) {
			n = FP_MIN(len - at, at % 37 + 1);
			CHECK(fp_filename_add(&name, text + at, n));
		}
		CHECK(fp_filename_end(&name) == 0);
		CHECK_TEXT(pieces.data, whole.data);
		fp_buf_destroy(&whole);
		fp_buf_destroy(&pieces);
	}
}

/* What has failed needs no more, and leaves nothing. */
static void
bad_pieces(void)
{
	struct fp_buf out = FP_BUF_INIT;
	struct fp_filename name;

	fp_buf_set(&out, "D", 1);
	fp_filename_begin(&name, true, &out);
	CHECK(fp_filename_add(&name, "a/b", 3));
	CHECK(!fp_filename_add(&name, "//c", 3));
	CHECK(!fp_filename_add(&name, "d", 1));
	CHECK(fp_filename_end(&name) == -1 && errno == EINVAL);
	CHECK_TEXT(out.data, "D");
	fp_filename_begin(&name, true, &out);
	for (int i = 0; i < 4000; i++)
		fp_filename_add(&name, "a/", 2);
	CHECK(fp_filename_end(&name) == -1 && errno == ENAMETOOLONG);
	CHECK_TEXT(out.data, "D");
	fp_buf_destroy(&out);
}

int
main(void)
{
	run("ordinary names stay as they are", ordinary_names);
	run("no name leads out of its folder or is hidden", ways_out);
	run("what is not safe is encoded", unsafe_bytes);
	run("no two names become one", no_two_alike);
	run("a name has its longest", long_names);
	run("names with folders", paths);
	run("expanded templates are names too", from_uris);
	run("a name in pieces is that of the whole", in_pieces);
	run("pieces that make no name leave none", bad_pieces);
	run("what is safe can be asked for", safe_names);
	run("a type has its ending", extensions);
	return done();
}
