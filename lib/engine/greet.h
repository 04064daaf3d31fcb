/* SPDX-License-Identifier: MIT */
/*
 * greet: how many of the first TLS handshakes with an origin go on at once. A
 * few go first; the others wait until one of these is over, so that they can
 * resume its session, but never for long.
 *
 * Threads: that of the loop alone; time is an argument.
 * Ownership: the loop embeds the table.
 * Failure: cannot fail.
 */
#ifndef FP_GREET_H
#define FP_GREET_H

#include "base.h"

/* A thread's handshakes with an origin that may go on before one of them is
 * over, and how long the others wait for that. */
#define FP_GREET_FIRST 8
#define FP_GREET_NS (250 * FP_NS_PER_MS)

#define FP_GREETINGS 64

struct fp_greeting {
	uint64_t origin; /* the hash of its name */
	int64_t until_ns; /* 0: the place is free */
	unsigned n_begun;
	bool is_over;
};

struct fp_greetings {
	struct fp_greeting all[FP_GREETINGS]; /* by the origin's hash */
	bool has_ended; /* one has, since the loop last looked */
};

/* Until when a handshake with the origin has to wait that would begin now; 0:
 * it may begin, and *is_first says whether it is one of those that the others
 * wait for. */
int64_t fp_greet_ask(struct fp_greetings *greetings, uint64_t origin,
	int64_t now_ns, bool *is_first);

/* One of those is over, or is not going to be: nothing waits any more. */
void fp_greet_end(struct fp_greetings *greetings, uint64_t origin);

#endif
