/* SPDX-License-Identifier: MIT */
/*
 * config: options from a file in curl's form: one a line, by its long name
 * with or without the dashes, then "=", ":" or white space, then the value; a
 * value with spaces stands in double quotes, in which \\ \" \t \n \r and \v are
 * what they are in C. A "#" begins a comment where an option would begin.
 *
 * Threads: before there are any.
 * Ownership: the settings own what the values are kept in.
 * Failure: false: said through msg, with the file and the line.
 */
#ifndef FP_CONFIG_H
#define FP_CONFIG_H

#include "base.h"

#include "settings.h"

/* What is done with one option; `value` is NULL if the line has none, and
 * lives as long as the settings. false: it is not right, and that was said. */
typedef bool fp_config_take(
	struct fp_settings *settings, const char *name, const char *value);

/* Reads a file; "-" is standard input. */
bool fp_config_read(
	struct fp_settings *settings, const char *path, fp_config_take *take);

#endif
