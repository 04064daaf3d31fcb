/* SPDX-License-Identifier: MIT */
#include "ratefiletest.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

/* Time is what the test says. */
int64_t __wrap_fp_clock_boot_ns(void);
int64_t __wrap_fp_clock_now_ns(void);
int64_t __wrap_fp_clock_wall_ns(void);
int __wrap_fp_ratestore_read_boot(uint64_t boot[2]);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);

#define S FP_NS_PER_S
#define LOOK_NS (5 * FP_NS_PER_MS)
#define NOON (INT64_C(1790000000) * S)

static uint64_t boot = 1;
static int64_t boot_ns = 1000 * S, wall_ns = NOON;

int64_t
__wrap_fp_clock_boot_ns(void)
{
	return boot_ns;
}

int64_t
__wrap_fp_clock_now_ns(void)
{
	return boot_ns - 500 * S; /* it has slept */
}

int64_t
__wrap_fp_clock_wall_ns(void)
{
	return wall_ns;
}

int
__wrap_fp_ratestore_read_boot(uint64_t id[2])
{
	id[0] = id[1] = boot;
	return 0;
}

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	(void)fds;
	(void)n;
	boot_ns += timeout_ms * FP_NS_PER_MS;
	return 0;
}

static void
pass(int64_t ns)
{
	boot_ns += ns;
	wall_ns += ns;
}

static uint32_t slots[16];

static void
one_limit_for_all(void)
{
	const char *path = scratch("all");
	struct fp_ratefile *a = opened(path, "5/s,20/m");
	struct fp_ratefile *b = opened(path, "20/m,5/s");
	int64_t due_ns = 0;
	uint32_t slot;
	struct stat st;

	MUST(stat(path, &st) == 0);
	CHECK((st.st_mode & 07777) == 0600);
	CHECK(start_many(a, 2) == 2);
	CHECK(start_many(b, 9) == 3);
	CHECK(start_many(a, 9) == 0);
	CHECK(fp_ratefile_reserve(a, &slot, &due_ns) == 0);
	CHECK(due_ns == fp_clock_now_ns() + 1020000000);
	pass(1019999999);
	CHECK(start_many(a, 9) == 0);
	pass(1);
	CHECK(start_many(a, 1) == 1);
	fp_ratefile_close(a);

	/* What is reserved counts, until it is given back; by close, too. */
	uint32_t held[4];
	CHECK(reserve_many(b, held, 4) == 4);
	CHECK(count_free(path, "5/s,20/m") == 0);
	CHECK(fp_ratefile_give_back(b, held[1]) == 0);
	CHECK(count_free(path, "5/s,20/m") == 1);
	a = opened(path, "5/s,20/m");
	CHECK(fp_ratefile_reserve(a, &slot, &due_ns) == 1);
	CHECK(fp_ratefile_reserve(a, &slot, &due_ns) == 0);
	CHECK(due_ns <= fp_clock_now_ns() + 5000000); /* who knows */
	fp_ratefile_close(b);
	CHECK(start_many(a, 9) == 3);
	fp_ratefile_close(a);
	pass(10 * S);
	CHECK(count_free(path, "5/s,20/m") == 5);
	pass(40 * S);
	CHECK(count_free(path, "5/s,20/m") == 5);
	fp_ratefile_close(NULL);
}

static void
paced(void)
{
	const char *path = scratch("paced");
	struct fp_rates rates = rates_of("10/s");
	struct fp_ratefile *a =
		fp_ratefile_open(path, &rates, true, why, sizeof(why));
	struct fp_ratefile *b;
	int64_t due_ns;
	uint32_t slot;

	MUST(a);
	for (unsigned i = 0; i < 30; i++) {
		CHECK(start_many(a, 9) == 1);
		/* Who comes later knows of the last one. */
		b = fp_ratefile_open(path, &rates, true, why, sizeof(why));
		MUST(b);
		CHECK(fp_ratefile_reserve(b, &slot, &due_ns) == 0);
		CHECK(due_ns == fp_clock_now_ns() + 102000000);
		fp_ratefile_close(b);
		pass(102000000);
	}
	fp_ratefile_close(a);
}

