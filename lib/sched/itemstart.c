/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "itemstart.h"

#include "origin.h"

bool
fp_itemstart_reserve(struct fp_starts *starts, bool has_host_rate,
	struct fp_ticket *ticket, int64_t now_ns)
{
	struct fp_hostrate *rate = &ticket->origin->rate;
	uint32_t token;

	if (has_host_rate && fp_hostrate_due_ns(rate, now_ns) > now_ns)
		return false;
	if (fp_starts_reserve(starts, &token, now_ns) <= 0)
		return false;
	if (has_host_rate && fp_hostrate_reserve(rate,
				     &ticket->start.host_token, now_ns) <= 0) {
		fp_starts_give_back(starts, token);
		return false;
	}
	ticket->start.state = FP_START_RESERVED;
	ticket->start.token = token;
	return true;
}

bool
fp_itemstart_commit(struct fp_starts *starts, bool has_host_rate,
	const struct fp_ticket *ticket)
{
	if (has_host_rate && !fp_hostrate_commit(&ticket->origin->rate,
				     ticket->start.host_token))
		return false;
	return fp_starts_commit(starts, ticket->start.token);
}

void
fp_itemstart_give_back(
	struct fp_starts *starts, bool has_host_rate, struct fp_ticket *ticket)
{
	ticket->start.state = FP_START_NONE;
	fp_starts_give_back(starts, ticket->start.token);
	if (has_host_rate)
		fp_hostrate_give_back(
			&ticket->origin->rate, ticket->start.host_token);
}

void
fp_itemstart_fire(struct fp_starts *starts, bool has_host_rate,
	struct fp_ticket *ticket, int64_t now_ns)
{
	ticket->start.state = FP_START_NONE;
	if (has_host_rate)
		fp_hostrate_fire(&ticket->origin->rate,
			ticket->start.host_token, now_ns);
	fp_starts_fire(starts, ticket->start.token, now_ns);
}
