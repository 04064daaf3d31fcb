/* SPDX-License-Identifier: MIT */
/*
 * The writer takes all results that are ready, up to a batch, renders them
 * into the output's buffer, writes that, and only then gives the batch back.
 * So one result that comes alone leaves at once, and many that come together
 * leave in one write.
 *
 * A thread of the pool, or the reader, does the same with its results when
 * nothing of it can block: those of an ordinary size, to a file, a device that
 * takes all, or a pipe that has room. If that has none after all, the rest is
 * written by the writer, who has the batch next, rendered as it is. So are all
 * others. Where another thread may write at all, the writer's own is started
 * only when there is the first batch for it: most short runs have none.
 *
 * A record counts as delivered when the output has written its last byte. If
 * the output fails in the middle of a batch, the items behind that point were
 * not done: their lines are set aside like those that never started.
 */
#include "base.h"

#include "writer.h"

#include "msg.h"
#include "patience.h"
#include "signals.h"
#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Bytes of a result that a thread of the pool writes. More is more work than it
 * has time for. */
#define DRAINED_MAX ((size_t)16 << 10)

/* What else is in a record. */
#define RECORD_BYTES 200

/* So often it is pressed before it leaves the line that is begun. */
#define LINE_END_PRESSES 20

/* Before a line that is held back. */
struct undone {
	size_t len;
	bool is_unknown;
};

static int
refuse_output(const char *name)
{
	fp_msg_local("cannot write %s: %s", name, fp_patience_why(errno));
	return -1;
}

static int
open_aside(struct fp_output *output, const struct fp_settings *settings,
	const char *path)
{
	fp_output_none(output);
	if (path && fp_output_open(output, path, settings->input.separator))
		return refuse_output(path);
	output->heading = settings->header;
	output->has_records = settings->has_csv;
	return 0;
}

int
fp_writer_init(struct fp_writer *writer, const struct fp_settings *settings)
{
	const char *path = settings->output_path;

	writer->settings = settings;
	writer->done_fd = -1;
	atomic_init(&writer->n_succeeded, 0);
	atomic_init(&writer->n_failed, 0);
	atomic_init(&writer->n_not_done, 0);
	atomic_init(&writer->is_writing, FP_WRITING_NOTHING);
	fp_mutex_init(&writer->tally_lock);
	fp_mutex_init(&writer->thread_lock);
	fp_output_none(&writer->failed);
	fp_output_none(&writer->unknown);
	if (path && strcmp(path, "-") != 0) {
		if (fp_output_open(&writer->output, path, '\n'))
			return refuse_output(path);
	} else if (fp_output_take(
			   &writer->output, STDOUT_FILENO, "standard output")) {
		return refuse_output("standard output");
	}
	writer->is_shared = fp_output_is_same(writer->output.fd, fp_msg_fd());
	writer->has_prompt_errors = fp_msg_is_prompt();
	if (open_aside(&writer->failed, settings, settings->failed_path))
		return -1;
	return open_aside(&writer->unknown, settings, settings->unknown_path);
}

int
fp_writer_begin(struct fp_writer *writer)
{
	struct fp_output *const outputs[] = {
		&writer->output, &writer->failed, &writer->unknown};

	for (size_t i = 0; i < FP_ARRAY_LEN(outputs); i++) {
		if (outputs[i]->fd >= 0 && outputs[i]->is_file &&
			outputs[i]->is_ours && fp_output_cut(outputs[i], 0))
			return refuse_output(outputs[i]->name);
	}
	return 0;
}

/* Tells once that an output failed; that it was stopped is no failure. */
static void
writer_tell(struct fp_output *output)
{
	if (output->is_told || output->error == ECANCELED)
		return;
	if (output->error == EPIPE && !output->is_ours &&
		!fp_signals_is_ignored(SIGPIPE))
		return;
	output->is_told = true;
	if (!output->is_ours)
		fp_msg_local("write error: %s", strerror(output->error));
	else
		fp_msg_local("write error: %s: %s", output->name,
			fp_output_why(output->error));
}

static void
writer_stop(struct fp_writer *writer)
{
	if (!writer->has_stopped) {
		writer->has_stopped = true;
		writer->stop(writer->stop_arg);
	}
}

