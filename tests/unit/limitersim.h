/* SPDX-License-Identifier: MIT */
/*
 * limitersim: a run of the schedule against one of the servers of
 * limiterservers.h, in virtual time: what the pool would do with so many items
 * and jobs, but for threads and the network.
 */
#ifndef FP_LIMITERSIM_H
#define FP_LIMITERSIM_H

#include "base.h"

#include "ahead.h"
#include "limiterservers.h"
#include "schedule.h"
#include "tap.h"
#include "ticketmaker.h"

#define ITEMS_MAX 1000
#define COLUMNS 64

/* ---- a run ---- */

struct flight {
	struct fp_ticket *ticket;
	int64_t begun_ns, end_ns, wait_ns;
	bool passes;
};

struct outcome {
	int n_ok, n_failed, n_requests, n_refused;
	int n_attempts_max;
	int n_pauses;
	double took_s;
	char rate[FP_LEARNER_WORDS]; /* learned; "": none */
	int passed[COLUMNS], refused[COLUMNS];
};

struct sim {
	struct server *server;
	struct fp_schedule schedule;
	struct fp_retry_policy policy;
	struct flight flights[64];
	unsigned n_flights, jobs;
	int64_t first_ns, column_ns;
	double ideal_s;
	uint64_t seed;
	struct outcome out;
};

static inline int64_t
hinted_ns(const struct server *server, int64_t wait_ns)
{
	switch (server->hint) {
	case SILENT:
		return -1;
	case EXACT:
		return wait_ns;
	case SECONDS_UP:
		return (wait_ns + S - 1) / S * S;
	case SECONDS_DOWN:
		return wait_ns / S * S;
	case ZERO:
		return 0;
	case SECOND_LATE:
		return wait_ns + S;
	case ALWAYS:
		return server->always_ns;
	}
	abort();
}

static inline int
column(const struct sim *sim, int64_t now_ns)
{
	return (int)FP_MIN(
		(now_ns - sim->first_ns) / sim->column_ns, COLUMNS - 1);
}

static inline int64_t
way_jitter_ns(struct server *server)
{
	return server->jitter_ns == 0
		       ? 0
		       : (int64_t)fp_random_evenly(
				 &server->random, (uint64_t)server->jitter_ns);
}

static inline void
take_off(struct sim *sim, struct fp_ticket *ticket, int64_t now_ns)
{
	struct server *server = sim->server;
	int64_t rtt_ns = (server->rtt_ns ? server->rtt_ns : 5 * MS) +
			 way_jitter_ns(server);
	struct flight flight = {.ticket = ticket, .begun_ns = now_ns};
	int64_t delay_ns;

	if (ticket->started_ns == 0)
		ticket->started_ns = now_ns;
	ticket->result.attempts++;
	flight.passes =
		ask_server(server, now_ns + server->phase_ns + rtt_ns / 2,
			&flight.wait_ns, &delay_ns);
	if (server->forbids &&
		ticket->result.seq % (uint64_t)atoi(server->forbids) == 0)
		flight.passes = false;
	if (server->breaks && server->breaks(server, ticket->result.seq,
				      now_ns - sim->first_ns))
		flight.passes = false;
	delay_ns = flight.passes ? delay_ns + server->takes_ns : 0;
	flight.end_ns = now_ns + rtt_ns + delay_ns;
	sim->flights[sim->n_flights++] = flight;
	sim->out.n_requests++;
	int *at = flight.passes ? sim->out.passed : sim->out.refused;
	at[column(sim, now_ns)]++;
	sim->out.n_refused += !flight.passes;
}

static inline struct fp_refused
refusal_of(const struct server *server, int64_t wait_ns)
{
	struct fp_waithint hints;

	fp_waithint_reset(&hints);
	hints.wait_ns = hinted_ns(server, wait_ns);
	return fp_refusal_judge(server->status, &hints, 0);
}

