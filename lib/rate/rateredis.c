/* SPDX-License-Identifier: MIT */
/*
 * WHO MAY TOUCH WHAT. The lock is over the lease, which all threads use, and
 * over `is_closing`, `is_asking` and `error`. All else is the thread's alone,
 * or, before and after it runs, the owner's. The lock is not held while the
 * server is asked, nor while anyone is called.
 *
 * Times are those of CLOCK_BOOTTIME, as what was lent ends while the machine
 * sleeps, too.
 */
#include "base.h"

#include "rateredis.h"

#include "clock.h"
#include "random.h"
#include "rateplace.h"
#include "ratescript.h"
#include "redislink.h"
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

/* What comes of asking. */
enum rateredis_end {
	RATEREDIS_WELL,
	RATEREDIS_LATER, /* it may be mended */
	RATEREDIS_NEVER, /* it may not */
};

struct fp_rateredis {
	struct fp_rateplace place;
	struct fp_redislink *link;
	struct fp_ratescript script;
	struct fp_ratelease_call call;
	int64_t from_us[FP_RATELEASE_ASK_MAX];
	struct fp_buf said;
	char sum[64]; /* the script's; "": to be sent whole */
	uint64_t random;
	struct fp_rateredis_calls calls;
	int64_t connect_ms;

	/* Of the server's being there. */
	unsigned n_failed; /* times in a row */
	bool is_gone; /* and this was told */
	int64_t told_ns;

	struct fp_mutex lock;
	struct fp_cond work, rest; /* something is due; is_asking is false */
	struct fp_ratelease lease;
	bool is_closing;
	bool is_asking;
	bool has_failed;
	int64_t again_ns; /* no call before; 0: at once */
	struct fp_thread thread;
	bool has_thread;
};

/* ---- one exchange ---- */

static struct fp_redisarg
rateredis_arg(const char *text)
{
	return (struct fp_redisarg){text, strlen(text)};
}

/* Puts what the server said into `why`, without what disturbs a terminal. */
static void
rateredis_quote(const struct fp_rateredis *redis, char *why, size_t size)
{
	const char *text = fp_buf_text(&redis->said);
	size_t n = 0;

	for (; *text && n + 1 < size && n < 150; text++)
		why[n++] = *text >= ' ' && *text < 127 ? *text : '?';
	why[n] = '\0';
}

static bool
says(const struct fp_rateredis *redis, const char *word)
{
	const char *text = fp_buf_text(&redis->said);
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0;
}

/* An error that passes, as the server starts, is busy, or is no master. */
static bool
says_later(const struct fp_rateredis *redis)
{
	static const char *const words[] = {"LOADING", "BUSY", "MASTERDOWN",
		"READONLY", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS",
		"UNKILLABLE", "ERR max number of clients"};

	for (size_t i = 0; i < FP_ARRAY_LEN(words); i++) {
		if (says(redis, words[i]))
			return true;
	}
	return false;
}

static enum rateredis_end
judge_error(struct fp_rateredis *redis, char *why, size_t size)
{
	char text[200];

	rateredis_quote(redis, text, sizeof(text));
	if (says_later(redis)) {
		fp_redislink_close(redis->link);
		snprintf(why, size, "%s", text);
		return RATEREDIS_LATER;
	}
	if (says(redis, "OOM"))
		snprintf(why, size,
			"the server has no memory left for the count "
			"(maxmemory)");
	else if (says(redis, "NOAUTH"))
		snprintf(why, size, "the server wants a password");
	else if (says(redis, "WRONGPASS"))
		snprintf(why, size, "wrong user or password");
	else if (says(redis, "MOVED") || says(redis, "ASK "))
		snprintf(why, size,
			"another server of its cluster has the key: %s", text);
	else
		snprintf(why, size, "the server refuses: %s", text);
	return RATEREDIS_NEVER;
}

static enum rateredis_end
rateredis_exchange(struct fp_rateredis *redis, const struct fp_redisarg *args,
	size_t n, int64_t timeout_ms, char *why, size_t size)
{
	switch (fp_redislink_ask(
		redis->link, args, n, timeout_ms, &redis->said)) {
	case FP_REDIS_OK:
		return RATEREDIS_WELL;
	case FP_REDIS_ERROR:
		return judge_error(redis, why, size);
	case FP_REDIS_BROKEN:
		rateredis_quote(redis, why, size);
		return RATEREDIS_LATER;
	case FP_REDIS_STRANGE:
		break;
	}
	rateredis_quote(redis, why, size);
	return RATEREDIS_NEVER;
}

