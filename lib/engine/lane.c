/* SPDX-License-Identifier: MIT */
/*
 * curl_multi_perform() looks at every transfer, with a poll() each: with 64
 * that wait for an answer that is more work than the answers. So libcurl is
 * driven by events: it says what it wants of which socket, and when it wants
 * to be called in any case.
 *
 * What an event has ended is taken from libcurl before the next one is looked
 * at: then what the body was judged with is free for the next one, and still in
 * the cache.
 *
 * libcurl is given no limit of time but that of connecting: it looks at the
 * clock in the middle of what it does, and would end whatever was under way
 * when the process is stopped there. All limits are in timing.h.
 *
 * Nothing is ever queued inside libcurl: a handle is added only when it can
 * start, since libcurl's timeouts count from then on. A request is counted
 * after it went out and not when libcurl asks to send it, so that no pause of
 * this thread can make it look earlier than it was.
 *
 * Names are looked up by a thread each in older libcurl, and each transfer
 * asks for itself until the multi handle's cache has the first answer. So only
 * a few transfers at a time may be without an address. Names that nobody has
 * resolved yet get a part of these places and of the slots only, so that those
 * that never are leave some to the others.
 */
#include "base.h"

#include "lane.h"

#include "clock.h"
#include "freelist.h"
#include "glance.h"
#include "nudge.h"
#include "random.h"
#include "span.h"
#include "timing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Of the names that may be looked up at once, those that are new. */
#define STRANGE_PART(names) FP_MAX(3 * (names) / 4, 1)

/* How soon what waits for memory is looked at again. */
#define LOOK_AGAIN_NS (10 * FP_NS_PER_MS)

/* How long a look-up may go on that nobody waits for. */
#define LOOKUP_NS (60 * FP_NS_PER_S)

/* How long a look-up may take before a thread for it is in doubt. */
#define THREADLESS_NS (200 * FP_NS_PER_MS)

/* What carries a body, chunks and records of TLS, is at most so many times as
 * long; and a head, or what was sent and not read yet, at most so long. */
#define HOLLOW_RATIO 128
#define HOLLOW_BYTES ((uint64_t)32 << 20)
#define HOLLOW_LOOK_NS (FP_NS_PER_S / 2)

/* ---- the multi handle ---- */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket)
{
	struct fp_lane *lane = arg;
	unsigned wanted = 0;

	(void)easy;
	(void)socket;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		wanted |= FP_POLLER_IN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		wanted |= FP_POLLER_OUT;
	return fp_poller_want(
		lane->context.poller, fd, wanted, lane->context.number);
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct fp_lane *lane = arg;

	(void)multi;
	lane->timer_ns = timeout_ms < 0 ? INT64_MAX
					: *lane->context.now_ns +
						  timeout_ms * FP_NS_PER_MS;
	return 0;
}

/* libcurl 8.20.0 and later look names up in threads that a multi handle keeps,
 * and waits for at its end. Here look-ups that nobody waits for are no reason
 * to wait, and the threads are bounded for the whole process. A libcurl that
 * the program was not built with may have these options, or not have them:
 * their numbers are what counts. */
static bool
free_lookups(CURLM *multi, const struct fp_lane *lane)
{
	static const CURLMoption threads_max = (CURLMoption)20;
	static const CURLMoption quick_exit = (CURLMoption)21;
	const struct fp_share *share = &lane->share;
	long threads = (long)((share->threads_max + share->resolving_max) *
			      lane->setup->lookup_threads);
	CURLMcode code = curl_multi_setopt(multi, threads_max, threads);

	if (code == CURLM_UNKNOWN_OPTION)
		return true;
	return code == CURLM_OK &&
	       curl_multi_setopt(multi, quick_exit, 1L) == CURLM_OK;
}

