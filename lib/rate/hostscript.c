/* SPDX-License-Identifier: MIT */
/*
 * A host's starts are a sorted set, as in ratescript.c. What else is known of
 * it is in the index, a hash of all hosts that have starts that still count:
 * how many they are, and when the last of them counts no more. Then it goes,
 * and its set expires by itself: so what is kept is that of one period, however
 * many hosts there were before.
 *
 * WHEN THE COUNT IS LOST. The index tells whether a host's set was thrown away,
 * and the first key, which says how many hosts the index has, whether that was:
 * so a host that is new need not wait until somebody remembers it, as a count
 * that begins has to. For the whole there is a number that all processes have
 * in mind, as in ratescript.c; and for each host its epoch, another one after
 * each loss, so that those who were lent starts of it before find out.
 */
#include "base.h"

#include "hostscript.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FORMAT "1"

/* KEYS: of the whole, the index, when hosts go, and the set of each.
 * ARGV: 1 the version, 2 the limits, 3 the server's run, 4 the count that is
 * known, 5 a number for a new one, 6 the client, 7 whether the clock has
 * jumped, 8 how long starts are lent, 9 how long a new count rests, 10 between
 * starts, 11 how soon to ask again, 12 how long the keys are kept, 13 where in
 * the key of a set its host begins, 14 how many rates, and N and span of each;
 * then for each host: its number, its epoch as it is known, how many are
 * wanted, the name of the first, how far ahead; how many were fired, and name
 * and time of each; how many are renewed, and their names; how many go back,
 * and their names. */
