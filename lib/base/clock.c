/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "clock.h"

#include <time.h>

static int64_t
read_clock(clockid_t id)
{
	struct timespec now;

	FP_ASSERT(clock_gettime(id, &now) == 0);
	return (int64_t)now.tv_sec * FP_NS_PER_S + now.tv_nsec;
}

int64_t
fp_clock_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t
fp_clock_boot_ns(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

int64_t
fp_clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}
