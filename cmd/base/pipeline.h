/* SPDX-License-Identifier: MIT */
/*
 * pipeline: what else is connected to the terminal that a bar is drawn on, as
 * far as /proc tells: programs that read our output and write there, and
 * programs that read what is typed there.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: false: it is not so, or it cannot be known.
 */
#ifndef FP_PIPELINE_H
#define FP_PIPELINE_H

#include "base.h"

/* Whether whatever reads this pipe, and what they write to if that is a pipe,
 * and so on, is known, and has nothing to write to the terminal with but its
 * standard error. */
bool fp_pipeline_spares(int pipe_fd, int terminal_fd);

/* Whether no other process of our group has the terminal as its standard
 * input. */
bool fp_pipeline_has_keys(int terminal_fd);

#endif
