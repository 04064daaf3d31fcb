/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "request.h"

#include "ascii.h"
#include "bearer.h"
#include "condition.h"
#include "login.h"
#include "partial.h"
#include "secret.h"
#include "url.h"
#include "urlparse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The value of the variable that options.next sets for each page. */
static const struct fp_value *
look_up_page(struct fp_request *request)
{
	const struct fp_chain *chain = request->ticket->chain;

	if (!chain->has_cursor)
		return NULL;
	request->cursor = (struct fp_text){
		fp_buf_text(&chain->cursor), chain->cursor.len};
	request->page = (struct fp_value){
		.type = FP_VALUE_STRING,
		.texts = &request->cursor,
		.n_texts = 1,
	};
	return &request->page;
}

/* In the name of a file, {page} is the number of the page. */
static const struct fp_value *
look_up_number(struct fp_request *request)
{
	struct fp_chain *chain = request->ticket->chain;

	snprintf(chain->number, sizeof(chain->number), "%" PRIu64, chain->page);
	chain->number_text =
		(struct fp_text){chain->number, strlen(chain->number)};
	chain->number_value = (struct fp_value){
		.type = FP_VALUE_STRING,
		.texts = &chain->number_text,
		.n_texts = 1,
	};
	return &chain->number_value;
}

static bool
is_page_variable(const struct fp_request *request, struct fp_text name)
{
	const struct fp_nextrule *rule = &request->setup->next;

	return rule->name.len > 0 && rule->name.len == name.len &&
	       memcmp(rule->name.data, name.data, name.len) == 0;
}

/* The member of this name; or, as a template cannot say "full name", the one
 * that "full%20name" encodes (RFC 6570, section 2.3). */
static const struct fp_value *
look_up_value(const struct fp_item *item, struct fp_text name)
{
	for (size_t i = 0; i < item->n_values; i++) {
		struct fp_text own = item->values[i].name;
		if (own.len == name.len &&
			memcmp(own.data, name.data, name.len) == 0)
			return &item->values[i];
	}
	for (size_t i = 0;
		memchr(name.data, '%', name.len) && i < item->n_values; i++) {
		struct fp_text own = item->values[i].name;
		if (fp_ascii_is_encoded(name.data, name.len, own.data, own.len))
			return &item->values[i];
	}
	return NULL;
}

static const struct fp_value *
look_up(void *arg, struct fp_text name)
{
	struct fp_request *request = arg;
	const struct fp_ticket *ticket = request->ticket;
	bool is_page = is_page_variable(request, name);
	const struct fp_value *page = is_page ? look_up_page(request) : NULL;

	if (name.len == 0)
		return &request->line;
	if (FP_UNLIKELY(request->filename) && ticket->chain && name.len == 4 &&
		memcmp(name.data, "page", 4) == 0)
		return look_up_number(request);
	if (page)
		return page;
	const struct fp_value *value = look_up_value(&ticket->item, name);
	return value || !is_page ? value : &fp_uritemplate_missing;
}

/* Says what is wrong with a variable's value. */
static enum fp_kind
wrong_variable(
	struct fp_request_why *why, const char *what, struct fp_text name)
{
	snprintf(why->text, sizeof(why->text), "%s {%.*s}", what,
		(int)FP_MIN(name.len, 80), name.len ? name.data : "");
	return FP_KIND_INPUT;
}

static enum fp_kind
request_no_memory(struct fp_request_why *why)
{
	snprintf(why->text, sizeof(why->text), "%s", FP_OUT_OF_MEMORY);
	return FP_KIND_LOCAL;
}

/* A name is made from all of its template, however long that becomes: a hash
 * tells it from others. An fp_uritemplate_spill. */
static bool
add_to_name(void *arg, const char *text, size_t len)
{
	const struct fp_request *request = arg;

	return fp_filename_add(request->filename, text, len);
}

static enum fp_kind
request_expand(struct fp_request *request,
	const struct fp_uritemplate *template, struct fp_buf *out,
	struct fp_request_why *why)
{
	const struct fp_options *options = &request->setup->options;
	struct fp_uritemplate_gaps gaps;

