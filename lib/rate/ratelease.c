/* SPDX-License-Identifier: MIT */
/*
 * HOW MANY ARE ASKED FOR. As many as were used of late in the time that the
 * answer and the next call take; if that was not enough, twice as many as the
 * last time, up to what the rate lets through in a moment or an eighth of all.
 * What is in stock and not used for IDLE_NS goes back. So a process with little
 * to do holds little, and one with much to do needs one call for many starts.
 *
 * A server also lends starts whose time comes soon (ahead_us). Then nobody has
 * to ask at the very moment at which one may start.
 *
 * WHY NO START IS EARLY OR TOO LATE. Of the server's clock two bounds are known
 * (leaseclock.h). A start is used from the moment that is its own by the lower
 * bound, and until MARGIN_NS before its end by the upper one; that it was fired
 * is told with the upper one.
 */
#include "base.h"

#include "ratelease.h"

#include <string.h>

/* How long it may take from the gate to the wire. */
#define MARGIN_NS (250 * FP_NS_PER_MS)

#define IDLE_NS (100 * FP_NS_PER_MS)
#define RENEW_NS (500 * FP_NS_PER_MS)

/* Between calls that ask for starts. */
#define CALL_NS (20 * FP_NS_PER_MS)
#define CALL_MIN_NS (2 * FP_NS_PER_MS)
#define STARTS_A_CALL 20.0

/* Until what was fired is told. */
#define TELL_NS (50 * FP_NS_PER_MS)
#define TELL_PART 8

#define AHEAD_NS (100 * FP_NS_PER_MS)
#define AHEAD_MIN_NS (30 * FP_NS_PER_MS)

#define AT_ONCE 64 /* of an eighth of all */

void
fp_ratelease_init(struct fp_ratelease *lease, const struct fp_rates *rates,
	struct fp_leaseclock *clock)
{
	*lease = (struct fp_ratelease){
		.clock = clock,
		.free = FP_RATELEASE_NONE,
		.stock = FP_RATELEASE_NONE,
		.stock_last = FP_RATELEASE_NONE,
		.n_least = UINT64_MAX,
		.shortest_ns = INT64_MAX,
		.next_seq = 1,
		.per_s = 1e12,
	};
	for (size_t i = 0; i < rates->n; i++) {
		const struct fp_rate *rate = &rates->all[i];
		double per_s = (double)rate->n * 1e9 / (double)rate->period_ns;
		lease->per_s = FP_MIN(lease->per_s, per_s);
		lease->n_least = FP_MIN(lease->n_least, rate->n);
		lease->shortest_ns =
			FP_MIN(lease->shortest_ns, rate->period_ns);
	}
}

void
fp_ratelease_destroy(struct fp_ratelease *lease)
{
	free(lease->starts);
	memset(lease, 0, sizeof(*lease));
}

/* ---- starts ---- */

static bool
is_live(enum fp_ratelease_is is)
{
	return is == FP_RATELEASE_STOCK || is == FP_RATELEASE_RESERVED ||
	       is == FP_RATELEASE_COMMITTED;
}

static bool
is_to_be_told(enum fp_ratelease_is is)
{
	return is == FP_RATELEASE_FIRED || is == FP_RATELEASE_BACK;
}

static void
lease_set(struct fp_ratelease *lease, struct fp_ratelease_start *start,
	enum fp_ratelease_is is, int64_t now_ns)
{
	lease->n_live -= is_live(start->is);
	lease->n_told -= is_to_be_told(start->is);
	lease->n_live += is_live(is);
	if (is_to_be_told(is) && lease->n_told++ == 0)
		lease->tell_ns = now_ns;
	start->is = is;
	if (is == FP_RATELEASE_FREE) {
		start->told = 0;
		start->next = lease->free;
		lease->free = (uint32_t)(start - lease->starts);
	}
}

