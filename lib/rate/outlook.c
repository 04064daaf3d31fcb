/* SPDX-License-Identifier: MIT */
/*
 * How long a rate takes is not computed but tried: a limit like the one that a
 * run has is asked for one start after another, and the time is set to when it
 * gives that. So guards, several rates at once, pacing and shares are all in
 * it, whatever they are.
 *
 * Of the limits of hosts, the one of the busiest host is the last to be done,
 * and they are all alike. So there is one for all: it starts another request
 * whenever the busiest host has one more than any had before.
 *
 * Both are what no run can do better than. Together they may take longer than
 * each alone, which is not looked into.
 */
#include "base.h"

#include "outlook.h"

#include <string.h>

int
fp_outlook_init(
	struct fp_outlook *outlook, const struct fp_outlook_rules *rules)
{
	*outlook = (struct fp_outlook){.rules = *rules};
	outlook->hosts =
		calloc(FP_OUTLOOK_HOSTS_MAX, sizeof(outlook->hosts[0]));
	if (outlook->hosts && fp_hash_init(&outlook->by_name) == 0 &&
		fp_ratelimit_init(&outlook->run.limit, &rules->rates,
			rules->is_paced) == 0 &&
		fp_ratelimit_init(&outlook->host.limit, &rules->host_rates,
			rules->is_paced) == 0)
		return 0;
	fp_outlook_destroy(outlook);
	return -1;
}

void
fp_outlook_destroy(struct fp_outlook *outlook)
{
	fp_ratelimit_destroy(&outlook->run.limit);
	fp_ratelimit_destroy(&outlook->host.limit);
	free(outlook->hosts);
	fp_hash_destroy(&outlook->by_name);
	fp_buf_destroy(&outlook->names);
	memset(outlook, 0, sizeof(*outlook));
}

/* ---- time ---- */

/* One more start, as soon as may be. */
static int
advance(struct fp_outlook_clock *clock)
{
	struct fp_ratelimit *limit = &clock->limit;
	int64_t due_ns = fp_ratelimit_due_ns(limit, clock->now_ns);

	if (limit->rates.n == 0 || clock->now_ns == FP_FORECAST_MAX_NS)
		return 0;
	if (due_ns >= FP_FORECAST_MAX_NS) {
		clock->now_ns = FP_FORECAST_MAX_NS;
		return 0;
	}
	if (fp_ratelimit_take(limit, due_ns))
		return -1;
	fp_ratelimit_fire(limit, due_ns);
	clock->now_ns = due_ns;
	return 0;
}

/* Each slot pauses before each of its requests. */
static int64_t
find_delay_ns(const struct fp_outlook *outlook, uint64_t n)
{
	uint64_t jobs = outlook->rules.jobs;
	uint64_t turns = n / jobs + (n % jobs > 0);
	uint64_t delay_ns = outlook->rules.delay_ms * (uint64_t)FP_NS_PER_MS;
	uint64_t most = FP_FORECAST_MAX_NS;

	if (delay_ns > 0 && turns > most / delay_ns)
		return FP_FORECAST_MAX_NS;
	return (int64_t)(turns * delay_ns);
}

/* ---- hosts ---- */

static const char *
name_of(const struct fp_outlook *outlook, const struct fp_outlook_host *host)
{
	return outlook->names.data + host->name_at;
}

/* The one of this name; NULL: there is none yet. */
static struct fp_outlook_host *
outlook_find_host(const struct fp_outlook *outlook, uint64_t hash,
	const char *name, size_t len)
{
	for (struct fp_hash_link *link = fp_hash_find(&outlook->by_name, hash);
		link; link = fp_hash_find_next(link)) {
		struct fp_outlook_host *host =
			FP_CONTAINER(link, struct fp_outlook_host, link);
		const char *other = name_of(outlook, host);
		if (strncmp(other, name, len) == 0 && other[len] == '\0')
			return host;
	}
	return NULL;
}

/* *host: NULL if there are too many to tell it apart. */
static int
outlook_have_host(struct fp_outlook *outlook, const char *name, size_t len,
	struct fp_outlook_host **host)
{
	uint64_t hash = fp_hash_bytes(FP_HASH_EMPTY, name, len);
	struct fp_buf *names = &outlook->names;

	*host = outlook_find_host(outlook, hash, name, len);
	if (*host)
		return 0;
	if (outlook->n_hosts == FP_OUTLOOK_HOSTS_MAX) {
		outlook->has_more = true;
		return 0;
	}
	if (fp_buf_reserve(names, len + 1))
		return -1;
	*host = &outlook->hosts[outlook->n_hosts++];
	(*host)->name_at = names->len;
	fp_buf_add(names, name, len);
	fp_buf_add_char(names, '\0');
	fp_hash_add(&outlook->by_name, &(*host)->link, hash);
	return 0;
}

int
fp_outlook_add(struct fp_outlook *outlook, const char *origin, size_t len)
{
	struct fp_outlook_host *host;

	if (outlook_have_host(outlook, origin, len, &host))
		return -1;
	if (host && host->n == outlook->n_most) {
		if (advance(&outlook->host))
			return -1;
		outlook->n_most++;
	}
	if (advance(&outlook->run))
		return -1;
	outlook->n_requests++;
	if (host)
		host->n++;
	return 0;
}

/* ---- what it comes to ---- */

/* Puts a host among the busiest, if it is one of them. */
static void
outlook_rank(struct fp_forecast *forecast, const char *origin, uint64_t n)
{
	size_t i = FP_MIN(forecast->n_hosts, FP_FORECAST_HOSTS);

	if (i == FP_FORECAST_HOSTS && n <= forecast->hosts[i - 1].n)
		return;
	i = FP_MIN(i, FP_FORECAST_HOSTS - 1);
	for (; i > 0 && n > forecast->hosts[i - 1].n; i--)
		forecast->hosts[i] = forecast->hosts[i - 1];
	forecast->hosts[i] = (struct fp_forecast_host){origin, n};
}

void
fp_outlook_tell(const struct fp_outlook *outlook, struct fp_forecast *forecast)
{
	const struct fp_outlook_rules *rules = &outlook->rules;
	uint64_t n = outlook->n_requests;

	*forecast = (struct fp_forecast){
		.n_requests = n,
		.has_more_hosts = outlook->has_more,
		.rate_ns = rules->rates.n ? outlook->run.now_ns : -1,
		.host_rate_ns = rules->host_rates.n ? outlook->host.now_ns : -1,
		.delay_ns = rules->delay_ms ? find_delay_ns(outlook, n) : -1,
	};
	for (size_t i = 0; i < outlook->n_hosts; i++) {
		const struct fp_outlook_host *host = &outlook->hosts[i];
		if (host->n == 0)
			continue;
		outlook_rank(forecast, name_of(outlook, host), host->n);
		forecast->n_hosts++;
	}

	/* The first one has paused as well. */
	int64_t first_ns = n ? find_delay_ns(outlook, 1) : 0;
	int64_t rates_ns = FP_MAX(outlook->run.now_ns, outlook->host.now_ns);
	int64_t rest_ns = FP_FORECAST_MAX_NS - first_ns;
	forecast->least_ns = FP_MAX(
		first_ns + FP_MIN(rates_ns, rest_ns), forecast->delay_ns);
	forecast->least_ns = FP_MAX(forecast->least_ns, 0);
}