	if (fp_uritemplate_expand(template, look_up, request, FP_URL_MAX,
		    request->filename ? add_to_name : NULL, out, &gaps))
		return errno == EINVAL ? wrong_variable(why,
						 "the value cannot be used for",
						 gaps.unfit)
				       : request_no_memory(why);
	if (gaps.undefined.data && options->undefined_fails)
		return wrong_variable(
			why, "the line has no value for", gaps.undefined);
	if (gaps.hole.data && options->empty_fails &&
		template == request->setup->template)
		return wrong_variable(
			why, "missing or empty value for", gaps.hole);
	return FP_KIND_OK;
}

bool
fp_request_expand_name(struct fp_request *request,
	const struct fp_uritemplate *template, struct fp_filename *name)
{
	struct fp_buf rest = FP_BUF_INIT;
	struct fp_request_why why;

	request->filename = name;
	enum fp_kind kind = request_expand(request, template, &rest, &why);
	request->filename = NULL;

	if (kind == FP_KIND_OK)
		fp_filename_add(name, fp_buf_text(&rest), rest.len);
	else
		fp_ticket_fail(request->ticket, kind, why.text);
	fp_buf_destroy(&rest);
	return kind == FP_KIND_OK;
}

/* The URL of the item, from its line or the template. */
static enum fp_kind
make_url(struct fp_request *request, struct fp_buf *out,
	struct fp_request_why *why)
{
	const struct fp_setup *setup = request->setup;
	const struct fp_ticket *ticket = request->ticket;
	struct fp_text input = ticket->result.input;
	struct fp_text url = ticket->item.url;
	int ret;

	if (url.data) {
		ret = fp_url_encode(url.data, url.len, out);
	} else if (ticket->item.input_json.data && !setup->template) {
		snprintf(why->text, sizeof(why->text),
			"no \"url\" member, and no template");
		return FP_KIND_INPUT;
	} else if (!setup->template ||
		   (setup->options.urls_pass &&
			   fp_is_url(input.data, input.len))) {
		ret = fp_url_encode(input.data, input.len, out);
	} else {
		enum fp_kind kind =
			request_expand(request, setup->template, out, why);
		if (kind != FP_KIND_OK)
			return kind;
		ret = 0;
	}
	if (ret == 0 && setup->signs)
		ret = fp_url_sign_path(out);
	return ret ? request_no_memory(why) : FP_KIND_OK;
}

const char *
fp_request_show(const struct fp_buf *url, struct fp_buf *shown)
{
	fp_buf_clear(shown, SIZE_MAX);
	if (fp_secret_add_shown(shown, fp_buf_text(url), url->len, true))
		return NULL;
	return fp_buf_text(shown);
}

/* What the record shows: the URL without its passwords. */
static bool
show_url(struct fp_ticket *ticket)
{
	const char *url = fp_buf_text(&ticket->url);
	struct fp_secret secret;
	size_t start, end;

	ticket->result.url = url;
	fp_secret_begin(&secret, url, ticket->url.len, true);
	if (!fp_secret_next(&secret, &start, &end))
		return true;
	ticket->result.url = fp_request_show(&ticket->url, &ticket->shown_url);
	if (!ticket->result.url)
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return ticket->result.url != NULL;
}

/* Whether the URL can be fetched: first by our rules, then by libcurl's. */
static enum fp_kind
check_url(const struct fp_request *request, const struct fp_buf *url,
	struct fp_request_why *why)
{
	const char *message = FP_OUT_OF_MEMORY;
	enum fp_kind kind = fp_url_check(fp_buf_text(url), url->len,
		request->setup->options.protocols, &message);

	if (kind != FP_KIND_OK) {
		snprintf(why->text, sizeof(why->text), "%s", message);
		return kind;
	}
	if (fp_url_is_plain(url->data, url->len))
		return FP_KIND_OK;
	CURLU *parsed = curl_url();
	CURLUcode code =
		parsed ? fp_urlparse_set(parsed, CURLUPART_URL, url->data, 0)
		       : CURLUE_OUT_OF_MEMORY;
	curl_url_cleanup(parsed);
	if (code == CURLUE_OUT_OF_MEMORY)
		return request_no_memory(why);
	if (code != CURLUE_OK) {
		snprintf(why->text, sizeof(why->text), "not a URL: %s",
			curl_url_strerror(code));
		return FP_KIND_INPUT;
	}
	return FP_KIND_OK;
}

