/* SPDX-License-Identifier: MIT */
/*
 * THE STAGES OF A TICKET
 *
 *	  .------------------------------------------------------------.
 *	  v                                                            |
 *	home --> taken -----------------------------> finished --> lent
 *	  ^        | |                                 ^   ^
 *	  '--------' v                                 |   |
 *	           fresh --> rests --------------------+   |
 *	             | |       |                           |
 *	             | |       v      (again)              |
 *	             | | .--> due <-----------.            |
 *	             | | |    | ^ |           |            |
 *	             | | |    v | '------> started --------'
 *	             | | |  waits <-----------'^
 *	             | '-+---------------------+
 *	             '->origin ----------------'
 *
 * Any of fresh, origin, waits and due may also be finished without a start: it
 * is refused, or the run is cancelled. What is looked at and cannot start goes
 * to its origin, or stays where it was.
 */
#include "base.h"

#include "ticket.h"

#include "outcome.h"
#include "secret.h"

#include <stdio.h>
#include <string.h>

/* A ticket waits with empty buffers of at most this much each, so that the
 * window's memory stays near what its items really hold. */
#define KEEP_BYTES 1024

#define TO(stage) (1U << FP_STAGE_##stage)

/* From each stage: those that may be next. */
static const unsigned stages_after[FP_STAGES] = {
	[FP_STAGE_HOME] = TO(TAKEN),
	[FP_STAGE_TAKEN] = TO(HOME) | TO(FRESH) | TO(FINISHED),
	[FP_STAGE_FRESH] =
		TO(ORIGIN) | TO(RESTS) | TO(STARTED) | TO(WAITS) | TO(FINISHED),
	[FP_STAGE_ORIGIN] = TO(ORIGIN) | TO(STARTED) | TO(WAITS) | TO(FINISHED),
	[FP_STAGE_WAITS] = TO(DUE) | TO(FINISHED),
	[FP_STAGE_DUE] =
		TO(ORIGIN) | TO(RESTS) | TO(STARTED) | TO(WAITS) | TO(FINISHED),
	[FP_STAGE_RESTS] = TO(DUE) | TO(FINISHED),
	[FP_STAGE_STARTED] = TO(DUE) | TO(WAITS) | TO(FINISHED),
	[FP_STAGE_FINISHED] = TO(LENT),
	[FP_STAGE_LENT] = TO(HOME),
};

void
fp_ticket_move(struct fp_ticket *ticket, enum fp_stage stage)
{
	FP_ASSERT(stages_after[ticket->stage] & (1U << stage));
	ticket->stage = stage;
}

/* ---- the copy of the item: structs first, then the bytes ---- */

struct block {
	struct fp_value *values;
	struct fp_formpart *form;
	struct fp_text *texts;
	char *bytes;
};

static size_t
count_texts(const struct fp_item *item)
{
	size_t n = item->n_headers;

	for (size_t i = 0; i < item->n_values; i++)
		n += item->values[i].n_texts;
	return n;
}

/* All bytes that the item's texts hold, and a NUL behind each. */
static size_t
count_bytes(const struct fp_item *item)
{
	size_t n = item->input_json.len + item->url.len + item->method.len +
		   item->body.len + item->body_file.len + item->context.len + 6;

	for (size_t i = 0; i < item->n_headers; i++)
		n += item->headers[i].len + 1;
	for (size_t i = 0; i < item->n_values; i++) {
		const struct fp_value *value = &item->values[i];
		n += value->name.len + 1;
		for (size_t k = 0; k < value->n_texts; k++)
			n += value->texts[k].len + 1;
	}
	for (size_t i = 0; i < item->n_form; i++) {
		const struct fp_formpart *part = &item->form[i];
		n += part->name.len + part->value.len + part->file.len +
		     part->type.len + part->filename.len + 5;
	}
	return n;
}

