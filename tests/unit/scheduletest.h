/* SPDX-License-Identifier: MIT */
/*
 * scheduletest: what the tests of the schedule are written with: items that go
 * in, come out and end, in virtual time.
 */
#ifndef FP_SCHEDULETEST_H
#define FP_SCHEDULETEST_H

#include "base.h"

#include "schedule.h"

#include "tap.h"
#include "ticketmaker.h"

#define S FP_NS_PER_S
#define MS FP_NS_PER_MS
#define T0 (1000 * S) /* when tests begin */

/* Hosts that need no look-up. */
#define A "http://127.0.0.1/"
#define B "http://127.0.0.2/"
#define C "http://127.0.0.3/"

static struct fp_schedule schedule;
static struct fp_schedule_rules rules;
static unsigned n_strangers; /* names that may be looked up now */
static struct fp_ticket_list refused;

/* What holds if a test does not say otherwise; before set_up(). */
static inline void
set_rules(unsigned host_jobs, const char *rate, const char *host_rate)
{
	rules = (struct fp_schedule_rules){
		.capacity = 1000,
		.origin = {.jobs = 100,
			.host_jobs = host_jobs,
			.waiting_max = 1000},
	};
	FP_ASSERT(!rate || fp_rates_parse(rate, &rules.rates) == 0);
	FP_ASSERT(!host_rate ||
		  fp_rates_parse(host_rate, &rules.origin.rates) == 0);
}

static inline void
set_up(void)
{
	n_strangers = 100;
	refused = (struct fp_ticket_list){NULL, &refused.first};
	CHECK(fp_schedule_init(&schedule, &rules) == 0);
}

static inline struct fp_ticket *
add_item(const char *url)
{
	struct fp_ticket *ticket = make_ticket(url);
	struct fp_origin_name name;

	fp_origin_name(&name, url);
	CHECK(fp_schedule_add(&schedule, ticket, &name) == 0);
	return ticket;
}

static inline struct fp_ticket *
next_item(int64_t now_ns)
{
	struct fp_ticket *ticket =
		fp_schedule_next(&schedule, &n_strangers, &refused, now_ns);

	CHECK(!ticket || ticket->origin);
	return ticket;
}

/* Whether the next that is given out is this one. */
static inline bool
gives(const struct fp_ticket *ticket, int64_t now_ns)
{
	return next_item(now_ns) == ticket;
}

/* Its request is on the wire. */
static inline void
fire(struct fp_ticket *ticket, int64_t now_ns)
{
	FP_ASSERT(ticket->start.state == FP_START_RESERVED);
	ticket->start.state = FP_START_FIRED;
	fp_schedule_fire(&schedule, ticket, now_ns);
}

static inline bool
end_item(struct fp_ticket *ticket, enum fp_again_how again, int64_t wait_ns,
	struct fp_report report, int64_t now_ns)
{
	FP_ASSERT(ticket->stage == FP_STAGE_STARTED);
	ticket->again = (struct fp_again){.how = again, .wait_ns = wait_ns};
	if (report.kind == FP_KIND_TIMEOUT)
		ticket->again.why = FP_CAUSE_TIMEOUT;
	ticket->report = report;
	ticket->result.kind = report.kind;
	return fp_schedule_end(&schedule, ticket, now_ns);
}

/* It has got its answer, and is finished. */
static inline void
finish(struct fp_ticket *ticket, int64_t now_ns)
{
	CHECK(!end_item(ticket, FP_AGAIN_NO, 0,
		(struct fp_report){
			.heard = FP_HEARD_ANSWER, .begun_ns = now_ns},
		now_ns));
	CHECK(!ticket->origin);
	fp_ticket_free(ticket);
}

/* Another attempt, after a while. */
static inline void
retry(struct fp_ticket *ticket, int64_t wait_ns, int64_t now_ns)
{
	CHECK(end_item(ticket, FP_AGAIN_FREE, wait_ns,
		(struct fp_report){
			.heard = FP_HEARD_ANSWER, .begun_ns = now_ns},
		now_ns));
}

/* No connection: it goes on, or is finished and freed. */
static inline void
meet_silence(struct fp_ticket *ticket, enum fp_again_how again, int64_t wait_ns,
	int64_t now_ns)
{
	if (!end_item(ticket, again, wait_ns,
		    (struct fp_report){.heard = FP_HEARD_SILENCE,
			    .kind = FP_KIND_CONNECT,
			    .is_last = again == FP_AGAIN_NO,
			    .begun_ns = now_ns},
		    now_ns))
		fp_ticket_free(ticket);
}

/* Frees what was refused since the last time, and says how many it was. */
static inline size_t
take_refused(void)
{
	size_t n = 0;

	while (refused.first) {
		struct fp_ticket *ticket = refused.first;
		refused.first = ticket->next;
		CHECK(!ticket->origin && ticket->result.message);
		fp_ticket_free(ticket);
		n++;
	}
	refused.last = &refused.first;
	return n;
}

/* Frees what is still in it, and says how many it was. */
static inline size_t
clear(int64_t now_ns)
{
	struct fp_ticket *list = fp_schedule_clear(&schedule, now_ns);
	size_t n = 0;

	while (list) {
		struct fp_ticket *ticket = list;
		list = ticket->next;
		CHECK(!ticket->origin);
		fp_ticket_free(ticket);
		n++;
	}
	CHECK(schedule.n_items == 0);
	return n;
}

/* Nobody holds an origin any more, and it knows. */
static inline void
tear_down(void)
{
	const struct fp_origins *origins = &schedule.origins;

	clear(T0);
	take_refused();
	CHECK(origins->table.n == origins->n_idle);
	for (const struct fp_origin *origin = fp_origins_walk(origins, NULL);
		origin; origin = fp_origins_walk(origins, origin))
		CHECK(origin->n_tried == 0 && origin->n_active == 0 &&
			origin->n_waiting == 0 && !origin->list &&
			!origin->is_looking_up && !origin->is_probing);
	fp_schedule_destroy(&schedule);
}

#endif
