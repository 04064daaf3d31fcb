/* SPDX-License-Identifier: MIT */
/*
 * The table of origins. One that no item is for any more is remembered for a
 * while, and for as long as it holds back others: while it is paused, silent,
 * or has used up some of its rate. (A rate that a server counts is remembered
 * there.)
 *
 * With many hosts the paused ones, and with long periods the last, would be
 * very many. So of all but the latest of them only a trace remains: when the
 * pause ends, how many starts there were, and when the last one was. One that
 * comes back has as many starts as if all had been then. Of those that are
 * silent so many are remembered; to connect to others once more breaks no
 * promise.
 */
#include "base.h"

#include "origin.h"

#include "ticket.h"

#include <errno.h>
#include <string.h>

/* Origins that nobody holds and that are remembered all the same. */
#define IDLE_MAX 1024

/* The same, of those that are silent. */
#define SILENT_MAX 4096

#define TRACES_MIN 1024

/* How long one that is silent is remembered at least. */
#define SILENT_NS (30 * FP_NS_PER_S)

int
fp_origins_init(struct fp_origins *origins, const struct fp_origin_rules *rules)
{
	*origins = (struct fp_origins){
		.rules = *rules,
	};
	TAILQ_INIT(&origins->idle);
	return fp_hash_init(&origins->table);
}

static void
free_origin(struct fp_origin *origin)
{
	fp_hostrate_destroy(&origin->rate);
	free(origin->concurrency);
	free(origin);
}

void
fp_origins_destroy(struct fp_origins *origins)
{
	struct fp_origin *origin = fp_origins_walk(origins, NULL);

	while (origin) {
		struct fp_origin *next = fp_origins_walk(origins, origin);
		free_origin(origin);
		origin = next;
	}
	fp_hash_destroy(&origins->table);
	free(origins->traces);
	origins->traces = NULL;
}

static struct fp_origin *
origin_of(struct fp_hash_link *link)
{
	return link ? FP_CONTAINER(link, struct fp_origin, link) : NULL;
}

struct fp_origin *
fp_origins_walk(
	const struct fp_origins *origins, const struct fp_origin *origin)
{
	return origin_of(
		fp_hash_walk(&origins->table, origin ? &origin->link : NULL));
}

void
fp_origin_name(struct fp_origin_name *name, const char *url)
{
	name->len = fp_url_origin(url, name->text);
	name->hash = fp_hash_bytes(FP_HASH_EMPTY, name->text, name->len);
}

const struct fp_origin_name *
fp_origin_name_next(struct fp_origin_last *last, const char *url)
{
	size_t len = last->base_len;

	if (len > 0 && strncmp(url, last->base, len) == 0 &&
		strchr("/?#", url[len]))
		return &last->name;
	fp_origin_name(&last->name, url);
	len = strcspn(url, ":") + 3;
	len += strcspn(url + len, "/?#");
	last->base_len = len < sizeof(last->base) ? len : 0;
	memcpy(last->base, url, last->base_len);
	return &last->name;
}

/* ---- traces ---- */

/* The trace of this hash, or the place for it; there is one. */
static struct fp_origin_trace *
trace_at(struct fp_origin_trace *traces, size_t cap, uint64_t hash)
{
	size_t i = (size_t)(hash ^ (hash >> 32)) & (cap - 1);

	while (traces[i].is_used && traces[i].hash != hash)
		i = (i + 1) & (cap - 1);
	return &traces[i];
}

static bool
is_in_force(
	const struct fp_origin_trace *trace, int64_t memory_ns, int64_t now_ns)
{
	return (trace->n_fired > 0 && trace->last_ns > now_ns - memory_ns) ||
	       trace->not_before_ns > now_ns;
}

