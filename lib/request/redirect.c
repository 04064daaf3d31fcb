/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "redirect.h"

#include "ascii.h"
#include "response.h"
#include "url.h"
#include "urlparse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

static enum fp_kind lead_nowhere(struct fp_lead *lead, enum fp_kind kind,
	const char *format, ...) FP_PRINTF(3, 4);

static enum fp_kind
lead_nowhere(struct fp_lead *lead, enum fp_kind kind, const char *format, ...)
{
	size_t len = strlen(lead->what);
	va_list args;

	memcpy(lead->why, lead->what, len);
	va_start(args, format);
	vsnprintf(lead->why + len, sizeof(lead->why) - len, format, args);
	va_end(args);
	return kind;
}

static enum fp_kind
lead_no_memory(struct fp_lead *lead)
{
	snprintf(lead->why, sizeof(lead->why), "%s", FP_OUT_OF_MEMORY);
	return FP_KIND_LOCAL;
}

/* The part of a URL as text; NULL: there is none. Free with curl_free(). */
static CURLUcode
get_part(CURLU *url, CURLUPart what, char **text)
{
	CURLUcode code = fp_urlparse_get(url, what, text, CURLU_DEFAULT_PORT);

	return code == CURLUE_OUT_OF_MEMORY ? code : CURLUE_OK;
}

/* Whether both have this part, and it is the same. Hosts and schemes have no
 * case. If *same is false before, it stays so. */
static CURLUcode
same_part(CURLU *a, CURLU *b, CURLUPart what, bool *same)
{
	char *of_a = NULL, *of_b = NULL;
	CURLUcode code = get_part(a, what, &of_a);

	if (code == CURLUE_OK)
		code = get_part(b, what, &of_b);
	*same = *same && of_a && of_b && strcasecmp(of_a, of_b) == 0;
	curl_free(of_a);
	curl_free(of_b);
	return code;
}

static CURLUcode
same_origin(CURLU *a, CURLU *b, bool *same)
{
	*same = true;
	CURLUcode code = same_part(a, b, CURLUPART_SCHEME, same);
	if (code == CURLUE_OK)
		code = same_part(a, b, CURLUPART_HOST, same);
	if (code == CURLUE_OK)
		code = same_part(a, b, CURLUPART_PORT, same);
	return code;
}

/* Without a look at libcurl's parts, so that no want of memory makes an https
 * something else. */
static bool
is_scheme(const char *url, const char *scheme)
{
	size_t len = strlen(scheme);

	return strncasecmp(url, scheme, len) == 0 &&
	       strncmp(url + len, "://", 3) == 0;
}

/* The method and the body of the next hop: 303 asks for a GET, and so, as all
 * clients do it, do 301 and 302 after a POST (RFC 9110, section 15.4). */
static bool
change_method(struct fp_request *request, int status)
{
	struct fp_ticket *ticket = request->ticket;
	bool is_head = strcmp(request->method, "HEAD") == 0;
	bool is_post = strcmp(request->method, "POST") == 0;

	if ((status == 303 && !is_head) ||
		((status == 301 || status == 302) && is_post)) {
		ticket->trail.becomes_get = true;
		request->method = "GET";
		return fp_request_drop_body(request);
	}
	return true;
}

/* A fragment stays with the item, unless the location has one itself (RFC 9110,
 * section 10.2.2). */
static CURLUcode
keep_fragment(CURLU *next, const char *from, const char *location)
{
	const char *fragment = strchr(from, '#');

	if (!fragment || !fragment[1] || strchr(location, '#'))
		return CURLUE_OK;
	return fp_urlparse_set(next, CURLUPART_FRAGMENT, fragment + 1, 0);
}

static CURLUcode
copy_part(CURLU *from, CURLU *to, CURLUPart what)
{
	char *text = NULL;
	CURLUcode code = fp_urlparse_get(from, what, &text, 0);

	if (code == CURLUE_NO_USER || code == CURLUE_NO_PASSWORD)
		return CURLUE_OK;
	if (code == CURLUE_OK)
		code = fp_urlparse_set(to, what, text, 0);
	curl_free(text);
	return code;
}

/* As with curl -L, the login of a URL is for its origin, however that is named:
 * it stays there, and a location at another origin has none. */
