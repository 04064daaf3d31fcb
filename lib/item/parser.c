/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "fetchpool.h"

#include "buf.h"
#include "jsonitem.h"

#include <errno.h>

struct fp_parser {
	struct fp_jsonitem item;
	struct fp_buf shown; /* the line, but for the headers' values */
};

/* Headers are where tokens stand: no record shows what an item's are. */
static int
hide_headers(struct fp_parser *parser, struct fp_text *line)
{
	struct fp_text secret = parser->item.secret;
	struct fp_buf *shown = &parser->shown;

	if (!secret.data || !line->data)
		return 0;
	size_t before = (size_t)(secret.data - line->data);
	size_t behind = before + secret.len;
	if (fp_buf_set(shown, line->data, before) ||
		fp_buf_add_text(shown, "\"***\"") ||
		fp_buf_add(shown, line->data + behind, line->len - behind))
		return -1;
	*line = (struct fp_text){shown->data, shown->len};
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
	if (hide_headers(parser, &item->input_json))
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
	item->body_is_json = from->body_is_json;
	return 0;
}
