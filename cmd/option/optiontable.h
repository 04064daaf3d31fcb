/* SPDX-License-Identifier: MIT */
/*
 * optiontable: every option there is, one row each, in the order of --help:
 * its name, what its value is, where that goes or who judges it, and its help.
 *
 * Threads: any; it is constant.
 * Ownership: static.
 * Failure: none.
 */
#ifndef FP_OPTIONTABLE_H
#define FP_OPTIONTABLE_H

#include "base.h"

#include "settings.h"

enum fp_option_type {
	FP_OPTION_HELP,
	FP_OPTION_VERSION,
	FP_OPTION_CONFIG, /* a file of options */
	FP_OPTION_FLAG, /* bool */
	FP_OPTION_TEXT, /* const char * */
	FP_OPTION_DURATION, /* uint64_t, milliseconds */
	FP_OPTION_CALL, /* call(settings, value) says whether it is right */
	FP_OPTION_MAYBE, /* the same, and --NAME alone calls it with NULL */
	FP_OPTION_SECRET, /* as CALL, and no message shows the value */
	FP_OPTION_CURL, /* the libcurl option `right`, which judges it itself */
};

/* One option; `at` is where its value goes, in struct fp_settings. */
struct fp_option_row {
	const char *group; /* the heading it stands under, on its first row */
	const char *name;
	char letter; /* 0: long only */
	const char *arg;
	enum fp_option_type type;
	size_t at;
	fp_setter *call;
	const char *right; /* what would be right, for the message */
	const char *help;
};

/* There are fp_option_n_rows, and never more than the constant. */
#define FP_OPTION_ROWS_MAX 200

extern const struct fp_option_row fp_option_rows[];
extern const size_t fp_option_n_rows;

#endif
