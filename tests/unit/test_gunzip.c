/* SPDX-License-Identifier: MIT */
#include "gziptest.h"

static void
cut_anywhere(void)
{
	static const char all[] = "first, second, third, fourth";
	struct fp_buf gzip = FP_BUF_INIT;
	unsigned wrong = 0;

	add_member(&gzip, "first, ", 7);
	add_rich_member(&gzip, "second, ");
	add_member(&gzip, "", 0);
	add_member(&gzip, "third, ", 7);
	add_member(&gzip, "fourth", 6);
	for (size_t cut = 1; cut <= gzip.len; cut++) {
		wrong += undo(gzip.data, gzip.len, cut) != FP_GUNZIP_OK;
		wrong += !came_out(all, strlen(all));
		CHECK_TEXT(fp_gunzip_message(&gunzip), "");
	}
	/* In each place once, with an empty piece there. */
	for (size_t at = 0; at <= gzip.len; at++) {
		fp_buf_clear(&sink.got, SIZE_MAX);
		fp_gunzip_start(&gunzip);
		wrong += feed(gzip.data, at) != FP_GUNZIP_OK;
		wrong += feed(gzip.data + at, 0) != FP_GUNZIP_OK;
		wrong += feed(gzip.data + at, gzip.len - at) != FP_GUNZIP_OK;
		wrong += fp_gunzip_finish(&gunzip) != FP_GUNZIP_OK;
		wrong += !came_out(all, strlen(all));
	}
	CHECK(wrong == 0);
	tidy(&gzip);
}

/* Every kind of block, and distances over nearly the whole window. */
static void
large(void)
{
	static const struct how hows[] = {
		{0, Z_DEFAULT_STRATEGY, NULL},
		{1, Z_DEFAULT_STRATEGY, NULL},
		{9, Z_DEFAULT_STRATEGY, NULL},
		{6, Z_FIXED, NULL},
		{6, Z_HUFFMAN_ONLY, NULL},
	};
	size_t len = (size_t)2 << 20;
	char *data = make_data(len);

	for (size_t i = 0; i < FP_ARRAY_LEN(hows); i++) {
		struct fp_buf gzip = FP_BUF_INIT;
		add_member_as(&gzip, data, len, &hows[i]);
		CHECK(undo(gzip.data, gzip.len, 16384) == FP_GUNZIP_OK);
		CHECK(came_out(data, len));
		CHECK(undo(gzip.data, gzip.len, gzip.len) == FP_GUNZIP_OK);
		CHECK(came_out(data, len));
		tidy(&gzip);
	}
	free(data);
}

/* A member that ends with a chunk, just before its end, or just behind it. */
static void
chunk_borders(void)
{
	char *data = make_data(2 * FP_GUNZIP_CHUNK + 3);
	unsigned wrong = 0;

	for (size_t chunks = 1; chunks <= 2; chunks++) {
		for (size_t more = 0; more < 6; more++) {
			struct fp_buf gzip = FP_BUF_INIT;
			size_t len = chunks * FP_GUNZIP_CHUNK + more - 3;
			add_member(&gzip, data, len);
			add_member(&gzip, data, 1);
			for (size_t less = 0; less < 40; less++) {
				wrong += undo(gzip.data, gzip.len,
						 gzip.len - less) !=
					 FP_GUNZIP_OK;
				wrong += sink.got.len != len + 1 ||
					 memcmp(sink.got.data, data, len) != 0;
			}
			tidy(&gzip);
		}
	}
	CHECK(wrong == 0);
	free(data);
}

static void
bomb(void)
{
	struct fp_buf gzip = FP_BUF_INIT;
	size_t len = (size_t)16 << 20, limit = (size_t)1 << 20;
	char *zeros = must_alloc(len);

	memset(zeros, 0, len);
	add_member(&gzip, zeros, len);
	CHECK(gzip.len < len / 1000);
	sink.limit = limit;
	CHECK(undo(gzip.data, gzip.len, gzip.len) == FP_GUNZIP_STOPPED);
	CHECK_TEXT(fp_gunzip_message(&gunzip), "");
	CHECK(sink.got.len > limit);
	CHECK(sink.got.len <= limit + FP_GUNZIP_CHUNK);

	/* Not another byte from then on. */
	unsigned n_calls = sink.n_calls;
	CHECK(feed(gzip.data, gzip.len) == FP_GUNZIP_STOPPED);
	CHECK(fp_gunzip_finish(&gunzip) == FP_GUNZIP_STOPPED);
	CHECK(sink.n_calls == n_calls);

	sink.limit = 0;
	CHECK(undo(gzip.data, gzip.len, 100) == FP_GUNZIP_OK);
	CHECK(came_out(zeros, len));
	free(zeros);
	tidy(&gzip);
}

