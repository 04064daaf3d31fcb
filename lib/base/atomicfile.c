/* SPDX-License-Identifier: MIT */
/*
 * To rename without replacing, the kernel is asked for just that; where the
 * file system does not know how (NFS), the file gets the target as its second
 * name, which fails if it is taken, and then loses the temporary one.
 *
 * What is written last may be refused as late as close() (NFS, quotas). So the
 * descriptor is closed before the file has its name.
 */
#include "base.h"

#include "atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define TRIES 100 /* for a temporary name that is free */

/* ---- the pieces ---- */

int
fp_atomicfile_find_name(const char *prefix, char *name,
	int (*make)(void *arg, const char *name), void *arg)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t number;
		if (getrandom(&number, sizeof(number), 0) !=
			(ssize_t)sizeof(number))
			break;
		snprintf(name, strlen(prefix) + FP_ATOMICFILE_MORE,
			"%s%016" PRIx64 ".part", prefix, number);
		if (make(arg, name) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	name[0] = '\0';
	return -1;
}

int
fp_atomicfile_write(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno != EINTR)
			return -1;
		n = FP_MAX(n, 0);
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Not every C library has it (musl below 1.2.5), nor every file system. */
static int
rename_in_one(int from_dir, const char *from, int to_dir, const char *to)
{
#ifdef HAVE_RENAMEAT2
	return renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);
#else
	(void)from_dir;
	(void)from;
	(void)to_dir;
	(void)to;
	errno = ENOSYS;
	return -1;
#endif
}

int
fp_atomicfile_rename_new(
	int from_dir, const char *from, int to_dir, const char *to)
{
	if (rename_in_one(from_dir, from, to_dir, to) == 0)
		return 0;
	if ((errno != EINVAL && errno != ENOSYS) ||
		linkat(from_dir, from, to_dir, to, 0))
		return -1;
	unlinkat(from_dir, from, 0);
	return 0;
}

int
fp_atomicfile_close(int *fd)
{
	int old = *fd;

	*fd = -1;
	/* After EINTR it is closed too, on Linux. */
	return close(old) && errno != EINTR ? -1 : 0;
}

/* ---- a file ---- */

void
fp_atomicfile_none(struct fp_atomicfile *file)
{
	*file = (struct fp_atomicfile){.fd = -1};
}

struct begun {
	struct fp_atomicfile *file;
	mode_t mode;
};

static int
atomicfile_make(void *arg, const char *name)
{
	struct begun *begun = arg;

	begun->file->fd =
		open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			begun->mode);
	return begun->file->fd < 0 ? -1 : 0;
}

int
fp_atomicfile_begin(struct fp_atomicfile *file, const char *path, mode_t mode)
{
	size_t len = strlen(path);
	char *prefix = malloc(len + 2);
	struct begun begun = {file, mode};

	fp_atomicfile_none(file);
	file->temp = malloc(len + 1 + FP_ATOMICFILE_MORE);
	if (prefix && file->temp) {
		memcpy(prefix, path, len);
		memcpy(prefix + len, ".", 2);
		fp_atomicfile_find_name(
			prefix, file->temp, atomicfile_make, &begun);
	}
	free(prefix);
	if (file->fd >= 0)
		return 0;
	free(file->temp);
	file->temp = NULL;
	return -1;
}

void
fp_atomicfile_abort(struct fp_atomicfile *file)
{
	int err = errno;

	if (file->fd >= 0)
		fp_atomicfile_close(&file->fd);
	if (file->temp)
		unlink(file->temp);
	free(file->temp);
	fp_atomicfile_none(file);
	errno = err;
}

static int
atomicfile_give_name(struct fp_atomicfile *file, const char *path,
	int (*give)(int, const char *, int, const char *))
{
	if (fp_atomicfile_close(&file->fd) ||
		give(AT_FDCWD, file->temp, AT_FDCWD, path)) {
		fp_atomicfile_abort(file);
		return -1;
	}
	free(file->temp);
	fp_atomicfile_none(file);
	return 0;
}

int
fp_atomicfile_replace(struct fp_atomicfile *file, const char *path)
{
	return atomicfile_give_name(file, path, renameat);
}

int
fp_atomicfile_create(struct fp_atomicfile *file, const char *path)
{
	return atomicfile_give_name(file, path, fp_atomicfile_rename_new);
}
