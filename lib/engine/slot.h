/* SPDX-License-Identifier: MIT */
/*
 * slot: a worker's places for transfers, each idle or with an item in it.
 *
 * Threads: that of the worker's crew alone.
 * Ownership: a slot has the ticket of its item until it is ended; then it is
 * in worker->ended.
 * Failure: an item's, in its ticket.
 */
#ifndef FP_SLOT_H
#define FP_SLOT_H

#include "base.h"

#include "worker.h"

/* Gives an item an idle slot, and begins it, or lets it pause there first. */
void fp_slot_occupy(struct fp_worker *worker, struct fp_ticket *ticket);

/* Whether it is to wait for the handshakes of others, until due_ns. */
bool fp_slot_is_held(struct fp_transfer *transfer);

/* Others need not wait for its handshake any more. */
void fp_slot_greeted(struct fp_transfer *transfer);

/* Begins it, or ends its item at once. */
void fp_slot_begin(struct fp_worker *worker, struct fp_transfer *transfer);

/* Gives a transfer that is ready to libcurl. */
void fp_slot_add(struct fp_worker *worker, struct fp_transfer *transfer);

/* Takes a transfer away from libcurl in the middle, for a reason of ours; its
 * connection is closed. */
void fp_slot_abandon(struct fp_worker *worker, struct fp_transfer *transfer,
	enum fp_stop why);

/* The same, for its time is over. */
void fp_slot_expire(struct fp_worker *worker, struct fp_transfer *transfer);

/* libcurl is done with the transfer, with this result: gives it to libcurl once
 * more, or ends the item's stay in the slot. */
void fp_slot_go_on(
	struct fp_worker *worker, struct fp_transfer *transfer, CURLcode code);

/* Follows a redirect without the rest of its body; the connection is closed. */
void fp_slot_leave(struct fp_worker *worker, struct fp_transfer *transfer);

/* The transfer has let go of its ticket: the slot is idle. */
void fp_slot_end(struct fp_worker *worker, struct fp_transfer *transfer,
	struct fp_ticket *ticket);

/* Ends an item whose transfer has not begun: for good, or so that it goes on
 * in another slot. */
void fp_slot_end_unbegun(struct fp_worker *worker, struct fp_transfer *transfer,
	enum fp_again_how again);

#endif
