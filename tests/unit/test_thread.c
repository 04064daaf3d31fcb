/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "tap.h"
#include "thread.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

static sigset_t
mask_of_this_thread(void)
{
	sigset_t set;

	if (pthread_sigmask(SIG_BLOCK, NULL, &set))
		abort();
	return set;
}

static bool
same_masks(const sigset_t *a, const sigset_t *b)
{
	for (int signal = 1; signal < SIGRTMIN; signal++) {
		if (sigismember(a, signal) != sigismember(b, signal))
			return false;
	}
	return true;
}

struct seen {
	pthread_t thread;
	sigset_t mask, allowed;
	int arg;
};

static void
look(void *arg)
{
	struct seen *seen = arg;

	seen->thread = pthread_self();
	seen->mask = mask_of_this_thread();
	fp_thread_allow_signal(SIGPIPE);
	seen->allowed = mask_of_this_thread();
	seen->arg++;
}

/* Only a fault of the thread's own can reach it. */
static void
signals_are_blocked(void)
{
	sigset_t before = mask_of_this_thread(), after;
	struct fp_thread thread;
	struct seen seen = {.arg = 41};

	CHECK(fp_thread_start(&thread, 0, look, &seen) == 0);
	fp_thread_join(&thread);
	CHECK(seen.arg == 42);
	CHECK(!pthread_equal(seen.thread, pthread_self()));
	for (int signal = 1; signal < 32; signal++) {
		bool own = signal == SIGSEGV || signal == SIGBUS ||
			   signal == SIGFPE || signal == SIGILL;
		bool never = signal == SIGKILL || signal == SIGSTOP;
		CHECK(never || sigismember(&seen.mask, signal) == !own);
		CHECK(never || sigismember(&seen.allowed, signal) ==
				       (!own && signal != SIGPIPE));
	}
	CHECK(sigismember(&seen.mask, SIGRTMIN) == 1);

	/* And ours is as it was. */
	after = mask_of_this_thread();
	CHECK(same_masks(&before, &after));
	CHECK(sigismember(&after, SIGINT) == 0);
}

static void
a_stack_of_its_size(void)
{
	struct fp_thread thread;
	struct seen seen = {.arg = 0};

	CHECK(fp_thread_start(&thread, 1 << 20, look, &seen) == 0);
	fp_thread_join(&thread);
	CHECK(seen.arg == 1);
}

/* A stack that no machine has room for. */
static void
start_fails(void)
{
	sigset_t before = mask_of_this_thread(), after;
	struct fp_thread thread;
	struct seen seen = {.arg = 0};

	errno = 0;
	CHECK(fp_thread_start(&thread, SIZE_MAX / 4 * 3, look, &seen) == -1);
	CHECK(errno != 0);
	CHECK(seen.arg == 0);
	after = mask_of_this_thread();
	CHECK(same_masks(&before, &after));
}

/* As many as there can be: no more than one is there at a time. */
static void
one_is_to_be_had(void)
{
	sigset_t before = mask_of_this_thread(), after;

	for (int i = 0; i < 100; i++)
		CHECK(fp_thread_is_to_be_had());
	after = mask_of_this_thread();
	CHECK(same_masks(&before, &after));
}

/* ---- mutexes and conditions ---- */

#define N_THREADS 4
#define N_ROUNDS 5000

static struct {
	struct fp_mutex lock;
	struct fp_cond turned; /* turn is another's */
	unsigned turn;
	unsigned n_waiting;
	unsigned long total; /* no atomic: the lock is what makes it right */
} shared;

static void
count(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < N_ROUNDS; i++) {
		fp_mutex_lock(&shared.lock);
		shared.total++;
		fp_mutex_unlock(&shared.lock);
	}
}

static void
one_at_a_time(void)
{
	struct fp_thread threads[N_THREADS];

	fp_mutex_init(&shared.lock);
	shared.total = 0;
	for (unsigned i = 0; i < N_THREADS; i++)
		CHECK(fp_thread_start(&threads[i], 0, count, NULL) == 0);
	for (unsigned i = 0; i < N_THREADS; i++)
		fp_thread_join(&threads[i]);
	CHECK(shared.total == N_THREADS * N_ROUNDS);
	fp_mutex_destroy(&shared.lock);
}

