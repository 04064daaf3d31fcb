/* SPDX-License-Identifier: MIT */
/*
 * The promise itself, in virtual time: a caller with all its bad habits, and
 * then a look at every interval.
 */
#include "ratelimittest.h"

static uint64_t random_state = 1;

/* 0 ... n - 1 */
static uint64_t
random_below(uint64_t n)
{
	random_state = random_state * 6364136223846793005 + 1442695040888963407;
	return (random_state >> 33) % n;
}

static int64_t
guard_of(int64_t period_ns)
{
	return FP_MIN(50 * FP_NS_PER_MS, period_ns / 50);
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* How many intervals of a period and its guard hold too many of the times.
 * Sorts them. */
static size_t
count_violations(const struct fp_rates *rates, int64_t *times, size_t n_times)
{
	size_t n_bad = 0;

	if (n_times > 0)
		qsort(times, n_times, sizeof(times[0]), compare);
	for (size_t r = 0; r < rates->n; r++) {
		const struct fp_rate *rate = &rates->all[r];
		int64_t span_ns = rate->period_ns + guard_of(rate->period_ns);
		for (size_t i = (size_t)rate->n; i < n_times; i++)
			n_bad += times[i] - times[i - rate->n] < span_ns;
	}
	return n_bad;
}

/* ---- a world of starts that take their time ---- */

#define JOBS_MAX 48
#define FIRED_MAX 20000

struct world {
	struct fp_ratelimit limit;
	int64_t now_ns;
	unsigned jobs;
	int64_t connect_ns; /* at most */
	int64_t late_ns; /* the caller comes so much too late, at most */
	unsigned give_back_percent, quiet_percent;
	int64_t pending[JOBS_MAX]; /* when it will be sent */
	unsigned n_pending;
	int64_t fired[FIRED_MAX]; /* when it was */
	size_t n_fired, n_reserved, n_given_back;
};

static int64_t
random_time(int64_t max_ns)
{
	return (int64_t)random_below((uint64_t)max_ns + 1);
}

static void
reserve_all(struct world *world)
{
	while (world->n_pending < world->jobs) {
		int64_t due_ns =
			fp_ratelimit_due_ns(&world->limit, world->now_ns);
		int ret = fp_ratelimit_reserve(&world->limit, world->now_ns);
		CHECK(ret == (due_ns <= world->now_ns));
		if (ret != 1)
			break;
		world->pending[world->n_pending++] =
			world->now_ns + random_time(world->connect_ns);
		world->n_reserved++;
	}
}

/* What was sent by now is fired; in any order, a little later. */
static void
fire_all(struct world *world)
{
	for (unsigned i = 0; i < world->n_pending;) {
		int64_t sent_ns = world->pending[i];
		if (sent_ns > world->now_ns) {
			i++;
			continue;
		}
		world->pending[i] = world->pending[--world->n_pending];
		if (random_below(100) < world->give_back_percent) {
			fp_ratelimit_give_back(&world->limit);
			world->n_given_back++;
			continue;
		}
		int64_t said_ns =
			sent_ns +
			random_time(
				random_below(4) ? 0 : world->now_ns - sent_ns);
		fp_ratelimit_fire(&world->limit, said_ns);
		world->fired[world->n_fired++] = sent_ns;
	}
}

static void
wait_for_next(struct world *world)
{
	int64_t next_ns = INT64_MAX;

	if (world->n_pending < world->jobs)
		next_ns = fp_ratelimit_due_ns(&world->limit, world->now_ns);
	for (unsigned i = 0; i < world->n_pending; i++)
		next_ns = FP_MIN(next_ns, world->pending[i]);
	CHECK(next_ns < INT64_MAX);
	world->now_ns = FP_MAX(world->now_ns, next_ns);
	world->now_ns += random_time(world->late_ns);
	if (random_below(100) < world->quiet_percent)
		world->now_ns +=
			random_time(fp_ratelimit_memory_ns(&world->limit) * 2);
}

static void
simulate(struct world *world, const char *text, bool is_paced, size_t n_starts)
{
	make(&world->limit, text, is_paced);
	world->now_ns = start_ns;
	while (world->n_fired < n_starts) {
		fire_all(world);
		reserve_all(world);
		fire_all(world);
		CHECK(world->limit.n_reserved == world->n_pending);
		CHECK(world->n_reserved == world->n_pending + world->n_fired +
						   world->n_given_back);
		wait_for_next(world);
	}
	size_t n_bad = count_violations(
		&world->limit.rates, world->fired, world->n_fired);
	if (n_bad > 0)
		printf("# %s%s: %zu intervals of %zu\n", text,
			is_paced ? " paced" : "", n_bad, world->n_fired);
	CHECK(n_bad == 0);
	fp_ratelimit_destroy(&world->limit);
}

static const char *const lists[] = {"1/s", "2/s", "20/s", "300/s", "1/ms",
	"7/50ms", "1000/s", "5/15s,2/s", "2/s,100/m", "30/s,40/1.5s,100/m",
	"3/ms,9/10ms,20/100ms,50/s", "3/h,20/d", "500/d"};

static void
never_too_many(void)
{
	static struct world world;

	for (unsigned round = 0; round < 400; round++) {
		const char *list = lists[round % FP_ARRAY_LEN(lists)];
		memset(&world, 0, sizeof(world));
		world.jobs = 1 + (unsigned)random_below(JOBS_MAX);
		world.connect_ns = random_time(
			random_below(2) ? FP_NS_PER_MS : 2 * FP_NS_PER_S);
		world.late_ns = random_below(2) ? 0 : random_time(10000000);
		world.give_back_percent =
			random_below(3) ? 0 : (unsigned)random_below(60);
		world.quiet_percent = (unsigned)random_below(4);
		simulate(&world, list, round % 3 == 0, 600);
	}
}

/* The same with slices; fired at once, as there are so many. */
static void
never_too_many_of_many(void)
{
	static const char *const many[] = {"65537/s", "100000/200ms",
		"70000/s,80000/1.5s", "66000/10ms,10/s", "1000000/100ms"};
	size_t n_starts = 300000;
	int64_t *times = calloc(n_starts, sizeof(*times));

	for (unsigned round = 0; round < 2 * FP_ARRAY_LEN(many); round++) {
		struct fp_ratelimit limit;
		size_t n = 0, max = round % 5 == 3 ? 1000 : n_starts;
		int64_t now_ns = start_ns;

		make(&limit, many[round / 2], false);
		while (n < max) {
			if (round % 2 && random_below(1000) == 0)
				now_ns += random_time(3000000);
			int64_t due_ns = fp_ratelimit_due_ns(&limit, now_ns);
			now_ns = FP_MAX(now_ns, due_ns);
			CHECK(fp_ratelimit_reserve(&limit, now_ns) == 1);
			fp_ratelimit_fire(&limit, now_ns);
			times[n++] = now_ns;
		}
		CHECK(count_violations(&limit.rates, times, n) == 0);
		CHECK(limit.log_cap <= 16);
		fp_ratelimit_destroy(&limit);
	}
	free(times);
}

/* With work enough and starts that need no time, how much of `ideal` starts in
 * 60 periods of the list's first rate happen. */
static void
check_use(const char *text, bool is_paced, int64_t tick_ns)
{
	struct fp_ratelimit limit;
	uint64_t n_fired = 0;

	make(&limit, text, is_paced);
	int64_t end_ns = start_ns + 60 * limit.rates.all[0].period_ns;
	int64_t now_ns = start_ns;
	while (now_ns < end_ns) {
		while (fp_ratelimit_reserve(&limit, now_ns) == 1) {
			fp_ratelimit_fire(&limit, now_ns);
			n_fired++;
		}
		int64_t due_ns = fp_ratelimit_due_ns(&limit, now_ns);
		CHECK(due_ns > now_ns && due_ns < INT64_MAX);
		/* The caller's timer has such ticks. */
		now_ns = (due_ns + tick_ns - 1) / tick_ns * tick_ns;
	}
	uint64_t ideal = 60 * limit.rates.all[0].n;
	if (n_fired * 100 < ideal * 97)
		printf("# %s: %g\n", text, (double)n_fired / (double)ideal);
	CHECK(n_fired * 100 >= ideal * 97);
	fp_ratelimit_destroy(&limit);
}

static void
nearly_all_is_used(void)
{
	for (unsigned is_paced = 0; is_paced < 2; is_paced++) {
		check_use("1/s", is_paced, 1);
		check_use("20/s", is_paced, 1);
		check_use("5000/d", is_paced, 1);
		check_use("3/ms", is_paced, 1);
		check_use("100/m,2/s", is_paced, 1);
		check_use("20000/s", is_paced, 1);
		check_use("70000/s", is_paced, 1);
	}
	/* Timers of a millisecond: pacing makes up for what they lose. */
	check_use("100/s", true, FP_NS_PER_MS);
	check_use("1000/s", true, FP_NS_PER_MS);
	check_use("5000/s", true, FP_NS_PER_MS);
}

/* Slow connects do not bring pacing to a stop, nor do they let starts come in
 * heaps that break the rate. */
static void
paced_with_slow_connects(void)
{
	static struct world world = {
		.jobs = JOBS_MAX, .connect_ns = 40 * FP_NS_PER_MS};
	struct fp_ratelimit limit;

	make(&limit, "1000/s", true);
	for (unsigned i = 0; i < 900; i++)
		CHECK(fp_ratelimit_reserve(&limit, start_ns + i * 1020000) ==
			1);
	CHECK(limit.n_reserved == 900);
	fp_ratelimit_destroy(&limit);

	simulate(&world, "1000/s", true, 10000);
	CHECK(world.now_ns - start_ns < 12 * FP_NS_PER_S);
}

int
main(void)
{
	run("no interval holds too many, whatever happens", never_too_many);
	run("the same with very many", never_too_many_of_many);
	run("nearly all that is allowed is used", nearly_all_is_used);
	run("paced with slow connects", paced_with_slow_connects);
	return done();
}