enum fp_kind
fp_request_url(struct fp_request *request, struct fp_buf *out,
	struct fp_request_why *why)
{
	enum fp_kind kind = make_url(request, out, why);

	return kind == FP_KIND_OK ? check_url(request, out, why) : kind;
}

static void
take_ticket(struct fp_request *request, struct fp_ticket *ticket)
{
	request->ticket = ticket;
	request->line = (struct fp_value){
		.type = FP_VALUE_STRING,
		.texts = &ticket->result.input,
		.n_texts = 1,
	};
}

bool
fp_request_locate(struct fp_request *request, struct fp_ticket *ticket)
{
	struct fp_request_why why;

	take_ticket(request, ticket);
	enum fp_kind kind = make_url(request, &ticket->url, &why);
	if (kind == FP_KIND_OK && !show_url(ticket))
		return false;
	if (kind == FP_KIND_OK)
		kind = check_url(request, &ticket->url, &why);
	if (kind != FP_KIND_OK)
		fp_ticket_fail(ticket, kind, why.text);
	return kind == FP_KIND_OK;
}

/* ---- method, headers, body ---- */

void
fp_request_init(struct fp_request *request, struct fp_setup *setup)
{
	*request = (struct fp_request){.setup = setup};
	fp_target_init(&request->target);
	fp_upload_init(&request->upload);
}

void
fp_request_destroy(struct fp_request *request)
{
	curl_slist_free_all(request->headers);
	curl_slist_free_all(request->travelling);
	curl_slist_free_all(request->conditional);
	curl_slist_free_all(request->ranged);
	request->conditional = request->ranged = NULL;
	request->headers = request->travelling = NULL;
	fp_target_destroy(&request->target);
	fp_upload_destroy(&request->upload);
}

/* What an item asks with that says nothing of a method or a body. */
static const char *
default_method(const struct fp_request *request)
{
	bool is_check = request->setup->options.check != FP_CHECK_NONE;

	if (request->upload.is_there && !request->form &&
		!request->ticket->item.body_file.data)
		return "PUT";
	if (request->body.data)
		return "POST";
	return is_check && !request->ticket->is_refused_head ? "HEAD" : "GET";
}

/* The form that is the item's body, if one is. */
static void
choose_form(struct fp_request *request)
{
	const struct fp_options *options = &request->setup->options;
	const struct fp_item *item = &request->ticket->item;
	bool has_other = item->body.data || item->body_file.data;

	request->form = item->form;
	request->n_form = item->n_form;
	if (FP_UNLIKELY(options->form) && !item->form && !has_other) {
		request->form = options->form;
		request->n_form = options->n_form;
	}
}

/* The files that the item has as its body, if it has some. */
static bool
open_upload(struct fp_request *request)
{
	const struct fp_options *options = &request->setup->options;
	const struct fp_item *item = &request->ticket->item;
	bool is_own = item->body_file.data != NULL;
	const char *path = is_own ? item->body_file.data : options->upload_file;

	choose_form(request);
	if (FP_UNLIKELY(request->form)) {
		request->body = (struct fp_text){"", 0};
		fp_form_draw(request->boundary, options->seed,
			request->ticket->result.seq, request->form,
			request->n_form);
		return fp_form_make(&request->upload, request->ticket,
			request->form, request->n_form, request->boundary,
			options);
	}
	if (FP_LIKELY(!path) || (item->body.data && !is_own)) {
		fp_upload_close(&request->upload);
		return true;
	}
	request->body = (struct fp_text){"", 0};
	return fp_upload_open(
		&request->upload, request->ticket, path, options, !is_own);
}

uint64_t
fp_request_body_size(const struct fp_request *request)
{
	return request->upload.is_there ? (uint64_t)request->upload.size
					: request->body.len;
}