static inline void
land(struct sim *sim, unsigned i)
{
	struct flight flight = sim->flights[i];
	struct fp_ticket *ticket = flight.ticket;
	int64_t now_ns = flight.end_ns;
	struct fp_refused refused = {.wait_ns = -1};

	sim->flights[i] = sim->flights[--sim->n_flights];
	ticket->again.how = FP_AGAIN_NO;
	ticket->again.wait_ns = 0;
	ticket->report = (struct fp_report){.heard = FP_HEARD_ANSWER,
		.begun_ns = flight.begun_ns,
		.is_first_success = ticket->result.attempts == 1};
	if (!flight.passes) {
		bool is_closed = sim->server->status == FP_STATUS_CLOSED;
		struct fp_attempt attempt = {
			.cause = is_closed ? FP_CAUSE_RESET : FP_CAUSE_STATUS,
			.status = is_closed ? 0 : sim->server->status,
			.was_sent = true,
			.is_closed = is_closed,
			.is_idempotent = true,
			.n_attempts = ticket->result.attempts,
			.n_cause = ticket->result.attempts,
			.elapsed_ns = now_ns - ticket->started_ns};
		refused = refusal_of(sim->server, flight.wait_ns);
		ticket->report.is_first_success = false;
		ticket->report.heard = is_closed
					       ? FP_HEARD_NOTHING
					       : fp_ahead_heard(&refused,
							 attempt.status, false);
		ticket->result.kind =
			is_closed ? FP_KIND_NETWORK : FP_KIND_HTTP;
		ticket->result.status = attempt.status;
		fp_ahead_decide(ticket, &sim->policy, &attempt, &refused,
			fp_random_for(sim->seed, ticket->result.seq,
				ticket->result.attempts));
	} else {
		ticket->result.kind = FP_KIND_OK;
	}
	bool ok = flight.passes;
	unsigned attempts = ticket->result.attempts;
	if (fp_schedule_end(&sim->schedule, ticket, now_ns))
		return;
	sim->out.n_ok += ok;
	sim->out.n_failed += !ok;
	sim->out.n_attempts_max =
		FP_MAX(sim->out.n_attempts_max, (int)attempts);
	sim->out.took_s = (double)(now_ns - sim->first_ns) / 1e9;
	fp_ticket_free(ticket);
}

static inline void
drop_refused(struct sim *sim, struct fp_ticket_list *refused)
{
	while (refused->first) {
		struct fp_ticket *ticket = refused->first;
		refused->first = ticket->next;
		sim->out.n_failed++;
		fp_ticket_free(ticket);
	}
	refused->last = &refused->first;
}

static inline void
hear_news(struct sim *sim, int64_t now_ns)
{
	struct fp_notice notice;
	char name[FP_ORIGIN_MAX];

	while (fp_schedule_news(&sim->schedule, &notice, name, now_ns)) {
		if (notice.why == FP_NOTICE_LEARNED)
			snprintf(sim->out.rate, sizeof(sim->out.rate), "%s",
				notice.rate);
		sim->out.n_pauses += notice.why == FP_NOTICE_PAUSED;
	}
}

static inline int64_t
first_end(const struct sim *sim, unsigned *which)
{
	int64_t end_ns = INT64_MAX;

	for (unsigned i = 0; i < sim->n_flights; i++) {
		if (sim->flights[i].end_ns < end_ns) {
			end_ns = sim->flights[i].end_ns;
			*which = i;
		}
	}
	return end_ns;
}

static inline void
fly(struct sim *sim)
{
	struct fp_ticket_list refused = {NULL, &refused.first};
	int64_t now_ns = T0;

	for (;;) {
		unsigned n_strangers = 10, which = 0;
		struct fp_ticket *ticket;
		while (sim->n_flights < sim->jobs &&
			(ticket = fp_schedule_next(&sim->schedule, &n_strangers,
				 &refused, now_ns)))
			take_off(sim, ticket, now_ns);
		drop_refused(sim, &refused);
		int64_t end_ns = first_end(sim, &which);
		int64_t due_ns = sim->n_flights < sim->jobs
					 ? fp_schedule_due_ns(&sim->schedule)
					 : INT64_MAX;
		if (end_ns == INT64_MAX && due_ns == INT64_MAX)
			break;
		now_ns = FP_MAX(now_ns, FP_MIN(end_ns, due_ns));
		if (end_ns <= now_ns)
			land(sim, which);
		hear_news(sim, now_ns);
	}
	CHECK(sim->schedule.n_items == 0);
}

