/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "disposition.h"
#include "tap.h"

static const char *
name_of(const char *value, size_t len)
{
	static struct fp_buf out;
	char *copy = malloc(FP_MAX(len, 1));

	if (!copy)
		abort();
	memcpy(copy, value, len);
	fp_buf_clear(&out, 0);
	CHECK(fp_disposition_filename((struct fp_text){copy, len}, &out) == 0);
	free(copy);
	return fp_buf_text(&out);
}

#define NAME(value, expected) \
	CHECK_TEXT(name_of(value, sizeof(value) - 1), expected)

static void
plain(void)
{
	NAME("attachment; filename=\"a b.txt\"", "a b.txt");
	NAME("attachment;filename=a.txt", "a.txt");
	NAME("inline ; FileName = a.txt ; size=3", "a.txt");
	NAME("attachment; filename=a b.txt", "a b.txt");
	NAME("attachment; filename=\"say \\\"x\\\";.txt\"", "say \"x\";.txt");
	NAME("attachment; filename=\"caf\xc3\xa9\"", "café");
	NAME("attachment; filename=\"caf\xe9\"", "café");
	NAME("attachment; filename=\"a%20b\"", "a%20b");
	NAME("attachment; filename=\"one\"; filename=\"two\"", "one");
	NAME("attachment; x=\"; filename=no\"; filename=yes", "yes");
}

static void
extended(void)
{
	NAME("attachment; filename*=UTF-8''%e2%82%ac%20rates", "€ rates");
	NAME("attachment; filename*=utf-8'en'a.txt", "a.txt");
	NAME("attachment; filename=\"EURO\"; filename*=UTF-8''%e2%82%ac", "€");
	NAME("attachment; filename*=UTF-8''%e2%82%ac; filename=EURO", "€");
	NAME("attachment; filename*=iso-8859-1'en'%A3%20rates", "£ rates");
	NAME("attachment; filename*=koi8-r''%F0; filename=P", "P");
	NAME("attachment; filename*=UTF-8''; filename=P", "P");
	NAME("attachment; filename*=UTF-8''100%25%", "100%%");
	NAME("attachment; filename*=UTF-8''%E9", "é");
}

static void
paths(void)
{
	NAME("attachment; filename=\"../../etc/passwd\"", "passwd");
	NAME("attachment; filename=\"C:\\\\dir\\\\a.txt\"", "a.txt");
	NAME("attachment; filename*=UTF-8''..%2F..%2Fa", "a");
	NAME("attachment; filename=\"dir/\"", "");
	NAME("attachment; filename=\"..\"", "..");
}

static void
broken(void)
{
	NAME("", "");
	NAME("attachment", "");
	NAME("attachment;", "");
	NAME("attachment; filename", "");
	NAME("attachment; filename=", "");
	NAME("attachment; filename=\"", "");
	NAME("attachment; filename=\"a", "a");
	NAME("attachment; filename=\"a\\", "");
	NAME("attachment; filename*=", "");
	NAME("attachment; filename*=UTF-8", "");
	NAME("attachment; filename*='", "");
	NAME(";;;filename=a", "a");
	NAME("attachment, filename=a", "");
}

int
main(void)
{
	run("names in quotes and without", plain);
	run("names in another charset", extended);
	run("of a path, what is behind its folders", paths);
	run("fields that are broken", broken);
	return done();
}
