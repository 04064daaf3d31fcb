/* SPDX-License-Identifier: MIT */
/*
 * Three ways to a name, tried in this order when the folder is opened, for
 * what works depends on the kernel, the file system and the container:
 *
 *	by descriptor	O_TMPFILE, then linkat() of the descriptor itself. The
 *			file is nowhere before, so nothing can be left over.
 *			Wants Linux 6.10 or a capability.
 *	by /proc	the same through the link that /proc has for each
 *			descriptor; for older kernels.
 *	by renaming	a temporary name beside the target; for file systems
 *			without O_TMPFILE, such as NFS.
 *
 * linkat() never replaces. To overwrite, a file without a name is first linked
 * to a temporary one, as rename() is what replaces in one step.
 *
 * Folders in a name are entered one by one from the folder on, so that no link
 * that somebody plants on the way leads out of it.
 *
 * What is written last may be refused as late as close() (NFS, quotas). So
 * the descriptor is closed before the file has its name, or else the name is
 * taken back.
 */
#include "base.h"

#include "filename.h"
#include "outfile.h"

#include "atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE 0666 /* less the umask */
#define TEMP ".fetchpool-"
#define PART ".part"
#define NOTE ".note"

/* ---- system calls, in our terms ---- */

static int
link_unnamed(const struct fp_outfile *file, int dir, const char *name)
{
	char path[40];

	if (file->dir->way == FP_OUTDIR_BY_FD)
		return linkat(file->fd, "", dir, name, AT_EMPTY_PATH);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW);
}

/* ---- a file ---- */

void
fp_outfile_init(struct fp_outfile *file)
{
	memset(file, 0, sizeof(*file));
	file->fd = -1;
}

/* The name of the note is that of the file with another ending. */
static void
remove_note(const struct fp_outfile *file, const char *temp)
{
	char name[sizeof(file->temp)];

	if (FP_LIKELY(!file->has_note))
		return;
	snprintf(name, sizeof(name), "%.*s" NOTE,
		(int)(strlen(temp) - strlen(PART)), temp);
	unlinkat(file->dir->fd, name, 0);
}

void
fp_outfile_abort(struct fp_outfile *file)
{
	int err = errno;

	if (file->fd >= 0)
		fp_atomicfile_close(&file->fd);
	if (file->temp[0]) {
		unlinkat(file->dir->fd, file->temp, 0);
		remove_note(file, file->temp);
	}
	fp_outfile_init(file);
	errno = err;
}

static int
outfile_fail(struct fp_outfile *file)
{
	fp_outfile_abort(file);
	return -1;
}

static int
create_named(void *arg, const char *name)
{
	struct fp_outfile *file = arg;

	file->fd = openat(file->dir->fd, name,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE);
	return file->fd < 0 ? -1 : 0;
}

static int
link_temp(void *arg, const char *name)
{
	const struct fp_outfile *file = arg;

	return link_unnamed(file, file->dir->fd, name);
}

/* fp_filename_is_safe() says no to a name that begins like this. */
static int
with_temp_name(struct fp_outfile *file, int (*make)(void *, const char *))
{
	_Static_assert(
		sizeof(TEMP) - 1 + FP_ATOMICFILE_MORE <= sizeof(file->temp),
		"there is room for a temporary name");
	return fp_atomicfile_find_name(TEMP, file->temp, make, file);
}

int
fp_outfile_begin(struct fp_outfile *file, const struct fp_outdir *dir)
{
	fp_outfile_init(file);
	file->dir = dir;
	if (dir->way == FP_OUTDIR_BY_RENAME)
		return with_temp_name(file, create_named);
	file->fd = openat(dir->fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, MODE);
	return file->fd < 0 ? -1 : 0;
}

/* ---- one that another process may go on with ---- */

