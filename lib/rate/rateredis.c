/* SPDX-License-Identifier: MIT */
/*
 * Two counts may be kept at the server: that of the run's rate, and that of
 * each host's. Each has its script and its call; the connection and what
 * becomes of it are one.
 *
 * WHO MAY TOUCH WHAT. The lock is over the lease and the hosts, which all
 * threads use, and over `is_closing`, `is_asking` and `has_failed`. All else is
 * the thread's alone, or, before and after it runs, the owner's. The lock is
 * not held while the server is asked, nor while anyone is called.
 *
 * Times are those of CLOCK_BOOTTIME, as what was lent ends while the machine
 * sleeps, too.
 */
#include "base.h"

#include "rateredis.h"

#include "clock.h"
#include "hostscript.h"
#include "random.h"
#include "ratehosts.h"
#include "ratescript.h"
#include "rediscall.h"
#include "thread.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What waits for the server waits no longer. */
#define FIRST_MS 2000
#define CONNECT_MS 3000
#define ASK_MS 1500
#define LAST_MS 300

/* Between attempts to connect. */
#define AGAIN_NS (250 * FP_NS_PER_MS)
#define AGAIN_MAX_NS (2 * FP_NS_PER_S)

/* A server that comes and goes is told of once in this time. */
#define TELL_AGAIN_NS (60 * FP_NS_PER_S)

enum rateredis_which {
	RATEREDIS_RUN,
	RATEREDIS_HOSTS,
	RATEREDIS_COUNTS,
};

_Static_assert(RATEREDIS_COUNTS == FP_REDISCALL_SCRIPTS, "one for each");

struct fp_rateredis {
	struct fp_rediscall server; /* runs a script for each of them */
	char hosts_key[300];
	bool is_on[RATEREDIS_COUNTS];
	struct fp_ratescript scripts[RATEREDIS_COUNTS];
	struct fp_ratelease_call call;
	int64_t from_us[FP_RATELEASE_ASK_MAX];
	uint64_t random;
	struct fp_rateredis_calls calls;
	int64_t connect_ms;

	/* Of the server's being there. */
	unsigned n_failed; /* times in a row */
	bool is_gone; /* and this was told */
	int64_t told_ns;

	struct fp_mutex lock;
	struct fp_cond work, rest; /* something is due; is_asking is false */
	struct fp_leaseclock clock; /* the lease's */
	struct fp_ratelease lease;
	struct fp_ratehosts hosts;
	bool is_closing;
	bool is_asking;
	bool has_failed;
	int64_t again_ns; /* no call before; 0: at once */
	struct fp_thread thread;
	bool has_thread;
};

/* ---- one call ---- */

/* What one call came to, to be told without the lock. */
struct rateredis_result {
	enum fp_rediscall_end end;
	bool has_come, is_lost;
	int64_t full_us;
	char why[300];
};

/* What the two kinds of calls have of an answer. */
struct rateredis_answer {
	struct fp_ratelease_answer run;
	struct fp_hostscript_head hosts;
	int64_t begun_ns;
};

static enum fp_ratescript_said
read_answer(struct fp_rateredis *redis, enum rateredis_which which,
	struct rateredis_answer *answer, struct rateredis_result *result)
{
	struct fp_ratescript *script = &redis->scripts[which];
	const char *text = fp_buf_text(&redis->server.said);

	if (which == RATEREDIS_HOSTS)
		return fp_hostscript_read(script, text, &answer->hosts,
			result->why, sizeof(result->why));
	return fp_ratescript_read(script, text, &answer->run, redis->from_us,
		&result->full_us, result->why, sizeof(result->why));
}

/* Makes what a call says. Under the lock. */
static int
rateredis_prepare_call(
	struct fp_rateredis *redis, enum rateredis_which which, bool ends)
{
	struct fp_ratescript *script = &redis->scripts[which];
	uint64_t seed = fp_random_next(&redis->random);
	int64_t now_ns = fp_clock_boot_ns();

	memcpy(script->run, redis->server.run, sizeof(script->run));
	if (which == RATEREDIS_HOSTS)
		return fp_ratehosts_ask(&redis->hosts, script, &redis->call,
			ends, seed, now_ns);
	fp_ratelease_ask(&redis->lease, &redis->call, ends, now_ns);
	return fp_ratescript_make(script, &redis->call, seed);
}

