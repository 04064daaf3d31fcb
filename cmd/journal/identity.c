/* SPDX-License-Identifier: MIT */
/*
 * An option counts unless its row in the table says that it does not: one that
 * is new changes the run until someone has said so.
 *
 * Not even a hash is kept of what is there to be a secret: something short
 * could be guessed from it. So credentials do not count, and may be renewed
 * between two runs; nor do passwords in the template, nor the values of
 * headers, but for those that choose what a server sends.
 */
#include "base.h"

#include "identity.h"

#include "optiontable.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Not options, but what they make together. */
#define NAME_TEMPLATE "TEMPLATE"
#define NAME_DATA "data"
#define NAME_HEADER "header"
#define NAME_HEADER_LINE "HEADER-LINE"

/* Made of several options: below. */
static const char *const joined[] = {"data", "json", "header", "expand-header"};

/* Headers whose values are no secret, and count. */
static const char *const plain_headers[] = {"Accept", "Accept-Charset",
	"Accept-Language", "Content-Type", "Prefer", "Range", "User-Agent",
	"X-Requested-With"};

static bool
identity_is_in(const char *const *words, size_t n, const char *word, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(words[i]) == len &&
			strncasecmp(words[i], word, len) == 0)
			return true;
	}
	return false;
}

/* What of --setopt's value may be kept: not that of a credential. */
static size_t
plain_length(const char *option, const char *value)
{
	static const char *const secret[] = {
		"PWD", "PASS", "USER", "BEARER", "COOKIE", "KEY", "PROXY"};
	size_t name = strcspn(value, "=");

	if (strcmp(option, "setopt") != 0)
		return strlen(value);
	for (size_t i = 0; i < FP_ARRAY_LEN(secret); i++) {
		for (size_t at = 0; at < name; at++) {
			if (strncasecmp(value + at, secret[i],
				    strlen(secret[i])) == 0)
				return name;
		}
	}
	return strlen(value);
}

/* Adds a value to what this name has, or the name. */
static int
identity_add(struct fp_journal_state *state, const char *name,
	const char *value, size_t len)
{
	struct fp_journal_option *option = NULL;
	struct fp_text text = {name, strlen(name)};

	for (size_t i = 0; i < state->n_options && !option; i++) {
		if (strcmp(state->options[i].name, name) == 0)
			option = &state->options[i];
	}
	if (!option) {
		if (fp_journalstate_option(state, text, 0))
			return -1;
		option = &state->options[state->n_options - 1];
	}
	option->hash = fp_journalline_item_hash(
		state->key, option->hash, (struct fp_text){value, len});
	return 0;
}

static int
identity_add_headers(
	struct fp_journal_state *state, const struct fp_list *headers)
{
	for (size_t i = 0; i < headers->n; i++) {
		const char *line = headers->texts[i];
		size_t name = strcspn(line, ":;");
		bool is_plain = identity_is_in(
			plain_headers, FP_ARRAY_LEN(plain_headers), line, name);
		if (identity_add(state, NAME_HEADER, line,
			    is_plain ? strlen(line) : name))
			return -1;
	}
	return 0;
}

/* The template without the passwords in it. */
static int
add_template(struct fp_journal_state *state, const char *text)
{
	size_t len = strlen(text), done = 0, start, end;

	while (fp_find_secret(text, len, done, &start, &end)) {
		if (identity_add(
			    state, NAME_TEMPLATE, text + done, start - done))
			return -1;
		done = end;
	}
	return identity_add(state, NAME_TEMPLATE, text + done, len - done);
}

static bool
counts(const char *name)
{
	const struct fp_option_row *row = fp_optiontable_find(name);

	return !(row && row->keeps_output) &&
	       !identity_is_in(
		       joined, FP_ARRAY_LEN(joined), name, strlen(name));
}

int
fp_identity_add(
	struct fp_journal_state *state, const struct fp_settings *settings)
{
	const struct fp_list *given = &settings->given;
	const char *template = settings->pool.url_template;
	struct fp_text data = settings->pool.data;

	if (template && add_template(state, template))
		return -1;
	for (size_t i = 0; i < given->n; i += 2) {
		const char *name = given->texts[i];
		const char *value = given->texts[i + 1];
		if (counts(name) && identity_add(state, name, value,
					    plain_length(name, value)))
			return -1;
	}
	for (size_t i = 0; i < given->n; i += 2) {
		struct fp_list header = {&given->texts[i + 1], 1};
		if (strcmp(given->texts[i], "expand-header") == 0 &&
			identity_add_headers(state, &header))
			return -1;
	}
	if (settings->header.len &&
		identity_add(state, NAME_HEADER_LINE, settings->header.data,
			settings->header.len))
		return -1;
	if (data.data && identity_add(state, NAME_DATA, data.data, data.len))
		return -1;
	if (settings->pool.data_is_json && identity_add(state, "json", "", 0))
		return -1;
	return identity_add_headers(state, &settings->headers);
}

static const struct fp_journal_option *
identity_find(const struct fp_journal_state *state, const char *name)
{
	for (size_t i = 0; i < state->n_options; i++) {
		if (strcmp(state->options[i].name, name) == 0)
			return &state->options[i];
	}
	return NULL;
}

static bool
identity_say(const char *name, const char *what, char *why, size_t why_size)
{
	if (strcmp(name, NAME_HEADER_LINE) == 0)
		snprintf(why, why_size, "the header line of the CSV %s", what);
	else
		snprintf(why, why_size, "%s%s %s",
			strcmp(name, NAME_TEMPLATE) == 0 ? "the " : "--", name,
			what);
	return true;
}

bool
fp_identity_differs(const struct fp_journal_state *then,
	const struct fp_journal_state *now, char *why, size_t why_size)
{
	for (size_t i = 0; i < now->n_options; i++) {
		const struct fp_journal_option *option = &now->options[i];
		const struct fp_journal_option *old =
			identity_find(then, option->name);
		if (!old)
			return identity_say(option->name,
				"was not given in the first run", why,
				why_size);
		if (old->hash != option->hash)
			return identity_say(option->name,
				"differs from the first run", why, why_size);
	}
	for (size_t i = 0; i < then->n_options; i++) {
		const char *name = then->options[i].name;
		if (!identity_find(now, name))
			return identity_say(name,
				"was given in the first run, but not now", why,
				why_size);
	}
	return false;
}
