/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ratebook.h"
#include "tap.h"

#include <errno.h>

#define ID 77
#define MINUTE (60 * FP_NS_PER_S)

static const int64_t start_ns = INT64_C(1790000000) * FP_NS_PER_S;

/* A ring in memory, and one who writes to it. */
static struct fp_rates rates;
static struct fp_ratebook writer;
static struct fp_raterecord *ring;

static void
begin_paced(const char *text, bool is_paced)
{
	if (fp_rates_parse(text, &rates) ||
		fp_ratebook_init(&writer, &rates, is_paced, ID))
		abort();
	ring = calloc(writer.n_records, sizeof(*ring));
	if (!ring)
		abort();
}

static void
begin(const char *text)
{
	begin_paced(text, false);
}

static void
end(void)
{
	fp_ratebook_destroy(&writer);
	free(ring);
}

static struct fp_raterecord *
next_place(struct fp_ratebook *book)
{
	return &ring[fp_ratebook_place(book, book->head + 1)];
}

static void
append(enum fp_ratebook_kind kind, uint32_t slot, uint32_t seat, int64_t now_ns)
{
	size_t n_carried = 0;

	while (fp_ratebook_is_live(&writer, next_place(&writer), now_ns)) {
		CHECK(fp_ratebook_judge(&writer, next_place(&writer)) ==
			FP_RATEBOOK_OLD);
		fp_ratebook_carry(&writer, next_place(&writer));
		if (++n_carried > writer.n_records)
			abort();
	}
	struct fp_raterecord record;
	fp_ratebook_make(&writer, &record, kind, slot, seat, now_ns);
	*next_place(&writer) = record;
	CHECK(fp_ratebook_judge(&writer, &record) == FP_RATEBOOK_NEW);
	CHECK(fp_ratebook_apply(&writer, &record) == 0);
	CHECK(fp_ratebook_judge(&writer, next_place(&writer)) ==
		FP_RATEBOOK_OLD);
}

static uint32_t
reserve(uint32_t seat, int64_t now_ns)
{
	uint32_t slot = 0;

	CHECK(fp_ratebook_pick(&writer, &slot) == 0);
	append(FP_RATEBOOK_RESERVE, slot, seat, now_ns);
	return slot;
}

/* Whether two books say the same. */
static void
compare(const struct fp_ratebook *a, const struct fp_ratebook *b,
	int64_t now_ns)
{
	CHECK(a->head == b->head);
	CHECK(a->limit.n_reserved == b->limit.n_reserved);
	for (int64_t end_ns = now_ns + 2 * MINUTE; now_ns < end_ns;
		now_ns += 7 * FP_NS_PER_S)
		CHECK(fp_ratelimit_due_ns(&a->limit, now_ns) ==
			fp_ratelimit_due_ns(&b->limit, now_ns));
	uint32_t n = FP_MAX(a->n_slots, b->n_slots);
	for (uint32_t slot = 0; slot < n; slot++) {
		for (uint32_t seat = 0; seat < 4; seat++)
			CHECK(fp_ratebook_holds(a, seat, slot) ==
				fp_ratebook_holds(b, seat, slot));
	}
}

/* Who reads all of it now knows what the writer knows. */
static void
compare_with_loaded(int64_t now_ns)
{
	struct fp_ratebook book;

	CHECK(fp_ratebook_init(
		      &book, &rates, writer.limit.spacing_ns > 0, ID) == 0);
	CHECK(fp_ratebook_load(&book, ring) == 0);
	compare(&writer, &book, now_ns);
	fp_ratebook_destroy(&book);
}

static uint64_t
random_below(uint64_t n)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (state >> 33) % n;
}

/* Reads on until there is no more. */
static void
read_on(struct fp_ratebook *book)
{
	enum fp_ratebook_state state;

	while ((state = fp_ratebook_judge(book, next_place(book))) ==
		FP_RATEBOOK_NEW)
		CHECK(fp_ratebook_apply(book, next_place(book)) == 0);
	if (state == FP_RATEBOOK_BEHIND) {
		fp_ratebook_destroy(book);
		CHECK(fp_ratebook_init(book, &rates, false, ID) == 0);
		CHECK(fp_ratebook_load(book, ring) == 0);
	} else {
		CHECK(state == FP_RATEBOOK_OLD);
	}
}