static int
make_multi(struct fp_lane *lane)
{
	CURLM *multi = curl_multi_init();
	long most = (long)lane->share.connections;
	long sharing = lane->setup->cannot_multiplex ? CURLPIPE_NOTHING
						     : CURLPIPE_MULTIPLEX;
	bool ok = multi != NULL;

#define SET(option, value) \
	(ok = ok && curl_multi_setopt(multi, option, value) == CURLM_OK)
	SET(CURLMOPT_MAXCONNECTS, most);
	SET(CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
	SET(CURLMOPT_PIPELINING, sharing);
	SET(CURLMOPT_SOCKETFUNCTION, on_socket);
	SET(CURLMOPT_SOCKETDATA, lane);
	SET(CURLMOPT_TIMERFUNCTION, on_timer);
	SET(CURLMOPT_TIMERDATA, lane);
#undef SET
	ok = ok && free_lookups(multi, lane);
	if (!ok) {
		curl_multi_cleanup(multi);
		multi = NULL;
	}
	lane->multi = multi;
	lane->timer_ns = lane->look_ns = INT64_MAX;
	return multi ? 0 : -1;
}

/* ---- the whole ---- */

static void
add_slot(struct fp_lane *lane, struct fp_transfer *transfer)
{
	transfer->next = lane->idle;
	lane->idle = transfer;
	lane->n_slots++;
}

int
fp_lane_init(struct fp_lane *lane, const struct fp_lane_place *place,
	struct fp_share share)
{
	struct fp_setup *setup = place->setup;

	FP_ASSERT(share.slots > 0 && share.slots <= FP_LANE_SLOTS_MAX);
	FP_ASSERT(share.connections >= share.slots && share.resolving_max > 0);
	lane->setup = setup;
	lane->queue = place->queue;
	lane->cancel = place->cancel;
	lane->ended = place->ended;
	lane->awake_ns = place->awake_ns;
	lane->context.now_ns = place->now_ns;
	lane->context.setup = setup;
	lane->context.queue = place->queue;
	lane->context.poller = place->poller;
	lane->context.sessions = place->sessions;
	lane->context.greetings = place->greetings;
	lane->context.shelves = place->shelves;
	lane->context.number = place->number;
	if (setup->options.keep_order) {
		share.slots++; /* see fp_lane_room() */
		share.connections++;
	}
	lane->share = share;
	lane->unused_due_ns = lane->late_due_ns = INT64_MAX;
	lane->context.phases.n[FP_TRANSFER_IDLE] = share.slots;
	lane->transfers = calloc(share.slots, sizeof(lane->transfers[0]));
	if (!lane->transfers || make_multi(lane) ||
		fp_sockets_init(
			&lane->context.sockets, 2 * share.connections)) {
		fp_lane_destroy(lane);
		errno = ENOMEM;
		return -1;
	}
	for (unsigned i = share.slots; i-- > 0;) {
		struct fp_transfer *transfer = &lane->transfers[i];
		fp_transfer_init(transfer, &lane->context);
		transfer->slot = share.first_slot + i;
		if (!place->is_heir)
			add_slot(lane, transfer);
	}
	return 0;
}

void
fp_lane_destroy(struct fp_lane *lane)
{
	for (unsigned i = 0; lane->transfers && i < lane->share.slots; i++)
		fp_transfer_destroy(&lane->transfers[i]);
	/* Connections that end now may still have something to say to them. */
	curl_multi_cleanup(lane->multi);
	lane->multi = NULL;
	free(lane->transfers);
	lane->transfers = NULL;
	fp_sockets_destroy(&lane->context.sockets);
}

unsigned
fp_lane_n_active(const struct fp_lane *lane)
{
	return lane->share.slots - lane->context.phases.n[FP_TRANSFER_IDLE];
}

/* ---- slots ---- */

/* Whether it is to wait for the handshakes of others, until due_ns. */
static bool
lane_holds(struct fp_transfer *transfer)
{
	struct fp_context *context = transfer->context;
	const struct fp_origin *origin = transfer->ticket->origin;
	bool is_first;

	if (!fp_url_is_https(origin->name) || transfer->setup->resumes_nothing)
		return false;
	transfer->due_ns = fp_greet_ask(
		context->greetings, origin->hash, *context->now_ns, &is_first);
	transfer->greets = is_first ? origin->hash : 0;
	context->n_greeting += transfer->greets != 0;
	return transfer->due_ns > 0;
}

/* Others need not wait for its handshake any more. */
static void
lane_greeted(struct fp_transfer *transfer)
{
	if (FP_LIKELY(transfer->greets == 0))
		return;
	transfer->context->n_greeting--;
	fp_greet_end(transfer->context->greetings, transfer->greets);
	transfer->greets = 0;
}

/* All its idle slots are the heir's, and hold no memory here any more. */
static void
leave_slots(struct fp_lane *lane)
{
	uint64_t left = 0;

	while (lane->idle) {
		struct fp_transfer *transfer = lane->idle;
		lane->idle = transfer->next;
		left |= UINT64_C(1) << (transfer - lane->transfers);
		fp_transfer_destroy(transfer);
		fp_transfer_init(transfer, &lane->context);
		lane->n_slots--;
	}
	/* Another thread has memory of its own from the C library. */
	fp_freelist_trim();
	atomic_fetch_or(&lane->heir->left, left);
	lane->has_left = true;
}

void
fp_lane_bequeath(struct fp_lane *lane, struct fp_lane *heir)
{
	FP_ASSERT(heir->share.slots == lane->share.slots &&
		  lane->share.slots <= 64);
	lane->heir = heir;
	leave_slots(lane);
}

static void
take_left_slots(struct fp_lane *lane)
{
	uint64_t left = atomic_exchange(&lane->left, 0);

	for (unsigned i = 0; left && i < lane->share.slots; i++) {
		if (left >> i & 1)
			add_slot(lane, &lane->transfers[i]);
	}
}

/* The transfer has let go of its ticket: the slot is idle. */
static void
lane_end(struct fp_lane *lane, struct fp_transfer *transfer,
	struct fp_ticket *ticket)
{
	lane_greeted(transfer);
	fp_ticket_append(lane->ended, ticket);
	transfer->next = lane->idle;
	lane->idle = transfer;
	if (FP_UNLIKELY(lane->heir))
		leave_slots(lane);
}

/* Something happens to a transfer, that libcurl does not have, and what is to
 * be done then is done. */
static void
lane_step(struct fp_lane *lane, struct fp_transfer *transfer,
	struct fp_event event)
{
	enum fp_onward onward = fp_transfer_step(transfer, &event);

	if (onward == FP_ONWARD_ADD) {
		if (event.what == FP_EVENT_BEGIN)
			fp_timing_begun(lane, transfer);
		if (curl_multi_add_handle(lane->multi, transfer->handle.easy) ==
			CURLM_OK)
			return;
		event.what = FP_EVENT_BREAK;
		onward = fp_transfer_step(transfer, &event);
	}
	if (onward == FP_ONWARD_OUT)
		lane_end(lane, transfer, event.ticket);
}

/* The same to one that is taken away from libcurl for it. If that was not done
 * with it, its connection is closed. */
static void
take_away(struct fp_lane *lane, struct fp_transfer *transfer,
	struct fp_event event)
{
	curl_multi_remove_handle(lane->multi, transfer->handle.easy);
	if (FP_UNLIKELY(lane->setup->options.trace))
		fp_span_request(transfer);
	lane_step(lane, transfer, event);
}

static void
lane_stop(struct fp_lane *lane, struct fp_transfer *transfer, enum fp_stop why)
{
	take_away(lane, transfer,
		(struct fp_event){.what = FP_EVENT_STOP, .stop = why});
}

void
fp_lane_expire(struct fp_lane *lane, struct fp_transfer *transfer)
{
	take_away(lane, transfer, (struct fp_event){.what = FP_EVENT_LATE});
}

/* ---- items in ---- */

bool
fp_lane_is_crowded(const struct fp_lane *lane)
{
	const struct fp_context *context = &lane->context;

	return FP_UNLIKELY(context->left_ns > 0) &&
	       *context->now_ns - context->left_ns < LOOKUP_NS &&
	       fp_share_threads_running() >=
		       lane->share.threads_max * lane->setup->lookup_threads;
}

/* How many names this lane may look up now. */
static unsigned
room_for_names(const struct fp_lane *lane)
{
	unsigned most = lane->share.resolving_max;

	return most -
	       FP_MIN(most, fp_phases_n_resolving(&lane->context.phases));
}

/* While transfers wait for memory, an item may start only if it is the one that
 * they wait for, and only in order there is one: that has a slot of its own,
 * since they may have all others. */
struct fp_room
fp_lane_room(const struct fp_lane *lane)
{
	const struct fp_context *context = &lane->context;
	unsigned slots = lane->n_slots;
	unsigned most = lane->share.resolving_max;
	unsigned strange = STRANGE_PART(FP_MIN(most, slots));
	struct fp_room room = {.items = 0};

	if (slots == 0 || lane->heir)
		return room;
	if (lane->setup->options.keep_order) {
		room.hurries = context->phases.n[FP_TRANSFER_PAUSED] > 0;
		slots -= !room.hurries;
	}
	room.items = FP_MIN(slots - FP_MIN(slots, fp_lane_n_active(lane)),
		room_for_names(lane));
	if (!fp_lane_is_crowded(lane))
		room.n_strangers =
			strange -
			FP_MIN(strange, context->phases.n[FP_TRANSFER_STRANGE]);
	return room;
}

static int64_t
draw_delay_ns(const struct fp_lane *lane, const struct fp_ticket *ticket)
{
	const struct fp_options *options = &lane->setup->options;
	uint64_t low = options->delay_min_ms * (uint64_t)FP_NS_PER_MS;
	uint64_t high = options->delay_max_ms * (uint64_t)FP_NS_PER_MS;
	uint64_t random = fp_random_for(options->seed, ticket->result.seq, 0);

	return (int64_t)(low + fp_random_evenly(&random, high - low));
}

/* Gives an item its slot. With --delay it has the slot, but waits in it, and
 * then asks whether it may start. And it may have to wait there for a first
 * handshake. */
void
fp_lane_begin(struct fp_lane *lane, struct fp_ticket *ticket)
{
	struct fp_transfer *transfer = lane->idle;
	struct fp_event event = {.what = FP_EVENT_BEGIN};

	lane->idle = transfer->next;
	lane->due_ns = *lane->context.now_ns;
	transfer->ticket = ticket;
	ticket->next = NULL;
	if (FP_UNLIKELY(lane->setup->options.trace))
		fp_span_occupied(transfer);
	if (ticket->started_ns == 0) {
		ticket->started_ns = *lane->context.now_ns;
		ticket->result.started_wall_ns = fp_clock_wall_ns();
	}
	if (lane->setup->options.delay_max_ms > 0 && !ticket->is_rested) {
		transfer->due_ns =
			*lane->context.now_ns + draw_delay_ns(lane, ticket);
		event.what = FP_EVENT_DELAY;
	} else if (lane_holds(transfer)) {
		event.what = FP_EVENT_HOLD;
	}
	lane_step(lane, transfer, event);
}

/* ---- libcurl, by events ---- */

/* Counts the requests that went out since the last time. */
static void
lane_fire(struct fp_lane *lane)
{
	struct fp_ticket *fired = NULL;

	if (!lane->context.has_fired)
		return;
	lane->context.has_fired = false;
	lane->context.is_stirred = true;
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_ticket *ticket = lane->transfers[i].ticket;
		if (!ticket || ticket->start.state != FP_START_FIRED)
			continue;
		ticket->next = fired;
		fired = ticket;
	}
	fp_queue_fire(lane->queue, fired, *lane->context.now_ns);
}

