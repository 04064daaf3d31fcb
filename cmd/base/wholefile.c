/* SPDX-License-Identifier: MIT */
/*
 * Whether a file can be made in its folder is seen only when one is: so one is
 * made under another name at the start, and taken away at once.
 */
#include "base.h"

#include "wholefile.h"

#include "atomicfile.h"
#include "patience.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE 0666 /* less the umask */

void
fp_wholefile_none(struct fp_wholefile *file)
{
	*file = (struct fp_wholefile){.fd = -1};
}

static int
try_beside(const char *path)
{
	struct fp_atomicfile file;

	if (fp_atomicfile_begin(&file, path, MODE))
		return -1;
	fp_atomicfile_abort(&file);
	return 0;
}

/* What is no regular file, or one that has no name any more: a deleted one, of
 * which /proc has a descriptor. Nothing can be put in its place. */
static bool
has_no_place(const struct stat *st)
{
	return !S_ISREG(st->st_mode) || st->st_nlink == 0;
}

int
fp_wholefile_open(struct fp_wholefile *file, const char *path)
{
	struct stat st;

	fp_wholefile_none(file);
	bool is_there = stat(path, &st) == 0;
	if (!is_there && errno != ENOENT)
		return -1;
	if (is_there && has_no_place(&st)) {
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

/* Whoever may read the file that is replaced may read the new one. */
static void
keep_mode(const char *path, int fd)
{
	struct stat st;

	if (stat(path, &st) == 0)
		(void)!fchmod(fd, st.st_mode & 07777);
}

int
fp_wholefile_write(struct fp_wholefile *file, const char *data, size_t len)
{
	struct fp_atomicfile made;

	if (file->fd >= 0) {
		/* A pipe has no beginning. */
		if (lseek(file->fd, 0, SEEK_SET) == 0)
			(void)!ftruncate(file->fd, 0);
		return fp_patience_write(file->fd, data, len);
	}
	if (fp_atomicfile_begin(&made, file->path, MODE))
		return -1;
	keep_mode(file->path, made.fd);
	if (fp_atomicfile_write(made.fd, data, len)) {
		fp_atomicfile_abort(&made);
		return -1;
	}
	return fp_atomicfile_replace(&made, file->path);
}

void
fp_wholefile_close(struct fp_wholefile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	fp_wholefile_none(file);
}
