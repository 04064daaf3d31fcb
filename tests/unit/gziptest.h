/* SPDX-License-Identifier: MIT */
/*
 * gziptest: what the tests of gunzip share: gzip made with zlib's other half,
 * and a place for what comes out of it again. Each piece that goes in is a
 * block of its own of just its size, so that the sanitizers and valgrind see
 * a look beyond it. Memory is counted, and runs out when a test wants it to.
 */
#ifndef FP_GZIPTEST_H
#define FP_GZIPTEST_H

#include "base.h"

#include "buf.h"
#include "gunzip.h"
#include "tap.h"

#include <zlib.h>

/* ---- memory ---- */

/* The linker puts this in the place of calloc() (--wrap in tests/local.mk). */
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static unsigned n_callocs;
static size_t n_bytes;
static unsigned fail_nth; /* 0: none does */

void *
__wrap_calloc(size_t n, size_t size)
{
	n_callocs++;
	n_bytes += n * size;
	return fail_nth && --fail_nth == 0 ? NULL : __real_calloc(n, size);
}

static inline void *
must_alloc(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		abort();
	return memory;
}

/* ---- making gzip ---- */

struct how {
	int level;
	int strategy;
	gz_header *header;
};

/* Appends one member. */
static inline void
add_member_as(struct fp_buf *gzip, const void *data, size_t len,
	const struct how *how)
{
	z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};

	if (deflateInit2(&z, how->level, Z_DEFLATED, 15 + 16, 8,
		    how->strategy) != Z_OK)
		abort();
	if (how->header && deflateSetHeader(&z, how->header) != Z_OK)
		abort();
	size_t room = deflateBound(&z, (uLong)len);
	if (fp_buf_reserve(gzip, room))
		abort();
	z.next_out = (Bytef *)gzip->data + gzip->len;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	gzip->len += room - z.avail_out;
	deflateEnd(&z);
}

static inline void
add_member(struct fp_buf *gzip, const void *data, size_t len)
{
	static const struct how plainly = {6, Z_DEFAULT_STRATEGY, NULL};

	add_member_as(gzip, data, len, &plainly);
}

/* One with all that a header can have (RFC 1952, section 2.3). */
static inline void
add_rich_member(struct fp_buf *gzip, const char *text)
{
	char extra[] = "Ap\5\0apple", name[] = "a name.txt";
	char comment[] = "a comment";
	gz_header header = {
		.text = 1,
		.time = 1234567890,
		.os = 3,
		.extra = (Bytef *)extra,
		.extra_len = 9,
		.name = (Bytef *)name,
		.comment = (Bytef *)comment,
		.hcrc = 1,
	};
	struct how how = {6, Z_DEFAULT_STRATEGY, &header};

	add_member_as(gzip, text, strlen(text), &how);
}

static const char text_1[] =
	"Some text, some other text, and then some more of this text.\n";

/* Bytes without order, most of which were there before, nearly as far back
 * as a window reaches. The caller frees them. */
static inline char *
make_data(size_t len)
{
	char *data = must_alloc(len);
	uint32_t seed = 1;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245u + 12345u;
		data[i] = i >= 30000 && i % 5000 < 4000 ? data[i - 29999]
							: (char)(seed >> 24);
	}
	return data;
}

/* ---- undoing it ---- */

/* One for all tests of a program, as a transfer has one for all its bodies. */
static struct fp_gunzip gunzip;

static struct {
	struct fp_buf got;
	size_t limit; /* says stop when it has more; 0: never */
	unsigned n_calls;
} sink;

static inline bool
collect(void *arg, const char *data, size_t len)
{
	CHECK(arg == &sink);
	CHECK(len > 0 && len <= FP_GUNZIP_CHUNK);
	sink.n_calls++;
	if (fp_buf_add(&sink.got, data, len))
		abort();
	return !sink.limit || sink.got.len <= sink.limit;
}

static inline enum fp_gunzip_result
feed(const char *data, size_t len)
{
	char *copy = must_alloc(len);

	memcpy(copy, data, len);
	enum fp_gunzip_result result =
		fp_gunzip_feed(&gunzip, copy, len, collect, &sink);
	free(copy);
	return result;
}

/* A whole body in pieces of `cut` bytes; what comes out is in the sink. */
static inline enum fp_gunzip_result
undo(const char *data, size_t len, size_t cut)
{
	enum fp_gunzip_result result = FP_GUNZIP_OK;

	fp_buf_clear(&sink.got, SIZE_MAX);
	fp_gunzip_start(&gunzip);
	for (size_t at = 0; at < len && result == FP_GUNZIP_OK; at += cut)
		result = feed(data + at, FP_MIN(cut, len - at));
	enum fp_gunzip_result end = fp_gunzip_finish(&gunzip);
	CHECK(result == FP_GUNZIP_OK || end == result);
	return end;
}

/* Whether that is just what came out. */
static inline bool
came_out(const void *data, size_t len)
{
	return sink.got.len == len &&
	       (len == 0 || memcmp(sink.got.data, data, len) == 0);
}

/* A test is done with its gzip, and with the sink. */
static inline void
tidy(struct fp_buf *gzip)
{
	fp_buf_destroy(gzip);
	fp_buf_destroy(&sink.got);
	sink.limit = 0;
	sink.n_calls = 0;
}

#endif
