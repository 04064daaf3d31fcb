/* SPDX-License-Identifier: MIT */
/*
 * outfiletest: a folder for a test of files in it, and the test run in each
 * way in which files can get their names there.
 */
#ifndef FP_OUTFILETEST_H
#define FP_OUTFILETEST_H

#include "base.h"

#include "outfile.h"
#include "scratch.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>

static struct fp_outdir dir;
static char folder[PATH_MAX];

static inline const char *
in_folder(const char *name)
{
	static char paths[4][2 * PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* The names in the folder that can be seen, or the hidden ones. */
static inline const char *
names(bool hidden)
{
	static char list[2][1000];
	char *text = list[hidden];
	DIR *all = opendir(folder);

	MUST(all);
	text[0] = '\0';
	for (struct dirent *entry; (entry = readdir(all));) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			(name[0] == '.') != hidden)
			continue;
		MUST(strlen(text) + strlen(name) + 2 < sizeof(list[0]));
		strcat(strcat(text, name), " ");
	}
	closedir(all);
	return text;
}

/* Removes the files of the tests before. */
static inline void
empty_folder(void)
{
	DIR *all = opendir(folder);

	MUST(all);
	for (struct dirent *entry; (entry = readdir(all));)
		remove(in_folder(entry->d_name));
	closedir(all);
}

static void (*test_now)(void);
static bool overwrite_now;

static inline void
in_each_way(void)
{
	static const enum fp_outdir_way ways[] = {
		FP_OUTDIR_BY_FD, FP_OUTDIR_BY_PROC, FP_OUTDIR_BY_RENAME};

	snprintf(folder, sizeof(folder), "%s", scratch("folder"));
	for (size_t i = 0; i < FP_ARRAY_LEN(ways); i++) {
		MUST(fp_outdir_open(&dir, folder, overwrite_now) == 0);
		empty_folder();
		/* Those before the one that was found do not work here. */
		if (ways[i] >= dir.way) {
			int bad = tap_bad;
			dir.way = ways[i];
			test_now();
			if (tap_bad > bad)
				printf("# that was way %d\n", (int)ways[i]);
		}
		fp_outdir_close(&dir);
	}
}

/* Runs a test with files that get their names in each way there is. */
static inline void
run_ways(const char *name, void (*test)(void), bool overwrite)
{
	test_now = test;
	overwrite_now = overwrite;
	run(name, in_each_way);
}

/* A file with this in it. 0, or the errno; then nothing of it may stay. */
static inline int
make(const char *name, const char *text)
{
	struct fp_outfile file;
	char before[1000];
	int err = 0;

	snprintf(before, sizeof(before), "%s", names(true));
	if (fp_outfile_begin(&file, &dir))
		return errno;
	if (fp_outfile_write(&file, text, strlen(text)))
		err = errno;
	errno = 0;
	if (fp_outfile_commit(&file, name)) {
		CHECK(errno != 0 && (!err || err == errno));
		err = errno;
	}
	CHECK(file.fd == -1 && !file.temp[0]);
	CHECK_TEXT(names(true), before);
	return err;
}

#define FILE_IS(name, text) \
	CHECK(file_is(in_folder(name), (text), strlen(text)))

#endif
