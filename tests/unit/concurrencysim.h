/* SPDX-License-Identifier: MIT */
/*
 * concurrencysim: one server, simulated in virtual time, and as many requests
 * at once as are allowed: by a fixed number, or by struct fp_concurrency. There
 * is always another item. The same seed gives the same run.
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

enum kind {
	FLAT, /* as many at once as there are */
	WORKERS, /* so many at once, and the others wait in a queue */
	CEILING, /* so many at once, and the others get 503 */
	SLOWER, /* the time grows by 1 with each so many */
	COLLAPSES, /* the same, squared */
};

enum spread {
	EVEN, /* each request takes as long */
	SPREAD, /* from half of that to one and a half */
	RANDOM, /* exponentially distributed */
	MIXED, /* one in ten takes ten times as long as the others */
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
};

struct flight {
	int64_t begun_ns, end_ns;
	bool is_refused;
};

struct sim {
	const struct server *server;
	struct fp_concurrency *concurrency; /* NULL: fixed */
	unsigned fixed;
	uint64_t seed;
	int64_t from_ns; /* counted from then on */
	int64_t to_ns;
	struct flight flights[MOST];
	unsigned n_flights, n_within; /* these: that were let in */
	int64_t free_ns[MOST]; /* the workers */
	int64_t now_ns;
	bool draws;

	uint64_t n_ok, n_refused;
	int64_t *times;
	unsigned n_times;
	double rate, p50_ns, refused;
};

/* Network there and back. */
#define RTT (MS / 5)

static inline double
exponential(uint64_t *seed)
{
	double p = (double)(fp_random_next(seed) >> 11) / 0x1p53;
	double sum = 0;

	/* -ln(p), by halves and a series. */
	while (p < 0.5) {
		p *= 2;
		sum += 0.69314718055994531;
	}
	double q = 1 - p, power = q;
	for (int k = 1; k < 60; k++, power *= q)
		sum += power / k;
	return sum;
}

static inline int64_t
draw_service_ns(struct sim *sim)
{
	double took = (double)sim->server->took_ns;
	double u = (double)(fp_random_next(&sim->seed) >> 11) / 0x1p53;

	switch (sim->server->spread) {
	case EVEN:
		break;
	case SPREAD:
		took *= 0.5 + u;
		break;
	case RANDOM:
		took *= exponential(&sim->seed);
		break;
	case MIXED:
		took *= u < 0.1 ? 5.26 : 0.526;
		break;
	}
	return (int64_t)took + 1;
}

static inline unsigned
server_n(const struct sim *sim)
{
	const struct server *server = sim->server;

	return server->change_ns && sim->now_ns >= server->change_ns
		       ? server->then
		       : server->n;
}

static inline void
arrive(struct sim *sim, struct flight *flight)
{
	const struct server *server = sim->server;
	int64_t took_ns = draw_service_ns(sim);
	unsigned n = server_n(sim), within = sim->n_within;
	double load = (double)within / n;
	int64_t *worker = &sim->free_ns[0];

	flight->begun_ns = sim->now_ns;
	flight->is_refused = false;
	if (server->shed &&
		fp_random_evenly(&sim->seed, server->shed - 1) == 0) {
		flight->is_refused = true;
		flight->end_ns = sim->now_ns + RTT;
		return;
	}
	switch (server->kind) {
	case FLAT:
		break;
	case WORKERS:
		for (unsigned i = 0; i < n; i++)
			if (sim->free_ns[i] < *worker)
				worker = &sim->free_ns[i];
		*worker = FP_MAX(*worker, sim->now_ns) + took_ns;
		flight->end_ns = *worker + RTT;
		return;
	case CEILING:
		flight->is_refused = within >= n;
		if (flight->is_refused)
			took_ns = 0;
		break;
	case SLOWER:
		took_ns = (int64_t)((double)took_ns * (1 + load));
		break;
	case COLLAPSES:
		took_ns = (int64_t)((double)took_ns * (1 + load * load));
		break;
	}
	flight->end_ns = sim->now_ns + took_ns + RTT;
}

static inline void
start_some(struct sim *sim, int64_t *until_ns)
{
	unsigned limit = sim->fixed;

	*until_ns = INT64_MAX;
	for (;;) {
		if (sim->concurrency)
			limit = fp_concurrency_limit(
				sim->concurrency, sim->now_ns, until_ns);
		if (sim->n_flights >= limit)
			return;
		struct flight flight;
		arrive(sim, &flight);
		sim->flights[sim->n_flights++] = flight;
		sim->n_within += !flight.is_refused;
		if (sim->concurrency)
			fp_concurrency_started(sim->concurrency, sim->now_ns);
	}
}

static inline void
land(struct sim *sim, unsigned i)
{
	struct flight flight = sim->flights[i];

	sim->flights[i] = sim->flights[--sim->n_flights];
	sim->n_within -= !flight.is_refused;
	if (sim->now_ns >= sim->from_ns) {
		sim->n_ok += !flight.is_refused;
		sim->n_refused += flight.is_refused;
		if (!flight.is_refused && sim->n_times < TIMES_MAX)
			sim->times[sim->n_times++] =
				sim->now_ns - flight.begun_ns;
	}
	if (sim->concurrency)
		fp_concurrency_ended(sim->concurrency,
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
		printf(" %u(%u)", fp_concurrency_found(sim->concurrency),
			fp_concurrency_limit(
				sim->concurrency, sim->now_ns, &until_ns));
		*drawn_ns += S / 2;
	}
}

static inline void
fly(struct sim *sim)
{
	static int64_t times[TIMES_MAX];
	int64_t until_ns, drawn_ns = 0;

	sim->now_ns = 1;
	sim->times = times;
	if (sim->draws)
		printf("#");
	while (sim->now_ns < sim->to_ns) {
		draw_level(sim, &drawn_ns);
		start_some(sim, &until_ns);
		unsigned next = 0;
		for (unsigned i = 1; i < sim->n_flights; i++)
			if (sim->flights[i].end_ns < sim->flights[next].end_ns)
				next = i;
		if (until_ns < sim->flights[next].end_ns) {
			sim->now_ns = FP_MAX(until_ns, sim->now_ns + 1);
			continue;
		}
		sim->now_ns = FP_MAX(sim->flights[next].end_ns, sim->now_ns);
		land(sim, next);
	}
	if (sim->draws)
		printf("\n");
}

#endif
