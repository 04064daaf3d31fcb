/* SPDX-License-Identifier: MIT */
/*
 * Three threads, besides the pool's loops:
 *
 *	reader	reads: waits for input, or for room in the pool; the main thread
 *		reads the first few lines, and if those are all, there is no
 *		reader
 *	writer	writes: waits for results, or for whoever reads ours; where the
 *		pool's loops write, it is started when it first has something to
 *		do, if ever
 *	main	waits for signals, for the reader of our output to go away,
 *		and for the writer to be done
 *
 * so that none of the three waits can keep the others from being noticed. Where
 * nothing has to be waited for, reader and writer sleep: the pool's loops take
 * lines that were read, and write records where that does not block. With
 * --sync, the journal has one more, which waits for the disk. The run ends when
 * the writer has had the last result. A stop for any reason is the same thing:
 * the input is told to give no more and the pool is cancelled; every item that
 * the pool took still reaches the writer, which counts it and sets aside its
 * line.
 *
 * Who may touch what: the input is for whoever has the reader's lock, and for
 * the main thread once the reader has ended; the outputs are for whoever has
 * results of the pool, and likewise. What is counted is atomic.
 */
#include "base.h"

#include "run.h"

#include "clock.h"
#include "complaint.h"
#include "course.h"
#include "descriptors.h"
#include "keys.h"
#include "msg.h"
#include "notice.h"
#include "patience.h"
#include "runfiles.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a second signal waits for the line that is being written, and for
 * the lines that were not done to be set aside. */
#define LAST_WORDS_MS 200

/* How long what is finished may take to be written when the grace is over, and
 * how often the writer is pressed to end after that. */
#define LAST_WRITES_MS 1000
#define PRESS_MS 10

/* How often to see how many have failed, for --max-errors: the writer hears of
 * it late while nobody reads, or while it waits for an earlier item. */
#define ERRORS_LOOK_MS 250

/* How long an output without a reader waits for the last item to be counted,
 * if nothing else is left to do. */
#define LAST_RECORD_MS 1000

/* The same, if the end of the input has not been seen yet. */
#define LAST_LINE_MS 90

/* ---- before ---- */

/* Nothing new is read or started; `how` decides about what is under way. */
static void
run_stop(struct fp_course *run, enum fp_cancel how)
{
	fp_input_stop(&run->reader.input);
	fp_pool_cancel(run->pool, how);
}

static void
stop_writing(void *arg)
{
	run_stop(arg, FP_CANCEL_ALL);
}

/* An fp_fault: the main thread is to see it, too. */
static void
note_fault(void *arg, const char *why)
{
	struct fp_course *run = arg;

	atomic_store(&run->has_fault, true);
	fp_msg_local("%s", why);
	fp_signals_poke();
}

/* -1: said why. */
static int
open_journal(struct fp_course *run)
{
	struct fp_journal *journal = &run->journal;

	if (fp_journal_open(journal, run->settings, &run->writer.output,
		    &run->writer.failed, &run->writer.unknown))
		return -1;
	if (journal->is_resumed)
		fp_reader_resume(&run->reader, journal);
	if (!journal->is_on)
		return 0;
	journal->stop = stop_writing;
	journal->stop_arg = run;
	run->writer.journal = journal;
	run->settings->pool.intent = fp_journal_intent;
	run->settings->pool.intent_arg = journal;
	fp_journal_part_key(journal, run->part_key);
	run->settings->pool.part_key = run->part_key;
	run->settings->pool.resumes_parts = journal->is_resumed;
	return 0;
}

/* -1: said why. */
static int
open_etags(struct fp_course *run)
{
	if (fp_etags_open(&run->etags, run->settings))
		return -1;
	if (!run->etags.is_on)
		return 0;
	run->writer.etags = &run->etags;
	run->settings->pool.recall = fp_etags_recall;
	run->settings->pool.recall_arg = &run->etags;
	return 0;
}

