/* SPDX-License-Identifier: MIT */
/*
 * UTF-8. The answers are those of a decoder that works the code point out and
 * asks whether it is one and is written in the shortest way; and they are the
 * same in pieces.
 *
 *	a byte: how it is cut
 *	then: the text
 */
#include "fuzz.h"

/* The length of the character that `s` begins with, or 0. */
static size_t
decode(const unsigned char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = 0;

	while (n < 5 && s[0] & 0x80 >> n)
		n++;
	*code = s[0];
	if (n == 0)
		return 1;
	if (n == 1 || n > 4 || n > len)
		return 0;
	*code = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3fu);
	}
	bool is_surrogate = *code >= 0xd800 && *code <= 0xdfff;
	return *code < least[n] || *code > 0x10ffff || is_surrogate ? 0 : n;
}

static bool
feed_all(struct fp_utf8 *utf8, struct fp_text text, struct fuzz_cut cut)
{
	bool fine = true;

	fp_utf8_init(utf8);
	for (size_t at = 0; at < text.len;) {
		size_t n = fuzz_piece(&cut, text.len - at);
		char *piece = fuzz_copy(text.data + at, n);
		bool still = fp_utf8_feed(utf8, piece, n);
		free(piece);
		HOLDS(fine || !still);
		fine = still;
		at += n;
	}
	return fine;
}

/* Whether the rest is the beginning of a character. */
static bool
is_begun(struct fp_text rest)
{
	char text[4];
	uint32_t code;

	if (rest.len == 0 || rest.len > 3)
		return false;
	memcpy(text, rest.data, rest.len);
	/* One of these two is right behind any beginning. */
	for (unsigned i = 0; i < 2; i++) {
		memset(text + rest.len, i ? 0xbf : 0x80, 4 - rest.len);
		for (size_t n = rest.len + 1; n <= 4; n++) {
			if (decode((unsigned char *)text, n, &code) == n)
				return true;
		}
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fuzz_cut cut = {fuzz_choose(&fuzz, FUZZ_CUTS), 1};
	struct fp_text text = fuzz_rest(&fuzz);
	char *s = fuzz_copy(text.data, text.len);
	size_t at = 0, n = 1;
	uint32_t code, other = 0;
	struct fp_utf8 utf8;

	while (at < text.len && n > 0) {
		n = decode((unsigned char *)s + at, text.len - at, &code);
		HOLDS(fp_utf8_next(s + at, text.len - at, &other) == n);
		HOLDS(n == 0 || code == other);
		at += n;
	}
	HOLDS(fp_utf8_valid_prefix(s, text.len) == at);
	HOLDS(fp_utf8_valid(s, text.len) == (at == text.len));

	size_t wide = fp_utf8_wide_prefix(s, text.len);
	HOLDS(wide <= at);
	HOLDS(wide == at || (unsigned char)s[wide] < 0x80);
	for (size_t i = 0; i < wide; i++)
		HOLDS((unsigned char)s[i] >= 0x80);

	struct fp_text rest = {s + at, text.len - at};
	bool fine = feed_all(&utf8, text, cut);
	HOLDS(fine == (at == text.len || is_begun(rest)));
	HOLDS((fine && fp_utf8_done(&utf8)) == (at == text.len));
	free(s);
	return 0;
}
