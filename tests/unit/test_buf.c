/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "buf.h"
#include "tap.h"

#include <errno.h>

/* The linker puts this in the place of realloc(), so that memory can run out
 * when a test wants it to (--wrap in tests/local.mk). */
void *__real_realloc(void *data, size_t size);
void *__wrap_realloc(void *data, size_t size);

static unsigned n_reallocs;
static bool memory_is_out;

void *
__wrap_realloc(void *data, size_t size)
{
	n_reallocs++;
	return memory_is_out ? NULL : __real_realloc(data, size);
}

/* What holds after every successful call. */
static bool
is_sound(const struct fp_buf *buf)
{
	return buf->data && buf->cap > buf->len && buf->data[buf->len] == '\0';
}

static void
empty(void)
{
	struct fp_buf buf = FP_BUF_INIT;

	CHECK_TEXT(fp_buf_text(&buf), "");
	fp_buf_clear(&buf, 0);
	fp_buf_clear(&buf, 100);
	CHECK(buf.data == NULL && buf.len == 0);
	CHECK(fp_buf_add(&buf, NULL, 0) == 0);
	CHECK(is_sound(&buf) && buf.len == 0);
	fp_buf_destroy(&buf);
	CHECK(buf.data == NULL && buf.len == 0 && buf.cap == 0);
	fp_buf_destroy(&buf);
	CHECK(fp_buf_add_text(&buf, "again") == 0);
	CHECK_TEXT(buf.data, "again");
	fp_buf_destroy(&buf);
}

static const char *
decoded(const char *text)
{
	static char copy[32];
	struct fp_buf buf = FP_BUF_INIT;

	CHECK(fp_buf_add_decoded(&buf, text, strlen(text)) == 0);
	snprintf(copy, sizeof(copy), "%s", fp_buf_text(&buf));
	fp_buf_destroy(&buf);
	return copy;
}

static void
percent_encoded(void)
{
	struct fp_buf buf = FP_BUF_INIT;

	CHECK_TEXT(decoded(""), "");
	CHECK_TEXT(decoded("a%2fb%2Fc"), "a/b/c");
	CHECK_TEXT(decoded("%c3%a4"), "\xc3\xa4");
	CHECK_TEXT(decoded("%2541"), "%41");
	CHECK_TEXT(decoded("%"), "%");
	CHECK_TEXT(decoded("%4"), "%4");
	CHECK_TEXT(decoded("100%4g%41"), "100%4gA");
	CHECK(fp_buf_add_decoded(&buf, "%00%41", 5) == 0);
	CHECK(buf.len == 3 && memcmp(buf.data, "\0%4", 3) == 0);
	fp_buf_destroy(&buf);
}

static void
byte_by_byte(void)
{
	struct fp_buf buf = FP_BUF_INIT;
	unsigned wrong = 0;

	n_reallocs = 0;
	for (unsigned i = 0; i < 100000; i++) {
		CHECK(fp_buf_add_char(&buf, (char)(i * 7)) == 0);
		wrong += !is_sound(&buf) || buf.len != i + 1;
	}
	for (unsigned i = 0; i < 100000; i++)
		wrong += buf.data[i] != (char)(i * 7);
	CHECK(wrong == 0);

	/* By half as much again each time: about log 1.5 of 100000 / 32. */
	CHECK(n_reallocs > 5 && n_reallocs < 30);
	fp_buf_destroy(&buf);
}

/* Pieces of every length behind contents of every length. */
static void
every_length(void)
{
	char piece[70];
	unsigned wrong = 0;

	memset(piece, 'p', sizeof(piece));
	for (size_t before = 0; before < 70; before++) {
		for (size_t len = 0; len < 70; len++) {
			struct fp_buf buf = FP_BUF_INIT;
			wrong += fp_buf_add(&buf, piece, before) != 0;
			wrong += fp_buf_add(&buf, piece, len) != 0;
			wrong += !is_sound(&buf) || buf.len != before + len;
			wrong += fp_buf_printf(&buf, "%.*s", (int)len, piece) !=
				 0;
			wrong += !is_sound(&buf) || buf.len != before + 2 * len;
			wrong += strspn(buf.data, "p") != buf.len;
			fp_buf_destroy(&buf);
		}
	}
	CHECK(wrong == 0);
}

static void
any_byte(void)
{
	struct fp_buf buf = FP_BUF_INIT;

	CHECK(fp_buf_add(&buf, "a\0b\n\xff", 5) == 0);
	CHECK(fp_buf_add_char(&buf, '\0') == 0);
	CHECK(fp_buf_add_text(&buf, "") == 0);
	CHECK(fp_buf_add_text(&buf, "c") == 0);
	CHECK_BYTES(buf.data, buf.len, "a\0b\n\xff\0c", 7);
	fp_buf_destroy(&buf);
}

static void
formatted(void)
{
	struct fp_buf buf = FP_BUF_INIT;

	CHECK(fp_buf_printf(&buf, "%d %s", -5, "five") == 0);
	CHECK(fp_buf_printf(&buf, "%s", "") == 0);
	CHECK(fp_buf_printf(&buf, "%c%%", 0) == 0);
	CHECK_BYTES(buf.data, buf.len, "-5 five\0%", 9);
	fp_buf_clear(&buf, 1000);
	CHECK(fp_buf_add_number(&buf, 0) == 0);
	CHECK(fp_buf_add_number(&buf, 1203) == 0);
	CHECK(fp_buf_add_number(&buf, UINT64_MAX) == 0);
	CHECK_TEXT(buf.data, "0120318446744073709551615");
	fp_buf_clear(&buf, 1000);
	CHECK(fp_buf_printf(&buf, "%05000d|", 7) == 0);
	CHECK(is_sound(&buf) && buf.len == 5001);
	CHECK(buf.data[4999] == '7' && buf.data[5000] == '|');
	fp_buf_destroy(&buf);
}

