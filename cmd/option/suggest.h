/* SPDX-License-Identifier: MIT */
/*
 * suggest: which of some words somebody meant who wrote another.
 *
 * Threads: any.
 * Ownership: nothing is owned; what is returned is one of the words.
 * Failure: NULL: none of them is near.
 */
#ifndef FP_SUGGEST_H
#define FP_SUGGEST_H

#include "base.h"

/* The nearest of the words, if it is near: one slip in three letters, where a
 * slip is a letter too much, too few, wrong, or swapped with the next. Case
 * does not count. Of two as near, the first. */
const char *fp_suggest(const char *const *words, size_t n, const char *text);

#endif
