/* SPDX-License-Identifier: MIT */
/*
 * concurrencysim: servers, simulated in virtual time, and as many requests at
 * once as are allowed: by a fixed number, or by a struct fp_concurrency for
 * each of them. There is always another item for each server. The same seed
 * gives the same run.
 */
#ifndef FP_CONCURRENCYSIM_H
#define FP_CONCURRENCYSIM_H

#include "base.h"

#include "concurrency.h"
#include "random.h"

#include <stdio.h>

#define MS FP_NS_PER_MS
#define S FP_NS_PER_S
#define MOST 256
#define TIMES_MAX 400000
#define SITES_MAX 3

/* What becomes of those of which there are more than n. Up to SHARED, each
 * request has its own time; from there on, all that are there at once share
 * what the server can do, and so change each other's times. */
enum kind {
	FLAT, /* as many at once as there are */
	WORKERS, /* n at once, and the others wait in a queue */
	CEILING, /* n at once, and the others get 503 */
	SHARED, /* as fast as n alone, divided evenly */
	SLOWER, /* the time grows by 1 with each n */
	COLLAPSES, /* the same, squared: the most is at n */
	CONTENDED, /* what they wait for each other: the most is at n */
};

enum spread {
	EVEN, /* each request takes as long */
	SPREAD, /* from half of that to one and a half */
	RANDOM, /* exponentially distributed */
	MIXED, /* one in ten takes ten times as long as the others */
	SKEWED, /* log-normally, with a deviation as large as the average */
	TAILED, /* by Pareto's law, up to fifty times the average */
	TWOFOLD, /* one of two takes five times as long */
};

struct server {
	const char *name;
	enum kind kind;
	enum spread spread;
	unsigned n;
	int64_t took_ns;
	int64_t change_ns; /* then there are `then` in place of n; 0: never */
	unsigned then;
	unsigned shed; /* one of so many is refused; 0: none */
	int64_t stall_ns; /* so long nothing goes on, every 3 s */
	unsigned n_missed; /* what the test asks of it */
	double worst_part, worst_times;
	bool is_cold; /* the first thousand or so take up to five times */
};

struct flight {
	int64_t begun_ns;
	double due; /* on the server's clock, or of its work */
	bool is_refused;
};

/* One server, and what is under way there. */
struct site {
	const struct server *server;
	struct fp_concurrency *concurrency; /* NULL: fixed */
	struct flight flights[MOST];
	unsigned n_flights, n_within; /* these: that were let in */
	double free_at[MOST]; /* the workers */
	double work, worked_at; /* that each one got; until then */

	uint64_t n_served; /* ever */
	uint64_t n_ok, n_refused; /* counted */
	int64_t *times;
	unsigned n_times;
	double rate, p50_ns, refused;
};

struct sim {
	struct site sites[SITES_MAX];
	unsigned n_sites, n_flights;
	unsigned turn; /* whose it is */
	unsigned fixed;
	uint64_t seed;
	int64_t from_ns; /* counted from then on */
	int64_t to_ns;
	int64_t now_ns;
	bool draws;
};

/* Network there and back. */
#define RTT (MS / 5)
#define STALL_EVERY (3 * S)

static inline double
uniform(uint64_t *seed)
{
	return ((double)(fp_random_next(seed) >> 11) + 1) / 0x1p53;
}

/* -ln(p), by halves and a series. */
static inline double
minus_ln(double p)
{
	double sum = 0;

	while (p < 0.5) {
		p *= 2;
		sum += 0.69314718055994531;
	}
	double q = 1 - p, power = q;
	for (int k = 1; k < 60; k++, power *= q)
		sum += power / k;
	return sum;
}

/* e to x, by squares and a series. */
static inline double
exponential(double x)
{
	double sum = 1, part = 1;

	x /= 1024;
	for (int k = 1; k < 8; k++)
		sum += part *= x / k;
	for (int k = 0; k < 10; k++)
		sum *= sum;
	return sum;
}

/* Twelve evenly distributed ones are as good as normally distributed. */
static inline double
normal(uint64_t *seed)
{
	double sum = -6;

	for (int k = 0; k < 12; k++)
		sum += uniform(seed);
	return sum;
}

