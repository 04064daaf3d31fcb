/* SPDX-License-Identifier: MIT */
/*
 * concurrencysim: simulated servers, and as many requests at once as are
 * allowed: by a fixed number, or by a struct fp_concurrency for each of them.
 * There is always another item for each server. The same seed gives the same
 * run.
 */
#ifndef FP_CONCURRENCYSIM_H
#define FP_CONCURRENCYSIM_H

#include "base.h"

#include "concurrency.h"
#include "simserver.h"

#include <stdio.h>

#define SITES_MAX 3

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
			site_arrive(site, &flight, &sim->seed, sim->now_ns);
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
