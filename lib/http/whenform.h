/* SPDX-License-Identifier: MIT */
/*
 * whenform: the ways in which servers write how long or until when: numbers of
 * seconds, with a fraction, since 1970 (in seconds or milliseconds), lengths of
 * time with units ("6m0s"), dates of HTTP and of ISO 8601.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: FP_WHEN_NONE: it is none of these.
 */
#ifndef FP_WHENFORM_H
#define FP_WHENFORM_H

#include "base.h"

#include "fetchpool.h"
#include "waithint.h"

/* Numbers of seconds from this one on are a date: from 2001 on. */
#define FP_WHENFORM_EPOCH_S INT64_C(1000000000)

/* A value of any of these forms, without white space around it. In `is_ms`
 * plain numbers are milliseconds. */
struct fp_when fp_whenform_read(struct fp_text value, bool is_ms);

/* Only a number, plain or with a fraction, or a length of time; both have an
 * end: *len is how much of the text they are. For texts of errors. */
struct fp_when fp_whenform_length(const char *text, size_t *len);

/* A number with or without a fraction, rounded down; -1: it is none. */
int64_t fp_whenform_number(struct fp_text value);

#endif
