/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "template.h"

#include "msg.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TEMPLATE "https://jsonplaceholder.typicode.com/posts/{}"

/* `ret` is what fp_template_variables() returned, or 1. */
static void
complain_template(const char *name, const char *text, const char *why, int ret)
{
	if (ret < 0 && errno == ENOMEM)
		fp_settings_no_memory();
	else
		fp_msg_usage("%s: '%s': %s", name, text, why);
}

/* What fp_template_variables() is asked for. */
struct template_look {
	struct fp_settings *settings;
	bool is_expansion; /* {{name}}, not {name} */
	bool is_file_name; /* of --output-name */
	bool has_page; /* which differs from page to page */
	size_t n_variables;
	size_t max_column;
	char why[160];
};

/* A field of CSV that is named by the header line. -1: no memory. */
static int
template_add_name(struct fp_settings *settings, struct fp_text name)
{
	struct fp_names *names = &settings->names;
	char *copy;

	for (size_t i = 0; i < names->n; i++) {
		if (names->all[i].len == name.len &&
			memcmp(names->all[i].data, name.data, name.len) == 0)
			return 0;
	}
	struct fp_text *all =
		realloc(names->all, (names->n + 1) * sizeof(all[0]));
	if (!all)
		return -1;
	names->all = all;
	copy = strndup(name.data, name.len);
	if (!copy)
		return -1;
	names->all[names->n++] = (struct fp_text){copy, name.len};
	return 0;
}

