/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "scheduletest.h"

static struct fp_memory memory;

static void
room_ends_at_the_most(void)
{
	fp_memory_init(&memory, 100, true);
	CHECK(fp_memory_has_room(&memory, 2, 100));
	CHECK(!fp_memory_has_room(&memory, 2, 101));
	CHECK(!fp_memory_is_tight(&memory));
	fp_memory_take(&memory, 51);
	CHECK(fp_memory_is_tight(&memory));
	CHECK(fp_memory_has_room(&memory, 2, 49));
	CHECK(!fp_memory_has_room(&memory, 2, 50));
	CHECK(!fp_memory_has_room(&memory, 2, UINT64_MAX));
	fp_memory_give(&memory, 2, 51);
	CHECK(fp_memory_has_room(&memory, 2, 100));
}

static void
in_order_the_oldest_goes_on(void)
{
	fp_memory_init(&memory, 100, true);
	fp_memory_take(&memory, 100);
	CHECK(fp_memory_has_room(&memory, 1, 1000));
	CHECK(!fp_memory_has_room(&memory, 2, 1));
	fp_memory_give(&memory, 1, 50);
	fp_memory_take(&memory, 50);
	CHECK(!fp_memory_has_room(&memory, 2, 1));
	fp_memory_advance(&memory, 1);
	CHECK(fp_memory_has_room(&memory, 2, 1));
	CHECK(!fp_memory_has_room(&memory, 1, 1));
	CHECK(fp_memory_chosen(&memory) == 2);
}

static void
without_order_one_goes_on_until_it_is_written(void)
{
	fp_memory_init(&memory, 100, false);
	fp_memory_take(&memory, 100);
	CHECK(fp_memory_has_room(&memory, 7, 1000));
	CHECK(fp_memory_has_room(&memory, 7, 1000));
	CHECK(!fp_memory_has_room(&memory, 3, 1));
	fp_memory_take(&memory, 1000);
	fp_memory_give(&memory, 3, 10);
	CHECK(!fp_memory_has_room(&memory, 3, 1));
	fp_memory_give(&memory, 7, 1000);
	CHECK(fp_memory_has_room(&memory, 3, 11));
	CHECK(!fp_memory_has_room(&memory, 7, 11));
	CHECK(fp_memory_chosen(&memory) == 0);
}

/* ---- what it is to the schedule ---- */

static struct fp_ticket *
add_turn(const char *url, uint64_t turn)
{
	struct fp_ticket *ticket = add_item(url);

	ticket->turn = turn;
	return ticket;
}

static void
begin(bool in_order)
{
	set_rules(100, NULL, NULL);
	fp_memory_init(&memory, 100, in_order);
	rules.memory = &memory;
	set_up();
}

static void
without_order_nothing_starts_when_it_is_tight(void)
{
	begin(false);
	struct fp_ticket *first = add_turn(A, 1);
	fp_memory_take(&memory, 51);
	CHECK(!next_item(T0));
	CHECK(schedule.is_tight);
	fp_memory_give(&memory, 9, 1);
	CHECK(gives(first, T0));
	finish(first, T0);
	fp_schedule_destroy(&schedule);
}

static void
in_order_only_the_oldest_starts(void)
{
	begin(true);
	struct fp_ticket *items[3];
	for (unsigned i = 0; i < 3; i++)
		items[i] = add_turn(A, i + 1);
	fp_memory_take(&memory, 100);
	CHECK(gives(items[0], T0));
	CHECK(!next_item(T0));
	finish(items[0], T0);
	CHECK(!next_item(T0));
	fp_memory_advance(&memory, 1);
	CHECK(gives(items[1], T0));
	CHECK(!next_item(T0));
	fp_memory_give(&memory, 9, 100);
	CHECK(gives(items[2], T0));
	finish(items[1], T0);
	finish(items[2], T0);
	fp_schedule_destroy(&schedule);
}

/* Behind others that wait for their origin. */
static void
the_oldest_is_found(void)
{
	begin(true);
	struct fp_ticket *items[6];
	for (unsigned i = 0; i < 6; i++)
		items[i] = add_turn(i < 3 ? A : B, i + 1);
	for (unsigned i = 0; i < 6; i++)
		CHECK(gives(items[i], T0));
	for (unsigned i = 6; i-- > 0;)
		retry(items[i], S, T0 + (int64_t)(6 - i));
	struct fp_report pause = {
		.heard = FP_HEARD_ANSWER, .pause_ns = 10 * S, .begun_ns = T0};
	struct fp_ticket *other = add_turn(A, 7);
	CHECK(gives(other, T0));
	CHECK(!end_item(other, FP_AGAIN_NO, 0, pause, T0));
	fp_ticket_free(other);

	/* Those of A wait for it, the youngest first. */
	for (unsigned i = 6; i-- > 3;)
		CHECK(gives(items[i], T0 + 2 * S));
	CHECK(!next_item(T0 + 2 * S));
	fp_memory_take(&memory, 100);
	for (unsigned turn = 2; turn > 0; turn--) {
		atomic_store(&memory.chosen, turn);
		CHECK(gives(items[turn - 1], T0 + 20 * S));
		CHECK(!next_item(T0 + 20 * S));
	}
	fp_memory_give(&memory, 9, 100);
	CHECK(gives(items[2], T0 + 20 * S));
	for (unsigned i = 0; i < 6; i++)
		finish(items[i], T0 + 20 * S);
	fp_schedule_destroy(&schedule);
}

int
main(void)
{
	run("room ends at the most", room_ends_at_the_most);
	run("in order the oldest goes on", in_order_the_oldest_goes_on);
	run("without order one goes on until it is written",
		without_order_one_goes_on_until_it_is_written);
	run("without order nothing starts when it is tight",
		without_order_nothing_starts_when_it_is_tight);
	run("in order only the oldest starts", in_order_only_the_oldest_starts);
	run("the oldest is found", the_oldest_is_found);
	return done();
}
