/* SPDX-License-Identifier: MIT */
/*
 * The terminal is opened anew, so that our descriptor alone does not block.
 * What is typed for another program that reads there must not get lost: such a
 * program would be one of our group, like the `cat' of `cat | fetchpool', and
 * as long as there is one the terminal is left alone.
 */
#include "base.h"

#include "keys.h"

#include "pipeline.h"

#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

/* To look at all processes costs some milliseconds. */
#define ASK_AGAIN_NS (2 * FP_NS_PER_S)

static int keys_fd = -1;
static struct termios keys_before;
static volatile sig_atomic_t keys_are_on;
static int64_t keys_asked_ns;

static bool
keys_are_ours(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}

void
fp_keys_begin(int terminal_fd, int64_t now_ns)
{
	struct termios mode;

	if (keys_are_on || now_ns - keys_asked_ns < ASK_AGAIN_NS ||
		!keys_are_ours(terminal_fd))
		return;
	keys_asked_ns = now_ns;
	if (keys_fd < 0)
		keys_fd = open("/dev/tty",
			O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (keys_fd < 0 || tcgetattr(keys_fd, &mode) ||
		!fp_pipeline_has_keys(terminal_fd))
		return;
	keys_before = mode;
	mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	keys_are_on = 1;
	if (!keys_are_ours(keys_fd) || tcsetattr(keys_fd, TCSANOW, &mode))
		keys_are_on = 0;
}

void
fp_keys_end(void)
{
	if (!keys_are_on)
		return;
	keys_are_on = 0;
	/* Not from the background, which would stop us. */
	if (keys_are_ours(keys_fd))
		tcsetattr(keys_fd, TCSANOW, &keys_before);
}

int
fp_keys_fd(void)
{
	return keys_are_on ? keys_fd : -1;
}

int
fp_keys_take(void)
{
	unsigned char key;

	/* A background process that reads would be stopped. */
	if (!keys_are_on || !keys_are_ours(keys_fd) ||
		read(keys_fd, &key, 1) != 1)
		return 0;
	return key;
}
