/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "unpack.h"

#include "outcome.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ZLIB_CONST
#include <zlib.h>

#ifdef HAVE_BROTLI
#include <brotli/decode.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

/* The largest window of zstd, as a power of two (RFC 9659). */
#define ZSTD_WINDOW_BITS 23

/* What a library's step did. */
struct unpack_step {
	const unsigned char *at;
	size_t left; /* of the input */
	unsigned char *to;
	size_t room; /* for the output */
};

/* ---- names ---- */

static const struct {
	const char *name;
	enum fp_packing packing;
} unpack_names[] = {
	{"gzip", FP_PACKING_GZIP},
	{"deflate", FP_PACKING_DEFLATE},
	{"br", FP_PACKING_BR},
	{"zstd", FP_PACKING_ZSTD},
	{"x-gzip", FP_PACKING_GZIP},
	{"x-deflate", FP_PACKING_DEFLATE},
};

enum fp_packing
fp_unpack_find(const char *name, size_t len)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(unpack_names); i++) {
		if (strlen(unpack_names[i].name) == len &&
			strncasecmp(unpack_names[i].name, name, len) == 0)
			return unpack_names[i].packing;
	}
	return FP_PACKING_NONE;
}

const char *
fp_unpack_name(enum fp_packing packing)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(unpack_names); i++) {
		if (unpack_names[i].packing == packing)
			return unpack_names[i].name;
	}
	return "";
}

bool
fp_unpack_can(enum fp_packing packing, const char **lack)
{
	*lack = NULL;
#ifndef HAVE_BROTLI
	if (packing == FP_PACKING_BR)
		*lack = "libbrotlidec";
#endif
#ifndef HAVE_ZSTD
	if (packing == FP_PACKING_ZSTD)
		*lack = "libzstd";
#endif
	return packing != FP_PACKING_NONE && !*lack;
}

void
fp_unpack_versions(char *text, size_t size)
{
	if (size > 0)
		text[0] = '\0';
#ifdef HAVE_BROTLI
	uint32_t version = BrotliDecoderVersion();
	snprintf(text, size, " brotli/%u.%u.%u", version >> 24,
		version >> 12 & 0xfff, version & 0xfff);
#endif
#ifdef HAVE_ZSTD
	size_t len = strlen(text);
	snprintf(text + len, size - len, " zstd/%s", ZSTD_versionString());
#endif
}

/* ---- memory ---- */

/* What a decoder takes besides its window. */
#define NEED_BASE ((size_t)256 << 10)

/* WBITS, the size of the window as a power of two (RFC 7932, section 9.1). */
static unsigned
brotli_bits(unsigned char first)
{
	if (!(first & 1))
		return 16;
	if (first >> 1 & 7)
		return 17 + (first >> 1 & 7);
	return first >> 4 & 7 ? 8 + (first >> 4 & 7) : 17;
}

size_t
fp_unpack_need(enum fp_packing packing, unsigned char first)
{
	switch (packing) {
	case FP_PACKING_BR:
		return NEED_BASE + ((size_t)1 << brotli_bits(first));
	case FP_PACKING_ZSTD:
		return 2 * NEED_BASE + ((size_t)1 << ZSTD_WINDOW_BITS);
	default:
		return 0;
	}
}

/* ---- results ---- */

static void
unpack_fail(struct fp_unpack *unpack, enum fp_gunzip_result result,
	const char *message)
{
	unpack->result = result;
	unpack->message = message;
	unpack->has_more = false;
}

static void
unpack_no_memory(struct fp_unpack *unpack)
{
	unpack_fail(unpack, FP_GUNZIP_NO_MEMORY, FP_OUT_OF_MEMORY);
}

/* ---- deflate ---- */

/* zlib's form begins with a header of two bytes (RFC 1950, section 2.2). */
static int
deflate_bits(const unsigned char head[2])
{
	bool is_zlib = (head[0] & 0x0f) == Z_DEFLATED && head[0] >> 4 <= 7 &&
		       (head[0] << 8 | head[1]) % 31 == 0;

	return is_zlib ? MAX_WBITS : -MAX_WBITS;
}