static void
take_turns(void *arg)
{
	unsigned mine = *(unsigned *)arg;

	fp_mutex_lock(&shared.lock);
	for (unsigned i = 0; i < 100; i++) {
		while (shared.turn != mine)
			fp_cond_wait(&shared.turned, &shared.lock);
		shared.turn = 1 - mine;
		fp_cond_signal(&shared.turned);
	}
	fp_mutex_unlock(&shared.lock);
}

static void
a_signal_wakes_one(void)
{
	struct fp_thread threads[2];
	unsigned numbers[2] = {0, 1};

	fp_mutex_init(&shared.lock);
	fp_cond_init(&shared.turned);
	shared.turn = 0;
	for (unsigned i = 0; i < 2; i++)
		CHECK(fp_thread_start(
			      &threads[i], 0, take_turns, &numbers[i]) == 0);
	for (unsigned i = 0; i < 2; i++)
		fp_thread_join(&threads[i]);
	CHECK(shared.turn == 0);
	fp_cond_destroy(&shared.turned);
	fp_mutex_destroy(&shared.lock);
}

static void
wait_for_start(void *arg)
{
	(void)arg;
	fp_mutex_lock(&shared.lock);
	shared.n_waiting++;
	while (shared.turn == 0)
		fp_cond_wait(&shared.turned, &shared.lock);
	shared.total++;
	fp_mutex_unlock(&shared.lock);
}

static void
a_broadcast_wakes_all(void)
{
	struct fp_thread threads[N_THREADS];
	bool all_wait = false;

	fp_mutex_init(&shared.lock);
	fp_cond_init(&shared.turned);
	shared.turn = shared.n_waiting = 0;
	shared.total = 0;
	for (unsigned i = 0; i < N_THREADS; i++)
		CHECK(fp_thread_start(&threads[i], 0, wait_for_start, NULL) ==
			0);
	while (!all_wait) {
		fp_mutex_lock(&shared.lock);
		all_wait = shared.n_waiting == N_THREADS;
		if (all_wait) {
			shared.turn = 1;
			fp_cond_broadcast(&shared.turned);
		}
		fp_mutex_unlock(&shared.lock);
	}
	for (unsigned i = 0; i < N_THREADS; i++)
		fp_thread_join(&threads[i]);
	CHECK(shared.total == N_THREADS);
	fp_cond_destroy(&shared.turned);
	fp_mutex_destroy(&shared.lock);
}

static void
use_some(void *arg)
{
	struct fp_thread_usage *used = arg;
	struct fp_thread_usage first = fp_thread_usage();

	do
		*used = fp_thread_usage();
	while (used->cpu_ns - first.cpu_ns < 5 * FP_NS_PER_MS);
	uint64_t n_sleeps = used->n_sleeps;
	CHECK(poll(NULL, 0, 1) == 0 && poll(NULL, 0, 1) == 0);
	*used = fp_thread_usage();
	CHECK(used->n_sleeps >= n_sleeps + 2);
}

static void
tells_what_it_has_used(void)
{
	struct fp_thread_usage used;
	struct fp_thread thread;

	CHECK(fp_thread_start(&thread, 0, use_some, &used) == 0);
	fp_thread_join(&thread);
	CHECK(used.cpu_ns >= 5 * FP_NS_PER_MS);
}

int
main(void)
{
	run("a thread starts with its signals blocked", signals_are_blocked);
	run("a thread may have a stack of another size", a_stack_of_its_size);
	run("a thread that cannot start is an error", start_fails);
	run("whether a thread is to be had", one_is_to_be_had);
	run("a mutex lets one in at a time", one_at_a_time);
	run("a signal wakes who waits", a_signal_wakes_one);
	run("a broadcast wakes all who wait", a_broadcast_wakes_all);
	run("a thread knows what it has used", tells_what_it_has_used);
	return done();
}
