/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "shellrun.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct fp_shellrun it;

/* Runs it with more time than it needs. */
static void
shell(const char *command)
{
	fp_shellrun_destroy(&it);
	CHECK(fp_shellrun(&it, command, 60000, -1) == 0);
}

static void
output(void)
{
	shell("echo out; echo err >&2");
	CHECK(it.end == FP_SHELLRUN_EXITED && it.code == 0);
	CHECK_TEXT(fp_buf_text(&it.out), "out\n");
	CHECK_TEXT(fp_buf_text(&it.err), "err\n");
	shell("exit 7");
	CHECK(it.end == FP_SHELLRUN_EXITED && it.code == 7);
	CHECK(it.out.len == 0 && it.err.len == 0);
	shell("/nonexistent/program");
	CHECK(it.end == FP_SHELLRUN_EXITED && it.code == 127);
	CHECK(it.err.len > 0);
	shell("kill -9 $$");
	CHECK(it.end == FP_SHELLRUN_KILLED && it.code == SIGKILL);
	shell("cat; echo read all");
	CHECK_TEXT(fp_buf_text(&it.out), "read all\n");
}

static void
much(void)
{
	shell("head -c 1000000 /dev/zero");
	CHECK(it.end == FP_SHELLRUN_EXITED && it.out.len == 1000000);
	shell("yes");
	CHECK(it.end == FP_SHELLRUN_LONG);
	shell("head -c 100000 /dev/zero >&2; echo last >&2");
	CHECK(it.end == FP_SHELLRUN_EXITED);
	CHECK(it.err.len == FP_SHELLRUN_ERR_MAX);
	CHECK(memcmp(it.err.data + it.err.len - 5, "last\n", 6) == 0);
}

/* A process that is gone cannot be told from one that never was. */
static bool
is_gone(const char *text)
{
	pid_t pid = (pid_t)strtol(text, NULL, 10);

	for (int i = 0; i < 2000 && pid > 0; i++) {
		if (kill(pid, 0) && errno == ESRCH)
			return true;
		usleep(10000);
	}
	return false;
}

static void
background(void)
{
	shell("sleep 600 & echo $!");
	CHECK(it.end == FP_SHELLRUN_EXITED && it.code == 0);
	CHECK(is_gone(fp_buf_text(&it.out)));
}

static void
late(void)
{
	fp_shellrun_destroy(&it);
	CHECK(fp_shellrun(&it, "sleep 600 & echo $!; wait", 300, -1) == 0);
	CHECK(it.end == FP_SHELLRUN_LATE);
	CHECK(is_gone(fp_buf_text(&it.out)));
	fp_shellrun_destroy(&it);
	CHECK(fp_shellrun(&it, "trap '' TERM; echo $$; sleep 600", 300, -1) ==
		0);
	CHECK(it.end == FP_SHELLRUN_LATE);
	CHECK(is_gone(fp_buf_text(&it.out)));
}

static void
stopped(void)
{
	int fds[2];

	CHECK(pipe(fds) == 0);
	CHECK(write(fds[1], "x", 1) == 1);
	fp_shellrun_destroy(&it);
	CHECK(fp_shellrun(&it, "sleep 600", 0, fds[0]) == 0);
	CHECK(it.end == FP_SHELLRUN_STOPPED);
	close(fds[0]);
	close(fds[1]);
}

/* Threads of ours have all signals blocked, and the program ignores some. */
static void
signals_of_it(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	shell("kill -PIPE $$; echo still there");
	CHECK(it.end == FP_SHELLRUN_KILLED && it.code == SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

int
main(void)
{
	run("what it writes, and how it ends", output);
	run("much of it", much);
	run("what it leaves in the background", background);
	run("its time is over", late);
	run("it is stopped", stopped);
	run("signals are as a program expects them", signals_of_it);
	fp_shellrun_destroy(&it);
	return done();
}
