/* SPDX-License-Identifier: MIT */
/*
 * clock: the only reader of the time. Everything that waits or measures uses
 * the monotonic clock, so a step of the wall clock changes no delay.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: cannot fail.
 */
#ifndef FP_CLOCK_H
#define FP_CLOCK_H

#include "base.h"

/* Nanoseconds of CLOCK_MONOTONIC; only differences mean something. */
int64_t fp_clock_now_ns(void);

/* Nanoseconds since this boot, the time asleep included (CLOCK_BOOTTIME): the
 * same for all processes, and unmoved by steps of the wall clock. */
int64_t fp_clock_boot_ns(void);

/* Nanoseconds since 1970-01-01 UTC, for people to read; never for a wait. */
int64_t fp_clock_wall_ns(void);

#endif
