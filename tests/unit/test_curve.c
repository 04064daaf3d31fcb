/* SPDX-License-Identifier: MIT */
#include "curve.h"
#include "tap.h"

#define MS FP_NS_PER_MS
#define S FP_NS_PER_S

static bool
is_about(double x, double y, double error)
{
	return x > y * (1 - error) && x < y * (1 + error);
}

static void
see(struct fp_curve *curve, double n, double level, double took_ms)
{
	struct fp_curve_view view = {n, level, took_ms * 1e6, 0};

	fp_curve_add(curve, &view, S);
}

static void
what_was_seen_is_known(void)
{
	struct fp_curve curve;

	fp_curve_init(&curve);
	CHECK(fp_curve_at(&curve, 8).level == 0);
	CHECK(fp_curve_best(&curve, 256, 0.9) == 0);
	see(&curve, 100, 40, 100);
	see(&curve, 300, 41, 120);
	struct fp_curve_view view = fp_curve_at(&curve, 40);
	CHECK(is_about(view.n, 400, 0.01));
	CHECK(is_about(view.level, 40.75, 0.001));
	CHECK(is_about(view.took_ns, 115e6, 0.001));
	CHECK(is_about(fp_curve_rate(&view) * 1e9, 354, 0.01));
	CHECK(fp_curve_at(&curve, 64).level == 0);
	fp_curve_forget(&curve);
	CHECK(fp_curve_at(&curve, 40).level == 0);
}

/* Small ones are not mixed with each other, and the largest has a place. */
static void
each_number_has_its_place(void)
{
	struct fp_curve curve;

	fp_curve_init(&curve);
	for (int level = 1; level <= 8; level++)
		see(&curve, 100, level, 10 * level);
	for (int level = 1; level <= 8; level++)
		CHECK(is_about(fp_curve_at(&curve, level).took_ns, 1e7 * level,
			0.001));
	see(&curve, 100, 20000, 10);
	CHECK(is_about(fp_curve_at(&curve, 20000).level, 20000, 0.001));
}

static void
what_is_old_fades(void)
{
	struct fp_curve curve;
	struct fp_curve_view view = {1000, 16, 1e8, 0};

	fp_curve_init(&curve);
	fp_curve_add(&curve, &view, S);
	view.level = 32;
	fp_curve_add(&curve, &view, 11 * S);
	CHECK(is_about(fp_curve_at(&curve, 16).n, 500, 0.1));
	CHECK(is_about(fp_curve_at(&curve, 32).n, 1000, 0.01));
	fp_curve_add(&curve, &view, 100 * S);
	CHECK(fp_curve_at(&curve, 16).level == 0);
}

/* What is left of a server that has become faster is what can still be true. */
static void
what_was_slower_is_forgotten(void)
{
	struct fp_curve curve;

	fp_curve_init(&curve);
	see(&curve, 500, 20, 100);
	see(&curve, 500, 40, 101);
	see(&curve, 500, 57, 140);
	see(&curve, 500, 128, 320);
	see(&curve, 100, 80, 103);
	CHECK(is_about(fp_curve_at(&curve, 20).took_ns, 1e8, 0.001));
	CHECK(is_about(fp_curve_at(&curve, 40).took_ns, 1.01e8, 0.001));
	CHECK(fp_curve_at(&curve, 57).level == 0);
	CHECK(is_about(fp_curve_at(&curve, 128).took_ns, 3.2e8, 0.001));
	see(&curve, 100, 80, 52);
	CHECK(is_about(fp_curve_at(&curve, 80).took_ns, 5.2e7, 0.001));
	CHECK(fp_curve_at(&curve, 20).level == 0);
	see(&curve, 100, 64, 300);
	CHECK(is_about(fp_curve_at(&curve, 80).took_ns, 5.2e7, 0.001));
}

/* What may be by chance is kept, and so is what differs little. */
static void
what_may_be_true_is_kept(void)
{
	struct fp_curve curve;

	fp_curve_init(&curve);
	fp_curve_scatter(&curve, 1, 1000);
	see(&curve, 50, 20, 150);
	see(&curve, 50, 40, 100);
	CHECK(is_about(fp_curve_at(&curve, 20).took_ns, 1.5e8, 0.001));
	see(&curve, 50000, 64, 118);
	see(&curve, 50000, 80, 100);
	CHECK(is_about(fp_curve_at(&curve, 64).took_ns, 1.18e8, 0.001));
}

