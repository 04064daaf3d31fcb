/* SPDX-License-Identifier: MIT */
/*
 * Put before libc, writes down what a program does to the files of a folder,
 * in the order in which it was done: so that what a power cut could have left
 * at any moment can be made again from it.
 *
 * $RECORD_FOLDER is the folder, $RECORD_LOG the file to write to, a struct
 * entry and its data for each. What changes a file is done and written down
 * under one lock. A sync is not: its begin and its end are two entries, and
 * what is written down before the first is on the disk after the second.
 */
#define _GNU_SOURCE
#if __SIZEOF_LONG__ < 8 /* as configure has it */
#define _FILE_OFFSET_BITS 64
#endif
#include "real.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 1024

struct entry {
	char what; /* see crashstates.py */
	char pad[3];
	uint32_t len; /* of the data behind it */
	uint64_t inode;
	uint64_t at; /* a place in the file */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static int log_fd = -1;
static bool is_ours[FDS]; /* a file of the folder, or a folder in it */

__attribute__((constructor)) static void
begin(void)
{
	REAL(open);
	folder = getenv("RECORD_FOLDER");
	const char *path = getenv("RECORD_LOG");
	if (folder && path)
		log_fd = real(
			path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static bool
is_inside(const char *path)
{
	size_t len = folder ? strlen(folder) : 0;

	return log_fd >= 0 && strncmp(path, folder, len) == 0 &&
	       (path[len] == '/' || !path[len]);
}

static bool
is_file(int fd)
{
	return fd >= 0 && fd < FDS && is_ours[fd];
}

static uint64_t
inode_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		abort();
	return st.st_ino;
}

static void
note(char what, uint64_t inode, uint64_t at, const void *data, size_t len)
{
	REAL(writev);
	struct entry entry = {
		.what = what, .len = (uint32_t)len, .inode = inode, .at = at};
	struct iovec parts[] = {
		{&entry, sizeof(entry)}, {(void *)(uintptr_t)data, len}};

	if (real(log_fd, parts, 2) != (ssize_t)(sizeof(entry) + len))
		abort();
}

static void
note_opened(int fd, const char *path)
{
	int err = errno;

	if (fd >= 0 && fd < FDS && is_inside(path)) {
		is_ours[fd] = true;
		note('o', inode_of(fd), 0, path, strlen(path));
	}
	errno = err;
}

int
open(const char *path, int flags, ...)
{
	WITH_MODE
	REAL(open);
	pthread_mutex_lock(&lock);
	int fd = real(path, flags, mode);
	note_opened(fd, path);
	pthread_mutex_unlock(&lock);
	return fd;
}

extern int __open_2(const char *path, int flags);
extern int __open64_2(const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return open(path, flags);
}

int
__open64_2(const char *path, int flags)
{
	return open(path, flags);
}

int
close(int fd)
{
	REAL(close);
	if (is_file(fd))
		is_ours[fd] = false;
	return real(fd);
}

ssize_t
write(int fd, const void *data, size_t n)
{
	REAL(write);
	if (!is_file(fd))
		return real(fd, data, n);
	pthread_mutex_lock(&lock);
	bool appends = fcntl(fd, F_GETFL) & O_APPEND;
	off_t at = lseek(fd, 0, appends ? SEEK_END : SEEK_CUR);
	ssize_t done = real(fd, data, n);
	if (done > 0)
		note('w', inode_of(fd), (uint64_t)at, data, (size_t)done);
	pthread_mutex_unlock(&lock);
	return done;
}

int
ftruncate(int fd, off_t len)
{
	REAL(ftruncate);
	if (!is_file(fd))
		return real(fd, len);
	pthread_mutex_lock(&lock);
	int ret = real(fd, len);
	if (ret == 0)
		note('t', inode_of(fd), (uint64_t)len, NULL, 0);
	pthread_mutex_unlock(&lock);
	return ret;
}

static void
note_sync(char what, int fd)
{
	pthread_mutex_lock(&lock);
	note(what, inode_of(fd), 0, NULL, 0);
	pthread_mutex_unlock(&lock);
}

#define SYNC(name)                          \
	int name(int fd)                    \
	{                                   \
		REAL(name);                 \
		if (!is_file(fd))           \
			return real(fd);    \
		note_sync('s', fd);         \
		int ret = real(fd);         \
		if (ret == 0)               \
			note_sync('S', fd); \
		return ret;                 \
	}

SYNC(fsync)
SYNC(fdatasync)

static int
note_renamed(int ret, const char *from, const char *to)
{
	char names[8192];
	int len = snprintf(names, sizeof(names), "%s%c%s", from, 0, to);

	if (ret == 0 && is_inside(from))
		note('r', 0, 0, names, (size_t)len);
	return ret;
}

int
rename(const char *from, const char *to)
{
	REAL(rename);
	pthread_mutex_lock(&lock);
	int ret = note_renamed(real(from, to), from, to);
	pthread_mutex_unlock(&lock);
	return ret;
}

int
renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	REAL(renameat2);
	pthread_mutex_lock(&lock);
	int ret = note_renamed(real(a, from, b, to, flags), from, to);
	pthread_mutex_unlock(&lock);
	return ret;
}

int
unlink(const char *path)
{
	REAL(unlink);
	pthread_mutex_lock(&lock);
	int ret = real(path);
	if (ret == 0 && is_inside(path))
		note('u', 0, 0, path, strlen(path));
	pthread_mutex_unlock(&lock);
	return ret;
}
