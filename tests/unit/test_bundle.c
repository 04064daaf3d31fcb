/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "base64.h"
#include "bundle.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"

static struct fp_bundle bundle;

/* Parses it from a block of just its size, so that nothing beyond is read. */
static int
parse(const char *text, size_t len)
{
	char *copy = malloc(len + !len);

	FP_ASSERT(copy);
	memcpy(copy, text, len);
	fp_bundle_destroy(&bundle);
	errno = 0;
	int ret = fp_bundle_parse(&bundle, copy, len);
	free(copy);
	return ret;
}

static bool
is_refused(const char *text, size_t len)
{
	return parse(text, len) == -1 && errno == EINVAL && bundle.n == 0 &&
	       bundle.der.len == 0;
}

/* What stands for a certificate: the fields up to the subject, which is 0x30
 * and one letter, and one after it. */
static const char with_version[] =
	"\x30\x17\x30\x15\xa0\x03\x02\x01\x02\x02\x01\x07\x30\x00\x30\x00\x30"
	"\x00\x30\x03\x0c\x01V\x30\x00";
static const char endless[] =
	"\x30\x81\x13\x30\x82\x00\x0f\x02\x01\x07\x30\x00\x30\x00\x30\x00\x30"
	"\x84"; /* a length that is too long to be one */
static const char short_one[] =
	"\x30\x81\x12\x30\x10\x02\x01\x07\x30\x00\x30\x00\x30\x00\x30\x03\x0c"
	"\x01S\x30\x00";

static void
add_pem(struct fp_buf *out, const char *der, size_t len, const char *newline)
{
	struct fp_buf base64 = FP_BUF_INIT;

	FP_ASSERT(fp_base64_encode(der, len, &base64) == 0);
	FP_ASSERT(fp_buf_printf(
			  out, "-----BEGIN CERTIFICATE-----%s", newline) == 0);
	for (size_t i = 0; i < base64.len; i += 16)
		FP_ASSERT(fp_buf_printf(out, "%.*s%s",
				  (int)FP_MIN(base64.len - i, (size_t)16),
				  base64.data + i, newline) == 0);
	FP_ASSERT(fp_buf_printf(out, "-----END CERTIFICATE-----%s", newline) ==
		  0);
	fp_buf_destroy(&base64);
}

static bool
has(size_t i, const char *der, size_t len, const char *subject)
{
	const struct fp_bundle_entry *at = &bundle.all[i];

	return i < bundle.n && at->len == len &&
	       memcmp(bundle.der.data + at->at, der, len) == 0 &&
	       at->subject_len == strlen(subject) &&
	       memcmp(bundle.der.data + at->subject_at, subject,
		       at->subject_len) == 0;
}

static void
found(void)
{
	static const char *const newlines[] = {"\n", "\r\n", " \t\n"};
	struct fp_buf text = FP_BUF_INIT;

	for (size_t i = 0; i < FP_ARRAY_LEN(newlines); i++) {
		fp_buf_clear(&text, 0);
		CHECK(fp_buf_add_text(&text, "# Authorities\n\n") == 0);
		for (int n = 0; n < 5; n++) {
			add_pem(&text, with_version, sizeof(with_version) - 1,
				newlines[i]);
			CHECK(fp_buf_add_text(&text, "another:\n") == 0);
			add_pem(&text, short_one, sizeof(short_one) - 1,
				newlines[i]);
		}
		CHECK(parse(text.data, text.len) == 0 && bundle.n == 10);
		for (size_t n = 0; n < 10; n += 2) {
			CHECK(has(n, with_version, sizeof(with_version) - 1,
				"0\3\14\1V"));
			CHECK(has(n + 1, short_one, sizeof(short_one) - 1,
				"0\3\14\1S"));
		}
		/* The last line may lack its end. */
		CHECK(parse(text.data, text.len - strlen(newlines[i])) == 0);
	}
	fp_buf_destroy(&text);
	fp_bundle_destroy(&bundle);
}