/* Sets the name; the note's is in `note`. */
static int
name_noted(struct fp_outfile *file, const struct fp_outdir *dir,
	const char *name, char note[sizeof(file->temp)])
{
	fp_outfile_init(file);
	file->dir = dir;
	int len =
		snprintf(file->temp, sizeof(file->temp), TEMP "%s" PART, name);
	snprintf(note, sizeof(file->temp), TEMP "%s" NOTE, name);
	if (len > 0 && (size_t)len < sizeof(file->temp))
		return 0;
	fp_outfile_init(file);
	errno = ENAMETOOLONG;
	return -1;
}

/* Whether nobody else writes to it: two runs that go on with copies of one
 * journal find the same files. Where nothing can be locked, nobody does. */
static bool
lock_noted(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

/* What is open is this process's; -1: another has it, and it is left alone. */
static int
keep_noted(struct fp_outfile *file, struct stat *st)
{
	if (lock_noted(file->fd) && fstat(file->fd, st) == 0 &&
		st->st_nlink > 0)
		return 0;
	fp_outfile_leave(file);
	errno = EBUSY;
	return -1;
}

/* Removes what has the name, unless somebody writes to it. */
static int
remove_noted(const struct fp_outfile *file, const struct fp_outdir *dir,
	const char *note)
{
	int fd = openat(dir->fd, file->temp,
		O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool is_free = fd < 0 || lock_noted(fd);

	if (is_free) {
		unlinkat(dir->fd, file->temp, 0);
		unlinkat(dir->fd, note, 0);
	}
	if (fd >= 0)
		close(fd);
	errno = EBUSY;
	return is_free ? 0 : -1;
}

/* The note is there before the file, so that no file has another's. */
int
fp_outfile_begin_noted(struct fp_outfile *file, const struct fp_outdir *dir,
	const char *name, const char *note, size_t note_len)
{
	char note_name[sizeof(file->temp)];
	struct stat st;

	if (name_noted(file, dir, name, note_name))
		return -1;
	if (remove_noted(file, dir, note_name)) {
		fp_outfile_init(file);
		return -1;
	}
	int fd = openat(dir->fd, note_name,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE);
	int ret = fd < 0 ? -1 : fp_atomicfile_write(fd, note, note_len);
	if (fd >= 0 && fp_atomicfile_close(&fd))
		ret = -1;
	if (ret == 0)
		ret = create_named(file, file->temp);
	file->has_note = true;
	if (ret)
		return outfile_fail(file);
	return keep_noted(file, &st);
}

static int
read_whole(int dir, const char *name, struct fp_buf *to, size_t most)
{
	int fd = openat(
		dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = -1;

	if (fd < 0)
		return -1;
	if (fp_buf_reserve(to, most + 1) == 0)
		n = read(fd, to->data, most + 1);
	close(fd);
	if (n <= 0 || (size_t)n > most) {
		errno = EINVAL;
		return -1;
	}
	to->len = (size_t)n;
	to->data[n] = '\0';
	return 0;
}

/* What somebody has planted there is not written to. */
static bool
is_only_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_nlink == 1 &&
	       st->st_uid == geteuid();
}

int
fp_outfile_find(struct fp_outfile *file, const struct fp_outdir *dir,
	const char *name, struct fp_buf *note, size_t most)
{
	char note_name[sizeof(file->temp)];
	struct stat st;

	if (name_noted(file, dir, name, note_name))
		return -1;
	file->has_note = true;
	if (read_whole(dir->fd, note_name, note, most)) {
		if (errno != ENOENT)
			return outfile_fail(file);
		fp_outfile_init(file);
		return -1;
	}
	file->fd = openat(dir->fd, file->temp,
		O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file->fd < 0)
		return outfile_fail(file);
	if (keep_noted(file, &st))
		return -1;
	if (!is_only_ours(&st))
		return outfile_fail(file);
	file->size = (uint64_t)st.st_size;
	return 0;
}

void
fp_outfile_leave(struct fp_outfile *file)
{
	if (file->fd >= 0)
		fp_atomicfile_close(&file->fd);
	fp_outfile_init(file);
}

void
fp_outfile_boot(char boot[FP_OUTFILE_BOOT_BYTES])
{
	struct fp_buf text = FP_BUF_INIT;

	boot[0] = '\0';
	if (read_whole(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &text,
		    FP_OUTFILE_BOOT_BYTES - 1) == 0)
		snprintf(boot, FP_OUTFILE_BOOT_BYTES, "%.*s",
			(int)strcspn(text.data, "\n"), text.data);
	fp_buf_destroy(&text);
}

int
fp_outfile_write(struct fp_outfile *file, const char *data, size_t len)
{
	if (!file->error && fp_atomicfile_write(file->fd, data, len))
		file->error = errno;
	if (!file->error) {
		file->size += len;
		return 0;
	}
	errno = file->error;
	return -1;
}

void
fp_outfile_set_time(struct fp_outfile *file, int64_t wall_ns)
{
	int64_t s = wall_ns / 1000000000;
	const struct timespec times[2] = {
		{0, UTIME_OMIT},
		{(time_t)s, (long)(wall_ns % 1000000000)},
	};

	/* Where time_t has 32 bits it may not fit. */
	if ((time_t)s == s)
		(void)futimens(file->fd, times);
}

/* Gives a whole file this name, safe or not, in the folder or in one below. */
static int
outfile_give_name(
	struct fp_outfile *file, int to_dir, const char *name, bool overwrite)
{
	int dir = file->dir->fd;

	if (!file->temp[0] && !overwrite) {
		if (link_unnamed(file, to_dir, name))
			return -1;
		if (fp_atomicfile_close(&file->fd) == 0)
			return 0;
		int err = errno;
		unlinkat(to_dir, name, 0);
		errno = err;
		return -1;
	}
	if (!file->temp[0] && with_temp_name(file, link_temp))
		return -1;
	/* What is locked stays so until it has another name. */
	int lock = FP_UNLIKELY(file->has_note)
			   ? fcntl(file->fd, F_DUPFD_CLOEXEC, 0)
			   : -1;
	bool ok = fp_atomicfile_close(&file->fd) == 0 &&
		  (overwrite ? renameat(dir, file->temp, to_dir, name)
			     : fp_atomicfile_rename_new(
				       dir, file->temp, to_dir, name)) == 0;
	if (ok) {
		remove_note(file, file->temp);
		file->temp[0] = '\0';
	}
	int err = errno;
	if (FP_UNLIKELY(lock >= 0))
		close(lock);
	errno = err;
	return ok ? 0 : -1;
}

/* Enters the folders of a safe path, as far as they are there or are to be
 * made; *name is then what is behind them. The descriptor is to be closed if it
 * is not that of `root`. */
static int
enter_folders(int root, const char **name, bool makes)
{
	char part[FP_FILENAME_MAX + 1];
	int fd = root;

	for (const char *slash; fd >= 0 && (slash = strchr(*name, '/'));) {
		size_t len = (size_t)(slash - *name);
		memcpy(part, *name, len);
		part[len] = '\0';
		int next = -1;
		if (!makes || mkdirat(fd, part, 0777) == 0 || errno == EEXIST)
			next = openat(fd, part,
				O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int err = errno;
		if (fd != root)
			close(fd);
		errno = err;
		fd = next;
		*name = slash + 1;
	}
	return fd;
}

static bool
outdir_takes(const struct fp_outdir *dir, const char *name)
{
	return dir->has_folders ? fp_filename_is_safe_path(name)
				: fp_filename_is_safe(name);
}

/* Whether this path leads into that folder. It is looked at now: a folder that
 * is mounted at a second place, or a link on the way, has other names. */
static bool
is_path_into(const char *path, int folder)
{
	char into[PATH_MAX];
	struct stat a, b;
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;

	if (len >= sizeof(into))
		return false;
	memcpy(into, path, len);
	into[len] = '\0';
	return stat(slash ? into : ".", &a) == 0 && fstat(folder, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Whether a file of this name in that folder would be at a reserved path. */
static bool
is_reserved(const struct fp_outdir *dir, int folder, const char *name)
{
	for (size_t i = 0; i < dir->n_reserved; i++) {
		const char *path = dir->reserved[i];
		const char *slash = strrchr(path, '/');
		if (FP_UNLIKELY(strcmp(slash ? slash + 1 : path, name) == 0) &&
			is_path_into(path, folder))
			return true;
	}
	return false;
}

int
fp_outfile_commit(struct fp_outfile *file, const char *name)
{
	errno = file->error;
	if (file->error)
		return outfile_fail(file);
	errno = EINVAL;
	if (file->fd < 0 || !outdir_takes(file->dir, name))
		return outfile_fail(file);
	int dir = enter_folders(file->dir->fd, &name, true);
	if (dir < 0)
		return outfile_fail(file);
	bool is_free = !is_reserved(file->dir, dir, name);
	bool ok = is_free &&
		  outfile_give_name(file, dir, name, file->dir->overwrite) == 0;
	int err = is_free ? errno : EBUSY;
	if (dir != file->dir->fd)
		close(dir);
	errno = err;
	return ok ? 0 : outfile_fail(file);
}

/* ---- a folder ---- */

static int
give_trial_name(void *arg, const char *name)
{
	struct fp_outfile *file = arg;

	return outfile_give_name(
		file, file->dir->fd, name, file->dir->overwrite);
}

/* Makes a file in the folder, as all will be made, and removes it. */
static int
try_out(const struct fp_outdir *dir)
{
	struct fp_outfile file;
	char name[sizeof(file.temp)];

	if (fp_outfile_begin(&file, dir))
		return -1;
	if (fp_atomicfile_find_name(TEMP, name, give_trial_name, &file))
		return outfile_fail(&file);
	return unlinkat(dir->fd, name, 0);
}

static void
init_dir(struct fp_outdir *dir, bool overwrite)
{
	dir->overwrite = overwrite;
	dir->is_made = false;
	dir->has_folders = false;
	dir->reserved = NULL;
	dir->n_reserved = 0;
}

int
fp_outdir_open(struct fp_outdir *dir, const char *path, bool overwrite)
{
	static const enum fp_outdir_way ways[] = {
		FP_OUTDIR_BY_FD, FP_OUTDIR_BY_PROC, FP_OUTDIR_BY_RENAME};

	init_dir(dir, overwrite);
	dir->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0 && errno == ENOENT && mkdir(path, 0777) == 0) {
		dir->is_made = true;
		dir->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (dir->fd < 0)
		return -1;
	for (size_t i = 0; i < FP_ARRAY_LEN(ways); i++) {
		dir->way = ways[i];
		if (try_out(dir) == 0)
			return 0;
	}
	int err = errno;
	fp_outdir_undo(dir, path);
	fp_outdir_close(dir);
	errno = err;
	return -1;
}

int
fp_outdir_look(struct fp_outdir *dir, const char *path, bool overwrite)
{
	init_dir(dir, overwrite);
	dir->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir->fd < 0 && errno != ENOENT ? -1 : 0;
}

void
fp_outdir_undo(const struct fp_outdir *dir, const char *path)
{
	if (dir->is_made && fp_outdir_is_at(dir, path))
		rmdir(path);
}

void
fp_outdir_close(struct fp_outdir *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = -1;
}

bool
fp_outdir_is_at(const struct fp_outdir *dir, const char *path)
{
	struct stat then, now;

	if (fstat(dir->fd, &then) || stat(path, &now))
		return false;
	if (then.st_dev == now.st_dev && then.st_ino == now.st_ino)
		return true;
	errno = ESTALE;
	return false;
}

bool
fp_outdir_reserves(const struct fp_outdir *dir, const char *name)
{
	if (!outdir_takes(dir, name))
		return false;
	int fd = enter_folders(dir->fd, &name, false);
	bool is = fd >= 0 && is_reserved(dir, fd, name);
	if (fd >= 0 && fd != dir->fd)
		close(fd);
	return is;
}

bool
fp_outdir_has(const struct fp_outdir *dir, const char *name)
{
	struct stat st;

	if (!outdir_takes(dir, name))
		return false;
	int fd = enter_folders(dir->fd, &name, false);
	bool is_there =
		fd >= 0 && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (fd >= 0 && fd != dir->fd)
		close(fd);
	return is_there;
}
