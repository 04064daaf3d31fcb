/* SPDX-License-Identifier: MIT */
#include "ratefiletest.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* Where a long has 32 bits, these are called by other names. */
#if defined(__USE_FILE_OFFSET64) && __SIZEOF_LONG__ < 8
#define __real_fallocate __real_fallocate64
#define __wrap_fallocate __wrap_fallocate64
#define __real_pwrite __real_pwrite64
#define __wrap_pwrite __wrap_pwrite64
#endif

/* The system fails when the test says so. */
int __real_fallocate(int fd, int mode, off_t at, off_t len);
int __wrap_fallocate(int fd, int mode, off_t at, off_t len);
ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);

static int fallocate_error, pwrite_error;
static unsigned die_at; /* the write; 0: never */
static bool die_after; /* that write, not before it */

int
__wrap_fallocate(int fd, int mode, off_t at, off_t len)
{
	errno = fallocate_error;
	return errno ? -1 : __real_fallocate(fd, mode, at, len);
}

ssize_t
__wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	bool dies = die_at > 0 && --die_at == 0;

	if (dies && !die_after)
		raise(SIGKILL);
	errno = pwrite_error;
	ssize_t n = errno ? -1 : __real_pwrite(fd, data, len, at);
	if (dies)
		raise(SIGKILL);
	return n;
}

static void
check_refused(const char *path, const char *text, int err, const char *expected)
{
	struct fp_ratefile *file;

	errno = 0;
	file = open_rates(path, text);
	CHECK(!file && errno == err);
	CHECK_TEXT(why, expected);
	fp_ratefile_close(file);
}

static void
other_rates(void)
{
	const char *path = scratch("other");

	fp_ratefile_close(opened(path, "5/s,100/m"));
	check_refused(path, "100/m", EINVAL,
		"made for 5/s,100/m, not for 100/m (remove it to "
		"start over)");
	check_refused(path, "5/s,101/m", EINVAL,
		"made for 5/s,100/m, not for 5/s,101/m (remove it to "
		"start over)");
	check_refused(path, "6/s,100/m", EINVAL,
		"made for 5/s,100/m, not for 6/s,100/m (remove it to "
		"start over)");
	fp_ratefile_close(opened(path, "100/m,5/s"));
	check_refused(scratch("many"), "1000001/d", ERANGE,
		"a rate must allow 1 to 1000000 requests per period");
}

static void
what_is_no_rate_file(void)
{
	static char text[8192];

	memset(text, 'x', sizeof(text));
	check_refused(put_file("text", text, sizeof(text)), "5/s", EINVAL,
		"not a rate file");
	check_refused(
		put_file("empty", "", 0), "5/s", EINVAL, "not a rate file");
	CHECK(file_is(scratch("text"), text, sizeof(text)));
	CHECK(file_is(scratch("empty"), "", 0));

	MUST(mkdir(scratch("folder"), 0700) == 0);
	check_refused(scratch("folder"), "5/s", EISDIR, "Is a directory");
	MUST(mkfifo(scratch("fifo"), 0600) == 0);
	check_refused(scratch("fifo"), "5/s", EINVAL, "not a regular file");
	fp_ratefile_close(opened(scratch("target"), "5/s"));
	MUST(symlink("target", scratch("link")) == 0);
	check_refused(scratch("link"), "5/s", ELOOP, "it is a symbolic link");
	MUST(symlink("nowhere", scratch("dangling")) == 0);
	check_refused(
		scratch("dangling"), "5/s", ELOOP, "it is a symbolic link");
	check_refused(scratch("no/folder"), "5/s", ENOENT,
		"No such file or directory");
}

static void
without_permission(void)
{
	const char *path = scratch("readonly");
	int status;

	fp_ratefile_close(opened(path, "5/s"));
	MUST(chmod(path, 0444) == 0);
	MUST(chmod(scratch_folder, 0755) == 0);
	fflush(stdout);
	pid_t child = fork();
	MUST(child >= 0);
	if (child == 0) {
		bool was_root = getuid() == 0;
		if (was_root)
			MUST(setuid(65534) == 0);
		check_refused(path, "5/s", EACCES, "Permission denied");
		if (was_root)
			check_refused(scratch("new"), "5/s", EACCES,
				"Permission denied");
		fflush(stdout);
		_exit(tap_bad != 0);
	}
	MUST(waitpid(child, &status, 0) == child);
	CHECK(status == 0);
}

static void
a_full_disk(void)
{
	const char *path = scratch("full");

	fallocate_error = ENOSPC;
	check_refused(path, "5/s", ENOSPC, "No space left on device");
	fallocate_error = 0;
	CHECK(access(path, F_OK) == -1);
	pwrite_error = ENOSPC;
	check_refused(path, "5/s", ENOSPC, "No space left on device");
	pwrite_error = 0;
	CHECK(access(path, F_OK) == -1);

	/* A file system that cannot set room aside. */
	fallocate_error = EOPNOTSUPP;
	fp_ratefile_close(opened(path, "5/h"));
	fallocate_error = 0;
	CHECK(count_free(path, "5/h") == 5);
}

