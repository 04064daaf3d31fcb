/* SPDX-License-Identifier: MIT */
/*
 * What names a page is its URL, without a login, or the value of its variable,
 * with a letter before it: so it can be written down, and another run can go on
 * from there.
 *
 *	u, f	a URL; at the item's own origin, or at a foreign one
 *	c, d	the variable's value, a string; likewise
 *	n, m	the same, a number
 */
#include "base.h"

#include "nextpage.h"

#include "jsonescape.h"
#include "link.h"
#include "pagefill.h"
#include "redirect.h"
#include "response.h"
#include "units.h"
#include "url.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CURSOR_MAX FP_RESPONSE_LOCATION_MAX

/* ---- names ---- */

/* The URL without its userinfo and fragment. */
static int
add_bare_url(struct fp_buf *to, const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	size_t authority = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', authority);
	const char *from = at ? at + 1 : host;
	return fp_buf_add(to, url, (size_t)(host - url)) ||
			       fp_buf_add(to, from, strcspn(from, "#"))
		       ? -1
		       : 0;
}

static int
name_url(struct fp_buf *name, bool is_foreign, const char *url)
{
	return fp_buf_set(name, is_foreign ? "f" : "u", 1) ||
			       add_bare_url(name, url)
		       ? -1
		       : 0;
}

static int
name_cursor(struct fp_chain *chain)
{
	const struct fp_buf *cursor = &chain->cursor;
	const char *letters = chain->is_number ? "nm" : "cd";

	return fp_buf_set(&chain->name, letters + chain->is_next_foreign, 1) ||
			       fp_buf_add(&chain->name, fp_buf_text(cursor),
				       cursor->len)
		       ? -1
		       : 0;
}

/* A URL is the same page, whatever origin it counts for. */
static uint64_t
hash_name(const struct fp_buf *name)
{
	return fp_chain_hash(name->data + 1, name->len - 1);
}

/* ---- the next page ---- */

/* It is not to be fetched: it fails. */
static void FP_PRINTF(3, 4) nextpage_refuse(
	struct fp_chain *chain, enum fp_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(chain->why, sizeof(chain->why), format, args);
	va_end(args);
	chain->kind = kind;
}

/* The first page was not known by its name when it began: where the item's URL
 * leads is written as libcurl has it. -1: no memory. */
static int
see_first(struct fp_request *request)
{
	struct fp_ticket *ticket = request->ticket;
	struct fp_chain *chain = ticket->chain;
	struct fp_buf url = FP_BUF_INIT, bare = FP_BUF_INIT;
	struct fp_lead lead = {.what = "", .url = &url};
	struct fp_buf hop = ticket->trail.hop;
	int ret = -1;

	ticket->trail.hop = (struct fp_buf)FP_BUF_INIT;
	enum fp_kind kind = fp_redirect_resolve(request,
		(struct fp_text){ticket->url.data, ticket->url.len}, &lead);
	ticket->trail.hop = hop;
	const char *text = kind == FP_KIND_OK ? url.data : ticket->url.data;
	if (kind != FP_KIND_LOCAL && add_bare_url(&bare, text) == 0) {
		ticket->result.page_hash = fp_chain_hash(bare.data, bare.len);
		ret = fp_chain_see(chain, ticket->result.page_hash);
	}
	fp_buf_destroy(&url);
	fp_buf_destroy(&bare);
	return ret < 0 ? -1 : 0;
}

/* The next page has its URL and its name. -1: no memory. */
static int
nextpage_take(struct fp_request *request)
{
	struct fp_chain *chain = request->ticket->chain;

	if (!fp_request_show(&chain->next_url, &chain->next_shown))
		return -1;
	chain->next_hash = hash_name(&chain->name);
	int is_new = fp_chain_see(chain, chain->next_hash);
	if (is_new < 0)
		return -1;
	if (chain->kind != FP_KIND_OK)
		return 0;
	if (is_new == 0)
		nextpage_refuse(chain, FP_KIND_PAGE,
			"this page was seen before: the pages would never end");
	else if (chain->page >= request->setup->max_pages)
		nextpage_refuse(chain, FP_KIND_PAGE,
			"more than %" PRIu64 " pages",
			request->setup->max_pages);
	return 0;
}

