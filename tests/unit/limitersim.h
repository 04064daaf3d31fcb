/* SPDX-License-Identifier: MIT */
/*
 * limitersim: simulated servers with a limit of each kind, and a run of the
 * schedule against one of them, in virtual time: what the pool would do with
 * so many items and jobs, but for threads and the network.
 */
#ifndef FP_LIMITERSIM_H
#define FP_LIMITERSIM_H

#include "base.h"

#include "ahead.h"
#include "random.h"
#include "schedule.h"
#include "tap.h"
#include "ticketmaker.h"

#define S FP_NS_PER_S
#define MS FP_NS_PER_MS
#define T0 (1000 * S)

#define ITEMS_MAX 1000
#define LOG_MAX 4096
#define COLUMNS 64

/* ---- servers ---- */

enum kind {
	FIXED, /* windows that begin with the first request in them */
	CLOCK, /* windows that begin with the clock's */
	SLIDING_LOG,
	SLIDING_COUNTER, /* the window before counts by its part */
	BUCKET, /* tokens, as many at first as fit */
	LEAKY, /* one each so long, none saved */
	LEAKY_DELAY, /* the same, but up to `burst` wait their turn */
	COUNTS_REFUSED, /* a log of all that came */
	PROLONGS, /* a refusal begins the window anew */
	BLOCKS, /* a refusal is followed by so long of them */
	FORGETS, /* fixed windows, of a server that starts anew at times */
	SHEDS, /* one of so many by chance, whatever the rate */
	NEVER, /* no to all but the first n */
};

enum hint { SILENT, EXACT, SECONDS_UP, SECONDS_DOWN, ZERO, SECOND_LATE };

struct server {
	const char *name;
	enum kind kind;
	int n;
	int64_t period_ns;
	enum hint hint;
	int status;
	int burst;
	int64_t rtt_ns; /* 0: 5 ms */
	double most_times; /* of the ideal time; 0: not held against it */
	double most_refused; /* of all requests, in percent */
	const char *forbids; /* items that are refused for good: every n-th */

	/* State. */
	int64_t log[LOG_MAX];
	unsigned n_log;
	int64_t window_ns, until_ns;
	int count, before;
	double tokens;
	int64_t at_ns;
	uint64_t random;
};

static inline int64_t
span_of(const struct server *server)
{
	return server->period_ns;
}

/* How many of the log are younger than a period. */
static inline int
logged(const struct server *server, int64_t now_ns, int64_t *oldest_ns)
{
	int n = 0;

	*oldest_ns = now_ns;
	for (unsigned i = server->n_log; i > 0; i--) {
		int64_t at = server->log[(i - 1) % LOG_MAX];
		if (at + span_of(server) <= now_ns)
			break;
		*oldest_ns = at;
		n++;
	}
	return n;
}

static inline bool
ask_log(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	int64_t oldest_ns;
	bool passes = logged(server, now_ns, &oldest_ns) < server->n;

	if (passes || server->kind == COUNTS_REFUSED)
		server->log[server->n_log++ % LOG_MAX] = now_ns;
	*wait_ns = oldest_ns + span_of(server) - now_ns;
	return passes;
}

static inline bool
ask_window(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	int64_t period_ns = server->period_ns;

	if (server->window_ns == 0 || now_ns >= server->window_ns + period_ns) {
		server->window_ns = server->kind == CLOCK
					    ? now_ns - now_ns % period_ns
					    : now_ns;
		server->count = 0;
	}
	bool passes = server->count < server->n;
	server->count += passes;
	if (!passes && server->kind == PROLONGS)
		server->window_ns = now_ns;
	*wait_ns = server->window_ns + period_ns - now_ns;
	return passes;
}

static inline bool
ask_counter(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	int64_t period_ns = server->period_ns;
	int64_t window_ns = now_ns - now_ns % period_ns;

	if (window_ns != server->window_ns) {
		server->before = window_ns == server->window_ns + period_ns
					 ? server->count
					 : 0;
		server->window_ns = window_ns;
		server->count = 0;
	}
	double part = (double)(now_ns - window_ns) / (double)period_ns;
	double sum = server->count + server->before * (1 - part);
	bool passes = sum + 1 <= server->n;
	server->count += passes;
	*wait_ns = window_ns + period_ns - now_ns;
	return passes;
}

static inline bool
ask_bucket(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	double per_ns = (double)server->n / (double)server->period_ns;

	if (server->at_ns == 0)
		server->tokens = server->burst;
	else
		server->tokens += (double)(now_ns - server->at_ns) * per_ns;
	server->tokens = FP_MIN(server->tokens, server->burst);
	server->at_ns = now_ns;
	bool passes = server->tokens >= 1;
	server->tokens -= passes;
	*wait_ns = passes ? 0 : (int64_t)((1 - server->tokens) / per_ns);
	return passes;
}

