/* SPDX-License-Identifier: MIT */
/*
 * complaint: wrong usage of one option, in words: which option, which value,
 * what would be right and, where that can be known, what was meant.
 *
 * Threads: before there are any.
 * Ownership: nothing is owned.
 * Failure: none; it is said through msg.
 */
#ifndef FP_COMPLAINT_H
#define FP_COMPLAINT_H

#include "base.h"

#include "optiontable.h"

/* An option's value is wrong; unless its setter has said so itself. */
void fp_complaint_value(const struct fp_option_row *row, const char *value);

/* No option has this name, which was written with `dashes` before it; or
 * several begin like that. */
void fp_complaint_name(const char *dashes, const char *name);

/* No option has this letter, in an argument that may be NULL. */
void fp_complaint_letter(char letter, const char *argument);

/* The pool has refused what it was given, and has said why. */
void fp_complaint_pool(const struct fp_settings *settings, const char *why);

/* There are two TEMPLATEs: one may be the value of an option. */
void fp_complaint_templates(const struct fp_settings *settings,
	const char *first, const char *second);

#endif