bool
fp_writer_is_told(const struct fp_settings *settings)
{
	return settings->failed_path || settings->unknown_path ||
	       settings->stats_path || settings->report_path;
}

bool
fp_writer_ends_by_pipe(const struct fp_writer *writer)
{
	return writer->output.error == EPIPE && !writer->output.is_ours &&
	       !fp_signals_is_ignored(SIGPIPE);
}

/* An output failed: nothing more is to be fetched. */
static void
writer_give_up(struct fp_writer *writer, struct fp_output *output)
{
	if (output == &writer->output && output->error == EPIPE &&
		!fp_writer_is_told(writer->settings))
		fp_signals_obey_pipe();
	writer_tell(output);
	if (output->error != ECANCELED)
		writer_stop(writer);
}

int
fp_writer_close(struct fp_writer *writer)
{
	struct fp_output *const asides[] = {&writer->failed, &writer->unknown};
	int failed = 0;

	for (size_t i = 0; i < FP_ARRAY_LEN(asides); i++) {
		if (fp_output_close(asides[i]) == 0)
			continue;
		writer_tell(asides[i]);
		failed = -1;
	}
	fp_buf_destroy(&writer->undone);
	if (fp_output_close(&writer->output) == 0)
		return failed;
	writer_tell(&writer->output);
	return -1;
}

/* ---- one result ---- */