/* The method and the body that the options say. */
static bool
choose_method(struct fp_request *request)
{
	const struct fp_options *options = &request->setup->options;
	const struct fp_item *item = &request->ticket->item;

	request->body = options->data;
	if (options->data_line)
		request->body = request->ticket->result.input;
	if (item->body.data)
		request->body = item->body;
	if (!open_upload(request))
		return false;
	request->method = options->method;
	if (item->method.data)
		request->method = item->method.data;
	if (!request->method)
		request->method = default_method(request);
	request->first_method = request->method;
	if (!request->body.data || strcmp(request->method, "HEAD") != 0)
		return true;
	fp_ticket_fail(
		request->ticket, FP_KIND_INPUT, "HEAD requests have no body");
	return false;
}

/* Whether the item has a header of the same name as this line. */
static bool
is_replaced(const struct fp_item *item, const char *line)
{
	size_t len = strcspn(line, ":;");

	for (size_t i = 0; i < item->n_headers; i++) {
		struct fp_text other = item->headers[i];
		if (other.len > len &&
			strncasecmp(other.data, line, len) == 0 &&
			(other.data[len] == ':' || other.data[len] == ';'))
			return true;
	}
	return false;
}

static bool
request_append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

bool
fp_request_has_header(const struct fp_request *request, const char *name)
{
	const struct curl_slist *at =
		request->headers ? request->headers : request->setup->headers;
	size_t len = strlen(name);

	for (; at; at = at->next) {
		if (strncasecmp(at->data, name, len) == 0 &&
			(at->data[len] == ':' || at->data[len] == ';'))
			return true;
	}
	return false;
}

bool
fp_request_is_check(const struct fp_request *request)
{
	const struct fp_options *options = &request->setup->options;

	return options->check != FP_CHECK_NONE && !options->method &&
	       !request->ticket->item.method.data && !request->body.data;
}

bool
fp_request_ask_with_get(struct fp_request *request)
{
	struct fp_ticket *ticket = request->ticket;

	ticket->is_refused_head = true;
	fp_ticket_rewind(ticket);
	return fp_request_make(request, ticket);
}

/* Fields that say something about a body (RFC 9110, section 8). */
static bool
is_about_body(const char *line)
{
	static const char *const names[] = {"Content-Type", "Content-Encoding",
		"Content-Language", "Content-Location", "Content-Length",
		"Digest", "Expect"};
	size_t len = strcspn(line, ":;");

	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++) {
		if (strlen(names[i]) == len &&
			strncasecmp(names[i], line, len) == 0)
			return true;
	}
	return false;
}

bool
fp_request_drop_body(struct fp_request *request)
{
	const struct curl_slist *at =
		request->headers ? request->headers : request->setup->headers;
	struct curl_slist *rest = NULL;
	bool ok = true;

	request->body = (struct fp_text){NULL, 0};
	fp_upload_close(&request->upload);
	for (; ok && at; at = at->next) {
		if (!is_about_body(at->data))
			ok = request_append(&rest, at->data);
	}

	/* A list that is not there would stand for the one for all. */
	if (ok && !rest)
		ok = request_append(&rest, "Content-Type:");
	curl_slist_free_all(request->headers);
	request->headers = rest;
	return ok;
}

/* The type of the form: the user's own is to have its boundary, too. */
static bool
add_form_type(struct fp_request *request, const char *own)
{
	static const char multipart[] = "multipart/";
	char *line = NULL;
	const char *type = own ? own : "Content-Type: multipart/form-data";

	if (own && strcasestr(own, "boundary=")) {
		fp_ticket_fail(request->ticket, FP_KIND_INPUT,
			"the Content-Type of a form has a boundary already");
		return false;
	}
	const char *value = own ? strchr(own, ':') + 1 : NULL;
	if (value && strncasecmp(value + strspn(value, " \t"), multipart,
			     sizeof(multipart) - 1) != 0) {
		fp_ticket_fail(request->ticket, FP_KIND_INPUT,
			"the Content-Type of a form is not a multipart type");
		return false;
	}
	if (asprintf(&line, "%s; boundary=%s", type, request->boundary) < 0)
		return false;
	bool ok = request_append(&request->headers, line);
	free(line);
	return ok;
}

