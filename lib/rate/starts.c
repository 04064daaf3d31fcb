/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "starts.h"

#include <errno.h>

/* What other processes do with their starts is not heard here. */
#define ASK_AGAIN_NS (100 * FP_NS_PER_MS)

int
fp_starts_init(struct fp_starts *starts, const struct fp_rates *rates,
	bool is_paced, struct fp_ratecount *count)
{
	*starts = (struct fp_starts){
		.is_limited = rates->n > 0,
		.count = count,
	};
	return fp_ratelimit_init(&starts->limit, rates, is_paced);
}

void
fp_starts_destroy(struct fp_starts *starts)
{
	fp_ratelimit_destroy(&starts->limit);
}

/* Has it written down what became of reservations, if that must wait, and
 * renewed those that are left. */
static void
starts_settle(struct fp_starts *starts)
{
	starts->settle_ns = 0;
	if (starts->error)
		return;
	if (fp_ratecount_settle(starts->count, &starts->settle_ns) < 0)
		starts->error = errno;
}

void
fp_starts_tick(struct fp_starts *starts, int64_t now_ns)
{
	if (starts->dry_until_ns <= now_ns)
		starts->dry_until_ns = 0;
	if (starts->settle_ns && starts->settle_ns <= now_ns)
		starts_settle(starts);
}

void
fp_starts_came(struct fp_starts *starts)
{
	starts->dry_until_ns = 0;
}

static int
reserve_in_count(struct fp_starts *starts, uint32_t *token, int64_t now_ns)
{
	int64_t due_ns = INT64_MAX;
	int got;

	if (starts->error) {
		errno = starts->error;
		return -1;
	}
	got = fp_ratecount_reserve(starts->count, token, &due_ns);
	if (got < 0)
		starts->error = errno == ENOMEM ? 0 : errno;
	else if (got == 1)
		starts_settle(starts);
	else if (got == 0)
		starts->dry_until_ns = due_ns == INT64_MAX
					       ? now_ns + ASK_AGAIN_NS
					       : FP_MAX(due_ns, now_ns + 1);
	return got;
}

int
fp_starts_reserve(struct fp_starts *starts, uint32_t *token, int64_t now_ns)
{
	*token = 0;
	if (!starts->is_limited)
		return 1;
	fp_starts_tick(starts, now_ns);
	if (starts->dry_until_ns)
		return 0;
	if (starts->count)
		return reserve_in_count(starts, token, now_ns);

	int got = fp_ratelimit_reserve(&starts->limit, now_ns);
	if (got == 0)
		starts->dry_until_ns =
			fp_ratelimit_due_ns(&starts->limit, now_ns);
	if (got < 0)
		errno = ENOMEM;
	return got;
}

bool
fp_starts_commit(struct fp_starts *starts, uint32_t token)
{
	if (!starts->count || !starts->is_limited)
		return true;
	if (starts->error)
		return false;
	int got = fp_ratecount_commit(starts->count, token);
	if (got < 0 && errno != ENOMEM)
		starts->error = errno;
	return got > 0;
}

void
fp_starts_give_back(struct fp_starts *starts, uint32_t token)
{
	if (!starts->is_limited)
		return;
	starts->dry_until_ns = 0;
	if (!starts->count)
		fp_ratelimit_give_back(&starts->limit);
	else if (fp_ratecount_give_back(starts->count, token))
		starts->error = errno;
	else
		starts_settle(starts);
}

void
fp_starts_fire(struct fp_starts *starts, uint32_t token, int64_t now_ns)
{
	if (!starts->is_limited)
		return;

	/* What is only reserved may last for ever; what was fired does not. */
	if (starts->dry_until_ns == INT64_MAX)
		starts->dry_until_ns = 0;
	if (!starts->count)
		fp_ratelimit_fire(&starts->limit, now_ns);
	else if (fp_ratecount_fire(starts->count, token))
		starts->error = errno;
	else
		starts_settle(starts);
}
