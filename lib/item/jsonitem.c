/* SPDX-License-Identifier: MIT */
/*
 * A line is gone over twice. First struct fp_json judges and minifies it; so
 * the grammar, strict UTF-8 and the depth are its business, and there is one
 * judge of JSON in the program. What it leaves is valid and without white
 * space, and the second walk needs to know no more than where values end.
 *
 * Texts without an escape point into the minified line. The others stand in
 * CHARS, which has room for all of them before the walk begins, so that it
 * never moves. The arrays do move while they grow. But the texts of the values
 * stand one behind the other, in the order of the values, and so do the header
 * lines; the pointers to them are set when all are there.
 *
 * Names are told apart by sorting them. Those of an object within the item
 * stand behind those of the item itself, and are dropped at its end.
 *
 * A fault does not end the walk, lest "context" and what is there twice depend
 * on the order of the members; the first fault is the one that is told.
 */
#include "base.h"

#include "base64.h"
#include "headerline.h"
#include "json.h"
#include "jsonescape.h"
#include "jsonitem.h"
#include "jsonwalk.h"
#include "textsort.h"
#include "utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The buffers of an item. */
enum {
	MINIFIED, /* the line */
	CHARS, /* strings, their escapes undone */
	VALUES,
	TEXTS, /* of all values, in order */
	HEADERS,
	HEADER_LINES, /* of all headers, in order */
	NAMES, /* of the objects under way */
	FORM, /* fields of a form */
	N_BUFS
};
_Static_assert(N_BUFS == FP_JSONITEM_BUFS, "as many as the struct has");

#define KEEP_BYTES (1u << 20) /* of each buffer, for the next line */

/* What stands for them is longer than the shortest of them are in a line. */
#define VALUES_MAX 1000
#define TEXTS_MAX 2000

#define SHOWN_BYTES 64 /* of a name, in a fault */

/* ---- faults ---- */

static void
jsonitem_fault(struct fp_jsonitem *item, const char *text)
{
	if (item->fault)
		return;
	snprintf(item->message, sizeof(item->message), "%s", text);
	item->fault = item->message;
}

/* The fault is with the member whose name begins with so much of this. */
static void
fault_of_part(struct fp_jsonitem *item, struct fp_text name, size_t shown,
	const char *what)
{
	char text[sizeof(item->message)];

	shown = fp_utf8_valid_prefix(name.data, shown);
	snprintf(text, sizeof(text), "\"%.*s%s\" %s", (int)shown, name.data,
		shown < name.len ? "..." : "", what);
	jsonitem_fault(item, text);
}

/* The fault is with the member of this name, or what was meant for one. */
static void
fault_of(struct fp_jsonitem *item, struct fp_text name, const char *what)
{
	fault_of_part(item, name, FP_MIN(name.len, SHOWN_BYTES), what);
}

static void
jsonitem_append(struct fp_jsonitem *item, int buf, const void *data, size_t len)
{
	if (fp_buf_add(&item->bufs[buf], data, len))
		item->out_of_memory = true;
}

static size_t
jsonitem_count(const struct fp_jsonitem *item, int buf, size_t size)
{
	return item->bufs[buf].len / size;
}

/* ---- kinds of values ---- */

static bool
jsonitem_is_string(struct fp_text value)
{
	return *value.data == '"';
}

static bool
jsonitem_is_object(struct fp_text value)
{
	return *value.data == '{';
}

static bool
is_array(struct fp_text value)
{
	return *value.data == '[';
}

static bool
is_null(struct fp_text value)
{
	return *value.data == 'n';
}

/* Neither null nor made of others. */
static bool
is_scalar(struct fp_text value)
{
	return !is_null(value) && !is_array(value) &&
	       !jsonitem_is_object(value);
}

/* ---- texts ---- */

static struct fp_text
inside_quotes(struct fp_text string)
{
	return (struct fp_text){string.data + 1, string.len - 2};
}

/* What a string says. false: nothing, and that is the fault of `name`. */
static bool
read_string(struct fp_jsonitem *item, struct fp_text name,
	struct fp_text string, struct fp_text *text)
{
	struct fp_buf *chars = &item->bufs[CHARS];
	size_t start = chars->len;

