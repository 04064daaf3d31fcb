/* SPDX-License-Identifier: MIT */
/*
 * descriptors: as many as the system lets us have, and jobs for which they are
 * enough.
 *
 * Threads: the main thread, before any other.
 * Ownership: nothing is owned.
 * Failure: cannot fail; jobs that are lowered are told of.
 */
#ifndef FP_DESCRIPTORS_H
#define FP_DESCRIPTORS_H

#include "base.h"

#include "fetchpool.h"

/* Raises the soft limit to the hard one, and lowers the jobs if even that is
 * too few. */
void fp_descriptors_fit(struct fp_options *pool);

#endif
