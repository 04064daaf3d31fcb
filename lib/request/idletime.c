/* SPDX-License-Identifier: MIT */
/*
 * A server starts to count when it has sent its answer, and a request must
 * reach it before it closes: as the client sees it, that is one round trip
 * earlier. The shortest wait for an answer is never less than a round trip.
 *
 * What is known is a margin's worth uncertain. Where no connection was seen to
 * be closed, the margin is large, since many servers look for idle connections
 * only once a second. Each one seen makes it smaller: of n times drawn evenly
 * from a span, the least is about an n-th of that away from its beginning. A
 * connection that stays open for much longer than one that was closed shows
 * that the latter was closed for another reason, such as a reload, and the
 * count begins anew.
 *
 * So at most a few connections are spent on learning: the next request takes a
 * new one, and the old one, left idle, shows how long it is kept.
 */
#include "base.h"

#include "idletime.h"

#include "clock.h"

#include <string.h>

/* Nobody is known to close sooner, but for those that close at once. */
#define UNKNOWN_NS (FP_NS_PER_S / 2)

/* Servers that look once a second may be late by as much. */
#define TICK_NS FP_NS_PER_S

#define MARGIN_LEAST_NS (5 * FP_NS_PER_MS)
#define SHORT_NS (50 * FP_NS_PER_MS)
#define SLACK_LEAST_NS (10 * FP_NS_PER_MS)

/* A wait that is longer is the application's, not the network's. */
#define TRIP_MAX_NS FP_NS_PER_S

/* The part of a round trip by which another one may take longer. */
#define TRIP_JITTER 5

void
fp_idletimes_init(struct fp_idletimes *times)
{
	memset(times, 0, sizeof(*times));
	fp_mutex_init(&times->lock);
	atomic_init(&times->has_closed, false);
}

void
fp_idletimes_destroy(struct fp_idletimes *times)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(times->pages); i++)
		free(times->pages[i]);
	fp_mutex_destroy(&times->lock);
}

/* Its place, locked; another server's is forgotten. */
static struct fp_idletime *
lock_place(struct fp_idletimes *times, uint64_t server)
{
	size_t i = server % FP_IDLETIME_PLACES;
	struct fp_idletime **page = &times->pages[i / FP_IDLETIME_PAGE];

	fp_mutex_lock(&times->lock);
	if (FP_UNLIKELY(!*page))
		*page = calloc(FP_IDLETIME_PAGE, sizeof(**page));
	struct fp_idletime *place =
		*page ? &(*page)[i % FP_IDLETIME_PAGE] : &times->spare;
	if (place->server != server)
		*place = (struct fp_idletime){.server = server};
	return place;
}

/* By how much one that looks now and then may be late. */
static int64_t
tick_ns(int64_t idle_ns)
{
	return FP_MIN(TICK_NS, idle_ns / 2);
}

/* What may be wrong with the least idle time after which it closed one. */
static int64_t
margin_ns(const struct fp_idletime *place)
{
	int64_t n = FP_MIN(place->n_closed, 100U);
	int64_t first_ns = tick_ns(place->least_ns) / (n * n);
	int64_t part_ns = FP_MIN(TICK_NS, place->least_ns / 200);
	int64_t spread_ns = (place->most_ns - place->least_ns) * 2 / n;

	return FP_MAX(
		FP_MAX(first_ns, part_ns), FP_MAX(spread_ns, MARGIN_LEAST_NS));
}

/* What is left of the time that a server names. */
static int64_t
said_limit_ns(const struct fp_idletime *place)
{
	return place->said_ns - tick_ns(place->said_ns);
}

struct fp_idle_limit
fp_idletimes_limit(struct fp_idletimes *times, uint64_t server)
{
	struct fp_idletime *place = lock_place(times, server);
	struct fp_idle_limit limit = {
		.likely_ns = FP_IDLETIME_ANY, .keeps = place->keeps};
	int64_t trip_ns = FP_MIN(place->trip_ns, TRIP_MAX_NS);

	if (place->n_closed > 0) {
		limit.sure_ns = place->least_ns - margin_ns(place) -
				trip_ns / TRIP_JITTER;
		if (place->least_ns >= SHORT_NS)
			limit.likely_ns = place->least_ns - trip_ns;
	} else if (place->said_ns > 0) {
		limit.sure_ns = said_limit_ns(place);
	} else {
		limit.sure_ns =
			FP_MAX(UNKNOWN_NS, place->survived_ns - TICK_NS);
	}
	limit.sure_ns -= trip_ns;
	fp_mutex_unlock(&times->lock);
	return limit;
}

void
fp_idletimes_survived(
	struct fp_idletimes *times, uint64_t server, int64_t idle_ns)
{
	struct fp_idletime *place = lock_place(times, server);
	int64_t least_ns = place->least_ns;
	int64_t slack_ns = FP_MAX(tick_ns(least_ns), least_ns / 4);

	place->keeps = true;
	place->survived_ns = FP_MAX(place->survived_ns, idle_ns);
	if (place->n_closed > 0 &&
		idle_ns > least_ns + FP_MAX(slack_ns, SLACK_LEAST_NS))
		place->n_closed = 0;
	fp_mutex_unlock(&times->lock);
}

void
fp_idletimes_closed(
	struct fp_idletimes *times, uint64_t server, int64_t idle_ns)
{
	struct fp_idletime *place = lock_place(times, server);

	/* A server that keeps them does not close them so soon for idling. */
	if (place->keeps && idle_ns < SHORT_NS) {
		fp_mutex_unlock(&times->lock);
		return;
	}
	if (place->n_closed == 0)
		place->least_ns = place->most_ns = idle_ns;
	place->least_ns = FP_MIN(place->least_ns, idle_ns);
	place->most_ns = FP_MAX(place->most_ns, idle_ns);
	place->n_closed++;
	fp_mutex_unlock(&times->lock);
	atomic_store_explicit(&times->has_closed, true, memory_order_relaxed);
}

void
fp_idletimes_lost(struct fp_idletimes *times, uint64_t server)
{
	struct fp_idletime *place = lock_place(times, server);

	place->keeps = false;
	fp_mutex_unlock(&times->lock);
}

void
fp_idletimes_answered(
	struct fp_idletimes *times, uint64_t server, int64_t trip_ns)
{
	struct fp_idletime *place = lock_place(times, server);

	if (place->trip_ns == 0 || trip_ns < place->trip_ns)
		place->trip_ns = trip_ns;
	fp_mutex_unlock(&times->lock);
}

void
fp_idletimes_said(struct fp_idletimes *times, uint64_t server, int64_t said_ns)
{
	struct fp_idletime *place = lock_place(times, server);

	place->keeps = true;
	place->said_ns = said_ns;
	fp_mutex_unlock(&times->lock);
}
