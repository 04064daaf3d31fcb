/* SPDX-License-Identifier: MIT */
/*
 * Of a certificate (RFC 5280, section 4.1) only the way to its subject is gone,
 * past the fields before it. Whether the rest of it is right, OpenSSL sees when
 * it is wanted.
 */
#include "base.h"

#include "bundle.h"

#include "base64.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Systems have a quarter of a MiB. */
#define BUNDLE_BYTES_MAX (16 << 20)

/* Tags of DER (X.690, section 8.1.2). */
#define DER_INTEGER 0x02
#define DER_SEQUENCE 0x30
#define DER_VERSION 0xa0 /* [0] of a TBSCertificate */

struct der {
	const unsigned char *at, *end;
};

void
fp_bundle_init(struct fp_bundle *bundle)
{
	*bundle = (struct fp_bundle){.der = FP_BUF_INIT};
}

void
fp_bundle_destroy(struct fp_bundle *bundle)
{
	fp_buf_destroy(&bundle->der);
	free(bundle->all);
	fp_bundle_init(bundle);
}

/* ---- DER ---- */

/* Takes the next value, which must have this tag, off `in`. */
static bool
der_take(struct der *in, unsigned tag, struct der *content)
{
	if (in->end - in->at < 2 || in->at[0] != tag)
		return false;
	size_t len = in->at[1];
	in->at += 2;
	if (len >= 0x80) {
		size_t n = len - 0x80;
		if (n == 0 || n > 3 || (size_t)(in->end - in->at) < n)
			return false;
		for (len = 0; n > 0; n--)
			len = len << 8 | *in->at++;
	}
	if ((size_t)(in->end - in->at) < len)
		return false;
	*content = (struct der){in->at, in->at + len};
	in->at += len;
	return true;
}

/* Finds the subject's name of a certificate. */
static bool
find_subject(const unsigned char *der, size_t len, struct der *subject)
{
	struct der in = {der, der + len}, certificate, tbs, passed;

	if (!der_take(&in, DER_SEQUENCE, &certificate) || in.at != in.end ||
		!der_take(&certificate, DER_SEQUENCE, &tbs))
		return false;
	der_take(&tbs, DER_VERSION, &passed);
	if (!der_take(&tbs, DER_INTEGER, &passed) || /* serial number */
		!der_take(&tbs, DER_SEQUENCE, &passed) || /* signature */
		!der_take(&tbs, DER_SEQUENCE, &passed) || /* issuer */
		!der_take(&tbs, DER_SEQUENCE, &passed)) /* validity */
		return false;
	subject->at = tbs.at;
	if (!der_take(&tbs, DER_SEQUENCE, &passed))
		return false;
	subject->end = tbs.at;
	return true;
}

static int
bundle_add(struct fp_bundle *bundle, size_t at)
{
	const unsigned char *der = (const unsigned char *)bundle->der.data;
	size_t len = bundle->der.len - at;
	struct der subject;

	if (!find_subject(der + at, len, &subject)) {
		errno = EINVAL;
		return -1;
	}
	if ((bundle->n & (bundle->n - 1)) == 0) {
		struct fp_bundle_entry *more = reallocarray(bundle->all,
			FP_MAX(2 * bundle->n, (size_t)1), sizeof(*more));
		if (!more)
			return -1;
		bundle->all = more;
	}
	bundle->all[bundle->n++] = (struct fp_bundle_entry){
		.at = at,
		.len = len,
		.subject_at = (size_t)(subject.at - der),
		.subject_len = (size_t)(subject.end - subject.at),
	};
	return 0;
}

/* ---- PEM ---- */

/* The next line, without what is white at its end; false: there is none. */
static bool
next_line(const char **at, const char *end, struct fp_text *line)
{
	if (*at == end)
		return false;
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	const char *stop = newline ? newline : end;
	line->data = *at;
	while (stop > *at && strchr(" \t\r", stop[-1]) && stop[-1] != '\0')
		stop--;
	line->len = (size_t)(stop - *at);
	*at = newline ? newline + 1 : end;
	return true;
}

static bool
is_line(const struct fp_text *line, const char *text, size_t len)
{
	return line->len == len && memcmp(line->data, text, len) == 0;
}

/* Takes a certificate that begins at *at, up to the line with its end. */
static int
take_certificate(struct fp_bundle *bundle, struct fp_buf *base64,
	const char **at, const char *end)
{
	static const char last[] = "-----END CERTIFICATE-----";
	size_t start = bundle->der.len;
	struct fp_text line;

	base64->len = 0;
	while (next_line(at, end, &line)) {
		if (is_line(&line, last, sizeof(last) - 1))
			return fp_base64_decode(base64->data, base64->len,
				       &bundle->der) == 0
				       ? bundle_add(bundle, start)
				       : -1;
		if (fp_buf_add(base64, line.data, line.len))
			return -1;
	}
	errno = EINVAL;
	return -1;
}

static int
parse_all(struct fp_bundle *bundle, struct fp_buf *base64, const char *text,
	size_t len)
{
	static const char begin[] = "-----BEGIN ";
	static const char first[] = "-----BEGIN CERTIFICATE-----";
	const char *end = text + len;
	struct fp_text line;

	if (memchr(text, '\0', len)) {
		errno = EINVAL;
		return -1;
	}
	while (next_line(&text, end, &line)) {
		if (!memmem(line.data, line.len, begin, sizeof(begin) - 1))
			continue;
		/* Behind a byte-order mark OpenSSL finds it as well. */
		if (!is_line(&line, first, sizeof(first) - 1)) {
			errno = EINVAL;
			return -1;
		}
		if (take_certificate(bundle, base64, &text, end))
			return -1;
	}
	errno = EINVAL;
	return bundle->n > 0 ? 0 : -1;
}

int
fp_bundle_parse(struct fp_bundle *bundle, const char *text, size_t len)
{
	struct fp_buf base64 = FP_BUF_INIT;
	int ret = parse_all(bundle, &base64, text, len);
	int err = errno;

	fp_buf_destroy(&base64);
	if (ret)
		fp_bundle_destroy(bundle);
	errno = err;
	return ret;
}

/* ---- the file ---- */

static int
bundle_read_all(int fd, struct fp_buf *text)
{
	for (;;) {
		if (text->len > BUNDLE_BYTES_MAX) {
			errno = EINVAL;
			return -1;
		}
		if (fp_buf_reserve(text, 65536))
			return -1;
		ssize_t n = read(fd, text->data + text->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		text->len += (size_t)n;
	}
}

int
fp_bundle_read(struct fp_bundle *bundle, const char *path)
{
	struct fp_buf text = FP_BUF_INIT;
	struct stat st;

	/* What can be read once is not touched. */
	if (stat(path, &st))
		return -1;
	int fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0) {
		errno = S_ISREG(st.st_mode) ? errno : EINVAL;
		return -1;
	}
	int ret = bundle_read_all(fd, &text);
	if (ret == 0)
		ret = fp_bundle_parse(bundle, text.data, text.len);
	int err = errno;
	fp_buf_destroy(&text);
	close(fd);
	errno = err;
	return ret;
}
