/* SPDX-License-Identifier: MIT */
/* Runs against simulated limits, in virtual time, with a picture of each. */
#include "base.h"

#include "limitersim.h"

#include <string.h>

#define N 300
#define JOBS 16
#define SEEDS 5
#define CHANCE_SEEDS 60
#define MANY_SEEDS 200

#define SERVER(name_, kind_, n_, period_, hint_, status_, burst_, ...)         \
	{                                                                      \
		.name = name_, .kind = kind_, .n = n_, .period_ns = period_,   \
		.hint = hint_, .status = status_, .burst = burst_, __VA_ARGS__ \
	}
#define LIMITS(times_, refused_) .most_times = times_, .most_refused = refused_

static struct server servers[] = {
	SERVER("fixed window, seconds rounded up", FIXED, 5, 2 * S, SECONDS_UP,
		429, 0, LIMITS(1.25, 8)),
	SERVER("fixed window, exact", FIXED, 5, 2 * S, EXACT, 429, 0,
		LIMITS(1.25, 8)),
	SERVER("fixed window, a second late", FIXED, 5, 2 * S, SECOND_LATE, 429,
		0, LIMITS(1.25, 8)),
	SERVER("fixed window, cut down", FIXED, 5, 2 * S, SECONDS_DOWN, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("fixed window, Retry-After: 0", FIXED, 5, 2 * S, ZERO, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("fixed window, no hint", FIXED, 5, 2 * S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("fixed window, 503, no hint", FIXED, 5, 2 * S, SILENT, 503, 0,
		LIMITS(1.5, 15)),
	SERVER("fixed window, 403 with a time", FIXED, 5, 2 * S, SECONDS_UP,
		403, 0, LIMITS(1.25, 8)),
	SERVER("fixed window, 403, no hint", FIXED, 5, 2 * S, SILENT, 403, 0,
		LIMITS(1.5, 15)),
	SERVER("10 in 20 s, 403, no hint", FIXED, 10, 20 * S, SILENT, 403, 0,
		LIMITS(1.5, 15)),
	SERVER("20 in a minute, 403, no hint", FIXED, 20, 60 * S, SILENT, 403,
		0, LIMITS(1.5, 15)),
	SERVER("100 in a minute, 403, no hint", FIXED, 100, 60 * S, SILENT, 403,
		0, LIMITS(1.5, 15)),
	SERVER("50 in 5 minutes, 403, no hint", FIXED, 50, 300 * S, SILENT, 403,
		0, LIMITS(1.5, 15)),
	SERVER("fixed window, 500, no hint", FIXED, 5, 2 * S, SILENT, 500, 0,
		LIMITS(1.5, 15)),
	SERVER("windows of the clock, 500, no hint", CLOCK, 5, 2 * S, SILENT,
		500, 0, LIMITS(1.5, 15)),
	SERVER("10 in 20 s, 500, no hint", FIXED, 10, 20 * S, SILENT, 500, 0,
		LIMITS(1.5, 15)),
	SERVER("100 in a minute, 500, no hint", FIXED, 100, 60 * S, SILENT, 500,
		0, LIMITS(1.5, 15)),
	SERVER("100 in a second, 500, no hint", FIXED, 100, S, SILENT, 500, 0,
		LIMITS(1.5, 15)),
	SERVER("token bucket, 500, no hint", BUCKET, 5, 2 * S, SILENT, 500, 5,
		LIMITS(1.5, 15)),
	SERVER("leaky bucket 5/s, 500, no hint", LEAKY, 5, S, SILENT, 500, 0,
		LIMITS(1.5, 15)),
	SERVER("sliding counter, 500, no hint", SLIDING_COUNTER, 5, 2 * S,
		SILENT, 500, 0, LIMITS(1.5, 15)),
	SERVER("refused ones count, 500, no hint", COUNTS_REFUSED, 5, 2 * S,
		SILENT, 500, 0, LIMITS(1.5, 15)),
	SERVER("fixed window, closed, no hint", FIXED, 5, 2 * S, SILENT,
		FP_STATUS_CLOSED, 0, LIMITS(1.5, 15)),
	SERVER("windows of the clock, closed, no hint", CLOCK, 5, 2 * S, SILENT,
		FP_STATUS_CLOSED, 0, LIMITS(1.5, 15)),
	SERVER("10 in 20 s, closed, no hint", FIXED, 10, 20 * S, SILENT,
		FP_STATUS_CLOSED, 0, LIMITS(1.5, 15)),
	SERVER("100 in a minute, closed, no hint", FIXED, 100, 60 * S, SILENT,
		FP_STATUS_CLOSED, 0, LIMITS(1.5, 15)),
	SERVER("100 in a second, closed, no hint", FIXED, 100, S, SILENT,
		FP_STATUS_CLOSED, 0, LIMITS(1.5, 15)),
	SERVER("token bucket, closed, no hint", BUCKET, 5, 2 * S, SILENT,
		FP_STATUS_CLOSED, 5, LIMITS(1.5, 15)),
	SERVER("leaky bucket 5/s, closed, no hint", LEAKY, 5, S, SILENT,
		FP_STATUS_CLOSED, 0, LIMITS(1.5, 15)),
	SERVER("sliding counter, closed, no hint", SLIDING_COUNTER, 5, 2 * S,
		SILENT, FP_STATUS_CLOSED, 0, LIMITS(1.5, 15)),
	SERVER("refused ones count, closed, no hint", COUNTS_REFUSED, 5, 2 * S,
		SILENT, FP_STATUS_CLOSED, 0, LIMITS(1.5, 15)),
	SERVER("windows of the clock, no hint", CLOCK, 5, 2 * S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("10 in 20 s, no hint", FIXED, 10, 20 * S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("10 in 20 s, seconds", FIXED, 10, 20 * S, SECONDS_UP, 429, 0,
		LIMITS(1.25, 8)),
	SERVER("10 in 10 s, seconds", FIXED, 10, 10 * S, SECONDS_UP, 429, 0,
		LIMITS(1.25, 8)),
	SERVER("20 in a minute, no hint", FIXED, 20, 60 * S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("100 in a second, seconds", FIXED, 100, S, SECONDS_UP, 429, 0,
		LIMITS(1.25, 8)),
	SERVER("100 in a second, no hint", FIXED, 100, S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("150 in 10 s, no hint", FIXED, 150, 10 * S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("100 in a minute, seconds", FIXED, 100, 60 * S, SECONDS_UP, 429,
		0, LIMITS(1.25, 8)),
	SERVER("100 in a minute, no hint", FIXED, 100, 60 * S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("100 in a minute of the clock, no hint", CLOCK, 100, 60 * S,
		SILENT, 429, 0, LIMITS(1.25, 15)),
	SERVER("50 in 5 minutes of the clock, no hint", CLOCK, 50, 300 * S,
		SILENT, 429, 0, LIMITS(1.5, 15)),
	SERVER("50 in 5 minutes of the clock, late", CLOCK, 50, 300 * S, SILENT,
		429, 0, LIMITS(1.5, 15), .phase_ns = 198 * S),
	SERVER("50 in 5 minutes, 503, no hint", FIXED, 50, 300 * S, SILENT, 503,
		0, LIMITS(1.5, 15)),
	SERVER("150 in 10 s, seconds", FIXED, 150, 10 * S, SECONDS_UP, 429, 0,
		LIMITS(1.25, 8)),
	SERVER("60 in 10 s, seconds", FIXED, 60, 10 * S, SECONDS_UP, 429, 0,
		LIMITS(1.25, 8)),
	SERVER("20 in a second, no hint", FIXED, 20, S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("100 in a minute, a log, seconds", SLIDING_LOG, 100, 60 * S,
		SECONDS_UP, 429, 0, LIMITS(1.25, 8)),
	SERVER("100 in a minute, a refusal prolongs", PROLONGS, 100, 60 * S,
		SECONDS_UP, 429, 0, LIMITS(1.25, 8)),
	SERVER("100 in a minute, stored, no hint", BUCKET, 100, 60 * S, SILENT,
		429, 100, LIMITS(1.25, 15)),
	SERVER("10 in a second, 100 stored", BUCKET, 10, S, SECONDS_UP, 429,
		100, LIMITS(1.25, 8)),
	SERVER("20 in a minute, stored, no hint", BUCKET, 20, 60 * S, SILENT,
		429, 20, LIMITS(1.25, 15)),
	SERVER("30 in a minute, stored, cut down", BUCKET, 30, 60 * S,
		SECONDS_DOWN, 429, 30, LIMITS(1.25, 15)),
	SERVER("sliding log, seconds", SLIDING_LOG, 5, 2 * S, SECONDS_UP, 429,
		0, LIMITS(1.25, 8)),
	SERVER("sliding log, no hint", SLIDING_LOG, 5, 2 * S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("sliding counter, seconds", SLIDING_COUNTER, 5, 2 * S,
		SECONDS_UP, 429, 0, LIMITS(1.25, 8)),
	SERVER("sliding counter, no hint", SLIDING_COUNTER, 5, 2 * S, SILENT,
		429, 0, LIMITS(1.5, 15)),
	SERVER("token bucket, exact", BUCKET, 5, 2 * S, EXACT, 429, 5,
		LIMITS(1.25, 8)),
	SERVER("token bucket, Retry-After: 0", BUCKET, 5, 2 * S, ZERO, 429, 5,
		LIMITS(1.5, 15)),
	SERVER("token bucket, no hint", BUCKET, 2, S, SILENT, 429, 5,
		LIMITS(1.5, 15)),
	SERVER("leaky bucket 5/s, no hint", LEAKY, 5, S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("leaky bucket 50/s, no hint", LEAKY, 50, S, SILENT, 429, 0,
		LIMITS(1.5, 15)),
	SERVER("leaky bucket 5/s, seconds", LEAKY, 5, S, SECONDS_UP, 429, 0,
		LIMITS(1.25, 8)),
	/* Each refusal costs a second, in which 50 would pass. */
	SERVER("leaky bucket 50/s, seconds", LEAKY, 50, S, SECONDS_UP, 429, 0,
		LIMITS(1.8, 8)),
	SERVER("leaky bucket 2/s, 503", LEAKY, 2, S, SILENT, 503, 0,
		LIMITS(1.5, 15)),
	SERVER("leaky bucket 2/s that delays 20", LEAKY_DELAY, 2, S, SILENT,
		503, 20, LIMITS(1.25, 8)),
	SERVER("refused ones count, no hint", COUNTS_REFUSED, 5, 2 * S, SILENT,
		429, 0, LIMITS(1.5, 15)),
	SERVER("10 in 10 s, refused ones count", COUNTS_REFUSED, 10, 10 * S,
		SILENT, 429, 0, LIMITS(1.5, 15)),
	SERVER("a refusal prolongs, seconds", PROLONGS, 5, 2 * S, SECONDS_UP,
		429, 0, LIMITS(1.25, 8)),
	SERVER("a refusal prolongs, no hint", PROLONGS, 5, 2 * S, SILENT, 429,
		0, LIMITS(1.5, 15)),
	/* Each refusal costs a whole window, and so does each time that one is
	 * tried too early. */
	SERVER("10 in 20 s, a refusal prolongs, no hint", PROLONGS, 10, 20 * S,
		SILENT, 429, 0, LIMITS(1.5, 15)),
	SERVER("10 in 30 s, a refusal prolongs, no hint", PROLONGS, 10, 30 * S,
		SILENT, 429, 0, LIMITS(1.5, 15)),
	SERVER("20 in a minute, a refusal prolongs, no hint", PROLONGS, 20,
		60 * S, SILENT, 429, 0, LIMITS(1.5, 15)),
	SERVER("20 in a minute, a refusal blocks, no hint", BLOCKS, 20, 60 * S,
		SILENT, 429, 0, LIMITS(1.5, 15)),
	SERVER("a refusal blocks for 2 s, seconds", BLOCKS, 5, 2 * S,
		SECONDS_UP, 429, 0, LIMITS(1.25, 8)),
	SERVER("one that forgets", FORGETS, 5, 2 * S, SECONDS_UP, 429, 0,
		LIMITS(1.25, 8)),
	/* Single products, as their sources have it. No client gets more than 7
	 * in 4 s through fiber's. */
	SERVER("fiber, SlidingWindow", TICKS, 5, 2 * S, EXACT, 429, 0,
		LIMITS(1.25, 8), .ideal_s = 168),
	SERVER("vsthrottle, Varnish says 5 s", WHOLE_BUCKET, 5, 2 * S, ALWAYS,
		429, 5, LIMITS(1.25, 8), .always_ns = 5 * S),
	SERVER("httprate says the whole window", SLIDING_COUNTER, 5, 2 * S,
		ALWAYS, 429, 0, LIMITS(1.25, 8), .always_ns = 2 * S),
	SERVER("tollbooth says a second", BUCKET, 2, S, ALWAYS, 429, 5,
		LIMITS(1.25, 8), .always_ns = S),
	SERVER("rate-limiter-flexible, a refusal costs 4 s", BANS, 5, 2 * S,
		EXACT, 429, 4, LIMITS(1.25, 8)),
	SERVER("asgi-ratelimit, each refusal costs 4 s", LOOSE, 5, S, EXACT,
		429, 4, LIMITS(1.5, 8)),
	SERVER("mod_evasive, 403, counts on without a gap", GAPS, 5, 2 * S,
		SILENT, 403, 0, LIMITS(1.5, 15)),
	/* `QS_EventLimitCount COUNTED 5 2`: its third second still counts. */
	SERVER("mod_qos, 500", WHOLE_SECONDS, 5, 3 * S, SILENT, 500, 0,
		LIMITS(1.5, 15)),
	SERVER("counts on without a gap of 20 s", GAPS, 5, 20 * S, SILENT, 429,
		0, LIMITS(1.5, 15)),
	SERVER("100 ms away, seconds", FIXED, 5, 2 * S, SECONDS_UP, 429, 0,
		LIMITS(1.25, 8), .rtt_ns = 100 * MS),
	SERVER("100 ms away, token bucket, no hint", BUCKET, 5, 2 * S, SILENT,
		429, 5, LIMITS(1.5, 15), .rtt_ns = 100 * MS),
	/* What is refused is so long before the others are answered, as with a
	 * limit on how many there are at once. */
	SERVER("answers after a second, leaky bucket 5/s", LEAKY, 5, S, SILENT,
		503, 0, LIMITS(1.5, 15), .takes_ns = S),
	SERVER("answers after a second, token bucket", BUCKET, 5, S, SILENT,
		429, 5, LIMITS(1.5, 15), .takes_ns = S),
	SERVER("answers after 0.3 s, leaky bucket 20/s", LEAKY, 20, S, SILENT,
		429, 0, LIMITS(1.5, 15), .takes_ns = 300 * MS),
	SERVER("answers after 0.3 s, leaky bucket 5/s", LEAKY, 5, S, SILENT,
		429, 0, LIMITS(1.5, 15), .takes_ns = 300 * MS),
	SERVER("answers after 0.3 s, 503", FIXED, 5, 2 * S, SILENT, 503, 0,
		LIMITS(1.5, 15), .takes_ns = 300 * MS),
	SERVER("answers after a second, leaky bucket 2/s, 503", LEAKY, 2, S,
		SILENT, 503, 0, LIMITS(1.5, 15), .takes_ns = S),
	SERVER("answers after a second, 100 in a minute", SLIDING_LOG, 100,
		60 * S, SILENT, 429, 0, LIMITS(1.5, 15), .takes_ns = S),
};

/* A run may begin at the end of a window, so that as many pass twice among the
 * first requests; and it is a matter of chance which items are sent to find
 * out. */
static struct server by_chance[] = {
	SERVER("5 in 2 s of the clock, no hint", CLOCK, 5, 2 * S, SILENT, 429,
		0, .has_any_phase = true, .jitter_ns = 60 * MS),
	SERVER("5 in 2 s of the clock, 403", CLOCK, 5, 2 * S, SILENT, 403, 0,
		.has_any_phase = true, .jitter_ns = 60 * MS),
	SERVER("5 in 2 s of the clock, 500", CLOCK, 5, 2 * S, SILENT, 500, 0,
		.has_any_phase = true, .jitter_ns = 60 * MS),
	SERVER("50 in 5 minutes, 500", FIXED, 50, 300 * S, SILENT, 500, 0),
	SERVER("60 in 2 minutes, 500", FIXED, 60, 120 * S, SILENT, 500, 0),
	SERVER("mod_evasive", GAPS, 5, 2 * S, SILENT, 403, 0,
		.has_any_phase = true, .jitter_ns = 10 * MS),
	SERVER("mod_qos", WHOLE_SECONDS, 5, 3 * S, SILENT, 500, 0,
		.has_any_phase = true, .jitter_ns = 10 * MS),
	SERVER("answers after 0.3 s, 503", FIXED, 5, 2 * S, SILENT, 503, 0,
		.takes_ns = 300 * MS),
	SERVER("answers after a second, leaky bucket 2/s, 503", LEAKY, 2, S,
		SILENT, 503, 0, .takes_ns = S),
};

static bool
holds(const struct sim *sim)
{
	const struct outcome *out = &sim->out;
	const struct server *server = sim->server;
	double ideal = sim->ideal_s;

	return out->n_ok == N && out->n_failed == 0 &&
	       (server->most_times == 0 ||
		       out->took_s <= server->most_times * ideal) &&
	       out->n_refused * 100 <= server->most_refused * out->n_requests;
}

#define MANY 1000000
#define TOLD .hint = SECONDS_UP
#define SHED(name_, n_, status_, forbids_, ...)                           \
	{                                                                 \
		.name = name_, .kind = SHEDS, .n = n_, .status = status_, \
		.forbids = forbids_, .rtt_ns = 50 * MS, .period_ns = S,   \
		__VA_ARGS__                                               \
	}

/* However many at once: each item arrives. */
static void
every_limit_other_jobs(void)
{
	static const unsigned jobs[] = {1, 2, 4, 8, 32, 64};
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(servers); i++) {
		for (size_t j = 0; j < FP_ARRAY_LEN(jobs); j++) {
			simulate(&sim, &servers[i], N, jobs[j], 7);
			CHECK(sim.out.n_ok == N);
			if (sim.out.n_ok != N) {
				printf("# -j %u: ", jobs[j]);
				draw(&sim, N);
			}
		}
	}
}

static void
every_limit(void)
{
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(servers); i++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			simulate(&sim, &servers[i], N, JOBS, seed);
			bool ok = holds(&sim);
			CHECK(ok);
			if (seed == 1 || !ok)
				draw(&sim, N);
		}
	}
}

/* Each item arrives, whatever is drawn. */
static void
every_chance(void)
{
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(by_chance); i++) {
		for (uint64_t seed = 1; seed <= MANY_SEEDS; seed++) {
			simulate(&sim, &by_chance[i], N, JOBS, seed);
			CHECK(sim.out.n_ok == N);
			if (seed == 1 || sim.out.n_ok != N)
				draw(&sim, N);
		}
	}
}

#define USED(name_, n_, period_, status_, times_)                             \
	{                                                                     \
		.name = name_, .kind = FIXED, .n = n_, .period_ns = period_,  \
		.hint = SILENT, .status = status_, .most_times = times_,      \
		.most_refused = 15.5, .n_used = n_, .used_ns = (period_) / 3, \
	}

/* Nothing passes at first, and nobody says for how long. What that silence
 * says of the rate is nothing. */
static void
limits_that_are_used_up(void)
{
	static struct server used[] = {
		USED("5 in 2 s, used up", 5, 2 * S, 429, 1.3),
		USED("10 in 20 s, used up", 10, 20 * S, 429, 1.35),
		USED("100 in a minute, used up", 100, 60 * S, 429, 1.8),
		USED("50 in 5 minutes, used up", 50, 300 * S, 429, 1.4),
		USED("5 in 2 s, used up, 503", 5, 2 * S, 503, 1.3),
		USED("10 in 20 s, used up, 503", 10, 20 * S, 503, 1.35),
		USED("100 in a minute, used up, 503", 100, 60 * S, 503, 1.8),
	};
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(used); i++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			simulate(&sim, &used[i], N, JOBS, seed);
			CHECK(sim.out.n_ok == N);
			CHECK(sim.out.took_s <=
				used[i].most_times * sim.ideal_s);
			CHECK(100.0 * sim.out.n_refused / sim.out.n_requests <=
				used[i].most_refused);
		}
		draw(&sim, N);
	}
}

/* A server that refuses everything is asked rarely, and not for ever; and where
 * no item is left to find out with, a 503 is what it says. */
static void
all_is_refused_for_good(void)
{
	static struct never {
		struct server server;
		int n;
		int most_s;
	} cases[] = {
		{{.name = "429 for good", .kind = NEVER, .status = 429}, N,
			720},
		{{.name = "429 for good", .kind = NEVER, .status = 429}, 5,
			150},
		{{.name = "503 for good", .kind = NEVER, .status = 503}, N,
			180},
		{{.name = "503 for good, far away",
			 .kind = NEVER,
			 .status = 503,
			 .rtt_ns = 200 * MS},
			N, 180},
		{{.name = "503 for good", .kind = NEVER, .status = 503}, JOBS,
			15},
	};
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		struct never *never = &cases[i];
		never->server.period_ns = S;
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			simulate(&sim, &never->server, never->n, JOBS, seed);
			CHECK(sim.out.n_failed == never->n);
			CHECK(sim.out.took_s < never->most_s);
			CHECK(sim.out.n_requests <= 4 * (never->n + 1));
			CHECK(sim.out.n_requests <= never->n + 125);
		}
		draw(&sim, never->n);
	}
}

/* Of 1000 items, in 3.2 s without any refusals. An item that is refused for
 * good is one that fails; the others are not slowed down for long. */
static void
refusals_that_are_no_limit(void)
{
	static struct shed {
		struct server server;
		int least; /* that succeed */
		double most_s;
	} cases[] = {
		{SHED("1 in 50 by chance", 50, 429, NULL), 1000, 15},
		{SHED("1 in 50 by chance, 503", 50, 503, NULL), 1000, 15},
		{SHED("1 in 50 by chance, 1 s", 50, 429, NULL, TOLD), 1000, 45},
		{SHED("1 in 20 by chance", 20, 429, NULL), 999, 10},
		{SHED("1 in 10 by chance", 10, 429, NULL), 998, 20},
		{SHED("1 in 7 by chance", 7, 429, NULL), 990, 30},
		{SHED("every 50th for good", MANY, 429, "50"), 980, 30},
		{SHED("every 5th for good, 503", MANY, 503, "5"), 798, 90},
		{SHED("every 2nd for good, 503", MANY, 503, "2"), 498, 300},
		{SHED("every 2nd for good, 429", MANY, 429, "2"), 498, 300},
	};
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		for (uint64_t seed = 1; seed <= CHANCE_SEEDS; seed++) {
			simulate(&sim, &cases[i].server, 1000, JOBS, seed);
			bool ok = sim.out.n_ok >= cases[i].least &&
				  sim.out.took_s <= cases[i].most_s;
			CHECK(ok);
			if (seed == 1 || !ok)
				draw(&sim, 1000);
		}
	}
}

/* A list that is over but for one item or two that are refused for good: they
 * have their retries, and no more are sent to find out for others. */
static void
few_are_refused_for_good(void)
{
	static const unsigned jobs[] = {4, 16};
	static struct few {
		struct server server;
		int n, n_bad;
		double most_s;
	} cases[] = {
		{SHED("one of five, 429", MANY, 429, "5"), 5, 1, 15},
		{SHED("one of five, 503", MANY, 503, "5"), 5, 1, 15},
		{SHED("two of eight, 429", MANY, 429, "4"), 8, 2, 70},
		{SHED("two of eight, 503", MANY, 503, "4"), 8, 2, 70},
	};
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		struct few *few = &cases[i];
		for (uint64_t seed = 1; seed <= CHANCE_SEEDS; seed++) {
			simulate(&sim, &few->server, few->n, jobs[seed % 2],
				seed);
			CHECK(sim.out.n_ok == few->n - few->n_bad);
			CHECK(sim.out.n_requests <= few->n + 3 * few->n_bad);
			CHECK(sim.out.took_s < few->most_s);
		}
		draw(&sim, few->n);
	}
}

/* 403 that mean no: none is sent again where others pass in between, and where
 * none does, it is found out with items that were not sent yet. */
static void
forbidden(void)
{
	static struct server some =
		SHED("every 7th is forbidden", MANY, 403, "7");
	static struct server rest = {.name = "all but the first 48 are",
		.kind = NEVER,
		.n = 48,
		.status = 403,
		.period_ns = S};
	static struct sim sim;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		simulate(&sim, &some, 1000, JOBS, seed);
		CHECK(sim.out.n_ok == 858 && sim.out.n_requests == 1000);
		CHECK(sim.out.took_s < 10);
		simulate(&sim, &rest, 1000, JOBS, seed);
		CHECK(sim.out.n_ok == 48 && sim.out.n_requests == 1000);
		CHECK(sim.out.took_s < 80);
	}
	draw(&sim, 1000);

	/* That may be a limit of ten minutes. */
	rest.name = "all but the first 50 are";
	rest.n = 50;
	simulate(&sim, &rest, 1000, JOBS, 1);
	CHECK(sim.out.n_ok == 50 && sim.out.n_requests == 1000);
	CHECK(sim.out.took_s < 630);
	draw(&sim, 1000);
}

/* Where nothing is to be learned, nothing is sent or held back to find out
 * whether a 403 or a 500 is that of a limit. */
static void
nothing_is_found_out(void)
{
	static struct server rest = {
		.name = "all but the first 50", .kind = NEVER, .n = 50};
	static struct sim sim;

	rest.status = 403;
	simulate_with(&sim, &rest, 1000, JOBS, FP_BUSY_AUTO, false, 1);
	CHECK(sim.out.n_ok == 50 && sim.out.n_requests == 1000);
	CHECK(sim.out.took_s < 1);
	rest.status = 500;
	simulate_with(&sim, &rest, 1000, JOBS, FP_BUSY_AUTO, false, 1);
	CHECK(sim.out.n_ok == 50 && sim.out.took_s < 10);
}

/* What is said of the rate can be given as one. */
static void
words(void)
{
	static const struct {
		double rate;
		const char *text;
	} cases[] = {{4.85, "5/s"}, {2.42, "148/m"}, {0.97, "1/s"},
		{97, "99/s"}, {1.62, "99/m"}, {0.48, "29/m"}, {0.0162, "1/m"},
		{0.00001, "1/h"}, {1234.5, "1259/s"}};
	struct fp_rates rates;
	char text[FP_LEARNER_WORDS];

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		struct fp_learner learner = {.rate = cases[i].rate};
		fp_learner_words(&learner, text);
		CHECK_TEXT(text, cases[i].text);
		CHECK(fp_rates_parse(text, &rates) == 0);
	}
}

int
main(void)
{
	run("300 items against every kind of limit", every_limit);
	run("the same with other numbers of jobs", every_limit_other_jobs);
	run("the same, whatever is drawn", every_chance);
	run("limits that are used up when the run begins",
		limits_that_are_used_up);
	run("all is refused for good", all_is_refused_for_good);
	run("refusals that are no limit", refusals_that_are_no_limit);
	run("a few are refused for good", few_are_refused_for_good);
	run("403 that mean no", forbidden);
	run("nothing is found out if nothing is learned", nothing_is_found_out);
	run("the rate in words", words);
	return done();
}
