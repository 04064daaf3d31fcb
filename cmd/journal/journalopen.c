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
journalopen_refuse(const struct fp_journal *journal, const char *why)
{
	fp_msg_local("journal %s: %s", journal->settings->journal_path, why);
	return -1;
}

static int
refuse_errno(const struct fp_journal *journal)
{
	if (errno == EWOULDBLOCK)
		return journalopen_refuse(journal, "in use by another process");
	if (errno == EINVAL || errno == ELOOP)
		return journalopen_refuse(journal, "not a regular file");
	if (errno == ENOLINK)
		return journalopen_refuse(journal,
			"a symbolic link to a file that does not exist");
	if (errno == ENOTEMPTY)
		return journalopen_refuse(journal,
			"cannot be created: another file has "
			"its name with .tmp appended");
	if (errno == ENOLCK)
		return journalopen_refuse(journal,
			"cannot be locked: its file system "
			"does not support file locks");
	return journalopen_refuse(journal, strerror(errno));
}

/* ---- the outputs ---- */

/* Which file an output is; how long it is, and where we would begin. */
static int
journalopen_look_at(const struct fp_output *output,
	struct fp_journal_place *place, uint64_t *size)
{
	struct stat st;

	*place = (struct fp_journal_place){0, 0, 0};
	*size = 0;
	if (output->fd < 0 || !output->is_file)
		return 0;
	if (fstat(output->fd, &st))
		return -1;
	*place = (struct fp_journal_place){st.st_dev, st.st_ino, 0};
	*size = (uint64_t)st.st_size;
	if (output->is_ours)
		return 0;
	int flags = fcntl(output->fd, F_GETFL);
	off_t at = lseek(output->fd, 0, SEEK_CUR);
	if (flags < 0 || at < 0)
		return -1;
	place->begin = flags & O_APPEND ? *size : (uint64_t)at;
	return 0;
}

/* Where we may only write (a descriptor that the shell has opened, of a file
 * that we may not read), *fd is -1. */
static int
open_to_read(const struct fp_output *output, int *fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", output->fd);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd < 0 && errno != EACCES && errno != ENOENT ? -1 : 0;
}

/* Reads so many bytes, or fewer if the file ends. */
static ssize_t
journalopen_read_at(int fd, char *to, size_t len, uint64_t at)
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

/* An output of the first run, and what the journal knows of it. */
struct known {
	const struct fp_output *output;
	const char *name;
	const struct fp_journal_place *then;
	uint64_t end;
	uint32_t sum; /* of all from then->begin up to `end` */
	uint64_t rest_end; /* with the lines of what a stop left undone */
	uint32_t rest_sum; /* of all up to there */
	bool is_records; /* no byte of them is NUL */
	bool is_unknown; /* --unknown */
	bool is_there; /* device and inode are the same as then */
	bool is_all_foreign; /* nothing in it is known */
};

static int
refuse_other(const struct fp_journal *journal, const struct known *known)
{
	fp_msg_local("journal %s: not resumed: %s is not the file that the "
		     "first run wrote to%s",
		journal->settings->journal_path, known->name,
		known->is_all_foreign ? " (empty it if it may be overwritten)"
				      : "");
	return -1;
}

/* `at` is the byte where it differs, or UINT64_MAX. */
static int
refuse_lost(const struct fp_journal *journal, const struct known *known,
	uint64_t at)
{
	char where[40] = "";

	if (!known->is_there)
		return refuse_other(journal, known);
	if (at != UINT64_MAX)
		snprintf(where, sizeof(where), ", at byte %" PRIu64, at + 1);
	fp_msg_local("journal %s: not resumed: %s was modified after it "
		     "was written%s",
		journal->settings->journal_path, known->name, where);
	return -1;
}

/* After a power cut there may be zeros where there were records. */
static int
check_sum(const struct fp_journal *journal, const struct known *known, int fd,
	struct fp_buf *buf)
{
	uint64_t at = known->then->begin;
	uint32_t sum = 0;

	while (at < known->end) {
		size_t most = (size_t)FP_MIN(known->end - at, CHECK_BYTES);
		ssize_t n = journalopen_read_at(fd, buf->data, most, at);
		if (n < 0)
			return refuse_errno(journal);
		if (n == 0)
			return refuse_lost(journal, known, at);
		const char *zero = memchr(buf->data, '\0', (size_t)n);
		if (zero && known->is_records)
			return refuse_lost(journal, known,
				at + (uint64_t)(zero - buf->data));
		sum = fp_output_sum(sum, buf->data, (size_t)n);
		at += (uint64_t)n;
	}
	if (sum != known->sum)
		return refuse_lost(journal, known, UINT64_MAX);
	return 0;
}

