/* SPDX-License-Identifier: MIT */
/*
 * Two loops with half of the transfers each sleep and wake for half as many
 * answers at a time, and a thread that is woken costs more than an ordinary
 * answer. So with few jobs the first loop has all lanes, however many
 * processors there are. It measures itself: when it has no time to sleep, and
 * each item is so much work that to share it pays, it asks for help. Then
 * another loop is made, with a lane that is the heir of the first loop's last:
 * slot by slot, as they get idle, that one's slots become the heir's, so that
 * at no time there are more than all of them. When the last is gone the lane
 * goes, too, and the first loop may ask again.
 *
 * With many jobs all loops are there from the start: what they cost is little
 * beside what so many transfers do.
 */
#include "base.h"

#include "crew.h"

/* Makes the next loop. It is there for others to call before it starts: one
 * that they missed could miss a cancel. */
static struct fp_loop *
make_loop(struct fp_crew *crew, const struct fp_loop_lanes *lanes)
{
	unsigned n = atomic_load(&crew->n_loops);
	struct fp_loop *loop = &crew->loops[n];

	if (fp_loop_init(loop, &crew->place, &crew->shares, lanes))
		return NULL;
	atomic_store(&crew->n_loops, n + 1);
	return loop;
}

/* By the first loop's thread: it could do with another one. false: there will
 * be none. */
static bool
crew_grow(void *arg)
{
	struct fp_crew *crew = arg;
	struct fp_loop *first = &crew->loops[0];

	if (atomic_load(&crew->n_loops) == crew->shares.n_loops)
		return false;
	const struct fp_loop_lanes lanes = {
		.first = first->n_lanes - 1,
		.n = 1,
		.first_slot = first->lanes[first->n_lanes - 1].share.first_slot,
		.are_heirs = true,
	};
	struct fp_loop *added = make_loop(crew, &lanes);
	if (!added || fp_loop_start(added))
		return false;
	fp_loop_bequeath(first, added);
	return true;
}

int
fp_crew_init(
	struct fp_crew *crew, const struct fp_loop_place *place, unsigned jobs)
{
	unsigned first = 0, first_slot = 0;

	crew->place = *place;
	crew->shares = fp_share_all(jobs);
	crew->loops = calloc(crew->shares.n_loops, sizeof(crew->loops[0]));
	if (!crew->loops)
		return -1;
	unsigned n_first = crew->shares.n_first;
	for (unsigned i = 0; i < n_first; i++) {
		struct fp_loop_lanes lanes = {
			.first = first,
			.n = fp_share_part(crew->shares.n_lanes, n_first, i),
			.first_slot = first_slot,
		};
		struct fp_loop *loop = make_loop(crew, &lanes);
		if (!loop)
			return -1;
		first += lanes.n;
		first_slot += fp_loop_n_slots(loop);
	}
	if (n_first < crew->shares.n_loops) {
		crew->loops[0].grow = crew_grow;
		crew->loops[0].grow_arg = crew;
	}
	return 0;
}

int
fp_crew_start(struct fp_crew *crew)
{
	for (unsigned i = 0; i < crew->shares.n_first; i++) {
		if (fp_loop_start(&crew->loops[i]))
			return -1;
	}
	return 0;
}

/* The first one may add others until it has ended. */
void
fp_crew_join(struct fp_crew *crew)
{
	for (unsigned i = 0; i < atomic_load(&crew->n_loops); i++)
		fp_loop_join(&crew->loops[i]);
}

void
fp_crew_destroy(struct fp_crew *crew)
{
	for (unsigned i = 0; i < atomic_load(&crew->n_loops); i++)
		fp_loop_destroy(&crew->loops[i]);
	free(crew->loops);
	crew->loops = NULL;
}

void
fp_crew_call(struct fp_crew *crew)
{
	for (unsigned i = 0; i < atomic_load(&crew->n_loops); i++)
		fp_loop_call(&crew->loops[i]);
}

unsigned
fp_crew_n_active(struct fp_crew *crew)
{
	unsigned n = 0;

	for (unsigned i = 0; i < atomic_load(&crew->n_loops); i++)
		n += fp_loop_n_active(&crew->loops[i]);
	return n;
}

void
fp_crew_look(struct fp_crew *crew, struct fp_look *look)
{
	for (unsigned i = 0; i < atomic_load(&crew->n_loops); i++)
		fp_loop_look(&crew->loops[i], look);
}
