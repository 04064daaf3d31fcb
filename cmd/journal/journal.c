/* SPDX-License-Identifier: MIT */
/*
 * THE ORDER OF WRITES
 *
 *	1. records to the output, lines to --failed and --unknown
 *	2. with --sync: both are synced
 *	3. a line for each of these items to the journal, in one write
 *	4. with --sync: the journal is synced
 *
 * So the journal never knows more than the output holds. What the output holds
 * beyond it, is cut off before a run goes on; those items are fetched again.
 * Without --sync this is safe from whatever ends the process, with it from
 * what ends the machine.
 *
 * To sync takes long, and as long for many as for one. So with --sync a thread
 * of its own does steps 2 to 4, for a hundred items, or for those of 50 ms; the
 * writer goes on meanwhile, and waits only if it is far ahead. One sync of the
 * journal may serve several threads, too: whoever finds one going on waits for
 * its end, and then for the next, which is for all that were waiting.
 *
 * A request that must not be sent twice is written down, and synced, before
 * it is sent, and by the thread that is about to send it.
 *
 * When the file has many lines, it is made anew from the state; the outputs
 * are on the disk by then, in any case.
 *
 * With each end of an output that the journal names goes a checksum of all that
 * was written up to there. So a run that goes on knows the output by what is
 * in it, wherever it has been moved or copied to, and finds what a power cut
 * has taken away without --sync.
 */
#include "base.h"

#include "journal.h"

#include "clock.h"
#include "msg.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Lines that make the file worth making anew. */
#define RENEW_LINES 65536

/* What is synced together, if there is so much within the time. */
#define GROUP_ITEMS 100
#define GROUP_MS 50

/* ---- under the lock ---- */

static int
journal_fail(struct fp_journal *journal, const char *what, const char *name)
{
	if (!journal->error) {
		journal->error = errno;
		fp_msg_local(
			"%s %s: %s", what, name, fp_journalfile_why(errno));
		fp_cond_broadcast(&journal->synced);
		fp_cond_broadcast(&journal->room);
	}
	return -1;
}

static int
journal_fail_write(struct fp_journal *journal)
{
	return journal_fail(
		journal, "cannot write the journal", journal->file.path);
}

static void
wait_while_syncing(struct fp_journal *journal)
{
	while (journal->is_syncing)
		fp_cond_wait(&journal->synced, &journal->lock);
}

int
fp_journal_make(struct fp_journal *journal)
{
	static const struct fp_journal_line mark = {.what = FP_JOURNAL_COMMIT};
	struct fp_journal_state *state = &journal->state;
	struct fp_buf *text = &journal->text;

	fp_buf_clear(text, 0);
	if (fp_journalstate_write(state, text) ||
		(journal->settings->syncs &&
			fp_journalstate_add(state, text, &mark)))
		return -1;
	return fp_journalfile_make(&journal->file, text->data, text->len);
}

/* The name of what could not be synced, or NULL. */
static const char *
sync_files(const struct fp_journal *journal)
{
	const struct fp_output *const outputs[] = {
		journal->output, journal->failed, journal->unknown};

	for (size_t i = 0; i < FP_ARRAY_LEN(outputs); i++) {
		if (outputs[i]->fd >= 0 && outputs[i]->is_file &&
			fdatasync(outputs[i]->fd))
			return outputs[i]->name;
	}
	return NULL;
}

static int
journal_renew(struct fp_journal *journal)
{
	wait_while_syncing(journal);
	const char *name =
		journal->settings->syncs ? NULL : sync_files(journal);
	if (name)
		return journal_fail(journal, "cannot sync", name);
	if (fp_journal_make(journal))
		return journal_fail_write(journal);
	journal->n_lines = 0;
	journal->n_synced = journal->n_written;
	return 0;
}

static int
journal_append(struct fp_journal *journal, const struct fp_journal_line *lines,
	size_t n)
{
	if (journal->error || n == 0)
		return journal->error ? -1 : 0;
	fp_buf_clear(&journal->text, SIZE_MAX);
	for (size_t i = 0; i < n; i++) {
		if (fp_journalstate_add(
			    &journal->state, &journal->text, &lines[i]))
			return journal_fail_write(journal);
	}
	if (fp_journalfile_append(
		    &journal->file, journal->text.data, journal->text.len))
		return journal_fail_write(journal);
	journal->n_written += n;
	journal->n_lines += n;
	return journal->n_lines < RENEW_LINES ? 0 : journal_renew(journal);
}

