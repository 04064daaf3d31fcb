/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "timing.h"

/* How long a start may be kept unused: most connections are there by then. Less
 * where the rate's period is short, or little of it would be left for others.
 */
#define UNUSED_NS (500 * FP_NS_PER_MS)
#define UNUSED_MIN_NS (100 * FP_NS_PER_MS)

static int64_t
shortest_period_ns(const struct fp_setup *setup)
{
	const struct fp_rates *all[] = {&setup->rates, &setup->host_rates};
	int64_t shortest_ns = INT64_MAX;

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++) {
		for (size_t j = 0; j < all[i]->n; j++)
			shortest_ns =
				FP_MIN(shortest_ns, all[i]->all[j].period_ns);
	}
	return shortest_ns;
}

/* When this transfer's start goes back. */
static int64_t
unused_due_ns(const struct fp_transfer *transfer)
{
	int64_t usual_ns =
		FP_MIN(shortest_period_ns(transfer->setup) / 2, UNUSED_NS);

	usual_ns = FP_MAX(usual_ns, UNUSED_MIN_NS);
	return transfer->tried_ns +
	       FP_MAX(usual_ns, transfer->ticket->unused_ns);
}

static bool
holds_unused(const struct fp_transfer *transfer)
{
	return transfer->ticket && transfer->is_begun &&
	       transfer->ticket->is_reserved;
}

void
fp_timing_begun(struct fp_worker *worker, struct fp_transfer *transfer)
{
	if (FP_UNLIKELY(holds_unused(transfer)))
		worker->unused_due_ns =
			FP_MIN(worker->unused_due_ns, unused_due_ns(transfer));
}

void
fp_timing_return_unused(struct fp_worker *worker, int64_t *due)
{
	int64_t next_ns = INT64_MAX;

	if (FP_LIKELY(worker->unused_due_ns > worker->context.now_ns)) {
		*due = FP_MIN(*due, worker->unused_due_ns);
		return;
	}
	for (unsigned i = 0; i < worker->share.slots; i++) {
		struct fp_transfer *transfer = &worker->transfers[i];
		if (!holds_unused(transfer))
			continue;
		int64_t due_ns = unused_due_ns(transfer);
		if (due_ns > worker->context.now_ns) {
			next_ns = FP_MIN(next_ns, due_ns);
			continue;
		}
		fp_queue_give_back(worker->queue, transfer->ticket);
		transfer->ticket->unused_ns =
			worker->context.now_ns - transfer->tried_ns;
		worker->context.is_stirred = true;
	}
	worker->unused_due_ns = next_ns;
	*due = FP_MIN(*due, next_ns);
}
