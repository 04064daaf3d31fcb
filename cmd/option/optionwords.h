/* SPDX-License-Identifier: MIT */
/*
 * optionwords: the words that the values of some options are, or are made of:
 * for completions, and for who wrote one of them wrong.
 *
 * Threads: any.
 * Ownership: static.
 * Failure: none.
 */
#ifndef FP_OPTIONWORDS_H
#define FP_OPTIONWORDS_H

#include "base.h"

#define FP_OPTION_WORDS_MAX 32

struct fp_option_words {
	const char *option; /* its long name */
	bool is_list; /* several, separated by commas */
	bool has_marks; /* "+" or "!" may stand before a word */
	const char *words[FP_OPTION_WORDS_MAX]; /* ended by NULL */
};

extern const struct fp_option_words fp_option_words[];
extern const size_t fp_option_n_words;

/* Those of an option, or NULL. */
const struct fp_option_words *fp_option_words_of(const char *option);

#endif
