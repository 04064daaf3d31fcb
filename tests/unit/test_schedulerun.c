/* SPDX-License-Identifier: MIT */
/*
 * Whole runs of the schedule in virtual time: hundreds of items on several
 * origins, with look-ups, connects that take long, redirects, requests that
 * are sent again, pauses and servers that are silent. What is promised is
 * checked over the whole run, by trying it all.
 */
#include "base.h"

#include "random.h"
#include "scheduletest.h"

#define ORIGINS 6
#define ITEMS 400
#define ACTIVE_MAX 100
#define FIRES_MAX (20 * ITEMS)
#define STRANGERS 2
#define STEPS_MAX 200000

/* How a run is. Probabilities are in percent. */
struct world {
	const char *rate, *host_rate;
	bool is_paced, rests_first;
	unsigned host_jobs, n_items;
	int64_t connect_ns, answer_ns; /* at most */
	unsigned fails_unsent, redirects, resends, busy, retries;
	unsigned counts_late; /* a request only when it ends */
	bool has_names, has_dead_host;
};

enum state { LOOKS_UP, RESTS, CONNECTS, WAITS };

struct active {
	struct fp_ticket *ticket;
	enum state state;
	int64_t when_ns;
};

static const struct world *world;
static uint64_t chance;
static int64_t now_ns;
static struct active active[ACTIVE_MAX];
static size_t n_active, n_out, n_refused;
static struct {
	int64_t at_ns;
	size_t origin;
} fires[FIRES_MAX];
static size_t n_fires;

static int64_t
draw(int64_t most)
{
	return (int64_t)fp_random_evenly(&chance, (uint64_t)most);
}

static bool
happens(unsigned percent)
{
	return draw(99) < (int64_t)percent;
}

static void
make_url(char url[64], size_t i)
{
	bool is_dead = world->has_dead_host && i == ORIGINS - 1;

	snprintf(url, 64, "http://%s%zu/",
		world->has_names ? (is_dead ? "dead" : "host") : "127.0.0.", i);
}

static size_t
origin_of(const struct fp_ticket *ticket)
{
	return (size_t)(fp_ticket_url(ticket)[strlen("http://127.0.0.") -
					      (world->has_names ? 4 : 0)] -
			'0');
}

/* ---- what happens to an item under way ---- */

static void
stop(size_t i)
{
	active[i] = active[--n_active];
}

/* The request goes out; it is counted now, or when it ends. */
static void
send_request(struct active *one)
{
	struct fp_ticket *ticket = one->ticket;

	if (ticket->start.state == FP_START_RESERVED) {
		FP_ASSERT(n_fires < FIRES_MAX);
		fires[n_fires].at_ns = now_ns;
		fires[n_fires++].origin = origin_of(ticket);
		ticket->start.state = FP_START_FIRED;
		if (!happens(world->counts_late))
			fp_schedule_fire(&schedule, ticket, now_ns);
	}
	one->state = WAITS;
	one->when_ns = now_ns + draw(world->answer_ns);
}

static void
hand_back(size_t i, enum fp_again_how again, int64_t wait_ns,
	struct fp_report report)
{
	struct fp_ticket *ticket = active[i].ticket;

	stop(i);
	ticket->again = (struct fp_again){.how = again, .wait_ns = wait_ns};
	ticket->report = report;
	ticket->result.kind = report.kind;
	if (fp_schedule_end(&schedule, ticket, now_ns))
		return;
	CHECK(!ticket->origin);
	fp_ticket_free(ticket);
	n_out++;
}

/* No connection, or no address. */
static void
fail_unsent(size_t i, enum fp_kind kind)
{
	bool is_last = ++active[i].ticket->n_short > 3;

	hand_back(i, is_last ? FP_AGAIN_NO : FP_AGAIN_PAID, 1 + draw(S),
		(struct fp_report){.heard = FP_HEARD_SILENCE,
			.kind = kind,
			.begun_ns = now_ns});
}

static void
get_answer(size_t i)
{
	struct fp_ticket *ticket = active[i].ticket;
	struct fp_report report = {
		.heard = FP_HEARD_ANSWER, .begun_ns = now_ns};
	char url[64];

	if (happens(world->busy)) {
		report.heard = FP_HEARD_BUSY;
		report.status = 429;
		report.pause_ns = 1 + draw(5 * S);
		hand_back(i, FP_AGAIN_FREE, report.pause_ns, report);
	} else if (happens(world->redirects)) {
		make_url(url, (size_t)draw(ORIGINS - 1));
		ticket->trail.hop.len = 0;
		CHECK(fp_buf_set(&ticket->trail.hop, url, strlen(url)) == 0);
		hand_back(i, FP_AGAIN_SAME, 0, report);
	} else if (happens(world->retries)) {
		hand_back(i, FP_AGAIN_PAID, draw(2 * S), report);
	} else {
		report.is_first_success = true;
		hand_back(i, FP_AGAIN_NO, 0, report);
	}
}

