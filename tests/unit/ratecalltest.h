/* SPDX-License-Identifier: MIT */
/*
 * ratecalltest: a call to a server that counts starts, with room for all that
 * it may tell; included by the tests of those who make one.
 */
#ifndef FP_RATECALLTEST_H
#define FP_RATECALLTEST_H

#include "ratelease.h"

#define MS FP_NS_PER_MS

/* The server's clock, when ours is at 0. */
#define AHEAD_US INT64_C(1700000000000000)

static uint64_t fired[FP_RATELEASE_TELL_MAX], renewed[FP_RATELEASE_TELL_MAX],
	back[FP_RATELEASE_TELL_MAX];
static int64_t fired_us[FP_RATELEASE_TELL_MAX];
static struct fp_ratelease_call call = {
	.fired = fired, .renewed = renewed, .back = back, .fired_us = fired_us};

#endif
