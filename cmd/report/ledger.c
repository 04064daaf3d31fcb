/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ledger.h"

#include "clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Short runs are looked at more often: some looks make a share. */
#define LOOKS 64
#define LOOK_MIN_NS FP_NS_PER_MS
#define LOOK_MAX_NS (FP_NS_PER_S / 10)

void
fp_ledger_none(struct fp_ledger *ledger)
{
	*ledger = (struct fp_ledger){.due_ns = INT64_MAX};
}

int
fp_ledger_init(struct fp_ledger *ledger)
{
	ledger->books = calloc(1, sizeof(*ledger->books));
	if (!ledger->books)
		return -1;
	fp_mutex_init(&ledger->lock);
	fp_timeline_init(&ledger->books->timeline);
	return 0;
}

void
fp_ledger_destroy(struct fp_ledger *ledger)
{
	if (!ledger->books)
		return;
	free(ledger->books);
	ledger->books = NULL;
	fp_mutex_destroy(&ledger->lock);
}

void
fp_ledger_begin(struct fp_ledger *ledger, int64_t start_ns, unsigned n_jobs)
{
	if (!ledger->books)
		return;
	ledger->start_ns = ledger->seen_ns = ledger->due_ns = start_ns;
	ledger->n_jobs = n_jobs;
}

/* ---- what the pool tells ---- */

static void
tell_request(struct fp_ledger *ledger, const struct fp_span *span)
{
	struct fp_timeline *timeline = &ledger->books->timeline;
	int64_t start_ns = span->start_ns;
	int64_t zero_ns = ledger->start_ns;

	for (int i = 0; i < FP_PHASE_COUNT; i++) {
		int64_t end_ns = span->phase_end_ns[i];
		if (end_ns > start_ns)
			fp_timeline_tell(timeline, (enum fp_use)i, 1,
				start_ns - zero_ns, end_ns - zero_ns);
		start_ns = end_ns;
	}
	fp_spread_add(&fp_timeline_at(timeline, span->end_ns - zero_ns)->times,
		span->end_ns - span->start_ns);
	if (span->url)
		fp_servers_note(
			fp_servers_find(&ledger->books->servers, span->url),
			span, ledger->n_jobs);
}

static void
tell_attempt(struct fp_ledger *ledger, const struct fp_span *span)
{
	struct fp_timebin *bin = fp_timeline_at(
		&ledger->books->timeline, span->end_ns - ledger->start_ns);
	bool is_fine = span->kind == FP_KIND_OK;

	if (span->is_parted || span->kind == FP_KIND_STOPPED)
		return;
	if (span->is_again) {
		bin->n_retried++;
	} else {
		bin->n_done++;
		bin->n_failed += !is_fine;
	}
	if (!span->url)
		return;
	struct fp_server *server =
		fp_servers_find(&ledger->books->servers, span->url);
	server->n_fine += is_fine;
	server->n_errors += !is_fine;
	if (!is_fine)
		server->last_error = span->status;
}

void
fp_ledger_span(void *arg, const struct fp_span *span)
{
	struct fp_ledger *ledger = arg;
	struct fp_timeline *timeline = &ledger->books->timeline;
	int64_t start_ns = span->start_ns - ledger->start_ns;
	int64_t end_ns = span->end_ns - ledger->start_ns;

	if (span->what == FP_SPAN_WAIT)
		return;
	fp_mutex_lock(&ledger->lock);
	switch (span->what) {
	case FP_SPAN_REQUEST:
		tell_request(ledger, span);
		break;
	case FP_SPAN_ATTEMPT:
		tell_attempt(ledger, span);
		break;
	case FP_SPAN_DELAY:
		fp_timeline_tell(timeline, FP_USE_DELAY, 1, start_ns, end_ns);
		break;
	case FP_SPAN_MEMORY:
		fp_timeline_tell(timeline, FP_USE_FULL, 1, start_ns, end_ns);
		fp_timeline_tell(timeline, FP_USE_BODY, -1, start_ns, end_ns);
		break;
	case FP_SPAN_WAIT:
		break;
	}
	fp_mutex_unlock(&ledger->lock);
}

static void
keep_pause(struct fp_ledger *ledger, const struct fp_notice *notice,
	struct fp_server *server, int64_t now_ns)
{
	struct fp_ledger_books *books = ledger->books;
	int64_t at_ns = now_ns - ledger->start_ns;

