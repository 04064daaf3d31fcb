/* SPDX-License-Identifier: MIT */
/*
 * lookup: why a name could not be looked up. libcurl tells that it could not,
 * but not whether there is no such name or the resolver had no answer for now.
 *
 * Threads: any.
 * Ownership: one small table for the process, which forgets.
 * Failure: nothing is known.
 */
#ifndef FP_LOOKUP_H
#define FP_LOOKUP_H

#include "base.h"

/* Whether the last look-up of the name in libcurl's words ("Could not resolve
 * host: NAME") failed for a reason that may pass (EAI_AGAIN, EAI_SYSTEM). False
 * as well where that cannot be known: in a program that uses the library, and
 * where libcurl does not ask getaddrinfo(). */
bool fp_lookup_may_pass(const char *message);

#endif
