/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "crowd.h"

#include <string.h>

void
fp_crowd_count(struct fp_crowd *crowd)
{
	crowd->n_opened++;
}

/* FNV-1a over scheme, host and port. */
static uint64_t
hash_origin(const char *url)
{
	const char *start = strstr(url, "://");
	size_t len = start ? (size_t)(start - url) + 3 : 0;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	len += strcspn(url + len, "/?#");
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)url[i]) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

bool
fp_crowd_is_stranger(struct fp_crowd *crowd, const char *url)
{
	if (crowd->n_opened < FP_CROWD_SIZE)
		return false;
	uint64_t hash = hash_origin(url);
	uint64_t *place = &crowd->seen[hash % FP_CROWD_PLACES];
	bool is_stranger = *place != hash;

	*place = hash;
	return is_stranger;
}
