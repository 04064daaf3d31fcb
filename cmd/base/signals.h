/* SPDX-License-Identifier: MIT */
/*
 * signals: INT, TERM, HUP and USR1 become bytes on a descriptor that the main
 * thread waits for. A signal that was ignored when the program started stays
 * ignored (nohup). PIPE is blocked: only when standard output has lost its
 * reader does the program die of it. Standard error, --failed, --trace and
 * --stats may lose theirs.
 *
 * Threads: the main thread's; a handler only writes a byte, and sets a timer.
 * Ownership: the module's state is the process's.
 * Failure: fp_signals_init() -1 with errno.
 */
#ifndef FP_SIGNALS_H
#define FP_SIGNALS_H

#include "base.h"

#include <signal.h>

/* Breaks the wait of a thread that allows it, in write() or poll(), and does
 * nothing else. By itself nobody notices it. */
#define FP_SIGNAL_NUDGE SIGURG

/* Before any thread: a write that fails is an error, and no signal. PIPE is
 * blocked, and in all threads; only fp_signals_obey_pipe() meets it. A file
 * that may not grow (XFSZ) is a failed write like any other. */
void fp_signals_prepare(void);

/* The reader of standard output is gone: dies of PIPE, as a filter should,
 * unless that was ignored when the program started. */
void fp_signals_obey_pipe(void);

int fp_signals_init(void);

/* Readable when a signal has come. */
int fp_signals_fd(void);

/* Makes it readable without one; from any thread. */
void fp_signals_poke(void);

/* The next one that came, or 0. */
int fp_signals_take(void);

/* "SIGINT", ... */
const char *fp_signals_name(int signal);

bool fp_signals_is_ignored(int signal);

/* For a program that has something on a terminal: TSTP becomes one that is
 * taken, to be followed by fp_signals_pause(); and what ends the process from
 * within, or by the keyboard, calls tidy() first. Until fp_signals_untidy(). */
void fp_signals_tidy(void (*tidy)(void));
void fp_signals_untidy(void);

/* Stops, as TSTP would have done by itself; returns when it goes on. */
void fp_signals_pause(void);

/* From now on they do what they do by themselves: they end the process; but
 * USR1 does nothing. */
void fp_signals_restore(void);

/* Nobody will take any more: the next one, or one that was not taken yet,
 * leaves so much time to end in, and then ends the process; from the one after
 * it on, they are as restored. */
void fp_signals_wind_up(unsigned ms);

/* Nobody wants to know of them any more; they are restored. */
void fp_signals_destroy(void);

/* Ends the process by this signal, as if it had never been caught. */
void fp_signals_die(int signal);

#endif