static void
go_on(size_t i)
{
	struct active *one = &active[i];
	struct fp_ticket *ticket = one->ticket;
	bool is_dead = world->has_dead_host && origin_of(ticket) == ORIGINS - 1;

	switch (one->state) {
	case RESTS:
		ticket->is_rested = true;
		hand_back(i, FP_AGAIN_SAME, 0, (struct fp_report){0});
		return;
	case LOOKS_UP:
		if (happens(world->fails_unsent)) {
			fail_unsent(i, FP_KIND_DNS);
			return;
		}
		if (ticket->is_strange)
			fp_schedule_known(&schedule, ticket);
		one->state = CONNECTS;
		one->when_ns = now_ns + draw(world->connect_ns);
		return;
	case CONNECTS:
		if (is_dead || happens(world->fails_unsent))
			fail_unsent(i, FP_KIND_CONNECT);
		else
			send_request(one);
		return;
	case WAITS:
		if (happens(world->resends) &&
			ticket->start.state != FP_START_RESERVED &&
			fp_schedule_reserve(&schedule, ticket, now_ns))
			send_request(one);
		else
			get_answer(i);
		return;
	}
}

/* ---- the run ---- */

static bool
take_one(void)
{
	unsigned strangers = STRANGERS;

	for (size_t i = 0; i < n_active; i++)
		strangers -= active[i].ticket->is_strange;
	if (n_active == ACTIVE_MAX)
		return false;
	struct fp_ticket *ticket =
		fp_schedule_next(&schedule, &strangers, &refused, now_ns);
	n_refused += take_refused();
	if (!ticket)
		return false;
	bool rests = world->rests_first && !ticket->is_rested;
	CHECK(rests || ticket->origin->n_active <= world->host_jobs);
	active[n_active++] = (struct active){.ticket = ticket,
		.state = rests ? RESTS : LOOKS_UP,
		.when_ns = now_ns + (rests ? draw(S) : 0)};
	if (ticket->is_strange)
		active[n_active - 1].when_ns += draw(world->connect_ns);
	return true;
}

static int64_t
next_event_ns(void)
{
	int64_t when_ns = INT64_MAX;

	for (size_t i = 0; i < n_active; i++)
		when_ns = FP_MIN(when_ns, active[i].when_ns);
	return when_ns;
}

/* Until all items have come out. Each time that the schedule has named is
 * kept; in between nothing may come out without something being heard. */
static void
live(void)
{
	size_t n_idle = 0, n_steps = 0;

	while (n_out + n_refused < world->n_items && ++n_steps < STEPS_MAX) {
		size_t n = n_active + n_refused;
		while (take_one())
			continue;
		bool is_full = n_active == ACTIVE_MAX;
		int64_t due_ns = fp_schedule_due_ns(&schedule);
		CHECK(due_ns > now_ns || is_full);
		if (n_active == 0 && due_ns == INT64_MAX)
			break; /* nobody would ever come back */
		int64_t event_ns = next_event_ns();
		n_idle += n_active + n_refused == n;
		int64_t next_ns =
			FP_MIN(is_full ? INT64_MAX : due_ns, event_ns);
		if (next_ns > now_ns + 1 && !is_full) {
			now_ns += 1 + draw(next_ns - now_ns - 2);
			CHECK(!take_one());
		}
		if (!is_full && event_ns <= due_ns && event_ns > now_ns &&
			event_ns < due_ns) {
			now_ns = event_ns;
			CHECK(!take_one());
		}
		now_ns = next_ns;
		for (size_t i = n_active; i-- > 0;) {
			if (active[i].when_ns <= now_ns)
				go_on(i);
		}
	}
	CHECK(n_steps < STEPS_MAX);
	CHECK(n_out + n_refused == world->n_items);
	CHECK(n_idle < 40 * (size_t)world->n_items);
	while (n_active)
		hand_back(0, FP_AGAIN_NO, 0, (struct fp_report){0});
}

/* No window holds more than n, of one origin or (ORIGINS) of all. */
static bool
rate_holds(const struct fp_rates *rates, size_t origin)
{
	static int64_t times[FIRES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < n_fires; i++) {
		if (origin == ORIGINS || fires[i].origin == origin)
			times[n++] = fires[i].at_ns;
	}
	for (size_t r = 0; r < rates->n; r++) {
		size_t most = (size_t)rates->all[r].n;
		for (size_t i = 0; i + most < n; i++) {
			if (times[i + most] - times[i] <
				rates->all[r].period_ns)
				return false;
		}
	}
	return true;
}

