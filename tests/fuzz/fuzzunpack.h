/* SPDX-License-Identifier: MIT */
/*
 * fuzzunpack: what a decoder gives out, up to a limit, and what must hold of
 * all of them.
 */
#ifndef FP_FUZZUNPACK_H
#define FP_FUZZUNPACK_H

#include "fuzz.h"

#include "gunzip.h"

#define OUT_MAX ((size_t)1 << 18) /* a bomb of more is stopped */

struct answer {
	enum fp_gunzip_result result;
	struct fp_buf out;
};

static size_t limit;

static inline void
choose_limit(struct fuzz *fuzz)
{
	static const size_t limits[] = {OUT_MAX, 0, 100, 20000};

	limit = limits[fuzz_choose(fuzz, FP_ARRAY_LEN(limits))];
}

static inline bool
collect(void *arg, const char *data, size_t len)
{
	struct fp_buf *out = arg;

	HOLDS(len > 0 && len <= FP_GUNZIP_CHUNK);
	HOLDS(out->len <= limit);
	fuzz_add(out, data, len);
	return out->len <= limit;
}

/* There is a message if it is the stream's fault. */
static inline void
judge_answer(const struct answer *answer, const char *message)
{
	bool is_silent = answer->result == FP_GUNZIP_OK ||
			 answer->result == FP_GUNZIP_STOPPED;

	HOLDS(is_silent == (message[0] == '\0'));
	HOLDS(answer->result != FP_GUNZIP_NO_MEMORY);
}

#endif
