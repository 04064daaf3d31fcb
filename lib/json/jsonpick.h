/* SPDX-License-Identifier: MIT */
/*
 * jsonpick: which members of a JSON object are wanted, by their names: only
 * those in `pick` if there is such a list, and of them none in `omit`.
 *
 * Threads: none; nothing is written after the set-up.
 * Ownership: the lists are borrowed.
 * Failure: none.
 */
#ifndef FP_JSONPICK_H
#define FP_JSONPICK_H

#include "base.h"

struct fp_jsonpick {
	const char *const *pick;
	size_t n_pick; /* 0: every member */
	const char *const *omit;
	size_t n_omit;
	const char *refused; /* no member that stays may have it; or NULL */
};

static inline bool
fp_jsonpick_any(const struct fp_jsonpick *names)
{
	return names->n_pick + names->n_omit > 0 || names->refused;
}

/* Whether the member of this name stays. `key` is the name as the document
 * writes it, quotes included and already known to be a valid JSON string; it
 * is compared with its escapes undone. */
bool fp_jsonpick_wants(
	const struct fp_jsonpick *names, const char *key, size_t len);

/* Whether that name, which was found to stay, is the one that is refused. */
bool fp_jsonpick_refuses(
	const struct fp_jsonpick *names, const char *key, size_t len);

/* Whether a member stays whose name is in no list. */
bool fp_jsonpick_wants_others(const struct fp_jsonpick *names);

/* The most bytes, quotes included, that a document can use for a name that is
 * in a list. SIZE_MAX: it does not fit a size_t. */
size_t fp_jsonpick_longest(const struct fp_jsonpick *names);

#endif
