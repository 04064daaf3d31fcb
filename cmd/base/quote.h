/* SPDX-License-Identifier: MIT */
/*
 * quote: any bytes as a part of a text of some kind, so that nothing in them
 * means anything there. What is no UTF-8, and what no reader could see, becomes
 * U+FFFD or an escape.
 *
 * Threads: any.
 * Ownership: the text goes into the caller's buffer.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_QUOTE_H
#define FP_QUOTE_H

#include "base.h"

#include "buf.h"

/* A JSON string with its quotes (RFC 8259, section 7); NULL is null. */
int fp_quote_json(struct fp_buf *text, const char *string);

/* Text of an HTML element, or of an attribute in double quotes. */
int fp_quote_html(struct fp_buf *text, const char *string);

/* The value of a label in Prometheus' text format, without its quotes. */
int fp_quote_label(struct fp_buf *text, const char *string);

#endif
