/* SPDX-License-Identifier: MIT */
/*
 * ratefile: the promise of ratelimit.h, kept in a file: by all processes that
 * have it open, and by those that open it later.
 *
 *	file = fp_ratefile_open(path, &rates, is_paced, why, sizeof(why));
 *	if (fp_ratefile_reserve(file, &token, &due_ns) == 1)
 *		...connect...
 *		before it is sent:	fp_ratefile_commit(file, token)
 *		sent:			fp_ratefile_fire(file, token)
 *		not sent:		fp_ratefile_give_back(file, token)
 *	else
 *		again at due_ns
 *	fp_ratefile_close(file);
 *
 * Whatever becomes of a process, kill -9 included, no more starts than allowed
 * happen. What it had reserved goes back when another process finds that it is
 * gone, or was stopped for a second; what it had committed counts as reserved
 * while it is there, and as started when it is found to be gone. A file that
 * was damaged, or made for other rates, is refused. It goes on counting over a
 * reboot. A power cut may take the last half minute from it, or damage it.
 * Processes must be on one machine. Some 64 bytes are needed for each start
 * that a period allows, and at most FP_RATEBOOK_MAX are.
 *
 * Nothing waits for the lock of the file for long. What cannot be written at
 * once is kept, and counts as reserved for all others until it is written: by
 * the next call, whichever, or by fp_ratefile_settle().
 *
 * Threads: one at a time. After a fork, the child has reserved nothing.
 * Ownership: open gives, close takes.
 * Failure: -1 or NULL with errno. But for ENOMEM, the file cannot be used any
 * more then, except to be closed. EINVAL: it is damaged; ESTALE: it was
 * removed.
 */
#ifndef FP_RATEFILE_H
#define FP_RATEFILE_H

#include "base.h"

#include "ratebook.h"

struct fp_ratefile;

/* Opens the file, or makes it, for its owner alone. NULL: `why` says what is
 * wrong. EINVAL: damaged, no rate file, or for other rates; ERANGE: a rate is
 * over FP_RATEBOOK_MAX; EAGAIN: someone has locked it for two seconds; or
 * what the system says (ENOENT, EACCES, EISDIR, ELOOP, ENOSPC, ...). */
struct fp_ratefile *fp_ratefile_open(const char *path,
	const struct fp_rates *rates, bool is_paced, char *why,
	size_t why_size);

/* Whether that would open what is there, or make it: 0; else -1, and why, in
 * the same way. Nothing is made or changed. */
int fp_ratefile_check(const char *path, const struct fp_rates *rates, char *why,
	size_t why_size);

/* Removes the file again, if it was made here and nobody has used it. It cannot
 * be used afterwards, except to be closed. NULL: nothing. */
void fp_ratefile_undo(struct fp_ratefile *file);

/* Gives back what is still reserved, and counts as started what is committed.
 * NULL: nothing. */
void fp_ratefile_close(struct fp_ratefile *file);

/* 1: reserved, *token names it. 0: not now; to be asked again at *due_ns, a
 * time of fp_clock_now_ns(). */
int fp_ratefile_reserve(
	struct fp_ratefile *file, uint32_t *token, int64_t *due_ns);

/* The request is about to be sent. 1: it may be. 0: not now: the reservation
 * was lost, or nobody can tell, as someone has locked the file for some
 * milliseconds; it is still to be given back. */
int fp_ratefile_commit(struct fp_ratefile *file, uint32_t token);

/* The reservation became no start, or, committed, a start just now. 0: written,
 * or kept until fp_ratefile_settle(). */
int fp_ratefile_give_back(struct fp_ratefile *file, uint32_t token);
int fp_ratefile_fire(struct fp_ratefile *file, uint32_t token);

/* Writes what was kept, and renews what is reserved. 0: there is neither any
 * more; 1: to be called again at *due_ns. To be called after each of the calls
 * above. */
int fp_ratefile_settle(struct fp_ratefile *file, int64_t *due_ns);

#endif
