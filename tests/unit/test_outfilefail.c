/* SPDX-License-Identifier: MIT */
#include "outfiletest.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* The linker puts these in the place of the system's (--wrap in
 * tests/local.mk), to do what file systems do only now and then. */
int __real_linkat(
	int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_linkat(
	int from_dir, const char *from, int to_dir, const char *to, int flags);
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to,
	unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to,
	unsigned flags);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_close(int fd);
int __wrap_close(int fd);
ssize_t __real_getrandom(void *data, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *data, size_t len, unsigned flags);

static struct {
	bool no_empty_path, no_links, no_noreplace; /* cannot be done here */
	size_t most; /* bytes in one write; 0: all */
	unsigned interrupted; /* so many writes */
	int write_error, close_error, random_error;
	unsigned same_number; /* so many times no random one */
} broken;

int
__wrap_linkat(
	int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	if (broken.no_links || (broken.no_empty_path && from[0] == '\0')) {
		errno = broken.no_links ? EPERM : ENOENT;
		return -1;
	}
	return __real_linkat(from_dir, from, to_dir, to, flags);
}

int
__wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to,
	unsigned flags)
{
	if (broken.no_noreplace && flags) {
		errno = EINVAL;
		return -1;
	}
	return __real_renameat2(from_dir, from, to_dir, to, flags);
}

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	if (broken.interrupted > 0) {
		broken.interrupted--;
		errno = EINTR;
		return -1;
	}
	if (broken.write_error) {
		errno = broken.write_error;
		return -1;
	}
	if (broken.most > 0)
		len = FP_MIN(len, broken.most);
	return __real_write(fd, data, len);
}

int
__wrap_close(int fd)
{
	int ret = __real_close(fd);

	if (!broken.close_error)
		return ret;
	errno = broken.close_error;
	return -1;
}

ssize_t
__wrap_getrandom(void *data, size_t len, unsigned flags)
{
	if (broken.random_error) {
		errno = broken.random_error;
		return -1;
	}
	if (broken.same_number > 0) {
		broken.same_number--;
		memset(data, 0x5a, len);
		return (ssize_t)len;
	}
	return __real_getrandom(data, len, flags);
}

/* Writes until that fails, and then some more. */
static int
fill(void)
{
	struct fp_outfile file;
	static const char block[3000];
	int n = 0;

	CHECK(fp_outfile_begin(&file, &dir) == 0);
	while (fp_outfile_write(&file, block, sizeof(block)) == 0)
		n++;
	int err = errno;
	CHECK(n > 0 && n < 1000);
	errno = 0;
	CHECK(fp_outfile_write(&file, "x", 1) == -1 && errno == err);
	CHECK(fp_outfile_write(&file, "", 0) == -1 && errno == err);
	errno = 0;
	CHECK(fp_outfile_commit(&file, "a") == -1 && errno == err);
	CHECK_TEXT(names(false), "");
	CHECK_TEXT(names(true), "");
	return err;
}

static void
file_too_large(void)
{
	struct rlimit old, limit;

	MUST(getrlimit(RLIMIT_FSIZE, &old) == 0);
	limit = old;
	limit.rlim_cur = 10000;
	signal(SIGXFSZ, SIG_IGN);
	MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(fill() == EFBIG);
	MUST(setrlimit(RLIMIT_FSIZE, &old) == 0);
	signal(SIGXFSZ, SIG_DFL);
	CHECK(make("a", "small") == 0);
}

static bool
write_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool fine = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return fine;
}

/* Becomes root of a world of its own, as anybody may in most places. */
static bool
become_root(void)
{
	char users[40], groups[40];

	snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
	snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_map("/proc/self/setgroups", "deny") &&
	       write_map("/proc/self/uid_map", users) &&
	       write_map("/proc/self/gid_map", groups);
}

/* In a child, for it wants a file system of its own. */
static int
fill_disk(const char *path)
{
	if (unshare(CLONE_NEWNS) && !become_root())
		return 77;
	if (mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) ||
		mount("none", path, "tmpfs", 0, "size=64k"))
		return 77;
	if (fp_outdir_open(&dir, path, false))
		return 78;
	for (int way = (int)dir.way; way <= FP_OUTDIR_BY_RENAME; way++) {
		dir.way = (enum fp_outdir_way)way;
		CHECK(fill() == ENOSPC);
		/* All of the space is free again. */
		CHECK(make("a", "small") == 0);
		MUST(unlink(in_folder("a")) == 0);
	}
	return tap_bad ? 79 : 0;
}

static void
disk_full(void)
{
	int status;

	snprintf(folder, sizeof(folder), "%s", scratch("disk"));
	MUST(mkdir(folder, 0777) == 0);
	fflush(stdout);
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		int ret = fill_disk(folder);
		fflush(stdout);
		_exit(ret);
	}
	MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("no file system can be mounted here");
	CHECK(WEXITSTATUS(status) == 0);
}