/* Takes what came of it. Under the lock. */
static void
rateredis_take(struct fp_rateredis *redis, enum rateredis_which which,
	struct rateredis_answer *answer, struct rateredis_result *result)
{
	int64_t now_ns = fp_clock_boot_ns();

	if (which == RATEREDIS_RUN) {
		if (result->end != FP_REDISCALL_WELL) {
			fp_ratelease_miss(&redis->lease, now_ns);
			return;
		}
		fp_leaseclock_hear(&redis->clock, answer->run.now_us,
			answer->begun_ns, now_ns);
		fp_ratelease_hear(&redis->lease, &answer->run, now_ns);
		result->has_come = answer->run.n > 0;
		result->is_lost = answer->run.is_lost;
		return;
	}
	if (result->end != FP_REDISCALL_WELL) {
		fp_ratehosts_miss(&redis->hosts, now_ns);
		return;
	}
	if (!fp_ratehosts_hear(&redis->hosts, &answer->hosts, answer->begun_ns,
		    now_ns, &result->full_us)) {
		result->end = FP_REDISCALL_NEVER;
		snprintf(result->why, sizeof(result->why), "unexpected reply");
	}
	result->is_lost = result->full_us > 0;
}

/* Has the server run what a call says, and reads what it says. */
static enum fp_rediscall_end
make_call(struct fp_rateredis *redis, enum rateredis_which which,
	int64_t timeout_ms, struct rateredis_answer *answer,
	struct rateredis_result *result)
{
	answer->begun_ns = fp_clock_boot_ns();
	enum fp_rediscall_end end = fp_rediscall_run(&redis->server, which,
		&redis->scripts[which].args, timeout_ms, result->why,
		sizeof(result->why));
	if (end != FP_REDISCALL_WELL)
		return end;
	return read_answer(redis, which, answer, result) == FP_RATESCRIPT_OK
		       ? FP_REDISCALL_WELL
		       : FP_REDISCALL_NEVER;
}

/* There is a connection: what is said on it depends on which run of the server
 * it is. */
static void
call_connected(struct fp_rateredis *redis, enum rateredis_which which,
	bool ends, struct rateredis_result *result)
{
	struct rateredis_answer answer = {.begun_ns = 0};

	if (rateredis_prepare_call(redis, which, ends)) {
		result->end = FP_REDISCALL_LATER;
		snprintf(result->why, sizeof(result->why), "out of memory");
	} else {
		fp_mutex_unlock(&redis->lock);
		result->end = make_call(
			redis, which, ends ? LAST_MS : ASK_MS, &answer, result);
		fp_mutex_lock(&redis->lock);
	}
	rateredis_take(redis, which, &answer, result);
}

/* Asks once. Under the lock, but not while the server is asked. */
static void
rateredis_ask(struct fp_rateredis *redis, enum rateredis_which which, bool ends,
	struct rateredis_result *result)
{
	*result = (struct rateredis_result){.end = FP_REDISCALL_WELL};
	redis->is_asking = true;
	fp_mutex_unlock(&redis->lock);
	result->end = fp_rediscall_connect(&redis->server, redis->connect_ms,
		result->why, sizeof(result->why));
	fp_mutex_lock(&redis->lock);
	if (result->end == FP_REDISCALL_WELL)
		call_connected(redis, which, ends, result);
	redis->is_asking = false;
	fp_cond_broadcast(&redis->rest);
	if (result->end == FP_REDISCALL_WELL)
		redis->again_ns = 0;
}

/* ---- the thread ---- */

static void
rateredis_tell(struct fp_rateredis *redis, enum fp_rateredis_news news,
	const char *why, int64_t wait_ns)
{
	if (redis->calls.tell)
		redis->calls.tell(redis->calls.arg, news, why, wait_ns);
}

/* It is not there. A single failure may be a restart, or a connection that was
 * closed: then it is there again at once. */
static void
note_gone(struct fp_rateredis *redis, const char *why)
{
	int64_t now_ns = fp_clock_boot_ns();

	if (++redis->n_failed < 2 || redis->is_gone)
		return;
	redis->is_gone = true;
	if (redis->told_ns > 0 && now_ns - redis->told_ns < TELL_AGAIN_NS)
		return;
	redis->told_ns = now_ns;
	rateredis_tell(redis, FP_RATEREDIS_GONE, why, 0);
}

