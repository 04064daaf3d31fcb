/* SPDX-License-Identifier: MIT */
/*
 * simserver: a server in virtual time: when the requests that it has been sent
 * end, and how.
 */
#ifndef FP_SIMSERVER_H
#define FP_SIMSERVER_H

#include "base.h"

#include "concurrency.h"
#include "random.h"
#include "simdraw.h"

#define MS FP_NS_PER_MS
#define S FP_NS_PER_S
#define MOST 256
#define TIMES_MAX 400000

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

struct server {
	const char *name;
	enum kind kind;
	enum spread spread;
	unsigned n;
	int64_t took_ns;
	int64_t change_ns; /* then there are `then` in place of n; 0: never */
	unsigned then;
	unsigned shed; /* one of so many is refused; 0: none */
	int64_t stall_ns; /* so long nothing goes on, */
	int64_t every_ns; /* as often; 0: every 3 s */
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

/* Network there and back. */
#define RTT (MS / 5)
#define STALL_EVERY (3 * S)

static inline unsigned
site_n(const struct site *site, int64_t now_ns)
{
	const struct server *server = site->server;

	return server->change_ns && now_ns >= server->change_ns ? server->then
								: server->n;
}

/* ---- its clock, which stands still in a stall ---- */

static inline int64_t
site_every(const struct site *site)
{
	return site->server->every_ns ? site->server->every_ns : STALL_EVERY;
}

static inline double
site_clock(const struct site *site, int64_t now_ns)
{
	int64_t every_ns = site_every(site);
	int64_t busy_ns = every_ns - site->server->stall_ns;

	return (double)(now_ns / every_ns * busy_ns +
			FP_MIN(now_ns % every_ns, busy_ns));
}

static inline int64_t
site_when(const struct site *site, double clock)
{
	int64_t every_ns = site_every(site);
	int64_t busy_ns = every_ns - site->server->stall_ns;
	int64_t whole = (int64_t)clock;

	return whole / busy_ns * every_ns + whole % busy_ns + 1;
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
site_arrive(struct site *site, struct flight *flight, uint64_t *seed,
	int64_t now_ns)
{
	const struct server *server = site->server;
	double took =
		draw_service(server->spread, seed) * (double)server->took_ns;
	double clock = site_clock(site, now_ns);
	double *worker = &site->free_at[0];
	unsigned n = site_n(site, now_ns);

	if (server->is_cold)
		took *= 1 + 4 * exponential(-(double)site->n_served / 500);
	*flight = (struct flight){.begun_ns = now_ns};
	if ((server->kind == CEILING && site->n_within >= n) ||
		(server->shed &&
			fp_random_evenly(seed, server->shed - 1) == 0)) {
		flight->is_refused = true;
		flight->due = (double)(now_ns + RTT);
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
		site_work(site, now_ns);
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

#endif