/* A URL or a reference leads there. */
static int
lead_to(struct fp_request *request, struct fp_text reference)
{
	struct fp_chain *chain = request->ticket->chain;
	struct fp_lead lead = {
		.what = "next page",
		.kind = FP_KIND_PAGE,
		.url = &chain->next_url,
	};

	if (chain->page == 1 && see_first(request))
		return -1;
	enum fp_kind kind = fp_redirect_resolve(request, reference, &lead);
	if (kind == FP_KIND_LOCAL)
		return -1;
	chain->is_next_foreign = lead.is_foreign;
	if (kind != FP_KIND_OK)
		nextpage_refuse(chain, kind, "%s", lead.why);
	else if (chain->next_url.len > CURSOR_MAX)
		nextpage_refuse(chain, FP_KIND_PAGE,
			"next page to a URL longer than %d bytes", CURSOR_MAX);
	if (chain->next_url.len > CURSOR_MAX)
		fp_buf_clear(&chain->next_url, 0);
	return name_url(&chain->name, lead.is_foreign,
		       fp_buf_text(&chain->next_url)) ||
			       nextpage_take(request)
		       ? -1
		       : 0;
}

static bool
nextpage_is_same_origin(const struct fp_buf *a, const struct fp_buf *b)
{
	char of_a[FP_ORIGIN_MAX], of_b[FP_ORIGIN_MAX];

	fp_url_origin(fp_buf_text(a), of_a);
	fp_url_origin(fp_buf_text(b), of_b);
	return strcmp(of_a, of_b) == 0;
}

/* The next page's request has the variable's new value. */
static int
nextpage_fill(struct fp_request *request)
{
	struct fp_chain *chain = request->ticket->chain;
	char why[200];

	if (!request->setup->options.fill)
		return 0;
	int ret = fp_pagefill_make(
		request->setup, request->ticket, why, sizeof(why));
	if (ret > 0)
		nextpage_refuse(chain, FP_KIND_INPUT, "next page: %s", why);
	return ret < 0 ? -1 : 0;
}

/* The variable has its new value. */
static int
count_on(struct fp_request *request)
{
	struct fp_ticket *ticket = request->ticket;
	struct fp_chain *chain = ticket->chain;
	struct fp_request_why why;

	chain->has_cursor = true;
	enum fp_kind kind = fp_request_url(request, &chain->next_url, &why);
	if (kind == FP_KIND_LOCAL)
		return -1;
	if (kind != FP_KIND_OK) {
		nextpage_refuse(chain, kind, "next page: %s", why.text);
		fp_buf_clear(&chain->next_url, 1024);
	}
	chain->is_next_foreign =
		ticket->trail.is_foreign ||
		!nextpage_is_same_origin(&ticket->url, &chain->next_url);
	if (chain->kind == FP_KIND_OK && nextpage_fill(request))
		return -1;
	return name_cursor(chain) || nextpage_take(request) ? -1 : 0;
}

/* ---- what the answer says ---- */

/* What it says cannot be understood. */
static enum fp_kind FP_PRINTF(3, 4)
	nextpage_puzzle(char *why, size_t why_size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, why_size, format, args);
	va_end(args);
	return FP_KIND_PAGE;
}

static enum fp_kind
follow_link(struct fp_request *request, struct fp_text links, char *why,
	size_t why_size)
{
	struct fp_ticket *ticket = request->ticket;
	struct fp_text target;

	switch (fp_link_find(links, "next", &target)) {
	case FP_LINK_NONE:
		return FP_KIND_OK;
	case FP_LINK_TWO:
		return nextpage_puzzle(
			why, why_size, "the Link header names two next pages");
	case FP_LINK_MALFORMED:
		return nextpage_puzzle(
			why, why_size, "the Link header is malformed");
	case FP_LINK_ONE:
		break;
	}
	ticket->chain->turns = true;
	return lead_to(request, target) ? FP_KIND_LOCAL : FP_KIND_OK;
}

