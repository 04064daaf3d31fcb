/* SPDX-License-Identifier: MIT */
/*
 * A start is a member of the sorted set, and its score is when it was; one that
 * is lent and not heard of has the end of that as its score, as if it was
 * started then. So nobody has to look for processes that are gone: what they
 * had is over a period after that by itself. That is the whole of the sliding
 * window: another start may be lent for the moment at which the N-th last one
 * is a period old.
 *
 * WHEN THE COUNT IS LOST, all that is known is that it may have been full. The
 * hash has a random number, which each process has in mind: a process that
 * finds another one, or none, knows of starts that the count does not. The
 * number of the server's run tells a restart, or another server in its place,
 * whose count may be older. The number of members tells whether one of the
 * keys was thrown away. In all these cases nothing is lent until all that was
 * lent before has ended, and for one period more. A count that begins lends
 * nothing for a moment, as who knows better looks more often than that. If the
 * server's clock is set back, times to come would be in the set for long: that
 * is a loss, too; and that it was set forward, its clients find out.
 *
 * The first write is one that a server without memory refuses; after it, all
 * are taken.
 *
 * Times are microseconds, which a double holds exactly for another 200 years.
 */
#include "base.h"

#include "ratescript.h"

#include "ratebook.h"
#include "ratelimit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FORMAT "1"

/* ARGV: 1 the version, 2 the limits, 3 the server's run, 4 the count that is
 * known, 5 a number for a new one, 6 the client, 7 how many are wanted, 8 the
 * name of the first, 9 how far ahead, 10 whether the clock has jumped, 11 how
 * long they are lent, 12 how long a new count rests, 13 between starts, 14 how
 * soon to ask again, 15 how many rates, and N and span of each; how many were
 * fired, and name and time of each; how many are renewed, and their names; how
 * many go back, and their names; how long the keys are kept. */
const char fp_ratescript_text[] = FP_SCRIPTARGS_LUA
	"local hash, set = KEYS[1], KEYS[2]\n"
	"local hash_is = redis.call('TYPE', hash).ok\n"
	"local set_is = redis.call('TYPE', set).ok\n"
	"if hash_is ~= 'none' and hash_is ~= 'hash' then\n"
	"  return 'type ' .. hash_is end\n"
	"if set_is ~= 'none' and set_is ~= 'zset' then\n"
	"  return 'type ' .. set_is end\n"
	"local is = redis.call('HMGET', hash, 'version', 'limits', 'run',\n"
	"  'id', 'full', 'latest', 'next', 'starts')\n"
	"if hash_is == 'hash' and not (is[1] and is[2] and is[4]) then\n"
	"  return 'type other' end\n"
	"if is[1] and is[1] ~= ARGV[1] then return 'version ' .. is[1] end\n"
	"if is[2] and is[2] ~= ARGV[2] then return 'limits ' .. is[2] end\n"
	"redis.call('HSET', hash, 'version', ARGV[1])\n"
	"local id, known = is[4], ARGV[4]\n"
	"local full = tonumber(is[5] or 0)\n"
	"local latest = tonumber(is[6] or 0)\n"
	"local next = tonumber(is[7] or 0)\n"
	"lent, spacing, poll, at = number(11), number(13), number(14), 15\n"
	"take_rates()\n"
	"local lost = 0\n"
	"local begun = not id\n"
	"if id and (is[3] ~= ARGV[3] or now < latest - 100000 or\n"
	"    ARGV[10] == '1' or\n"
	"    redis.call('ZCARD', set) ~= tonumber(is[8] or 0)) then\n"
	"  lost, begun = 1, true\n"
	"elseif known ~= '' and known ~= id then\n"
	"  lost = 1\n"
	"end\n"
	"if begun then\n"
	"  redis.call('DEL', hash, set)\n"
	"  id, full, next, latest = ARGV[5], 0, 0, 0\n"
	"end\n"
	"if now < latest then now = latest end\n"
	"if lost == 1 then\n"
	"  full = math.max(full, now + lent + longest)\n"
	"elseif begun then\n"
	"  full = now + math.min(longest, number(12))\n"
	"end\n"
	"local client = ARGV[6] .. ':'\n"
	"take_told(set, client, lost == 0)\n"
	"local lends, wait\n"
	"lends, wait, next = lend(set, client, number(7), number(8),\n"
	"  number(9), full, next)\n"
	"redis.call('HSET', hash, 'version', ARGV[1], 'limits', ARGV[2],\n"
	"  'run', ARGV[3], 'id', id, 'full', text(full), 'latest', text(now),\n"
	"  'next', text(next), 'starts', redis.call('ZCARD', set))\n"
	"local keep = text(2 * longest / 1000 + number(at))\n"
	"redis.call('PEXPIRE', hash, keep)\n"
	"redis.call('PEXPIRE', set, keep)\n"
	"return table.concat({'ok', text(now), id, lost, text(wait),\n"
	"  text(math.max(full - now, 0)), #lends, table.concat(lends, ' ')},\n"
	"  ' ')\n";

/* ---- making the command ---- */

