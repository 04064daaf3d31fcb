/* SPDX-License-Identifier: MIT */
/*
 * hostscript: what a Redis server runs to count the starts of each host by
 * itself, many hosts in one call: the like of ratescript.h, whose struct has
 * what is the same in all calls.
 *
 *	fp_hostscript_begin(&script, names, n, has_jumped, seed)
 *	for each, in the same order:
 *		fp_hostscript_add(&script, number, epoch, &call)
 *	fp_hostscript_end(&script)
 *	...the server runs it...
 *	fp_hostscript_read(&script, text, &head, ...)
 *	for each again:
 *		fp_hostscript_read_host(&head, &answer, ...)
 *
 * Threads: none.
 * Ownership: the caller embeds the script.
 * Failure: -1, no memory; or said at the function.
 */
#ifndef FP_HOSTSCRIPT_H
#define FP_HOSTSCRIPT_H

#include "base.h"

#include "ratescript.h"

extern const char fp_hostscript_text[];

#define FP_HOSTSCRIPT_EPOCH 24

/* `names` are origins. `seed`: a new one each time. */
int fp_hostscript_begin(struct fp_ratescript *script, const char *const *names,
	size_t n, bool has_jumped, uint64_t seed);

/* `number` tells apart all that this process lets lend starts; `epoch` is that
 * of the host's count, as far as it is known, or "". */
int fp_hostscript_add(struct fp_ratescript *script, uint64_t number,
	const char *epoch, const struct fp_ratelease_call *call);

void fp_hostscript_end(struct fp_ratescript *script);

struct fp_hostscript_head {
	int64_t now_us; /* the server's clock */
	bool is_lost; /* nothing that was lent counts, whichever host's */
	int64_t full_us; /* nothing is lent for so long */
	const char *rest; /* borrowed: of the hosts */
};

struct fp_hostscript_answer {
	struct fp_ratelease_answer lease; /* is_lost: or only of this host */
	int64_t full_us; /* of this host alone */
	char epoch[FP_HOSTSCRIPT_EPOCH]; /* of its count; "": it has none */
};

enum fp_ratescript_said fp_hostscript_read(struct fp_ratescript *script,
	const char *text, struct fp_hostscript_head *head, char *why,
	size_t size);

/* false: not to be understood. `from_us` has room for FP_RATELEASE_ASK_MAX. */
bool fp_hostscript_read_host(struct fp_hostscript_head *head,
	struct fp_hostscript_answer *answer, int64_t *from_us);

#endif
