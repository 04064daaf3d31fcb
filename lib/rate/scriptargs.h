/* SPDX-License-Identifier: MIT */
/*
 * scriptargs: the arguments of a script that a Redis server runs, put together
 * one by one, and the words of its answer, taken off one by one.
 *
 *	fp_scriptargs_begin(&args)
 *	fp_scriptargs_add(&args, key), ..._add_number(&args, 5), ...
 *	fp_scriptargs_end(&args)	args.all and args.n are the command
 *
 * The first two are the caller's to set afterwards: EVALSHA and the sum, or
 * EVAL and the text.
 *
 * Threads: none.
 * Ownership: the caller embeds it, zeroed at first; fp_scriptargs_destroy()
 * frees its memory.
 * Failure: -1, no memory; false: there is no such word.
 */
#ifndef FP_SCRIPTARGS_H
#define FP_SCRIPTARGS_H

#include "base.h"

#include "buf.h"
#include "ratelease.h"
#include "redislink.h"

/* What the scripts begin with: Lua, for Redis. `now` is the server's time, and
 * `at` the next argument. take_rates() reads rates into `rates`, and `longest`
 * is the longest span of them; take_told() reads what a client told of its
 * starts in this set, and believes it if `hears`. lend() lends as many starts
 * of those wanted as are due no later than `ahead` from now, and none before
 * `full` or `next`: the times of these, how long to wait for another, and
 * `next` from now on. The script sets `lent`, how long they are; `spacing`,
 * between starts; and `poll`, how soon to ask again. */
#define FP_SCRIPTARGS_LUA                                                      \
	"if redis.replicate_commands then redis.replicate_commands() end\n"    \
	"local time = redis.call('TIME')\n"                                    \
	"local now = tonumber(time[1]) * 1000000 + tonumber(time[2])\n"        \
	"local lent, spacing, poll, at\n"                                      \
	"local rates, longest = {}, 0\n"                                       \
	"local function number(i) return tonumber(ARGV[i]) end\n"              \
	"local function text(x) return string.format('%.0f', x) end\n"         \
	"local function take()\n"                                              \
	"  at = at + 1\n"                                                      \
	"  return ARGV[at - 1]\n"                                              \
	"end\n"                                                                \
	"local function take_rates()\n"                                        \
	"  for i = 1, tonumber(take()) do\n"                                   \
	"    local n = tonumber(take())\n"                                     \
	"    rates[i] = {n, tonumber(take())}\n"                               \
	"    longest = math.max(longest, rates[i][2])\n"                       \
	"  end\n"                                                              \
	"end\n"                                                                \
	"local function take_told(set, client, hears)\n"                       \
	"  for i = 1, tonumber(take()) do\n"                                   \
	"    local name = client .. take()\n"                                  \
	"    local fired = math.min(tonumber(take()), now)\n"                  \
	"    if hears then redis.call('ZADD', set, text(fired), name) end\n"   \
	"  end\n"                                                              \
	"  for i = 1, tonumber(take()) do\n"                                   \
	"    local name = client .. take()\n"                                  \
	"    if hears then\n"                                                  \
	"      redis.call('ZADD', set, 'XX', text(now + lent), name) end\n"    \
	"  end\n"                                                              \
	"  for i = 1, tonumber(take()) do\n"                                   \
	"    local name = client .. take()\n"                                  \
	"    if hears then redis.call('ZREM', set, name) end\n"                \
	"  end\n"                                                              \
	"end\n"                                                                \
	"local function due_by_rates(set, due)\n"                              \
	"  local is_lent = false\n"                                            \
	"  for _, rate in ipairs(rates) do\n"                                  \
	"    local e = redis.call('ZREVRANGE', set, rate[1] - 1,\n"            \
	"      rate[1] - 1, 'WITHSCORES')\n"                                   \
	"    if e[2] then\n"                                                   \
	"      local score = tonumber(e[2])\n"                                 \
	"      due = math.max(due, score + rate[2])\n"                         \
	"      is_lent = is_lent or score > now\n"                             \
	"    end\n"                                                            \
	"  end\n"                                                              \
	"  return due, is_lent\n"                                              \
	"end\n"                                                                \
	"local function lend(set, client, want, first, ahead, full, next)\n"   \
	"  redis.call('ZREMRANGEBYSCORE', set, '-inf', text(now - longest))\n" \
	"  local until_, lends = now + ahead, {}\n"                            \
	"  for i = 1, want do\n"                                               \
	"    local due, is_lent = math.max(now, full), false\n"                \
	"    if spacing > 0 then due = math.max(due, next) end\n"              \
	"    due, is_lent = due_by_rates(set, due)\n"                          \
	"    if due > until_ then\n"                                           \
	"      local wait = math.max(due - until_, 1000)\n"                    \
	"      if is_lent then wait = math.min(wait, poll) end\n"              \
	"      return lends, wait, next\n"                                     \
	"    end\n"                                                            \
	"    if spacing > 0 then\n"                                            \
	"      local late = due - next\n"                                      \
	"      if late > 100000 then late = 0 end\n"                           \
	"      next = due - math.min(late, 5000) + spacing\n"                  \
	"    end\n"                                                            \
	"    lends[#lends + 1] = text(due)\n"                                  \
	"    redis.call('ZADD', set, text(due + lent),\n"                      \
	"      client .. text(first + i - 1))\n"                               \
	"  end\n"                                                              \
	"  return lends, 0, next\n"                                            \
	"end\n"

struct fp_scriptargs {
	struct fp_buf text; /* of all */
	size_t *ends; /* of each in it */
	size_t n, cap;
	struct fp_redisarg *all;
};

int fp_scriptargs_begin(struct fp_scriptargs *args);
int fp_scriptargs_add(struct fp_scriptargs *args, const char *text);
int fp_scriptargs_add_number(struct fp_scriptargs *args, int64_t number);

/* How many rates, and N and span in microseconds of each. */
int fp_scriptargs_add_rates(struct fp_scriptargs *args,
	const struct fp_rates *rates, const int64_t *spans_ns);

/* How many starts were fired, and name and time of each; how many are renewed,
 * and their names; how many go back, and their names. */
int fp_scriptargs_add_told(
	struct fp_scriptargs *args, const struct fp_ratelease_call *call);

void fp_scriptargs_end(struct fp_scriptargs *args);
void fp_scriptargs_destroy(struct fp_scriptargs *args);

/* One word more of an answer; a number is 0 or more. */
bool fp_scriptargs_word(const char **text, char *word, size_t size);
bool fp_scriptargs_number(const char **text, int64_t *number);

/* What someone else wrote, for a message. */
void fp_scriptargs_quote(const char *text, char *to, size_t size);

#endif
