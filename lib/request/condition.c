/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "condition.h"

#include "ascii.h"
#include "etag.h"
#include "hash.h"

#include <string.h>
#include <strings.h>

/* Whether it is a GET without a body, and no condition is the user's own. */
static bool
condition_is_possible(const struct fp_request *request)
{
	return strcmp(request->method, "GET") == 0 && !request->body.data &&
	       !fp_request_has_header(request, "If-None-Match") &&
	       !fp_request_has_header(request, "If-Modified-Since") &&
	       !fp_request_has_header(request, "Range");
}

static uint64_t
hash_line(uint64_t hash, struct fp_text line)
{
	if (line.len < 6 || strncasecmp(line.data, "Accept", 6) != 0)
		return hash;
	for (size_t i = 0; i < line.len; i++)
		hash = fp_hash_byte(
			hash, (unsigned char)fp_ascii_lower(line.data[i]));
	return fp_hash_byte(hash, '\n');
}

/* What the server chooses a representation by, besides the URL (section 12.5):
 * all fields that begin with Accept. */
static uint64_t
find_variant(const struct fp_request *request, const struct fp_ticket *ticket)
{
	const struct curl_slist *at = request->setup->headers;
	uint64_t hash = FP_HASH_EMPTY;

	for (; at; at = at->next)
		hash = hash_line(
			hash, (struct fp_text){at->data, strlen(at->data)});
	for (size_t i = 0; i < ticket->item.n_headers; i++)
		hash = hash_line(hash, ticket->item.headers[i]);
	return hash;
}

int
fp_condition_recall(struct fp_request *request, struct fp_ticket *ticket)
{
	const struct fp_options *options = &request->setup->options;
	struct fp_validators known = {.etag = {NULL, 0}};
	struct fp_condition *condition = ticket->condition;

	if (!condition)
		condition = ticket->condition = calloc(1, sizeof(*condition));
	if (!condition)
		return -1;
	fp_buf_clear(&condition->at, 0);
	ticket->result.variant = find_variant(request, ticket);
	if (!options->recall(options->recall_arg, ticket->result.url,
		    ticket->result.variant, &known))
		return 0;
	if (fp_buf_set(&condition->etag, known.etag.data, known.etag.len) ||
		fp_buf_set(&condition->modified, known.modified.data,
			known.modified.len) ||
		fp_buf_set(&condition->at, known.at.data, known.at.len)) {
		fp_buf_clear(&condition->at, 0);
		return -1;
	}
	return 0;
}

static int
condition_append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer ? 0 : -1;
}

static int
add_fields(const struct fp_condition *condition, struct curl_slist **list)
{
	struct fp_buf line = FP_BUF_INIT;
	struct fp_text etag = {
		fp_buf_text(&condition->etag), condition->etag.len};
	int ret = 0;

	if (etag.len > 0)
		ret = fp_etag_add_field(etag, &line) ||
				      condition_append(list, line.data)
			      ? -1
			      : 0;
	fp_buf_clear(&line, SIZE_MAX);
	if (ret == 0 && condition->modified.len > 0)
		ret = fp_buf_printf(&line, "If-Modified-Since: %s",
			      condition->modified.data) ||
				      condition_append(list, line.data)
			      ? -1
			      : 0;
	fp_buf_destroy(&line);
	return ret;
}

/* What the validators are of is known as it may be shown. */
static bool
is_at(const struct fp_condition *condition, struct fp_ticket *ticket)
{
	const struct fp_buf *url =
		ticket->trail.hop.len > 0 ? &ticket->trail.hop : &ticket->url;
	struct fp_buf shown = FP_BUF_INIT;
	const char *text = fp_request_show(url, &shown);
	bool is = text && strcmp(text, fp_buf_text(&condition->at)) == 0;

	fp_buf_destroy(&shown);
	return is;
}

CURLcode
fp_condition_apply(
	struct fp_request *request, struct curl_slist **headers, bool can_keep)
{
	struct fp_ticket *ticket = request->ticket;
	struct fp_condition *condition = ticket->condition;

	if (!request->setup->options.recall)
		return CURLE_OK;
	curl_slist_free_all(request->conditional);
	request->conditional = NULL;
	if (!condition)
		return CURLE_OK;
	condition->is_sent = false;
	if (!can_keep || condition->at.len == 0 ||
		!condition_is_possible(request) || !is_at(condition, ticket))
		return CURLE_OK;
	for (const struct curl_slist *at = *headers; at; at = at->next) {
		if (condition_append(&request->conditional, at->data))
			return CURLE_OUT_OF_MEMORY;
	}
	if (add_fields(condition, &request->conditional))
		return CURLE_OUT_OF_MEMORY;
	condition->is_sent = true;
	*headers = request->conditional;
	return CURLE_OK;
}

/* ---- the response ---- */

void
fp_condition_begin(struct fp_condition *condition)
{
	fp_buf_clear(&condition->new_etag, SIZE_MAX);
	fp_buf_clear(&condition->new_modified, SIZE_MAX);
	fp_buf_clear(&condition->date, SIZE_MAX);
}

int
fp_condition_field(struct fp_condition *condition, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name_len = colon ? (size_t)(colon - line) : 0;
	struct fp_buf *to = NULL;

	if (name_len == 4 && strncasecmp(line, "ETag", 4) == 0)
		to = &condition->new_etag;
	else if (name_len == 13 && strncasecmp(line, "Last-Modified", 13) == 0)
		to = &condition->new_modified;
	else if (name_len == 4 && strncasecmp(line, "Date", 4) == 0)
		to = &condition->date;
	if (!to)
		return 0;
	while (len > 0 && fp_ascii_is_space(line[len - 1]))
		len--;
	if (len <= name_len)
		return 0;
	struct fp_text value =
		fp_ascii_trim((struct fp_text){colon + 1, len - name_len - 1});
	return fp_buf_set(to, value.data, FP_MIN(value.len, FP_ETAG_MAX + 1));
}

void
fp_condition_end(struct fp_ticket *ticket)
{
	struct fp_condition *condition = ticket->condition;
	struct fp_result *result = &ticket->result;

	if (!condition)
		return;
	struct fp_text etag = {
		fp_buf_text(&condition->new_etag), condition->new_etag.len};
	struct fp_text modified = {fp_buf_text(&condition->new_modified),
		condition->new_modified.len};
	struct fp_text date = {
		fp_buf_text(&condition->date), condition->date.len};
	bool is_old = fp_etag_is_old(modified, date);
	bool is_tag = fp_etag_is(etag) &&
		      (is_old || !fp_etag_is_of_time(etag, modified));
	bool is_date = fp_etag_time_ns(modified) >= 0 && (is_tag || is_old);

	result->validators.etag = is_tag ? etag : (struct fp_text){"", 0};
	result->validators.modified =
		is_date ? modified : (struct fp_text){"", 0};
}