	if (!fp_servers_pause(server, notice->status, now_ns, notice->wait_ns))
		return;
	fp_timeline_at(&books->timeline, at_ns)->n_paused++;
	uint64_t i = books->n_pauses++;
	if (i >= FP_LEDGER_PAUSES)
		return;
	books->pauses[i].at_ns = at_ns;
	books->pauses[i].wait_ns = notice->wait_ns;
	books->pauses[i].status = notice->status;
	books->pauses[i].server = (unsigned)(server - books->servers.all);
}

void
fp_ledger_notice(void *arg, const struct fp_notice *notice)
{
	struct fp_ledger *ledger = arg;

	if (notice->why != FP_NOTICE_PAUSE &&
		notice->why != FP_NOTICE_LEARNED &&
		notice->why != FP_NOTICE_JOBS)
		return;
	fp_mutex_lock(&ledger->lock);
	struct fp_server *server =
		fp_servers_find(&ledger->books->servers, notice->origin);
	if (notice->why == FP_NOTICE_PAUSE)
		keep_pause(ledger, notice, server, fp_clock_now_ns());
	else if (notice->why == FP_NOTICE_JOBS)
		fp_servers_jobs(&ledger->books->servers, server, notice->count,
			fp_clock_now_ns() - ledger->start_ns);
	else
		snprintf(server->learned, sizeof(server->learned), "%s",
			notice->rate);
	fp_mutex_unlock(&ledger->lock);
}

void
fp_ledger_results(struct fp_ledger *ledger,
	const struct fp_result *const *results, size_t n)
{
	int64_t now_ns = fp_clock_now_ns();

	fp_mutex_lock(&ledger->lock);
	for (size_t i = 0; i < n; i++)
		fp_worst_note(&ledger->books->worst, results[i], now_ns);
	fp_mutex_unlock(&ledger->lock);
}

/* ---- what is seen ---- */

static enum fp_use
use_of(enum fp_held held)
{
	static const enum fp_use uses[FP_HELD_COUNT] = {
		[FP_HELD_SLOT] = FP_USE_BETWEEN,
		[FP_HELD_RETRY] = FP_USE_RETRY,
		[FP_HELD_RATE] = FP_USE_RATE,
		[FP_HELD_HOST_RATE] = FP_USE_HOST_RATE,
		[FP_HELD_LEARNED] = FP_USE_LEARNED,
		[FP_HELD_HOST_JOBS] = FP_USE_HOST_JOBS,
		[FP_HELD_PAUSED] = FP_USE_PAUSE,
		[FP_HELD_SILENT] = FP_USE_SILENT,
		[FP_HELD_LOOKUP] = FP_USE_NAME,
		[FP_HELD_MEMORY] = FP_USE_MEMORY,
		[FP_HELD_TOKEN] = FP_USE_TOKEN,
	};

	return uses[held];
}

/* Nothing in the pool waits: why does nothing come in? */
static enum fp_use
use_of_ends(const struct fp_ends *ends)
{
	if (ends->reading == FP_READING_LINES)
		return FP_USE_INPUT;
	if (ends->reading == FP_READING_DONE &&
		ends->writing == FP_WRITING_NOTHING)
		return FP_USE_END;
	if (ends->writing == FP_WRITING_OUTPUT)
		return FP_USE_OUTPUT;
	if (ends->writing == FP_WRITING_JOURNAL)
		return FP_USE_JOURNAL;
	return ends->keeps_order ? FP_USE_ORDER : FP_USE_BETWEEN;
}

/* Where a server or the run holds items back, it would do so with more of them:
 * all idle slots are idle for that. An item that waits for its next attempt
 * holds back no other, as long as any may come. */