static struct fp_text
copy_text(struct block *block, struct fp_text text)
{
	struct fp_text copy = {block->bytes, text.len};

	if (!text.data)
		return text;
	memcpy(block->bytes, text.data, text.len);
	block->bytes[text.len] = '\0';
	block->bytes += text.len + 1;
	return copy;
}

static const struct fp_text *
copy_texts(struct block *block, const struct fp_text *texts, size_t n)
{
	struct fp_text *copies = block->texts;

	for (size_t i = 0; i < n; i++)
		copies[i] = copy_text(block, texts[i]);
	block->texts += n;
	return copies;
}

static const struct fp_formpart *
copy_form(struct block *block, const struct fp_formpart *form, size_t n)
{
	struct fp_formpart *copies = block->form;

	if (!form)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		copies[i] = form[i];
		copies[i].name = copy_text(block, form[i].name);
		copies[i].value = copy_text(block, form[i].value);
		copies[i].file = copy_text(block, form[i].file);
		copies[i].type = copy_text(block, form[i].type);
		copies[i].filename = copy_text(block, form[i].filename);
	}
	return copies;
}

static bool
is_only_input(const struct fp_item *item)
{
	return item->n_values == 0 && item->n_headers == 0 &&
	       !item->input_json.data && !item->url.data &&
	       !item->method.data && !item->body.data &&
	       !item->body_file.data && !item->form && !item->context.data;
}

int
fp_ticket_set(struct fp_ticket *ticket, const struct fp_item *item)
{
	struct fp_result *result = &ticket->result;
	struct fp_item *copy = &ticket->item;

	if (fp_buf_set(&ticket->input, item->input.data, item->input.len))
		return -1;
	result->input = (struct fp_text){
		fp_buf_text(&ticket->input), ticket->input.len};
	result->is_cut = item->is_cut;
	result->is_json = item->is_json;
	result->is_url = item->is_url;
	if (is_only_input(item))
		return 0;

	size_t n_texts = count_texts(item);
	size_t structs = item->n_values * sizeof(struct fp_value) +
			 item->n_form * sizeof(struct fp_formpart) +
			 n_texts * sizeof(struct fp_text);
	ticket->block = malloc(structs + count_bytes(item));
	if (!ticket->block)
		return -1;
	struct block block = {.values = ticket->block};
	block.form = (struct fp_formpart *)(block.values + item->n_values);
	block.texts = (struct fp_text *)(block.form + item->n_form);
	block.bytes = (char *)(block.texts + n_texts);

	*copy = *item;
	copy->values = block.values;
	for (size_t i = 0; i < item->n_values; i++) {
		const struct fp_value *from = &item->values[i];
		block.values[i] = *from;
		block.values[i].name = copy_text(&block, from->name);
		block.values[i].texts =
			copy_texts(&block, from->texts, from->n_texts);
	}
	copy->headers = copy_texts(&block, item->headers, item->n_headers);
	copy->url = copy_text(&block, item->url);
	copy->method = copy_text(&block, item->method);
	copy->body = copy_text(&block, item->body);
	copy->body_file = copy_text(&block, item->body_file);
	copy->form = copy_form(&block, item->form, item->n_form);
	copy->input_json = copy_text(&block, item->input_json);
	copy->context = copy_text(&block, item->context);
	result->input_json = copy->input_json;
	result->context = copy->context;
	return 0;
}

/* Copies a message, which may be libcurl's and hold a URL, without the
 * passwords in it. */
static int
mask(struct fp_buf *to, const char *text)
{
	if (fp_buf_set(to, "", 0))
		return -1;
	return fp_secret_add_shown(to, text, strlen(text), false);
}

/* Small bodies are not counted. */
static uint64_t
count_body(const struct fp_ticket *ticket)
{
	size_t cap = ticket->body.cap + ticket->headers.cap +
		     ticket->trail.cookies.cap + ticket->decoder_bytes +
		     ticket->head_bytes;

	return cap > FP_MEMORY_SMALL ? cap : 0;
}

