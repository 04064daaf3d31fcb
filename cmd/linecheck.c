/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "linecheck.h"

#include "ascii.h"
#include "httpopt.h"
#include "msg.h"
#include "shown.h"
#include "units.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SHOWN_MAX 40

/* Whether it is a header, "NAME: VALUE" or "NAME;", that gives a secret: one
 * without a value takes a header away, or sends none. */
static bool
is_secret_header(const char *line)
{
	size_t len = strcspn(line, ":;");
	const char *value = line[len] ? line + len + 1 : "";

	return value[strspn(value, " \t")] &&
	       fp_shown_is_secret_name(line, len);
}

/* The option that says who asks, which is meant for some server; or NULL. A
 * certificate is a login. */
static const char *
find_secret_option(const struct fp_settings *settings)
{
	static const char *const names[] = {"user", "expand-user",
		"oauth2-bearer", "token-command", "netrc", "netrc-file",
		"cookie", "aws-sigv4", "cert", "key"};
	static const char *const setopts[] = {"USERPWD", "USERNAME", "PASSWORD",
		"XOAUTH2_BEARER", "AWS_SIGV4", "COOKIE", "SSLCERT", "SSLKEY",
		"TLSAUTH_USERNAME"};
	const struct fp_list *given = &settings->given;

	for (size_t i = 0; i < given->n; i += 2) {
		const char *value = given->texts[i + 1];
		for (size_t k = 0; k < FP_ARRAY_LEN(names); k++) {
			if (strcmp(given->texts[i], names[k]) == 0)
				return names[k];
		}
		if (strcmp(given->texts[i], "expand-header") == 0 &&
			(value[0] == '@' || is_secret_header(value)))
			return "expand-header";
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(setopts); i++) {
		if (fp_httpopt_has_curl(settings, setopts[i]))
			return "setopt";
	}
	for (size_t i = 0; i < settings->headers.n; i++) {
		if (is_secret_header(settings->headers.texts[i]))
			return "header";
	}
	return NULL;
}

void
fp_linecheck_init(
	struct fp_linecheck *check, const struct fp_settings *settings)
{
	*check = (struct fp_linecheck){.settings = settings};
	snprintf(check->fault, sizeof(check->fault),
		"not a whole number from %llu to %llu",
		(unsigned long long)settings->id_min,
		(unsigned long long)settings->id_max);
	const char *option =
		settings->tells_template ? find_secret_option(settings) : NULL;
	if (option)
		snprintf(check->withheld, sizeof(check->withheld),
			"no TEMPLATE and no FETCHPOOL_URL: what --%s gives is "
			"not sent to the public demonstration API",
			option);
}

void
fp_linecheck_destroy(struct fp_linecheck *check)
{
	fp_buf_destroy(&check->url);
}

/* ---- what a line looks like ---- */

static bool
starts_with(struct fp_text text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && strncasecmp(text.data, word, len) == 0;
}

static bool
is(struct fp_text text, const char *word)
{
	return text.len == strlen(word) && starts_with(text, word);
}

static size_t
count_digits(struct fp_text text, size_t from)
{
	size_t at = from;

	while (at < text.len && fp_ascii_is_digit(text.data[at]))
		at++;
	return at - from;
}

static bool
is_number(struct fp_text text)
{
	return text.len > 0 && count_digits(text, 0) == text.len;
}

/* Of schemes that no HTTP client fetches, those that lists of links have. What
 * stands before a colon may be a host as well. */
static bool
has_other_scheme(struct fp_text line)
{
	static const char *const schemes[] = {
		"about:", "blob:", "data:", "file:", "ftp:", "ftps:", "geo:",
		"javascript:", "magnet:", "mailto:", "news:", "sftp:", "sip:",
		"sms:", "ssh:", "tel:", "urn:", "view-source:", "ws:", "wss:"};

	for (size_t i = 0; i < FP_ARRAY_LEN(schemes); i++) {
		if (starts_with(line, schemes[i]))
			return true;
	}
	return false;
}

/* ---- URLs and IDs ---- */

