/* SPDX-License-Identifier: MIT */
/*
 * A file that is kept stays open and has no name, so that nothing is left of it
 * if the process is killed. As many may be open as setup.most_partials says,
 * for descriptors are there for connections first.
 *
 * A response is joined only if all that it says fits: 206, the same entity tag,
 * no other time of the last change than before, a Content-Range that begins
 * where the file ends and ends with the whole, of the same length as before,
 * and no coding. Servers that answer a range with another are known, and what
 * is joined wrongly no one would ever see.
 */
#include "base.h"

#include "partial.h"

#include "ascii.h"
#include "etag.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A Content-Range is shorter, and so is a time. */
#define RANGE_MAX 100
#define MODIFIED_MAX 100

/* ---- the head of a response ---- */

void
fp_partial_head_begin(struct fp_partial_head *head)
{
	fp_buf_clear(&head->etag, SIZE_MAX);
	fp_buf_clear(&head->range, SIZE_MAX);
	fp_buf_clear(&head->modified, SIZE_MAX);
	fp_buf_clear(&head->date, SIZE_MAX);
	head->refuses = head->is_twice = false;
}

void
fp_partial_head_destroy(struct fp_partial_head *head)
{
	fp_buf_destroy(&head->etag);
	fp_buf_destroy(&head->range);
	fp_buf_destroy(&head->modified);
	fp_buf_destroy(&head->date);
}

static int
take_once(struct fp_partial_head *head, struct fp_buf *to, struct fp_text value,
	size_t most)
{
	head->is_twice |= to->len > 0;
	return fp_buf_set(to, value.data, FP_MIN(value.len, most + 1));
}

int
fp_partial_head_line(struct fp_partial_head *head, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name = colon ? (size_t)(colon - line) : 0;

	/* Of an interim response nothing counts. */
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		fp_partial_head_begin(head);
	if (name != 4 && name != 13)
		return 0;
	while (len > name + 1 && fp_ascii_is_space(line[len - 1]))
		len--;
	struct fp_text value =
		fp_ascii_trim((struct fp_text){colon + 1, len - name - 1});
	if (strncasecmp(line, "ETag:", 5) == 0)
		return take_once(head, &head->etag, value, FP_ETAG_MAX);
	if (strncasecmp(line, "Content-Range:", 14) == 0)
		return take_once(head, &head->range, value, RANGE_MAX);
	if (strncasecmp(line, "Last-Modified:", 14) == 0)
		return take_once(head, &head->modified, value, MODIFIED_MAX);
	if (strncasecmp(line, "Date:", 5) == 0)
		return fp_buf_set(&head->date, value.data,
			FP_MIN(value.len, MODIFIED_MAX + 1));
	if (strncasecmp(line, "Accept-Ranges:", 14) == 0)
		head->refuses |= value.len == 4 &&
				 strncasecmp(value.data, "none", 4) == 0;
	return 0;
}

static bool
is_strong(const struct fp_buf *etag)
{
	return etag->len > 0 && etag->data[0] == '"' &&
	       fp_etag_is((struct fp_text){etag->data, etag->len});
}

/* ---- asking ---- */

/* Whether it is a GET without a body, and no range is the user's own. */
static bool
partial_is_possible(const struct fp_request *request)
{
	const struct fp_setup *setup = request->setup;

	return strcmp(request->method, "GET") == 0 && !request->body.data &&
	       !setup->fail_if && setup->take.n == 0 &&
	       !fp_request_has_header(request, "Range") &&
	       !fp_request_has_header(request, "If-Range");
}

static const char *
show_place(const struct fp_ticket *ticket, struct fp_buf *shown)
{
	return fp_request_show(
		ticket->trail.hop.len > 0 ? &ticket->trail.hop : &ticket->url,
		shown);
}

static bool
partial_is_at(const struct fp_partial *partial, const struct fp_ticket *ticket)
{
	struct fp_buf shown = FP_BUF_INIT;
	const char *text = show_place(ticket, &shown);
	bool is = text && strcmp(text, fp_buf_text(&partial->at)) == 0;

	fp_buf_destroy(&shown);
	return is;
}