/* Returns when all that was appended before is on the disk. */
static int
sync_journal(struct fp_journal *journal)
{
	uint64_t wanted = journal->n_written;

	while (journal->n_synced < wanted && !journal->error) {
		if (journal->is_syncing) {
			fp_cond_wait(&journal->synced, &journal->lock);
			continue;
		}
		uint64_t n = journal->n_written;
		journal->is_syncing = true;
		fp_mutex_unlock(&journal->lock);
		int ret = fp_journalfile_sync(&journal->file);
		int err = errno;
		fp_mutex_lock(&journal->lock);
		journal->is_syncing = false;
		if (ret) {
			errno = err;
			journal_fail(journal, "cannot sync the journal",
				journal->file.path);
		} else {
			journal->n_synced = n;
		}
		fp_cond_broadcast(&journal->synced);
	}
	return journal->error ? -1 : 0;
}

/* ---- the thread that commits ---- */

/* Step 2. An error is final: what could not be written may be dropped by the
 * system, and the next sync succeed. */
static int
sync_outputs(struct fp_journal *journal)
{
	const char *name = sync_files(journal);

	if (!name && journal->folder_fd >= 0 && syncfs(journal->folder_fd))
		name = journal->settings->pool.output_dir;
	if (!name)
		return 0;
	int err = errno;
	fp_mutex_lock(&journal->lock);
	errno = err;
	journal_fail(journal, "cannot sync", name);
	fp_mutex_unlock(&journal->lock);
	return -1;
}

static void
drop_lines(struct fp_journal_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(lines[i].owned);
		lines[i].owned = NULL;
	}
}

/* Steps 2 to 4 for all that was added. `group` is exchanged for the items that
 * are there. -1: no more. */
static int
commit_group(struct fp_journal *journal, struct fp_journal_line **group)
{
	const struct fp_journal_line mark = {.what = FP_JOURNAL_COMMIT};

	fp_mutex_lock(&journal->lock);
	struct fp_journal_line *items = journal->items;
	size_t n = journal->n_items;
	journal->items = *group;
	journal->n_items = journal->n_told = 0;
	*group = items;
	fp_cond_broadcast(&journal->room);
	fp_mutex_unlock(&journal->lock);
	if (n == 0)
		return 0;
	if (sync_outputs(journal)) {
		drop_lines(items, n);
		return -1;
	}
	fp_mutex_lock(&journal->lock);
	int ret = 0;
	if (journal->n_synced == journal->n_written)
		ret = journal_append(journal, &mark, 1);
	if (ret == 0)
		ret = journal_append(journal, items, n);
	drop_lines(items, n);
	if (ret == 0)
		ret = sync_journal(journal);
	fp_mutex_unlock(&journal->lock);
	return ret;
}

/* Waits for something to do, then for a group of it. */
static void
wait_for_group(struct fp_journal *journal)
{
	fp_mutex_lock(&journal->lock);
	while (journal->n_items == 0 && !journal->is_closing)
		fp_cond_wait(&journal->work, &journal->lock);
	int64_t end_ns = fp_clock_now_ns() + GROUP_MS * FP_NS_PER_MS;
	while (journal->n_items < GROUP_ITEMS && !journal->is_closing &&
		fp_cond_wait_until(&journal->work, &journal->lock, end_ns))
		;
	fp_mutex_unlock(&journal->lock);
}

static void
commit_main(void *arg)
{
	struct fp_journal *journal = arg;
	struct fp_journal_line *group =
		calloc(FP_JOURNAL_AHEAD, sizeof(*group));
	bool is_last = false;
	int ret = 0;

	if (!group) {
		fp_mutex_lock(&journal->lock);
		ret = journal_fail_write(journal);
		fp_mutex_unlock(&journal->lock);
	}
	while (ret == 0 && !is_last) {
		wait_for_group(journal);
		fp_mutex_lock(&journal->lock);
		is_last = journal->is_closing;
		fp_mutex_unlock(&journal->lock);
		ret = commit_group(journal, &group);
	}
	free(group);
	if (ret)
		journal->stop(journal->stop_arg);
}

int
fp_journal_start(struct fp_journal *journal)
{
	const char *folder = journal->settings->pool.output_dir;

	if (!journal->is_on || !journal->settings->syncs)
		return 0;
	if (folder) {
		journal->folder_fd =
			open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (journal->folder_fd < 0) {
			fp_msg_local(
				"cannot sync %s: %s", folder, strerror(errno));
			return -1;
		}
	}
	if (fp_thread_start(&journal->thread, 0, commit_main, journal)) {
		fp_msg_local("cannot start: %s", strerror(errno));
		return -1;
	}
	journal->has_thread = true;
	return 0;
}

/* ---- what the others call ---- */