/* "//host/x", "host/x": the same with the scheme. */
static const char *
add_scheme(struct fp_linecheck *check, struct fp_text line, struct fp_text *url)
{
	const char *scheme = check->settings->default_scheme;
	size_t slashes = starts_with(line, "//") ? 2 : 0;

	if (has_other_scheme(line))
		return "not an http or https URL";
	if (is_number(line))
		return "not a URL: a number is not a host";
	if (line.len == slashes || line.data[slashes] == '/' ||
		line.data[slashes] == '#' || line.data[slashes] == '?')
		return "not a URL: no host";
	fp_buf_clear(&check->url, SIZE_MAX);
	if (fp_buf_printf(&check->url, "%s://", scheme) ||
		fp_buf_add(
			&check->url, line.data + slashes, line.len - slashes))
		return "out of memory";
	*url = (struct fp_text){check->url.data, check->url.len};
	return NULL;
}

/* Says once which template is used, if nobody asked for it. */
static void
tell_template(struct fp_linecheck *check)
{
	if (check->has_told_template)
		return;
	check->has_told_template = true;
	fp_msg_note("no TEMPLATE and no FETCHPOOL_URL: fetching from the "
		    "public demonstration API %s",
		check->settings->pool.url_template);
}

/* A line without TEMPLATE is a URL or an ID. A URL that is nobody else's
 * business must not become a value in a request to another server, and what is
 * no ID must not go to the demonstration API. */
static const char *
judge_either(
	struct fp_linecheck *check, struct fp_text line, struct fp_text *url)
{
	const struct fp_settings *settings = check->settings;
	struct fp_text rest = line;
	bool is_url = fp_is_url(line.data, line.len);

	if (!check->has_seen_line)
		check->is_url_list = is_url;
	check->has_seen_line = true;
	if (is_url)
		return NULL;
	while (rest.len > 0 && fp_ascii_is_blank(rest.data[0])) {
		rest.data++;
		rest.len--;
	}
	if (starts_with(rest, "http:") || starts_with(rest, "https:") ||
		memmem(rest.data, rest.len, "://", 3))
		return "looks like a URL, but does not begin with http:// or https://";
	if (settings->default_scheme)
		return add_scheme(check, line, url);
	if (has_other_scheme(line))
		return "not an http or https URL";
	if (!settings->tells_template)
		return NULL;
	if (check->is_url_list)
		return "not a URL, although the first line of the "
		       "input is one (for lines without a scheme, use --default-scheme)";
	if (!is_number(line))
		return "neither a URL nor a whole number: for other IDs, give "
		       "a TEMPLATE; for hosts without a scheme, "
		       "use --default-scheme";
	if (check->withheld[0])
		return check->withheld;
	tell_template(check);
	return NULL;
}

/* ---- what may be a mistake ---- */

/* "1e+06", "2.5E15": how programs write a number that they hold as a double. */
static bool
is_exponent(struct fp_text line)
{
	size_t at = count_digits(line, 0);

	if (at == 0)
		return false;
	if (at < line.len && line.data[at] == '.')
		at += 1 + count_digits(line, at + 1);
	if (at >= line.len || (line.data[at] != 'e' && line.data[at] != 'E'))
		return false;
	at++;
	at += at < line.len && (line.data[at] == '+' || line.data[at] == '-');
	size_t digits = count_digits(line, at);
	return digits > 0 && at + digits == line.len;
}

/* "1.0", "17.000" */
static bool
is_whole_with_point(struct fp_text line)
{
	size_t at = count_digits(line, 0);

	if (at == 0 || at + 1 >= line.len || line.data[at] != '.')
		return false;
	for (at++; at < line.len; at++) {
		if (line.data[at] != '0')
			return false;
	}
	return true;
}

static bool
linecheck_is_between(struct fp_text line, const char *first, const char *last)
{
	size_t first_len = strlen(first), last_len = strlen(last);

	return line.len >= first_len + last_len &&
	       memcmp(line.data, first, first_len) == 0 &&
	       memcmp(line.data + line.len - last_len, last, last_len) == 0;
}

static bool
is_quoted(struct fp_text line)
{
	return linecheck_is_between(line, "\"", "\"") ||
	       linecheck_is_between(line, "'", "'") ||
	       linecheck_is_between(line, "\xe2\x80\x9c", "\xe2\x80\x9d") ||
	       linecheck_is_between(line, "\xe2\x80\x98", "\xe2\x80\x99");
}

