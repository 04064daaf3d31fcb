/* SPDX-License-Identifier: MIT */
/*
 * Most of it is two tables of names, looked up in the options that were given.
 * What depends on values is written out behind them.
 */
#include "base.h"

#include "together.h"

#include "msg.h"

#include <string.h>

static bool
is_given(const struct fp_settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->given.n; i += 2) {
		if (strcmp(settings->given.texts[i], name) == 0)
			return true;
	}
	return false;
}

/* ---- by their names ---- */

static const struct {
	const char *name, *other;
	const char *why; /* NULL: it goes without saying */
} exclusive[] = {
	{"data-line", "data", "the line is the body"},
	{"data-line", "json", "the line is the body"},
	{"data-line", "expand-data", "the line is the body"},
	{"data-line", "expand-json", "the line is the body"},
	{"data", "expand-data", "a request has one body"},
	{"data", "expand-json", "a request has one body"},
	{"json", "expand-data", "a request has one body"},
	{"json", "expand-json", "a request has one body"},
	{"expand-data", "expand-json", "a request has one body"},
	{"user", "expand-user", NULL},
	{"deny-private", "proxy", "the proxy connects to the hosts"},
	{"deny", "proxy", "the proxy connects to the hosts"},
	{"share", "shard", "--shard already takes 1/N of each rate"},
	{"output-dir", "pick", "bodies are written to files unchanged"},
	{"output-dir", "omit", "bodies are written to files unchanged"},
	{"output-dir", "json-safe", "bodies are written to files unchanged"},
	{"compressed", "no-compressed", NULL},
	{"strict-framing", "allow-unclean-close", NULL},
	{"retry-failed", "all", "failed items are already in the output"},
	{"retry-failed", "keep-order", "failed items come out of order"},
};

static const struct {
	const char *name, *other, *or_other; /* NULL: no other will do */
	const char *why;
} needy[] = {
	{"output-name", "output-dir", NULL, NULL},
	{"overwrite", "output-dir", NULL, NULL},
	{"rate-file", "rate", NULL, NULL},
	{"share", "rate", "host-rate", NULL},
	{"pace", "rate", "host-rate", NULL},
	{"retry-failed", "journal", NULL, NULL},
	{"resume", "journal", NULL, NULL},
	{"sync", "journal", NULL, NULL},
};

static bool
check_exclusive(const struct fp_settings *settings)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(exclusive); i++) {
		const char *why = exclusive[i].why;
		if (!is_given(settings, exclusive[i].name) ||
			!is_given(settings, exclusive[i].other))
			continue;
		fp_msg_usage("--%s cannot be used with --%s%s%s",
			exclusive[i].name, exclusive[i].other, why ? ": " : "",
			why ? why : "");
		return false;
	}
	return true;
}

static bool
check_needs(const struct fp_settings *settings)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(needy); i++) {
		const char * or = needy[i].or_other, *why = needy[i].why;
		if (!is_given(settings, needy[i].name) ||
			is_given(settings, needy[i].other) ||
			(or &&is_given(settings, or)))
			continue;
		fp_msg_usage("--%s needs --%s%s%s%s%s", needy[i].name,
			needy[i].other, or ? " or --" : "", or ? or : "",
			why ? ": " : "", why ? why : "");
		return false;
	}
	return true;
}

/* ---- by their values ---- */

static bool
check_json_items(const struct fp_settings *settings)
{
	const char *other = settings->colsep	       ? "colsep"
			    : settings->has_id_range   ? "id-range"
			    : settings->pool.data_line ? "data-line"
						       : NULL;

	if (!settings->json_items || !other)
		return true;
	fp_msg_usage(
		"--input-format json cannot be used with --%s: a JSON item "
		"is not a line of text",
		other);
	return false;
}

static bool
check_csv(const struct fp_settings *settings)
{
	const char *other = settings->has_id_range		? "id-range"
			    : settings->input.separator == '\0' ? "null"
								: NULL;

	if (!settings->has_csv)
		return true;
	if (other) {
		fp_msg_usage("--input-format csv cannot be used with --%s: a "
			     "record of CSV ends with a newline and has fields",
			other);
		return false;
	}
	if (strlen(settings->colsep) == 1 && settings->colsep[0] != '"')
		return true;
	fp_msg_usage("--input-format csv: --colsep: '%s' is not one byte "
		     "other than a quote",
		settings->colsep);
	return false;
}

static bool
check_files(const struct fp_settings *settings)
{
	const char *other = settings->format.format != FP_FORMAT_RECORD
				    ? "format"
			    : settings->pool.body != FP_BODY_AUTO ? "body"
								  : NULL;

	if (!settings->pool.output_dir)
		return true;
	if (other) {
		fp_msg_usage(
			"--output-dir cannot be used with --%s: bodies are "
			"written to files unchanged",
			other);
		return false;
	}
	if (settings->journal_path && !settings->pool.overwrite) {
		fp_msg_usage("--journal with --output-dir needs --overwrite: "
			     "an interrupted item may have left its "
			     "file");
		return false;
	}
	return true;
}

static bool
check_formats(const struct fp_settings *settings)
{
	enum fp_format format = settings->format.format;
	enum fp_body body = settings->pool.body;

	if (format == FP_FORMAT_MERGED && body != FP_BODY_JSON) {
		fp_msg_usage("--format merged works only with --body "
			     "json");
		return false;
	}
	if (format == FP_FORMAT_MERGED && settings->format.json_as_string) {
		fp_msg_usage(
			"--format merged cannot be used with --body string: "
			"the document itself is the line");
		return false;
	}
	if ((settings->pick.n || settings->omit.n) && body != FP_BODY_AUTO &&
		body != FP_BODY_JSON) {
		fp_msg_usage("--%s works only with --body auto, json or "
			     "string",
			settings->pick.n ? "pick" : "omit");
		return false;
	}
	if (settings->pool.json_safe && body != FP_BODY_AUTO &&
		body != FP_BODY_JSON) {
		fp_msg_usage("--json-safe needs JSON bodies, not the --body "
			     "that was given");
		return false;
	}
	if (format == FP_FORMAT_BODY && body == FP_BODY_NONE) {
		fp_msg_usage("--format body cannot be used with --body none");
		return false;
	}
	return true;
}

bool
fp_together_check(const struct fp_settings *settings)
{
	return check_json_items(settings) && check_csv(settings) &&
	       check_exclusive(settings) && check_needs(settings) &&
	       check_files(settings) && check_formats(settings);
}
