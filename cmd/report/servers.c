/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "servers.h"

#include "hash.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define OTHERS "others"

/* How far a URL goes before its path. */
static size_t
base_of(const char *url)
{
	size_t len = strcspn(url, ":/?#");

	if (strncmp(url + len, "://", 3) == 0)
		len += 3;
	return len + strcspn(url + len, "/?#");
}

/* "HTTPS://user@Example.com/x": "https://example.com:443". */
static void
write_name(const char *url, size_t len, char name[FP_SERVERS_NAME_MAX])
{
	const char *host = strstr(url, "://");
	size_t scheme = host && host < url + len ? (size_t)(host - url) : 0;
	const char *end = url + len;

	host = scheme ? host + 3 : url;
	const char *at = memrchr(host, '@', (size_t)(end - host));
	if (at)
		host = at + 1;
	const char *colon = memrchr(host, ':', (size_t)(end - host));
	const char *bracket = memrchr(host, ']', (size_t)(end - host));
	bool has_port = colon && (!bracket || colon > bracket);
	bool is_tls = scheme == 5 && strncasecmp(url, "https", 5) == 0;
	snprintf(name, FP_SERVERS_NAME_MAX, "%s%.*s%s",
		is_tls ? "https://" : "http://",
		(int)FP_MIN((size_t)(end - host), 256), host,
		has_port ? ""
		: is_tls ? ":443"
			 : ":80");
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

void
fp_servers_short(
	const char *name, char text[FP_SERVERS_NAME_MAX], bool has_scheme)
{
	const char *host = strstr(name, "://");
	bool is_tls = strncmp(name, "https:", 6) == 0;

	host = host ? host + 3 : name;
	snprintf(text, FP_SERVERS_NAME_MAX, "%s", has_scheme ? name : host);
	size_t len = strlen(text), most = strlen(is_tls ? ":443" : ":80");
	if (len > most &&
		strcmp(text + len - most, is_tls ? ":443" : ":80") == 0)
		text[len - most] = '\0';
}

/* The place in the table of this hash, or the free one where it belongs. */
static size_t
servers_place(const struct fp_servers *servers, uint64_t hash)
{
	size_t n = FP_ARRAY_LEN(servers->table);
	size_t at = (size_t)(hash % n);

	while (servers->table[at].at > 0 && servers->table[at].hash != hash)
		at = (at + 1) % n;
	return at;
}

/* 0: there is no room. */
static unsigned
servers_add(struct fp_servers *servers, const char *url, size_t len)
{
	char name[FP_SERVERS_NAME_MAX];
	unsigned i = 1;

	write_name(url, len, name);
	while (i < servers->n && strcmp(servers->all[i].name, name) != 0)
		i++;
	if (i == servers->n) {
		if (i == FP_SERVERS_MAX)
			return 0;
		memcpy(servers->all[i].name, name, sizeof(name));
		servers->n++;
	}
	return i;
}

static unsigned
servers_look_up(struct fp_servers *servers, const char *url, size_t len)
{
	uint64_t hash = fp_hash_bytes(FP_HASH_EMPTY, url, len);
	size_t place = servers_place(servers, hash);

	if (servers->table[place].at > 0)
		return servers->table[place].at;
	if (servers->n_in_table >= FP_ARRAY_LEN(servers->table) / 2)
		return 0;
	unsigned i = servers_add(servers, url, len);
	if (i > 0) {
		servers->table[place].hash = hash;
		servers->table[place].at = i;
		servers->n_in_table++;
	}
	return i;
}

struct fp_server *
fp_servers_find(struct fp_servers *servers, const char *url)
{
	size_t len = servers->base_len;

	if (FP_LIKELY(len > 0 && strncmp(url, servers->base, len) == 0 &&
		      strchr("/?#", url[len])))
		return &servers->all[servers->last];
	if (servers->n == 0) {
		servers->n = 1;
		strcpy(servers->all[0].name, OTHERS);
	}
	len = base_of(url);
	servers->last = servers_look_up(servers, url, len);
	servers->base_len = len < sizeof(servers->base) ? len : 0;
	memcpy(servers->base, url, servers->base_len);
	return &servers->all[servers->last];
}

static void
count_status(struct fp_server *server, int status)
{
	size_t i = 0;

	while (i < FP_SERVERS_STATUSES && server->statuses[i].n > 0 &&
		server->statuses[i].status != status)
		i++;
	server->statuses[i].status = i < FP_SERVERS_STATUSES ? status : -1;
	server->statuses[i].n++;
}

static void
note_answer(struct fp_server *server, int64_t answer_ns, int64_t at_ns,
	unsigned n_jobs)
{
	double gap_ns = (double)FP_MAX(at_ns - server->answered_ns, 0);

	server->answered_ns = FP_MAX(server->answered_ns, at_ns);
	if (FP_LIKELY(server->n_first >= n_jobs)) {
		fp_spread_add(&server->later, answer_ns);
		server->sum_later_ns += (double)answer_ns;
		server->sum_gap_ns += gap_ns;
		server->sum_gap2 += gap_ns * gap_ns;
		return;
	}
	if (server->n_first++ == 0 || answer_ns < server->least_first_ns)
		server->least_first_ns = answer_ns;
	server->sum_first_ns += (double)answer_ns;
}

void
fp_servers_note(
	struct fp_server *server, const struct fp_span *span, unsigned n_jobs)
{
	int64_t answer_ns = span->phase_end_ns[FP_PHASE_ANSWER] -
			    span->phase_end_ns[FP_PHASE_ANSWER - 1];

	if (server->n_requests++ == 0)
		server->first_ns = span->start_ns;
	server->last_ns = FP_MAX(server->last_ns, span->end_ns);
	server->n_reused += span->is_reused;
	count_status(server, span->status);
	server->busy_ns += (double)(span->end_ns - span->start_ns);
	server->answer_ns += (double)answer_ns;
	fp_spread_add(&server->times, span->end_ns - span->start_ns);

	/* A refusal is not what others take long for. */
	if (span->status >= 200 && span->status < 400)
		note_answer(server, answer_ns,
			span->phase_end_ns[FP_PHASE_ANSWER], n_jobs);
}

bool
fp_servers_pause(
	struct fp_server *server, int status, int64_t now_ns, int64_t wait_ns)
{
	bool is_new = server->paused_until_ns <= now_ns;
	int64_t until_ns = wait_ns > INT64_MAX / 2 - now_ns ? INT64_MAX / 2
							    : now_ns + wait_ns;

	if (until_ns > server->paused_until_ns) {
		server->paused_ns +=
			until_ns - FP_MAX(server->paused_until_ns, now_ns);
		server->paused_until_ns = until_ns;
	}
	server->n_pauses += is_new;
	server->pause_status = status;
	return is_new;
}

int64_t
fp_servers_paused_ns(const struct fp_server *server, int64_t now_ns)
{
	return server->paused_ns - FP_MAX(server->paused_until_ns - now_ns, 0);
}

/* Leaves out each second one. */
static void
thin_jobs(struct fp_server *server, int64_t at_ns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < server->n_jobs; i += 2)
		server->jobs[n++] = server->jobs[i];
	server->n_jobs = n;
	server->jobs_gap_ns = at_ns / (FP_SERVERS_JOBS / 2);
}

void
fp_servers_jobs(struct fp_servers *servers, struct fp_server *server,
	unsigned n, int64_t at_ns)
{
	unsigned at = server->n_jobs;

	if (server == &servers->all[0])
		return;
	if (at > 1 && at_ns - server->jobs[at - 2].at_ns < server->jobs_gap_ns)
		at--;
	else if (at == FP_SERVERS_JOBS) {
		thin_jobs(server, at_ns);
		at = server->n_jobs;
	}
	server->jobs[at].at_ns = at_ns;
	server->jobs[at].n = n;
	server->n_jobs = at + 1;
}