static bool
is_object(struct fp_text line)
{
	return linecheck_is_between(line, "{\"", "}");
}

static bool
has_blank_end(struct fp_text line)
{
	return fp_ascii_is_blank(line.data[0]) ||
	       fp_ascii_is_blank(line.data[line.len - 1]);
}

/* Spaces that are not ASCII's, and characters that nobody sees. */
static bool
is_strange_space(uint32_t code)
{
	return code == 0xa0 || code == 0xad || code == 0x1680 ||
	       (code >= 0x2000 && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202f) ||
	       (code >= 0x205f && code <= 0x2064) || code == 0x3000 ||
	       code == 0xfeff;
}

static bool
has_strange_space(struct fp_text line)
{
	uint32_t code;

	for (size_t at = 0, len; at < line.len; at += len) {
		len = (unsigned char)line.data[at] < 0x80
			      ? 0
			      : fp_utf8_next(
					line.data + at, line.len - at, &code);
		if (len > 0 && is_strange_space(code))
			return true;
		len += len == 0;
	}
	return false;
}

static bool
is_no_value(struct fp_text line)
{
	static const char *const words[] = {"\\N", "NULL", "None", "nil", "NaN",
		"undefined", "N/A", "#N/A", "<NA>", "NaT", "(null)", "<null>",
		"<nil>"};

	for (size_t i = 0; i < FP_ARRAY_LEN(words); i++) {
		if (is(line, words[i]))
			return true;
	}
	return false;
}

/* "user_id", "post id", "userId". */
static bool
ends_with_id(struct fp_text line)
{
	const char *end = line.data + line.len - 2;

	if (line.len < 4 || !fp_ascii_is_lower(line.data[1]))
		return false;
	return (end[0] == 'I' && end[1] == 'd' && fp_ascii_is_lower(end[-1])) ||
	       (strchr("_- ", end[-1]) && strncasecmp(end, "id", 2) == 0);
}

static bool
is_heading(struct fp_text line)
{
	static const char *const words[] = {"id", "ids", "url", "urls", "link",
		"key", "uuid", "name", "email", "slug", "sku"};

	for (size_t i = 0; i < FP_ARRAY_LEN(words); i++) {
		if (is(line, words[i]))
			return true;
	}
	return ends_with_id(line);
}

static const struct {
	bool (*is_it)(struct fp_text line);
	const char *what;
} doubts[] = {
	{is_exponent, "looks like a number rounded by awk or seq -f: print "
		      "it with all its digits"},
	{is_whole_with_point, "looks like a whole number with a decimal point"},
	{is_quoted, "is in quotes, which become part of the URL"},
	{has_blank_end,
		"begins or ends with white space, which becomes part of the URL"},
	{has_strange_space, "contains a no-break or zero-width space, which "
			    "becomes part of the URL"},
	{is_no_value, "looks like a missing value (NULL)"},
};

/* The kinds that are no rows of the table. */
enum { DOUBT_HEADING = FP_ARRAY_LEN(doubts), DOUBT_JSON };

/* Says it, once for each kind and run. */
static void
linecheck_doubt(struct fp_linecheck *check, unsigned kind, struct fp_text line,
	const char *what)
{
	if (check->told & 1U << kind)
		return;
	check->told |= 1U << kind;
	size_t shown = FP_MIN(line.len, (size_t)SHOWN_MAX), start, end;
	/* A password is known by what stands behind it. */
	if (shown < line.len &&
		fp_find_secret(line.data, line.len, 0, &start, &end))
		shown = FP_MIN(shown, start);
	fp_msg_note("the line '%.*s%s' %s (reported once)", (int)shown,
		line.data, shown < line.len ? "..." : "", what);
}

/* Only for values that become part of a URL. */
static void
look_for_doubt(struct fp_linecheck *check, struct fp_text value)
{
	if (value.len == 0 || is_number(value))
		return;
	for (unsigned i = 0; i < FP_ARRAY_LEN(doubts); i++) {
		if (!(check->told & 1U << i) && doubts[i].is_it(value))
			linecheck_doubt(check, i, value, doubts[i].what);
	}
	/* What is in it may be secret. */
	if (is_object(value))
		linecheck_doubt(check, DOUBT_JSON, (struct fp_text){"{...}", 5},
			"is a JSON object, which becomes part of the URL: with "
			"--input-format json, {name} in TEMPLATE is its member");
}