/* How much the beginning of a stream decodes to, by zlib's own account. */
static size_t
decoded_len(const char *data, size_t len, char *room, size_t room_len)
{
	z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};

	z.next_out = (Bytef *)room;
	z.avail_out = (uInt)room_len;
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		abort();
	inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	return room_len - z.avail_out;
}

/* Also where it is more than fits a chunk, and no more input comes. */
static void
nothing_held_back(void)
{
	struct fp_buf gzip = FP_BUF_INIT;
	size_t len = (size_t)200 << 10;
	char *zeros = must_alloc(len), *room = must_alloc(len + 1);

	memset(zeros, 0, len);
	add_member(&gzip, zeros, len);
	for (size_t n = 1; n < gzip.len; n++) {
		CHECK(undo(gzip.data, n, n) == FP_GUNZIP_ENDS_EARLY);
		CHECK(sink.got.len == decoded_len(gzip.data, n, room, len + 1));
	}
	free(zeros);
	free(room);
	tidy(&gzip);
}

static void
memory_is_kept(void)
{
	struct fp_buf gzip = FP_BUF_INIT;
	char *data = make_data(100000);

	add_member(&gzip, data, 100000);
	fp_gunzip_free(&gunzip);
	fp_gunzip_free(&gunzip);
	n_bytes = 0;
	fp_gunzip_start(&gunzip);
	CHECK(n_bytes == 0 && gunzip.state == NULL);
	CHECK(undo(gzip.data, gzip.len, 100) == FP_GUNZIP_OK);
	CHECK(n_bytes > 0 && n_bytes <= (size_t)44 << 10);
	n_callocs = 0;
	for (unsigned i = 0; i < 10; i++) {
		CHECK(undo(gzip.data, gzip.len, 999) == FP_GUNZIP_OK);
		CHECK(came_out(data, 100000));
		CHECK(undo(gzip.data, gzip.len / 2, 999) ==
			FP_GUNZIP_ENDS_EARLY);
	}
	CHECK(n_callocs == 0);
	free(data);
	tidy(&gzip);
}

static void
empty_members(void)
{
	struct fp_buf gzip = FP_BUF_INIT;

	for (unsigned i = 0; i < 5000; i++)
		add_member(&gzip, "", 0);
	CHECK(undo(gzip.data, 20, 1) == FP_GUNZIP_OK);
	n_callocs = 0;
	CHECK(undo(gzip.data, gzip.len, 999) == FP_GUNZIP_OK);
	CHECK(sink.n_calls == 0 && n_callocs == 0);
	tidy(&gzip);
}

static void
no_memory(void)
{
	struct fp_buf gzip = FP_BUF_INIT;
	unsigned n_failed = 0;

	add_rich_member(&gzip, text_1);
	add_member(&gzip, text_1, strlen(text_1));
	for (unsigned nth = 1; nth < 10; nth++) {
		fp_gunzip_free(&gunzip);
		fail_nth = nth;
		enum fp_gunzip_result result = undo(gzip.data, gzip.len, 10);
		fail_nth = 0;
		if (result != FP_GUNZIP_OK) {
			n_failed++;
			CHECK(result == FP_GUNZIP_NO_MEMORY);
			CHECK_TEXT(fp_gunzip_message(&gunzip), "out of memory");
		}
		CHECK(undo(gzip.data, gzip.len, 10) == FP_GUNZIP_OK);
		CHECK(sink.got.len == 2 * strlen(text_1));
	}
	/* Ours, and zlib's: some take one block, some two. */
	CHECK(n_failed == 2 || n_failed == 3);
	tidy(&gzip);
}

int
main(void)
{
	fp_gunzip_init(&gunzip);
	run("73 members after one another are one body, cut anywhere",
		cut_anywhere);
	run("large data, and every kind of block", large);
	run("members that end around the end of a chunk", chunk_borders);
	run("what can be decoded is given out at once", nothing_held_back);
	run("74 a bomb is stopped by the callback, within one chunk", bomb);
	run("memory is taken once, when gzip comes", memory_is_kept);
	run("empty members, however many, call nobody", empty_members);
	run("98 any allocation may fail", no_memory);
	fp_gunzip_free(&gunzip);
	return done();
}