/* Makes room for one more, without those that are of no force any more. */
static bool
origins_make_room(struct fp_origins *origins, int64_t memory_ns, int64_t now_ns)
{
	size_t n = 1, cap = TRACES_MIN;

	if (4 * (origins->n_traces + 1) <= 3 * origins->cap_traces)
		return true;
	for (size_t i = 0; i < origins->cap_traces; i++)
		n += is_in_force(&origins->traces[i], memory_ns, now_ns);
	while (cap < 2 * n)
		cap *= 2;
	struct fp_origin_trace *traces = calloc(cap, sizeof(traces[0]));
	if (!traces)
		return false;
	for (size_t i = 0; i < origins->cap_traces; i++) {
		const struct fp_origin_trace *trace = &origins->traces[i];
		if (is_in_force(trace, memory_ns, now_ns))
			*trace_at(traces, cap, trace->hash) = *trace;
	}
	free(origins->traces);
	origins->traces = traces;
	origins->cap_traces = cap;
	origins->n_traces = n - 1;
	return true;
}

/* Leaves a trace of an origin of which nothing but its rate and its pause is in
 * force. */
static bool
leave_trace(struct fp_origins *origins, const struct fp_origin *origin,
	bool is_fresh, int64_t now_ns)
{
	const struct fp_ratelimit *rate = &origin->rate.limit;
	uint64_t n_fired = is_fresh ? 0 : fp_ratelimit_n_fired(rate);

	/* Slices remember for a little longer than the longest period. */
	int64_t memory_ns = 2 * fp_ratelimit_memory_ns(rate);
	if ((n_fired == 0 && !is_fresh) || n_fired > UINT32_MAX ||
		!origins_make_room(origins, memory_ns, now_ns))
		return false;
	struct fp_origin_trace *trace =
		trace_at(origins->traces, origins->cap_traces, origin->hash);
	origins->n_traces += !trace->is_used;
	*trace = (struct fp_origin_trace){
		.hash = origin->hash,
		.last_ns = rate->last_ns,
		.not_before_ns = origin->not_before_ns,
		.asked_until_ns = origin->asked_until_ns,
		.n_fired = (uint32_t)n_fired,
		.status = (int16_t)origin->status,
		.is_parked = origin->is_parked,
		.is_used = true,
	};
	return true;
}

/* A new origin has the rate and the pause of its trace. false: no memory. */
static bool
follow_trace(struct fp_origins *origins, struct fp_origin *origin)
{
	if (origins->cap_traces == 0)
		return true;
	struct fp_origin_trace *trace =
		trace_at(origins->traces, origins->cap_traces, origin->hash);
	if (trace->n_fired > 0 && fp_ratelimit_refill(&origin->rate.limit,
					  trace->n_fired, trace->last_ns))
		return false;
	origin->not_before_ns = trace->not_before_ns;
	origin->asked_until_ns = trace->asked_until_ns;
	origin->status = trace->status;
	origin->is_parked = trace->is_parked;
	trace->n_fired = 0;
	trace->not_before_ns = 0;
	return true;
}

/* ---- those that nobody holds ---- */

/* Whether its silence is known for long enough, or there are many such. */
static bool
has_been_silent(const struct fp_origins *origins,
	const struct fp_origin *origin, int64_t now_ns)
{
	return origins->n_idle > SILENT_MAX ||
	       (origin->probe_ns <= now_ns &&
		       now_ns - origin->silent_ns > SILENT_NS);
}

/* Whether nothing of it is in force: no circuit, and of its pause and its used
 * rate a trace remains. What else it knows, a new one will learn. */
static bool
is_forgettable(struct fp_origins *origins, const struct fp_origin *origin,
	int64_t now_ns)
{
	bool is_fresh = origins->rules.rates.n == 0 || origins->rules.redis ||
			fp_ratelimit_is_idle(&origin->rate.limit, now_ns);

	if (origin->is_news ||
		(origin->circuit != FP_CIRCUIT_CLOSED &&
			!has_been_silent(origins, origin, now_ns)))
		return false;
	return (is_fresh && origin->not_before_ns <= now_ns) ||
	       leave_trace(origins, origin, is_fresh, now_ns);
}

