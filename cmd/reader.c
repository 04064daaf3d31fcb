/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "reader.h"

#include "msg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Lines that are taken before there is a thread for them, and in how many bytes
 * they are looked for: until then nothing else hears of a stop. */
#define FIRST_LINES 16
#define FIRST_BYTES ((uint64_t)256 << 10)

int
fp_reader_init(struct fp_reader *reader, const struct fp_settings *settings)
{
	memset(reader, 0, sizeof(*reader));
	reader->settings = settings;
	fp_mutex_init(&reader->lock);
	atomic_init(&reader->n_read, 0);
	atomic_init(&reader->n_lines, 0);
	atomic_init(&reader->n_bytes, 0);
	atomic_init(&reader->is_done, false);
	atomic_init(&reader->hands_in, false);
	if (fp_input_init(&reader->input, &settings->input)) {
		const char *name = reader->input.name;
		fp_msg_local("cannot read %s: %s", name,
			errno == ENOENT && strstr(name, "://")
				? "URLs are lines of the input"
				: strerror(errno));
		return -1;
	}
	fp_linecheck_init(&reader->check, settings);
	fp_itemfill_init(&reader->fill, settings);
	fp_itemfill_init(&reader->page_fill, settings);
	if (settings->json_items)
		reader->parser = fp_parser_new();
	if ((settings->json_items && !reader->parser) ||
		fp_fields_init(&reader->fields, settings)) {
		fp_msg_local("out of memory");
		return -1;
	}
	return 0;
}

void
fp_reader_destroy(struct fp_reader *reader)
{
	fp_input_destroy(&reader->input);
	if (reader->settings)
		fp_mutex_destroy(&reader->lock);
	fp_linecheck_destroy(&reader->check);
	fp_itemfill_destroy(&reader->fill);
	fp_itemfill_destroy(&reader->page_fill);
	fp_resume_destroy(&reader->resume);
	fp_buf_destroy(&reader->page.name);
	fp_buf_destroy(&reader->page.seen);
	fp_parser_free(reader->parser);
	fp_fields_destroy(&reader->fields);
}

static void
tell_late(void)
{
	fp_msg_set_status(FP_EXIT_STOPPED);
	fp_msg_note(
		"stopped by --deadline before the header line of the CSV arrived");
}

int
fp_reader_header(
	struct fp_reader *reader, int64_t until_ns, struct fp_text *header)
{
	struct fp_input *input = &reader->input;
	int ret = 0;

	input->until_ns = until_ns;
	if (input->options.has_header)
		ret = fp_input_header(input);
	input->until_ns = 0;
	if (ret < 0 && errno == EINVAL)
		fp_msg_usage(
			"the header line of the CSV: %s", input->line.fault);
	else if (ret < 0 && errno == ETIMEDOUT)
		tell_late();
	else if (ret < 0)
		fp_msg_local(
			"cannot read %s: %s", input->name, strerror(errno));
	if (ret <= 0)
		return ret;
	*header = (struct fp_text){input->header.data, input->header.len};
	return fp_fields_header(&reader->fields, *header);
}

void
fp_reader_resume(struct fp_reader *reader, struct fp_journal *journal)
{
	reader->journal = journal;
	reader->is_resumed = true;
	fp_resume_init(&reader->resume, &reader->input, &journal->state,
		fp_journal_fates(journal),
		reader->settings->failed_path ||
			reader->settings->unknown_path);
}

/* ---- the next line ---- */

/* One that is to become an item. */
struct entry {
	struct fp_line line;
	bool is_unknown; /* what came of it when it was sent */
};

static int
next(struct fp_reader *reader, struct entry *entry)
{
	entry->is_unknown = false;
	if (reader->is_resumed)
		return fp_resume_next(
			&reader->resume, &entry->line, &entry->is_unknown);
	return fp_input_next(&reader->input, &entry->line);
}

static void
back(struct fp_reader *reader)
{
	if (reader->is_resumed)
		fp_resume_back(&reader->resume);
	else
		fp_input_back(&reader->input);
}

/* ---- from the line to the item ---- */

