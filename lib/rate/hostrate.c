/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "hostrate.h"

int
fp_hostrate_init(struct fp_hostrate *rate, const struct fp_rates *rates,
	bool is_paced, struct fp_rateredis *redis, const char *name,
	void *owner)
{
	*rate = (struct fp_hostrate){.redis = redis};
	if (fp_ratelimit_init(&rate->limit, rates, is_paced))
		return -1;
	if (redis)
		rate->host = fp_rateredis_host_new(redis, name, owner);
	return redis && !rate->host ? -1 : 0;
}

void
fp_hostrate_destroy(struct fp_hostrate *rate)
{
	fp_ratelimit_destroy(&rate->limit);
	if (rate->redis)
		fp_rateredis_host_free(rate->redis, rate->host);
	rate->host = NULL;
}

int64_t
fp_hostrate_due_ns(struct fp_hostrate *rate, int64_t now_ns)
{
	int64_t due_ns;

	if (!rate->redis)
		return fp_ratelimit_due_ns(&rate->limit, now_ns);
	rate->dry_until_ns = 0;
	if (fp_rateredis_host_has_one(rate->redis, rate->host, &due_ns))
		return now_ns;
	rate->dry_until_ns = FP_MAX(due_ns, now_ns + 1);
	return rate->dry_until_ns;
}

bool
fp_hostrate_is_dry(const struct fp_hostrate *rate, int64_t now_ns)
{
	return rate->redis ? rate->dry_until_ns > now_ns
			   : fp_ratelimit_due_ns(&rate->limit, now_ns) > now_ns;
}

int
fp_hostrate_reserve(struct fp_hostrate *rate, uint32_t *token, int64_t now_ns)
{
	*token = 0;
	return rate->redis ? fp_rateredis_host_reserve(
				     rate->redis, rate->host, token)
			   : fp_ratelimit_reserve(&rate->limit, now_ns);
}

bool
fp_hostrate_commit(struct fp_hostrate *rate, uint32_t token)
{
	return !rate->redis ||
	       fp_rateredis_host_commit(rate->redis, rate->host, token) > 0;
}

void
fp_hostrate_give_back(struct fp_hostrate *rate, uint32_t token)
{
	if (rate->redis)
		fp_rateredis_host_give_back(rate->redis, rate->host, token);
	else
		fp_ratelimit_give_back(&rate->limit);
}

void
fp_hostrate_fire(struct fp_hostrate *rate, uint32_t token, int64_t now_ns)
{
	if (rate->redis)
		fp_rateredis_host_fire(rate->redis, rate->host, token);
	else
		fp_ratelimit_fire(&rate->limit, now_ns);
}