static void
replaced(void)
{
	struct fp_buf buf = FP_BUF_INIT;
	char large[3000];

	memset(large, 'L', sizeof(large));
	CHECK(fp_buf_set(&buf, "first", 5) == 0);
	CHECK_TEXT(buf.data, "first");
	CHECK(fp_buf_set(&buf, "2nd", 3) == 0);
	CHECK(is_sound(&buf));
	CHECK_TEXT(buf.data, "2nd");
	CHECK(fp_buf_set(&buf, large, sizeof(large)) == 0);
	CHECK(is_sound(&buf));
	CHECK_BYTES(buf.data, buf.len, large, sizeof(large));
	CHECK(fp_buf_set(&buf, NULL, 0) == 0);
	CHECK(is_sound(&buf) && buf.len == 0);
	fp_buf_destroy(&buf);
}

static void
cleared(void)
{
	struct fp_buf buf = FP_BUF_INIT;

	CHECK(fp_buf_add_text(&buf, "some") == 0);
	size_t cap = buf.cap;
	fp_buf_clear(&buf, cap);
	CHECK(buf.cap == cap && buf.len == 0);
	CHECK_TEXT(fp_buf_text(&buf), "");
	CHECK(fp_buf_add_text(&buf, "more") == 0);
	fp_buf_clear(&buf, cap - 1);
	CHECK(buf.cap == 0 && buf.len == 0 && buf.data == NULL);
	CHECK_TEXT(fp_buf_text(&buf), "");
}

static void
reserved(void)
{
	struct fp_buf buf = FP_BUF_INIT;

	CHECK(fp_buf_reserve(&buf, 1000) == 0);
	CHECK(is_sound(&buf) && buf.len == 0 && buf.cap > 1000);
	n_reallocs = 0;
	memory_is_out = true;
	for (unsigned i = 0; i < 1000; i++)
		CHECK(fp_buf_add_char(&buf, 'r') == 0);
	memory_is_out = false;
	CHECK(n_reallocs == 0 && is_sound(&buf) && buf.len == 1000);
	fp_buf_destroy(&buf);
}

#define CHECK_FAILS(call)                                               \
	do {                                                            \
		errno = 0;                                              \
		CHECK((call) == -1 && errno == ENOMEM);                 \
		CHECK(buf.len == len && buf.cap == cap);                \
		CHECK(!buf.data ||                                      \
			memcmp(buf.data, before, sizeof(before)) == 0); \
	} while (0)

/* Every way to grow, where there is something and where there is nothing. */
static void
no_memory(void)
{
	static const char before[] = "as it was";
	char large[2000] = {'x'};

	for (int full = 0; full < 2; full++) {
		struct fp_buf buf = FP_BUF_INIT;
		if (full)
			CHECK(fp_buf_add_text(&buf, before) == 0);
		size_t len = buf.len, cap = buf.cap;
		memory_is_out = true;
		CHECK_FAILS(fp_buf_reserve(&buf, sizeof(large)));
		CHECK_FAILS(fp_buf_add(&buf, large, sizeof(large)));
		CHECK_FAILS(fp_buf_set(&buf, large, sizeof(large)));
		CHECK_FAILS(fp_buf_printf(&buf, "%2000d", 1));
		if (!full) {
			CHECK_FAILS(fp_buf_add_char(&buf, 'c'));
			CHECK_FAILS(fp_buf_add_text(&buf, ""));
		}
		memory_is_out = false;
		CHECK(fp_buf_add_text(&buf, "!") == 0);
		CHECK_TEXT(buf.data, full ? "as it was!" : "!");
		fp_buf_destroy(&buf);
	}
}

/* Sizes that would wrap around are refused without asking for memory. */
static void
absurd_sizes(void)
{
	static const char before[] = "as it was";
	struct fp_buf buf = FP_BUF_INIT;

	CHECK(fp_buf_add_text(&buf, before) == 0);
	size_t len = buf.len, cap = buf.cap;
	n_reallocs = 0;
	CHECK_FAILS(fp_buf_reserve(&buf, SIZE_MAX));
	CHECK_FAILS(fp_buf_reserve(&buf, SIZE_MAX - 1));
	CHECK_FAILS(fp_buf_reserve(&buf, SIZE_MAX - len));
	CHECK_FAILS(fp_buf_reserve(&buf, SIZE_MAX - len - 1));
	CHECK_FAILS(fp_buf_reserve(&buf, SIZE_MAX / 2));
	CHECK(n_reallocs == 0);
	fp_buf_destroy(&buf);
}

int
main(void)
{
	run("an empty buffer is usable, before and after", empty);
	run("what is percent-encoded is decoded", percent_encoded);
	run("growing by bytes moves the contents seldom", byte_by_byte);
	run("pieces of every length fit, and their NUL", every_length);
	run("it holds any byte", any_byte);
	run("formatted text is appended", formatted);
	run("set replaces what was there", replaced);
	run("clear keeps as much memory as is asked for", cleared);
	run("what was reserved is there without more memory", reserved);
	run("without memory the contents stay as they were", no_memory);
	run("sizes beyond all memory are refused", absurd_sizes);
	return done();
}
