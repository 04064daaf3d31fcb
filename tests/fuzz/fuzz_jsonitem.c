/* SPDX-License-Identifier: MIT */
/*
 * Lines that are JSON items. An item is what its header promises: a request
 * that no value can break out of, JSON where JSON is said to be, UTF-8 all
 * over; and the minified line is the same item again. Nothing of a line before
 * it shows in it.
 *
 *	the line before it, a newline, the line
 */
#include "fuzzjson.h"

#include "headerline.h"
#include "jsonitem.h"

static void
holds_text(struct fp_text text)
{
	HOLDS(fp_utf8_valid(text.data, text.len));
	HOLDS(!memchr(text.data, '\0', text.len));
}

static void
check_header(struct fp_text header)
{
	const char *end = memchr(header.data, ':', header.len);
	bool is_empty = header.data[header.len - 1] == ';' && !end;

	HOLDS(header.data[header.len] == '\0');
	HOLDS(is_empty || end);
	size_t name_len =
		is_empty ? header.len - 1 : (size_t)(end - header.data);
	struct fp_text name = {header.data, name_len};
	HOLDS(fp_headerline_is_token(name));
	HOLDS(!fp_headerline_is_framing(name));
	holds_text(header);
	for (size_t i = 0; i < header.len; i++) {
		unsigned char c = (unsigned char)header.data[i];
		HOLDS(c == '\t' || (c >= 0x20 && c != 0x7f));
	}
}

static void
check_value(const struct fp_value *value)
{
	holds_text(value->name);
	HOLDS(value->type != FP_VALUE_STRING || value->n_texts == 1);
	HOLDS(value->type != FP_VALUE_MAP || value->n_texts % 2 == 0);
	for (size_t i = 0; i < value->n_texts; i++)
		holds_text(value->texts[i]);
}

static bool
is_within(struct fp_text part, struct fp_text whole)
{
	return part.data >= whole.data &&
	       part.data + part.len <= whole.data + whole.len;
}

static void
check_item(const struct fp_jsonitem *item)
{
	HOLDS(item->line.data && item->line.data[0] == '{');
	fuzz_holds_minified(item->line);
	if (item->context.data) {
		fuzz_holds_minified(item->context);
		HOLDS(is_within(item->context, item->line));
	}
	if (item->body.data && item->body_is_json)
		fuzz_holds_minified(item->body);
	else if (item->body.data)
		holds_text(item->body);
	if (item->method.data)
		HOLDS(fp_headerline_is_method(item->method));
	if (item->url.data)
		holds_text(item->url);
	for (size_t i = 0; i < item->n_headers; i++)
		check_header(item->headers[i]);
	for (size_t i = 0; i < item->n_values; i++) {
		check_value(&item->values[i]);
		for (size_t k = 0; k < i; k++)
			HOLDS(!fuzz_same_text(
				item->values[i].name, item->values[k].name));
	}
}

static void
holds_same_values(const struct fp_jsonitem *a, const struct fp_jsonitem *b)
{
	HOLDS(a->n_values == b->n_values);
	for (size_t i = 0; i < a->n_values; i++) {
		const struct fp_value *x = &a->values[i], *y = &b->values[i];
		HOLDS(fuzz_same_text(x->name, y->name));
		HOLDS(x->type == y->type && x->n_texts == y->n_texts);
		for (size_t k = 0; k < x->n_texts; k++)
			HOLDS(fuzz_same_text(x->texts[k], y->texts[k]));
	}
}

static void
holds_same(const struct fp_jsonitem *a, const struct fp_jsonitem *b)
{
	HOLDS(!a->fault == !b->fault);
	HOLDS(!a->fault || strcmp(a->fault, b->fault) == 0);
	HOLDS(!a->line.data == !b->line.data);
	HOLDS(fuzz_same_text(a->line, b->line));
	HOLDS(fuzz_same_text(a->context, b->context));
	if (a->fault)
		return;
	HOLDS(fuzz_same_text(a->url, b->url));
	HOLDS(fuzz_same_text(a->method, b->method));
	HOLDS(fuzz_same_text(a->body, b->body));
	HOLDS(a->body_is_json == b->body_is_json);
	HOLDS(a->n_headers == b->n_headers);
	for (size_t i = 0; i < a->n_headers; i++)
		HOLDS(fuzz_same_text(a->headers[i], b->headers[i]));
	holds_same_values(a, b);
}

/* The line is gone when it is looked at. */
static void
parse(struct fp_jsonitem *item, struct fp_text line)
{
	char *copy = fuzz_copy(line.data, line.len);
	int ret = fp_jsonitem_parse(item, copy, line.len);

	free(copy);
	HOLDS((ret == 0) == !item->fault);
}

/* What a program gets: the same item, and in its record no header. */
static void
check_parser(const struct fp_jsonitem *item, struct fp_text line)
{
	struct fp_parser *parser = fp_parser_new();
	struct fp_item got;

	HOLDS(parser &&
		fp_parser_parse(parser, line.data, line.len, &got) == 0);
	HOLDS(got.is_json && !got.fault == !item->fault);
	HOLDS(got.input_json.data || !item->line.data);
	if (got.input_json.data)
		fuzz_holds_minified(got.input_json);
	fp_parser_free(parser);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fp_text before = fuzz_until(&fuzz, '\n');
	struct fp_text line = fuzz_rest(&fuzz);
	struct fp_jsonitem item, again;

	HOLDS(fp_jsonitem_init(&item) == 0 && fp_jsonitem_init(&again) == 0);
	parse(&item, line);
	if (item.fault)
		HOLDS(item.fault[0] != '\0' &&
			fp_utf8_valid(item.fault, strlen(item.fault)));
	else
		check_item(&item);

	parse(&again, before);
	parse(&again, line);
	holds_same(&item, &again);
	if (item.line.data) {
		parse(&again, item.line);
		holds_same(&item, &again);
	}
	check_parser(&item, line);
	fp_jsonitem_destroy(&again);
	fp_jsonitem_destroy(&item);
	return 0;
}
