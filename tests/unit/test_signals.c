/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "capture.h"
#include "signals.h"
#include "tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>

/* Each test is a process of its own: a function that gives the number of the
 * first thing that is wrong, or 0. */
#define MUST_BE(number, condition)       \
	do {                             \
		if (!(condition))        \
			return (number); \
	} while (0)

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};

static bool
is_readable(int fd)
{
	struct pollfd now = {fd, POLLIN, 0};

	return poll(&now, 1, 0) == 1;
}

static void
set_action(int signal, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	MUST(sigaction(signal, &action, NULL) == 0);
}

static bool
is_default(int signal)
{
	struct sigaction now;

	MUST(sigaction(signal, NULL, &now) == 0);
	return now.sa_handler == SIG_DFL;
}

/* What the runner of the tests ignores is none of our business. */
static void
start_afresh(void)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++)
		set_action(caught[i], SIG_DFL);
	set_action(SIGPIPE, SIG_DFL);
}

static int
become_bytes(void *arg)
{
	(void)arg;
	start_afresh();
	MUST_BE(1, fp_signals_init() == 0);
	MUST_BE(2, fcntl(fp_signals_fd(), F_GETFD) & FD_CLOEXEC);
	MUST_BE(3, !is_readable(fp_signals_fd()));
	MUST_BE(4, fp_signals_take() == 0);
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		errno = 1234;
		raise(caught[i]);
		MUST_BE(5, errno == 1234);
		MUST_BE(6, is_readable(fp_signals_fd()));
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++)
		MUST_BE(7, fp_signals_take() == caught[i]);
	MUST_BE(8, fp_signals_take() == 0);
	MUST_BE(9, is_default(SIGPIPE) && is_default(SIGQUIT));
	return 0;
}

/* Under nohup, and in a script's background. */
static int
stay_ignored(void *arg)
{
	(void)arg;
	start_afresh();
	set_action(SIGHUP, SIG_IGN);
	set_action(SIGINT, SIG_IGN);
	MUST_BE(1, fp_signals_init() == 0);
	MUST_BE(2, fp_signals_is_ignored(SIGHUP));
	MUST_BE(3, fp_signals_is_ignored(SIGINT));
	MUST_BE(4, !fp_signals_is_ignored(SIGTERM));
	MUST_BE(5, !fp_signals_is_ignored(SIGPIPE));
	raise(SIGHUP);
	raise(SIGINT);
	MUST_BE(6, fp_signals_take() == 0);
	fp_signals_restore();
	raise(SIGHUP);
	MUST_BE(7, fp_signals_is_ignored(SIGHUP));
	return 0;
}

/* More than anybody asks for neither blocks nor ends anything. */
static int
do_not_pile_up(void *arg)
{
	unsigned n = 0;

	(void)arg;
	start_afresh();
	MUST_BE(1, fp_signals_init() == 0);
	fcntl(fp_signals_fd(), F_SETPIPE_SZ, 4096);
	for (unsigned i = 0; i < 10000; i++) {
		errno = 1234;
		raise(SIGUSR1);
		MUST_BE(4, errno == 1234);
	}
	while (fp_signals_take() == SIGUSR1)
		n++;
	MUST_BE(2, n > 1000);
	raise(SIGINT);
	MUST_BE(3, fp_signals_take() == SIGINT);
	return 0;
}

/* A pipe that is full of one kind has no room for another, and yet it has to
 * be found, and be the first. */
static int
hide_nothing(void *arg)
{
	(void)arg;
	start_afresh();
	MUST_BE(1, fp_signals_init() == 0);
	fcntl(fp_signals_fd(), F_SETPIPE_SZ, 4096);
	for (unsigned i = 0; i < 10000; i++)
		raise(SIGUSR1);
	raise(SIGTERM);
	raise(SIGINT);
	MUST_BE(2, fp_signals_take() == SIGINT);
	MUST_BE(3, fp_signals_take() == SIGTERM);
	for (unsigned i = 0; i < 10000; i++)
		MUST_BE(4, fp_signals_take() == SIGUSR1);
	MUST_BE(5, fp_signals_take() == 0);
	MUST_BE(6, !is_readable(fp_signals_fd()));
	return 0;
}

/* A write beyond the limit is to fail, not to end the process. */
static int
pass_the_limit(void *arg)
{
	(void)arg;
	start_afresh();
	set_action(SIGXFSZ, SIG_DFL);
	fp_signals_prepare();
	raise(SIGXFSZ);
	fp_signals_restore();
	raise(SIGXFSZ);
	return 0;
}

/* Who asks how far it is does not want it to end. */
static int
ask_to_the_last(void *arg)
{
	(void)arg;
	start_afresh();
	MUST_BE(1, fp_signals_init() == 0);
	fp_signals_restore();
	raise(SIGUSR1);
	return 0;
}

static int
restored(void *arg)
{
	start_afresh();
	MUST_BE(1, fp_signals_init() == 0);
	raise(SIGTERM);
	MUST_BE(2, fp_signals_take() == SIGTERM);
	fp_signals_restore();
	raise(*(int *)arg);
	return 3;
}

