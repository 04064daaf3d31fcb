/* SPDX-License-Identifier: MIT */
/*
 * loop: one thread, with its poller and its clock, and the lanes that it drives
 * one after the other. It takes items from the queue when its lanes have room,
 * and puts them into the window when they are finished. There is one place
 * where it waits: for the network, for the next due time, or to be called.
 *
 * Threads: fp_loop_call(), fp_loop_n_active() by any; fp_loop_init() before the
 * thread starts and fp_loop_destroy() after it was joined, by the pool's owner;
 * the rest by the thread.
 * Ownership: the pool embeds loops; a loop owns its lanes.
 * Failure: fp_loop_init() and fp_loop_start() -1 with errno.
 */
#ifndef FP_LOOP_H
#define FP_LOOP_H

#include "base.h"

#include "ferry.h"
#include "freelist.h"
#include "lane.h"
#include "poller.h"
#include "thread.h"
#include "window.h"

#include <stdatomic.h>

/* What transfers are doing, as others may know it: a phase, ... */
enum fp_loop_shown {
	FP_LOOP_DELAYED = FP_PHASE_COUNT,
	FP_LOOP_FULL, /* or that */
	FP_LOOP_SHOWN
};

/* Whether one thread is enough for what there is to do. */
struct fp_loop_load {
	int64_t look_ns; /* when it is looked at again */
	struct fp_thread_usage since;
	unsigned n_items; /* that were done since then */
};

struct fp_loop {
	struct fp_thread thread;
	bool has_thread;
	struct fp_setup *setup;
	struct fp_queue *queue;
	struct fp_window *window;
	struct fp_ferry ferry;
	struct fp_waiter waiter;
	atomic_uintptr_t self; /* its thread, once that runs */
	atomic_bool is_called; /* to look at the queue and at *cancel */
	atomic_uint n_active_shown; /* what others may read */
	atomic_uint n_phase_shown[FP_LOOP_SHOWN]; /* with a trace: the same */

	/* From here on its thread's own. */
	struct fp_freelist freelist; /* of memory for libcurl */
	struct fp_poller poller; /* of all its lanes */
	CURLSH *sessions; /* of TLS, the same */
	struct fp_greetings greetings; /* the same */
	struct fp_shelves shelves; /* the same */
	struct fp_lane *lanes;
	unsigned n_lanes;
	int64_t now_ns; /* its clock: looked at once a round, and after what
			   may have taken long */
	int64_t awake_ns; /* the same, when it last began to do something */
	int64_t queue_due_ns; /* when the queue wants us back */
	struct fp_ticket_list ended; /* not handed over yet */
	unsigned n_finished; /* items, since it last saw to it that they come
				out */
	int64_t finished_ns; /* since when the first of them waits */
	unsigned n_resolving_seen; /* after it was last filled */
	bool has_more; /* to do, at once */
	bool is_over; /* nothing will come from the queue any more */
	bool asks_again; /* the queue, which had too little the last time */
	struct fp_loop_load load;
	struct fp_loop *heir; /* of its last lane; NULL: nobody */

	/* Called when this thread is not enough; false: no other is to be had.
	 * NULL: nobody is. Set before it starts. */
	bool (*grow)(void *arg);
	void *grow_arg;
};

/* What it needs of others. */
struct fp_loop_place {
	struct fp_setup *setup;
	struct fp_queue *queue;
	struct fp_window *window;
	atomic_int *cancel; /* the pool's enum fp_cancel, or 0 */
};

/* The part of all lanes that one has. */
struct fp_loop_lanes {
	unsigned first, n;
	unsigned first_slot; /* what the first of its slots is called */
	bool are_heirs; /* they have no slots yet */
};

int fp_loop_init(struct fp_loop *loop, const struct fp_loop_place *place,
	const struct fp_shares *shares, const struct fp_loop_lanes *lanes);

/* Slots of all its lanes. */
unsigned fp_loop_n_slots(const struct fp_loop *loop);

int fp_loop_start(struct fp_loop *loop);

/* Waits for its end, if it was started. */
void fp_loop_join(struct fp_loop *loop);

/* By a loop's thread: the heir, which has one lane, and has started, gets the
 * slots of its last lane, and that goes when it has none left. */
void fp_loop_bequeath(struct fp_loop *loop, struct fp_loop *heir);

/* Also of one that was zeroed, or that fp_loop_init() failed to make. */
void fp_loop_destroy(struct fp_loop *loop);

/* Has it look at the queue and at *cancel. */
void fp_loop_call(struct fp_loop *loop);

unsigned fp_loop_n_active(struct fp_loop *loop);

/* Adds what its transfers are doing. */
void fp_loop_look(struct fp_loop *loop, struct fp_look *look);

#endif
