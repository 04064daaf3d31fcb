/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "options.h"

#include "ascii.h"
#include "clock.h"
#include "complaint.h"
#include "config.h"
#include "formopt.h"
#include "help.h"
#include "httpopt.h"
#include "msg.h"
#include "optiontable.h"
#include "patience.h"
#include "template.h"
#include "together.h"
#include "units.h"

#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define TERMINAL_COLUMNS_MAX 10000

/* ---- the arguments ---- */

/* No option has so long a name. */
#define GETOPT_NAME_MAX 60

static fp_config_take take_configured;

/* What is a file's name, is one of a file that is there. */
static bool
can_read(const struct fp_option_row *row, const char *value)
{
	char option[GETOPT_NAME_MAX + 3];

	if (!row->arg ||
		(strcmp(row->arg, "FILE") != 0 && strcmp(row->arg, "DIR") != 0))
		return true;
	snprintf(option, sizeof(option), "--%s", row->name);
	return fp_httpopt_can_read(option, value);
}

/* "-" is standard input or output, and a file of that name a mistake. */
static bool
is_dash_for_a_file(const struct fp_option_row *row, const char *value)
{
	static const char *const all[] = {"failed", "unknown", "journal"};
	bool is_one = false;

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++)
		is_one |= strcmp(row->name, all[i]) == 0;
	return is_one && strcmp(value, "-") == 0;
}

/* Whether it should be a name, and is none: in a script, a variable that was
 * not set must not pass for one. */
static bool
names_nothing(const struct fp_option_row *row, const char *value)
{
	static const char *const things[][2] = {
		{"FILE", "file"}, {"DIR", "folder"}, {"PATH", "socket"}};

	for (size_t i = 0; i < FP_ARRAY_LEN(things); i++) {
		if (!row->arg || strcmp(row->arg, things[i][0]) != 0 ||
			(value[0] != '\0' && !is_dash_for_a_file(row, value)))
			continue;
		fp_msg_usage("--%s: '%s' is not the name of a %s", row->name,
			value, things[i][1]);
		return true;
	}
	return false;
}

static enum fp_go
choose_help(struct fp_settings *settings, const char *topic)
{
	settings->help_topic = topic;
	return FP_GO_HELP;
}

static enum fp_go
options_apply(struct fp_settings *settings, const struct fp_option_row *row,
	const char *value)
{
	void *at = (char *)settings + row->at;
	bool ok = true;

	if (names_nothing(row, value))
		return FP_GO_WRONG;
	switch (row->type) {
	case FP_OPTION_HELP:
		return choose_help(settings, value);
	case FP_OPTION_VERSION:
		return FP_GO_VERSION;
	case FP_OPTION_CONFIG:
		ok = fp_config_read(settings, value, take_configured);
		break;
	case FP_OPTION_FLAG:
		*(bool *)at = true;
		break;
	case FP_OPTION_TEXT:
		*(const char **)at = value;
		break;
	case FP_OPTION_DURATION:
		ok = fp_units_duration(value, at) == 0;
		break;
	case FP_OPTION_CALL:
	case FP_OPTION_MAYBE:
	case FP_OPTION_SECRET:
		ok = row->call(settings, value);
		break;
	case FP_OPTION_CURL:
		ok = can_read(row, value) &&
		     fp_httpopt_curl(settings, row->right, value);
		break;
	}
	if (ok && fp_settings_add_text(&settings->given, row->name) &&
		fp_settings_add_text(&settings->given, value ? value : ""))
		return FP_GO_ON;
	if (!ok)
		fp_complaint_value(row, value);
	return FP_GO_WRONG;
}

/* No option has a longer name; what is longer may be a secret that lost its
 * own. */
#define NAME_MAX_SHOWN 24

/* An option from a file: as in an argument, but by its whole long name. */
static bool
take_configured(
	struct fp_settings *settings, const char *name, const char *value)
{
	const struct fp_option_row *row = NULL;

	for (size_t i = 0; i < fp_optiontable_n_rows && !row; i++) {
		if (strcmp(fp_optiontable_rows[i].name, name) == 0)
			row = &fp_optiontable_rows[i];
	}
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	size_t len = strspn(name, letters);
	bool is_letter = fp_ascii_is_alnum(name[0]) && name[1] == '\0';
	bool is_name = name[len] == '\0' && len <= NAME_MAX_SHOWN;

