/* SPDX-License-Identifier: MIT */
/*
 * lane: one curl multi handle and its slots, at most 64: each is idle, or a
 * transfer with an item in it. libcurl is told of the sockets that are ready
 * and of the time when that has come, and asked at once for what has ended.
 *
 * A lane has no thread, waits for nothing and is not woken: its loop gives it
 * items, lets it run, and takes from it what has ended.
 *
 * Threads: that of its loop, but for `left`; fp_lane_init() before it
 * starts and fp_lane_destroy() after it was joined, by the pool's owner.
 * Ownership: the loop embeds lanes; a lane owns its transfers and, while they
 * are under way, their tickets. What has ended is in lane->ended.
 * Failure: fp_lane_init() -1 with errno. When libcurl fails, so do all of its
 * transfers. The rest is an item's, in its ticket.
 */
#ifndef FP_LANE_H
#define FP_LANE_H

#include "base.h"

#include "queue.h"
#include "share.h"
#include "transfer.h"

#include <stdatomic.h>

/* How many items one may begin, and how many names look up for them. */
struct fp_room {
	unsigned items;
	unsigned n_strangers; /* of them, with names that nobody has resolved */
	bool hurries; /* for none but the item that all others wait for */
};

struct fp_lane {
	struct fp_setup *setup;
	struct fp_queue *queue;
	struct fp_share share;
	atomic_int *cancel; /* the pool's enum fp_cancel, or 0 */
	CURLM *multi;
	struct fp_context context;
	struct fp_transfer *transfers; /* share.slots of them */
	struct fp_transfer *idle; /* the last used is used next */
	unsigned n_slots; /* that it may use; all, but where one is an heir */
	struct fp_lane *heir; /* has the slots that get idle; NULL: nobody */
	bool has_left; /* a slot to the heir, which was not called yet */
	atomic_uint_fast64_t left; /* by another: a bit for each of its slots */
	struct fp_ticket_list *ended; /* the loop's: not handed over yet */

	struct fp_room room; /* when its loop last looked */
	int64_t due_ns; /* when it has to run again; INT64_MAX: never */
	int64_t next_check_ns; /* when stalled ones are looked for again */
	int64_t next_hollow_ns; /* and those that receive much, and no body */
	int64_t looked_ns; /* when all that connect were last looked at */
	int64_t look_ns; /* and when they are to be the next time */
	int64_t next_thread_ns; /* when one for look-ups is in doubt again */
	int64_t timer_ns; /* when libcurl wants to be called */
	int64_t late_due_ns; /* when a transfer has taken too long */
	int64_t unused_due_ns; /* when starts that are not used go back */
	const int64_t *awake_ns; /* when its loop last began to do something */
	int64_t skipped_ns; /* up to then, what was lost was put off */
};

/* What it needs of others. */
struct fp_lane_place {
	struct fp_setup *setup;
	struct fp_queue *queue;
	atomic_int *cancel;
	struct fp_poller *poller; /* its loop's, like all that follows */
	CURLSH *sessions;
	struct fp_greetings *greetings;
	struct fp_shelves *shelves;
	struct fp_ticket_list *ended;
	int64_t *now_ns;
	const int64_t *awake_ns;
	unsigned number; /* in it */
	bool is_heir; /* it has no slots until it is given those of another */
};

int fp_lane_init(struct fp_lane *lane, const struct fp_lane_place *place,
	struct fp_share share);

/* Frees what it holds, tickets of transfers that never ended included. */
void fp_lane_destroy(struct fp_lane *lane);

/* From now on the slots that are idle, and those that get idle, are another
 * lane's, of as many and with the same numbers, which has none yet; until there
 * are none left (n_slots), and it is to be destroyed. */
void fp_lane_bequeath(struct fp_lane *lane, struct fp_lane *heir);

struct fp_room fp_lane_room(const struct fp_lane *lane);

/* Transfers that have an item. */
unsigned fp_lane_n_active(const struct fp_lane *lane);

/* Whether so many look-ups go on that nobody waits for that no new name may be
 * added to them. */
bool fp_lane_is_crowded(const struct fp_lane *lane);

/* Gives an item an idle slot, and begins it, or lets it pause there first. */
void fp_lane_begin(struct fp_lane *lane, struct fp_ticket *ticket);

/* One of its sockets is ready, as the poller has told. */
void fp_lane_act(struct fp_lane *lane, int fd, unsigned ready);

/* Does all that can be done without waiting: lets libcurl move what is to be
 * moved at this time, counts the requests that went out, also in fp_lane_act(),
 * ends the stalled, begins the delayed, obeys a cancel. due_ns says when again.
 */
void fp_lane_run(struct fp_lane *lane);

/* Whether there is something to move without waiting. */
bool fp_lane_is_due(const struct fp_lane *lane);

/* ---- between lane.c and timing.c ---- */

/* Takes a transfer away from libcurl, for its time is over. */
void fp_lane_expire(struct fp_lane *lane, struct fp_transfer *transfer);

#endif