static void
a_bad_disk(void)
{
	const char *path = scratch("bad");
	struct fp_ratefile *file = opened(path, "5/h");
	int64_t due_ns;
	uint32_t held[3], slot;

	CHECK(reserve_many(file, held, 3) == 3);
	CHECK(fp_ratefile_commit(file, held[0]) == 1);
	CHECK(fp_ratefile_commit(file, held[1]) == 1);
	pwrite_error = EIO;
	errno = 0;
	CHECK(fp_ratefile_fire(file, held[0]) == -1 && errno == EIO);
	pwrite_error = 0;
	errno = 0;
	CHECK(fp_ratefile_reserve(file, &slot, &due_ns) == -1 && errno == EIO);
	CHECK(fp_ratefile_give_back(file, held[1]) == -1);
	CHECK(fp_ratefile_settle(file, &due_ns) == -1);
	CHECK(count_free(path, "5/h") == 2);
	fp_ratefile_close(file);
	CHECK(count_free(path, "5/h") == 3); /* two may have started */

	/* What could not be written was not reserved. */
	file = opened(path, "5/h");
	pwrite_error = ENOSPC;
	errno = 0;
	CHECK(fp_ratefile_reserve(file, &slot, &due_ns) == -1);
	CHECK(errno == ENOSPC);
	pwrite_error = 0;
	CHECK(count_free(path, "5/h") == 3);
	fp_ratefile_close(file);
}

static void
removed_or_changed(void)
{
	const char *path = scratch("removed");
	struct fp_ratefile *file = opened(path, "5/s");
	int64_t due_ns;
	uint32_t slot;

	MUST(unlink(path) == 0);
	CHECK(fp_ratefile_reserve(file, &slot, &due_ns) == -1);
	CHECK(errno == ESTALE);
	fp_ratefile_close(file);

	file = opened(path, "5/s");
	MUST(truncate(path, 4100) == 0);
	CHECK(fp_ratefile_reserve(file, &slot, &due_ns) == -1);
	CHECK(errno == EINVAL);
	fp_ratefile_close(file);
}

/* The largest file there can be. */
static void
a_million_a_day(void)
{
	const char *path = scratch("million");
	struct fp_ratefile *file = opened(path, "1000000/d");
	struct stat st;

	CHECK(start_many(file, 60) == 60);
	fp_ratefile_close(file);
	file = opened(path, "1000000/d");
	CHECK(start_many(file, 60) == 60);
	fp_ratefile_close(file);
	MUST(stat(path, &st) == 0);
	CHECK(st.st_size < 65 << 20);
	MUST(unlink(path) == 0);
}

/* Starts two of three, with much that comes to nothing before and between, so
 * that the ring goes round. */
static void
live(const char *path, unsigned *n_sent)
{
	struct fp_ratefile *file = opened(path, "3/h");
	uint32_t slot;
	int64_t due_ns;

	for (unsigned i = 0; i < 40; i++) {
		MUST(fp_ratefile_reserve(file, &slot, &due_ns) == 1);
		if (i == 8 || i == 20) {
			MUST(fp_ratefile_commit(file, slot) == 1);
			++*n_sent;
			MUST(fp_ratefile_fire(file, slot) == 0);
		} else {
			MUST(fp_ratefile_give_back(file, slot) == 0);
		}
	}
	fp_ratefile_close(file);
}

/* Whatever the last thing was that it wrote, or was about to: the file can be
 * used, and knows of all that was sent. */
static void
dead_at_each_write(void)
{
	unsigned *n_sent = mmap(NULL, sizeof(*n_sent), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned n_deaths = 0;
	int status = -1;

	MUST(n_sent != MAP_FAILED);
	for (unsigned i = 0; status != 0; i++) {
		const char *path = scratch("dying");
		*n_sent = 0;
		fflush(stdout);
		pid_t child = fork();
		MUST(child >= 0);
		if (child == 0) {
			die_at = 1 + i / 2;
			die_after = i % 2;
			live(path, n_sent);
			_exit(0);
		}
		MUST(waitpid(child, &status, 0) == child);
		n_deaths += status != 0;
		CHECK(status == 0 || WIFSIGNALED(status));
		unsigned n = count_free(path, "3/h");
		/* One more may be gone: reserved, or not yet known as sent. */
		CHECK(n + *n_sent <= 3 && n + *n_sent >= 2);
		CHECK(status != 0 || n == 1);
		MUST(unlink(path) == 0);
	}
	CHECK(n_deaths > 2 * 80);
	munmap(n_sent, sizeof(*n_sent));
}

int
main(void)
{
	run("made for other rates", other_rates);
	run("what is no rate file", what_is_no_rate_file);
	run("without permission", without_permission);
	run("a full disk", a_full_disk);
	run("a bad disk", a_bad_disk);
	run("dead at each write", dead_at_each_write);
	run("removed or changed under way", removed_or_changed);
	run("a million a day", a_million_a_day);
	return done();
}
