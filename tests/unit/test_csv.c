/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "buf.h"
#include "csv.h"
#include "tap.h"

#include <inttypes.h>
#include <string.h>

/* What comes of a text, written down: each record as its fields in brackets,
 * unquoted, or "!fault at"; "?" for a quote that is not closed. */
static void
answer(const char *text, size_t step, char separator, struct fp_buf *out)
{
	size_t len = strlen(text), start = 0, at = 0;
	struct fp_csv csv;
	char room[100];

	fp_buf_clear(out, SIZE_MAX);
	fp_csv_begin(&csv, separator);
	while (at < len) {
		size_t n = FP_MIN(step, len - at);
		const char *end = fp_csv_find_end(&csv, text + at, n);
		at = end ? (size_t)(end - text) + 1 : at + n;
		if (!end && at < len)
			continue;
		struct fp_text record = {text + start, at - start - !!end};
		struct fp_text field;
		start = at;
		if (record.len > 0 && record.data[record.len - 1] == '\r')
			record.len--;
		if (csv.state == FP_CSV_QUOTED) {
			fp_buf_printf(out, "?%" PRIu64, csv.quote_line);
			return;
		}
		if (csv.fault) {
			fp_buf_printf(
				out, "!%.6s %zu;", csv.fault, csv.fault_at);
			fp_csv_begin(&csv, separator);
			continue;
		}
		bool has_more = true;
		while (has_more) {
			has_more =
				fp_csv_take_field(&record, separator, &field);
			field = fp_csv_unquote(field, room);
			fp_buf_printf(
				out, "<%.*s>", (int)field.len, field.data);
		}
		fp_buf_add_char(out, ';');
		fp_csv_begin(&csv, separator);
	}
}

/* However it is cut. */
static void
check(char separator, const char *text, const char *expected)
{
	struct fp_buf out = FP_BUF_INIT;

	for (size_t step = 1; step <= strlen(text) + 1; step++) {
		answer(text, step, separator, &out);
		CHECK_TEXT(fp_buf_text(&out), expected);
	}
	fp_buf_destroy(&out);
}

static void
plain(void)
{
	check(',', "a,b\nc\n", "<a><b>;<c>;");
	check(',', "a,b", "<a><b>;");
	check(',', ",\n", "<><>;");
	check(',', "a,b\r\nc\r\n", "<a><b>;<c>;");
	check(';', "a,b;c\n", "<a,b><c>;");
	check('\t', "a\tb\n", "<a><b>;");
	check(',', " a , b \n", "< a >< b >;");
}

static void
quoted(void)
{
	check(',', "\"a,b\",c\n", "<a,b><c>;");
	check(',', "\"a\nb\",c\nd\n", "<a\nb><c>;<d>;");
	check(',', "\"a\r\nb\"\r\nd\n", "<a\r\nb>;<d>;");
	check(',', "\"\",\"\"\n", "<><>;");
	check(',', "\"a\"\"b\",\"\"\"\"\n", "<a\"b><\">;");
	check(',', "\"\"\"a\"\"\"\n", "<\"a\">;");
	check(',', "x,\"a\"", "<x><a>;");
	check(',', "\"\n\n\n\"\nb\n", "<\n\n\n>;<b>;");
}

static void
wrong(void)
{
	check(',', "\"a\"b,c\nd\n", "!text a 3;<d>;");
	check(',', "\"a\" ,c\nd\n", "!text a 3;<d>;");
	check(',', "a\"b\",c\nd\n", "!a quot 1;<d>;");
	check(',', "a, \"b,c\"\nd\n", "!a quot 3;<d>;");
	check(',', "a\rb\nd\n", "!a carr 1;<d>;");
	check(',', "\"a\"\rb\nd\n", "!a carr 3;<d>;");
	check(',', "a,\"b\nc\n", "?0");
	check(',', "\"a\nb\",\"c\n", "?1");
	check(',', "\"a\"b\"\nc\n", "!text a 3;<c>;");
}

int
main(void)
{
	run("records end with a newline, and have fields", plain);
	run("what is in quotes is text", quoted);
	run("what is no CSV has one fault, and an end", wrong);
	return done();
}
