/* SPDX-License-Identifier: MIT */
/*
 * limiterservers: servers with a limit of each kind, as models: whether a
 * request that comes at some time is let through, and if not, how long it would
 * take; and the shortest time in which so many can pass.
 */
#ifndef FP_LIMITERSERVERS_H
#define FP_LIMITERSERVERS_H

#include "base.h"

#include "random.h"

#define S FP_NS_PER_S
#define MS FP_NS_PER_MS
#define T0 (1000 * S)

#define LOG_MAX 4096

enum kind {
	FIXED, /* windows that begin with the first request in them */
	CLOCK, /* windows that begin with the clock's */
	WHOLE_SECONDS, /* windows that begin with a whole second (mod_qos) */
	SLIDING_LOG,
	SLIDING_COUNTER, /* the window before counts by its part */
	BUCKET, /* tokens, as many at first as fit */
	WHOLE_BUCKET, /* each loses parts of tokens (vsthrottle) */
	LEAKY, /* one each so long, none saved */
	LEAKY_DELAY, /* the same, but up to `burst` wait their turn */
	COUNTS_REFUSED, /* a log of all that came */
	PROLONGS, /* a refusal begins the window anew */
	BLOCKS, /* a refusal is followed by so long of them */
	BANS, /* windows; the first refusal is followed by `burst` seconds of
		 them (rate-limiter-flexible) */
	FORGETS, /* fixed windows, of a server that starts anew at times */
	SHEDS, /* one of so many by chance, whatever the rate */
	NEVER, /* no to all but the first n */
	GAPS, /* counts on until nothing comes for a while (mod_evasive) */
	TICKS, /* a sliding counter in whole seconds that counts refused ones
		  too (fiber) */
	AT_ONCE, /* `n` at once, each of which takes a period */
	LOOSE, /* counts in every other second only; a refusal is followed by
		  `burst` seconds of them (asgi-ratelimit) */
};

enum hint {
	SILENT,
	EXACT,
	SECONDS_UP,
	SECONDS_DOWN,
	ZERO,
	SECOND_LATE,
	ALWAYS, /* the same, whatever it is */
};

struct server {
	const char *name;
	enum kind kind;
	int n;
	int64_t period_ns;
	enum hint hint;
	int status; /* FP_STATUS_CLOSED: it closes the connection instead */
	int burst;
	int64_t always_ns;
	int64_t rtt_ns; /* 0: 5 ms */
	int64_t takes_ns; /* what passes, besides */
	int64_t phase_ns; /* of its clock, when the run begins */
	int64_t n_used, used_ns; /* of it before the run, so long before */
	bool has_any_phase; /* another one with each seed */
	int64_t jitter_ns; /* on the way, up to so much each time */
	double ideal_s; /* if it is not that of its kind */
	double most_times; /* of the ideal time; 0: not held against it */
	double most_refused; /* of all requests, in percent */
	const char *forbids; /* items that are refused for good: every n-th */

	/* Fails whatever the limit says; NULL: nothing does. `now_ns` is since
	 * the begin. */
	bool (*breaks)(struct server *server, uint64_t seq, int64_t now_ns);

	/* State. */
	int64_t log[LOG_MAX];
	unsigned n_log;
	int64_t window_ns, until_ns, at_ns;
	int count, before;
	double tokens;
	uint64_t random;
};

/* How many of the log are younger than a period. */
static inline int
logged(const struct server *server, int64_t now_ns, int64_t *oldest_ns)
{
	int n = 0;

	*oldest_ns = now_ns;
	for (unsigned i = server->n_log; i > 0; i--) {
		int64_t at = server->log[(i - 1) % LOG_MAX];
		if (at + server->period_ns <= now_ns)
			break;
		*oldest_ns = at;
		n++;
	}
	return n;
}

static inline bool
ask_log(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	int64_t oldest_ns;
	bool passes = logged(server, now_ns, &oldest_ns) < server->n;

	if (passes || server->kind == COUNTS_REFUSED)
		server->log[server->n_log++ % LOG_MAX] = now_ns;
	*wait_ns = oldest_ns + server->period_ns - now_ns;
	return passes;
}

