/* SPDX-License-Identifier: MIT */
/*
 * Most of it is in the table of options. What depends on values is written out
 * here.
 */
#include "base.h"

#include "together.h"

#include "expand.h"
#include "msg.h"
#include "optiontable.h"

#include <string.h>
#include <strings.h>

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

/* The first of a row's exclusions that is given, or NULL. */
static const struct fp_option_exclusion *
find_excluded(
	const struct fp_settings *settings, const struct fp_option_row *row)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(row->excludes); i++) {
		const struct fp_option_exclusion *other = &row->excludes[i];
		if (other->name && is_given(settings, other->name))
			return other;
	}
	return NULL;
}

static bool
check_exclusive(const struct fp_settings *settings)
{
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const struct fp_option_row *row = &fp_optiontable_rows[i];
		const struct fp_option_exclusion *other =
			find_excluded(settings, row);
		if (!other || !is_given(settings, row->name))
			continue;
		fp_msg_usage("--%s cannot be used with --%s%s%s", row->name,
			other->name, other->why ? ": " : "",
			other->why ? other->why : "");
		return false;
	}
	return true;
}

static bool
check_needs(const struct fp_settings *settings)
{
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const struct fp_option_row *row = &fp_optiontable_rows[i];
		const char *needs = row->needs.name, *why = row->needs.why;
		const char *or_name = row->needs.or_name;
		if (!needs || !is_given(settings, row->name) ||
			is_given(settings, needs) ||
			(or_name && is_given(settings, or_name)))
			continue;
		fp_msg_usage("--%s needs --%s%s%s%s%s", row->name, needs,
			or_name ? " or --" : "", or_name ? or_name : "",
			why ? ": " : "", why ? why : "");
		return false;
	}
	return true;
}

/* ---- by their values ---- */

/* Whether one of the two parts of a login is a value to be filled in; a
 * password may have braces in it. */
static bool
is_login_to_expand(const char *login, bool has_names)
{
	char part[80];

	for (;;) {
		size_t len = strcspn(login, ":");
		if (len > 1 && len < sizeof(part) && login[0] == '{' &&
			login[len - 1] == '}') {
			memcpy(part, login, len);
			part[len] = '\0';
			if (fp_expand_is_meant(part, has_names))
				return true;
		}
		if (login[len] == '\0')
			return false;
		login += len + 1;
	}
}

/* Texts that go into the header of each request, and that look as if a value
 * of the item was to be filled in. */
static bool
check_braces(const struct fp_settings *settings)
{
	static const char *const all[][2] = {
		{"header", "--expand-header 'NAME: {{}}'"},
		{"cookie", "--expand-header 'Cookie: NAME={{}}'"},
		{"referer", "--expand-header 'Referer: {{}}'"},
		{"user-agent", "--expand-header 'User-Agent: {{}}'"},
		{"oauth2-bearer",
			"--expand-header 'Authorization: Bearer {{}}'"},
		{"user", "--expand-user '{{1}}:{{2}}'"}};
	const struct fp_list *given = &settings->given;
	bool has_names = settings->json_items || settings->has_csv;

	for (size_t i = 0; i < given->n; i += 2) {
		const char *name = given->texts[i], *text = given->texts[i + 1];
		size_t k = 0;

		while (k < FP_ARRAY_LEN(all) && strcmp(all[k][0], name) != 0)
			k++;
		if (k == FP_ARRAY_LEN(all) || text[0] == '@')
			continue;
		bool is_key = strncasecmp(text, "Idempotency-Key:", 16) == 0;
		bool is_whole = strcmp(name, "user") == 0 ||
				strcmp(name, "oauth2-bearer") == 0;
		if (is_whole ? !is_login_to_expand(text, has_names)
			     : !fp_expand_is_meant(text, has_names || is_key))
			continue;
		fp_msg_usage("--%s: {} is not filled in here: use %s, with "
			     "{{1}} for a field or {{name}} for a member",
			name, all[k][1]);
		return false;
	}
	return true;
}

static bool
check_json_items(const struct fp_settings *settings)
{
	const char *other = settings->colsep	       ? "colsep"
			    : settings->has_id_range   ? "id-range"
			    : settings->pool.data_line ? "data-line"
						       : NULL;

	if (!settings->json_items || !other)
		return true;
	fp_msg_usage("--input-format json cannot be used with --%s: %s", other,
		settings->pool.data_line && !settings->colsep
			? "the body of a JSON item is its member body, as jq "
			  "-c '{body: .}' makes it"
			: "a JSON item is not a line of text");
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

/* What stays as it is has to be found again, and the rest replaced. */
static bool
together_check_etags(const struct fp_settings *settings)
{
	const struct fp_options *pool = &settings->pool;
	bool has_name = pool->output_name || pool->remote_name;

	if (!settings->etags_path || !pool->output_dir ||
		(has_name && !pool->remote_header_name && pool->overwrite))
		return true;
	fp_msg_usage("--etags with --output-dir needs --overwrite and "
		     "--output-name or --remote-name, so that each run gives "
		     "a file the same name");
	return false;
}

static bool
together_check_token(const struct fp_settings *settings)
{
	static const char name[] = "Authorization";

	for (size_t i = 0; settings->token_command && i < settings->headers.n;
		i++) {
		const char *line = settings->headers.texts[i];
		if (strncasecmp(line, name, strlen(name)) != 0 ||
			!strchr(":;", line[strlen(name)]))
			continue;
		fp_msg_usage("--token-command cannot be used with a header %s: "
			     "a request has one login",
			name);
		return false;
	}
	return true;
}

static bool
check_heads(const struct fp_settings *settings)
{
	const char *name = settings->wants_head			   ? "head"
			   : settings->pool.check != FP_CHECK_NONE ? "check"
								   : NULL;

	if (!name || settings->format.format == FP_FORMAT_RECORD)
		return true;
	fp_msg_usage(
		"--%s works only with --format record: there is no body", name);
	return false;
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
	if (format == FP_FORMAT_MERGED && settings->format.each) {
		fp_msg_usage("--format merged cannot be used with --each: an "
			     "element need not be an object");
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

/* A server can count the rate of each host, a file that of the run alone. */
static bool
check_rate_file(const struct fp_settings *settings)
{
	const struct fp_options *pool = &settings->pool;

	if (!pool->rate_file || pool->rate ||
		fp_is_rate_server(pool->rate_file))
		return true;
	fp_msg_usage("--rate-file needs --rate%s",
		pool->host_rate ? ": a file counts no --host-rate, but a Redis "
				  "server does (redis://HOST)"
				: "");
	return false;
}

bool
fp_together_check(const struct fp_settings *settings)
{
	return check_braces(settings) && check_json_items(settings) &&
	       check_csv(settings) && check_exclusive(settings) &&
	       check_rate_file(settings) && check_needs(settings) &&
	       check_files(settings) && check_heads(settings) &&
	       together_check_token(settings) &&
	       together_check_etags(settings) && check_formats(settings);
}