	*text = inside_quotes(string);
	if (!memchr(text->data, '\\', text->len))
		return true;
	const char *what = fp_jsonescape_undo(*text, chars);
	if (what)
		fault_of(item, name, what);
	text->data = chars->data + start;
	text->len = chars->len - start;
	return !what;
}

/* The text of a scalar. */
static bool
read_scalar(struct fp_jsonitem *item, struct fp_text name, struct fp_text value,
	struct fp_text *text)
{
	if (jsonitem_is_string(value))
		return read_string(item, name, value, text);
	*text = value; /* as it is written */
	return true;
}

/* ---- names ---- */

/* Reads a name and puts it with those of its object. */
static bool
read_name(struct fp_jsonitem *item, struct fp_text string, struct fp_text *name)
{
	if (!read_string(item, inside_quotes(string), string, name))
		return false;
	jsonitem_append(item, NAMES, name, sizeof(*name));
	return true;
}

/* An object is over, whose names stand behind `start`: no two are the same. */
static void
end_names(struct fp_jsonitem *item, size_t start, bool any_case)
{
	size_t n = (item->bufs[NAMES].len - start) / sizeof(struct fp_text);

	if (n > 1) {
		void *names = item->bufs[NAMES].data + start;
		const struct fp_text *name =
			fp_textsort_twice(names, n, any_case);
		if (name)
			fault_of(item, *name, "appears twice");
	}
	item->bufs[NAMES].len = start;
}

/* ---- values for the template ---- */

static size_t
read_element(
	struct fp_jsonitem *item, struct fp_text name, struct fp_text element)
{
	struct fp_text text;

	if (is_array(element) || jsonitem_is_object(element)) {
		fault_of(item, name,
			"is nested too deeply for a template value");
		return 0;
	}
	if (is_null(element) || !read_scalar(item, name, element, &text))
		return 0;
	jsonitem_append(item, TEXTS, &text, sizeof(text));
	return 1;
}

static size_t
read_list(struct fp_jsonitem *item, struct fp_text name, struct fp_text array)
{
	struct fp_jsonwalk walk;
	struct fp_text element;
	size_t n = 0;

	fp_jsonwalk_into(&walk, array);
	while (fp_jsonwalk_next(&walk, NULL, &element))
		n += read_element(item, name, element);
	return n;
}

static size_t
read_map(struct fp_jsonitem *item, struct fp_text object)
{
	struct fp_jsonwalk walk;
	struct fp_text string, element, name;
	size_t start = item->bufs[NAMES].len;
	size_t n = 0;

	fp_jsonwalk_into(&walk, object);
	while (fp_jsonwalk_next(&walk, &string, &element)) {
		if (!read_name(item, string, &name) || is_null(element))
			continue;
		jsonitem_append(item, TEXTS, &name, sizeof(name));
		n += 1 + read_element(item, name, element);
	}
	end_names(item, start, false);
	return n;
}

static void
jsonitem_take_value(
	struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	struct fp_value taken = {.name = name, .type = FP_VALUE_STRING};

	if (is_null(value))
		return;
	if (is_array(value)) {
		taken.type = FP_VALUE_LIST;
		taken.n_texts = read_list(item, name, value);
	} else if (jsonitem_is_object(value)) {
		taken.type = FP_VALUE_MAP;
		taken.n_texts = read_map(item, value);
	} else {
		taken.n_texts = read_element(item, name, value);
		taken.is_bare = !jsonitem_is_string(value);
	}
	jsonitem_append(item, VALUES, &taken, sizeof(taken));
	if (jsonitem_count(item, VALUES, sizeof(taken)) > VALUES_MAX ||
		jsonitem_count(item, TEXTS, sizeof(struct fp_text)) > TEXTS_MAX)
		jsonitem_fault(item,
			"more than 1000 members for the template, or 2000 "
			"values in them");
}

/* ---- the members with a meaning ---- */

static bool
must_be(struct fp_jsonitem *item, struct fp_text name, bool fine,
	const char *what)
{
	if (!fine)
		fault_of(item, name, what);
	return fine;
}

static void
take_url(struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	if (must_be(item, name, jsonitem_is_string(value), "is not a string"))
		read_string(item, name, value, &item->url);
}

static void
take_method(struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	if (must_be(item, name, jsonitem_is_string(value), "is not a string") &&
		read_string(item, name, value, &item->method))
		must_be(item, name, fp_headerline_is_method(item->method),
			"is not a method");
}