static int
lease_make_room(struct fp_ratelease *lease, unsigned n)
{
	uint64_t need = (uint64_t)lease->n_starts + n;

	if (need <= lease->cap_starts)
		return 0;
	if (need > FP_RATELEASE_NONE / 2)
		return -1;
	uint32_t cap = (uint32_t)FP_MAX(need, 2 * (uint64_t)lease->cap_starts);
	struct fp_ratelease_start *starts =
		realloc(lease->starts, cap * sizeof(*starts));
	if (!starts)
		return -1;
	lease->starts = starts;
	lease->cap_starts = cap;
	return 0;
}

/* There is room. */
static struct fp_ratelease_start *
lease_new(struct fp_ratelease *lease)
{
	uint32_t at = lease->free;

	if (at == FP_RATELEASE_NONE) {
		at = lease->n_starts++;
		lease->starts[at] =
			(struct fp_ratelease_start){.is = FP_RATELEASE_FREE};
	} else {
		lease->free = lease->starts[at].next;
	}
	return &lease->starts[at];
}

/* At the end, if its time comes after that of all others, or to be the next. */
static void
lease_stock(struct fp_ratelease *lease, struct fp_ratelease_start *start,
	bool goes_first, int64_t now_ns)
{
	uint32_t at = (uint32_t)(start - lease->starts);

	lease_set(lease, start, FP_RATELEASE_STOCK, now_ns);
	lease->n_stock++;
	start->next = goes_first ? lease->stock : FP_RATELEASE_NONE;
	if (lease->stock == FP_RATELEASE_NONE) {
		lease->stock = lease->stock_last = at;
	} else if (goes_first) {
		lease->stock = at;
	} else {
		lease->starts[lease->stock_last].next = at;
		lease->stock_last = at;
	}
}

static struct fp_ratelease_start *
lease_unstock(struct fp_ratelease *lease)
{
	struct fp_ratelease_start *start = &lease->starts[lease->stock];

	lease->stock = start->next;
	if (lease->stock == FP_RATELEASE_NONE)
		lease->stock_last = FP_RATELEASE_NONE;
	lease->n_stock--;
	return start;
}

/* Whether it may be sent still. */
static bool
lease_holds(const struct fp_ratelease *lease,
	const struct fp_ratelease_start *start, int64_t now_ns)
{
	return fp_leaseclock_latest_us(lease->clock, now_ns) +
		       MARGIN_NS / 1000 <
	       start->until_us;
}

/* What was not used goes back; at the server it lasts until its end. */
static void
lease_drop_stock(struct fp_ratelease *lease, bool all, int64_t now_ns)
{
	while (lease->stock != FP_RATELEASE_NONE) {
		struct fp_ratelease_start *start = &lease->starts[lease->stock];
		bool is_old = !lease_holds(lease, start, now_ns);
		if (!all && !is_old)
			return;
		lease_unstock(lease);
		lease_set(lease, start,
			is_old ? FP_RATELEASE_FREE : FP_RATELEASE_BACK, now_ns);
	}
}

/* ---- reserving, and what became of it ---- */

static void
lease_count_use(struct fp_ratelease *lease, int64_t now_ns)
{
	int64_t since_ns = now_ns - lease->use_ns;

	lease->last_use_ns = now_ns;
	lease->n_used++;
	if (since_ns < CALL_NS)
		return;
	double per_s = lease->n_used * 1e9 / (double)since_ns;
	lease->use_per_s =
		since_ns > FP_NS_PER_S ? per_s : (lease->use_per_s + per_s) / 2;
	lease->use_ns = now_ns;
	lease->n_used = 0;
}

static int64_t
lease_call_ns(const struct fp_ratelease *lease)
{
	double ns = 4 * STARTS_A_CALL * 1e9 / lease->per_s;

	return ns > CALL_NS ? CALL_NS : FP_MAX((int64_t)ns, CALL_MIN_NS);
}