static void
link_idle(struct fp_origins *origins, struct fp_origin *origin)
{
	TAILQ_INSERT_TAIL(&origins->idle, origin, idle);
	origins->n_idle++;
}

static void
unlink_idle(struct fp_origins *origins, struct fp_origin *origin)
{
	TAILQ_REMOVE(&origins->idle, origin, idle);
	origins->n_idle--;
}

static void
origins_forget(struct fp_origins *origins, struct fp_origin *origin)
{
	fp_hash_remove(&origins->table, &origin->link);
	unlink_idle(origins, origin);
	origins->n_open -= origin->circuit != FP_CIRCUIT_CLOSED;
	free_origin(origin);
}

/* ---- items that wait there ---- */

/* Among those that were tried; the higher, the more attempts it has used. */
static size_t
rank_of(const struct fp_ticket *ticket)
{
	unsigned n = ticket->result.attempts;

	return FP_MIN(n > 0 ? n - 1 : 0, FP_ORIGIN_RANKS - 1);
}

void
fp_origin_put(
	struct fp_origin *origin, struct fp_ticket *ticket, bool goes_first)
{
	struct fp_ticket_list *list = ticket->is_tried
					      ? &origin->again[rank_of(ticket)]
					      : &origin->waiting;

	(goes_first ? fp_ticket_prepend : fp_ticket_append)(list, ticket);
	origin->n_waiting++;
}

/* Which is sent to find out what failures mean. */
static struct fp_ticket_list *
list_of_test(struct fp_origin *origin)
{
	if (origin->busy.suspect.wants_other && origin->waiting.first)
		return &origin->waiting;
	for (size_t i = 0; i < FP_ARRAY_LEN(origin->again); i++) {
		if (origin->again[i].first)
			return &origin->again[i];
	}
	return &origin->waiting;
}

/* One from far behind the first, that has little to do with those that failed;
 * each time from another place. */
static struct fp_ticket *
pop_other(struct fp_ticket_list *list, unsigned n_tests)
{
	static const size_t eighths[] = {4, 7, 2, 6, 8, 3};
	struct fp_ticket **link = &list->first;
	size_t n = 0;

	for (const struct fp_ticket *t = list->first; t; t = t->next)
		n++;
	n = (n - 1) * eighths[n_tests % FP_ARRAY_LEN(eighths)] / 8;
	while (n-- > 0)
		link = &(*link)->next;
	struct fp_ticket *ticket = *link;
	*link = ticket->next;
	if (!*link)
		list->last = link;
	ticket->next = NULL;
	return ticket;
}

/* Those that were tried go before the others, and of them those with most
 * attempts: an attempt more that fails is worse for them. But while nothing
 * passes, or it does not answer, the one that finds out should have many left.
 */
static struct fp_ticket_list *
list_of_next(struct fp_origin *origin)
{
	bool is_silent =
		origin->circuit == FP_CIRCUIT_OPEN && origin->has_answered;
	bool is_dark = is_silent || fp_busy_is_dark(&origin->busy);

	if (FP_UNLIKELY(fp_suspect_tests(&origin->busy.suspect)))
		return list_of_test(origin);
	if (is_dark && origin->waiting.first)
		return &origin->waiting;
	for (size_t i = 0; i < FP_ARRAY_LEN(origin->again); i++) {
		size_t at = FP_ARRAY_LEN(origin->again) - 1 - i;
		struct fp_ticket_list *list = &origin->again[is_dark ? i : at];
		if (list->first)
			return list;
	}
	return &origin->waiting;
}

struct fp_ticket *
fp_origin_pop(struct fp_origin *origin)
{
	struct fp_ticket_list *list = list_of_next(origin);
	const struct fp_suspect *suspect = &origin->busy.suspect;
	struct fp_ticket *ticket =
		FP_UNLIKELY(suspect->wants_other && list == &origin->waiting &&
			    list->first)
			? pop_other(list, suspect->n_tests)
			: fp_ticket_pop(list);

	origin->n_waiting -= ticket != NULL;
	return ticket;
}