static bool
begin_deflate(struct fp_unpack *unpack)
{
	z_stream *zlib = calloc(1, sizeof(*zlib));

	if (zlib && inflateInit2(zlib, deflate_bits(unpack->head)) != Z_OK) {
		free(zlib);
		zlib = NULL;
	}
	unpack->state = zlib;
	if (!zlib)
		unpack_no_memory(unpack);
	return zlib != NULL;
}

static void
inflate_some(struct fp_unpack *unpack, struct unpack_step *step)
{
	z_stream *zlib = unpack->state;

	zlib->next_in = step->at;
	zlib->avail_in = (unsigned)FP_MIN(step->left, UINT_MAX);
	zlib->next_out = step->to;
	zlib->avail_out = (unsigned)step->room;
	unsigned given = zlib->avail_in;
	int status = inflate(zlib, Z_NO_FLUSH);
	step->at = zlib->next_in;
	step->left -= given - zlib->avail_in;
	step->room = zlib->avail_out;
	unpack->has_more = status == Z_OK && zlib->avail_out == 0;
	if (status == Z_STREAM_END) {
		unpack->is_open = false;
		unpack->had_end = true;
	} else if (status == Z_MEM_ERROR) {
		unpack_no_memory(unpack);
	} else if (status != Z_OK && status != Z_BUF_ERROR) {
		unpack_fail(unpack, FP_GUNZIP_CORRUPT, "corrupt deflate data");
	}
}

/* The first two bytes are held back until both are there, and then go first. */
static void
step_deflate(struct fp_unpack *unpack, struct unpack_step *step)
{
	while (!unpack->state && unpack->n_head < 2 && step->left > 0) {
		unpack->head[unpack->n_head++] = *step->at++;
		step->left--;
	}
	unpack->is_open = true;
	if (!unpack->state) {
		if (unpack->n_head < 2 || !begin_deflate(unpack))
			return;
		struct unpack_step first = *step;
		first.at = unpack->head;
		first.left = 2;
		inflate_some(unpack, &first);
		step->to = first.to + (step->room - first.room);
		step->room = first.room;
		if (first.left > 0 && unpack->result == FP_GUNZIP_OK)
			unpack_fail(unpack, FP_GUNZIP_CORRUPT,
				"garbage after the end of the deflate data");
		if (!unpack->is_open || unpack->result != FP_GUNZIP_OK)
			return;
	}
	if (step->left > 0 || unpack->has_more)
		inflate_some(unpack, step);
}

/* ---- br ---- */

#ifdef HAVE_BROTLI
static void
step_brotli(struct fp_unpack *unpack, struct unpack_step *step)
{
	if (!unpack->state)
		unpack->state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	if (!unpack->state) {
		unpack_no_memory(unpack);
		return;
	}
	unpack->is_open = true;
	BrotliDecoderResult result =
		BrotliDecoderDecompressStream(unpack->state, &step->left,
			&step->at, &step->room, &step->to, NULL);
	unpack->has_more = result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	if (result == BROTLI_DECODER_RESULT_SUCCESS) {
		unpack->is_open = false;
		unpack->had_end = true;
	} else if (result == BROTLI_DECODER_RESULT_ERROR) {
		BrotliDecoderErrorCode code =
			BrotliDecoderGetErrorCode(unpack->state);
		if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
			code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
			unpack_no_memory(unpack);
		else
			unpack_fail(
				unpack, FP_GUNZIP_CORRUPT, "corrupt br data");
	}
}
#endif

/* ---- zstd ---- */

#ifdef HAVE_ZSTD
static bool
begin_zstd(struct fp_unpack *unpack)
{
	unpack->state = ZSTD_createDCtx();
	if (unpack->state && !ZSTD_isError(ZSTD_DCtx_setParameter(unpack->state,
				     ZSTD_d_windowLogMax, ZSTD_WINDOW_BITS)))
		return true;
	unpack_no_memory(unpack);
	return false;
}

static void
fail_zstd(struct fp_unpack *unpack, size_t code)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_memory_allocation:
		unpack_no_memory(unpack);
		break;
	case ZSTD_error_frameParameter_windowTooLarge:
		unpack_fail(unpack, FP_GUNZIP_CORRUPT,
			"zstd data with a window of more than 8 MiB");
		break;
	case ZSTD_error_prefix_unknown:
		unpack_fail(unpack, FP_GUNZIP_CORRUPT,
			unpack->had_end
				? "garbage after the end of the zstd data"
				: "not zstd data");
		break;
	case ZSTD_error_checksum_wrong:
		unpack_fail(unpack, FP_GUNZIP_CORRUPT,
			"zstd data with a wrong checksum");
		break;
	default:
		unpack_fail(unpack, FP_GUNZIP_CORRUPT, "corrupt zstd data");
	}
}

