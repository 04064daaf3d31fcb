/* SPDX-License-Identifier: MIT */
/* Servers that let so many in at once, and refuse others at once; in virtual
 * time. */
#include "base.h"

#include "limitersim.h"

#define ITEMS 300
#define JOBS 16
#define SEEDS 20

static struct fp_company company;

static bool
has_room(unsigned n_active, int64_t now_ns, int64_t until_ns)
{
	int64_t is_ns = INT64_MAX;
	bool has = fp_company_has_room(&company, n_active, now_ns, &is_ns);

	CHECK(is_ns == until_ns);
	return has;
}

static void
pass(int n, int64_t begun_ns, int64_t now_ns)
{
	while (n-- > 0)
		fp_company_passed(&company, begun_ns, now_ns);
}

static void
finds_how_many(void)
{
	company = (struct fp_company){.most = 0};
	CHECK(has_room(1000, 1, INT64_MAX));
	CHECK(!fp_company_failed(&company, 7, 1, 2));
	fp_company_suppose(&company, 9, 0, 10);
	CHECK(has_room(8, 10, INT64_MAX));
	CHECK(!has_room(9, 10, INT64_MAX));
	CHECK(fp_company_failed(&company, 4, 5, 11));
	CHECK(fp_company_failed(&company, 6, 5, 12));
	CHECK(company.most == 4);
	pass(1, 4, 20);
	pass(7, 13, 20);
	CHECK(!company.is_limit && company.most == 4);

	/* One more is tried, in the midst of the others, and later the next
	 * time. */
	pass(1, 13, 21);
	CHECK(company.is_limit && company.most == 5);
	CHECK(!has_room(4, 21, 25) && has_room(4, 25, INT64_MAX));
	CHECK(fp_company_failed(&company, 4, 22, 23));
	CHECK(company.most == 4);
	pass(15, 24, 25);
	CHECK(company.most == 4);
	pass(1, 24, 25);
	CHECK(company.most == 5);
}

static void
finds_that_there_is_none(void)
{
	/* One that fails alone. Then it is not supposed again soon. */
	company = (struct fp_company){.most = 0};
	fp_company_suppose(&company, 2, 0, 10);
	CHECK(fp_company_failed(&company, 1, 5, 11));
	CHECK(!fp_company_failed(&company, 0, 5, 12));
	CHECK(company.most == 0 && company.n_rest == 100);
	pass(100, 13, 14);
	CHECK(company.n_rest == 0);

	/* It was found: one item may be broken. */
	fp_company_suppose(&company, 2, 0, 10);
	pass(8, 11, 12);
	CHECK(!fp_company_failed(&company, 0, 13, 14));
	CHECK(!fp_company_failed(&company, 0, 13, 14));
	CHECK(company.most == 3);
	CHECK(!fp_company_failed(&company, 0, 13, 14));
	CHECK(company.most == 0 && company.n_rest == 400);

	/* Whatever the number, as many fail. */
	fp_company_suppose(&company, 9, 0, 10);
	pass(1, 5, 11);
	for (int i = 0; i < 3; i++)
		CHECK(fp_company_failed(&company, 12, 11, 12));
	CHECK(!fp_company_failed(&company, 12, 11, 12));
	CHECK(company.most == 0);
}

/* While those are under way that it is about, one more is sent after a while,
 * and after twice as long. */
static void
sends_one_more(void)
{
	company = (struct fp_company){.most = 0};
	fp_company_suppose(&company, 2, 10 * MS, S);
	CHECK(!has_room(2, S, S + 20 * MS) &&
		has_room(2, S + 20 * MS, INT64_MAX));
	CHECK(!has_room(3, S + 20 * MS, INT64_MAX));
	CHECK(fp_company_failed(&company, 2, S + 20 * MS, S + 30 * MS));
	CHECK(!has_room(2, S + 30 * MS, S + 70 * MS));
	CHECK(company.most == 2);

	/* Just before there was room, and long before that. */
	fp_company_passed(&company, S / 2, S + 90 * MS);
	CHECK(!has_room(2, S + 90 * MS, INT64_MAX));
	fp_company_passed(&company, S + 80 * MS, S + 170 * MS);
	CHECK(company.most == 2);
	fp_company_passed(&company, S + 60 * MS, S + 170 * MS);
	CHECK(company.most == 0);
}

/* One more is let in, but the next is not, which came soon after it: that is a
 * matter of time. */
