/* SPDX-License-Identifier: MIT */
/*
 * wholefile: a file that is written as a whole, and replaced only when all of
 * it is there; what is no regular file is just written to.
 *
 * Threads: one at a time.
 * Ownership: the caller embeds it; fp_wholefile_close() frees what it holds.
 * Failure: -1 with errno.
 */
#ifndef FP_WHOLEFILE_H
#define FP_WHOLEFILE_H

#include "base.h"

struct fp_wholefile {
	char *path; /* of the file itself, where links have led; NULL: none */
	int fd; /* what is no regular file; -1: it is one, or will be */
};

/* Nothing, until it is opened. */
void fp_wholefile_none(struct fp_wholefile *file);

/* Finds out whether it could be written. Nothing is changed yet. */
int fp_wholefile_open(struct fp_wholefile *file, const char *path);

int fp_wholefile_write(struct fp_wholefile *file, const char *data, size_t len);

void fp_wholefile_close(struct fp_wholefile *file);

#endif