static void
set_up_world(const struct world *this, uint64_t seed)
{
	char url[64];

	world = this;
	chance = fp_random_seed(seed);
	now_ns = T0;
	n_active = n_out = n_refused = n_fires = 0;
	set_rules(this->host_jobs, this->rate, this->host_rate);
	rules.is_paced = rules.origin.is_paced = this->is_paced;
	rules.rests_first = this->rests_first;
	set_up();
	for (unsigned i = 0; i < this->n_items; i++) {
		make_url(url, (size_t)draw(ORIGINS - 1));
		add_item(url);
	}
}

static void
check_rates(void)
{
	CHECK(rate_holds(&rules.rates, ORIGINS));
	for (size_t i = 0; i < ORIGINS; i++)
		CHECK(rate_holds(&rules.origin.rates, i));
}

static const struct world wild = {
	.rate = "20/s,300/m",
	.host_rate = "7/s,40/10s",
	.host_jobs = 5,
	.n_items = ITEMS,
	.connect_ns = 3 * S,
	.answer_ns = S,
	.fails_unsent = 5,
	.redirects = 20,
	.resends = 10,
	.busy = 5,
	.retries = 10,
	.counts_late = 30,
	.has_names = true,
	.has_dead_host = true,
};

static void
no_rate_is_exceeded_and_no_item_lost(void)
{
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct world this = wild;
		this.is_paced = seed % 4 == 1;
		this.rests_first = seed % 4 == 2;
		if (seed % 3 == 1)
			this.host_rate = NULL;
		if (seed % 3 == 2)
			this.rate = NULL;
		this.has_names = seed % 2 == 0;
		set_up_world(&this, seed);
		live();
		CHECK(n_fires > ITEMS / 2);
		check_rates();
		tear_down();
	}
}

/* A run that is stopped at any time gives everything back. */
static void
clear_gives_everything_back_at_any_time(void)
{
	for (uint64_t seed = 100; seed < 130; seed++) {
		set_up_world(&wild, seed);
		for (int i = (int)draw(300); i > 0; i--) {
			while (take_one())
				continue;
			now_ns = FP_MIN(
				next_event_ns(), fp_schedule_due_ns(&schedule));
			for (size_t k = n_active; k-- > 0;) {
				if (active[k].when_ns <= now_ns)
					go_on(k);
			}
		}
		size_t n_cleared = clear(now_ns);
		CHECK(n_out + n_refused + n_active + n_cleared == ITEMS);
		CHECK(!take_one() || n_active == ACTIVE_MAX);
		while (n_active)
			hand_back(0, FP_AGAIN_NO, 0, (struct fp_report){0});
		CHECK(n_out + n_refused + n_cleared == ITEMS);
		CHECK(schedule.starts.limit.n_reserved == 0);
		tear_down();
	}
}

/* With work all the time and requests that go out promptly, at least 97 % of
 * what is allowed is used. */
static void
the_limit_is_used(void)
{
	/* How long the shortest run of 1000 items is, at once and paced. */
	static const struct {
		const char *rate;
		double least_s[2];
	} cases[] = {
		{"20/s", {49, 49.95}},
		{"5/s,200/m", {4 * 60 + 39, 299.7}},
		{"50/10s", {190, 199.8}},
	};

	for (size_t i = 0; i < 2 * FP_ARRAY_LEN(cases); i++) {
		struct world this = {
			.rate = cases[i / 2].rate,
			.is_paced = i % 2,
			.host_jobs = 20,
			.n_items = 1000,
			.connect_ns = 2 * MS,
			.answer_ns = 300 * MS,
		};
		set_up_world(&this, i);
		live();
		CHECK(n_fires == 1000);
		double taken_s = (double)(now_ns - T0) / (double)S;
		CHECK(cases[i / 2].least_s[i % 2] >= 0.97 * taken_s);
		check_rates();
		tear_down();
	}
}

/* The same with origins that are stirred all the time and cannot start. */
static void
the_limit_is_used_in_a_crowd(void)
{
	struct world this = {
		.rate = "20/s",
		.is_paced = true,
		.host_jobs = 3,
		.n_items = 1000,
		.connect_ns = 2 * MS,
		.answer_ns = 300 * MS,
		.redirects = 30,
	};

	set_up_world(&this, 7);
	live();
	double taken_s = (double)(now_ns - T0) / (double)S;
	CHECK((double)n_fires / 20 >= 0.97 * taken_s);
	check_rates();
	tear_down();
}

int
main(void)
{
	run("no rate is exceeded and no item is lost",
		no_rate_is_exceeded_and_no_item_lost);
	run("clear gives everything back at any time",
		clear_gives_everything_back_at_any_time);
	run("the limit is used", the_limit_is_used);
	run("the limit is used in a crowd", the_limit_is_used_in_a_crowd);
	return done();
}