static bool
is_named(struct fp_text name, const char *text)
{
	return strlen(text) == name.len &&
	       memcmp(text, name.data, name.len) == 0;
}

/* A body is given in one way; twice in the same is found with the names. */
static bool
has_one_body(struct fp_jsonitem *item, struct fp_text name)
{
	struct fp_text first = item->body_name;

	if (first.len == 0)
		item->body_name = first = name;
	return must_be(item, name,
		first.len == name.len &&
			memcmp(first.data, name.data, name.len) == 0,
		"is a second body");
}

static void
take_body(struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	has_one_body(item, name);
	item->body_is_json = !jsonitem_is_string(value);
	read_scalar(item, name, value, &item->body);
}

static void
take_body_file(
	struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	if (!has_one_body(item, name) ||
		!must_be(item, name, jsonitem_is_string(value),
			"is not a string") ||
		!read_string(item, name, value, &item->body_file))
		return;
	must_be(item, name, item->body_file.len > 0, "is empty");
}

static bool
read_base64(struct fp_jsonitem *item, struct fp_text name, struct fp_text value,
	struct fp_text *bytes)
{
	struct fp_buf *chars = &item->bufs[CHARS];
	struct fp_text text;
	size_t start = chars->len;

	if (!must_be(
		    item, name, jsonitem_is_string(value), "is not a string") ||
		!read_string(item, name, value, &text))
		return false;
	/* Over the text, if that stands there: it is never longer. */
	chars->len = start;
	int ret = fp_base64_decode(text.data, text.len, chars);
	item->out_of_memory |= ret && errno == ENOMEM;
	*bytes = (struct fp_text){
		fp_buf_text(chars) + start, chars->len - start};
	return must_be(item, name, !ret, "is not base64");
}

static void
take_body_base64(
	struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	if (has_one_body(item, name))
		read_base64(item, name, value, &item->body);
}

/* ---- a form ---- */

/* One member of an object that says what a field is. */
static void
take_field_member(struct fp_jsonitem *item, struct fp_formpart *part,
	struct fp_text name, struct fp_text value)
{
	bool is_base64 = is_named(name, "base64");
	bool is_text_file = is_named(name, "text_file");
	struct fp_text *to = is_named(name, "name")	  ? &part->name
			     : is_named(name, "type")	  ? &part->type
			     : is_named(name, "filename") ? &part->filename
			     : is_named(name, "file") || is_text_file
				     ? &part->file
				     : NULL;

	if (is_base64 || is_named(name, "value") || to == &part->file) {
		if (!must_be(item, name, !part->value.data && !part->file.data,
			    "is a second value of a form field"))
			return;
		part->is_text = is_text_file;
	}
	if (is_base64) {
		read_base64(item, name, value, &part->value);
	} else if (is_named(name, "value")) {
		read_scalar(item, name, value, &part->value);
		if (!part->type.data &&
			(is_array(value) || jsonitem_is_object(value)))
			part->type = (struct fp_text){"application/json", 16};
	} else if (must_be(item, name, to, "is not known in a form field") &&
		   must_be(item, name, jsonitem_is_string(value),
			   "is not a string") &&
		   read_string(item, name, value, to)) {
		must_be(item, name, to->len > 0, "is empty");
		must_be(item, name,
			to != &part->type || fp_headerline_is_value(*to),
			"contains a control character");
	}
}

/* A field: its value alone, or an object that says more. In an array its name
 * is in there. */
static void
jsonitem_take_field(
	struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	struct fp_formpart part = {.name = name};
	struct fp_text given = name;

	if (jsonitem_is_object(value)) {
		struct fp_jsonwalk walk;
		struct fp_text string, member, text;
		size_t start = item->bufs[NAMES].len;
		fp_jsonwalk_into(&walk, value);
		while (fp_jsonwalk_next(&walk, &string, &text)) {
			if (!read_name(item, string, &member))
				continue;
			must_be(item, member,
				!given.data || !is_named(member, "name"),
				"is a second name of a form field");
			take_field_member(item, &part, member, text);
		}
		end_names(item, start, false);
	} else {
		read_scalar(item, name, value, &part.value);
	}
	if (!part.name.len)
		jsonitem_fault(item, "a form field has no name");
	else if (!part.value.data && !part.file.data)
		fault_of(item, part.name, "has no value in the form");
	jsonitem_append(item, FORM, &part, sizeof(part));
	if (jsonitem_count(item, FORM, sizeof(part)) > VALUES_MAX)
		jsonitem_fault(item, "more than 1000 fields in the form");
}