/* An item that has pages goes on with the one after those that are done. */
static int
go_on_with_page(struct fp_reader *reader, struct fp_item *item)
{
	struct fp_journal_page *page = &reader->page;

	if (fp_journal_find_page(reader->journal, item->seq, page))
		return -1;
	item->page = page->page;
	item->next_page =
		(struct fp_text){fp_buf_text(&page->name), page->name.len};
	item->seen = (const uint64_t *)(const void *)page->seen.data;
	item->n_seen = page->seen.len / sizeof(uint64_t);
	return 0;
}

static int
hand_in(struct fp_reader *reader, struct fp_item *item)
{
	if (!item->fault && !reader->settings->fills_pages &&
		fp_itemfill_fill(&reader->fill, item))
		return -1;
	if (reader->is_resumed && reader->settings->pool.next &&
		go_on_with_page(reader, item))
		return -1;
	return fp_pool_submit(reader->pool, item);
}

/* A line that cannot be one is parsed, too: so it is known what of it must not
 * be shown. */
static int
submit_json(struct fp_reader *reader, const struct entry *entry)
{
	const struct fp_line *line = &entry->line;
	struct fp_item item;

	if (fp_parser_parse(
		    reader->parser, line->text.data, line->text.len, &item))
		return -1;
	if (item.fault && !line->fault)
		fp_linecheck_not_json(&reader->check, line->text);
	if (line->fault)
		item.fault = line->fault;
	item.is_cut = line->is_cut;
	item.more = true;
	item.seq = line->seq;
	item.outcome_unknown = entry->is_unknown;
	return hand_in(reader, &item);
}

static int
submit(struct fp_reader *reader, const struct entry *entry)
{
	const struct fp_line *line = &entry->line;
	struct fp_item item = {
		.input = line->text,
		.fault = line->fault,
		.is_cut = line->is_cut,
		.is_url = reader->settings->default_scheme ||
			  reader->settings->tells_template,
		.more = true, /* before_wait() sees to it */
		.seq = line->seq,
		.outcome_unknown = entry->is_unknown,
	};

	if (reader->parser)
		return submit_json(reader, entry);
	if (!item.fault)
		item.fault = fp_linecheck_judge(
			&reader->check, line->text, &item.url);
	if (!item.fault && fp_fields_fill(&reader->fields, &item))
		return -1;
	if (!item.fault && item.n_values > 0 &&
		!reader->settings->pool.data_line)
		fp_linecheck_fields(&reader->check, &item);
	return hand_in(reader, &item);
}

/* Lines that have failed, and stay so, are in their files again. */
static int
list_failed(struct fp_reader *reader)
{
	struct fp_journal *journal = reader->journal;

	if (!fp_journal_is_listing(journal))
		return 0;
	if (fp_resume_list(&reader->resume, fp_journal_list, journal) == 0)
		return fp_journal_listed(journal);
	if (errno != EILSEQ)
		fp_msg_local("cannot read %s: %s", reader->input.name,
			strerror(errno));
	return -1;
}

/* The input is the right one, and the outputs end where the journal does; or
 * nothing is to be done with any of them. */
static int
begin_again(struct fp_reader *reader)
{
	struct fp_journal *journal = reader->journal;
	struct fp_resume *resume = &reader->resume;

	if (fp_resume_check(resume) == 0) {
		if (fp_journal_begin(journal) == 0 && list_failed(reader) == 0)
			return fp_resume_start(resume);
		errno = EILSEQ;
	}
	reader->is_refused = true;
	return -1;
}

static void
before_wait(void *arg)
{
	fp_pool_flush(arg);
}

static void
note_read(struct fp_reader *reader, const struct entry *entry)
{
	const struct fp_shard *shard = &reader->settings->input.shard;
	uint64_t n_lines = fp_shard_place(shard, entry->line.seq);

	atomic_fetch_add_explicit(&reader->n_read, 1, memory_order_relaxed);
	atomic_store_explicit(&reader->n_lines, n_lines, memory_order_relaxed);
	atomic_store_explicit(&reader->n_bytes,
		fp_input_position(&reader->input), memory_order_relaxed);
}

/* One line becomes an item. 1; 0 at the end; -1, and if it was there, it is the
 * next one again. */
