/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "signals.h"

#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <unistd.h>

static const struct {
	int signal;
	const char *name;
} caught[] = {
	{SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"},
	{SIGUSR1, "SIGUSR1"},
	{SIGTSTP, "SIGTSTP"}, /* only after fp_signals_tidy() */
};

/* What else may end a program that has something on a terminal. */
static const int deadly[] = {SIGPIPE, SIGQUIT, SIGABRT};

/* The handler writes to [1], the main thread reads from [0]. */
static int channel[2] = {-1, -1};

/* How often each has come and was not taken yet. A pipe that is full of one
 * kind must not hide another. */
static atomic_uint n_came[FP_ARRAY_LEN(caught)];

/* What to do before such a signal ends us; NULL: nothing. */
static void (*tidy_up)(void);

/* For the time after which nobody takes them. */
static volatile sig_atomic_t late;
static struct itimerval last_words;

/* A full pipe is readable already. */
static void
wake_reader(void)
{
	while (write(channel[1], "", 1) < 0 && errno == EINTR)
		;
}

static void
on_signal(int signal)
{
	int saved = errno;

	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		if (caught[i].signal == signal)
			atomic_fetch_add(&n_came[i], 1);
	}
	wake_reader();
	errno = saved;
}

static void
on_nudge(int signal)
{
	(void)signal;
}

bool
fp_signals_is_ignored(int signal)
{
	struct sigaction now;

	return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void
fp_signals_prepare(void)
{
	struct sigaction action = {.sa_handler = SIG_IGN};
	sigset_t set;

	sigaction(SIGXFSZ, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void
fp_signals_obey_pipe(void)
{
	fp_thread_allow_signal(SIGPIPE);
	raise(SIGPIPE);
}

int
fp_signals_init(void)
{
	struct sigaction action = {.sa_flags = SA_RESTART};

	if (pipe2(channel, O_CLOEXEC | O_NONBLOCK))
		return -1;
	struct sigaction nudge = {.sa_handler = on_nudge}; /* no SA_RESTART */
	sigaction(FP_SIGNAL_NUDGE, &nudge, NULL);
	action.sa_handler = on_signal;
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		if (caught[i].signal == SIGTSTP ||
			fp_signals_is_ignored(caught[i].signal))
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

void
fp_signals_poke(void)
{
	wake_reader();
}

int
fp_signals_take(void)
{
	char bytes[64];

	/* First the bytes, then the counts: one that comes between the two is
	 * found now, and its byte once more for nothing. */
	while (read(channel[0], bytes, sizeof(bytes)) > 0)
		;
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		if (atomic_load(&n_came[i]) > 0) {
			atomic_fetch_sub(&n_came[i], 1);
			return caught[i].signal;
		}
	}
	return 0;
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

static void
on_deadly(int signal)
{
	tidy_up();
	fp_signals_die(signal);
}

/* Lets these be handled like that, but for those that are ignored. */
static void
handle(const int *signals, size_t n, void (*handler)(int))
{
	struct sigaction action = {.sa_flags = SA_RESTART};

	action.sa_handler = handler;
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < n; i++) {
		if (!fp_signals_is_ignored(signals[i]))
			sigaction(signals[i], &action, NULL);
	}
}

void
fp_signals_tidy(void (*tidy)(void))
{
	tidy_up = tidy;
	handle(deadly, FP_ARRAY_LEN(deadly), on_deadly);
	handle((const int[]){SIGTSTP}, 1, on_signal);
}

void
fp_signals_untidy(void)
{
	if (!tidy_up)
		return;
	handle(deadly, FP_ARRAY_LEN(deadly), SIG_DFL);
	handle((const int[]){SIGTSTP}, 1, SIG_DFL);
	tidy_up = NULL;
}

void
fp_signals_pause(void)
{
	handle((const int[]){SIGTSTP}, 1, SIG_DFL);
	raise(SIGTSTP);
	if (tidy_up)
		handle((const int[]){SIGTSTP}, 1, on_signal);
}

static void
on_time_up(int signal)
{
	(void)signal;
	fp_signals_die(late);
}

/* One more time to end in, and then signals do what they do by themselves. */
static void
on_late_signal(int signal)
{
	int saved = errno;

	on_signal(signal);
	fp_signals_restore();
	late = signal;
	setitimer(ITIMER_REAL, &last_words, NULL);
	errno = saved;
}

static bool
is_stop(int signal)
{
	return signal != SIGUSR1 && signal != SIGTSTP;
}

/* One that came after the last look, and before on_late_signal() was there for
 * it, comes again. */
static void
wind_up_late(void)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		if (is_stop(caught[i].signal) &&
			atomic_exchange(&n_came[i], 0) > 0) {
			raise(caught[i].signal);
			return;
		}
	}
}

void
fp_signals_wind_up(unsigned ms)
{
	struct sigaction action = {.sa_flags = SA_RESTART};

	last_words.it_value.tv_sec = (time_t)(ms / 1000);
	last_words.it_value.tv_usec = (suseconds_t)(ms % 1000) * 1000;
	sigfillset(&action.sa_mask);
	action.sa_handler = on_time_up;
	sigaction(SIGALRM, &action, NULL);
	action.sa_handler = on_late_signal;
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		if (is_stop(caught[i].signal) &&
			!fp_signals_is_ignored(caught[i].signal))
			sigaction(caught[i].signal, &action, NULL);
	}
	wind_up_late();
}

void
fp_signals_restore(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	/* Who asks how far it is does not want it to end. */
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		action.sa_handler =
			caught[i].signal == SIGUSR1 ? SIG_IGN : SIG_DFL;
		if (!fp_signals_is_ignored(caught[i].signal))
			sigaction(caught[i].signal, &action, NULL);
	}
}

void
fp_signals_destroy(void)
{
	if (channel[0] < 0)
		return;
	fp_signals_restore();
	for (int i = 0; i < 2; i++) {
		close(channel[i]);
		channel[i] = -1;
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