static void
writer_count(atomic_uint_fast64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Keeps the item's line for the next run. A line that was too long to be held
 * is not there to be kept. With a journal, what was not done comes after all
 * that has failed: the run that goes on takes it away again. What was done, and
 * nobody was told, is not to be done twice. */
static void
set_aside(
	struct fp_writer *writer, const struct fp_result *result, bool is_done)
{
	bool is_untold = result->kind == FP_KIND_OK && result->is_sent_once;
	const struct undone head = {
		result->input.len, result->is_outcome_unknown || is_untold};
	struct fp_output *aside = fp_journal_aside(writer->settings,
		&writer->failed, &writer->unknown, head.is_unknown);
	struct fp_buf *undone = &writer->undone;

	if (result->input.len == 0 || result->is_cut)
		return;
	if (aside->fd < 0) {
		writer->n_unknown += head.is_unknown;
	} else if (is_done || !writer->journal) {
		fp_output_line(aside, result->input.data, head.len);
	} else if (fp_buf_add(undone, &head, sizeof(head)) ||
		   fp_buf_add(undone, result->input.data, head.len)) {
		fp_msg_local("out of memory");
	}
}

void
fp_writer_set_aside(struct fp_writer *writer)
{
	const char *at = writer->undone.data;
	size_t left = writer->undone.len;
	struct undone head;

	while (left > 0) {
		memcpy(&head, at, sizeof(head));
		at += sizeof(head);
		fp_output_line(
			fp_journal_aside(writer->settings, &writer->failed,
				&writer->unknown, head.is_unknown),
			at, head.len);
		at += head.len;
		left -= sizeof(head) + head.len;
	}
}

static void
writer_tell_messages(struct fp_writer *writer)
{
	fp_msg_flush();
	writer->has_messages = false;
}

static void
writer_write_record(struct fp_writer *writer, const struct fp_result *result)
{
	if (FP_UNLIKELY(writer->has_messages))
		writer_tell_messages(writer);
	fp_record_write(result, &writer->settings->format, fp_output_add,
		&writer->output);
}

static void
writer_write_error(struct fp_writer *writer, const struct fp_result *result)
{
	const struct fp_settings *settings = writer->settings;

	if (settings->quiet)
		return;

	/* On one terminal, or in one file, both keep their order: at any time
	 * one of them alone has something that is not written. */
	if (writer->is_shared)
		fp_output_flush(&writer->output);
	const struct fp_record_format *format =
		settings->json_errors ? &settings->format : NULL;
	if (writer->output.is_held)
		fp_msg_item_now(result, format);
	else
		fp_msg_item(result, format);
	writer->has_messages = writer->is_shared;
}

/* With --keep-order and a journal, what comes after an item that was not done
 * is not done either: it is fetched again after that one, in its place. The
 * answer to a request that must not be sent again is kept all the same. */
static bool
is_put_off(struct fp_writer *writer, const struct fp_result *result)
{
	return writer->has_gap && writer->journal &&
	       writer->settings->pool.keep_order &&
	       !fp_journal_has_sent(writer->journal, result->seq);
}

/* A request that the journal could not record is not sent, as any other from
 * then on: that is no failure of its item. */
static bool
is_unrecorded(struct fp_writer *writer, const struct fp_result *result)
{
	return result->kind == FP_KIND_LOCAL && writer->journal &&
	       fp_journal_has_failed(writer->journal);
}

/* Whether what has not changed leaves no line: there is no document. */
static bool
is_left_out(const struct fp_writer *writer)
{
	return writer->settings->changed_only ||
	       writer->settings->format.format != FP_FORMAT_RECORD;
}

/* Renders what is to be seen of the result. What is not done has its record
 * when it is done: in the run that goes on, if there is to be one. */
static void
render(struct fp_writer *writer, const struct fp_result *result, bool is_done)
{
	bool failed = result->kind != FP_KIND_OK;

	if (!is_done && writer->journal)
		return;
	if (result->is_unchanged && is_left_out(writer))
		return;
	if (!failed || writer->settings->all)
		writer_write_record(writer, result);
	if (failed && result->kind != FP_KIND_STOPPED)
		writer_write_error(writer, result);
}

/* Whether more results of the same item follow. */
static bool
is_page_before_last(const struct fp_result *result)
{
	return result->page > 0 && result->pages == 0;
}

/* Counts it, now that it is known what was written. */
static void
writer_settle(struct fp_writer *writer, const struct fp_result *result,
	bool is_delivered, bool is_done)
{
	is_done = is_done && (result->kind != FP_KIND_OK || is_delivered);
	if (FP_UNLIKELY(writer->ledger))
		fp_mutex_lock(&writer->tally_lock);
	fp_tally_add(&writer->tally, result, is_done);
	if (FP_UNLIKELY(writer->ledger))
		fp_mutex_unlock(&writer->tally_lock);
	if (is_page_before_last(result))
		return;
	if (!is_done) {
		writer_count(&writer->n_not_done);
		set_aside(writer, result, false);
	} else if (result->kind != FP_KIND_OK) {
		writer_count(&writer->n_failed);
		set_aside(writer, result, true);
	} else {
		writer_count(&writer->n_succeeded);
	}
}

static void
writer_say(struct fp_writer *writer, enum fp_writer_word what)
{
	char word = (char)what;

	(void)!write(writer->done_fd, &word, 1);
}

/* A share of the items is looked at when there are enough for one. */
bool
fp_writer_is_over(
	const struct fp_settings *settings, uint64_t n_failed, uint64_t n_done)
{
	double most = (double)settings->max_errors;

	if (!settings->has_max_errors)
		return false;
	if (!settings->max_errors_is_share)
		return n_failed > settings->max_errors;
	return n_done >= 100 && (double)n_failed > (double)n_done * most / 100;
}

static void
watch_errors(struct fp_writer *writer)
{
	uint64_t failed = atomic_load(&writer->n_failed);
	uint64_t done = failed + atomic_load(&writer->n_succeeded);

	if (writer->has_warned ||
		!fp_writer_is_over(writer->settings, failed, done))
		return;
	writer->has_warned = true;
	writer_say(writer, FP_WRITER_ERRORS);
}

static bool
is_delivered(const struct fp_output *output, uint64_t end)
{
	return !output->error || end <= output->n_whole;
}

/* What is whole in the outputs is done. An item whose line found no memory is
 * not: it could not be told from another. */
static int
keep_journal(struct fp_writer *writer, const struct fp_writer_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		const struct fp_result *result = batch->results[i];
		const struct fp_journal_marks *ends = &batch->ends[i];
		bool is_lost =
			result->kind == FP_KIND_LOCAL && result->input.len == 0;
		if (batch->is_done[i] && !is_lost &&
			is_delivered(&writer->output, ends->out.n_given) &&
			is_delivered(&writer->failed, ends->failed.n_given) &&
			is_delivered(&writer->unknown, ends->unknown.n_given))
			fp_journal_add(writer->journal, result, ends);
	}
	return fp_journal_commit(writer->journal);
}

