/* SPDX-License-Identifier: MIT */
/*
 * fuzz: what the fuzz targets share. A target is one function that makes
 * something of any bytes and checks what it promises of them:
 *
 *	int
 *	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
 *	{
 *		struct fuzz fuzz = fuzz_begin(data, size);
 *		unsigned way = fuzz_choose(&fuzz, 3);
 *
 *		HOLDS(fp_thing(fuzz.at, fuzz.left, way) >= 0);
 *		return 0;
 *	}
 *
 * Choices are taken from the front, a byte each, '0' being the first choice;
 * so the files of a corpus can be read and written by hand. What is given to
 * the library stands in a block of its own of just its size, so that the
 * sanitizers and valgrind see a look beyond it.
 */
#ifndef FP_FUZZ_H
#define FP_FUZZ_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>

/* libFuzzer calls it for each input; so does replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOLDS(condition) \
	((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

static inline void
fuzz_fail(const char *file, int line, const char *what)
{
	fflush(stdout);
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* ---- what the input says ---- */

struct fuzz {
	const char *at;
	size_t left;
};

static inline struct fuzz
fuzz_begin(const uint8_t *data, size_t size)
{
	return (struct fuzz){size ? (const char *)data : "", size};
}

/* One of `n` ways, 256 at most. */
static inline unsigned
fuzz_choose(struct fuzz *fuzz, unsigned n)
{
	if (fuzz->left == 0)
		return 0;
	fuzz->left--;
	return (unsigned char)(*fuzz->at++ - '0') % n;
}

/* Of so many bytes as the first of them says, 8 at most. */
static inline uint64_t
fuzz_number(struct fuzz *fuzz)
{
	uint64_t number = 0;
	unsigned n = fuzz_choose(fuzz, 9);

	while (n-- > 0)
		number = number << 8 | (unsigned char)fuzz_choose(fuzz, 256);
	return number;
}

/* What stands before the next `end`, which is passed over; or the rest. */
static inline struct fp_text
fuzz_until(struct fuzz *fuzz, char end)
{
	const char *stop = memchr(fuzz->at, end, fuzz->left);
	size_t len = stop ? (size_t)(stop - fuzz->at) : fuzz->left;
	struct fp_text text = {fuzz->at, len};

	fuzz->at += len + (stop != NULL);
	fuzz->left -= len + (stop != NULL);
	return text;
}

static inline struct fp_text
fuzz_rest(const struct fuzz *fuzz)
{
	return (struct fp_text){fuzz->at, fuzz->left};
}

/* ---- blocks of just their size; the caller frees them ---- */

static inline char *
fuzz_copy(const char *data, size_t len)
{
	char *copy = malloc(len ? len : 1);

	HOLDS(copy);
	if (len > 0)
		memcpy(copy, data, len);
	return copy;
}

/* As a C string, up to its first NUL. */
static inline char *
fuzz_string(struct fp_text text)
{
	size_t len = strnlen(text.data, text.len);
	char *string = malloc(len + 1);

	HOLDS(string);
	memcpy(string, text.data, len);
	string[len] = '\0';
	return string;
}

/* ---- pieces ---- */

/* How a text is cut: 0 not at all, else every `way` bytes, or by chance. */
struct fuzz_cut {
	unsigned way;
	uint32_t seed;
};

#define FUZZ_CUTS 12

static inline size_t
fuzz_piece(struct fuzz_cut *cut, size_t left)
{
	size_t most = cut->way;

	if (cut->way == 0)
		return left;
	if (cut->way >= FUZZ_CUTS / 2) {
		cut->seed = cut->seed * 1103515245u + 12345u;
		most = 1 + (cut->seed >> 16) % (1u << (cut->way - 4));
	}
	return FP_MIN(most, left);
}

/* ---- what is asked of many answers ---- */

static inline bool
fuzz_same(const struct fp_buf *a, const struct fp_buf *b)
{
	return a->len == b->len &&
	       (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static inline bool
fuzz_same_text(struct fp_text a, struct fp_text b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline struct fp_text
fuzz_text(const char *string)
{
	return (struct fp_text){string, strlen(string)};
}

static inline void
fuzz_add(struct fp_buf *to, const char *data, size_t len)
{
	HOLDS(fp_buf_add(to, data, len) == 0);
}

/* Whether a terminal would show it and obey nothing in it: valid UTF-8 without
 * controls, of C1 neither. */
static inline bool
fuzz_is_tame(const char *text, size_t len)
{
	uint32_t code;
	size_t n;

	for (; len > 0; text += n, len -= n) {
		n = fp_utf8_next(text, len, &code);
		if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0))
			return false;
	}
	return true;
}

#endif