/* Three who reserve, fire and give back, one who reads along, and one who
 * comes by now and then. */
static void
all_read_the_same(void)
{
	struct fp_ratebook along, seldom;
	struct {
		uint32_t slot, seat;
	} held[12];
	unsigned n_held = 0, n_fired = 0;
	int64_t now_ns = start_ns;

	begin("12/m,3/s");
	CHECK(fp_ratebook_init(&along, &rates, false, ID) == 0);
	CHECK(fp_ratebook_init(&seldom, &rates, false, ID) == 0);
	CHECK(fp_ratebook_load(&along, ring) == 0);
	for (unsigned i = 0; i < 20000; i++) {
		now_ns += (int64_t)random_below(2 * FP_NS_PER_S);
		if (fp_ratelimit_due_ns(&writer.limit, now_ns) <= now_ns) {
			held[n_held].seat = (uint32_t)random_below(4);
			held[n_held].slot = reserve(held[n_held].seat, now_ns);
			n_held++;
		}
		while (n_held > 0 && random_below(2)) {
			size_t which = (size_t)random_below(n_held);
			bool is_fire = random_below(8) == 0;
			append(is_fire ? FP_RATEBOOK_FIRE
				       : FP_RATEBOOK_GIVE_BACK,
				held[which].slot, held[which].seat, now_ns);
			n_fired += is_fire;
			held[which] = held[--n_held];
		}
		read_on(&along);
		compare(&writer, &along, now_ns);
		if (random_below(60) == 0) {
			read_on(&seldom);
			compare(&writer, &seldom, now_ns);
		}
		if (random_below(20) == 0)
			compare_with_loaded(now_ns);
	}
	CHECK(writer.head > 20 * writer.n_records && n_fired > 500);
	fp_ratebook_destroy(&along);
	fp_ratebook_destroy(&seldom);
	end();
}

/* What still counts outlives any number of records. */
static void
live_records_stay(void)
{
	begin("3/h");
	uint32_t held = reserve(1, start_ns);
	append(FP_RATEBOOK_FIRE, reserve(2, start_ns), 2, start_ns);
	for (unsigned i = 0; i < 1000; i++) {
		int64_t now_ns = start_ns + i * FP_NS_PER_S;
		uint32_t slot = reserve(3, now_ns);
		CHECK(fp_ratelimit_due_ns(&writer.limit, now_ns) > now_ns);
		append(FP_RATEBOOK_GIVE_BACK, slot, 3, now_ns);
		CHECK(fp_ratebook_holds(&writer, 1, held));
		compare_with_loaded(now_ns);
	}
	/* After an hour the start is no more carried. */
	for (unsigned i = 0; i < 50; i++)
		append(FP_RATEBOOK_GIVE_BACK,
			reserve(3, start_ns + 70 * MINUTE), 3,
			start_ns + 70 * MINUTE);
	CHECK(writer.limit.log_len == 0 && writer.limit.n_reserved == 1);
	compare_with_loaded(start_ns + 70 * MINUTE);
	end();
}

/* Whoever does something impossible is found out, in each of these ways. */
static void
impossible_books(void)
{
	struct fp_ratebook book;
	struct fp_raterecord record;

	begin("5/m");
	uint32_t slot = reserve(1, start_ns);
	fp_ratebook_make(
		&writer, &record, FP_RATEBOOK_RESERVE, slot, 2, start_ns);
	CHECK(fp_ratebook_apply(&writer, &record) == -1 && errno == EINVAL);
	fp_ratebook_make(
		&writer, &record, FP_RATEBOOK_FIRE, slot + 1, 1, start_ns);
	CHECK(fp_ratebook_apply(&writer, &record) == -1 && errno == EINVAL);
	CHECK(writer.head == 1);

	/* Of another file; at another place; with a number left out. */
	CHECK(fp_ratebook_init(&book, &rates, false, ID + 1) == 0);
	CHECK(fp_ratebook_load(&book, ring) == -1 && errno == EINVAL);
	fp_ratebook_destroy(&book);
	append(FP_RATEBOOK_FIRE, slot, 1, start_ns);
	append(FP_RATEBOOK_FIRE, reserve(1, start_ns), 1, start_ns);
	for (unsigned i = 0; i < 2; i++) {
		struct fp_raterecord old = ring[2];
		if (i == 0)
			memset(&ring[2], 0, sizeof(ring[2]));
		else
			ring[2] = ring[3];
		CHECK(fp_ratebook_init(&book, &rates, false, ID) == 0);
		CHECK(fp_ratebook_load(&book, ring) == -1 && errno == EINVAL);
		fp_ratebook_destroy(&book);
		ring[2] = old;
	}
	compare_with_loaded(start_ns);
	end();
}

