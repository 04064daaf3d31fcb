/* SPDX-License-Identifier: MIT */
/*
 * Many lanes have to be many multi handles, not many threads: beyond a few,
 * threads take the processors from each other and from a server on the same
 * machine, and each has its own stack and its own way to sleep.
 *
 * A loop goes round and round:
 *
 *	events	libcurl moves what the network is ready for
 *	run	each lane that something has happened to, or whose time has
 *		come, moves what else can be moved
 *	hand	what has ended to the queue, which says what goes on, and
 *		the rest of it to the window
 *	fill	take as many items as the lanes have room for, and begin them;
 *		if there are too few, have some handed in
 *
 * and then, when there is nothing more to be done at once, sees to it that what
 * is finished is written, and waits for the network, for the next due time, or
 * to be called. What is finished waits while the network has more, but not for
 * long: several records are one write then.
 *
 * TLS sessions are resumed by all transfers of a loop, on whichever lane. They
 * are not shared with other threads: a session that two use at once is a race
 * in libcurl before 8.10.0.
 */
#include "base.h"

#include "loop.h"

#include "clock.h"
#include "timing.h"

#include <errno.h>

#define STACK_BYTES ((size_t)1 << 20)

/* The longest sleep: a wake-up that was lost is made good so soon. */
#define IDLE_MS 1000

/* Who wakes so much too late has not run: the process was stopped, or got no
 * processor. */
#define OVERSLEPT_NS (250 * FP_NS_PER_MS)

/* So often it starts anew without waiting: then the network is looked at. */
#define ROUNDS_MAX 4

/* So many items that are finished wait for the network to have nothing more,
 * and so long. */
#define FINISHED_MAX 16
#define FINISHED_NS FP_NS_PER_MS

/* How often to see whether one thread is enough: it is not, if for so much CPU
 * it slept so seldom, and each item took more than another thread costs. What
 * is over sooner needs no help. */
#define LOAD_LOOK_NS (100 * FP_NS_PER_MS)
#define LOAD_CPU_NS (1000 * FP_NS_PER_MS)
#define LOAD_SLEEPS 200
#define LOAD_ITEM_NS INT64_C(150000)

/* How often to see whether there are fewer look-ups that nobody waits for. */
#define CROWDED_NS (100 * FP_NS_PER_MS)

/* ---- the whole ---- */

/* It need not call itself out of a sleep that it is not in. */
static void
loop_wake(void *arg)
{
	struct fp_loop *loop = arg;

	if (atomic_load_explicit(&loop->self, memory_order_relaxed) ==
		fp_thread_self())
		loop->has_more = true;
	else
		fp_loop_call(loop);
}

