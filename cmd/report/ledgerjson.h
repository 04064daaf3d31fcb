/* SPDX-License-Identifier: MIT */
/*
 * ledgerjson: the ledger as members of a JSON object: see STATISTICS in
 * fetchpool-record(5).
 *
 * Threads: any.
 * Ownership: the text goes into the caller's buffer.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_LEDGERJSON_H
#define FP_LEDGERJSON_H

#include "base.h"

#include "buf.h"
#include "ledger.h"

/* ,"jobs":...,"held_back":... and what follows, each after a comma. */
int fp_ledgerjson_write(struct fp_buf *text, struct fp_ledger *ledger,
	const struct fp_figures *figures);

#endif
