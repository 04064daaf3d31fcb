/* SPDX-License-Identifier: MIT */
/*
 * runfiles: every file that a run reads or writes, in one list: those that
 * options name, those that are made beside them under derived names, and the
 * standard descriptors. It is judged as a whole before any of them is opened
 * for writing, so that none of them destroys or feeds another, by whatever
 * name it is reached.
 *
 * Threads: before there are any.
 * Ownership: the names that are kept from items belong to the settings.
 * Failure: false: wrong usage, or no memory; said through msg.
 */
#ifndef FP_RUNFILES_H
#define FP_RUNFILES_H

#include "base.h"

#include "settings.h"

/* Judges them. settings->reserved gets the names of those that stand, or will
 * stand, in --output-dir: no body may have one of these. settings->withheld
 * gets those that no item may send. */
bool fp_runfiles_check(struct fp_settings *settings);

#endif
