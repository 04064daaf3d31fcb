/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "itemfill.h"

#include "base64.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEEP_BYTES ((size_t)1 << 20)

/* Where a text is in the buffer, which may still move. */
struct part {
	size_t start, len;
};

void
fp_itemfill_init(struct fp_itemfill *fill, const struct fp_settings *settings)
{
	*fill = (struct fp_itemfill){.settings = settings};
}

void
fp_itemfill_destroy(struct fp_itemfill *fill)
{
	fp_buf_destroy(&fill->text);
	free(fill->headers);
	free(fill->form);
}

/* Fills one text in. 1: the item has a fault now; -1: no memory. */
static int
itemfill_add(struct fp_itemfill *fill, struct fp_item *item,
	const struct fp_expansion *expansion)
{
	char why[160];

	if (fp_expand_fill(expansion->text, item, fill->settings->page_name,
		    &fill->text, why, sizeof(why)) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	snprintf(fill->fault, sizeof(fill->fault), "%s", why);
	item->fault = fill->fault;
	return 1;
}

static int
itemfill_fail(struct fp_itemfill *fill, struct fp_item *item, const char *what,
	const char *why)
{
	snprintf(fill->fault, sizeof(fill->fault), "%s %s", what, why);
	item->fault = fill->fault;
	return 1;
}

/* ---- headers ---- */

/* Whether the item says itself what this header is to be. */
static bool
itemfill_has_header(const struct fp_item *item, const char *line)
{
	size_t len = strcspn(line, ":;");

	for (size_t i = 0; i < item->n_headers; i++) {
		struct fp_text own = item->headers[i];
		if (own.len > len && strncasecmp(own.data, line, len) == 0 &&
			(own.data[len] == ':' || own.data[len] == ';'))
			return true;
	}
	return false;
}

/* The line of a header is in the buffer, from `start` on. */
static int
itemfill_check_header(
	struct fp_itemfill *fill, struct fp_item *item, size_t start)
{
	const char *line = fp_buf_text(&fill->text) + start;
	char why[80];

	if (strlen(line) != fill->text.len - start)
		return itemfill_fail(fill, item,
			"--expand-header:", "the value contains a NUL byte");
	if (!fp_is_header(line, why, sizeof(why)))
		return itemfill_fail(
			fill, item, "--expand-header: the value", why);
	return 0;
}

/* "Authorization: Basic ..." of USER:PASS (RFC 7617). */
static int
add_login(struct fp_itemfill *fill, struct fp_item *item,
	const struct fp_expansion *expansion)
{
	struct fp_buf login = FP_BUF_INIT;
	size_t start = fill->text.len;
	int ret = itemfill_add(fill, item, expansion);

	if (ret == 0)
		ret = fp_buf_add(&login, fill->text.data + start,
			fill->text.len - start);
	fill->text.len = start;
	if (ret == 0)
		ret = fp_buf_add_text(&fill->text, "Authorization: Basic ");
	if (ret == 0)
		ret = fp_base64_encode(login.data, login.len, &fill->text);
	fp_buf_destroy(&login);
	return ret;
}

/* The item's headers, and behind them those in the buffer. */
static int
itemfill_join_headers(struct fp_itemfill *fill, struct fp_item *item,
	const struct part *parts, size_t n)
{
	size_t total = item->n_headers + n;

	if (n == 0)
		return 0;
	if (total > fill->n_room) {
		struct fp_text *headers = realloc(
			fill->headers, total * sizeof(fill->headers[0]));
		if (!headers)
			return -1;
		fill->headers = headers;
		fill->n_room = total;
	}
	for (size_t i = 0; i < item->n_headers; i++)
		fill->headers[i] = item->headers[i];
	for (size_t i = 0; i < n; i++)
		fill->headers[item->n_headers + i] = (struct fp_text){
			fill->text.data + parts[i].start, parts[i].len};
	item->headers = fill->headers;
	item->n_headers = total;
	return 0;
}

/* ---- a form ---- */

/* Fills in one text of a field. Until all are there, it is known by its place
 * in the buffer, which may move: data is then no more than not NULL. */
static int
fill_text(struct fp_itemfill *fill, struct fp_item *item,
	const struct fp_expand *text, struct fp_text *filled)
{
	const struct fp_expansion expansion = {.text = (void *)text};
	size_t start = fill->text.len;

	if (!text)
		return 0;
	int ret = itemfill_add(fill, item, &expansion);
	if (ret == 0)
		ret = fp_buf_add_char(&fill->text, '\0');
	*filled = (struct fp_text){"", fill->text.len - start - 1};
	return ret;
}

static int
fill_field(struct fp_itemfill *fill, struct fp_item *item,
	const struct fp_formfield *field, struct fp_formpart *part)
{
	struct fp_text *value = field->has_file ? &part->file : &part->value;
	static const char option[] = "--expand-form:";

	*part = (struct fp_formpart){
		.is_text = field->is_text, .is_trusted = field->is_trusted};
	int ret = fill_text(fill, item, field->name, &part->name);
	if (ret == 0 && part->name.len == 0)
		return itemfill_fail(
			fill, item, option, "the name of a field is empty");
	if (ret == 0)
		ret = fill_text(fill, item, field->value, value);
	if (ret == 0 && part->file.data) {
		const char *end = fill->text.data + fill->text.len - 1;
		if (part->file.len == 0)
			return itemfill_fail(fill, item, option,
				"the name of a file is empty");
		if (memchr(end - part->file.len, '\0', part->file.len))
			return itemfill_fail(fill, item, option,
				"the name of a file contains a NUL byte");
	}
	if (ret == 0)
		ret = fill_text(fill, item, field->type, &part->type);
	if (ret == 0)
		ret = fill_text(fill, item, field->filename, &part->filename);
	return ret;
}

/* The texts stand one behind the other in the buffer, which does not move any
 * more. */
static void
itemfill_point(struct fp_itemfill *fill, size_t start, size_t n)
{
	const char *at = fill->text.data + start;

	for (size_t i = 0; i < n; i++) {
		struct fp_formpart *part = &fill->form[i];
		struct fp_text *texts[] = {&part->name,
			part->file.data ? &part->file : &part->value,
			&part->type, &part->filename};
		for (size_t k = 0; k < FP_ARRAY_LEN(texts); k++) {
			if (!texts[k]->data)
				continue;
			texts[k]->data = at;
			at += texts[k]->len + 1;
		}
	}
}

static int
add_form(struct fp_itemfill *fill, struct fp_item *item)
{
	const struct fp_formfields *form = &fill->settings->form;
	int ret = 0;

	if (!fill->form)
		fill->form = calloc(form->n, sizeof(fill->form[0]));
	if (!fill->form)
		return -1;
	for (size_t i = 0; ret == 0 && i < form->n; i++)
		ret = fill_field(fill, item, &form->all[i], &fill->form[i]);
	return ret;
}

/* ---- the whole ---- */

static const char key_name[] = "Idempotency-Key:";

static bool
is_key(const char *line)
{
	return strncasecmp(line, key_name, sizeof(key_name) - 1) == 0;
}

/* A key that is the same for all makes a server drop all but the first. */
static bool
repeats_key(const struct fp_itemfill *fill, const struct fp_item *item)
{
	const struct fp_list *headers = &fill->settings->headers;
	const struct fp_expansions *filled = &fill->settings->expansions;

	if (!fill->has_item || itemfill_has_header(item, key_name))
		return false;
	for (size_t i = 0; i < headers->n; i++) {
		if (is_key(headers->texts[i]))
			return true;
	}
	for (size_t i = 0; i < filled->n; i++) {
		const struct fp_expand *text = filled->all[i].text;
		if (filled->all[i].what == FP_EXPAND_HEADER &&
			fp_expand_is_literal(text) &&
			is_key(fp_expand_constant(text).data))
			return true;
	}
	return false;
}

/* Ends a text with a NUL that is not part of it. */
static int
end_part(struct fp_itemfill *fill, struct part *part, size_t start)
{
	*part = (struct part){start, fill->text.len - start};
	return fp_buf_add_char(&fill->text, '\0');
}

/* One after another: data with "&" between, JSON as it is. */
static int
add_body(struct fp_itemfill *fill, struct fp_item *item, struct part *body,
	bool *has_some)
{
	const struct fp_expansions *all = &fill->settings->expansions;
	size_t start = fill->text.len;

	for (size_t i = 0; i < all->n; i++) {
		const struct fp_expansion *expansion = &all->all[i];
		bool is_json = expansion->what == FP_EXPAND_JSON;
		if (!is_json && expansion->what != FP_EXPAND_DATA)
			continue;
		if (*has_some && !is_json && fp_buf_add_char(&fill->text, '&'))
			return -1;
		int ret = itemfill_add(fill, item, expansion);
		if (ret)
			return ret;
		*has_some = true;
		item->body_is_json = is_json;
	}
	return *has_some ? end_part(fill, body, start) : 0;
}

/* The name of the file that is the body. */
static int
add_upload(struct fp_itemfill *fill, struct fp_item *item, struct part *file)
{
	const struct fp_expansions *all = &fill->settings->expansions;
	static const char option[] = "--expand-upload-file:";
	size_t start = fill->text.len;

	for (size_t i = 0; i < all->n; i++) {
		if (all->all[i].what != FP_EXPAND_UPLOAD)
			continue;
		int ret = itemfill_add(fill, item, &all->all[i]);
		if (ret == 0)
			ret = end_part(fill, file, start);
		if (ret == 0 && file->len == 0)
			ret = itemfill_fail(
				fill, item, option, "the value is empty");
		else if (ret == 0 &&
			 strlen(fill->text.data + start) != file->len)
			ret = itemfill_fail(fill, item, option,
				"the value contains a NUL byte");
		return ret;
	}
	return 0;
}

static int
itemfill_add_headers(struct fp_itemfill *fill, struct fp_item *item,
	struct part *parts, size_t *n)
{
	const struct fp_expansions *all = &fill->settings->expansions;

	for (size_t i = 0; i < all->n; i++) {
		const struct fp_expansion *expansion = &all->all[i];
		size_t start = fill->text.len;
		int ret;

		if (expansion->what == FP_EXPAND_HEADER)
			ret = itemfill_add(fill, item, expansion);
		else if (expansion->what == FP_EXPAND_USER)
			ret = add_login(fill, item, expansion);
		else
			continue;
		if (ret == 0)
			ret = end_part(fill, &parts[*n], start);
		if (ret == 0) {
			fill->text.len--;
			ret = itemfill_check_header(fill, item, start);
			fill->text.len++;
		}
		if (ret)
			return ret;
		if (!itemfill_has_header(item, fill->text.data + start))
			(*n)++;
	}
	return 0;
}

static int
itemfill_fill(struct fp_itemfill *fill, struct fp_item *item)
{
	struct part parts[FP_EXPANSIONS_MAX], body = {0, 0}, file = {0, 0};
	const struct fp_formfields *form = &fill->settings->form;
	size_t n = 0, form_start = 0;
	bool has_body = false;

	if (repeats_key(fill, item)) {
		item->fault = "the same Idempotency-Key for several items: "
			      "use --expand-header 'Idempotency-Key: {{}}'";
		return 0;
	}
	fill->has_item = true;
	fp_buf_clear(&fill->text, KEEP_BYTES);
	int ret = itemfill_add_headers(fill, item, parts, &n);
	if (ret == 0 && !item->body.data && !item->form)
		ret = add_body(fill, item, &body, &has_body);
	if (ret == 0 && !item->body.data && !item->body_file.data &&
		!item->form)
		ret = add_upload(fill, item, &file);
	bool has_form = form->expands && !item->body.data &&
			!item->body_file.data && !item->form;
	if (ret == 0 && has_form) {
		form_start = fill->text.len;
		ret = add_form(fill, item);
	}
	if (ret)
		return ret < 0 ? -1 : 0;
	if (has_form) {
		itemfill_point(fill, form_start, form->n);
		item->form = fill->form;
		item->n_form = form->n;
	}
	if (file.len > 0)
		item->body_file = (struct fp_text){
			fill->text.data + file.start, file.len};
	if (has_body)
		item->body = (struct fp_text){
			fill->text.data + body.start, body.len};
	return itemfill_join_headers(fill, item, parts, n);
}

int
fp_itemfill_fill(struct fp_itemfill *fill, struct fp_item *item)
{
	int ret = itemfill_fill(fill, item);

	fill->longest = FP_MAX(fill->longest, fill->text.len);
	return ret;
}

int
fp_itemfill_page(void *arg, struct fp_item *item)
{
	return fp_itemfill_fill(arg, item);
}
