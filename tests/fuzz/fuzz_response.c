/* SPDX-License-Identifier: MIT */
/*
 * Heads of responses. What they promise of the body is what a slower reader
 * makes of the same lines; the fields that are kept can be written as a record;
 * and trailers change nothing.
 *
 *	a byte: whether lines keep their ends, and fields are wanted
 *	then: lines
 */
#include "fuzzjson.h"

#include "response.h"

#include <strings.h>

static struct fp_response response;
static struct fp_buf type, headers, location;

/* What a slower reader knows. Of values, the whole is kept. */
struct model {
	bool in_head, is_over; /* over: behind a final response's head */
	bool has_length, bad_length, has_transfer_encoding;
	bool is_odd;
	unsigned n_encodings;
	bool last_is_gzip, has_location;
	char *length; /* the first one */
	struct fp_text type, location;
};

static bool
is(struct fp_text text, const char *word)
{
	return text.len == strlen(word) &&
	       strncasecmp(text.data, word, text.len) == 0;
}

static struct fp_text
trim(struct fp_text text)
{
	while (text.len > 0 && strchr(" \t", text.data[text.len - 1]) &&
		text.data[text.len - 1])
		text.len--;
	while (text.len > 0 && (*text.data == ' ' || *text.data == '\t')) {
		text.data++;
		text.len--;
	}
	return text;
}

static bool
is_number(struct fp_text text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	return text.len > 0;
}

/* Without zeros in front, as numbers are compared; "" if it is none. */
static struct fp_text
number_of(struct fp_text text)
{
	if (!is_number(text))
		return (struct fp_text){"", 0};
	while (text.len > 1 && *text.data == '0') {
		text.data++;
		text.len--;
	}
	return text;
}

static void
model_length(struct model *model, struct fp_text value)
{
	struct fuzz parts = {value.data, value.len};

	do {
		struct fp_text part = trim(fuzz_until(&parts, ','));
		struct fp_text number = number_of(part);
		if (number.len == 0)
			model->bad_length = true;
		if (!model->length)
			model->length = fuzz_string(number);
		else if (!fuzz_same_text(fuzz_text(model->length), number))
			model->bad_length = true;
	} while (parts.left > 0);
	if (value.len > 0 && value.data[value.len - 1] == ',')
		model->bad_length = true;
	model->has_length = true;
}

static void
model_transfer_coding(struct model *model, struct fp_text word)
{
	model->has_transfer_encoding |= is(word, "chunked");
}

static void
model_coding(struct model *model, struct fp_text word)
{
	static const char *const others[] = {"br", "zstd", "deflate",
		"x-deflate", "compress", "x-compress", "dcb", "dcz",
		"aes128gcm", "exi", "pack200-gzip", "bzip2", "x-bzip2", "xz",
		"x-xz", "lzma", "lz4", "snappy", "sdch"};
	bool is_gzip = is(word, "gzip") || is(word, "x-gzip");
	bool is_other = false;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		is_other |= is(word, others[i]);
	if (!is_gzip && !is_other)
		return;
	model->n_encodings++;
	model->last_is_gzip = is_gzip;
}

static void
model_words(struct model *model, struct fp_text value,
	void (*each)(struct model *model, struct fp_text word))
{
	struct fuzz parts = {value.data, value.len};

	do {
		each(model, trim(fuzz_until(&parts, ',')));
	} while (parts.left > 0);
}

static void
model_field(struct model *model, struct fp_text name, struct fp_text value)
{
	if (name.len == 0 || name.data[name.len - 1] == ' ' ||
		name.data[name.len - 1] == '\t')
		model->is_odd = true;
	if (is(name, "Content-Type"))
		model->type = value;
	else if (is(name, "Location")) {
		if (!model->has_location)
			model->location = value;
		model->has_location = true;
	} else if (is(name, "Content-Length"))
		model_length(model, value);
	else if (is(name, "Transfer-Encoding"))
		model_words(model, value, model_transfer_coding);
	else if (is(name, "Content-Encoding"))
		model_words(model, value, model_coding);
}

