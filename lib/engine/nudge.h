/* SPDX-License-Identifier: MIT */
/*
 * nudge: has libcurl look at transfers that it should look at, but does not ask
 * to be called for. Of a libcurl without such faults it costs nothing.
 *
 * Threads: that of the loop alone.
 * Ownership: none.
 * Failure: none.
 */
#ifndef FP_NUDGE_H
#define FP_NUDGE_H

#include "base.h"

#include "lane.h"

/* After libcurl was called for this socket (or CURL_SOCKET_TIMEOUT), at
 * since_ns, and what it has ended is gone. */
void fp_nudge(struct fp_lane *lane, curl_socket_t fd, int64_t since_ns);

#endif
