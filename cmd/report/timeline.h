/* SPDX-License-Identifier: MIT */
/*
 * timeline: what a run's slots did, moment by moment, in the same memory for a
 * run of any length: a fixed number of bins, which double in width when the
 * run has come to the end of the last one.
 *
 * What slots were busy with is told when it is over, and exactly. Why others
 * were idle is seen now and then, and counts for the time since the look
 * before. Together they account for all the time of all slots.
 *
 * Threads: the caller's lock.
 * Ownership: the caller embeds it.
 * Failure: cannot fail.
 */
#ifndef FP_TIMELINE_H
#define FP_TIMELINE_H

#include "base.h"

#include "spread.h"

/* What the time of a slot goes into. */
enum fp_use {
	FP_USE_LOOKUP, /* busy, as enum fp_phase has it */
	FP_USE_CONNECT,
	FP_USE_TLS,
	FP_USE_ANSWER,
	FP_USE_BODY,
	FP_USE_DELAY, /* --delay */
	FP_USE_FULL, /* a body that waits for memory */
	FP_USE_BUSY_COUNT,

	FP_USE_INPUT = FP_USE_BUSY_COUNT, /* idle: no line has come */
	FP_USE_OUTPUT, /* the output does not take what is done */
	FP_USE_JOURNAL, /* nor does the journal */
	FP_USE_ORDER, /* what is done has to wait for an earlier item */
	FP_USE_RATE, /* --rate */
	FP_USE_HOST_RATE, /* --host-rate */
	FP_USE_LEARNED, /* the rate that a server was found to allow */
	FP_USE_HOST_JOBS, /* --host-jobs */
	FP_USE_PAUSE, /* a server wants no requests */
	FP_USE_RETRY, /* the time of the next attempt */
	FP_USE_SILENT, /* a server that cannot be connected to */
	FP_USE_NAME, /* its address, looked up for others */
	FP_USE_MEMORY, /* --max-memory */
	FP_USE_TOKEN, /* --token-command */
	FP_USE_END, /* nothing is left to begin */
	FP_USE_BETWEEN, /* between two items: this program itself */
	FP_USE_COUNT
};

#define FP_TIMELINE_BINS 512
#define FP_TIMELINE_LEAST_BITS 24 /* the first bins: 2^24 ns, 17 ms */

struct fp_timebin {
	int64_t told_ns[FP_USE_BUSY_COUNT];
	int64_t seen_ns[FP_USE_COUNT];
	uint64_t n_done; /* items that ended */
	uint64_t n_failed; /* of them */
	uint64_t n_retried; /* attempts that another one follows */
	uint64_t n_paused; /* pauses that began */
	struct fp_spread times; /* of requests that ended */
};

struct fp_timeline {
	unsigned bits; /* a bin is 2^bits ns wide */
	struct fp_timebin bins[FP_TIMELINE_BINS];
};

void fp_timeline_init(struct fp_timeline *timeline);

/* The bin of this moment, counted from the beginning of the run. */
struct fp_timebin *fp_timeline_at(struct fp_timeline *timeline, int64_t at_ns);

/* So many slots were busy with that from then to then, and now it is over. A
 * negative number takes back what was told. */
void fp_timeline_tell(struct fp_timeline *timeline, enum fp_use use, int n,
	int64_t start_ns, int64_t end_ns);

/* In this time, so many slots did that: what was seen at its end. */
void fp_timeline_see(struct fp_timeline *timeline, const double n[FP_USE_COUNT],
	int64_t start_ns, int64_t end_ns);

/* How many bins a run of this length fills. */
size_t fp_timeline_count(const struct fp_timeline *timeline, int64_t took_ns);

/* What `n_slots` slots did in a bin, in ns: all their time up to `took_ns`,
 * when the run was over, or with `is_over` false, when some are still busy. */
void fp_timeline_account(const struct fp_timeline *timeline, size_t bin,
	unsigned n_slots, int64_t took_ns, bool is_over,
	double use_ns[FP_USE_COUNT]);

/* "look_up", "connect", ... */
const char *fp_timeline_name(enum fp_use use);

#endif