/* A line without its end; `became`: it was taken for a status line. */
static void
model_line(struct model *model, struct fp_text line, bool became)
{
	struct fuzz parts = {line.data, line.len};

	if (became) {
		free(model->length);
		*model = (struct model){.in_head = true};
		return;
	}
	if (line.len == 0) {
		model->in_head = false;
		model->is_over = response.status >= 200;
		return;
	}
	if (model->is_over || *line.data == ' ' || *line.data == '\t' ||
		!memchr(line.data, ':', line.len))
		return;
	if (memchr(line.data, '\0', line.len) ||
		memchr(line.data, '\r', line.len))
		model->is_odd = true;
	struct fp_text name = fuzz_until(&parts, ':');
	model_field(model, name, trim(fuzz_rest(&parts)));
}

static void
check(const struct model *model)
{
	HOLDS(response.has_length == model->has_length);
	HOLDS(response.is_chunked == model->has_transfer_encoding);
	HOLDS(response.is_encoded == (model->n_encodings > 0));
	HOLDS((response.packing == FP_PACKING_GZIP) ==
		(model->n_encodings == 1 && model->last_is_gzip));
	bool is_short = fp_response_ends_with_head(&response);
	HOLDS(is_short == (response.status == 204 || response.status == 304));
	HOLDS(!is_short || !fp_response_doubt(&response));
	if (response.has_length && !response.doubt[0]) {
		char text[24];
		snprintf(text, sizeof(text), "%llu",
			(unsigned long long)response.length);
		HOLDS(strcmp(text, model->length) == 0);
	}
	if (is_short)
		;
	else if (model->bad_length || model->is_odd ||
		 (model->has_length && model->has_transfer_encoding))
		HOLDS(fp_response_doubt(&response) != NULL);
	HOLDS(type.len == model->type.len &&
		(type.len == 0 ||
			memcmp(type.data, model->type.data, type.len) == 0));
	HOLDS(!response.location || location.len == model->location.len);
	HOLDS(response.status >= 0 && response.status <= 999);
	HOLDS(response.version);
}

static int
keep(void *arg, const char *data, size_t len)
{
	return fp_buf_add(arg, data, len);
}

/* Fields are kept in a form that a record can be made of. */
static void
check_record(void)
{
	static const enum fp_field fields[] = {FP_FIELD_HEADERS};
	static const struct fp_record_format format = {
		.format = FP_FORMAT_RECORD, .fields = fields, .n_fields = 1};
	static struct fp_buf out;
	struct fp_result result = {
		.status = 200,
		.headers = {headers.data, headers.len},
	};

	if (headers.len > 0)
		HOLDS(headers.data[headers.len - 1] == '\n');
	fp_buf_clear(&out, SIZE_MAX);
	HOLDS(fp_record_write(&result, &format, keep, &out) == 0);
	fuzz_holds_minified((struct fp_text){out.data, out.len - 1});
}

/* A line and its end, with `keeps` as it came, else without. */
static void
give(struct fp_text line, struct fp_text end, bool keeps)
{
	struct fp_buf text = FP_BUF_INIT;

	fuzz_add(&text, line.data, line.len);
	if (keeps)
		fuzz_add(&text, end.data, end.len);
	char *copy = fuzz_copy(fp_buf_text(&text), text.len);
	HOLDS(fp_response_line(&response, copy, text.len) == 0);
	free(copy);
	fp_buf_destroy(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	unsigned way = fuzz_choose(&fuzz, 4);
	struct model model = {0};

	response = (struct fp_response){0};
	fp_response_reset(&response, &type, way & 2 ? &headers : NULL);
	response.location = &location;
	location.len = 0;
	while (fuzz.left > 0) {
		struct fp_text line = fuzz_until(&fuzz, '\n');
		size_t whole = line.len;
		while (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		struct fp_text end = {
			line.data + line.len, whole - line.len + 1};
		if (fuzz.left == 0)
			end.len--;
		bool was_in_head = response.in_head;
		give(line, end, way & 1);
		model_line(&model, line, !was_in_head && response.in_head);
		check(&model);
	}
	if (way & 2)
		check_record();
	free(model.length);
	return 0;
}