bool
fp_ticket_has_room(
	struct fp_ticket *ticket, struct fp_memory *memory, uint64_t bytes)
{
	ticket->memory = memory;
	return fp_memory_has_room(memory, ticket->turn, bytes);
}

void
fp_ticket_charge(struct fp_ticket *ticket, struct fp_memory *memory)
{
	uint64_t now = count_body(ticket);

	if (FP_LIKELY(now <= ticket->charged))
		return;
	ticket->memory = memory;
	fp_memory_take(memory, now - ticket->charged);
	ticket->charged = now;
}

/* Gives back what it needs no more. Whoever goes on without room makes way, but
 * not as long as it `keeps_way`: then the next would go on beside it. */
static void
give_back(struct fp_ticket *ticket, bool keeps_way)
{
	uint64_t now = count_body(ticket);

	if (!ticket->memory || ticket->charged <= now)
		return;
	fp_memory_give(ticket->memory, keeps_way ? 0 : ticket->turn,
		ticket->charged - now);
	ticket->charged = now;
}

/* Of one part of what it holds there are so many bytes now. */
static void
ticket_hold(struct fp_ticket *ticket, struct fp_memory *memory, size_t *part,
	size_t bytes)
{
	*part = bytes;
	if (bytes > 0)
		fp_ticket_charge(ticket, memory);
	else
		give_back(ticket, count_body(ticket) > 0);
}

void
fp_ticket_hold_decoder(
	struct fp_ticket *ticket, struct fp_memory *memory, size_t bytes)
{
	ticket_hold(ticket, memory, &ticket->decoder_bytes, bytes);
}

void
fp_ticket_hold_head(
	struct fp_ticket *ticket, struct fp_memory *memory, size_t bytes)
{
	ticket_hold(ticket, memory, &ticket->head_bytes, bytes);
}

/* Whoever asked for room may have been chosen to go on without, and then have
 * taken nothing. */
static void
uncharge(struct fp_ticket *ticket)
{
	if (ticket->memory)
		fp_memory_give(ticket->memory, ticket->turn, ticket->charged);
	ticket->memory = NULL;
	ticket->charged = 0;
}

static void
drop_spool(struct fp_ticket *ticket)
{
	if (FP_LIKELY(!ticket->spool))
		return;
	fp_spool_free(ticket->spool);
	ticket->spool = NULL;
	ticket->result.is_body_mapped = false;
}

void
fp_ticket_drop_body(struct fp_ticket *ticket)
{
	ticket->keeps_body = false;
	fp_buf_clear(&ticket->body, 0);
	drop_spool(ticket);
	uncharge(ticket);
	ticket->result.body = (struct fp_text){NULL, 0};
	ticket->result.encoding = FP_BODY_NONE;
	ticket->result.is_body_cut = false;
	ticket->result.detail = NULL;
}

int
fp_ticket_spool(struct fp_ticket *ticket, const char *folder, bool *is_full)
{
	struct fp_buf *body = &ticket->body;

	*is_full = false;
	if (!ticket->spool)
		ticket->spool = fp_spool_new(folder);
	if (!ticket->spool)
		return -1;
	if (fp_spool_add(ticket->spool, fp_buf_text(body), body->len)) {
		*is_full = true;
		return -1;
	}
	body->len = 0;
	return 0;
}

int
fp_ticket_take_body(struct fp_ticket *ticket)
{
	struct fp_result *result = &ticket->result;
	struct fp_buf *body = &ticket->body;

	result->body = (struct fp_text){fp_buf_text(body), body->len};
	if (FP_LIKELY(!ticket->spool))
		return 0;
	if (fp_spool_add(ticket->spool, fp_buf_text(body), body->len) ||
		fp_spool_map(ticket->spool, &result->body.data))
		return -1;
	result->body.len = ticket->spool->len;
	result->is_body_mapped = true;
	fp_buf_clear(body, 0);
	return 0;
}

