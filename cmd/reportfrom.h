/* SPDX-License-Identifier: MIT */
/*
 * reportfrom: --report-from: a page of runs that are over, from what --stats
 * has written of them. Nothing is fetched.
 *
 * Threads: the main thread, and there is no other.
 * Ownership: nothing is owned.
 * Failure: said through msg.
 */
#ifndef FP_REPORTFROM_H
#define FP_REPORTFROM_H

#include "base.h"

#include "settings.h"

void fp_reportfrom_make(struct fp_settings *settings);

#endif
