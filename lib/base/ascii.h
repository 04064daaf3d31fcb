/* SPDX-License-Identifier: MIT */
/*
 * ascii: what a byte is in ASCII, whatever the locale.
 *
 * Threads: any.
 * Ownership: none.
 * Failure: none.
 */
#ifndef FP_ASCII_H
#define FP_ASCII_H

#include "base.h"

/* DIGIT of RFC 5234, appendix B.1. */
static inline bool
fp_ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* WSP of the same: a space or a tab. */
static inline bool
fp_ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* White space as isspace() has it in the C locale. */
static inline bool
fp_ascii_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