const char fp_hostscript_text[] = FP_SCRIPTARGS_LUA
	"local whole, index, ends = KEYS[1], KEYS[2], KEYS[3]\n"
	"for i, key in ipairs(KEYS) do\n"
	"  local is = redis.call('TYPE', key).ok\n"
	"  if is ~= 'none' and is ~= (i > 2 and 'zset' or 'hash') then\n"
	"    return 'type ' .. is end\n"
	"end\n"
	"local is = redis.call('HMGET', whole, 'version', 'limits', 'run',\n"
	"  'id', 'full', 'latest', 'hosts')\n"
	"if redis.call('EXISTS', whole) == 1 and\n"
	"    not (is[1] and is[2] and is[4]) then return 'type other' end\n"
	"if is[1] and is[1] ~= ARGV[1] then return 'version ' .. is[1] end\n"
	"if is[2] and is[2] ~= ARGV[2] then return 'limits ' .. is[2] end\n"
	"redis.call('HSET', whole, 'version', ARGV[1])\n"
	"local id, known = is[4], ARGV[4]\n"
	"local full = tonumber(is[5] or 0)\n"
	"local latest = tonumber(is[6] or 0)\n"
	"local n_hosts = tonumber(is[7] or 0)\n"
	"lent, spacing, poll, at = number(8), number(10), number(11), 14\n"
	"take_rates()\n"
	"local lost, begun = 0, not id\n"
	"if redis.call('HLEN', index) ~= n_hosts or\n"
	"    redis.call('ZCARD', ends) ~= n_hosts or\n"
	"    id and (is[3] ~= ARGV[3] or now < latest - 100000 or\n"
	"    ARGV[7] == '1') then\n"
	"  lost, begun = 1, true\n"
	"elseif known ~= '' and known ~= id then\n"
	"  lost = 1\n"
	"end\n"
	"if begun then\n"
	"  redis.call('UNLINK', whole, index, ends)\n"
	"  id, full, latest = ARGV[5], 0, 0\n"
	"end\n"
	"if now < latest then now = latest end\n"
	"if lost == 1 then\n"
	"  full = math.max(full, now + lent + longest)\n"
	"elseif begun then\n"
	"  full = now + math.min(longest, number(9))\n"
	"end\n"
	"local old = redis.call('ZRANGEBYSCORE', ends, '-inf', text(now),\n"
	"  'LIMIT', 0, 16 + 2 * #KEYS)\n"
	"if #old > 0 then\n"
	"  redis.call('ZREM', ends, unpack(old))\n"
	"  redis.call('HDEL', index, unpack(old))\n"
	"end\n"
	"local said = {}\n"
	"local function say(x) said[#said + 1] = x end\n"
	"for i = 4, #KEYS do\n"
	"  local set, host = KEYS[i], string.sub(KEYS[i], number(13))\n"
	"  local client = ARGV[6] .. '.' .. ARGV[at] .. ':'\n"
	"  local known, want, first, ahead = ARGV[at + 1], number(at + 2),\n"
	"    number(at + 3), number(at + 4)\n"
	"  at = at + 5\n"
	"  local epoch, count, rest, next, goes = string.match(\n"
	"    redis.call('HGET', index, host) or '',\n"
	"    '^(%S+) (%d+) (%d+) (%d+) (%d+)$')\n"
	"  local is_lost = false\n"
	"  if epoch and tonumber(goes) <= now then epoch = nil end\n"
	"  if not epoch then\n"
	"    is_lost = known ~= ''\n"
	"    redis.call('UNLINK', set)\n"
	"    epoch, rest, next = ARGV[5], 0, 0\n"
	"  elseif redis.call('ZCARD', set) ~= tonumber(count) then\n"
	"    is_lost = true\n"
	"    redis.call('UNLINK', set)\n"
	"    epoch, rest, next = ARGV[5], now + lent + longest, 0\n"
	"  else\n"
	"    is_lost = known ~= '' and known ~= epoch\n"
	"    rest, next = tonumber(rest), tonumber(next)\n"
	"  end\n"
	"  local hears = lost == 0 and not is_lost\n"
	"  take_told(set, client, hears)\n"
	"  local lends, wait\n"
	"  lends, wait, next = lend(set, client, want, first, ahead,\n"
	"    math.max(full, rest), next)\n"
	"  goes = math.max(rest, next)\n"
	"  local last = redis.call('ZREVRANGE', set, 0, 0, 'WITHSCORES')[2]\n"
	"  if last then goes = math.max(goes, tonumber(last) + longest) end\n"
	"  if goes > now then\n"
	"    redis.call('HSET', index, host, table.concat({epoch,\n"
	"      redis.call('ZCARD', set), text(rest), text(next), text(goes)},\n"
	"      ' '))\n"
	"    redis.call('ZADD', ends, text(goes), host)\n"
	"    redis.call('PEXPIRE', set, text((goes - now) / 1000 + 1000))\n"
	"  else\n"
	"    redis.call('HDEL', index, host)\n"
	"    redis.call('ZREM', ends, host)\n"
	"    epoch = '-'\n"
	"  end\n"
	"  say(epoch)\n"
	"  say((lost == 1 or is_lost) and 1 or 0)\n"
	"  say(text(wait))\n"
	"  say(text(math.max(rest - now, 0)))\n"
	"  say(#lends)\n"
	"  for _, from in ipairs(lends) do say(from) end\n"
	"end\n"
	"redis.call('HSET', whole, 'version', ARGV[1], 'limits', ARGV[2],\n"
	"  'run', ARGV[3], 'id', id, 'full', text(full), 'latest', text(now),\n"
	"  'hosts', redis.call('HLEN', index))\n"
	"local keep = text(2 * longest / 1000 + number(12))\n"
	"redis.call('PEXPIRE', whole, keep)\n"
	"redis.call('PEXPIRE', index, keep)\n"
	"redis.call('PEXPIRE', ends, keep)\n"
	"return table.concat({'ok', text(now), id, lost,\n"
	"  text(math.max(full - now, 0)), table.concat(said, ' ')}, ' ')\n";

/* ---- making the command ---- */

/* Of the script's key, "{NAME}:hosts", the others are made. */
static int
add_keys(struct fp_ratescript *script, const char *const *names, size_t n)
{
	static const char *const parts[] = {"", ":index", ":ends"};
	struct fp_scriptargs *args = &script->args;
	struct fp_buf key = FP_BUF_INIT;
	int ret = fp_scriptargs_add_number(args, (int64_t)n + 3);

	for (size_t i = 0; ret == 0 && i < n + FP_ARRAY_LEN(parts); i++) {
		bool is_host = i >= FP_ARRAY_LEN(parts);
		fp_buf_clear(&key, SIZE_MAX);
		ret = fp_buf_printf(&key, is_host ? "%s:%s" : "%s%s",
			      script->key,
			      is_host ? names[i - FP_ARRAY_LEN(parts)]
				      : parts[i]) ||
		      fp_scriptargs_add(args, fp_buf_text(&key));
	}
	fp_buf_destroy(&key);
	return ret;
}

