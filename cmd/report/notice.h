/* SPDX-License-Identifier: MIT */
/*
 * notice: what the pool has to tell of servers: as lines for people, and what
 * was learned of them, kept for the statistics.
 *
 * Threads: any may tell; the rest is the main thread's.
 * Ownership: the caller embeds it.
 * Failure: cannot fail; of more servers than there is room for, nothing is
 * kept.
 */
#ifndef FP_NOTICE_H
#define FP_NOTICE_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"
#include "thread.h"

#define FP_NOTICE_LEARNED_MAX 64

struct fp_notices {
	struct fp_mutex lock;
	bool is_quiet; /* no lines */
	unsigned n_learned;
	struct {
		char *origin;
		char rate[32];
	} learned[FP_NOTICE_LEARNED_MAX];
};

void fp_notices_init(struct fp_notices *notices, bool is_quiet);
void fp_notices_destroy(struct fp_notices *notices);

/* An fp_tell; `arg` is a struct fp_notices. */
void fp_notice_tell(void *arg, const struct fp_notice *notice);

/* Adds "learned":[{"origin":...,"rate":"5/s"}]. -1: ENOMEM. */
int fp_notices_add_learned(struct fp_notices *notices, struct fp_buf *text);

#endif
