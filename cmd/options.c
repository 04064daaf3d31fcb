/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "options.h"

#include "msg.h"
#include "units.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TEMPLATE "https://jsonplaceholder.typicode.com/posts/{}"

enum type {
	TYPE_HELP,
	TYPE_VERSION,
	TYPE_FLAG, /* bool */
	TYPE_TEXT, /* const char * */
	TYPE_DURATION, /* uint64_t, milliseconds */
	TYPE_CALL, /* call(settings, value) says whether it is right */
};

/* One option; `at` is where its value goes, in struct fp_settings. */
struct option_row {
	const char *group; /* the heading it stands under, on its first row */
	const char *name;
	char letter; /* 0: long only */
	const char *arg;
	enum type type;
	size_t at;
	fp_setter *call;
	const char *right; /* what would be right, for the message */
	const char *help;
};

#define AT(member) offsetof(struct fp_settings, member)
#define A_TIME "a time like 500ms, 10s, 1.5m or 2h"

static const struct option_row rows[] = {
	{"Input", "input", 'i', "FILE", TYPE_TEXT, AT(input.path), NULL, NULL,
		"read items from FILE, not standard input"},
	{NULL, "null", '0', NULL, TYPE_CALL, 0, fp_settings_null, NULL,
		"items end in NUL, not newline"},
	{NULL, "colsep", 'C', "STRING", TYPE_CALL, 0, fp_settings_colsep,
		"a separator like ',' or '\\t'",
		"split lines into fields {1}, {2}, ..."},
	{NULL, "id-range", 0, "MIN-MAX", TYPE_CALL, 0, fp_settings_id_range,
		"two whole numbers like 1-100",
		"refuse items that are no number in the range"},
	{NULL, "max-line", 0, "SIZE", TYPE_CALL, 0, fp_settings_max_line,
		"a size like 64K, up to 1G", "refuse longer lines (64K)"},

	{"Requests", "header", 'H', "LINE", TYPE_CALL, 0, fp_settings_header,
		"a line like 'Name: value', or @FILE with such lines",
		"send this header too; @FILE: the lines of FILE"},
	{NULL, "user-agent", 'A', "TEXT", TYPE_CALL, 0, fp_settings_user_agent,
		"text on one line", "the User-Agent header"},
	{NULL, "max-time", 'm', "TIME", TYPE_DURATION, AT(pool.max_time_ms),
		NULL, A_TIME, "the longest an attempt may take (60s)"},
	{NULL, "connect-timeout", 0, "TIME", TYPE_DURATION,
		AT(pool.connect_timeout_ms), NULL, A_TIME,
		"the longest to connect (10s)"},
	{NULL, "stall-time", 0, "TIME", TYPE_DURATION, AT(pool.stall_time_ms),
		NULL, A_TIME, "give up when no byte came for so long (30s)"},
	{NULL, "max-body", 0, "SIZE", TYPE_CALL, 0, fp_settings_max_body,
		"a size like 16M", "give up on larger bodies (16M)"},
	{NULL, "proto", 0, "LIST", TYPE_CALL, 0, fp_settings_proto,
		"a list of http and https", "allowed schemes (http,https)"},
	{NULL, "ok-status", 0, "LIST", TYPE_CALL, 0, fp_settings_ok_status,
		"a list like 2xx,304,400-404",
		"statuses that are a success (2xx)"},

	{"Pool", "jobs", 'j', "N", TYPE_CALL, 0, fp_settings_jobs,
		"a whole number from 1 to 20000",
		"transfers at once (CPUs + 4, at most 32)"},
	{NULL, "keep-order", 'k', NULL, TYPE_FLAG, AT(pool.keep_order), NULL,
		NULL, "records in the order of the input"},
	{NULL, "window", 0, "N", TYPE_CALL, 0, fp_settings_window,
		"a whole number from 1 to 10000000",
		"items under way at once (4 per job, at least 256)"},
	{NULL, "delay", 0, "MIN[-MAX]", TYPE_CALL, 0, fp_settings_delay,
		"a time or a range like 1s-10s", "pause before each item"},
	{NULL, "grace", 0, "TIME", TYPE_DURATION, AT(grace_ms), NULL, A_TIME,
		"after a signal, let transfers end so long (10s)"},

	{"Output", "format", 'f', "FORMAT", TYPE_CALL, 0, fp_settings_format,
		"record, body or merged", "record (default), body, or merged"},
	{NULL, "body", 'B', "MODE", TYPE_CALL, 0, fp_settings_body,
		"auto, json, text, base64 or none",
		"carry bodies as auto, json, text, base64, none"},
	{NULL, "omit", 0, "NAME", TYPE_CALL, 0, fp_settings_omit, NULL,
		"leave this member out of JSON bodies (repeatable)"},
	{NULL, "pick", 0, "NAME", TYPE_CALL, 0, fp_settings_pick, NULL,
		"keep only this member (repeatable)"},
	{NULL, "fields", 0, "LIST", TYPE_CALL, 0, fp_settings_fields,
		"a list of field names, or + and a list of more of them",
		"the record's members; +LIST adds to the default"},
	{NULL, "all", 'a', NULL, TYPE_FLAG, AT(all), NULL, NULL,
		"failed items are records too"},
	{NULL, "output", 'o', "FILE", TYPE_TEXT, AT(output_path), NULL, NULL,
		"write to FILE, not standard output"},
	{NULL, "failed", 0, "FILE", TYPE_TEXT, AT(failed_path), NULL, NULL,
		"collect the lines that failed or were not done"},
	{NULL, "error-format", 0, "FORMAT", TYPE_CALL, 0,
		fp_settings_error_format, "text or json",
		"how errors are written: text or json"},
	{NULL, "quiet", 'q', NULL, TYPE_FLAG, AT(quiet), NULL, NULL,
		"one line for all failed items, not one each"},

	{"Other", "help", 'h', NULL, TYPE_HELP, 0, NULL, NULL, "this text"},
	{NULL, "version", 'V', NULL, TYPE_VERSION, 0, NULL, NULL,
		"versions of fetchpool and its libraries"},
};

