/* SPDX-License-Identifier: MIT */
/*
 * run: one run from the first line to the exit: opens the two ends, starts
 * the pool between them, and stops it all in good order, whatever the reason.
 *
 * Threads: called by the main thread; starts the reader and the writer.
 * Ownership: everything that it opens, it closes.
 * Failure: said through msg, which holds the exit status.
 */
#ifndef FP_RUN_H
#define FP_RUN_H

#include "base.h"

#include "settings.h"

/* Returns the signal that ended the run early, and that is to be raised
 * again, or 0. */
int fp_run(struct fp_settings *settings);

#endif
