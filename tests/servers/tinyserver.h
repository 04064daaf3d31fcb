/* SPDX-License-Identifier: MIT */
/*
 * tinyserver: an HTTP/1.1 server on a thread of the test, on a loopback port
 * of its own, that answers by the path:
 *
 *	/ok/ANYTHING	200 and a small JSON document
 *	/no/ANYTHING	404
 *	/cut/ANYTHING	half a body, then it closes
 *	/end/ANYTHING	closes without an answer
 *	/late/MS/...	200 after so many milliseconds
 *	/never/...	no answer
 *
 * It counts what it has not answered yet, and the most that ever was.
 */
#ifndef FP_TINYSERVER_H
#define FP_TINYSERVER_H

#include "base.h"

#include "thread.h"

#include <stdatomic.h>

#define TINY_MAX 600

struct tiny_connection {
	int fd;
	size_t len;
	char request[2048];
	int64_t due_ns; /* when a late answer is due; 0: none is */
	bool is_waiting; /* for its answer */
};

struct tinyserver {
	struct fp_thread thread;
	int port;
	int listener;
	int stop[2];
	atomic_uint n_requests, n_open, n_open_max;
	size_t n;
	struct tiny_connection connections[TINY_MAX];
};

/* Ends the process if there can be none. */
struct tinyserver *tiny_start(void);
void tiny_stop(struct tinyserver *server);

/* Waits until nothing is left of what clients have given up. */
void tiny_settle(struct tinyserver *server);

#endif