/* An object has a member for each field, whose value is a list if there are
 * several of that name; an array has an object for each. */
static void
take_form(struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	static const struct fp_text none;
	struct fp_jsonwalk walk, list;
	struct fp_text string, field, text;
	size_t start = item->bufs[NAMES].len;
	bool has_names = jsonitem_is_object(value);

	if (!has_one_body(item, name) ||
		!must_be(item, name, has_names || is_array(value),
			"is neither an object nor an array"))
		return;
	fp_jsonwalk_into(&walk, value);
	while (fp_jsonwalk_next(&walk, has_names ? &string : NULL, &text)) {
		if (!has_names) {
			if (must_be(item, name, jsonitem_is_object(text),
				    "is an array of other things than objects"))
				jsonitem_take_field(item, none, text);
			continue;
		}
		if (!read_name(item, string, &field) || is_null(text))
			continue;
		if (!is_array(text)) {
			jsonitem_take_field(item, field, text);
			continue;
		}
		fp_jsonwalk_into(&list, text);
		while (fp_jsonwalk_next(&list, NULL, &text)) {
			if (must_be(item, field, !is_array(text),
				    "is a list of lists in the form"))
				jsonitem_take_field(item, field, text);
		}
	}
	if (has_names)
		end_names(item, start, false);
	must_be(item, name, item->fault || item->bufs[FORM].len > 0,
		"has no fields");
}

static void
take_context(
	struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	(void)name;
	item->context = value;
}

static void
add_header(struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	struct fp_buf *lines = &item->bufs[HEADER_LINES];
	struct fp_text text;
	size_t start = lines->len;

	if (!must_be(item, name, is_scalar(value),
		    "is not a string, a number or a list of them") ||
		!read_scalar(item, name, value, &text) ||
		!must_be(item, name, fp_headerline_is_value(text),
			"contains a control character"))
		return;
	if (start + name.len + text.len > FP_JSONITEM_HEADERS_MAX) {
		jsonitem_fault(item, "the headers are larger than 64 KiB");
		return;
	}
	if (fp_headerline_add(lines, name, text) ||
		fp_buf_add_char(lines, '\0'))
		item->out_of_memory = true;
	struct fp_text header = {NULL, lines->len - start - 1};
	jsonitem_append(item, HEADERS, &header, sizeof(header));
	if (jsonitem_count(item, HEADERS, sizeof(header)) > VALUES_MAX)
		jsonitem_fault(item, "more than 1000 headers");
}

/* What no name can have is perhaps the end of it, and the value begins. */
static bool
is_header_name(struct fp_jsonitem *item, struct fp_text name)
{
	if (fp_headerline_is_token(name))
		return true;
	size_t shown = fp_headerline_token_len(name) + 1;
	shown = FP_MIN(shown, name.len);
	fault_of_part(
		item, name, FP_MIN(shown, SHOWN_BYTES), "is not a header name");
	return false;
}

static void
take_headers(
	struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	struct fp_jsonwalk walk, list;
	struct fp_text string, header, text;
	size_t start = item->bufs[NAMES].len;

	if (!must_be(item, name, jsonitem_is_object(value), "is not an object"))
		return;
	fp_jsonwalk_into(&walk, value);
	while (fp_jsonwalk_next(&walk, &string, &text)) {
		if (!read_name(item, string, &header) ||
			!is_header_name(item, header) ||
			!must_be(item, header,
				!fp_headerline_is_framing(header),
				"cannot be set by an item"))
			continue;
		if (!is_array(text)) {
			add_header(item, header, text);
			continue;
		}
		fp_jsonwalk_into(&list, text);
		while (fp_jsonwalk_next(&list, NULL, &text))
			add_header(item, header, text);
	}
	end_names(item, start, true);
}

/* ---- the whole ---- */

static const struct member {
	const char *name;
	void (*take)(struct fp_jsonitem *item, struct fp_text name,
		struct fp_text value);
} members[] = {
	{"url", take_url},
	{"method", take_method},
	{"headers", take_headers},
	{"body", take_body},
	{"body_base64", take_body_base64},
	{"body_file", take_body_file},
	{"form", take_form},
	{"context", take_context},
};

