/* SPDX-License-Identifier: MIT */
/*
 * Many processes share one limit, and are killed at any moment. Each notes
 * down when it sends what it has reserved, in memory that outlives it. Then
 * the promise is checked against what they have noted.
 */
#include "ratefiletest.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SENT_MAX 200000

static struct {
	atomic_uint n_turns; /* calls of all processes */
	atomic_uint n_sent, n_lost;
	_Atomic int64_t sent_ns[SENT_MAX];
} * shared;

static void
share_memory(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(shared != MAP_FAILED);
}

/* Time, or faster. */
int64_t __real_fp_clock_boot_ns(void);
int64_t __real_fp_clock_now_ns(void);
int64_t __wrap_fp_clock_boot_ns(void);
int64_t __wrap_fp_clock_now_ns(void);

static int64_t speed = 1;
static unsigned n_idle; /* each process holds so many, and uses the others */

int64_t
__wrap_fp_clock_boot_ns(void)
{
	return __real_fp_clock_boot_ns() * speed;
}

int64_t
__wrap_fp_clock_now_ns(void)
{
	return __real_fp_clock_now_ns() * speed;
}

static uint64_t random_state = 1;

static unsigned
random_below(unsigned n)
{
	random_state = random_state * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(random_state >> 33) % n;
}

/* The request goes out. Killed before the second line it has no time: such a
 * place is left out later. */
static void
send_one(void)
{
	unsigned i = atomic_fetch_add(&shared->n_sent, 1);

	MUST(i < SENT_MAX);
	atomic_store(&shared->sent_ns[i], fp_clock_boot_ns());
}

/* What a process does all day, until so many were sent by all: it reserves,
 * sends and fires in any order, and gives some back. Ends with what is wrong.
 */
static void
work(struct fp_ratefile *file, unsigned n_sent)
{
	uint32_t held[8];
	unsigned n_held = 0;
	int64_t due_ns;

	while (atomic_load(&shared->n_sent) < n_sent) {
		atomic_fetch_add(&shared->n_turns, 1);
		int ret = n_held < FP_ARRAY_LEN(held)
				  ? fp_ratefile_reserve(
					    file, &held[n_held], &due_ns)
				  : 0;
		if (ret < 0)
			_exit(10);
		n_held += ret == 1;
		if (n_held > n_idle && random_below(3)) {
			unsigned which = random_below(n_held);
			uint32_t slot = held[which];
			held[which] = held[--n_held];
			if (random_below(8) == 0) {
				ret = fp_ratefile_give_back(file, slot);
			} else if ((ret = fp_ratefile_commit(file, slot)) ==
				   1) {
				send_one();
				ret = fp_ratefile_fire(file, slot);
			} else if (ret == 0) { /* it was lost */
				atomic_fetch_add(&shared->n_lost, 1);
				ret = fp_ratefile_give_back(file, slot);
			}
			if (ret)
				_exit(11);
		} else if (ret == 0) {
			sched_yield();
		}
	}
}

