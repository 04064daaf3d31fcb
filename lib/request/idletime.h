/* SPDX-License-Identifier: MIT */
/*
 * idletime: how long each server keeps an idle connection open, as far as that
 * was seen or said. A request that goes out on a connection just as its server
 * closes it is lost, and one that cannot be repeated is lost for good (RFC
 * 9112, section 9.3.1): such a request is told how long a connection may have
 * been idle and still be used.
 *
 * Threads: any; a mutex guards the table.
 * Ownership: the caller embeds the table.
 * Failure: cannot fail. Servers share a fixed number of places; one that is
 * displaced is learned about anew.
 */
#ifndef FP_IDLETIME_H
#define FP_IDLETIME_H

#include "base.h"

#include "thread.h"

#include <stdatomic.h>

/* Powers of two. */
#define FP_IDLETIME_PLACES 1024
#define FP_IDLETIME_PAGE 32

/* Any idle time will do. */
#define FP_IDLETIME_ANY INT64_MAX

struct fp_idletime {
	uint64_t server; /* a hash; 0: this place is free */
	int64_t said_ns; /* in Keep-Alive: timeout (RFC 2068, 19.7.1.1) */
	int64_t survived_ns; /* the longest that one stayed open */
	int64_t least_ns, most_ns; /* when it closed one, the extremes */
	unsigned n_closed; /* how many that were; 0: none */
	int64_t trip_ns; /* the shortest wait for an answer; 0: none */
	bool keeps; /* connections open after an answer */
};

struct fp_idletimes {
	struct fp_mutex lock;
	atomic_bool has_closed; /* one of the servers did */
	/* Pages of places, made when one is used; where there is no memory for
	 * that, servers share a place. */
	struct fp_idletime *pages[FP_IDLETIME_PLACES / FP_IDLETIME_PAGE];
	struct fp_idletime spare;
};

/* How long a connection may have been idle, in nanoseconds, */
struct fp_idle_limit {
	int64_t sure_ns; /* for what cannot be repeated; negative: never */
	int64_t likely_ns; /* for what can */
	bool keeps; /* the server is known to keep connections open */
};

void fp_idletimes_init(struct fp_idletimes *times);
void fp_idletimes_destroy(struct fp_idletimes *times);

/* Whether any server has closed a connection. */
static inline bool
fp_idletimes_has_closed(struct fp_idletimes *times)
{
	return atomic_load_explicit(&times->has_closed, memory_order_relaxed);
}

struct fp_idle_limit fp_idletimes_limit(
	struct fp_idletimes *times, uint64_t server);

/* What was seen. A connection idle for this long was open, or was used and
 * answered on; its server closed it; an answer took this long; the server said
 * how long it keeps connections (0: it did not say how long). */
void fp_idletimes_survived(
	struct fp_idletimes *times, uint64_t server, int64_t idle_ns);
void fp_idletimes_closed(
	struct fp_idletimes *times, uint64_t server, int64_t idle_ns);
/* A request went out on one that its server closed. A server that keeps them
 * has to show that anew: it may have been late once, and taken for such a one.
 */
void fp_idletimes_lost(struct fp_idletimes *times, uint64_t server);
void fp_idletimes_answered(
	struct fp_idletimes *times, uint64_t server, int64_t trip_ns);
void fp_idletimes_said(
	struct fp_idletimes *times, uint64_t server, int64_t said_ns);

#endif
