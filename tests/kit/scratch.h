/* SPDX-License-Identifier: MIT */
/*
 * scratch: files for a test program, in a folder of its own that is removed
 * at its end. What cannot be done here ends the program: no test can go on
 * without it.
 */
#ifndef FP_SCRATCH_H
#define FP_SCRATCH_H

#include "base.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MUST(condition)                                                  \
	do {                                                             \
		if (!(condition)) {                                      \
			printf("Bail out! %s:%d: ", __FILE__, __LINE__); \
			fflush(stdout);                                  \
			perror(#condition);                              \
			exit(99);                                        \
		}                                                        \
	} while (0)

static char scratch_folder[PATH_MAX];
static pid_t scratch_owner;

static inline int
scratch_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
scratch_remove(void)
{
	if (getpid() == scratch_owner)
		nftw(scratch_folder, scratch_remove_one, 16,
			FTW_DEPTH | FTW_PHYS);
}

/* The path of a file that this test may do anything with. It lives until
 * eight more were asked for. */
static inline const char *
scratch(const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned turn;

	if (!scratch_owner) {
		const char *at = getenv("TMPDIR");
		snprintf(scratch_folder, sizeof(scratch_folder) - 64,
			"%s/fetchpool-unit-XXXXXX", at && at[0] ? at : "/tmp");
		MUST(mkdtemp(scratch_folder));
		scratch_owner = getpid();
		atexit(scratch_remove);
	}
	char *path = paths[turn++ % 8];
	MUST(snprintf(path, PATH_MAX, "%s/%s", scratch_folder, name) <
		PATH_MAX);
	return path;
}

/* Makes a file of that name with these contents; gives its path. */
static inline const char *
put_file(const char *name, const void *data, size_t len)
{
	const char *path = scratch(name);
	FILE *file = fopen(path, "we");

	MUST(file && fwrite(data, 1, len, file) == len);
	MUST(fclose(file) == 0);
	return path;
}

/* The file's contents, with a NUL behind; the caller frees them. */
static inline char *
get_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	MUST(fd >= 0 && fstat(fd, &st) == 0);
	char *data = calloc(1, (size_t)st.st_size + 1);
	MUST(data && read(fd, data, (size_t)st.st_size) == st.st_size);
	close(fd);
	*len = (size_t)st.st_size;
	return data;
}

/* Whether the file holds just this. */
static inline bool
file_is(const char *path, const void *data, size_t len)
{
	size_t got;
	char *contents = get_file(path, &got);
	bool same = got == len && memcmp(contents, data, len) == 0;

	if (!same)
		printf("# %zu bytes, not %zu: %.60s\n", got, len, contents);
	free(contents);
	return same;
}

/* How many files are in a folder. */
static inline size_t
scratch_count(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	MUST(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

#endif