/* As many as are used until more of them can be there. */
static unsigned
lease_needs(const struct fp_ratelease *lease)
{
	double ns = (double)(lease_call_ns(lease) +
			     2 * fp_leaseclock_trip_ns(lease->clock));

	return (unsigned)FP_MIN(lease->use_per_s * ns / 1e9, 1e6);
}

bool
fp_ratelease_has_one(
	struct fp_ratelease *lease, int64_t *due_ns, int64_t now_ns)
{
	lease_drop_stock(lease, false, now_ns);
	if (lease->stock == FP_RATELEASE_NONE) {
		lease->is_hungry = true;
		*due_ns = INT64_MAX;
		return false;
	}
	struct fp_ratelease_start *start = &lease->starts[lease->stock];
	int64_t early_us = start->from_us -
			   fp_leaseclock_earliest_us(lease->clock, now_ns);
	if (early_us <= 0)
		return true;
	*due_ns = now_ns + early_us * 1000 +
		  early_us * 1000 / (FP_LEASECLOCK_DRIFT_PART / 2) + 1000;
	if (lease->n_stock < lease_needs(lease))
		lease->is_hungry = true;
	return false;
}

int
fp_ratelease_reserve(struct fp_ratelease *lease, uint32_t *token,
	int64_t *due_ns, int64_t now_ns)
{
	if (!fp_ratelease_has_one(lease, due_ns, now_ns))
		return 0;
	struct fp_ratelease_start *start = lease_unstock(lease);
	lease_set(lease, start, FP_RATELEASE_RESERVED, now_ns);
	lease_count_use(lease, now_ns);
	if (2 * lease->n_stock < lease_needs(lease))
		lease->is_hungry = true;
	*token = (uint32_t)(start - lease->starts);
	return 1;
}

static struct fp_ratelease_start *
lease_find(const struct fp_ratelease *lease, uint32_t token)
{
	FP_ASSERT(token < lease->n_starts);
	struct fp_ratelease_start *start = &lease->starts[token];
	FP_ASSERT(start->is == FP_RATELEASE_RESERVED ||
		  start->is == FP_RATELEASE_COMMITTED ||
		  start->is == FP_RATELEASE_LOST);
	return start;
}

int
fp_ratelease_commit(struct fp_ratelease *lease, uint32_t token, int64_t now_ns)
{
	struct fp_ratelease_start *start = lease_find(lease, token);

	if (start->is == FP_RATELEASE_COMMITTED)
		return 1;
	if (start->is != FP_RATELEASE_RESERVED ||
		!lease_holds(lease, start, now_ns))
		return 0;
	lease_set(lease, start, FP_RATELEASE_COMMITTED, now_ns);
	return 1;
}

void
fp_ratelease_fire(struct fp_ratelease *lease, uint32_t token, int64_t now_ns)
{
	struct fp_ratelease_start *start = lease_find(lease, token);

	start->fired_us = fp_leaseclock_latest_us(lease->clock, now_ns);
	lease_set(lease, start,
		start->seq ? FP_RATELEASE_FIRED : FP_RATELEASE_FREE, now_ns);
}

void
fp_ratelease_give_back(
	struct fp_ratelease *lease, uint32_t token, int64_t now_ns)
{
	struct fp_ratelease_start *start = lease_find(lease, token);

	if (start->seq && lease_holds(lease, start, now_ns))
		lease_stock(lease, start, true, now_ns);
	else
		lease_set(lease, start, FP_RATELEASE_FREE, now_ns);
}

void
fp_ratelease_end(struct fp_ratelease *lease, int64_t now_ns)
{
	lease->is_hungry = false;
	lease_drop_stock(lease, true, now_ns);
}

/* ---- calls ---- */