int
fp_ticket_unspool(struct fp_ticket *ticket, uint64_t most)
{
	int ret = 0;

	if (!ticket->spool)
		return 0;
	most = FP_MIN(most, (uint64_t)SIZE_MAX / 2);
	if (fp_ticket_spool(ticket, NULL, &(bool){false}) ||
		fp_spool_read(ticket->spool, (size_t)most, &ticket->body))
		ret = -1;
	if (ret)
		fp_buf_clear(&ticket->body, 0);
	drop_spool(ticket);
	return ret;
}

bool
fp_ticket_trim_body(struct fp_ticket *ticket, uint64_t most)
{
	struct fp_buf *body = &ticket->body;
	struct fp_buf rest = FP_BUF_INIT;

	if (body->len <= most)
		return false;
	if (fp_buf_set(&rest, body->data, (size_t)most))
		fp_buf_clear(&rest, 0);
	fp_buf_destroy(body);
	*body = rest;

	give_back(ticket, false);
	return true;
}

/* There is no detail where there is no memory to mask it. */
static void
show_detail(struct fp_ticket *ticket)
{
	struct fp_buf shown = FP_BUF_INIT;

	if (ticket->detail.len == 0)
		return;
	if (mask(&shown, ticket->detail.data)) {
		fp_buf_destroy(&shown);
		return;
	}
	fp_buf_destroy(&ticket->detail);
	ticket->detail = shown;
	ticket->result.detail = shown.data;
}

void
fp_ticket_carry_failed(
	struct fp_ticket *ticket, enum fp_body encoding, bool is_cut)
{
	show_detail(ticket);
	ticket->keeps_body = false;
	if (encoding == FP_BODY_NONE) {
		fp_buf_clear(&ticket->body, 0);
		uncharge(ticket);
		return;
	}
	ticket->result.encoding = encoding;
	ticket->result.body =
		(struct fp_text){fp_buf_text(&ticket->body), ticket->body.len};
	ticket->result.is_body_cut = is_cut;
}

void
fp_ticket_set_charset(struct fp_ticket *ticket, const char *charset)
{
	if (charset)
		snprintf(ticket->charset, sizeof(ticket->charset), "%s",
			charset);
	ticket->result.charset = charset ? ticket->charset : NULL;
}

void
fp_ticket_fail(struct fp_ticket *ticket, enum fp_kind kind, const char *message)
{
	ticket->result.kind = kind;
	if (!ticket->keeps_body)
		fp_ticket_drop_body(ticket);

	/* A message that finds no memory is replaced by one that needs none. */
	ticket->result.message = mask(&ticket->message, message)
					 ? FP_OUT_OF_MEMORY
					 : ticket->message.data;
}

void
fp_ticket_drop(struct fp_ticket *ticket)
{
	fp_ticket_fail(ticket, FP_KIND_STOPPED, "stopped before it finished");
}

struct fp_text
fp_ticket_target(const struct fp_ticket *ticket)
{
	const struct fp_buf *url =
		ticket->trail.hop.len ? &ticket->trail.hop : &ticket->url;

	if (FP_UNLIKELY(ticket->chain) && url == &ticket->url &&
		ticket->chain->start.len > 0)
		url = &ticket->chain->start;
	return (struct fp_text){fp_buf_text(url), url->len};
}

const char *
fp_ticket_url(const struct fp_ticket *ticket)
{
	return fp_ticket_target(ticket).data;
}

/* What a result says before anything is known. */
static void
clear_result(struct fp_ticket *ticket)
{
	ticket->result = (struct fp_result){
		.fetch_time_ns = -1,
		.size = -1,
		.encoding = FP_BODY_NONE,
		.ip = ticket->ip,
		.http_version = "",
		.time_connect_ns = -1,
		.time_first_byte_ns = -1,
		.try_ns = -1,
		.request_size = -1,
	};
	ticket->ip[0] = '\0';
}

