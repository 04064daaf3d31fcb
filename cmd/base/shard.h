/* SPDX-License-Identifier: MIT */
/*
 * shard: which items of an input are ours when several processes share them
 * out: of each `count` in a row, one. All shards together have every item
 * once, and each item keeps its number in the whole input.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: -1, and the target is untouched: not such a text.
 */
#ifndef FP_SHARD_H
#define FP_SHARD_H

#include "base.h"

/* All zero: the whole input. */
struct fp_shard {
	uint64_t index; /* from 1 to count */
	uint64_t count; /* 0: all is ours */
};

/* "2/8". Job arrays count from 0 or from 1: 0 is the same as `count`. */
int fp_shard_parse(const char *text, uint64_t max, struct fp_shard *shard);

/* Whether the item of that number in the input, from 1, is ours. */
bool fp_shard_has(const struct fp_shard *shard, uint64_t seq);

/* The number of an item that is ours among those that are, from 1; and back. */
uint64_t fp_shard_place(const struct fp_shard *shard, uint64_t seq);
uint64_t fp_shard_seq(const struct fp_shard *shard, uint64_t place);

#endif