int64_t
fp_ratelease_due_ns(const struct fp_ratelease *lease)
{
	int64_t due_ns = INT64_MAX;

	if (lease->is_hungry) {
		int64_t next_ns = lease->called_ns + lease_call_ns(lease);
		due_ns = FP_MIN(due_ns, FP_MAX(next_ns, lease->wait_ns));
	}
	if (lease->n_stock > 0)
		due_ns = FP_MIN(due_ns, lease->called_ns + IDLE_NS);
	if (lease->n_told > 0) {
		int64_t tell_ns = lease->shortest_ns / TELL_PART;
		due_ns = FP_MIN(
			due_ns, lease->tell_ns + FP_MIN(tell_ns, TELL_NS));
	}
	if (lease->n_live > 0)
		due_ns = FP_MIN(due_ns, lease->renewed_ns + RENEW_NS);
	return due_ns;
}

static int64_t
lease_ahead_ns(const struct fp_ratelease *lease)
{
	double ns = STARTS_A_CALL * 1e9 / lease->per_s;
	int64_t ahead_ns =
		ns > AHEAD_NS ? AHEAD_NS : FP_MAX((int64_t)ns, AHEAD_MIN_NS);

	return ahead_ns + 2 * fp_leaseclock_trip_ns(lease->clock);
}

static unsigned
lease_choose(struct fp_ratelease *lease, int64_t now_ns)
{
	double ns = (double)lease_ahead_ns(lease) * 2;
	double most = FP_MAX(lease->per_s * ns / 1e9,
		(double)FP_MIN(lease->n_least / 8, AT_ONCE));
	unsigned n = lease_needs(lease);

	if (!lease->is_hungry || lease->wait_ns > now_ns)
		return 0;
	if (lease->n_stock == 0)
		n = FP_MAX(n, 2 * lease->ask);
	n = n > lease->n_stock ? n - lease->n_stock : 0;
	n = FP_MIN(n, (unsigned)FP_MIN(most, FP_RATELEASE_ASK_MAX));
	return FP_MAX(n, 1);
}

static void
lease_tell(struct fp_ratelease *lease, struct fp_ratelease_call *call,
	struct fp_ratelease_start *start)
{
	if (call->n_fired + call->n_back + call->n_renewed >=
			FP_RATELEASE_TELL_MAX ||
		!start->seq)
		return;
	if (start->is == FP_RATELEASE_FIRED) {
		call->fired[call->n_fired] = start->seq;
		call->fired_us[call->n_fired++] = start->fired_us;
	} else if (start->is == FP_RATELEASE_BACK) {
		call->back[call->n_back++] = start->seq;
	} else if (is_live(start->is)) {
		call->renewed[call->n_renewed++] = start->seq;
	} else {
		return;
	}
	start->told = lease->call;
	start->told_as = start->is;
}

void
fp_ratelease_ask(struct fp_ratelease *lease, struct fp_ratelease_call *call,
	bool ends, int64_t now_ns)
{
	bool renews = lease->n_live > 0 && !ends &&
		      now_ns - lease->renewed_ns >= RENEW_NS / 2;

	FP_ASSERT(!lease->is_calling);
	lease->is_calling = true;
	lease->call++;
	if (ends || now_ns - lease->last_use_ns > IDLE_NS) {
		lease_drop_stock(lease, ends, now_ns);
		if (lease->stock != FP_RATELEASE_NONE && !lease->is_hungry &&
			lease->starts[lease->stock].from_us <
				fp_leaseclock_earliest_us(
					lease->clock, now_ns) -
					IDLE_NS / 1000) {
			lease_drop_stock(lease, true, now_ns);
			lease->ask = 0;
		}
	}
	call->n_fired = call->n_renewed = call->n_back = 0;
	call->n_want = ends ? 0 : lease_choose(lease, now_ns);
	call->first_seq = lease->asked_seq = lease->next_seq;
	call->ahead_us = lease_ahead_ns(lease) / 1000;
	call->has_jumped = lease->clock->has_jumped;
	lease->next_seq += call->n_want;
	if (call->n_want > 0) {
		lease->ask = call->n_want;
		lease->is_hungry = false;
	}
	for (uint32_t i = 0; i < lease->n_starts; i++) {
		struct fp_ratelease_start *start = &lease->starts[i];
		if (is_to_be_told(start->is) || (renews && is_live(start->is)))
			lease_tell(lease, call, start);
	}
	if (renews)
		lease->renewed_ns = now_ns;
}

