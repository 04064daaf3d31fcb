/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "options.h"

#include "config.h"
#include "httpopt.h"
#include "msg.h"
#include "template.h"
#include "units.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum type {
	TYPE_HELP,
	TYPE_VERSION,
	TYPE_CONFIG, /* a file of options */
	TYPE_FLAG, /* bool */
	TYPE_TEXT, /* const char * */
	TYPE_DURATION, /* uint64_t, milliseconds */
	TYPE_CALL, /* call(settings, value) says whether it is right */
	TYPE_SECRET, /* the same, and no message shows the value */
	TYPE_CURL, /* the libcurl option `right`, which judges it itself */
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
	{NULL, "input-format", 0, "FORMAT", TYPE_CALL, 0,
		fp_settings_input_format, "lines or json",
		"lines (default), or json: one request a line"},
	{NULL, "colsep", 'C', "STRING", TYPE_CALL, 0, fp_settings_colsep,
		"a separator like ',' or '\\t'",
		"split lines into fields {1}, {2}, ..."},
	{NULL, "id-range", 0, "MIN-MAX", TYPE_CALL, 0, fp_settings_id_range,
		"two whole numbers like 1-100",
		"refuse items that are no number in the range"},
	{NULL, "max-line", 0, "SIZE", TYPE_CALL, 0, fp_settings_max_line,
		"a size like 64K, up to 1G", "refuse longer lines (64K)"},

	{"Requests", "header", 'H', "LINE", TYPE_SECRET, 0, fp_httpopt_header,
		"a line like 'Name: value', or @FILE with such lines",
		"send this header too; @FILE: the lines of FILE"},
	{NULL, "request", 'X', "METHOD", TYPE_CALL, 0, fp_httpopt_method,
		"a method like PUT", "the method (GET, or POST with a body)"},
	{NULL, "data", 'd', "TEXT", TYPE_CALL, 0, fp_httpopt_data,
		"text, or @FILE with it",
		"send this body; @FILE: what is in FILE"},
	{NULL, "json", 0, "TEXT", TYPE_CALL, 0, fp_httpopt_json,
		"text, or @FILE with it", "the same, as application/json"},
	{NULL, "data-line", 0, NULL, TYPE_FLAG, AT(pool.data_line), NULL, NULL,
		"send each line itself as the body, to TEMPLATE"},
	{NULL, "user-agent", 'A', "TEXT", TYPE_CALL, 0, fp_httpopt_user_agent,
		"text on one line", "the User-Agent header"},
	{NULL, "referer", 'e', "URL", TYPE_CURL, 0, NULL, "REFERER",
		"the Referer header"},
	{NULL, "user", 'u', "USER:PASS", TYPE_CURL, 0, NULL, "USERPWD",
		"log in with HTTP Basic"},
	{NULL, "oauth2-bearer", 0, "TOKEN", TYPE_SECRET, 0, fp_httpopt_bearer,
		"a token", "log in with this token"},
	{NULL, "netrc", 'n', NULL, TYPE_CURL, 0, NULL, "NETRC=1",
		"log in with what ~/.netrc says"},
	{NULL, "netrc-file", 0, "FILE", TYPE_CALL, 0, fp_httpopt_netrc,
		"a file", "the same with another file"},
	{NULL, "cookie", 'b', "DATA", TYPE_SECRET, 0, fp_httpopt_cookie,
		"cookies like 'a=1; b=2'", "send these cookies"},
	{NULL, "no-compressed", 0, NULL, TYPE_FLAG, AT(pool.no_compressed),
		NULL, NULL, "do not ask for gzip, nor undo it"},
	{NULL, "max-redirs", 0, "N", TYPE_CALL, 0, fp_httpopt_max_redirs,
		"a whole number", "follow so many redirects (10); 0: none"},
	{NULL, "location-trusted", 0, NULL, TYPE_FLAG,
		AT(pool.location_trusted), NULL, NULL,
		"send headers and log in on other hosts too"},
	{NULL, "allow-downgrade", 0, NULL, TYPE_FLAG, AT(pool.allow_downgrade),
		NULL, NULL, "follow redirects from https to http"},
	{NULL, "max-time", 'm', "TIME", TYPE_DURATION, AT(pool.max_time_ms),
		NULL, A_TIME, "the longest an attempt may take (60s)"},
	{NULL, "connect-timeout", 0, "TIME", TYPE_DURATION,
		AT(pool.connect_timeout_ms), NULL, A_TIME,
		"the longest to connect (10s)"},
	{NULL, "stall-time", 0, "TIME", TYPE_DURATION, AT(pool.stall_time_ms),
		NULL, A_TIME, "give up when no byte came for so long (30s)"},
	{NULL, "max-body", 0, "SIZE", TYPE_CALL, 0, fp_settings_max_body,
		"a size like 16M", "give up on larger bodies (16M)"},
	{NULL, "proto", 0, "LIST", TYPE_CALL, 0, fp_httpopt_proto,
		"a list of http and https", "allowed schemes (http,https)"},
	{NULL, "ok-status", 0, "LIST", TYPE_CALL, 0, fp_httpopt_ok_status,
		"a list like 2xx,304,400-404",
		"statuses that are a success (2xx)"},

	{"Connections", "proxy", 'x', "URL", TYPE_CURL, 0, NULL, "PROXY",
		"use this proxy"},
	{NULL, "noproxy", 0, "LIST", TYPE_CURL, 0, NULL, "NOPROXY",
		"hosts to reach without a proxy"},
	{NULL, "cacert", 0, "FILE", TYPE_CURL, 0, NULL, "CAINFO",
		"trust the authorities in FILE"},
	{NULL, "capath", 0, "DIR", TYPE_CURL, 0, NULL, "CAPATH",
		"trust the authorities in DIR"},
	{NULL, "cert", 'E', "FILE", TYPE_SECRET, 0, fp_httpopt_cert,
		"a file, or FILE:PASSWORD", "show this client certificate"},
	{NULL, "key", 0, "FILE", TYPE_CURL, 0, NULL, "SSLKEY",
		"the certificate's private key"},
	{NULL, "insecure", 0, NULL, TYPE_FLAG, AT(pool.insecure), NULL, NULL,
		"believe any certificate"},
	{NULL, "ipv4", '4', NULL, TYPE_CURL, 0, NULL, "IPRESOLVE=1",
		"IPv4 only"},
	{NULL, "ipv6", '6', NULL, TYPE_CURL, 0, NULL, "IPRESOLVE=2",
		"IPv6 only"},
	{NULL, "resolve", 0, "H:P:ADDR", TYPE_CURL, 0, NULL, "RESOLVE",
		"use ADDR for host H at port P"},
	{NULL, "connect-to", 0, "H:P:H:P", TYPE_CURL, 0, NULL, "CONNECT_TO",
		"connect to the second instead of the first"},
	{NULL, "interface", 0, "NAME", TYPE_CURL, 0, NULL, "INTERFACE",
		"connect from this interface or address"},
	{NULL, "unix-socket", 0, "PATH", TYPE_CURL, 0, NULL, "UNIX_SOCKET_PATH",
		"connect through this Unix socket"},
	{NULL, "http1.1", 0, NULL, TYPE_CALL, 0, fp_httpopt_http1, NULL,
		"speak HTTP/1.1"},
	{NULL, "http2", 0, NULL, TYPE_CALL, 0, fp_httpopt_http2, NULL,
		"speak HTTP/2 over TLS where it can be had"},
	{NULL, "deny-private", 0, NULL, TYPE_FLAG, AT(pool.deny_private), NULL,
		NULL, "connect to public addresses only"},
	{NULL, "deny", 0, "CIDR", TYPE_CALL, 0, fp_httpopt_deny,
		"an address or a block like 10.0.0.0/8",
		"never connect to these addresses"},
	{NULL, "allow", 0, "CIDR", TYPE_CALL, 0, fp_httpopt_allow,
		"an address or a block like 10.0.0.0/8",
		"connect to these even so"},
	{NULL, "setopt", 0, "NAME=VALUE", TYPE_CALL, 0, fp_httpopt_setopt, NULL,
		"any other option of libcurl, by its name"},

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
	{NULL, "output-dir", 'D', "DIR", TYPE_TEXT, AT(pool.output_dir), NULL,
		NULL, "write bodies to files in DIR"},
	{NULL, "output-name", 0, "TEMPLATE", TYPE_TEXT, AT(pool.output_name),
		NULL, NULL, "names of these files (seq and an extension)"},
	{NULL, "overwrite", 0, NULL, TYPE_FLAG, AT(pool.overwrite), NULL, NULL,
		"replace files that are there"},
	{NULL, "failed", 0, "FILE", TYPE_TEXT, AT(failed_path), NULL, NULL,
		"collect the lines that failed or were not done"},
	{NULL, "error-format", 0, "FORMAT", TYPE_CALL, 0,
		fp_settings_error_format, "text or json",
		"how errors are written: text or json"},
	{NULL, "quiet", 'q', NULL, TYPE_FLAG, AT(quiet), NULL, NULL,
		"one line for all failed items, not one each"},

	{"Other", "config", 'K', "FILE", TYPE_CONFIG, 0, NULL, NULL,
		"read options from FILE, one a line"},
	{NULL, "help", 'h', NULL, TYPE_HELP, 0, NULL, NULL, "this text"},
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
	if (row->type == TYPE_CURL)
		fp_msg_usage(
			"--%s: the value is not text on one line", row->name);
	else if (row->type == TYPE_SECRET)
		fp_msg_usage(
			"--%s: the value is not %s", row->name, row->right);
	else
		fp_msg_usage("--%s: '%s' is not %s", row->name, value,
			row->right ? row->right : "right");
}

