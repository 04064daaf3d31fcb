/* SPDX-License-Identifier: MIT */
/*
 * Which fields a request has is partly libcurl's to say: it adds some by
 * itself, unless the list that it was given has one of that name, which then
 * takes its place, or takes it out ("Name:"). The same is done here, for
 * libcurl can only be asked by sending. tests/cli/test_dryrun.py compares the
 * two.
 */
#include "base.h"

#include "preview.h"

#include "secret.h"
#include "url.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct fp_preview *
fp_preview_new(struct fp_setup *setup)
{
	const struct fp_options *options = &setup->options;
	struct fp_outlook_rules rules = {
		.rates = setup->rates,
		.host_rates = setup->host_rates,
		.is_paced = options->pace,
		.jobs = options->jobs,
		.delay_ms = options->delay_min_ms,
	};
	struct fp_preview *preview = calloc(1, sizeof(*preview));

	if (!preview)
		return NULL;
	preview->setup = setup;
	fp_download_init(&preview->download, setup);
	if (fp_outlook_init(&preview->outlook, &rules) == 0)
		return preview;
	free(preview);
	return NULL;
}

void
fp_preview_free(struct fp_preview *preview)
{
	if (!preview)
		return;
	fp_download_destroy(&preview->download);
	fp_outlook_destroy(&preview->outlook);
	free(preview);
}

/* ---- header fields ---- */

/* Whether a line of the list, of whatever kind, is for this field. */
static bool
preview_is_listed(const struct curl_slist *list, const char *name)
{
	size_t len = strlen(name);

	for (; list; list = list->next) {
		if (strncasecmp(list->data, name, len) == 0 &&
			(list->data[len] == ':' || list->data[len] == ';'))
			return true;
	}
	return false;
}

/* Whether the value of such a field may be a secret. */
static bool
preview_is_secret(const char *name, size_t len)
{
	static const char *const words[] = {"auth", "cookie", "token", "key",
		"secret", "pass", "sign", "session", "credential"};
	static const char not_secret[] = "Idempotency-Key";

	if (len == sizeof(not_secret) - 1 &&
		strncasecmp(name, not_secret, len) == 0)
		return false;
	for (size_t i = 0; i < FP_ARRAY_LEN(words); i++) {
		size_t word = strlen(words[i]);
		for (size_t at = 0; at + word <= len; at++) {
			if (strncasecmp(name + at, words[i], word) == 0)
				return true;
		}
	}
	return false;
}

/* The name, or with `value`, the whole field. */
static int
preview_add_line(
	struct fp_buf *names, const char *name, size_t len, const char *value)
{
	bool is_url = len == 7 && strncasecmp(name, "Referer", len) == 0;

	if (fp_buf_add(names, name, len))
		return -1;
	if (value && preview_is_secret(name, len))
		value = "***";
	if (value && (fp_buf_add_text(names, ": ") ||
			     fp_secret_add_shown(
				     names, value, strlen(value), is_url)))
		return -1;
	return fp_buf_add_char(names, '\n');
}

/* What is sent of the list: "Name: value" and "Name;", but not "Name:". */
static int
add_list(struct fp_buf *names, const struct curl_slist *list, bool is_full)
{
	for (; list; list = list->next) {
		size_t len = strcspn(list->data, ":;");
		const char *value = list->data + len + 1;
		value += strspn(value, " \t");
		bool is_sent = list->data[len] == ';' || value[0] != '\0';
		if (is_sent && preview_add_line(names, list->data, len,
				       is_full ? value : NULL))
			return -1;
	}
	return 0;
}

/* Whether the URL says who asks: then libcurl sends that (RFC 7617). */
static bool
has_userinfo(const char *url)
{
	const char *start = strstr(url, "://");

	if (!start)
		return false;
	start += 3;
	return memchr(start, '@', strcspn(start, "/?#")) != NULL;
}

static bool
has_credentials(const struct fp_setup *setup, const char *url)
{
	static const CURLoption options[] = {
		CURLOPT_USERPWD, CURLOPT_USERNAME, CURLOPT_XOAUTH2_BEARER};

	for (size_t i = 0; i < FP_ARRAY_LEN(options); i++) {
		if (fp_curlopts_has(&setup->curlopts, options[i]))
			return true;
	}
	return setup->options.token || has_userinfo(url);
}