/* Many runs, each of which does a little, with all that is allowed. */
static void
a_day_of_runs(void)
{
	const char *path = scratch("day");
	unsigned n = 0;

	for (unsigned minute = 0; minute < 24 * 60; minute++) {
		struct fp_ratefile *file = opened(path, "300/d,7/h");
		n += start_many(file, minute % 3);
		fp_ratefile_close(file);
		pass(60 * S);
	}
	CHECK(n == 7 * 24);
}

/* Any number of reservations that come to nothing, and what they write goes
 * round and round: what was there before still counts. One who has not looked
 * for so long reads all of it again. */
static void
round_and_round(void)
{
	const char *path = scratch("round");
	struct fp_ratefile *sleeper = opened(path, "40/h");
	struct fp_ratefile *busy = opened(path, "40/h");
	uint32_t held[10], slot;
	int64_t due_ns;

	CHECK(start_many(busy, 20) == 20);
	CHECK(reserve_many(sleeper, held, 10) == 10);
	CHECK(fp_ratefile_commit(sleeper, held[3]) == 1);
	CHECK(fp_ratefile_commit(sleeper, held[5]) == 1);
	for (unsigned i = 0; i < 3000; i++) {
		CHECK(fp_ratefile_reserve(busy, &slot, &due_ns) == 1);
		CHECK(fp_ratefile_give_back(busy, slot) == 0);
		pass(S / 10);
	}
	CHECK(count_free(path, "40/h") == 18);
	CHECK(fp_ratefile_fire(sleeper, held[3]) == 0);
	CHECK(fp_ratefile_give_back(sleeper, held[7]) == 0);
	CHECK(fp_ratefile_commit(sleeper, held[8]) == 0);
	CHECK(start_many(sleeper, 50) == 18);
	CHECK(start_many(busy, 50) == 0);
	fp_ratefile_close(sleeper); /* one may be sent */
	CHECK(start_many(busy, 50) == 0);
	fp_ratefile_close(busy);
	pass(3600 * S - 300 * S + S);
	CHECK(count_free(path, "40/h") == 20);
}

static void
reboots_and_steps(void)
{
	const char *path = scratch("boot");
	struct fp_ratefile *file = opened(path, "3/h");

	CHECK(start_many(file, 3) == 3);
	wall_ns += 365 * 86400 * S; /* someone sets the clock */
	CHECK(start_many(file, 1) == 0);
	CHECK(count_free(path, "3/h") == 0);
	fp_ratefile_close(file);

	boot++;
	boot_ns = 20 * S;
	wall_ns += 1800 * S;
	CHECK(count_free(path, "3/h") == 0);
	pass(1700 * S);
	CHECK(count_free(path, "3/h") == 0);
	pass(101 * S);
	CHECK(count_free(path, "3/h") == 3);

	/* Set back over a reboot: it took no time. */
	file = opened(path, "3/h");
	CHECK(start_many(file, 3) == 3);
	fp_ratefile_close(file);
	boot++;
	boot_ns = 20 * S;
	wall_ns -= 7 * 86400 * S;
	CHECK(count_free(path, "3/h") == 0);
	pass(3600 * S);
	CHECK(count_free(path, "3/h") == 0);
	pass(S);
	CHECK(count_free(path, "3/h") == 3);
}

/* Until the descriptor is closed. */
static int
lock_file(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDWR | O_CLOEXEC);

	lock.l_len = 1;
	MUST(fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0);
	return fd;
}

/* The time since the boot is a day ahead, and then it is not any more: that
 * locks nobody out, and lets nobody start too early, nor what was fired before
 * and is written after. */