static void
not_found(void)
{
	static const char *const texts[] = {"", "no certificate\n", BEGIN,
		BEGIN END, BEGIN "MAA=\n", BEGIN "MAA=\n" END,
		BEGIN "no base64!\n" END, BEGIN "MAA\n" END,
		"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
		"-----BEGIN TRUSTED CERTIFICATE-----\n"};
	struct fp_buf text = FP_BUF_INIT;

	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		CHECK(is_refused(texts[i], strlen(texts[i])));
		if (i < 2)
			continue;
		/* Nor with one that is good, before it or after. */
		fp_buf_clear(&text, 0);
		add_pem(&text, short_one, sizeof(short_one) - 1, "\n");
		CHECK(fp_buf_add_text(&text, texts[i]) == 0);
		CHECK(is_refused(text.data, text.len));
		fp_buf_clear(&text, 0);
		CHECK(fp_buf_add_text(&text, texts[i]) == 0);
		add_pem(&text, short_one, sizeof(short_one) - 1, "\n");
		CHECK(is_refused(text.data, text.len));
	}
	fp_buf_clear(&text, 0);
	add_pem(&text, endless, sizeof(endless) - 1, "\n");
	CHECK(is_refused(text.data, text.len));
	fp_buf_destroy(&text);
}

/* What OpenSSL may read in another way: as a certificate that is passed over
 * here, or not as one that is found here. */
static void
in_doubt(void)
{
	static const struct {
		const char *before, *after;
		size_t before_len, after_len;
	} all[] = {
		{"\xef\xbb\xbf", "", 3, 0},
		{" ", "", 1, 0},
		{"# ", "", 2, 0},
		{"\0\n", "", 2, 0},
		{"", "\0\n", 0, 2},
		{"", "-----END CERTIFICATE----- junk\n", 0, 31},
	};
	struct fp_buf text = FP_BUF_INIT;

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++) {
		fp_buf_clear(&text, 0);
		CHECK(fp_buf_add(&text, all[i].before, all[i].before_len) == 0);
		add_pem(&text, short_one, sizeof(short_one) - 1, "\n");
		if (i == FP_ARRAY_LEN(all) - 1)
			text.len -= strlen(END);
		CHECK(fp_buf_add(&text, all[i].after, all[i].after_len) == 0);
		add_pem(&text, with_version, sizeof(with_version) - 1, "\n");
		CHECK(is_refused(text.data, text.len));
	}
	fp_buf_destroy(&text);
}

/* Cut anywhere, and with any byte another one, it is refused or has its
 * subject within itself. */
static void
broken(void)
{
	char der[sizeof(with_version) - 1];
	struct fp_buf text = FP_BUF_INIT;

	for (size_t len = 0; len < sizeof(der); len++) {
		fp_buf_clear(&text, 0);
		add_pem(&text, with_version, len, "\n");
		CHECK(is_refused(text.data, text.len));
	}
	for (size_t i = 0; i < sizeof(der) * 256; i++) {
		memcpy(der, with_version, sizeof(der));
		der[i / 256] = (char)(i % 256);
		fp_buf_clear(&text, 0);
		add_pem(&text, der, sizeof(der), "\n");
		if (parse(text.data, text.len) == 0)
			CHECK(bundle.n == 1 &&
				bundle.all[0].subject_at +
						bundle.all[0].subject_len <=
					sizeof(der));
	}
	fp_buf_destroy(&text);
	fp_bundle_destroy(&bundle);
}

static void
files(void)
{
	char path[] = "/tmp/test_bundle.XXXXXX";
	struct fp_buf text = FP_BUF_INIT;
	int fd = mkstemp(path);

	FP_ASSERT(fd >= 0);
	CHECK(fp_bundle_read(&bundle, path) == -1 && errno == EINVAL);
	for (int i = 0; i < 3000; i++)
		add_pem(&text, with_version, sizeof(with_version) - 1, "\n");
	FP_ASSERT(write(fd, text.data, text.len) == (ssize_t)text.len);
	CHECK(fp_bundle_read(&bundle, path) == 0 && bundle.n == 3000);
	CHECK(has(2999, with_version, sizeof(with_version) - 1, "0\3\14\1V"));
	fp_bundle_destroy(&bundle);
	FP_ASSERT(ftruncate(fd, 17 << 20) == 0);
	CHECK(fp_bundle_read(&bundle, path) == -1 && errno == EINVAL);
	close(fd);
	unlink(path);
	CHECK(fp_bundle_read(&bundle, path) == -1 && errno == ENOENT);
	CHECK(fp_bundle_read(&bundle, "/tmp") == -1 && errno == EINVAL);
	/* One that would be waited for. */
	FP_ASSERT(mkfifo(path, 0600) == 0);
	CHECK(fp_bundle_read(&bundle, path) == -1 && errno == EINVAL);
	unlink(path);
	fp_buf_destroy(&text);
}

int
main(void)
{
	fp_bundle_init(&bundle);
	run("certificates, among other text", found);
	run("what else is in a file", not_found);
	run("what OpenSSL may read in another way", in_doubt);
	run("certificates that are none", broken);
	run("files", files);
	return done();
}