/* Items are counted without those of other shards: what is done has gaps only
 * where it is being worked at, and is short to say. */
static uint64_t
journal_place(const struct fp_journal *journal, uint64_t seq)
{
	return fp_shard_place(&journal->settings->input.shard, seq);
}

/* Without a thread that commits, there is room only behind a commit. */
static void
wait_for_room(struct fp_journal *journal)
{
	FP_ASSERT(journal->has_thread);
	fp_cond_signal(&journal->work);
	while (journal->n_items == FP_JOURNAL_AHEAD && !journal->error)
		fp_cond_wait(&journal->room, &journal->lock);
}

struct fp_journal_mark
fp_journal_mark(const struct fp_output *output)
{
	return (struct fp_journal_mark){output->n_given, output->sum};
}

bool
fp_journal_has_sent(struct fp_journal *journal, uint64_t seq)
{
	fp_mutex_lock(&journal->lock);
	bool has = fp_seqset_has(
		&journal->state.sent, journal_place(journal, seq));
	fp_mutex_unlock(&journal->lock);
	return has;
}

bool
fp_journal_has_failed(struct fp_journal *journal)
{
	fp_mutex_lock(&journal->lock);
	bool has = journal->error;
	fp_mutex_unlock(&journal->lock);
	return has;
}

/* In hexadecimal digits. NULL: no memory. */
static char *
write_page_name(struct fp_text name)
{
	char *text = malloc(2 * name.len + 1);

	for (size_t i = 0; text && i < name.len; i++)
		snprintf(text + 2 * i, 3, "%02x", (unsigned char)name.data[i]);
	return text;
}

/* The line is of a page that is not the item's last. */
static int
add_page(struct fp_journal_line *line, const struct fp_result *result)
{
	line->what = FP_JOURNAL_PAGE;
	line->n_done = result->page;
	line->hash2 = result->page_hash;
	line->owned = write_page_name(result->next_page);
	line->page_name =
		(struct fp_text){line->owned, 2 * result->next_page.len};
	return line->owned ? 0 : -1;
}

void
fp_journal_add(struct fp_journal *journal, const struct fp_result *result,
	const struct fp_journal_marks *marks)
{
	fp_mutex_lock(&journal->lock);
	if (journal->n_items == FP_JOURNAL_AHEAD)
		wait_for_room(journal);
	if (!journal->error) {
		uint64_t seq = journal_place(journal, result->seq);
		struct fp_journal_line *line =
			&journal->items[journal->n_items++];
		*line = (struct fp_journal_line){
			.what = FP_JOURNAL_DONE,
			.seq = seq,
			.hash = fp_journalline_item_hash(
				journal->state.key, seq, result->input),
			.out_end = journal->out_start + marks->out.n_given,
			.failed_end =
				journal->failed_start + marks->failed.n_given,
			.unknown_end =
				journal->unknown_start + marks->unknown.n_given,
			.out_sum = marks->out.sum,
			.failed_sum = marks->failed.sum,
			.unknown_sum = marks->unknown.sum,
			.fate = fp_fate(result),
		};
		if (result->page > 0 && result->pages == 0 &&
			add_page(line, result)) {
			journal->n_items--;
			journal_fail_write(journal);
		}
	}
	fp_mutex_unlock(&journal->lock);
}

/* Undoes write_page_name(). */
static int
read_page_name(struct fp_buf *to, const struct fp_buf *name)
{
	unsigned byte;

	for (size_t i = 0; i + 1 < name->len; i += 2) {
		sscanf(name->data + i, "%2x", &byte);
		if (fp_buf_add_char(to, (char)byte))
			return -1;
	}
	return 0;
}

int
fp_journal_find_page(
	struct fp_journal *journal, uint64_t seq, struct fp_journal_page *page)
{
	int ret = 0;

	page->page = 0;
	fp_buf_clear(&page->name, SIZE_MAX);
	fp_buf_clear(&page->seen, SIZE_MAX);
	fp_mutex_lock(&journal->lock);
	const struct fp_journal_chain *chain = fp_journalchain_find(
		&journal->state.chains, journal_place(journal, seq));
	if (chain && chain->page > 0) {
		page->page = chain->page;
		ret = read_page_name(&page->name, &chain->name) ||
				      fp_buf_add(&page->seen, chain->seen.data,
					      chain->seen.len)
			      ? -1
			      : 0;
	}
	fp_mutex_unlock(&journal->lock);
	return ret;
}

