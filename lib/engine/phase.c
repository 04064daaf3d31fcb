/* SPDX-License-Identifier: MIT */
/*
 * THE PHASES OF A TRANSFER
 *
 *	 idle --> delayed --> idle		(and it asks for a start)
 *	  | |
 *	  | '---> held ---.
 *	  v               v
 *	 strange or resolving <-----------------------------.
 *	  |     |                                           |
 *	  |     '--> connecting --.                         | again: on a new
 *	  |           ^    |      |                         | connection, or
 *	  |  (resent) |    v      |                         | the next hop
 *	  '--> reusing --> sent --+--> body <--> paused     |
 *	                   |      |                         |
 *	                   |      +--> leaving -------------+
 *	                   |      +--> enough --------------'
 *	                   |      '--> repeated --> idle
 *	                   '--> sent (resent)
 *
 * From every phase back to idle: it is over, or its ticket goes back to the
 * schedule. From every one that is libcurl's to resolving: it begins anew. What
 * has got an address is strange no more.
 * That libcurl sends again by itself, on another connection, is sent to sent,
 * or by way of connecting: in HTTP/2 a stream may be refused when its answer
 * has begun.
 */
#include "base.h"

#include "phase.h"

#define TO(phase) (1U << FP_TRANSFER_##phase)

/* Those that may be next, from each phase. */
static const unsigned phases_after[FP_TRANSFER_PHASES] = {
	[FP_TRANSFER_IDLE] =
		TO(DELAYED) | TO(HELD) | TO(STRANGE) | TO(RESOLVING),
	[FP_TRANSFER_DELAYED] = TO(IDLE),
	[FP_TRANSFER_HELD] = TO(IDLE) | TO(STRANGE) | TO(RESOLVING),
	[FP_TRANSFER_STRANGE] =
		TO(IDLE) | TO(STRANGE) | TO(CONNECTING) | TO(REUSING),
	[FP_TRANSFER_RESOLVING] =
		TO(IDLE) | TO(RESOLVING) | TO(CONNECTING) | TO(REUSING),
	[FP_TRANSFER_CONNECTING] = TO(IDLE) | TO(RESOLVING) | TO(CONNECTING) |
				   TO(SENT) | TO(LEAVING),
	[FP_TRANSFER_REUSING] =
		TO(IDLE) | TO(RESOLVING) | TO(CONNECTING) | TO(SENT),
	[FP_TRANSFER_SENT] = TO(IDLE) | TO(RESOLVING) | TO(CONNECTING) |
			     TO(SENT) | TO(BODY) | TO(LEAVING) | TO(ENOUGH) |
			     TO(REPEATED),
	[FP_TRANSFER_BODY] =
		TO(IDLE) | TO(RESOLVING) | TO(CONNECTING) | TO(PAUSED),
	[FP_TRANSFER_PAUSED] =
		TO(IDLE) | TO(RESOLVING) | TO(CONNECTING) | TO(BODY),
	[FP_TRANSFER_LEAVING] = TO(IDLE) | TO(RESOLVING) | TO(CONNECTING),
	[FP_TRANSFER_ENOUGH] = TO(IDLE) | TO(RESOLVING) | TO(CONNECTING),
	[FP_TRANSFER_REPEATED] = TO(IDLE) | TO(RESOLVING) | TO(CONNECTING),
};

bool
fp_phase_may_follow(enum fp_transfer_phase phase, enum fp_transfer_phase to)
{
	return phases_after[phase] & (1U << to);
}

void
fp_phase_move(struct fp_phases *phases, enum fp_transfer_phase *phase,
	enum fp_transfer_phase to)
{
	FP_DEBUG_ASSERT(fp_phase_may_follow(*phase, to));
	phases->n[*phase]--;
	phases->n[to]++;
	*phase = to;
}
