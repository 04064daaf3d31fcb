/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "fields.h"

#include "ascii.h"
#include "csv.h"
#include "msg.h"

#include <stdio.h>
#include <string.h>

/* "1000" and its NUL: see FP_COLUMNS_MAX. */
#define NUMBER_BYTES 5

/* How much of a header line, and of a name in it, a message shows. */
#define SHOWN_BYTES 400
#define NAME_SHOWN 60

#define KEEP_BYTES ((size_t)1 << 20)

static void
set_name(struct fp_fields *fields, size_t i, struct fp_text name)
{
	fields->values[i] = (struct fp_value){
		.name = name,
		.type = FP_VALUE_STRING,
		.texts = &fields->texts[i],
		.n_texts = 1,
	};
}

static int
reserve_fields(struct fp_fields *fields)
{
	if (fields->n_split == 0)
		return 0;
	free(fields->fields);
	fields->fields = calloc(fields->n_split, sizeof(fields->fields[0]));
	return fields->fields ? 0 : -1;
}

int
fp_fields_init(struct fp_fields *fields, const struct fp_settings *settings)
{
	size_t n_numbers = settings->n_columns;
	size_t n = n_numbers + settings->names.n;

	*fields = (struct fp_fields){.settings = settings};
	if (n == 0)
		return 0;
	fields->values = calloc(n, sizeof(fields->values[0]));
	fields->texts = calloc(n, sizeof(fields->texts[0]));
	fields->columns = calloc(n, sizeof(fields->columns[0]));
	fields->numbers = malloc(n * NUMBER_BYTES);
	if (!fields->values || !fields->texts || !fields->columns ||
		!fields->numbers)
		return -1;
	for (size_t i = 0; i < n_numbers; i++) {
		char *name = fields->numbers + i * NUMBER_BYTES;
		int len = snprintf(name, NUMBER_BYTES, "%zu", i + 1);
		set_name(fields, i, (struct fp_text){name, (size_t)len});
		fields->columns[i] = i + 1;
	}
	for (size_t i = 0; i < settings->names.n; i++)
		set_name(fields, n_numbers + i, settings->names.all[i]);
	fields->n = n;
	fields->n_split = n_numbers;
	return reserve_fields(fields);
}

void
fp_fields_destroy(struct fp_fields *fields)
{
	free(fields->values);
	free(fields->texts);
	free(fields->columns);
	free(fields->numbers);
	free(fields->fields);
	fp_buf_destroy(&fields->unquoted);
}

/* ---- the header line ---- */

/* Whether a field of the header line has this name, or the one that it encodes:
 * what a template cannot say is written with "%" (RFC 6570, section 2.3). */
static bool
fields_is_name(struct fp_text field, struct fp_text name)
{
	return (field.len == name.len &&
		       memcmp(field.data, name.data, name.len) == 0) ||
	       fp_ascii_is_encoded(name.data, name.len, field.data, field.len);
}

/* How many fields have this name, and which is the first. */
static size_t
find_name(struct fp_fields *fields, struct fp_text header, struct fp_text name,
	size_t *column)
{
	char separator = fields->settings->input.csv;
	struct fp_text field;
	size_t at = 0, n = 0;
	bool has_more = true;

	while (has_more) {
		has_more = fp_csv_take_field(&header, separator, &field);
		at++;
		field = fp_csv_unquote(field, fields->unquoted.data);
		if (fields_is_name(field, name) && n++ == 0)
			*column = at;
	}
	fields->n_header = at;
	return n;
}

/* What the header line has, for a message. */
static void
list_names(struct fp_fields *fields, struct fp_text header,
	char text[SHOWN_BYTES + 8])
{
	char separator = fields->settings->input.csv;
	struct fp_text field;
	size_t len = 0;
	bool has_more = true;

	text[0] = '\0';
	while (has_more) {
		has_more = fp_csv_take_field(&header, separator, &field);
		field = fp_csv_unquote(field, fields->unquoted.data);
		size_t shown = FP_MIN(field.len, (size_t)NAME_SHOWN);
		if (len + shown + 2 > SHOWN_BYTES) {
			snprintf(text + len, 6, ", ...");
			return;
		}
		len += (size_t)snprintf(text + len, SHOWN_BYTES - len, "%s%.*s",
			len ? ", " : "", (int)shown, field.data);
	}
}

