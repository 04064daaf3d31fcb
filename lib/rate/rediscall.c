/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "rediscall.h"

#include <stdio.h>
#include <string.h>

/* The longest wait for an answer to a greeting. */
#define ASK_MS 1500

/* ---- one exchange ---- */

static struct fp_redisarg
rediscall_arg(const char *text)
{
	return (struct fp_redisarg){text, strlen(text)};
}

/* Puts what the server said into `why`, without what disturbs a terminal. */
static void
rediscall_quote(const struct fp_rediscall *call, char *why, size_t size)
{
	const char *text = fp_buf_text(&call->said);
	size_t n = 0;

	for (; *text && n + 1 < size && n < 150; text++)
		why[n++] = *text >= ' ' && *text < 127 ? *text : '?';
	why[n] = '\0';
}

static bool
says(const struct fp_rediscall *call, const char *word)
{
	const char *text = fp_buf_text(&call->said);
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0;
}

/* An error that passes, as the server starts, is busy, or is no master. */
static bool
says_later(const struct fp_rediscall *call)
{
	static const char *const words[] = {"LOADING", "BUSY", "MASTERDOWN",
		"READONLY", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS",
		"UNKILLABLE", "ERR max number of clients"};

	for (size_t i = 0; i < FP_ARRAY_LEN(words); i++) {
		if (says(call, words[i]))
			return true;
	}
	return false;
}

static enum fp_rediscall_end
judge_error(struct fp_rediscall *call, char *why, size_t size)
{
	char text[200];

	rediscall_quote(call, text, sizeof(text));
	if (says_later(call)) {
		fp_redislink_close(call->link);
		snprintf(why, size, "%s", text);
		return FP_REDISCALL_LATER;
	}
	if (says(call, "OOM"))
		snprintf(why, size,
			"the server has no memory left for the count "
			"(maxmemory)");
	else if (says(call, "NOAUTH"))
		snprintf(why, size, "the server wants a password");
	else if (says(call, "WRONGPASS"))
		snprintf(why, size, "wrong user or password");
	else if (says(call, "MOVED") || says(call, "ASK "))
		snprintf(why, size,
			"another server of its cluster has the key: %s", text);
	else
		snprintf(why, size, "the server refuses: %s", text);
	return FP_REDISCALL_NEVER;
}

static enum fp_rediscall_end
rediscall_exchange(struct fp_rediscall *call, const struct fp_redisarg *args,
	size_t n, int64_t timeout_ms, char *why, size_t size)
{
	switch (fp_redislink_ask(
		call->link, args, n, timeout_ms, &call->said)) {
	case FP_REDIS_OK:
		return FP_REDISCALL_WELL;
	case FP_REDIS_ERROR:
		return judge_error(call, why, size);
	case FP_REDIS_BROKEN:
		rediscall_quote(call, why, size);
		return FP_REDISCALL_LATER;
	case FP_REDIS_STRANGE:
		break;
	}
	rediscall_quote(call, why, size);
	return FP_REDISCALL_NEVER;
}

/* ---- greeting a server ---- */

static enum fp_rediscall_end
rediscall_log_in(struct fp_rediscall *call, char *why, size_t size)
{
	const struct fp_rateplace *place = &call->place;
	struct fp_redisarg args[3] = {rediscall_arg("AUTH")};
	size_t n = 1;

	if (!place->password)
		return FP_REDISCALL_WELL;
	if (place->user)
		args[n++] = rediscall_arg(place->user);
	args[n++] = rediscall_arg(place->password);
	return rediscall_exchange(call, args, n, ASK_MS, why, size);
}

static enum fp_rediscall_end
choose_db(struct fp_rediscall *call, char *why, size_t size)
{
	char db[16];

	if (call->place.db == 0)
		return FP_REDISCALL_WELL;
	snprintf(db, sizeof(db), "%u", call->place.db);
	struct fp_redisarg args[] = {
		rediscall_arg("SELECT"), rediscall_arg(db)};
	return rediscall_exchange(call, args, 2, ASK_MS, why, size);
}

