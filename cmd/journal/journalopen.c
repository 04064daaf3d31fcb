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
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read at a time. */
#define CHECK_BYTES ((size_t)65536)

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
	if (errno == EINVAL || errno == ELOOP)
		return refuse(journal, "no regular file");
	if (errno == ENOLCK)
		return refuse(journal, "it cannot be locked: its file system "
				       "has no locks for files");
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

/* ---- what the outputs hold ---- */

/* Without --sync, a power cut may leave zeros where there were records that
 * the journal knows of. They are looked for in what came since the journal was
 * made: no record has any. Where we may only write, that is left out. */
static int
open_to_read(const struct fp_output *output, int *fd)
{
	char path[40];

	*fd = -1;
	if (output->fd < 0 || !output->is_file)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", output->fd);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd < 0 && errno != EACCES && errno != ENOENT ? -1 : 0;
}

/* Reads so many bytes, or fewer if the file ends. */
static ssize_t
read_at(int fd, char *to, size_t len, uint64_t at)
{
	size_t n = 0;

	while (n < len) {
		ssize_t got = pread(fd, to + n, len - n, (off_t)(at + n));
		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			return -1;
		n += (size_t)FP_MAX(got, 0);
	}
	return (ssize_t)n;
}

static int
refuse_lost(const struct fp_journal *journal, const char *name, uint64_t at)
{
	fp_msg_local("journal %s: not resumed: %s does not hold what was "
		     "written to it, at byte %" PRIu64,
		journal->settings->journal_path, name, at + 1);
	return -1;
}

static int
check_records(const struct fp_journal *journal, int fd, struct fp_buf *buf)
{
	const struct fp_journal_state *state = &journal->state;
	uint64_t at = state->out_safe;

	while (at < state->out_end) {
		size_t most = FP_MIN(state->out_end - at, CHECK_BYTES);
		ssize_t n = read_at(fd, buf->data, most, at);
		if (n <= 0)
			return n < 0 ? refuse_errno(journal) : 0;
		const char *zero = memchr(buf->data, '\0', (size_t)n);
		if (zero)
			return refuse_lost(journal, journal->output->name,
				at + (uint64_t)(zero - buf->data));
		at += (uint64_t)n;
	}
	return 0;
}

/* A line may hold anything; but the journal has its hash. */
static int
check_failed(const struct fp_journal *journal, int fd, struct fp_buf *buf)
{
	const struct fp_journal_state *state = &journal->state;

	for (size_t i = 0; i < state->n_seen; i++) {
		const struct fp_journal_seen *seen = &state->seen[i];
		size_t len = seen->failed_len;
		uint64_t at = seen->failed_end - len;
		if (len == 0)
			continue;
		if (fp_buf_reserve(buf, len))
			return refuse_errno(journal);
		ssize_t n = read_at(fd, buf->data, len, at);
		if (n < 0)
			return refuse_errno(journal);
		const struct fp_text text = {buf->data, len - 1};
		if ((size_t)n != len ||
			buf->data[len - 1] != journal->failed->separator ||
			fp_journal_item_hash(state->key, seen->seq, text) !=
				seen->hash)
			return refuse_lost(journal, journal->failed->name, at);
	}
	return 0;
}

static int
check_contents(struct fp_journal *journal)
{
	struct fp_buf buf = FP_BUF_INIT;
	int fds[2] = {-1, -1};
	int ret = -1;

	if (fp_buf_reserve(&buf, CHECK_BYTES) ||
		open_to_read(journal->output, &fds[0]) ||
		open_to_read(journal->failed, &fds[1]))
		refuse_errno(journal);
	else if ((fds[0] < 0 || !check_records(journal, fds[0], &buf)) &&
		 (fds[1] < 0 || !check_failed(journal, fds[1], &buf)))
		ret = 0;
	for (size_t i = 0; i < FP_ARRAY_LEN(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	fp_buf_destroy(&buf);
	return ret;
}

/* With --sync: the outputs have their names before anything is said of them. */
static int
sync_names(struct fp_journal *journal)
{
	const struct fp_output *const outputs[] = {
		journal->output, journal->failed};

	for (size_t i = 0; i < FP_ARRAY_LEN(outputs); i++) {
		if (outputs[i]->fd < 0 || !outputs[i]->is_file ||
			!outputs[i]->is_ours ||
			fp_journalfile_sync_name(outputs[i]->name) == 0)
			continue;
		fp_msg_local("cannot sync %s: %s", outputs[i]->name,
			strerror(errno));
		return -1;
	}
	return 0;
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
	if (compare_output(journal, journal->failed, &state->failed_file,
		    state->failed_end))
		return -1;
	return check_contents(journal);
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
	if (fp_journal_make(journal))
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

	for (size_t i = 0; i < FP_ARRAY_LEN(others); i++) {
		if (!fp_output_is_at(others[i].fd, path))
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
	if (settings->syncs && sync_names(journal))
		return -1;
	if (found ? take_over(journal) : start_afresh(journal))
		return -1;
	if (!output->is_file)
		fp_msg_note("--journal: %s is no file: after a resumption some "
			    "records may come twice, with the same seq",
			output->name);
	return 0;
}
