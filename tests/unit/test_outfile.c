/* SPDX-License-Identifier: MIT */
#include "outfiletest.h"

#include "filename.h"

#include <signal.h>
#include <sys/wait.h>

static void
whole_file(void)
{
	struct fp_outfile file;
	struct stat st;
	mode_t mask = umask(0027);

	CHECK(fp_outfile_begin(&file, &dir) == 0);
	CHECK(fcntl(file.fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(dir.fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fp_outfile_write(&file, "one ", 4) == 0);
	CHECK(fp_outfile_write(&file, "", 0) == 0);
	CHECK(fp_outfile_write(&file, "two\0three", 9) == 0);
	CHECK_TEXT(names(false), "");
	CHECK((file.temp[0] != '\0') == (dir.way == FP_OUTDIR_BY_RENAME));
	CHECK((names(true)[0] != '\0') == (dir.way == FP_OUTDIR_BY_RENAME));
	CHECK(!fp_outdir_has(&dir, "a 1.txt"));
	CHECK(fp_outfile_commit(&file, "a 1.txt") == 0);
	CHECK_TEXT(names(false), "a 1.txt ");
	CHECK_TEXT(names(true), "");
	CHECK(fp_outdir_has(&dir, "a 1.txt"));
	CHECK(file_is(in_folder("a 1.txt"), "one two\0three", 13));
	CHECK(stat(in_folder("a 1.txt"), &st) == 0);
	CHECK((st.st_mode & 07777) == 0640 && st.st_nlink == 1);
	umask(mask);
	fp_outfile_abort(&file);
	CHECK_TEXT(names(false), "a 1.txt ");
	CHECK(make("empty", "") == 0);
	FILE_IS("empty", "");
}

static void
given_up(void)
{
	struct fp_outfile file;
	int next = dup(0);

	close(next);
	fp_outfile_init(&file);
	fp_outfile_abort(&file);
	CHECK(fp_outfile_begin(&file, &dir) == 0);
	CHECK(fp_outfile_write(&file, "half", 4) == 0);
	errno = ENOTTY;
	fp_outfile_abort(&file);
	CHECK(errno == ENOTTY);
	CHECK_TEXT(names(false), "");
	CHECK_TEXT(names(true), "");
	fp_outfile_abort(&file);
	CHECK(fp_outfile_commit(&file, "a") == -1 && errno == EINVAL);
	CHECK(make("a", "1") == 0 && make("b", "2") == 0);
	int now = dup(0);
	CHECK(now == next); /* none is left open */
	close(now);
}

static void
name_taken(void)
{
	CHECK(make("a", "first") == 0);
	CHECK(make("a", "second") == EEXIST);
	FILE_IS("a", "first");
	MUST(mkdir(in_folder("sub"), 0777) == 0);
	CHECK(make("sub", "x") == EEXIST);
	CHECK(fp_outdir_has(&dir, "sub") && !fp_outdir_has(&dir, "s"));
	CHECK(!fp_outdir_has(&dir, ".") && !fp_outdir_has(&dir, "sub/."));
}

static void
name_replaced(void)
{
	CHECK(make("a", "first") == 0);
	CHECK(make("a", "2nd") == 0);
	FILE_IS("a", "2nd");
	CHECK_TEXT(names(false), "a ");
	MUST(mkdir(in_folder("sub"), 0777) == 0);
	CHECK(make("sub", "x") == EISDIR);
	CHECK_TEXT(names(true), "");
}

/* Many at once for one name: one gets it, and the file is that one's. */
static void
race(void)
{
	enum { RACERS = 8, ROUNDS = 20 };
	int n_won = 0;

	for (int round = 0; round < ROUNDS; round++) {
		int start[2];
		MUST(pipe(start) == 0);
		for (int i = 0; i < RACERS; i++) {
			pid_t pid = fork();
			MUST(pid >= 0);
			if (pid > 0)
				continue;
			struct fp_outfile file;
			char me = (char)('0' + i), go;
			fp_outfile_begin(&file, &dir);
			fp_outfile_write(&file, &me, 1);
			close(start[1]);
			while (read(start[0], &go, 1) > 0)
				;
			_exit(fp_outfile_commit(&file, "a")
					? errno == EEXIST ? 100 : 101
					: i);
		}
		close(start[0]);
		close(start[1]);
		for (int i = 0, status; i < RACERS; i++) {
			MUST(wait(&status) > 0 && WIFEXITED(status));
			int who = WEXITSTATUS(status);
			char text[2] = {(char)('0' + who), '\0'};
			CHECK(who < RACERS || who == 100);
			n_won += who < RACERS;
			if (who < RACERS)
				FILE_IS("a", text);
		}
		CHECK(unlink(in_folder("a")) == 0);
	}
	CHECK(n_won == ROUNDS);
	CHECK_TEXT(names(true), "");
}

/* What a link of the target's name points to is never touched. */
static void
links(void)
{
	const char *victim = put_file("victim", "mine", 4);
	const char *free_name = scratch("free");
	struct stat st;

	MUST(symlink(victim, in_folder("a")) == 0);
	MUST(symlink(free_name, in_folder("b")) == 0);
	MUST(symlink("/", in_folder("c")) == 0);
	MUST(link(victim, in_folder("d")) == 0);
	for (const char *name = "abcd"; *name; name++) {
		char text[2] = {*name, '\0'};
		CHECK(fp_outdir_has(&dir, text));
		int err = make(text, "new");
		CHECK(err == (dir.overwrite ? 0 : EEXIST));
		CHECK(lstat(in_folder(text), &st) == 0);
		if (dir.overwrite)
			FILE_IS(text, "new");
		else
			CHECK(S_ISLNK(st.st_mode) == (*name != 'd'));
	}
	CHECK(file_is(victim, "mine", 4));
	CHECK(access(free_name, F_OK) == -1);
}

static void
unsafe_names(void)
{
	static char longest[FP_FILENAME_MAX + 2];

	memset(longest, 'a', sizeof(longest) - 1);
	CHECK(make("", "x") == EINVAL);
	CHECK(make(".", "x") == EINVAL);
	CHECK(make("..", "x") == EINVAL);
	CHECK(make(".hidden", "x") == EINVAL);
	CHECK(make("../x", "x") == EINVAL);
	CHECK(make("/x", "x") == EINVAL);
	CHECK(make("sub/x", "x") == EINVAL);
	CHECK(make(longest, "x") == EINVAL);
	CHECK_TEXT(names(false), "");
	longest[FP_FILENAME_MAX] = '\0';
	CHECK(make(longest, "x") == 0);
	FILE_IS(longest, "x");
	CHECK(access(scratch("x"), F_OK) == -1);
}

/* Killed in the middle, a process leaves nothing that can be seen. */
static void
killed(void)
{
	int ready[2], status;
	char c;

	for (int round = 0; round < 3; round++) {
		MUST(pipe(ready) == 0);
		pid_t pid = fork();
		MUST(pid >= 0);
		if (pid == 0) {
			struct fp_outfile file;
			fp_outfile_begin(&file, &dir);
			fp_outfile_write(&file, "half", 4);
			MUST(write(ready[1], "!", 1) == 1);
			for (;;)
				pause();
		}
		MUST(read(ready[0], &c, 1) == 1);
		close(ready[0]);
		close(ready[1]);
		MUST(kill(pid, SIGKILL) == 0);
		MUST(waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	CHECK_TEXT(names(false), "");
	const char *left = names(true);
	size_t expected = dir.way == FP_OUTDIR_BY_RENAME ? 3 : 0;
	CHECK(strlen(left) == expected * strlen(".fetchpool-0123456789abcdef"
						".part "));
	CHECK(expected == 0 || strncmp(left, ".fetchpool-", 11) == 0);
	CHECK(make("a", "again") == 0);
	FILE_IS("a", "again");
}

static void
folders(void)
{
	struct stat st;

	mode_t mask = umask(0022);
	CHECK(fp_outdir_open(&dir, scratch("new"), false) == 0);
	umask(mask);
	fp_outdir_close(&dir);
	CHECK(stat(scratch("new"), &st) == 0 && S_ISDIR(st.st_mode));
	CHECK((st.st_mode & 0777) == 0755);
	CHECK(fp_outdir_open(&dir, scratch("new/"), false) == 0);
	fp_outdir_close(&dir);
	CHECK(fp_outdir_open(&dir, scratch("no/new"), false) == -1);
	CHECK(errno == ENOENT && dir.fd == -1);
	CHECK(fp_outdir_open(&dir, "", false) == -1 && errno == ENOENT);
	put_file("file", "", 0);
	CHECK(fp_outdir_open(&dir, scratch("file"), false) == -1);
	CHECK(errno == ENOTDIR);
	MUST(symlink("nowhere/x", scratch("dangling")) == 0);
	CHECK(fp_outdir_open(&dir, scratch("dangling"), false) == -1);
	CHECK(fp_outdir_open(&dir, "/proc/self", false) == -1 && errno);
	CHECK(dir.fd == -1);
}

static void
folder_undone(void)
{
	MUST(mkdir(scratch("old"), 0755) == 0);
	MUST(fp_outdir_open(&dir, scratch("old"), false) == 0);
	fp_outdir_undo(&dir, scratch("old"));
	fp_outdir_close(&dir);
	CHECK(access(scratch("old"), F_OK) == 0);
	MUST(fp_outdir_open(&dir, scratch("made"), false) == 0);
	put_file("made/x", "", 0);
	fp_outdir_undo(&dir, scratch("made"));
	CHECK(access(scratch("made"), F_OK) == 0);
	MUST(unlink(scratch("made/x")) == 0);
	MUST(rename(scratch("made"), scratch("moved")) == 0);
	MUST(mkdir(scratch("made"), 0755) == 0);
	fp_outdir_undo(&dir, scratch("made")); /* another one */
	CHECK(access(scratch("made"), F_OK) == 0);
	fp_outdir_undo(&dir, scratch("moved"));
	CHECK(access(scratch("moved"), F_OK) == -1 && errno == ENOENT);
	fp_outdir_close(&dir);
}

int
main(void)
{
	run_ways("a file has a name when it is whole", whole_file, false);
	run_ways("so it is with overwriting", whole_file, true);
	run_ways("of one that is given up nothing stays", given_up, false);
	run_ways("a name that is taken stays with its file", name_taken, false);
	run_ways("or the file is replaced, if wanted", name_replaced, true);
	run_ways("of many for one name one gets it", race, false);
	run_ways("links are not followed", links, false);
	run_ways("links are replaced, not followed", links, true);
	run_ways("unsafe names are refused", unsafe_names, false);
	run_ways("unsafe names do not overwrite", unsafe_names, true);
	run_ways("killed in the middle", killed, false);
	run_ways("killed in the middle of overwriting", killed, true);
	run("folders are made, or refused", folders);
	run("one that was made goes again, if it is empty", folder_undone);
	return done();
}
