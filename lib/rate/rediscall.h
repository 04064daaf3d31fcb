/* SPDX-License-Identifier: MIT */
/*
 * rediscall: a Redis server that is asked to run scripts. A connection that is
 * not there is made, and the server greeted: user and password, database,
 * scripts. Its errors are told apart by whether they pass.
 *
 * Threads: one at a time, but fp_rediscall_stop(), as in redislink.h.
 * Ownership: the caller embeds it; init gives, destroy takes.
 * Failure: an enum fp_rediscall_end, and `why` shows no password.
 */
#ifndef FP_REDISCALL_H
#define FP_REDISCALL_H

#include "base.h"

#include "buf.h"
#include "rateplace.h"
#include "redislink.h"
#include "scriptargs.h"

/* What comes of asking. */
enum fp_rediscall_end {
	FP_REDISCALL_WELL,
	FP_REDISCALL_LATER, /* it may be mended */
	FP_REDISCALL_NEVER, /* it may not */
};

#define FP_REDISCALL_SCRIPTS 2

struct fp_rediscall_script {
	const char *text; /* NULL: there is none */
	char sum[64]; /* "": it is to be sent whole */
};

struct fp_rediscall {
	struct fp_rateplace place;
	struct fp_redislink *link; /* NULL: not opened */
	struct fp_rediscall_script scripts[FP_REDISCALL_SCRIPTS];
	char run[64]; /* of the server: another one after a restart */
	struct fp_buf said; /* by it, last */
};

/* Of what has its place and its scripts, and else is zeroed. -1: no memory or
 * descriptors. */
int fp_rediscall_open(struct fp_rediscall *call, const char *cafile);
void fp_rediscall_destroy(struct fp_rediscall *call);

/* Has a connection, and has greeted the server. */
enum fp_rediscall_end fp_rediscall_connect(
	struct fp_rediscall *call, int64_t timeout_ms, char *why, size_t size);
bool fp_rediscall_is_open(const struct fp_rediscall *call);
void fp_rediscall_close(struct fp_rediscall *call);
void fp_rediscall_stop(struct fp_rediscall *call);

/* Has a script run, with these arguments: call->said is what it says. */
enum fp_rediscall_end fp_rediscall_run(struct fp_rediscall *call,
	unsigned script, struct fp_scriptargs *args, int64_t timeout_ms,
	char *why, size_t size);

#endif
