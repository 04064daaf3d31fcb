/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "timing.h"

/* Who is done so late with what was to be done has not run. */
#define OVERWORKED_NS FP_NS_PER_S

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
	       FP_MAX(usual_ns, transfer->ticket->start.unused_ns);
}

static bool
holds_unused(const struct fp_transfer *transfer)
{
	return fp_phase_is_begun(transfer->phase) &&
	       transfer->ticket->start.state == FP_START_RESERVED;
}

void
fp_timing_return_unused(struct fp_lane *lane, int64_t *due)
{
	int64_t next_ns = INT64_MAX;

	if (FP_LIKELY(lane->unused_due_ns > *lane->context.now_ns)) {
		*due = FP_MIN(*due, lane->unused_due_ns);
		return;
	}
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (!holds_unused(transfer))
			continue;
		int64_t due_ns = unused_due_ns(transfer);
		if (due_ns > *lane->context.now_ns) {
			next_ns = FP_MIN(next_ns, due_ns);
			continue;
		}
		fp_queue_give_back(lane->queue, transfer->ticket);
		transfer->ticket->start.unused_ns =
			*lane->context.now_ns - transfer->tried_ns;
		lane->context.is_stirred = true;
	}
	lane->unused_due_ns = next_ns;
	*due = FP_MIN(*due, next_ns);
}

/* ---- attempts that take too long ---- */

/* When its time is over. That to connect is libcurl's to see to, unless it was
 * put off: then libcurl is not called for it. */
static int64_t
late_due_ns(const struct fp_transfer *transfer)
{
	const struct fp_options *options = &transfer->setup->options;
	int64_t late_ns = INT64_MAX;

	if (options->max_time_ms > 0)
		late_ns = transfer->begun_ns +
			  (int64_t)options->max_time_ms * FP_NS_PER_MS;
	if (transfer->skipped_ns > 0 && transfer->n_on_wire == 0)
		late_ns = FP_MIN(
			late_ns, transfer->tried_ns + transfer->skipped_ns +
					 (int64_t)options->connect_timeout_ms *
						 FP_NS_PER_MS);
	return late_ns;
}

static bool
has_limit(const struct fp_transfer *transfer)
{
	return fp_phase_is_begun(transfer->phase) &&
	       transfer->phase != FP_TRANSFER_PAUSED;
}

void
fp_timing_end_late(struct fp_lane *lane, int64_t *due)
{
	int64_t next_ns = INT64_MAX;

	if (FP_LIKELY(lane->late_due_ns > *lane->context.now_ns)) {
		*due = FP_MIN(*due, lane->late_due_ns);
		return;
	}
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (!has_limit(transfer))
			continue;
		int64_t due_ns = late_due_ns(transfer);
		if (due_ns > *lane->context.now_ns)
			next_ns = FP_MIN(next_ns, due_ns);
		else
			fp_lane_expire(lane, transfer);
	}
	lane->late_due_ns = next_ns;
	*due = FP_MIN(*due, next_ns);
}

void
fp_timing_begun(struct fp_lane *lane, struct fp_transfer *transfer)
{
	lane->late_due_ns = FP_MIN(lane->late_due_ns, late_due_ns(transfer));
	if (FP_UNLIKELY(holds_unused(transfer)))
		lane->unused_due_ns =
			FP_MIN(lane->unused_due_ns, unused_due_ns(transfer));
}

/* ---- time that does not count ---- */

/* When the lane's limits were last true. */
static int64_t
looked_ns(const struct fp_lane *lane, int64_t since_ns)
{
	return FP_MAX(since_ns, lane->skipped_ns);
}

bool
fp_timing_has_jumped(const struct fp_lane *lane)
{
	return *lane->context.now_ns - looked_ns(lane, *lane->awake_ns) >
	       OVERWORKED_NS;
}

static int64_t
later(int64_t then_ns, int64_t lost_ns, int64_t now_ns)
{
	return FP_MIN(then_ns + lost_ns, FP_MAX(then_ns, now_ns));
}

static void
put_off(struct fp_transfer *transfer, int64_t lost_ns, int64_t now_ns)
{
	const struct fp_setup *setup = transfer->setup;

	transfer->heard_ns = later(transfer->heard_ns, lost_ns, now_ns);
	transfer->begun_ns = later(transfer->begun_ns, lost_ns, now_ns);
	if (transfer->body.paused_ns > 0)
		transfer->body.paused_ns =
			later(transfer->body.paused_ns, lost_ns, now_ns);
	if (transfer->n_on_wire > 0 || setup->options.connect_timeout_ms == 0)
		return;
	transfer->skipped_ns += lost_ns;
	curl_easy_setopt(transfer->handle.easy, CURLOPT_CONNECTTIMEOUT_MS,
		fp_setup_connect_ms(
			setup, transfer->skipped_ns / FP_NS_PER_MS + 1));
}

void
fp_timing_skip(struct fp_lane *lane, int64_t since_ns, int64_t until_ns)
{
	int64_t lost_ns = until_ns - looked_ns(lane, since_ns);

	if (lost_ns <= 0)
		return;
	lane->skipped_ns = until_ns;
	*lane->context.now_ns = FP_MAX(*lane->context.now_ns, until_ns);
	lane->late_due_ns = 0; /* to be found anew */
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (fp_phase_is_begun(transfer->phase))
			put_off(transfer, lost_ns, until_ns);
	}
}
