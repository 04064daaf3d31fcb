/* SPDX-License-Identifier: MIT */
#include "ratelimittest.h"

#include <errno.h>

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool no_memory;

void *
__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

static void
all_at_once_or_spread(void)
{
	struct fp_ratelimit limit;
	int64_t now_ns = start_ns;

	make(&limit, "5/s", false);
	for (unsigned i = 0; i < 5; i++) {
		CHECK(fp_ratelimit_due_ns(&limit, now_ns) <= now_ns);
		CHECK(fp_ratelimit_reserve(&limit, now_ns) == 1);
		fp_ratelimit_fire(&limit, now_ns);
	}
	CHECK(fp_ratelimit_reserve(&limit, now_ns) == 0);
	CHECK(fp_ratelimit_due_ns(&limit, now_ns) == now_ns + 1020000000);
	CHECK(fp_ratelimit_reserve(&limit, now_ns + 1019999999) == 0);
	CHECK(fp_ratelimit_reserve(&limit, now_ns + 1020000000) == 1);
	fp_ratelimit_destroy(&limit);

	make(&limit, "5/s,1/ms", true);
	for (unsigned i = 0; i < 20; i++) {
		CHECK(fp_ratelimit_reserve(&limit, now_ns) == 1);
		CHECK(fp_ratelimit_reserve(&limit, now_ns) == 0);
		fp_ratelimit_fire(&limit, now_ns);
		int64_t due_ns = fp_ratelimit_due_ns(&limit, now_ns);
		CHECK(due_ns == now_ns + 204000000);
		now_ns = due_ns;
	}
	/* Who comes late does not shift what follows, but for 5 ms at most. */
	now_ns += 4000000;
	CHECK(fp_ratelimit_reserve(&limit, now_ns) == 1);
	fp_ratelimit_fire(&limit, now_ns);
	CHECK(fp_ratelimit_due_ns(&limit, now_ns) == now_ns + 200000000);
	now_ns += 250000000;
	CHECK(fp_ratelimit_reserve(&limit, now_ns) == 1);
	fp_ratelimit_fire(&limit, now_ns);
	CHECK(fp_ratelimit_due_ns(&limit, now_ns) == now_ns + 199000000);
	now_ns += 1000000000;
	CHECK(fp_ratelimit_reserve(&limit, now_ns) == 1);
	fp_ratelimit_fire(&limit, now_ns);
	CHECK(fp_ratelimit_due_ns(&limit, now_ns) == now_ns + 204000000);
	fp_ratelimit_destroy(&limit);
}

/* A bucket would have filled up meanwhile. */
static void
quiet_time_is_not_saved_up(void)
{
	struct fp_ratelimit limit;
	int64_t now_ns = start_ns;
	unsigned n;

	for (unsigned is_paced = 0; is_paced < 2; is_paced++) {
		make(&limit, "10/s", is_paced);
		for (unsigned round = 0; round < 3; round++) {
			now_ns += 1000 * FP_NS_PER_S;
			for (n = 0; fp_ratelimit_reserve(&limit, now_ns); n++)
				fp_ratelimit_fire(&limit, now_ns);
			CHECK(n == (is_paced ? 1 : 10));
		}
		fp_ratelimit_destroy(&limit);
	}
}

static void
reserved_counts_until_it_is_fired(void)
{
	struct fp_ratelimit limit;
	int64_t late_ns = start_ns + 1000 * FP_NS_PER_S;

	make(&limit, "2/s", false);
	CHECK(fp_ratelimit_reserve(&limit, start_ns) == 1);
	CHECK(fp_ratelimit_reserve(&limit, start_ns) == 1);
	CHECK(fp_ratelimit_reserve(&limit, late_ns) == 0);
	CHECK(fp_ratelimit_due_ns(&limit, late_ns) == INT64_MAX);
	fp_ratelimit_give_back(&limit);
	CHECK(fp_ratelimit_due_ns(&limit, late_ns) <= late_ns);
	CHECK(fp_ratelimit_reserve(&limit, late_ns) == 1);
	fp_ratelimit_fire(&limit, late_ns);
	CHECK(fp_ratelimit_due_ns(&limit, late_ns) == late_ns + 1020000000);
	fp_ratelimit_fire(&limit, late_ns - 5); /* as if at late_ns */
	CHECK(fp_ratelimit_due_ns(&limit, late_ns) == late_ns + 1020000000);
	fp_ratelimit_destroy(&limit);

	/* Said in the wrong order, with two more under way. */
	make(&limit, "3/s", false);
	for (unsigned i = 0; i < 4; i++)
		CHECK(fp_ratelimit_take(&limit, start_ns) == 0);
	fp_ratelimit_fire(&limit, late_ns);
	fp_ratelimit_fire(&limit, late_ns - 5);
	CHECK(fp_ratelimit_due_ns(&limit, late_ns) == late_ns + 1020000000);
	fp_ratelimit_destroy(&limit);

	/* Someone else granted more than we would have. */
	make(&limit, "2/s", false);
	for (unsigned i = 0; i < 5; i++)
		CHECK(fp_ratelimit_take(&limit, start_ns) == 0);
	CHECK(fp_ratelimit_due_ns(&limit, start_ns) == INT64_MAX);
	for (unsigned i = 0; i < 5; i++)
		fp_ratelimit_fire(&limit, start_ns + i);
	CHECK(fp_ratelimit_due_ns(&limit, start_ns) ==
		start_ns + 3 + 1020000000);
	fp_ratelimit_destroy(&limit);
}

