/* SPDX-License-Identifier: MIT */
/*
 * pagestyle: how a report looks: light or dark as the reader has it, on paper,
 * and from 360 pixels on.
 *
 * Threads: any; it is constant.
 * Ownership: static.
 * Failure: cannot fail.
 */
#ifndef FP_PAGESTYLE_H
#define FP_PAGESTYLE_H

#include "base.h"

/* The head of a page, in pieces: no literal may be too long. NULL ends them. */
extern const char *const fp_pagestyle_head[];

#endif
