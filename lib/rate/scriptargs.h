/* SPDX-License-Identifier: MIT */
/*
 * scriptargs: the arguments of a script that a Redis server runs, put together
 * one by one, and the words of its answer, taken off one by one.
 *
 *	fp_scriptargs_begin(&args)
 *	fp_scriptargs_add(&args, key), ..._add_number(&args, 5), ...
 *	fp_scriptargs_end(&args)	args.all and args.n are the command
 *
 * The first two are the caller's to set afterwards: EVALSHA and the sum, or
 * EVAL and the text.
 *
 * Threads: none.
 * Ownership: the caller embeds it, zeroed at first; fp_scriptargs_destroy()
 * frees its memory.
 * Failure: -1, no memory; false: there is no such word.
 */
#ifndef FP_SCRIPTARGS_H
#define FP_SCRIPTARGS_H

#include "base.h"

#include "buf.h"
#include "ratelease.h"
#include "redislink.h"

struct fp_scriptargs {
	struct fp_buf text; /* of all */
	size_t *ends; /* of each in it */
	size_t n, cap;
	struct fp_redisarg *all;
};

int fp_scriptargs_begin(struct fp_scriptargs *args);
int fp_scriptargs_add(struct fp_scriptargs *args, const char *text);
int fp_scriptargs_add_number(struct fp_scriptargs *args, int64_t number);

/* How many rates, and N and span in microseconds of each. */
int fp_scriptargs_add_rates(struct fp_scriptargs *args,
	const struct fp_rates *rates, const int64_t *spans_ns);

/* How many starts were fired, and name and time of each; how many are renewed,
 * and their names; how many go back, and their names. */
int fp_scriptargs_add_told(
	struct fp_scriptargs *args, const struct fp_ratelease_call *call);

void fp_scriptargs_end(struct fp_scriptargs *args);
void fp_scriptargs_destroy(struct fp_scriptargs *args);

/* One word more of an answer; a number is 0 or more. */
bool fp_scriptargs_word(const char **text, char *word, size_t size);
bool fp_scriptargs_number(const char **text, int64_t *number);

/* What someone else wrote, for a message. */
void fp_scriptargs_quote(const char *text, char *to, size_t size);

#endif