static bool
partial_append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

/* Whether it is the Accept-Encoding that is ours: the rest must not be
 * compressed. */
static bool
is_own_coding(const struct fp_setup *setup, const char *line)
{
	const struct curl_slist *own = setup->own_headers;

	if (strncasecmp(line, "Accept-Encoding:", 16) != 0)
		return false;
	for (; own; own = own->next) {
		if (strcmp(own->data, line) == 0)
			return true;
	}
	return false;
}

static bool
make_list(struct fp_request *request, const struct curl_slist *at,
	const struct fp_partial *partial)
{
	struct fp_buf line = FP_BUF_INIT;
	bool ok = true;

	for (; ok && at; at = at->next)
		ok = partial_append(&request->ranged,
			is_own_coding(request->setup, at->data)
				? "Accept-Encoding: identity"
				: at->data);
	ok = ok &&
	     fp_buf_printf(&line, "Range: bytes=%" PRIu64 "-",
		     partial->file.size) == 0 &&
	     partial_append(&request->ranged, line.data);
	fp_buf_clear(&line, SIZE_MAX);
	ok = ok &&
	     fp_buf_printf(&line, "If-Range: %s", partial->etag.data) == 0 &&
	     partial_append(&request->ranged, line.data);
	fp_buf_destroy(&line);
	return ok;
}

CURLcode
fp_partial_apply(struct fp_request *request, struct curl_slist **headers)
{
	struct fp_ticket *ticket = request->ticket;
	struct fp_partial *partial = ticket->partial;

	curl_slist_free_all(request->ranged);
	request->ranged = NULL;
	if (!partial)
		return CURLE_OK;
	partial->is_asked = partial->file.fd >= 0 &&
			    partial_is_possible(request) &&
			    partial_is_at(partial, ticket);
	if (!partial->is_asked)
		return CURLE_OK;
	if (!make_list(request, *headers, partial))
		return CURLE_OUT_OF_MEMORY;
	*headers = request->ranged;
	return CURLE_OK;
}

/* ---- the answer ---- */

/* A number of digits alone, and what is behind it. */
static bool
read_number(const char **at, uint64_t *n)
{
	const char *start = *at;

	for (*n = 0; fp_ascii_is_digit(**at) && *n < UINT64_MAX / 20; (*at)++)
		*n = *n * 10 + (uint64_t)(**at - '0');
	return *at > start && !fp_ascii_is_digit(**at);
}

/* "bytes FIRST-LAST/LENGTH" (section 14.4). */
static bool
read_range(const struct fp_buf *range, uint64_t *first, uint64_t *last,
	uint64_t *length)
{
	const char *at = fp_buf_text(range);

	if (range->len > RANGE_MAX || strlen(at) != range->len ||
		strncasecmp(at, "bytes ", 6) != 0)
		return false;
	at += 6;
	if (!read_number(&at, first) || *at++ != '-' ||
		!read_number(&at, last) || *at++ != '/' ||
		!read_number(&at, length))
		return false;
	return *at == '\0';
}

static bool
is_same_text(const struct fp_buf *one, const struct fp_buf *other)
{
	return one->len == other->len &&
	       memcmp(fp_buf_text(one), fp_buf_text(other), one->len) == 0;
}

/* Whether it is of the version that the file is of. A server that goes by
 * If-Range may leave Last-Modified out (section 15.3.7). */
static bool
is_same_version(
	const struct fp_partial *partial, const struct fp_partial_head *head)
{
	return is_same_text(&head->etag, &partial->etag) &&
	       (head->modified.len == 0 || partial->modified.len == 0 ||
		       is_same_text(&head->modified, &partial->modified));
}

/* Whether it begins where the file ends, and goes on to the end of the whole.
 */
