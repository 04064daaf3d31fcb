/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "notice.h"

#include "clock.h"
#include "msg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A shorter pause is over before its line is read. */
#define WORTH_A_LINE_NS (FP_NS_PER_S / 2)

/* The local time of day at which a wait is over; with its date, if that may be
 * another day's. */
static void
notice_write_time(int64_t now_ns, int64_t wait_ns, char *text, size_t size)
{
	int64_t wait_s = wait_ns / FP_NS_PER_S + (wait_ns % FP_NS_PER_S > 0);
	time_t at = (time_t)(now_ns / FP_NS_PER_S + wait_s);
	struct tm local;

	snprintf(text, size, "?");
	if (localtime_r(&at, &local))
		strftime(text, size,
			wait_s < 12 * 3600 ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S",
			&local);
}

/* Three digits, and those before the point in any case. */
static void
write_wait(int64_t wait_ns, char *text, size_t size)
{
	double wait_s = (double)wait_ns / 1e9;

	snprintf(text, size, wait_s < 100 ? "%.3g s" : "%.0f s", wait_s);
}

/* How long the wait is, and at what time of day it ends. */
static void
notice_write_end(const struct fp_notice *notice, char *wait, size_t wait_size,
	char *until, size_t until_size)
{
	write_wait(notice->wait_ns, wait, wait_size);
	notice_write_time(
		fp_clock_wall_ns(), notice->wait_ns, until, until_size);
}

void
fp_notices_init(struct fp_notices *notices, bool is_quiet)
{
	*notices = (struct fp_notices){.is_quiet = is_quiet};
	fp_mutex_init(&notices->lock);
}

void
fp_notices_destroy(struct fp_notices *notices)
{
	for (unsigned i = 0; i < notices->n_learned; i++)
		free(notices->learned[i].origin);
	notices->n_learned = 0;
	fp_mutex_destroy(&notices->lock);
}

static void
keep_learned(struct fp_notices *notices, const struct fp_notice *notice)
{
	unsigned i = 0;

	fp_mutex_lock(&notices->lock);
	while (i < notices->n_learned &&
		strcmp(notices->learned[i].origin, notice->origin) != 0)
		i++;
	if (i == notices->n_learned && i < FP_NOTICE_LEARNED_MAX) {
		notices->learned[i].origin = strdup(notice->origin);
		notices->n_learned += notices->learned[i].origin != NULL;
	}
	if (i < notices->n_learned)
		snprintf(notices->learned[i].rate,
			sizeof(notices->learned[i].rate), "%s", notice->rate);
	fp_mutex_unlock(&notices->lock);
}

/* Origins have no character that JSON would escape. */
int
fp_notices_add_learned(struct fp_notices *notices, struct fp_buf *text)
{
	if (fp_buf_add_text(text, "\"learned\":["))
		return -1;
	for (unsigned i = 0; i < notices->n_learned; i++) {
		if (fp_buf_printf(text, "%s{\"origin\":\"%s\",\"rate\":\"%s\"}",
			    i ? "," : "", notices->learned[i].origin,
			    notices->learned[i].rate))
			return -1;
	}
	return fp_buf_add_char(text, ']');
}

/* A pause is nothing to be done about, but it explains a run that stands
 * still. The time of day is what people look at. */
static void
notice_tell_pause(const struct fp_notice *notice)
{
	char wait[32], until[20], more[60] = "";

	if (notice->wait_ns < WORTH_A_LINE_NS)
		return;
	notice_write_end(notice, wait, sizeof(wait), until, sizeof(until));
	if (notice->count > 1)
		snprintf(more, sizeof(more), " (%u pauses since the last note)",
			notice->count);
	if (notice->why == FP_NOTICE_PAUSED &&
		notice->status == FP_STATUS_CLOSED)
		fp_msg_note("%s closes connections without an answer: paused "
			    "for %s, until %s%s",
			notice->origin, wait, until, more);
	else if (notice->why == FP_NOTICE_PAUSED)
		fp_msg_note("%s answered %d: paused for %s, until %s%s",
			notice->origin, notice->status, wait, until, more);
	else
		fp_msg_note("%s reports no requests left: paused "
			    "for %s, until %s%s",
			notice->origin, wait, until, more);
}

static void
tell_silence(const struct fp_notice *notice)
{
	char wait[32], until[20];

	notice_write_end(notice, wait, sizeof(wait), until, sizeof(until));
	fp_msg_note("%s has stopped answering: next attempt in %s, "
		    "at %s",
		notice->origin, wait, until);
}

/* As if it was full. */
static void
notice_tell_loss(const struct fp_notice *notice)
{
	char wait[32], until[20];

	notice_write_end(notice, wait, sizeof(wait), until, sizeof(until));
	fp_msg_note("%s has lost count of the requests: none starts for %s, "
		    "until %s",
		notice->origin, wait, until);
}

void
fp_notice_tell(void *arg, const struct fp_notice *notice)
{
	struct fp_notices *notices = arg;

	if (notice->why == FP_NOTICE_LEARNED)
		keep_learned(notices, notice);
	if (notices->is_quiet)
		return;
	switch (notice->why) {
	case FP_NOTICE_PAUSED:
	case FP_NOTICE_QUOTA:
		notice_tell_pause(notice);
		break;
	case FP_NOTICE_SILENT:
		tell_silence(notice);
		break;
	case FP_NOTICE_MALFORMED:
		fp_msg_note("%s sends an invalid Retry-After (neither "
			    "seconds nor a date); ignored",
			notice->origin);
		break;
	case FP_NOTICE_LEARNED:
		fp_msg_note("%s allows about %s requests: use -r %s --pace to "
			    "stay within that from the start",
			notice->origin, notice->rate, notice->rate);
		break;
	case FP_NOTICE_COUNT_GONE:
		fp_msg_note("%s cannot be reached (%s): no request starts "
			    "until it can",
			notice->origin, notice->detail);
		break;
	case FP_NOTICE_COUNT_BACK:
		fp_msg_note("%s can be reached again", notice->origin);
		break;
	case FP_NOTICE_COUNT_LOST:
		notice_tell_loss(notice);
		break;
	case FP_NOTICE_PAUSE:
	case FP_NOTICE_JOBS:
		break;
	}
}