/* What is in the output, and the journal, is known the next time. */
static void
keep_etags(struct fp_writer *writer, const struct fp_writer_batch *batch)
{
	if (!writer->etags)
		return;
	for (size_t i = 0; i < batch->n; i++) {
		const struct fp_result *result = batch->results[i];
		if (batch->is_done[i] && result->kind == FP_KIND_OK &&
			!result->is_unchanged &&
			is_delivered(
				&writer->output, batch->ends[i].out.n_given))
			fp_etags_add(writer->etags, result);
	}
	fp_etags_commit(writer->etags);
}

/* What it is doing, for whoever would like to know what a run waits for. */
static void
writer_shows(struct fp_writer *writer, enum fp_writing is_writing)
{
	atomic_store_explicit(
		&writer->is_writing, is_writing, memory_order_relaxed);
}

static void
render_batch(struct fp_writer *writer, struct fp_writer_batch *batch)
{
	writer_shows(writer, FP_WRITING_OUTPUT);
	for (size_t i = 0; i < batch->n; i++) {
		const struct fp_result *result = batch->results[i];
		batch->is_done[i] = result->kind != FP_KIND_STOPPED &&
				    !is_put_off(writer, result) &&
				    !is_unrecorded(writer, result);
		writer->has_gap |= !batch->is_done[i];
		render(writer, result, batch->is_done[i]);
		batch->ends[i].out = fp_journal_mark(&writer->output);
	}
	batch->is_rendered = true;
}

/* What was rendered is written, or never will be. */
static void
settle_batch(struct fp_writer *writer, struct fp_writer_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		writer_settle(writer, batch->results[i],
			is_delivered(
				&writer->output, batch->ends[i].out.n_given),
			batch->is_done[i]);
		batch->ends[i].failed = fp_journal_mark(&writer->failed);
		batch->ends[i].unknown = fp_journal_mark(&writer->unknown);
	}
	batch->is_rendered = false;
	if (FP_UNLIKELY(writer->ledger))
		fp_ledger_results(writer->ledger, batch->results, batch->n);
}

/* The lines that are kept for another run. */
static void
flush_asides(struct fp_writer *writer)
{
	if (fp_output_flush(&writer->failed))
		writer_give_up(writer, &writer->failed);
	if (fp_output_flush(&writer->unknown))
		writer_give_up(writer, &writer->unknown);
}

static void
deliver(struct fp_writer *writer, struct fp_writer_batch *batch)
{
	if (!batch->is_rendered)
		render_batch(writer, batch);
	if (fp_output_flush(&writer->output))
		writer_give_up(writer, &writer->output);
	writer_tell_messages(writer);
	settle_batch(writer, batch);
	flush_asides(writer);
	if (writer->journal)
		writer_shows(writer, FP_WRITING_JOURNAL);
	if (writer->journal && keep_journal(writer, batch))
		writer_stop(writer);
	else
		keep_etags(writer, batch);
	writer_shows(writer, FP_WRITING_NOTHING);
}

/* ---- by a thread of the pool ---- */

bool
fp_writer_may_drain(const struct fp_writer *writer)
{
	return writer->output.quick_fd >= 0 && !writer->journal &&
	       !writer->etags && !writer->settings->format.each;
}

/* Whether nobody waits to keep the line of what failed. */
static bool
keeps_at_once(const struct fp_output *aside)
{
	return aside->fd < 0 || aside->is_file;
}

/* Whether nobody waits to tell of what failed, or to keep its line. */
static bool
fails_at_once(const struct fp_writer *writer)
{
	return (writer->settings->quiet || writer->has_prompt_errors) &&
	       keeps_at_once(&writer->failed) &&
	       keeps_at_once(&writer->unknown);
}

/* At one place, either records or messages are written at once. */
static bool
are_apart(const struct fp_writer *writer, size_t n_failed, size_t n)
{
	return !writer->is_shared || n_failed == 0 ||
	       (n_failed == n && !writer->settings->all);
}

/* About the most bytes that it has as a record: JSON stays what it is, or
 * nearly so, of all else each byte may become six. 0: too many, or it is more
 * than a record and a message. */
static size_t
room_for(const struct fp_writer *writer, const struct fp_result *result)
{
	bool is_json = result->encoding == FP_BODY_JSON &&
		       !writer->settings->format.json_as_string;
	size_t n = result->input.len + result->input_json.len +
		   result->context.len + result->headers.len + result->body.len;

	if (n > DRAINED_MAX || result->kind == FP_KIND_STOPPED)
		return 0;
	if (result->kind != FP_KIND_OK && !fails_at_once(writer))
		return 0;
	if (result->kind != FP_KIND_OK && !writer->settings->all)
		return 1; /* no record */
	return (is_json ? 2 : 6) * n + 6 * RECORD_BYTES;
}

