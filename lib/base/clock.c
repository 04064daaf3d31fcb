/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "clock.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
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

static pthread_once_t boot_ahead_once = PTHREAD_ONCE_INIT;
static int64_t boot_ahead_ns; /* what its time namespace adds */

static void
read_boot_ahead(void)
{
	FILE *file = fopen("/proc/self/timens_offsets", "re");
	char name[16];
	long long s, ns;

	while (file && fscanf(file, "%15s %lld %lld", name, &s, &ns) == 3) {
		if (strcmp(name, "boottime") == 0)
			boot_ahead_ns = s * FP_NS_PER_S + ns;
	}
	if (file)
		fclose(file);
}

int64_t
fp_clock_boot_ns(void)
{
	pthread_once(&boot_ahead_once, read_boot_ahead);
	return read_clock(CLOCK_BOOTTIME) - boot_ahead_ns;
}

int64_t
fp_clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}
