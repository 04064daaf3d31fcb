/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "fetchpool.h"

#include "buf.h"
#include "jsonescape.h"
#include "jsonitem.h"
#include "jsonwalk.h"
#include "pen.h"

#include <errno.h>
#include <string.h>

#define SHOWN_KEEP_BYTES (1u << 20)

struct fp_parser {
	struct fp_jsonitem item;
	struct fp_buf shown; /* the line, but for the headers' values */
	struct fp_buf name; /* of a member, its escapes undone */
};

static int
write_shown(void *arg, const char *data, size_t len)
{
	return fp_buf_add(arg, data, len);
}

/* Whether a name, quotes included, is that of the headers. */
static bool
is_headers(struct fp_parser *parser, struct fp_text name)
{
	struct fp_text inside = {name.data + 1, name.len - 2};
	struct fp_buf *plain = &parser->name;

	if (memchr(inside.data, '\\', inside.len)) {
		fp_buf_clear(plain, SHOWN_KEEP_BYTES);
		if (fp_buf_reserve(plain, inside.len))
			return true;
		fp_jsonescape_undo(inside, plain);
		inside = (struct fp_text){plain->data, plain->len};
	}
	return inside.len == 7 && memcmp(inside.data, "headers", 7) == 0;
}

/* Writes the values of all members called "headers" as "***": those of an item;
 * or, of JSON that is none, at any depth. *done is how far the text was
 * written. */
static void
hide_in(struct fp_parser *parser, struct fp_pen *pen, struct fp_text json,
	bool is_item, const char **done)
{
	struct fp_jsonwalk walk;
	struct fp_text name, value;
	bool has_names = *json.data == '{';

	fp_jsonwalk_into(&walk, json);
	while (fp_jsonwalk_next(&walk, has_names ? &name : NULL, &value)) {
		if (has_names && is_headers(parser, name)) {
			fp_pen_bytes(pen, *done, (size_t)(value.data - *done));
			fp_pen_text(pen, "\"***\"");
			*done = value.data + value.len;
		} else if (!is_item && strchr("[{", *value.data)) {
			hide_in(parser, pen, value, false, done);
		}
	}
}

/* Headers are where tokens stand: no record shows what an item's are. Of a line
 * that is no JSON, nothing is shown from where they may begin. -1: no memory.
 */
static int
hide_headers(struct fp_parser *parser, struct fp_item *item)
{
	struct fp_text json = item->input_json;
	struct fp_buf *shown = &parser->shown;
	struct fp_pen pen;

	fp_buf_clear(shown, SHOWN_KEEP_BYTES);
	fp_pen_init(&pen, write_shown, shown);
	if (json.data) {
		const char *done = json.data;
		if (strchr("[{", *json.data))
			hide_in(parser, &pen, json, *json.data == '{', &done);
		if (done == json.data)
			return 0;
		fp_pen_bytes(&pen, done, json.len - (size_t)(done - json.data));
	} else {
		struct fp_text line = item->input;
		const char *from =
			line.len ? memmem(line.data, line.len, "headers", 7)
				 : NULL;
		const char *escape =
			line.len ? memmem(line.data, line.len, "\\u00", 4)
				 : NULL;
		if (!from || (escape && escape < from))
			from = escape;
		if (!from)
			return 0;
		fp_pen_text(&pen, "\"");
		fp_pen_inside(&pen, line.data, (size_t)(from - line.data));
		fp_pen_text(&pen, from == escape ? "***\"" : "headers***\"");
	}
	if (fp_pen_flush(&pen))
		return -1;
	item->input_json = (struct fp_text){shown->data, shown->len};
	return 0;
}

struct fp_parser *
fp_parser_new(void)
{
	struct fp_parser *parser = calloc(1, sizeof(*parser));

	if (parser && fp_jsonitem_init(&parser->item)) {
		fp_parser_free(parser);
		errno = ENOMEM;
		return NULL;
	}
	return parser;
}

void
fp_parser_free(struct fp_parser *parser)
{
	if (!parser)
		return;
	fp_jsonitem_destroy(&parser->item);
	fp_buf_destroy(&parser->shown);
	fp_buf_destroy(&parser->name);
	free(parser);
}

int
fp_parser_parse(struct fp_parser *parser, const char *line, size_t len,
	struct fp_item *item)
{
	const struct fp_jsonitem *from = &parser->item;

	if (fp_jsonitem_parse(&parser->item, line, len) && errno == ENOMEM)
		return -1;
	*item = (struct fp_item){
		.input = {line, len},
		.input_json = from->line,
		.fault = from->fault,
		.context = from->context,
		.is_json = true,
	};
	if (hide_headers(parser, item))
		return -1;
	if (from->fault)
		return 0;
	item->values = from->values;
	item->n_values = from->n_values;
	item->url = from->url;
	item->method = from->method;
	item->headers = from->headers;
	item->n_headers = from->n_headers;
	item->body = from->body;
	item->body_file = from->body_file;
	item->form = from->n_form ? from->form : NULL;
	item->n_form = from->n_form;
	item->body_is_json = from->body_is_json;
	return 0;
}
