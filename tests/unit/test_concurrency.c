/* SPDX-License-Identifier: MIT */
/* Runs against simulated servers, in virtual time, beside the best fixed
 * number of jobs, with a picture of each: what was found, and in parentheses
 * what was tried, twice a second. */
#include "concurrencysim.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define SEEDS 3

#define SERVER(name_, kind_, spread_, n_, took_ms_, ...)                  \
	{                                                                 \
		.name = name_, .kind = kind_, .spread = spread_, .n = n_, \
		.took_ns = (took_ms_)*MS, ##__VA_ARGS__                   \
	}
#define THEN(n_) .change_ns = 15 * S, .then = n_

/* When its figures count. */
static int64_t
counted_from(const struct server *server)
{
	return server->change_ns ? server->change_ns + 10 * S : 5 * S;
}

static int
compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
sum_up(struct sim *sim)
{
	qsort(sim->times, sim->n_times, sizeof(sim->times[0]), compare_times);
	sim->rate =
		(double)sim->n_ok * 1e9 / (double)(sim->to_ns - sim->from_ns);
	sim->p50_ns = sim->n_times ? (double)sim->times[sim->n_times / 2] : 0;
	sim->refused = (double)sim->n_refused /
		       (double)FP_MAX(sim->n_ok + sim->n_refused, 1);
}

static void
simulate(struct sim *sim, const struct server *server, unsigned fixed,
	uint64_t seed, bool draws)
{
	static struct fp_concurrency concurrency;

	memset(sim, 0, sizeof(*sim));
	sim->server = server;
	sim->fixed = fixed;
	sim->seed = fp_random_seed(seed);
	sim->from_ns = counted_from(server);
	sim->to_ns = sim->from_ns + (fixed ? 8 : 20) * S;
	sim->draws = draws;
	if (fixed == 0) {
		fp_concurrency_init(&concurrency, MOST);
		sim->concurrency = &concurrency;
	}
	fly(sim);
	sum_up(sim);
}

/* The most that any fixed number gets through in a second. */
static double
search_best(struct sim *sim, const struct server *server)
{
	static const double times[] = {0.75, 1, 1.1, 1.25, 1.5};
	struct server late = *server;
	double best = 0;

	if (late.change_ns) {
		late.change_ns = 0;
		late.n = late.then;
	}
	for (size_t i = 0; i <= FP_ARRAY_LEN(times); i++) {
		double jobs = MOST;
		if (i < FP_ARRAY_LEN(times))
			jobs = late.n * times[i] + 0.5;
		if (late.kind == CEILING)
			jobs = FP_MIN(jobs, (double)late.n);
		simulate(sim, &late, FP_MAX((unsigned)jobs, 1), 1, false);
		best = FP_MAX(best, sim->rate);
	}
	return best;
}

static void
check_case(const struct server *server, double least, double most_times)
{
	static struct sim sim;
	double best = search_best(&sim, server);

	simulate(&sim, server, 1, 1, false);
	double alone_ns = sim.p50_ns;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		if (seed == 1)
			printf("# %s\n", server->name);
		simulate(&sim, server, 0, seed, seed == 1);
		double part = sim.rate / best, times = sim.p50_ns / alone_ns;
		bool ok = part >= least &&
			  (most_times == 0 || times <= most_times) &&
			  (server->shed || sim.refused <= 0.01);
		CHECK(ok);
		if (seed == 1 || !ok)
			printf("# seed %d: %.1f %% of the best, p50 x %.2f, "
			       "%.2f %% refused\n",
				(int)seed, 100 * part, times,
				100 * sim.refused);
	}
}

/* Each of the servers gets at least this part of its best, and answers take at
 * most so many times what one alone takes; 0: however long. */
#define CHECK_ALL(least, most_times, ...)                             \
	do {                                                          \
		static const struct server servers[] = {__VA_ARGS__}; \
		for (size_t i = 0; i < FP_ARRAY_LEN(servers); i++)    \
			check_case(&servers[i], least, most_times);   \
	} while (0)

static void
as_many_as_there_are(void)
{
	CHECK_ALL(0.92, 1.5, SERVER("any number, 100 ms", FLAT, EVEN, 1, 100),
		SERVER("any number, 1 s", FLAT, EVEN, 1, 1000),
		SERVER("any number, 50 to 150 ms", FLAT, SPREAD, 1, 100),
		SERVER("any number, at random", FLAT, RANDOM, 1, 100),
		SERVER("any number, one in ten slow", FLAT, MIXED, 1, 100));
}

