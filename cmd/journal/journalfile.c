/* SPDX-License-Identifier: MIT */
/*
 * A new journal is written under a name of its own, synced, and renamed; then
 * the folder is synced. So there is the old one or the new one, whole.
 *
 * The lock is on the open file, and so must be held on the one that stands
 * under the name: whoever has locked a file looks whether it still is that one.
 * The new file is locked before it gets the name. Two that begin at once meet
 * at the temporary name, which is always the same: what a killed process left
 * there is used again.
 */
#include "base.h"

#include "journalfile.h"

#include "atomicfile.h"
#include "output.h"
#include "patience.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY ".tmp"

void
fp_journalfile_none(struct fp_journalfile *file)
{
	*file = (struct fp_journalfile){.fd = -1};
}

void
fp_journalfile_close(struct fp_journalfile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	fp_journalfile_none(file);
}

static void
close_keeping_errno(int fd)
{
	int err = errno;

	if (fd >= 0)
		close(fd);
	errno = err;
}

/* Opens what is at the path, or makes it, and locks it. */
static int
open_locked(const char *path, int flags)
{
	struct stat st;
	int fd = open(path,
		O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | flags,
		0600);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		goto fail;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		goto fail;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			errno = ENOLCK;
		goto fail;
	}
	if (fp_output_is_at(fd, path))
		return fd;
	errno = EWOULDBLOCK;
fail:
	close_keeping_errno(fd);
	return -1;
}

/* Whether a file under the temporary name may be emptied: it is one that a
 * process was about to make a journal, or a file of --etags, of when it was
 * killed, or the power failed. */
static bool
is_begun_journal(int fd)
{
	static const char magic[] = "fetchpool-";
	char text[sizeof(magic) - 1];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	return n == 0 || (n > 0 && (memcmp(text, magic, (size_t)n) == 0 ||
					   text[0] == '\0'));
}

int
fp_journalfile_open(struct fp_journalfile *file, const char *path)
{
	struct stat st;

	file->path = realpath(path, NULL);
	if (!file->path) {
		if (errno != ENOENT)
			return -1;
		if (lstat(path, &st) == 0) {
			errno = ENOLINK;
			return -1;
		}
		file->path = strdup(path);
		return file->path ? 0 : -1;
	}
	file->fd = open_locked(file->path, 0);
	if (file->fd < 0 || fstat(file->fd, &st))
		return -1;
	file->end = (uint64_t)st.st_size;
	return st.st_size > 0;
}

int
fp_journalfile_check(const struct fp_journalfile *file)
{
	struct stat st;

	if (fstat(file->fd, &st))
		return -1;
	errno = ENOENT;
	if (st.st_nlink == 0 ||
		(file->path && !fp_output_is_at(file->fd, file->path)))
		return -1;
	errno = ESTALE;
	return (uint64_t)st.st_size == file->end ? 0 : -1;
}

int
fp_journalfile_append(struct fp_journalfile *file, const char *data, size_t len)
{
	if (fp_journalfile_check(file) ||
		fp_patience_write(file->fd, data, len))
		return -1;
	file->end += len;
	return 0;
}

const char *
fp_journalfile_why(int err)
{
	if (err == ENOENT)
		return "it was removed or replaced";
	return err == ESTALE ? "it was truncated or changed" : strerror(err);
}

int
fp_journalfile_sync(struct fp_journalfile *file)
{
	return fdatasync(file->fd);
}

static int
sync_folder(const char *path)
{
	char *folder = strdup(path);

	if (!folder)
		return -1;
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0)
		return -1;
	int ret = fsync(fd);
	close_keeping_errno(fd);
	return ret;
}

int
fp_journalfile_sync_name(const char *path)
{
	char *real = realpath(path, NULL);

	if (!real)
		return -1;
	int ret = sync_folder(real);
	int err = errno;
	free(real);
	errno = err;
	return ret;
}

/* Gives the new file its name. */
static int
journalfile_give_name(const char *temporary, const char *path, bool replaces)
{
	if (replaces)
		return rename(temporary, path);
	return fp_atomicfile_rename_new(AT_FDCWD, temporary, AT_FDCWD, path);
}

/* The name of the new file may not be on the disk: if there was none before, or
 * an empty one, that is so again. Else it stays, since what it was made from is
 * gone, and says the same. */
static void
journalfile_unmake(const struct fp_journalfile *file, int fd)
{
	int err = errno;

	if (file->fd < 0 && fp_output_is_at(fd, file->path))
		unlink(file->path);
	else if (file->fd >= 0 && file->end == 0 && ftruncate(fd, 0))
		unlink(file->path);
	errno = err;
}

int
fp_journalfile_make(struct fp_journalfile *file, const char *data, size_t len)
{
	struct fp_buf temporary = FP_BUF_INIT;
	struct fp_journalfile made = {.fd = -1};
	int ret = -1;

	if (fp_buf_printf(&temporary, "%s%s", file->path, TEMPORARY))
		return -1;
	made.fd = open_locked(temporary.data, O_CREAT);
	if (made.fd >= 0 && !is_begun_journal(made.fd)) {
		close(made.fd);
		fp_buf_destroy(&temporary);
		errno = ENOTEMPTY;
		return -1;
	}
	if (made.fd >= 0 && fchmod(made.fd, 0600) == 0 &&
		ftruncate(made.fd, 0) == 0 &&
		fp_journalfile_append(&made, data, len) == 0 &&
		fsync(made.fd) == 0 &&
		journalfile_give_name(
			temporary.data, file->path, file->fd >= 0) == 0) {
		ret = sync_folder(file->path);
		if (ret)
			journalfile_unmake(file, made.fd);
	} else if (made.fd >= 0) {
		int err = errno;
		unlink(temporary.data);
		errno = err;
	}
	fp_buf_destroy(&temporary);
	if (ret) {
		close_keeping_errno(made.fd);
		return -1;
	}
	if (file->fd >= 0)
		close(file->fd);
	file->fd = made.fd;
	file->end = made.end;
	return 0;
}

int
fp_journalfile_read(struct fp_journalfile *file, struct fp_buf *to)
{
	struct stat st;
	ssize_t n = 0;

	if (fstat(file->fd, &st) || fp_buf_reserve(to, (size_t)st.st_size))
		return -1;
	size_t left = (size_t)st.st_size;
	for (off_t at = 0; left > 0; at += n, left -= (size_t)n) {
		n = pread(file->fd, to->data + to->len, left, at);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -1;
		n = FP_MAX(n, 0);
		to->len += (size_t)n;
	}
	return 0;
}

int
fp_journalfile_cut(struct fp_journalfile *file, size_t len)
{
	if (ftruncate(file->fd, (off_t)len))
		return -1;
	file->end = len;
	return 0;
}