#define N_ROWS FP_ARRAY_LEN(rows)

void
fp_options_help(void)
{
	printf("Usage: fetchpool [OPTION]... [TEMPLATE]\n"
	       "Fetch URLs or IDs from standard input, all at once; one JSON "
	       "record a line.\n\n"
	       "  seq 1 150 | fetchpool -j 16 'https://api.example.com/posts/{}'"
	       "\n\nTEMPLATE is a URI template (RFC 6570); {} is the line. "
	       "Without one, a line is\na URL, or an ID for $FETCHPOOL_URL or "
	       "the public demonstration API.\n");
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &rows[i];
		char left[64];

		if (row->group)
			printf("\n%s:\n", row->group);
		snprintf(left, sizeof(left), "%c%c%c --%s%s%s",
			row->letter ? '-' : ' ',
			row->letter ? row->letter : ' ',
			row->letter ? ',' : ' ', row->name, row->arg ? " " : "",
			row->arg ? row->arg : "");
		printf("  %-26s %s\n", left, row->help);
	}
	printf("\nExit status: 0 all succeeded, 1 some failed, 2 wrong usage, "
	       "3 a local fault,\n4 stopped early. More: fetchpool(1), "
	       "fetchpool-record(5).\n");
}

/* ---- the arguments ---- */

/* Says what is wrong with an option's value; what said so itself has set the
 * exit status already. */
static void
complain(const struct option_row *row, const char *value)
{
	if (fp_msg_status() != FP_EXIT_OK)
		return;
	fp_msg_usage("--%s: '%s' is not %s", row->name, value,
		row->right ? row->right : "right");
}

static enum fp_go
apply(struct fp_settings *settings, const struct option_row *row,
	const char *value)
{
	void *at = (char *)settings + row->at;
	bool ok = true;

	switch (row->type) {
	case TYPE_HELP:
		return FP_GO_HELP;
	case TYPE_VERSION:
		return FP_GO_VERSION;
	case TYPE_FLAG:
		*(bool *)at = true;
		break;
	case TYPE_TEXT:
		*(const char **)at = value;
		break;
	case TYPE_DURATION:
		ok = fp_units_duration(value, at) == 0;
		break;
	case TYPE_CALL:
		ok = row->call(settings, value);
		break;
	}
	if (ok)
		return FP_GO_ON;
	complain(row, value);
	return FP_GO_WRONG;
}

/* getopt's own tables, from ours. A long option's value is its row's number,
 * behind all letters. */
struct getopt_tables {
	char letters[3 * N_ROWS + 2];
	struct option longs[N_ROWS + 1];
};

#define LONG_BASE 256

static void
make_tables(struct getopt_tables *tables)
{
	char *at = tables->letters;

	/* Errors are ours to word, and a missing value is told apart. */
	*at++ = ':';
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &rows[i];
		if (row->letter) {
			*at++ = row->letter;
			if (row->arg)
				*at++ = ':';
		}
		tables->longs[i] = (struct option){
			.name = row->name,
			.has_arg = row->arg ? required_argument : no_argument,
			.val = LONG_BASE + (int)i,
		};
	}
	*at = '\0';
	tables->longs[N_ROWS] = (struct option){0};
}

static const struct option_row *
find_row(int code)
{
	if (code >= LONG_BASE)
		return &rows[code - LONG_BASE];
	for (size_t i = 0; code != 0 && i < N_ROWS; i++) {
		if (rows[i].letter == code)
			return &rows[i];
	}
	return NULL;
}

/* Says what getopt would not take. */
static void
complain_unknown(int code, char *const argv[])
{
	const struct option_row *row = find_row(optopt);

	if (code == ':' && row)
		fp_msg_usage(
			"--%s: a value is missing: %s", row->name, row->arg);
	else if (row)
		fp_msg_usage("--%s takes no value", row->name);
	else if (optopt)
		fp_msg_usage("unknown option '-%c'", optopt);
	else
		fp_msg_usage("unknown option '%s'", argv[optind - 1]);
}

