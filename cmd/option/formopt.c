/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "formopt.h"

#include "ascii.h"
#include "msg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* A value that is being read. */
struct form_text {
	const char *option;
	const char *at; /* what is left of it */
	bool expands; /* {{}} stands for something */
	struct fp_buf word; /* the last one */
};

static bool
formopt_wrong(const struct form_text *text, const char *what)
{
	fp_msg_usage("%s: %s", text->option, what);
	return false;
}

/* ---- words ---- */

/* How many bytes stand together here: all of {{...}}, or one. */
static size_t
count_together(const struct form_text *text, const char *at)
{
	const char *end;

	if (!text->expands)
		return 1;
	if (strncmp(at, "\\{{", 3) == 0)
		return 3;
	if (strncmp(at, "{{", 2) != 0)
		return 1;
	end = strstr(at, "}}");
	return end ? (size_t)(end + 2 - at) : 1;
}

/* The end of a word within quotes: the second of them. NULL: it has none, and
 * is no such word. */
static const char *
find_quote(const struct form_text *text, const char *at)
{
	while (*at && *at != '"') {
		if (at[0] == '\\' && (at[1] == '"' || at[1] == '\\'))
			at += 2;
		else
			at += count_together(text, at);
	}
	return *at ? at : NULL;
}

static int
add_quoted_word(struct form_text *text, const char *end)
{
	const char *at = text->at + 1;
	int ret = 0;

	while (ret == 0 && at < end) {
		size_t len = count_together(text, at);
		if (at[0] == '\\' && (at[1] == '"' || at[1] == '\\')) {
			at++;
			len = 1;
		}
		ret = fp_buf_add(&text->word, at, len);
		at += len;
	}
	text->at = end + 1;
	return ret;
}

static void
skip_blanks(struct form_text *text)
{
	text->at += strspn(text->at, " \t");
}

/* Reads a word that ends before one of `ends`, or is in quotes. */
static bool
read_word(struct form_text *text, const char *ends)
{
	const char *end = NULL, *start;
	int ret;

	fp_buf_clear(&text->word, SIZE_MAX);
	skip_blanks(text);
	if (*text->at == '"')
		end = find_quote(text, text->at + 1);
	if (end) {
		ret = add_quoted_word(text, end);
		skip_blanks(text);
		if (ret == 0 && *text->at && !strchr(ends, *text->at))
			return formopt_wrong(
				text, "text after a closing quote");
	} else {
		start = end = text->at;
		while (*end && !strchr(ends, *end))
			end += count_together(text, end);
		text->at = end;
		while (end > start && fp_ascii_is_space(end[-1]))
			end--;
		ret = fp_buf_add(&text->word, start, (size_t)(end - start));
	}
	return ret == 0 || fp_settings_no_memory();
}

/* Makes a text that is filled in of bytes. */
static bool
make_expand(const struct form_text *text, const char *data, size_t len,
	struct fp_expand **expand)
{
	char why[120];

	*expand = text->expands ? fp_expand_parse(data, len, why, sizeof(why))
				: fp_expand_literal(data, len);
	if (*expand)
		return true;
	return errno == ENOMEM ? fp_settings_no_memory()
			       : formopt_wrong(text, why);
}

static bool
formopt_take_word(const struct form_text *text, struct fp_expand **expand)
{
	return make_expand(
		text, fp_buf_text(&text->word), text->word.len, expand);
}

/* ---- what stands behind a value ---- */

/* Whether this begins with a word and "=". */
static bool
is_setting(const char *at, const char *name)
{
	size_t len = strlen(name);

	at += strspn(at, " \t");
	return strncasecmp(at, name, len) == 0 && at[len] == '=';
}

/* A type may have parameters: "text/plain; charset=utf-8". */
static const char *
find_type_end(const char *at)
{
	static const char *const names[] = {
		"type", "filename", "headers", "encoder"};

	for (at += strcspn(at, ";"); *at; at += 1 + strcspn(at + 1, ";")) {
		for (size_t i = 0; i < FP_ARRAY_LEN(names); i++) {
			if (is_setting(at + 1, names[i]))
				return at;
		}
	}
	return at;
}

static bool
read_type(struct form_text *text, struct fp_formfield *field)
{
	const char *start = text->at + strspn(text->at, " \t");
	const char *end = find_type_end(start);
	size_t len = (size_t)(end - start);
	char *type = strndup(start, len);
	bool ok = false;

	if (!type)
		return fp_settings_no_memory();
	if (field->type)
		formopt_wrong(text, "the field has two types");
	else if (!strchr(type, '/') || strpbrk(type, "\r\n"))
		formopt_wrong(text, "type= is not a type like image/png");
	else if (strncasecmp(type, "multipart/", 10) == 0)
		formopt_wrong(text, "fields within fields are not supported");
	else
		ok = make_expand(text, type, len, &field->type);
	free(type);
	text->at = end;
	return ok;
}

static bool
read_filename(struct form_text *text, struct fp_formfield *field)
{
	if (field->filename)
		return formopt_wrong(text, "the field has two file names");
	return read_word(text, ";") &&
	       formopt_take_word(text, &field->filename);
}