static int
fields_complain(struct fp_fields *fields, struct fp_text header,
	struct fp_text name, size_t n)
{
	char names[SHOWN_BYTES + 8];

	list_names(fields, header, names);
	fp_msg_usage("{%.*s}: the header line of the CSV has %s this name; it "
		     "has: %s",
		(int)FP_MIN(name.len, (size_t)NAME_SHOWN), name.data,
		n ? "more than one field of" : "no field of", names);
	return -1;
}

int
fp_fields_header(struct fp_fields *fields, struct fp_text header)
{
	const struct fp_names *names = &fields->settings->names;
	size_t first = fields->n - names->n;

	fp_buf_clear(&fields->unquoted, KEEP_BYTES);
	if (fp_buf_reserve(&fields->unquoted, header.len + 1)) {
		fp_settings_no_memory();
		return -1;
	}
	for (size_t i = 0; i < names->n; i++) {
		size_t column = 0;
		size_t n = find_name(fields, header, names->all[i], &column);
		if (n != 1)
			return fields_complain(
				fields, header, names->all[i], n);
		fields->columns[first + i] = column;
		fields->n_split = FP_MAX(fields->n_split, column);
	}
	if (reserve_fields(fields) == 0)
		return 0;
	fp_settings_no_memory();
	return -1;
}

/* ---- lines ---- */

/* Splits at the separator, wherever it stands. Returns how many fields there
 * are, of those that are needed. */
static size_t
fields_split(struct fp_fields *fields, struct fp_text line)
{
	const char *separator = fields->settings->colsep;
	size_t separator_len = strlen(separator);
	size_t n = 0;

	while (n < fields->n_split) {
		const char *end =
			memmem(line.data, line.len, separator, separator_len);
		size_t len = end ? (size_t)(end - line.data) : line.len;
		fields->fields[n++] = (struct fp_text){line.data, len};
		if (!end)
			break;
		line.data += len + separator_len;
		line.len -= len + separator_len;
	}
	return n;
}

/* Returns how many fields there are in all. -1: ENOMEM. */
static ssize_t
split_csv(struct fp_fields *fields, struct fp_text record)
{
	char separator = fields->settings->input.csv;
	struct fp_text field;
	size_t n = 0, used = 0;
	bool has_more = true;

	fp_buf_clear(&fields->unquoted, KEEP_BYTES);
	if (fp_buf_reserve(&fields->unquoted, record.len + 1))
		return -1;
	while (has_more) {
		has_more = fp_csv_take_field(&record, separator, &field);
		if (n++ >= fields->n_split)
			continue;
		char *to = fields->unquoted.data + used;
		used += fp_csv_is_escaped(field) ? field.len : 0;
		fields->fields[n - 1] = fp_csv_unquote(field, to);
	}
	return (ssize_t)n;
}

/* Values of fields that are not there are left out. */
static void
fields_choose(struct fp_fields *fields, struct fp_item *item, size_t n)
{
	size_t n_values = 0;

	for (size_t i = 0; i < fields->n; i++) {
		size_t column = fields->columns[i];
		if (column == 0 || column > n)
			continue;
		struct fp_text name =
			i < fields->settings->n_columns
				? (struct fp_text){fields->numbers +
							   i * NUMBER_BYTES,
					  strlen(fields->numbers +
						  i * NUMBER_BYTES)}
				: fields->settings->names
					  .all[i - fields->settings->n_columns];
		fields->texts[n_values] = fields->fields[column - 1];
		set_name(fields, n_values++, name);
	}
	item->values = fields->values;
	item->n_values = n_values;
}

int
fp_fields_fill(struct fp_fields *fields, struct fp_item *item)
{
	ssize_t n;

	if (fields->n == 0)
		return 0;
	if (!fields->settings->has_csv) {
		fields_choose(fields, item, fields_split(fields, item->input));
		return 0;
	}
	n = split_csv(fields, item->input);
	if (n < 0)
		return -1;
	if (fields->n_header && (size_t)n > fields->n_header) {
		snprintf(fields->fault, sizeof(fields->fault),
			"%zd fields, and the header line has %zu", n,
			fields->n_header);
		item->fault = fields->fault;
		return 0;
	}
	fields_choose(fields, item, (size_t)n);
	return 0;
}