	if (!row && (is_name || is_letter))
		fp_complaint_name("", name);
	else if (!row)
		fp_msg_usage("unknown option");
	else if (row->type <= FP_OPTION_CONFIG)
		fp_msg_usage("--%s cannot be given in a file", name);
	else if (row->arg && !value)
		fp_msg_usage(
			"option '--%s' needs a value (%s)", name, row->arg);
	else if (!row->arg && value && row->type != FP_OPTION_MAYBE)
		fp_msg_usage("option '--%s' takes no value", name);
	else
		return options_apply(settings, row, value) == FP_GO_ON;
	return false;
}

/* getopt's own tables, from ours. A long option's value is its row's number,
 * behind all letters. */
struct getopt_tables {
	char letters[3 * FP_OPTION_ROWS_MAX + 2];
	struct option longs[FP_OPTION_ROWS_MAX + 1];
};

#define LONG_BASE 256

static void
make_tables(struct getopt_tables *tables)
{
	char *at = tables->letters;

	/* Errors are ours to word, and a missing value is told apart. */
	*at++ = ':';
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const struct fp_option_row *row = &fp_optiontable_rows[i];
		if (row->letter) {
			*at++ = row->letter;
			if (row->arg)
				*at++ = ':';
		}
		tables->longs[i] = (struct option){
			.name = row->name,
			.has_arg = row->arg ? required_argument
				   : row->type == FP_OPTION_HELP ||
						   row->type == FP_OPTION_MAYBE
					   ? optional_argument
					   : no_argument,
			.val = LONG_BASE + (int)i,
		};
	}
	*at = '\0';
	tables->longs[fp_optiontable_n_rows] = (struct option){0};
}

static const struct fp_option_row *
options_find_row(int code)
{
	if (code >= LONG_BASE)
		return &fp_optiontable_rows[code - LONG_BASE];
	for (size_t i = 0; code != 0 && i < fp_optiontable_n_rows; i++) {
		if (fp_optiontable_rows[i].letter == code)
			return &fp_optiontable_rows[i];
	}
	return NULL;
}

/* getopt takes the beginning of a long name for the whole: then --location,
 * which is harmless in curl, would be --location-trusted. */
static bool
is_whole_name(const struct fp_option_row *row, char *const argv[])
{
	char name[GETOPT_NAME_MAX + 1];
	const char *word = argv[optind - 1];

	if (optarg && optarg == word)
		word = argv[optind - 2];
	word += 2;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	if (strcmp(row->name, name) == 0)
		return true;
	fp_complaint_name("--", name);
	return false;
}

/* Says what getopt would not take. */
static void
complain_unknown(int code, int argc, char *const argv[])
{
	const struct fp_option_row *row = options_find_row(optopt);
	char name[GETOPT_NAME_MAX + 1];

	if (code == ':' && row) {
		fp_msg_usage("option '--%s' needs a value (%s)", row->name,
			row->arg);
	} else if (row) {
		fp_msg_usage("option '--%s' takes no value", row->name);
	} else if (optopt) {
		/* The argument is the next one until its last letter. */
		const char *at = argv[optind - 1];
		if (optind < argc && strchr(argv[optind], optopt))
			at = argv[optind];
		fp_complaint_letter((char)optopt, at);
	} else {
		/* Without its value, which may be a secret. */
		const char *at = argv[optind - 1] + 2;
		size_t len = strcspn(at, "=");
		snprintf(name, sizeof(name), "%.*s", (int)len, at);
		if (strcspn(at, ":@/") < len)
			fp_msg_usage("unknown option");
		else
			fp_complaint_name("--", name);
	}
}

/* "--help all": a word behind it that can be no TEMPLATE; or an option, if that
 * is the last argument: others are those of the command that it was put into.
 */
static char *
take_topic(int argc, char *const argv[])
{
	if (optind >= argc || argv[optind][0] == '\0' ||
		(argv[optind][0] == '-' && optind + 1 < argc) ||
		strpbrk(argv[optind], "{/"))
		return NULL;
	return argv[optind++];
}