void
fp_ledger_uses(const struct fp_look *look, const struct fp_ends *ends,
	unsigned n_jobs, double n[FP_USE_COUNT])
{
	double idle = (double)(n_jobs - FP_MIN(n_jobs, look->n_running));
	size_t n_all = 0, n_own = look->n_held[FP_HELD_RETRY];

	memset(n, 0, FP_USE_COUNT * sizeof(n[0]));
	for (int i = 0; i < FP_PHASE_COUNT; i++)
		n[i] = (double)look->n_phase[i];
	n[FP_USE_DELAY] = (double)look->n_delayed;
	n[FP_USE_FULL] = (double)look->n_full;
	for (int i = FP_HELD_RETRY; i < FP_HELD_COUNT; i++)
		n_all += look->n_held[i];
	if (n_all > n_own || (n_own > 0 && ends->reading == FP_READING_DONE)) {
		for (int i = FP_HELD_RETRY; i < FP_HELD_COUNT; i++)
			n[use_of((enum fp_held)i)] =
				idle * (double)look->n_held[i] / (double)n_all;
		return;
	}
	n[FP_USE_RETRY] = FP_MIN(idle, (double)n_own);
	idle -= n[FP_USE_RETRY];
	n[FP_USE_BETWEEN] = FP_MIN(idle, (double)look->n_held[FP_HELD_SLOT]);
	idle -= n[FP_USE_BETWEEN];
	n[use_of_ends(ends)] += idle;
}

void
fp_ledger_look(struct fp_ledger *ledger, struct fp_pool *pool,
	const struct fp_ends *ends, int64_t now_ns)
{
	double n[FP_USE_COUNT];
	struct fp_look look;

	if (!ledger->books || ledger->end_ns > 0)
		return;
	fp_pool_look(pool, &look);
	fp_ledger_uses(&look, ends, ledger->n_jobs, n);
	fp_mutex_lock(&ledger->lock);
	fp_timeline_see(&ledger->books->timeline, n,
		ledger->seen_ns - ledger->start_ns, now_ns - ledger->start_ns);
	fp_mutex_unlock(&ledger->lock);
	int64_t wait_ns = (now_ns - ledger->start_ns) / LOOKS;
	wait_ns = FP_MIN(FP_MAX(wait_ns, LOOK_MIN_NS), LOOK_MAX_NS);
	ledger->seen_ns = now_ns;
	ledger->due_ns = now_ns + wait_ns;
}

void
fp_ledger_end(struct fp_ledger *ledger, int64_t now_ns)
{
	ledger->due_ns = INT64_MAX;
	if (ledger->end_ns == 0)
		ledger->end_ns = now_ns;
}

/* ---- what it comes to ---- */

static void
add_processors(struct fp_figures *figures)
{
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used))
		return;
	figures->user_s = (double)used.ru_utime.tv_sec +
			  (double)used.ru_utime.tv_usec / 1e6;
	figures->system_s = (double)used.ru_stime.tv_sec +
			    (double)used.ru_stime.tv_usec / 1e6;
	figures->n_cpus = (unsigned)FP_MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);
}

/* The server that was waited for the longest. */
static void
add_answers(struct fp_figures *figures, const struct fp_servers *servers)
{
	const struct fp_server *most = NULL;
	uint64_t n_all = 0;

	for (unsigned i = 1; i < servers->n; i++) {
		const struct fp_server *server = &servers->all[i];
		n_all += server->n_requests;
		if (server->n_requests > 0 &&
			(!most || server->answer_ns > most->answer_ns))
			most = server;
	}
	if (!most)
		return;
	struct fp_figures_answers *answers = &figures->answers;
	uint64_t n = fp_spread_count(&most->later);
	double took_ns = (double)(most->last_ns - most->first_ns);
	fp_servers_short(most->name, answers->server, false);
	answers->part =
		n_all > 0 ? (double)most->n_requests / (double)n_all : 0;
	answers->n_first = most->n_first;
	answers->n_later = n;
	answers->in_flight = took_ns > 0 ? most->answer_ns / took_ns : 0;
	answers->least_s = (double)most->least_first_ns / 1e9;
	if (most->n_first > 0)
		answers->first_s = most->sum_first_ns / most->n_first / 1e9;
	answers->low_s = fp_spread_quantile_ns(&most->later, 0.1) / 1e9;
	answers->middle_s = fp_spread_quantile_ns(
				    n > 0 ? &most->later : &most->times, 0.5) /
			    1e9;
	if (n > 0) {
		double gap = most->sum_gap_ns / (double)n;
		answers->gap_s = gap / 1e9;
		answers->later_s = most->sum_later_ns / (double)n / 1e9;
		answers->unevenness =
			gap > 0 ? most->sum_gap2 / (double)n / (gap * gap) - 1
				: 0;
	}
}