void
fp_ratelease_lose(struct fp_ratelease *lease, int64_t now_ns)
{
	lease->stock = lease->stock_last = FP_RATELEASE_NONE;
	lease->n_stock = 0;
	for (uint32_t i = 0; i < lease->n_starts; i++) {
		struct fp_ratelease_start *start = &lease->starts[i];
		start->seq = 0;
		switch (start->is) {
		case FP_RATELEASE_FREE:
		case FP_RATELEASE_LOST:
		case FP_RATELEASE_COMMITTED:
			break;
		case FP_RATELEASE_RESERVED:
			lease_set(lease, start, FP_RATELEASE_LOST, now_ns);
			break;
		case FP_RATELEASE_STOCK:
		case FP_RATELEASE_FIRED:
		case FP_RATELEASE_BACK:
			lease_set(lease, start, FP_RATELEASE_FREE, now_ns);
			break;
		}
	}
}

/* The server has heard what it was told. What was renewed may have been fired
 * meanwhile, which is told later. */
static void
lease_confirm(struct fp_ratelease *lease,
	const struct fp_ratelease_answer *answer, int64_t now_ns)
{
	for (uint32_t i = 0; i < lease->n_starts; i++) {
		struct fp_ratelease_start *start = &lease->starts[i];
		if (start->told != lease->call)
			continue;
		start->told = 0;
		if (is_to_be_told(start->is) && start->told_as == start->is)
			lease_set(lease, start, FP_RATELEASE_FREE, now_ns);
		else if (is_live(start->is))
			start->until_us =
				answer->now_us + FP_RATELEASE_NS / 1000;
	}
}

static void
lease_take(struct fp_ratelease *lease, const struct fp_ratelease_answer *answer,
	int64_t now_ns)
{
	/* These need not be renewed before others would. */
	if (lease->n_live == 0)
		lease->renewed_ns = now_ns;
	for (unsigned i = 0; i < answer->n; i++) {
		struct fp_ratelease_start *start = lease_new(lease);
		start->seq = lease->asked_seq + i;
		start->told = 0;
		start->from_us = answer->from_us[i];
		start->until_us = FP_MAX(answer->from_us[i], answer->now_us) +
				  FP_RATELEASE_NS / 1000;
		lease_stock(lease, start, false, now_ns);
	}
}

/* The call is over. */
static void
lease_end_call(struct fp_ratelease *lease, int64_t now_ns)
{
	FP_ASSERT(lease->is_calling);
	lease->is_calling = false;
	lease->called_ns = now_ns;
	lease->tell_ns = now_ns;
}

int
fp_ratelease_hear(struct fp_ratelease *lease,
	const struct fp_ratelease_answer *answer, int64_t ended_ns)
{
	int ret = lease_make_room(lease, answer->n);

	if (answer->is_lost) {
		fp_ratelease_lose(lease, ended_ns);
		lease->clock->has_jumped = false;
	} else {
		lease_confirm(lease, answer, ended_ns);
	}
	/* What is not taken comes back by itself. */
	if (ret == 0 && !lease->clock->has_jumped)
		lease_take(lease, answer, ended_ns);
	lease->wait_ns = ended_ns + answer->wait_us * 1000;
	if (answer->n == 0 && lease->next_seq > lease->asked_seq)
		lease->is_hungry = true;
	lease_end_call(lease, ended_ns);
	return ret;
}

void
fp_ratelease_miss(struct fp_ratelease *lease, int64_t now_ns)
{
	if (lease->next_seq > lease->asked_seq)
		lease->is_hungry = true;
	for (uint32_t i = 0; i < lease->n_starts; i++)
		lease->starts[i].told = 0;
	lease_end_call(lease, now_ns);
}
