/* SPDX-License-Identifier: MIT */
#include "ratefiletest.h"

#include "starts.h"

#define NS_PER_H (3600 * FP_NS_PER_S)

/* In the tests with a file too, so that this is what it is asked with. */
#define NOW fp_clock_now_ns()

/* Where the file is, for whoever was made last. */
static struct fp_ratecount count;

static struct fp_starts
make(const char *rates, struct fp_ratefile *file)
{
	struct fp_rates parsed = {.n = 0};
	struct fp_starts starts;

	count = (struct fp_ratecount){.file = file};

	if (rates)
		parsed = rates_of(rates);
	MUST(fp_starts_init(&starts, &parsed, false, file ? &count : NULL) ==
		0);
	return starts;
}

/* Locks a file as its other users do, or unlocks it. */
static void
set_lock(int fd, short type)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = 0,
		.l_len = 1,
	};

	MUST(fcntl(fd, F_OFD_SETLK, &lock) == 0);
}

static void
without_a_limit_always(void)
{
	struct fp_starts starts = make(NULL, NULL);
	uint32_t token;

	for (int i = 0; i < 1000; i++)
		CHECK(fp_starts_reserve(&starts, &token, 0) == 1);
	fp_starts_give_back(&starts, token);
	CHECK(fp_starts_commit(&starts, token));
	fp_starts_fire(&starts, token, 0);
	CHECK(starts.dry_until_ns == 0 && starts.settle_ns == 0);
	fp_starts_destroy(&starts);
}

static void
memory_counts(void)
{
	struct fp_starts starts = make("2/s", NULL);
	uint32_t token;

	CHECK(fp_starts_reserve(&starts, &token, 0) == 1);
	CHECK(fp_starts_reserve(&starts, &token, 0) == 1);
	CHECK(fp_starts_reserve(&starts, &token, 0) == 0);
	CHECK(starts.dry_until_ns == INT64_MAX);
	fp_starts_give_back(&starts, token);
	CHECK(fp_starts_reserve(&starts, &token, 0) == 1);
	CHECK(fp_starts_commit(&starts, token));
	fp_starts_fire(&starts, token, 5);
	CHECK(fp_starts_reserve(&starts, &token, 6) == 0);
	int64_t until_ns = starts.dry_until_ns;
	CHECK(until_ns > FP_NS_PER_S && until_ns < 2 * FP_NS_PER_S);
	fp_starts_tick(&starts, until_ns - 1);
	CHECK(starts.dry_until_ns == until_ns);
	fp_starts_tick(&starts, until_ns);
	CHECK(starts.dry_until_ns == 0);
	CHECK(fp_starts_reserve(&starts, &token, until_ns) == 1);
	fp_starts_destroy(&starts);
}

static void
a_file_counts(void)
{
	const char *path = scratch("rates");
	struct fp_ratefile *file = opened(path, "2/h");
	struct fp_ratefile *other = opened(path, "2/h");
	struct fp_starts starts = make("2/h", file);
	uint32_t token;

	CHECK(fp_starts_reserve(&starts, &token, NOW) == 1);
	CHECK(starts.settle_ns > NOW); /* to be renewed */
	CHECK(fp_starts_commit(&starts, token));
	fp_starts_fire(&starts, token, NOW);
	CHECK(starts.settle_ns == 0);
	CHECK(fp_starts_reserve(&starts, &token, NOW) == 1);
	fp_starts_give_back(&starts, token);
	CHECK(start_many(other, 5) == 1);
	CHECK(fp_starts_reserve(&starts, &token, NOW) == 0);
	CHECK(starts.dry_until_ns > NOW + NS_PER_H / 2);
	fp_starts_destroy(&starts);
	fp_ratefile_close(file);
	fp_ratefile_close(other);
}

/* How long this one would have to wait for a start. */
static int64_t
wait_of(struct fp_ratefile *file)
{
	uint32_t token;
	int64_t due_ns = 0;

	CHECK(fp_ratefile_reserve(file, &token, &due_ns) == 0);
	return due_ns - NOW;
}

/* The others wait for what we have reserved, so they must hear of it, also if
 * nothing more is asked for here. */
static void
what_could_not_be_written_is_written_later(void)
{
	const char *path = scratch("kept");
	struct fp_ratefile *file = opened(path, "1/h");
	struct fp_ratefile *other = opened(path, "1/h");
	struct fp_starts starts = make("1/h", file);
	uint32_t token;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	MUST(fd >= 0);
	for (int is_fired = 0; is_fired < 2; is_fired++) {
		CHECK(fp_starts_reserve(&starts, &token, NOW) == 1);
		CHECK(wait_of(other) < FP_NS_PER_S);
		CHECK(!is_fired || fp_starts_commit(&starts, token));
		set_lock(fd, F_WRLCK);
		if (is_fired)
			fp_starts_fire(&starts, token, NOW);
		else
			fp_starts_give_back(&starts, token);
		int64_t settle_ns = starts.settle_ns;
		CHECK(settle_ns > 0 && settle_ns < NOW + FP_NS_PER_S);
		fp_starts_tick(&starts, settle_ns);
		CHECK(starts.settle_ns > 0);
		set_lock(fd, F_UNLCK);
		fp_starts_tick(&starts, starts.settle_ns - 1);
		CHECK(starts.settle_ns > 0);
		CHECK(wait_of(other) < FP_NS_PER_S);
		fp_starts_tick(&starts, starts.settle_ns);
		CHECK(starts.settle_ns == 0);
	}
	CHECK(wait_of(other) > NS_PER_H / 2);
	fp_starts_destroy(&starts);
	fp_ratefile_close(file);
	fp_ratefile_close(other);
	close(fd);
}

static void
a_file_that_failed_is_not_used_again(void)
{
	const char *path = scratch("gone");
	struct fp_ratefile *file = opened(path, "5/h");
	struct fp_starts starts = make("5/h", file);
	uint32_t token, held;

	CHECK(fp_starts_reserve(&starts, &held, NOW) == 1);
	CHECK(fp_starts_commit(&starts, held));
	MUST(unlink(path) == 0);
	errno = 0;
	CHECK(fp_starts_reserve(&starts, &token, NOW) == -1);
	CHECK(errno == ESTALE && starts.error == ESTALE);
	CHECK(!fp_starts_commit(&starts, held));
	fp_starts_fire(&starts, held, NOW);
	fp_starts_tick(&starts, NOW + FP_NS_PER_S);
	errno = 0;
	CHECK(fp_starts_reserve(&starts, &token, NOW) == -1);
	CHECK(errno == ESTALE && starts.settle_ns == 0);
	fp_starts_destroy(&starts);
	fp_ratefile_close(file);
}

int
main(void)
{
	run("without a limit: always", without_a_limit_always);
	run("memory counts", memory_counts);
	run("a file counts", a_file_counts);
	run("what could not be written at once is written later",
		what_could_not_be_written_is_written_later);
	run("a file that failed is not used again",
		a_file_that_failed_is_not_used_again);
	return done();
}
