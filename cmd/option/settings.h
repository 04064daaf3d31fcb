/* SPDX-License-Identifier: MIT */
/*
 * settings: everything that the user can ask for, as one struct, and for each
 * option that is more than a flag, a text or a time the function that judges
 * its value.
 *
 * Threads: written before there are any; constant afterwards.
 * Ownership: the struct points into argv, and owns what it had to make.
 * Failure: false: the value is not right. What needs more words than that has
 * said so through msg, and the exit status tells.
 */
#ifndef FP_SETTINGS_H
#define FP_SETTINGS_H

#include "base.h"

#include "buf.h"
#include "expand.h"
#include "fetchpool.h"
#include "input.h"

#define FP_COLUMNS_MAX 1000

/* When --progress is shown. */
enum fp_progress_when {
	FP_PROGRESS_AUTO, /* where it can be, and mixes with nothing */
	FP_PROGRESS_ALWAYS,
	FP_PROGRESS_NEVER,
};

/* What is filled in for each item. */
#define FP_EXPANSIONS_MAX 64

struct fp_expansion {
	enum fp_expand_what {
		FP_EXPAND_HEADER,
		FP_EXPAND_DATA,
		FP_EXPAND_JSON,
		FP_EXPAND_USER,
		FP_EXPAND_UPLOAD, /* the name of a file */
	} what;
	struct fp_expand *text;
};

struct fp_expansions {
	struct fp_expansion all[FP_EXPANSIONS_MAX];
	size_t n;
};

/* A field of a form; see formopt.h. */
struct fp_formfield {
	struct fp_expand *name, *value; /* the value may be a file's name */
	struct fp_expand *type, *filename; /* NULL: not said */
	bool has_file, is_text;
	bool is_trusted; /* the file is the same for all items */
};

struct fp_formfields {
	struct fp_formfield *all; /* in the order given */
	size_t n;
	bool expands; /* some of them are filled in for each item */
	struct fp_formpart *parts; /* all of them, if none is; else NULL */
};

/* Names of fields, as texts that are filled in have them. */
struct fp_names {
	struct fp_text *all;
	size_t n;
};

/* A list of texts that grows. */
struct fp_list {
	const char **texts;
	size_t n;
};

struct fp_settings {
	struct fp_options pool;
	struct fp_input_options input;
	struct fp_record_format format;

	const char *colsep; /* NULL: lines are not split */
	size_t n_columns; /* how many of a line's fields are needed */
	struct fp_names names; /* of CSV: those needed by name, each once */
	struct fp_text header; /* of CSV: the header line, once it was read */
	bool json_items;
	bool has_csv;
	bool has_id_range;
	uint64_t id_min, id_max;
	bool tells_template; /* say so when the default is used */
	const char *default_scheme; /* of lines without one; NULL: none */
	struct fp_text page_name; /* of the variable that --next sets; or "" */
	bool has_page_variable; /* it is used */
	bool fills_pages; /* in what is filled in for each item */
	bool allows_empty; /* an expression of TEMPLATE may come to nothing */
	bool is_done_anyway; /* what curl has to be asked for */
	bool wants_head; /* in place of the body */
	bool uploads; /* files that items name */

	const char *help_topic; /* for FP_GO_HELP; NULL: the usual help */
	bool all;
	bool quiet;
	bool json_errors;
	const char *output_path; /* NULL: standard output */
	const char *failed_path; /* NULL: none */
	const char *unknown_path; /* NULL: none */
	bool failed_unknown; /* the file of --failed takes these lines, too */
	uint64_t grace_ms;
	uint64_t deadline_ms; /* for the run; 0: none */
	bool has_max_errors;
	bool max_errors_is_share; /* percent of the items */
	uint64_t max_errors;

	const char *token_command; /* NULL: none */
	uint64_t token_timeout_ms; /* of it; 0: no limit */

	bool wants_netrc; /* the one at home, if none is named */
	bool has_netrc; /* one was */

	enum fp_progress_when progress;
	unsigned columns; /* of the terminal, as COLUMNS says; 0: it does not */
	const char *term; /* what it is, as TERM says; or NULL */
	bool summary;
	const char *stats_path; /* NULL: none are written */
	const char *trace_path; /* NULL: none is kept */
	const char *report_path; /* NULL: none is made */
	const char *metrics_path; /* NULL: none are written */
	struct fp_list report_from; /* files of --stats; then nothing is fetched
				     */
	const char *etags_path; /* NULL: none are */
	bool changed_only; /* has records */