/* ---- the template ---- */

static void
complain_template(const char *name, const char *text, const char *why)
{
	fp_msg_usage("%s: '%s': %s", name, text, why);
}

/* What fp_template_variables() is asked for. */
struct template_look {
	const struct fp_settings *settings;
	size_t n_variables;
	size_t max_column;
	char why[160];
};

/* Judges one variable: {} or, with --colsep, {1}, {2}, ... */
static int
look_at_variable(void *arg, struct fp_text name)
{
	struct template_look *look = arg;
	uint64_t column;

	look->n_variables++;
	if (name.len == 0)
		return 0;
	if (fp_units_digits(name.data, name.len, &column)) {
		snprintf(look->why, sizeof(look->why),
			"lines have no {%.*s}; {} is the whole line",
			(int)FP_MIN(name.len, 60), name.data);
		return 1;
	}
	if (!look->settings->colsep) {
		snprintf(look->why, sizeof(look->why),
			"{%.*s} needs --colsep; {} is the whole line",
			(int)FP_MIN(name.len, 60), name.data);
		return 1;
	}
	if (column == 0 || column > FP_COLUMNS_MAX || name.data[0] == '0') {
		snprintf(look->why, sizeof(look->why), "fields are {1} to {%d}",
			FP_COLUMNS_MAX);
		return 1;
	}
	look->max_column = FP_MAX(look->max_column, (size_t)column);
	return 0;
}

/* `name` is what the template came from, for messages. */
static bool
check_template(struct fp_settings *settings, const char *name)
{
	struct template_look look = {.settings = settings};
	const char *text = settings->pool.url_template;
	int ret = fp_template_variables(
		text, look_at_variable, &look, look.why, sizeof(look.why));

	if (ret == 0 && look.n_variables == 0) {
		ret = 1;
		snprintf(look.why, sizeof(look.why),
			"no {} in it: every line would fetch the same");
	}
	if (ret) {
		complain_template(name, text, look.why);
		return false;
	}
	settings->n_columns = look.max_column;
	return true;
}

static bool
choose_template(struct fp_settings *settings, const char *template)
{
	const char *from_environment = getenv("FETCHPOOL_URL");

	settings->pool.url_template = template;
	if (template)
		return check_template(settings, "TEMPLATE");
	settings->pool.urls_pass = true;
	if (from_environment && from_environment[0]) {
		settings->pool.url_template = from_environment;
		return check_template(settings, "FETCHPOOL_URL");
	}
	settings->pool.url_template = DEFAULT_TEMPLATE;
	settings->tells_template = true;
	return true;
}

/* What follows from several options together. */
static void
settle(struct fp_settings *settings)
{
	struct fp_options *pool = &settings->pool;

	pool->headers = settings->headers.texts;
	pool->n_headers = settings->headers.n;
	pool->pick = settings->pick.texts;
	pool->n_pick = settings->pick.n;
	pool->omit = settings->omit.texts;
	pool->n_omit = settings->omit.n;
	pool->body_is_object = settings->format.format == FP_FORMAT_MERGED;
	if (settings->format.format != FP_FORMAT_RECORD &&
		pool->body == FP_BODY_AUTO)
		pool->body = FP_BODY_JSON;
	settings->input.allowed_controls = settings->colsep;
}

static bool
check_together(const struct fp_settings *settings)
{
	enum fp_format format = settings->format.format;
	enum fp_body body = settings->pool.body;

	if (format == FP_FORMAT_MERGED && body != FP_BODY_JSON) {
		fp_msg_usage("--format merged needs JSON bodies, not the "
			     "--body that was given");
		return false;
	}
	if (format == FP_FORMAT_BODY && body == FP_BODY_NONE) {
		fp_msg_usage("--format body needs a body, not --body none");
		return false;
	}
	return true;
}

enum fp_go
fp_options_parse(struct fp_settings *settings, int argc, char *const argv[])
{
	struct getopt_tables tables;
	int code;

	make_tables(&tables);
	opterr = 0;
	while ((code = getopt_long(argc, argv, tables.letters, tables.longs,
			NULL)) != -1) {
		const struct option_row *row = find_row(code);
		if (!row) {
			complain_unknown(code, argv);
			return FP_GO_WRONG;
		}
		enum fp_go go = apply(settings, row, optarg);
		if (go != FP_GO_ON)
			return go;
	}
	if (argc - optind > 1) {
		fp_msg_usage("one TEMPLATE at most: '%s' is too many",
			argv[optind + 1]);
		return FP_GO_WRONG;
	}
	if (!choose_template(settings, argv[optind]))
		return FP_GO_WRONG;
	settle(settings);
	return check_together(settings) ? FP_GO_ON : FP_GO_WRONG;
}
