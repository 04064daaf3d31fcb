/* SPDX-License-Identifier: MIT */
/*
 * Opening a journal: is there one, may it be gone on with, and is this the run
 * that it is of? Nothing is changed before all that is known, but that an
 * output that was not there is made.
 */
#include "base.h"

#include "identity.h"
#include "journal.h"
#include "msg.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int
refuse(const struct fp_journal *journal, const char *why)
{
	fp_msg_local("journal %s: %s", journal->settings->journal_path, why);
	return -1;
}

static int
refuse_errno(const struct fp_journal *journal)
{
	if (errno == EWOULDBLOCK)
		return refuse(journal, "another process has it");
	if (errno == ENOTSUP || errno == ELOOP)
		return refuse(journal, "no regular file");
	return refuse(journal, strerror(errno));
}

/* ---- the outputs ---- */

/* Which file an output is; how long it is, and where we would begin. */
static int
look_at(const struct fp_output *output, struct fp_journal_place *place,
	uint64_t *size, uint64_t *start)
{
	struct stat st;

	*place = (struct fp_journal_place){0, 0};
	*size = *start = 0;
	if (output->fd < 0 || !output->is_file)
		return 0;
	if (fstat(output->fd, &st))
		return -1;
	*place = (struct fp_journal_place){st.st_dev, st.st_ino};
	*size = (uint64_t)st.st_size;
	if (output->is_ours)
		return 0;
	int flags = fcntl(output->fd, F_GETFL);
	off_t at = lseek(output->fd, 0, SEEK_CUR);
	if (flags < 0 || at < 0)
		return -1;
	*start = flags & O_APPEND ? *size : (uint64_t)at;
	return 0;
}

/* The same file as before, and all there that was written to it? */
static int
compare_output(struct fp_journal *journal, const struct fp_output *output,
	const struct fp_journal_place *then, uint64_t end)
{
	struct fp_journal_place now;
	const char *name = output->fd < 0 ? "--failed" : output->name;
	const char *path = journal->settings->journal_path;
	uint64_t size, start;

	if (look_at(output, &now, &size, &start))
		return refuse_errno(journal);
	if (now.device != then->device || now.inode != then->inode) {
		fp_msg_local("journal %s: not resumed: %s is not the file that "
			     "the first run wrote to",
			path, name);
		return -1;
	}
	if (size >= end || now.inode == 0)
		return 0;
	fp_msg_local("journal %s: not resumed: %s has been cut: it has "
		     "%" PRIu64 " bytes, and had %" PRIu64 "%s",
		path, name, size, end,
		output->is_ours ? "" : " (append to it with >>, or use -o)");
	return -1;
}

/* ---- a journal that is there ---- */

static int
compare(struct fp_journal *journal)
{
	struct fp_journal_state *state = &journal->state, now;
	char why[160];
	int ret = 0;

	if (strcmp(state->version, PACKAGE_VERSION) != 0) {
		fp_msg_local("journal %s: not resumed: it is one of fetchpool "
			     "%s, and this is %s",
			journal->settings->journal_path, state->version,
			PACKAGE_VERSION);
		return -1;
	}
	fp_journal_state_init(&now);
	memcpy(now.key, state->key, sizeof(now.key));
	if (fp_identity_add(&now, journal->settings)) {
		ret = refuse_errno(journal);
	} else if (fp_identity_differs(state, &now, why, sizeof(why))) {
		fp_msg_local("journal %s: not resumed: %s",
			journal->settings->journal_path, why);
		ret = -1;
	}
	fp_journal_state_destroy(&now);
	if (ret)
		return -1;
	if (journal->is_dry)
		return 0;
	if (compare_output(
		    journal, journal->output, &state->output, state->out_end))
		return -1;
	return compare_output(journal, journal->failed, &state->failed_file,
		state->failed_end);
}

static int
take_over(struct fp_journal *journal)
{
	struct fp_journal_state *state = &journal->state;
	const char *path = journal->settings->journal_path;
	struct fp_buf text = FP_BUF_INIT;

	if (!journal->settings->resumes)
		return refuse(journal, "it is there already: go on with it "
				       "(--resume), or remove it");
	int ret = fp_journalfile_read(&journal->file, &text);
	if (ret == 0)
		ret = fp_journal_state_read(
			state, text.data, text.len, &journal->good);
	fp_buf_destroy(&text);
	if (ret && errno != EILSEQ)
		return refuse_errno(journal);
	if (ret) {
		fp_msg_local("journal %s: line %" PRIu64 ", byte %zu: %s", path,
			state->bad_line, journal->good + 1, state->why);
		return -1;
	}
	journal->is_resumed = true;
	journal->n_lines = state->bad_line;
	return compare(journal);
}

