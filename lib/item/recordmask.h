/* SPDX-License-Identifier: MIT */
/*
 * recordmask: items as a record has them: as they were given, but for the
 * passwords of URLs.
 *
 * Threads: one thread at a time.
 * Ownership: nothing is owned.
 * Failure: the pen's.
 */
#ifndef FP_RECORDMASK_H
#define FP_RECORDMASK_H

#include "base.h"

#include "fetchpool.h"
#include "pen.h"

/* A text as a JSON string. is_url: it may be a URL without a scheme. */
void fp_recordmask_text(struct fp_pen *pen, struct fp_text text, bool is_url);

/* A JSON value; passwords in its strings are found behind escapes too. */
void fp_recordmask_json(struct fp_pen *pen, struct fp_text json);

#endif