static void
clock_ahead_once(void)
{
	const char *path = scratch("ahead");
	struct fp_ratefile *a = opened(path, "3/h");
	int64_t due_ns;
	uint32_t slot;

	boot_ns += 86400 * S;
	CHECK(start_many(a, 3) == 3);
	boot_ns -= 86400 * S;
	CHECK(count_free(path, "3/h") == 0);
	pass(3600 * S);
	CHECK(count_free(path, "3/h") == 0);
	pass(100 * S);
	CHECK(start_many(a, 3) == 3);

	pass(7200 * S);
	struct fp_ratefile *b = opened(path, "3/h");
	CHECK(reserve_many(a, &slot, 1) == 1);
	boot_ns += 86400 * S;
	CHECK(start_many(b, 1) == 1);
	boot_ns -= 86400 * S;
	CHECK(fp_ratefile_commit(a, slot) == 1);
	int fd = lock_file(path);
	CHECK(fp_ratefile_fire(a, slot) == 0); /* kept */
	close(fd);
	CHECK(start_many(b, 9) == 1);
	CHECK(fp_ratefile_settle(a, &due_ns) == 0);
	pass(3500 * S);
	CHECK(count_free(path, "3/h") == 0);
	fp_ratefile_close(a);
	fp_ratefile_close(b);
}

/* What was fired before another process set the file's clock, and is written
 * after, was fired just now in the time that the file has then. */
static void
kept_while_the_clock_is_set(void)
{
	const char *path = scratch("set");
	struct fp_ratefile *a = opened(path, "3/h");
	struct fp_ratefile *b = opened(path, "3/h");
	int64_t due_ns;
	uint32_t token;

	CHECK(reserve_many(a, &token, 1) == 1);
	CHECK(fp_ratefile_commit(a, token) == 1);
	boot_ns += 86400 * S;
	CHECK(start_many(b, 1) == 1);
	boot_ns -= 86400 * S;
	int fd = lock_file(path);
	CHECK(fp_ratefile_fire(a, token) == 0); /* kept */
	close(fd);
	CHECK(start_many(b, 1) == 1); /* sets it: it stood at a day later */
	CHECK(fp_ratefile_settle(a, &due_ns) == 0);
	CHECK(count_free(path, "3/h") == 0);
	pass(3500 * S);
	CHECK(count_free(path, "3/h") == 0);
	pass(200 * S);
	CHECK(count_free(path, "3/h") == 3);
	fp_ratefile_close(a);
	fp_ratefile_close(b);
}

/* Someone holds the lock: nothing hangs, nothing is lost. */
static void
locked(void)
{
	const char *path = scratch("locked");
	struct fp_ratefile *file = opened(path, "4/h");
	int64_t due_ns = 0, now_ns = fp_clock_now_ns();
	uint32_t slot;

	CHECK(reserve_many(file, slots, 4) == 4);
	CHECK(fp_ratefile_commit(file, slots[0]) == 1);
	CHECK(fp_ratefile_commit(file, slots[2]) == 1);
	int fd = lock_file(path);
	CHECK(fp_ratefile_reserve(file, &slot, &due_ns) == 0);
	CHECK(due_ns > now_ns && due_ns <= now_ns + 2000000);
	CHECK(fp_ratefile_commit(file, slots[3]) == 0);
	now_ns = fp_clock_now_ns();
	CHECK(fp_ratefile_give_back(file, slots[3]) == 0);
	CHECK(fp_ratefile_fire(file, slots[0]) == 0);
	CHECK(fp_ratefile_give_back(file, slots[1]) == 0);
	due_ns = 0;
	CHECK(fp_ratefile_settle(file, &due_ns) == 1);
	CHECK(due_ns > now_ns && due_ns <= now_ns + 2000000);
	pass(1800 * S);
	close(fd);

	/* Meanwhile what was committed counts for the others. */
	CHECK(count_free(path, "4/h") == 2);
	CHECK(fp_ratefile_settle(file, &due_ns) == 0);
	CHECK(count_free(path, "4/h") == 2);
	CHECK(fp_ratefile_settle(file, &due_ns) == 0);

	/* It counts from when it was fired. */
	pass(1801 * S);
	CHECK(count_free(path, "4/h") == 3);

	/* Closing waits for a moment only; what it held counts as started. */
	fd = lock_file(path);
	now_ns = boot_ns;
	fp_ratefile_close(file);
	CHECK(boot_ns - now_ns < 100000000);
	errno = 0;
	CHECK(!open_rates(path, "4/h") && errno == EAGAIN);
	CHECK_TEXT(why, "locked by another process");
	close(fd);
	CHECK(count_free(path, "4/h") == 3);
	pass(3601 * S);
	CHECK(count_free(path, "4/h") == 4);
}

