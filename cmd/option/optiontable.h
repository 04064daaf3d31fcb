/* SPDX-License-Identifier: MIT */
/*
 * optiontable: every option there is, one row each, in the order of --help:
 * its name, what its value is, where that goes or who judges it, its help, the
 * words that its value can be, what it needs and excludes, and whether the
 * output depends on it. Help, completions, guesses, --resume and the checks of
 * options that are given together read it here.
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

/* Words that a value is, or is made of. */
#define FP_OPTION_WORDS_MAX 32

struct fp_option_words {
	bool is_list; /* several, separated by commas */
	bool has_marks; /* "+" or "!" may stand before a word */
	const char *words[FP_OPTION_WORDS_MAX]; /* ended by NULL */
};

/* Another option that has to be given too. */
struct fp_option_need {
	const char *name; /* NULL: none */
	const char *or_name; /* this one will do as well; or NULL */
	const char *why; /* NULL: it goes without saying */
};

/* Another option that cannot be given too. */
struct fp_option_exclusion {
	const char *name;
	const char *why; /* NULL: it goes without saying */
};

#define FP_OPTION_EXCLUDES_MAX 20

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

	/* The rest is not there for most. */
	bool is_common; /* --help alone has it */
	bool keeps_output; /* with another value --resume goes on all the same
			    */
	const struct fp_option_words *words; /* NULL: any value */
	struct fp_option_need needs;
	struct fp_option_exclusion excludes[FP_OPTION_EXCLUDES_MAX];
};

/* There are fp_optiontable_n_rows, and never more than the constant. */
#define FP_OPTION_ROWS_MAX 200

extern const struct fp_option_row fp_optiontable_rows[];
extern const size_t fp_optiontable_n_rows;

/* The row of a long name, or NULL. */
const struct fp_option_row *fp_optiontable_find(const char *name);

#endif