static inline bool
ask_window(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	int64_t period_ns = server->period_ns;

	if (server->window_ns == 0 || now_ns >= server->window_ns + period_ns) {
		server->window_ns = server->kind == CLOCK
					    ? now_ns - now_ns % period_ns
					    : now_ns;
		server->count = 0;
	}
	bool passes = server->count < server->n;
	server->count += passes;
	if (!passes && server->kind == PROLONGS)
		server->window_ns = now_ns;
	*wait_ns = server->window_ns + period_ns - now_ns;
	return passes;
}

static inline bool
ask_counter(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	int64_t period_ns = server->period_ns;
	int64_t window_ns = now_ns - now_ns % period_ns;

	if (window_ns != server->window_ns) {
		server->before = window_ns == server->window_ns + period_ns
					 ? server->count
					 : 0;
		server->window_ns = window_ns;
		server->count = 0;
	}
	double part = (double)(now_ns - window_ns) / (double)period_ns;
	double sum = server->count + server->before * (1 - part);
	bool passes = sum + 1 <= server->n;
	server->count += passes;
	*wait_ns = window_ns + period_ns - now_ns;
	return passes;
}

static inline bool
ask_bucket(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	double per_ns = (double)server->n / (double)server->period_ns;

	if (server->at_ns == 0)
		server->tokens = server->burst;
	else
		server->tokens += (double)(now_ns - server->at_ns) * per_ns;
	server->tokens = FP_MIN(server->tokens, server->burst);
	server->at_ns = now_ns;
	bool passes = server->tokens >= 1;
	server->tokens -= passes;
	*wait_ns = passes ? 0 : (int64_t)((1 - server->tokens) / per_ns);
	return passes;
}

static inline bool
ask_whole_bucket(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	int64_t each_ns = server->period_ns / server->n;
	int64_t n = server->at_ns == 0 ? server->burst
				       : (now_ns - server->at_ns) / each_ns;
	int64_t tokens = FP_MIN(server->count + n, server->burst);

	*wait_ns = each_ns;
	if (tokens == 0)
		return false;
	server->count = (int)tokens - 1;
	server->at_ns = now_ns;
	return true;
}

static inline bool
ask_leaky(struct server *server, int64_t now_ns, int64_t *wait_ns,
	int64_t *delay_ns)
{
	int64_t each_ns = server->period_ns / server->n;
	int64_t next_ns = FP_MAX(server->at_ns, now_ns);
	int64_t most_ns =
		server->kind == LEAKY_DELAY ? server->burst * each_ns : 0;
	bool passes = next_ns - now_ns <= most_ns;

	*wait_ns = next_ns - now_ns;
	if (passes) {
		*delay_ns = next_ns - now_ns;
		server->at_ns = next_ns + each_ns;
	}
	return passes;
}

static inline bool
ask_block(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	bool passes =
		now_ns >= server->until_ns && ask_log(server, now_ns, wait_ns);

	if (!passes)
		server->until_ns = now_ns + server->period_ns;
	*wait_ns = server->until_ns - now_ns;
	return passes;
}

static inline bool
ask_ban(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	if (server->until_ns > 0 && now_ns >= server->until_ns)
		server->until_ns = server->window_ns = 0;
	if (server->until_ns == 0 && ask_window(server, now_ns, wait_ns))
		return true;
	if (server->until_ns == 0)
		server->until_ns = now_ns + server->burst * S;
	*wait_ns = server->until_ns - now_ns;
	return false;
}

/* In whole seconds, as its clock has them; one more passes at first. */
static inline bool
ask_gaps(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	int64_t now_s = now_ns / S, period_s = server->period_ns / S;

	*wait_ns = server->period_ns;
	if (now_s < server->until_ns / S) {
		server->until_ns = (now_s + period_s) * S;
		return false;
	}
	bool is_soon =
		server->at_ns > 0 && now_s - server->at_ns / S < period_s;
	if (!is_soon)
		server->count = server->at_ns > 0 ? 0 : -1;
	bool passes = server->count < server->n;
	server->count++;
	server->at_ns = now_ns;
	if (!passes)
		server->until_ns = (now_s + period_s) * S;
	return passes;
}

static inline bool
ask_ticks(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	int64_t now_s = now_ns / S, period_s = server->period_ns / S;

	if (server->until_ns == 0)
		server->until_ns = now_s + period_s;
	if (now_s >= server->until_ns) {
		int64_t late_s = now_s - server->until_ns;
		server->before = late_s < period_s ? server->count : 0;
		server->count = 0;
		server->until_ns =
			now_s + period_s - (late_s < period_s ? late_s : 0);
	}
	double part = (double)(server->until_ns - now_s) / (double)period_s;
	server->count++;
	*wait_ns = (server->until_ns - now_s) * S;
	return (int)(server->before * part) + server->count <= server->n;
}

