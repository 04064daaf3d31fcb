/* SPDX-License-Identifier: MIT */
/*
 * zlib reads one member at a time: its header, the deflate data, and the
 * trailer, whose CRC and length it checks. Here is what it leaves open: that
 * members follow one another until the input ends, and what may stand between
 * them. That is nothing (RFC 1952, section 2.2): any byte behind a member
 * begins another one, or the stream is corrupt.
 *
 * This holds for zeros too. gzip(1) passes over them, for the sake of tapes
 * with blocks of a fixed size. A message has its length from its framing and
 * needs no padding; and zeros are just what a file shows whose end was lost
 * in a crash, where more members once were.
 *
 * The decoded bytes pass through a buffer on the stack. It is used by one
 * body after the other, so it stays in the cache, and costs no memory for
 * each transfer that is under way.
 */
#include "base.h"

#include "gunzip.h"

#include "outcome.h"

#include <limits.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

/* A member's first byte (RFC 1952, section 2.3.1, ID1). */
#define ID1 0x1f

/* zlib's names: the largest window there is, and gzip's wrapping alone. */
#define WINDOW_BITS 15
#define ONLY_GZIP 16

/* zlib keeps the address of its stream: this may not move. */
struct fp_gunzip_state {
	z_stream zlib;
};

/* What zlib says, and how we put it. Its header check is not among them: it
 * means two things. */
static const struct {
	const char *zlib;
	const char *message;
} sayings[] = {
	{"incorrect data check", "gzip data with a wrong CRC"},
	{"incorrect length check", "gzip data with a wrong length"},
	{"header crc mismatch", "gzip header with a wrong CRC"},
	{"unknown compression method", "gzip header of an unknown method"},
	{"unknown header flags set", "gzip header with unknown flags"},
};

/* zlib's allocator. calloc() knows products that are too large. */
static void *
gunzip_take(void *arg, unsigned n, unsigned size)
{
	(void)arg;
	return calloc(n, size);
}

static void
give(void *arg, void *memory)
{
	(void)arg;
	free(memory);
}

void
fp_gunzip_init(struct fp_gunzip *gunzip)
{
	gunzip->state = NULL;
	fp_gunzip_start(gunzip);
}

void
fp_gunzip_free(struct fp_gunzip *gunzip)
{
	if (gunzip->state)
		inflateEnd(&gunzip->state->zlib);
	free(gunzip->state);
	fp_gunzip_init(gunzip);
}

void
fp_gunzip_start(struct fp_gunzip *gunzip)
{
	gunzip->in_member = false;
	gunzip->had_member = false;
	gunzip->result = FP_GUNZIP_OK;
	gunzip->message = "";
}

static void
gunzip_fail(struct fp_gunzip *gunzip, enum fp_gunzip_result result,
	const char *message)
{
	gunzip->result = result;
	gunzip->message = message;
}

/* No member begins where one has to. */
static void
fail_begin(struct fp_gunzip *gunzip, bool with_zero)
{
	const char *message = "not gzip data";

	if (gunzip->had_member)
		message = with_zero ? "zeros after the end of the gzip data"
				    : "garbage after the end of the gzip data";
	gunzip_fail(gunzip, FP_GUNZIP_CORRUPT, message);
}

static void
fail_inflate(struct fp_gunzip *gunzip, int status)
{
	const char *said = gunzip->state->zlib.msg;
	const char *message = "corrupt gzip data";

	if (status == Z_MEM_ERROR) {
		gunzip_fail(gunzip, FP_GUNZIP_NO_MEMORY, FP_OUT_OF_MEMORY);
		return;
	}
	if (said && strcmp(said, "incorrect header check") == 0) {
		fail_begin(gunzip, false);
		return;
	}
	for (size_t i = 0; said && i < FP_ARRAY_LEN(sayings); i++) {
		if (strcmp(said, sayings[i].zlib) == 0)
			message = sayings[i].message;
	}
	gunzip_fail(gunzip, FP_GUNZIP_CORRUPT, message);
}

/* Makes zlib ready for a member; takes the memory if there is none yet. */
static bool
begin_member(struct fp_gunzip *gunzip)
{
	struct fp_gunzip_state *state = gunzip->state;

	if (state) {
		FP_ASSERT(inflateReset(&state->zlib) == Z_OK);
		gunzip->in_member = true;
		return true;
	}
	state = calloc(1, sizeof(*state));
	if (state) {
		state->zlib.zalloc = gunzip_take;
		state->zlib.zfree = give;
		if (inflateInit2(&state->zlib, WINDOW_BITS + ONLY_GZIP) !=
			Z_OK) {
			free(state);
			state = NULL;
		}
	}
	gunzip->state = state;
	gunzip->in_member = state != NULL;
	if (!state)
		gunzip_fail(gunzip, FP_GUNZIP_NO_MEMORY, FP_OUT_OF_MEMORY);
	return state != NULL;
}

/* Goes on with the member, until it ends, the input does, or it fails. */
static void
inflate_member(struct fp_gunzip *gunzip, fp_gunzip_out *out, void *arg)
{
	z_stream *zlib = &gunzip->state->zlib;
	char chunk[FP_GUNZIP_CHUNK];

	do {
		zlib->next_out = (unsigned char *)chunk;
		zlib->avail_out = sizeof(chunk);
		int status = inflate(zlib, Z_NO_FLUSH);
		/* Z_BUF_ERROR: the input ended with the chunk before. */
		if (status != Z_OK && status != Z_STREAM_END &&
			status != Z_BUF_ERROR) {
			fail_inflate(gunzip, status);
			return;
		}
		size_t len = sizeof(chunk) - zlib->avail_out;
		if (len > 0 && !out(arg, chunk, len)) {
			gunzip_fail(gunzip, FP_GUNZIP_STOPPED, "");
			return;
		}
		if (status == Z_STREAM_END) {
			gunzip->in_member = false;
			gunzip->had_member = true;
			return;
		}
	} while (zlib->avail_in > 0 || zlib->avail_out == 0);
}

enum fp_gunzip_result
fp_gunzip_feed(struct fp_gunzip *gunzip, const void *data, size_t len,
	fp_gunzip_out *out, void *arg)
{
	const unsigned char *at = data;

	while (len > 0 && gunzip->result == FP_GUNZIP_OK) {
		if (!gunzip->in_member && *at != ID1) {
			fail_begin(gunzip, *at == 0);
			break;
		}
		if (!gunzip->in_member && !begin_member(gunzip))
			break;
		z_stream *zlib = &gunzip->state->zlib;
		unsigned piece = (unsigned)FP_MIN(len, UINT_MAX);
		zlib->next_in = at;
		zlib->avail_in = piece;
		inflate_member(gunzip, out, arg);
		at += piece - zlib->avail_in;
		len -= piece - zlib->avail_in;
	}
	return gunzip->result;
}

enum fp_gunzip_result
fp_gunzip_finish(struct fp_gunzip *gunzip)
{
	if (gunzip->result != FP_GUNZIP_OK)
		return gunzip->result;
	if (gunzip->in_member)
		gunzip_fail(
			gunzip, FP_GUNZIP_ENDS_EARLY, "truncated gzip data");
	return gunzip->result;
}

const char *
fp_gunzip_message(const struct fp_gunzip *gunzip)
{
	return gunzip->message;
}
