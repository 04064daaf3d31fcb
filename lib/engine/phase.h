/* SPDX-License-Identifier: MIT */
/*
 * phase: what a transfer is doing, in one word, how many transfers of a lane do
 * the same, and which phase may follow which.
 *
 * Threads: that of the loop alone.
 * Ownership: nothing is owned.
 * Failure: cannot fail. A move that is not legal aborts, but with NDEBUG.
 */
#ifndef FP_PHASE_H
#define FP_PHASE_H

#include "base.h"

enum fp_transfer_phase {
	FP_TRANSFER_IDLE, /* no item */
	FP_TRANSFER_DELAYED, /* not begun: pauses, and then asks for a start */
	FP_TRANSFER_HELD, /* the same, until others have shaken hands */
	FP_TRANSFER_STRANGE, /* begun, and libcurl's; it has no address yet, and
			      * nobody knows its host's name */
	FP_TRANSFER_RESOLVING, /* the same, but that others do */
	FP_TRANSFER_CONNECTING, /* a socket was opened for it */
	FP_TRANSFER_REUSING, /* a kept connection was found, not taken yet */
	FP_TRANSFER_SENT, /* its request has passed the gate; the answer's head
			   */
	FP_TRANSFER_BODY, /* some of it came */
	FP_TRANSFER_PAUSED, /* it waits for memory */
	FP_TRANSFER_LEAVING, /* a redirect's, read for its connection's sake */
	FP_TRANSFER_ENOUGH, /* the same of a head that says all there is */
	FP_TRANSFER_REPEATED, /* the same, and the request is made once more */
	FP_TRANSFER_PHASES
};

/* How many transfers are in each. */
struct fp_phases {
	unsigned n[FP_TRANSFER_PHASES];
};

static inline unsigned
fp_phases_n_resolving(const struct fp_phases *phases)
{
	return phases->n[FP_TRANSFER_STRANGE] +
	       phases->n[FP_TRANSFER_RESOLVING];
}

/* Moves one of them on. */
void fp_phase_move(struct fp_phases *phases, enum fp_transfer_phase *phase,
	enum fp_transfer_phase to);

bool fp_phase_may_follow(
	enum fp_transfer_phase phase, enum fp_transfer_phase to);

/* Whether the transfer is libcurl's. */
static inline bool
fp_phase_is_begun(enum fp_transfer_phase phase)
{
	return phase >= FP_TRANSFER_STRANGE;
}

/* Whether it has no connection yet, and no socket for one. */
static inline bool
fp_phase_is_resolving(enum fp_transfer_phase phase)
{
	return phase == FP_TRANSFER_STRANGE || phase == FP_TRANSFER_RESOLVING;
}

/* Whether its request is on the wire: what comes is the answer. */
static inline bool
fp_phase_is_answered(enum fp_transfer_phase phase)
{
	return phase >= FP_TRANSFER_SENT;
}

/* Whether the rest of the response is of no use. */
static inline bool
fp_phase_is_leaving(enum fp_transfer_phase phase)
{
	return phase >= FP_TRANSFER_LEAVING;
}

static inline bool
fp_phase_has_body(enum fp_transfer_phase phase)
{
	return phase == FP_TRANSFER_BODY || phase == FP_TRANSFER_PAUSED;
}

#endif
