/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "holdup.h"

#include <stdio.h>

/* Origins that are asked what their items wait for. */
#define LOOKED_AT_MAX 4096

static void
holdup_at(const struct fp_schedule *schedule, const struct fp_origin *origin,
	struct fp_look *look, int64_t now_ns)
{
	enum fp_held held = fp_origin_holds(&schedule->origins, origin, now_ns);

	look->n_held[held] += origin->n_waiting;
	if (held != FP_HELD_PAUSED || origin->not_before_ns <= look->until_ns)
		return;
	look->until_ns = origin->not_before_ns;
	look->status = origin->status;
	snprintf(look->origin, sizeof(look->origin), "%s", origin->name);
}

/* The lock is held meanwhile: of very many origins only some are asked, and
 * what is left is as these are. */
void
fp_holdup_look(const struct fp_schedule *schedule, struct fp_look *look,
	int64_t now_ns)
{
	const struct fp_origin *origin =
		fp_origins_walk(&schedule->origins, NULL);
	size_t left = schedule->n_items - schedule->attempts.len;

	look->n_held[FP_HELD_RETRY] = schedule->attempts.len;
	for (unsigned i = 0; origin && i < LOOKED_AT_MAX; i++) {
		/* What its items wait for may be the run's. */
		if (origin->n_waiting > 0 && origin->list != &schedule->able) {
			holdup_at(schedule, origin, look, now_ns);
			left -= FP_MIN(left, origin->n_waiting);
		}
		origin = fp_origins_walk(&schedule->origins, origin);
	}
	if (schedule->is_tight)
		look->n_held[FP_HELD_MEMORY] += left;
	else if (schedule->starts.dry_until_ns > now_ns)
		look->n_held[FP_HELD_RATE] += left;
	else
		look->n_held[FP_HELD_SLOT] += left;
}
