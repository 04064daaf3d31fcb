/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ascii.h"
#include "tap.h"

#include <ctype.h>
#include <string.h>

/* libc is right in the C locale, in which a test runs. */
static void
kinds_of_all_bytes(void)
{
	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		CHECK(fp_ascii_is_digit(c) == !!isdigit(i));
		CHECK(fp_ascii_is_lower(c) == !!islower(i));
		CHECK(fp_ascii_is_upper(c) == !!isupper(i));
		CHECK(fp_ascii_is_alpha(c) == !!isalpha(i));
		CHECK(fp_ascii_is_alnum(c) == !!isalnum(i));
		CHECK(fp_ascii_is_space(c) == !!isspace(i));
		CHECK(fp_ascii_is_blank(c) == !!isblank(i));
		CHECK((fp_ascii_hex_value(c) >= 0) == !!isxdigit(i));
		CHECK((unsigned char)fp_ascii_lower(c) == tolower(i));
	}
}

static void
hexadecimal_digits(void)
{
	for (int i = 0; i < 22; i++)
		CHECK(fp_ascii_hex_value(FP_ASCII_HEX[i]) ==
			(i < 16 ? i : i - 6));
	CHECK(fp_ascii_hex4("0000") == 0);
	CHECK(fp_ascii_hex4("20aC") == 0x20ac);
	CHECK(fp_ascii_hex4("FFFF") == 0xffff);
}

static bool
are_digits(const char *text)
{
	return fp_ascii_are_digits((struct fp_text){text, strlen(text)});
}

static void
texts_of_digits(void)
{
	CHECK(are_digits("0"));
	CHECK(are_digits("0123456789"));
	CHECK(!are_digits(""));
	CHECK(!are_digits("1 "));
	CHECK(!are_digits("-1"));
	CHECK(!fp_ascii_are_digits((struct fp_text){"1\0", 2}));
}

static bool
trims_to(const char *text, const char *to)
{
	struct fp_text trimmed =
		fp_ascii_trim((struct fp_text){text, strlen(text)});

	return trimmed.len == strlen(to) &&
	       memcmp(trimmed.data, to, trimmed.len) == 0 &&
	       trimmed.data >= text && trimmed.data <= text + strlen(text);
}

static void
blanks_at_the_ends(void)
{
	CHECK(trims_to("", ""));
	CHECK(trims_to(" \t ", ""));
	CHECK(trims_to("a", "a"));
	CHECK(trims_to(" \ta \tb\t ", "a \tb"));
	CHECK(trims_to("\na\r", "\na\r"));
}

int
main(void)
{
	run("what each byte is", kinds_of_all_bytes);
	run("hexadecimal digits", hexadecimal_digits);
	run("texts of digits alone", texts_of_digits);
	run("blanks at the ends go", blanks_at_the_ends);
	return done();
}