static void
errors_are_those_of_single_times(void)
{
	struct fp_curve curve;
	struct fp_curve_view view = {400, 16, 1e8, 0};

	fp_curve_init(&curve);
	fp_curve_scatter(&curve, 1, 100);
	CHECK(is_about(fp_curve_error2(&curve, &view), 1.0 / 400, 0.001));
	fp_curve_scatter(&curve, 0.5, 100);
	CHECK(is_about(curve.scatter2, 0.75, 0.001));
	CHECK(is_about(fp_curve_root(0.0025), 0.05, 0.001));
	CHECK(is_about(fp_curve_root(1), 1, 0.001));
}

static void
a_queue_has_a_knee(void)
{
	struct fp_curve curve;

	fp_curve_init(&curve);
	fp_curve_scatter(&curve, 1, 1000);
	see(&curve, 500, 16, 98);
	see(&curve, 500, 32, 103);
	see(&curve, 500, 64, 158);
	see(&curve, 500, 128, 322);
	double best = fp_curve_best(&curve, 256, 0.97);
	CHECK(best > 39 && best < 48);
}

/* No knee: nearly as much as could be had at the most, but not much more at
 * once than was tried. */
static void
some_get_slower_by_and_by(void)
{
	struct fp_curve curve;

	fp_curve_init(&curve);
	fp_curve_scatter(&curve, 0.1, 1000);
	see(&curve, 500, 16, 70);
	see(&curve, 500, 32, 90);
	see(&curve, 500, 64, 130);
	see(&curve, 500, 128, 210);
	double best = fp_curve_best(&curve, 256, 0.97);
	CHECK(is_about(best, 1.4 * 128, 0.001));
	see(&curve, 500, 230, 337.5);
	best = fp_curve_best(&curve, 256, 0.97);
	CHECK(best > 190 && best < 230);
}

static void
see_low(struct fp_curve *curve, double level, double took_ms, double low_ms)
{
	struct fp_curve_view view = {500, level, took_ms * 1e6, low_ms * 1e6};

	fp_curve_add(curve, &view, S);
}

/* The quickest answers tell where the queue begins, although those that were
 * seen without it took longer by chance; and that others slow down, where times
 * alone would be those of a queue. */
static void
the_quickest_tell_a_queue(void)
{
	struct fp_curve queue, slower;

	fp_curve_init(&queue);
	fp_curve_scatter(&queue, 1, 1000);
	fp_curve_low(&queue, 0.01, 1000);
	CHECK(is_about(queue.low2, 0.08, 0.001));
	slower = queue;
	see(&queue, 20, 16, 125);
	see(&queue, 500, 64, 160);
	see(&queue, 500, 128, 320);
	double by_times = fp_curve_best(&queue, 256, 0.97);
	CHECK(by_times > 50);
	fp_curve_forget(&queue);
	struct fp_curve_view few = {20, 16, 125e6, 12.5e6};
	fp_curve_add(&queue, &few, S);
	see_low(&queue, 64, 160, 72.5);
	see_low(&queue, 128, 320, 232.5);
	double best = fp_curve_best(&queue, 256, 0.97);
	CHECK(best > 39 && best < 46);
	see_low(&slower, 32, 80, 10);
	see_low(&slower, 64, 117, 14.6);
	see_low(&slower, 128, 205, 25.6);
	best = fp_curve_best(&slower, 128, 0.97);
	CHECK(best > 90);
	fp_curve_forget(&slower);
	see_low(&slower, 32, 80, 10);
	see_low(&slower, 64, 117, 47);
	see_low(&slower, 128, 205, 135);
	CHECK(fp_curve_best(&slower, 128, 0.97) < best);
}

/* The most gets through at 40, and less with more: so many are found, although
 * none was tried there. */