	const char *journal_path; /* NULL: none is kept */
	bool resumes;
	bool syncs;
	uint32_t retried; /* failures to be fetched again; see fate.h */

	struct fp_expansions expansions; /* in the order given */
	struct fp_formfields form;
	struct fp_list given; /* options: name, value, name, value, ... */

	/* What the above points into. */
	struct fp_list reserved; /* paths of the run's files */
	struct fp_list withheld; /* paths that no item may send */
	struct fp_list headers, pick, omit, fail_if, curl, deny, allow,
		retry_on;
	struct fp_buf data;
	struct fp_buf netrc;
	struct fp_buf home_netrc; /* its path, if that was read */
	const char *key_log_path; /* as SSLKEYLOGFILE says; or NULL */
	struct fp_list owned; /* copies that are freed at the end */
	struct fp_buf colsep_text;
	char controls[8]; /* that CSV may have in it */
	enum fp_field fields[FP_FIELD_COUNT * 2];
	bool names_fields; /* all of them: none are added to the default ones */
};

/* The defaults that the manual page names. */
void fp_settings_init(struct fp_settings *settings);
void fp_settings_destroy(struct fp_settings *settings);

/* Says that memory is out: false. */
bool fp_settings_no_memory(void);

/* Says that the file that an option names cannot be read, as errno has it:
 * false. There being none is wrong usage; the rest is a fault of this
 * machine's. */
bool fp_settings_unreadable(const char *option, const char *path);

/* So much is read of a file that an option names: of a body, and of options and
 * headers. */
#define FP_SETTINGS_BODY_MAX ((size_t)256 << 20)
#define FP_SETTINGS_TEXT_MAX ((size_t)1 << 20)

/* Appends a whole file; "-" is standard input. -1 with errno; EFBIG: it has
 * more than that. */
int fp_settings_read(struct fp_buf *to, const char *path, size_t most_bytes);

/* The same; false: it has said why this cannot be. */
bool fp_settings_take_file(struct fp_buf *to, const char *option,
	const char *path, size_t most_bytes);

/* Whether it is a file with a size, which a body has to have before it is sent;
 * false: it has said what it is. */
bool fp_settings_is_sendable(const char *option, const char *path);

/* Adds a text, or a copy of it that the settings own. false: no memory. */
bool fp_settings_add_text(struct fp_list *list, const char *text);
bool fp_settings_add_copy(
	struct fp_settings *settings, struct fp_list *list, const char *text);

/* The records have this in place of "body". */
void fp_settings_replace_body(
	struct fp_settings *settings, enum fp_field field);

/* The records are of links that were checked: unless they are to have more, of
 * a body there is nothing in them. */
void fp_settings_name_check(struct fp_settings *settings);

/* Each takes the value of the option that it is named for. */
typedef bool fp_setter(struct fp_settings *settings, const char *value);

fp_setter fp_settings_null;
fp_setter fp_settings_input_format;
fp_setter fp_settings_colsep;
fp_setter fp_settings_id_range;
fp_setter fp_settings_shard;
fp_setter fp_settings_dry_run;
fp_setter fp_settings_default_scheme;
fp_setter fp_settings_max_line;
fp_setter fp_settings_jobs;
fp_setter fp_settings_window;
fp_setter fp_settings_delay;
fp_setter fp_settings_max_body;
fp_setter fp_settings_max_error_body;
fp_setter fp_settings_max_memory;
fp_setter fp_settings_max_errors;
fp_setter fp_settings_format;
fp_setter fp_settings_body;
fp_setter fp_settings_pick;
fp_setter fp_settings_omit;
fp_setter fp_settings_fail_if;
fp_setter fp_settings_next;
fp_setter fp_settings_until_empty;
fp_setter fp_settings_each;
fp_setter fp_settings_max_pages;
fp_setter fp_settings_fields;
fp_setter fp_settings_error_format;
fp_setter fp_settings_retry_failed;
fp_setter fp_settings_progress;
fp_setter fp_settings_stats;
fp_setter fp_settings_trace;
fp_setter fp_settings_report;
fp_setter fp_settings_metrics;
fp_setter fp_settings_report_from;
fp_setter fp_settings_etags;

#endif