/* What someone had committed who is gone counts as started, from when he was
 * found to be gone; what he had only reserved goes back. */
static void
found_dead(void)
{
	for (unsigned round = 0; round < 2; round++) {
		const char *path = scratch(round ? "dead1" : "dead0");
		struct fp_ratefile *file = round ? opened(path, "5/h") : NULL;
		uint32_t held[9];
		int status, ends[2];
		char byte;

		MUST(pipe(ends) == 0);
		fflush(stdout);
		pid_t child = fork();
		MUST(child >= 0);
		if (child == 0) {
			struct fp_ratefile *own = opened(path, "5/h");
			MUST(reserve_many(own, held, 4) == 4);
			MUST(fp_ratefile_commit(own, held[1]) == 1);
			MUST(fp_ratefile_commit(own, held[3]) == 1);
			MUST(write(ends[1], "x", 1) == 1);
			for (;;)
				pause();
		}
		close(ends[1]);
		MUST(read(ends[0], &byte, 1) == 1);
		close(ends[0]);
		MUST(kill(child, SIGKILL) == 0);
		MUST(waitpid(child, &status, 0) == child);
		pass(1800 * S);
		/* By one who has it open, and had much to do; or by one who
		 * sits down there. */
		for (unsigned i = 0; file && i < 9; i++) {
			CHECK(reserve_many(file, held, 1) == 1);
			CHECK(fp_ratefile_give_back(file, held[0]) == 0);
			pass(LOOK_NS);
		}
		if (!file)
			file = opened(path, "5/h");
		CHECK(reserve_many(file, held, 9) == 3);
		fp_ratefile_close(file);
		pass(2);
		CHECK(count_free(path, "5/h") == 3);
		pass(3600 * S + 49999997);
		CHECK(count_free(path, "5/h") == 3);
		pass(1);
		CHECK(count_free(path, "5/h") == 5);
	}
}

/* Who does not renew what he has reserved, as he is stopped, loses it to
 * whoever needs it; and he finds that out before he sends, also if the same
 * slot is his again meanwhile. What he has committed is his. */