static int
reader_take_line(struct fp_reader *reader)
{
	struct entry entry;
	int ret = next(reader, &entry);

	if (ret <= 0)
		return ret;
	if (submit(reader, &entry)) {
		reader->has_stopped = errno != ECANCELED;
		back(reader);
		return -1;
	}
	reader->has_stopped = false;
	reader->n_cut += entry.line.is_cut;
	note_read(reader, &entry);
	return 1;
}

/* Takes up to `max` lines that were read. 1, or what ended it. */
static int
take_what_was_read(struct fp_reader *reader, size_t max)
{
	int ret = 1;

	reader->input.is_reading_off = true;
	for (size_t i = 0; i < max && ret > 0 && fp_pool_has_room(reader->pool);
		i++)
		ret = reader_take_line(reader);
	reader->input.is_reading_off = false;
	return ret;
}

/* While the input is not open, nothing of it is touched: it is not ready yet,
 * or the main thread has it, which takes no lock. */
bool
fp_reader_feed(void *arg, size_t max)
{
	struct fp_reader *reader = arg;
	int ret = 1;

	if (!fp_mutex_trylock(&reader->lock))
		return true;
	if (reader->is_open)
		ret = take_what_was_read(reader, max);
	fp_mutex_unlock(&reader->lock);
	return ret > 0;
}

/* Meanwhile others may have lines become items. */
static void
reader_wait_for_room(struct fp_reader *reader)
{
	while (!fp_pool_has_room(reader->pool)) {
		fp_pool_flush(reader->pool);
		atomic_store(&reader->hands_in, true);
		fp_mutex_unlock(&reader->lock);
		fp_pool_await_room(reader->pool);
		fp_mutex_lock(&reader->lock);
		atomic_store(&reader->hands_in, false);
	}
}

static int
reader_take_lines(struct fp_reader *reader)
{
	int ret = reader->is_resumed ? begin_again(reader) : 0;

	if (ret)
		return ret;
	reader->is_open = true;
	do {
		reader_wait_for_room(reader);
		ret = reader_take_line(reader);
	} while (ret > 0);
	reader->is_open = false;
	return ret;
}

/* A thread for a few lines would be most of what they cost. */
bool
fp_reader_begin(struct fp_reader *reader)
{
	int ret = 1;

	if (reader->is_resumed)
		return false;
	fp_mutex_lock(&reader->lock);
	reader->input.hasty_end = reader->input.n_taken + FIRST_BYTES;
	for (int i = 0;
		i < FIRST_LINES && ret > 0 && fp_pool_has_room(reader->pool);
		i++)
		ret = reader_take_line(reader);
	reader->input.hasty_end = 0;
	if (ret == 0) {
		fp_pool_close(reader->pool);
		atomic_store(&reader->is_done, true);
	}
	fp_mutex_unlock(&reader->lock);
	return ret == 0;
}

void
fp_reader_main(void *arg)
{
	struct fp_reader *reader = arg;

	fp_mutex_lock(&reader->lock);
	reader->input.before_wait = before_wait;
	reader->input.before_wait_arg = reader->pool;
	int ret = reader_take_lines(reader);
	if (reader->has_stopped)
		fp_msg_local("out of memory");
	else if (ret < 0 && errno != ECANCELED && errno != EILSEQ)
		fp_msg_local("cannot read %s: %s", reader->input.name,
			strerror(errno));
	fp_pool_close(reader->pool);
	reader->input.before_wait = NULL;
	fp_mutex_unlock(&reader->lock);
	atomic_store(&reader->is_done, true);
}

/* ---- after a stop ---- */

uint64_t
fp_reader_set_aside(struct fp_reader *reader, struct fp_output *failed,
	struct fp_output *unknown)
{
	struct entry entry;
	uint64_t n = 0;

	fp_input_resume_stopped(&reader->input);
	if ((failed->fd < 0 && unknown->fd < 0) || reader->is_refused)
		return 0;
	while (next(reader, &entry) > 0) {
		struct fp_text text = entry.line.text;
		n++;
		reader->n_cut += entry.line.is_cut;
		if (entry.line.is_cut)
			continue;
		fp_output_line(fp_journal_aside(reader->settings, failed,
				       unknown, entry.is_unknown),
			text.data, text.len);
	}
	return n;
}