/* ---- greeting a server ---- */

static enum rateredis_end
rateredis_log_in(struct fp_rateredis *redis, char *why, size_t size)
{
	const struct fp_rateplace *place = &redis->place;
	struct fp_redisarg args[3] = {rateredis_arg("AUTH")};
	size_t n = 1;

	if (!place->password)
		return RATEREDIS_WELL;
	if (place->user)
		args[n++] = rateredis_arg(place->user);
	args[n++] = rateredis_arg(place->password);
	return rateredis_exchange(redis, args, n, ASK_MS, why, size);
}

static enum rateredis_end
choose_db(struct fp_rateredis *redis, char *why, size_t size)
{
	char db[16];

	if (redis->place.db == 0)
		return RATEREDIS_WELL;
	snprintf(db, sizeof(db), "%u", redis->place.db);
	struct fp_redisarg args[] = {
		rateredis_arg("SELECT"), rateredis_arg(db)};
	return rateredis_exchange(redis, args, 2, ASK_MS, why, size);
}

/* Which run of the server it is. */
static enum rateredis_end
ask_run(struct fp_rateredis *redis, char *why, size_t size)
{
	struct fp_redisarg args[] = {
		rateredis_arg("INFO"), rateredis_arg("server")};
	enum rateredis_end end =
		rateredis_exchange(redis, args, 2, ASK_MS, why, size);

	if (end != RATEREDIS_WELL)
		return end;
	const char *at = strstr(fp_buf_text(&redis->said), "\nrun_id:");
	at = at ? at + 8 : "-";
	snprintf(redis->script.run, sizeof(redis->script.run), "%.*s",
		(int)FP_MIN(strcspn(at, "\r\n"), 60), at);
	return RATEREDIS_WELL;
}

/* Has it keep the script. Where that is not allowed, it is sent each time. */
static enum rateredis_end
load_script(struct fp_rateredis *redis, char *why, size_t size)
{
	struct fp_redisarg args[] = {rateredis_arg("SCRIPT"),
		rateredis_arg("LOAD"), rateredis_arg(fp_ratescript_text)};
	enum rateredis_end end =
		rateredis_exchange(redis, args, 3, ASK_MS, why, size);

	redis->sum[0] = '\0';
	if (end == RATEREDIS_WELL && redis->said.len < sizeof(redis->sum))
		snprintf(redis->sum, sizeof(redis->sum), "%s",
			fp_buf_text(&redis->said));
	return fp_redislink_is_open(redis->link) ? RATEREDIS_WELL : end;
}

static enum rateredis_end
rateredis_connect(
	struct fp_rateredis *redis, int64_t timeout_ms, char *why, size_t size)
{
	static enum rateredis_end (*const steps[])(struct fp_rateredis *,
		char *,
		size_t) = {rateredis_log_in, choose_db, ask_run, load_script};
	enum rateredis_end end = RATEREDIS_WELL;

	if (fp_redislink_is_open(redis->link))
		return RATEREDIS_WELL;
	if (fp_redislink_connect(redis->link, timeout_ms, why, size))
		return RATEREDIS_LATER;
	for (size_t i = 0; end == RATEREDIS_WELL && i < FP_ARRAY_LEN(steps);
		i++)
		end = steps[i](redis, why, size);
	if (end != RATEREDIS_WELL)
		fp_redislink_close(redis->link);
	return end;
}

/* ---- one call ---- */

/* Has the script run, with what script->args say. */
static enum rateredis_end
run_script(
	struct fp_rateredis *redis, int64_t timeout_ms, char *why, size_t size)
{
	struct fp_redisarg *args = redis->script.args;
	size_t n = redis->script.n_args;
	enum rateredis_end end = RATEREDIS_NEVER;

	if (redis->sum[0]) {
		args[0] = rateredis_arg("EVALSHA");
		args[1] = rateredis_arg(redis->sum);
		end = rateredis_exchange(redis, args, n, timeout_ms, why, size);
		if (end != RATEREDIS_NEVER || !says(redis, "NOSCRIPT"))
			return end;
	}
	args[0] = rateredis_arg("EVAL");
	args[1] = rateredis_arg(fp_ratescript_text);
	return rateredis_exchange(redis, args, n, timeout_ms, why, size);
}

