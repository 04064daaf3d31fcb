/* SPDX-License-Identifier: MIT */
/*
 * simdraw: how long a simulated request takes, as a part of the average. The
 * same seed gives the same draws.
 */
#ifndef FP_SIMDRAW_H
#define FP_SIMDRAW_H

#include "base.h"

#include "random.h"

enum spread {
	EVEN, /* each request takes as long */
	SPREAD, /* from half of that to one and a half */
	RANDOM, /* exponentially distributed */
	MIXED, /* one in ten takes ten times as long as the others */
	SKEWED, /* log-normally, with a deviation as large as the average */
	TAILED, /* by Pareto's law, up to fifty times the average */
	TWOFOLD, /* one of two takes five times as long */
};

static inline double
uniform(uint64_t *seed)
{
	return ((double)(fp_random_next(seed) >> 11) + 1) / 0x1p53;
}

/* -ln(p), by halves and a series. */
static inline double
minus_ln(double p)
{
	double sum = 0;

	while (p < 0.5) {
		p *= 2;
		sum += 0.69314718055994531;
	}
	double q = 1 - p, power = q;
	for (int k = 1; k < 60; k++, power *= q)
		sum += power / k;
	return sum;
}

/* e to x, by squares and a series. */
static inline double
exponential(double x)
{
	double sum = 1, part = 1;

	x /= 1024;
	for (int k = 1; k < 8; k++)
		sum += part *= x / k;
	for (int k = 0; k < 10; k++)
		sum *= sum;
	return sum;
}

/* Twelve evenly distributed ones are as good as normally distributed. */
static inline double
normal(uint64_t *seed)
{
	double sum = -6;

	for (int k = 0; k < 12; k++)
		sum += uniform(seed);
	return sum;
}

/* Times the average, which is 1. */
static inline double
draw_service(enum spread spread, uint64_t *seed)
{
	double u = uniform(seed);

	switch (spread) {
	case EVEN:
		break;
	case SPREAD:
		return 0.5 + u;
	case RANDOM:
		return minus_ln(u);
	case MIXED:
		return u < 0.1 ? 5.26 : 0.526;
	case SKEWED: /* of ln(2) and half of that */
		return exponential(0.8325546 * normal(seed) - 0.3465736);
	case TAILED: /* u to the power of -1/2 */
		return FP_MIN(0.51 * exponential(minus_ln(u) / 2), 50.0);
	case TWOFOLD:
		return u < 0.5 ? 1.0 / 3 : 5.0 / 3;
	}
	return 1;
}

#endif
