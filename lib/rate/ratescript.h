/* SPDX-License-Identifier: MIT */
/*
 * ratescript: what a Redis server runs to count starts: a script in Lua that
 * makes a fp_ratelease_call into an answer. Two keys hold the count: a hash
 * that says what is counted, and a sorted set of all starts that count.
 *
 * Threads: any.
 * Ownership: the caller embeds what is made, and destroys it.
 * Failure: -1, no memory; or said at the function.
 */
#ifndef FP_RATESCRIPT_H
#define FP_RATESCRIPT_H

#include "base.h"

#include "ratelease.h"
#include "scriptargs.h"

/* How long a new count lends nothing, so that those who know of another one
 * before it can say so. */
#define FP_RATESCRIPT_NEW_NS (600 * FP_NS_PER_MS)

/* How soon to ask again when others hold what is missing, and how long a count
 * is kept, besides two of its longest periods. */
#define FP_RATESCRIPT_POLL_US 50000
#define FP_RATESCRIPT_KEEP_MS (3600 * 1000)

extern const char fp_ratescript_text[];

/* What is the same in all calls of a process. */
struct fp_ratescript {
	const char *key; /* borrowed */
	char other_key[300];
	char limits[FP_RATES_TEXT_SIZE + 16];
	struct fp_rates rates;
	int64_t spans_ns[FP_RATES_MAX];
	int64_t spacing_ns;
	uint64_t client; /* of all names of this process's starts */
	char run[64]; /* the server's run */
	char id[24]; /* the count that we know; "": none yet */
	char next_id[24]; /* if a new one is to begin */
	struct fp_scriptargs args;
};

enum fp_ratescript_said {
	FP_RATESCRIPT_OK,
	FP_RATESCRIPT_OTHER, /* other limits are counted there: `why` */
	FP_RATESCRIPT_TYPE, /* the key is of something else */
	FP_RATESCRIPT_ODD, /* not to be understood */
};

/* -1 with ERANGE: the key is too long, or a rate over FP_RATEBOOK_MAX. */
int fp_ratescript_init(struct fp_ratescript *script, const char *key,
	const struct fp_rates *rates, bool is_paced, uint64_t client);
void fp_ratescript_destroy(struct fp_ratescript *script);

/* Makes the command: script->args. `seed`: a new one each time. */
int fp_ratescript_make(struct fp_ratescript *script,
	const struct fp_ratelease_call *call, uint64_t seed);

/* Reads what was said. answer->from_us has room for FP_RATELEASE_ASK_MAX. */
enum fp_ratescript_said fp_ratescript_read(struct fp_ratescript *script,
	const char *text, struct fp_ratelease_answer *answer, int64_t *from_us,
	int64_t *full_us, char *why, size_t size);

/* The same, of an answer that does not begin with "ok": never FP_RATESCRIPT_OK.
 */
enum fp_ratescript_said fp_ratescript_read_no(
	const struct fp_ratescript *script, const char *text, char *why,
	size_t size);

#endif
