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

/* Judges them. settings->reserved gets the paths of all if there are files of
 * bodies: none of these may come to be one of them. settings->withheld gets
 * those that no item may send. */
bool fp_runfiles_check(struct fp_settings *settings);

/* One that is open by now, or has a name; NULL: it has none. */
struct fp_runfile {
	int fd; /* -1: it is not */
	const char *name;
};

/* Looks again when the input and the outputs are open, which can take as long
 * as a pipe waits for its reader, and nothing has been emptied yet: a name may
 * stand for another file than when it was judged. `opened` is in the order in
 * which a message names two of them; those that are opened later are looked at
 * under their names. */
bool fp_runfiles_look_again(const struct fp_settings *settings,
	const struct fp_runfile *opened, size_t n_opened);

#endif