static void
stopped(void)
{
	const char *path = scratch("stopped");
	struct fp_ratefile *a = opened(path, "3/h");
	struct fp_ratefile *b = opened(path, "3/h");
	int64_t due_ns = 0;
	uint32_t held[3], own[3];

	CHECK(reserve_many(a, held, 3) == 3);
	CHECK(fp_ratefile_commit(a, held[0]) == 1);
	CHECK(fp_ratefile_commit(a, held[0]) == 1);
	CHECK(fp_ratefile_settle(a, &due_ns) == 1);
	CHECK(due_ns == fp_clock_now_ns() + S / 2);
	pass(S / 2);
	CHECK(fp_ratefile_settle(a, &due_ns) == 1);
	CHECK(due_ns == fp_clock_now_ns() + S / 2);
	pass(S - 1);
	CHECK(reserve_many(b, own, 3) == 0);
	pass(LOOK_NS);
	CHECK(fp_ratefile_reserve(b, &own[0], &due_ns) == 1);
	CHECK(fp_ratefile_give_back(b, own[0]) == 0);

	/* It has both slots again, with other tokens. */
	CHECK(reserve_many(a, own, 3) == 2);
	CHECK(fp_ratefile_commit(a, held[1]) == 0);
	CHECK(fp_ratefile_give_back(a, held[1]) == 0);
	CHECK(fp_ratefile_give_back(a, held[2]) == 0);
	CHECK(reserve_many(b, held + 1, 1) == 0);
	CHECK(start_one(a, own[0]) == 0);
	CHECK(start_one(a, own[1]) == 0);
	CHECK(fp_ratefile_settle(a, &due_ns) == 0 || due_ns > 0);
	pass(1800 * S);
	CHECK(start_many(b, 3) == 0);
	CHECK(fp_ratefile_fire(a, held[0]) == 0);
	pass(1801 * S);
	CHECK(count_free(path, "3/h") == 2);
	fp_ratefile_close(a);
	fp_ratefile_close(b);
}

/* A child that goes on with the file has nothing of its parent's. */
static void
after_a_fork(void)
{
	const char *path = scratch("fork");
	struct fp_ratefile *file = opened(path, "10/h");
	uint32_t held[4];
	int status;

	CHECK(reserve_many(file, held, 4) == 4);
	CHECK(reserve_many(file, slots, 1) == 1);
	int fd = lock_file(path);
	CHECK(fp_ratefile_give_back(file, slots[0]) == 0); /* later */
	close(fd);
	fflush(stdout);
	for (unsigned round = 0; round < 2; round++) {
		pid_t child = fork();
		MUST(child >= 0);
		if (child == 0) {
			uint32_t own[9];
			unsigned n = 0;
			if (round == 1) {
				n = reserve_many(file, own, 9);
				start_one(file, own[0]);
			}
			fp_ratefile_close(file);
			_exit((int)n);
		}
		MUST(waitpid(child, &status, 0) == child);
		CHECK(WIFEXITED(status));
		CHECK(WEXITSTATUS(status) == (round ? 5 : 0));
	}
	CHECK(count_free(path, "10/h") == 4);
	for (unsigned i = 0; i < 4; i++)
		CHECK(start_one(file, held[i]) == 0);
	CHECK(start_many(file, 50) == 5);
	fp_ratefile_close(file);
}

static void
undone(void)
{
	const char *path = scratch("undone");
	struct fp_ratefile *file = opened(path, "10/h"), *other;

	other = opened(path, "10/h");
	fp_ratefile_undo(other); /* did not make it */
	CHECK(access(path, F_OK) == 0);
	fp_ratefile_undo(file); /* is not alone */
	CHECK(access(path, F_OK) == 0);
	CHECK(start_many(other, 1) == 1);
	fp_ratefile_close(other);
	fp_ratefile_undo(file); /* one has started */
	CHECK(access(path, F_OK) == 0);
	CHECK(start_many(file, 1) == 1);
	fp_ratefile_close(file);

	path = scratch("unused");
	file = opened(path, "10/h");
	fp_ratefile_undo(file);
	CHECK(access(path, F_OK) == -1 && errno == ENOENT);
	fp_ratefile_close(file);
	fp_ratefile_undo(NULL);
}

int
main(void)
{
	run("one limit for all who have the file", one_limit_for_all);
	run("paced", paced);
	run("a day of runs", a_day_of_runs);
	run("round and round", round_and_round);
	run("reboots, and steps of the wall clock", reboots_and_steps);
	run("a clock that was ahead once", clock_ahead_once);
	run("kept while the clock is set", kept_while_the_clock_is_set);
	run("someone holds the lock", locked);
	run("what the dead had reserved", found_dead);
	run("who is stopped", stopped);
	run("after a fork", after_a_fork);
	run("one that was made goes again, if nobody uses it", undone);
	return done();
}