static void
note_well(struct fp_rateredis *redis, const struct rateredis_result *result)
{
	redis->n_failed = 0;
	if (redis->is_gone) {
		redis->is_gone = false;
		rateredis_tell(redis, FP_RATEREDIS_BACK, "", 0);
	}
	if (result->is_lost)
		rateredis_tell(
			redis, FP_RATEREDIS_LOST, "", result->full_us * 1000);
	if (result->has_come && redis->calls.came)
		redis->calls.came(redis->calls.arg);
	if (redis->hosts.came && redis->calls.came_hosts)
		redis->calls.came_hosts(redis->calls.arg);
}

static int64_t
rateredis_again_ns(const struct fp_rateredis *redis)
{
	int64_t pause_ns = AGAIN_NS;

	for (unsigned i = 2; i < redis->n_failed && pause_ns < AGAIN_MAX_NS;
		i++)
		pause_ns *= 2;
	if (redis->n_failed < 2)
		return 0;
	return fp_clock_boot_ns() + FP_MIN(pause_ns, AGAIN_MAX_NS);
}

/* Says what a call came to. Not under the lock. */
static void
rateredis_note(
	struct fp_rateredis *redis, const struct rateredis_result *result)
{
	switch (result->end) {
	case FP_REDISCALL_WELL:
		note_well(redis, result);
		break;
	case FP_REDISCALL_LATER:
		note_gone(redis, result->why);
		break;
	case FP_REDISCALL_NEVER:
		fp_rediscall_close(&redis->server);
		if (redis->calls.fail)
			redis->calls.fail(redis->calls.arg, result->why);
		break;
	}
}

/* When a count is to be asked for. */
static int64_t
rateredis_due_ns(const struct fp_rateredis *redis, enum rateredis_which which)
{
	if (!redis->is_on[which])
		return INT64_MAX;
	int64_t due_ns = which == RATEREDIS_HOSTS
				 ? fp_ratehosts_due_ns(&redis->hosts)
				 : FP_MIN(fp_ratelease_due_ns(&redis->lease),
					   redis->lease.called_ns +
						   FP_RATELEASE_LOOK_NS);
	return FP_MAX(due_ns, redis->again_ns);
}

/* Until a call is due; which one it is. Under the lock. false: none is any
 * more. */
static bool
rateredis_wait(struct fp_rateredis *redis, enum rateredis_which *which)
{
	while (!redis->is_closing) {
		int64_t boot_ns = fp_clock_boot_ns();
		int64_t run_ns = rateredis_due_ns(redis, RATEREDIS_RUN);
		int64_t hosts_ns = rateredis_due_ns(redis, RATEREDIS_HOSTS);
		int64_t due_ns = FP_MIN(run_ns, hosts_ns);
		*which = hosts_ns < run_ns ? RATEREDIS_HOSTS : RATEREDIS_RUN;
		if (redis->has_failed)
			fp_cond_wait(&redis->work, &redis->lock);
		else if (due_ns <= boot_ns)
			return true;
		else
			fp_cond_wait_until(&redis->work, &redis->lock,
				fp_clock_now_ns() + due_ns - boot_ns);
	}
	return false;
}

/* Tells what has not been told yet, and gives back the rest. Under the lock. */
static void
rateredis_end(struct fp_rateredis *redis)
{
	struct rateredis_result result = {.end = FP_REDISCALL_WELL};
	int64_t end_ns = fp_clock_now_ns() + LAST_MS * FP_NS_PER_MS;

	if (redis->is_on[RATEREDIS_RUN])
		rateredis_ask(redis, RATEREDIS_RUN, true, &result);
	while (result.end == FP_REDISCALL_WELL &&
		fp_ratehosts_has_more(&redis->hosts) &&
		fp_clock_now_ns() < end_ns)
		rateredis_ask(redis, RATEREDIS_HOSTS, true, &result);
}

static void
rateredis_main(void *arg)
{
	struct fp_rateredis *redis = arg;
	struct rateredis_result result;
	enum rateredis_which which;

	fp_mutex_lock(&redis->lock);
	while (rateredis_wait(redis, &which)) {
		rateredis_ask(redis, which, false, &result);
		redis->has_failed = result.end == FP_REDISCALL_NEVER;
		bool is_closing = redis->is_closing;
		fp_mutex_unlock(&redis->lock);
		if (!is_closing)
			rateredis_note(redis, &result);
		fp_mutex_lock(&redis->lock);
		if (result.end == FP_REDISCALL_LATER)
			redis->again_ns = rateredis_again_ns(redis);
	}
	if (!redis->has_failed && fp_rediscall_is_open(&redis->server))
		rateredis_end(redis);
	fp_mutex_unlock(&redis->lock);
}