static void
the_others_queue(void)
{
	CHECK_ALL(0.92, 1.5,
		SERVER("40 at once, 100 ms", WORKERS, EVEN, 40, 100),
		SERVER("40 at once, 50 to 150 ms", WORKERS, SPREAD, 40, 100),
		SERVER("150 at once", WORKERS, SPREAD, 150, 100),
		SERVER("8 at once, 20 ms", WORKERS, SPREAD, 8, 20));
}

/* By averages of times that vary by as much as they are, what little is gained
 * can hardly be told from nothing: most runs are as good as the others, and the
 * worst are like this. */
static void
times_are_random(void)
{
	CHECK_ALL(0.7, 2.3,
		SERVER("40 at once, at random", WORKERS, RANDOM, 40, 100));
}

static void
the_others_are_refused(void)
{
	CHECK_ALL(0.92, 1.5,
		SERVER("503 over 40, 100 ms", CEILING, EVEN, 40, 100),
		SERVER("503 over 40, 50 to 150 ms", CEILING, SPREAD, 40, 100),
		SERVER("503 over 40, at random", CEILING, RANDOM, 40, 100),
		SERVER("503 over 10, 50 ms", CEILING, SPREAD, 10, 50),
		SERVER("503 over 5, 20 ms", CEILING, SPREAD, 5, 20),
		SERVER("503 over 40, 1 s", CEILING, SPREAD, 40, 1000));
}

/* Its best is where an answer takes twice as long: that is approached, and each
 * step gains less. */
static void
too_many_slow_it_down(void)
{
	CHECK_ALL(0.88, 0,
		SERVER("the more, the slower", COLLAPSES, SPREAD, 40, 50));
}

/* Counted from ten seconds after that. */
static void
its_capacity_changes(void)
{
	CHECK_ALL(0.9, 1.5,
		SERVER("from 40 to 80", WORKERS, SPREAD, 40, 100, THEN(80)),
		SERVER("503 over 40, then 80", CEILING, SPREAD, 40, 100,
			THEN(80)),
		SERVER("503 over 40, then 10", CEILING, SPREAD, 40, 100,
			THEN(10)));
}

/* Fewer at once would not help. */
static void
refusals_by_chance(void)
{
	CHECK_ALL(0.9, 1.5,
		SERVER("40 at once, 1 in 50 is refused", WORKERS, SPREAD, 40,
			100, .shed = 50));
}

/* It is neither lowered nor raised by what is not tried. */
static void
few_items_say_nothing(void)
{
	struct fp_concurrency concurrency;
	int64_t now_ns = S, until_ns;

	fp_concurrency_init(&concurrency, 100);
	CHECK(fp_concurrency_limit(&concurrency, now_ns, &until_ns) == 8);
	CHECK(until_ns == INT64_MAX);
	for (int i = 0; i < 1000; i++) {
		fp_concurrency_started(&concurrency, now_ns);
		fp_concurrency_started(&concurrency, now_ns);
		now_ns += 10 * MS;
		for (int k = 0; k < 2; k++)
			CHECK(!fp_concurrency_ended(&concurrency,
				FP_PASSAGE_ANSWERED, now_ns - 10 * MS, now_ns));
	}
	CHECK(fp_concurrency_found(&concurrency) == 8);
}

/* With one job there is nothing to be found, and no refusal is explained. */
static void
one_is_the_least(void)
{
	struct fp_concurrency concurrency;
	int64_t now_ns = S, until_ns;

	fp_concurrency_init(&concurrency, 1);
	for (int i = 0; i < 1000; i++) {
		CHECK(fp_concurrency_limit(&concurrency, now_ns, &until_ns) ==
			1);
		fp_concurrency_started(&concurrency, now_ns);
		now_ns += MS;
		CHECK(!fp_concurrency_ended(&concurrency,
			i % 7 == 3 ? FP_PASSAGE_REFUSED : FP_PASSAGE_ANSWERED,
			now_ns - MS, now_ns));
	}
	CHECK(fp_concurrency_found(&concurrency) == 1);
}

int
main(void)
{
	run("any number at once", as_many_as_there_are);
	run("so many at once, and the others wait", the_others_queue);
	run("the same, with times at random", times_are_random);
	run("so many at once, and the others get 503", the_others_are_refused);
	run("the more at once, the slower", too_many_slow_it_down);
	run("the capacity changes", its_capacity_changes);
	run("refusals by chance", refusals_by_chance);
	run("too few items to find anything", few_items_say_nothing);
	run("one at once", one_is_the_least);
	return done();
}
