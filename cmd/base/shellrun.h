/* SPDX-License-Identifier: MIT */
/*
 * shellrun: a command of the user's, run by the shell to its end, or to the end
 * of its time; and what it wrote. It reads nothing, and is in a process group
 * of its own: whatever it has started ends with it.
 *
 * Threads: any; a call returns when the command has ended.
 * Ownership: the caller embeds the struct, and destroys it after each run.
 * Failure: -1 with errno: it could not be started.
 */
#ifndef FP_SHELLRUN_H
#define FP_SHELLRUN_H

#include "base.h"

#include "buf.h"

/* Of what it writes to standard output no more is wanted; of what it writes to
 * standard error, the last is kept. */
#define FP_SHELLRUN_OUT_MAX ((size_t)1 << 20)
#define FP_SHELLRUN_ERR_MAX 4096

enum fp_shellrun_end {
	FP_SHELLRUN_EXITED, /* with `code` */
	FP_SHELLRUN_KILLED, /* by signal `code`, of another's */
	FP_SHELLRUN_LATE, /* its time was over */
	FP_SHELLRUN_STOPPED, /* stop_fd could be read */
	FP_SHELLRUN_LONG, /* it wrote too much */
};

struct fp_shellrun {
	struct fp_buf out, err;
	enum fp_shellrun_end end;
	int code;
};

/* stop_fd: when it can be read, the command is ended; -1: never. timeout_ms 0:
 * it has all the time. */
int fp_shellrun(struct fp_shellrun *run, const char *command,
	uint64_t timeout_ms, int stop_fd);

void fp_shellrun_destroy(struct fp_shellrun *run);

#endif
