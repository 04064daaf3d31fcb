/* SPDX-License-Identifier: MIT */
/*
 * progress: how far a run is, in words, and as a bar that fits a terminal of
 * any width. Only ASCII, and no colours.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: the caller embeds what there is.
 * Failure: cannot fail; what does not fit is left out.
 */
#ifndef FP_PROGRESS_H
#define FP_PROGRESS_H

#include "base.h"

#define FP_BAR_MAX 200
#define FP_LEFT_UNKNOWN UINT64_MAX

/* How fast items get done, of late. Zeroed, it has seen nothing. */
struct fp_pace {
	struct {
		int64_t at_ns;
		uint64_t n_done;
	} seen[32]; /* a ring */
	unsigned n_seen; /* ever */
};

/* So many are done now. */
void fp_progress_pace_note(
	struct fp_pace *pace, int64_t now_ns, uint64_t n_done);

/* How many a second, over the last quarter of a minute or so. */
double fp_progress_pace_of(
	const struct fp_pace *pace, int64_t now_ns, uint64_t n_done);

struct fp_progress {
	uint64_t n_read;
	uint64_t n_succeeded;
	uint64_t n_failed;
	size_t n_running;
	size_t n_waiting;
	uint64_t n_left; /* not done yet; or FP_LEFT_UNKNOWN */
	bool is_exact; /* n_left is no guess: all was read */
	bool is_stopping; /* only what is under way may end */
	int64_t took_ns; /* since the run began */
	double each_second; /* the pace to show; the average is in the words */
	char held[100]; /* what holds it: "held by --rate"; or "" */
	int held_by; /* a number for that */
};

/* "150 read, 100 succeeded, 2 failed, 16 in flight, ..." */
void fp_progress_words(
	const struct fp_progress *progress, char *text, size_t size);

/* "200 done, 3 failed, 7.1 s, 28/s" */
void fp_progress_last(
	const struct fp_progress *progress, char *text, size_t size);

/* One line of fewer than `columns` characters; 0: as if they were 80. */
void fp_progress_bar(const struct fp_progress *progress, unsigned columns,
	char text[FP_BAR_MAX]);

/* What is left to do of a file of which so many bytes are read, and so many
 * lines with them, to become n_read items. */
uint64_t fp_progress_left(uint64_t n_bytes, uint64_t n_bytes_read,
	uint64_t n_lines, uint64_t n_read, uint64_t n_done);

#endif