/* 10/s: a start each 102 ms. */
static void
beat_that_was_not_used(void)
{
	const int64_t beat_ns = 102000000, ms = FP_NS_PER_MS;
	struct fp_ratelimit limit;

	/* Before any start, and between two. */
	make(&limit, "10/s", true);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(fp_ratelimit_reserve(&limit, start_ns + i) == 1);
		CHECK(fp_ratelimit_reserve(&limit, start_ns + i) == 0);
		fp_ratelimit_give_back(&limit);
	}
	CHECK(fp_ratelimit_reserve(&limit, start_ns + 5) == 1);
	fp_ratelimit_fire(&limit, start_ns + 20 * ms);
	CHECK(fp_ratelimit_reserve(&limit, start_ns + 150 * ms) == 1);
	fp_ratelimit_give_back(&limit);
	CHECK(fp_ratelimit_due_ns(&limit, start_ns + 151 * ms) ==
		start_ns + 151 * ms);
	/* Never closer to a start than the others are to theirs. */
	CHECK(fp_ratelimit_reserve(&limit, start_ns + 160 * ms) == 1);
	fp_ratelimit_fire(&limit, start_ns + 200 * ms);
	CHECK(fp_ratelimit_reserve(&limit, start_ns + 262 * ms) == 1);
	fp_ratelimit_give_back(&limit);
	CHECK(fp_ratelimit_due_ns(&limit, start_ns + 263 * ms) ==
		start_ns + 200 * ms + beat_ns);
	fp_ratelimit_destroy(&limit);

	/* With another under way, the beat is lost. */
	make(&limit, "10/s", true);
	CHECK(fp_ratelimit_reserve(&limit, start_ns) == 1);
	CHECK(fp_ratelimit_reserve(&limit, start_ns + beat_ns) == 1);
	fp_ratelimit_give_back(&limit);
	CHECK(fp_ratelimit_due_ns(&limit, start_ns + beat_ns) ==
		start_ns + 2 * beat_ns);
	fp_ratelimit_fire(&limit, start_ns + beat_ns);
	CHECK(fp_ratelimit_due_ns(&limit, start_ns + beat_ns) ==
		start_ns + 2 * beat_ns);
	fp_ratelimit_destroy(&limit);
}

static void
idle(void)
{
	static const char *const texts[] = {"3/s", "70000/s", "1/s,70000/s"};
	struct fp_ratelimit limit;

	for (unsigned i = 0; i < 2 * FP_ARRAY_LEN(texts); i++) {
		int64_t late_ns = start_ns + FP_NS_PER_S;
		int64_t gone_ns = late_ns + 1020000000;
		make(&limit, texts[i / 2], i % 2);
		CHECK(fp_ratelimit_is_idle(&limit, 0));
		CHECK(fp_ratelimit_is_idle(&limit, start_ns));
		CHECK(fp_ratelimit_reserve(&limit, start_ns) == 1);
		CHECK(!fp_ratelimit_is_idle(&limit, start_ns));
		CHECK(!fp_ratelimit_is_idle(&limit, INT64_MAX / 2));
		fp_ratelimit_fire(&limit, late_ns);
		CHECK(!fp_ratelimit_is_idle(&limit, late_ns));
		CHECK(!fp_ratelimit_is_idle(&limit, gone_ns - 1));
		CHECK(fp_ratelimit_is_idle(&limit, gone_ns + 250000));
		fp_ratelimit_destroy(&limit);
	}
	make(&limit, "3/s", true);
	CHECK(fp_ratelimit_reserve(&limit, start_ns) == 1);
	fp_ratelimit_give_back(&limit);
	CHECK(fp_ratelimit_is_idle(&limit, start_ns));
	CHECK(fp_ratelimit_reserve(&limit, start_ns) == 1);
	CHECK(!fp_ratelimit_is_idle(&limit, start_ns + 2000000000));
	fp_ratelimit_destroy(&limit);
}