int
fp_journal_commit(struct fp_journal *journal)
{
	fp_mutex_lock(&journal->lock);
	int ret = journal->error ? -1 : 0;
	if (!journal->has_thread) {
		if (ret == 0)
			ret = journal_append(
				journal, journal->items, journal->n_items);
		drop_lines(journal->items, journal->n_items);
		journal->n_items = 0;
	} else if (journal->n_items > 0 &&
		   (journal->n_told == 0 ||
			   (journal->n_told < GROUP_ITEMS &&
				   journal->n_items >= GROUP_ITEMS))) {
		journal->n_told = journal->n_items;
		fp_cond_signal(&journal->work);
	}
	fp_mutex_unlock(&journal->lock);
	return ret;
}

int
fp_journal_intent(void *arg, uint64_t seq)
{
	struct fp_journal *journal = arg;
	const struct fp_journal_line line = {
		.what = FP_JOURNAL_INTENT, .seq = journal_place(journal, seq)};

	fp_mutex_lock(&journal->lock);
	int ret = journal_append(journal, &line, 1);
	if (ret == 0)
		ret = sync_journal(journal);
	fp_mutex_unlock(&journal->lock);
	return ret;
}

/* ---- begin and end ---- */

uint32_t
fp_journal_fates(const struct fp_journal *journal)
{
	uint32_t fates = journal->settings->retried;

	/* What may be sent twice has no outcome that matters. */
	if (fates == FP_FATES_USUAL && journal->settings->pool.idempotent)
		fates |= FP_FATE_BIT(FP_FATE_UNKNOWN);
	return fates;
}

/* With --sync, behind a run that may have been without: what the journal tells
 * of is on the disk, and so is a "c", before any line comes behind it. */
static int
renew_at_begin(struct fp_journal *journal)
{
	const struct fp_journal_state *state = &journal->state;
	bool syncs = journal->settings->syncs;
	const char *name = syncs ? sync_files(journal) : NULL;

	if (name)
		return journal_fail(journal, "cannot sync", name);
	if (state->is_old || (syncs && !state->has_commit))
		return journal_renew(journal);
	return 0;
}

/* What an earlier run did is on record, and a line for each of the fates that
 * are fetched again. */
static int
append_begin(struct fp_journal *journal)
{
	struct fp_journal_state *state = &journal->state;
	struct fp_journal_line lines[1 + FP_FATES] = {{
		.what = FP_JOURNAL_RESUMED,
		.out_end = state->out_end,
		.failed_end = state->failed_end,
		.unknown_end = state->unknown_end,
	}};
	const struct fp_journal_line mark = {.what = FP_JOURNAL_COMMIT};
	uint32_t fates = fp_journal_fates(journal);
	size_t n = 1;

	for (unsigned fate = 1; fate < FP_FATES; fate++) {
		if (fates & FP_FATE_BIT(fate) && state->failed[fate].n > 0)
			lines[n++] = (struct fp_journal_line){
				.what = FP_JOURNAL_RETRY, .fate = fate};
	}
	if (renew_at_begin(journal) || journal_append(journal, lines, n))
		return -1;
	if (!journal->settings->syncs)
		return 0;
	return sync_journal(journal) || journal_append(journal, &mark, 1) ? -1
									  : 0;
}

/* A file of --failed or --unknown ends where the journal says. */
static int
cut_aside(struct fp_output *output, uint64_t end, uint32_t sum)
{
	output->sum = sum;
	return output->fd >= 0 && output->is_file ? fp_output_cut(output, end)
						  : 0;
}

int
fp_journal_begin(struct fp_journal *journal)
{
	struct fp_journal_state *state = &journal->state;
	const char *name = journal->file.path;
	int ret = -1;

	if (!journal->is_on || !journal->is_resumed)
		return 0;
	fp_mutex_lock(&journal->lock);
	if (fp_journalfile_cut(&journal->file, journal->good))
		goto out;
	name = journal->output->name;
	if (journal->output->is_file &&
		fp_output_cut(journal->output, state->out_end))
		goto out;
	free(state->seen);
	state->seen = NULL;
	state->n_seen = state->cap_seen = 0;
	if (append_begin(journal))
		goto out;
	name = journal->failed->name;
	if (cut_aside(journal->failed, state->failed_end, state->failed_sum))
		goto out;
	name = journal->unknown->name;
	if (cut_aside(journal->unknown, state->unknown_end, state->unknown_sum))
		goto out;
	journal->output->sum = state->out_sum;
	journal->out_start = state->out_end;
	journal->failed_start = state->failed_end;
	journal->unknown_start = state->unknown_end;
	journal->n_failed_before =
		fp_journalstate_failed(state, FP_FATES_FAILED);
	journal->has_begun = true;
	ret = 0;
out:
	if (ret)
		journal_fail(journal, "cannot continue", name);
	fp_mutex_unlock(&journal->lock);
	return ret;
}

