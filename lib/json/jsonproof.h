/* SPDX-License-Identifier: MIT */
/*
 * jsonproof: a proof of the yajl that this process runs with: there are
 * builds of it with holes that have long been known.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: -1 with errno.
 */
#ifndef FP_JSONPROOF_H
#define FP_JSONPROOF_H

#include "base.h"

/* Judges inputs that broken builds of the parsing library get wrong. To be
 * called once, at the start of a program. 0; -1 with ENOTSUP: do not trust it;
 * with ENOMEM: it was not judged. */
int fp_jsonproof_run(void);

#endif
