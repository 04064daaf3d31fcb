/* SPDX-License-Identifier: MIT */
/*
 * share: how the jobs, and what they need of this machine, are shared out
 * among lanes.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: cannot fail; what the system does not tell is taken as plenty.
 */
#ifndef FP_SHARE_H
#define FP_SHARE_H

#include "base.h"

#define FP_LANE_SLOTS_MAX 64

/* The limits that are a lane's share of the pool's. */
struct fp_share {
	unsigned slots; /* transfers at once */
	unsigned first_slot; /* its number among those of all lanes */
	unsigned connections; /* open at once, idle ones included */
	unsigned resolving_max; /* names looked up at once */
	unsigned threads_max; /* in the process, for new names to be; with a
				 thread for each look-up */
};

struct fp_shares {
	unsigned jobs;
	unsigned connections;
	unsigned n_lanes;
	unsigned n_loops; /* threads that drive them, at most */
	unsigned n_first; /* the same, at first */
};

/* CPUs that are online, at least one. */
unsigned fp_share_online(void);

/* The i-th of n parts of a whole; they differ by one at most. */
unsigned fp_share_part(unsigned whole, unsigned n, unsigned i);

/* Threads of this process; 0: not known. */
unsigned fp_share_threads_running(void);

/* What is there to be shared: as many lanes as that many jobs want, and
 * threads for them. */
struct fp_shares fp_share_all(unsigned jobs);

/* What the i-th lane gets. */
struct fp_share fp_share_of(const struct fp_shares *all, unsigned i);

#endif