/* `host` is what stands between "://" and the path, without a login. */
static int
name_fields(const struct fp_request *request, const char *url, const char *host,
	struct fp_buf *names)
{
	const struct fp_setup *setup = request->setup;
	const struct fp_curlopts *curlopts = &setup->curlopts;
	const char *agent = setup->options.user_agent;
	const struct curl_slist *list =
		request->headers ? request->headers : setup->headers;
	bool has_body =
		request->body.data || strcmp(request->method, "POST") == 0;
	bool is_full = setup->options.dry_run_full;
	char length[24];
	const struct {
		const char *name;
		bool is_sent;
		const char *value;
	} fields[] = {
		{"Host", true, host},
		{"Authorization", has_credentials(setup, url), ""},
		{"User-Agent", agent && agent[0], agent},
		{"Accept", true, "*/*"},
		{"Referer", fp_curlopts_has(curlopts, CURLOPT_REFERER),
			fp_curlopts_text(curlopts, CURLOPT_REFERER)},
		{"Cookie", fp_curlopts_has(curlopts, CURLOPT_COOKIE), ""},
		{"Content-Type", has_body, "application/x-www-form-urlencoded"},
		{"Content-Length", has_body, length},
	};

	snprintf(length, sizeof(length), "%" PRIu64,
		fp_request_body_size(request));

	fp_buf_clear(names, SIZE_MAX);
	for (size_t i = 0; i < FP_ARRAY_LEN(fields); i++) {
		const char *name = fields[i].name;
		if (fields[i].is_sent && !preview_is_listed(list, name) &&
			preview_add_line(names, name, strlen(name),
				is_full ? fields[i].value : NULL))
			return -1;
	}
	return add_list(names, list, is_full);
}

/* As it stands in the URL, with its port if that is named. */
static const char *
preview_find_host(const char *url, char host[FP_ORIGIN_MAX])
{
	const char *start = strstr(url, "://");

	start = start ? start + 3 : url;
	size_t len = strcspn(start, "/?#");
	const char *at = memrchr(start, '@', len);
	if (at) {
		len -= (size_t)(at + 1 - start);
		start = at + 1;
	}
	snprintf(host, FP_ORIGIN_MAX, "%.*s", (int)len, start);
	return host;
}

/* ---- the whole ---- */

/* The body is the form, as far as it can be shown. */
static bool
show_form(struct fp_request *request, struct fp_ticket *ticket)
{
	struct fp_buf *out = &ticket->body;

	if (fp_form_show(&request->upload, request->form, request->n_form,
		    request->boundary, preview_is_secret, out)) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return false;
	}
	request->body = (struct fp_text){fp_buf_text(out), out->len};
	return true;
}

void
fp_preview_make(struct fp_preview *preview, struct fp_request *request,
	struct fp_ticket *ticket)
{
	struct fp_result *result = &ticket->result;
	struct fp_buf *names = &ticket->headers;
	const char *url = fp_buf_text(&ticket->url);
	char origin[FP_ORIGIN_MAX], host[FP_ORIGIN_MAX];

	bool ok = fp_request_make(request, ticket) &&
		  fp_download_name(&preview->download, request);
	fp_download_end(&preview->download);
	preview->longest_url = FP_MAX(preview->longest_url, ticket->url.len);
	if (!ok)
		return;
	size_t len = fp_url_origin(url, origin);
	if (name_fields(request, url, preview_find_host(url, host), names) ||
		fp_outlook_add(&preview->outlook, origin, len)) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return;
	}
	result->method = request->method;
	result->request_fields =
		(struct fp_text){fp_buf_text(names), names->len};
	if (request->body.data)
		result->request_size = (int64_t)fp_request_body_size(request);
	result->is_request_full = preview->setup->options.dry_run_full;
	bool has_text = request->body.data && !request->upload.is_there;
	if (result->is_request_full && request->form)
		has_text = show_form(request, ticket);
	fp_upload_close(&request->upload);
	if (!result->is_request_full || !has_text)
		return;
	result->body = request->body;
	result->encoding = fp_utf8_valid(request->body.data, request->body.len)
				   ? FP_BODY_TEXT
				   : FP_BODY_BASE64;
}
