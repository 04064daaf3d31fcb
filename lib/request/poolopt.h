/* SPDX-License-Identifier: MIT */
/*
 * poolopt: a pool's own copy of the options it is made with, once they were
 * judged, whatever the version that the caller was compiled against.
 *
 * Threads: any.
 * Ownership: what the options point to stays the caller's.
 * Failure: -1 with EINVAL; `why` names the option.
 */
#ifndef FP_POOLOPT_H
#define FP_POOLOPT_H

#include "base.h"

#include "fetchpool.h"

int fp_poolopt_take(struct fp_options *copy, const struct fp_options *options,
	char *why, size_t why_size);

#endif
