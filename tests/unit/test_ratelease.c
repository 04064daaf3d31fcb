/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ratecalltest.h"
#include "ratelease.h"
#include "scratch.h"
#include "tap.h"

#define US 1000

static struct fp_leaseclock server_clock;

static struct fp_ratelease
lease_of(const char *text)
{
	struct fp_ratelease lease;
	struct fp_rates rates;

	MUST(fp_rates_parse(text, &rates) == 0);
	server_clock = (struct fp_leaseclock){.is_known = false};
	fp_ratelease_init(&lease, &rates, &server_clock);
	return lease;
}

static void
hear(struct fp_ratelease *lease, const struct fp_ratelease_answer *answer,
	int64_t begun_ns, int64_t ended_ns)
{
	fp_leaseclock_hear(lease->clock, answer->now_us, begun_ns, ended_ns);
	MUST(fp_ratelease_hear(lease, answer, ended_ns) == 0);
}

/* Asks at `now_ns`; the server answers at once, and its answer is there after
 * `trip_ns`. It lends `n`, from `from_us` of now on. */
static void
exchange(struct fp_ratelease *lease, int64_t now_ns, int64_t trip_ns,
	unsigned n, int64_t from_us, bool is_lost)
{
	static int64_t from[FP_RATELEASE_ASK_MAX];
	int64_t server_us = AHEAD_US + now_ns / US;
	struct fp_ratelease_answer answer = {.now_us = server_us,
		.is_lost = is_lost,
		.wait_us = n ? 0 : 50000,
		.from_us = from};

	fp_ratelease_ask(lease, &call, false, now_ns);
	answer.n = FP_MIN(n, call.n_want);
	for (unsigned i = 0; i < answer.n; i++)
		from[i] = server_us + from_us;
	hear(lease, &answer, now_ns, now_ns + trip_ns);
}

/* Reserves one that must be there. */
static uint32_t
reserved(struct fp_ratelease *lease, int64_t now_ns)
{
	uint32_t token = 0;
	int64_t due_ns;

	MUST(fp_ratelease_reserve(lease, &token, &due_ns, now_ns) == 1);
	return token;
}

static bool
has_one(struct fp_ratelease *lease, int64_t now_ns)
{
	uint32_t token;
	int64_t due_ns = 0;

	if (fp_ratelease_reserve(lease, &token, &due_ns, now_ns) == 0)
		return false;
	fp_ratelease_give_back(lease, token, now_ns);
	return true;
}

/* Has it ask in vain, and then get one. */
static void
get_one(struct fp_ratelease *lease, int64_t now_ns)
{
	CHECK(!has_one(lease, now_ns));
	CHECK(fp_ratelease_due_ns(lease) <= now_ns + 20 * MS);
	exchange(lease, now_ns, MS, 1, 0, false);
	CHECK(call.n_want >= 1);
}

static void
a_start_and_its_report(void)
{
	struct fp_ratelease lease = lease_of("50/s");

	exchange(&lease, 1000 * MS, MS, 0, 0, false);
	CHECK(call.n_want == 0);
	get_one(&lease, 2000 * MS);
	uint32_t token = reserved(&lease, 2002 * MS);
	CHECK(fp_ratelease_commit(&lease, token, 2002 * MS) == 1);
	fp_ratelease_fire(&lease, token, 2003 * MS);
	CHECK(fp_ratelease_due_ns(&lease) <= 2003 * MS + 50 * MS);
	exchange(&lease, 2010 * MS, MS, 0, 0, false);
	CHECK(call.n_fired == 1 && call.fired[0] == 1);
	/* Never before it was; and not by more than the way takes. */
	int64_t late_us = call.fired_us[0] - (AHEAD_US + 2003000);
	CHECK(late_us >= 0 && late_us < 2000);
	exchange(&lease, 2020 * MS, MS, 0, 0, false);
	CHECK(call.n_fired == 0);
	fp_ratelease_destroy(&lease);
}