int
fp_rateredis_run(
	struct fp_rateredis *redis, const struct fp_rateredis_calls *calls)
{
	redis->calls = *calls;
	redis->connect_ms = CONNECT_MS;
	if (fp_thread_start(&redis->thread, 0, rateredis_main, redis))
		return -1;
	redis->has_thread = true;
	return 0;
}

void
fp_rateredis_stop(struct fp_rateredis *redis)
{
	if (!redis || !redis->has_thread)
		return;
	fp_mutex_lock(&redis->lock);
	redis->is_closing = true;
	fp_cond_broadcast(&redis->work);
	int64_t end_ns = fp_clock_now_ns() + LAST_MS * FP_NS_PER_MS;
	while (redis->is_asking &&
		fp_cond_wait_until(&redis->rest, &redis->lock, end_ns))
		;
	if (redis->is_asking)
		fp_rediscall_stop(&redis->server);
	fp_mutex_unlock(&redis->lock);
	fp_thread_join(&redis->thread);
	redis->has_thread = false;
}

/* ---- what others ask ---- */

static int64_t
on_our_clock(int64_t at_ns, int64_t boot_ns)
{
	return at_ns == INT64_MAX ? INT64_MAX
				  : fp_clock_now_ns() + at_ns - boot_ns;
}

int
fp_rateredis_reserve(
	struct fp_rateredis *redis, uint32_t *token, int64_t *due_ns)
{
	int64_t now_ns = fp_clock_boot_ns();
	int64_t at_ns = INT64_MAX;

	fp_mutex_lock(&redis->lock);
	bool was_hungry = redis->lease.is_hungry;
	int got = fp_ratelease_reserve(&redis->lease, token, &at_ns, now_ns);
	if (redis->lease.is_hungry && !was_hungry)
		fp_cond_signal(&redis->work);
	fp_mutex_unlock(&redis->lock);
	*due_ns = on_our_clock(at_ns, now_ns);
	return got;
}

int
fp_rateredis_commit(struct fp_rateredis *redis, uint32_t token)
{
	fp_mutex_lock(&redis->lock);
	int got = fp_ratelease_commit(&redis->lease, token, fp_clock_boot_ns());
	fp_mutex_unlock(&redis->lock);
	return got;
}

/* The thread need not be told when something is to be told by it, if it looks
 * again soon enough: it does while anything is lent. */
void
fp_rateredis_fire(struct fp_rateredis *redis, uint32_t token)
{
	fp_mutex_lock(&redis->lock);
	bool is_first = redis->lease.n_told == 0;
	fp_ratelease_fire(&redis->lease, token, fp_clock_boot_ns());
	if (is_first)
		fp_cond_signal(&redis->work);
	fp_mutex_unlock(&redis->lock);
}

void
fp_rateredis_give_back(struct fp_rateredis *redis, uint32_t token)
{
	fp_mutex_lock(&redis->lock);
	fp_ratelease_give_back(&redis->lease, token, fp_clock_boot_ns());
	fp_mutex_unlock(&redis->lock);
}

/* ---- of one host ---- */

struct fp_ratehost *
fp_rateredis_host_new(struct fp_rateredis *redis, const char *name, void *owner)
{
	fp_mutex_lock(&redis->lock);
	struct fp_ratehost *host = fp_ratehost_new(&redis->hosts, name, owner);
	fp_mutex_unlock(&redis->lock);
	return host;
}

void
fp_rateredis_host_free(struct fp_rateredis *redis, struct fp_ratehost *host)
{
	if (!host)
		return;
	fp_mutex_lock(&redis->lock);
	fp_ratehost_free(&redis->hosts, host, fp_clock_boot_ns());
	fp_mutex_unlock(&redis->lock);
}

void *
fp_rateredis_host_came(struct fp_rateredis *redis)
{
	fp_mutex_lock(&redis->lock);
	void *owner = fp_ratehosts_next_came(&redis->hosts);
	fp_mutex_unlock(&redis->lock);
	return owner;
}

