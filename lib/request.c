/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "request.h"

#include "url.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What a hop's buffer keeps from item to item. */
#define KEEP_BYTES 1024

static const struct fp_value *
look_up(void *arg, struct fp_text name)
{
	const struct fp_request *request = arg;
	const struct fp_ticket *ticket = request->ticket;

	if (name.len == 0)
		return &request->line;
	for (size_t i = 0; i < ticket->item.n_values; i++) {
		const struct fp_value *value = &ticket->item.values[i];
		if (value->name.len == name.len &&
			memcmp(value->name.data, name.data, name.len) == 0)
			return value;
	}
	return NULL;
}

/* Fails the item with a message that holds a variable's name. */
static void
fail_variable(struct fp_ticket *ticket, const char *what, struct fp_text name)
{
	char message[160];

	snprintf(message, sizeof(message), "%s {%.*s}", what,
		(int)FP_MIN(name.len, 80), name.len ? name.data : "");
	fp_ticket_fail(ticket, FP_KIND_INPUT, message);
}

bool
fp_request_expand(struct fp_request *request,
	const struct fp_uritemplate *template, struct fp_buf *out)
{
	struct fp_ticket *ticket = request->ticket;
	struct fp_text undefined;

	if (fp_uritemplate_expand(
		    template, look_up, request, out, &undefined)) {
		if (errno == EINVAL)
			fail_variable(ticket,
				"the value does not fit its "
				"place:",
				undefined);
		else
			fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return false;
	}
	if (undefined.data && request->setup->options.undefined_fails) {
		fail_variable(ticket, "the line has no value for", undefined);
		return false;
	}
	return true;
}

/* The URL of the item, from its line or the template. false: it has none, and
 * the ticket says why. */
static bool
make_url(struct fp_request *request)
{
	const struct fp_setup *setup = request->setup;
	struct fp_ticket *ticket = request->ticket;
	struct fp_text input = ticket->result.input;
	struct fp_text url = ticket->item.url;
	int ret;

	if (url.data) {
		ret = fp_url_encode(url.data, url.len, &ticket->url);
	} else if (ticket->item.input_json.data && !setup->template) {
		fp_ticket_fail(ticket, FP_KIND_INPUT,
			"no \"url\" in it, and there is no TEMPLATE");
		return false;
	} else if (!setup->template ||
		   (setup->options.urls_pass &&
			   fp_is_url(input.data, input.len))) {
		ret = fp_url_encode(input.data, input.len, &ticket->url);
	} else {
		return fp_request_expand(
			request, setup->template, &ticket->url);
	}
	if (ret)
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return ret == 0;
}

const char *
fp_request_show(const struct fp_buf *url, struct fp_buf *shown)
{
	const char *text = fp_buf_text(url);
	size_t start = url->len, end = url->len;
	bool is_secret = fp_find_secret(text, url->len, &start, &end);

	if (fp_buf_set(shown, text, is_secret ? start : url->len) ||
		(is_secret && fp_buf_add_text(shown, "***")) ||
		(is_secret && fp_buf_add_text(shown, text + end)))
		return NULL;
	return shown->data;
}

/* What the record shows: the URL without its password. */
static bool
show_url(struct fp_ticket *ticket)
{
	const char *url = fp_buf_text(&ticket->url);
	size_t start, end;

	ticket->result.url = url;
	if (!fp_find_secret(url, ticket->url.len, &start, &end))
		return true;
	ticket->result.url = fp_request_show(&ticket->url, &ticket->shown_url);
	if (!ticket->result.url)
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return ticket->result.url != NULL;
}

/* Whether the URL can be fetched: first by our rules, then by libcurl's. */
static bool
check_url(struct fp_request *request)
{
	struct fp_ticket *ticket = request->ticket;
	const char *message;

	if (!show_url(ticket))
		return false;
	enum fp_kind kind = fp_url_check(fp_buf_text(&ticket->url),
		ticket->url.len, request->setup->options.protocols, &message);
	if (kind != FP_KIND_OK) {
		fp_ticket_fail(ticket, kind, message);
		return false;
	}
	CURLU *parsed = curl_url();
	CURLUcode code = parsed ? curl_url_set(parsed, CURLUPART_URL,
					  ticket->url.data, 0)
				: CURLUE_OUT_OF_MEMORY;
	curl_url_cleanup(parsed);
	if (code == CURLUE_OUT_OF_MEMORY) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	} else if (code != CURLUE_OK) {
		char text[160];
		snprintf(text, sizeof(text), "not a URL: %s",
			curl_url_strerror(code));
		fp_ticket_fail(ticket, FP_KIND_INPUT, text);
	}
	return code == CURLUE_OK;
}

