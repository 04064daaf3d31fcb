/* SPDX-License-Identifier: MIT */
/*
 * secret: which parts of a text must not be shown: passwords in the userinfo of
 * URLs, and signatures in their queries, also where a reader sees a URL and
 * libcurl does not. fp_find_secret() is here.
 *
 * Threads: any; one at a time for the same struct.
 * Ownership: the caller embeds the struct, and keeps the text.
 * Failure: none, but where it is said.
 */
#ifndef FP_SECRET_H
#define FP_SECRET_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

struct fp_secret_part {
	size_t start, end; /* equal: there is none */
	bool is_known;
};

struct fp_secret {
	const char *text;
	size_t len, done;
	size_t work_left; /* bytes that may still be looked at */
	bool is_disguised; /* characters may stand for others */
	bool has_company[2]; /* of short names; see secret.c */
	bool is_company_known;
	struct fp_secret_part password, signature;
};

/* is_url: the text is a URL, or should be one, so that a userinfo may stand at
 * its beginning without a scheme. */
void fp_secret_begin(
	struct fp_secret *secret, const char *text, size_t len, bool is_url);

/* The next part, which begins at or behind the end of the one before. In a text
 * that was made to be looked at for long, all that is left is one. */
bool fp_secret_next(struct fp_secret *secret, size_t *start, size_t *end);

/* Appends the text with "***" in place of each part. -1: no memory. */
int fp_secret_add_shown(
	struct fp_buf *out, const char *text, size_t len, bool is_url);

/* Which character of ASCII a reader takes this one for, as it is the same of
 * full width, or looks like it; 'x' for all that have no meaning in a URL. */
char fp_secret_char_seen(uint32_t code);

#endif