static bool
read_settings(struct form_text *text, struct fp_formfield *field)
{
	while (*text->at == ';') {
		text->at++;
		skip_blanks(text);
		bool is_type = is_setting(text->at, "type");
		if (!is_type && !is_setting(text->at, "filename"))
			return formopt_wrong(text,
				"type= or filename= has to stand after ; "
				"(a value with ; in it needs quotes, or "
				"--form-string)");
		text->at = strchr(text->at, '=') + 1;
		if (!(is_type ? read_type(text, field)
			      : read_filename(text, field)))
			return false;
	}
	if (*text->at == ',')
		return formopt_wrong(text,
			"each file needs a --form (a name with , in it needs "
			"quotes)");
	return true;
}

/* ---- a field ---- */

/* A file that is the same for all items is looked at now. */
static bool
is_sendable(const struct form_text *text, const char *path)
{
	struct stat st;

	if (fp_expand_is_meant(path, false) && stat(path, &st))
		return formopt_wrong(text,
			"{} is not filled in here: use --expand-form "
			"'NAME=@{{}}', or {{1}} for a field");
	return fp_settings_is_sendable(text->option, path);
}

static bool
read_value(struct form_text *text, struct fp_formfield *field)
{
	bool is_file = *text->at == '@';

	field->has_file = is_file || *text->at == '<';
	field->is_text = field->has_file && !is_file;
	text->at += field->has_file;
	if (!read_word(text, is_file ? ";," : ";") ||
		!formopt_take_word(text, &field->value))
		return false;
	if (field->has_file && text->word.len == 0)
		return formopt_wrong(text, "the file has no name");
	field->is_trusted = fp_expand_is_literal(field->value);
	if (field->has_file && field->is_trusted &&
		!is_sendable(text, fp_buf_text(&text->word)))
		return false;
	return read_settings(text, field);
}

static struct fp_formfield *
add_formfield(struct fp_settings *settings)
{
	struct fp_formfields *all = &settings->form;
	struct fp_formfield *fields =
		realloc(all->all, (all->n + 1) * sizeof(fields[0]));

	if (!fields)
		return NULL;
	all->all = fields;
	fields[all->n] = (struct fp_formfield){0};
	return &fields[all->n++];
}

static bool
read_field(struct fp_settings *settings, struct form_text *text, bool is_plain)
{
	struct fp_formfield *field = add_formfield(settings);
	const char *start = text->at;

	if (!field)
		return fp_settings_no_memory();
	while (*text->at && *text->at != '=')
		text->at += count_together(text, text->at);
	if (*text->at != '=' || text->at == start)
		return formopt_wrong(text, "the value is not NAME=VALUE");
	if (!make_expand(text, start, (size_t)(text->at - start), &field->name))
		return false;
	text->at++;
	if (!is_plain)
		return read_value(text, field);
	return make_expand(text, text->at, strlen(text->at), &field->value);
}

/* "@FILE" would be a field without a name; so nothing is read from one. */
static bool
formopt_add(struct fp_settings *settings, const char *option, const char *value,
	bool expands, bool is_plain)
{
	struct form_text text = {
		.option = option, .at = value, .expands = expands};
	bool ok = read_field(settings, &text, is_plain);

	fp_buf_destroy(&text.word);
	settings->form.expands |= expands;
	return ok;
}

bool
fp_formopt_form(struct fp_settings *settings, const char *value)
{
	return formopt_add(settings, "--form", value, false, false);
}

bool
fp_formopt_string(struct fp_settings *settings, const char *value)
{
	return formopt_add(settings, "--form-string", value, false, true);
}

bool
fp_formopt_expand(struct fp_settings *settings, const char *value)
{
	return formopt_add(settings, "--expand-form", value, true, false);
}

/* ---- the whole ---- */

/* What it is for all items. */
static struct fp_text
constant(const struct fp_expand *expand)
{
	return expand ? fp_expand_constant(expand) : (struct fp_text){NULL, 0};
}

bool
fp_formopt_settle(struct fp_settings *settings)
{
	struct fp_formfields *form = &settings->form;

	if (form->n == 0 || form->expands)
		return true;
	form->parts = calloc(form->n, sizeof(form->parts[0]));
	if (!form->parts)
		return fp_settings_no_memory();
	for (size_t i = 0; i < form->n; i++) {
		const struct fp_formfield *field = &form->all[i];
		struct fp_text value = constant(field->value);
		struct fp_formpart *part = &form->parts[i];
		part->name = constant(field->name);
		part->type = constant(field->type);
		part->filename = constant(field->filename);
		part->is_text = field->is_text;
		part->is_trusted = true;
		*(field->has_file ? &part->file : &part->value) = value;
	}
	settings->pool.form = form->parts;
	settings->pool.n_form = form->n;
	return true;
}

void
fp_formopt_destroy(struct fp_settings *settings)
{
	struct fp_formfields *form = &settings->form;

	for (size_t i = 0; i < form->n; i++) {
		fp_expand_free(form->all[i].name);
		fp_expand_free(form->all[i].value);
		fp_expand_free(form->all[i].type);
		fp_expand_free(form->all[i].filename);
	}
	free(form->all);
	free(form->parts);
}
