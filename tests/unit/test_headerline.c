/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "headerline.h"
#include "tap.h"

#define TEXT(literal) ((struct fp_text){literal, sizeof(literal) - 1})

static void
tokens(void)
{
	static const char all[] =
		"!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"^_`abcdefghijklmnopqrstuvwxyz|~";

	CHECK(fp_headerline_is_token(TEXT("GET")));
	CHECK(fp_headerline_is_token(TEXT("X-Api_Key.2")));
	CHECK(fp_headerline_is_token(TEXT(all)));
	CHECK(!fp_headerline_is_token(TEXT("")));
	CHECK(!fp_headerline_is_token(TEXT("GET /x")));
	CHECK(!fp_headerline_is_token(TEXT("Host:")));
	CHECK(!fp_headerline_is_token(TEXT("a\0")));
	CHECK(!fp_headerline_is_token(TEXT("\xc3\xa4")));
	for (int c = 0; c < 256; c++) {
		char one = (char)c;
		bool is_one = c != 0 && strchr(all, c);
		CHECK(fp_headerline_is_token((struct fp_text){&one, 1}) ==
			is_one);
	}
}

static void
values(void)
{
	CHECK(fp_headerline_is_value(TEXT("")));
	CHECK(fp_headerline_is_value(TEXT("text/html; q=\"0.5\"")));
	for (int c = 0; c < 256; c++) {
		char one = (char)c;
		bool is_fine = c == '\t' || (c >= 0x20 && c != 0x7f);
		CHECK(fp_headerline_is_value((struct fp_text){&one, 1}) ==
			is_fine);
	}
	CHECK(!fp_headerline_is_value(TEXT("a\r\nHost: evil")));
	CHECK(!fp_headerline_is_value(TEXT("a\0")));
}

static void
lines(void)
{
	struct fp_buf out = FP_BUF_INIT;

	CHECK(fp_headerline_add(&out, TEXT("A"), TEXT("b")) == 0);
	CHECK_TEXT(out.data, "A: b");
	CHECK(fp_headerline_add(&out, TEXT("-C"), TEXT(" \td e\t ")) == 0);
	CHECK_TEXT(out.data, "A: b-C: d e");
	fp_buf_clear(&out, 100);
	CHECK(fp_headerline_add(&out, TEXT("Accept"), TEXT("")) == 0);
	CHECK_TEXT(out.data, "Accept;");
	fp_buf_clear(&out, 100);
	CHECK(fp_headerline_add(&out, TEXT("Accept"), TEXT(" \t")) == 0);
	CHECK_TEXT(out.data, "Accept;");
	fp_buf_destroy(&out);
}

static void
travellers(void)
{
	static const char *const yes[] = {"Accept", "accept-language", "RANGE",
		"If-None-Match", "User-Agent", "Content-Type"};
	static const char *const no[] = {"Authorization", "Cookie", "Host",
		"Referer", "X-Api-Key", "Accept-X", "Accep", "If-", "",
		"Proxy-Authorization", "Idempotency-Key"};

	for (size_t i = 0; i < FP_ARRAY_LEN(yes); i++)
		CHECK(fp_headerline_travels(
			(struct fp_text){yes[i], strlen(yes[i])}));
	for (size_t i = 0; i < FP_ARRAY_LEN(no); i++)
		CHECK(!fp_headerline_travels(
			(struct fp_text){no[i], strlen(no[i])}));
}

int
main(void)
{
	run("what a token is made of", tokens);
	run("what a value is made of", values);
	run("a line is as curl takes it", lines);
	run("what may be told to another origin", travellers);
	return done();
}