static bool
is_nothing(const struct fp_jsontaken *taken)
{
	return taken->type == FP_JSONTAKE_ABSENT ||
	       taken->type == FP_JSONTAKE_NULL ||
	       taken->type == FP_JSONTAKE_FALSE || taken->is_empty;
}

/* Whether a value says that there is no next page. An empty array or object is
 * no such value. */
static bool
is_no_page(const struct fp_jsontaken *taken)
{
	return is_nothing(taken) && taken->type != FP_JSONTAKE_ARRAY &&
	       taken->type != FP_JSONTAKE_OBJECT;
}

/* Whether this is a page with nothing in it. */
static bool
is_last(const struct fp_setup *setup, const struct fp_jsontake *take)
{
	if (setup->take.until < 0)
		return false;
	return !take ||
	       is_nothing(fp_jsontake_get(take, (size_t)setup->take.until));
}

/* The string or number in words of its own. 1: `why` says what is wrong. */
static int
nextpage_take_text(const struct fp_jsontaken *taken, const char *pointer,
	struct fp_buf *to, char *why, size_t why_size)
{
	struct fp_text inside = {fp_buf_text(&taken->text), taken->text.len};
	const char *wrong = NULL;

	fp_buf_clear(to, 1024);
	if (!taken->is_too_long && fp_buf_reserve(to, inside.len))
		return -1;
	if (!taken->is_too_long && taken->type == FP_JSONTAKE_NUMBER)
		fp_buf_add(to, inside.data, inside.len);
	else if (!taken->is_too_long)
		wrong = fp_jsonescape_undo(inside, to);
	if (taken->is_too_long || to->len > CURSOR_MAX)
		nextpage_puzzle(why, why_size,
			"the value at %s is longer than %d bytes", pointer,
			CURSOR_MAX);
	else if (wrong)
		nextpage_puzzle(
			why, why_size, "the string at %s %s", pointer, wrong);
	else
		return 0;
	return 1;
}

/* A URL, or the value of a variable, in the body. */
static enum fp_kind
follow_value(struct fp_request *request, const struct fp_jsontaken *taken,
	char *why, size_t why_size)
{
	const struct fp_nextrule *rule = &request->setup->next;
	struct fp_chain *chain = request->ticket->chain;
	bool is_url = rule->how == FP_NEXT_URL;
	struct fp_buf url = FP_BUF_INIT;

	if (is_no_page(taken))
		return FP_KIND_OK;
	if (taken->type != FP_JSONTAKE_STRING &&
		(is_url || taken->type != FP_JSONTAKE_NUMBER))
		return nextpage_puzzle(why, why_size,
			"the value at %s is %s, not %s", rule->pointer,
			fp_jsontake_type_words(taken->type),
			is_url ? "a URL" : "a string or a number");
	int ret = nextpage_take_text(taken, rule->pointer,
		is_url ? &url : &chain->cursor, why, why_size);
	if (ret == 0) {
		chain->turns = true;
		chain->is_number = taken->type == FP_JSONTAKE_NUMBER;
		ret = is_url ? lead_to(request,
				       (struct fp_text){
					       fp_buf_text(&url), url.len})
			     : count_on(request);
	}
	fp_buf_destroy(&url);
	return ret < 0 ? FP_KIND_LOCAL : ret > 0 ? FP_KIND_PAGE : FP_KIND_OK;
}