/* Ends everything and begins anew: libcurl's state is not to be trusted any
 * more. (When 7.88.1 finds no memory to note a socket, the next use of that
 * would be a division by zero.) Without another handle all items fail. */
static void
give_up_multi(struct fp_lane *lane)
{
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (!fp_phase_is_begun(transfer->phase))
			continue;
		take_away(lane, transfer,
			(struct fp_event){.what = FP_EVENT_BREAK});
	}
	curl_multi_cleanup(lane->multi);
	make_multi(lane);
}

static void
end_done(struct fp_lane *lane, const CURLMsg *message)
{
	CURL *easy = message->easy_handle;
	CURLcode code = message->data.result;
	char *transfer = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	struct fp_transfer *done = (struct fp_transfer *)(void *)transfer;
	/* The process was stopped while libcurl looked at the clock. */
	if (code == CURLE_OPERATION_TIMEDOUT && done->n_on_wire == 0 &&
		fp_timing_has_jumped(lane))
		done->stop = FP_STOP_HELD;
	take_away(lane, done,
		(struct fp_event){.what = FP_EVENT_DONE, .code = code});
}

/* Ends the transfers that libcurl is done with. Their requests are counted
 * first, as long as they are known. */
static void
reap(struct fp_lane *lane)
{
	CURLMsg *message;
	bool is_first = true;
	int left;

	while ((message = curl_multi_info_read(lane->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		if (is_first) {
			*lane->context.now_ns = fp_clock_now_ns();
			lane_fire(lane);
		}
		is_first = false;
		end_done(lane, message);
	}
	fp_freelist_forget_refusals();
}

static void
act(struct fp_lane *lane, curl_socket_t fd, int ready)
{
	int64_t since_ns = *lane->context.now_ns;
	int running;

	lane->context.flood.now_ns = since_ns;
	fp_glance_begin();
	CURLMcode code =
		curl_multi_socket_action(lane->multi, fd, ready, &running);
	fp_glance_end();
	if (code != CURLM_OK)
		give_up_multi(lane);
	reap(lane);
	if (FP_UNLIKELY(lane->context.phases.n[FP_TRANSFER_CONNECTING] > 0 ||
			lane->setup->forgets_read))
		fp_nudge(lane, fd, since_ns);
}

void
fp_lane_act(struct fp_lane *lane, int fd, unsigned ready)
{
	int bits = (ready & FP_POLLER_IN ? CURL_CSELECT_IN : 0) |
		   (ready & FP_POLLER_OUT ? CURL_CSELECT_OUT : 0);

	act(lane, fd, bits);
	lane->due_ns = *lane->context.now_ns;
}

bool
fp_lane_is_due(const struct fp_lane *lane)
{
	return FP_MIN(lane->timer_ns, lane->look_ns) <= *lane->context.now_ns;
}

/* What has come to pass by itself. */
static void
drive(struct fp_lane *lane)
{
	if (fp_lane_is_due(lane)) {
		lane->timer_ns = lane->look_ns = INT64_MAX;
		act(lane, CURL_SOCKET_TIMEOUT, 0);
		*lane->context.now_ns = fp_clock_now_ns();
	}
	lane_fire(lane);
}

/* ---- what is due ---- */

/* One that waits for the handshakes of others begins when it may, as far as
 * names may be looked up. */
static void
begin_held(struct fp_lane *lane, struct fp_transfer *transfer, int64_t *due)
{
	if (room_for_names(lane) == 0)
		return;
	if (lane_holds(transfer)) {
		*due = FP_MIN(*due, transfer->due_ns);
		return;
	}
	lane_step(lane, transfer, (struct fp_event){.what = FP_EVENT_BEGIN});
}

/* By TLS 1.3 a session is there some time after the handshake. */
static void
look_at_greeters(struct fp_lane *lane)
{
	if (FP_LIKELY(lane->context.n_greeting == 0))
		return;
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (transfer->greets != 0 && transfer->n_on_wire > 0 &&
			fp_tlsask_is_settled(
				&lane->setup->tlsask, transfer->handle.easy))
			lane_greeted(transfer);
	}
}

/* Lets those ask for a start that have waited long enough; lets *due be the
 * next such moment. */
static void
begin_delayed(struct fp_lane *lane, int64_t *due)
{
	const unsigned *n = lane->context.phases.n;
	unsigned left = n[FP_TRANSFER_DELAYED] + n[FP_TRANSFER_HELD];

	for (unsigned i = 0; left > 0 && i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (transfer->phase == FP_TRANSFER_HELD) {
			begin_held(lane, transfer, due);
		} else if (transfer->phase != FP_TRANSFER_DELAYED) {
			continue;
		} else if (transfer->due_ns <= *lane->context.now_ns) {
			lane_step(lane, transfer,
				(struct fp_event){.what = FP_EVENT_RESTED});
		} else {
			*due = FP_MIN(*due, transfer->due_ns);
		}
		left--;
	}
}

static unsigned
n_begun(const struct fp_lane *lane)
{
	const unsigned *n = lane->context.phases.n;

	return fp_lane_n_active(lane) - n[FP_TRANSFER_DELAYED] -
	       n[FP_TRANSFER_HELD];
}

/* Whether nothing has come since then, and nothing of its body went out. */
static bool
is_stalled(struct fp_transfer *transfer, int64_t limit, int64_t now_ns)
{
	curl_off_t n_sent = 0;

	if (curl_easy_getinfo(transfer->handle.easy, CURLINFO_SIZE_UPLOAD_T,
		    &n_sent) == CURLE_OK &&
		n_sent != transfer->n_sent) {
		transfer->n_sent = n_sent;
		transfer->sent_ns = now_ns;
	}
	return transfer->heard_ns <= limit && transfer->sent_ns <= limit;
}

/* Looks for transfers that heard nothing for too long, a few times in that
 * span and not in every round. Until they are connected, another limit holds.
 */
static void
end_stalled(struct fp_lane *lane, int64_t *due)
{
	int64_t stall_ns =
		(int64_t)lane->setup->options.stall_time_ms * FP_NS_PER_MS;

	if (stall_ns == 0 || n_begun(lane) == 0)
		return;
	if (*lane->context.now_ns >= lane->next_check_ns) {
		int64_t now_ns = *lane->context.now_ns;
		int64_t limit = now_ns - stall_ns;
		for (unsigned i = 0; i < lane->share.slots; i++) {
			struct fp_transfer *transfer = &lane->transfers[i];
			if (fp_phase_is_begun(transfer->phase) &&
				transfer->phase != FP_TRANSFER_PAUSED &&
				transfer->n_on_wire > 0 &&
				is_stalled(transfer, limit, now_ns))
				lane_stop(lane, transfer, FP_STOP_STALLED);
		}
		lane->next_check_ns = now_ns + stall_ns / 16 + 1;
	}
	*due = FP_MIN(*due, lane->next_check_ns);
}

/* Whether much more has come for a transfer than it was given by libcurl: what
 * the extensions of chunks hold, say. On a connection of HTTP/2, which has
 * other transfers as well, that is looked for elsewhere. */
static bool
lane_is_hollow(struct fp_transfer *transfer)
{
	const struct fp_socket *socket = transfer->hold.socket;

	if (!socket || socket->id != transfer->hold.id ||
		transfer->response.version[0] != '1')
		return false;
	uint64_t n = fp_socket_n_received(socket);
	if (transfer->body.n_before == 0) {
		transfer->body.n_before =
			n - FP_MIN(n, transfer->body.n_received);
		return false;
	}
	return n > transfer->body.n_before &&
	       n - transfer->body.n_before >
		       HOLLOW_BYTES + HOLLOW_RATIO * transfer->body.n_received;
}

static void
end_hollow(struct fp_lane *lane, int64_t *due)
{
	if (n_begun(lane) == 0)
		return;
	if (*lane->context.now_ns >= lane->next_hollow_ns) {
		for (unsigned i = 0; i < lane->share.slots; i++) {
			struct fp_transfer *transfer = &lane->transfers[i];
			if (fp_phase_is_begun(transfer->phase) &&
				transfer->phase != FP_TRANSFER_PAUSED &&
				transfer->n_on_wire > 0 &&
				lane_is_hollow(transfer))
				lane_stop(lane, transfer, FP_STOP_HOLLOW);
		}
		lane->next_hollow_ns = *lane->context.now_ns + HOLLOW_LOOK_NS;
	}
	*due = FP_MIN(*due, lane->next_hollow_ns);
}

/* A libcurl with threads for look-ups tries to start one until it succeeds, and
 * does not say so. So when a look-up takes long, it is seen whether there could
 * be one. */
static void
end_threadless(struct fp_lane *lane, int64_t *due)
{
	struct fp_context *context = &lane->context;
	int64_t now_ns = *context->now_ns, next_ns = INT64_MAX;

	if (lane->setup->lookup_threads == 1 ||
		fp_phases_n_resolving(&context->phases) == 0)
		return;
	for (unsigned i = 0; i < lane->share.slots; i++) {
		const struct fp_transfer *transfer = &lane->transfers[i];
		if (fp_phase_is_resolving(transfer->phase))
			next_ns = FP_MIN(
				next_ns, transfer->tried_ns + THREADLESS_NS);
	}
	next_ns = FP_MAX(next_ns, lane->next_thread_ns);
	*due = FP_MIN(
		*due, next_ns > now_ns ? next_ns : now_ns + THREADLESS_NS);
	if (next_ns > now_ns)
		return;
	lane->next_thread_ns = now_ns + THREADLESS_NS;
	if (fp_thread_is_to_be_had())
		return;
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (fp_phase_is_resolving(transfer->phase) &&
			transfer->tried_ns + THREADLESS_NS <= now_ns)
			lane_stop(lane, transfer, FP_STOP_THREAD);
	}
}