static pid_t
start(const char *path, const char *text, struct fp_ratefile *inherited,
	unsigned seed, unsigned n_sent)
{
	fflush(stdout);
	pid_t child = fork();
	MUST(child >= 0);
	if (child > 0)
		return child;
	random_state = seed;
	struct fp_ratefile *file = inherited;
	if (!file)
		file = open_rates(path, text);
	if (!file)
		_exit(12);
	work(file, n_sent);
	fp_ratefile_close(file);
	_exit(0);
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
check_promise(const char *text, unsigned at_least)
{
	static int64_t times[SENT_MAX];
	struct fp_rates rates = rates_of(text);
	unsigned n_sent = atomic_load(&shared->n_sent), n = 0, n_bad = 0;

	for (unsigned i = 0; i < n_sent; i++) {
		times[n] = atomic_load(&shared->sent_ns[i]);
		n += times[n] > 0;
	}
	qsort(times, n, sizeof(times[0]), compare);
	for (size_t r = 0; r < rates.n; r++) {
		const struct fp_rate *rate = &rates.all[r];
		for (unsigned i = (unsigned)rate->n; i < n; i++)
			n_bad += times[i] - times[i - rate->n] <=
				 rate->period_ns;
	}
	if (n_bad > 0 || n < at_least)
		printf("# %s: %u sent, %u intervals with too many\n", text, n,
			n_bad);
	CHECK(n_bad == 0);
	CHECK(n >= at_least);
	memset(shared, 0, sizeof(*shared));
}

/* After all: the limit still lets someone start. */
static void
check_usable(const char *path, const char *text)
{
	struct fp_ratefile *file = opened(path, text);
	uint32_t slot;
	int64_t due_ns;
	int ret;

	while ((ret = fp_ratefile_reserve(file, &slot, &due_ns)) == 0)
		sched_yield();
	CHECK(ret == 1);
	fp_ratefile_close(file);
}

static void
many_at_once(void)
{
	static const char *const text = "25/100ms,60/300ms";
	const char *path = scratch("many");
	struct fp_ratefile *file = opened(path, text);
	pid_t children[4];
	int status;

	/* Half of them go on with what the parent has open. */
	for (unsigned i = 0; i < FP_ARRAY_LEN(children); i++)
		children[i] =
			start(path, text, i % 2 ? file : NULL, i + 1, 200);
	fp_ratefile_close(file);
	for (unsigned i = 0; i < FP_ARRAY_LEN(children); i++) {
		MUST(waitpid(children[i], &status, 0) == children[i]);
		CHECK(status == 0);
	}
	check_promise(text, 200);
	check_usable(path, text);
}

/* All of them make the file. */
static void
all_make_it(void)
{
	for (unsigned round = 0; round < 30; round++) {
		const char *path = scratch("made");
		pid_t children[4];
		int status, ends[2];
		char byte;

		MUST(pipe(ends) == 0);
		fflush(stdout);
		for (unsigned i = 0; i < FP_ARRAY_LEN(children); i++) {
			children[i] = fork();
			MUST(children[i] >= 0);
			if (children[i] > 0)
				continue;
			uint32_t slots[9];
			close(ends[1]);
			MUST(read(ends[0], &byte, 1) == 0);
			struct fp_ratefile *file = open_rates(path, "7/d");
			unsigned n = file ? reserve_many(file, slots, 9) : 99;
			for (unsigned k = 0; k < n && file; k++)
				start_one(file, slots[k]);
			fp_ratefile_close(file);
			_exit((int)n);
		}
		close(ends[0]);
		close(ends[1]); /* now */
		int sum = 0;
		for (unsigned i = 0; i < FP_ARRAY_LEN(children); i++) {
			MUST(waitpid(children[i], &status, 0) == children[i]);
			CHECK(WIFEXITED(status));
			sum += WEXITSTATUS(status);
		}
		/* Fewer, if the lock was busy; they ask once. */
		CHECK(sum >= 1 && sum <= 7);
		struct fp_ratefile *file = opened(path, "7/d");
		uint32_t slots[9];
		CHECK(reserve_many(file, slots, 9) == 7 - (unsigned)sum);
		fp_ratefile_close(file);
		MUST(unlink(path) == 0);
	}
}

/* Waits until the others have done so much more, or not at all. */
static void
wait_for_turns(unsigned n)
{
	unsigned end = atomic_load(&shared->n_turns) + n;

	while ((int)(end - atomic_load(&shared->n_turns)) > 0)
		sched_yield();
}

static void
killed_at_any_moment(void)
{
	static const char *const text = "20/100ms";
	const char *path = scratch("killed");
	pid_t children[4];
	unsigned n_killed = 0, n_started = 0;
	int status;

	for (unsigned i = 0; i < FP_ARRAY_LEN(children); i++)
		children[i] = start(path, text, NULL, ++n_started, UINT_MAX);
	while (n_killed < 250 || atomic_load(&shared->n_sent) < 200) {
		wait_for_turns(random_below(120));
		unsigned which = random_below(FP_ARRAY_LEN(children));
		MUST(kill(children[which], SIGKILL) == 0);
		MUST(waitpid(children[which], &status, 0) == children[which]);
		CHECK(WIFSIGNALED(status));
		if (!WIFSIGNALED(status))
			printf("# status %d\n", WEXITSTATUS(status));
		n_killed++;
		children[which] =
			start(path, text, NULL, ++n_started, UINT_MAX);
	}
	for (unsigned i = 0; i < FP_ARRAY_LEN(children); i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], &status, 0);
	}
	check_promise(text, 190);
	check_usable(path, text);
}

