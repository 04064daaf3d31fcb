/* SPDX-License-Identifier: MIT */
/*
 * fate: what became of an item that is done, in one number: it succeeded, or
 * the kind of its failure, where an unknown outcome is a kind by itself. A
 * journal keeps it, and --retry-failed chooses by it.
 *
 * Threads: any.
 * Ownership: names are constants.
 * Failure: -1: no such name, or no such list.
 */
#ifndef FP_FATE_H
#define FP_FATE_H

#include "base.h"

#include "fetchpool.h"

/* An enum fp_kind other than FP_KIND_STOPPED, or one of these. */
#define FP_FATE_UNKNOWN (FP_KIND_STOPPED + 1) /* sent, and no answer came */
#define FP_FATE_UNTOLD (FP_KIND_STOPPED + 2) /* an old journal has no kinds */
#define FP_FATES (FP_KIND_STOPPED + 3)

/* A set of fates. */
#define FP_FATE_BIT(fate) (UINT32_C(1) << (fate))
#define FP_FATES_FAILED (FP_FATE_BIT(FP_FATES) - 2)

/* Failures that are fetched again unless kinds are named: not those that the
 * server may have acted on, nor those that would be refused again. */
#define FP_FATES_USUAL                                     \
	(FP_FATES_FAILED & ~FP_FATE_BIT(FP_FATE_UNKNOWN) & \
		~FP_FATE_BIT(FP_KIND_REFUSED))

unsigned fp_fate(const struct fp_result *result);

/* "ok", "http", "unknown", ... */
const char *fp_fate_name(unsigned fate);
int fp_fate_find(const char *name, size_t len);

/* The set that "http,unknown" or "all" names. */
int fp_fate_list(const char *text, uint32_t *fates);

#endif
