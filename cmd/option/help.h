/* SPDX-License-Identifier: MIT */
/*
 * help: what --help writes, made from the table of options: the options that
 * most people need, those of one group or with one word in their names, or all.
 *
 * Threads: before there are any.
 * Ownership: nothing is owned.
 * Failure: what cannot be written shows at the end of standard output.
 */
#ifndef FP_HELP_H
#define FP_HELP_H

#include "base.h"

/* Whether there is such help: "all", or a group's name, in any case; or the
 * beginning of a word that is in the name of an option. */
bool fp_help_is_topic(const char *topic);

/* To standard output. NULL: the options that most people need. */
void fp_help_write(const char *topic);

#endif