/* Follows the redirects whose bodies have not ended soon enough. */
static void
leave_redirects(struct fp_lane *lane, int64_t *due)
{
	const unsigned *n = lane->context.phases.n;
	unsigned left = n[FP_TRANSFER_LEAVING] + n[FP_TRANSFER_ENOUGH] +
			n[FP_TRANSFER_REPEATED];

	for (unsigned i = 0; left > 0 && i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (!fp_phase_is_leaving(transfer->phase))
			continue;
		left--;
		if (transfer->due_ns <= *lane->context.now_ns)
			take_away(lane, transfer,
				(struct fp_event){.what = FP_EVENT_LEAVE});
		else
			*due = FP_MIN(*due, transfer->due_ns);
	}
}

/* The pause is no time that the server took: the limit is put off by as much.
 */
static void
lane_resume(struct fp_lane *lane, struct fp_transfer *transfer)
{
	if (FP_UNLIKELY(lane->setup->options.trace))
		fp_span_resumed(transfer);
	transfer->begun_ns += *lane->context.now_ns - transfer->body.paused_ns;
	lane_step(lane, transfer, (struct fp_event){.what = FP_EVENT_ROOM});
	transfer->heard_ns = *lane->context.now_ns;
	fp_timing_begun(lane, transfer);
	curl_easy_pause(transfer->handle.easy, CURLPAUSE_CONT);
}