/* ---- a new one ---- */

static int
make_state(struct fp_journal *journal)
{
	struct fp_journal_state *state = &journal->state;
	uint64_t size, failed_size, failed_start;

	if (getrandom(state->key, sizeof(state->key), 0) !=
			sizeof(state->key) ||
		look_at(journal->output, &state->output, &size,
			&state->out_end) ||
		look_at(journal->failed, &state->failed_file, &failed_size,
			&failed_start))
		return refuse_errno(journal);
	if (journal->settings->resumes && size > 0 &&
		journal->output->is_file) {
		fp_msg_local("journal %s: not resumed: there is none, but %s "
			     "is not empty",
			journal->settings->journal_path, journal->output->name);
		return -1;
	}
	memcpy(state->version, PACKAGE_VERSION, sizeof(PACKAGE_VERSION));
	if (fp_identity_add(state, journal->settings))
		return refuse_errno(journal);
	journal->out_start = state->out_end;
	return 0;
}

/* The journal comes first: if it is not to be had, the outputs stay as they
 * are. */
static int
start_afresh(struct fp_journal *journal)
{
	struct fp_output *const outputs[] = {journal->output, journal->failed};

	if (make_state(journal))
		return -1;
	if (fp_journal_state_write(&journal->state, &journal->text) ||
		fp_journalfile_make(
			&journal->file, journal->text.data, journal->text.len))
		return refuse_errno(journal);
	for (size_t i = 0; i < FP_ARRAY_LEN(outputs); i++) {
		if (outputs[i]->fd < 0 || !outputs[i]->is_file ||
			!outputs[i]->is_ours || !fp_output_cut(outputs[i], 0))
			continue;
		fp_msg_local("cannot write %s: %s", outputs[i]->name,
			strerror(errno));
		return -1;
	}
	return 0;
}

/* ---- both ---- */

static void
init(struct fp_journal *journal, const struct fp_settings *settings,
	struct fp_output *output, struct fp_output *failed)
{
	*journal = (struct fp_journal){
		.settings = settings,
		.output = output,
		.failed = failed,
		.folder_fd = -1,
	};
	fp_journalfile_none(&journal->file);
	fp_journal_state_init(&journal->state);
	fp_mutex_init(&journal->lock);
	fp_cond_init(&journal->room);
	fp_cond_init(&journal->synced);
	fp_cond_init(&journal->work);
}

/* The journal must not be one of the files that it is about. */
static int
check_path(const struct fp_journal *journal, int input_fd)
{
	const struct {
		int fd;
		const char *what;
	} others[] = {
		{journal->output->fd, "the output"},
		{journal->failed->fd, "the file of --failed"},
		{input_fd, "the input"},
	};
	const char *path = journal->settings->journal_path;
	struct stat st, other;

	if (stat(path, &st))
		return 0;
	for (size_t i = 0; i < FP_ARRAY_LEN(others); i++) {
		if (others[i].fd < 0 || fstat(others[i].fd, &other) ||
			st.st_dev != other.st_dev || st.st_ino != other.st_ino)
			continue;
		fp_msg_usage("--journal: '%s' is %s", path, others[i].what);
		return -1;
	}
	return 0;
}

/* For a dry run: what is done, if the journal is there; it stays as it is, and
 * the outputs, which are not open, are not looked at. */
static int
look_into(struct fp_journal *journal)
{
	int found = fp_journalfile_open(
		&journal->file, journal->settings->journal_path);

	if (found < 0)
		return refuse_errno(journal);
	if (found && take_over(journal))
		return -1;
	fp_journalfile_close(&journal->file);
	return 0;
}

int
fp_journal_open(struct fp_journal *journal, const struct fp_settings *settings,
	struct fp_output *output, struct fp_output *failed, int input_fd)
{
	init(journal, settings, output, failed);
	if (!settings->journal_path)
		return 0;
	journal->is_dry = settings->pool.dry_run;
	if (journal->is_dry)
		return look_into(journal);
	journal->is_on = true;
	if (check_path(journal, input_fd))
		return -1;
	journal->items = calloc(FP_JOURNAL_AHEAD, sizeof(journal->items[0]));
	if (!journal->items)
		return refuse_errno(journal);
	int found = fp_journalfile_open(&journal->file, settings->journal_path);
	if (found < 0)
		return refuse_errno(journal);
	if (found ? take_over(journal) : start_afresh(journal))
		return -1;
	if (!output->is_file)
		fp_msg_note("--journal: %s is no file: after a resumption some "
			    "records may come twice, with the same seq",
			output->name);
	return 0;
}
