/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "expand.h"

#include "ascii.h"
#include "base64.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FUNCTIONS_MAX 8
#define NAME_SHOWN_MAX 60

enum function { TRIM, JSON, URL, B64, TOJSON };

static const char *const function_names[] = {[TRIM] = "trim",
	[JSON] = "json",
	[URL] = "url",
	[B64] = "b64",
	[TOJSON] = "tojson"};

/* A literal, or a value after it. */
struct piece {
	struct fp_text literal; /* stands before the value */
	bool has_value;
	struct fp_text name;
	enum function functions[FUNCTIONS_MAX];
	size_t n_functions;
};

struct fp_expand {
	struct fp_buf text; /* what the pieces point into */
	struct piece *pieces;
	size_t n_pieces;
};

void
fp_expand_free(struct fp_expand *expand)
{
	if (!expand)
		return;
	fp_buf_destroy(&expand->text);
	free(expand->pieces);
	free(expand);
}

/* ---- parsing ---- */

static int
parse_functions(struct piece *piece, const char *at, const char *end, char *why,
	size_t why_size)
{
	while (at < end) {
		const char *stop = memchr(at, ':', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);
		size_t i = 0;

		while (i < FP_ARRAY_LEN(function_names) &&
			(strlen(function_names[i]) != len ||
				memcmp(function_names[i], at, len) != 0))
			i++;
		if (i == FP_ARRAY_LEN(function_names) ||
			piece->n_functions == FUNCTIONS_MAX) {
			snprintf(why, why_size,
				"'%.*s' is not one of trim, json, url, b64, "
				"tojson",
				(int)FP_MIN(len, (size_t)NAME_SHOWN_MAX), at);
			errno = EINVAL;
			return -1;
		}
		piece->functions[piece->n_functions++] = (enum function)i;
		at += len + 1;
	}
	return 0;
}

/* From {{ to }}. Returns what stands after it; NULL: it is wrong. */
static const char *
parse_value(struct piece *piece, const char *at, const char *end, char *why,
	size_t why_size)
{
	const char *close = memmem(at, (size_t)(end - at), "}}", 2);

	if (!close) {
		snprintf(why, why_size, "{{ without }}");
		errno = EINVAL;
		return NULL;
	}
	at += 2;
	const char *colon = memchr(at, ':', (size_t)(close - at));
	const char *name_end = colon ? colon : close;
	piece->has_value = true;
	piece->name = (struct fp_text){at, (size_t)(name_end - at)};
	bool has_space = memchr(at, ' ', piece->name.len) != NULL;
	if (has_space || memchr(at, '{', piece->name.len)) {
		snprintf(why, why_size,
			has_space ? "{{%.*s}}: in a name, a space is written "
				    "%%20, and there is none around it"
				  : "{{%.*s}} names no value",
			(int)FP_MIN(piece->name.len, (size_t)NAME_SHOWN_MAX),
			at);
		errno = EINVAL;
		return NULL;
	}
	if (colon && parse_functions(piece, colon + 1, close, why, why_size))
		return NULL;
	return close + 2;
}

static struct piece *
expand_add_piece(struct fp_expand *expand, struct fp_text literal)
{
	struct piece *pieces = realloc(expand->pieces,
		(expand->n_pieces + 1) * sizeof(expand->pieces[0]));

	if (!pieces)
		return NULL;
	expand->pieces = pieces;
	struct piece *piece = &pieces[expand->n_pieces++];
	*piece = (struct piece){.literal = literal};
	return piece;
}

static int
expand_parse(struct fp_expand *expand, char *why, size_t why_size)
{
	const char *at = fp_buf_text(&expand->text);
	const char *end = at + expand->text.len;
	const char *literal = at;

	while (at < end) {
		bool is_open = end - at >= 2 && at[0] == '{' && at[1] == '{';
		bool is_escape = end - at >= 3 && at[0] == '\\' &&
				 at[1] == '{' && at[2] == '{';
		if (!is_open && !is_escape) {
			at++;
			continue;
		}
		struct piece *piece = expand_add_piece(expand,
			(struct fp_text){literal, (size_t)(at - literal)});
		if (!piece)
			return -1;
		if (is_escape) {
			literal = at + 1;
			at += 3;
			continue;
		}
		at = parse_value(piece, at, end, why, why_size);
		if (!at)
			return -1;
		literal = at;
	}
	return expand_add_piece(expand,
		       (struct fp_text){literal, (size_t)(end - literal)})
		       ? 0
		       : -1;
}

struct fp_expand *
fp_expand_parse(const char *text, size_t len, char *why, size_t why_size)
{
	struct fp_expand *expand = calloc(1, sizeof(*expand));

	if (!expand)
		return NULL;
	if (fp_buf_add(&expand->text, text, len) ||
		expand_parse(expand, why, why_size)) {
		int err = errno;
		fp_expand_free(expand);
		errno = err;
		return NULL;
	}
	return expand;
}

struct fp_expand *
fp_expand_literal(const char *text, size_t len)
{
	struct fp_expand *expand = calloc(1, sizeof(*expand));

	if (!expand)
		return NULL;
	if (fp_buf_add(&expand->text, text, len) == 0 &&
		expand_add_piece(expand,
			(struct fp_text){fp_buf_text(&expand->text), len}))
		return expand;
	fp_expand_free(expand);
	errno = ENOMEM;
	return NULL;
}

bool
fp_expand_is_literal(const struct fp_expand *expand)
{
	for (size_t i = 0; i < expand->n_pieces; i++) {
		if (expand->pieces[i].has_value)
			return false;
	}
	return true;
}

struct fp_text
fp_expand_constant(const struct fp_expand *expand)
{
	return (struct fp_text){fp_buf_text(&expand->text), expand->text.len};
}