static void
comes_too_soon(void)
{
	company = (struct fp_company){.most = 0};
	fp_company_suppose(&company, 2, 10 * MS, S);
	pass(1, S / 2, S + 50 * MS);
	for (int64_t i = 1; i <= 2; i++) {
		int64_t now_ns = 2 * i * S;
		pass(8, now_ns, now_ns + 300 * MS);
		CHECK(company.is_limit && company.most == 3);
		now_ns += 600 * MS;
		fp_company_started(&company, 2, now_ns);
		CHECK(fp_company_failed(&company, 2, now_ns + 70 * MS,
			      now_ns + 75 * MS) == (i == 1));
		CHECK(company.most == (i == 1 ? 2 : 0));
	}

	/* One that is refused itself says nothing of that. */
	fp_company_suppose(&company, 2, 10 * MS, 10 * S);
	pass(1, 9 * S, 10 * S + 50 * MS);
	for (int64_t i = 1; i <= 3; i++) {
		int64_t now_ns = (10 + 2 * i) * S;
		pass(64, now_ns, now_ns + 300 * MS);
		now_ns += 600 * MS;
		fp_company_started(&company, 2, now_ns);
		CHECK(fp_company_failed(&company, 2, now_ns, now_ns + 5 * MS));
		CHECK(company.most == 2);
	}
}

static void
so_many_at_once(void)
{
	static const int numbers[] = {1, 2, 4, 8, 12};
	static const int times_ms[] = {50, 200, 1000};
	static const int statuses[] = {500, 503, 429};
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(numbers) * 9; i++) {
		int n = numbers[i / 9], ms = times_ms[i / 3 % 3];
		char name[64];
		snprintf(name, sizeof(name), "%d, %d at once, %d ms",
			statuses[i % 3], n, ms);
		struct server server = {.name = name,
			.kind = AT_ONCE,
			.n = n,
			.period_ns = ms * MS,
			.status = statuses[i % 3],
			.ideal_s = ITEMS * (ms + 5) / 1000.0 / n};
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			simulate(&sim, &server, ITEMS, JOBS, seed);
			bool ok = sim.out.n_ok == ITEMS &&
				  sim.out.took_s <= 1.1 * sim.ideal_s &&
				  sim.out.n_refused * 100 <=
					  10 * sim.out.n_requests;
			CHECK(ok);
			if (seed == 1 || !ok)
				draw(&sim, ITEMS);
		}
	}
}

static bool
by_chance(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)seq, (void)now_ns;
	return fp_random_evenly(&server->random, 99) < (uint64_t)server->burst;
}

static bool
by_number(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)now_ns;
	return seq % (uint64_t)server->burst == 0;
}

static bool
by_blocks(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)server, (void)now_ns;
	return seq % 200 >= 160;
}

static bool
always(struct server *server, uint64_t seq, int64_t now_ns)
{
	(void)server, (void)seq, (void)now_ns;
	return true;
}

/* What fails does so much sooner than the others are answered, so that those
 * are under way meanwhile. As many requests are sent as if nothing was
 * supposed, in hardly more time. */
static void
failures_beside_slow_answers(void)
{
	static struct server servers[] = {
		{.name = "1 in 20 by chance", .breaks = by_chance, .burst = 5},
		{.name = "1 in 5 by chance", .breaks = by_chance, .burst = 20},
		{.name = "1 in 3 by chance", .breaks = by_chance, .burst = 33},
		{.name = "each 7th", .breaks = by_number, .burst = 7},
		{.name = "each 2nd", .breaks = by_number, .burst = 2},
		{.name = "blocks of 40", .breaks = by_blocks},
		{.name = "all", .breaks = always},
	};
	static const struct {
		int n_requests;
		double most_s;
	} most[] = {{1072, 15}, {1265, 18}, {1250, 17}, {1270, 15}, {1205, 15},
		{1270, 18}, {1100, 1}};
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(servers); i++) {
		servers[i].kind = AT_ONCE;
		servers[i].n = 1000;
		servers[i].period_ns = 200 * MS;
		servers[i].status = 500;
		servers[i].ideal_s = 13;
		for (uint64_t seed = 1; seed <= 2 * SEEDS; seed++) {
			simulate(&sim, &servers[i], 1000, JOBS, seed);
			bool ok = sim.out.n_requests <= most[i].n_requests &&
				  sim.out.took_s <= most[i].most_s;
			CHECK(ok);
			if (seed == 1 || !ok)
				draw(&sim, 1000);
		}
	}
}

int
main(void)
{
	run("how many at once is found", finds_how_many);
	run("and that it is about something else", finds_that_there_is_none);
	run("one more is sent to find out", sends_one_more);
	run("one more that comes later is let in", comes_too_soon);
	run("so many at once", so_many_at_once);
	run("failures beside slow answers", failures_beside_slow_answers);
	return done();
}