static void
take_member(struct fp_jsonitem *item, struct fp_text name, struct fp_text value)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(members); i++) {
		if (strlen(members[i].name) == name.len &&
			memcmp(members[i].name, name.data, name.len) == 0) {
			members[i].take(item, name, value);
			return;
		}
	}
	jsonitem_take_value(item, name, value);
}

static void
take_members(struct fp_jsonitem *item)
{
	struct fp_jsonwalk walk;
	struct fp_text string, name, value;

	fp_jsonwalk_into(&walk, item->line);
	while (fp_jsonwalk_next(&walk, &string, &value)) {
		if (read_name(item, string, &name))
			take_member(item, name, value);
	}
	end_names(item, 0, false);
}

/* Nothing moves any more: sets the pointers that were left open. */
static void
point(struct fp_jsonitem *item)
{
	struct fp_value *values = (void *)item->bufs[VALUES].data;
	struct fp_text *texts = (void *)item->bufs[TEXTS].data;
	struct fp_text *headers = (void *)item->bufs[HEADERS].data;
	const char *line = item->bufs[HEADER_LINES].data;

	item->values = values;
	item->n_values = item->bufs[VALUES].len / sizeof(*values);
	for (size_t i = 0; i < item->n_values; i++) {
		values[i].texts = texts;
		if (texts) /* NULL: none has any */
			texts += values[i].n_texts;
	}
	item->headers = headers;
	item->n_headers = item->bufs[HEADERS].len / sizeof(*headers);
	for (size_t i = 0; i < item->n_headers; i++) {
		headers[i].data = line;
		line += headers[i].len + 1;
	}
	item->form = (void *)item->bufs[FORM].data;
	item->n_form = item->bufs[FORM].len / sizeof(item->form[0]);
}

/* The line as JSON text, judged. */
static int
jsonitem_judge(struct fp_jsonitem *item, const char *line, size_t len)
{
	struct fp_buf *minified = &item->bufs[MINIFIED];

	fp_json_reset(item->json);
	if (len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		jsonitem_fault(
			item, "invalid JSON at byte 0: a byte-order mark");
		return -1;
	}
	if (fp_json_feed(item->json, line, len, minified) ||
		fp_json_finish(item->json, minified)) {
		jsonitem_fault(item, fp_json_message(item->json));
		item->out_of_memory =
			fp_json_error(item->json) == FP_JSON_NO_MEMORY;
		return -1;
	}
	item->line = (struct fp_text){minified->data, minified->len};
	return 0;
}

static void
clear(struct fp_jsonitem *item)
{
	static const struct fp_text none;

	item->line = none;
	item->context = none;
	item->fault = NULL;
	item->url = none;
	item->method = none;
	item->body = none;
	item->body_file = none;
	item->body_name = none;
	item->form = NULL;
	item->n_form = 0;
	item->body_is_json = false;
	item->n_values = 0;
	item->n_headers = 0;
	item->out_of_memory = false;
	for (int i = 0; i < N_BUFS; i++)
		fp_buf_clear(&item->bufs[i], KEEP_BYTES);
}

int
fp_jsonitem_parse(struct fp_jsonitem *item, const char *line, size_t len)
{
	clear(item);
	if (jsonitem_judge(item, line, len) == 0) {
		if (!jsonitem_is_object(item->line))
			jsonitem_fault(item, "not a JSON object");
		else if (fp_buf_reserve(&item->bufs[CHARS], item->line.len))
			item->out_of_memory = true;
		else
			take_members(item);
	}
	if (item->out_of_memory) {
		clear(item);
		jsonitem_fault(item, "out of memory");
		errno = ENOMEM;
		return -1;
	}
	if (item->fault) {
		errno = EINVAL;
		return -1;
	}
	point(item);
	return 0;
}

int
fp_jsonitem_init(struct fp_jsonitem *item)
{
	memset(item, 0, sizeof(*item));
	item->json = fp_json_new(NULL, 0, NULL, 0);
	return item->json ? 0 : -1;
}

void
fp_jsonitem_destroy(struct fp_jsonitem *item)
{
	fp_json_free(item->json);
	item->json = NULL;
	for (int i = 0; i < N_BUFS; i++)
		fp_buf_destroy(&item->bufs[i]);
}