int
fp_hostscript_begin(struct fp_ratescript *script, const char *const *names,
	size_t n, bool has_jumped, uint64_t seed)
{
	struct fp_scriptargs *args = &script->args;
	int64_t spacing_us =
		script->spacing_ns / 1000 + (script->spacing_ns > 0);
	char client[24];

	snprintf(script->next_id, sizeof(script->next_id), "%016" PRIx64, seed);
	snprintf(client, sizeof(client), "%016" PRIx64, script->client);
	return fp_scriptargs_begin(args) || add_keys(script, names, n) ||
	       fp_scriptargs_add(args, FORMAT) ||
	       fp_scriptargs_add(args, script->limits) ||
	       fp_scriptargs_add(args, script->run) ||
	       fp_scriptargs_add(args, script->id) ||
	       fp_scriptargs_add(args, script->next_id) ||
	       fp_scriptargs_add(args, client) ||
	       fp_scriptargs_add_number(args, has_jumped) ||
	       fp_scriptargs_add_number(args, FP_RATELEASE_NS / 1000) ||
	       fp_scriptargs_add_number(args, FP_RATESCRIPT_NEW_NS / 1000) ||
	       fp_scriptargs_add_number(args, spacing_us) ||
	       fp_scriptargs_add_number(args, FP_RATESCRIPT_POLL_US) ||
	       fp_scriptargs_add_number(args, FP_RATESCRIPT_KEEP_MS) ||
	       fp_scriptargs_add_number(
		       args, (int64_t)strlen(script->key) + 2) ||
	       fp_scriptargs_add_rates(args, &script->rates, script->spans_ns);
}

int
fp_hostscript_add(struct fp_ratescript *script, uint64_t number,
	const char *epoch, const struct fp_ratelease_call *call)
{
	struct fp_scriptargs *args = &script->args;

	return fp_scriptargs_add_number(args, (int64_t)number) ||
	       fp_scriptargs_add(args, epoch) ||
	       fp_scriptargs_add_number(args, call->n_want) ||
	       fp_scriptargs_add_number(args, (int64_t)call->first_seq) ||
	       fp_scriptargs_add_number(args, call->ahead_us) ||
	       fp_scriptargs_add_told(args, call);
}

void
fp_hostscript_end(struct fp_ratescript *script)
{
	fp_scriptargs_end(&script->args);
}

/* ---- reading what was said ---- */

enum fp_ratescript_said
fp_hostscript_read(struct fp_ratescript *script, const char *text,
	struct fp_hostscript_head *head, char *why, size_t size)
{
	const char *at = text;
	char word[24], id[24];
	int64_t lost;

	if (strncmp(text, "ok ", 3) != 0)
		return fp_ratescript_read_no(script, text, why, size);
	fp_scriptargs_word(&at, word, sizeof(word));
	if (!fp_scriptargs_number(&at, &head->now_us) ||
		!fp_scriptargs_word(&at, id, sizeof(id)) ||
		!fp_scriptargs_number(&at, &lost) ||
		!fp_scriptargs_number(&at, &head->full_us))
		return fp_ratescript_read_no(script, text, why, size);
	head->is_lost = lost != 0;
	head->rest = at;
	memcpy(script->id, id, sizeof(id));
	return FP_RATESCRIPT_OK;
}

bool
fp_hostscript_read_host(struct fp_hostscript_head *head,
	struct fp_hostscript_answer *answer, int64_t *from_us)
{
	const char **at = &head->rest;
	int64_t lost, n;

	if (!fp_scriptargs_word(at, answer->epoch, sizeof(answer->epoch)) ||
		!fp_scriptargs_number(at, &lost) ||
		!fp_scriptargs_number(at, &answer->lease.wait_us) ||
		!fp_scriptargs_number(at, &answer->full_us) ||
		!fp_scriptargs_number(at, &n) || n > FP_RATELEASE_ASK_MAX)
		return false;
	for (int64_t i = 0; i < n; i++) {
		if (!fp_scriptargs_number(at, &from_us[i]))
			return false;
	}
	if (strcmp(answer->epoch, "-") == 0)
		answer->epoch[0] = '\0';
	answer->lease.now_us = head->now_us;
	answer->lease.is_lost = lost != 0;
	answer->lease.n = (unsigned)n;
	answer->lease.from_us = from_us;
	return true;
}
