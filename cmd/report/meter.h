/* SPDX-License-Identifier: MIT */
/*
 * meter: --progress: whether and when to show how far the run is: as a bar on
 * the terminal that standard error is, or as a line now and then.
 *
 * Threads: the main thread's.
 * Ownership: embedded by the run.
 * Failure: cannot fail.
 */
#ifndef FP_METER_H
#define FP_METER_H

#include "base.h"

#include "progress.h"
#include "settings.h"

struct fp_meter {
	enum fp_meter_how {
		FP_METER_NONE,
		FP_METER_BAR,
		FP_METER_LINES,
	} how;
	unsigned columns; /* if the terminal does not know */
	struct fp_pace pace;
	int64_t due_ns; /* when to show it next; INT64_MAX: never */
	int64_t wait_ns; /* between two lines */
	bool is_over; /* nothing is shown any more */
	bool was_shown; /* the bar was, once */
	int pipe_fd; /* the output, whose readers may write to the terminal: to
			be found out before the first bar; -1: there is none */
	int held_by; /* what has held the run ... */
	int64_t held_ns; /* since then */
};

/* Before the run begins; decides how. */
void fp_meter_init(struct fp_meter *meter, const struct fp_settings *settings,
	int input_fd, int output_fd, int64_t now_ns);

/* Shows it; `progress` is filled but for its pace. */
void fp_meter_show(
	struct fp_meter *meter, struct fp_progress *progress, int64_t now_ns);

/* Takes the bar away until it is shown next. */
void fp_meter_hide(struct fp_meter *meter);

/* For good. The last line, if there are lines, is the caller's to show. */
void fp_meter_end(struct fp_meter *meter);

/* The line that stays in place of a bar that was there. */
void fp_meter_last(struct fp_meter *meter, const struct fp_progress *progress);

#endif
