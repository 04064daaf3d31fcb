/* SPDX-License-Identifier: MIT */
#include "wholefile.h"

#include "scratch.h"
#include "tap.h"

#include <errno.h>

static struct fp_wholefile file;

static void
put(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	MUST(stream && fputs(text, stream) >= 0 && fclose(stream) == 0);
}

static const char *
get(const char *path)
{
	static char text[100];
	FILE *stream = fopen(path, "r");

	MUST(stream);
	text[fread(text, 1, sizeof(text) - 1, stream)] = '\0';
	fclose(stream);
	return text;
}

static void
a_new_file(void)
{
	const char *folder = scratch("new");
	char path[PATH_MAX];

	MUST(mkdir(folder, 0777) == 0);
	snprintf(path, sizeof(path), "%s/f", folder);
	CHECK(fp_wholefile_open(&file, path) == 0);
	CHECK(scratch_count(folder) == 0);
	CHECK(fp_wholefile_write(&file, "one\n", 4) == 0);
	CHECK(scratch_count(folder) == 1);
	CHECK_TEXT(get(path), "one\n");
	fp_wholefile_close(&file);
}

static void
one_that_is_there_is_replaced(void)
{
	const char *path = scratch("old");
	const char *link = scratch("link");
	struct stat st;

	put(path, "before");
	MUST(chmod(path, 0640) == 0 && symlink(path, link) == 0);
	CHECK(fp_wholefile_open(&file, link) == 0);
	CHECK_TEXT(get(path), "before");
	FILE *reader = fopen(path, "r");
	MUST(reader);
	CHECK(fp_wholefile_write(&file, "after", 5) == 0);
	CHECK_TEXT(get(path), "after");
	CHECK(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);

	/* Whoever has the old one open goes on to read that. */
	char text[10] = "";
	CHECK(fread(text, 1, 9, reader) == 6);
	CHECK_TEXT(text, "before");
	fclose(reader);
	fp_wholefile_close(&file);
}

static void
what_cannot_be_written_is_found_at_once(void)
{
	errno = 0;
	CHECK(fp_wholefile_open(&file, scratch("none/f")) == -1);
	CHECK(errno == ENOENT);
	CHECK(fp_wholefile_open(&file, "/") == -1 && errno == EISDIR);
	CHECK(fp_wholefile_open(&file, "/proc/f") == -1);
	fp_wholefile_close(&file);
}

static void
a_device_is_just_written_to(void)
{
	CHECK(fp_wholefile_open(&file, "/dev/null") == 0);
	CHECK(fp_wholefile_write(&file, "text", 4) == 0);
	fp_wholefile_close(&file);
	if (access("/dev/full", W_OK))
		SKIP("no /dev/full");
	CHECK(fp_wholefile_open(&file, "/dev/full") == 0);
	CHECK(fp_wholefile_write(&file, "text", 4) == -1 && errno == ENOSPC);
	fp_wholefile_close(&file);
}

/* One that was deleted, and a descriptor that another program gave. */
static void
what_has_no_name_any_more_is_written_to(void)
{
	char path[40], text[10] = "";
	const char *name = scratch("nameless");
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	MUST(fd >= 0 && unlink(name) == 0 && write(fd, "longer", 6) == 6);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(fp_wholefile_open(&file, path) == 0);
	CHECK(pread(fd, text, 9, 0) == 6);
	CHECK(fp_wholefile_write(&file, "one", 3) == 0);
	CHECK(fp_wholefile_write(&file, "two", 3) == 0);
	memset(text, 0, sizeof(text));
	CHECK(pread(fd, text, 9, 0) == 3);
	CHECK_TEXT(text, "two");
	fp_wholefile_close(&file);
	close(fd);
}

/* Its folder goes away meanwhile. */
static void
a_write_that_fails_leaves_nothing(void)
{
	const char *folder = scratch("gone");
	char path[PATH_MAX];

	MUST(mkdir(folder, 0777) == 0);
	snprintf(path, sizeof(path), "%s/f", folder);
	CHECK(fp_wholefile_open(&file, path) == 0);
	MUST(rmdir(folder) == 0);
	CHECK(fp_wholefile_write(&file, "text", 4) == -1 && errno == ENOENT);
	MUST(mkdir(folder, 0777) == 0);

	/* And here the name is a folder's by then. */
	MUST(mkdir(path, 0777) == 0);
	CHECK(fp_wholefile_write(&file, "text", 4) == -1 && errno == EISDIR);
	CHECK(scratch_count(folder) == 1);
	fp_wholefile_close(&file);
}

int
main(void)
{
	run("a new file", a_new_file);
	run("one that is there is replaced", one_that_is_there_is_replaced);
	run("what cannot be written is found at once",
		what_cannot_be_written_is_found_at_once);
	run("a device is just written to", a_device_is_just_written_to);
	run("what has no name any more is written to",
		what_has_no_name_any_more_is_written_to);
	run("a write that fails leaves nothing behind",
		a_write_that_fails_leaves_nothing);
	return done();
}
