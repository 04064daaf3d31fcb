/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "dryrun.h"

#include "msg.h"

#include <inttypes.h>
#include <stdio.h>

#define KIB ((uint64_t)1 << 10)

/* What fetchpool(1) says of memory. */
#define BASE_BYTES (16 * KIB * KIB)
#define JOB_BYTES (256 * KIB)
#define LINES 4 /* a line, its values, and its URL, without a password too */
#define URLS 4 /* one that is longer than a line: as above, and in libcurl */
#define PLACE_BYTES (16 * KIB)
#define HOPS_BYTES (24 * KIB)
#define JOURNAL_BYTES (8 * KIB * KIB) /* where a run goes on */
#define HELD_BYTES (64 * KIB * KIB) /* and its input cannot be read again */

#define NAME_SHOWN 100

/* Rounded up, to a tenth of the unit. */
static const char *
dryrun_write_size(uint64_t bytes, char text[32])
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	uint64_t unit = 1;
	size_t i = 0;

	while (i + 1 < FP_ARRAY_LEN(names) && bytes / unit >= KIB) {
		unit *= KIB;
		i++;
	}
	uint64_t whole = bytes / unit;
	uint64_t tenths = (bytes % unit * 10 + unit - 1) / unit;
	whole += tenths / 10;
	if (tenths % 10)
		snprintf(text, 32, "%" PRIu64 ".%" PRIu64 " %s", whole,
			tenths % 10, names[i]);
	else
		snprintf(text, 32, "%" PRIu64 " %s", whole, names[i]);
	return text;
}

/* In seconds, to the millisecond, rounded down, so that it stays the least;
 * and if those are many, in two larger units. */
static const char *
dryrun_write_time(int64_t ns, char text[64])
{
	static const struct {
		const char *name;
		int64_t s;
	} units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
	int64_t s = ns / FP_NS_PER_S;
	int len;

	if (ns >= FP_FORECAST_MAX_NS)
		return "more than 70 years";
	if (s < 120) {
		len = snprintf(text, 64, "%" PRId64 ".%03" PRId64, s,
			ns % FP_NS_PER_S / FP_NS_PER_MS);
		while (text[len - 1] == '0')
			len--;
		len -= text[len - 1] == '.';
		snprintf(text + len, 64 - (size_t)len, " s");
		return text;
	}
	len = snprintf(text, 64, "%" PRId64 " s", s);
	size_t i = 0;
	while (s < units[i].s)
		i++;
	snprintf(text + len, 64 - (size_t)len,
		" (%" PRId64 " %s %" PRId64 " %s)", s / units[i].s,
		units[i].name, s % units[i].s / units[i + 1].s,
		units[i + 1].name);
	return text;
}

/* "2 hosts: https://api.example.com:443 (120), http://localhost:80 (3)" */
static void
tell_hosts(const struct fp_forecast *forecast)
{
	char text[FP_FORECAST_HOSTS * (NAME_SHOWN + 32)];
	size_t len = 0, n = forecast->n_hosts;

	for (size_t i = 0; i < FP_MIN(n, FP_FORECAST_HOSTS); i++) {
		const struct fp_forecast_host *host = &forecast->hosts[i];
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s%.*s (%" PRIu64 ")", i > 0 ? ", " : "", NAME_SHOWN,
			host->origin, host->n);
	}
	if (n > 0)
		fp_msg_note("%s%zu host%s: %s%s",
			forecast->has_more_hosts ? "more than " : "", n,
			n == 1 ? "" : "s", text,
			n > FP_FORECAST_HOSTS ? ", and more" : "");
}

/* Which limits there are, and what each would do alone. */
static void
dryrun_tell_time(const struct fp_forecast *forecast)
{
	const struct {
		const char *name;
		int64_t ns;
	} limits[] = {
		{"--rate", forecast->rate_ns},
		{"--host-rate", forecast->host_rate_ns},
		{"--delay", forecast->delay_ns},
	};
	char text[200] = "", time[64];
	size_t len = 0;

	for (size_t i = 0; i < FP_ARRAY_LEN(limits); i++) {
		if (limits[i].ns < 0)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s%s %s", len ? ", " : "", limits[i].name,
			dryrun_write_time(limits[i].ns, time));
	}
	if (len > 0)
		fp_msg_note("at least %s until the last request (%s)",
			dryrun_write_time(forecast->least_ns, time), text);
	else
		fp_msg_note("no rate or delay limits the requests");
}

static uint64_t
dryrun_add_up(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* The formula of fetchpool(1), with its numbers put in. */
static void
tell_memory(const struct fp_settings *settings, size_t longest_url,
	size_t filled, bool is_file)
{
	const struct fp_options *pool = &settings->pool;
	uint64_t window = pool->window ? pool->window
				       : FP_MAX(4 * (uint64_t)pool->jobs, 256);
	uint64_t max_line = settings->input.max_line;
	uint64_t url = longest_url > max_line ? longest_url : 0;
	uint64_t place = PLACE_BYTES + LINES * max_line + filled +
			 (pool->want_hops ? HOPS_BYTES : 0);
	uint64_t sum = BASE_BYTES + pool->jobs * JOB_BYTES + pool->data.len;
	char total[32], line[32], memory[32], body[32], size[32];
	char text[64] = "", data[64] = "", urls[128] = "";
	bool is_held = settings->resumes && !is_file;

	sum = dryrun_add_up(sum, window * place);
	sum = dryrun_add_up(sum, pool->max_memory);
	sum = dryrun_add_up(sum, pool->max_body + pool->max_body / 2);
	if (settings->resumes)
		sum = dryrun_add_up(sum, JOURNAL_BYTES);
	if (is_held)
		sum = dryrun_add_up(sum, HELD_BYTES);
	sum = dryrun_add_up(sum, (window + pool->jobs) * URLS * url);
	if (url > 0)
		snprintf(urls, sizeof(urls),
			" + (%" PRIu64 " places + %u jobs) x 4 x %s of URL",
			window, pool->jobs, dryrun_write_size(url, size));
	if (filled > 0)
		snprintf(text, sizeof(text), " + %s filled in",
			dryrun_write_size(filled, size));
	if (pool->data.len > 0)
		snprintf(data, sizeof(data), " + %s of data",
			dryrun_write_size(pool->data.len, size));
	fp_msg_note(
		"a run needs less than %s of memory: 16 MiB + %u jobs x 256 "
		"KiB + %" PRIu64
		" places x (16 KiB + 4 x %s%s%s)%s + %s + 1.5 x "
		"%s%s%s%s",
		dryrun_write_size(sum, total), pool->jobs, window,
		dryrun_write_size(max_line, line), text,
		pool->want_hops ? " + 24 KiB of hops" : "", urls,
		dryrun_write_size(pool->max_memory, memory),
		dryrun_write_size(pool->max_body, body), data,
		settings->resumes ? " + 8 MiB of journal" : "",
		is_held ? " + 64 MiB of lines" : "");
}

void
fp_dryrun_tell(const struct fp_settings *settings, struct fp_pool *pool,
	uint64_t n_items, size_t filled, bool is_file)
{
	struct fp_forecast forecast;

	fp_pool_forecast(pool, &forecast);
	fp_msg_note("dry run: %" PRIu64 " item%s, %" PRIu64
		    " request%s, none sent",
		n_items, n_items == 1 ? "" : "s", forecast.n_requests,
		forecast.n_requests == 1 ? "" : "s");
	tell_hosts(&forecast);
	dryrun_tell_time(&forecast);
	tell_memory(settings, forecast.longest_url, filled, is_file);
}
