/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "shard.h"

#include "units.h"

#include <string.h>

int
fp_shard_parse(const char *text, uint64_t max, struct fp_shard *shard)
{
	const char *slash = strchr(text, '/');
	uint64_t index, count;

	if (!slash || fp_units_digits(text, (size_t)(slash - text), &index) ||
		fp_units_count(slash + 1, max, &count) || count == 0 ||
		index > count)
		return -1;
	*shard = (struct fp_shard){index ? index : count, count};
	return 0;
}

bool
fp_shard_has(const struct fp_shard *shard, uint64_t seq)
{
	return shard->count == 0 ||
	       seq % shard->count == shard->index % shard->count;
}

uint64_t
fp_shard_place(const struct fp_shard *shard, uint64_t seq)
{
	if (shard->count == 0)
		return seq;
	FP_ASSERT(fp_shard_has(shard, seq));
	return (seq - shard->index) / shard->count + 1;
}

uint64_t
fp_shard_seq(const struct fp_shard *shard, uint64_t place)
{
	if (shard->count == 0 || place == 0)
		return place;
	return (place - 1) * shard->count + shard->index;
}
