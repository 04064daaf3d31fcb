/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "notice.h"

#include "clock.h"
#include "msg.h"

#include <stdio.h>
#include <time.h>

/* A shorter pause is over before its line is read. */
#define WORTH_A_LINE_NS (FP_NS_PER_S / 2)

/* The local time of day at which a wait is over; with its date, if that may be
 * another day's. */
static void
write_time(int64_t now_ns, int64_t wait_ns, char *text, size_t size)
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

/* A pause is nothing to be done about, but it explains a run that stands
 * still. The time of day is what people look at. */
void
fp_notice_tell(void *arg, const struct fp_notice *notice)
{
	bool is_pause = notice->why == FP_NOTICE_PAUSED ||
			notice->why == FP_NOTICE_QUOTA;
	char wait[32], until[20];

	(void)arg;
	if (is_pause && notice->wait_ns < WORTH_A_LINE_NS)
		return;
	write_wait(notice->wait_ns, wait, sizeof(wait));
	write_time(fp_clock_wall_ns(), notice->wait_ns, until, sizeof(until));
	switch (notice->why) {
	case FP_NOTICE_PAUSED:
		fp_msg_note("%s answers %d and is paused for %s, until %s",
			notice->origin, notice->status, wait, until);
		break;
	case FP_NOTICE_QUOTA:
		fp_msg_note("%s says that no request is left and is paused "
			    "for %s, until %s",
			notice->origin, wait, until);
		break;
	case FP_NOTICE_SILENT:
		fp_msg_note("%s does not answer any more; it is tried again "
			    "in %s, at %s",
			notice->origin, wait, until);
		break;
	case FP_NOTICE_MALFORMED:
		fp_msg_note("%s sends a Retry-After that is neither seconds "
			    "nor a date; it is passed over",
			notice->origin);
		break;
	}
}
