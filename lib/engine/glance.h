/* SPDX-License-Identifier: MIT */
/*
 * glance: saves system calls that look at the same socket twice. Between
 * fp_glance_begin() and fp_glance_end(), which stand around a call of libcurl,
 * libcurl's question whether there is anything to be read on a socket is
 * answered in a way that tells the gate as well, and once more, after the gate,
 * without a look at the socket.
 *
 * Threads: any; each has its own.
 * Ownership: none.
 * Failure: the system is asked.
 */
#ifndef FP_GLANCE_H
#define FP_GLANCE_H

#include "base.h"

void fp_glance_begin(void);
void fp_glance_end(void);

/* Whether this socket was the last that libcurl asked for, and had nothing to
 * be read, nor an end or an error. It says so once. */
bool fp_glance_is_clean(int fd);

/* A request is about to be sent on it, and nothing has come that could be its
 * answer: the next question for this socket need not ask the system. */
void fp_glance_sends(int fd);

/* It is about to be closed: another one may get its number. */
void fp_glance_closing(int fd);

#endif
