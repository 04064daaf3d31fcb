/* SPDX-License-Identifier: MIT */
/*
 * crew: one thread and the workers that it drives, one after the other: those
 * that something has happened to, whose time has come, or that were woken.
 *
 * Threads: fp_crew_init() and fp_crew_destroy() by the pool's owner, before it
 * starts and after it was joined; the rest is the thread's.
 * Ownership: the pool embeds crews, and owns the workers.
 * Failure: fp_crew_init() and fp_crew_start() -1 with errno.
 */
#ifndef FP_CREW_H
#define FP_CREW_H

#include "base.h"

#include "poller.h"
#include "thread.h"
#include "worker.h"

struct fp_crew {
	struct fp_thread thread;
	struct fp_poller poller; /* of all its workers */
	CURLSH *sessions; /* of TLS, the same */
	struct fp_greetings greetings; /* the same */
	struct fp_worker *workers;
	unsigned n_workers;
	unsigned n_left; /* that are not done */
	int64_t awake_ns; /* at the clock, between two things to do */
};

/* For `n` workers, which are made afterwards with this poller and their places
 * here as numbers; with room for so many connections in all. */
int fp_crew_init(struct fp_crew *crew, struct fp_worker *workers, unsigned n,
	size_t n_connections);
int fp_crew_start(struct fp_crew *crew);
void fp_crew_join(struct fp_crew *crew);

/* After its workers. */
void fp_crew_destroy(struct fp_crew *crew);

#endif
