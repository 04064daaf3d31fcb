/* SPDX-License-Identifier: MIT */
/*
 * capture: what the program writes to standard error meanwhile, read through
 * a pipe by a thread, so that no amount of it is too much.
 *
 *	capture_start();
 *	fp_msg_note("something");
 *	CHECK_TEXT(capture_end(), "fetchpool: something\n");
 */
#ifndef FP_CAPTURE_H
#define FP_CAPTURE_H

#include "buf.h"
#include "scratch.h"
#include "thread.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	struct fp_thread reader;
	struct fp_buf text;
	int fd; /* the pipe's end to read from */
	int saved; /* the real standard error */
} capture;

static inline void
capture_read(void *arg)
{
	char some[4096];
	ssize_t n;

	(void)arg;
	while ((n = read(capture.fd, some, sizeof(some))) > 0)
		MUST(fp_buf_add(&capture.text, some, (size_t)n) == 0);
}

static inline void
capture_start(void)
{
	int fds[2];

	fp_buf_clear(&capture.text, SIZE_MAX);
	MUST(pipe2(fds, O_CLOEXEC) == 0);
	capture.fd = fds[0];
	capture.saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	MUST(capture.saved >= 0 && dup2(fds[1], STDERR_FILENO) >= 0);
	close(fds[1]);
	MUST(fp_thread_start(&capture.reader, 0, capture_read, NULL) == 0);
}

/* All that was written since; lives until the next start. */
static inline const char *
capture_end(void)
{
	MUST(dup2(capture.saved, STDERR_FILENO) >= 0);
	close(capture.saved);
	fp_thread_join(&capture.reader);
	close(capture.fd);
	return fp_buf_text(&capture.text);
}

/* Calls it in a process of its own, and gives its exit status as a shell
 * does; 200 more if it was a signal that ended it. */
static inline int
status_of(int (*call)(void *arg), void *arg)
{
	int status;

	fflush(stdout);
	pid_t child = fork();
	MUST(child >= 0);
	if (child == 0) {
		int ret = call(arg);
		fflush(stdout);
		_exit(ret);
	}
	MUST(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? 200 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

#endif