static void
add_limits(struct fp_figures *figures, const struct fp_servers *servers,
	int64_t now_ns)
{
	for (unsigned i = 0; i < servers->n; i++) {
		const struct fp_server *server = &servers->all[i];
		double paused_s =
			(double)fp_servers_paused_ns(server, now_ns) / 1e9;
		figures->n_pauses += server->n_pauses;
		figures->n_pausing += server->n_pauses > 0;
		if (server->n_pauses > 0 && paused_s >= figures->paused_s) {
			figures->paused_s = paused_s;
			figures->n_server_pauses = server->n_pauses;
			figures->pause_status = server->pause_status;
			figures->n_paused_fine = server->n_fine;
			fp_servers_short(server->name, figures->pausing, false);
		}
		if (server->learned[0] && !figures->learned[0]) {
			snprintf(figures->learned, sizeof(figures->learned),
				"%s", server->learned);
			fp_servers_short(
				server->name, figures->learned_of, false);
		}
		if (server->n_errors > figures->n_errors) {
			figures->n_errors = server->n_errors;
			figures->last_error = server->last_error;
			fp_servers_short(server->name, figures->failing, false);
		}
		figures->n_requests += server->n_requests;
		figures->n_reused += server->n_reused;
	}
}

static void
add_uses(struct fp_figures *figures, const struct fp_timeline *timeline,
	int64_t took_ns)
{
	size_t n_bins = fp_timeline_count(timeline, took_ns);
	double use_ns[FP_USE_COUNT];

	for (size_t i = 0; i < n_bins; i++) {
		fp_timeline_account(timeline, i, figures->n_jobs, took_ns,
			figures->is_over, use_ns);
		for (int use = 0; use < FP_USE_COUNT; use++)
			figures->use_s[use] += use_ns[use] / 1e9;
		figures->n_done += timeline->bins[i].n_done;
		figures->n_failed += timeline->bins[i].n_failed;
		figures->n_retried += timeline->bins[i].n_retried;
	}
}

#define THIRD_LEAST 20 /* requests */

/* The quartiles of what is in these bins. */
static void
third_of(const struct fp_timeline *timeline, size_t from, size_t to,
	double *low_s, double *middle_s, double *high_s)
{
	struct fp_spread spread = {{0}};

	for (size_t i = from; i < to; i++)
		fp_spread_join(&spread, &timeline->bins[i].times);
	if (fp_spread_count(&spread) < THIRD_LEAST)
		return;
	*middle_s = fp_spread_quantile_ns(&spread, 0.5) / 1e9;
	*low_s = fp_spread_quantile_ns(&spread, 0.25) / 1e9;
	*high_s = fp_spread_quantile_ns(&spread, 0.75) / 1e9;
}

static void
add_thirds(struct fp_figures *figures, const struct fp_timeline *timeline,
	int64_t took_ns)
{
	size_t n = fp_timeline_count(timeline, took_ns);

	third_of(timeline, 0, n / 3, &figures->early_low_s, &figures->early_s,
		&figures->early_high_s);
	third_of(timeline, n - n / 3, n, &figures->late_low_s, &figures->late_s,
		&figures->late_high_s);
}

static void
add_slowest(struct fp_figures *figures, const struct fp_worst *worst)
{
	const struct fp_slow *sorted[FP_WORST_SLOW];

	if (worst->n_slow == 0)
		return;
	fp_worst_sort(worst, sorted);
	figures->slow_seq = sorted[0]->seq;
	figures->slow_s = (double)sorted[0]->time_ns / 1e9;
}

void
fp_ledger_figures(
	struct fp_ledger *ledger, struct fp_figures *figures, int64_t now_ns)
{
	struct fp_ledger_books *books = ledger->books;
	int64_t took_ns = (ledger->end_ns > 0 ? ledger->end_ns : now_ns) -
			  ledger->start_ns;

	*figures = (struct fp_figures){
		.n_jobs = ledger->n_jobs,
		.seconds = (double)took_ns / 1e9,
		.is_over = ledger->end_ns > 0,
	};
	fp_mutex_lock(&ledger->lock);
	add_uses(figures, &books->timeline, took_ns);
	add_answers(figures, &books->servers);
	add_limits(figures, &books->servers, ledger->start_ns + took_ns);
	add_slowest(figures, &books->worst);
	add_thirds(figures, &books->timeline, took_ns);
	fp_mutex_unlock(&ledger->lock);
	add_processors(figures);
}