static void
some_get_in_each_others_way(void)
{
	struct fp_curve curve;

	fp_curve_init(&curve);
	fp_curve_scatter(&curve, 0.1, 1000);
	for (int level = 16; level <= 96; level *= 2)
		see(&curve, 500, level, 50 * (1 + level * level / 1600.0));
	see(&curve, 500, 96, 50 * (1 + 96 * 96 / 1600.0));
	double best = fp_curve_best(&curve, 256, 0.97);
	CHECK(best > 26 && best < 40);
}

/* None of these: the least at which nearly as many get through as at 32. */
static void
less_may_get_through_with_more(void)
{
	struct fp_curve curve;

	fp_curve_init(&curve);
	see(&curve, 500, 8, 52);
	see(&curve, 500, 16, 58);
	see(&curve, 500, 32, 82);
	see(&curve, 500, 64, 178);
	double best = fp_curve_best(&curve, 256, 0.97);
	CHECK(best > 26 && best <= 32);
}

static void
none_is_better_than_the_most(void)
{
	struct fp_curve curve;

	fp_curve_init(&curve);
	see(&curve, 500, 8, 100);
	see(&curve, 500, 16, 100);
	CHECK(is_about(fp_curve_best(&curve, 256, 0.97), 16, 0.01));
	see(&curve, 500, 32, 100);
	CHECK(is_about(fp_curve_best(&curve, 20, 0.97), 20, 0.01));
}

/* Averages that differ more than single times do: the error is larger, and no
 * longer if that is over. */
static void
averages_may_be_uneven(void)
{
	struct fp_curve curve;
	struct fp_curve_view high = {400, 40, 130e6, 0},
			     low = {400, 40, 97e6, 0};

	fp_curve_init(&curve);
	see(&curve, 10000, 40, 100);
	double error = fp_curve_error(&curve, &high);
	for (int i = 0; i < 100; i++)
		fp_curve_is_odd(&curve, i % 4 == 0 ? &high : &low);
	CHECK(fp_curve_error(&curve, &high) > 10 * error);
	CHECK(!fp_curve_is_odd(&curve, &high));
	for (int i = 0; i < 200; i++)
		CHECK(!fp_curve_is_odd(&curve, &low));
	low.took_ns = 100e6;
	for (int i = 0; i < 200; i++)
		CHECK(!fp_curve_is_odd(&curve, &low));
	CHECK(is_about(fp_curve_error(&curve, &high), error, 0.01));
}

/* What goes on to be unlike before is a change, and no unevenness. */
static void
a_change_is_not_uneven(void)
{
	struct fp_curve curve;
	struct fp_curve_view view = {400, 40, 200e6, 0};

	fp_curve_init(&curve);
	CHECK(!fp_curve_is_odd(&curve, &view));
	see(&curve, 10000, 40, 100);
	double error = fp_curve_error(&curve, &view);
	for (unsigned i = 1; i <= 3; i++) {
		CHECK(fp_curve_is_odd(&curve, &view));
		CHECK(curve.n_odd == i);
	}
	fp_curve_forget(&curve);
	CHECK(curve.n_odd == 0);
	see(&curve, 400, 40, 200);
	CHECK(!fp_curve_is_odd(&curve, &view));
	CHECK(is_about(fp_curve_error(&curve, &view), error, 0.001));
}

int
main(void)
{
	run("what was seen is known", what_was_seen_is_known);
	run("each number has its place", each_number_has_its_place);
	run("what is old fades", what_is_old_fades);
	run("what was slower is forgotten", what_was_slower_is_forgotten);
	run("what may be true is kept", what_may_be_true_is_kept);
	run("errors are those of single times",
		errors_are_those_of_single_times);
	run("a queue has a knee", a_queue_has_a_knee);
	run("some get slower by and by", some_get_slower_by_and_by);
	run("the quickest tell a queue", the_quickest_tell_a_queue);
	run("some get in each other's way", some_get_in_each_others_way);
	run("less may get through with more", less_may_get_through_with_more);
	run("averages may be uneven", averages_may_be_uneven);
	run("a change is not uneven", a_change_is_not_uneven);
	run("none is better than the most", none_is_better_than_the_most);
	return done();
}
