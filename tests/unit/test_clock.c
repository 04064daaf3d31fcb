/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "clock.h"
#include "tap.h"

#include <time.h>

static int64_t
system_ns(clockid_t id)
{
	struct timespec now;

	if (clock_gettime(id, &now))
		abort();
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Each reading lies between two of the system's. */
static void
monotonic(void)
{
	int64_t last = fp_clock_now_ns();

	for (unsigned i = 0; i < 1000; i++) {
		int64_t before = system_ns(CLOCK_MONOTONIC);
		int64_t now = fp_clock_now_ns();
		CHECK(before <= now && now <= system_ns(CLOCK_MONOTONIC));
		CHECK(last <= now);
		last = now;
	}
}

static void
since_boot(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		int64_t before = system_ns(CLOCK_BOOTTIME);
		int64_t now = fp_clock_boot_ns();
		CHECK(before <= now && now <= system_ns(CLOCK_BOOTTIME));
	}
}

static void
wall(void)
{
	int64_t before = system_ns(CLOCK_REALTIME);
	int64_t now = fp_clock_wall_ns();
	int64_t after = system_ns(CLOCK_REALTIME);

	/* Unless someone has just set the clock back. */
	CHECK((before <= now && now <= after) || after < before);
	CHECK(now > INT64_C(1700000000) * FP_NS_PER_S);
}

int
main(void)
{
	run("waits are measured with the monotonic clock", monotonic);
	run("other processes are told the time since boot", since_boot);
	run("people are shown the time of day", wall);
	return done();
}
