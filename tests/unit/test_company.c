/* SPDX-License-Identifier: MIT */
/* Servers that let so many in at once, and refuse others at once; in virtual
 * time. */
#include "base.h"

#include "limitersim.h"

#define ITEMS 300
#define JOBS 16
#define SEEDS 20

static void
finds_how_many(void)
{
	struct fp_company company = {.most = 0};

	CHECK(fp_company_has_room(&company, 1000));
	CHECK(!fp_company_failed(&company, 7, 1, 2));
	fp_company_suppose(&company, 9, 10);
	CHECK(fp_company_has_room(&company, 8));
	CHECK(!fp_company_has_room(&company, 9));
	CHECK(fp_company_failed(&company, 4, 5, 11));
	CHECK(fp_company_failed(&company, 6, 5, 12));
	CHECK(company.most == 4);
	for (int i = 0; i < 7; i++)
		fp_company_passed(&company, 13, 20);
	fp_company_passed(&company, 11, 20);
	CHECK(!company.is_limit && company.most == 4);

	/* One more is tried, and later the next time. */
	fp_company_passed(&company, 13, 21);
	CHECK(company.is_limit && company.most == 5);
	CHECK(fp_company_failed(&company, 4, 22, 23));
	CHECK(company.most == 4);
	for (int i = 0; i < 15; i++)
		fp_company_passed(&company, 24, 25);
	CHECK(company.most == 4);
	fp_company_passed(&company, 24, 25);
	CHECK(company.most == 5);
}

static void
finds_that_there_is_none(void)
{
	struct fp_company company = {.most = 0};

	/* One that fails alone. */
	fp_company_suppose(&company, 2, 10);
	CHECK(fp_company_failed(&company, 1, 5, 11));
	CHECK(!fp_company_failed(&company, 0, 5, 12));
	CHECK(company.most == 0);

	/* It was found: one item may be broken. */
	fp_company_suppose(&company, 2, 10);
	for (int i = 0; i < 8; i++)
		fp_company_passed(&company, 11, 12);
	CHECK(!fp_company_failed(&company, 0, 13, 14));
	CHECK(!fp_company_failed(&company, 0, 13, 14));
	CHECK(company.most == 3);
	CHECK(!fp_company_failed(&company, 0, 13, 14));
	CHECK(company.most == 0);

	/* Whatever the number, as many fail. */
	fp_company_suppose(&company, 9, 10);
	for (int i = 0; i < 3; i++)
		CHECK(fp_company_failed(&company, 12, 11, 12));
	CHECK(!fp_company_failed(&company, 12, 11, 12));
	CHECK(company.most == 0);
}

static void
so_many_at_once(void)
{
	static const int numbers[] = {1, 2, 4, 8, 12};
	static const int times_ms[] = {50, 200, 1000};
	static struct sim sim;

	for (size_t i = 0; i < FP_ARRAY_LEN(numbers) * 3; i++) {
		int n = numbers[i / 3], ms = times_ms[i % 3];
		char name[64];
		snprintf(name, sizeof(name), "%d at once, %d ms", n, ms);
		struct server server = {.name = name,
			.kind = AT_ONCE,
			.n = n,
			.period_ns = ms * MS,
			.status = 500,
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
	run("so many at once", so_many_at_once);
	run("failures beside slow answers", failures_beside_slow_answers);
	return done();
}