/* The first line of a file may have one before it. */
static struct fp_text
without_heading(const struct fp_output *output, struct fp_text text)
{
	size_t len = output->heading.len + 1;

	if (len > 1 && text.len >= len &&
		memcmp(text.data, output->heading.data, len - 1) == 0)
		return (struct fp_text){text.data + len, text.len - len};
	return text;
}

/* The lines of --failed or --unknown that the journal has the hashes of: so it
 * is known which one is not there. */
static int
check_failed(const struct fp_journal *journal, const struct known *known,
	int fd, struct fp_buf *buf)
{
	const struct fp_journal_state *state = &journal->state;

	for (size_t i = 0; i < state->n_seen && known->is_there; i++) {
		const struct fp_journal_seen *seen = &state->seen[i];
		size_t len = (size_t)seen->len;
		uint64_t at = seen->end - len;
		if (len == 0 || seen->is_unknown != known->is_unknown)
			continue;
		errno = EFBIG; /* no such line was ever in memory here */
		if (len != seen->len ||
			fp_buf_reserve(buf, FP_MAX(len, CHECK_BYTES)))
			return refuse_errno(journal);
		ssize_t n = journalopen_read_at(fd, buf->data, len, at);
		if (n < 0)
			return refuse_errno(journal);
		struct fp_text text = {buf->data, len - 1};
		if (at == 0)
			text = without_heading(known->output, text);
		if ((size_t)n != len ||
			buf->data[len - 1] != known->output->separator ||
			fp_journalline_item_hash(state->key, seen->seq, text) !=
				seen->hash)
			return refuse_lost(journal, known, at);
	}
	return 0;
}

static int
check_contents(const struct fp_journal *journal, const struct known *known)
{
	struct fp_buf buf = FP_BUF_INIT;
	int fd = -1, ret = -1;

	if (open_to_read(known->output, &fd))
		return refuse_errno(journal);
	if (fd < 0)
		return known->is_there ? 0 : refuse_other(journal, known);
	if (fp_buf_reserve(&buf, CHECK_BYTES))
		refuse_errno(journal);
	else if (known->is_records ||
		 check_failed(journal, known, fd, &buf) == 0)
		ret = check_sum(journal, known, fd, &buf);
	close(fd);
	fp_buf_destroy(&buf);
	return ret;
}

/* A copy of a file to which nothing was written that is still to be there is
 * known by the lines of what was not done, all of them. */
static void
know_by_rest(struct known *known)
{
	known->end = known->rest_end;
	known->sum = known->rest_sum;
}

/* The same file as before, or a copy of it, with all that was written to it? If
 * nothing was, there is nothing to know a copy by: then no byte of it may be
 * lost. */
static int
compare_output(struct fp_journal *journal, struct known *known)
{
	const struct fp_output *output = known->output;
	const char *path = journal->settings->journal_path;
	struct fp_journal_place now;
	uint64_t size;

	if (journalopen_look_at(output, &now, &size))
		return refuse_errno(journal);
	known->is_there = now.device == known->then->device &&
			  now.inode == known->then->inode;
	if ((now.inode == 0) != (known->then->inode == 0))
		return refuse_other(journal, known);
	if (now.inode == 0)
		return 0;
	known->is_all_foreign =
		known->end == known->then->begin && size > known->end;
	if (!known->is_there && known->is_all_foreign &&
		size == known->rest_end)
		know_by_rest(known);
	else if (!known->is_there &&
		 (size < known->end || known->is_all_foreign))
		return refuse_other(journal, known);
	if (size < known->end) {
		fp_msg_local(
			"journal %s: not resumed: %s was truncated: it has "
			"%" PRIu64 " bytes, and should have %" PRIu64 "%s",
			path, known->name, size, known->end,
			output->is_ours ? ""
					: " (append to it with >>, or use -o)");
		return -1;
	}
	return check_contents(journal, known);
}

static int
compare_outputs(struct fp_journal *journal)
{
	const struct fp_journal_state *state = &journal->state;
	const struct fp_output *failed = journal->failed;
	const struct fp_output *unknown = journal->unknown;
	struct known outputs[] = {
		{
			.output = journal->output,
			.name = journal->output->name,
			.then = &state->output,
			.end = state->out_end,
			.sum = state->out_sum,
			.is_records = true,
		},
		{
			.output = failed,
			.name = failed->fd < 0 ? "--failed" : failed->name,
			.then = &state->failed_file,
			.end = state->failed_end,
			.sum = state->failed_sum,
			.rest_end = state->rest.failed_end,
			.rest_sum = state->rest.failed_sum,
		},
		{
			.output = unknown,
			.name = unknown->fd < 0 ? "--unknown" : unknown->name,
			.then = &state->unknown_file,
			.end = state->unknown_end,
			.sum = state->unknown_sum,
			.rest_end = state->rest.unknown_end,
			.rest_sum = state->rest.unknown_sum,
			.is_unknown = true,
		},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(outputs); i++) {
		if (compare_output(journal, &outputs[i]))
			return -1;
	}
	return 0;
}