static bool
is_rest(const struct fp_partial *partial, const struct fp_partial_head *head,
	const struct fp_response *response)
{
	uint64_t first, last, length;

	return partial->file.fd >= 0 && !head->is_twice &&
	       !response->is_encoded && is_same_version(partial, head) &&
	       read_range(&head->range, &first, &last, &length) &&
	       first == partial->file.size && first <= last &&
	       last + 1 == length &&
	       (partial->total == 0 || partial->total == length) &&
	       (!response->has_length || response->length == length - first);
}

enum fp_partial_answer
fp_partial_judge(const struct fp_ticket *ticket,
	const struct fp_partial_head *head, const struct fp_response *response)
{
	struct fp_partial *partial = ticket->partial;
	uint64_t first, last;

	if (!partial || !partial->is_asked)
		return FP_PARTIAL_OTHER;
	if (response->status == 200)
		return FP_PARTIAL_WHOLE;
	if (response->status == 416)
		return FP_PARTIAL_USELESS;
	if (response->status != 206)
		return FP_PARTIAL_OTHER;
	if (!is_rest(partial, head, response))
		return FP_PARTIAL_USELESS;
	read_range(&head->range, &first, &last, &partial->total);
	return FP_PARTIAL_REST;
}

/* ---- the file ---- */

void
fp_partial_join(struct fp_ticket *ticket, struct fp_outfile *file)
{
	struct fp_partial *partial = ticket->partial;

	*file = partial->file;
	fp_outfile_init(&partial->file);
	atomic_fetch_sub(partial->n_open, 1);
}

/* Notes what the file is of. */
static bool
partial_describe(struct fp_request *request, struct fp_partial *partial,
	const struct fp_partial_head *head, const struct fp_response *response)
{
	struct fp_buf shown = FP_BUF_INIT;
	const char *place = show_place(request->ticket, &shown);
	bool ok = place &&
		  fp_buf_set(&partial->at, place, strlen(place)) == 0 &&
		  fp_buf_set(&partial->etag, head->etag.data, head->etag.len) ==
			  0 &&
		  fp_buf_set(&partial->modified, head->modified.data,
			  head->modified.len) == 0;

	fp_buf_destroy(&shown);
	partial->total = response->has_length ? response->length : 0;
	return ok;
}

/* Whether it was changed so shortly before that the next change may have the
 * same time. */
static bool
is_just_changed(const struct fp_partial_head *head)
{
	struct fp_text modified = {
		fp_buf_text(&head->modified), head->modified.len};
	struct fp_text date = {fp_buf_text(&head->date), head->date.len};

	return fp_etag_time_ns(modified) >= 0 && fp_etag_time_ns(date) >= 0 &&
	       !fp_etag_is_old(modified, date);
}

static bool
is_resumable(const struct fp_request *request,
	const struct fp_partial_head *head, const struct fp_response *response)
{
	return response->status == 200 && is_strong(&head->etag) &&
	       !head->is_twice && !head->refuses && !response->is_encoded &&
	       !is_just_changed(head) &&
	       (response->has_length || response->is_chunked) &&
	       partial_is_possible(request);
}

void
fp_partial_keep(struct fp_request *request, struct fp_outfile *file,
	const struct fp_partial_head *head, const struct fp_response *response,
	bool is_joined)
{
	struct fp_ticket *ticket = request->ticket;
	struct fp_setup *setup = request->setup;
	bool is_first = is_resumable(request, head, response);

	if (file->fd < 0 || file->error || file->size == 0 ||
		(!is_joined && !is_first))
		return;
	if (!ticket->partial &&
		fp_ticket_make_partial(ticket, &setup->n_partials))
		return;
	if ((!is_joined && !partial_describe(
				   request, ticket->partial, head, response)))
		return;
	if (ticket->partial->total > 0 && file->size >= ticket->partial->total)
		return;
	if (atomic_fetch_add(&setup->n_partials, 1) >= setup->most_partials) {
		atomic_fetch_sub(&setup->n_partials, 1);
		return;
	}
	ticket->partial->file = *file;
	fp_outfile_init(file);
}

/* ---- for another process ---- */

/* A smaller body is fetched anew. */
#define NOTED_MIN ((uint64_t)64 << 10)

/* A note is of one line each: this word, the start of the machine, the length
 * of the whole, its entity tag, when it was last changed, where it came from.
 */