int
fp_ratescript_init(struct fp_ratescript *script, const char *key,
	const struct fp_rates *rates, bool is_paced, uint64_t client)
{
	struct fp_ratelimit limit;

	memset(script, 0, sizeof(*script));
	script->key = key;
	script->rates = *rates;
	script->client = client;
	fp_rates_sort(&script->rates);
	/* Both are to be in one slot of a cluster. */
	int len = snprintf(script->other_key, sizeof(script->other_key),
		strchr(key, '{') ? "%s:starts" : "{%s}:starts", key);
	errno = ERANGE;
	if (len >= (int)sizeof(script->other_key))
		return -1;
	for (size_t i = 0; i < rates->n; i++) {
		if (rates->all[i].n > FP_RATEBOOK_MAX)
			return -1;
	}
	fp_rates_print(&script->rates, script->limits, sizeof(script->limits));
	if (fp_ratelimit_init(&limit, &script->rates, is_paced))
		return -1;
	memcpy(script->spans_ns, limit.spans_ns, sizeof(script->spans_ns));
	script->spacing_ns = limit.spacing_ns;
	fp_ratelimit_destroy(&limit);
	return 0;
}

void
fp_ratescript_destroy(struct fp_ratescript *script)
{
	fp_scriptargs_destroy(&script->args);
	memset(script, 0, sizeof(*script));
}

static int
script_add_all(
	struct fp_ratescript *script, const struct fp_ratelease_call *call)
{
	struct fp_scriptargs *args = &script->args;
	int64_t spacing_us =
		script->spacing_ns / 1000 + (script->spacing_ns > 0);
	char client[24];

	snprintf(client, sizeof(client), "%016" PRIx64, script->client);
	return fp_scriptargs_add(args, "2") ||
	       fp_scriptargs_add(args, script->key) ||
	       fp_scriptargs_add(args, script->other_key) ||
	       fp_scriptargs_add(args, FORMAT) ||
	       fp_scriptargs_add(args, script->limits) ||
	       fp_scriptargs_add(args, script->run) ||
	       fp_scriptargs_add(args, script->id) ||
	       fp_scriptargs_add(args, script->next_id) ||
	       fp_scriptargs_add(args, client) ||
	       fp_scriptargs_add_number(args, call->n_want) ||
	       fp_scriptargs_add_number(args, (int64_t)call->first_seq) ||
	       fp_scriptargs_add_number(args, call->ahead_us) ||
	       fp_scriptargs_add_number(args, call->has_jumped) ||
	       fp_scriptargs_add_number(args, FP_RATELEASE_NS / 1000) ||
	       fp_scriptargs_add_number(args, FP_RATESCRIPT_NEW_NS / 1000) ||
	       fp_scriptargs_add_number(args, spacing_us) ||
	       fp_scriptargs_add_number(args, FP_RATESCRIPT_POLL_US) ||
	       fp_scriptargs_add_rates(
		       args, &script->rates, script->spans_ns) ||
	       fp_scriptargs_add_told(args, call) ||
	       fp_scriptargs_add_number(args, FP_RATESCRIPT_KEEP_MS);
}

int
fp_ratescript_make(struct fp_ratescript *script,
	const struct fp_ratelease_call *call, uint64_t seed)
{
	snprintf(script->next_id, sizeof(script->next_id), "%016" PRIx64, seed);
	if (fp_scriptargs_begin(&script->args) || script_add_all(script, call))
		return -1;
	fp_scriptargs_end(&script->args);
	return 0;
}

/* ---- reading what was said ---- */

enum fp_ratescript_said
fp_ratescript_read_no(const struct fp_ratescript *script, const char *text,
	char *why, size_t size)
{
	char what[80];

	fp_scriptargs_quote(text, what, sizeof(what));
	if (strncmp(what, "limits ", 7) == 0) {
		snprintf(why, size,
			"the key %.60s is for other rates: %.70s, not %.70s",
			script->key, what + 7, script->limits);
		return FP_RATESCRIPT_OTHER;
	}
	if (strncmp(what, "version ", 8) == 0) {
		snprintf(why, size,
			"the key %.60s is of another release of fetchpool",
			script->key);
		return FP_RATESCRIPT_OTHER;
	}
	if (strncmp(what, "type ", 5) == 0) {
		snprintf(why, size,
			"the key %.60s holds something else, no count of "
			"starts",
			script->key);
		return FP_RATESCRIPT_TYPE;
	}
	snprintf(why, size, "unexpected reply: %.60s", what);
	return FP_RATESCRIPT_ODD;
}

enum fp_ratescript_said
fp_ratescript_read(struct fp_ratescript *script, const char *text,
	struct fp_ratelease_answer *answer, int64_t *from_us, int64_t *full_us,
	char *why, size_t size)
{
	const char *at = text;
	char word[24], id[24];
	int64_t lost, n;

	if (strncmp(text, "ok ", 3) != 0)
		return fp_ratescript_read_no(script, text, why, size);
	fp_scriptargs_word(&at, word, sizeof(word));
	if (!fp_scriptargs_number(&at, &answer->now_us) ||
		!fp_scriptargs_word(&at, id, sizeof(id)) ||
		!fp_scriptargs_number(&at, &lost) ||
		!fp_scriptargs_number(&at, &answer->wait_us) ||
		!fp_scriptargs_number(&at, full_us) ||
		!fp_scriptargs_number(&at, &n) || n > FP_RATELEASE_ASK_MAX)
		return fp_ratescript_read_no(script, text, why, size);
	for (int64_t i = 0; i < n; i++) {
		if (!fp_scriptargs_number(&at, &from_us[i]))
			return fp_ratescript_read_no(script, text, why, size);
	}
	answer->is_lost = lost != 0;
	answer->n = (unsigned)n;
	answer->from_us = from_us;
	memcpy(script->id, id, sizeof(id));
	return FP_RATESCRIPT_OK;
}
