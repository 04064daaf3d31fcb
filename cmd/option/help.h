/* SPDX-License-Identifier: MIT */
/*
 * help: what --help writes, made from the table of options: the options that
 * most people need, those of one group or with one word in their names, or all.
 *
 * Threads: before there are any.
 * Ownership: nothing is owned.
 * Failure: a word that is in no option is said through msg; what cannot be
 * written shows at the end of standard output.
 */
#ifndef FP_HELP_H
#define FP_HELP_H

#include "base.h"

/* To standard output. NULL: the options that most people need; "all": all; a
 * group's name; an option as it is given, "-k" or "--jobs"; or the beginning of
 * a word in the name or the description of an option. Of a name that other
 * programs have it says what to do instead, and of some words where the manual
 * has them. Any other word is wrong usage. */
void fp_help_write(const char *topic);

#endif