/* ---- when nobody takes them any more ---- */

static bool
has_timer(void)
{
	struct itimerval timer;

	MUST(getitimer(ITIMER_REAL, &timer) == 0);
	return timer.it_value.tv_sec > 0 || timer.it_value.tv_usec > 0;
}

static int
come_after(void *arg)
{
	int signal = *(int *)arg;

	start_afresh();
	MUST_BE(1, fp_signals_init() == 0);
	fp_signals_wind_up(3600000);
	MUST_BE(2, !has_timer() && !is_default(SIGTERM));
	raise(signal);
	MUST_BE(3, has_timer() && is_default(SIGTERM));
	MUST_BE(4, fp_signals_take() == signal);
	MUST_BE(5, fp_signals_take() == 0);
	return 0;
}

/* After the last look, and before it was known that it was the last. */
static int
come_between(void *arg)
{
	int signal = *(int *)arg;

	start_afresh();
	MUST_BE(1, fp_signals_init() == 0);
	raise(SIGUSR1);
	raise(signal);
	raise(signal);
	fp_signals_wind_up(3600000);
	MUST_BE(2, has_timer() && is_default(SIGTERM));
	MUST_BE(3, fp_signals_take() == signal);
	return 0;
}

static int
ask_between(void *arg)
{
	(void)arg;
	start_afresh();
	MUST_BE(1, fp_signals_init() == 0);
	raise(SIGUSR1);
	fp_signals_wind_up(3600000);
	MUST_BE(2, !has_timer() && !is_default(SIGTERM));
	MUST_BE(3, fp_signals_take() == SIGUSR1);
	return 0;
}

static int
run_out_of_time(void *arg)
{
	start_afresh();
	MUST_BE(1, fp_signals_init() == 0);
	raise(*(int *)arg);
	fp_signals_wind_up(1);
	poll(NULL, 0, 60000);
	return 2;
}

/* ---- dying of one ---- */

static int
die_caught(void *arg)
{
	start_afresh();
	MUST_BE(1, fp_signals_init() == 0);
	fp_signals_die(*(int *)arg);
	return 2;
}

static int
die_blocked(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	MUST_BE(1, sigprocmask(SIG_SETMASK, &all, NULL) == 0);
	return die_caught(arg);
}

static int
die_ignored(void *arg)
{
	set_action(*(int *)arg, SIG_IGN);
	fp_signals_die(*(int *)arg);
	return 2;
}

/* ---- */

static void
signals_become_bytes(void)
{
	CHECK(status_of(become_bytes, NULL) == 0);
}

static void
ignored_signals_stay_so(void)
{
	CHECK(status_of(stay_ignored, NULL) == 0);
}

static void
floods(void)
{
	CHECK(status_of(do_not_pile_up, NULL) == 0);
	CHECK(status_of(hide_nothing, NULL) == 0);
}

static void
restoring(void)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(caught); i++) {
		int signal = caught[i];
		if (signal != SIGUSR1)
			CHECK(status_of(restored, &signal) == 200 + signal);
	}
	CHECK(status_of(ask_to_the_last, NULL) == 0);
}

static void
winding_up(void)
{
	int signals[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < FP_ARRAY_LEN(signals); i++) {
		CHECK(status_of(come_after, &signals[i]) == 0);
		CHECK(status_of(come_between, &signals[i]) == 0);
		CHECK(status_of(run_out_of_time, &signals[i]) ==
			200 + signals[i]);
	}
	CHECK(status_of(ask_between, NULL) == 0);
}

static void
files_at_their_limit(void)
{
	CHECK(status_of(pass_the_limit, NULL) == 0);
}

static void
dying(void)
{
	int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

	for (size_t i = 0; i < FP_ARRAY_LEN(signals); i++) {
		int expected = 200 + signals[i];
		CHECK(status_of(die_caught, &signals[i]) == expected);
		CHECK(status_of(die_blocked, &signals[i]) == expected);
		CHECK(status_of(die_ignored, &signals[i]) == expected);
	}
}

static void
names(void)
{
	CHECK_TEXT(fp_signals_name(SIGINT), "SIGINT");
	CHECK_TEXT(fp_signals_name(SIGTERM), "SIGTERM");
	CHECK_TEXT(fp_signals_name(SIGHUP), "SIGHUP");
	CHECK_TEXT(fp_signals_name(SIGUSR1), "SIGUSR1");
	CHECK(fp_signals_name(SIGWINCH) != NULL);
}

int
main(void)
{
	run("signals become bytes", signals_become_bytes);
	run("signals that are ignored stay so", ignored_signals_stay_so);
	run("many signals do no harm", floods);
	run("restored signals end the process, but for USR1", restoring);
	run("at the end one more has its time, and ends it", winding_up);
	run("a file at its limit ends nothing", files_at_their_limit);
	run("to die of a signal, whatever was done to it", dying);
	run("signals have names", names);
	return done();
}
