/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "course.h"

#include "clock.h"
#include "dryrun.h"
#include "msg.h"
#include "signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- meanwhile ---- */

static uint64_t
read_counter(atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* How many items are left, as far as the input tells: all of a regular file, or
 * all that was read if that is its end. */
static uint64_t
count_left(struct fp_course *run, uint64_t n_read, uint64_t n_done)
{
	struct fp_reader *reader = &run->reader;
	struct stat st;

	if (atomic_load(&reader->is_done))
		return read_counter(&reader->n_read) - n_done;
	if (reader->input.start < 0 || fstat(reader->input.fd, &st))
		return FP_LEFT_UNKNOWN;
	uint64_t start = (uint64_t)reader->input.start;
	uint64_t end = (uint64_t)st.st_size;
	return fp_progress_left(end - FP_MIN(end, start),
		read_counter(&reader->n_bytes), read_counter(&reader->n_lines),
		n_read, n_done);
}

struct fp_ends
fp_course_ends(struct fp_course *run)
{
	struct fp_reader *reader = &run->reader;

	return (struct fp_ends){
		.reading = atomic_load(&reader->is_done) ? FP_READING_DONE
			   : atomic_load(&reader->hands_in)
				   ? FP_READING_HANDS_IN
				   : FP_READING_LINES,
		.writing =
			(enum fp_writing)atomic_load(&run->writer.is_writing),
		.keeps_order = run->settings->pool.keep_order,
	};
}

struct fp_progress
fp_course_progress(struct fp_course *run, int64_t now_ns)
{
	struct fp_progress progress = {
		.n_succeeded = read_counter(&run->writer.n_succeeded),
		.n_failed = read_counter(&run->writer.n_failed),
		.n_read = read_counter(&run->reader.n_read),
		.is_exact = atomic_load(&run->reader.is_done),
		.is_stopping = run->signal || run->cut_by,
		.took_ns = now_ns - run->start_ns,
	};

	struct fp_ends ends = fp_course_ends(run);
	struct fp_look look;
	double uses[FP_USE_COUNT];
	fp_pool_look(run->pool, &look);
	progress.n_running = look.n_running;
	for (int i = 0; i < FP_HELD_COUNT; i++)
		progress.n_waiting += look.n_held[i];
	fp_ledger_uses(&look, &ends, run->settings->pool.jobs, uses);
	progress.held_by = (int)fp_cause_now(&look, uses,
		run->settings->pool.finds_jobs &&
			run->settings->pool.host_jobs == 0,
		now_ns, progress.held, sizeof(progress.held));
	progress.n_left = count_left(
		run, progress.n_read, progress.n_succeeded + progress.n_failed);
	return progress;
}

void
fp_course_tell(struct fp_course *run)
{
	struct fp_progress progress =
		fp_course_progress(run, fp_clock_now_ns());
	char text[300], sentence[FP_CAUSE_MAX];
	double part;

	fp_progress_words(&progress, text, sizeof(text));
	fp_msg_note("%s", text);
	enum fp_cause cause =
		fp_account_explain(&run->account, 0, sentence, &part);
	if (cause < FP_CAUSE_COUNT && cause != FP_CAUSED_BY_NOTHING &&
		cause != FP_CAUSED_BY_CHANCE)
		fp_msg_note("so far: %s", sentence);
}

void
fp_course_measure(struct fp_course *run)
{
	struct fp_tally *tally = malloc(sizeof(*tally));
	int64_t now_ns = fp_clock_now_ns();
	struct fp_totals totals = {
		.n_read = read_counter(&run->reader.n_read),
		.n_succeeded = read_counter(&run->writer.n_succeeded),
		.n_failed = read_counter(&run->writer.n_failed),
		.n_not_done = read_counter(&run->writer.n_not_done),
		.took_ns = now_ns - run->start_ns,
		.started_wall_ns = run->start_wall_ns,
	};
	struct fp_look look;

	if (!tally) {
		run->account.metrics_due_ns = now_ns + FP_NS_PER_S;
		return;
	}
	fp_writer_copy_tally(&run->writer, tally);
	fp_pool_look(run->pool, &look);
	fp_account_measure(&run->account, tally, &totals, &look, now_ns);
	free(tally);
}

/* ---- after ---- */

/* Whether --deadline or --max-errors kept something from being done. */
static bool
was_cut_short(const struct fp_course *run, uint64_t n_not_done)
{
	return run->cut_by && (n_not_done || !run->was_all_read);
}

/* What ended the run before its time; NULL: nothing did. */
static const char *
name_stop(struct fp_course *run, uint64_t n_not_done)
{
	if (run->signal)
		return fp_signals_name(run->signal);
	if (fp_writer_ends_by_pipe(&run->writer))
		return "SIGPIPE";
	return was_cut_short(run, n_not_done) ? run->cut_by : NULL;
}

static struct fp_totals
course_add_up(struct fp_course *run, uint64_t n_set_aside)
{
	struct fp_totals totals = {
		.n_read = read_counter(&run->reader.n_read) + n_set_aside,
		.n_succeeded = read_counter(&run->writer.n_succeeded),
		.n_failed = read_counter(&run->writer.n_failed),
		.n_not_done =
			read_counter(&run->writer.n_not_done) + n_set_aside,
		.took_ns = fp_clock_now_ns() - run->start_ns,
		.started_wall_ns = run->start_wall_ns,
	};

	totals.stopped_by = name_stop(run, totals.n_not_done);
	return totals;
}

/* What --json-safe changed, in a line. */
static void
tell_changes(const struct fp_json_changes *changes)
{
	const struct {
		uint64_t n;
		const char *what;
	} all[] = {
		{changes->surrogates, "lone surrogates replaced by U+FFFD"},
		{changes->nuls, "U+0000 replaced by U+FFFD"},
		{changes->numbers, "numbers written as strings"},
		{changes->deep, "values nested too deep written as strings"},
	};
	char text[240] = "";
	size_t len = 0;

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++) {
		if (all[i].n > 0)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
				"%s%s: %" PRIu64, len ? "; " : "", all[i].what,
				all[i].n);
	}
	if (len > 0)
		fp_msg_note("--json-safe changed bodies: %s", text);
}

