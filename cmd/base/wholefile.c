/* SPDX-License-Identifier: MIT */
/*
 * Whether a file can be made in its folder is seen only when one is: so one is
 * made under another name at the start, and taken away at once.
 */
#include "base.h"

#include "wholefile.h"

#include "clock.h"
#include "patience.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX 16

void
fp_wholefile_none(struct fp_wholefile *file)
{
	*file = (struct fp_wholefile){.fd = -1};
}

/* A new file beside it. -1 with errno. */
static int
make_beside(const char *path, char *name, size_t size)
{
	for (unsigned i = 0;; i++) {
		uint32_t salt = (uint32_t)fp_clock_now_ns() + i;
		snprintf(name, size, "%s.%ld-%08lx", path, (long)getpid(),
			(unsigned long)salt);
		int fd = open(
			name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST || i == NAMES_MAX)
			return fd;
	}
}

static size_t
name_size(const char *path)
{
	return strlen(path) + 48;
}

static int
try_beside(const char *path)
{
	char *name = malloc(name_size(path));

	if (!name)
		return -1;
	int fd = make_beside(path, name, name_size(path));
	int err = errno;
	if (fd >= 0) {
		unlink(name);
		close(fd);
	}
	free(name);
	errno = err;
	return fd < 0 ? -1 : 0;
}

int
fp_wholefile_open(struct fp_wholefile *file, const char *path)
{
	struct stat st;

	fp_wholefile_none(file);
	bool is_there = stat(path, &st) == 0;
	if (!is_there && errno != ENOENT)
		return -1;
	if (is_there && !S_ISREG(st.st_mode)) {
		file->fd =
			fp_patience_open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
		return file->fd < 0 ? -1 : 0;
	}
	if (is_there && access(path, W_OK))
		return -1;
	file->path = is_there ? realpath(path, NULL) : strdup(path);
	if (!file->path)
		return -1;
	if (try_beside(file->path) == 0)
		return 0;
	int err = errno;
	fp_wholefile_close(file);
	errno = err;
	return -1;
}

const char *
fp_write_why(int err)
{
	return err == ETIMEDOUT ? "no process reads it" : strerror(err);
}

int
fp_write_whole(int fd, const char *data, size_t len)
{
	int64_t since_ns = 0;

	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EAGAIN) {
			if (fp_patience_wait(fd, &since_ns))
				return -1;
		} else if (n < 0 && errno != EINTR) {
			return -1;
		} else if (n > 0) {
			data += n;
			len -= (size_t)n;
			since_ns = 0;
		}
	}
	return 0;
}

/* Whoever may read the file that is replaced may read the new one. */
static void
keep_mode(const char *path, int fd)
{
	struct stat st;

	if (stat(path, &st) == 0)
		(void)!fchmod(fd, st.st_mode & 07777);
}

static int
wholefile_replace(const char *path, char *name, const char *data, size_t len)
{
	int fd = make_beside(path, name, name_size(path));

	if (fd < 0)
		return -1;
	keep_mode(path, fd);
	int err = fp_write_whole(fd, data, len) ? errno : 0;
	if (close(fd) && !err)
		err = errno;
	if (!err && rename(name, path) == 0)
		return 0;
	err = err ? err : errno;
	unlink(name);
	errno = err;
	return -1;
}

int
fp_wholefile_write(struct fp_wholefile *file, const char *data, size_t len)
{
	if (file->fd >= 0)
		return fp_write_whole(file->fd, data, len);
	char *name = malloc(name_size(file->path));
	if (!name)
		return -1;
	int ret = wholefile_replace(file->path, name, data, len);
	free(name);
	return ret;
}

void
fp_wholefile_close(struct fp_wholefile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	fp_wholefile_none(file);
}