static bool
template_is_name(struct fp_text a, struct fp_text b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Judges one variable: {} or, with --colsep, {1}, {2}, ...; in CSV, names
 * too. */
static int
look_at_variable(void *arg, struct fp_text name)
{
	struct template_look *look = arg;
	uint64_t column;

	const struct fp_text *page = &look->settings->page_name;

	look->n_variables++;
	bool is_page = page->len > 0 && template_is_name(*page, name);
	if (look->is_file_name && look->settings->pool.next &&
		(is_page ||
			template_is_name((struct fp_text){"page", 4}, name))) {
		look->has_page = true;
		return 0;
	}
	if (is_page) {
		look->settings->has_page_variable = true;
		look->settings->fills_pages |= look->is_expansion;
		return 0;
	}
	const char *open = look->is_expansion ? "{{" : "{";
	const char *close = look->is_expansion ? "}}" : "}";
	int shown = (int)FP_MIN(name.len, 60);

	if (look->settings->json_items) {
		snprintf(look->why, sizeof(look->why),
			"JSON items have no {}: use {name}");
		return name.len == 0 && !look->is_expansion;
	}
	if (name.len == 0)
		return 0;
	bool has_column = fp_units_digits(name.data, name.len, &column) == 0;
	bool is_number = strspn(name.data, "0123456789") >= name.len;
	if (!is_number && look->settings->has_csv)
		return template_add_name(look->settings, name);
	if (!is_number) {
		snprintf(look->why, sizeof(look->why),
			"%s%.*s%s needs --input-format json or csv; %s%s is "
			"the whole line",
			open, shown, name.data, close, open, close);
		return 1;
	}
	if (!look->settings->colsep && !look->settings->has_csv) {
		snprintf(look->why, sizeof(look->why),
			"%s%.*s%s needs --colsep or --input-format csv; %s%s "
			"is the whole line",
			open, shown, name.data, close, open, close);
		return 1;
	}
	if (!has_column || column == 0 || column > FP_COLUMNS_MAX ||
		name.data[0] == '0') {
		snprintf(look->why, sizeof(look->why),
			"fields are numbered %s1%s to %s%d%s", open, close,
			open, FP_COLUMNS_MAX, close);
		return 1;
	}
	look->max_column = FP_MAX(look->max_column, (size_t)column);
	return 0;
}

/* `name` is what the template came from, for messages. */
static bool
has_braces(const struct fp_buf *data)
{
	return data->len > 0 && memmem(data->data, data->len, "{}", 2);
}

/* What somebody may have meant by a TEMPLATE without an expression. */
static const char *
guess_aim(const struct fp_settings *settings, const char *text)
{
	const char *method = settings->pool.method;

	if (has_braces(&settings->data))
		return " (--expand-data and --expand-json fill {{}} in, --data "
		       "and --json nothing)";
	if (!strstr(text, "://") && access(text, F_OK) == 0)
		return "; to read lines from a file, use --input";
	if (settings->data.len > 0 || (method && strcmp(method, "GET") != 0 &&
					      strcmp(method, "HEAD") != 0))
		return "; to send each line as a body, use --data-line";
	return "; one URL is fetched by giving it on standard input";
}

static bool
check_template(struct fp_settings *settings, const char *name)
{
	struct template_look look = {.settings = settings};
	const char *text = settings->pool.url_template;
	int ret = fp_template_variables(
		text, look_at_variable, &look, look.why, sizeof(look.why));

	if (ret == 0 && look.n_variables == 0 && !settings->pool.data_line &&
		!settings->json_items) {
		ret = settings->expansions.n == 0 && !settings->form.expands;
		snprintf(look.why, sizeof(look.why),
			"it contains no {}: every line would fetch the same "
			"URL%s",
			guess_aim(settings, text));
	}
	if (ret) {
		complain_template(name, text, look.why, ret);
		return false;
	}
	settings->n_columns = look.max_column;
	return true;
}

/* The names of files take the same values; a name that is always the same is
 * for one item. */
static bool
check_output_name(struct fp_settings *settings)
{
	struct template_look look = {
		.settings = settings, .is_file_name = true};
	const char *text = settings->pool.output_name;

	int ret = !text ? 0
			: fp_template_variables(text, look_at_variable, &look,
				  look.why, sizeof(look.why));

	if (ret == 0 && text && settings->pool.next && !look.has_page) {
		ret = 1;
		snprintf(look.why, sizeof(look.why),
			"with --next it needs {page}, or all pages of an item "
			"would have one name");
	}
	if (ret == 0) {
		settings->n_columns =
			FP_MAX(settings->n_columns, look.max_column);
		return true;
	}
	complain_template("--output-name", text, look.why, ret);
	return false;
}

static bool
template_choose(struct fp_settings *settings, const char *template,
	const char *from_environment)
{
	settings->pool.url_template = template;
	if (template)
		return check_template(settings, "TEMPLATE");
	if (settings->pool.data_line) {
		fp_msg_usage("--data-line needs a TEMPLATE to send to");
		return false;
	}
	bool has_environment = from_environment && from_environment[0];
	if (settings->has_csv) {
		settings->pool.url_template = from_environment;
		if (has_environment)
			return check_template(settings, "FETCHPOOL_URL");
		fp_msg_usage("--input-format csv needs a TEMPLATE: '{+url}' "
			     "takes URLs from the field that the header line "
			     "calls url, '{+1}' from the first field");
		return false;
	}
	settings->pool.urls_pass = true;
	settings->input.has_urls = true;
	if (settings->json_items)
		return true;
	if (has_environment) {
		settings->pool.url_template = from_environment;
		return check_template(settings, "FETCHPOOL_URL");
	}
	settings->pool.url_template = DEFAULT_TEMPLATE;
	settings->tells_template = true;
	return true;
}

static bool
check_expansion(const struct fp_expand *text, struct template_look *look,
	const char *option)
{
	if (!text || fp_expand_names(text, look_at_variable, look) == 0)
		return true;
	if (!look->why[0])
		return fp_settings_no_memory();
	fp_msg_usage("%s: %s", option, look->why);
	return false;
}

/* What is filled in for each item takes the same values. */
static bool
check_expansions(struct fp_settings *settings)
{
	static const char *const options[] = {
		[FP_EXPAND_HEADER] = "--expand-header",
		[FP_EXPAND_DATA] = "--expand-data",
		[FP_EXPAND_JSON] = "--expand-json",
		[FP_EXPAND_USER] = "--expand-user",
		[FP_EXPAND_UPLOAD] = "--expand-upload-file"};
	static const char form[] = "--expand-form";
	struct template_look look = {
		.settings = settings, .is_expansion = true};

	for (size_t i = 0; i < settings->expansions.n; i++) {
		const struct fp_expansion *all = settings->expansions.all;
		if (!check_expansion(all[i].text, &look, options[all[i].what]))
			return false;
	}
	for (size_t i = 0; i < settings->form.n; i++) {
		const struct fp_formfield *field = &settings->form.all[i];
		if (!check_expansion(field->name, &look, form) ||
			!check_expansion(field->value, &look, form) ||
			!check_expansion(field->type, &look, form) ||
			!check_expansion(field->filename, &look, form))
			return false;
	}
	settings->n_columns = FP_MAX(settings->n_columns, look.max_column);
	return true;
}

/* Without it, each page would be the first one. */
static bool
check_page_variable(const struct fp_settings *settings)
{
	struct fp_text name = settings->page_name;

	if (name.len == 0 || settings->has_page_variable)
		return true;
	fp_msg_usage("--next: '%s': neither TEMPLATE nor --expand-... has a "
		     "{%.*s}, so all pages would be the first one",
		settings->pool.next, (int)FP_MIN(name.len, 60), name.data);
	return false;
}

bool
fp_template_choose(struct fp_settings *settings, const char *template,
	const char *from_environment)
{
	return template_choose(settings, template, from_environment) &&
	       check_output_name(settings) && check_expansions(settings) &&
	       check_page_variable(settings);
}
