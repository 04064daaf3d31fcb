/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "atomicfile.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct fp_atomicfile file;
static char folder[PATH_MAX], path[PATH_MAX];

/* A folder of its own for each test, and the path of the file in it. */
static void
enter(const char *name)
{
	snprintf(folder, sizeof(folder), "%s", scratch(name));
	MUST(mkdir(folder, 0777) == 0);
	MUST((size_t)snprintf(path, sizeof(path), "%s/f", folder) <
		sizeof(path));
}

static void
put(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static const char *
get(void)
{
	static char text[100];
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return "there is none";
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	MUST(n >= 0);
	text[n] = '\0';
	return text;
}

static void
begin_with(const char *text)
{
	MUST(fp_atomicfile_begin(&file, path, 0640) == 0);
	CHECK(fp_atomicfile_write(file.fd, text, strlen(text)) == 0);
}

static void
whole_or_not_there(void)
{
	struct stat st;

	enter("whole");
	begin_with("new\n");
	CHECK_TEXT(get(), "there is none");
	CHECK(scratch_count(folder) == 1);
	CHECK(strncmp(file.temp, path, strlen(path)) == 0);
	CHECK(strlen(file.temp) ==
		strlen(path) + strlen(".0123456789abcdef.part"));
	CHECK(fp_atomicfile_create(&file, path) == 0);
	CHECK(file.fd == -1 && !file.temp);
	CHECK_TEXT(get(), "new\n");
	CHECK(scratch_count(folder) == 1);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777 & ~0640U) == 0);
}

static void
replaced_at_once(void)
{
	enter("replace");
	put("old\n");
	begin_with("new\n");
	CHECK_TEXT(get(), "old\n");
	CHECK(fp_atomicfile_replace(&file, path) == 0);
	CHECK_TEXT(get(), "new\n");
	CHECK(scratch_count(folder) == 1);
}

static void
another_is_not_replaced(void)
{
	enter("create");
	begin_with("new\n");
	put("old\n");
	CHECK(fp_atomicfile_create(&file, path) == -1 && errno == EEXIST);
	CHECK_TEXT(get(), "old\n");
	CHECK(scratch_count(folder) == 1);
	CHECK(file.fd == -1 && !file.temp);
}

static void
given_up(void)
{
	enter("abort");
	begin_with("new\n");
	errno = EDOM;
	fp_atomicfile_abort(&file);
	CHECK(errno == EDOM);
	CHECK(scratch_count(folder) == 0);
	fp_atomicfile_abort(&file);
	fp_atomicfile_none(&file);
	fp_atomicfile_abort(&file);
	CHECK(scratch_count(folder) == 0);
}

static void
no_folder(void)
{
	enter("none");
	snprintf(path, sizeof(path), "%s", scratch("none/no/f"));
	CHECK(fp_atomicfile_begin(&file, path, 0666) == -1);
	CHECK(errno == ENOENT && file.fd == -1 && !file.temp);
}

static int n_taken, n_calls;

static int
take_name(void *arg, const char *name)
{
	(void)arg;
	CHECK(strncmp(name, "x-", 2) == 0);
	CHECK_TEXT(name + 2 + 16, ".part");
	if (++n_calls > n_taken)
		return 0;
	errno = EEXIST;
	return -1;
}

static int
refuse_name(void *arg, const char *name)
{
	(void)name;
	++*(int *)arg;
	errno = EACCES;
	return -1;
}

static void
names_that_are_taken(void)
{
	char name[2 + FP_ATOMICFILE_MORE];
	int n = 0;

	n_taken = 5;
	CHECK(fp_atomicfile_find_name("x-", name, take_name, NULL) == 0);
	CHECK(n_calls == 6 && strlen(name) == sizeof(name) - 1);
	n_taken = 1000;
	n_calls = 0;
	CHECK(fp_atomicfile_find_name("x-", name, take_name, NULL) == -1);
	CHECK(errno == EEXIST && n_calls == 100);
	CHECK_TEXT(name, "");
	CHECK(fp_atomicfile_find_name("x-", name, refuse_name, &n) == -1);
	CHECK(errno == EACCES && n == 1);
}

static void
a_full_disk(void)
{
	int fd = open("/dev/full", O_WRONLY);

	MUST(fd >= 0);
	CHECK(fp_atomicfile_write(fd, "x", 1) == -1 && errno == ENOSPC);
	CHECK(fp_atomicfile_write(fd, "", 0) == 0);
	CHECK(fp_atomicfile_close(&fd) == 0 && fd == -1);
}

int
main(void)
{
	run("a file is whole, or not there", whole_or_not_there);
	run("a file is replaced at once", replaced_at_once);
	run("another file is not replaced", another_is_not_replaced);
	run("what is given up leaves nothing", given_up);
	run("no folder, no file", no_folder);
	run("names that are taken are passed over", names_that_are_taken);
	run("what the system says is passed on", a_full_disk);
	return done();
}
