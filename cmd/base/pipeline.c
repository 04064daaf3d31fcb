/* SPDX-License-Identifier: MIT */
/*
 * The shell has connected all programs of a pipeline before the first bar is
 * drawn. So it is enough to look once: for each process that has the reading
 * end of a pipe of ours, the pipes that it may write to are ours too, and it
 * has the terminal if one of its descriptors does. Standard input and standard
 * error are left aside: the first is not written to, as a rule, and messages of
 * others are seldom.
 */
#include "base.h"

#include "pipeline.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* /dev/tty, whatever it stands for. */
#define DEV_TTY makedev(5, 0)

#define PIPES_MAX 16
#define ROUNDS_MAX 8

struct pipes {
	ino_t all[PIPES_MAX];
	size_t n;
	dev_t terminal;
	bool has_reader; /* the first one */
	bool has_terminal; /* one of those who read */
	bool is_unknown; /* more than can be followed */
};

/* Whether a descriptor of a process is open for reading, and for writing. */
static void
access_of(const char *pid, const char *fd, bool *reads, bool *writes)
{
	char path[320], line[80];
	unsigned flags = 0;

	*reads = *writes = false;
	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, fd);
	FILE *file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "flags: %o", &flags) != 1)
			continue;
		*reads = (flags & O_ACCMODE) != O_WRONLY;
		*writes = (flags & O_ACCMODE) != O_RDONLY;
		break;
	}
	fclose(file);
}

static bool
has_pipe(const struct pipes *pipes, ino_t inode)
{
	for (size_t i = 0; i < pipes->n; i++) {
		if (pipes->all[i] == inode)
			return true;
	}
	return false;
}

/* Calls see(pid, fd, status of the file) for each open file of a process. */
static void
each_file(const char *pid, struct pipes *pipes,
	void (*see)(struct pipes *pipes, const char *pid, const char *fd,
		const struct stat *st))
{
	char path[640];
	struct dirent *entry;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *folder = opendir(path);
	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid,
			entry->d_name);
		if (entry->d_name[0] != '.' && stat(path, &st) == 0)
			see(pipes, pid, entry->d_name, &st);
	}
	closedir(folder);
}

static bool is_reader; /* what see_reader() has found; the caller's thread */

static void
see_reader(struct pipes *pipes, const char *pid, const char *fd,
	const struct stat *st)
{
	bool reads, writes;

	if (!S_ISFIFO(st->st_mode) || !has_pipe(pipes, st->st_ino))
		return;
	access_of(pid, fd, &reads, &writes);
	is_reader |= reads;
}

static void
see_outputs(struct pipes *pipes, const char *pid, const char *fd,
	const struct stat *st)
{
	bool reads, writes;
	bool is_terminal =
		S_ISCHR(st->st_mode) &&
		(st->st_rdev == pipes->terminal || st->st_rdev == DEV_TTY);

	if (strcmp(fd, "0") == 0 || strcmp(fd, "2") == 0 ||
		(!is_terminal && !S_ISFIFO(st->st_mode)))
		return;
	access_of(pid, fd, &reads, &writes);
	if (!writes)
		return;
	pipes->has_terminal |= is_terminal;
	if (is_terminal || has_pipe(pipes, st->st_ino))
		return;
	if (pipes->n == PIPES_MAX)
		pipes->is_unknown = true;
	else
		pipes->all[pipes->n++] = st->st_ino;
}

static bool
is_other_process(const char *name)
{
	char ours[32];

	snprintf(ours, sizeof(ours), "%d", (int)getpid());
	return name[0] >= '1' && name[0] <= '9' && strcmp(name, ours) != 0;
}

static void
follow_pipes(struct pipes *pipes)
{
	struct dirent *entry;
	DIR *folder = opendir("/proc");

	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		if (!is_other_process(entry->d_name))
			continue;
		is_reader = false;
		each_file(entry->d_name, pipes, see_reader);
		if (!is_reader)
			continue;
		pipes->has_reader = true;
		each_file(entry->d_name, pipes, see_outputs);
	}
	closedir(folder);
}

bool
fp_pipeline_spares(int pipe_fd, int terminal_fd)
{
	struct stat pipe, terminal;

	if (fstat(pipe_fd, &pipe) || !S_ISFIFO(pipe.st_mode) ||
		fstat(terminal_fd, &terminal) || !S_ISCHR(terminal.st_mode))
		return false;
	struct pipes pipes = {
		.all = {pipe.st_ino}, .n = 1, .terminal = terminal.st_rdev};
	size_t before = 0;
	for (int i = 0; before < pipes.n && i < ROUNDS_MAX; i++) {
		before = pipes.n;
		follow_pipes(&pipes);
	}
	return pipes.has_reader && !pipes.has_terminal && !pipes.is_unknown &&
	       before == pipes.n;
}

/* The group that a process is in; 0: there is none such. */
static int
group_of(const char *pid)
{
	char path[300], text[512];
	int group = 0;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	size_t len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	const char *name_end = strrchr(text, ')');
	if (!name_end || sscanf(name_end + 1, " %*c %*d %d", &group) != 1)
		return 0;
	return group;
}

bool
fp_pipeline_has_keys(int terminal_fd)
{
	char path[300];
	struct stat terminal, st;
	struct dirent *entry;
	bool has = true;
	DIR *folder = opendir("/proc");

	if (!folder || fstat(terminal_fd, &terminal))
		has = false;
	while (has && (entry = readdir(folder))) {
		if (!is_other_process(entry->d_name) ||
			group_of(entry->d_name) != (int)getpgrp())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd/0", entry->d_name);
		has = stat(path, &st) != 0 || !S_ISCHR(st.st_mode) ||
		      st.st_rdev != terminal.st_rdev;
	}
	if (folder)
		closedir(folder);
	return has;
}