/* Takes over the headers that are for all items and not replaced by the item's
 * own, and then those; but of a form the type, into *type. */
static bool
join_lists(struct fp_request *request, const char **type)
{
	static const char name[] = "Content-Type:";
	const struct fp_item *item = &request->ticket->item;
	const struct curl_slist *at = request->setup->headers;
	bool ok = true;

	for (; ok && at; at = at->next) {
		if (is_replaced(item, at->data))
			continue;
		if (strncasecmp(at->data, name, sizeof(name) - 1) == 0) {
			*type = at->data;
			if (request->form)
				continue;
		}
		ok = request_append(&request->headers, at->data);
	}
	for (size_t i = 0; ok && i < item->n_headers; i++) {
		const char *line = item->headers[i].data;
		if (strncasecmp(line, name, sizeof(name) - 1) == 0) {
			*type = line;
			if (request->form)
				continue;
		}
		ok = request_append(&request->headers, line);
	}
	return ok;
}

/* The headers of an item that has some of its own: they take the place of
 * those that were given for all. false: no memory. */
static bool
request_make_headers(struct fp_request *request)
{
	static const char json[] = "Content-Type: application/json";
	const struct fp_item *item = &request->ticket->item;
	const char *type = NULL;

	curl_slist_free_all(request->headers);
	request->headers = NULL;
	bool has_body =
		item->body.data || item->body_file.data || request->form;
	if (item->n_headers == 0 && !has_body)
		return true;
	bool ok = join_lists(request, &type);
	if (ok && request->form)
		ok = add_form_type(request, type);
	else if (ok && item->body_is_json && !type)
		ok = request_append(&request->headers, json);
	if (ok && has_body && !request->setup->signs &&
		!is_replaced(item, "Expect:"))
		ok = request_append(&request->headers, "Expect:");
	/* Nobody knows what is in a file: libcurl would say, a form. */
	if (ok && item->body_file.data && !type)
		ok = request_append(
			&request->headers, fp_setup_file_type(request->setup));
	if (!ok && request->ticket->result.kind == FP_KIND_OK)
		fp_ticket_fail(
			request->ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return ok;
}

bool
fp_request_make(struct fp_request *request, struct fp_ticket *ticket)
{
	take_ticket(request, ticket);
	if (!choose_method(request) || !request_make_headers(request))
		return false;
	if (!ticket->trail.becomes_get)
		return true;
	request->method = "GET";
	if (fp_request_drop_body(request))
		return true;
	fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return false;
}

/* ---- the handle ---- */

/* A method of RFC 9110, section 9, as libcurl wants to be told of it. */
static CURLcode
apply_method(struct fp_request *request, CURL *easy)
{
	const char *method = request->method;
	bool is_get = strcmp(method, "GET") == 0;
	bool is_head = strcmp(method, "HEAD") == 0;
	bool is_post = strcmp(method, "POST") == 0;
	bool has_body = request->body.data || is_post;
	CURLcode code;

	if (is_get && !has_body && !request->has_method)
		return CURLE_OK;
	request->has_method = !is_get || has_body;
	code = fp_upload_apply(&request->upload, easy, request->has_upload);
	if (code != CURLE_OK)
		return code;
	request->has_upload = request->upload.is_there;

	/* This also takes back what was set for another method. */
	code = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (code == CURLE_OK && has_body) {
		const char *data = request->body.data;
		curl_off_t size = (curl_off_t)fp_request_body_size(request);
		if (request->upload.is_there)
			data = NULL;
		else if (!data)
			data = "";
		code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
		if (code == CURLE_OK)
			code = curl_easy_setopt(
				easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
		if (code == CURLE_OK)
			code = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, data);
	} else if (code == CURLE_OK && is_head) {
		code = curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	}
	/* It would judge a length that means nothing (RFC 9110, 9.3.2). */
	if (code == CURLE_OK)
		code = curl_easy_setopt(easy, CURLOPT_IGNORE_CONTENT_LENGTH,
			is_head && !has_body ? 1L : 0L);
	bool is_custom = has_body ? !is_post : !is_get && !is_head;
	if (code == CURLE_OK)
		code = curl_easy_setopt(
			easy, CURLOPT_CUSTOMREQUEST, is_custom ? method : NULL);
	return code;
}

/* Headers and credentials are for the origin that the user named. */
static CURLcode
apply_secrets(struct fp_request *request, CURL *easy)
{
	const struct fp_setup *setup = request->setup;
	bool hide = request->ticket->trail.is_foreign &&
		    !setup->options.location_trusted;
	struct curl_slist *headers = setup->headers;

	if (hide && request->headers) {
		curl_slist_free_all(request->travelling);
		request->travelling = NULL;
		if (fp_setup_select_headers(
			    request->headers, &request->travelling))
			return CURLE_OUT_OF_MEMORY;
		headers = request->travelling;
	} else if (hide) {
		headers = setup->travelling;
	} else if (request->headers) {
		headers = request->headers;
	}
	CURLcode made = CURLE_OK;
	if (FP_UNLIKELY(request->ticket->partial || request->ranged))
		made = fp_partial_apply(request, &headers);
	if (made == CURLE_OK)
		made = fp_condition_apply(request, &headers,
			request->can_keep && !request->ranged);
	if (made != CURLE_OK)
		return made;
	bool is_own = headers != setup->headers;
	if (is_own || request->has_headers) {
		CURLcode code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
			is_own ? headers : setup->wire_headers);
		if (code != CURLE_OK)
			return code;
		request->has_headers = is_own;
	}
	if (hide != request->is_hidden) {
		request->is_hidden = hide;
		CURLcode code = hide ? fp_curlopts_hide(&setup->curlopts, easy)
				     : fp_curlopts_show(&setup->curlopts, easy);
		if (code != CURLE_OK)
			return code;
	}
	CURLcode code = fp_bearer_apply(request, easy, hide);
	return code == CURLE_OK ? fp_login_apply(request, easy, hide) : code;
}