bool
fp_writer_drain(void *arg, const struct fp_result *const *results, size_t n)
{
	struct fp_writer *writer = arg;
	struct fp_writer_batch *batch = &writer->batch;
	size_t room = 0, n_failed = 0;

	for (size_t i = 0; i < n; i++) {
		size_t more = room_for(writer, results[i]);
		n_failed += results[i]->kind != FP_KIND_OK;
		if (more == 0)
			return false;
		room += more;
		batch->results[i] = results[i];
	}
	batch->n = n;
	if (!are_apart(writer, n_failed, n) ||
		!fp_output_hold(&writer->output, room))
		return false;
	render_batch(writer, batch);
	if (!fp_output_let_go(&writer->output))
		return false;
	if (!fp_msg_flush_now() && n_failed > 0)
		return false;
	writer->has_messages = false;
	settle_batch(writer, batch);
	flush_asides(writer);
	watch_errors(writer);
	writer_shows(writer, FP_WRITING_NOTHING);
	return true;
}

/* ---- by a thread of its own ---- */

/* A signal that comes just before write() is lost, so there is always another
 * one. */
void
fp_writer_press(struct fp_writer *writer)
{
	fp_output_stop(&writer->output);
	if (writer->n_presses++ == LINE_END_PRESSES) {
		fp_output_break(&writer->output, ECANCELED);
		fp_msg_hurry();
	}
	fp_mutex_lock(&writer->thread_lock);
	if (writer->has_thread)
		fp_thread_signal(&writer->thread, FP_SIGNAL_NUDGE);
	fp_mutex_unlock(&writer->thread_lock);
}

/* The end of the pipe says it. Nothing of it is touched any more then. */
static void
writer_end(struct fp_writer *writer)
{
	int fd = writer->done_fd;

	writer->done_fd = -1;
	close(fd);
}

void
fp_writer_main(void *arg)
{
	struct fp_writer *writer = arg;
	const struct fp_result *results[FP_WRITER_BATCH];
	struct fp_writer_batch *batch = &writer->batch;
	size_t n;

	fp_thread_allow_signal(FP_SIGNAL_NUDGE);
	while ((n = fp_pool_next(writer->pool, results, FP_WRITER_BATCH)) > 0) {
		/* One that is rendered comes again as it was. */
		FP_ASSERT(!batch->is_rendered || batch->n == n);
		memcpy(batch->results, results, n * sizeof(results[0]));
		batch->n = n;
		deliver(writer, batch);
		watch_errors(writer);
		fp_pool_release(writer->pool, batch->results, batch->n);
	}
	writer_end(writer);
}

int
fp_writer_start(struct fp_writer *writer)
{
	fp_mutex_lock(&writer->thread_lock);
	int ret = fp_thread_start(&writer->thread, 0, fp_writer_main, writer);
	writer->has_thread = ret == 0;
	writer->thread_error = ret ? errno : 0;
	fp_mutex_unlock(&writer->thread_lock);
	return ret;
}

void
fp_writer_summon(void *arg, bool is_over)
{
	struct fp_writer *writer = arg;

	if (!is_over) {
		if (fp_writer_start(writer))
			writer_say(writer, FP_WRITER_ALONE);
		return;
	}
	/* For whoever joins it. */
	fp_mutex_lock(&writer->thread_lock);
	writer_end(writer);
	fp_mutex_unlock(&writer->thread_lock);
}

void
fp_writer_join(struct fp_writer *writer)
{
	fp_mutex_lock(&writer->thread_lock);
	bool has_thread = writer->has_thread;
	writer->has_thread = false;
	fp_mutex_unlock(&writer->thread_lock);
	if (has_thread)
		fp_thread_join(&writer->thread);
}

void
fp_writer_copy_tally(struct fp_writer *writer, struct fp_tally *tally)
{
	fp_mutex_lock(&writer->tally_lock);
	*tally = writer->tally;
	fp_mutex_unlock(&writer->tally_lock);
}