/* Times the average, which is 1. */
static inline double
draw_service(enum spread spread, uint64_t *seed)
{
	double u = uniform(seed);

	switch (spread) {
	case EVEN:
		break;
	case SPREAD:
		return 0.5 + u;
	case RANDOM:
		return minus_ln(u);
	case MIXED:
		return u < 0.1 ? 5.26 : 0.526;
	case SKEWED: /* of ln(2) and half of that */
		return exponential(0.8325546 * normal(seed) - 0.3465736);
	case TAILED: /* u to the power of -1/2 */
		return FP_MIN(0.51 * exponential(minus_ln(u) / 2), 50.0);
	case TWOFOLD:
		return u < 0.5 ? 1.0 / 3 : 5.0 / 3;
	}
	return 1;
}

static inline unsigned
site_n(const struct site *site, int64_t now_ns)
{
	const struct server *server = site->server;

	return server->change_ns && now_ns >= server->change_ns ? server->then
								: server->n;
}

/* ---- its clock, which stands still in a stall ---- */

static inline double
site_clock(const struct site *site, int64_t now_ns)
{
	int64_t busy_ns = STALL_EVERY - site->server->stall_ns;

	return (double)(now_ns / STALL_EVERY * busy_ns +
			FP_MIN(now_ns % STALL_EVERY, busy_ns));
}

static inline int64_t
site_when(const struct site *site, double clock)
{
	int64_t busy_ns = STALL_EVERY - site->server->stall_ns;
	int64_t whole = (int64_t)clock;

	return whole / busy_ns * STALL_EVERY + whole % busy_ns + 1;
}

/* ---- its work, which is shared ---- */

/* What one of `within` gets of it. */
static inline double
site_pace(const struct site *site, unsigned within, unsigned n)
{
	double load = (double)within / n;

	switch (site->server->kind) {
	case SHARED:
		return load > 1 ? 1 / load : 1;
	case SLOWER:
		return 1 / (1 + load);
	case COLLAPSES:
		return 1 / (1 + load * load);
	case CONTENDED:
		return 1 / (1 + 0.3 * load + 0.7 * load * load);
	default:
		return 1;
	}
}

static inline void
site_work(struct site *site, int64_t now_ns)
{
	double clock = site_clock(site, now_ns);

	site->work += (clock - site->worked_at) *
		      site_pace(site, site->n_within, site_n(site, now_ns));
	site->worked_at = clock;
}

static inline void
site_arrive(struct sim *sim, struct site *site, struct flight *flight)
{
	const struct server *server = site->server;
	double took = draw_service(server->spread, &sim->seed) *
		      (double)server->took_ns;
	double clock = site_clock(site, sim->now_ns);
	double *worker = &site->free_at[0];
	unsigned n = site_n(site, sim->now_ns);

	if (server->is_cold)
		took *= 1 + 4 * exponential(-(double)site->n_served / 500);
	*flight = (struct flight){.begun_ns = sim->now_ns};
	if ((server->kind == CEILING && site->n_within >= n) ||
		(server->shed &&
			fp_random_evenly(&sim->seed, server->shed - 1) == 0)) {
		flight->is_refused = true;
		flight->due = (double)(sim->now_ns + RTT);
		return;
	}
	flight->due = clock + took + RTT;
	if (server->kind == WORKERS) {
		for (unsigned i = 0; i < n; i++)
			if (site->free_at[i] < *worker)
				worker = &site->free_at[i];
		*worker = FP_MAX(*worker, clock) + took;
		flight->due = *worker + RTT;
	} else if (server->kind >= SHARED) {
		site_work(site, sim->now_ns);
		flight->due = site->work + took;
	}
}

static inline int64_t
site_ends(const struct site *site, const struct flight *flight, int64_t now_ns)
{
	if (flight->is_refused)
		return (int64_t)flight->due;
	if (site->server->kind < SHARED)
		return site_when(site, flight->due);
	return site_when(
		site, site->worked_at + (flight->due - site->work) /
						site_pace(site, site->n_within,
							site_n(site, now_ns)));
}

/* When its next one is there. */
static inline int64_t
site_next(const struct site *site, int64_t now_ns, unsigned *next)
{
	int64_t end_ns = INT64_MAX;
	const struct flight *first = NULL;

	for (unsigned i = 0; i < site->n_flights; i++) {
		const struct flight *flight = &site->flights[i];
		if (flight->is_refused) {
			*next = i;
			return (int64_t)flight->due;
		}
		if (!first || flight->due < first->due)
			first = flight;
	}
	if (first) {
		*next = (unsigned)(first - site->flights);
		end_ns = site_ends(site, first, now_ns);
	}
	return end_ns;
}

