/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "shown.h"

#include "optiontable.h"
#include "quote.h"

#include <string.h>
#include <strings.h>

#define STARS "***"

/* Names of parameters whose values are no business of others, or parts of
 * them. */
static const char *const secret_words[] = {"key", "token", "secret", "sig",
	"pass", "pwd", "auth", "credential", "session", "jwt", "code",
	"cookie"};

/* Arguments that hold no secret. */
static const char *const open_arguments[] = {"N", "N|auto[:MAX]", "N|N%",
	"N/PERIOD", "I/N", "MIN-MAX", "MIN[-MAX]", "TIME", "SIZE", "WHEN",
	"WHO", "LIST", "FORMAT", "MODE", "METHOD", "SCHEME", "POINTER", "PAGE",
	"CIDR", "FILE", "DIR", "NAME", "TEMPLATE", "PROVIDER", "STRING"};

bool
fp_shown_is_secret_name(const char *name, size_t len)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(secret_words); i++) {
		size_t n = strlen(secret_words[i]);
		for (size_t at = 0; at + n <= len; at++) {
			if (strncasecmp(name + at, secret_words[i], n) == 0)
				return true;
		}
	}
	return false;
}

/* "NAME=VALUE" of a query. What is filled in for each item stays. */
static int
add_parameter(struct fp_buf *text, const char *at, size_t len)
{
	const char *equal = memchr(at, '=', len);
	size_t name = equal ? (size_t)(equal - at) : len;

	if (!equal || !fp_shown_is_secret_name(at, name) ||
		memchr(equal, '{', len - name))
		return fp_buf_add(text, at, len);
	return fp_buf_add(text, at, name + 1) || fp_buf_add_text(text, STARS)
		       ? -1
		       : 0;
}

static int
add_query(struct fp_buf *text, const char *at)
{
	while (*at) {
		size_t len = strcspn(at, "&;#");
		if (add_parameter(text, at, len))
			return -1;
		at += len;
		if (*at && fp_buf_add_char(text, *at++))
			return -1;
	}
	return 0;
}

int
fp_shown_url(struct fp_buf *text, const char *url)
{
	size_t len = strlen(url), done = 0, start, end;
	size_t query = strcspn(url, "?");

	if (query < len)
		query++;
	while (fp_find_secret_of_url(url, query, done, &start, &end)) {
		if (fp_buf_add(text, url + done, start - done) ||
			fp_buf_add_text(text, STARS))
			return -1;
		done = end;
	}
	if (fp_buf_add(text, url + done, query - done))
		return -1;
	return add_query(text, url + query);
}

const char *
fp_shown_value(struct fp_buf *text, const char *value)
{
	return fp_shown_url(text, value) ? STARS : fp_buf_text(text);
}

static bool
is_open(const struct fp_option_row *row)
{
	if (row->type == FP_OPTION_SECRET || row->type == FP_OPTION_CURL ||
		strcmp(row->name, "cert") == 0)
		return false;
	for (size_t i = 0; i < FP_ARRAY_LEN(open_arguments); i++) {
		if (strcmp(row->arg, open_arguments[i]) == 0)
			return true;
	}
	return false;
}

/* The login of a server, in place of the name of a file. */
static bool
has_login(const char *name, const char *value)
{
	return strcmp(name, "rate-file") == 0 && fp_is_rate_server(value) &&
	       strchr(value, '@');
}

static int
shown_add_option(struct fp_buf *text, const char *name, const char *value)
{
	const struct fp_option_row *row = fp_optiontable_find(name);
	bool is_file = value[0] == '@';
	const char *shown = value;

	if (fp_buf_printf(text, ",\"--%s\"", name))
		return -1;
	if (!row || (!row->arg && !value[0]))
		return 0;
	if (fp_buf_add_char(text, ','))
		return -1;
	if ((row->arg && !is_open(row) && !is_file) || has_login(name, value))
		shown = STARS;
	return fp_quote_json(text, shown);
}

int
fp_shown_command(struct fp_buf *text, const struct fp_settings *settings)
{
	const struct fp_list *given = &settings->given;
	struct fp_buf url = FP_BUF_INIT;
	int ret = fp_buf_add_text(text, "[\"fetchpool\"");

	for (size_t i = 0; ret == 0 && i + 1 < given->n; i += 2)
		ret = shown_add_option(
			text, given->texts[i], given->texts[i + 1]);
	if (ret == 0 && settings->pool.url_template) {
		ret = fp_buf_add_char(text, ',') ||
		      fp_shown_url(&url, settings->pool.url_template) ||
		      fp_quote_json(text, fp_buf_text(&url));
	}
	fp_buf_destroy(&url);
	return ret || fp_buf_add_char(text, ']') ? -1 : 0;
}