/* What follows from several options together. */
static void
options_settle(struct fp_settings *settings)
{
	struct fp_options *pool = &settings->pool;

	pool->headers = settings->headers.texts;
	pool->n_headers = settings->headers.n;
	pool->pick = settings->pick.texts;
	pool->n_pick = settings->pick.n;
	pool->omit = settings->omit.texts;
	if (settings->data.data)
		pool->data = (struct fp_text){
			settings->data.data, settings->data.len};
	pool->curl_options = settings->curl.texts;
	pool->n_curl_options = settings->curl.n;
	pool->deny = settings->deny.texts;
	pool->n_deny = settings->deny.n;
	pool->allow = settings->allow.texts;
	pool->n_allow = settings->allow.n;
	pool->retry_on = settings->retry_on.texts;
	pool->n_retry_on = settings->retry_on.n;
	pool->n_omit = settings->omit.n;
	pool->fail_if = settings->fail_if.texts;
	pool->n_fail_if = settings->fail_if.n;
	pool->body_is_object = settings->format.format == FP_FORMAT_MERGED;
	pool->body_lacks = pool->body_is_object ? "fetch_time" : NULL;
	if (settings->format.format != FP_FORMAT_RECORD &&
		pool->body == FP_BODY_AUTO)
		pool->body = FP_BODY_JSON;
	settings->format.has_error = settings->all;
	settings->format.has_rest = !settings->names_fields;
	if (settings->quiet && !settings->all)
		pool->max_error_body = 0;
	settings->input.allowed_controls = settings->colsep;
	settings->resumes |= settings->retried != 0;
	pool->empty_fails = !settings->allows_empty;
	if (settings->uploads && !pool->method)
		pool->method = "PUT";
	if (pool->output_dir)
		fp_settings_replace_body(settings, FP_FIELD_FILE);
	else if (settings->wants_head && !settings->names_fields)
		fp_settings_replace_body(settings, FP_FIELD_HEADERS);
	if (pool->check != FP_CHECK_NONE)
		fp_settings_name_check(settings);
	if (settings->has_csv) {
		if (!settings->colsep)
			settings->colsep = ",";
		settings->input.csv = settings->colsep[0];
		settings->input.has_header = settings->names.n > 0;
		snprintf(settings->controls, sizeof(settings->controls),
			"\t\r\n%c", settings->input.csv);
		settings->input.allowed_controls = settings->controls;
	}
	if (settings->json_items) {
		settings->input.allowed_controls = "\t\r";
		pool->undefined_fails = false;
	}
}

/* In a dry run nothing is written but what the requests would be. */
static void
make_dry(struct fp_settings *settings)
{
	settings->format.format = FP_FORMAT_REQUEST;
	settings->output_path = NULL;
	settings->failed_path = settings->unknown_path = NULL;
	settings->stats_path = settings->trace_path = NULL;
	settings->report_path = settings->metrics_path = NULL;
	settings->summary = false;
}

/* As curl: what HOME says, or the system of the user. */
static const char *
find_home(void)
{
	const char *home = getenv("HOME");

	if (home && home[0])
		return home;
	const struct passwd *user = getpwuid(geteuid());
	return user && user->pw_dir ? user->pw_dir : "";
}

/* Whether the environment names a proxy, of whatever scheme: libcurl need not
 * be told to look for what is not there. */
static bool
names_proxy(void)
{
	static const char end[] = "_proxy";

	for (char **at = environ; *at; at++) {
		size_t len = strcspn(*at, "=");
		if (len < sizeof(end) || (*at)[len] != '=' || !(*at)[len + 1])
			continue;
		const char *last = *at + len - (sizeof(end) - 1);
		if (strncasecmp(last, end, sizeof(end) - 1) == 0 &&
			strncasecmp(*at, "no_proxy=", 9) != 0)
			return true;
	}
	return false;
}

/* What the environment says of it, if it does not say so itself. */
static void
read_terminal(struct fp_settings *settings)
{
	const char *columns = getenv("COLUMNS");
	uint64_t n = 0;

	settings->term = getenv("TERM");
	if (columns && fp_units_count(columns, TERMINAL_COLUMNS_MAX, &n) == 0)
		settings->columns = (unsigned)n;
}

/* The certificate authorities that the environment names count where no option
 * names any, as for curl: a file, or else a folder and another file. */
static bool
take_authorities(struct fp_settings *settings)
{
	static const char *const names[][2] = {{"CURL_CA_BUNDLE", "CAINFO"},
		{"SSL_CERT_DIR", "CAPATH"}, {"SSL_CERT_FILE", "CAINFO"}};

	if (settings->pool.insecure || !fp_has_tls() ||
		fp_httpopt_names_authorities(settings))
		return true;
	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++) {
		const char *path = getenv(names[i][0]);
		if (!path || !path[0])
			continue;
		if (!fp_httpopt_curl(settings, names[i][1], path))
			return false;
		if (i == 0)
			return true;
	}
	return true;
}

/* A file of options may be a pipe that nobody writes to, and it may be named
 * before the deadline is; and what is wrong with an option may come before the
 * format of errors. What is wrong with these two is said later. getopt puts its
 * arguments in another order: these are a copy. */
