/* SPDX-License-Identifier: MIT */
/*
 * foreign: options of curl, xargs, GNU parallel, wget and aria2 that people
 * have in their fingers, and that are no options here: what to do instead.
 *
 * Threads: any; it is constant.
 * Ownership: static.
 * Failure: none; what is not known is NULL.
 */
#ifndef FP_FOREIGN_H
#define FP_FOREIGN_H

#include "base.h"

/* What to do in place of a long option, without its dashes, or of a letter: a
 * clause that ends a message. */
const char *fp_foreign_name(const char *name);
const char *fp_foreign_letter(char letter);

/* The long name of the option of ours that other programs and people call so.
 */
const char *fp_foreign_ours(const char *name);

#endif
