/* SPDX-License-Identifier: MIT */
/*
 * keys: single keys that are pressed on the terminal, without a line to end
 * them, for as long as nobody else reads there.
 *
 * Threads: the main thread's; fp_keys_end() may be called in a signal's
 * handler.
 * Ownership: the module's state is the process's.
 * Failure: cannot fail; then there are no keys.
 */
#ifndef FP_KEYS_H
#define FP_KEYS_H

#include "base.h"

/* Keys are told one by one from now on, and not shown, if this program alone
 * has the terminal; asked again and again it finds out when that is so. */
void fp_keys_begin(int terminal_fd, int64_t now_ns);

/* The terminal is as it was. Keys may begin again. */
void fp_keys_end(void);

/* Readable when one was pressed; -1: there are none. */
int fp_keys_fd(void);

/* The next one; 0: there is no more. */
int fp_keys_take(void);

#endif