void
fp_ticket_rewind(struct fp_ticket *ticket)
{
	struct fp_trail *trail = &ticket->trail;

	trail->hop.len = trail->hops.len = trail->hops_done = 0;
	trail->n_hops = 0;
	trail->is_foreign = ticket->chain && ticket->chain->is_foreign;
	trail->becomes_get = false;
	fp_buf_clear(&trail->cookies, 0);
}

/* The same, but for what the item is. */
static void
clear_outcome(struct fp_ticket *ticket)
{
	struct fp_result before = ticket->result;

	clear_result(ticket);
	ticket->result.seq = before.seq;
	ticket->result.input = before.input;
	ticket->result.input_json = before.input_json;
	ticket->result.is_cut = before.is_cut;
	ticket->result.is_json = before.is_json;
	ticket->result.is_url = before.is_url;
	ticket->result.context = before.context;
	ticket->result.page = before.page;
	ticket->result.page_hash = before.page_hash;
	fp_ticket_rewind(ticket);
	ticket->used_ns = 0;
	ticket->has_begun = false;
}

/* The last attempt goes to those before it. */
static int
keep_try(struct fp_ticket *ticket)
{
	struct fp_result *result = &ticket->result;
	size_t n = result->n_tries;

	/* Room for 1, 2, 4, 8, ... of them. */
	if ((n & (n - 1)) == 0) {
		size_t room = n ? 2 * n : 1;
		struct fp_try *more =
			realloc(ticket->tries, room * sizeof(*more));
		if (!more)
			return -1;
		ticket->tries = more;
	}
	ticket->tries[n] = (struct fp_try){
		.kind = result->kind,
		.status = result->status,
		.time_ns = result->try_ns,
		.wait_ns = ticket->again.wait_ns,
	};
	return 0;
}

int
fp_ticket_retry(struct fp_ticket *ticket)
{
	struct fp_result before = ticket->result;

	if (keep_try(ticket)) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return -1;
	}
	fp_buf_clear(&ticket->body, 0);
	drop_spool(ticket);
	uncharge(ticket);
	clear_outcome(ticket);
	ticket->result.url = before.url;
	ticket->result.attempts = before.attempts;
	ticket->result.started_wall_ns = before.started_wall_ns;
	ticket->result.tries = ticket->tries;
	ticket->result.n_tries = before.n_tries + 1;
	memcpy(ticket->result.spent_ns, before.spent_ns,
		sizeof(before.spent_ns));
	return 0;
}

static void
swap_buffers(struct fp_buf *a, struct fp_buf *b)
{
	struct fp_buf c = *a;

	*a = *b;
	*b = c;
}

/* A page's memory is counted as a whole: however many there are, the window
 * does not bound them. */
static void
charge_page(struct fp_ticket *page, struct fp_memory *memory)
{
	uint64_t now = sizeof(*page) + page->body.cap + page->headers.cap +
		       page->type.cap + page->url.cap + page->shown_url.cap;

	fp_memory_take(memory, now - FP_MIN(now, page->charged));
	page->charged = FP_MAX(now, page->charged);
	page->memory = memory;
}