static void
bad_writes(void)
{
	broken.most = 3;
	broken.interrupted = 2;
	CHECK(make("a", "0123456789") == 0);
	FILE_IS("a", "0123456789");
	broken.write_error = EIO;
	CHECK(make("b", "x") == EIO);
	broken.close_error = EDQUOT;
	CHECK(make("b", "x") == EIO); /* the first error is told */
	broken.write_error = 0;
	CHECK(make("b", "x") == EDQUOT);
	broken.close_error = EINTR;
	CHECK(make("c", "x") == 0);
	broken.close_error = 0;
	CHECK(!fp_outdir_has(&dir, "b"));
	FILE_IS("c", "x");
}

static void
temporary_names(void)
{
	struct fp_outfile first, second, third;

	broken.same_number = 2;
	CHECK(fp_outfile_begin(&first, &dir) == 0);
	CHECK(fp_outfile_begin(&second, &dir) == 0);
	fp_outfile_write(&first, "1", 1);
	fp_outfile_write(&second, "2", 1);
	if (dir.way == FP_OUTDIR_BY_RENAME) {
		CHECK_TEXT(first.temp, ".fetchpool-5a5a5a5a5a5a5a5a.part");
		CHECK(strcmp(first.temp, second.temp) != 0);
		broken.same_number = 1000;
		CHECK(fp_outfile_begin(&third, &dir) == -1);
		CHECK(errno == EEXIST && broken.same_number > 0);
		fp_outfile_abort(&third);
		broken.same_number = 0;
		broken.random_error = ENOSYS;
		CHECK(fp_outfile_begin(&third, &dir) == -1 && errno == ENOSYS);
		broken.random_error = 0;
	}
	CHECK(fp_outfile_commit(&second, "2") == 0);
	CHECK(fp_outfile_commit(&first, "1") == 0);
	FILE_IS("1", "1");
	FILE_IS("2", "2");
	CHECK_TEXT(names(true), "");
}

/* File systems that cannot rename without replacing. */
static void
no_noreplace(void)
{
	struct stat st;

	broken.no_noreplace = true;
	CHECK(make("a", "first") == 0);
	CHECK(make("a", "second") == EEXIST);
	FILE_IS("a", "first");
	CHECK(stat(in_folder("a"), &st) == 0 && st.st_nlink == 1);
	CHECK_TEXT(names(true), "");
	broken.no_noreplace = false;
}

/* The first way that works, by trial. */
static enum fp_outdir_way
first_way(void)
{
	char path[40];
	int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	enum fp_outdir_way way = FP_OUTDIR_BY_RENAME;

	if (fd < 0)
		return way;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(fd, "", AT_FDCWD, in_folder("trial"), AT_EMPTY_PATH) == 0)
		way = FP_OUTDIR_BY_FD;
	else if (linkat(AT_FDCWD, path, AT_FDCWD, in_folder("trial"),
			 AT_SYMLINK_FOLLOW) == 0)
		way = FP_OUTDIR_BY_PROC;
	close(fd);
	unlink(in_folder("trial"));
	return way;
}

static void
ways_found(void)
{
	static const struct {
		bool no_empty_path, no_links;
	} here[] = {{false, false}, {true, false}, {false, true}};

	int next = dup(0);

	close(next);
	snprintf(folder, sizeof(folder), "%s", scratch("folder"));
	for (int i = 0; i < 6; i++) {
		broken.no_empty_path = here[i / 2].no_empty_path;
		broken.no_links = here[i / 2].no_links;
		CHECK(fp_outdir_open(&dir, folder, i % 2) == 0);
		empty_folder();
		CHECK(dir.way == first_way());
		CHECK_TEXT(names(true), "");
		CHECK(make("a", "x") == 0);
		CHECK(make("a", "y") == (i % 2 ? 0 : EEXIST));
		fp_outdir_close(&dir);
	}
	/* A folder in which no file can get a name. */
	broken.no_noreplace = true;
	CHECK(fp_outdir_open(&dir, folder, false) == -1 && errno == EPERM);
	CHECK(dir.fd == -1);
	fp_outdir_close(&dir);
	CHECK_TEXT(names(true), "");
	memset(&broken, 0, sizeof(broken));
	int now = dup(0);
	CHECK(now == next); /* none is left open */
	close(now);
}

int
main(void)
{
	run_ways("a file that gets too large", file_too_large, false);
	run("a disk that is full", disk_full);
	run_ways(
		"writes that are short, interrupted, wrong", bad_writes, false);
	run_ways("so it is with overwriting", bad_writes, true);
	run_ways("temporary names differ", temporary_names, false);
	run_ways("temporary names differ when overwriting", temporary_names,
		true);
	run_ways("a file system that cannot rename without replacing",
		no_noreplace, false);
	run("the way that works in a folder is found", ways_found);
	return done();
}
