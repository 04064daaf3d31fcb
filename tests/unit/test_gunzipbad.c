/* SPDX-License-Identifier: MIT */
#include "gziptest.h"

/* In one piece, and byte by byte. */
#define N_WAYS 2
static const size_t ways[N_WAYS] = {SIZE_MAX / 2, 1};

#define CHECK_ENDS(data, len, cut, result, message)              \
	do {                                                     \
		CHECK(undo(data, len, cut) == (result));         \
		CHECK_TEXT(fp_gunzip_message(&gunzip), message); \
	} while (0)

static void
truncated(void)
{
	struct fp_buf gzip = FP_BUF_INIT;

	add_rich_member(&gzip, text_1);
	size_t first = gzip.len;
	add_member(&gzip, text_1, strlen(text_1));
	for (size_t way = 0; way < N_WAYS; way++) {
		for (size_t len = 1; len < gzip.len; len++) {
			/* Between the two it looks like the end. */
			if (len == first)
				continue;
			CHECK_ENDS(gzip.data, len, ways[way],
				FP_GUNZIP_ENDS_EARLY, "truncated gzip data");
		}
	}
	CHECK(undo(gzip.data, gzip.len, 1) == FP_GUNZIP_OK);
	tidy(&gzip);
}

static void
nothing(void)
{
	CHECK_ENDS("", 0, 1, FP_GUNZIP_OK, "");
	CHECK(sink.n_calls == 0);
}

static void
trailers(void)
{
	struct fp_buf gzip = FP_BUF_INIT;

	add_rich_member(&gzip, text_1);
	for (size_t way = 0; way < N_WAYS; way++) {
		for (size_t i = 1; i <= 4; i++) {
			char *length = gzip.data + gzip.len - i;
			char *crc = length - 4;
			*length ^= 1;
			CHECK_ENDS(gzip.data, gzip.len, ways[way],
				FP_GUNZIP_CORRUPT,
				"gzip data with a wrong length");
			*length ^= 1;
			*crc ^= 1;
			CHECK_ENDS(gzip.data, gzip.len, ways[way],
				FP_GUNZIP_CORRUPT,
				"gzip data with a wrong CRC");
			*crc ^= 1;
		}
		gzip.data[4] ^= 1;
		CHECK_ENDS(gzip.data, gzip.len, ways[way], FP_GUNZIP_CORRUPT,
			"gzip header with a wrong CRC");
		gzip.data[4] ^= 1;
	}
	CHECK(undo(gzip.data, gzip.len, 1) == FP_GUNZIP_OK);
	tidy(&gzip);
}

/* Turns over each bit of a stream: text_1 must come out, or a fault. Returns
 * how often it came out; `where` says of which bytes. */
static unsigned
flip_all(struct fp_buf *gzip, size_t cut, bool *where)
{
	unsigned n_right = 0, wrong = 0;

	for (size_t bit = 0; bit < gzip->len * 8; bit++) {
		char *byte = gzip->data + bit / 8;
		char before = *byte;
		*byte = (char)(before ^ (1 << bit % 8));
		if (undo(gzip->data, gzip->len, cut) == FP_GUNZIP_OK) {
			n_right++;
			where[bit / 8] = true;
			wrong += !came_out(text_1, strlen(text_1));
		} else {
			wrong += fp_gunzip_message(&gunzip)[0] == '\0';
		}
		*byte = before;
	}
	CHECK(wrong == 0);
	return n_right;
}

static void
flipped(void)
{
	for (size_t way = 0; way < N_WAYS; way++) {
		struct fp_buf gzip = FP_BUF_INIT;
		bool where[1000] = {false};

		/* What does not matter: FTEXT, MTIME, XFL, OS, and the bits
		 * between deflate's last and the trailer. */
		add_member(&gzip, text_1, strlen(text_1));
		unsigned n_right = flip_all(&gzip, ways[way], where);
		CHECK(n_right >= 1 + 6 * 8 && n_right <= 1 + 6 * 8 + 7);
		for (size_t i = 0; i < gzip.len; i++)
			CHECK(where[i] <=
				((i >= 3 && i <= 9) || i == gzip.len - 9));
		tidy(&gzip);

		/* With a CRC for the header too. */
		memset(where, 0, sizeof(where));
		add_rich_member(&gzip, text_1);
		CHECK(flip_all(&gzip, ways[way], where) <= 7);
		for (size_t i = 0; i < gzip.len; i++)
			CHECK(where[i] <= (i == gzip.len - 9));
		tidy(&gzip);
	}
}