/* `call` is made; it is made known to the server. */
static enum rateredis_end
make_call(struct fp_rateredis *redis, struct fp_ratelease_answer *answer,
	int64_t timeout_ms, int64_t *begun_ns, int64_t *full_us, char *why,
	size_t size)
{
	enum rateredis_end end =
		rateredis_connect(redis, redis->connect_ms, why, size);

	if (end != RATEREDIS_WELL)
		return end;
	if (fp_ratescript_make(&redis->script, &redis->call,
		    fp_random_next(&redis->random))) {
		snprintf(why, size, "out of memory");
		return RATEREDIS_LATER;
	}
	*begun_ns = fp_clock_boot_ns();
	end = run_script(redis, timeout_ms, why, size);
	if (end != RATEREDIS_WELL)
		return end;
	switch (fp_ratescript_read(&redis->script, fp_buf_text(&redis->said),
		answer, redis->from_us, full_us, why, size)) {
	case FP_RATESCRIPT_OK:
		return RATEREDIS_WELL;
	case FP_RATESCRIPT_OTHER:
	case FP_RATESCRIPT_TYPE:
	case FP_RATESCRIPT_ODD:
		break;
	}
	return RATEREDIS_NEVER;
}

/* What one call came to, to be told without the lock. */
struct rateredis_result {
	enum rateredis_end end;
	bool has_come, is_lost;
	int64_t full_us;
	char why[300];
};

/* Asks once. Under the lock, but not while the server is asked. */
static void
rateredis_ask(
	struct fp_rateredis *redis, bool ends, struct rateredis_result *result)
{
	struct fp_ratelease_answer answer = {.n = 0};
	int64_t begun_ns = 0;

	result->why[0] = '\0';
	fp_ratelease_ask(&redis->lease, &redis->call, ends, fp_clock_boot_ns());
	redis->is_asking = true;
	fp_mutex_unlock(&redis->lock);
	result->end = make_call(redis, &answer, ends ? LAST_MS : ASK_MS,
		&begun_ns, &result->full_us, result->why, sizeof(result->why));
	fp_mutex_lock(&redis->lock);
	redis->is_asking = false;
	fp_cond_broadcast(&redis->rest);
	int64_t now_ns = fp_clock_boot_ns();
	if (result->end == RATEREDIS_WELL) {
		fp_ratelease_hear(&redis->lease, &answer, begun_ns, now_ns);
		redis->again_ns = 0;
	} else {
		fp_ratelease_miss(&redis->lease, now_ns);
	}
	result->has_come = answer.n > 0;
	result->is_lost = answer.is_lost;
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
	case RATEREDIS_WELL:
		note_well(redis, result);
		break;
	case RATEREDIS_LATER:
		note_gone(redis, result->why);
		break;
	case RATEREDIS_NEVER:
		fp_redislink_close(redis->link);
		if (redis->calls.fail)
			redis->calls.fail(redis->calls.arg, result->why);
		break;
	}
}

