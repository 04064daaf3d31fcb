/* SPDX-License-Identifier: MIT */
/*
 * The end of a command is that of the shell, and not that of its outputs, which
 * something in the background may hold open for ever. A descriptor for the
 * process tells of it; where the system has none, it is looked for now and
 * then.
 *
 * What is ended early gets SIGTERM, a moment later SIGKILL.
 */
#include "base.h"

#include "shellrun.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 20
#define TERM_MS 200

extern char **environ;

struct shell {
	pid_t pid;
	int pid_fd; /* -1: the system has none */
	int out_fd, err_fd; /* -1: it has ended */
	bool has_ended;
	int status;
};

static int
shellrun_open_null(posix_spawn_file_actions_t *actions)
{
	return posix_spawn_file_actions_addopen(
		actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
}

/* Standard output and standard error are these; every signal is as a program
 * expects it. */
static int
spawn(struct shell *shell, const char *command, int out_fd, int err_fd)
{
	char name[] = "sh", option[] = "-c";
	char *const args[] = {name, option, (char *)command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	int err = posix_spawn_file_actions_init(&actions);
	if (err)
		return err;
	err = posix_spawnattr_init(&attributes);
	if (err) {
		posix_spawn_file_actions_destroy(&actions);
		return err;
	}
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
						      POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	err = shellrun_open_null(&actions);
	if (!err)
		err = posix_spawn_file_actions_adddup2(
			&actions, out_fd, STDOUT_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(
			&actions, err_fd, STDERR_FILENO);
	if (!err)
		err = posix_spawn(&shell->pid, "/bin/sh", &actions, &attributes,
			args, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

static void
close_pipe(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

static int
shellrun_start(struct shell *shell, const char *command)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1};

	if (pipe2(out, O_CLOEXEC))
		return -1;
	if (pipe2(err, O_CLOEXEC)) {
		int saved = errno;
		close_pipe(out);
		errno = saved;
		return -1;
	}
	int failed = spawn(shell, command, out[1], err[1]);
	if (failed) {
		close_pipe(out);
		close_pipe(err);
		errno = failed;
		return -1;
	}
	close(out[1]);
	close(err[1]);
	shell->out_fd = out[0];
	shell->err_fd = err[0];
	fcntl(shell->out_fd, F_SETFL, O_NONBLOCK);
	fcntl(shell->err_fd, F_SETFL, O_NONBLOCK);
	shell->pid_fd = -1;
#ifdef SYS_pidfd_open
	shell->pid_fd = (int)syscall(SYS_pidfd_open, shell->pid, 0);
#endif
	return 0;
}

/* Takes what can be read now. *fd is -1 at the end of it. -1: no memory. */
static int
shellrun_read(int *fd, struct fp_buf *to)
{
	char piece[4096];

	while (*fd >= 0) {
		ssize_t n = read(*fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0) {
			close(*fd);
			*fd = -1;
		} else if (fp_buf_add(to, piece, (size_t)n)) {
			return -1;
		} else if (to->len > FP_SHELLRUN_OUT_MAX) {
			return 0;
		}
	}
	return 0;
}

static void
keep_last(struct fp_buf *text)
{
	if (text->len <= FP_SHELLRUN_ERR_MAX)
		return;
	memmove(text->data, text->data + text->len - FP_SHELLRUN_ERR_MAX,
		FP_SHELLRUN_ERR_MAX + 1);
	text->len = FP_SHELLRUN_ERR_MAX;
}

static bool
shellrun_has_ended(struct shell *shell)
{
	pid_t pid;

	if (shell->has_ended)
		return true;
	do {
		pid = waitpid(shell->pid, &shell->status, WNOHANG);
	} while (pid < 0 && errno == EINTR);
	shell->has_ended = pid != 0;
	if (pid < 0)
		shell->status = 0; /* somebody else has waited for it */
	return shell->has_ended;
}

/* Waits until the shell has ended, for so long. */
static bool
wait_for_end(struct shell *shell, int ms)
{
	int64_t end_ns = fp_clock_now_ns() + ms * FP_NS_PER_MS;

	while (!shellrun_has_ended(shell)) {
		int64_t left_ns = end_ns - fp_clock_now_ns();
		if (left_ns <= 0)
			return false;
		struct pollfd fd = {shell->pid_fd, POLLIN, 0};
		int left_ms = (int)(left_ns / FP_NS_PER_MS) + 1;
		poll(&fd, 1,
			shell->pid_fd >= 0 ? left_ms
					   : FP_MIN(left_ms, LOOK_MS));
	}
	return true;
}

/* Whatever it has started ends, too. */
static void
shellrun_kill(struct shell *shell)
{
	if (!shell->has_ended) {
		kill(-shell->pid, SIGTERM);
		wait_for_end(shell, TERM_MS);
	}
	kill(-shell->pid, SIGKILL);
	while (!shell->has_ended)
		wait_for_end(shell, TERM_MS);
}

/* Until it has ended, or is to be ended. -1: no memory. */
static int
shellrun_watch(struct fp_shellrun *run, struct shell *shell,
	uint64_t timeout_ms, int stop_fd)
{
	int64_t end_ns = fp_clock_now_ns() + (int64_t)timeout_ms * FP_NS_PER_MS;

	for (;;) {
		struct pollfd fds[4] = {
			{shell->out_fd, POLLIN, 0},
			{shell->err_fd, POLLIN, 0},
			{shell->pid_fd, POLLIN, 0},
			{stop_fd, POLLIN, 0},
		};
		int64_t left_ns = end_ns - fp_clock_now_ns();
		int ms = timeout_ms > 0
				 ? (int)FP_MIN(left_ns / FP_NS_PER_MS + 1,
					   INT32_MAX)
				 : -1;
		if (timeout_ms > 0 && left_ns <= 0) {
			run->end = FP_SHELLRUN_LATE;
			return 0;
		}
		if (shell->pid_fd < 0)
			ms = ms < 0 ? LOOK_MS : FP_MIN(ms, LOOK_MS);
		poll(fds, 4, ms);
		bool has_ended = shellrun_has_ended(shell);
		if (shellrun_read(&shell->out_fd, &run->out) ||
			shellrun_read(&shell->err_fd, &run->err))
			return -1;
		keep_last(&run->err);
		if (run->out.len > FP_SHELLRUN_OUT_MAX) {
			run->end = FP_SHELLRUN_LONG;
			return 0;
		}
		if (has_ended) {
			run->end = FP_SHELLRUN_EXITED;
			return 0;
		}
		if (fds[3].revents) {
			run->end = FP_SHELLRUN_STOPPED;
			return 0;
		}
	}
}

int
fp_shellrun(struct fp_shellrun *run, const char *command, uint64_t timeout_ms,
	int stop_fd)
{
	struct shell shell = {.has_ended = false};

	*run = (struct fp_shellrun){FP_BUF_INIT, FP_BUF_INIT, 0, 0};
	if (shellrun_start(&shell, command))
		return -1;
	int ret = shellrun_watch(run, &shell, timeout_ms, stop_fd);
	shellrun_kill(&shell);
	if (shell.out_fd >= 0)
		close(shell.out_fd);
	if (shell.err_fd >= 0)
		close(shell.err_fd);
	if (shell.pid_fd >= 0)
		close(shell.pid_fd);
	if (ret) {
		errno = ENOMEM;
		return -1;
	}
	if (run->end != FP_SHELLRUN_EXITED)
		return 0;
	if (WIFSIGNALED(shell.status)) {
		run->end = FP_SHELLRUN_KILLED;
		run->code = WTERMSIG(shell.status);
	} else {
		run->code = WEXITSTATUS(shell.status);
	}
	return 0;
}

void
fp_shellrun_destroy(struct fp_shellrun *run)
{
	fp_buf_destroy(&run->out);
	fp_buf_destroy(&run->err);
}