static void
no_rates_no_limit(void)
{
	struct fp_rates rates = {.n = 0};
	struct fp_ratelimit limit;

	CHECK(fp_ratelimit_init(&limit, &rates, true) == 0);
	for (unsigned i = 0; i < 1000; i++)
		CHECK(fp_ratelimit_reserve(&limit, start_ns) == 1);
	for (unsigned i = 0; i < 1000; i++)
		fp_ratelimit_fire(&limit, start_ns);
	CHECK(fp_ratelimit_is_idle(&limit, start_ns));
	fp_ratelimit_destroy(&limit);
}

static void
what_is_no_rate(void)
{
	static const struct fp_rates bad[] = {
		{.n = 1, .all = {{0, FP_NS_PER_S}}},
		{.n = 1, .all = {{1, 0}}},
		{.n = 2, .all = {{1, 1}, {1, -1}}},
		{.n = 1, .all = {{1, FP_RATES_PERIOD_MAX_NS + 1}}},
		{.n = FP_RATES_MAX + 1},
	};
	struct fp_ratelimit limit;

	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		errno = 0;
		CHECK(fp_ratelimit_init(&limit, &bad[i], true) == -1);
		CHECK(errno == EINVAL);
		fp_ratelimit_destroy(&limit);
	}
}

/* The longest periods and the largest numbers overflow nothing. */
static void
extremes(void)
{
	struct fp_rates rates = {.n = 2,
		.all = {{1, FP_RATES_PERIOD_MAX_NS},
			{UINT64_MAX, FP_RATES_PERIOD_MAX_NS}}};
	int64_t now_ns = INT64_MAX / 2;
	struct fp_ratelimit limit;

	for (unsigned is_paced = 0; is_paced < 2; is_paced++) {
		CHECK(fp_ratelimit_init(&limit, &rates, is_paced) == 0);
		CHECK(fp_ratelimit_reserve(&limit, 0) == 1);
		fp_ratelimit_fire(&limit, 0);
		CHECK(fp_ratelimit_reserve(&limit, FP_NS_PER_S) == 0);
		CHECK(fp_ratelimit_reserve(&limit, now_ns) == 1);
		fp_ratelimit_fire(&limit, now_ns);
		CHECK(fp_ratelimit_due_ns(&limit, now_ns) ==
			now_ns + FP_RATES_PERIOD_MAX_NS + 50000000);
		fp_ratelimit_destroy(&limit);
	}
}

static void
memory_follows_use(void)
{
	struct fp_ratelimit limit;
	int64_t now_ns = start_ns;

	make(&limit, "60000/s", false);
	CHECK(limit.log == NULL);
	for (unsigned i = 0; i < 10000; i++, now_ns += 200 * FP_NS_PER_MS) {
		CHECK(fp_ratelimit_reserve(&limit, now_ns) == 1);
		fp_ratelimit_fire(&limit, now_ns);
	}
	CHECK(limit.log_cap == 16);
	while (fp_ratelimit_reserve(&limit, now_ns) == 1)
		;
	CHECK(limit.n_reserved + limit.log_len == 60000);
	CHECK(limit.log_cap == 60000);
	fp_ratelimit_destroy(&limit);
}

static void
out_of_memory(void)
{
	static const char *const texts[] = {"100/s", "70000/s"};

	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		struct fp_ratelimit limit;
		unsigned n = 0;

		make(&limit, texts[i], false);
		no_memory = true;
		CHECK(fp_ratelimit_reserve(&limit, start_ns) == -1);
		CHECK(limit.n_reserved == 0);
		no_memory = false;
		for (; n < 16; n++)
			CHECK(fp_ratelimit_reserve(&limit, start_ns) == 1);
		no_memory = true;
		CHECK(fp_ratelimit_reserve(&limit, start_ns) == (i ? 1 : -1));
		while (limit.n_reserved > 0) /* which cannot fail */
			fp_ratelimit_fire(&limit, start_ns);
		no_memory = false;
		CHECK(fp_ratelimit_reserve(&limit, start_ns) == 1);
		fp_ratelimit_destroy(&limit);
	}
}

int
main(void)
{
	run("all at once, or spread", all_at_once_or_spread);
	run("quiet time is not saved up", quiet_time_is_not_saved_up);
	run("reserved counts until fired", reserved_counts_until_it_is_fired);
	run("a beat that was not used", beat_that_was_not_used);
	run("a limit that nobody needs any more", idle);
	run("no rates are no limit", no_rates_no_limit);
	run("what is no rate", what_is_no_rate);
	run("extreme rates", extremes);
	run("memory follows use", memory_follows_use);
	run("out of memory", out_of_memory);
	return done();
}
