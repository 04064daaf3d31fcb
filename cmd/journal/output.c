/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "output.h"

#include "patience.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <zlib.h>

/* Small pieces are gathered up to here; a piece of half that is not copied. */
#define GATHER_BYTES 65536

/* What is kept for records that were held. */
#define HELD_BYTES (8 * GATHER_BYTES)

/* The major number of /dev/null and its like. */
#define MEMORY_DEVICES 1

void
fp_output_none(struct fp_output *output)
{
	memset(output, 0, sizeof(*output));
	output->fd = output->quick_fd = -1;
	output->separator = '\n';
	atomic_init(&output->stop, false);
	atomic_init(&output->broken, 0);
}

/* A descriptor for writing that never waits. What is set on ours others see
 * too, who have it from us, or we from them: so a pipe is opened once more.
 * With a file, and the devices that are none, there is nothing to wait for. */
static int
open_quick(const struct fp_output *output, const struct stat *st)
{
	char path[40];

	if (S_ISREG(st->st_mode) ||
		(S_ISCHR(st->st_mode) && major(st->st_rdev) == MEMORY_DEVICES))
		return output->fd;
	if (!S_ISFIFO(st->st_mode))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", output->fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

static int
output_look_at(struct fp_output *output)
{
	struct stat st;
	int flags = fcntl(output->fd, F_GETFL);

	if (flags < 0 || fstat(output->fd, &st))
		return -1;
	if ((flags & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		return -1;
	}
	output->is_watchable = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
	output->is_file = S_ISREG(st.st_mode);
	output->has_name = output->is_file && st.st_nlink > 0;

	/* While memory is there: what is gathered never needs more. */
	if (fp_buf_reserve(&output->pending, GATHER_BYTES))
		return -1;
	output->quick_fd = open_quick(output, &st);
	return 0;
}

int
fp_output_take(struct fp_output *output, int fd, const char *name)
{
	fp_output_none(output);
	output->fd = fd;
	output->name = name;
	return output_look_at(output);
}

static bool
output_are_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool
fp_output_is_same(int fd, int other_fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstat(other_fd, &b) == 0 &&
	       output_are_same(&a, &b);
}

bool
fp_output_is_at(int fd, const char *path)
{
	struct stat a, b;

	return fd >= 0 && fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	       output_are_same(&a, &b);
}

int
fp_output_open(struct fp_output *output, const char *path, char separator)
{
	fp_output_none(output);
	output->name = path;
	output->separator = separator;

	/* Whoever empties a log that is being written to (copytruncate) is to
	 * find it go on from its new beginning. */
	output->fd = fp_patience_make(
		path, O_WRONLY | O_APPEND | O_CLOEXEC, &output->is_made);
	if (output->fd < 0)
		return -1;
	output->is_ours = true;
	if (output_look_at(output) == 0)
		return 0;
	int err = errno;
	fp_output_undo(output);
	close(output->fd);
	output->fd = -1;
	errno = err;
	return -1;
}

void
fp_output_unmake(int fd, const char *path)
{
	struct stat st;

	/* Another run may have opened it since; it has a lock, too. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
		st.st_size == 0 && fp_output_is_at(fd, path))
		unlink(path);
}

void
fp_output_undo(struct fp_output *output)
{
	if (output->is_made && output->fd >= 0)
		fp_output_unmake(output->fd, output->name);
	output->has_name = false; /* that it is removed is no loss */
}

int
fp_output_cut(struct fp_output *output, uint64_t end)
{
	struct stat st;

	FP_ASSERT(output->is_file && output->n_given == 0);
	if (fstat(output->fd, &st))
		return -1;
	if ((uint64_t)st.st_size != end && ftruncate(output->fd, (off_t)end))
		return -1;
	return lseek(output->fd, (off_t)end, SEEK_SET) < 0 ? -1 : 0;
}

/* Leaves no part of a line behind, if what we wrote last is the end of a file.
 * Where that is, the descriptor knows best: others may have written to the
 * file too, or through the same descriptor, and go on behind the cut. */
static void
cut_back(struct fp_output *output)
{
	off_t torn = (off_t)(output->n_written - output->n_whole);
	off_t end = lseek(output->fd, 0, SEEK_CUR);
	struct stat st;

	if (torn > 0 && end >= torn && fstat(output->fd, &st) == 0 &&
		st.st_size == end && ftruncate(output->fd, end - torn) == 0)
		lseek(output->fd, end - torn, SEEK_SET);
}

static int
output_fail(struct fp_output *output, int err)
{
	output->error = err;
	if (output->is_file)
		cut_back(output);
	fp_buf_clear(&output->pending, 0);
	errno = err;
	return -1;
}

/* Counts what was written, and how much of it is whole lines. */
static void
output_count(struct fp_output *output, const char *data, size_t len)
{
	const char *last = memrchr(data, output->separator, len);

	if (last && !output->has_records)
		output->n_whole =
			output->n_written + (uint64_t)(last - data) + 1;
	output->n_written += len;
	for (size_t at = 0; at < output->ends.len; at += sizeof(uint64_t)) {
		uint64_t end;
		memcpy(&end, output->ends.data + at, sizeof(end));
		if (end <= output->n_written)
			output->n_whole = FP_MAX(output->n_whole, end);
	}
}

/* How much may be written in one go: all of it; but once asked to stop, no
 * more than the rest of a line that is begun. */
static size_t
allowed(struct fp_output *output, const char *data, size_t len)
{
	if (!atomic_load(&output->stop))
		return len;
	if (output->n_written == output->n_whole)
		return 0;
	const char *end = memchr(data, output->separator, len);
	return end ? (size_t)(end - data) + 1 : len;
}

static int
write_out(struct fp_output *output, const char *data, size_t len)
{
	int64_t since_ns = 0;

	while (len > 0) {
		int broken = atomic_load(&output->broken);
		if (broken)
			return output_fail(output, broken);
		size_t most = allowed(output, data, len);
		if (most == 0)
			return output_fail(output, ECANCELED);
		ssize_t n = fp_patience_write_some(
			output->fd, data, most, &since_ns);
		if (n < 0)
			return output_fail(output, errno);
		output_count(output, data, (size_t)n);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

uint32_t
fp_output_sum(uint32_t sum, const char *data, size_t len)
{
	return (uint32_t)crc32_z(sum, (const unsigned char *)data, len);
}

int
fp_output_flush(struct fp_output *output)
{
	int broken = atomic_load(&output->broken);

	if (output->fd < 0)
		return 0;
	if (!output->error && broken)
		return output_fail(output, broken);
	if (output->error) {
		errno = output->error;
		return -1;
	}
	if (output->pending.len == 0)
		return 0;
	if (write_out(output, output->pending.data, output->pending.len))
		return -1;
	fp_buf_clear(&output->pending, 2 * GATHER_BYTES);
	fp_buf_clear(&output->ends, GATHER_BYTES);
	return 0;
}

int
fp_output_add(void *arg, const char *data, size_t len)
{
	struct fp_output *output = arg;

	if (output->fd < 0)
		return 0;
	/* Also what is lost: it is known by the end that it would have had. */
	output->n_given += len;
	if (output->error) {
		errno = output->error;
		return -1;
	}
	if (output->is_summed)
		output->sum = fp_output_sum(output->sum, data, len);
	bool is_large = len >= GATHER_BYTES / 2 && !output->is_held;
	if ((is_large || output->pending.len + len > GATHER_BYTES) &&
		!output->is_held && fp_output_flush(output))
		return -1;
	if (is_large)
		return write_out(output, data, len);
	if (fp_buf_add(&output->pending, data, len))
		return output_fail(output, ENOMEM);
	return 0;
}

bool
fp_output_hold(struct fp_output *output, size_t most)
{
	output->is_held = output->quick_fd >= 0 && !output->error &&
			  fp_buf_reserve(&output->pending, most) == 0;
	return output->is_held;
}

bool
fp_output_let_go(struct fp_output *output)
{
	struct fp_buf *pending = &output->pending;

	output->is_held = false;
	if (atomic_load(&output->broken) || atomic_load(&output->stop))
		return false;
	if (output->error)
		return false;
	if (pending->len == 0)
		return true;
	ssize_t n = write(output->quick_fd, pending->data, pending->len);
	if (n < 0)
		return false;
	output_count(output, pending->data, (size_t)n);
	pending->len -= (size_t)n;
	if (pending->len > 0) {
		memmove(pending->data, pending->data + n, pending->len);
		return false;
	}
	fp_buf_clear(pending, HELD_BYTES);
	return true;
}

/* Where a record ends is known before its last byte is written. */
static int
output_add_line(struct fp_output *output, const char *data, size_t len)
{
	uint64_t end = output->n_given + len + 1;

	if (output->has_records && !output->error &&
		fp_buf_add(&output->ends, &end, sizeof(end)))
		return output_fail(output, ENOMEM);
	if (fp_output_add(output, data, len))
		return -1;
	return fp_output_add(output, &output->separator, 1);
}

int
fp_output_line(struct fp_output *output, const char *data, size_t len)
{
	struct stat st;

	if (output->fd < 0)
		return 0;
	if (output->heading.len > 0 && output->n_given == 0 &&
		(!output->is_file ||
			(fstat(output->fd, &st) == 0 && st.st_size == 0)) &&
		output_add_line(
			output, output->heading.data, output->heading.len))
		return -1;
	return output_add_line(output, data, len);
}

void
fp_output_break(struct fp_output *output, int error)
{
	atomic_store(&output->broken, error);
}

void
fp_output_stop(struct fp_output *output)
{
	atomic_store(&output->stop, true);
}

bool
fp_output_is_removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

const char *
fp_output_why(int error)
{
	return error == ENOENT ? "it was removed" : fp_patience_why(error);
}

int
fp_output_close(struct fp_output *output)
{
	int ret = fp_output_flush(output);

	if (ret == 0 && output->is_ours && output->has_name &&
		fp_output_is_removed(output->fd))
		ret = output_fail(output, ENOENT);
	fp_buf_destroy(&output->pending);
	fp_buf_destroy(&output->ends);
	if (output->quick_fd >= 0 && output->quick_fd != output->fd)
		close(output->quick_fd);
	output->quick_fd = -1;
	if (output->is_ours && output->fd >= 0 && close(output->fd) && ret == 0)
		ret = output_fail(output, errno);
	output->fd = -1;
	return ret;
}