/* Times that could not be added to a period. */
static void
impossible_times(void)
{
	static const struct {
		int64_t time_ns;
		enum fp_ratebook_state state;
	} times[] = {
		{0, FP_RATEBOOK_NEW},
		{FP_RATELIMIT_TIME_MAX_NS, FP_RATEBOOK_NEW},
		{FP_RATELIMIT_TIME_MAX_NS + 1, FP_RATEBOOK_DAMAGED},
		{INT64_MAX, FP_RATEBOOK_DAMAGED},
		{-1, FP_RATEBOOK_DAMAGED},
		{INT64_MIN, FP_RATEBOOK_DAMAGED},
	};

	begin("5/m");
	for (size_t i = 0; i < FP_ARRAY_LEN(times); i++) {
		struct fp_raterecord *record = &ring[1];
		struct fp_ratebook book;
		fp_ratebook_make(&writer, record, FP_RATEBOOK_RESERVE, 0, 0,
			times[i].time_ns);
		CHECK(fp_ratebook_judge(&writer, record) == times[i].state);
		CHECK(fp_ratebook_init(&book, &rates, false, ID) == 0);
		CHECK((fp_ratebook_load(&book, ring) == 0) ==
			(times[i].state == FP_RATEBOOK_NEW));
		fp_ratebook_destroy(&book);
	}
	end();
}

/* The beat of a start that is given back is free, for those too who read of it
 * from the beginning; but not while another start is under way. */
static void
beats_that_are_free(void)
{
	begin_paced("5/m", true);
	int64_t beat_ns = writer.limit.spacing_ns;
	append(FP_RATEBOOK_GIVE_BACK, reserve(1, start_ns), 1, start_ns);
	CHECK(fp_ratelimit_due_ns(&writer.limit, start_ns) == start_ns);
	compare_with_loaded(start_ns);

	append(FP_RATEBOOK_FIRE, reserve(1, start_ns), 1, start_ns);
	uint32_t slot = reserve(2, start_ns + beat_ns);
	CHECK(fp_ratelimit_due_ns(&writer.limit, start_ns) ==
		start_ns + 2 * beat_ns);
	compare_with_loaded(start_ns);
	append(FP_RATEBOOK_GIVE_BACK, slot, 2, start_ns + beat_ns);
	CHECK(fp_ratelimit_due_ns(&writer.limit, start_ns) ==
		start_ns + beat_ns);
	compare_with_loaded(start_ns);

	slot = reserve(1, start_ns + beat_ns);
	append(FP_RATEBOOK_GIVE_BACK, reserve(2, start_ns + 2 * beat_ns), 2,
		start_ns + 2 * beat_ns);
	CHECK(fp_ratelimit_due_ns(&writer.limit, start_ns) ==
		start_ns + 3 * beat_ns);
	compare_with_loaded(start_ns);
	append(FP_RATEBOOK_FIRE, slot, 1, start_ns + 2 * beat_ns);
	compare_with_loaded(start_ns);
	end();
}

static void
rates_that_are_too_many(void)
{
	struct fp_ratebook book;

	CHECK(fp_rates_parse("1000001/d", &rates) == 0);
	CHECK(fp_ratebook_init(&book, &rates, false, ID) == -1);
	CHECK(errno == EINVAL);
	rates.n = 0;
	CHECK(fp_ratebook_init(&book, &rates, false, ID) == -1);
	fp_ratebook_destroy(&book);
}

int
main(void)
{
	run("all who read it know the same", all_read_the_same);
	run("what still counts stays", live_records_stay);
	run("books that cannot be", impossible_books);
	run("times that cannot be", impossible_times);
	run("beats that are free", beats_that_are_free);
	run("rates that no file can hold", rates_that_are_too_many);
	return done();
}
