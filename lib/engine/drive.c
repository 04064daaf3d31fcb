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
 */
#include "base.h"

#include "drive.h"

#include "clock.h"
#include "nudge.h"
#include "slot.h"
#include "span.h"
#include "timing.h"

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket)
{
	struct fp_worker *worker = arg;
	unsigned wanted = 0;

	(void)easy;
	(void)socket;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		wanted |= FP_POLLER_IN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		wanted |= FP_POLLER_OUT;
	return fp_poller_want(
		worker->context.poller, fd, wanted, worker->number);
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct fp_worker *worker = arg;

	(void)multi;
	worker->timer_ns = timeout_ms < 0 ? INT64_MAX
					  : worker->context.now_ns +
						    timeout_ms * FP_NS_PER_MS;
	return 0;
}

/* libcurl 8.20.0 and later look names up in threads that a multi handle keeps,
 * and waits for at its end. Here look-ups that nobody waits for are no reason
 * to wait, and the threads are bounded for the whole process. A libcurl that
 * the program was not built with may have these options, or not have them:
 * their numbers are what counts. */
static bool
free_lookups(CURLM *multi, const struct fp_worker *worker)
{
	static const CURLMoption threads_max = (CURLMoption)20;
	static const CURLMoption quick_exit = (CURLMoption)21;
	const struct fp_share *share = &worker->share;
	long threads = (long)(share->threads_max + share->resolving_max) *
		       worker->setup->lookup_threads;
	CURLMcode code = curl_multi_setopt(multi, threads_max, threads);

	if (code == CURLM_UNKNOWN_OPTION)
		return true;
	return code == CURLM_OK &&
	       curl_multi_setopt(multi, quick_exit, 1L) == CURLM_OK;
}

int
fp_drive_init(struct fp_worker *worker)
{
	CURLM *multi = curl_multi_init();
	long most = (long)worker->share.connections;
	long sharing = worker->setup->cannot_multiplex ? CURLPIPE_NOTHING
						       : CURLPIPE_MULTIPLEX;
	bool ok = multi != NULL;

#define SET(option, value) \
	(ok = ok && curl_multi_setopt(multi, option, value) == CURLM_OK)
	SET(CURLMOPT_MAXCONNECTS, most);
	SET(CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
	SET(CURLMOPT_PIPELINING, sharing);
	SET(CURLMOPT_SOCKETFUNCTION, on_socket);
	SET(CURLMOPT_SOCKETDATA, worker);
	SET(CURLMOPT_TIMERFUNCTION, on_timer);
	SET(CURLMOPT_TIMERDATA, worker);
#undef SET
	ok = ok && free_lookups(multi, worker);
	if (!ok) {
		curl_multi_cleanup(multi);
		multi = NULL;
	}
	worker->multi = multi;
	worker->timer_ns = worker->look_ns = INT64_MAX;
	return multi ? 0 : -1;
}

/* Ends everything and begins anew: libcurl's state is not to be trusted any
 * more. (When 7.88.1 finds no memory to note a socket, the next use of that
 * would be a division by zero.) Without another handle all items fail. */
static void
give_up_multi(struct fp_worker *worker)
{
	for (unsigned i = 0; i < worker->share.slots; i++) {
		struct fp_transfer *transfer = &worker->transfers[i];
		if (!transfer->ticket || transfer->is_delayed)
			continue;
		curl_multi_remove_handle(worker->multi, transfer->easy);
		fp_slot_end(worker, transfer,
			fp_transfer_end(transfer, CURLE_FAILED_INIT));
	}
	curl_multi_cleanup(worker->multi);
	fp_drive_init(worker);
}

static void
end(struct fp_worker *worker, const CURLMsg *message)
{
	CURL *easy = message->easy_handle;
	CURLcode code = message->data.result;
	char *transfer = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	curl_multi_remove_handle(worker->multi, easy);
	struct fp_transfer *done = (struct fp_transfer *)(void *)transfer;
	if (FP_UNLIKELY(worker->setup->options.trace))
		fp_span_request(done);
	/* The process was stopped while libcurl looked at the clock. */
	if (code == CURLE_OPERATION_TIMEDOUT && done->n_on_wire == 0 &&
		fp_timing_has_jumped(worker))
		done->stop = FP_STOP_HELD;
	fp_slot_go_on(worker, done, code);
}

/* Ends the transfers that libcurl is done with. Their requests are counted
 * first, as long as they are known. */
static void
reap(struct fp_worker *worker)
{
	CURLMsg *message;
	bool is_first = true;
	int left;

	while ((message = curl_multi_info_read(worker->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		if (is_first) {
			worker->context.now_ns = fp_clock_now_ns();
			fp_worker_fire(worker);
		}
		is_first = false;
		end(worker, message);
	}
}

static void
act(struct fp_worker *worker, curl_socket_t fd, int ready)
{
	int64_t since_ns = worker->context.now_ns;
	int running;

	worker->context.flood.now_ns = since_ns;
	if (curl_multi_socket_action(worker->multi, fd, ready, &running) !=
		CURLM_OK)
		give_up_multi(worker);
	reap(worker);
	if (FP_UNLIKELY(worker->context.n_connecting > 0 ||
			worker->setup->forgets_read))
		fp_nudge(worker, fd, since_ns);
}

void
fp_drive_act(struct fp_worker *worker, int fd, unsigned ready, int64_t now_ns)
{
	int bits = (ready & FP_POLLER_IN ? CURL_CSELECT_IN : 0) |
		   (ready & FP_POLLER_OUT ? CURL_CSELECT_OUT : 0);

	worker->context.now_ns = FP_MAX(worker->context.now_ns, now_ns);
	act(worker, fd, bits);
}

bool
fp_drive_is_due(const struct fp_worker *worker)
{
	return FP_MIN(worker->timer_ns, worker->look_ns) <=
	       worker->context.now_ns;
}

void
fp_drive_run(struct fp_worker *worker)
{
	worker->context.now_ns = fp_clock_now_ns();
	if (fp_drive_is_due(worker)) {
		worker->timer_ns = worker->look_ns = INT64_MAX;
		act(worker, CURL_SOCKET_TIMEOUT, 0);
		worker->context.now_ns = fp_clock_now_ns();
	}
	fp_worker_fire(worker);
}
