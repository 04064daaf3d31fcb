/* SPDX-License-Identifier: MIT */
/*
 * options: the arguments and the environment, turned into settings, by the
 * table of optiontable.
 *
 * Threads: before there are any.
 * Ownership: the settings point into argv and the environment.
 * Failure: wrong usage is said through msg, naming option and value.
 */
#ifndef FP_OPTIONS_H
#define FP_OPTIONS_H

#include "base.h"

#include "settings.h"

enum fp_go { FP_GO_ON, FP_GO_HELP, FP_GO_VERSION, FP_GO_REPORT, FP_GO_WRONG };

/* Reads argv into initialised settings. */
enum fp_go fp_options_parse(
	struct fp_settings *settings, int argc, char *const argv[]);

#endif
