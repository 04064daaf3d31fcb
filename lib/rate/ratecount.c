/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ratecount.h"

#include "rateplace.h"

int
fp_ratecount_open(struct fp_ratecount *count, const char *where,
	const struct fp_rateredis_rules *rules, char *why, size_t size)
{
	*count = (struct fp_ratecount){NULL, NULL};
	if (fp_rateplace_is_server(where))
		count->redis = fp_rateredis_open(where, rules, why, size);
	else
		count->file = fp_ratefile_open(
			where, &rules->rates, rules->is_paced, why, size);
	return fp_ratecount_is_open(count) ? 0 : -1;
}

int
fp_ratecount_check(const char *where, const struct fp_rateredis_rules *rules,
	char *why, size_t size)
{
	return fp_rateplace_is_server(where)
		       ? fp_rateredis_check(where, rules, why, size)
		       : fp_ratefile_check(where, &rules->rates, why, size);
}

void
fp_ratecount_undo(struct fp_ratecount *count)
{
	fp_ratefile_undo(count->file);
}

void
fp_ratecount_close(struct fp_ratecount *count)
{
	fp_ratefile_close(count->file);
	fp_rateredis_close(count->redis);
	*count = (struct fp_ratecount){NULL, NULL};
}

int
fp_ratecount_reserve(
	struct fp_ratecount *count, uint32_t *token, int64_t *due_ns)
{
	return count->file ? fp_ratefile_reserve(count->file, token, due_ns)
			   : fp_rateredis_reserve(count->redis, token, due_ns);
}

int
fp_ratecount_commit(struct fp_ratecount *count, uint32_t token)
{
	return count->file ? fp_ratefile_commit(count->file, token)
			   : fp_rateredis_commit(count->redis, token);
}

int
fp_ratecount_give_back(struct fp_ratecount *count, uint32_t token)
{
	if (count->file)
		return fp_ratefile_give_back(count->file, token);
	fp_rateredis_give_back(count->redis, token);
	return 0;
}

int
fp_ratecount_fire(struct fp_ratecount *count, uint32_t token)
{
	if (count->file)
		return fp_ratefile_fire(count->file, token);
	fp_rateredis_fire(count->redis, token);
	return 0;
}

int
fp_ratecount_settle(struct fp_ratecount *count, int64_t *due_ns)
{
	*due_ns = 0;
	return count->file ? fp_ratefile_settle(count->file, due_ns) : 0;
}
