/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static const struct {
	int signal;
	const char *name;
} caught[] = {
	{SIGINT, "SIGINT"},
	{SIGTERM, "SIGTERM"},
	{SIGHUP, "SIGHUP"},
	{SIGUSR1, "SIGUSR1"},
};

/* The handler writes to [1], the main thread reads from [0]. */
static int channel[2] = {-1, -1};

static void
on_signal(int signal)
{
	int saved = errno;
	unsigned char byte = (unsigned char)signal;

	/* A full pipe holds enough of them already. */
	while (write(channel[1], &byte, 1) < 0 && errno == EINTR)
		;
	errno = saved;
}

bool
fp_signals_is_ignored(int signal)
{
	struct sigaction now;

	return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

int
fp_signals_init(void)
{
	struct sigaction action = {.sa_flags = SA_RESTART};

	if (pipe2(channel, O_CLOEXEC | O_NONBLOCK))
		return -1;
	action.sa_handler = on_signal;
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		if (fp_signals_is_ignored(caught[i].signal))
			continue;
		if (sigaction(caught[i].signal, &action, NULL))
			return -1;
	}
	return 0;
}

int
fp_signals_fd(void)
{
	return channel[0];
}

int
fp_signals_take(void)
{
	unsigned char byte;

	return read(channel[0], &byte, 1) == 1 ? byte : 0;
}

const char *
fp_signals_name(int signal)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		if (caught[i].signal == signal)
			return caught[i].name;
	}
	return "a signal";
}

void
fp_signals_restore(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		if (!fp_signals_is_ignored(caught[i].signal))
			sigaction(caught[i].signal, &action, NULL);
	}
}

void
fp_signals_die(int signal)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t set;

	sigaction(signal, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signal);
	_exit(128 + signal);
}
