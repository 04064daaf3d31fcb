/* SPDX-License-Identifier: MIT */
/*
 * jsonitemtest: gives lines to one struct fp_jsonitem, and shows what it made
 * of them.
 */
#ifndef FP_JSONITEMTEST_H
#define FP_JSONITEMTEST_H

#include "base.h"

#include "jsonitem.h"
#include "tap.h"

#include <errno.h>

static struct fp_jsonitem item;

/* The line in a block of just its size, which is gone when this returns. */
static inline int
parse(const char *line, size_t len)
{
	char *copy = calloc(1, FP_MAX(len, 1));

	if (!copy)
		abort();
	memcpy(copy, line, len);
	errno = 0;
	int ret = fp_jsonitem_parse(&item, copy, len);
	int err = errno;
	memset(copy, '!', len);
	free(copy);
	errno = err;
	return ret;
}

static inline void
show(struct fp_buf *out, const char *what, struct fp_text text)
{
	if (text.data)
		fp_buf_printf(
			out, "%s <%.*s>\n", what, (int)text.len, text.data);
}

static inline void
show_value(struct fp_buf *out, const struct fp_value *value)
{
	static const char *const types[] = {"", "list ", "map "};

	fp_buf_printf(out, "%s%.*s", types[value->type], (int)value->name.len,
		value->name.data);
	for (size_t i = 0; i < value->n_texts; i++)
		fp_buf_printf(out, " <%.*s>", (int)value->texts[i].len,
			value->texts[i].data);
	fp_buf_add_char(out, '\n');
}

/* What is in the item, in its own order; or what is wrong with it. */
static inline const char *
parsed(const char *line, size_t len)
{
	static struct fp_buf out;

	fp_buf_clear(&out, 100000);
	if (parse(line, len)) {
		CHECK(errno == EINVAL && item.fault && item.fault[0]);
		return item.fault;
	}
	CHECK(!item.fault && item.line.data);
	show(&out, "url", item.url);
	show(&out, "method", item.method);
	for (size_t i = 0; i < item.n_headers; i++) {
		show(&out, "header", item.headers[i]);
		CHECK(strlen(item.headers[i].data) == item.headers[i].len);
	}
	show(&out, item.body_is_json ? "json" : "body", item.body);
	show(&out, "context", item.context);
	for (size_t i = 0; i < item.n_values; i++)
		show_value(&out, &item.values[i]);
	return fp_buf_text(&out);
}

#define PARSED(line) parsed(line, sizeof(line) - 1)
#define IS(line, expected) CHECK_TEXT(PARSED(line), (expected))

#endif
