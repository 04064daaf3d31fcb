/* SPDX-License-Identifier: MIT */
/*
 * tokenreply: what a program that fetches access tokens has written: a token
 * alone on its line, or the reply of an authorization server (RFC 6749,
 * sections 5.1 and 5.2).
 *
 * Threads: any.
 * Ownership: the caller's; a token is a secret, and no message holds it.
 * Failure: -1 with EINVAL or ENOMEM, and `why` says what is wrong.
 */
#ifndef FP_TOKENREPLY_H
#define FP_TOKENREPLY_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

/* No header field is that long. */
#define FP_TOKENREPLY_MAX ((size_t)64 << 10)

struct fp_tokenreply {
	struct fp_buf token; /* fit for a header field */
	int64_t expires_ns; /* so long it is good; -1: not said */
};

int fp_tokenreply_parse(struct fp_text text, struct fp_tokenreply *reply,
	char *why, size_t why_size);

void fp_tokenreply_destroy(struct fp_tokenreply *reply);

#endif
