/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "starts.h"

#include "tap.h"

#include <errno.h>

#define S FP_NS_PER_S
#define T0 (1000 * S)

/* ---- a file that does as it is told ---- */

/* The linker puts these in the place of ratefile's (--wrap in tests/local.mk).
 */
int __wrap_fp_ratefile_reserve(
	struct fp_ratefile *file, uint32_t *its, int64_t *due_ns);
int __wrap_fp_ratefile_give_back(struct fp_ratefile *file, uint32_t its);
int __wrap_fp_ratefile_commit(struct fp_ratefile *file, uint32_t its);
int __wrap_fp_ratefile_fire(struct fp_ratefile *file, uint32_t its);
int __wrap_fp_ratefile_settle(struct fp_ratefile *file, int64_t *due_ns);

static int answer; /* of the next call; -1: EIO */
static int64_t file_due_ns;
static unsigned n_asked;
static uint32_t committed, fired, given_back;
static int64_t settle_ns; /* 0: nothing to be settled */
static char a_file;
static struct fp_ratecount a_count = {
	.file = (struct fp_ratefile *)(void *)&a_file};

static int
reply(void)
{
	if (answer < 0)
		errno = EIO;
	return answer;
}

int
__wrap_fp_ratefile_reserve(
	struct fp_ratefile *file, uint32_t *its, int64_t *due_ns)
{
	CHECK((void *)file == &a_file);
	n_asked++;
	*its = 7;
	*due_ns = file_due_ns;
	return reply();
}

int
__wrap_fp_ratefile_give_back(struct fp_ratefile *file, uint32_t its)
{
	CHECK((void *)file == &a_file);
	given_back = its;
	return reply();
}

int
__wrap_fp_ratefile_fire(struct fp_ratefile *file, uint32_t its)
{
	CHECK((void *)file == &a_file);
	fired = its;
	return reply();
}

int
__wrap_fp_ratefile_commit(struct fp_ratefile *file, uint32_t its)
{
	CHECK((void *)file == &a_file);
	committed = its;
	return reply();
}

int
__wrap_fp_ratefile_settle(struct fp_ratefile *file, int64_t *due_ns)
{
	CHECK((void *)file == &a_file);
	*due_ns = settle_ns;
	return settle_ns > 0;
}

/* ---- tests ---- */

static struct fp_starts starts;
static uint32_t token;

static void
set_up(const char *rate, bool has_file)
{
	struct fp_rates rates = {.n = 0};

	n_asked = 0;
	CHECK(!rate || fp_rates_parse(rate, &rates) == 0);
	CHECK(fp_starts_init(
		      &starts, &rates, false, has_file ? &a_count : NULL) == 0);
}

static int
reserve(int64_t now_ns)
{
	return fp_starts_reserve(&starts, &token, now_ns);
}

static void
without_a_limit_all_start(void)
{
	set_up(NULL, false);
	for (int i = 0; i < 100; i++)
		CHECK(reserve(T0) == 1);
	fp_starts_fire(&starts, token, T0);
	fp_starts_give_back(&starts, token);
	CHECK(starts.dry_until_ns == 0);
	fp_starts_destroy(&starts);
}

static void
memory_counts(void)
{
	set_up("2/s", false);
	CHECK(reserve(T0) == 1 && reserve(T0) == 1);
	CHECK(reserve(T0) == 0 && starts.dry_until_ns == INT64_MAX);
	fp_starts_tick(&starts, T0 + 100 * S);
	CHECK(starts.dry_until_ns == INT64_MAX);

	/* What is fired has an end; what is given back is there at once. */
	fp_starts_fire(&starts, token, T0);
	CHECK(starts.dry_until_ns == 0 && reserve(T0) == 0);
	CHECK(starts.dry_until_ns == T0 + S + S / 50);
	fp_starts_give_back(&starts, token);
	CHECK(starts.dry_until_ns == 0 && reserve(T0) == 1);
	CHECK(reserve(T0) == 0);
	fp_starts_fire(&starts, token, T0);
	CHECK(reserve(T0) == 0);
	int64_t due_ns = starts.dry_until_ns;
	fp_starts_tick(&starts, due_ns - 1);
	CHECK(starts.dry_until_ns == due_ns && reserve(due_ns - 1) == 0);
	fp_starts_tick(&starts, due_ns);
	CHECK(starts.dry_until_ns == 0 && reserve(due_ns) == 1);
	CHECK(n_asked == 0);
	fp_starts_destroy(&starts);
}

static void
a_file_counts(void)
{
	set_up("2/s", true);
	answer = 1;
	settle_ns = T0 + S / 2;
	CHECK(reserve(T0) == 1 && token == 7);
	CHECK(starts.settle_ns == settle_ns);
	CHECK(fp_starts_commit(&starts, 9) && committed == 9);
	answer = 0;
	CHECK(!fp_starts_commit(&starts, 8) && committed == 8);
	settle_ns = 0;
	fp_starts_fire(&starts, 3, T0);
	fp_starts_give_back(&starts, 4);
	CHECK(fired == 3 && given_back == 4 && starts.error == 0);

	/* It is not asked again before its time, or before something changed
	 * here. */
	file_due_ns = T0 + 5 * S;
	CHECK(reserve(T0) == 0 && starts.dry_until_ns == T0 + 5 * S);
	unsigned n = n_asked;
	CHECK(reserve(T0 + 5 * S - 1) == 0 && n_asked == n);
	fp_starts_fire(&starts, 3, T0);
	CHECK(reserve(T0 + 1) == 0 && n_asked == n);
	fp_starts_give_back(&starts, 3);
	CHECK(reserve(T0 + 1) == 0 && n_asked == n + 1);

	/* A time that is past already; and that other processes hold all. */
	CHECK(reserve(T0 + 6 * S) == 0 && starts.dry_until_ns > T0 + 6 * S);
	file_due_ns = INT64_MAX;
	CHECK(reserve(T0 + 7 * S) == 0);
	CHECK(starts.dry_until_ns > T0 + 7 * S);
	CHECK(starts.dry_until_ns <= T0 + 8 * S);
	fp_starts_destroy(&starts);
}

static void
a_file_that_failed_is_not_used_again(void)
{
	set_up("2/s", true);
	answer = -1;
	CHECK(reserve(T0) == -1 && errno == EIO);
	answer = 1;
	errno = 0;
	CHECK(reserve(T0) == -1 && errno == EIO && n_asked == 1);
	fp_starts_destroy(&starts);

	for (int i = 0; i < 3; i++) {
		set_up("2/s", true);
		answer = -1;
		if (i == 2)
			CHECK(!fp_starts_commit(&starts, 1));
		else if (i)
			fp_starts_fire(&starts, 1, T0);
		else
			fp_starts_give_back(&starts, 1);
		answer = 1;
		CHECK(reserve(T0) == -1 && errno == EIO && n_asked == 0);
		fp_starts_destroy(&starts);
	}
}

int
main(void)
{
	run("without a limit all start", without_a_limit_all_start);
	run("memory counts", memory_counts);
	run("a file counts", a_file_counts);
	run("a file that failed is not used again",
		a_file_that_failed_is_not_used_again);
	return done();
}