/* Each is stopped at any moment, for as long as it takes the others to take
 * back what it holds, and then goes on, or is killed. */
static void
stopped_at_any_moment(void)
{
	static const char *const text = "20/2s";
	const char *path = scratch("stopped");
	pid_t children[3];
	unsigned n_started = 0;
	int status;

	speed = 20;
	n_idle = 4;
	for (unsigned i = 0; i < FP_ARRAY_LEN(children); i++)
		children[i] = start(path, text, NULL, ++n_started, UINT_MAX);
	while (atomic_load(&shared->n_lost) < 20 ||
		atomic_load(&shared->n_sent) < 200) {
		wait_for_turns(random_below(120));
		unsigned which = random_below(FP_ARRAY_LEN(children));
		MUST(kill(children[which], SIGSTOP) == 0);
		/* It may hold the lock: then nobody goes on. */
		poll(NULL, 0, (int)random_below(120));
		if (random_below(8) > 0) {
			MUST(kill(children[which], SIGCONT) == 0);
			continue;
		}
		MUST(kill(children[which], SIGKILL) == 0);
		MUST(waitpid(children[which], &status, 0) == children[which]);
		CHECK(WIFSIGNALED(status));
		children[which] =
			start(path, text, NULL, ++n_started, UINT_MAX);
	}
	for (unsigned i = 0; i < FP_ARRAY_LEN(children); i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], &status, 0);
	}
	check_promise(text, 190);
	check_usable(path, text);
	speed = 1;
	n_idle = 0;
}

/* What a killed process had committed counts as started when it is found, and
 * is free again a period later; its seat is, too. */
static void
reserved_by_the_dead(void)
{
	const char *path = scratch("dead");
	struct fp_ratefile *file = opened(path, "5/d");
	int status, ends[2];
	uint32_t slots[9];
	char byte;

	for (unsigned round = 0; round < 3; round++) {
		MUST(pipe(ends) == 0);
		fflush(stdout);
		pid_t child = fork();
		MUST(child >= 0);
		if (child == 0) {
			struct fp_ratefile *own = open_rates(path, "5/d");
			if (!own || reserve_many(own, slots, 2) != 2 ||
				fp_ratefile_commit(own, slots[1]) != 1)
				_exit(1);
			MUST(write(ends[1], "x", 1) == 1);
			for (;;)
				pause();
		}
		MUST(read(ends[0], &byte, 1) == 1);
		CHECK(reserve_many(file, slots, 9) == 3 - round);
		for (unsigned i = 0; i < 3 - round; i++)
			CHECK(fp_ratefile_give_back(file, slots[i]) == 0);
		kill(child, SIGKILL);
		MUST(waitpid(child, &status, 0) == child);
		CHECK(WIFSIGNALED(status));
		close(ends[0]);
		close(ends[1]);
	}
	fp_ratefile_close(file);
	file = opened(path, "5/d");
	CHECK(reserve_many(file, slots, 9) == 2);
	fp_ratefile_close(file);
}

int
main(void)
{
	share_memory();
	run("many at once", many_at_once);
	run("all of them make the file", all_make_it);
	run("killed at any moment", killed_at_any_moment);
	run("stopped at any moment", stopped_at_any_moment);
	run("what the dead had reserved", reserved_by_the_dead);
	return done();
}