#define NOTE_WORD "fetchpool part 2"
#define NOTE_MAX 16384

static void
name_part(const struct fp_request *request, char *name, size_t size)
{
	snprintf(name, size, "%.16s-%" PRIu64, request->setup->options.part_key,
		request->ticket->result.seq);
}

void
fp_partial_begin(struct fp_request *request, struct fp_outfile *file,
	const struct fp_partial_head *head, const struct fp_response *response)
{
	const struct fp_setup *setup = request->setup;
	struct fp_buf shown = FP_BUF_INIT, note = FP_BUF_INIT;
	char name[40];

	if (FP_LIKELY(!setup->options.part_key) || !setup->boot[0] ||
		!response->has_length || response->length < NOTED_MIN ||
		!is_resumable(request, head, response))
		return;
	const char *place = show_place(request->ticket, &shown);
	name_part(request, name, sizeof(name));
	if (place &&
		fp_buf_printf(&note,
			NOTE_WORD "\n%s\n%" PRIu64 "\n%s\n%s\n%s\n",
			setup->boot, response->length, head->etag.data,
			fp_buf_text(&head->modified), place) == 0 &&
		note.len <= NOTE_MAX)
		fp_outfile_begin_noted(
			file, &setup->outdir, name, note.data, note.len);
	fp_buf_destroy(&note);
	fp_buf_destroy(&shown);
}

/* Takes the next line of a note. */
static char *
partial_take_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (end) {
		*end = '\0';
		*at = end + 1;
	}
	return line;
}

/* Whether the file is what the note says. After another start of the machine,
 * some of what was written may never have come to the disk. */
static bool
read_note(struct fp_request *request, struct fp_partial *partial,
	struct fp_buf *note)
{
	char *at = note->data;
	const char *digits;

	if (strcmp(partial_take_line(&at), NOTE_WORD) != 0 ||
		strcmp(partial_take_line(&at), request->setup->boot) != 0)
		return false;
	digits = partial_take_line(&at);
	if (!read_number(&digits, &partial->total) || *digits)
		return false;
	const char *etag = partial_take_line(&at),
		   *modified = partial_take_line(&at),
		   *place = partial_take_line(&at);
	if (fp_buf_set(&partial->etag, etag, strlen(etag)) ||
		fp_buf_set(&partial->modified, modified, strlen(modified)) ||
		fp_buf_set(&partial->at, place, strlen(place)))
		return false;
	return is_strong(&partial->etag) && partial->file.size > 0 &&
	       partial->file.size < partial->total;
}

void
fp_partial_recall(struct fp_request *request)
{
	struct fp_setup *setup = request->setup;
	struct fp_ticket *ticket = request->ticket;
	struct fp_buf note = FP_BUF_INIT;
	struct fp_outfile file;
	char name[40];

	if (!setup->boot[0] || ticket->partial || !partial_is_possible(request))
		return;
	name_part(request, name, sizeof(name));
	if (fp_outfile_find(&file, &setup->outdir, name, &note, NOTE_MAX) ==
		0) {
		if (fp_ticket_make_partial(ticket, &setup->n_partials)) {
			fp_outfile_leave(&file);
		} else {
			ticket->partial->file = file;
			atomic_fetch_add(&setup->n_partials, 1);
			if (!read_note(request, ticket->partial, &note))
				fp_ticket_drop_partial(ticket);
		}
	}
	fp_buf_destroy(&note);
}

void
fp_partial_leave(
	struct fp_ticket *ticket, struct fp_outfile *file, bool is_broken)
{
	struct fp_partial *partial = ticket->partial;

	if (is_broken && file->fd >= 0 && file->has_note && !file->error)
		fp_outfile_leave(file);
	if (FP_LIKELY(!partial) || partial->file.fd < 0)
		return;
	if (!is_broken || !partial->file.has_note) {
		fp_ticket_drop_partial(ticket);
		return;
	}
	fp_outfile_leave(&partial->file);
	atomic_fetch_sub(partial->n_open, 1);
}