/* Which run of the server it is. */
static enum fp_rediscall_end
ask_run(struct fp_rediscall *call, char *why, size_t size)
{
	struct fp_redisarg args[] = {
		rediscall_arg("INFO"), rediscall_arg("server")};
	enum fp_rediscall_end end =
		rediscall_exchange(call, args, 2, ASK_MS, why, size);

	if (end != FP_REDISCALL_WELL)
		return end;
	const char *at = strstr(fp_buf_text(&call->said), "\nrun_id:");
	at = at ? at + 8 : "-";
	snprintf(call->run, sizeof(call->run), "%.*s",
		(int)FP_MIN(strcspn(at, "\r\n"), 60), at);
	return FP_REDISCALL_WELL;
}

/* Has it keep a script. Where that is not allowed, it is sent each time. */
static enum fp_rediscall_end
load_script(struct fp_rediscall *call, struct fp_rediscall_script *script,
	char *why, size_t size)
{
	struct fp_redisarg args[] = {rediscall_arg("SCRIPT"),
		rediscall_arg("LOAD"), rediscall_arg(script->text)};
	enum fp_rediscall_end end =
		rediscall_exchange(call, args, 3, ASK_MS, why, size);

	script->sum[0] = '\0';
	if (end == FP_REDISCALL_WELL && call->said.len < sizeof(script->sum))
		snprintf(script->sum, sizeof(script->sum), "%s",
			fp_buf_text(&call->said));
	return fp_redislink_is_open(call->link) ? FP_REDISCALL_WELL : end;
}

static enum fp_rediscall_end
load_scripts(struct fp_rediscall *call, char *why, size_t size)
{
	enum fp_rediscall_end end = FP_REDISCALL_WELL;

	for (size_t i = 0; end == FP_REDISCALL_WELL && i < FP_REDISCALL_SCRIPTS;
		i++) {
		if (call->scripts[i].text)
			end = load_script(call, &call->scripts[i], why, size);
	}
	return end;
}

enum fp_rediscall_end
fp_rediscall_connect(
	struct fp_rediscall *call, int64_t timeout_ms, char *why, size_t size)
{
	static enum fp_rediscall_end (*const steps[])(struct fp_rediscall *,
		char *,
		size_t) = {rediscall_log_in, choose_db, ask_run, load_scripts};
	enum fp_rediscall_end end = FP_REDISCALL_WELL;

	if (fp_redislink_is_open(call->link))
		return FP_REDISCALL_WELL;
	if (fp_redislink_connect(call->link, timeout_ms, why, size))
		return FP_REDISCALL_LATER;
	for (size_t i = 0; end == FP_REDISCALL_WELL && i < FP_ARRAY_LEN(steps);
		i++)
		end = steps[i](call, why, size);
	if (end != FP_REDISCALL_WELL)
		fp_redislink_close(call->link);
	return end;
}

/* ---- scripts ---- */

enum fp_rediscall_end
fp_rediscall_run(struct fp_rediscall *call, unsigned script,
	struct fp_scriptargs *args, int64_t timeout_ms, char *why, size_t size)
{
	const struct fp_rediscall_script *it = &call->scripts[script];
	struct fp_redisarg *all = args->all;
	enum fp_rediscall_end end;

	if (it->sum[0]) {
		all[0] = rediscall_arg("EVALSHA");
		all[1] = rediscall_arg(it->sum);
		end = rediscall_exchange(
			call, all, args->n, timeout_ms, why, size);
		if (end != FP_REDISCALL_NEVER || !says(call, "NOSCRIPT"))
			return end;
	}
	all[0] = rediscall_arg("EVAL");
	all[1] = rediscall_arg(it->text);
	return rediscall_exchange(call, all, args->n, timeout_ms, why, size);
}

/* ---- open and close ---- */

int
fp_rediscall_open(struct fp_rediscall *call, const char *cafile)
{
	call->link = fp_redislink_new(&call->place, cafile);
	return call->link ? 0 : -1;
}

void
fp_rediscall_destroy(struct fp_rediscall *call)
{
	fp_redislink_free(call->link);
	fp_rateplace_destroy(&call->place);
	fp_buf_destroy(&call->said);
	call->link = NULL;
}

bool
fp_rediscall_is_open(const struct fp_rediscall *call)
{
	return fp_redislink_is_open(call->link);
}

void
fp_rediscall_close(struct fp_rediscall *call)
{
	fp_redislink_close(call->link);
}

void
fp_rediscall_stop(struct fp_rediscall *call)
{
	fp_redislink_stop(call->link);
}