/* -1: said why. */
static int
open_account(struct fp_course *run)
{
	struct fp_account *account = &run->account;

	if (fp_account_open(
		    account, run->settings, run->meter.how == FP_METER_BAR))
		return -1;
	if (fp_account_wants(account)) {
		run->settings->pool.trace = fp_account_span;
		run->settings->pool.trace_arg = account;
	}
	if (account->ledger.books) {
		run->settings->pool.tells_pauses = true;
		run->settings->pool.tells_jobs = true;
		run->writer.ledger = &account->ledger;
	}
	return 0;
}

/* -1: said why. */
static int
open_tokens(struct fp_course *run)
{
	struct fp_options *pool = &run->settings->pool;

	if (!run->settings->token_command)
		return 0;
	pool->token = fp_tokencommand_ask;
	pool->token_arg = &run->tokens;
	pool->token_stop = fp_tokencommand_stop;
	return fp_tokencommand_open(&run->tokens, run->settings);
}

/* There may be less of it, or more, when the run begins. */
static bool
run_lacks_room(int err)
{
	return err == ENOMEM || err == EAGAIN || err == EMFILE || err == ENFILE;
}

/* Files that are one, or of another kind, and options that do not fit the pool,
 * are known before anything is opened or made: a dry run's pool takes the same
 * options, and makes nothing.
 * -1: said why. */
static int
run_judge(struct fp_settings *settings)
{
	char why[200];

	if (!fp_runfiles_check(settings))
		return -1;
	struct fp_options options = settings->pool;
	options.dry_run = true;
	struct fp_pool *pool = fp_pool_new(&options, why, sizeof(why));
	if (!pool && errno == EINVAL) {
		fp_complaint_pool(settings, why);
		return -1;
	}
	if (!pool && !run_lacks_room(errno)) {
		fp_msg_local("cannot start: %s", why);
		return -1;
	}
	fp_pool_free(pool);
	return fp_etags_judge(settings);
}

/* false: said why. */
static bool
run_look_again(const struct fp_course *run)
{
	const struct fp_writer *writer = &run->writer;
	const struct fp_runfile opened[] = {
		{run->reader.input.fd, "the input"},
		{writer->output.fd, writer->output.name},
		{writer->failed.fd, writer->failed.name},
		{writer->unknown.fd, writer->unknown.name},
		{run->account.trace.fd, run->settings->trace_path},
	};

	return fp_runfiles_look_again(
		run->settings, opened, FP_ARRAY_LEN(opened));
}

/* -1: said why. */
static int
open_ends(struct fp_course *run)
{
	if (fp_reader_init(&run->reader, run->settings))
		return -1;
	bool has_end = run->deadline_ns < INT64_MAX;
	if (fp_reader_header(&run->reader, has_end ? run->deadline_ns : 0,
		    &run->settings->header))
		return -1;
	if (fp_writer_init(&run->writer, run->settings))
		return -1;
	fp_meter_init(&run->meter, run->settings, run->reader.input.fd,
		run->writer.output.fd, run->start_ns);
	if (open_account(run) || !run_look_again(run) || open_journal(run) ||
		open_etags(run))
		return -1;
	int fds[2];
	if (pipe2(fds, O_CLOEXEC)) {
		fp_msg_local("cannot start: %s", strerror(errno));
		return -1;
	}
	run->done_fd = fds[0];
	run->writer.done_fd = fds[1];
	if (fp_signals_init()) {
		fp_msg_local("cannot start: %s", strerror(errno));
		return -1;
	}
	run->writer.stop = stop_writing;
	run->writer.stop_arg = run;
	return 0;
}

/* In a signal's handler, too. */
static void
tidy_terminal(void)
{
	fp_msg_bar_clear();
	fp_keys_end();
}

