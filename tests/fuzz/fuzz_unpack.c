/* SPDX-License-Identifier: MIT */
/*
 * deflate, br and zstd, undone. However the stream is cut, the verdict and the
 * bytes are the same; and what is said to be whole is what the library makes
 * of all of it at once.
 *
 *	three bytes: which of them, how it is cut, when to stop
 *	then the stream
 */
#include "fuzz.h"
#include "fuzzunpack.h"

#include "unpack.h"

#include <zlib.h>

#ifdef HAVE_BROTLI
#include <brotli/decode.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

/* ---- ours ---- */

/* Each step takes bytes, or gives out what it had left. */
static void
feed(struct fp_unpack *unpack, const char *data, size_t len, struct fp_buf *out)
{
	while (unpack->result == FP_GUNZIP_OK &&
		(len > 0 || unpack->has_more)) {
		bool had_more = unpack->has_more;
		size_t n = fp_unpack_step(unpack, data, len, collect, out);
		HOLDS(n <= len);
		HOLDS(n > 0 || had_more || unpack->result != FP_GUNZIP_OK);
		data += n;
		len -= n;
	}
}

static void
undo(enum fp_packing packing, struct fp_text stream, struct fuzz_cut cut,
	struct answer *answer)
{
	static struct fp_unpack unpack;

	fp_buf_clear(&answer->out, SIZE_MAX);
	fp_unpack_start(&unpack, packing);
	for (size_t at = 0; at < stream.len;) {
		size_t n = fuzz_piece(&cut, stream.len - at);
		char *piece = fuzz_copy(stream.data + at, n);
		feed(&unpack, piece, n, &answer->out);
		free(piece);
		at += n;
	}
	answer->result = fp_unpack_finish(&unpack);
	judge_answer(answer, unpack.message);
	fp_unpack_end(&unpack);
}

/* Before a fault, or where it is stopped, more or less may have been given
 * out. */
static void
holds_same(const struct answer *a, const struct answer *b)
{
	size_t len = FP_MIN(a->out.len, b->out.len);

	if (a->result == FP_GUNZIP_STOPPED || b->result == FP_GUNZIP_STOPPED) {
		HOLDS(a->result == FP_GUNZIP_STOPPED ||
			a->result == FP_GUNZIP_CORRUPT);
		HOLDS(b->result == FP_GUNZIP_STOPPED ||
			b->result == FP_GUNZIP_CORRUPT);
	} else {
		HOLDS(a->result == b->result);
	}
	HOLDS(a->result != FP_GUNZIP_OK || a->out.len == b->out.len);
	HOLDS(len == 0 || memcmp(a->out.data, b->out.data, len) == 0);
}

/* ---- the libraries by themselves ---- */

/* false: it does not end where the bytes do. */
static bool
inflate_at_once(struct fp_text stream, int bits, char *to, size_t *len)
{
	z_stream zlib = {
		.next_in = (Bytef *)stream.data,
		.avail_in = (uInt)stream.len,
		.next_out = (Bytef *)to,
		.avail_out = (uInt)*len,
	};

	HOLDS(inflateInit2(&zlib, bits) == Z_OK);
	int status = inflate(&zlib, Z_FINISH);
	*len -= zlib.avail_out;
	inflateEnd(&zlib);
	return status == Z_STREAM_END && zlib.avail_in == 0;
}

static bool
undo_at_once(
	enum fp_packing packing, struct fp_text stream, char *to, size_t *len)
{
	size_t room = *len;

	if (packing == FP_PACKING_DEFLATE) {
		if (inflate_at_once(stream, MAX_WBITS, to, len))
			return true;
		*len = room;
		return inflate_at_once(stream, -MAX_WBITS, to, len);
	}
#ifdef HAVE_BROTLI
	if (packing == FP_PACKING_BR)
		return BrotliDecoderDecompress(stream.len,
			       (const uint8_t *)stream.data, len,
			       (uint8_t *)to) == BROTLI_DECODER_RESULT_SUCCESS;
#endif
#ifdef HAVE_ZSTD
	if (packing == FP_PACKING_ZSTD) {
		*len = ZSTD_decompress(to, room, stream.data, stream.len);
		return !ZSTD_isError(*len);
	}
#endif
	return false;
}

static void
holds_whole(enum fp_packing packing, struct fp_text stream,
	const struct answer *answer)
{
	static char whole[OUT_MAX + 1];
	size_t len = sizeof(whole);

	if (answer->result != FP_GUNZIP_OK || stream.len == 0)
		return;
	HOLDS(undo_at_once(packing, stream, whole, &len));
	HOLDS(fuzz_same_text(
		(struct fp_text){fp_buf_text(&answer->out), answer->out.len},
		(struct fp_text){whole, len}));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum fp_packing packings[] = {
		FP_PACKING_DEFLATE, FP_PACKING_BR, FP_PACKING_ZSTD};
	static struct answer whole, answer;
	struct fuzz fuzz = fuzz_begin(data, size);
	enum fp_packing packing =
		packings[fuzz_choose(&fuzz, FP_ARRAY_LEN(packings))];
	struct fuzz_cut cut = {fuzz_choose(&fuzz, FUZZ_CUTS), 1}, none = {0},
			single = {1, 1};
	const char *lack;

	choose_limit(&fuzz);
	if (!fp_unpack_can(packing, &lack))
		return 0;
	undo(packing, fuzz_rest(&fuzz), none, &whole);
	holds_whole(packing, fuzz_rest(&fuzz), &whole);
	undo(packing, fuzz_rest(&fuzz), cut, &answer);
	holds_same(&answer, &whole);
	undo(packing, fuzz_rest(&fuzz), single, &answer);
	holds_same(&answer, &whole);
	return 0;
}