struct fp_ticket *
fp_origin_pick(struct fp_origin *origin, uint64_t turn)
{
	struct fp_ticket *ticket = fp_ticket_pick(&origin->waiting, turn);

	for (int i = 0; !ticket && i < FP_ORIGIN_RANKS; i++)
		ticket = fp_ticket_pick(&origin->again[i], turn);
	origin->n_waiting -= ticket != NULL;
	return ticket;
}

/* ---- lists of the schedule ---- */

void
fp_origin_enlist(
	struct fp_origin_list *list, struct fp_origin *origin, bool goes_first)
{
	origin->list = list;
	if (goes_first)
		TAILQ_INSERT_HEAD(list, origin, listed);
	else
		TAILQ_INSERT_TAIL(list, origin, listed);
}

void
fp_origin_unlist(struct fp_origin *origin)
{
	if (!origin->list)
		return;
	TAILQ_REMOVE(origin->list, origin, listed);
	origin->list = NULL;
}

/* ---- holding ---- */

static struct fp_origin *
origins_make(struct fp_origins *origins, const struct fp_origin_name *name)
{
	struct fp_origin *origin = calloc(1, sizeof(*origin) + name->len + 1);

	if (!origin)
		return NULL;
	const struct fp_origin_rules *rules = &origins->rules;
	memcpy(origin->name, name->text, name->len);
	origin->hash = name->hash;
	if (rules->rates.n &&
		fp_hostrate_init(&origin->rate, &rules->rates, rules->is_paced,
			rules->redis, origin->name, origin)) {
		free_origin(origin);
		return NULL;
	}
	if (!follow_trace(origins, origin)) {
		free_origin(origin);
		return NULL;
	}
	if (origins->rules.finds_jobs) {
		origin->concurrency = malloc(sizeof(*origin->concurrency));
		if (!origin->concurrency) {
			free_origin(origin);
			return NULL;
		}
		fp_concurrency_init(
			origin->concurrency, origins->rules.host_jobs);
	}
	origin->limit = origins->rules.host_jobs;
	for (int i = 0; i < FP_ORIGIN_RANKS; i++)
		origin->again[i].last = &origin->again[i].first;
	origin->waiting.last = &origin->waiting.first;
	origin->is_known = fp_url_is_known(origin->name);
	fp_budget_init(&origin->budget, origins->rules.jobs);
	fp_hash_add(&origins->table, &origin->link, name->hash);
	return origin;
}

struct fp_origin *
fp_origins_hold(struct fp_origins *origins, const struct fp_origin_name *name)
{
	struct fp_hash_link *link = fp_hash_find(&origins->table, name->hash);

	while (link && strcmp(origin_of(link)->name, name->text) != 0)
		link = fp_hash_find_next(link);
	struct fp_origin *origin = origin_of(link);
	if (origin && origin->n_holds == 0)
		unlink_idle(origins, origin);
	if (!origin)
		origin = origins_make(origins, name);
	if (origin)
		origin->n_holds++;
	return origin;
}

void
fp_origins_let_go(
	struct fp_origins *origins, struct fp_origin *origin, int64_t now_ns)
{
	FP_ASSERT(origin->n_holds > 0);
	if (--origin->n_holds > 0)
		return;
	link_idle(origins, origin);

	/* Two at a time, so that it shrinks again, at no cost to speak of. */
	for (int i = 0; i < 2 && origins->n_idle > IDLE_MAX; i++) {
		struct fp_origin *oldest = TAILQ_FIRST(&origins->idle);
		if (is_forgettable(origins, oldest, now_ns)) {
			origins_forget(origins, oldest);
		} else {
			unlink_idle(origins, oldest);
			link_idle(origins, oldest);
		}
	}
}