/* Until a call is due. Under the lock. */
static bool
rateredis_wait(struct fp_rateredis *redis)
{
	while (!redis->is_closing) {
		int64_t boot_ns = fp_clock_boot_ns();
		int64_t due_ns = FP_MAX(
			fp_ratelease_due_ns(&redis->lease), redis->again_ns);
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

static void
rateredis_main(void *arg)
{
	struct fp_rateredis *redis = arg;
	struct rateredis_result result = {.end = RATEREDIS_WELL};

	fp_mutex_lock(&redis->lock);
	while (rateredis_wait(redis)) {
		rateredis_ask(redis, false, &result);
		redis->has_failed = result.end == RATEREDIS_NEVER;
		bool is_closing = redis->is_closing;
		fp_mutex_unlock(&redis->lock);
		if (!is_closing)
			rateredis_note(redis, &result);
		fp_mutex_lock(&redis->lock);
		if (result.end == RATEREDIS_LATER)
			redis->again_ns = rateredis_again_ns(redis);
	}
	if (!redis->has_failed && fp_redislink_is_open(redis->link))
		rateredis_ask(redis, true, &result);
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
		fp_redislink_stop(redis->link);
	fp_mutex_unlock(&redis->lock);
	fp_thread_join(&redis->thread);
	redis->has_thread = false;
}

/* ---- what others ask ---- */

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
	*due_ns = at_ns == INT64_MAX ? INT64_MAX
				     : fp_clock_now_ns() + at_ns - now_ns;
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

/* ---- open and close ---- */

static int
rateredis_refuse(char *why, size_t size, int err, const char *what)
{
	snprintf(why, size, "%s", what);
	errno = err;
	return -1;
}

/* What can be said without the server. */
static int
rateredis_prepare(struct fp_rateredis *redis, const char *text,
	const struct fp_rates *rates, bool is_paced, char *why, size_t size)
{
	if (!fp_redislink_is_there())
		return rateredis_refuse(why, size, ENOTSUP,
			"fetchpool was built without hiredis, so a rate can "
			"only be shared in a file");
	if (fp_rateplace_parse(text, &redis->place, why, size)) {
		errno = EINVAL;
		return -1;
	}
	if (fp_ratescript_init(&redis->script, redis->place.key, rates,
		    is_paced, redis->random) == 0)
		return 0;
	return rateredis_refuse(why, size, EINVAL,
		"the key is too long, or a rate is over 1000000");
}

static void
rateredis_free(struct fp_rateredis *redis)
{
	fp_redislink_free(redis->link);
	fp_ratescript_destroy(&redis->script);
	fp_rateplace_destroy(&redis->place);
	fp_ratelease_destroy(&redis->lease);
	fp_buf_destroy(&redis->said);
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
rateredis_new(const struct fp_rates *rates)
{
	struct fp_rateredis *redis = calloc(1, sizeof(*redis));

	if (!redis)
		return NULL;
	fp_mutex_init(&redis->lock);
	fp_cond_init(&redis->work);
	fp_cond_init(&redis->rest);
	fp_ratelease_init(&redis->lease, rates);
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
	if (call->fired && call->fired_us && call->renewed && call->back)
		return redis;
	rateredis_free(redis);
	return NULL;
}

/* Meets the server for the first time. */
static int
rateredis_meet(struct fp_rateredis *redis, char *why, size_t size)
{
	struct rateredis_result result = {.end = RATEREDIS_WELL};

	fp_mutex_lock(&redis->lock);
	rateredis_ask(redis, false, &result);
	fp_mutex_unlock(&redis->lock);
	if (result.end == RATEREDIS_LATER)
		redis->n_failed = 1;
	if (result.end != RATEREDIS_NEVER)
		return 0;
	return rateredis_refuse(why, size, EBADMSG, result.why);
}

struct fp_rateredis *
fp_rateredis_open(const char *text, const struct fp_rates *rates, bool is_paced,
	const char *cafile, char *why, size_t size)
{
	struct fp_rateredis *redis = rateredis_new(rates);
	int ret = -1;

	if (!redis) {
		rateredis_refuse(why, size, ENOMEM, "out of memory");
		return NULL;
	}
	if (rateredis_prepare(redis, text, rates, is_paced, why, size) == 0) {
		redis->link = fp_redislink_new(&redis->place, cafile);
		ret = redis->link ? rateredis_meet(redis, why, size)
				  : rateredis_refuse(why, size, ENOMEM,
					    "out of memory or descriptors");
	}
	if (ret == 0)
		return redis;
	int err = errno;
	rateredis_free(redis);
	errno = err;
	return NULL;
}

int
fp_rateredis_check(
	const char *text, const struct fp_rates *rates, char *why, size_t size)
{
	struct fp_rateredis *redis = rateredis_new(rates);

	if (!redis)
		return rateredis_refuse(why, size, ENOMEM, "out of memory");
	int ret = rateredis_prepare(redis, text, rates, false, why, size);
	int err = errno;
	rateredis_free(redis);
	errno = err;
	return ret;
}

const char *
fp_rateredis_shown(const struct fp_rateredis *redis)
{
	return redis->place.shown;
}

void
fp_rateredis_close(struct fp_rateredis *redis)
{
	if (!redis)
		return;
	fp_rateredis_stop(redis);
	rateredis_free(redis);
}