static void
look_ahead(const struct getopt_tables *tables, int argc, char *const argv[])
{
	char **copy = calloc((size_t)argc + 1, sizeof(*copy));
	int code;
	uint64_t ms;

	if (!copy)
		return;
	memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	while ((code = getopt_long(argc, copy, tables->letters, tables->longs,
			NULL)) != -1) {
		const struct fp_option_row *row = options_find_row(code);
		if (row && strcmp(row->name, "error-format") == 0)
			fp_msg_json(strcmp(optarg, "json") == 0);
		if (row && strcmp(row->name, "deadline") == 0 &&
			fp_units_duration(optarg, &ms) == 0 && ms > 0)
			fp_patience_read_until(
				fp_clock_now_ns() + (int64_t)ms * FP_NS_PER_MS);
	}
	free(copy);
	optind = 0; /* from the beginning */
}

/* What is behind the options are further files. Options of a run would mean
 * nothing. */
static enum fp_go
take_reports(struct fp_settings *settings, int n, char *const files[])
{
	static const char *const fitting[] = {
		"report-from", "report", "quiet", "config", "error-format"};
	const struct fp_list *given = &settings->given;

	for (size_t i = 0; i + 1 < given->n; i += 2) {
		bool fits = false;
		for (size_t k = 0; k < FP_ARRAY_LEN(fitting); k++)
			fits |= strcmp(given->texts[i], fitting[k]) == 0;
		if (fits)
			continue;
		fp_msg_usage("--report-from cannot be used with --%s: nothing "
			     "is fetched",
			given->texts[i]);
		return FP_GO_WRONG;
	}
	for (int i = 0; i < n; i++) {
		if (!fp_settings_add_text(&settings->report_from, files[i]) ||
			!fp_settings_add_text(
				&settings->given, "report-from") ||
			!fp_settings_add_text(&settings->given, files[i])) {
			fp_settings_no_memory();
			return FP_GO_WRONG;
		}
	}
	return FP_GO_REPORT;
}

enum fp_go
fp_options_parse(struct fp_settings *settings, int argc, char *const argv[])
{
	struct getopt_tables tables;
	int code;

	make_tables(&tables);
	opterr = 0;
	look_ahead(&tables, argc, argv);
	while ((code = getopt_long(argc, argv, tables.letters, tables.longs,
			NULL)) != -1) {
		const struct fp_option_row *row = options_find_row(code);
		if (!row) {
			complain_unknown(code, argc, argv);
			return FP_GO_WRONG;
		}
		if (code >= LONG_BASE && !is_whole_name(row, argv))
			return FP_GO_WRONG;
		if (row->type == FP_OPTION_HELP && !optarg)
			optarg = take_topic(argc, argv);
		enum fp_go go = options_apply(settings, row, optarg);
		/* Or a file of options has said so. */
		if (settings->json_errors ||
			strcmp(row->name, "error-format") == 0)
			fp_msg_json(settings->json_errors);
		if (go != FP_GO_ON)
			return go;
	}
	fp_msg_json(settings->json_errors);
	if (settings->report_from.n > 0)
		return take_reports(settings, argc - optind, argv + optind);
	if (argc - optind > 1) {
		fp_complaint_templates(
			settings, argv[optind], argv[optind + 1]);
		return FP_GO_WRONG;
	}
	read_terminal(settings);
	if (fp_has_tls())
		settings->key_log_path = getenv("SSLKEYLOGFILE");
	if (!fp_template_choose(
		    settings, argv[optind], getenv("FETCHPOOL_URL")))
		return FP_GO_WRONG;
	if (!take_authorities(settings) ||
		!fp_httpopt_signing_keys(settings, getenv("AWS_ACCESS_KEY_ID"),
			getenv("AWS_SECRET_ACCESS_KEY"),
			getenv("AWS_SESSION_TOKEN")))
		return FP_GO_WRONG;
	options_settle(settings);
	if (!fp_formopt_settle(settings))
		return FP_GO_WRONG;
	if (settings->wants_netrc && !settings->has_netrc &&
		!fp_httpopt_home_netrc(settings, find_home()))
		return FP_GO_WRONG;
	settings->pool.ignore_proxy_env = !names_proxy();
	if (!fp_together_check(settings))
		return FP_GO_WRONG;
	if (settings->input.shard.count)
		settings->pool.share = (unsigned)settings->input.shard.count;
	if (settings->pool.dry_run)
		make_dry(settings);
	return FP_GO_ON;
}
