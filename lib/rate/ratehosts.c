/* SPDX-License-Identifier: MIT */
/*
 * All hosts stand in a heap, by when the server is to be asked of them, also
 * those of which there is nothing to ask; but for those that the call under way
 * asks of. A call takes those that are due soon along with those that are due.
 */
#include "base.h"

#include "ratehosts.h"

#include <string.h>

/* Due so soon is due. */
#define SOON_NS (5 * FP_NS_PER_MS)

/* No more in one call of all hosts. */
#define WANT_MAX 1000
#define TELL_MAX FP_RATELEASE_TELL_MAX

int
fp_ratehosts_init(struct fp_ratehosts *hosts, const struct fp_rates *rates)
{
	*hosts = (struct fp_ratehosts){.rates = *rates};
	return fp_timeheap_init(&hosts->due, FP_RATEHOSTS_ASK_MAX);
}

static void
ratehosts_drop(struct fp_ratehosts *hosts, struct fp_ratehost *host)
{
	fp_timeheap_remove(&hosts->due, &host->timed);
	hosts->n--;
	fp_ratelease_destroy(&host->lease);
	free(host);
}

static struct fp_ratehost *
ratehosts_first(const struct fp_ratehosts *hosts)
{
	return hosts->due.len == 0 ? NULL
				   : FP_CONTAINER(hosts->due.all[0],
					     struct fp_ratehost, timed);
}

void
fp_ratehosts_destroy(struct fp_ratehosts *hosts)
{
	struct fp_ratehost *host;

	while ((host = ratehosts_first(hosts)))
		ratehosts_drop(hosts, host);
	fp_timeheap_destroy(&hosts->due);
}

/* Puts it where it is due; or lets go of one that nobody holds, and of which
 * nothing is left to be told. */
static void
ratehosts_place(struct fp_ratehosts *hosts, struct fp_ratehost *host)
{
	const struct fp_ratelease *lease = &host->lease;

	if (host->is_asked)
		return;
	if (!host->owner && lease->n_live == 0 && lease->n_told == 0)
		ratehosts_drop(hosts, host);
	else
		fp_timeheap_set(&hosts->due, &host->timed,
			fp_ratelease_due_ns(&host->lease));
}

/* ---- calls ---- */

int64_t
fp_ratehosts_due_ns(const struct fp_ratehosts *hosts)
{
	return FP_MIN(fp_timeheap_due_ns(&hosts->due),
		hosts->called_ns + FP_RATELEASE_LOOK_NS);
}

/* The next one to be asked of; NULL: none is. */
static struct fp_ratehost *
ratehosts_take(struct fp_ratehosts *hosts, bool ends, int64_t now_ns)
{
	struct fp_ratehost *first = ratehosts_first(hosts);

	if (!first || first->timed.due_ns == INT64_MAX ||
		(first->timed.due_ns > now_ns + SOON_NS && !ends))
		return NULL;
	fp_timeheap_remove(&hosts->due, &first->timed);
	first->is_asked = true;
	hosts->asked[hosts->n_asked++] = first;
	return first;
}

int
fp_ratehosts_ask(struct fp_ratehosts *hosts, struct fp_ratescript *script,
	struct fp_ratelease_call *call, bool ends, uint64_t seed,
	int64_t now_ns)
{
	const char *names[FP_RATEHOSTS_ASK_MAX];
	struct fp_ratehost *host;
	size_t n = 0, n_want = 0, n_told = 0;

	FP_ASSERT(hosts->n_asked == 0);
	while (n < FP_RATEHOSTS_ASK_MAX && n_want < WANT_MAX &&
		n_told < TELL_MAX &&
		(host = ratehosts_take(hosts, ends, now_ns))) {
		names[n++] = host->name;
		n_want += host->lease.is_hungry ? host->lease.ask : 0;
		n_told += host->lease.n_told + host->lease.n_live;
	}
	int ret = fp_hostscript_begin(
		script, names, n, hosts->clock.has_jumped, seed);
	for (size_t i = 0; i < n; i++) {
		host = hosts->asked[i];
		if (ends)
			fp_ratelease_end(&host->lease, now_ns);
		fp_ratelease_ask(
			&host->lease, call, ends || !host->owner, now_ns);
		if (ret == 0)
			ret = fp_hostscript_add(
				script, host->number, host->epoch, call);
	}
	if (ret == 0)
		fp_hostscript_end(script);
	return ret ? -1 : 0;
}

bool
fp_ratehosts_has_more(const struct fp_ratehosts *hosts)
{
	for (size_t i = 0; i < hosts->due.len; i++) {
		const struct fp_ratelease *lease = &FP_CONTAINER(
			hosts->due.all[i], struct fp_ratehost, timed)
							    ->lease;
		if (lease->n_stock > 0 || lease->n_told > 0)
			return true;
	}
	return false;
}

/* None of them is asked any more. */
static void
ratehosts_end(struct fp_ratehosts *hosts, int64_t now_ns)
{
	size_t n = hosts->n_asked;

	hosts->n_asked = 0;
	hosts->called_ns = now_ns;
	for (size_t i = 0; i < n; i++) {
		hosts->asked[i]->is_asked = false;
		ratehosts_place(hosts, hosts->asked[i]);
	}
}