/* Has the thread look again, if it is to ask earlier than it knew. */
static void
rateredis_hurry(struct fp_rateredis *redis, int64_t was_due_ns)
{
	if (fp_ratehosts_due_ns(&redis->hosts) < was_due_ns)
		fp_cond_signal(&redis->work);
}

bool
fp_rateredis_host_has_one(
	struct fp_rateredis *redis, struct fp_ratehost *host, int64_t *due_ns)
{
	int64_t now_ns = fp_clock_boot_ns();

	fp_mutex_lock(&redis->lock);
	int64_t was_due_ns = fp_ratehosts_due_ns(&redis->hosts);
	bool has_one = fp_ratehost_has_one(&redis->hosts, host, due_ns, now_ns);
	rateredis_hurry(redis, was_due_ns);
	fp_mutex_unlock(&redis->lock);
	if (!has_one)
		*due_ns = on_our_clock(*due_ns, now_ns);
	return has_one;
}

int
fp_rateredis_host_reserve(
	struct fp_rateredis *redis, struct fp_ratehost *host, uint32_t *token)
{
	int64_t due_ns;

	fp_mutex_lock(&redis->lock);
	int64_t was_due_ns = fp_ratehosts_due_ns(&redis->hosts);
	int got = fp_ratehost_reserve(
		&redis->hosts, host, token, &due_ns, fp_clock_boot_ns());
	rateredis_hurry(redis, was_due_ns);
	fp_mutex_unlock(&redis->lock);
	return got;
}

int
fp_rateredis_host_commit(
	struct fp_rateredis *redis, struct fp_ratehost *host, uint32_t token)
{
	fp_mutex_lock(&redis->lock);
	int got = fp_ratehost_commit(host, token, fp_clock_boot_ns());
	fp_mutex_unlock(&redis->lock);
	return got;
}

void
fp_rateredis_host_fire(
	struct fp_rateredis *redis, struct fp_ratehost *host, uint32_t token)
{
	fp_mutex_lock(&redis->lock);
	int64_t was_due_ns = fp_ratehosts_due_ns(&redis->hosts);
	fp_ratehost_fire(&redis->hosts, host, token, fp_clock_boot_ns());
	rateredis_hurry(redis, was_due_ns);
	fp_mutex_unlock(&redis->lock);
}

void
fp_rateredis_host_give_back(
	struct fp_rateredis *redis, struct fp_ratehost *host, uint32_t token)
{
	fp_mutex_lock(&redis->lock);
	fp_ratehost_give_back(&redis->hosts, host, token, fp_clock_boot_ns());
	fp_mutex_unlock(&redis->lock);
}

/* ---- open and close ---- */

static int
rateredis_refuse(char *why, size_t size, int err, const char *what)
{
	snprintf(why, size, "%s", what);
	errno = err;
	return -1;
}

static int
prepare_count(struct fp_rateredis *redis, enum rateredis_which which,
	const char *key, const struct fp_rates *rates, bool is_paced)
{
	static const char *const texts[] = {
		[RATEREDIS_RUN] = fp_ratescript_text,
		[RATEREDIS_HOSTS] = fp_hostscript_text,
	};
	redis->is_on[which] = rates->n > 0;
	if (!redis->is_on[which])
		return 0;
	redis->server.scripts[which].text = texts[which];
	return fp_ratescript_init(
		&redis->scripts[which], key, rates, is_paced, redis->random);
}

/* What can be said without the server. */
static int
rateredis_prepare(struct fp_rateredis *redis, const char *text,
	const struct fp_rateredis_rules *rules, char *why, size_t size)
{
	const char *lacks = fp_redislink_lacks();

	if (lacks)
		return rateredis_refuse(why, size, ENOTSUP, lacks);
	if (fp_rateplace_parse(text, &redis->server.place, why, size)) {
		errno = EINVAL;
		return -1;
	}
	const char *key = redis->server.place.key;
	int len = snprintf(redis->hosts_key, sizeof(redis->hosts_key),
		strchr(key, '{') ? "%s:hosts" : "{%s}:hosts", key);
	if (len < (int)sizeof(redis->hosts_key) &&
		prepare_count(redis, RATEREDIS_RUN, key, &rules->rates,
			rules->is_paced) == 0 &&
		prepare_count(redis, RATEREDIS_HOSTS, redis->hosts_key,
			&rules->host_rates, rules->is_paced) == 0)
		return 0;
	return rateredis_refuse(why, size, EINVAL,
		"the key is too long, or a rate is over 1000000");
}