/* Others, or a run before, have left so much of the limit. */
static inline void
use_up(struct server *server)
{
	int64_t then_ns = T0 - server->used_ns, wait_ns, delay_ns;

	for (int i = 0; i < server->n_used; i++)
		ask_server(server, then_ns, &wait_ns, &delay_ns);
}

/* Options as they are if nothing is said. */
static inline void
simulate_with(struct sim *sim, struct server *server, int n_items,
	unsigned jobs, enum fp_busy_mode mode, bool learns, uint64_t seed)
{
	*sim = (struct sim){.server = server, .jobs = jobs, .seed = seed};
	server->random = fp_random_seed(seed);
	server->n_log = 0;
	server->window_ns = server->until_ns = server->at_ns = 0;
	server->count = server->before = 0;
	if (server->has_any_phase)
		server->phase_ns = (int64_t)fp_random_evenly(
			&server->random, (uint64_t)(60 * S));
	use_up(server);
	sim->ideal_s = ideal_s(server, n_items);
	fp_retry_policy_init(&sim->policy);
	struct fp_schedule_rules rules = {
		.capacity = ITEMS_MAX,
		.retry_max = 3,
		.retry_max_ns = 900 * S,
		.origin = {.jobs = jobs,
			.host_jobs = jobs,
			.waiting_max = ITEMS_MAX,
			.pause_max_ns = 600 * S,
			.busy = {.mode = mode,
				.learns = learns,
				.delay_ns = S,
				.max_delay_ns = 30 * S}},
	};
	CHECK(fp_schedule_init(&sim->schedule, &rules) == 0);
	sim->first_ns = T0;
	sim->column_ns =
		FP_MAX((int64_t)(sim->ideal_s * 1.25e9) / COLUMNS, 100 * MS);
	for (int i = 0; i < n_items; i++) {
		struct fp_ticket *ticket = make_ticket("http://127.0.0.1/");
		struct fp_origin_name name;
		fp_origin_name(&name, "http://127.0.0.1/");
		ticket->result.seq = (uint64_t)i + 1;
		CHECK(fp_schedule_add(&sim->schedule, ticket, &name) == 0);
	}
	fly(sim);
	fp_schedule_destroy(&sim->schedule);
}

static inline void
simulate(struct sim *sim, struct server *server, int n_items, unsigned jobs,
	uint64_t seed)
{
	simulate_with(sim, server, n_items, jobs, FP_BUSY_AUTO, true, seed);
}

/* ---- the picture ---- */

static inline void
draw(const struct sim *sim, int n_items)
{
	static const char levels[] = " .:-=+*#%@";
	const struct outcome *out = &sim->out;
	double ideal = sim->ideal_s;
	char passed[COLUMNS + 1], refused[COLUMNS + 1];
	int most = 1;

	for (int i = 0; i < COLUMNS; i++)
		most = FP_MAX(most, out->passed[i]);
	for (int i = 0; i < COLUMNS; i++) {
		int level = (out->passed[i] * 9 + most - 1) / most;
		passed[i] = levels[level];
		refused[i] = out->refused[i] == 0 ? ' '
			     : out->refused[i] < 10
				     ? (char)('0' + out->refused[i])
				     : 'x';
	}
	passed[COLUMNS] = refused[COLUMNS] = '\0';
	printf("# %s: %d of %d, %.1f s (x%.2f), %d of %d refused (%.1f %%), "
	       "at most %d attempts, learned %s\n"
	       "#   passed  |%s| of %.1f s\n#   refused |%s|\n",
		sim->server->name, out->n_ok, n_items, out->took_s,
		ideal > 0 ? out->took_s / ideal : 0, out->n_refused,
		out->n_requests, 100.0 * out->n_refused / out->n_requests,
		out->n_attempts_max, out->rate[0] ? out->rate : "nothing",
		passed, (double)sim->column_ns * COLUMNS / 1e9, refused);
}

#endif
