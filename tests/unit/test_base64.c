/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "base64.h"
#include "tap.h"

#include <errno.h>

/* The vectors of RFC 4648, section 10, and bytes of all kinds. */
static void
both_ways(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {{"", 0, ""}, {"f", 1, "Zg=="}, {"fo", 2, "Zm8="},
		{"foo", 3, "Zm9v"}, {"foob", 4, "Zm9vYg=="},
		{"fooba", 5, "Zm9vYmE="}, {"foobar", 6, "Zm9vYmFy"},
		{"\0\xff\xfe", 3, "AP/+"}, {"\xfb\xf0", 2, "+/A="}};
	struct fp_buf out = FP_BUF_INIT;

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		fp_buf_clear(&out, 0);
		CHECK(fp_base64_encode(cases[i].bytes, cases[i].len, &out) ==
			0);
		CHECK_TEXT(fp_buf_text(&out), cases[i].text);
		fp_buf_clear(&out, 0);
		CHECK(fp_base64_decode(
			      cases[i].text, strlen(cases[i].text), &out) == 0);
		CHECK(out.len == cases[i].len);
		CHECK(out.len == 0 ||
			memcmp(out.data, cases[i].bytes, out.len) == 0);
	}
	fp_buf_destroy(&out);
}

static void
no_base64(void)
{
	static const char *const texts[] = {"Z", "Zg",
		"Zg=", "Zg===", "Z===", "====", "Zm9v\n", "Zm9v Zm9", "Zm-_",
		"Zg==Zg==", "Zh==", "Zm9=", "Z=9v", "=m9v"};
	struct fp_buf out = FP_BUF_INIT;

	CHECK(fp_buf_add_text(&out, "as it was") == 0);
	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		errno = 0;
		CHECK(fp_base64_decode(texts[i], strlen(texts[i]), &out) ==
				-1 &&
			errno == EINVAL && out.len == 9);
	}
	CHECK(fp_base64_decode("Z\0==", 4, &out) == -1);
	fp_buf_destroy(&out);
}

int
main(void)
{
	run("there and back", both_ways);
	run("what is no base64", no_base64);
	return done();
}