static void
not_before_its_time(void)
{
	struct fp_ratelease lease = lease_of("50/s");
	uint32_t token;
	int64_t due_ns;

	exchange(&lease, 1000 * MS, 4 * MS, 0, 0, false);
	CHECK(!has_one(&lease, 1100 * MS));
	exchange(&lease, 1100 * MS, 4 * MS, 1, 30000, false);
	/* It may be as late as that at the server, but no later. */
	CHECK(fp_ratelease_reserve(&lease, &token, &due_ns, 1129 * MS) == 0);
	CHECK(due_ns >= 1130 * MS && due_ns < 1136 * MS);
	CHECK(fp_ratelease_reserve(&lease, &token, &due_ns, due_ns) == 1);
	fp_ratelease_destroy(&lease);
}

static void
not_after_its_time(void)
{
	struct fp_ratelease lease = lease_of("50/s");

	get_one(&lease, 1000 * MS);
	uint32_t token = reserved(&lease, 1010 * MS);
	int64_t end_ns = 1000 * MS + FP_RATELEASE_NS;
	CHECK(fp_ratelease_commit(&lease, token, end_ns - 200 * MS) == 0);
	fp_ratelease_give_back(&lease, token, end_ns - 200 * MS);
	CHECK(!has_one(&lease, end_ns - 200 * MS));

	/* It lasts as long as it is renewed. */
	get_one(&lease, 5000 * MS);
	token = reserved(&lease, 5010 * MS);
	for (int64_t ns = 5505 * MS; ns < 9000 * MS; ns += 500 * MS) {
		CHECK(fp_ratelease_due_ns(&lease) <= ns);
		exchange(&lease, ns, MS, 0, 0, false);
		CHECK(call.n_renewed == 1);
	}
	CHECK(fp_ratelease_commit(&lease, token, 9000 * MS) == 1);
	fp_ratelease_fire(&lease, token, 9001 * MS);
	fp_ratelease_destroy(&lease);
}

static void
what_was_not_heard_is_told_again(void)
{
	struct fp_ratelease lease = lease_of("50/s");

	get_one(&lease, 1000 * MS);
	uint32_t token = reserved(&lease, 1010 * MS);
	CHECK(fp_ratelease_commit(&lease, token, 1010 * MS) == 1);
	fp_ratelease_fire(&lease, token, 1011 * MS);
	fp_ratelease_ask(&lease, &call, false, 1020 * MS);
	CHECK(call.n_fired == 1);
	fp_ratelease_miss(&lease, 1030 * MS);
	exchange(&lease, 1040 * MS, MS, 0, 0, false);
	CHECK(call.n_fired == 1 && call.fired[0] == 1);

	/* Fired while the call that renews it is under way. */
	get_one(&lease, 2000 * MS);
	token = reserved(&lease, 2010 * MS);
	CHECK(fp_ratelease_commit(&lease, token, 2010 * MS) == 1);
	fp_ratelease_ask(&lease, &call, false, 2600 * MS);
	CHECK(call.n_renewed == 1);
	fp_ratelease_fire(&lease, token, 2601 * MS);
	struct fp_ratelease_answer answer = {.now_us = AHEAD_US + 2600000};
	hear(&lease, &answer, 2600 * MS, 2602 * MS);
	exchange(&lease, 2610 * MS, MS, 0, 0, false);
	CHECK(call.n_fired == 1 && call.fired[0] == 2);
	fp_ratelease_destroy(&lease);
}

static void
a_lost_count_takes_all(void)
{
	struct fp_ratelease lease = lease_of("1000/s");

	CHECK(!has_one(&lease, 1000 * MS));
	exchange(&lease, 1000 * MS, MS, 1, 0, false);
	uint32_t reserve = reserved(&lease, 1010 * MS);
	CHECK(!has_one(&lease, 1020 * MS));
	exchange(&lease, 1020 * MS, MS, 100, 0, false);
	CHECK(call.n_want > 1);
	uint32_t sent = reserved(&lease, 1030 * MS);
	CHECK(fp_ratelease_commit(&lease, sent, 1030 * MS) == 1);
	exchange(&lease, 1040 * MS, MS, 0, 0, true);
	CHECK(!has_one(&lease, 1041 * MS));
	CHECK(fp_ratelease_commit(&lease, reserve, 1041 * MS) == 0);
	fp_ratelease_give_back(&lease, reserve, 1041 * MS);
	CHECK(!has_one(&lease, 1041 * MS));
	fp_ratelease_fire(&lease, sent, 1042 * MS);
	exchange(&lease, 1060 * MS, MS, 0, 0, false);
	CHECK(call.n_fired + call.n_back + call.n_renewed == 0);
	fp_ratelease_destroy(&lease);
}