/* ---- lines of what is still failed ---- */

struct fp_output *
fp_journal_aside(const struct fp_settings *settings, struct fp_output *failed,
	struct fp_output *unknown, bool is_unknown)
{
	return is_unknown && !settings->failed_unknown ? unknown : failed;
}

bool
fp_journal_is_listing(const struct fp_journal *journal)
{
	return journal->is_on && journal->state.is_listing;
}

int
fp_journal_list(void *arg, struct fp_text line, unsigned fate)
{
	struct fp_journal *journal = arg;
	struct fp_output *output = fp_journal_aside(journal->settings,
		journal->failed, journal->unknown, fate == FP_FATE_UNKNOWN);

	/* What a pipe had, it has. */
	if (output->fd < 0 || !output->is_file)
		return 0;
	if (fp_output_line(output, line.data, line.len) == 0)
		return 0;
	fp_mutex_lock(&journal->lock);
	errno = output->error;
	journal_fail(journal, "cannot continue", output->name);
	fp_mutex_unlock(&journal->lock);
	errno = EILSEQ;
	return -1;
}

int
fp_journal_listed(struct fp_journal *journal)
{
	struct fp_output *const outputs[] = {journal->failed, journal->unknown};
	const struct fp_journal_line line = {
		.what = FP_JOURNAL_LISTED,
		.failed_end = journal->failed_start + outputs[0]->n_given,
		.unknown_end = journal->unknown_start + outputs[1]->n_given,
		.failed_sum = outputs[0]->sum,
		.unknown_sum = outputs[1]->sum,
	};
	int ret = 0;

	fp_mutex_lock(&journal->lock);
	for (size_t i = 0; i < FP_ARRAY_LEN(outputs) && ret == 0; i++) {
		if (fp_output_flush(outputs[i]))
			ret = journal_fail(
				journal, "cannot continue", outputs[i]->name);
	}
	const char *name = ret == 0 && journal->settings->syncs
				   ? sync_files(journal)
				   : NULL;
	if (name)
		ret = journal_fail(journal, "cannot sync", name);
	if (ret == 0)
		ret = journal_append(journal, &line, 1);
	if (ret == 0 && journal->settings->syncs)
		ret = sync_journal(journal);
	fp_mutex_unlock(&journal->lock);
	return ret;
}

void
fp_journal_finish(struct fp_journal *journal)
{
	if (!journal->has_thread)
		return;
	fp_mutex_lock(&journal->lock);
	journal->is_closing = true;
	fp_cond_signal(&journal->work);
	fp_mutex_unlock(&journal->lock);
	fp_thread_join(&journal->thread);
	journal->has_thread = false;
}

void
fp_journal_rest(struct fp_journal *journal)
{
	struct fp_journal_state *state = &journal->state;
	const struct fp_output *failed = journal->failed;
	const struct fp_output *unknown = journal->unknown;
	const struct fp_journal_line line = {
		.what = FP_JOURNAL_REST,
		.failed_end = journal->failed_start + failed->n_given,
		.unknown_end = journal->unknown_start + unknown->n_given,
		.failed_sum = failed->sum,
		.unknown_sum = unknown->sum,
	};

	if (!journal->has_begun ||
		(line.failed_end == state->failed_end &&
			line.unknown_end == state->unknown_end))
		return;
	fp_mutex_lock(&journal->lock);
	journal_append(journal, &line, 1);
	fp_mutex_unlock(&journal->lock);
}

void
fp_journal_close(struct fp_journal *journal)
{
	if (!journal->settings)
		return;
	fp_journal_finish(journal);
	fp_journalfile_close(&journal->file);
	fp_journalstate_destroy(&journal->state);
	fp_buf_destroy(&journal->text);
	drop_lines(journal->items, journal->n_items);
	free(journal->items);
	if (journal->folder_fd >= 0)
		close(journal->folder_fd);
	fp_cond_destroy(&journal->synced);
	fp_cond_destroy(&journal->room);
	fp_cond_destroy(&journal->work);
	fp_mutex_destroy(&journal->lock);
	journal->settings = NULL;
}

/* The journal's own key is not told to who can read the folder. */
void
fp_journal_part_key(
	const struct fp_journal *journal, char key[FP_JOURNAL_PART_KEY_BYTES])
{
	static const char text[] = "part";
	uint64_t hash = fp_journalline_item_hash(journal->state.key, 0,
		(struct fp_text){text, sizeof(text) - 1});

	snprintf(key, FP_JOURNAL_PART_KEY_BYTES, "%016" PRIx64, hash);
}