/* The variable goes up; after the highest number there is no page. */
static enum fp_kind
follow_count(struct fp_request *request, char *why, size_t why_size)
{
	const struct fp_nextrule *rule = &request->setup->next;
	struct fp_chain *chain = request->ticket->chain;
	uint64_t now = 0;

	if (fp_units_digits(chain->cursor.data, chain->cursor.len, &now) ||
		now > UINT64_MAX - rule->step) {
		snprintf(why, why_size,
			"the number of the next page is too large");
		return FP_KIND_PAGE;
	}
	fp_buf_clear(&chain->cursor, 1024);
	if (fp_buf_printf(&chain->cursor, "%" PRIu64, now + rule->step))
		return FP_KIND_LOCAL;
	chain->turns = true;
	return count_on(request) ? FP_KIND_LOCAL : FP_KIND_OK;
}

static enum fp_kind
find_next(struct fp_request *request, const struct fp_nextpage_answer *answer,
	char *why, size_t why_size)
{
	const struct fp_setup *setup = request->setup;

	if (is_last(setup, answer->take))
		return FP_KIND_OK;
	switch (setup->next.how) {
	case FP_NEXT_LINK:
		return follow_link(request, answer->links, why, why_size);
	case FP_NEXT_URL:
	case FP_NEXT_CURSOR:
		if (!answer->take)
			return FP_KIND_OK;
		return follow_value(request,
			fp_jsontake_get(answer->take, (size_t)setup->take.next),
			why, why_size);
	case FP_NEXT_COUNT:
		return follow_count(request, why, why_size);
	default:
		return FP_KIND_OK;
	}
}

enum fp_kind
fp_nextpage_find(struct fp_request *request,
	const struct fp_nextpage_answer *answer, char *why, size_t why_size)
{
	struct fp_chain *chain = request->ticket->chain;

	chain->turns = false;
	chain->kind = FP_KIND_OK;
	fp_buf_clear(&chain->next_url, 1024);
	enum fp_kind kind = find_next(request, answer, why, why_size);
	if (kind == FP_KIND_LOCAL)
		snprintf(why, why_size, "%s", FP_OUT_OF_MEMORY);
	if (kind != FP_KIND_OK)
		chain->turns = false;
	return kind;
}

/* ---- the beginning ---- */

/* The first number is the item's own, if it has one. */
static int
begin_count(const struct fp_nextrule *rule, struct fp_ticket *ticket)
{
	struct fp_chain *chain = ticket->chain;
	const struct fp_item *item = &ticket->item;
	uint64_t first = rule->first;

	for (size_t i = 0; i < item->n_values; i++) {
		const struct fp_value *value = &item->values[i];
		if (value->name.len != rule->name.len ||
			memcmp(value->name.data, rule->name.data,
				rule->name.len) != 0 ||
			value->n_texts == 0)
			continue;
		if (value->type == FP_VALUE_STRING &&
			fp_units_digits(value->texts[0].data,
				value->texts[0].len, &first) == 0 &&
			first <= INT64_MAX)
			continue;
		fp_ticket_fail(ticket, FP_KIND_INPUT,
			"the first page is not a whole number");
		return 0;
	}
	chain->has_cursor = chain->is_number = true;
	return fp_buf_printf(&chain->cursor, "%" PRIu64, first);
}

/* The pages before are seen, and the next one has its name. 1: that is none. */
static int
begin_later(const struct fp_setup *setup, struct fp_chain *chain,
	const struct fp_item *item)
{
	struct fp_text name = item->next_page;
	bool has_url = setup->next.how == FP_NEXT_LINK ||
		       setup->next.how == FP_NEXT_URL;

	if (name.len == 0 || item->page >= INT64_MAX ||
		!memchr(has_url ? "ufuf" : "cdnm", name.data[0], 4))
		return 1;
	for (size_t i = 0; i < item->n_seen; i++) {
		if (fp_chain_see(chain, item->seen[i]) < 0)
			return -1;
	}
	if (fp_buf_set(&chain->name, name.data, name.len))
		return -1;
	chain->page = item->page + 1;
	chain->next_hash = hash_name(&chain->name);
	chain->is_next_foreign = memchr("fdm", name.data[0], 3) != NULL;
	chain->is_number = memchr("nm", name.data[0], 2) != NULL ||
			   setup->next.how == FP_NEXT_COUNT;
	if (fp_chain_see(chain, chain->next_hash) < 0)
		return -1;
	if (has_url)
		return 0;
	chain->has_cursor = true;
	return fp_buf_set(&chain->cursor, name.data + 1, name.len - 1);
}

