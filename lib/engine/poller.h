/* SPDX-License-Identifier: MIT */
/*
 * poller: tells a thread which of its sockets something has happened on, so
 * that a round costs as much as has happened and not as much as is open. Of a
 * socket that nothing is wanted of for a while it does not forget at once that
 * it is watched: a connection that is used again and again costs no calls.
 *
 * Threads: fp_poller_wake() by any; the rest by its own alone.
 * Ownership: the caller embeds it. Sockets are others'.
 * Failure: fp_poller_init() and fp_poller_want() -1 with errno.
 */
#ifndef FP_POLLER_H
#define FP_POLLER_H

#include "base.h"

#include <stdatomic.h>
#include <sys/epoll.h>

/* What is wanted of a socket, and what it is ready for. */
#define FP_POLLER_IN 1U
#define FP_POLLER_OUT 2U

struct fp_poller_event {
	int fd;
	unsigned ready; /* 0: it has ended, and nobody wanted anything of it */
	unsigned owner; /* of the socket, as it was said to be */
};

/* The most that one wait tells of. */
#define FP_POLLER_EVENTS 256

struct fp_poller {
	int epoll;
	int event; /* to be woken by */
	atomic_bool is_woken; /* and has not seen it yet */
	struct fp_poller_socket *sockets; /* a table, by descriptor */
	size_t n_places; /* in it, a power of two */
	size_t n_sockets;
	struct epoll_event events[FP_POLLER_EVENTS];
	int n_events;
	int next; /* of them */
};

/* With room for `n` sockets that are opened; others cost more calls. */
int fp_poller_init(struct fp_poller *poller, size_t n);
void fp_poller_destroy(struct fp_poller *poller);

/* A socket was opened, and is going to be closed: the poller hears of both. */
void fp_poller_opened(struct fp_poller *poller, int fd);
void fp_poller_closing(struct fp_poller *poller, int fd);

/* From now on this is wanted of it; 0: nothing. One that was not opened with
 * the poller knowing is said to want nothing before it is closed. */
int fp_poller_want(
	struct fp_poller *poller, int fd, unsigned wanted, unsigned owner);

/* Sleeps until a socket is ready, it is woken, or the time is over. Returns how
 * many there are for fp_poller_next(); 0 or less: none. */
int fp_poller_wait(struct fp_poller *poller, int timeout_ms);

/* The next socket that was ready then, and what for; false: no more. */
bool fp_poller_next(struct fp_poller *poller, struct fp_poller_event *event);

/* Ends a wait, the present one or else the next. */
void fp_poller_wake(struct fp_poller *poller);

#endif
