/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "tap.h"
#include "utf8.h"

#define VALID(text) fp_utf8_valid(text, sizeof(text) - 1)
#define PREFIX(text) fp_utf8_valid_prefix(text, sizeof(text) - 1)

/* A second opinion, by another road than the module's: put the bits together
 * first, then ask whether that number may be written in that many bytes. */
static size_t
slow_next(const char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = 1;

	if (len == 0)
		return 0;
	unsigned char c = (unsigned char)s[0];
	if ((c & 0x80) == 0)
		*code = c;
	else if ((c & 0xe0) == 0xc0)
		n = 2, *code = c & 0x1f;
	else if ((c & 0xf0) == 0xe0)
		n = 3, *code = c & 0x0f;
	else if ((c & 0xf8) == 0xf0)
		n = 4, *code = c & 0x07;
	else
		return 0;
	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code * 64 + (s[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff)
		return 0;
	return *code >= 0xd800 && *code <= 0xdfff ? 0 : n;
}

static bool
fed_by_bytes(const char *s, size_t len)
{
	struct fp_utf8 utf8;
	bool fine = true;

	fp_utf8_init(&utf8);
	for (size_t i = 0; i < len; i++)
		fine = fp_utf8_feed(&utf8, s + i, 1);
	return fine && fp_utf8_done(&utf8);
}

/* Everything the module can say about these bytes, against the second
 * opinion. */
static bool
agrees(const char *s, size_t len)
{
	uint32_t code = 7, expected = 7;
	size_t n = slow_next(s, len, &expected);
	size_t prefix = 0;

	if (fp_utf8_next(s, len, &code) != n || (n && code != expected))
		return false;
	while (prefix < len && (n = slow_next(s + prefix, len - prefix, &code)))
		prefix += n;
	return fp_utf8_valid_prefix(s, len) == prefix &&
	       fp_utf8_valid(s, len) == (prefix == len) &&
	       fed_by_bytes(s, len) == (prefix == len);
}

static void
one_and_two_bytes(void)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < 256; i++) {
		char s[2] = {(char)i};
		wrong += !agrees(s, 1);
		for (unsigned k = 0; k < 256; k++) {
			s[1] = (char)k;
			wrong += !agrees(s, 2);
		}
	}
	CHECK(wrong == 0);
}

/* Every first and second byte, with third and fourth ones from either side of
 * each border. */
static void
three_and_four_bytes(void)
{
	static const unsigned char borders[] = {
		0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
	const size_t n = FP_ARRAY_LEN(borders);
	unsigned wrong = 0;

	for (unsigned i = 0; i < 0x10000 * n; i++) {
		char s[4] = {(char)(i / n >> 8), (char)(i / n),
			(char)borders[i % n]};
		wrong += !agrees(s, 3);
		if (s[0] >= 0 || (unsigned char)s[0] < 0xe0)
			continue;
		for (size_t k = 0; k < n; k++) {
			s[3] = (char)borders[k];
			wrong += !agrees(s, 4);
		}
	}
	CHECK(wrong == 0);
}

static void
malformed(void)
{
	CHECK(VALID(""));
	CHECK(VALID("plain"));
	CHECK(VALID("a\0b"));
	CHECK(VALID("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
	CHECK(VALID("\xef\xbb\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf"));
	CHECK(!VALID("\xc0\x80")); /* overlong NUL */
	CHECK(!VALID("\xc1\xbf"));
	CHECK(!VALID("\xe0\x9f\xbf")); /* overlong U+07FF */
	CHECK(!VALID("\xf0\x8f\xbf\xbf")); /* overlong U+FFFF */
	CHECK(!VALID("\xed\xa0\x80")); /* U+D800 */
	CHECK(!VALID("\xed\xbf\xbf")); /* U+DFFF */
	CHECK(!VALID("\xf4\x90\x80\x80")); /* U+110000 */
	CHECK(!VALID("\xf5\x80\x80\x80"));
	CHECK(!VALID("\xfc\x80\x80\x80\x80\xaf"));
	CHECK(!VALID("\xff"));
	CHECK(!VALID("\xbf"));
}

static void
prefixes_are_whole_characters(void)
{
	CHECK(PREFIX("") == 0);
	CHECK(PREFIX("\xc3") == 0);
	CHECK(PREFIX("ab\xe2\x82") == 2);
	CHECK(PREFIX("ab\xe2\x82\xac") == 5);
	CHECK(PREFIX("0123456\xff") == 7);
	CHECK(PREFIX("01234567\xff") == 8);
	CHECK(PREFIX("0123456789abcde\xc3\xa9\xed\xa0\x80") == 17);
}

/* A bad byte at each place of a text, which puts it at each place of the
 * eight bytes that are looked at together. */
static void
every_place_is_looked_at(void)
{
	char text[67];

	for (size_t at = 0; at < sizeof(text); at++) {
		memset(text, 'x', sizeof(text));
		text[at] = (char)0x80;
		CHECK(fp_utf8_valid_prefix(text, sizeof(text)) == at);
		CHECK(!fp_utf8_valid(text + 1, sizeof(text) - 1) == (at > 0));
	}
}

static void
pieces_are_one_text(void)
{
	static const char text[] = "A\xc3\xa9 long enough \xe2\x82\xac to be "
				   "skipped \xf0\x9f\x98\x80 over\xed\x9f\xbf";
	struct fp_utf8 utf8;

	for (size_t i = 0; i < sizeof(text); i++) {
		for (size_t k = i; k < sizeof(text); k++) {
			fp_utf8_init(&utf8);
			CHECK(fp_utf8_feed(&utf8, text, i));
			CHECK(fp_utf8_feed(&utf8, text + i, k - i));
			CHECK(fp_utf8_done(&utf8) == fp_utf8_valid(text, k));
		}
	}
}

static void
bad_stays_bad(void)
{
	struct fp_utf8 utf8;

	fp_utf8_init(&utf8);
	CHECK(fp_utf8_done(&utf8));
	CHECK(fp_utf8_feed(&utf8, NULL, 0));
	CHECK(!fp_utf8_feed(&utf8, "\xc3(", 2));
	CHECK(!fp_utf8_feed(&utf8, "", 0));
	CHECK(!fp_utf8_feed(&utf8, "\xa9", 1));
	CHECK(!fp_utf8_feed(&utf8, "plain", 5));
	CHECK(!fp_utf8_done(&utf8));
	fp_utf8_init(&utf8);
	CHECK(fp_utf8_feed(&utf8, "plain", 5) && fp_utf8_done(&utf8));
}

int
main(void)
{
	run("all texts of one and two bytes", one_and_two_bytes);
	run("texts of three and four bytes", three_and_four_bytes);
	run("malformed text is told from well-formed", malformed);
	run("a prefix ends with a whole character",
		prefixes_are_whole_characters);
	run("a bad byte is found wherever it stands", every_place_is_looked_at);
	run("text cut anywhere is the same text", pieces_are_one_text);
	run("bad text stays bad until the next init", bad_stays_bad);
	return done();
}
