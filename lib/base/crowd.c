/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "crowd.h"

void
fp_crowd_count(struct fp_crowd *crowd)
{
	crowd->n_opened++;
}

bool
fp_crowd_is_stranger(struct fp_crowd *crowd, uint64_t hash)
{
	if (crowd->n_opened < FP_CROWD_SIZE)
		return false;
	uint64_t *place = &crowd->seen[hash % FP_CROWD_PLACES];
	bool is_stranger = *place != hash;

	*place = hash;
	return is_stranger;
}
