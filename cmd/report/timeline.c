/* SPDX-License-Identifier: MIT */
/*
 * A bin that has less than its slots' time told is filled up: first with what
 * was seen of idle slots, then with what was seen of busy ones that have not
 * ended yet. What is left was too short to be seen: the time between two items
 * in a slot.
 */
#include "base.h"

#include "timeline.h"

#include <string.h>

void
fp_timeline_init(struct fp_timeline *timeline)
{
	memset(timeline, 0, sizeof(*timeline));
	timeline->bits = FP_TIMELINE_LEAST_BITS;
}

static void
join_bins(struct fp_timebin *bin, const struct fp_timebin *other)
{
	for (int i = 0; i < FP_USE_BUSY_COUNT; i++)
		bin->told_ns[i] += other->told_ns[i];
	for (int i = 0; i < FP_USE_COUNT; i++)
		bin->seen_ns[i] += other->seen_ns[i];
	bin->n_done += other->n_done;
	bin->n_failed += other->n_failed;
	bin->n_retried += other->n_retried;
	bin->n_paused += other->n_paused;
	fp_spread_join(&bin->times, &other->times);
}

static void
timeline_widen(struct fp_timeline *timeline)
{
	struct fp_timebin *bins = timeline->bins;
	size_t half = FP_TIMELINE_BINS / 2;

	for (size_t i = 0; i < half; i++) {
		if (i > 0)
			bins[i] = bins[2 * i];
		join_bins(&bins[i], &bins[2 * i + 1]);
	}
	memset(&bins[half], 0, half * sizeof(bins[0]));
	timeline->bits++;
}

static size_t
bin_at(struct fp_timeline *timeline, int64_t at_ns)
{
	uint64_t at = (uint64_t)FP_MAX(at_ns, 0);

	while (FP_UNLIKELY(at >> timeline->bits >= FP_TIMELINE_BINS))
		timeline_widen(timeline);
	return (size_t)(at >> timeline->bits);
}

struct fp_timebin *
fp_timeline_at(struct fp_timeline *timeline, int64_t at_ns)
{
	return &timeline->bins[bin_at(timeline, at_ns)];
}

/* Where a bin ends. */
static int64_t
bin_end(const struct fp_timeline *timeline, size_t bin)
{
	return (int64_t)(bin + 1) << timeline->bits;
}

void
fp_timeline_tell(struct fp_timeline *timeline, enum fp_use use, int n,
	int64_t start_ns, int64_t end_ns)
{
	size_t last = bin_at(timeline, end_ns);
	size_t bin = bin_at(timeline, start_ns);
	int64_t at = FP_MAX(start_ns, 0);

	for (; bin < last; bin++) {
		timeline->bins[bin].told_ns[use] +=
			n * (bin_end(timeline, bin) - at);
		at = bin_end(timeline, bin);
	}
	if (end_ns > at)
		timeline->bins[last].told_ns[use] += n * (end_ns - at);
}

void
fp_timeline_see(struct fp_timeline *timeline, const double n[FP_USE_COUNT],
	int64_t start_ns, int64_t end_ns)
{
	size_t last = bin_at(timeline, end_ns);
	int64_t at = FP_MAX(start_ns, 0);

	for (size_t bin = bin_at(timeline, at); bin <= last; bin++) {
		int64_t end = FP_MIN(end_ns, bin_end(timeline, bin));
		for (int i = 0; i < FP_USE_COUNT; i++) {
			if (n[i] > 0)
				timeline->bins[bin].seen_ns[i] +=
					(int64_t)(n[i] * (double)(end - at));
		}
		at = end;
	}
}

size_t
fp_timeline_count(const struct fp_timeline *timeline, int64_t took_ns)
{
	uint64_t last = (uint64_t)FP_MAX(took_ns - 1, 0) >> timeline->bits;

	return (size_t)FP_MIN(last, FP_TIMELINE_BINS - 1) + 1;
}

/* Adds up to `room` of what was seen of these uses, each in its part. Returns
 * what is left of it. */
static double
fill_up(double use_ns[FP_USE_COUNT], const double seen[FP_USE_COUNT], int from,
	int to, double room)
{
	double sum = 0;

	for (int i = from; i < to; i++)
		sum += seen[i];
	if (sum <= 0 || room <= 0)
		return room;
	double part = FP_MIN(room / sum, 1);
	for (int i = from; i < to; i++)
		use_ns[i] += seen[i] * part;
	return room - sum * part;
}

void
fp_timeline_account(const struct fp_timeline *timeline, size_t bin,
	unsigned n_slots, int64_t took_ns, bool is_over,
	double use_ns[FP_USE_COUNT])
{
	const struct fp_timebin *at = &timeline->bins[bin];
	int64_t begin = (int64_t)bin << timeline->bits;
	int64_t end = FP_MIN(bin_end(timeline, bin), took_ns);
	double all = (double)FP_MAX(end - begin, 0) * n_slots;
	double seen[FP_USE_COUNT], told = 0;

	for (int i = 0; i < FP_USE_COUNT; i++) {
		double busy = i < FP_USE_BUSY_COUNT
				      ? (double)FP_MAX(at->told_ns[i], 0)
				      : 0;
		use_ns[i] = busy;
		told += busy;
		seen[i] = FP_MAX((double)at->seen_ns[i] - busy, 0);
	}
	/* A look takes one for the other. */
	seen[FP_USE_CONNECT] =
		FP_MAX(seen[FP_USE_CONNECT] - use_ns[FP_USE_TLS], 0);
	if (told > all && told > 0) {
		for (int i = 0; i < FP_USE_BUSY_COUNT; i++)
			use_ns[i] *= all / told;
		return;
	}
	double room = fill_up(
		use_ns, seen, FP_USE_BUSY_COUNT, FP_USE_COUNT, all - told);
	if (!is_over)
		room = fill_up(use_ns, seen, 0, FP_USE_BUSY_COUNT, room);
	use_ns[FP_USE_BETWEEN] += room;
}

const char *
fp_timeline_name(enum fp_use use)
{
	static const char *const names[FP_USE_COUNT] = {
		[FP_USE_LOOKUP] = "look_up",
		[FP_USE_CONNECT] = "connect",
		[FP_USE_TLS] = "tls",
		[FP_USE_ANSWER] = "wait",
		[FP_USE_BODY] = "read",
		[FP_USE_DELAY] = "delay",
		[FP_USE_FULL] = "body_memory",
		[FP_USE_INPUT] = "input",
		[FP_USE_OUTPUT] = "output",
		[FP_USE_JOURNAL] = "journal",
		[FP_USE_ORDER] = "order",
		[FP_USE_RATE] = "rate",
		[FP_USE_HOST_RATE] = "host_rate",
		[FP_USE_LEARNED] = "learned_rate",
		[FP_USE_HOST_JOBS] = "host_jobs",
		[FP_USE_PAUSE] = "pause",
		[FP_USE_RETRY] = "retry",
		[FP_USE_SILENT] = "unreachable",
		[FP_USE_NAME] = "name",
		[FP_USE_MEMORY] = "memory",
		[FP_USE_TOKEN] = "token",
		[FP_USE_END] = "end",
		[FP_USE_BETWEEN] = "between",
	};

	return names[use];
}