static inline bool
ask_leaky(struct server *server, int64_t now_ns, int64_t *wait_ns,
	int64_t *delay_ns)
{
	int64_t each_ns = server->period_ns / server->n;
	int64_t next_ns = FP_MAX(server->at_ns, now_ns);
	int64_t most_ns =
		server->kind == LEAKY_DELAY ? server->burst * each_ns : 0;
	bool passes = next_ns - now_ns <= most_ns;

	*wait_ns = next_ns - now_ns;
	if (passes) {
		*delay_ns = next_ns - now_ns;
		server->at_ns = next_ns + each_ns;
	}
	return passes;
}

static inline bool
ask_block(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	bool passes =
		now_ns >= server->until_ns && ask_log(server, now_ns, wait_ns);

	if (!passes)
		server->until_ns = now_ns + server->period_ns;
	*wait_ns = server->until_ns - now_ns;
	return passes;
}

/* Whether the request is let through, after which delay; and if not, how long
 * it would take. */
static inline bool
ask_server(struct server *server, int64_t now_ns, int64_t *wait_ns,
	int64_t *delay_ns)
{
	*delay_ns = *wait_ns = 0;
	switch (server->kind) {
	case FORGETS:
		if (fp_random_evenly(&server->random, 20) == 0)
			server->window_ns = 0;
		return ask_window(server, now_ns, wait_ns);
	case FIXED:
	case CLOCK:
	case PROLONGS:
		return ask_window(server, now_ns, wait_ns);
	case SLIDING_LOG:
	case COUNTS_REFUSED:
		return ask_log(server, now_ns, wait_ns);
	case SLIDING_COUNTER:
		return ask_counter(server, now_ns, wait_ns);
	case BUCKET:
		return ask_bucket(server, now_ns, wait_ns);
	case LEAKY:
	case LEAKY_DELAY:
		return ask_leaky(server, now_ns, wait_ns, delay_ns);
	case BLOCKS:
		return ask_block(server, now_ns, wait_ns);
	case SHEDS:
		*wait_ns = server->period_ns;
		return fp_random_evenly(
			       &server->random, (uint64_t)server->n - 1) > 0;
	case NEVER:
		return server->count++ < server->n;
	}
	abort();
}

/* What one gets that asks all the time, and is only counted when let in. */
static inline double
greedy_s(const struct server *server, int n_items)
{
	struct server copy = *server;
	int64_t now_ns = T0, wait_ns, delay_ns;

	for (int n = 0; n < n_items; now_ns += 2 * MS)
		n += ask_server(&copy, now_ns, &wait_ns, &delay_ns);
	return (double)(now_ns - T0) / 1e9;
}

/* The shortest time in which so many can pass. */
static inline double
ideal_s(const struct server *server, int n_items)
{
	double period_s = (double)server->period_ns / 1e9;
	int rounds = (n_items + server->n - 1) / server->n - 1;

	switch (server->kind) {
	case BUCKET:
		return FP_MAX(n_items - server->burst, 0) * period_s /
		       server->n;
	case LEAKY:
	case LEAKY_DELAY:
		return (n_items - 1) * period_s / server->n;
	case SLIDING_COUNTER:
		return greedy_s(server, n_items);
	case SHEDS:
	case NEVER:
		return 0;
	default:
		return rounds * period_s;
	}
}

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
	}
	abort();
}

static inline int
column(const struct sim *sim, int64_t now_ns)
{
	return (int)FP_MIN(
		(now_ns - sim->first_ns) / sim->column_ns, COLUMNS - 1);
}

static inline void
take_off(struct sim *sim, struct fp_ticket *ticket, int64_t now_ns)
{
	struct server *server = sim->server;
	int64_t rtt_ns = server->rtt_ns ? server->rtt_ns : 5 * MS;
	struct flight flight = {.ticket = ticket, .begun_ns = now_ns};
	int64_t delay_ns;

	if (ticket->started_ns == 0)
		ticket->started_ns = now_ns;
	ticket->result.attempts++;
	flight.passes = ask_server(
		server, now_ns + rtt_ns / 2, &flight.wait_ns, &delay_ns);
	if (server->forbids &&
		ticket->result.seq % (uint64_t)atoi(server->forbids) == 0)
		flight.passes = false;
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
		struct fp_attempt attempt = {.cause = FP_CAUSE_STATUS,
			.status = sim->server->status,
			.was_sent = true,
			.is_idempotent = true,
			.n_attempts = ticket->result.attempts,
			.n_cause = ticket->result.attempts,
			.elapsed_ns = now_ns - ticket->started_ns};
		refused = refusal_of(sim->server, flight.wait_ns);
		ticket->report.is_first_success = false;
		ticket->report.heard =
			fp_ahead_heard(&refused, sim->server->status, false);
		ticket->result.kind = FP_KIND_HTTP;
		ticket->result.status = sim->server->status;
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
