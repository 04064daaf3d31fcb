/* SPDX-License-Identifier: MIT */
/*
 * A listener that is closed while too many have come, or a firewall that
 * rejects those that open more connections in a time than it allows, cannot be
 * told from a server that is restarted, the first time. But what is restarted
 * seldom is so again after as many requests. So it takes two silences in a row,
 * after about as many requests each; and one more, if connections that were
 * there are closed, too, as by a process that ends. But a listener that is
 * closed does that to those that it has not accepted yet. It is over when one
 * lasts much longer than those before.
 */
#include "base.h"

#include "lapse.h"

#define ALIKE_MIN 2 /* of these */
#define ALIKE_BROKEN 3
#define ALIKE_TIMES 3 /* as many requests, at most, and some */
#define ALIKE_SOME 2
#define LONGER 4
#define LONGER_NS (10 * FP_NS_PER_S)

static bool
lapse_is_alike(uint64_t a, uint64_t b)
{
	return FP_MAX(a, b) <= ALIKE_TIMES * FP_MIN(a, b) + ALIKE_SOME;
}

bool
fp_lapse_ended(struct fp_lapse *lapse, uint64_t n_total, int64_t lasted_ns)
{
	uint64_t n_passed = n_total - lapse->n_total;

	if (lapse->n > 0 && !lapse_is_alike(n_passed, lapse->n_passed))
		lapse->n = 0;
	lapse->n++;
	lapse->n_passed = n_passed;
	lapse->n_total = n_total;
	lapse->longest_ns = FP_MAX(lapse->longest_ns, lasted_ns);
	lapse->is_limit =
		lapse->n >= (lapse->has_broken ? ALIKE_BROKEN : ALIKE_MIN);
	return lapse->is_limit;
}

void
fp_lapse_broken(struct fp_lapse *lapse)
{
	lapse->has_broken = true;
}

bool
fp_lapse_is_limit(struct fp_lapse *lapse, int64_t lasts_ns)
{
	if (lapse->is_limit &&
		lasts_ns > LONGER * lapse->longest_ns + LONGER_NS) {
		lapse->is_limit = false;
		lapse->n = 0;
	}
	return lapse->is_limit;
}
