/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "notice.h"

#include "clock.h"
#include "msg.h"

#include <stdio.h>
#include <time.h>

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

/* A pause is nothing to be done about, but it explains a run that stands
 * still. The time of day is what people look at. */
void
fp_notice_tell(void *arg, const struct fp_notice *notice)
{
	double wait_s = (double)notice->wait_ns / 1e9;
	char until[20];

	(void)arg;
	write_time(fp_clock_wall_ns(), notice->wait_ns, until, sizeof(until));
	switch (notice->why) {
	case FP_NOTICE_PAUSED:
		fp_msg_note("%s answers %d and is paused for %.3g s, until %s",
			notice->origin, notice->status, wait_s, until);
		break;
	case FP_NOTICE_QUOTA:
		fp_msg_note("%s says that no request is left and is paused "
			    "for %.3g s, until %s",
			notice->origin, wait_s, until);
		break;
	case FP_NOTICE_SILENT:
		fp_msg_note("%s does not answer any more; it is tried again "
			    "in %.3g s, at %s",
			notice->origin, wait_s, until);
		break;
	case FP_NOTICE_MALFORMED:
		fp_msg_note("%s sends a Retry-After that is neither seconds "
			    "nor a date; it is passed over",
			notice->origin);
		break;
	}
}