/* The run ends before its time, like after a first signal. */
static void
cut_short(struct fp_course *run, const char *option)
{
	run->deadline_ns = run->errors_due_ns = INT64_MAX;
	if (run->signal || run->cut_by)
		return;
	run->cut_by = option;
	run->was_all_read = atomic_load(&run->reader.is_done);
	run->give_up_ns = fp_clock_now_ns() +
			  (int64_t)run->settings->grace_ms * FP_NS_PER_MS;
	fp_patience_limit(run->give_up_ns);
	run_stop(run, FP_CANCEL_WAITING);
}

/* The writer cannot have a thread of its own: nothing more is begun, and what
 * there is to be written is written here. A signal that comes meanwhile ends
 * the process. */
static void
write_here(struct fp_course *run)
{
	fp_msg_local("cannot start a thread: %s",
		strerror(run->writer.thread_error));
	fp_signals_restore();
	run_stop(run, FP_CANCEL_ALL);
	fp_writer_main(&run->writer);
}

/* The writer has had the last result (true), or too many that failed. */
static bool
hear_writer(struct fp_course *run, short events)
{
	char word = FP_WRITER_DONE;

	if (!(events & POLLIN))
		return true;
	if (read(run->done_fd, &word, 1) < 0)
		return false;
	if (word == FP_WRITER_ALONE)
		write_here(run);
	else if (word != FP_WRITER_DONE)
		cut_short(run, "--max-errors");
	return word == FP_WRITER_DONE;
}

/* What the pool calls. */
static void
give_calls(struct fp_course *run, struct fp_options *options)
{
	options->tell = fp_account_notice;
	options->tell_arg = &run->account;
	options->fault = note_fault;
	options->fault_arg = run;
	if (run->settings->fills_pages) {
		options->fill = fp_itemfill_page;
		options->fill_arg = &run->reader.page_fill;
	}
	options->feed = fp_reader_feed;
	options->feed_arg = &run->reader;
	if (fp_writer_may_drain(&run->writer)) {
		options->drain = fp_writer_drain;
		options->drain_arg = &run->writer;
		options->summon = fp_writer_summon;
		options->summon_arg = &run->writer;
	}
}

static int
run_make_pool(struct fp_course *run)
{
	struct fp_options *options = &run->settings->pool;
	char why[200];

	fp_descriptors_fit(options);
	give_calls(run, options);
	if (run->deadline_ns < INT64_MAX)
		options->deadline_ns = run->deadline_ns;
	fp_ledger_begin(&run->account.ledger, fp_clock_now_ns(), options->jobs);
	run->pool = fp_pool_new(options, why, sizeof(why));
	run->reader.pool = run->writer.pool = run->pool;
	if (run->pool)
		return 0;
	if (errno == EINVAL)
		fp_complaint_pool(run->settings, why);
	else
		fp_msg_local("cannot start: %s", why);
	return -1;
}

static void
note_oddities(const struct fp_course *run)
{
	if (run->settings->pool.insecure)
		fp_msg_note("--insecure: TLS certificates are not verified, so "
			    "others can read and change the traffic");
	if (!fp_has_tls() && strstr(run->settings->pool.protocols, "https"))
		fp_msg_note(
			"libcurl is built without TLS: https URLs will fail");
	if (fp_input_is_idle_terminal(&run->reader.input))
		fp_msg_note("reading URLs or IDs from the terminal, one "
			    "per line; end with Ctrl-D (see fetchpool --help)");
}

