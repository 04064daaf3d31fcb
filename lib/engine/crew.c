/* SPDX-License-Identifier: MIT */
/*
 * Many workers have to be many multi handles, not many threads: beyond a few,
 * threads take the processors from each other and from a server on the same
 * machine, and each has its own stack and its own way to sleep.
 *
 * TLS sessions are resumed by all transfers of a crew, on whichever worker.
 * They are not shared with other threads: a session that two use at once is a
 * race in libcurl before 8.10.0.
 */
#include "base.h"

#include "crew.h"

#include "clock.h"
#include "drive.h"

#include "kept.h"
#include "timing.h"
#include <errno.h>

#define STACK_BYTES ((size_t)1 << 20)

/* The longest sleep: a wake-up that was lost is made good so soon. */
#define IDLE_MS 1000

/* Who wakes so much too late has not run: the process was stopped, or got no
 * processor. */
#define OVERSLEPT_NS (250 * FP_NS_PER_MS)

int
fp_crew_init(struct fp_crew *crew, struct fp_worker *workers, unsigned n,
	size_t n_connections)
{
	crew->workers = workers;
	crew->n_workers = crew->n_left = n;
	crew->sessions = curl_share_init();
	if (crew->sessions &&
		curl_share_setopt(crew->sessions, CURLSHOPT_SHARE,
			CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
		curl_share_cleanup(crew->sessions);
		crew->sessions = NULL;
	}
	if (!crew->sessions) {
		errno = ENOMEM;
		return -1;
	}
	if (fp_poller_init(&crew->poller, 2 * n_connections)) {
		int err = errno;
		curl_share_cleanup(crew->sessions);
		crew->sessions = NULL;
		errno = err;
		return -1;
	}
	return 0;
}

void
fp_crew_destroy(struct fp_crew *crew)
{
	fp_poller_destroy(&crew->poller);
	curl_share_cleanup(crew->sessions);
	crew->sessions = NULL;
}

/* Sleeps until something is due or happens; says for how long at most. */
static int64_t
sleep_until(struct fp_crew *crew, int64_t now_ns)
{
	int64_t due_ns = INT64_MAX, ms = IDLE_MS;

	for (unsigned i = 0; i < crew->n_workers; i++)
		due_ns = FP_MIN(due_ns, crew->workers[i].due_ns);

	/* Rounded up: to wake too early is to go round for nothing. */
	if (due_ns - now_ns < ms * FP_NS_PER_MS)
		ms = (due_ns - now_ns + FP_NS_PER_MS - 1) / FP_NS_PER_MS;
	ms = FP_MAX(ms, 0);
	fp_poller_wait(&crew->poller, (int)ms);
	return ms * FP_NS_PER_MS;
}

/* Nothing was done since then. When in it the process was stopped cannot be
 * known, so none of it counts for any limit. */
static void
skip(struct fp_crew *crew, int64_t since_ns)
{
	for (unsigned i = 0; i < crew->n_workers; i++)
		fp_timing_skip(&crew->workers[i], since_ns, crew->awake_ns);
}

/* Lets libcurl have what has happened on the sockets. */
static void
take_events(struct fp_crew *crew, int64_t now_ns)
{
	struct fp_poller_event event;

	while (fp_poller_next(&crew->poller, &event)) {
		struct fp_worker *worker = &crew->workers[event.owner];
		if (event.ready == 0) {
			fp_context_stirred(&worker->context, event.fd, now_ns);
			continue;
		}
		fp_drive_act(worker, event.fd, event.ready, now_ns);
		if (!worker->is_done)
			worker->due_ns = now_ns;
	}
}

static void
crew_go_round(struct fp_crew *crew, int64_t now_ns)
{
	for (unsigned i = 0; i < crew->n_workers; i++) {
		struct fp_worker *worker = &crew->workers[i];
		bool is_called = atomic_load(&worker->is_called) &&
				 atomic_exchange(&worker->is_called, false);
		if (worker->is_done || (worker->due_ns > now_ns && !is_called))
			continue;
		fp_worker_round(worker);
		crew->n_left -= worker->is_done;
	}
}

/* A first handshake is done: who waits for it may be on any worker. */
static void
call_held(struct fp_crew *crew)
{
	if (FP_LIKELY(!crew->greetings.has_ended))
		return;
	crew->greetings.has_ended = false;
	for (unsigned i = 0; i < crew->n_workers; i++) {
		if (!crew->workers[i].is_done)
			crew->workers[i].due_ns = crew->awake_ns;
	}
}

static int64_t
look(struct fp_crew *crew)
{
	return crew->awake_ns = fp_clock_now_ns();
}

static void
work(void *arg)
{
	struct fp_crew *crew = arg;

	crew->awake_ns = fp_clock_now_ns();
	for (;;) {
		crew_go_round(crew, crew->awake_ns);
		if (crew->n_left == 0)
			return;
		int64_t asleep_ns = look(crew);
		call_held(crew);
		int64_t due_ns = asleep_ns + sleep_until(crew, asleep_ns);
		if (FP_UNLIKELY(look(crew) - due_ns > OVERSLEPT_NS))
			skip(crew, asleep_ns);
		take_events(crew, crew->awake_ns);
	}
}

int
fp_crew_start(struct fp_crew *crew)
{
	return fp_thread_start(&crew->thread, STACK_BYTES, work, crew);
}

void
fp_crew_join(struct fp_crew *crew)
{
	fp_thread_join(&crew->thread);
}
