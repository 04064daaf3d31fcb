/* SPDX-License-Identifier: MIT */
/*
 * base64: RFC 4648, section 4: padded, without line breaks.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: said at each function.
 */
#ifndef FP_BASE64_H
#define FP_BASE64_H

#include "base.h"

#include "buf.h"

/* Up to three bytes as four characters. */
void fp_base64_encode_some(const char *bytes, size_t n, char four[4]);

/* Appends all bytes. -1: ENOMEM. */
int fp_base64_encode(const void *data, size_t len, struct fp_buf *out);

/* Appends what the text stands for. -1 with EINVAL: it is no base64, and `out`
 * is as it was; ENOMEM. */
int fp_base64_decode(const char *text, size_t len, struct fp_buf *out);

#endif