static int
run_start(struct fp_course *run)
{
	if (run_make_pool(run))
		return -1;
	if (run->settings->journal_path ? fp_journal_begin_new(&run->journal)
					: fp_writer_begin(&run->writer))
		return -1;
	run->has_begun = true;
	if (run->meter.how == FP_METER_BAR)
		fp_signals_tidy(tidy_terminal);
	if (fp_journal_start(&run->journal))
		return -1;
	if (run->account.trace.fd >= 0)
		fp_trace_begin(&run->account.trace, run->start_ns,
			run->journal.is_resumed);
	note_oddities(run);
	if (!run->settings->pool.summon && fp_writer_start(&run->writer)) {
		fp_msg_local("cannot start: %s", strerror(errno));
		return -1;
	}
	run->has_reader = !fp_reader_begin(&run->reader);
	if (run->has_reader && fp_thread_start(&run->reader_thread, 0,
				       fp_reader_main, &run->reader)) {
		fp_msg_local("cannot start: %s", strerror(errno));
		fp_pool_cancel(run->pool, FP_CANCEL_ALL);
		while (!hear_writer(run, POLLIN))
			;
		fp_writer_join(&run->writer);
		return -1;
	}
	return 0;
}

/* ---- meanwhile ---- */

/* Takes down what everyone is doing. */
static void
look_round(struct fp_course *run)
{
	struct fp_ends ends = fp_course_ends(run);

	fp_ledger_look(
		&run->account.ledger, run->pool, &ends, fp_clock_now_ns());
}

/* Whether there are more failures than --max-errors allows, written or not. */
static bool
has_too_many_errors(struct fp_course *run, int64_t now_ns)
{
	struct fp_look look;

	if (now_ns < run->errors_due_ns)
		return false;
	run->errors_due_ns = now_ns + ERRORS_LOOK_MS * FP_NS_PER_MS;
	fp_pool_look(run->pool, &look);
	return fp_writer_is_over(run->settings, look.n_failed, look.n_ended);
}

static void
show_progress(struct fp_course *run)
{
	int64_t now_ns = fp_clock_now_ns();

	if (now_ns < run->meter.due_ns)
		return;
	struct fp_progress progress = fp_course_progress(run, now_ns);
	fp_meter_show(&run->meter, &progress, now_ns);
}

/* Ends the process, and leaves terminal and files in order. */
static void
die(struct fp_course *run, int signal)
{
	fp_patience_end();
	fp_meter_end(&run->meter);
	fp_account_save(&run->account);
	fp_signals_die(signal);
}

/* The first signal lets what is under way end, the second one only the line
 * that is being written; both have their time. From the third on, signals do
 * again what they do by themselves. */
static void
obey_stop(struct fp_course *run, int signal)
{
	uint64_t time_ms = run->settings->grace_ms;

	if (run->signal) {
		time_ms = LAST_WORDS_MS;
		run->is_last = true;
		fp_output_stop(&run->writer.output);
		fp_signals_restore();
		fp_meter_end(&run->meter);
	}
	run->signal = signal;
	run->give_up_ns = fp_clock_now_ns() + (int64_t)time_ms * FP_NS_PER_MS;
	fp_patience_limit(run->give_up_ns);
	run_stop(run, run->is_last ? FP_CANCEL_ALL : FP_CANCEL_WAITING);
}

static void
pause_here(struct fp_course *run)
{
	fp_meter_hide(&run->meter);
	fp_signals_pause();
}

static void
obey_keys(struct fp_course *run)
{
	bool is_asked = false, has_key = false;
	int key;

	while ((key = fp_keys_take()) != 0) {
		has_key = true;
		is_asked |= key == 't' || key == 'T';
	}
	/* We are in the background, or the terminal is gone. */
	if (!has_key)
		fp_keys_end();
	if (is_asked)
		fp_course_tell(run);
}

static void
obey_signals(struct fp_course *run)
{
	int signal;

	while ((signal = fp_signals_take()) != 0) {
		if (signal == SIGUSR1)
			fp_course_tell(run);
		else if (signal == SIGTSTP)
			pause_here(run);
		else
			obey_stop(run, signal);
	}
}

/* The time that a signal or an option gave is over: what is under way ends. So
 * must the writer, though nobody may read what it writes. */