/* ---- the first request ---- */

void
fp_request_init(struct fp_request *request, struct fp_setup *setup)
{
	*request = (struct fp_request){.setup = setup};
}

void
fp_request_destroy(struct fp_request *request)
{
	fp_buf_destroy(&request->hop);
	curl_slist_free_all(request->headers);
	request->headers = NULL;
}

/* The method and the body that the options say. */
static void
choose_method(struct fp_request *request)
{
	const struct fp_options *options = &request->setup->options;
	const struct fp_item *item = &request->ticket->item;

	request->body = options->data;
	if (options->data_line)
		request->body = request->ticket->result.input;
	if (item->body.data)
		request->body = item->body;
	request->method = options->method;
	if (item->method.data)
		request->method = item->method.data;
	if (!request->method)
		request->method = request->body.data ? "POST" : "GET";
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
append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

/* The headers of an item that has some of its own: they take the place of
 * those that were given for all. false: no memory. */
static bool
make_headers(struct fp_request *request)
{
	static const char json[] = "Content-Type: application/json";
	const struct fp_item *item = &request->ticket->item;
	const struct curl_slist *at = request->setup->headers;
	bool has_type = false, ok = true;

	curl_slist_free_all(request->headers);
	request->headers = NULL;
	if (item->n_headers == 0 && !item->body.data)
		return true;
	for (; ok && at; at = at->next) {
		has_type |= strncasecmp(at->data, json, 13) == 0;
		if (!is_replaced(item, at->data))
			ok = append(&request->headers, at->data);
	}
	for (size_t i = 0; ok && i < item->n_headers; i++)
		ok = append(&request->headers, item->headers[i].data);
	if (ok && item->body_is_json && !has_type && !is_replaced(item, json))
		ok = append(&request->headers, json);
	if (ok && item->body.data && !is_replaced(item, "Expect:"))
		ok = append(&request->headers, "Expect:");
	if (!ok)
		fp_ticket_fail(
			request->ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return ok;
}

bool
fp_request_make(struct fp_request *request, struct fp_ticket *ticket)
{
	request->ticket = ticket;
	request->n_hops = 0;
	request->is_foreign = false;
	fp_buf_clear(&request->hop, KEEP_BYTES);
	request->line = (struct fp_value){
		.type = FP_VALUE_STRING,
		.texts = &ticket->result.input,
		.n_texts = 1,
	};
	choose_method(request);
	return make_url(request) && check_url(request) && make_headers(request);
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

	/* This also takes back what was set for another method. */
	code = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (code == CURLE_OK && has_body) {
		const char *data = request->body.data;
		curl_off_t size = (curl_off_t)request->body.len;
		code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
		if (code == CURLE_OK)
			code = curl_easy_setopt(
				easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
		if (code == CURLE_OK)
			code = curl_easy_setopt(
				easy, CURLOPT_POSTFIELDS, data ? data : "");
	} else if (code == CURLE_OK && is_head) {
		code = curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	}
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
	bool hide = request->is_foreign && !setup->options.location_trusted;
	struct curl_slist *headers = setup->headers;

	if (hide)
		headers = setup->own_headers;
	else if (request->headers)
		headers = request->headers;
	if (headers != setup->headers || request->has_headers) {
		CURLcode code =
			curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
		if (code != CURLE_OK)
			return code;
		request->has_headers = headers != setup->headers;
	}
	if (hide == request->is_hidden)
		return CURLE_OK;
	request->is_hidden = hide;
	return hide ? fp_curlopts_hide(&setup->curlopts, easy)
		    : fp_curlopts_show(&setup->curlopts, easy);
}

CURLcode
fp_request_apply(struct fp_request *request, CURL *easy)
{
	const char *url = request->hop.len ? request->hop.data
					   : request->ticket->url.data;
	CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, url);

	if (code == CURLE_OK)
		code = apply_method(request, easy);
	if (code == CURLE_OK)
		code = apply_secrets(request, easy);
	return code;
}

/* ---- redirects ---- */

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

static bool
fail_redirect(
	struct fp_request *request, enum fp_kind kind, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fp_ticket_fail(request->ticket, kind, text);
	return false;
}

/* The part of a URL as text; NULL: there is none, or no memory. Free with
 * curl_free(). */
static char *
part(CURLU *url, CURLUPart what)
{
	char *text = NULL;

	return curl_url_get(url, what, &text, CURLU_DEFAULT_PORT) == CURLUE_OK
		       ? text
		       : NULL;
}

/* Whether both have this part, and it is the same. Hosts and schemes have no
 * case. */
static bool
same_part(CURLU *a, CURLU *b, CURLUPart what)
{
	char *of_a = part(a, what), *of_b = part(b, what);
	bool same = of_a && of_b && strcasecmp(of_a, of_b) == 0;

	curl_free(of_a);
	curl_free(of_b);
	return same;
}

static bool
same_origin(CURLU *a, CURLU *b)
{
	return same_part(a, b, CURLUPART_SCHEME) &&
	       same_part(a, b, CURLUPART_HOST) &&
	       same_part(a, b, CURLUPART_PORT);
}

static bool
is_scheme(CURLU *url, const char *scheme)
{
	char *text = part(url, CURLUPART_SCHEME);
	bool is = text && strcasecmp(text, scheme) == 0;

	curl_free(text);
	return is;
}

/* The method and the body of the next hop: 303 asks for a GET, and so, as all
 * clients do it, do 301 and 302 after a POST (RFC 9110, section 15.4). */
static void
change_method(struct fp_request *request, int status)
{
	bool is_head = strcmp(request->method, "HEAD") == 0;
	bool is_post = strcmp(request->method, "POST") == 0;

	if ((status == 303 && !is_head) ||
		((status == 301 || status == 302) && is_post)) {
		request->method = "GET";
		request->body = (struct fp_text){NULL, 0};
	}
}

/* Resolves the location against the URL of this hop, and judges what comes
 * out. true: request->hop is the next URL. */
static bool
resolve(struct fp_request *request, CURLU *first, CURLU *next,
	const char *location)
{
	const struct fp_options *options = &request->setup->options;
	const char *from = request->hop.len ? request->hop.data
					    : request->ticket->url.data;
	const char *message;
	char *url = NULL;

	if (curl_url_set(first, CURLUPART_URL, request->ticket->url.data, 0) ||
		curl_url_set(next, CURLUPART_URL, from, 0))
		return fail_redirect(request, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	bool was_https = is_scheme(next, "https");
	if (curl_url_set(next, CURLUPART_URL, location,
		    CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE) ||
		curl_url_get(next, CURLUPART_URL, &url, 0))
		return fail_redirect(request, FP_KIND_REDIRECT,
			"a redirect to what is no URL");
	enum fp_kind kind =
		fp_url_check(url, strlen(url), options->protocols, &message);
	int ret = fp_buf_set(&request->hop, url, strlen(url));
	curl_free(url);
	if (ret)
		return fail_redirect(request, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	if (kind == FP_KIND_REFUSED)
		return fail_redirect(request, FP_KIND_REFUSED,
			"a redirect to a scheme that is not allowed");
	if (kind != FP_KIND_OK)
		return fail_redirect(
			request, FP_KIND_REDIRECT, "a redirect: %s", message);
	if (was_https && is_scheme(next, "http") && !options->allow_downgrade)
		return fail_redirect(request, FP_KIND_REDIRECT,
			"a redirect from https to http");
	request->is_foreign = !same_origin(first, next);
	return true;
}

bool
fp_request_follow(struct fp_request *request, int status, const char *location)
{
	const struct fp_setup *setup = request->setup;

	if (!is_redirect(status) || setup->ok.has[status] || !location[0] ||
		setup->options.max_redirs == 0)
		return false;
	if (request->n_hops == setup->options.max_redirs)
		return fail_redirect(request, FP_KIND_REDIRECT,
			"more than %u redirects", setup->options.max_redirs);
	CURLU *first = curl_url(), *next = curl_url();
	bool ok = first && next ? resolve(request, first, next, location)
				: fail_redirect(request, FP_KIND_LOCAL,
					  FP_OUT_OF_MEMORY);
	curl_url_cleanup(first);
	curl_url_cleanup(next);
	if (!ok)
		return false;
	request->n_hops++;
	change_method(request, status);
	return true;
}