/* ---- a run ---- */

static inline bool
may_start(struct sim *sim, struct site *site, int64_t *until_ns)
{
	int64_t then_ns = INT64_MAX;
	unsigned limit = sim->fixed;

	if (sim->n_flights >= MOST)
		return false;
	if (site->concurrency)
		limit = fp_concurrency_limit(
			site->concurrency, sim->now_ns, &then_ns);
	*until_ns = FP_MIN(*until_ns, then_ns);
	return site->n_flights < limit;
}

/* One of each, in turn. */
static inline void
start_some(struct sim *sim, int64_t *until_ns)
{
	bool has_started = true;

	*until_ns = INT64_MAX;
	while (has_started) {
		has_started = false;
		for (unsigned i = 0; i < sim->n_sites; i++) {
			struct site *site =
				&sim->sites[(sim->turn + i) % sim->n_sites];
			struct flight flight;
			if (!may_start(sim, site, until_ns))
				continue;
			site_arrive(sim, site, &flight);
			site->flights[site->n_flights++] = flight;
			site->n_within += !flight.is_refused;
			sim->n_flights++;
			sim->turn = (sim->turn + i + 1) % sim->n_sites;
			has_started = true;
			if (site->concurrency)
				fp_concurrency_started(
					site->concurrency, sim->now_ns);
			break;
		}
	}
}

static inline void
land(struct sim *sim, struct site *site, unsigned i)
{
	struct flight flight = site->flights[i];

	site_work(site, sim->now_ns);
	site->flights[i] = site->flights[--site->n_flights];
	site->n_within -= !flight.is_refused;
	site->n_served += !flight.is_refused;
	sim->n_flights--;
	if (sim->now_ns >= sim->from_ns) {
		site->n_ok += !flight.is_refused;
		site->n_refused += flight.is_refused;
		if (!flight.is_refused && site->n_times < TIMES_MAX)
			site->times[site->n_times++] =
				sim->now_ns - flight.begun_ns;
	}
	if (site->concurrency)
		fp_concurrency_ended(site->concurrency,
			flight.is_refused ? FP_PASSAGE_REFUSED
					  : FP_PASSAGE_ANSWERED,
			flight.begun_ns, sim->now_ns);
}

/* The number found, twice a second. */
static inline void
draw_level(struct sim *sim, int64_t *drawn_ns)
{
	while (sim->draws && sim->now_ns >= *drawn_ns) {
		int64_t until_ns;
		printf(" %u(%u)",
			fp_concurrency_found(sim->sites[0].concurrency),
			fp_concurrency_limit(sim->sites[0].concurrency,
				sim->now_ns, &until_ns));
		*drawn_ns += S / 2;
	}
}

/* One event. */
static inline void
fly_on(struct sim *sim)
{
	int64_t until_ns, next_ns = INT64_MAX;
	unsigned flight = 0, i;
	struct site *next = NULL;

	start_some(sim, &until_ns);
	for (i = 0; i < sim->n_sites; i++) {
		unsigned first;
		int64_t end_ns = site_next(&sim->sites[i], sim->now_ns, &first);
		if (end_ns < next_ns) {
			next_ns = end_ns;
			next = &sim->sites[i];
			flight = first;
		}
	}
	if (!next || until_ns < next_ns) {
		sim->now_ns = FP_MAX(until_ns, sim->now_ns + 1);
		return;
	}
	sim->now_ns = FP_MAX(next_ns, sim->now_ns);
	land(sim, next, flight);
}

static inline void
fly(struct sim *sim)
{
	static int64_t times[SITES_MAX][TIMES_MAX];
	int64_t drawn_ns = 0;

	sim->now_ns = 1;
	for (unsigned i = 0; i < sim->n_sites; i++)
		sim->sites[i].times = times[i];
	if (sim->draws)
		printf("#");
	while (sim->now_ns < sim->to_ns) {
		draw_level(sim, &drawn_ns);
		fly_on(sim);
	}
	if (sim->draws)
		printf("\n");
}

#endif