static void
run_give_up(struct fp_course *run)
{
	bool is_first = !run->has_given_up;
	int64_t next_ms = is_first ? LAST_WRITES_MS : PRESS_MS;

	if (run->is_last) {
		fp_msg_flush_now();
		die(run, run->signal);
	}
	run->has_given_up = true;
	run->give_up_ns = fp_clock_now_ns() + next_ms * FP_NS_PER_MS;
	if (is_first)
		run_stop(run, FP_CANCEL_ALL);
	else
		fp_writer_press(&run->writer);
}

/* Whether all that there was to do is done, and the writer says so in a moment:
 * all that was to be read of the output may have been read, and its reader
 * gone for that. */
static bool
is_nearly_done(struct fp_course *run)
{
	struct pollfd done = {run->done_fd, POLLIN, 0};
	size_t n_running, n_waiting;

	fp_pool_count(run->pool, &n_running, &n_waiting);
	int ms = atomic_load(&run->reader.is_done) ? LAST_RECORD_MS
						   : LAST_LINE_MS;
	return n_running + n_waiting == 0 && poll(&done, 1, ms) > 0;
}

/* Nobody reads our output any more: a filter dies of that, as soon as it can
 * know it, and not only at its next write. If the signal is ignored, the next
 * write fails, and that is dealt with there; to get there, stop. */
static void
obey_hangup(struct fp_course *run)
{
	run->writer.output.is_watchable = false;
	if (is_nearly_done(run))
		return;
	bool is_told = fp_writer_is_told(run->settings);
	if (!fp_signals_is_ignored(SIGPIPE) && !is_told)
		die(run, SIGPIPE);
	fp_output_break(&run->writer.output, EPIPE);
	run_stop(run, FP_CANCEL_ALL);
}

static int
run_time_left_ms(const struct fp_course *run)
{
	int64_t end_ns = FP_MIN(run->give_up_ns, run->deadline_ns);

	end_ns = FP_MIN(end_ns, run->meter.due_ns);
	end_ns = FP_MIN(end_ns, run->errors_due_ns);
	end_ns = FP_MIN(end_ns, run->account.ledger.due_ns);
	end_ns = FP_MIN(end_ns, run->account.metrics_due_ns);
	if (end_ns == INT64_MAX)
		return -1;
	int64_t left_ns = end_ns - fp_clock_now_ns();
	int64_t ms = (left_ns + FP_NS_PER_MS - 1) / FP_NS_PER_MS;
	return (int)FP_MIN(FP_MAX(ms, 0), INT32_MAX);
}

/* Returns when the writer is done. */
static void
run_watch(struct fp_course *run)
{
	for (;;) {
		struct pollfd fds[4] = {
			{run->done_fd, POLLIN, 0},
			{fp_signals_fd(), POLLIN, 0},
			{run->writer.output.is_watchable ? run->writer.output.fd
							 : -1,
				0, 0},
			{fp_keys_fd(), POLLIN, 0},
		};

		if (poll(fds, 4, run_time_left_ms(run)) < 0) {
			obey_signals(run);
			continue;
		}
		if (run->deadline_ns <= fp_clock_now_ns())
			cut_short(run, "--deadline");
		if (has_too_many_errors(run, fp_clock_now_ns()))
			cut_short(run, "--max-errors");
		if (atomic_load(&run->has_fault))
			cut_short(run, FP_CUT_BY_FAULT);
		if (fds[0].revents && hear_writer(run, fds[0].revents))
			return;
		if (fds[1].revents)
			obey_signals(run);
		if (fds[2].revents & (POLLERR | POLLHUP | POLLNVAL))
			obey_hangup(run);
		if (fds[3].revents)
			obey_keys(run);
		if (run->account.ledger.due_ns <= fp_clock_now_ns())
			look_round(run);
		if (run->account.metrics_due_ns <= fp_clock_now_ns())
			fp_course_measure(run);
		show_progress(run);
		if (run->give_up_ns <= fp_clock_now_ns())
			run_give_up(run);
	}
}

/* ---- after ---- */

