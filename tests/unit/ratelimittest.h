/* SPDX-License-Identifier: MIT */
/*
 * ratelimittest: what the tests of rate limits share.
 */
#ifndef FP_RATELIMITTEST_H
#define FP_RATELIMITTEST_H

#include "base.h"

#include "ratelimit.h"
#include "tap.h"

static const int64_t start_ns = INT64_C(1000) * FP_NS_PER_S;

static inline void
make(struct fp_ratelimit *limit, const char *text, bool is_paced)
{
	struct fp_rates rates;

	if (fp_rates_parse(text, &rates) ||
		fp_ratelimit_init(limit, &rates, is_paced))
		abort();
}

#endif