static const char *
course_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* How it ended, in a line, if that is not as it should be. */
static void
tell_end(struct fp_course *run, const struct fp_totals *totals)
{
	uint64_t failed_before = run->journal.n_failed_before;
	const char *by = totals->stopped_by;

	if (totals->n_failed || failed_before)
		fp_msg_set_status(FP_EXIT_FAILED);
	if (failed_before)
		fp_msg_note("%" PRIu64 " item%s failed in earlier runs "
			    "(--retry-failed fetches %s again)",
			failed_before, course_plural(failed_before),
			failed_before == 1 ? "it" : "them");
	if (was_cut_short(run, totals->n_not_done))
		fp_msg_set_status(FP_EXIT_STOPPED);
	/* A filter whose reader went away says nothing. */
	if (fp_writer_ends_by_pipe(&run->writer))
		return;
	if (by || totals->n_not_done)
		fp_msg_note("stopped%s%s: %" PRIu64 " done, %" PRIu64
			    " failed, %" PRIu64 " not done",
			by ? " by " : "", by ? by : "", totals->n_succeeded,
			totals->n_failed, totals->n_not_done);
	else if (run->settings->quiet && totals->n_failed)
		fp_account_tell_failed(&run->writer.tally, totals);
}

void
fp_course_undo(struct fp_course *run)
{
	if (run->pool)
		fp_pool_withdraw(run->pool);
	fp_output_undo(&run->writer.output);
	fp_output_undo(&run->writer.failed);
	fp_output_undo(&run->writer.unknown);
	fp_trace_undo(&run->account.trace);
	fp_etags_undo(&run->etags);
}

void
fp_course_conclude(struct fp_course *run)
{
	uint64_t left = 0;
	bool is_short = run->signal || run->cut_by || run->writer.has_stopped ||
			run->reader.has_stopped;

	if (run->reader.is_refused)
		fp_course_undo(run);
	fp_journal_finish(&run->journal);
	fp_writer_set_aside(&run->writer);
	if (is_short)
		left = fp_reader_set_aside(&run->reader, &run->writer.failed,
			&run->writer.unknown);
	bool lost = run->writer.failed.error || run->writer.unknown.error;
	if (fp_writer_close(&run->writer))
		lost = true;
	if (!run->writer.failed.error && !run->writer.unknown.error)
		fp_journal_rest(&run->journal);
	struct fp_totals totals = course_add_up(run, left);

	tell_end(run, &totals);
	tell_changes(&run->writer.tally.changes);
	if (run->settings->failed_path && run->reader.n_cut && !lost)
		fp_msg_note("not written to %s: %" PRIu64
			    " line%s longer than --max-line%s",
			run->settings->failed_path, run->reader.n_cut,
			course_plural(run->reader.n_cut),
			run->settings->has_csv ? " or with an unclosed quote"
					       : "");
	if (run->settings->failed_path && run->writer.n_unknown)
		fp_msg_note("not written to %s: %" PRIu64
			    " line%s whose outcome is unknown (--unknown FILE "
			    "keeps %s)",
			run->settings->failed_path, run->writer.n_unknown,
			course_plural(run->writer.n_unknown),
			run->writer.n_unknown == 1 ? "it" : "them");
	if (totals.n_read !=
		totals.n_succeeded + totals.n_failed + totals.n_not_done)
		fp_msg_local(
			"internal error: the counts do not add up: %" PRIu64
			" read, %" PRIu64 " succeeded, %" PRIu64
			" failed, %" PRIu64 " not done",
			totals.n_read, totals.n_succeeded, totals.n_failed,
			totals.n_not_done);
	if (run->settings->pool.dry_run)
		fp_dryrun_tell(run->settings, run->pool, totals.n_read,
			FP_MAX(run->reader.fill.longest,
				run->reader.page_fill.longest),
			run->reader.input.start >= 0);
	if (run->reader.is_refused && !run->signal && !run->cut_by)
		fp_account_refuse(&run->account);
	fp_account_render(&run->account, &run->writer.tally, &totals);
}