/* The bar goes, or the last line comes. */
static void
end_meter(struct fp_course *run)
{
	struct fp_progress progress =
		fp_course_progress(run, fp_clock_now_ns());

	progress.held[0] = '\0';
	if (run->meter.how == FP_METER_LINES)
		fp_meter_show(&run->meter, &progress, fp_clock_now_ns());
	fp_meter_end(&run->meter);
	fp_signals_untidy();
	/* Else how it was stopped is said. */
	if (!run->signal && !run->cut_by)
		fp_meter_last(&run->meter, &progress);
}

/* Nobody looks for signals any more, but --failed is not complete yet. So the
 * next one has the time that a second one always has. */
static void
wind_up(struct fp_course *run)
{
	if (run->is_last)
		fp_signals_restore();
	else
		fp_signals_wind_up(LAST_WORDS_MS);
}

/* Whoever sent one is to see that it was obeyed. */
static void
obey_late_signals(struct fp_course *run)
{
	int signal;

	while ((signal = fp_signals_take()) != 0) {
		if (signal != SIGUSR1 && signal != SIGTSTP)
			run->signal = signal;
	}
}

/* It is too large for a stack that is small (ulimit -s), and most of it is
 * never touched. */
static struct fp_course course;

static struct fp_course *
course_begin(struct fp_settings *settings)
{
	struct fp_course *run = &course;

	run->settings = settings;
	run->done_fd = -1;
	run->writer.done_fd = -1;
	run->reader.input.stop_fd = -1;
	run->reader.input.stop_end = -1;
	run->start_ns = fp_clock_now_ns();
	run->start_wall_ns = fp_clock_wall_ns();
	run->give_up_ns = INT64_MAX;
	run->deadline_ns = INT64_MAX;
	run->errors_due_ns = settings->has_max_errors ? 0 : INT64_MAX;
	if (settings->deadline_ms) {
		run->deadline_ns =
			run->start_ns +
			(int64_t)settings->deadline_ms * FP_NS_PER_MS;
		fp_patience_limit(run->deadline_ns +
				  (int64_t)settings->grace_ms * FP_NS_PER_MS);
	}
	atomic_init(&run->has_fault, false);
	fp_output_none(&run->writer.output);
	fp_output_none(&run->writer.failed);
	fp_output_none(&run->writer.unknown);
	fp_account_none(&run->account);
	fp_tokencommand_none(&run->tokens);
	fp_etags_none(&run->etags);
	return run;
}

int
fp_run(struct fp_settings *settings)
{
	struct fp_course *run = course_begin(settings);

	if (open_tokens(run) == 0 && run_judge(settings) == 0 &&
		open_ends(run) == 0 && run_start(run) == 0) {
		run_watch(run);
		look_round(run);
		fp_ledger_end(&run->account.ledger, fp_clock_now_ns());

		end_meter(run);
		wind_up(run);
		fp_input_stop(&run->reader.input);
		if (run->has_reader)
			fp_thread_join(&run->reader_thread);
		fp_writer_join(&run->writer);
		fp_course_conclude(run);
		obey_late_signals(run);
		if (fp_writer_ends_by_pipe(&run->writer))
			run->signal = SIGPIPE;
	}
	if (!run->has_begun)
		fp_course_undo(run);
	fp_pool_free(run->pool);
	fp_output_close(&run->writer.output);
	fp_output_close(&run->writer.failed);
	fp_output_close(&run->writer.unknown);
	/* What is to be done again must not look as if it was known. */
	if (run->journal.error)
		run->etags.has_failed = true;
	fp_journal_close(&run->journal);
	fp_etags_close(&run->etags);
	fp_account_close(&run->account);
	fp_tokencommand_close(&run->tokens);
	fp_reader_destroy(&run->reader);
	fp_signals_destroy();
	if (run->writer.done_fd >= 0)
		close(run->writer.done_fd);
	if (run->done_fd >= 0)
		close(run->done_fd);
	return run->signal;
}
