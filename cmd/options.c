/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "options.h"

#include "config.h"
#include "httpopt.h"
#include "msg.h"
#include "optiontable.h"
#include "template.h"
#include "units.h"

#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

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
	for (size_t i = 0; i < fp_option_n_rows; i++) {
		const struct fp_option_row *row = &fp_option_rows[i];
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
complain(const struct fp_option_row *row, const char *value)
{
	if (fp_msg_status() != FP_EXIT_OK)
		return;
	if (row->type == FP_OPTION_CURL)
		fp_msg_usage(
			"--%s: the value is not text on one line", row->name);
	else if (row->type == FP_OPTION_SECRET)
		fp_msg_usage(
			"--%s: the value is not %s", row->name, row->right);
	else
		fp_msg_usage("--%s: '%s' is not %s", row->name, value,
			row->right ? row->right : "right");
}

static fp_config_take take_configured;

static enum fp_go
apply(struct fp_settings *settings, const struct fp_option_row *row,
	const char *value)
{
	void *at = (char *)settings + row->at;
	bool ok = true;

	switch (row->type) {
	case FP_OPTION_HELP:
		return FP_GO_HELP;
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
	case FP_OPTION_SECRET:
		ok = row->call(settings, value);
		break;
	case FP_OPTION_CURL:
		ok = fp_httpopt_curl(settings, row->right, value);
		break;
	}
	if (ok && fp_list_add(&settings->given, row->name) &&
		fp_list_add(&settings->given, value ? value : ""))
		return FP_GO_ON;
	if (!ok)
		complain(row, value);
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

	for (size_t i = 0; i < fp_option_n_rows && !row; i++) {
		if (strcmp(fp_option_rows[i].name, name) == 0)
			row = &fp_option_rows[i];
	}
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	size_t len = strspn(name, letters);

	if (!row && name[len] == '\0' && len <= NAME_MAX_SHOWN)
		fp_msg_usage("unknown option '%s'", name);
	else if (!row)
		fp_msg_usage("no option has this name");
	else if (row->type <= FP_OPTION_CONFIG)
		fp_msg_usage("--%s cannot stand in a file", name);
	else if (row->arg && !value)
		fp_msg_usage("--%s: a value is missing: %s", name, row->arg);
	else if (!row->arg && value)
		fp_msg_usage("--%s takes no value", name);
	else
		return apply(settings, row, value) == FP_GO_ON;
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
	for (size_t i = 0; i < fp_option_n_rows; i++) {
		const struct fp_option_row *row = &fp_option_rows[i];
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
	tables->longs[fp_option_n_rows] = (struct option){0};
}

static const struct fp_option_row *
find_row(int code)
{
	if (code >= LONG_BASE)
		return &fp_option_rows[code - LONG_BASE];
	for (size_t i = 0; code != 0 && i < fp_option_n_rows; i++) {
		if (fp_option_rows[i].letter == code)
			return &fp_option_rows[i];
	}
	return NULL;
}

/* Says what getopt would not take. */
static void
complain_unknown(int code, char *const argv[])
{
	const struct fp_option_row *row = find_row(optopt);

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
	pool->body_is_object = settings->format.format == FP_FORMAT_MERGED;
	if (settings->format.format != FP_FORMAT_RECORD &&
		pool->body == FP_BODY_AUTO)
		pool->body = FP_BODY_JSON;
	settings->input.allowed_controls = settings->colsep;
	settings->resumes |= settings->retries_failed;
	if (pool->output_dir)
		fp_settings_name_file(settings);
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
	settings->failed_path = NULL;
}

/* What is asked of a journal. */
static bool
check_journal(const struct fp_settings *settings)
{
	if (!settings->journal_path && (settings->resumes || settings->syncs ||
					       settings->retries_failed)) {
		fp_msg_usage("--%s needs --journal",
			settings->retries_failed ? "retry-failed"
			: settings->resumes	 ? "resume"
						 : "sync");
		return false;
	}
	if (settings->retries_failed &&
		(settings->all || settings->pool.keep_order)) {
		fp_msg_usage("--retry-failed does not go with %s",
			settings->all
				? "--all: what failed is in the output already"
				: "--keep-order: what failed has had its turn");
		return false;
	}
	if (settings->journal_path && settings->pool.output_dir &&
		!settings->pool.overwrite) {
		fp_msg_usage("--journal with --output-dir needs --overwrite: "
			     "the file of an item that was broken off may be "
			     "there already");
		return false;
	}
	return true;
}

static bool
check_together(const struct fp_settings *settings)
{
	enum fp_format format = settings->format.format;
	enum fp_body body = settings->pool.body;

	if (settings->json_items &&
		(settings->colsep || settings->has_id_range ||
			settings->pool.data_line)) {
		fp_msg_usage("--input-format json does not go with --colsep, "
			     "--id-range or --data-line");
		return false;
	}
	if (settings->pool.data_line && settings->data.data) {
		fp_msg_usage("--data-line does not go with --data or --json");
		return false;
	}
	if (settings->pool.output_dir &&
		(format != FP_FORMAT_RECORD || body != FP_BODY_AUTO ||
			settings->pick.n || settings->omit.n)) {
		fp_msg_usage("--output-dir does not go with --format, --body, "
			     "--pick or --omit");
		return false;
	}
	if (!settings->pool.output_dir &&
		(settings->pool.output_name || settings->pool.overwrite)) {
		fp_msg_usage("--output-name and --overwrite need --output-dir");
		return false;
	}
	if (settings->pool.rate_file && !settings->pool.rate) {
		fp_msg_usage("--rate-file needs --rate: what is to be kept");
		return false;
	}
	if ((settings->pool.share || settings->pool.pace) &&
		!settings->pool.rate && !settings->pool.host_rate) {
		fp_msg_usage("--share and --pace need --rate or --host-rate");
		return false;
	}
	if (format == FP_FORMAT_MERGED && body != FP_BODY_JSON) {
		fp_msg_usage("--format merged needs JSON bodies, not the "
			     "--body that was given");
		return false;
	}
	if (format == FP_FORMAT_BODY && body == FP_BODY_NONE) {
		fp_msg_usage("--format body needs a body, not --body none");
		return false;
	}
	return check_journal(settings);
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

enum fp_go
fp_options_parse(struct fp_settings *settings, int argc, char *const argv[])
{
	struct getopt_tables tables;
	int code;

	make_tables(&tables);
	opterr = 0;
	while ((code = getopt_long(argc, argv, tables.letters, tables.longs,
			NULL)) != -1) {
		const struct fp_option_row *row = find_row(code);
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
	if (!fp_template_choose(
		    settings, argv[optind], getenv("FETCHPOOL_URL")))
		return FP_GO_WRONG;
	settle(settings);
	if (settings->wants_netrc && !settings->has_netrc &&
		!fp_httpopt_home_netrc(settings, find_home()))
		return FP_GO_WRONG;
	settings->pool.ignore_proxy_env = !names_proxy();
	if (!check_together(settings))
		return FP_GO_WRONG;
	if (settings->pool.dry_run)
		make_dry(settings);
	return FP_GO_ON;
}
