/* SPDX-License-Identifier: MIT */
/*
 * crew: the pool's loops, and how many of them there are. With few jobs there
 * is one, until it has more to do than one processor can.
 *
 * Threads: fp_crew_call(), fp_crew_n_active() and fp_crew_look() by any; the
 * rest by the pool's owner.
 * Ownership: the pool embeds it; a crew owns its loops.
 * Failure: fp_crew_init() and fp_crew_start() -1 with errno. A loop that cannot
 * be added is done without.
 */
#ifndef FP_CREW_H
#define FP_CREW_H

#include "base.h"

#include "loop.h"

#include <stdatomic.h>

struct fp_crew {
	struct fp_loop_place place;
	struct fp_shares shares;
	struct fp_loop *loops; /* room for shares.n_loops */
	atomic_uint n_loops; /* that are made */
};

/* Makes what so many jobs need at first. Also of one that was zeroed, or that
 * fp_crew_init() failed to make, fp_crew_destroy() frees what there is. */
int fp_crew_init(
	struct fp_crew *crew, const struct fp_loop_place *place, unsigned jobs);
void fp_crew_destroy(struct fp_crew *crew);

/* Starts their threads. */
int fp_crew_start(struct fp_crew *crew);

/* Waits for the end of all that were started. */
void fp_crew_join(struct fp_crew *crew);

/* Has all of them look at the queue and at *cancel. */
void fp_crew_call(struct fp_crew *crew);

unsigned fp_crew_n_active(struct fp_crew *crew);

/* Adds what their transfers are doing. */
void fp_crew_look(struct fp_crew *crew, struct fp_look *look);

#endif