static void
what_is_not_used_goes_back(void)
{
	struct fp_ratelease lease = lease_of("1000/s");

	CHECK(!has_one(&lease, 1000 * MS));
	exchange(&lease, 1000 * MS, MS, 1, 0, false);
	reserved(&lease, 1010 * MS);
	CHECK(!has_one(&lease, 1020 * MS));
	exchange(&lease, 1020 * MS, MS, 1, 0, false);
	unsigned n_back = 0;
	for (int64_t ns = 1040 * MS; ns < 1500 * MS; ns += 50 * MS) {
		exchange(&lease, ns, MS, 0, 0, false);
		n_back += call.n_back;
	}
	CHECK(n_back == 1);

	/* And at the end all does, but what was sent. */
	CHECK(!has_one(&lease, 2000 * MS));
	exchange(&lease, 2000 * MS, MS, 1, 0, false);
	fp_ratelease_ask(&lease, &call, true, 2001 * MS);
	CHECK(call.n_back == 1 && call.n_want == 0);
	fp_ratelease_miss(&lease, 2002 * MS);
	fp_ratelease_destroy(&lease);
}

/* The server's clock is set forward by an hour: it has forgotten starts, and
 * hears of that. Back: it knows by itself. */
static void
a_clock_that_jumps(void)
{
	struct fp_ratelease lease = lease_of("50/s");
	struct fp_ratelease_answer answer = {
		.now_us = AHEAD_US + INT64_C(3600000000)};

	exchange(&lease, 1000 * MS, MS, 0, 0, false);
	fp_ratelease_ask(&lease, &call, false, 1250 * MS);
	CHECK(!call.has_jumped);
	hear(&lease, &answer, 1250 * MS, 1251 * MS);
	fp_ratelease_ask(&lease, &call, false, 1500 * MS);
	CHECK(call.has_jumped);
	answer.now_us += 250000;
	answer.is_lost = true;
	hear(&lease, &answer, 1500 * MS, 1501 * MS);
	answer.is_lost = false;
	answer.now_us -= 5000000;
	fp_ratelease_ask(&lease, &call, false, 1750 * MS);
	CHECK(!call.has_jumped);
	hear(&lease, &answer, 1750 * MS, 1751 * MS);
	fp_ratelease_ask(&lease, &call, false, 2000 * MS);
	CHECK(!call.has_jumped);
	fp_ratelease_miss(&lease, 2001 * MS);
	fp_ratelease_destroy(&lease);
}

/* Who uses many asks for many at once, and rarely. */
static void
one_call_for_many(void)
{
	struct fp_ratelease lease = lease_of("5000/s");
	unsigned n_starts = 0, n_calls = 0;

	for (int64_t ns = 1000 * MS; ns < 3000 * MS; ns += MS / 2) {
		uint32_t token;
		int64_t due_ns;
		int got = fp_ratelease_reserve(&lease, &token, &due_ns, ns);
		if (got == 1 && fp_ratelease_commit(&lease, token, ns)) {
			fp_ratelease_fire(&lease, token, ns);
			n_starts++;
		}
		if (fp_ratelease_due_ns(&lease) > ns)
			continue;
		exchange(&lease, ns, MS / 4, 500, 0, false);
		n_calls++;
	}
	printf("# %u starts, %u calls\n", n_starts, n_calls);
	CHECK(n_starts > 3500);
	CHECK(20 * n_calls <= n_starts);
	fp_ratelease_destroy(&lease);
}

int
main(void)
{
	run("a start, and its report", a_start_and_its_report);
	run("not before its time", not_before_its_time);
	run("not after its time", not_after_its_time);
	run("what was not heard is told again",
		what_was_not_heard_is_told_again);
	run("a lost count takes all", a_lost_count_takes_all);
	run("what is not used goes back", what_is_not_used_goes_back);
	run("a clock that jumps", a_clock_that_jumps);
	run("one call for many starts", one_call_for_many);
	return done();
}
