/* SPDX-License-Identifier: MIT */
/*
 * identity: which run this is, as far as its options tell: those that change
 * what is fetched or how it is written. A journal keeps a hash of each, so
 * that a run that goes on with other options can be told which one differs.
 *
 * Threads: any; it holds nothing.
 * Ownership: the caller's state.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_IDENTITY_H
#define FP_IDENTITY_H

#include "base.h"

#include "journalstate.h"
#include "settings.h"

/* Adds these settings' options to a state that has its key. */
int fp_identity_add(
	struct fp_journal_state *state, const struct fp_settings *settings);

/* Whether the options of two states differ; `why` then says in what. */
bool fp_identity_differs(const struct fp_journal_state *then,
	const struct fp_journal_state *now, char *why, size_t why_size);

#endif
