/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include "tap.h"

#define S FP_NS_PER_S

static struct fp_progress
half_done(void)
{
	return (struct fp_progress){
		.n_read = 150,
		.n_succeeded = 61,
		.n_failed = 2,
		.n_running = 16,
		.n_waiting = 71,
		.n_left = 87,
		.is_exact = true,
		.took_ns = 7 * S,
		.each_second = 12.5,
	};
}

#define CHECK_BAR(progress, columns, expected)                    \
	do {                                                      \
		char bar_text[FP_BAR_MAX];                        \
		fp_progress_bar((progress), (columns), bar_text); \
		CHECK_TEXT(bar_text, (expected));                 \
	} while (0)

static void
each_width_has_its_bar(void)
{
	struct fp_progress progress = half_done();

	CHECK_BAR(&progress, 120,
		"42% [================>                       ] 63/150, 2 "
		"failed, 12.5/s, 0:07 left, 16 running, 71 waiting");
	CHECK_BAR(&progress, 80,
		"42% [=====>       ] 63/150, 2 failed, 12.5/s, 0:07 left, 16 "
		"running, 71 waiting");
	CHECK_BAR(&progress, 0,
		"42% [=====>       ] 63/150, 2 failed, 12.5/s, 0:07 left, 16 "
		"running, 71 waiting");
	CHECK_BAR(&progress, 60,
		"42% 63/150, 2 failed, 12.5/s, 0:07 left, 16 running");
	CHECK_BAR(&progress, 40, "42% 63/150, 2 failed, 12.5/s, 0:07 left");
	CHECK_BAR(&progress, 20, "42% 63/150 2 failed");
	CHECK_BAR(&progress, 12, "42% 63/150");
	CHECK_BAR(&progress, 8, "63/150");
	CHECK_BAR(&progress, 6, "42%");
	CHECK_BAR(&progress, 1, "");
}

/* No width, and no number, makes a line that does not fit. */
static void
nothing_is_too_long(void)
{
	struct fp_progress progress = half_done();
	char text[FP_BAR_MAX];

	for (unsigned columns = 1; columns < 400; columns++) {
		for (int i = 0; i < 2; i++) {
			progress = half_done();
			if (i == 1) {
				progress.n_succeeded = UINT64_MAX / 4;
				progress.n_failed = UINT64_MAX / 4;
				progress.n_left = UINT64_MAX / 4;
				progress.n_running = SIZE_MAX;
				progress.n_waiting = SIZE_MAX;
				progress.took_ns = INT64_MAX;
				progress.each_second = 1e-300;
			}
			fp_progress_bar(&progress, columns, text);
			CHECK(strlen(text) < columns);
			CHECK(strlen(text) < FP_BAR_MAX);
		}
	}
}

static void
the_total_may_be_unknown(void)
{
	struct fp_progress progress = half_done();

	progress.n_left = FP_LEFT_UNKNOWN;
	progress.is_exact = false;
	CHECK_BAR(&progress, 80,
		"63 done, 2 failed, 12.5/s, 0:07, 16 running, 71 waiting");

	/* A guess has a share, but is no number to be shown. */
	progress.n_left = 87;
	CHECK_BAR(&progress, 41, "42% 63 done, 2 failed, 12.5/s, 0:07 left");
	progress.n_left = 0;
	progress.is_exact = true;
	CHECK_BAR(&progress, 41, "100% 63/63, 2 failed, 12.5/s, 0:00 left");
}

static void
nothing_was_done_yet(void)
{
	struct fp_progress progress = {.n_left = FP_LEFT_UNKNOWN};

	CHECK_BAR(&progress, 80, "0 done, 0.0/s, 0:00, 0 running");
	progress.n_left = 0;
	progress.is_exact = true;
	CHECK_BAR(&progress, 80, "0/0, 0.0/s, 0:00, 0 running");
	progress.n_left = 10;
	CHECK_BAR(&progress, 60,
		"0% [>                        ] 0/10, 0.0/s, 0:00, 0 running");
}

static void
times_in_all_lengths(void)
{
	struct fp_progress progress = {
		.n_left = FP_LEFT_UNKNOWN, .took_ns = 3723 * S};

	CHECK_BAR(&progress, 80, "0 done, 0.0/s, 1:02:03, 0 running");
	progress.took_ns = (2 * 86400 + 3 * 3600) * S;
	CHECK_BAR(&progress, 80, "0 done, 0.0/s, 2d 03h, 0 running");
}

static void
the_words(void)
{
	struct fp_progress progress = half_done();
	char text[200];

	fp_progress_words(&progress, text, sizeof(text));
	CHECK_TEXT(text, "150 read, 61 succeeded, 2 failed, 16 in flight, 71 "
			 "waiting, 9.0/s");
	progress.took_ns = 0;
	fp_progress_words(&progress, text, sizeof(text));
	CHECK_TEXT(text, "150 read, 61 succeeded, 2 failed, 16 in flight, 71 "
			 "waiting, 0.0/s");
}

static void
the_pace_is_that_of_late(void)
{
	struct fp_pace pace = {0};
	uint64_t n = 0;

	CHECK(fp_progress_pace_of(&pace, 0, 0) == 0);
	fp_progress_pace_note(&pace, 100 * S, 0);
	CHECK(fp_progress_pace_of(&pace, 100 * S, 5) == 0);
	CHECK(fp_progress_pace_of(&pace, 102 * S, 10) == 5);

	/* A hundred seconds of 10 a second, drawn every 100 ms. */
	for (int i = 1; i <= 1000; i++) {
		n = (uint64_t)i;
		fp_progress_pace_note(&pace, 100 * S + i * (S / 10), n);
	}
	double now = fp_progress_pace_of(&pace, 200 * S, n);
	CHECK(now > 9.9 && now < 10.1);

	/* Then nothing for 20 s: all of what was before is forgotten. */
	for (int i = 1; i <= 200; i++)
		fp_progress_pace_note(&pace, 200 * S + i * (S / 10), n);
	CHECK(fp_progress_pace_of(&pace, 220 * S, n) == 0);
	CHECK(pace.n_seen < 64);
}

static void
what_is_left_of_a_file(void)
{
	CHECK(fp_progress_left(1000, 0, 0, 0, 0) == FP_LEFT_UNKNOWN);
	CHECK(fp_progress_left(0, 0, 0, 0, 0) == FP_LEFT_UNKNOWN);
	CHECK(fp_progress_left(1000, 500, 50, 50, 20) == 30 + 50);
	CHECK(fp_progress_left(1000, 1000, 50, 50, 50) == 0);

	/* It became shorter meanwhile; or a part of it was done before. */
	CHECK(fp_progress_left(100, 500, 50, 50, 20) == 30);
	CHECK(fp_progress_left(1000, 500, 50, 5, 5) == 50);
}

int
main(void)
{
	run("each width has its bar", each_width_has_its_bar);
	run("nothing is too long", nothing_is_too_long);
	run("the total may be unknown", the_total_may_be_unknown);
	run("nothing was done yet", nothing_was_done_yet);
	run("times in all lengths", times_in_all_lengths);
	run("the words", the_words);
	run("the pace is that of late", the_pace_is_that_of_late);
	run("what is left of a file", what_is_left_of_a_file);
	return done();
}