int
fp_ticket_turn(struct fp_ticket *ticket, struct fp_ticket *page)
{
	struct fp_chain *chain = ticket->chain;
	struct fp_result *result = &page->result;
	char *name = strndup(fp_buf_text(&chain->name), chain->name.len);

	if (!name || (ticket->result.url == ticket->url.data &&
			     fp_buf_set(&page->url, ticket->url.data,
				     ticket->url.len))) {
		free(name);
		return -1;
	}
	*result = ticket->result;
	if (page->url.len > 0)
		result->url = page->url.data;
	memcpy(page->ip, ticket->ip, sizeof(page->ip));
	result->ip = page->ip;
	swap_buffers(&page->shown_url, &ticket->shown_url);
	swap_buffers(&page->final_url, &ticket->final_url);
	swap_buffers(&page->type, &ticket->type);
	swap_buffers(&page->headers, &ticket->headers);
	swap_buffers(&page->body, &ticket->body);
	page->spool = ticket->spool;
	ticket->spool = NULL;
	swap_buffers(&page->trail.hops, &ticket->trail.hops);
	memcpy(page->charset, ticket->charset, sizeof(page->charset));
	if (result->charset)
		result->charset = page->charset;
	page->tries = ticket->tries;
	page->turn = ticket->turn;
	page->of = ticket;
	page->next_page = name;
	result->next_page = (struct fp_text){name, chain->name.len};
	page->charged = ticket->charged;
	charge_page(page, chain->memory);
	ticket->tries = NULL;
	ticket->charged = 0;
	ticket->memory = NULL;

	fp_chain_turn(chain);
	fp_chain_fill(chain, &ticket->item);
	clear_outcome(ticket);
	swap_buffers(&ticket->shown_url, &chain->next_shown);
	ticket->result.url =
		ticket->shown_url.len > 0 ? ticket->shown_url.data : NULL;
	ticket->result.page = chain->page;
	ticket->result.page_hash = chain->next_hash;
	ticket->started_ns = 0;
	ticket->is_intended = ticket->is_rested = false;
	ticket->is_refused_head = false;
	ticket->n_short = ticket->n_excused = 0;
	ticket->start.unused_ns = 0;
	if (chain->kind != FP_KIND_OK) {
		ticket->again.how = FP_AGAIN_NO;
		fp_ticket_fail(ticket, chain->kind, chain->why);
	}
	return 0;
}

bool
fp_ticket_has_failed(const struct fp_ticket *ticket)
{
	return ticket->result.n_tries > 0 && !ticket->has_begun;
}

void
fp_ticket_fail_again(struct fp_ticket *ticket, const char *message)
{
	struct fp_result *result = &ticket->result;
	const struct fp_try *last = &ticket->tries[--result->n_tries];

	result->status = last->status;
	result->try_ns = last->time_ns;
	fp_ticket_fail(ticket, last->kind, message);
}

static void
clear_pages(struct fp_ticket *ticket)
{
	fp_chain_free(ticket->chain);
	ticket->chain = NULL;
	ticket->of = NULL;
	free(ticket->next_page);
	ticket->next_page = NULL;
}

int
fp_ticket_make_partial(struct fp_ticket *ticket, atomic_uint *n_open)
{
	struct fp_partial *partial = calloc(1, sizeof(*partial));

	if (!partial)
		return -1;
	partial->n_open = n_open;
	fp_outfile_init(&partial->file);
	ticket->partial = partial;
	return 0;
}

void
fp_ticket_drop_partial(struct fp_ticket *ticket)
{
	struct fp_partial *partial = ticket->partial;

	if (FP_LIKELY(!partial) || partial->file.fd < 0)
		return;
	fp_outfile_abort(&partial->file);
	atomic_fetch_sub(partial->n_open, 1);
}

static void
ticket_free_partial(struct fp_ticket *ticket)
{
	if (FP_LIKELY(!ticket->partial))
		return;
	if (ticket->partial->file.has_note) {
		fp_outfile_leave(&ticket->partial->file);
		atomic_fetch_sub(ticket->partial->n_open, 1);
	}
	fp_ticket_drop_partial(ticket);
	fp_buf_destroy(&ticket->partial->etag);
	fp_buf_destroy(&ticket->partial->modified);
	fp_buf_destroy(&ticket->partial->at);
	free(ticket->partial);
	ticket->partial = NULL;
}