static CURLUcode
keep_login(CURLU *first, CURLU *next, bool is_foreign, bool is_trusted)
{
	char *user = NULL, *password = NULL;
	CURLUcode code = get_part(next, CURLUPART_USER, &user);

	if (code == CURLUE_OK)
		code = get_part(next, CURLUPART_PASSWORD, &password);
	if (code == CURLUE_OK && is_foreign && !is_trusted) {
		code = fp_urlparse_set(next, CURLUPART_USER, NULL, 0);
		if (code == CURLUE_OK)
			code = fp_urlparse_set(
				next, CURLUPART_PASSWORD, NULL, 0);
	} else if (code == CURLUE_OK && !is_foreign && !user && !password) {
		code = copy_part(first, next, CURLUPART_USER);
		if (code == CURLUE_OK)
			code = copy_part(first, next, CURLUPART_PASSWORD);
	}
	curl_free(user);
	curl_free(password);
	return code;
}

/* Resolves the location against `next`, a URL. A fragment is no part of the
 * base, and a location that is nothing else leaves all of it as it is (RFC
 * 3986, sections 5.1 and 5.2.2); libcurl puts what comes after the last slash
 * into the place of it. */
static CURLUcode
resolve_reference(CURLU *next, const char *location)
{
	CURLUcode code = fp_urlparse_set(next, CURLUPART_FRAGMENT, NULL, 0);

	if (code != CURLUE_OK)
		return code;
	if (location[0] != '#')
		return fp_urlparse_set(next, CURLUPART_URL, location,
			CURLU_NON_SUPPORT_SCHEME);
	if (!location[1])
		return CURLUE_OK;
	return fp_urlparse_set(next, CURLUPART_FRAGMENT, location + 1, 0);
}

/* The next URL, from that of this hop and the location, encoded like an item's.
 * CURLUE_OK: *is_foreign is whether it is at another origin than the first. */
static CURLUcode
combine(const struct fp_request *request, CURLU *first, CURLU *next,
	const char *location, bool *is_foreign)
{
	const struct fp_options *options = &request->setup->options;
	const char *from = fp_ticket_url(request->ticket);
	CURLUcode code = resolve_reference(next, location);
	bool same = false;

	if (code == CURLUE_OK)
		code = keep_fragment(next, from, location);
	if (code == CURLUE_OK)
		code = same_origin(first, next, &same);
	*is_foreign = request->ticket->trail.is_foreign || !same;
	if (code == CURLUE_OK)
		code = keep_login(
			first, next, *is_foreign, options->location_trusted);
	return code;
}

/* The location is, or leads to, what fp_url_check() does not let pass. */
static enum fp_kind
lead_to_no_url(struct fp_lead *lead, enum fp_kind kind, const char *message)
{
	if (kind == FP_KIND_REFUSED)
		return lead_nowhere(lead, FP_KIND_REFUSED,
			" to a scheme that is not allowed");
	return lead_nowhere(lead, lead->kind, ": %s", message);
}

/* A server must not make it longer than all have to support, or the item. */
static bool
is_too_long(const struct fp_request *request, const char *url)
{
	return strlen(url) > FP_MAX(request->ticket->url.len,
				     (size_t)FP_RESPONSE_LOCATION_MAX);
}

static enum fp_kind
lead_too_far(struct fp_lead *lead)
{
	return lead_nowhere(lead, lead->kind, " to a URL longer than %d bytes",
		FP_RESPONSE_LOCATION_MAX);
}

static bool
is_alike(char a, char b)
{
	return fp_ascii_lower(a) == fp_ascii_lower(b);
}

/* libcurl from 8.20.0 on writes the escapes of a path in upper case, and a
 * signature made over the URL then no longer fits: what both end in is written
 * as the location has it, up to the first difference. */
static void
spell_as(char *url, const char *location)
{
	size_t to = strcspn(url, "#"), from = strcspn(location, "#");

	while (to > 0 && from > 0 &&
		is_alike(url[to - 1], location[from - 1])) {
		url[to - 1] = location[from - 1];
		to--;
		from--;
	}
}

/* Resolves the location against the URL of this hop, and judges what comes
 * out. */
