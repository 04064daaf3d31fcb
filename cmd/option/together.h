/* SPDX-License-Identifier: MIT */
/*
 * together: which options need others, and which exclude each other. A message
 * names the two that were given, and no others.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: false, and said through msg.
 */
#ifndef FP_TOGETHER_H
#define FP_TOGETHER_H

#include "base.h"

#include "settings.h"

/* Of settings that are complete. */
bool fp_together_check(const struct fp_settings *settings);

#endif
