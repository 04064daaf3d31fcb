/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "csv.h"

#include <string.h>

void
fp_csv_begin(struct fp_csv *csv, char separator)
{
	*csv = (struct fp_csv){.separator = separator};
}

static void
csv_fault(struct fp_csv *csv, const char *what, size_t at)
{
	if (csv->fault)
		return;
	csv->fault = what;
	csv->fault_at = at;
}

/* Outside of quotes, or after a quote that may close a field. */
static void
csv_look_at(struct fp_csv *csv, char c)
{
	bool is_closed = csv->state == FP_CSV_QUOTE;

	if (csv->is_after_cr)
		csv_fault(csv, "a carriage return outside quotes", csv->at - 1);
	csv->is_after_cr = c == '\r';
	if (c == csv->separator) {
		csv->state = FP_CSV_START;
	} else if (c == '"' && (is_closed || csv->state == FP_CSV_START)) {
		if (!is_closed)
			csv->quote_line = csv->n_newlines;
		csv->state = FP_CSV_QUOTED;
	} else if (c == '"') {
		csv_fault(csv,
			"a quote in a field that does not begin with one",
			csv->at);
	} else if (c != '\r') {
		if (is_closed)
			csv_fault(csv, "text after a closing quote", csv->at);
		csv->state = FP_CSV_PLAIN;
	}
}

const char *
fp_csv_find_end(struct fp_csv *csv, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++, csv->at++) {
		char c = data[i];

		csv->n_newlines += c == '\n';
		if (csv->state == FP_CSV_QUOTED) {
			if (c == '"')
				csv->state = FP_CSV_QUOTE;
			continue;
		}
		if (c == '\n')
			return data + i;
		csv_look_at(csv, c);
	}
	return NULL;
}

bool
fp_csv_take_field(struct fp_text *record, char separator, struct fp_text *field)
{
	struct fp_text rest = *record;
	bool is_quoted = false;
	size_t len = 0;

	while (len < rest.len && (is_quoted || rest.data[len] != separator)) {
		is_quoted ^= rest.data[len] == '"';
		len++;
	}
	*field = (struct fp_text){rest.data, len};
	if (len == rest.len) {
		*record = (struct fp_text){rest.data + len, 0};
		return false;
	}
	*record = (struct fp_text){rest.data + len + 1, rest.len - len - 1};
	return true;
}

/* What is between the quotes of a field that has them. */
static struct fp_text
strip(struct fp_text field)
{
	if (field.len >= 2 && field.data[0] == '"')
		return (struct fp_text){field.data + 1, field.len - 2};
	return field;
}

bool
fp_csv_is_escaped(struct fp_text field)
{
	field = strip(field);
	return memchr(field.data, '"', field.len) != NULL;
}

struct fp_text
fp_csv_unquote(struct fp_text field, char *to)
{
	size_t n = 0;

	if (!fp_csv_is_escaped(field))
		return strip(field);
	field = strip(field);
	for (size_t i = 0; i < field.len; i++) {
		to[n++] = field.data[i];
		i += field.data[i] == '"';
	}
	return (struct fp_text){to, n};
}