static enum fp_kind
resolve(const struct fp_request *request, CURLU *first, CURLU *next,
	const char *location, struct fp_lead *lead)
{
	const struct fp_options *options = &request->setup->options;
	const char *from = fp_ticket_url(request->ticket);
	const char *message;
	char *url = NULL;

	if (curl_url_set(first, CURLUPART_URL, request->ticket->url.data, 0) ||
		curl_url_set(next, CURLUPART_URL, from, 0))
		return lead_no_memory(lead);
	bool was_https = is_scheme(from, "https");
	enum fp_kind kind = FP_KIND_OK;
	if (location[strcspn(location, ":/?#")] == ':')
		kind = fp_url_check(location, strlen(location),
			options->protocols, &message);
	if (kind != FP_KIND_OK)
		return lead_to_no_url(lead, kind, message);
	CURLUcode code =
		combine(request, first, next, location, &lead->is_foreign);
	if (code == CURLUE_OK)
		code = fp_urlparse_get(next, CURLUPART_URL, &url, 0);
	if (code == CURLUE_OUT_OF_MEMORY)
		return lead_no_memory(lead);
	if (code != CURLUE_OK)
		return lead_nowhere(lead, lead->kind, " to an invalid URL");
	if (is_too_long(request, url)) {
		curl_free(url);
		return lead_too_far(lead);
	}
	spell_as(url, location);
	kind = fp_url_check(url, strlen(url), options->protocols, &message);
	bool is_http = is_scheme(url, "http");
	int ret = fp_buf_set(lead->url, url, strlen(url));
	curl_free(url);
	if (ret)
		return lead_no_memory(lead);
	if (kind != FP_KIND_OK)
		return lead_to_no_url(lead, kind, message);
	if (was_https && is_http && !options->allow_downgrade)
		return lead_nowhere(lead, lead->kind, " from https to http");
	return FP_KIND_OK;
}

enum fp_kind
fp_redirect_resolve(const struct fp_request *request, struct fp_text reference,
	struct fp_lead *lead)
{
	struct fp_buf encoded = FP_BUF_INIT;

	if (reference.len > FP_RESPONSE_LOCATION_MAX)
		return lead_too_far(lead);
	CURLU *first = curl_url(), *next = curl_url();
	enum fp_kind kind =
		first && next &&
				fp_url_encode(reference.data, reference.len,
					&encoded) == 0
			? resolve(request, first, next, fp_buf_text(&encoded),
				  lead)
			: lead_no_memory(lead);
	curl_url_cleanup(first);
	curl_url_cleanup(next);
	fp_buf_destroy(&encoded);
	return kind;
}

bool
fp_redirect_is_followed(
	const struct fp_request *request, int status, const char *location)
{
	const struct fp_setup *setup = request->setup;

	return is_redirect(status) && !setup->ok.has[status] && location[0] &&
	       setup->options.max_redirs > 0;
}

/* URLs of all hops together. Those that find no room are left out. */
#define HOPS_URLS_MAX ((size_t)16 << 10)

int
fp_redirect_note(struct fp_request *request, int status)
{
	struct fp_ticket *ticket = request->ticket;
	const struct fp_buf *url =
		ticket->trail.hop.len > 0 ? &ticket->trail.hop
		: ticket->chain && ticket->chain->start.len > 0
			? &ticket->chain->start
			: &ticket->url;
	struct fp_buf shown = FP_BUF_INIT;

	if (!request->setup->options.want_hops)
		return 0;
	ticket->trail.hops.len = ticket->trail.hops_done;
	const char *text = fp_request_show(url, &shown);
	if (text && ticket->trail.hops.len + strlen(text) > HOPS_URLS_MAX)
		text = "";
	int ret = text ? fp_buf_printf(
				 &ticket->trail.hops, "%d %s\n", status, text)
		       : -1;
	fp_buf_destroy(&shown);
	ticket->result.hops = (struct fp_text){
		fp_buf_text(&ticket->trail.hops), ticket->trail.hops.len};
	return ret;
}

bool
fp_redirect_follow(struct fp_request *request, int status, const char *location)
{
	const struct fp_setup *setup = request->setup;
	struct fp_ticket *ticket = request->ticket;
	struct fp_lead lead = {
		.what = "redirect",
		.kind = FP_KIND_REDIRECT,
		.url = &ticket->trail.hop,
	};
	enum fp_kind kind;

	if (ticket->trail.n_hops < setup->options.max_redirs &&
		strlen(location) <= FP_RESPONSE_LOCATION_MAX &&
		fp_redirect_note(request, status)) {
		kind = lead_no_memory(&lead);
	} else if (ticket->trail.n_hops == setup->options.max_redirs) {
		snprintf(lead.why, sizeof(lead.why), "more than %u redirects",
			setup->options.max_redirs);
		kind = FP_KIND_REDIRECT;
	} else {
		kind = fp_redirect_resolve(request,
			(struct fp_text){location, strlen(location)}, &lead);
	}
	if (kind != FP_KIND_OK) {
		fp_ticket_fail(ticket, kind, lead.why);
		return false;
	}
	ticket->trail.is_foreign = lead.is_foreign;
	ticket->trail.hops_done = ticket->trail.hops.len;
	ticket->trail.n_hops++;
	if (change_method(request, status))
		return true;
	fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return false;
}
