/* SPDX-License-Identifier: MIT */
/*
 * recordheaders: a response's header fields as a record has them.
 *
 * Threads: one thread at a time.
 * Ownership: nothing is owned.
 * Failure: the pen's.
 */
#ifndef FP_RECORDHEADERS_H
#define FP_RECORDHEADERS_H

#include "base.h"

#include "fetchpool.h"
#include "pen.h"

/* {"name":["value",...],...}: names as first met, their values together.
 * `headers` are lines "name: value\n". */
void fp_recordheaders_write(struct fp_pen *pen, struct fp_text headers);

#endif