CURLcode
fp_request_apply(struct fp_request *request, CURL *easy)
{
	struct fp_text url = fp_ticket_target(request->ticket);
	CURLcode code =
		fp_target_give(&request->target, easy, url.data, url.len);

	if (code == CURLE_OK && request->setup->changes_escapes)
		code = fp_target_keep(&request->target, easy, url.data,
			request->setup->is_direct ||
				fp_request_is_https(request));
	if (code == CURLE_OK)
		code = apply_method(request, easy);
	if (code == CURLE_OK)
		code = apply_secrets(request, easy);
	return code;
}

/* RFC 9110, sections 9.2.1 and 9.2.2: the safe ones are idempotent, too. */
static const char *const methods[] = {
	"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
#define N_SAFE_METHODS 4

static bool
is_among(const char *method, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(method, methods[i]) == 0)
			return true;
	}
	return false;
}

static bool
is_idempotent_method(const char *method)
{
	return is_among(method, FP_ARRAY_LEN(methods));
}

bool
fp_request_only_reads(const struct fp_request *request)
{
	return is_among(request->method, N_SAFE_METHODS);
}

static bool
is_asserted(const struct fp_request *request)
{
	const struct fp_item *item = &request->ticket->item;
	static const char name[] = "Idempotency-Key:";

	if (request->setup->is_idempotent)
		return true;
	for (size_t i = 0; i < item->n_headers; i++) {
		if (strncasecmp(
			    item->headers[i].data, name, sizeof(name) - 1) == 0)
			return true;
	}
	return false;
}

bool
fp_request_is_idempotent(const struct fp_request *request)
{
	return is_idempotent_method(request->method) || is_asserted(request);
}

bool
fp_request_is_repeatable(const struct fp_request *request)
{
	return is_idempotent_method(request->first_method) ||
	       is_asserted(request);
}

bool
fp_request_is_asserted(const struct fp_request *request)
{
	return !is_idempotent_method(request->first_method) &&
	       is_asserted(request);
}

bool
fp_request_is_https(const struct fp_request *request)
{
	return strncasecmp(fp_ticket_url(request->ticket), "https:", 6) == 0;
}