/* Lets those go on that waited for memory, as far as there is some. Others give
 * it back at any moment: they are looked at again soon. */
static void
resume_paused(struct fp_lane *lane, int64_t *due)
{
	const unsigned *n = &lane->context.phases.n[FP_TRANSFER_PAUSED];
	unsigned left = *n;

	for (unsigned i = 0; left > 0 && i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (transfer->phase != FP_TRANSFER_PAUSED)
			continue;
		left--;
		if (transfer->body.paused_ns == 0)
			transfer->body.paused_ns = *lane->context.now_ns;
		if (fp_transfer_may_go_on(transfer))
			lane_resume(lane, transfer);
	}
	if (*n > 0)
		*due = FP_MIN(*due, *lane->context.now_ns + LOOK_AGAIN_NS);
}

static void
obey_cancel(struct fp_lane *lane)
{
	int how = atomic_load_explicit(lane->cancel, memory_order_acquire);

	if (how == 0)
		return;
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		struct fp_event event = {
			.what = FP_EVENT_STOP, .stop = FP_STOP_CANCELLED};
		if (transfer->phase == FP_TRANSFER_IDLE)
			continue;
		if (!fp_phase_is_begun(transfer->phase))
			lane_step(lane, transfer, event);
		else if (how == FP_CANCEL_ALL || transfer->n_on_wire == 0)
			take_away(lane, transfer, event);
	}
}

/* ---- the whole of it ---- */

void
fp_lane_run(struct fp_lane *lane)
{
	int64_t due_ns = INT64_MAX;

	if (FP_UNLIKELY(lane->n_slots < lane->share.slots))
		take_left_slots(lane);
	drive(lane);
	if (FP_UNLIKELY(fp_timing_has_jumped(lane)))
		fp_timing_skip(lane, *lane->awake_ns, *lane->context.now_ns);
	look_at_greeters(lane);
	begin_delayed(lane, &due_ns);
	resume_paused(lane, &due_ns);
	leave_redirects(lane, &due_ns);
	fp_timing_end_late(lane, &due_ns);
	fp_timing_return_unused(lane, &due_ns);
	end_stalled(lane, &due_ns);
	end_hollow(lane, &due_ns);
	end_threadless(lane, &due_ns);
	obey_cancel(lane);
	lane->due_ns = due_ns;
}
