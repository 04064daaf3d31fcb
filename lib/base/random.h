/* SPDX-License-Identifier: MIT */
/*
 * random: numbers that nobody need be unable to guess: for pauses and jitter,
 * never for secrets. The same seed gives the same numbers, everywhere.
 *
 * Threads: none; a state belongs to one thread at a time.
 * Ownership: the caller keeps the state, made by fp_random_seed()
 * or fp_random_for().
 * Failure: cannot fail; a state of 0, which is no state, is a bug.
 */
#ifndef FP_RANDOM_H
#define FP_RANDOM_H

#include "base.h"

/* A state from any seed, 0 too. Seeds close to each other give states that
 * have nothing to do with each other. */
uint64_t fp_random_seed(uint64_t seed);

/* A state for an item's n-th draw: the same in any thread, at any time. */
uint64_t fp_random_for(uint64_t seed, uint64_t item, uint64_t n);

/* All 64 bits; every value but 0. */
uint64_t fp_random_next(uint64_t *state);

/* One of 0 to `most`, each as likely as the others. */
uint64_t fp_random_evenly(uint64_t *state, uint64_t most);

#endif
