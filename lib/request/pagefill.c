/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "pagefill.h"

#include <stdio.h>
#include <string.h>

static struct fp_text
pagefill_copy(char **to, struct fp_text text)
{
	struct fp_text copy = {*to, text.len};

	if (!text.data)
		return text;
	memcpy(*to, text.data, text.len);
	(*to)[text.len] = '\0';
	*to += text.len + 1;
	return copy;
}

/* All bytes that its texts hold, and a NUL behind each. */
static size_t
pagefill_count(const struct fp_item *made)
{
	size_t bytes = made->body.len + 1 + made->body_file.len + 1;

	for (size_t i = 0; i < made->n_headers; i++)
		bytes += made->headers[i].len + 1;
	for (size_t i = 0; i < made->n_form; i++) {
		const struct fp_formpart *part = &made->form[i];
		bytes += part->name.len + part->value.len + part->file.len +
			 part->type.len + part->filename.len + 5;
	}
	return bytes;
}

static void
pagefill_copy_form(
	char **to, struct fp_formpart *parts, const struct fp_item *made)
{
	for (size_t i = 0; i < made->n_form; i++) {
		const struct fp_formpart *from = &made->form[i];
		parts[i] = *from;
		parts[i].name = pagefill_copy(to, from->name);
		parts[i].value = pagefill_copy(to, from->value);
		parts[i].file = pagefill_copy(to, from->file);
		parts[i].type = pagefill_copy(to, from->type);
		parts[i].filename = pagefill_copy(to, from->filename);
	}
}

/* Keeps what was made in one block. */
static int
pagefill_keep(struct fp_chain *chain, const struct fp_item *made)
{
	struct fp_item *kept = &chain->next_item;

	free(chain->next_block);
	chain->next_block = malloc(made->n_form * sizeof(struct fp_formpart) +
				   made->n_headers * sizeof(struct fp_text) +
				   pagefill_count(made));
	if (!chain->next_block)
		return -1;
	struct fp_formpart *form = chain->next_block;
	struct fp_text *headers = (struct fp_text *)(form + made->n_form);
	char *at = (char *)(headers + made->n_headers);
	for (size_t i = 0; i < made->n_headers; i++)
		headers[i] = pagefill_copy(&at, made->headers[i]);
	*kept = (struct fp_item){
		.headers = headers,
		.n_headers = made->n_headers,
		.body_is_json = made->body_is_json,
		.form = made->form ? form : NULL,
		.n_form = made->n_form,
	};
	pagefill_copy_form(&at, form, made);
	kept->body = pagefill_copy(&at, made->body);
	kept->body_file = pagefill_copy(&at, made->body_file);
	return 0;
}

/* The item as it was submitted. Its values, in `values`, begin with the
 * variable. */
static struct fp_item
pagefill_ask(const struct fp_setup *setup, const struct fp_ticket *ticket,
	const struct fp_text *cursor, struct fp_value *values)
{
	const struct fp_chain *chain = ticket->chain;
	struct fp_item item = ticket->item;
	size_t n = 0;

	if (chain->has_cursor)
		values[n++] = (struct fp_value){
			.name = setup->next.name,
			.type = FP_VALUE_STRING,
			.texts = cursor,
			.n_texts = 1,
			.is_bare = chain->is_number,
		};
	for (size_t i = 0; i < item.n_values; i++)
		values[n++] = item.values[i];
	item.input = ticket->result.input;
	item.values = values;
	item.n_values = n;
	item.headers = chain->own.headers;
	item.n_headers = chain->own.n_headers;
	item.body = chain->own.body;
	item.body_file = chain->own.body_file;
	item.form = chain->own.form;
	item.n_form = chain->own.n_form;
	item.body_is_json = chain->own.body_is_json;
	return item;
}

int
fp_pagefill_make(struct fp_setup *setup, struct fp_ticket *ticket, char *why,
	size_t why_size)
{
	const struct fp_options *options = &setup->options;
	struct fp_chain *chain = ticket->chain;
	const struct fp_text cursor = {
		fp_buf_text(&chain->cursor), chain->cursor.len};
	struct fp_value *values =
		calloc(ticket->item.n_values + 1, sizeof(values[0]));

	if (!values)
		return -1;
	struct fp_item item = pagefill_ask(setup, ticket, &cursor, values);
	fp_mutex_lock(&setup->fill_lock);
	int ret = options->fill(options->fill_arg, &item);
	if (ret == 0 && item.fault) {
		snprintf(why, why_size, "%s", item.fault);
		ret = 1;
	} else if (ret == 0) {
		ret = pagefill_keep(chain, &item);
	}
	fp_mutex_unlock(&setup->fill_lock);
	free(values);
	return ret;
}