static void
step_zstd(struct fp_unpack *unpack, struct unpack_step *step)
{
	if (!unpack->state && !begin_zstd(unpack))
		return;
	ZSTD_inBuffer in = {step->at, step->left, 0};
	ZSTD_outBuffer out = {step->to, step->room, 0};
	size_t hint = ZSTD_decompressStream(unpack->state, &out, &in);
	step->at += in.pos;
	step->left -= in.pos;
	step->to += out.pos;
	step->room -= out.pos;
	if (ZSTD_isError(hint)) {
		fail_zstd(unpack, hint);
		return;
	}
	unpack->is_open = hint > 0;
	unpack->had_end |= hint == 0;
	unpack->has_more = hint > 0 && step->room == 0;
}
#endif

/* ---- the whole ---- */

void
fp_unpack_init(struct fp_unpack *unpack)
{
	*unpack = (struct fp_unpack){.message = ""};
}

void
fp_unpack_end(struct fp_unpack *unpack)
{
	if (FP_LIKELY(!unpack->state))
		return;
	switch (unpack->packing) {
#ifdef HAVE_BROTLI
	case FP_PACKING_BR:
		BrotliDecoderDestroyInstance(unpack->state);
		break;
#endif
#ifdef HAVE_ZSTD
	case FP_PACKING_ZSTD:
		ZSTD_freeDCtx(unpack->state);
		break;
#endif
	default:
		inflateEnd(unpack->state);
		free(unpack->state);
	}
	unpack->state = NULL;
}

void
fp_unpack_start(struct fp_unpack *unpack, enum fp_packing packing)
{
	fp_unpack_end(unpack);
	fp_unpack_init(unpack);
	unpack->packing = packing;
}

static void
unpack_some(struct fp_unpack *unpack, struct unpack_step *step)
{
	switch (unpack->packing) {
	case FP_PACKING_DEFLATE:
		step_deflate(unpack, step);
		break;
#ifdef HAVE_BROTLI
	case FP_PACKING_BR:
		step_brotli(unpack, step);
		break;
#endif
#ifdef HAVE_ZSTD
	case FP_PACKING_ZSTD:
		step_zstd(unpack, step);
		break;
#endif
	default:
		abort();
	}
}

size_t
fp_unpack_step(struct fp_unpack *unpack, const void *data, size_t len,
	fp_gunzip_out *out, void *arg)
{
	unsigned char chunk[FP_GUNZIP_CHUNK];
	struct unpack_step step = {data, len, chunk, sizeof(chunk)};
	static const char *const garbage[] = {
		[FP_PACKING_DEFLATE] =
			"garbage after the end of the deflate data",
		[FP_PACKING_BR] = "garbage after the end of the br data",
	};

	if (unpack->result != FP_GUNZIP_OK)
		return len;
	if (unpack->had_end && !unpack->is_open &&
		unpack->packing != FP_PACKING_ZSTD) {
		if (len > 0)
			unpack_fail(unpack, FP_GUNZIP_CORRUPT,
				garbage[unpack->packing]);
		return len;
	}
	unpack_some(unpack, &step);
	size_t given = sizeof(chunk) - step.room;
	if (given > 0 && !out(arg, (char *)chunk, given))
		unpack_fail(unpack, FP_GUNZIP_STOPPED, "");
	return len - step.left;
}

enum fp_gunzip_result
fp_unpack_finish(struct fp_unpack *unpack)
{
	static const char *const messages[] = {
		[FP_PACKING_DEFLATE] = "truncated deflate data",
		[FP_PACKING_BR] = "truncated br data",
		[FP_PACKING_ZSTD] = "truncated zstd data",
	};

	if (unpack->result == FP_GUNZIP_OK && unpack->is_open)
		unpack_fail(unpack, FP_GUNZIP_ENDS_EARLY,
			messages[unpack->packing]);
	return unpack->result;
}
