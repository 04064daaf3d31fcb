/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include "tap.h"

static double n[FP_USE_COUNT];

static void
uses(const struct fp_look *look, enum fp_reading reading,
	enum fp_writing writing, bool keeps_order)
{
	struct fp_ends ends = {reading, writing, keeps_order};

	fp_ledger_uses(look, &ends, 6, n);
}

/* Slots that are idle without anything in the pool that waits. */
static void
idle_ends(void)
{
	struct fp_look look = {
		.n_running = 2, .n_phase = {[FP_PHASE_ANSWER] = 2}};

	uses(&look, FP_READING_LINES, FP_WRITING_OUTPUT, false);
	CHECK(n[FP_USE_INPUT] == 4 && n[FP_USE_ANSWER] == 2);
	uses(&look, FP_READING_HANDS_IN, FP_WRITING_OUTPUT, true);
	CHECK(n[FP_USE_OUTPUT] == 4);
	uses(&look, FP_READING_HANDS_IN, FP_WRITING_JOURNAL, false);
	CHECK(n[FP_USE_JOURNAL] == 4);
	uses(&look, FP_READING_HANDS_IN, FP_WRITING_NOTHING, true);
	CHECK(n[FP_USE_ORDER] == 4);
	uses(&look, FP_READING_HANDS_IN, FP_WRITING_NOTHING, false);
	CHECK(n[FP_USE_BETWEEN] == 4);
	uses(&look, FP_READING_DONE, FP_WRITING_NOTHING, false);
	CHECK(n[FP_USE_END] == 4);
	uses(&look, FP_READING_DONE, FP_WRITING_OUTPUT, false);
	CHECK(n[FP_USE_OUTPUT] == 4);
}

/* What a server holds back it would hold back of any number. */
static void
held_items(void)
{
	struct fp_look look = {.n_running = 2};

	look.n_held[FP_HELD_PAUSED] = 1;
	uses(&look, FP_READING_LINES, FP_WRITING_NOTHING, false);
	CHECK(n[FP_USE_PAUSE] == 4 && n[FP_USE_INPUT] == 0);
	look.n_held[FP_HELD_RATE] = 3;
	uses(&look, FP_READING_HANDS_IN, FP_WRITING_NOTHING, false);
	CHECK(n[FP_USE_PAUSE] == 1 && n[FP_USE_RATE] == 3);
	look.n_running = 9;
	uses(&look, FP_READING_HANDS_IN, FP_WRITING_NOTHING, false);
	CHECK(n[FP_USE_PAUSE] == 0 && n[FP_USE_RATE] == 0);
}

/* One that waits for its next attempt leaves the other slots to others. */
static void
retries(void)
{
	struct fp_look look = {.n_running = 2};

	look.n_held[FP_HELD_RETRY] = 1;
	uses(&look, FP_READING_LINES, FP_WRITING_NOTHING, false);
	CHECK(n[FP_USE_RETRY] == 1 && n[FP_USE_INPUT] == 3);
	uses(&look, FP_READING_DONE, FP_WRITING_NOTHING, false);
	CHECK(n[FP_USE_RETRY] == 4 && n[FP_USE_END] == 0);
	look.n_held[FP_HELD_SLOT] = 2;
	uses(&look, FP_READING_LINES, FP_WRITING_NOTHING, false);
	CHECK(n[FP_USE_BETWEEN] == 2 && n[FP_USE_INPUT] == 1);
}

int
main(void)
{
	run("idle slots, and nothing that waits", idle_ends);
	run("what servers and limits hold back", held_items);
	run("items that wait for their next attempt", retries);
	return done();
}
