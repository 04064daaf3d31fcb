/* SPDX-License-Identifier: MIT */
/*
 * jsonproof: a proof of the yajl that this process runs with: there are
 * builds of it with holes that have long been known. It is made when the
 * program is built, and by its tests.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: -1 with errno.
 */
#ifndef FP_JSONPROOF_H
#define FP_JSONPROOF_H

#include "base.h"

/* Judges inputs that broken builds of the parsing library get wrong. 0; -1 with
 * ENOTSUP: do not trust it; with ENOMEM: it was not judged. */
int fp_jsonproof_run(void);

#endif