int
fp_expand_names(const struct fp_expand *expand,
	int (*each)(void *arg, struct fp_text name), void *arg)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < expand->n_pieces; i++) {
		if (expand->pieces[i].has_value)
			ret = each(arg, expand->pieces[i].name);
	}
	return ret;
}

bool
fp_expand_is_meant(const char *text, bool has_names)
{
	static const char digits[] = "0123456789";
	static const char of_names[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_.:%-";

	for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{')) {
		const char *end = at + 1 + strspn(at + 1, of_names);
		bool is_double = at > text && at[-1] == '{' && end[0] == '}' &&
				 end[1] == '}';
		bool is_number = at[1 + strspn(at + 1, digits)] == '}';
		if (*end == '}' && (is_number || is_double || has_names))
			return true;
	}
	return false;
}

/* ---- functions ---- */

static struct fp_text
expand_trim(struct fp_text text)
{
	while (text.len > 0 && fp_ascii_is_space(text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && fp_ascii_is_space(text.data[text.len - 1]))
		text.len--;
	return text;
}

static int
add_json(struct fp_buf *out, struct fp_text text)
{
	static const char shorts[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		const char *at = c ? strchr(shorts, c) : NULL;
		int ret;

		if (at)
			ret = fp_buf_printf(out, "\\%c", letters[at - shorts]);
		else if (c < 0x20)
			ret = fp_buf_printf(out, "\\u%04x", c);
		else
			ret = fp_buf_add_char(out, text.data[i]);
		if (ret)
			return -1;
	}
	return 0;
}

static int
add_url(struct fp_buf *out, struct fp_text text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		bool keeps = fp_ascii_is_alnum((char)c) || c == '-' ||
			     c == '.' || c == '_' || c == '~';
		if (keeps ? fp_buf_add_char(out, text.data[i])
			  : fp_buf_printf(out, "%%%02X", c))
			return -1;
	}
	return 0;
}

static int
add_b64(struct fp_buf *out, struct fp_text text)
{
	return fp_base64_encode(text.data, text.len, out);
}

/* ---- filling in ---- */

/* A value while functions are applied to it. */
struct expand_value {
	struct fp_text text; /* data NULL: there is none */
	bool is_text; /* or else an array or object */
	bool is_bare; /* JSON has it without quotes */
};

static int
add_tojson(struct fp_buf *out, const struct expand_value *value)
{
	if (!value->text.data)
		return fp_buf_add(out, "null", 4);
	if (value->is_bare)
		return fp_buf_add(out, value->text.data, value->text.len);
	return fp_buf_add_char(out, '"') || add_json(out, value->text) ||
			       fp_buf_add_char(out, '"')
		       ? -1
		       : 0;
}

/* As in the template, a name may be percent-encoded. */
static bool
expand_is_name(struct fp_text own, struct fp_text name)
{
	return (own.len == name.len &&
		       memcmp(own.data, name.data, name.len) == 0) ||
	       fp_ascii_is_encoded(name.data, name.len, own.data, own.len);
}

/* The value of a name. */
static struct expand_value
expand_find(const struct fp_item *item, struct fp_text name)
{
	struct expand_value found = {.is_text = true};

	if (name.len == 0) {
		found.text = item->input;
		return found;
	}
	for (size_t i = 0; i < item->n_values; i++) {
		const struct fp_value *value = &item->values[i];
		if (!expand_is_name(value->name, name))
			continue;
		found.is_text = value->type == FP_VALUE_STRING;
		if (!found.is_text || value->n_texts == 0)
			continue;
		found.text = value->texts[0];
		found.is_bare = value->is_bare;
		break;
	}
	return found;
}

static int
expand_apply(enum function function, const struct expand_value *value,
	struct fp_buf *out)
{
	switch (function) {
	case JSON:
		return add_json(out, value->text);
	case URL:
		return add_url(out, value->text);
	case B64:
		return add_b64(out, value->text);
	default:
		return add_tojson(out, value);
	}
}

static int
expand_add_value(const struct piece *piece, struct expand_value value,
	struct fp_buf *out)
{
	struct fp_buf now = FP_BUF_INIT, next = FP_BUF_INIT;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < piece->n_functions; i++) {
		enum function function = piece->functions[i];
		if (function == TRIM) {
			value.text = expand_trim(value.text);
			continue;
		}
		fp_buf_clear(&next, SIZE_MAX);
		ret = expand_apply(function, &value, &next);
		struct fp_buf swap = now;
		now = next;
		next = swap;
		value = (struct expand_value){
			.text = {fp_buf_text(&now), now.len}};
	}
	if (ret == 0)
		ret = fp_buf_add(out, value.text.data, value.text.len);
	fp_buf_destroy(&now);
	fp_buf_destroy(&next);
	return ret;
}

int
fp_expand_fill(const struct fp_expand *expand, const struct fp_item *item,
	struct fp_text optional, struct fp_buf *out, char *why, size_t why_size)
{
	for (size_t i = 0; i < expand->n_pieces; i++) {
		const struct piece *piece = &expand->pieces[i];

		if (fp_buf_add(out, piece->literal.data, piece->literal.len))
			return -1;
		if (!piece->has_value)
			continue;
		struct expand_value value = expand_find(item, piece->name);
		bool may_miss = optional.len > 0 && value.is_text &&
				expand_is_name(optional, piece->name);
		if (!value.text.data && !may_miss) {
			snprintf(why, why_size, "%s {{%.*s}}",
				value.is_text ? "no value for"
					      : "an array or object instead of "
						"text for",
				(int)FP_MIN(piece->name.len,
					(size_t)NAME_SHOWN_MAX),
				piece->name.data);
			errno = EINVAL;
			return -1;
		}
		if (expand_add_value(piece, value, out))
			return -1;
	}
	return 0;
}