/* With --sync: the outputs have their names before anything is said of them. */
static int
sync_names(struct fp_journal *journal)
{
	const struct fp_output *const outputs[] = {
		journal->output, journal->failed, journal->unknown};

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
journalopen_compare(struct fp_journal *journal)
{
	struct fp_journal_state *state = &journal->state, now;
	char why[160];
	int ret = 0;

	if (strcmp(state->version, PACKAGE_VERSION) != 0) {
		fp_msg_local(
			"journal %s: not resumed: it was written by fetchpool "
			"%s, and this is %s",
			journal->settings->journal_path, state->version,
			PACKAGE_VERSION);
		return -1;
	}
	fp_journalstate_init(&now);
	memcpy(now.key, state->key, sizeof(now.key));
	if (fp_identity_add(&now, journal->settings)) {
		ret = refuse_errno(journal);
	} else if (fp_identity_differs(state, &now, why, sizeof(why))) {
		fp_msg_local("journal %s: not resumed: %s",
			journal->settings->journal_path, why);
		ret = -1;
	}
	fp_journalstate_destroy(&now);
	if (ret)
		return -1;
	if (journal->is_dry)
		return 0;
	return compare_outputs(journal);
}

static int
take_over(struct fp_journal *journal)
{
	struct fp_journal_state *state = &journal->state;
	const char *path = journal->settings->journal_path;
	struct fp_buf text = FP_BUF_INIT;

	if (!journal->settings->resumes)
		return journalopen_refuse(journal,
			"already exists: continue it with "
			"--resume, or remove it");
	int ret = fp_journalfile_read(&journal->file, &text);
	if (ret == 0)
		ret = fp_journalstate_read(
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
	return journalopen_compare(journal);
}

/* ---- a new one ---- */

static int
make_state(struct fp_journal *journal)
{
	struct fp_journal_state *state = &journal->state;
	uint64_t size, other_size;

	if (getrandom(state->key, sizeof(state->key), 0) !=
			sizeof(state->key) ||
		journalopen_look_at(journal->output, &state->output, &size) ||
		journalopen_look_at(
			journal->failed, &state->failed_file, &other_size) ||
		journalopen_look_at(
			journal->unknown, &state->unknown_file, &other_size))
		return refuse_errno(journal);
	state->out_end = state->output.begin;
	if (journal->settings->resumes && size > 0 &&
		journal->output->is_file) {
		fp_msg_local(
			"journal %s: not resumed: the journal does not exist, but %s "
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
int
fp_journal_begin_new(struct fp_journal *journal)
{
	struct fp_output *const outputs[] = {
		journal->output, journal->failed, journal->unknown};

	if (!journal->is_on || journal->is_resumed)
		return 0;
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
	journal->has_begun = true;
	return 0;
}

/* ---- both ---- */

static void
init(struct fp_journal *journal, const struct fp_settings *settings,
	struct fp_output *output, struct fp_output *failed,
	struct fp_output *unknown)
{
	*journal = (struct fp_journal){
		.settings = settings,
		.output = output,
		.failed = failed,
		.unknown = unknown,
		.folder_fd = -1,
	};
	fp_journalfile_none(&journal->file);
	fp_journalstate_init(&journal->state);
	fp_mutex_init(&journal->lock);
	fp_cond_init(&journal->room);
	fp_cond_init(&journal->synced);
	fp_cond_init(&journal->work);
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
	struct fp_output *output, struct fp_output *failed,
	struct fp_output *unknown)
{
	init(journal, settings, output, failed, unknown);
	if (!settings->journal_path)
		return 0;
	journal->is_dry = settings->pool.dry_run;
	if (journal->is_dry)
		return look_into(journal);
	journal->is_on = true;
	output->is_summed = failed->is_summed = unknown->is_summed = true;
	journal->items = calloc(FP_JOURNAL_AHEAD, sizeof(journal->items[0]));
	if (!journal->items)
		return refuse_errno(journal);
	int found = fp_journalfile_open(&journal->file, settings->journal_path);
	if (found < 0)
		return refuse_errno(journal);
	if (settings->syncs && sync_names(journal))
		return -1;
	if (found ? take_over(journal) : make_state(journal))
		return -1;
	if (!output->is_file)
		fp_msg_note(
			"--journal: %s is not a regular file: after "
			"--resume, some records may appear twice, with the same seq",
			output->name);
	return 0;
}
