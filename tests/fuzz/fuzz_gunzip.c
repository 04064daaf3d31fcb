/* SPDX-License-Identifier: MIT */
/*
 * gzip, undone. The verdict and the bytes are those of zlib by itself, called
 * for one member after the other, however the stream is cut and whatever came
 * before it.
 *
 *	three bytes: how it is cut, what the rest is (a stream; or what is
 *	packed first, and then broken), when to stop
 *	then, if it is to be packed: where it is broken, by what, its members
 */
#include "fuzz.h"
#include "fuzzunpack.h"

#include "gunzip.h"

#include <zlib.h>

/* ---- the stream ---- */

static void
pack(struct fp_buf *stream, const char *data, size_t len, int level)
{
	z_stream zlib = {.next_in = (Bytef *)data, .avail_in = (uInt)len};

	HOLDS(deflateInit2(&zlib, level, Z_DEFLATED, 15 + 16, 1,
		      Z_DEFAULT_STRATEGY) == Z_OK);
	size_t room = deflateBound(&zlib, (uLong)len);
	HOLDS(fp_buf_reserve(stream, room) == 0);
	zlib.next_out = (Bytef *)stream->data + stream->len;
	zlib.avail_out = (uInt)room;
	HOLDS(deflate(&zlib, Z_FINISH) == Z_STREAM_END);
	stream->len += room - zlib.avail_out;
	deflateEnd(&zlib);
}

/* The rest of the input as one to four members. */
static void
pack_all(struct fuzz *fuzz, struct fp_buf *stream)
{
	unsigned n_members = 1 + fuzz_choose(fuzz, 4);
	int level = (int)fuzz_choose(fuzz, 10);
	size_t each = fuzz->left / n_members;

	for (unsigned i = 0; i < n_members; i++) {
		size_t len = i + 1 < n_members ? each : fuzz->left;
		pack(stream, fuzz->at, len, level);
		fuzz->at += len;
		fuzz->left -= len;
	}
}

enum { AS_IT_IS, PACK, PACK_AND_CUT, PACK_AND_CHANGE, PACK_AND_ADD, N_WAYS };

static void
make_stream(struct fuzz *fuzz, struct fp_buf *stream)
{
	unsigned way = fuzz_choose(fuzz, N_WAYS);

	fp_buf_clear(stream, SIZE_MAX);
	if (way == AS_IT_IS) {
		fuzz_add(stream, fuzz->at, fuzz->left);
		return;
	}
	unsigned place = fuzz_choose(fuzz, 256);
	unsigned change = fuzz_choose(fuzz, 256);
	pack_all(fuzz, stream);
	/* From the end, for there the trailer is. */
	size_t at = place < stream->len ? stream->len - 1 - place : 0;
	if (way == PACK_AND_CUT)
		stream->len = at;
	else if (way == PACK_AND_CHANGE)
		stream->data[at] = (char)((unsigned char)stream->data[at] ^
					  (unsigned char)change);
	else if (way == PACK_AND_ADD)
		fuzz_add(stream, (char[]){(char)change}, 1);
}

/* ---- zlib by itself ---- */

/* One member from the front. What is left of the stream, or NULL. */
static const char *
undo_member(const char *at, const char *end, struct answer *answer)
{
	z_stream zlib = {.next_in = (Bytef *)at, .avail_in = (uInt)(end - at)};
	unsigned char some[1000];
	int status = Z_OK;

	answer->result = FP_GUNZIP_CORRUPT;
	if (*at != '\x1f')
		return NULL;
	HOLDS(inflateInit2(&zlib, 15 + 16) == Z_OK);
	while (status == Z_OK && answer->out.len <= limit) {
		zlib.next_out = some;
		zlib.avail_out = sizeof(some);
		status = inflate(&zlib, Z_NO_FLUSH);
		fuzz_add(&answer->out, (char *)some,
			sizeof(some) - zlib.avail_out);
	}
	at = (const char *)zlib.next_in;
	inflateEnd(&zlib);
	if (answer->out.len > limit)
		answer->result = FP_GUNZIP_STOPPED;
	else if (status == Z_STREAM_END)
		answer->result = FP_GUNZIP_OK;
	else if (status == Z_BUF_ERROR)
		answer->result = FP_GUNZIP_ENDS_EARLY;
	return answer->result == FP_GUNZIP_OK ? at : NULL;
}

static void
undo_plainly(const struct fp_buf *stream, struct answer *answer)
{
	const char *at = fp_buf_text(stream), *end = at + stream->len;

	fp_buf_clear(&answer->out, SIZE_MAX);
	answer->result = FP_GUNZIP_OK;
	while (at && at < end)
		at = undo_member(at, end, answer);
}

/* ---- ours ---- */

static void
undo(struct fp_gunzip *gunzip, const struct fp_buf *stream, struct fuzz_cut cut,
	struct answer *answer)
{
	fp_buf_clear(&answer->out, SIZE_MAX);
	fp_gunzip_start(gunzip);
	for (size_t at = 0; at < stream->len;) {
		size_t n = fuzz_piece(&cut, stream->len - at);
		char *piece = fuzz_copy(stream->data + at, n);
		answer->result =
			fp_gunzip_feed(gunzip, piece, n, collect, &answer->out);
		free(piece);
		at += n;
		if (answer->result != FP_GUNZIP_OK)
			break;
	}
	answer->result = fp_gunzip_finish(gunzip);
	judge_answer(answer, fp_gunzip_message(gunzip));
}

/* Before a fault it may have given out less; and what goes beyond the limit,
 * up to a fault, comes in other pieces. */
static void
holds_same(const struct answer *answer, const struct answer *expected)
{
	struct fp_buf out = answer->out, whole = expected->out;

	if (expected->result == FP_GUNZIP_STOPPED) {
		HOLDS(answer->result == FP_GUNZIP_STOPPED ||
			answer->result == FP_GUNZIP_CORRUPT);
		out.len = FP_MIN(out.len, whole.len);
	} else {
		HOLDS(answer->result == expected->result);
	}
	HOLDS(expected->result != FP_GUNZIP_OK || out.len == whole.len);
	HOLDS(out.len <= whole.len);
	HOLDS(out.len == 0 || memcmp(out.data, whole.data, out.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer plain, answer;
	static struct fp_gunzip gunzip;
	static struct fp_buf stream;
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fuzz_cut cut = {fuzz_choose(&fuzz, FUZZ_CUTS), 1}, none = {0};

	choose_limit(&fuzz);
	make_stream(&fuzz, &stream);
	undo_plainly(&stream, &plain);
	undo(&gunzip, &stream, none, &answer);
	holds_same(&answer, &plain);
	if (size % 8 == 0)
		fp_gunzip_free(&gunzip);
	undo(&gunzip, &stream, cut, &answer);
	holds_same(&answer, &plain);
	return 0;
}