static inline bool
ask_loose(struct server *server, int64_t now_ns, int64_t *wait_ns)
{
	int64_t now_s = now_ns / S;

	*wait_ns = (server->until_ns - now_s) * S;
	if (now_s < server->until_ns)
		return false;
	if (server->window_ns == 0 || server->window_ns < now_s) {
		server->window_ns = now_s + 1;
		server->count = 0;
	}
	if (++server->count <= server->n || server->window_ns == now_s)
		return true;
	server->until_ns = now_s + server->burst;
	*wait_ns = server->burst * S;
	return false;
}

static inline bool
ask_at_once(struct server *server, int64_t now_ns, int64_t *wait_ns,
	int64_t *delay_ns)
{
	int64_t oldest_ns;

	*wait_ns = *delay_ns = server->period_ns;
	bool passes = logged(server, now_ns, &oldest_ns) < server->n;
	if (passes)
		server->log[server->n_log++ % LOG_MAX] = now_ns;
	return passes;
}

/* Whether the request is let through, after which delay; and if not, how long
 * it would take. */
static inline bool
ask_server(struct server *server, int64_t now_ns, int64_t *wait_ns,
	int64_t *delay_ns)
{
	*delay_ns = *wait_ns = 0;
	switch (server->kind) {
	case FORGETS:
		if (fp_random_evenly(&server->random, 20) == 0)
			server->window_ns = 0;
		return ask_window(server, now_ns, wait_ns);
	case FIXED:
	case CLOCK:
	case WHOLE_SECONDS:
	case PROLONGS:
		return ask_window(server, now_ns, wait_ns);
	case SLIDING_LOG:
	case COUNTS_REFUSED:
		return ask_log(server, now_ns, wait_ns);
	case SLIDING_COUNTER:
		return ask_counter(server, now_ns, wait_ns);
	case BUCKET:
		return ask_bucket(server, now_ns, wait_ns);
	case WHOLE_BUCKET:
		return ask_whole_bucket(server, now_ns, wait_ns);
	case LEAKY:
	case LEAKY_DELAY:
		return ask_leaky(server, now_ns, wait_ns, delay_ns);
	case BLOCKS:
		return ask_block(server, now_ns, wait_ns);
	case BANS:
		return ask_ban(server, now_ns, wait_ns);
	case SHEDS:
		*wait_ns = server->period_ns;
		return fp_random_evenly(
			       &server->random, (uint64_t)server->n - 1) > 0;
	case NEVER:
		return server->count++ < server->n;
	case GAPS:
		return ask_gaps(server, now_ns, wait_ns);
	case TICKS:
		return ask_ticks(server, now_ns, wait_ns);
	case AT_ONCE:
		return ask_at_once(server, now_ns, wait_ns, delay_ns);
	case LOOSE:
		return ask_loose(server, now_ns, wait_ns);
	}
	abort();
}

/* What one gets that asks all the time, and is only counted when let in. */
static inline double
greedy_s(const struct server *server, int n_items)
{
	struct server copy = *server;
	int64_t now_ns = T0, wait_ns, delay_ns;

	for (int n = 0; n < n_items; now_ns += 2 * MS)
		n += ask_server(&copy, now_ns, &wait_ns, &delay_ns);
	return (double)(now_ns - T0) / 1e9;
}

/* The shortest time in which so many can pass. */
static inline double
ideal_s(const struct server *server, int n_items)
{
	double period_s = (double)server->period_ns / 1e9;
	int rounds = (n_items + server->n - 1) / server->n - 1;

	if (server->ideal_s > 0)
		return server->ideal_s;
	switch (server->kind) {
	case BUCKET:
	case WHOLE_BUCKET:
		return FP_MAX(n_items - server->burst, 0) * period_s /
		       server->n;
	case LEAKY:
	case LEAKY_DELAY:
		return (n_items - 1) * period_s / server->n;
	case SLIDING_COUNTER:
		return greedy_s(server, n_items);
	case SHEDS:
	case NEVER:
		return 0;
	default:
		return rounds * period_s;
	}
}

#endif