static int
begin_at_later(struct fp_setup *setup, struct fp_ticket *ticket,
	const struct fp_item *item)
{
	struct fp_chain *chain = ticket->chain;
	int ret = begin_later(setup, chain, item);

	if (ret < 0)
		return -1;
	ticket->result.page = chain->page;
	ticket->result.page_hash = chain->next_hash;
	if (ret > 0)
		fp_ticket_fail(ticket, FP_KIND_INPUT,
			"the journal's next page does not fit --next");
	else if (item->page >= setup->max_pages) {
		nextpage_refuse(chain, FP_KIND_PAGE,
			"more than %" PRIu64 " pages", setup->max_pages);
		fp_ticket_fail(ticket, FP_KIND_PAGE, chain->why);
	}
	return 0;
}

/* The first request has what is filled in for its page. */
static int
begin_fill(struct fp_setup *setup, struct fp_ticket *ticket)
{
	char why[200];

	ticket->chain->own = ticket->item;
	int ret = fp_pagefill_make(setup, ticket, why, sizeof(why));
	if (ret > 0)
		fp_ticket_fail(ticket, FP_KIND_INPUT, why);
	else if (ret == 0)
		fp_chain_fill(ticket->chain, &ticket->item);
	return ret < 0 ? -1 : 0;
}

int
fp_nextpage_begin(struct fp_setup *setup, struct fp_ticket *ticket,
	const struct fp_item *item)
{
	int ret = 0;

	ticket->chain = fp_chain_new(&setup->memory);
	ticket->result.page = 1;
	if (!ticket->chain)
		return -1;
	if (item->page > 0)
		ret = begin_at_later(setup, ticket, item);
	else if (setup->next.how == FP_NEXT_COUNT)
		ret = begin_count(&setup->next, ticket);
	if (ret == 0 && setup->options.fill && !item->fault &&
		ticket->result.kind == FP_KIND_OK)
		ret = begin_fill(setup, ticket);
	return ret;
}

/* The item's own URL stays what origins are compared with. */
static enum fp_kind
locate_later(struct fp_request *request, struct fp_lead *lead)
{
	struct fp_ticket *ticket = request->ticket;
	struct fp_chain *chain = ticket->chain;

	lead->is_foreign = chain->is_next_foreign;
	if (chain->has_cursor)
		return fp_buf_set(lead->url, ticket->url.data, ticket->url.len)
			       ? FP_KIND_LOCAL
			       : FP_KIND_OK;
	enum fp_kind kind = fp_redirect_resolve(request,
		(struct fp_text){chain->name.data + 1, chain->name.len - 1},
		lead);
	lead->is_foreign |= chain->is_next_foreign;
	return kind;
}

bool
fp_nextpage_locate(struct fp_request *request)
{
	struct fp_ticket *ticket = request->ticket;
	struct fp_chain *chain = ticket->chain;
	struct fp_lead lead = {
		.what = "next page",
		.kind = FP_KIND_PAGE,
		.url = &chain->start,
		.why = FP_OUT_OF_MEMORY,
	};

	if (chain->page == 1)
		return true;
	enum fp_kind kind = locate_later(request, &lead);
	if (kind == FP_KIND_OK &&
		!fp_request_show(&chain->start, &ticket->shown_url))
		kind = FP_KIND_LOCAL;
	if (kind != FP_KIND_OK) {
		fp_ticket_fail(ticket, kind, lead.why);
		return false;
	}
	ticket->result.url = ticket->shown_url.data;
	ticket->trail.is_foreign = chain->is_foreign = lead.is_foreign;
	return true;
}