/* Whatever host it is of, nothing that was lent counts. */
static void
lose_all(struct fp_ratehosts *hosts, int64_t now_ns)
{
	for (size_t i = 0; i < hosts->due.len; i++) {
		struct fp_ratehost *host = FP_CONTAINER(
			hosts->due.all[i], struct fp_ratehost, timed);
		fp_ratelease_lose(&host->lease, now_ns);
		host->epoch[0] = '\0';
	}
	for (size_t i = 0; i < hosts->n_asked; i++)
		hosts->asked[i]->epoch[0] = '\0';
	hosts->clock.has_jumped = false;
}

static void
ratehost_hear(struct fp_ratehosts *hosts, struct fp_ratehost *host,
	struct fp_hostscript_answer *answer, bool is_all_lost, int64_t ended_ns)
{
	/* What this host alone has lost says nothing of the clock. */
	if (answer->lease.is_lost && !is_all_lost) {
		fp_ratelease_lose(&host->lease, ended_ns);
		answer->lease.is_lost = false;
	}
	fp_ratelease_hear(&host->lease, &answer->lease, ended_ns);
	memcpy(host->epoch, answer->epoch, sizeof(host->epoch));
	if (answer->lease.n == 0 || host->has_come || !host->owner)
		return;
	host->has_come = true;
	host->next_came = hosts->came;
	hosts->came = host;
}

bool
fp_ratehosts_hear(struct fp_ratehosts *hosts, struct fp_hostscript_head *head,
	int64_t begun_ns, int64_t ended_ns, int64_t *full_us)
{
	struct fp_hostscript_answer answer;
	bool is_good = true;

	fp_leaseclock_hear(&hosts->clock, head->now_us, begun_ns, ended_ns);
	if (head->is_lost)
		lose_all(hosts, ended_ns);
	*full_us = head->is_lost ? head->full_us : 0;
	for (size_t i = 0; i < hosts->n_asked; i++) {
		struct fp_ratehost *host = hosts->asked[i];
		is_good = is_good && fp_hostscript_read_host(
					     head, &answer, hosts->from_us);
		if (!is_good) {
			fp_ratelease_miss(&host->lease, ended_ns);
			continue;
		}
		if (answer.lease.is_lost)
			*full_us = FP_MAX(*full_us, answer.full_us);
		ratehost_hear(hosts, host, &answer, head->is_lost, ended_ns);
	}
	ratehosts_end(hosts, ended_ns);
	return is_good;
}

void
fp_ratehosts_miss(struct fp_ratehosts *hosts, int64_t now_ns)
{
	for (size_t i = 0; i < hosts->n_asked; i++)
		fp_ratelease_miss(&hosts->asked[i]->lease, now_ns);
	ratehosts_end(hosts, now_ns);
}

void *
fp_ratehosts_next_came(struct fp_ratehosts *hosts)
{
	struct fp_ratehost *host = hosts->came;

	if (!host)
		return NULL;
	hosts->came = host->next_came;
	host->has_come = false;
	return host->owner;
}

/* ---- one host ---- */

struct fp_ratehost *
fp_ratehost_new(struct fp_ratehosts *hosts, const char *name, void *owner)
{
	size_t size = strlen(name) + 1;

	if (fp_timeheap_reserve(&hosts->due, hosts->n + 1))
		return NULL;
	struct fp_ratehost *host = calloc(1, sizeof(*host) + size);
	if (!host)
		return NULL;
	fp_ratelease_init(&host->lease, &hosts->rates, &hosts->clock);
	host->owner = owner;
	host->number = ++hosts->n_ever;
	memcpy(host->name, name, size);
	hosts->n++;
	ratehosts_place(hosts, host);
	return host;
}

static void
ratehosts_forget_came(struct fp_ratehosts *hosts, struct fp_ratehost *host)
{
	struct fp_ratehost **at = &hosts->came;

	if (!host->has_come)
		return;
	while (*at != host)
		at = &(*at)->next_came;
	*at = host->next_came;
	host->has_come = false;
}

void
fp_ratehost_free(
	struct fp_ratehosts *hosts, struct fp_ratehost *host, int64_t now_ns)
{
	ratehosts_forget_came(hosts, host);
	host->owner = NULL;
	fp_ratelease_end(&host->lease, now_ns);
	ratehosts_place(hosts, host);
}

bool
fp_ratehost_has_one(struct fp_ratehosts *hosts, struct fp_ratehost *host,
	int64_t *due_ns, int64_t now_ns)
{
	bool has_one = fp_ratelease_has_one(&host->lease, due_ns, now_ns);

	ratehosts_place(hosts, host);
	return has_one;
}

int
fp_ratehost_reserve(struct fp_ratehosts *hosts, struct fp_ratehost *host,
	uint32_t *token, int64_t *due_ns, int64_t now_ns)
{
	int got = fp_ratelease_reserve(&host->lease, token, due_ns, now_ns);

	ratehosts_place(hosts, host);
	return got;
}

int
fp_ratehost_commit(struct fp_ratehost *host, uint32_t token, int64_t now_ns)
{
	return fp_ratelease_commit(&host->lease, token, now_ns);
}

void
fp_ratehost_fire(struct fp_ratehosts *hosts, struct fp_ratehost *host,
	uint32_t token, int64_t now_ns)
{
	fp_ratelease_fire(&host->lease, token, now_ns);
	ratehosts_place(hosts, host);
}

void
fp_ratehost_give_back(struct fp_ratehosts *hosts, struct fp_ratehost *host,
	uint32_t token, int64_t now_ns)
{
	fp_ratelease_give_back(&host->lease, token, now_ns);
	ratehosts_place(hosts, host);
}