void
fp_ticket_clear(struct fp_ticket *ticket)
{
	FP_ASSERT(!ticket->origin);
	ticket_free_partial(ticket);
	if (FP_UNLIKELY(ticket->chain || ticket->of))
		clear_pages(ticket);
	free(ticket->tries);
	ticket->tries = NULL;
	free(ticket->block);
	ticket->block = NULL;
	ticket->item = (struct fp_item){.input = {NULL, 0}};
	ticket->next = NULL;
	ticket->started_ns = 0;
	ticket->has_file = false;
	ticket->is_intended = false;
	ticket->keeps_body = false;
	ticket->start.unused_ns = 0;
	fp_buf_clear(&ticket->input, KEEP_BYTES);
	fp_buf_clear(&ticket->url, KEEP_BYTES);
	fp_buf_clear(&ticket->shown_url, KEEP_BYTES);
	fp_buf_clear(&ticket->final_url, KEEP_BYTES);
	fp_buf_clear(&ticket->type, KEEP_BYTES);
	fp_buf_clear(&ticket->headers, KEEP_BYTES);
	fp_buf_clear(&ticket->body, KEEP_BYTES);
	drop_spool(ticket);
	fp_buf_clear(&ticket->message, KEEP_BYTES);
	fp_buf_clear(&ticket->detail, 0);
	fp_buf_clear(&ticket->trail.hop, KEEP_BYTES);
	fp_buf_clear(&ticket->trail.hops, KEEP_BYTES);
	fp_ticket_rewind(ticket);
	ticket->is_refused_head = false;
	ticket->refused_token = 0;
	ticket->used_ns = 0;
	ticket->again = (struct fp_again){.how = FP_AGAIN_NO};
	ticket->is_rested = false;
	ticket->has_begun = false;
	ticket->n_short = 0;
	ticket->n_excused = 0;
	ticket->refused_ns = 0;
	ticket->is_doubted = ticket->is_test = false;
	ticket->n_refused = 0;
	uncharge(ticket);
	clear_result(ticket);
}

static void
ticket_free_condition(struct fp_condition *condition)
{
	if (!condition)
		return;
	fp_buf_destroy(&condition->etag);
	fp_buf_destroy(&condition->modified);
	fp_buf_destroy(&condition->at);
	fp_buf_destroy(&condition->new_etag);
	fp_buf_destroy(&condition->new_modified);
	fp_buf_destroy(&condition->date);
	free(condition);
}

void
fp_ticket_free(struct fp_ticket *ticket)
{
	if (!ticket)
		return;
	free(ticket->block);
	free(ticket->tries);
	free(ticket->next_page);
	fp_chain_free(ticket->chain);
	ticket_free_condition(ticket->condition);
	fp_buf_destroy(&ticket->trail.hop);
	fp_buf_destroy(&ticket->trail.cookies);
	fp_buf_destroy(&ticket->trail.hops);
	fp_buf_destroy(&ticket->input);
	fp_buf_destroy(&ticket->url);
	fp_buf_destroy(&ticket->shown_url);
	fp_buf_destroy(&ticket->final_url);
	fp_buf_destroy(&ticket->type);
	fp_buf_destroy(&ticket->headers);
	fp_buf_destroy(&ticket->body);
	fp_spool_free(ticket->spool);
	fp_buf_destroy(&ticket->message);
	fp_buf_destroy(&ticket->detail);
	free(ticket);
}

/* ---- lists ---- */

void
fp_ticket_append(struct fp_ticket_list *list, struct fp_ticket *ticket)
{
	ticket->next = NULL;
	*list->last = ticket;
	list->last = &ticket->next;
}

void
fp_ticket_prepend(struct fp_ticket_list *list, struct fp_ticket *ticket)
{
	ticket->next = list->first;
	if (!list->first)
		list->last = &ticket->next;
	list->first = ticket;
}

struct fp_ticket *
fp_ticket_pop(struct fp_ticket_list *list)
{
	struct fp_ticket *ticket = list->first;

	if (ticket) {
		list->first = ticket->next;
		if (!list->first)
			list->last = &list->first;
		ticket->next = NULL;
	}
	return ticket;
}

struct fp_ticket *
fp_ticket_pick(struct fp_ticket_list *list, uint64_t turn)
{
	for (struct fp_ticket **at = &list->first; *at; at = &(*at)->next) {
		struct fp_ticket *ticket = *at;
		if (ticket->turn != turn)
			continue;
		*at = ticket->next;
		if (!*at)
			list->last = at;
		ticket->next = NULL;
		return ticket;
	}
	return NULL;
}