static CURLSH *
make_sessions(void)
{
	CURLSH *sessions = curl_share_init();

	if (sessions && curl_share_setopt(sessions, CURLSHOPT_SHARE,
				CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
		curl_share_cleanup(sessions);
		sessions = NULL;
	}
	return sessions;
}

static int
make_lanes(struct fp_loop *loop, const struct fp_loop_place *place,
	const struct fp_shares *shares, const struct fp_loop_lanes *lanes)
{
	unsigned first_slot = lanes->first_slot;

	loop->lanes = calloc(lanes->n, sizeof(loop->lanes[0]));
	if (!loop->lanes)
		return -1;
	for (unsigned i = 0; i < lanes->n; i++) {
		struct fp_lane_place at = {
			.setup = place->setup,
			.queue = place->queue,
			.cancel = place->cancel,
			.poller = &loop->poller,
			.sessions = loop->sessions,
			.greetings = &loop->greetings,
			.shelves = &loop->shelves,
			.ended = &loop->ended,
			.now_ns = &loop->now_ns,
			.awake_ns = &loop->awake_ns,
			.number = i,
			.is_heir = lanes->are_heirs,
		};
		struct fp_share share = fp_share_of(shares, lanes->first + i);
		share.first_slot = first_slot;
		if (fp_lane_init(&loop->lanes[i], &at, share))
			return -1;
		first_slot += loop->lanes[i].share.slots;
		loop->n_lanes++;
	}
	return 0;
}

int
fp_loop_init(struct fp_loop *loop, const struct fp_loop_place *place,
	const struct fp_shares *shares, const struct fp_loop_lanes *lanes)
{
	size_t n_connections = 0;

	*loop = (struct fp_loop){
		.setup = place->setup,
		.queue = place->queue,
		.window = place->window,
		.ferry = {place->setup, place->queue, place->window},
		.waiter = {.wake = loop_wake, .arg = loop},
	};
	loop->ended.last = &loop->ended.first;
	for (unsigned i = 0; i < lanes->n; i++)
		n_connections +=
			fp_share_of(shares, lanes->first + i).connections + 1;
	loop->sessions = make_sessions();
	if (!loop->sessions) {
		errno = ENOMEM;
		return -1;
	}
	if (fp_poller_init(&loop->poller, 2 * n_connections)) {
		int err = errno;
		curl_share_cleanup(loop->sessions);
		loop->sessions = NULL;
		errno = err;
		return -1;
	}
	if (make_lanes(loop, place, shares, lanes)) {
		fp_loop_destroy(loop);
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

void
fp_loop_destroy(struct fp_loop *loop)
{
	if (!loop->sessions)
		return;
	for (unsigned i = 0; loop->lanes && i < loop->n_lanes; i++)
		fp_lane_destroy(&loop->lanes[i]);
	free(loop->lanes);
	loop->lanes = NULL;
	fp_transfer_clear_shelves(&loop->shelves);
	fp_poller_destroy(&loop->poller);
	curl_share_cleanup(loop->sessions);
	loop->sessions = NULL;
}

unsigned
fp_loop_n_slots(const struct fp_loop *loop)
{
	unsigned n = 0;

	for (unsigned i = 0; i < loop->n_lanes; i++)
		n += loop->lanes[i].share.slots;
	return n;
}

void
fp_loop_call(struct fp_loop *loop)
{
	atomic_store(&loop->is_called, true);
	fp_poller_wake(&loop->poller);
}

unsigned
fp_loop_n_active(struct fp_loop *loop)
{
	return atomic_load_explicit(
		&loop->n_active_shown, memory_order_relaxed);
}

void
fp_loop_look(struct fp_loop *loop, struct fp_look *look)
{
	unsigned n[FP_LOOP_SHOWN];

	for (int i = 0; i < FP_LOOP_SHOWN; i++)
		n[i] = atomic_load_explicit(
			&loop->n_phase_shown[i], memory_order_relaxed);
	look->n_running += fp_loop_n_active(loop);
	for (int i = 0; i < FP_PHASE_COUNT; i++)
		look->n_phase[i] += n[i];
	look->n_delayed += n[FP_LOOP_DELAYED];
	look->n_full += n[FP_LOOP_FULL];
}

/* ---- items in ---- */

/* Gives an item that was taken to a lane that has room for it. */
static void
give_to_lane(struct fp_loop *loop, struct fp_ticket *ticket, bool hurries)
{
	for (unsigned i = 0; i < loop->n_lanes; i++) {
		struct fp_room *room = &loop->lanes[i].room;
		if (room->items == 0 || room->hurries != hurries ||
			(ticket->is_strange && room->n_strangers == 0))
			continue;
		room->items--;
		room->n_strangers -= ticket->is_strange;
		room->n_strangers = FP_MIN(room->n_strangers, room->items);
		fp_lane_begin(&loop->lanes[i], ticket);
		return;
	}
	abort();
}

/* Those that look a name up find room first: the others fit in anywhere. */
static void
give_to_lanes(struct fp_loop *loop, struct fp_ticket *items, bool hurries)
{
	struct fp_ticket_list others = {NULL, &others.first};

	while (items) {
		struct fp_ticket *ticket = items;
		items = ticket->next;
		if (ticket->is_strange || loop->n_lanes == 1)
			give_to_lane(loop, ticket, hurries);
		else
			fp_ticket_append(&others, ticket);
	}
	while (others.first)
		give_to_lane(loop, fp_ticket_pop(&others), hurries);
}

static void
note_finished(struct fp_loop *loop, unsigned n)
{
	if (loop->n_finished == 0)
		loop->finished_ns = loop->now_ns;
	loop->n_finished += n;
}

/* These are finished: the consumer is to have them before long. */
static void
loop_finish(struct fp_loop *loop, struct fp_ticket *list)
{
	unsigned n = 0;

	for (struct fp_ticket *ticket = list; ticket; ticket = ticket->next)
		n++;
	loop->load.n_items += n;
	note_finished(loop, n);
	fp_window_leave(loop->window, list);
}

/* Whether so few were taken that some are to be handed in. Since the queue was
 * asked, the reader may have filled the window; and to find too little when it
 * is full makes it wider. So then the queue is asked once more. */
static bool
is_short(struct fp_loop *loop, const struct fp_take *take)
{
	bool is = take->n < take->max && !take->is_over;

	if (take->hurries)
		return is;
	bool asks = is && !loop->asks_again && fp_window_is_full(loop->window);
	loop->asks_again = asks;
	loop->has_more |= asks;
	return is && !asks;
}

/* Takes items for the lanes that hurry, or for the others; how many it was. */
static size_t
take_for(struct fp_loop *loop, bool hurries)
{
	struct fp_take take = {
		.waiter = &loop->waiter,
		.now_ns = loop->now_ns,
		.hurries = hurries,
	};

	for (unsigned i = 0; i < loop->n_lanes; i++) {
		struct fp_room *room = &loop->lanes[i].room;
		if (room->hurries != hurries)
			continue;
		room->n_strangers = FP_MIN(room->n_strangers, room->items);
		take.max += room->items;
		take.n_strangers += room->n_strangers;
	}
	if (hurries && take.max == 0)
		return 0;
	fp_queue_take(loop->queue, &take);
	loop->queue_due_ns = take.due_ns;
	loop->is_over = take.is_over;
	/* Before anyone sees that it has cost an item. */
	if (take.fault)
		fp_setup_fault(loop->setup, "rate file", take.fault);
	if (take.refused)
		loop_finish(loop, take.refused);
	give_to_lanes(loop, take.items, hurries);
	if (is_short(loop, &take) && fp_ferry_feed(&loop->ferry)) {
		loop->load.n_items += FP_FERRY_ITEMS;
		note_finished(loop, 1);
	}
	return take.n;
}

static unsigned
count_resolving(const struct fp_loop *loop)
{
	unsigned n = 0;

	for (unsigned i = 0; i < loop->n_lanes; i++)
		n += fp_phases_n_resolving(&loop->lanes[i].context.phases);
	return n;
}

/* Whether anything has happened that the queue may answer with more items than
 * the last time: names became known, for one. */
static bool
is_stirred(struct fp_loop *loop)
{
	unsigned n_resolving = count_resolving(loop);
	bool is = n_resolving < loop->n_resolving_seen;

	loop->n_resolving_seen = n_resolving;
	for (unsigned i = 0; i < loop->n_lanes; i++) {
		is |= loop->lanes[i].context.is_stirred;
		loop->lanes[i].context.is_stirred = false;
	}
	return is;
}

/* Begins items. */
static void
loop_fill(struct fp_loop *loop, bool is_stirred)
{
	unsigned n_room = 0;
	bool is_crowded = false;

	for (unsigned i = 0; i < loop->n_lanes; i++) {
		struct fp_lane *lane = &loop->lanes[i];
		lane->room = fp_lane_room(lane);
		n_room += lane->room.items;
		is_crowded |= fp_lane_is_crowded(lane);
	}
	if (n_room == 0 && !is_stirred && loop->queue_due_ns > loop->now_ns)
		return;
	size_t n = take_for(loop, true);
	n += take_for(loop, false);
	if (is_crowded)
		loop->queue_due_ns =
			FP_MIN(loop->queue_due_ns, loop->now_ns + CROWDED_NS);
	loop->n_resolving_seen = count_resolving(loop);
	loop->has_more |= n > 0;
}

/* ---- items out ---- */

/* Tells the user what the queue has heard. */
static void
tell_news(struct fp_loop *loop)
{
	const struct fp_options *options = &loop->setup->options;
	char origin[FP_ORIGIN_MAX];
	struct fp_notice notice;

	while (options->tell &&
		fp_queue_news(loop->queue, &notice, origin, loop->now_ns))
		options->tell(options->tell_arg, &notice);
}

/* false: nothing has ended. */
static bool
hand_over(struct fp_loop *loop)
{
	struct fp_ticket *ended = loop->ended.first;
	bool has_news = false;

	if (!ended)
		return false;
	loop->ended = (struct fp_ticket_list){NULL, &loop->ended.first};
	if (FP_UNLIKELY(loop->setup->next.how != FP_NEXT_NONE)) {
		fp_window_turn(loop->window, ended);
		note_finished(loop, 1);
	}
	struct fp_ticket *finished =
		fp_queue_end(loop->queue, ended, loop->now_ns, &has_news);
	if (has_news)
		tell_news(loop);
	if (finished)
		loop_finish(loop, finished);
	return true;
}

static void
show_phases(struct fp_loop *loop)
{
	static const int shown[FP_TRANSFER_PHASES] = {
		[FP_TRANSFER_IDLE] = -1,
		[FP_TRANSFER_DELAYED] = FP_LOOP_DELAYED,
		[FP_TRANSFER_HELD] = FP_PHASE_CONNECT,
		[FP_TRANSFER_STRANGE] = FP_PHASE_LOOKUP,
		[FP_TRANSFER_RESOLVING] = FP_PHASE_LOOKUP,
		[FP_TRANSFER_CONNECTING] = FP_PHASE_CONNECT,
		[FP_TRANSFER_REUSING] = FP_PHASE_ANSWER,
		[FP_TRANSFER_SENT] = FP_PHASE_ANSWER,
		[FP_TRANSFER_BODY] = FP_PHASE_BODY,
		[FP_TRANSFER_PAUSED] = FP_LOOP_FULL,
		[FP_TRANSFER_LEAVING] = FP_PHASE_BODY,
		[FP_TRANSFER_ENOUGH] = FP_PHASE_BODY,
		[FP_TRANSFER_REPEATED] = FP_PHASE_BODY,
	};
	unsigned n[FP_LOOP_SHOWN] = {0};

	for (unsigned i = 0; i < loop->n_lanes; i++) {
		const struct fp_phases *phases = &loop->lanes[i].context.phases;
		for (int k = FP_TRANSFER_IDLE + 1; k < FP_TRANSFER_PHASES; k++)
			n[shown[k]] += phases->n[k];
	}
	for (int i = 0; i < FP_LOOP_SHOWN; i++)
		atomic_store_explicit(
			&loop->n_phase_shown[i], n[i], memory_order_relaxed);
}

static void
show_active(struct fp_loop *loop)
{
	unsigned n = 0;

	for (unsigned i = 0; i < loop->n_lanes; i++)
		n += fp_lane_n_active(&loop->lanes[i]);
	atomic_store_explicit(&loop->n_active_shown, n, memory_order_relaxed);
	if (FP_UNLIKELY(loop->setup->options.trace))
		show_phases(loop);
}

/* ---- round and round ---- */

/* Lets the lanes run that something has happened to, or all of them. */
static void
run_lanes(struct fp_loop *loop, bool all)
{
	for (unsigned i = 0; i < loop->n_lanes; i++) {
		struct fp_lane *lane = &loop->lanes[i];
		if (all || lane->due_ns <= loop->now_ns || fp_lane_is_due(lane))
			fp_lane_run(lane);
	}
}

static bool
has_due_lane(const struct fp_loop *loop)
{
	bool has = false;

	for (unsigned i = 0; i < loop->n_lanes; i++)
		has |= fp_lane_is_due(&loop->lanes[i]);
	return has;
}

/* When a lane or the queue is due. */
static int64_t
loop_due_ns(const struct fp_loop *loop)
{
	int64_t due_ns = loop->queue_due_ns;

	for (unsigned i = 0; i < loop->n_lanes; i++) {
		const struct fp_lane *lane = &loop->lanes[i];
		due_ns = FP_MIN(
			due_ns, FP_MIN(lane->due_ns,
					FP_MIN(lane->timer_ns, lane->look_ns)));
	}
	return due_ns;
}

/* Does all that can be done without waiting. */
static void
loop_go_round(struct fp_loop *loop)
{
	bool is_called = atomic_load(&loop->is_called) &&
			 atomic_exchange(&loop->is_called, false);

	loop->has_more = true;
	for (int i = 0; loop->has_more && i < ROUNDS_MAX; i++) {
		loop->has_more = false;
		loop->now_ns = fp_clock_now_ns();
		run_lanes(loop, is_called && i == 0);
		show_active(loop);
		bool has_ended = hand_over(loop);
		loop_fill(loop, is_stirred(loop) || has_ended);
		loop->has_more |= loop->ended.first || has_due_lane(loop);
	}
}

/* Lets what is finished be written, unless the network has more to be done
 * first (true). One request alone was sent just now: that has no answer yet. */
static bool
bring_out(struct fp_loop *loop)
{
	if (loop->n_finished < FINISHED_MAX && fp_loop_n_active(loop) > 1 &&
		loop->now_ns - loop->finished_ns < FINISHED_NS &&
		fp_poller_wait(&loop->poller, 0) > 0)
		return true;
	loop->n_finished = 0;
	fp_ferry_drain(&loop->ferry);
	return false;
}

/* Sleeps until something is due or happens; says for how long at most. */
static int64_t
sleep_until(struct fp_loop *loop, int64_t now_ns)
{
	int64_t due_ns = loop->has_more ? now_ns : loop_due_ns(loop);
	int64_t ms = IDLE_MS;

	/* Rounded up: to wake too early is to go round for nothing. */
	if (due_ns - now_ns < ms * FP_NS_PER_MS)
		ms = (due_ns - now_ns + FP_NS_PER_MS - 1) / FP_NS_PER_MS;
	ms = FP_MAX(ms, 0);
	fp_poller_wait(&loop->poller, (int)ms);
	return ms * FP_NS_PER_MS;
}

/* Nothing was done since then. When in it the process was stopped cannot be
 * known, so none of it counts for any limit. */
static void
skip(struct fp_loop *loop, int64_t since_ns)
{
	for (unsigned i = 0; i < loop->n_lanes; i++)
		fp_timing_skip(&loop->lanes[i], since_ns, loop->awake_ns);
}

/* Lets libcurl have what has happened on the sockets. */
static void
take_events(struct fp_loop *loop)
{
	struct fp_poller_event event;

	while (fp_poller_next(&loop->poller, &event)) {
		struct fp_lane *lane = &loop->lanes[event.owner];
		if (event.ready == 0)
			fp_context_stirred(
				&lane->context, event.fd, loop->awake_ns);
		else
			fp_lane_act(lane, event.fd, event.ready);
	}
}

/* A first handshake is done: who waits for it may be on any lane. */
static void
release_held(struct fp_loop *loop)
{
	if (FP_LIKELY(!loop->greetings.has_ended))
		return;
	loop->greetings.has_ended = false;
	for (unsigned i = 0; i < loop->n_lanes; i++)
		loop->lanes[i].due_ns = loop->awake_ns;
}

/* Whether nothing is left, and nothing will come. */
static bool
loop_is_done(struct fp_loop *loop)
{
	return !loop->has_more && loop->is_over && fp_loop_n_active(loop) == 0;
}

static int64_t
look(struct fp_loop *loop)
{
	return loop->now_ns = loop->awake_ns = fp_clock_now_ns();
}

/* ---- one thread, or more of them ---- */

/* Whether it had no time to sleep, for several items that are much work each.
 */
static bool
is_overloaded(struct fp_loop *loop)
{
	struct fp_loop_load *load = &loop->load;
	struct fp_thread_usage now = fp_thread_usage();
	int64_t cpu_ns = now.cpu_ns - load->since.cpu_ns;
	uint64_t n_sleeps = now.n_sleeps - load->since.n_sleeps;

	load->look_ns = loop->now_ns + LOAD_LOOK_NS;
	if (cpu_ns < LOAD_CPU_NS && n_sleeps <= LOAD_SLEEPS)
		return false;
	bool is = n_sleeps <= LOAD_SLEEPS && fp_loop_n_active(loop) > 1 &&
		  cpu_ns > load->n_items * LOAD_ITEM_NS;
	load->since = now;
	load->n_items = 0;
	return is;
}

void
fp_loop_bequeath(struct fp_loop *loop, struct fp_loop *heir)
{
	loop->heir = heir;
	fp_lane_bequeath(&loop->lanes[loop->n_lanes - 1], &heir->lanes[0]);
}

/* Its last lane has left slots to an heir, which is to see that; without any it
 * goes. */
static void
pass_on(struct fp_loop *loop)
{
	struct fp_lane *last = &loop->lanes[loop->n_lanes - 1];

	if (last->has_left)
		fp_loop_call(loop->heir);
	last->has_left = false;
	if (last->n_slots > 0)
		return;
	fp_lane_destroy(last);
	loop->n_lanes--;
	loop->heir = NULL;
}

/* Gets help if it needs it and there is a lane to give away. */
static void
see_to_load(struct fp_loop *loop)
{
	if (FP_UNLIKELY(loop->heir))
		pass_on(loop);
	else if (loop->grow && loop->n_lanes > 1 &&
		 loop->now_ns >= loop->load.look_ns && is_overloaded(loop) &&
		 !loop->grow(loop->grow_arg))
		loop->grow = NULL;
}

static void
loop_go(struct fp_loop *loop)
{
	atomic_store(&loop->self, fp_thread_self());
	look(loop);
	loop->load.look_ns = loop->now_ns + LOAD_LOOK_NS;
	loop->load.since = fp_thread_usage();
	for (;;) {
		loop_go_round(loop);
		int64_t asleep_ns = look(loop);
		release_held(loop);
		see_to_load(loop);
		if (loop->n_finished == 0 || !bring_out(loop)) {
			if (loop_is_done(loop))
				return;
			int64_t due_ns =
				asleep_ns + sleep_until(loop, asleep_ns);
			if (FP_UNLIKELY(look(loop) - due_ns > OVERSLEPT_NS))
				skip(loop, asleep_ns);
		}
		take_events(loop);
	}
}

static void
loop_run(void *arg)
{
	struct fp_loop *loop = arg;

	fp_freelist_use(&loop->freelist);
	loop_go(loop);
	fp_freelist_use(NULL);
	fp_freelist_clear(&loop->freelist);
}

int
fp_loop_start(struct fp_loop *loop)
{
	loop->has_thread = fp_thread_start(&loop->thread, STACK_BYTES, loop_run,
				   loop) == 0;
	return loop->has_thread ? 0 : -1;
}

void
fp_loop_join(struct fp_loop *loop)
{
	if (loop->has_thread)
		fp_thread_join(&loop->thread);
	loop->has_thread = false;
}
