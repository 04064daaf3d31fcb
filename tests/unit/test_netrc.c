/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "netrc.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct fp_netrc netrc;

static struct fp_text
text_of(const char *text)
{
	return (struct fp_text){text, strlen(text)};
}

/* Reads it from a block of just its size, so that nothing beyond is read. */
static int
parse(const char *text, size_t len, char *why, size_t why_size)
{
	char *copy = malloc(len + !len);

	FP_ASSERT(copy);
	memcpy(copy, text, len);
	int ret = fp_netrc_parse(
		&netrc, (struct fp_text){copy, len}, why, why_size);
	free(copy);
	return ret;
}

/* "login:password" for the host, "-" for what is not said; or "none". */
static const char *
find(const char *text, const char *host, const char *login)
{
	static char found[200];
	char why[100] = "";

	if (parse(text, strlen(text), why, sizeof(why))) {
		snprintf(found, sizeof(found), "%s", why);
		return found;
	}
	const struct fp_netrc_entry *entry =
		fp_netrc_find(&netrc, text_of(host), login);
	if (entry)
		snprintf(found, sizeof(found), "%s:%s",
			entry->login ? entry->login : "-",
			entry->password ? entry->password : "-");
	else
		snprintf(found, sizeof(found), "none");
	fp_netrc_destroy(&netrc);
	return found;
}

#define GIVES(text, expected) CHECK_TEXT(find(text, "h", NULL), expected)

static void
entries(void)
{
	GIVES("machine h login a password b", "a:b");
	GIVES("machine h\n\tlogin a\r\n  password b\r\n", "a:b");
	GIVES("machine h password b login a", "a:b");
	GIVES("MACHINE H LOGIN a PassWord b", "a:b");
	GIVES("machine h login a", "a:-");
	GIVES("machine h password b", "-:b");
	GIVES("machine h login a login c password b password d", "a:b");
	GIVES("machine hh login a machine h login b", "b:-");
	GIVES("machine h machine h login a", "a:-");
	GIVES("machine h login a password b machine h login c", "a:b");
	GIVES("machine h login a machine h login c password d", "a:-");
	GIVES("machine other login a password b", "none");
	GIVES("login a password b", "none");
	GIVES("", "none");
	GIVES(" \n\t\n", "none");
	GIVES("machine", "line 1: a keyword without a value");
	GIVES("default login d password e", "d:e");
	GIVES("default login d machine h login a", "d:-");
	GIVES("machine h login a default login d", "a:-");
	GIVES("machine x login a default login d", "d:-");
	GIVES("machine h login login password machine", "login:machine");
}

static void
what_is_read_past(void)
{
	GIVES("# machine h login x\nmachine h login a#b password c#", "a#b:c#");
	GIVES("machine h #login x\nlogin a # password y\npassword b", "a:b");
	GIVES("machine h login a account password password b", "a:b");
	GIVES("some words machine h more login a words password b", "a:b");
	GIVES("macdef m\nmachine h login x\n\nmachine h login a", "a:-");
	GIVES("machine h login a macdef m\npassword x\n\npassword b", "a:b");
	GIVES("macdef m machine h login x\r\nx\r\n\r\nmachine h login a",
		"a:-");
	GIVES("macdef m\n\nmachine h login a", "a:-");
	GIVES("macdef m\nmachine h login a\n", "none");
	GIVES("macdef m", "none");
	GIVES("macdef m\n", "none");
}

static void
quotes(void)
{
	GIVES("machine h login \"a b\" password \"#c\"", "a b:#c");
	GIVES("machine \"h\" \"login\" \"a\"\npassword \"\"", "a:");
	GIVES("machine h login \"\\\"\\\\\\n\\r\\t\\x\"", "\"\\\n\r\tx:-");
	GIVES("machine h login a\"b\" password b\\n", "a\"b\":b\\n");
}

static void
what_is_wrong(void)
{
	GIVES("machine h\nlogin \"a", "line 2: an unterminated quote");
	GIVES("machine h\nlogin \"", "line 2: an unterminated quote");
	GIVES("machine h login \"a\\", "line 1: an unterminated quote");
	GIVES("machine h login \"a\\\"", "line 1: an unterminated quote");
	GIVES("machine h login \"a\n\" password b",
		"line 1: an unterminated quote");
	GIVES("\n\nmachine h login \"a\"b",
		"line 3: unexpected text after a quote");
	GIVES("machine h\nlogin a\npassword\n\n",
		"line 3: a keyword without a value");
	GIVES("macdef", "line 1: a keyword without a value");
	GIVES("account # x", "line 1: a keyword without a value");

	char why[100];
	errno = 0;
	CHECK(parse("machine h\0", 10, why, sizeof(why)) == -1);
	CHECK(errno == EINVAL && !netrc.entries && !netrc.words);
	CHECK_TEXT(why, "contains a NUL byte");

	size_t len = FP_NETRC_MAX_BYTES + 1;
	char *large = malloc(len);
	FP_ASSERT(large);
	memset(large, '\n', len);
	CHECK(parse(large, len, why, sizeof(why)) == -1 && errno == EINVAL);
	CHECK_TEXT(why, "larger than 1048576 bytes");
	CHECK(parse(large, len - 1, why, sizeof(why)) == 0 && netrc.n == 0);
	fp_netrc_destroy(&netrc);
	free(large);
}

static void
who_asks(void)
{
	static const char text[] =
		"machine h login a password 1 machine h login b password 2 "
		"machine h password 3 machine ::1 login six default login d "
		"password 4";

	CHECK_TEXT(find(text, "h", NULL), "a:1");
	CHECK_TEXT(find(text, "h", "a"), "a:1");
	CHECK_TEXT(find(text, "h", "b"), "b:2");
	CHECK_TEXT(find(text, "h", "B"), "-:3");
	CHECK_TEXT(find(text, "x", "d"), "d:4");
	CHECK_TEXT(find(text, "x", "e"), "none");
	CHECK_TEXT(find(text, "::1", NULL), "six:-");
	CHECK_TEXT(find(text, "hh", NULL), "d:4");
	CHECK_TEXT(find(text, "", NULL), "d:4");
}

/* Any bytes at all: it ends, and stays within its own. */
static void
anything(void)
{
	static const char *const pieces[] = {"machine ", "login ", "password ",
		"default", "macdef ", "account ", "\"", "\\", "\n", "#", " ",
		"h", "\r\n", "\"h\" ", "\n\n"};
	uint64_t random = 1;
	char text[200], why[100];

	for (int i = 0; i < 50000; i++) {
		size_t len = 0;
		for (int k = 0; k < 20; k++) {
			random = random * UINT64_C(6364136223846793005) + 1;
			const char *piece =
				pieces[(random >> 33) % FP_ARRAY_LEN(pieces)];
			memcpy(text + len, piece, strlen(piece));
			len += strlen(piece);
		}
		if (parse(text, len, why, sizeof(why)) == 0) {
			for (size_t k = 0; k < netrc.n; k++)
				CHECK(netrc.entries[k].login ||
					netrc.entries[k].password);
			fp_netrc_destroy(&netrc);
		} else {
			CHECK(errno == EINVAL && !netrc.entries);
		}
	}
}

int
main(void)
{
	run("entries", entries);
	run("what is read past", what_is_read_past);
	run("quotes", quotes);
	run("what is wrong", what_is_wrong);
	run("who asks", who_asks);
	run("anything", anything);
	return done();
}