/* Some bytes changed at random, pieces of any length. */
static void
damaged(void)
{
	size_t len = 3000;
	char *data = make_data(len);
	struct fp_buf gzip = FP_BUF_INIT, bad = FP_BUF_INIT;
	struct fp_buf all = FP_BUF_INIT;
	uint32_t seed = 7;
	unsigned wrong = 0, n_bad = 0;

	CHECK(fp_buf_add(&all, data, len / 2) == 0);
	CHECK(fp_buf_add_text(&all, "between") == 0);
	CHECK(fp_buf_add(&all, data, len) == 0);
	add_member(&gzip, data, len / 2);
	add_rich_member(&gzip, "between");
	add_member(&gzip, data, len);
	for (unsigned round = 0; round < 2000; round++) {
		CHECK(fp_buf_set(&bad, gzip.data, gzip.len) == 0);
		for (unsigned i = 0; i <= round % 3; i++) {
			seed = seed * 1103515245u + 12345u;
			bad.data[(seed >> 8) % bad.len] = (char)(seed >> 3);
		}
		if (undo(bad.data, bad.len, 1 + (seed >> 9) % bad.len) !=
			FP_GUNZIP_OK)
			n_bad++;
		else
			wrong += !came_out(all.data, all.len);
	}
	CHECK(wrong == 0 && n_bad > 1500);
	free(data);
	fp_buf_destroy(&all);
	fp_buf_destroy(&bad);
	tidy(&gzip);
}

#define TEXT(text) text, sizeof(text) - 1

static void
garbage(void)
{
	static const char plain[] = "garbage after the end of the gzip data";
	static const char zeros[] = "zeros after the end of the gzip data";
	static const struct {
		const char *data;
		size_t len;
		enum fp_gunzip_result result;
		const char *message;
	} behind[] = {
		{TEXT("x"), FP_GUNZIP_CORRUPT, plain},
		{TEXT("\r\n"), FP_GUNZIP_CORRUPT, plain},
		{TEXT("\x1f\0"), FP_GUNZIP_CORRUPT, plain},
		{TEXT("\0"), FP_GUNZIP_CORRUPT, zeros},
		{TEXT("\0\0\0\0\0\0\0\0"), FP_GUNZIP_CORRUPT, zeros},
		{TEXT("\x1f\x8b\7\0"), FP_GUNZIP_CORRUPT,
			"gzip header of an unknown method"},
		{TEXT("\x1f\x8b\x08\xe0"), FP_GUNZIP_CORRUPT,
			"gzip header with unknown flags"},
		{TEXT("\x1f"), FP_GUNZIP_ENDS_EARLY, "truncated gzip data"},
		{TEXT("\x1f\x8b"), FP_GUNZIP_ENDS_EARLY, "truncated gzip data"},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(behind); i++) {
		struct fp_buf gzip = FP_BUF_INIT;
		add_member(&gzip, text_1, strlen(text_1));
		size_t cuts[] = {1, gzip.len, SIZE_MAX / 2};
		CHECK(fp_buf_add(&gzip, behind[i].data, behind[i].len) == 0);
		for (size_t k = 0; k < FP_ARRAY_LEN(cuts); k++) {
			CHECK_ENDS(gzip.data, gzip.len, cuts[k],
				behind[i].result, behind[i].message);
			CHECK(came_out(text_1, strlen(text_1)));
		}
		tidy(&gzip);
	}
}