static fp_config_take take_configured;

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
	case TYPE_CONFIG:
		ok = fp_config_read(settings, value, take_configured);
		break;
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
	case TYPE_SECRET:
		ok = row->call(settings, value);
		break;
	case TYPE_CURL:
		ok = fp_httpopt_curl(settings, row->right, value);
		break;
	}
	if (ok)
		return FP_GO_ON;
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
	const struct option_row *row = NULL;

	for (size_t i = 0; i < N_ROWS && !row; i++) {
		if (strcmp(rows[i].name, name) == 0)
			row = &rows[i];
	}
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	size_t len = strspn(name, letters);

	if (!row && name[len] == '\0' && len <= NAME_MAX_SHOWN)
		fp_msg_usage("unknown option '%s'", name);
	else if (!row)
		fp_msg_usage("no option has this name");
	else if (row->type <= TYPE_CONFIG)
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
	pool->n_omit = settings->omit.n;
	pool->body_is_object = settings->format.format == FP_FORMAT_MERGED;
	if (settings->format.format != FP_FORMAT_RECORD &&
		pool->body == FP_BODY_AUTO)
		pool->body = FP_BODY_JSON;
	settings->input.allowed_controls = settings->colsep;
	if (pool->output_dir)
		fp_settings_name_file(settings);
	if (settings->json_items) {
		settings->input.allowed_controls = "\t\r";
		pool->undefined_fails = false;
	}
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
	if (!fp_template_choose(
		    settings, argv[optind], getenv("FETCHPOOL_URL")))
		return FP_GO_WRONG;
	settle(settings);
	return check_together(settings) ? FP_GO_ON : FP_GO_WRONG;
}