/* A value of the first line: is it the name of a column? */
static void
look_for_heading(struct fp_linecheck *check, struct fp_text value)
{
	const struct fp_settings *settings = check->settings;

	if (value.len == 0 || !is_heading(value))
		return;
	linecheck_doubt(check, DOUBT_HEADING, value,
		settings->has_csv
			? "looks like a column heading: with {name} in the "
			  "template, the first line is the header"
		: settings->n_columns > 0
			? "looks like a column heading: with --input-format "
			  "csv and {name} in the template, the first line is "
			  "the header"
			: "looks like a column heading");
}

void
fp_linecheck_not_json(struct fp_linecheck *check, struct fp_text line)
{
	static const char *const begins[] = {"[", "[{", "{"};

	while (line.len > 0 && fp_ascii_is_blank(line.data[line.len - 1]))
		line.len--;
	for (size_t i = 0; i < FP_ARRAY_LEN(begins); i++) {
		if (line.len > 0 && line.len <= 2 && is(line, begins[i]))
			linecheck_doubt(check, DOUBT_JSON, line,
				begins[i][0] == '['
					? "looks like one JSON document over "
					  "several lines: jq -c '.[]' writes "
					  "each element of an array on one line"
					: "looks like JSON documents over "
					  "several lines: jq -c . writes each "
					  "on one line");
	}
	/* What is in it may be secret. */
	if (line.len > 2 && line.data[0] == '[')
		linecheck_doubt(check, DOUBT_JSON,
			(struct fp_text){line.data, 1},
			"is an array, not an object: jq -c '.[]' writes each "
			"element of an array on one line");
}

void
fp_linecheck_fields(struct fp_linecheck *check, const struct fp_item *item)
{
	const struct fp_settings *settings = check->settings;
	bool is_first = !check->has_seen_values;

	check->has_seen_values = true;
	/* In a body, 1.0 and quotes may be meant, and in CSV what is quoted. */
	bool is_for_url = settings->expansions.n == 0 && !settings->has_csv;
	for (size_t i = 0; i < item->n_values; i++) {
		if (item->values[i].n_texts == 0)
			continue;
		struct fp_text value = item->values[i].texts[0];
		if (is_first && settings->names.n == 0)
			look_for_heading(check, value);
		if (is_for_url)
			look_for_doubt(check, value);
	}
}

/* A line that is the value of TEMPLATE. In a body, 1.0 and quotes may be meant.
 */
static void
look_at_value(struct fp_linecheck *check, struct fp_text line, bool is_first)
{
	if (is_first)
		look_for_heading(check, line);
	if (check->settings->expansions.n == 0)
		look_for_doubt(check, line);
}

/* What stands before the first separator. */
static struct fp_text
first_field(const struct fp_settings *settings, struct fp_text line)
{
	const char *end = memchr(line.data,
		settings->colsep ? settings->colsep[0] : ',', line.len);

	return (struct fp_text){
		line.data, end ? (size_t)(end - line.data) : line.len};
}

/* ---- the whole ---- */

const char *
fp_linecheck_judge(
	struct fp_linecheck *check, struct fp_text line, struct fp_text *url)
{
	const struct fp_settings *settings = check->settings;
	bool is_first = !check->has_seen_line;
	const char *fault = NULL;
	uint64_t id;

	if (settings->has_id_range &&
		(fp_units_digits(line.data, line.len, &id) ||
			id < settings->id_min || id > settings->id_max))
		return check->fault;

	/* Fields are asked for by name, and may be URLs. */
	if (settings->pool.urls_pass && settings->n_columns == 0)
		fault = judge_either(check, line, url);
	check->has_seen_line = true;
	bool is_value =
		settings->pool.url_template && !url->data &&
		!settings->has_csv && !settings->pool.data_line &&
		settings->n_columns == 0 &&
		!(settings->pool.urls_pass && fp_is_url(line.data, line.len));
	if (!fault && is_value)
		look_at_value(check, line, is_first);
	if (is_first && settings->has_csv && settings->names.n == 0 &&
		settings->n_columns == 0)
		look_for_heading(check, first_field(settings, line));
	return fault;
}