static void
not_gzip(void)
{
	static const struct {
		const char *data;
		size_t len;
	} texts[] = {
		{TEXT("plain text")}, {TEXT("{\"a\":1}")}, {TEXT("\0")},
		{TEXT("\x8b\x1f")}, {TEXT(" \x1f\x8b\x08")},
		{TEXT("\xef\xbb\xbf\x1f\x8b\x08")},
		{TEXT("\x78\x9c\x03\0\0\0\0\1")}, /* zlib's own, RFC 1950 */
		{TEXT("\x03\0")}, /* deflate without anything, RFC 1951 */
		{TEXT("\x1f\x1f\x8b\x08")},
		{TEXT("\x1f\x9d\x90")}, /* compress(1) */
	};

	fp_gunzip_free(&gunzip);
	n_callocs = 0;
	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		for (size_t cut = 1; cut <= texts[i].len; cut++)
			CHECK_ENDS(texts[i].data, texts[i].len, cut,
				FP_GUNZIP_CORRUPT, "not gzip data");
		CHECK(texts[i].data[0] == '\x1f' || n_callocs == 0);
	}
	CHECK(sink.n_calls == 0);
}

static void
after_a_fault(void)
{
	struct fp_buf gzip = FP_BUF_INIT;
	unsigned wrong = 0;

	add_rich_member(&gzip, text_1);
	for (size_t at = 0; at < gzip.len; at++) {
		undo(gzip.data, at, 5);
		wrong += undo(gzip.data, gzip.len, 5) != FP_GUNZIP_OK;
		wrong += !came_out(text_1, strlen(text_1));
		gzip.data[at] ^= 0x10;
		undo(gzip.data, gzip.len, 5);
		gzip.data[at] ^= 0x10;
		wrong += undo(gzip.data, gzip.len, 5) != FP_GUNZIP_OK;
		wrong += !came_out(text_1, strlen(text_1));
	}
	CHECK(wrong == 0);

	/* A fault stays, whatever else comes. */
	CHECK(undo("x", 1, 1) == FP_GUNZIP_CORRUPT);
	CHECK(feed(gzip.data, gzip.len) == FP_GUNZIP_CORRUPT);
	CHECK(fp_gunzip_finish(&gunzip) == FP_GUNZIP_CORRUPT);
	tidy(&gzip);
}

/* What came before, in this body or the last, is out of reach. */
static void
nothing_before(void)
{
	/* With fixed codes: 3 bytes as they stand 1 byte back; the end. */
	static const char begins_with_match[] =
		"\x1f\x8b\x08\0\0\0\0\0\0\3\x03\x02\0\0\0\0\0\0\0\0\0";
	struct fp_buf gzip = FP_BUF_INIT;

	add_member(&gzip, text_1, strlen(text_1));
	size_t whole = gzip.len;
	CHECK(fp_buf_add(&gzip, TEXT(begins_with_match)) == 0);
	for (size_t way = 0; way < N_WAYS; way++) {
		CHECK_ENDS(gzip.data, gzip.len, ways[way], FP_GUNZIP_CORRUPT,
			"corrupt gzip data");
		CHECK(came_out(text_1, strlen(text_1)));
		CHECK(undo(gzip.data, whole, ways[way]) == FP_GUNZIP_OK);
		CHECK_ENDS(gzip.data + whole, gzip.len - whole, ways[way],
			FP_GUNZIP_CORRUPT, "corrupt gzip data");
		CHECK(sink.got.len == 0);
	}
	tidy(&gzip);
}

int
main(void)
{
	fp_gunzip_init(&gunzip);
	run("71 a stream cut at any byte ends early", truncated);
	run("nothing at all is an empty body", nothing);
	run("72 a wrong CRC, length or header CRC is told", trailers);
	run("72 no bit turned over gives other data", flipped);
	run("72 no bytes changed give other data", damaged);
	run("73 what follows a member is another one, or an error", garbage);
	run("75 what is not gzip is an error from its first bytes", not_gzip);
	run("after a fault the next body is right", after_a_fault);
	run("no member sees what came before it", nothing_before);
	fp_gunzip_free(&gunzip);
	return done();
}
