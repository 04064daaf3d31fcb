/* SPDX-License-Identifier: MIT */
/*
 * ferry: what a loop does of the reader's and the writer's work, so that an
 * item needs no other thread: it hands finished items to whoever writes them,
 * and has new ones handed in. It is also the way back of results.
 *
 * Threads: those of the loops; fp_ferry_give() by the consumer, too, and
 * fp_ferry_flush() by the submitter.
 * Ownership: borrows everything.
 * Failure: cannot fail.
 */
#ifndef FP_FERRY_H
#define FP_FERRY_H

#include "base.h"

#include "queue.h"
#include "setup.h"
#include "window.h"

/* Items that are handed in at once: few enough that they are still in the cache
 * when they begin. */
#define FP_FERRY_ITEMS 32

struct fp_ferry {
	struct fp_setup *setup;
	struct fp_queue *queue;
	struct fp_window *window;
};

/* By the consumer: it is done with these. */
void fp_ferry_give(const struct fp_ferry *ferry,
	const struct fp_result **results, size_t n);

/* All that is finished goes to options.drain; or the consumer is called. */
void fp_ferry_flush(const struct fp_ferry *ferry);

/* The same; and if that makes room that a loop waits for, items are handed in.
 */
void fp_ferry_drain(const struct fp_ferry *ferry);

/* A loop has too little to do: has items handed in, here (true: perhaps; some
 * may be finished already), or by the submitter when there is room or when it
 * has read more. */
bool fp_ferry_feed(const struct fp_ferry *ferry);

#endif
