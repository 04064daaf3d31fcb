/* SPDX-License-Identifier: MIT */
/*
 * crowd: whether a lane has to do with very many hosts, and which of them
 * come again. It remembers a fixed number of hosts, by a hash each.
 *
 * Threads: the lane's alone.
 * Ownership: the caller embeds it, zeroed.
 * Failure: cannot fail; two hosts with one hash are taken for one.
 */
#ifndef FP_CROWD_H
#define FP_CROWD_H

#include "base.h"

/* Connections that are opened before it is a crowd. */
#define FP_CROWD_SIZE 1000

#define FP_CROWD_PLACES 1024

struct fp_crowd {
	uint64_t n_opened;
	uint64_t seen[FP_CROWD_PLACES]; /* hashes; 0: none */
};

/* A connection was opened. */
void fp_crowd_count(struct fp_crowd *crowd);

/* Whether it is a crowd, and the origin with this hash was not seen lately.
 * Remembers it. */
bool fp_crowd_is_stranger(struct fp_crowd *crowd, uint64_t hash);

#endif