static void
rateredis_free(struct fp_rateredis *redis)
{
	fp_rediscall_destroy(&redis->server);
	for (size_t i = 0; i < RATEREDIS_COUNTS; i++)
		fp_ratescript_destroy(&redis->scripts[i]);
	fp_ratelease_destroy(&redis->lease);
	fp_ratehosts_destroy(&redis->hosts);
	free(redis->call.fired);
	free(redis->call.fired_us);
	free(redis->call.renewed);
	free(redis->call.back);
	fp_cond_destroy(&redis->work);
	fp_cond_destroy(&redis->rest);
	fp_mutex_destroy(&redis->lock);
	free(redis);
}

static struct fp_rateredis *
rateredis_new(const struct fp_rateredis_rules *rules)
{
	struct fp_rateredis *redis = calloc(1, sizeof(*redis));

	if (!redis)
		return NULL;
	fp_mutex_init(&redis->lock);
	fp_cond_init(&redis->work);
	fp_cond_init(&redis->rest);
	fp_ratelease_init(&redis->lease, &rules->rates, &redis->clock);
	redis->connect_ms = FIRST_MS;
	redis->random =
		fp_random_seed((uint64_t)fp_clock_wall_ns() ^
			       (uint64_t)fp_clock_now_ns() << 20 ^
			       (uint64_t)getpid() << 44 ^ (uintptr_t)redis);
	struct fp_ratelease_call *call = &redis->call;
	size_t n = FP_RATELEASE_TELL_MAX;
	call->fired = calloc(n, sizeof(*call->fired));
	call->fired_us = calloc(n, sizeof(*call->fired_us));
	call->renewed = calloc(n, sizeof(*call->renewed));
	call->back = calloc(n, sizeof(*call->back));
	if (fp_ratehosts_init(&redis->hosts, &rules->host_rates) == 0 &&
		call->fired && call->fired_us && call->renewed && call->back)
		return redis;
	rateredis_free(redis);
	return NULL;
}

/* Meets the server for the first time. */
static int
rateredis_meet(struct fp_rateredis *redis, char *why, size_t size)
{
	struct rateredis_result result = {.end = FP_REDISCALL_WELL};

	fp_mutex_lock(&redis->lock);
	for (enum rateredis_which i = 0;
		i < RATEREDIS_COUNTS && result.end == FP_REDISCALL_WELL; i++) {
		if (redis->is_on[i])
			rateredis_ask(redis, i, false, &result);
	}
	fp_mutex_unlock(&redis->lock);
	if (result.end == FP_REDISCALL_LATER)
		redis->n_failed = 1;
	if (result.end != FP_REDISCALL_NEVER)
		return 0;
	return rateredis_refuse(why, size, EBADMSG, result.why);
}

struct fp_rateredis *
fp_rateredis_open(const char *text, const struct fp_rateredis_rules *rules,
	char *why, size_t size)
{
	struct fp_rateredis *redis = rateredis_new(rules);
	int ret = -1;

	if (!redis) {
		rateredis_refuse(why, size, ENOMEM, "out of memory");
		return NULL;
	}
	if (rateredis_prepare(redis, text, rules, why, size) == 0)
		ret = fp_rediscall_open(&redis->server, rules->cafile)
			      ? rateredis_refuse(why, size, ENOMEM,
					"out of memory or descriptors")
			      : rateredis_meet(redis, why, size);
	if (ret == 0)
		return redis;
	int err = errno;
	rateredis_free(redis);
	errno = err;
	return NULL;
}

int
fp_rateredis_check(const char *text, const struct fp_rateredis_rules *rules,
	char *why, size_t size)
{
	struct fp_rateredis *redis = rateredis_new(rules);

	if (!redis)
		return rateredis_refuse(why, size, ENOMEM, "out of memory");
	int ret = rateredis_prepare(redis, text, rules, why, size);
	int err = errno;
	rateredis_free(redis);
	errno = err;
	return ret;
}

const char *
fp_rateredis_shown(const struct fp_rateredis *redis)
{
	return redis->server.place.shown;
}

void
fp_rateredis_close(struct fp_rateredis *redis)
{
	if (!redis)
		return;
	fp_rateredis_stop(redis);
	rateredis_free(redis);
}
